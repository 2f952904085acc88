"""The interpreter's own work: garbage is looked for when no call is up, and threads give way sooner."""

from __future__ import annotations

import gc
import sys
import weakref

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from sandf.tap.interpreter import LONGEST, LOOK_EVERY, Interpreter


class Ring:
    """Something that holds on to itself."""

    def __init__(self) -> None:
        self.ring = self


class InterpreterTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.calls = 0
        self.clock = Clock()
        self.interpreter = Interpreter(calls=lambda: self.calls, clock=self.clock)
        self.before = gc.get_threshold(), sys.getswitchinterval()
        self.interpreter.startService()
        self.addCleanup(self.stop)

    def stop(self) -> None:
        if self.interpreter.running:
            self.interpreter.stopService()

    def test_old_garbage_waits_until_no_call_is_up(self) -> None:
        self.calls = 1
        ring = weakref.ref(Ring())
        gc.collect(1)  # what is young is looked through at any time; move nothing else
        old = Ring()
        gc.collect(1)
        kept = weakref.ref(old)
        del old
        self.clock.pump([LOOK_EVERY] * 3)
        self.assertIsNone(ring())
        self.assertIsNotNone(kept())
        self.calls = 0
        self.clock.advance(LOOK_EVERY)
        self.assertIsNone(kept())

    def test_calls_do_not_put_it_off_for_ever(self) -> None:
        self.calls = 1
        old = Ring()
        gc.collect(1)
        kept = weakref.ref(old)
        del old
        self.clock.pump([LOOK_EVERY] * (int(LONGEST / LOOK_EVERY) + 2))
        self.assertIsNone(kept())

    def test_it_leaves_everything_as_it_was(self) -> None:
        self.assertLess(sys.getswitchinterval(), self.before[1])
        self.interpreter.stopService()
        self.assertEqual((gc.get_threshold(), sys.getswitchinterval()), self.before)
        self.assertEqual(gc.get_freeze_count(), 0)
        self.assertEqual(self.clock.getDelayedCalls(), [])
