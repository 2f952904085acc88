"""One call of the virtual exchange: its life, its clock, its line.

Each party holds a :class:`PartyEnd`; the life between them is one machine.  A clearing takes the line's delay to
reach the other party, as everything else on the line does.

What this module does not do: it chooses nobody to ring (:mod:`.exchange` does).
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from automat import TypeMachineBuilder
from twisted.internet.interfaces import IDelayedCall
from zope.interface import implementer

from sandf import causes
from sandf.callcontrol.primitives import TelephoneCall
from sandf.causes import Cause

from .call_clock import CallClock
from .impairments import Impairments
from .interfaces import ICallEnd, ICallUser
from .line import VirtualLine

PAUSE = 1.0
"""Seconds for a ``,`` among the digits."""

_HEARD_AS: dict[int, Cause] = {
    cause.q850: cause
    for cause in (
        causes.NUMBER_UNALLOCATED,
        causes.NO_ROUTE,
        causes.BUSY,
        causes.NO_ANSWER,
        causes.CALL_REJECTED,
        causes.NUMBER_CHANGED,
        causes.DESTINATION_OUT_OF_ORDER,
        causes.INVALID_NUMBER,
        causes.NETWORK_CLEARED,
        causes.NO_CHANNEL,
        causes.NETWORK_OUT_OF_ORDER,
        causes.TEMPORARY_FAILURE,
        causes.CONGESTION,
        causes.NO_PORT,
    )
}
"""What a caller makes of the Q.850 cause of a call that was not answered."""


class Side(enum.Enum):
    """The parties of a call; the value is the index of their end of the line."""

    CALLER = 0
    CALLED = 1

    @property
    def other(self) -> Side:
        """The other party."""
        return Side.CALLED if self is Side.CALLER else Side.CALLER


class _Life(Protocol):
    """The inputs of a call's life."""

    def offer(self) -> None:
        """The digits are dialled: ring somebody, or refuse."""

    def alert(self) -> None:
        """The called party rings."""

    def answer(self) -> None:
        """The called party takes the call."""

    def clear(self, by: Side, cause: Cause) -> None:
        """A party hangs up, refuses or gives up."""

    def refuse(self, cause: Cause) -> None:
        """The exchange has nobody to ring, or they ring for too long."""

    def clearing_arrives(self, at: Side, cause: Cause) -> None:
        """The party *at* the other end of the line hears of it."""


@dataclass
class _Core:
    call: VirtualCall


_machine = TypeMachineBuilder(_Life, _Core)
_dialling = _machine.state("dialling")
_offered = _machine.state("offered")
_alerting = _machine.state("alerting")
_through = _machine.state("through")
_clearing = _machine.state("clearing")
_over = _machine.state("over")

# Silent rows: words that come too late, or twice.
_alerting.upon(_Life.alert).loop().returns(None)
for _late in (_clearing, _over):
    _late.upon(_Life.alert).loop().returns(None)
    _late.upon(_Life.answer).loop().returns(None)
    _late.upon(_Life.clear).loop().returns(None)
_through.upon(_Life.alert).loop().returns(None)
_through.upon(_Life.answer).loop().returns(None)


@_dialling.upon(_Life.offer).to(_offered)
def _offer(life: _Life, core: _Core) -> None:
    core.call._ring()


@_offered.upon(_Life.alert).to(_alerting)
def _alert(life: _Life, core: _Core) -> None:
    core.call._users[Side.CALLER].alerted()


@_offered.upon(_Life.answer).to(_through)
@_alerting.upon(_Life.answer).to(_through)
def _answer(life: _Life, core: _Core) -> None:
    core.call._join()


@_dialling.upon(_Life.clear).to(_over)
@_offered.upon(_Life.clear).to(_over)
@_alerting.upon(_Life.clear).to(_over)
def _give_up(life: _Life, core: _Core, by: Side, cause: Cause) -> None:
    heard = causes.FAR_CLEARED if by is Side.CALLER else _HEARD_AS.get(cause.q850, causes.CALL_REJECTED)
    core.call._end(by.other, heard)


@_dialling.upon(_Life.refuse).to(_over)
@_offered.upon(_Life.refuse).to(_over)
@_alerting.upon(_Life.refuse).to(_over)
def _refuse(life: _Life, core: _Core, cause: Cause) -> None:
    core.call._end(Side.CALLED, causes.FAR_CLEARED)
    core.call._end(Side.CALLER, cause)


@_through.upon(_Life.clear).to(_clearing)
def _hang_up(life: _Life, core: _Core, by: Side, cause: Cause) -> None:
    core.call._hang_up(by)


@_clearing.upon(_Life.clearing_arrives).to(_over)
def _clearing_arrives(life: _Life, core: _Core, at: Side, cause: Cause) -> None:
    core.call._end(at, cause)


_build_life = _machine.build()


@implementer(ICallEnd)
class PartyEnd:
    """One party's hold on a virtual call."""

    def __init__(self, call: VirtualCall, side: Side) -> None:
        self._call = call
        self._side = side
        self._later: list[IDelayedCall] = []

    def alert(self) -> None:
        """Let the caller hear ringing."""
        self._call.life.alert()

    def answer(self) -> None:
        """Take the call."""
        self._call.life.answer()

    def clear(self, cause: Cause) -> None:
        """Hang up, refuse or give up."""
        self._call.leave(self._side)
        self._call.life.clear(self._side, cause)

    def hold(self) -> Callable[[], None]:
        """Let the call's time stand still."""
        return self._call.clock.hold()

    def call_later(self, seconds: float, call: Callable[[], None]) -> None:
        """Call *call* in *seconds* of the call's time, unless this party has left by then."""
        self._later.append(self._call.clock.callLater(seconds, call))

    def left(self) -> None:
        """The party has left."""
        later, self._later = self._later, []
        for call in later:
            if call.active():
                call.cancel()


class VirtualCall:
    """A call from *caller*; *ring* finds the called party once the digits are dialled.

    *ring* is given the call, and says :meth:`ring_user` or ``life.refuse``; *left* is told of each party as it leaves.
    """

    def __init__(
        self,
        *,
        number: int,
        setup: TelephoneCall,
        clock: CallClock,
        caller: ICallUser,
        impairments: Impairments,
        ring: Callable[[VirtualCall], None],
        left: Callable[[VirtualCall, Side], None],
    ) -> None:
        self.number = number
        """Counts the calls of an exchange."""
        self.setup = setup
        self.digits = setup.called.replace(",", "")
        self.clock = clock
        self.life = _build_life(_Core(self))
        self.caller_end = PartyEnd(self, Side.CALLER)
        self.called_end = PartyEnd(self, Side.CALLED)
        self.line: VirtualLine | None = None
        self._users: dict[Side, ICallUser] = {Side.CALLER: caller}
        self._impairments = {Side.CALLER: impairments, Side.CALLED: impairments}
        self._ring_whom = ring
        self._left = left
        self._present = {Side.CALLER}
        self._timer: IDelayedCall | None = clock.callLater(PAUSE * setup.called.count(","), self.life.offer)

    def ring_user(
        self,
        make: Callable[[PartyEnd], ICallUser],
        *,
        there: Impairments | None = None,
        back: Impairments | None = None,
    ) -> None:
        """Ring whom *make* gives; *there* and *back* replace what the line does to the signals of either."""
        self._impairments[Side.CALLER] = there or self._impairments[Side.CALLER]
        self._impairments[Side.CALLED] = back or self._impairments[Side.CALLED]
        self._present.add(Side.CALLED)
        self._timer = self.clock.callLater(self.setup.answer_timeout, self.life.refuse, causes.NO_ANSWER)
        user = self._users[Side.CALLED] = make(self.called_end)
        user.offered()

    @property
    def over(self) -> bool:
        """Whether both parties have left."""
        return not self._present

    def leave(self, side: Side) -> None:
        """The party on *side* takes no further part."""
        if side in self._present:
            self._present.remove(side)
            (self.caller_end if side is Side.CALLER else self.called_end).left()
            self._left(self, side)

    def _ring(self) -> None:
        self._timer = None
        self._ring_whom(self)

    def _join(self) -> None:
        self._stop_timer()
        self.line = VirtualLine(
            self.clock,
            near=self._impairments[Side.CALLER],
            far=self._impairments[Side.CALLED],
            name=f"call {self.number}",
        )
        for side in (Side.CALLED, Side.CALLER):
            if side in self._present:
                self._users[side].connected(self.line.ends[side.value])

    def _hang_up(self, by: Side) -> None:
        assert self.line is not None
        self.line.ends[by.value].lose()
        delay = self._impairments[by].delay
        if delay:
            self.clock.callLater(delay, self.life.clearing_arrives, by.other, causes.FAR_CLEARED)
        else:
            self.life.clearing_arrives(by.other, causes.FAR_CLEARED)

    def _end(self, side: Side, cause: Cause) -> None:
        """Tell the party on *side*, if it is still there, that the call is over."""
        self._stop_timer()
        if self.line is not None:
            for end in self.line.ends:
                end.lose()
        if side in self._present:
            self.leave(side)
            self._users[side].cleared(cause, "")

    def _stop_timer(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None and timer.active():
            timer.cancel()
