"""Two fax legs through the virtual exchange."""

from __future__ import annotations

from sandf import causes
from sandf.callcontrol.primitives import FaxSend
from sandf.fmsp.settings import FaxSettings
from sandf.protocols.t4.form import Coding
from tests.fmsp.world import World, WorldCase, document


class TwoEndsTests(WorldCase):
    def exchange(self, coding: Coding, ecm: bool, pages: int) -> None:
        self.world = World(settings=FaxSettings(ecm=ecm, codings=(coding,)))
        sent = document(1, pages)
        fax = self.world.send("100", sent)
        self.world.run()
        [received] = self.world.received
        self.assertEqual((fax.cause, received.cause), (causes.DELIVERED, causes.RECEIVED))
        self.assertEqual(received.pages, sent)

    def test_mmr_with_ecm(self) -> None:
        for pages in (1, 3, 10):
            self.exchange(Coding.MMR, True, pages)

    def test_mr_with_ecm(self) -> None:
        for pages in (1, 3, 10):
            self.exchange(Coding.MR, True, pages)

    def test_mh_with_ecm(self) -> None:
        for pages in (1, 3, 10):
            self.exchange(Coding.MH, True, pages)

    def test_mr_without_ecm(self) -> None:
        for pages in (1, 3, 10):
            self.exchange(Coding.MR, False, pages)

    def test_mh_without_ecm(self) -> None:
        for pages in (1, 3, 10):
            self.exchange(Coding.MH, False, pages)

    def test_mmr_without_ecm_becomes_mr(self) -> None:
        sent = document(1, 2)
        fax = self.world.send("100", sent, setup=FaxSend(ecm=False))
        self.world.run()
        self.assertIs(fax.cause, causes.DELIVERED)
        self.assertEqual({form.coding for form in self.world.made[0].forms}, {Coding.MR})
        self.assertEqual(self.world.received[0].pages, sent)
