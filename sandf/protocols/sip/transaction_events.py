"""What transactions tell their user.

What this module does not do: it says nothing of dialogs or calls (:mod:`.events` does).
"""

from __future__ import annotations

from dataclasses import dataclass

from sipmessage import Request, Response

from .hops import Hop


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestArrived:
    """A request, seen for the first time: answer it by ``respond``."""

    key: str
    """Of its server transaction; empty for an ACK, which has none."""
    request: Request
    """``received`` and ``rport`` are in its top Via."""
    hop: Hop
    """Where it came from."""
    cancels: str = ""
    """Of a CANCEL: the key of the INVITE's server transaction; empty if there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseArrived:
    """A response to a request of ours."""

    key: str
    response: Response
    hop: Hop


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedOut:
    """No final response came to a request of ours (8.1.3.1: as if it were 408)."""

    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unresponsive:
    """No response came to a hurried INVITE so far: go elsewhere.

    It is cancelled as soon as a provisional response does come; a 2xx that comes is told, and TimedOut may follow.
    """

    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TransportFailed:
    """A request of ours could not be delivered (8.1.3.1: as if it were 503)."""

    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AckMissing:
    """Our 2xx to an INVITE was never acknowledged (13.3.1.4: end the session by BYE)."""

    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PrackMissing:
    """Our reliable provisional response was never acknowledged (RFC 3262 3: refuse the INVITE with a 5xx)."""

    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Malformed:
    """What came was no SIP message; where its sender could be told, that is done."""

    reason: str
    hop: Hop


Event = (
    RequestArrived | ResponseArrived | TimedOut | Unresponsive | TransportFailed | AckMissing | PrackMissing | Malformed
)
