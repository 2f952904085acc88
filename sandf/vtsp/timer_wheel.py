"""One timer wheel for all calls of the process: thousands of timers cost the reactor one.

Time goes in ticks of 10 ms.  Each slot of the wheel holds what is due within one tick; what is further away than one
turn waits beside it and is put in when its turn comes.  Nothing fires early; what is late fires in the order of its
time, and the reactor gets its turn after :data:`LONGEST_PASS` (design law 9).

What this module does not do: hold still (:meth:`TimerWheel.hold` does nothing): its time is that of the reactor.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import ceil
from operator import attrgetter
from typing import Any

from twisted.internet.error import AlreadyCalled, AlreadyCancelled
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from zope.interface import implementer

from sandf.logs import Logger

TICK = 0.01
SLOTS = 1024
LATEST = 1000
"""Milliseconds; what is later is counted with these."""
LONGEST_PASS = 0.005
"""Seconds of work in one pass."""
_BY_TIME = attrgetter("time")


@implementer(IDelayedCall)
class Entry:
    """One call to come."""

    __slots__ = ("_arguments", "_call", "_tick", "_wheel", "time")

    def __init__(self, wheel: TimerWheel, time: float, call: Callable[..., object], arguments: tuple[Any, ...]) -> None:
        self._wheel = wheel
        self.time = time
        self._call: Callable[..., object] | None = call
        self._arguments = arguments
        self._tick = 0
        """Where it lies on the wheel; other places that have it are out of date."""

    def getTime(self) -> float:
        """When it is due."""
        return self.time

    def active(self) -> bool:
        """Whether it is still to come."""
        return self._call is not None

    def cancel(self) -> None:
        """Unschedule it; raises AlreadyCalled or AlreadyCancelled."""
        self._check()
        self._call = None
        self._arguments = (AlreadyCancelled,)
        self._wheel._one_less()

    def delay(self, secondsLater: float) -> None:
        """Put it off by *secondsLater* from when it was due."""
        self._check()
        self._wheel._move(self, self.time + secondsLater)

    def reset(self, secondsFromNow: float) -> None:
        """Make it due *secondsFromNow*."""
        self._check()
        self._wheel._move(self, self._wheel.seconds() + secondsFromNow)

    def _check(self) -> None:
        if self._call is None:
            raise AlreadyCancelled if self._arguments == (AlreadyCancelled,) else AlreadyCalled

    def _run(self) -> None:
        call, arguments = self._call, self._arguments
        self._call, self._arguments = None, ()
        assert call is not None
        call(*arguments)


class Lateness:
    """How late timers fired, in whole milliseconds."""

    def __init__(self) -> None:
        self.counts = [0] * (LATEST + 1)

    def percentile(self, share: float) -> int:
        """Milliseconds that a *share* of all timers (0 to 1) were not beyond; 0 before the first."""
        wanted = share * sum(self.counts)
        seen = 0
        for milliseconds, count in enumerate(self.counts):
            seen += count
            if seen and seen >= wanted:
                return milliseconds
        return 0


class TimerWheel:
    """The :class:`sandf.callcontrol.media.LineClock` of every call in real time."""

    log = Logger()
    speed = 1.0

    def __init__(self, reactor: IReactorTime, tick: float = TICK) -> None:
        self._reactor = reactor
        self._tick = tick
        self._slots: list[list[Entry]] = [[] for _ in range(SLOTS)]
        self._far: dict[int, list[Entry]] = {}
        """Beyond one turn of the wheel, by turn."""
        self._done = 0
        """The last tick that was seen to."""
        self._live = 0
        self._armed: IDelayedCall | None = None
        self._left: list[Entry] = []
        self.lateness = Lateness()
        self._running = False

    def seconds(self) -> float:
        """The reactor's time."""
        return self._reactor.seconds()

    def hold(self) -> Callable[[], None]:
        """Real time does not stand still."""
        return _nothing

    def callLater(self, delay: float, callable: Callable[..., object], *args: Any, **kwargs: Any) -> IDelayedCall:
        """Call *callable* in *delay* seconds, and less than two ticks later."""
        now = self._reactor.seconds()
        if not self._live:
            self._skip_to(int(now / self._tick))
        entry = Entry(self, now + delay, partial(callable, **kwargs) if kwargs else callable, args)
        self._live += 1
        self._put(entry)
        if self._armed is None and not self._running:
            self._arm()
        return entry

    def _skip_to(self, tick: int) -> None:
        """Nothing was to come meanwhile: what lies in the slots that are passed is cancelled."""
        for passed in range(max(self._done, tick - SLOTS) + 1, tick + 1):
            self._slots[passed % SLOTS].clear()
        self._done = tick

    def _put(self, entry: Entry) -> None:
        tick = entry._tick = max(self._done + 1, ceil(entry.time / self._tick - 1e-6))
        if tick - self._done < SLOTS:
            self._slots[tick % SLOTS].append(entry)
        else:
            self._far.setdefault(tick // SLOTS, []).append(entry)

    def _move(self, entry: Entry, time: float) -> None:
        """A new time: what lies further on finds out when the old one comes; what lies nearer is put in again."""
        nearer = time < entry.time
        entry.time = time
        if nearer:
            self._put(entry)

    def _one_less(self) -> None:
        self._live -= 1
        if not self._live and self._armed is not None:
            self._armed.cancel()
            self._armed = None
            self._rest()

    def _rest(self) -> None:
        """Nothing is to come: what the wheel still has is cancelled; slots are emptied when they are passed."""
        self._far.clear()
        self._left = []

    def _arm(self) -> None:
        at = 0.0 if self._left else (self._done + 1) * self._tick - self._reactor.seconds()
        self._armed = self._reactor.callLater(max(0.0, at), self._turn)

    def _turn(self) -> None:
        """See to all ticks that have come."""
        self._armed = None
        began = self._reactor.seconds()
        now = int(began / self._tick + 1e-6)
        due: list[Entry] = []
        while self._done < now:
            self._done += 1
            if not self._done % SLOTS:
                self._bring_in(self._done // SLOTS)
            slot = self._done % SLOTS
            if self._slots[slot]:
                due += self._slots[slot]
                self._slots[slot] = []
        due.sort(key=_BY_TIME)
        self._running = True
        try:
            self._left = self._run(self._left + due, began)
        finally:
            self._running = False
        if self._live:
            self._arm()
        else:
            self._rest()

    def _bring_in(self, turn: int) -> None:
        """What lies within the turn that begins."""
        for entry in self._far.pop(turn, ()):
            if entry.active() and entry._tick // SLOTS == turn:
                self._slots[entry._tick % SLOTS].append(entry)

    def _run(self, due: list[Entry], began: float) -> list[Entry]:
        """Call what is due, for so long as we may; the rest."""
        now = began
        late = self.lateness.counts
        for place, entry in enumerate(due):
            if not entry.active() or entry._tick > self._done:
                continue
            if entry.time > (self._done + 1e-6) * self._tick:  # it was put off
                self._put(entry)
                continue
            self._live -= 1
            late[min(int((now - entry.time) * 1000), LATEST)] += 1
            try:
                entry._run()
            except Exception:
                self.log.failure("a timer failed")
            now = self._reactor.seconds()
            if now - began > LONGEST_PASS:
                return due[place + 1 :]
        return []


def _nothing() -> None:
    """Nothing is held."""
