"""Our T.30 against that of libspandsp, over T.38 packets in memory and in virtual time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from sandf.callcontrol.media import Page
from sandf.fmsp.settings import FaxSettings
from sandf.protocols.t4.encode import packed
from sandf.protocols.t4.form import Coding
from sandf.protocols.t4.walk import walk
from sandf.protocols.t30.outcomes import Outcome
from tests.peers.spandsp import MISSING
from tests.peers.spandsp_calls import OURS, Call, Picture, pictures_in
from tests.protocols.t4.pages import drawn_rows

PAGES = 3
ROWS = 300


class SpandspTests(SynchronousTestCase):
    if MISSING:
        skip = MISSING

    def setUp(self) -> None:
        self.pictures = [Picture(drawn_rows(seed, 1728, ROWS)) for seed in range(PAGES)]

    def call(self, ecm: bool) -> Call:
        folder = Path(self.mktemp())
        folder.mkdir()
        return Call(folder, ecm=ecm)

    def assertEnded(self, call: Call, coding: Coding, ecm: bool) -> None:
        self.assertEqual((call.outcome, call.spandsp.result), (Outcome.COMPLETED, "OK"))
        self.assertEqual(call.spandsp.heard_ident, OURS)
        self.assertEqual(call.clock.getDelayedCalls(), [])
        parameters = call.negotiated[-1]
        self.assertEqual((parameters.form.coding, parameters.ecm), (coding, ecm))

    def we_send(self, coding: Coding, ecm: bool) -> None:
        call = self.call(ecm)
        call.send(self.pictures, FaxSettings(ecm=ecm, codings=(coding,)))
        self.assertEnded(call, coding, ecm)
        self.assertEqual((call.confirmations.pages, call.confirmations.refusals), ([1, 2, 3], []))
        for picture, (image, _) in zip(self.pictures, pictures_in(call.tiff), strict=True):
            self.assertEqual(image.tobytes(), picture.image.tobytes())

    def we_receive(self, coding: Coding, ecm: bool, store_seconds: float = 0.0) -> Call:
        call = self.call(ecm)

        def store(page: Page, stored: Callable[[bool], None]) -> None:
            if store_seconds:
                call.clock.callLater(store_seconds, stored, True)
            else:
                stored(True)

        call.receive(self.pictures, FaxSettings(ecm=ecm, codings=(coding,)), store=store)
        self.assertEnded(call, coding, ecm)
        self.assertEqual(call.last, [False, False, True])
        for picture, page in zip(self.pictures, call.pages, strict=True):
            lines = walk(page.octets, page.form.coding, page.form.width, keep=True)
            assert lines.changes is not None
            self.assertEqual((lines.rows, lines.bad, page.bad_rows), (ROWS, 0, 0))
            self.assertEqual(b"".join(map(packed, lines.changes)), b"".join(map(packed, picture.rows)))
        return call

    def test_receiver_not_ready_while_the_store_is_slow(self) -> None:
        call = self.we_receive(Coding.MMR, True, store_seconds=7.0)
        self.assertIn("RNR", call.texts)
        self.assertIn("RR", call.texts)

    def test_without_ecm_the_answer_waits_for_the_store(self) -> None:
        call = self.we_receive(Coding.MR, False, store_seconds=4.5)
        self.assertEqual(call.texts.count("MPS"), 4)

    def test_a_page_that_is_not_stored_is_not_confirmed(self) -> None:
        for ecm in (True, False):
            call = self.call(ecm)
            settings = FaxSettings(ecm=ecm, codings=(Coding.MR,))
            call.receive(self.pictures, settings, store=lambda page, stored: stored(False))
            self.assertIs(call.outcome, Outcome.STORE_REFUSED)
            self.assertNotEqual(call.spandsp.result, "OK")
            self.assertNotIn("MCF", call.texts)

    def test_we_send_mh_with_ecm(self) -> None:
        self.we_send(Coding.MH, True)

    def test_we_send_mr_with_ecm(self) -> None:
        self.we_send(Coding.MR, True)

    def test_we_send_mmr_with_ecm(self) -> None:
        self.we_send(Coding.MMR, True)

    def test_we_send_mh_without_ecm(self) -> None:
        self.we_send(Coding.MH, False)

    def test_we_send_mr_without_ecm(self) -> None:
        self.we_send(Coding.MR, False)

    def test_we_receive_mh_with_ecm(self) -> None:
        self.we_receive(Coding.MH, True)

    def test_we_receive_mr_with_ecm(self) -> None:
        self.we_receive(Coding.MR, True)

    def test_we_receive_mmr_with_ecm(self) -> None:
        self.we_receive(Coding.MMR, True)

    def test_we_receive_mh_without_ecm(self) -> None:
        self.we_receive(Coding.MH, False)

    def test_we_receive_mr_without_ecm(self) -> None:
        self.we_receive(Coding.MR, False)
