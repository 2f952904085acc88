"""Who calls whom: the called, calling and redirecting numbers of an INVITE, and the header fields that say who we are.

A user is taken for a number if digits, ``*``, ``#`` and A to D are left of it, with a ``+`` in front or not, once
visual separators (RFC 3966 5.1.1) and user parameters (``;npdi``, ``;rn=``, RFC 4694) are gone.  Any other user is
handed on as it is if it is made of letters, digits and ``._~-+*#`` only, and is empty else: dial peers match digits, so
that a name reaches only those that take everything.

The redirecting number is that of the top-most Diversion (RFC 5806: the latest).  Where there is none, it is the
History-Info entry that the latest change of target left behind (RFC 7044).  Both stand in one request only where no
element in between has converted one into the other (RFC 7544); Diversion then says it more plainly.

What this module does not do: decide whom to believe (*trust_identity* is a setting of the trunk), or make numbers of
one form into another (phone-context is ignored).
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from urllib.parse import unquote

from sipmessage import URI, Parameters, Request

from .fields import NamedAddress, named_address, parameters_of, quoted
from .message import split_values

_LONGEST = 64
"""Characters of a number or name as it is written; E.164 has 15 digits, private plans and access codes add to them."""
_SEPARATORS = re.compile(r"[-.() ]")
_NUMBER = re.compile(r"\+?(?=.*[0-9*#])[0-9A-D*#]+", re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z0-9._~+*#-]+")
_NOBODY = ("anonymous", "unavailable", "unknown", "restricted", "private")
"""Users that stand for a caller who is not told (RFC 3323 4.1.1.3, and what gateways write)."""
_PRIVATE = frozenset(("id", "user", "header", "full"))
"""Words of Privacy that hide the caller (RFC 3323 4.2, RFC 3325 9.3); full is of Remote-Party-ID."""

REDIRECTING_REASONS = {
    302: "unconditional",
    486: "user-busy",
    408: "no-answer",
    480: "deflection",
    487: "deflection",
    503: "unavailable",
    404: "unknown",
}
"""Causes of History-Info (RFC 4458) as reasons of Diversion (RFC 7544)."""


class CalledFrom(enum.Enum):
    """Which URI names the called number."""

    REQUEST_URI = "request-uri"
    TO = "to"


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """Numbers of a call; empty where they are not known."""

    called: str
    calling: str = ""
    calling_name: str = ""
    redirecting: str = ""
    redirecting_reason: str = ""
    """As Diversion spells it: ``user-busy``, ``no-answer``, ``unconditional`` and others."""
    private: bool = False
    """The caller asks not to be named to the called user."""


def numbers_of(request: Request, *, called_from: CalledFrom, trust_identity: bool = True) -> Numbers:
    """The numbers in *request*.  The caller is that of P-Asserted-Identity or Remote-Party-ID if *trust_identity*."""
    sender = named_address(request.headers.get("From") or "")
    asserted = _asserted(request) if trust_identity else None
    caller = asserted or sender
    name = caller.name or ("" if _is_nobody(sender) else sender.name)
    redirecting, reason = _redirecting(request)
    return Numbers(
        called=_called(request, called_from),
        calling=_number_in(caller.uri),
        calling_name="" if _is_nobody(caller) else name,
        redirecting=redirecting,
        redirecting_reason=reason,
        private=_is_private(request, sender, asserted),
    )


def number_of_user(user: str) -> str:
    """The number in the user part *user* of a URI, its escapes resolved."""
    user = user.partition(";")[0].strip()
    digits = _SEPARATORS.sub("", user)
    if len(user) > _LONGEST:
        return ""
    if _NUMBER.fullmatch(digits):
        return digits.upper()
    return user if _NAME.fullmatch(user) else ""


def sip_user(number: str) -> str:
    """The user part for *number*, without escapes: a :class:`sipmessage.URI` that is written makes ``%23`` of ``#``."""
    return "".join(char for char in number if _NAME.fullmatch(char))


def identity_headers(calling: str, domain: str, name: str = "") -> list[tuple[str, str]]:
    """P-Asserted-Identity for *calling* in *domain* (RFC 3325 9.1); nothing for no number."""
    user = sip_user(calling)
    if not user:
        return []
    phone = Parameters(user="phone") if _NUMBER.fullmatch(user) else Parameters()
    uri = URI(scheme="sip", user=user, host=domain, parameters=phone)
    return [("P-Asserted-Identity", f"{quoted(name)} <{uri}>" if name else f"<{uri}>")]


def _called(request: Request, called_from: CalledFrom) -> str:
    if called_from is CalledFrom.TO:
        return _number_in(named_address(request.headers.get("To") or "").uri)
    return number_of_user(request.uri.user or "")


def _addresses(request: Request, header: str) -> list[NamedAddress]:
    return [named_address(value) for field in request.headers.getlist(header) for value in split_values(field)]


def _asserted(request: Request) -> NamedAddress | None:
    """Whom the network says the caller is: a sip and a tel URI may stand side by side (RFC 3325 9.1)."""
    found = _addresses(request, "P-Asserted-Identity")
    if not found:
        parties = _addresses(request, "Remote-Party-ID")
        found = [one for one in parties if one.parameters.get("party", "calling").lower() == "calling"]
    numbered = [one for one in found if _NUMBER.fullmatch(_number_in(one.uri))]
    return next(iter(numbered + [one for one in found if _number_in(one.uri)]), None)


def _is_private(request: Request, sender: NamedAddress, asserted: NamedAddress | None) -> bool:
    words = ";".join(request.headers.getlist("Privacy")).replace(",", ";").lower().split(";")
    if _PRIVATE.intersection(word.strip() for word in words) or _is_nobody(sender):
        return True
    return asserted is not None and asserted.parameters.get("privacy", "off").lower() in ("full", "uri")


def _is_nobody(address: NamedAddress) -> bool:
    user = _user_in(address.uri).lower()
    return user in _NOBODY or address.uri.lower().partition("@")[2].startswith("anonymous.invalid")


def _user_in(uri: str) -> str:
    """The user of a sip, sips or tel URI as it was written; empty if it has none."""
    scheme, colon, rest = uri.partition(":")
    if not colon:
        return ""
    if scheme.lower() == "tel":
        return unquote(rest)
    user, at, _ = rest.rpartition("@")
    return unquote(user.partition(":")[0]) if at else ""


def _number_in(uri: str) -> str:
    number = number_of_user(_user_in(uri))
    return "" if number.lower() in _NOBODY else number


def _redirecting(request: Request) -> tuple[str, str]:
    """The redirecting number and the reason."""
    diversions = _addresses(request, "Diversion")
    if diversions:
        latest = diversions[0]
        return _number_in(latest.uri), latest.parameters.get("reason", "unknown").lower()
    return _left_behind(_addresses(request, "History-Info"))


def _left_behind(entries: list[NamedAddress]) -> tuple[str, str]:
    """Of the History-Info *entries*, the one that the latest change of target left, and why.

    An entry that took its place has ``cause`` in its URI (RFC 4458) or ``mp``, which names the index of the one left
    (RFC 7044 5); before RFC 7044 the one left has the Reason in its URI.  ``rc`` alone only found a contact.
    """
    for at in range(len(entries) - 1, 0, -1):
        entry, before = entries[at], entries[at - 1]
        parameters = parameters_of(entry.uri.partition("?")[0].rpartition("@")[2].partition(";")[2])
        cause = _cause(parameters.get("cause", ""))
        left = entry.parameters.get("mp") or entry.parameters.get("rc")
        if not cause and "mp" not in entry.parameters:
            cause = _cause_of_reason(before.uri)
            if not cause or left:
                continue
        origin = next((one for one in entries if left and one.parameters.get("index") == left), before)
        return _number_in(origin.uri.partition("?")[0]), REDIRECTING_REASONS.get(cause, "unknown")
    return "", ""


def _cause_of_reason(uri: str) -> int:
    """The SIP cause in a Reason header field that stands in *uri*."""
    for pair in uri.partition("?")[2].split("&"):
        name, _, value = pair.partition("=")
        if name.lower() == "reason" and unquote(value).strip().lower().startswith("sip"):
            return _cause(parameters_of(unquote(value).partition(";")[2]).get("cause", ""))
    return 0


def _cause(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) == 3 else 0
