"""What the Python interpreter does on its own account, kept from holding up calls (design law 9).

Threads: one that computes in Python gives way when another wants to run, but only so often.  The reactor lets go of the
interpreter with each datagram, and would wait that long for each of them.

Garbage: to look for cycles among all objects of some hundred calls takes 0.2 s, in which no packet leaves.  Calls leave
next to nothing in cycles, so all objects are looked through when no call is up, or after :data:`LONGEST` all the same.
Young ones are looked through as ever.

What this module does not do: workers, which are processes of their own.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable

from twisted.application.service import Service
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall

SWITCH = 0.0005
"""Seconds that a thread may compute while another waits; Python's own value is ten times that."""
NEVER = 1 << 30
LOOK_EVERY = 60.0
"""Seconds."""
LONGEST = 6 * 3600.0
"""Seconds without a moment of rest after which calls have to wait."""


class Interpreter(Service):
    """Sets it up when it starts, and back when it stops; *calls* are how many are up."""

    def __init__(self, *, calls: Callable[[], int], clock: IReactorTime) -> None:
        self._calls = calls
        self._clock = clock
        self._loop = LoopingCall(self._look)
        self._loop.clock = clock
        self._collected_at = 0.0
        self._were = gc.get_threshold(), sys.getswitchinterval()

    def startService(self) -> None:
        """From now on; what is there already stays for good, and is never looked through again."""
        self.running = True
        self._were = gc.get_threshold(), sys.getswitchinterval()
        sys.setswitchinterval(SWITCH)
        gc.collect()
        gc.freeze()
        young, younger, _ = gc.get_threshold()
        gc.set_threshold(young, younger, NEVER)
        self._collected_at = self._clock.seconds()
        self._loop.start(LOOK_EVERY, now=False)

    def stopService(self) -> None:
        """As it was."""
        self.running = False
        if self._loop.running:
            self._loop.stop()
        thresholds, interval = self._were
        gc.set_threshold(*thresholds)
        gc.unfreeze()
        sys.setswitchinterval(interval)

    def _look(self) -> None:
        """Collect, if nobody has to wait for it."""
        now = self._clock.seconds()
        if not self._calls() or now - self._collected_at > LONGEST:
            gc.collect()
            self._collected_at = now
