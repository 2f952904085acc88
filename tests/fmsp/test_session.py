"""What a session writes to the log."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.task import Clock
from twisted.logger import ILogObserver, LogEvent, formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from sandf import logs
from sandf.callcontrol.media import LineClock
from sandf.fmsp.session import FaxSession
from sandf.protocols.t30 import pump
from sandf.protocols.t30.settings import Intention, Role, TerminalSettings
from sandf.protocols.t30.terminal import Terminal
from tests.fmsp.real_time import RealTime


class Silent:
    """A bearer that transmits everything at once, and on which nothing is heard."""

    def __init__(self, reactor: Clock) -> None:
        self.clock: LineClock = RealTime(reactor)

    def attach(self, receiver: Callable[[pump.Signal], None]) -> None:
        self._receiver = receiver

    def carry_out(self, command: pump.Command) -> None:
        if isinstance(command, pump.SendTone | pump.SendFrames | pump.SendSilence):
            self.clock.callLater(0.1, self._receiver, pump.Transmitted())


class LogTests(SynchronousTestCase):
    def lines(self, level: str) -> list[str]:
        """What is logged in 5 s of a called terminal that nobody answers."""
        found: list[str] = []

        @implementer(ILogObserver)
        def observe(event: LogEvent) -> None:
            text = formatEvent(event)
            if text.startswith("t30("):
                found.append(text)

        logs.set_level(level)
        self.addCleanup(logs.set_level, "info")
        globalLogPublisher.addObserver(observe)
        self.addCleanup(globalLogPublisher.removeObserver, observe)
        reactor = Clock()
        session = FaxSession(
            name="C7",
            terminal=Terminal(TerminalSettings(), role=Role.CALLED, intention=Intention.RECEIVE),
            bearer=Silent(reactor),
            told=lambda event: None,
            failed=self.fail,
        )
        session.begin()
        reactor.pump([0.1] * 50)
        session.stop()
        self.assertEqual(reactor.getDelayedCalls(), [])
        return found

    def test_transitions(self) -> None:
        lines = self.lines("debug")
        self.assertEqual(lines[0], "t30(C7){IDLE}: STARTED -> DIS_SENT (T4, 3 s)")
        self.assertIn("t30(C7){DIS_SENT}: NO_REPLY -> DIS_SENT (T4, 3 s)", lines)

    def test_nothing_is_said_above_debug(self) -> None:
        self.assertEqual(self.lines("info"), [])
