"""The clock of one virtual call: discrete-event time that both ends of the call live in.

Time goes from event to event and advances at most ``speed`` times as fast as the reactor's, so that a busy machine
slows a call and never trips one of its timers.  It stands still while it is held.  Inside an event ``seconds()`` is
exactly the time the event was due at, however late the reactor was; so a call runs the same way every time.

What this module does not do: it knows nothing of calls; it only calls what it is asked to call.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Any

from twisted.internet.error import AlreadyCalled, AlreadyCancelled
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from zope.interface import implementer

from sandf.logs import Logger

LONGEST_PASS = 0.002
"""Reactor seconds that one pass over due events may take before the reactor gets its turn (design law 9)."""


@implementer(IDelayedCall)
class _DelayedCall:
    """One call to come, in the time of its clock."""

    __slots__ = ("_args", "_call", "_clock", "_kwargs", "_state", "time")

    def __init__(
        self, clock: CallClock, time: float, call: Callable[..., object], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        self._clock = clock
        self.time = time
        self._call = call
        self._args = args
        self._kwargs = kwargs
        self._state = "active"

    def getTime(self) -> float:
        """When it is due, in seconds of the call's clock."""
        return self.time

    def active(self) -> bool:
        """Whether it is still to come."""
        return self._state == "active"

    def cancel(self) -> None:
        """Unschedule it; raises AlreadyCalled or AlreadyCancelled."""
        self._check()
        self._state = "cancelled"
        self._clock._one_less()

    def delay(self, secondsLater: float) -> None:
        """Put it off by *secondsLater* from when it was due."""
        self._check()
        self.time += secondsLater
        self._clock._push(self)

    def reset(self, secondsFromNow: float) -> None:
        """Make it due *secondsFromNow*."""
        self._check()
        self.time = self._clock.seconds() + secondsFromNow
        self._clock._push(self)

    def _check(self) -> None:
        if self._state == "called":
            raise AlreadyCalled
        if self._state == "cancelled":
            raise AlreadyCancelled

    def _run(self) -> None:
        self._state = "called"
        self._call(*self._args, **self._kwargs)


class CallClock:
    """The :class:`sandf.callcontrol.media.LineClock` of a virtual call, on top of *reactor*.

    *speed* is how many of its seconds pass at most in one of the reactor's; 0 seconds is when the call began.
    """

    log = Logger()

    def __init__(self, reactor: IReactorTime, speed: float = 1.0) -> None:
        if not 0 < speed < float("inf"):
            raise ValueError(f"speed must be above 0 and finite, not {speed}")
        self._reactor = reactor
        self._speed = speed
        self._heap: list[tuple[float, int, _DelayedCall]] = []
        self._pushed = 0
        self._live = 0
        self._now = 0.0
        self._real = reactor.seconds()  # the reactor's time at which ours was _now
        self._holds: set[object] = set()
        self._running = False
        self._armed: IDelayedCall | None = None
        self._armed_for = 0.0

    @property
    def held(self) -> bool:
        """Whether somebody holds the clock."""
        return bool(self._holds)

    def seconds(self) -> float:
        """Seconds since the call began; never beyond the next event that is due."""
        if self._running or self._holds:
            return self._now
        now = self._reached()
        head = self._head()
        return now if head is None or now < head.time else max(head.time, self._now)

    def callLater(self, delay: float, callable: Callable[..., object], *args: Any, **kwargs: Any) -> IDelayedCall:
        """Call *callable* in *delay* seconds of this clock."""
        if delay < 0:
            raise ValueError(f"{delay} seconds from now is in the past")
        call = _DelayedCall(self, self.seconds() + delay, callable, args, kwargs)
        self._live += 1
        self._push(call)
        return call

    @property
    def speed(self) -> float:
        """How many of its seconds pass at most in one of the reactor's."""
        return self._speed

    def hold(self) -> Callable[[], None]:
        """Stand still until the returned function is called; calling it again does nothing."""
        token = object()
        self._now = self.seconds()
        self._holds.add(token)

        def release() -> None:
            if token in self._holds:
                self._holds.remove(token)
                self._go_on()

        return release

    def _reached(self) -> float:
        """How far the clock may have come by now."""
        return self._now + max(0.0, self._reactor.seconds() - self._real) * self._speed

    def _head(self) -> _DelayedCall | None:
        """The next call to come; forgets those that were cancelled or moved."""
        heap = self._heap
        while heap:
            time, _, call = heap[0]
            if call._state == "active" and call.time == time:
                return call
            heapq.heappop(heap)
        return None

    def _push(self, call: _DelayedCall) -> None:
        self._pushed += 1
        heapq.heappush(self._heap, (call.time, self._pushed, call))
        if not (self._running or self._holds) and (self._armed is None or call.time < self._armed_for):
            self._arm()

    def _one_less(self) -> None:
        self._live -= 1
        if not self._live and self._armed is not None:
            self._disarm()

    def _go_on(self) -> None:
        if not (self._holds or self._running):
            self._real = self._reactor.seconds()
            self._arm()

    def _arm(self) -> None:
        self._disarm()
        head = self._head()
        if head is not None:
            self._armed_for = head.time
            self._armed = self._reactor.callLater(max(0.0, head.time - self._reached()) / self._speed, self._pass)

    def _disarm(self) -> None:
        armed, self._armed = self._armed, None
        if armed is not None and armed.active():
            armed.cancel()

    def _pass(self) -> None:
        """Run what is due, in order, until nothing is, somebody holds the clock, or the reactor wants its turn."""
        self._armed = None
        if self._holds or self._running:
            return
        began = self._reactor.seconds()
        horizon = max(self._reached(), self._armed_for)  # by its float the reactor may be early
        self._running = True
        try:
            while not self._holds and (head := self._head()) is not None and head.time <= horizon:
                heapq.heappop(self._heap)
                self._advance_to(head.time)
                self._live -= 1
                try:
                    head._run()
                except Exception:
                    self.log.failure("a call of the virtual call's clock failed")
                if self._reactor.seconds() - began > LONGEST_PASS:
                    break
        finally:
            self._running = False
        if not self._holds:
            self._arm()

    def _advance_to(self, time: float) -> None:
        """It is *time* now; keep what the reactor's time still allows beyond it."""
        self._real += (time - self._now) / self._speed
        self._now = time
