"""What an application reads from its call, in the order in which it happened.

Each event names its leg.  Indications that want an answer: SetupIndication (``Leg.connect`` or
``Leg.disconnect``) and a TransactionIndication whose transaction is one of
:data:`sandf.callcontrol.primitives.RESPONDED` (``Leg.respond``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandf.causes import Cause

from .primitives import Setup, Transaction

if TYPE_CHECKING:
    from .bridge import Bridge
    from .leg import Leg


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupIndication:
    """Somebody calls: the leg waits to be connected or disconnected."""

    leg: Leg
    setup: Setup


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupRequest:
    """The application asks for an outgoing leg: for observers only, the application knows."""

    leg: Leg
    setup: Setup


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertIndication:
    """The far end of an outgoing leg rings."""

    leg: Leg


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupConfirm:
    """An outgoing leg is connected (what that means, its set-up says)."""

    leg: Leg


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeConfirm:
    """Both providers have taken the bridge."""

    bridge: Bridge


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionIndication:
    """The leg reports *transaction*."""

    leg: Leg
    transaction: Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class DisconnectIndication:
    """The leg ended from below, for *cause*; it is released already."""

    leg: Leg
    cause: Cause
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DisconnectConfirm:
    """The leg that the application disconnected is released.

    *cause* is how it really ended: what was asked, or what came first (a fax may be complete by then).
    """

    leg: Leg
    cause: Cause
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityFreed:
    """A port or dial peer that the call waits for may be free now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HangUpRequest:
    """The operator (or the shutdown) wants the call to end for *cause*, in an orderly way."""

    cause: Cause
    at_page_end: bool = False
    """Let the page that is on the line finish first; a call that receives may finish altogether."""


Event = (
    SetupIndication
    | AlertIndication
    | SetupConfirm
    | BridgeConfirm
    | TransactionIndication
    | DisconnectIndication
    | DisconnectConfirm
    | CapacityFreed
    | HangUpRequest
)
