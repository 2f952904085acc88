"""The words of ``show``: what can be asked, and what each word means.  Words may be cut short, as far as they are
clear: ``show call act fax br``.  Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .refusal import Refusal

GRAMMAR = """\
show call active fax [brief]              live calls in the classic fields
show call history fax [brief] [last N]    ended faxes, the newest last (N: 1 to 100)
show fax ID                               a fax record and its pages
show faxes [open|closed|withheld|mailed|ended]
show dial-peer voice [TAG | summary]      dial peers and their state
show jobs [deferred|running|delivered|failed]
show job ID                               a job with its tries, pages and history
show calls                                live calls, a line each
show status                               the gateway"""

HISTORY_DEFAULT = 50
HISTORY_LIMIT = 100
_STATES = ("deferred", "running", "delivered", "failed")
_FAX_STATES = ("open", "closed", "withheld", "mailed", "ended")


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What is asked: *what* is one of ``active``, ``history``, ``fax``, ``faxes``, ``dial-peer``, ``jobs``, ``job``,
    ``calls`` and ``status``."""

    what: str
    name: str = ""
    """The id, tag or state; ``summary``."""
    brief: bool = False
    last: int = HISTORY_DEFAULT


def parse(words: str | Sequence[str]) -> Query:
    """Read what stands behind ``show`` (which may stand in front, too).  Raises :class:`Refusal`."""
    left = words.split() if isinstance(words, str) else [word for text in words for word in text.split()]
    if left and _is(left[0].lower(), "show", 2):
        left = left[1:]
    match [word.lower() for word in left]:
        case [first, second, *rest] if _is(first, "call", 3) and _is(second, "active"):
            return _active(rest)
        case [first, second, *rest] if _is(first, "call", 3) and _is(second, "history"):
            return _history(rest)
        case [first, second, *rest] if _is(first, "dial-peer") and _is(second, "voice") and len(rest) < 2:
            return _dial_peer(rest)
        case [("fax" | "job") as what, _]:
            return Query(what=what, name=left[1])
        case [("faxes" | "jobs" | "calls") as what]:
            return Query(what=what)
        case ["faxes", state]:
            return Query(what="faxes", name=fax_state(state))
        case ["jobs", state]:
            return Query(what="jobs", name=job_state(state))
        case [word] if _is(word, "status", 4):
            return Query(what="status")
    raise _unknown(" ".join(left))


def job_state(word: str) -> str:
    """The state that *word* begins.  Raises :class:`Refusal`."""
    return _state(word, _STATES, "a job")


def fax_state(word: str) -> str:
    """The state that *word* begins.  Raises :class:`Refusal`."""
    return _state(word, _FAX_STATES, "a fax")


def _state(word: str, states: Sequence[str], of_what: str) -> str:
    for state in states:
        if _is(word, state, 2):
            return state
    raise Refusal(f"{word!r} is no state of {of_what}; {', '.join(states)} are.")


def _is(word: str, full: str, least: int = 1) -> bool:
    return len(word) >= least and full.startswith(word)


def _active(rest: list[str]) -> Query:
    match rest:
        case [fax] if _is(fax, "fax"):
            return Query(what="active")
        case [fax, brief] if _is(fax, "fax") and _is(brief, "brief"):
            return Query(what="active", brief=True)
    raise _unknown(" ".join(["call", "active", *rest]))


def _history(rest: list[str]) -> Query:
    if not rest or not _is(rest[0], "fax"):
        raise _unknown(" ".join(["call", "history", *rest]))
    brief, last, words = False, HISTORY_DEFAULT, rest[1:]
    while words:
        match words:
            case [word, *more] if _is(word, "brief"):
                brief, words = True, more
            case [word, number, *more] if _is(word, "last"):
                last, words = _count(number), more
            case _:
                raise _unknown(" ".join(["call", "history", *rest]))
    return Query(what="history", brief=brief, last=last)


def _count(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) < 4 and 1 <= int(text) <= HISTORY_LIMIT:
        return int(text)
    raise Refusal(f"last takes a number from 1 to {HISTORY_LIMIT}, not {text!r}.")


def _dial_peer(rest: list[str]) -> Query:
    match rest:
        case []:
            return Query(what="dial-peer")
        case [word] if _is(word, "summary"):
            return Query(what="dial-peer", name="summary")
        case [tag] if tag.isascii() and tag.isdigit():
            return Query(what="dial-peer", name=tag)
    raise Refusal(f"{rest[0]!r} is no dial peer; give a tag, or summary.")


def _unknown(text: str) -> Refusal:
    said = f"There is nothing to show for {text!r}." if text else "Say what to show."
    return Refusal(f"{said} These can be asked:\n{GRAMMAR}")
