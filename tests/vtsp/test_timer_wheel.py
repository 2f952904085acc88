"""The timer wheel: nothing early, nothing twice, nothing forgotten, and the reactor gets its turn."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.error import AlreadyCalled, AlreadyCancelled
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from sandf.vtsp.timer_wheel import SLOTS, TICK, TimerWheel


class WheelTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.reactor = Clock()
        self.reactor.advance(1234.567)
        self.wheel = TimerWheel(self.reactor)
        self.fired: list[tuple[float, str]] = []

    def later(self, seconds: float, name: str) -> None:
        due = self.reactor.seconds() + seconds
        self.wheel.callLater(seconds, lambda: self.fired.append((self.reactor.seconds() - due, name)))

    def run_for(self, seconds: float, step: float = 0.001) -> None:
        for _ in range(round(seconds / step)):
            self.reactor.advance(step)

    def test_nothing_is_early_and_nothing_late_by_two_ticks(self) -> None:
        times = (0.0, 0.001, 0.0099, 0.01, 0.0101, 0.3, 1.0, SLOTS * TICK - 0.001, SLOTS * TICK, 25.0)
        for seconds in times:
            self.later(seconds, str(seconds))
        self.run_for(26.0)
        self.assertEqual([name for _, name in self.fired], [str(seconds) for seconds in times])
        for late, name in self.fired:
            self.assertTrue(-1e-6 <= late < 2 * TICK, (late, name))
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_one_call_of_the_reactor_serves_all(self) -> None:
        for number in range(100):
            self.later(0.5 + number / 100, str(number))
        self.assertEqual(len(self.reactor.getDelayedCalls()), 1)
        self.run_for(2.0)
        self.assertEqual(len(self.fired), 100)

    def test_cancelled(self) -> None:
        entry = self.wheel.callLater(0.5, self.fail)
        self.assertTrue(entry.active())
        entry.cancel()
        self.assertFalse(entry.active())
        self.assertEqual(self.reactor.getDelayedCalls(), [])
        self.assertRaises(AlreadyCancelled, entry.cancel)
        self.run_for(1.0)
        done = self.wheel.callLater(0.01, lambda: None)
        self.run_for(1.0)
        self.assertRaises(AlreadyCalled, done.cancel)

    def test_moved(self) -> None:
        began = self.reactor.seconds()
        times: list[float] = []
        note: Callable[[], None] = lambda: times.append(round(self.reactor.seconds() - began, 1))  # noqa: E731
        further = self.wheel.callLater(1.0, note)
        nearer = self.wheel.callLater(20.0, note)
        twice = self.wheel.callLater(5.0, note)
        further.delay(1.0)
        nearer.reset(0.5)
        twice.reset(1.0)
        twice.reset(3.0)
        self.assertEqual(round(further.getTime() - began, 1), 2.0)
        self.run_for(30.0, 0.01)
        self.assertEqual(times, [0.5, 2.0, 3.0])

    def test_one_that_fails_hurts_nobody(self) -> None:
        self.wheel.callLater(0.1, lambda: 1 / 0)
        self.later(0.1, "other")
        self.run_for(0.3)
        self.assertEqual(len(self.fired), 1)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_after_a_stall_all_run_in_order(self) -> None:
        for seconds in (3.0, 1.0, 2.0, 15.0):
            self.later(seconds, str(seconds))
        self.reactor.advance(30.0)
        for _ in range(10):
            self.reactor.advance(0.0)
        self.assertEqual([name for _, name in self.fired], ["1.0", "2.0", "3.0", "15.0"])

    def test_within_a_tick_the_earlier_one_is_first(self) -> None:
        for seconds in (0.5049, 0.5041, 0.5045):
            self.later(seconds, str(seconds))
        self.run_for(1.0, 0.01)
        self.assertEqual([name for _, name in self.fired], ["0.5041", "0.5045", "0.5049"])

    def test_what_is_cancelled_takes_no_room(self) -> None:
        for number in range(30_000):
            self.wheel.callLater(0.5 + 12.0 * (number % 2), self.fail).cancel()
            if not number % 3:
                self.reactor.advance(0.02)
        kept = sum(map(len, self.wheel._slots)) + sum(map(len, self.wheel._far.values()))
        self.assertLess(kept, 2_000)
        self.later(20.0, "later")
        self.wheel.callLater(0.1, self.wheel.callLater(15.0, self.fail).cancel)
        self.run_for(30.0, 0.01)
        self.assertEqual(self.wheel._far, {})
        self.assertEqual([name for _, name in self.fired], ["later"])

    def test_the_reactor_gets_its_turn(self) -> None:
        passes: list[float] = []
        original = self.reactor.callLater

        def counted(delay: float, call: Callable[..., object], *args: object, **kwargs: object) -> IDelayedCall:
            passes.append(delay)
            return original(delay, call, *args, **kwargs)

        self.patch(self.reactor, "callLater", counted)
        for _ in range(20):
            self.wheel.callLater(0.1, lambda: self.reactor.advance(0.001))
        self.run_for(0.3)
        self.assertGreaterEqual(passes.count(0.0), 3)  # 20 ms of work, 5 ms at a time
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_what_is_asked_for_meanwhile(self) -> None:
        count = 0

        def again() -> None:
            nonlocal count
            count += 1
            if count < 100:
                self.wheel.callLater(0.02, again)

        again()
        self.run_for(4.0)
        self.assertEqual(count, 100)

    @given(st.lists(st.tuples(st.floats(0, 40), st.sampled_from(["keep", "cancel", "nearer", "further"])), max_size=30))
    def test_any_mixture(self, plan: list[tuple[float, str]]) -> None:
        reactor = Clock()
        wheel = TimerWheel(reactor)
        fired: list[tuple[float, int]] = []
        due: dict[int, float] = {}
        for number, (seconds, what) in enumerate(plan):
            entry = wheel.callLater(seconds, lambda number=number: fired.append((reactor.seconds(), number)))
            due[number] = seconds
            if what == "cancel":
                entry.cancel()
                del due[number]
            elif what == "nearer":
                entry.reset(seconds / 2)
                due[number] = seconds / 2
            elif what == "further":
                entry.delay(7.0)
                due[number] = seconds + 7.0
        while reactor.seconds() < 50.0:
            reactor.advance(0.05)
        self.assertEqual(sorted(number for _, number in fired), sorted(due))
        for at, number in fired:
            self.assertTrue(due[number] - 1e-6 <= at <= due[number] + 0.12, (at, due[number]))
        self.assertEqual(reactor.getDelayedCalls(), [])
