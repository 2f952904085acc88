"""The clock of a virtual call."""

from __future__ import annotations

import random
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.error import AlreadyCalled, AlreadyCancelled
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from sandf.vtsp.call_clock import CallClock

settings.register_profile("sandf", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("sandf")


class CallClockTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.reactor = Clock()
        self.clock = CallClock(self.reactor, speed=50)
        self.seen: list[tuple[str, float]] = []

    def note(self, name: str) -> None:
        self.seen.append((name, self.clock.seconds()))

    def test_it_runs_speed_times_as_fast(self) -> None:
        self.clock.callLater(10, self.note, "a")
        self.reactor.advance(0.19)
        self.assertEqual(self.seen, [])
        self.assertAlmostEqual(self.clock.seconds(), 9.5)
        self.reactor.advance(0.02)
        self.assertEqual(self.seen, [("a", 10.0)])

    def test_events_see_the_time_they_were_due_at_however_late_the_reactor_is(self) -> None:
        def first() -> None:
            self.note("a")
            self.clock.callLater(0.25, self.note, "b")

        self.clock.callLater(1, first)
        self.clock.callLater(3, self.note, "c")
        self.reactor.advance(1000)
        self.assertEqual(self.seen, [("a", 1.0), ("b", 1.25), ("c", 3.0)])

    def test_equal_times_keep_their_order(self) -> None:
        for name in "abc":
            self.clock.callLater(1, self.note, name)
        self.reactor.advance(1)
        self.assertEqual([name for name, _ in self.seen], ["a", "b", "c"])

    def test_it_stands_still_while_held(self) -> None:
        self.clock.callLater(1, self.note, "a")
        releases: list[Callable[[], None]] = []
        self.clock.callLater(0.5, lambda: releases.append(self.clock.hold()))
        self.reactor.advance(100)
        self.assertEqual((self.seen, self.clock.seconds(), self.clock.held), ([], 0.5, True))
        releases[0]()
        self.reactor.advance(0.009)
        self.assertEqual(self.seen, [])
        self.reactor.advance(0.0011)
        self.assertEqual(self.seen, [("a", 1.0)])

    def test_every_holder_must_release_and_once_is_enough(self) -> None:
        first, second = self.clock.hold(), self.clock.hold()
        self.clock.callLater(1, self.note, "a")
        first()
        first()
        self.reactor.advance(10)
        self.assertEqual(self.seen, [])
        second()
        self.reactor.advance(10)
        self.assertEqual(self.seen, [("a", 1.0)])

    def test_a_hold_from_outside_keeps_the_time_reached(self) -> None:
        self.clock.callLater(100, self.note, "a")
        self.reactor.advance(1)
        release = self.clock.hold()
        self.reactor.advance(50)
        self.assertEqual(self.clock.seconds(), 50.0)
        release()
        self.reactor.advance(0.5)
        self.assertEqual(self.clock.seconds(), 75.0)
        self.reactor.advance(0.5)
        self.assertEqual(self.seen, [("a", 100.0)])

    def test_delayed_calls_behave_as_the_reactors(self) -> None:
        call = self.clock.callLater(5, self.note, "a")
        verifyObject(IDelayedCall, call)
        self.assertEqual((call.active(), call.getTime()), (True, 5.0))
        call.delay(5)
        self.assertEqual(call.getTime(), 10.0)
        self.reactor.advance(0.15)
        self.assertEqual(self.seen, [])
        call.reset(1)
        self.reactor.advance(1)
        self.assertEqual(self.seen, [("a", 8.5)])
        self.assertRaises(AlreadyCalled, call.cancel)
        other = self.clock.callLater(1, self.note, "b")
        other.cancel()
        self.assertRaises(AlreadyCancelled, other.cancel)
        self.assertFalse(other.active())

    def test_nothing_is_left_in_the_reactor_when_nothing_is_to_come(self) -> None:
        first, second = self.clock.callLater(5, self.note, "a"), self.clock.callLater(6, self.note, "b")
        first.cancel()
        second.cancel()
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_one_failing_event_is_logged_and_the_rest_goes_on(self) -> None:
        self.clock.callLater(1, lambda: 1 / 0)
        self.clock.callLater(2, self.note, "b")
        self.reactor.advance(1)
        self.assertEqual(self.seen, [("b", 2.0)])
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_speed_must_be_a_speed(self) -> None:
        for speed in (0, -1, float("inf")):
            self.assertRaises(ValueError, CallClock, self.reactor, speed)

    @given(st.integers(0, 10_000), st.floats(0.05, 7.0), st.sampled_from([1.0, 50.0, 3.7]))
    def test_the_same_call_runs_the_same_however_the_reactor_ticks(self, seed: int, tick: float, speed: float) -> None:
        self.assertEqual(_run(seed, tick, speed), _run(seed, 1000.0, 1.0))


def _run(seed: int, tick: float, speed: float) -> list[float]:
    """A storm of calls that make, move and cancel others; when each ran."""
    reactor = Clock()
    clock = CallClock(reactor, speed)
    rng = random.Random(seed)
    ran: list[float] = []
    live = []

    def event() -> None:
        ran.append(clock.seconds())
        if len(ran) < 60:
            for _ in range(rng.randrange(3)):
                live.append(clock.callLater(rng.uniform(0, 3), event))
        movable = [call for call in live if call.active()]
        if movable and rng.random() < 0.3:
            rng.choice(movable).reset(rng.uniform(0, 2))
        if movable and rng.random() < 0.1:
            rng.choice(movable).cancel()

    live.append(clock.callLater(1, event))
    live.append(clock.callLater(1, event))
    for _ in range(20_000):
        if not reactor.getDelayedCalls():
            break
        reactor.advance(tick)
    assert not reactor.getDelayedCalls()
    return ran
