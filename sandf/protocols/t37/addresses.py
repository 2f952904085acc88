"""Fax addresses: ``FAX=+1-312-555-3260/T33S=12/cover=no`` before the ``@``, and the domain behind it.

Reads the grammar of RFC 3191 2, RFC 3192 2 and RFC 2846 4, on the *unquoted* local part: service selector, global or
local number with written separators, subaddress, ISDN subaddress, post-dial, the recipient's qualifiers
(qualif-type2) and the classic ``cover``.  Keywords are case-insensitive; a slash may lead and trail, as X.400
gateways write it.  Qualifiers that nobody here knows are kept and otherwise ignored (RFC 3191 2.2).

It does not say whether a number may be dialled.  "Wait for dial tone" (``w``, RFC 2846 2.1) becomes a pause,
since ports know no other.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass

SERVICE = "FAX"
SUBADDRESS_LIMIT = 20
"""Digits of a subaddress that the SUB frame has room for (T.30 5.3.6.1.1)."""
NUMBER_LIMIT = 64
"""Digits and pauses of a number; E.164 has 15, the rest is for exit codes and the like."""

RECIPIENT_KEYWORDS = ("ATTN", "ORG", "OFNO", "OFNA", "STR", "ADDR", "ADDU", "ADDL", "POB", "ZIP", "CO")
"""qualif-type2 (RFC 2846 4.1): who the page is for; printed on a cover, never dialled."""

_WRITTEN_SEPARATORS = "-. "
_KEYWORD = re.compile(r"[A-Za-z0-9-]+")
_ADDRESSABLE = re.compile(r"[0-9A-D*#]")
_COVER = {"yes": True, "no": False}


class AddressError(ValueError):
    """The local part is no fax address; ``position`` counts its characters from 1, 0 where none is to blame."""

    def __init__(self, problem: str, position: int = 0) -> None:
        super().__init__(f"character {position}: {problem}" if position else problem)
        self.position = position


@dataclass(frozen=True, slots=True, kw_only=True)
class FaxAddress:
    """What a local part says."""

    number: str
    """``0-9 A-D * #`` and ``,`` for a pause of 1 s, with ``+`` in front where it is global (E.164)."""
    subaddress: str = ""
    """T33S (T.33): digits and ``#``, at most 20."""
    isdn_subaddress: str = ""
    """ISUB (RFC 2846 2.2)."""
    post_dial: str = ""
    """POSTD (RFC 2846 2.3), in the characters of a number."""
    cover: bool | None = None
    """``cover=yes`` or ``no``; None where nothing is said."""
    recipient: tuple[tuple[str, str], ...] = ()
    """qualif-type2 in the order given, keywords in upper case."""
    unknown: tuple[tuple[str, str], ...] = ()
    """Everything else, as given."""


@dataclass(frozen=True, slots=True)
class _Segment:
    """One ``keyword=value`` and where its value begins."""

    keyword: str
    value: str
    at: int


def parse_fax_address(local_part: str, *, plain_numbers: bool = False) -> FaxAddress:
    """Read an unquoted *local_part*; *plain_numbers* also takes ``5551234`` without ``FAX=``.

    Raises :class:`AddressError`, which says where and what is allowed.
    """
    segments = _segments(local_part, plain_numbers=plain_numbers)
    first = segments[0]
    found: dict[str, _Segment] = {}
    recipient: list[tuple[str, str]] = []
    unknown: list[tuple[str, str]] = []
    for segment in segments[1:]:
        keyword = segment.keyword.upper()
        if keyword in RECIPIENT_KEYWORDS:
            recipient.append((keyword, segment.value))
        elif keyword not in ("T33S", "ISUB", "POSTD", "COVER"):
            unknown.append((segment.keyword, segment.value))
        elif keyword in found:
            raise AddressError(f"{keyword} is given twice", segment.at)
        else:
            found[keyword] = segment
    return FaxAddress(
        number=_number(first),
        subaddress=_subaddress(found["T33S"]) if "T33S" in found else "",
        isdn_subaddress=_dialled(found["ISUB"], "an ISDN subaddress") if "ISUB" in found else "",
        post_dial=_dialled(found["POSTD"], "POSTD") if "POSTD" in found else "",
        cover=_cover(found["COVER"]) if "COVER" in found else None,
        recipient=tuple(recipient),
        unknown=tuple(unknown),
    )


def _segments(local_part: str, *, plain_numbers: bool) -> list[_Segment]:
    """Cut at the slashes; the first segment is the number, whose keyword must be FAX."""
    lead = 1 if local_part.startswith("/") else 0
    segments: list[_Segment] = []
    at = lead + 1
    for text in local_part[lead:].removesuffix("/").split("/"):
        keyword, equals, value = text.partition("=")
        if not segments:
            segments.append(_service(text, at, plain_numbers=plain_numbers))
        elif equals and _KEYWORD.fullmatch(keyword):
            segments.append(_Segment(keyword, value, at + len(keyword) + 1))
        elif len(segments) > 1:
            previous = segments[-1]
            segments[-1] = _Segment(previous.keyword, f"{previous.value}/{text}", previous.at)
        else:
            raise AddressError("after '/' a qualifier such as T33S=12 or cover=no is allowed", at)
        at += len(text) + 1
    return segments


def _service(text: str, at: int, *, plain_numbers: bool) -> _Segment:
    keyword, equals, number = text.partition("=")
    if equals and keyword.upper() == SERVICE:
        return _Segment(SERVICE, number, at + len(keyword) + 1)
    if equals and _KEYWORD.fullmatch(keyword):
        raise AddressError(f"{keyword}= is not served here, only {SERVICE}=", at)
    if plain_numbers and not equals:
        return _Segment(SERVICE, text, at)
    raise AddressError(f"a fax address begins with {SERVICE}= and a number, as in FAX=+13125553260", at)


def _number(segment: _Segment) -> str:
    is_global = segment.value.startswith("+")
    body = _Segment(segment.keyword, segment.value[1:], segment.at + 1) if is_global else segment
    digits = _dialled(body, "a number")
    if is_global and not digits.isdigit():
        raise AddressError("a number with '+' has digits only, and '-' or '.' between them", body.at)
    return f"+{digits}" if is_global else digits


def _dialled(segment: _Segment, what: str) -> str:
    """The phone-string of RFC 2846 2.1 without its separators."""
    digits: list[str] = []
    for at, char in enumerate(segment.value, segment.at):
        if _ADDRESSABLE.fullmatch(char.upper()):
            digits.append(char.upper())
        elif char in "pPwW,":
            digits.append(",")
        elif char not in _WRITTEN_SEPARATORS:
            raise AddressError(
                f"{char!r} cannot stand in {what}; digits, A to D, '*', '#', 'p' (pause), '-' and '.' can", at
            )
    if not any(digit != "," for digit in digits):
        raise AddressError(f"{what} needs digits", segment.at)
    if len(digits) > NUMBER_LIMIT:
        raise AddressError(f"{what} has at most {NUMBER_LIMIT} digits", segment.at)
    return "".join(digits)


def _subaddress(segment: _Segment) -> str:
    digits = "".join(char for char in segment.value if char not in _WRITTEN_SEPARATORS)
    if not re.fullmatch(r"[0-9#]+", digits) or len(digits) > SUBADDRESS_LIMIT:
        raise AddressError(f"T33S has 1 to {SUBADDRESS_LIMIT} digits (and '#')", segment.at)
    return digits


def _cover(segment: _Segment) -> bool:
    value = _COVER.get(segment.value.lower())
    if value is None:
        raise AddressError("cover is yes or no", segment.at)
    return value


def number_in_address(number: str) -> str:
    """*number*, as a line or a far machine gave it, cut down to what may stand in a mail address.

    Digits, ``*`` and ``#``, and a ``+`` in front; empty where nothing of it may.
    """
    digits = "".join(char for char in number if char in "0123456789*#")
    return f"+{digits}" if digits and number.strip().startswith("+") else digits


def is_alias(domain: str, aliases: Iterable[str]) -> bool:
    """Whether *domain* (a host name, or an address literal in brackets) is one of *aliases*.

    Case and a trailing dot do not matter; literals match by address, so ``[IPv6:::1]`` is ``[IPv6:0::1]``.  An
    address without brackets never matches a literal: it must be listed as it is written (RFC 5321 4.1.3).
    """
    wanted = _comparable(domain)
    return any(_comparable(alias) == wanted for alias in aliases)


def _comparable(domain: str) -> object:
    folded = domain.strip().lower()
    if not (folded.startswith("[") and folded.endswith("]")):
        return folded.removesuffix(".")
    try:
        return ipaddress.ip_address(folded[1:-1].removeprefix("ipv6:"))
    except ValueError:
        return folded
