"""The grammar of digit patterns: what `destination_pattern` and its kin may say.

Reads the text of a pattern into a tree and says where and why a text is no pattern.  The characters:

=============  ==========================================================================
``0-9 A-D * #``  themselves
``.``            any one digit
``[ ]``          one digit of a set: ``[03579]``, ``[2-8]``, ``[^1-3]``, ``[2-4,8]``
``( )``          a group, to be repeated as a whole: ``555(43)+``
``%``            the preceding digit or group, zero or more times
``+``            the preceding digit or group, one or more times; in front of all: the E.164 marker
``?``            the preceding digit or group, zero times or once
``,``            a pause in dialling: nothing to match
``T``            at the end: any further digits
``^`` ``$``      in front of all: the start; behind all: the end of the number
``\\x``           the character x itself
=============  ==========================================================================

It does not match; see :mod:`.pattern`.  A `T` waits for no interdigit timeout, as numbers come here whole.
"""

from __future__ import annotations

from dataclasses import dataclass

DIGITS = "0123456789ABCD*#"
"""What a telephone can dial, and what ``.`` stands for."""

LONGEST_PATTERN = 128
"""Characters in a pattern; a number has 32 digits at most, so this is a bound against slips, not a limit."""

DEEPEST_GROUP = 8
"""Groups within groups."""

_ALLOWED = "0-9 A-D * # . [ ] ( ) % + ? T , ^ $ and \\x"
_REPEATS = {"%": (False, True), "+": (True, True), "?": (False, False)}


class PatternError(ValueError):
    """The text is no digit pattern.

    ``position`` counts the characters before the offending one; ``reason`` says what is wrong there and
    what is allowed.
    """

    def __init__(self, text: str, position: int, reason: str) -> None:
        super().__init__(f"at character {position + 1}: {reason}")
        self.text = text
        self.position = position
        self.reason = reason


@dataclass(frozen=True, slots=True)
class One:
    """One character out of *allowed*; *explicit* if the pattern names it and no other."""

    allowed: frozenset[str]
    explicit: bool


@dataclass(frozen=True, slots=True)
class Several:
    """The parts in turn."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """*part* over again, as often as it goes; *at_least_once* and *many* say ``?``, ``%`` or ``+``."""

    part: Node
    at_least_once: bool
    many: bool


Node = One | Several | Repeat

ANY_DIGIT = One(frozenset(DIGITS), False)


@dataclass(frozen=True, slots=True)
class Syntax:
    """A pattern as read: *body*, in which a trailing ``T`` is any digits, and whether ``$`` was there."""

    body: Several
    to_the_end: bool


def read_pattern(text: str) -> Syntax:
    """The tree of the pattern *text*; :class:`PatternError` if it is none."""
    if not text:
        raise PatternError(text, 0, f"the pattern is empty; it is made of {_ALLOWED}")
    if len(text) > LONGEST_PATTERN:
        raise PatternError(text, LONGEST_PATTERN, f"a pattern has {LONGEST_PATTERN} characters at most")
    return _Reader(text).pattern()


class _Reader:
    """A recursive descent over the characters of one pattern."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0

    def pattern(self) -> Syntax:
        self._take("^")
        head: tuple[Node, ...] = (_literal("+"),) if self._take("+") else ()
        body = self._sequence()
        behind = self._at
        variable = self._take("T")
        to_the_end = self._take("$")
        if self._at < len(self._text):
            raise self._misplaced(back=int(self._at > behind))
        if not head and not body and not variable:
            raise self._error("the pattern matches no digit", back=1)
        tail: tuple[Node, ...] = (Repeat(ANY_DIGIT, False, True),) if variable else ()
        return Syntax(Several(head + body + tail), to_the_end)

    def _sequence(self) -> tuple[Node, ...]:
        parts: list[Node] = []
        while (char := self._peek()) and char not in "T$)":
            self._at += 1
            if char != ",":
                parts.append(self._repeated(self._part(char)))
        return tuple(parts)

    def _part(self, char: str) -> Node:
        if char in DIGITS:
            return _literal(char)
        match char:
            case ".":
                return ANY_DIGIT
            case "[":
                return self._set()
            case "(":
                return self._group()
            case "\\":
                return self._escaped()
            case "%" | "+" | "?":
                raise self._error(f"{char!r} repeats a digit or a group, and none stands before it", back=1)
        raise self._misplaced(back=1)

    def _repeated(self, part: Node) -> Node:
        char = self._peek()
        if char not in _REPEATS or not char:
            return part
        self._at += 1
        following = self._peek()
        if following and following in _REPEATS:
            raise self._error(f"{following!r} after {char!r}: a digit or group is repeated by one sign only")
        return Repeat(part, *_REPEATS[char])

    def _group(self) -> Several:
        opened = self._at - 1
        self._depth += 1
        if self._depth > DEEPEST_GROUP:
            raise self._error(f"groups go {DEEPEST_GROUP} deep at most", back=1)
        parts = self._sequence()
        if not self._take(")"):
            if self._peek():
                raise self._misplaced()
            raise PatternError(self._text, opened, "this '(' is not closed by a ')'")
        if not parts:
            raise PatternError(self._text, opened, "the group is empty; put digits between '(' and ')'")
        self._depth -= 1
        return Several(parts)

    def _set(self) -> One:
        opened = self._at - 1
        excluding = self._take("^")
        named: set[str] = set()
        while not self._take("]"):
            if not self._peek():
                raise PatternError(self._text, opened, "this '[' is not closed by a ']'")
            if not self._take(","):
                named.update(self._range())
        if not named:
            raise PatternError(self._text, opened, "the set is empty; put digits between '[' and ']'")
        return One(frozenset(DIGITS) - named if excluding else frozenset(named), False)

    def _range(self) -> str:
        first = self._set_digit()
        if not self._take("-"):
            return first
        last = self._set_digit()
        if last < first:
            raise self._error(f"the range {first}-{last} runs backwards", back=1)
        return DIGITS[int(first) : int(last) + 1]

    def _set_digit(self) -> str:
        char = self._peek()
        if not char or char not in "0123456789":
            raise self._error(f"{char!r} in a set; it takes digits 0-9, ranges such as 2-8, and ^ in front")
        self._at += 1
        return char

    def _escaped(self) -> One:
        char = self._peek()
        if not char or not char.isprintable():
            raise self._error("'\\' is followed by the one character that it stands for", back=1)
        self._at += 1
        return _literal(char)

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _take(self, char: str) -> bool:
        found = self._peek() == char
        self._at += found
        return found

    def _misplaced(self, back: int = 0) -> PatternError:
        char = self._text[self._at - back]
        reason = {
            "T": "'T' stands at the end only, before a '$' if there is one",
            "$": "'$' stands at the very end only",
            "^": "'^' stands at the very start, or first in a set",
            ")": "this ')' closes no '('",
            "]": "this ']' closes no '['",
        }.get(char, f"{char!r} is no character of a pattern; allowed are {_ALLOWED}")
        return self._error(reason, back)

    def _error(self, reason: str, back: int = 0) -> PatternError:
        return PatternError(self._text, self._at - back, reason)


def shortest_number(syntax: Syntax, filler: str) -> str:
    """The shortest number that the pattern matches, with the digit *filler* wherever it leaves a choice."""
    return _shortest(syntax.body, filler)


def _shortest(node: Node, filler: str) -> str:
    match node:
        case One(allowed, _):
            return filler if filler in allowed else min(allowed)
        case Several(parts):
            return "".join(_shortest(part, filler) for part in parts)
        case Repeat(part, at_least_once, _):
            return _shortest(part, filler) if at_least_once else ""


def _literal(char: str) -> One:
    return One(frozenset(char), True)
