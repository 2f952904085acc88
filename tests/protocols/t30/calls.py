"""What the tests of whole calls share."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from sandf.protocols.t4.line import to_line
from sandf.protocols.t30 import events
from sandf.protocols.t30.settings import TerminalSettings

from .line import Impairment, Line

CALLER = TerminalSettings(ident="+1 555 0100")
CALLED = TerminalSettings(ident="+1 555 0200")


settings = TerminalSettings


def all_of(*impairments: Impairment) -> Impairment:
    def impair(sender: str, name: str, octets: bytes) -> list[tuple[bytes, bool]]:
        arriving = [(octets, True)]
        for impairment in impairments:
            result = list(impairment(sender, name, octets))
            if result != [(octets, True)]:
                arriving = result
        return arriving

    return impair


class CallTestCase(SynchronousTestCase):
    def check(
        self, line: Line, pages: list[events.OutgoingPage], outcomes: tuple[str, str] = ("COMPLETED",) * 2
    ) -> None:
        """Both ended so, released, and the pages arrived exactly once and whole."""
        self.assertEqual((line.caller.host.outcome, line.called.host.outcome), outcomes, "\n".join(line.trace))
        self.assertTrue(line.caller.released and line.called.released)
        received = line.called.host.received
        self.assertEqual(len(received), len(pages))
        for sent, got in zip(pages, received, strict=True):
            expected = to_line(sent.octets, sent.form.coding, sent.form.width)
            # RTC begins with fill where the last line ends within an octet: compare what a decoder sees.
            self.assertEqual(got.octets.rstrip(b"\0"), expected.rstrip(b"\0"))
            self.assertTrue(got.complete)
            self.assertEqual(got.parameters.form, sent.form)
