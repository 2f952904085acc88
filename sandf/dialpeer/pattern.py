"""A digit pattern, ready to be matched against numbers.

A pattern matches the front of a number; ``$`` demands the end.  Repetitions take as much as they can, as a
Python regular expression would, and :attr:`Pattern.regex` is that expression, for people and for
comparison.  It is not what matches: a backtracking matcher takes years over ``((1%)%)%2``, and patterns come
from files.  Here all ways through a pattern advance together, digit by digit (a Pike machine), so the time is
at most the length of the pattern times that of the number.

The E.164 marker: a pattern that begins with ``+`` matches only numbers that do.  A number that begins with
``+`` also matches patterns that do not, as if it had none, so that ``.`` matches every number.

What counts as explicit: a character that the pattern names itself, each time it matches.  ``.``, ``T`` and a
set ``[ ]`` count nothing, and end the run of explicit digits that digit_strip removes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from .syntax import DIGITS, Node, One, Repeat, Several, Syntax, read_pattern, shortest_number


@dataclass(frozen=True, slots=True, kw_only=True)
class DigitMatch:
    """How a pattern matched a number."""

    length: int
    """Characters at the front of the number that belong to the match, a ``+`` included."""
    explicit: int
    """Characters that the pattern named: the measure of the longest match."""
    leading: int
    """Characters at the front of the number that were all matched explicitly: what digit_strip removes."""


@dataclass(frozen=True, slots=True)
class _Split:
    """Go on at *first*, and at *second* if that leads nowhere."""

    first: int
    second: int


@dataclass(frozen=True, slots=True)
class _Jump:
    to: int


@dataclass(frozen=True, slots=True)
class _AtEnd:
    """Go on only behind the last digit."""


@dataclass(frozen=True, slots=True)
class _Accept:
    pass


_Step = One | _Split | _Jump | _AtEnd | _Accept


@dataclass(frozen=True, slots=True)
class _Tally:
    """The explicit characters of one way through the pattern, and how many of them lead."""

    explicit: int = 0
    leading: int = 0
    unbroken: bool = True

    def after(self, one: One) -> _Tally:
        if one.explicit:
            return _Tally(self.explicit + 1, self.leading + self.unbroken, self.unbroken)
        return _Tally(self.explicit, self.leading, False)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A parsed pattern; equal to another if the text is."""

    text: str
    regex: str = field(compare=False, repr=False)
    """The same as a Python regular expression, for ``re.match``."""
    _steps: tuple[_Step, ...] = field(compare=False, repr=False)
    _first: frozenset[str] | None = field(compare=False, repr=False)
    """What a number must begin with; None if the pattern can match nothing at all.  It spares most of the work."""

    @classmethod
    def parse(cls, text: str) -> Pattern:
        """The pattern that *text* spells; raises :class:`~sandf.dialpeer.syntax.PatternError`."""
        syntax = read_pattern(text)
        steps = _compile(syntax)
        return cls(text, _regex(syntax), steps, _first(steps))

    def match(self, number: str) -> DigitMatch | None:
        """How the pattern matches the front of *number*, or None."""
        found = self._match(number)
        if number.startswith("+") and (found is None or not found.length):
            digits = number.lstrip("+")
            bare = self._match(digits)
            return None if bare is None else _with_marker(bare, len(number) - len(digits))
        return found

    def _match(self, number: str) -> DigitMatch | None:
        if self._first is not None and number[:1] not in self._first:
            return None
        return _run(self._steps, number)

    def examples(self) -> frozenset[str]:
        """A few numbers that the pattern matches: the shortest ones, one for each digit as the filler."""
        syntax = read_pattern(self.text)
        return frozenset(shortest_number(syntax, filler) for filler in "0123456789")

    def __str__(self) -> str:
        return self.text


def _with_marker(bare: DigitMatch, marker: int) -> DigitMatch:
    """The match of a number without its ``+``, told for the number that has it."""
    leading = bare.leading + marker if bare.leading else 0
    return DigitMatch(length=bare.length + marker, explicit=bare.explicit, leading=leading)


def _compile(syntax: Syntax) -> tuple[_Step, ...]:
    steps: list[_Step] = []
    _emit(syntax.body, steps)
    if syntax.to_the_end:
        steps.append(_AtEnd())
    steps.append(_Accept())
    return tuple(steps)


def _emit(node: Node, steps: list[_Step]) -> None:
    match node:
        case One():
            steps.append(node)
        case Several(parts):
            for part in parts:
                _emit(part, steps)
        case Repeat(part, True, _):
            start = len(steps)
            _emit(part, steps)
            steps.append(_Split(start, len(steps) + 1))
        case Repeat(part, False, many):
            start = len(steps)
            steps.append(_Accept())
            _emit(part, steps)
            if many:
                steps.append(_Jump(start))
            steps[start] = _Split(start + 1, len(steps))


def _first(steps: tuple[_Step, ...]) -> frozenset[str] | None:
    chars: frozenset[str] = frozenset()
    for at in _reach(steps, 0, True, set()):
        step = steps[at]
        if not isinstance(step, One):
            return None
        chars |= step.allowed
    return chars


def _run(steps: tuple[_Step, ...], number: str) -> DigitMatch | None:
    """The match by the first way through *steps* in the order that a backtracker would try."""
    best: DigitMatch | None = None
    ways = [(step, _Tally()) for step in _reach(steps, 0, not number, set())]
    for position, char in enumerate([*number, ""]):
        onward: list[tuple[int, _Tally]] = []
        seen: set[int] = set()
        for at, tally in ways:
            step = steps[at]
            if not isinstance(step, One):
                best = DigitMatch(length=position, explicit=tally.explicit, leading=tally.leading)
                break
            if char in step.allowed:
                reached = _reach(steps, at + 1, position + 1 == len(number), seen)
                onward.extend((further, tally.after(step)) for further in reached)
        ways = onward
    return best


def _reach(steps: tuple[_Step, ...], start: int, at_end: bool, seen: set[int]) -> Iterator[int]:
    """The steps that take a digit or accept, reached from *start* without a digit, first choice first."""
    stack = [start]
    while stack:
        at = stack.pop()
        if at in seen:
            continue
        seen.add(at)
        match steps[at]:
            case _Split(first, second):
                stack += (second, first)
            case _Jump(to):
                stack.append(to)
            case _AtEnd():
                if at_end:
                    stack.append(at + 1)
            case _:
                yield at


def _regex(syntax: Syntax) -> str:
    return _regex_of(syntax.body) + (r"\Z" if syntax.to_the_end else "")


def _regex_of(node: Node) -> str:
    match node:
        case One(allowed, True):
            return re.escape(next(iter(allowed)))
        case One(allowed, _):
            return "[0-9A-D*#]" if len(allowed) == len(DIGITS) else f"[{''.join(sorted(allowed))}]"
        case Several(parts):
            return "".join(map(_regex_of, parts))
        case Repeat(part, at_least_once, many):
            return f"(?:{_regex_of(part)})" + (("+" if at_least_once else "*") if many else "?")
