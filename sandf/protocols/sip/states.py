"""States and inputs of a session; the table that joins them is :data:`.session_chart.CHART`."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from sipmessage import URI, Request, Response

from .exchange import Exchange
from .hops import Hop


class State(enum.Enum):
    """Where a session stands."""

    CALLING = "calling"
    PROCEEDING = "proceeding"
    REDIRECTED = "redirected"
    """A 3xx has come, and the owner looks where it leads."""
    CANCELLING = "cancelling"
    OFFERED = "offered"
    ACCEPTED = "accepted"
    """Our 2xx is not acknowledged yet."""
    LEAVING = "leaving"
    """As ACCEPTED, and BYE follows the ACK: a called end must not send it before (15)."""
    ESTABLISHED = "established"
    ENDED = "ended"


class Input(enum.Enum):
    """What may happen to it."""

    PROVISIONAL = "1xx to our INVITE"
    SUCCESS = "2xx to our INVITE"
    FAILURE = "final failure of our INVITE"
    LOST = "no response to our INVITE"
    REDIRECT = "redirect"
    GIVE_UP = "give up"
    RING = "ring"
    ANSWER = "answer"
    REFUSE = "refuse"
    HANG_UP = "hang up"
    CANCEL = "CANCEL came"
    BYE = "BYE came"
    ACK = "ACK came"
    UNACKNOWLEDGED = "no ACK or PRACK came"
    BROKEN = "a request in the dialog failed"
    PATIENCE = "the deadline of a cancelled call"


@dataclass(slots=True, kw_only=True)
class What:
    """What an input brings with it."""

    response: Response | None = None
    request: Request | None = None
    exchange: Exchange | None = None
    key: str = ""
    """Of the server transaction."""
    status: int = 0
    description: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    why: str = ""
    target: URI | None = None
    hops: tuple[Hop, ...] = ()
