"""How SIP calls end, in the words of the catalogue, and back: the two directions of one table.

A Reason with a Q.850 cause says most, then Warning, then the status (RFC 3326, RFC 3398).

What this module does not do: it keeps no table of statuses; :mod:`sandf.protocols.sip.reasons` has it.
"""

from __future__ import annotations

from sipmessage import Response

from sandf import causes
from sandf.causes import Cause
from sandf.protocols.sip.events import Ended, Refused
from sandf.protocols.sip.reasons import BEARER_CAUSES, media_refused, reasons_of, release_cause, status_of_q850

OVERLOAD_PAUSE = 30
"""Seconds in Retry-After while we take no calls."""
NORMAL = (0, 16, 31)
"""Q.850 causes of calls that went well, or say nothing."""
_OUT_OF_SERVICE = (500, 502, 503, 504)
"""Statuses that say nothing of what was proposed."""
NOT_HERE = (causes.NO_APPLICATION, causes.NO_MAIL_ADDRESS, causes.NO_DIAL_PEER)
OVERLOADED = (causes.NO_PORT, causes.NO_CHANNEL, causes.SHUT_DOWN, causes.CLOSING_DOWN)


def of_refusal(refused: Refused, *, rang: bool) -> tuple[Cause, str]:
    """The row for a call that did not come about, and what the response said; *rang* after ringing."""
    response = refused.response
    if response is None:
        return causes.NETWORK_OUT_OF_ORDER, "no response"
    detail = f"{response.code} {response.phrase}".strip()
    if refused.authentication:
        return causes.TRUNK_AUTHENTICATION, detail
    if media_refused(response):
        return causes.T38_REFUSED, detail
    code = release_cause(response, rang=rang)
    return causes.CALL_REJECTED if code in NORMAL else causes.from_q850(code), detail


def of_modification(response: Response) -> tuple[Cause, str]:
    """The row for a call whose change to T.38 was refused: that is a word about T.38, unless it speaks of service."""
    detail = f"{response.code} {response.phrase}".strip()
    if response.code in _OUT_OF_SERVICE and not media_refused(response):
        return causes.from_q850(release_cause(response, rang=True)), detail
    return causes.T38_REFUSED, detail


def of_end(ended: Ended) -> tuple[Cause, str]:
    """The row for a call that the other end, or the network, cleared."""
    if ended.message is None:
        return causes.NETWORK_CLEARED, ended.why
    said = [reason for reason in reasons_of(ended.message) if reason.protocol == "Q.850"]
    if said and said[0].cause in BEARER_CAUSES:
        return causes.T38_REFUSED, f"cleared for Q.850 {said[0].cause}"
    if said and said[0].cause not in NORMAL:
        return causes.from_q850(said[0].cause), said[0].text
    return causes.FAR_CLEARED, ""


def refusal_of(cause: Cause) -> tuple[int, tuple[tuple[str, str], ...]]:
    """The status by which a call that ended for *cause* is refused, and the header fields with it but Reason."""
    if cause is causes.INTERNAL_ERROR:
        return 500, ()
    if cause in OVERLOADED:
        return 503, (("Retry-After", str(OVERLOAD_PAUSE)),)
    if cause in NOT_HERE:
        return 404, ()
    if cause.q850 in NORMAL:
        return 480, ()
    return status_of_q850.get(cause.q850, 500), ()
