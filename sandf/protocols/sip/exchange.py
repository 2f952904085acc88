"""A request of ours on its way to a final response, over as many transactions as that takes.

What this module does not do: it decides nothing; its owner does.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from sipmessage import Request, Response

from .hops import Hop

if TYPE_CHECKING:
    from .dialog import Dialog


class Purpose(enum.Enum):
    """What a request of ours is for."""

    INVITE = "INVITE"
    MODIFY = "re-INVITE"
    REFRESH = "refresh"
    PRACK = "PRACK"
    BYE = "BYE"
    CANCEL = "CANCEL"
    OPTIONS = "OPTIONS"
    REGISTER = "REGISTER"


class ExchangeOwner(Protocol):
    """Whose request it is."""

    def responded(self, exchange: Exchange, response: Response, now: float) -> None:
        """A response has come: provisional ones, then a final one; for INVITE perhaps further 2xx."""

    def failed(self, exchange: Exchange, now: float) -> None:
        """No response came, or the request could not be sent."""


@dataclass(slots=True, kw_only=True, eq=False)
class Exchange:
    """One request."""

    owner: ExchangeOwner
    purpose: Purpose
    request: Request
    hop: Hop
    dialog: Dialog | None = None
    """The dialog it belongs to, where there is one."""
    key: str = ""
    """Of the transaction it is in now."""
    hurried: bool = False
    """There is another hop to go to if this one does not answer soon."""
    provisional: bool = False
    """A provisional response has come."""
