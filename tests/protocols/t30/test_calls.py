"""Whole calls between two terminals on a line in virtual time."""

from __future__ import annotations

from collections.abc import Callable

from twisted.trial.unittest import SynchronousTestCase

from sandf.protocols.t30 import events, pump
from sandf.protocols.t30.message import finish
from sandf.protocols.t30.picture import Coding, Resolution, Width
from sandf.protocols.t30.pump import Modulation
from sandf.protocols.t30.settings import CopyQuality, Intention, RtnPolicy, TerminalSettings
from sandf.protocols.t30.timers import Timer

from .line import Host, Impairment, Line, Nth, page

CALLER = TerminalSettings(ident="+1 555 0100")
CALLED = TerminalSettings(ident="+1 555 0200")


def settings(**changes: object) -> TerminalSettings:
    return TerminalSettings(**changes)  # type: ignore[arg-type]


def all_of(*impairments: Nth) -> Impairment:
    def impair(sender: str, name: str, octets: bytes) -> list[tuple[bytes, bool]]:
        arriving = [(octets, True)]
        for impairment in impairments:
            result = list(impairment(sender, name, octets))
            if result != [(octets, True)]:
                arriving = result
        return arriving

    return impair


class Calls(SynchronousTestCase):
    def check(
        self, line: Line, pages: list[events.OutgoingPage], outcomes: tuple[str, str] = ("COMPLETED",) * 2
    ) -> None:
        """Both ended so, released, and the pages arrived exactly once and whole."""
        self.assertEqual((line.caller.host.outcome, line.called.host.outcome), outcomes, "\n".join(line.trace))
        self.assertTrue(line.caller.released and line.called.released)
        received = line.called.host.received
        self.assertEqual(len(received), len(pages))
        for sent, got in zip(pages, received, strict=True):
            expected = finish(sent.octets, sent.coding, ecm=True, bit_rate=14400, scan_line_ms=0)
            # RTC begins with fill where the last line ends within an octet: compare what a decoder sees.
            self.assertEqual(got.octets.rstrip(b"\0"), expected.rstrip(b"\0"))
            self.assertTrue(got.complete)
            self.assertEqual((got.parameters.coding, got.parameters.resolution, got.parameters.width), sent.form)

    def test_ecm(self) -> None:
        for coding in Coding:
            for count in (1, 2, 10):
                pages = [page(2000, coding=coding, seed=seed) for seed in range(count)]
                line = Line(CALLER, CALLED, pages=pages).run()
                self.check(line, pages)
                self.assertEqual(line.called.host.of(events.Identified)[0].ident, "+1 555 0100")  # type: ignore[attr-defined]

    def test_without_ecm(self) -> None:
        for coding in (Coding.MH, Coding.MR):
            for count in (1, 2, 10):
                pages = [page(2000, coding=coding, seed=seed) for seed in range(count)]
                line = Line(CALLER, settings(ecm=False), pages=pages).run()
                self.check(line, pages)

    def test_many_blocks(self) -> None:
        pages = [page(50_000), page(100)]
        line = Line(CALLER, settings(frame_octets=64), pages=pages).run()
        self.check(line, pages)
        self.assertEqual([name for name in line.caller.frames if name.startswith("PPS")].count("PPS-NULL"), 3)
