"""One leg of a call: its life as a machine, and the words both sides may say in it.

The life is Offered or Requested, perhaps Alerting, Connected, Releasing, Released.  What a state has no row
for is refused by an exception (a bug on our side), except what may cross on the way: a provider's word after
the application has already asked for the end.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from automat import TypeMachineBuilder

from sandf.causes import Cause

from .events import (
    AlertIndication,
    DisconnectConfirm,
    DisconnectIndication,
    Event,
    SetupConfirm,
    TransactionIndication,
)
from .primitives import RESPONDED, ProviderKind, Setup, Transaction

if TYPE_CHECKING:
    from .bridge import Bridge
    from .interfaces import IServiceProvider

_numbers = itertools.count(1)


class _Life(Protocol):
    """The inputs of a leg's life."""

    def alert(self) -> None:
        """The far end rings."""

    def connect(self) -> None:
        """The leg is up."""

    def ask_release(self, cause: Cause, detail: str) -> None:
        """The application wants the end."""

    def release(self, cause: Cause, detail: str) -> None:
        """The provider says that it is over."""


@dataclass
class _Core:
    leg: Leg


_machine = TypeMachineBuilder(_Life, _Core)
_coming_up = _machine.state("coming up")
_alerting = _machine.state("alerting")
_connected = _machine.state("connected")
_releasing = _machine.state("releasing")
_released = _machine.state("released")

# Silent rows: words that crossed on the way.
_releasing.upon(_Life.alert).loop().returns(None)
_releasing.upon(_Life.connect).loop().returns(None)
_releasing.upon(_Life.ask_release).loop().returns(None)
_released.upon(_Life.ask_release).loop().returns(None)
_alerting.upon(_Life.alert).loop().returns(None)


@_coming_up.upon(_Life.alert).to(_alerting)
def _alert(life: _Life, core: _Core) -> None:
    core.leg._emit(AlertIndication(leg=core.leg))


@_coming_up.upon(_Life.connect).to(_connected)
@_alerting.upon(_Life.connect).to(_connected)
def _connect(life: _Life, core: _Core) -> None:
    core.leg._note_connected()
    core.leg._emit(SetupConfirm(leg=core.leg))


@_coming_up.upon(_Life.ask_release).to(_releasing)
@_alerting.upon(_Life.ask_release).to(_releasing)
@_connected.upon(_Life.ask_release).to(_releasing)
def _ask_release(life: _Life, core: _Core, cause: Cause, detail: str) -> None:
    core.leg.provider.disconnect_request(core.leg, cause, detail)


@_coming_up.upon(_Life.release).to(_released)
@_alerting.upon(_Life.release).to(_released)
@_connected.upon(_Life.release).to(_released)
def _release(life: _Life, core: _Core, cause: Cause, detail: str) -> None:
    core.leg._note_released(cause)
    core.leg._emit(DisconnectIndication(leg=core.leg, cause=cause, detail=detail))


@_releasing.upon(_Life.release).to(_released)
def _confirm_release(life: _Life, core: _Core, cause: Cause, detail: str) -> None:
    core.leg._note_released(cause)
    core.leg._emit(DisconnectConfirm(leg=core.leg, cause=cause, detail=detail))


_build_life = _machine.build()


class Leg:
    """One leg of a call.  Applications use the upper half of its methods, its provider the lower half."""

    def __init__(
        self,
        *,
        call_id: str,
        provider: IServiceProvider,
        setup: Setup,
        incoming: bool,
        emit: Callable[[Event], None],
        seconds: Callable[[], float],
    ) -> None:
        self.call_id = call_id
        self.number = next(_numbers)
        """``CallID`` of the classic display: counts legs, for as long as the process lives."""
        self.provider = provider
        self.setup = setup
        self.incoming = incoming
        self.peer_tag = 0
        """Dial peer of this leg; 0 for the default peer."""
        self.bridges: list[Bridge] = []
        self.facts: dict[str, object] = {}
        """What its provider notes for people who look at the leg."""
        self.began_at = seconds()
        self.connected_at: float | None = None
        self.released_at: float | None = None
        self.cause: Cause | None = None
        """How the leg ended."""
        self._emit = emit
        self._seconds = seconds
        self._life = _build_life(_Core(self))

    @property
    def kind(self) -> ProviderKind:
        """Which service provider serves this leg."""
        return self.provider.kind

    @property
    def state(self) -> str:
        """``coming up``, ``alerting``, ``connected``, or ``released`` (``releasing`` counts as released)."""
        if self.released_at is not None:
            return "released"
        return "connected" if self.connected_at is not None else "coming up"

    def __repr__(self) -> str:
        return f"<Leg {self.number} {self.kind.value} of {self.call_id}: {self.state}>"

    # What an application may say.

    def alert(self) -> None:
        """Let the caller of an incoming leg hear ringing.

        For an application that lets him wait before it connects; ``onramp`` answers at once and needs none.
        """
        if self.released_at is None:
            self.provider.alert_request(self)

    def connect(self) -> None:
        """Take an incoming leg; SetupConfirm follows.  Harmless on a leg that has ended (the caller hung up)."""
        if self.released_at is None:
            self.provider.setup_response(self)

    def respond(self, transaction: Transaction, accepted: bool = True) -> None:
        """Answer a transaction that waits; one that does not is refused by ValueError."""
        if not isinstance(transaction, RESPONDED):
            raise ValueError(f"{type(transaction).__name__} does not wait for a response")
        if self.released_at is None:
            self.provider.transaction_response(self, transaction, accepted)

    def disconnect(self, cause: Cause, detail: str = "") -> None:
        """End the leg, or refuse it; DisconnectConfirm follows.  Harmless on a leg that has ended."""
        self._life.ask_release(cause, detail)

    # What its provider may say.

    def alerted(self) -> None:
        """The far end rings."""
        self._life.alert()

    def connected(self) -> None:
        """The leg is up."""
        self._life.connect()

    def indicate(self, transaction: Transaction) -> None:
        """Report *transaction* to the application, if the leg has not ended."""
        if self.released_at is None:
            self._emit(TransactionIndication(leg=self, transaction=transaction))

    def released(self, cause: Cause, detail: str = "") -> None:
        """The leg has ended, by itself or as asked.  Said exactly once."""
        self._life.release(cause, detail)

    def _note_connected(self) -> None:
        self.connected_at = self._seconds()

    def _note_released(self, cause: Cause) -> None:
        self.released_at = self._seconds()
        self.cause = cause
