"""Why a call failed, in SIP and in Q.850: RFC 3398 both ways, Reason (RFC 3326, RFC 6432), Warning, Retry-After.

The tables are those of RFC 3398 7.2.4.1 and 8.2.6.1; what they leave out, and what was registered later, is ours and
marked.  :func:`release_cause` says more than the status alone wherever the response does.

What this module does not do: it knows no row of :mod:`sandf.causes`, and asks nobody again.
"""

from __future__ import annotations

from dataclasses import dataclass

from sipmessage import Request, Response

from .fields import quoted, valued
from .message import split_values

LONGEST_PAUSE = 3600.0
"""Seconds: a Retry-After of a day would take a trunk out of service by one response."""

_SPOKEN_FOR = frozenset((16, 31, 127))
"""Causes of a Reason that tell less than the status: normal clearing, unspecified, interworking."""

MEDIA_STATUSES = frozenset((415, 488, 606))
"""The far end does not take the session description that we offered."""

BEARER_CAUSES = frozenset((57, 58, 63, 65, 70, 79, 88))
"""Q.850 causes that speak of the kind of call, as those statuses do."""

_WARNINGS = {300: 58, 301: 58, 302: 58, 303: 65, 304: 65, 305: 65, 306: 65, 330: 65, 331: 65, 370: 47}
"""Warning codes (RFC 3261 20.43) as causes, ours: networks and transports that are not available, media that the other
end does not know (for a fax, that is what "bearer capability not implemented" means), and too little bandwidth."""

q850_of_status: dict[int, int] = {
    400: 41, 401: 21, 402: 21, 403: 21, 404: 1, 405: 63, 406: 79, 407: 21, 408: 102, 410: 22,
    413: 127, 414: 127, 415: 79, 416: 127, 420: 127, 421: 127, 423: 127,
    480: 18, 481: 41, 482: 25, 483: 25, 484: 28, 485: 1, 486: 17,
    500: 41, 501: 79, 502: 38, 503: 41, 504: 102, 505: 127, 513: 127,
    600: 17, 603: 21, 604: 1,
}  # fmt: skip
"""RFC 3398 8.2.6.1."""

q850_of_status |= {
    # 3xx that nobody follows: moved for good is a changed number, for a while a redirection.
    300: 23, 301: 22, 302: 23, 305: 31, 380: 31,
    # RFC 3398 leaves these to Warning; see release_cause.
    488: 65, 606: 88,
    # Ended by a CANCEL, ours as a rule.
    487: 31,
    # Later ones.  Who the caller is, or that nobody wants the call: rejected.  The rest are faults of signalling.
    428: 21, 429: 21, 433: 21, 436: 21, 437: 21, 438: 21, 470: 21, 607: 21, 608: 21,
    409: 41, 411: 127, 412: 127, 417: 127, 422: 127, 424: 127, 425: 127, 430: 41, 439: 127, 440: 25, 469: 127,
    489: 127, 491: 41, 493: 127, 494: 127, 555: 127, 580: 47,
}  # fmt: skip

_STATUS_CLASSES = {1: 480, 2: 503, 3: 503, 4: 501, 5: 503, 6: 500, 7: 500}
"""By the class of a cause, its upper three bits (Q.850 2.2.5): ours, for those that RFC 3398 does not name."""

status_of_q850: dict[int, int] = {
    cause: _STATUS_CLASSES.get(cause >> 4, 480) for cause in range(1, 128)
} | {
    1: 404, 2: 404, 3: 404, 17: 486, 18: 408, 19: 480, 20: 480, 21: 403, 22: 410, 23: 410, 26: 404, 27: 502, 28: 484,
    29: 501, 31: 480,
    34: 503, 38: 503, 41: 503, 42: 503, 47: 503,
    55: 403, 57: 403, 58: 503,
    65: 488, 70: 488, 79: 501,
    87: 503, 88: 503,
    102: 504, 111: 500, 127: 500,
}  # fmt: skip
"""RFC 3398 7.2.4.1, which sends 16 (normal clearing) as BYE or CANCEL; before an answer it is 480 here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One value of Reason."""

    protocol: str
    """In capitals: ``Q.850``, ``SIP``."""
    cause: int
    text: str = ""


def reasons_of(message: Request | Response) -> list[Reason]:
    """The values of Reason in *message* that have a cause; others say nothing to a program."""
    found = []
    for field in message.headers.getlist("Reason"):
        for text in split_values(field):
            protocol, parameters = valued(text)
            cause = _decimal(parameters.get("cause", ""))
            if protocol and cause is not None:
                found.append(Reason(protocol=protocol.upper(), cause=cause, text=parameters.get("text", "")))
    return found


def reason_header(q850: int, text: str = "") -> str:
    """The value of Reason for the cause *q850*."""
    return f"Q.850;cause={q850}" + (f";text={quoted(text)}" if text else "")


def release_cause(response: Response, *, rang: bool = False) -> int:
    """The Q.850 cause of an INVITE that ended by *response* (300 to 699); *rang* after a 180.

    A Reason of Q.850 comes first, where it says something.  Then Warning for a session description that is refused.
    Then the status, with three exceptions to the table: after ringing, 408 and 480 are "no answer"; without it, 408 is
    "no user responding", of which gateways make it (RFC 3398 7.2.4.1), and not an expired timer; 503 with Retry-After
    is congestion.
    """
    if said := _said(response):
        return said
    if response.code in (488, 606):
        return next((_WARNINGS[code] for code in _warnings(response) if code in _WARNINGS), q850_of(response.code))
    if response.code in (408, 480):
        return 19 if rang else 18
    if response.code == 503 and retry_after(response) is not None:
        return 42
    return q850_of(response.code)


def q850_of(status: int) -> int:
    """The cause for any *status* from 300 to 699.

    An unknown one is the x00 of its class (RFC 3261 8.1.3.2), but no unknown 6xx is a busy line: it is "unspecified".
    """
    found = q850_of_status.get(status)
    if found is not None:
        return found
    return 31 if status >= 600 else q850_of_status.get(status // 100 * 100, 31)


def media_refused(response: Response) -> bool:
    """Whether *response* refuses the media that we offered, and not the call."""
    said = _said(response)
    return response.code in MEDIA_STATUSES and (not said or said in BEARER_CAUSES)


def retry_after(response: Response) -> float | None:
    """Seconds in Retry-After, an hour at most; None if there is none that can be read (RFC 3261 20.33)."""
    text = (response.headers.get("Retry-After") or "").strip()
    digits = text[: len(text) - len(text.lstrip("0123456789"))]
    return min(float(digits[:9]), LONGEST_PAUSE) if digits else None


def _said(response: Response) -> int:
    """The cause of the first Reason of Q.850 that says more than the status does; 0 if there is none."""
    causes = [reason.cause for reason in reasons_of(response) if reason.protocol == "Q.850"]
    return next((cause for cause in causes if 0 < cause < 128 and cause not in _SPOKEN_FOR), 0)


def _warnings(response: Response) -> list[int]:
    values = [value for field in response.headers.getlist("Warning") for value in split_values(field)]
    codes = [_decimal(value.strip().partition(" ")[0]) for value in values]
    return [code for code in codes if code is not None]


def _decimal(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None
