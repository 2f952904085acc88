"""The level below which nothing is written."""

from __future__ import annotations

from twisted.logger import ILogObserver, LogEvent, LogLevel, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from sandf import logs


class Talker:
    log = logs.Logger()


class LevelTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.written: list[str] = []

        @implementer(ILogObserver)
        def observer(event: LogEvent) -> None:
            self.written.append(str(event["log_format"]))

        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)
        self.addCleanup(logs.set_level, "info")

    def talk(self) -> list[str]:
        Talker().log.debug("a frame")
        Talker().log.info("a call")
        Talker().log.error("a loss")
        written, self.written = self.written, []
        return written

    def test_levels(self) -> None:
        self.assertEqual(self.talk(), ["a call", "a loss"])
        self.assertFalse(logs.is_written(LogLevel.debug))
        logs.set_level("debug")
        self.assertEqual(self.talk(), ["a frame", "a call", "a loss"])
        self.assertTrue(logs.is_written(LogLevel.debug))
        logs.set_level("error")
        self.assertEqual(self.talk(), ["a loss"])

    def test_logger_is_named_after_its_class(self) -> None:
        self.assertEqual(Talker().log.namespace, f"{__name__}.Talker")
