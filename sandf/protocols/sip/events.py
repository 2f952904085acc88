"""What a session tells its owner, and how its owner may answer.

Descriptions (SDP) are octets here: the owner does offer and answer (RFC 3264).
"""

from __future__ import annotations

from dataclasses import dataclass

from sipmessage import URI, Request, Response

from .hops import Hop


@dataclass(frozen=True, slots=True, kw_only=True)
class Ringing:
    """A provisional response beyond 100 has come."""

    status: int
    """180 rings; 183 and others say that the call goes on, no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirected:
    """A 3xx has come: say ``redirect`` with one of *targets*, or ``give_up`` (then Refused follows)."""

    targets: tuple[URI, ...]
    response: Response


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The called party has answered, and the 2xx is acknowledged; *description* is its answer to our offer."""

    description: bytes
    response: Response


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The call did not come about: the final response, or None if none came from any hop."""

    response: Response | None
    authentication: bool = False
    """Our credentials were not accepted, or we have none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Established:
    """The caller has acknowledged our 2xx; *description* is its answer where our 2xx had the offer, else empty."""

    description: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferReceived:
    """The other end wants to change the session: say ``accept_offer`` or ``refuse_offer`` at once.

    An empty *description* (a re-INVITE without one) asks us for the offer; the answer comes as Established.
    """

    description: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ModificationAccepted:
    """The other end took what we proposed by ``modify``."""

    description: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ModificationRefused:
    """The other end refused it, and the session goes on as it was.

    Where it said nothing final, *response* is a 408 of our own making (8.1.3.1); 491 is one glare too many.
    """

    response: Response


@dataclass(frozen=True, slots=True, kw_only=True)
class MayModify:
    """What was proposed by ``modify`` did not have its turn (491, or another change was under way) and is void.

    The wait after that is over (14.1): propose anew, if that is still wanted.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The session is over, not by our will: *message* is their BYE or CANCEL.

    Where there is none, *why* says what happened: no ACK came, or no refresh, or a request in the dialog failed.
    """

    message: Request | None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HopFailed:
    """*hop* gave no response to an INVITE, or 503 with Retry-After; calls should go by another hop first."""

    hop: Hop
    retry_after: float | None
    """Seconds for which it wants to be left alone; None if it gave no response."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """Something of ours raised *error*, which is to be logged; where that ended a session, Ended follows."""

    error: Exception


SessionEvent = (
    Ringing
    | Redirected
    | Answered
    | Refused
    | Established
    | OfferReceived
    | ModificationAccepted
    | ModificationRefused
    | MayModify
    | HopFailed
    | Broken
    | Ended
)
