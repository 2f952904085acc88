"""The session target of an MMoIP peer: who gets the mail for a call.

``mailto:`` and an address, in which ``$d$`` stands for the called number (DNIS), ``$m$`` for the redirecting
number (RDNIS) if there is one, else the called number, and ``$e$`` for the address that an application chose,
else the called number.  Whatever a telephone network sent, only characters that a number can have reach the
address.  It does not check that the domain exists.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .syntax import DIGITS

_SCHEME = "mailto:"
_WILDCARD = re.compile(r"(\+?)\$([^$]*)\$")
_KNOWN = ("d", "m", "e")
# RFC 5321 4.1.2: Dot-string and Domain or address-literal; a quoted local part is never needed here.
_LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOMAIN = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*")
_LITERAL = re.compile(r"\[[A-Za-z0-9.:-]+\]")


class TargetError(ValueError):
    """The text is no session target; the message says what one looks like."""


@dataclass(frozen=True, slots=True)
class SessionTarget:
    """A parsed session target; made by :meth:`parse`."""

    local_part: str
    """With its wildcards."""
    domain: str | None
    """None where the target names none."""

    @classmethod
    def parse(cls, text: str) -> SessionTarget:
        """The target that *text* spells, ``mailto:{name|$d$|$m$|$e$}[@domain]``; raises :class:`TargetError`."""
        if text[: len(_SCHEME)].lower() != _SCHEME:
            raise TargetError("a session target begins with 'mailto:', as in mailto:$d$@mail.example.com")
        local_part, at, domain = text[len(_SCHEME) :].rpartition("@")
        if not at:
            local_part, domain = domain, ""
        elif not (_DOMAIN.fullmatch(domain) or _LITERAL.fullmatch(domain)):
            raise TargetError(f"{domain!r} after '@' is neither a domain name nor an address literal in [ ]")
        _check_local_part(local_part)
        return cls(local_part, domain or None)

    def expand(self, *, called: str, redirecting: str | None = None, chosen: str | None = None, domain: str) -> str:
        """The mail address for a call to the number *called*.

        *redirecting* is the number that the call was first made to (``$m$``), *chosen* the number or address
        that an application set (``$e$``), and *domain* that of addresses which name none.  Raises
        :class:`TargetError` if no address comes of it, as when nothing of the number can stand in one.
        """
        if chosen and "@" in chosen and self.local_part == "$e$" and self.domain is None:
            return _checked(chosen)
        number = _number(called)
        values = {
            "d": number,
            "m": _number(redirecting) if redirecting else number,
            "e": chosen.partition("@")[0] if chosen else number,
        }
        local_part = _WILDCARD.sub(lambda found: _joined(found[1], values[found[2]]), self.local_part)
        return _checked(f"{local_part}@{self.domain or domain}")

    def __str__(self) -> str:
        return f"{_SCHEME}{self.local_part}" + (f"@{self.domain}" if self.domain else "")


def _joined(marker: str, value: str) -> str:
    """*value* behind *marker*, a ``+`` or nothing; a number that brings its own ``+`` gets no second."""
    return value if value.startswith("+") else marker + value


def _number(value: str) -> str:
    """The characters of *value* that a number can have."""
    marker = "+" if value.startswith("+") else ""
    return marker + "".join(char for char in value if char in DIGITS)


def _checked(address: str) -> str:
    local_part, _, domain = address.rpartition("@")
    if not _LOCAL_PART.fullmatch(local_part) or not (_DOMAIN.fullmatch(domain) or _LITERAL.fullmatch(domain)):
        raise TargetError(f"{address!r} is no mail address")
    return address


def _check_local_part(local_part: str) -> None:
    for _, name in _WILDCARD.findall(local_part):
        if name not in _KNOWN:
            raise TargetError(f"'${name}$' is unknown here; $d$, $m$ and $e$ are allowed")
    rest = _WILDCARD.sub("0", local_part)
    if "$" in rest or not _LOCAL_PART.fullmatch(rest):
        raise TargetError(f"{local_part!r} is neither a mailbox name nor made of $d$, $m$ and $e$")
