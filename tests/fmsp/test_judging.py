"""Judging a page while it comes in."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from sandf.fmsp.judging import PageJudge
from sandf.protocols.t4.form import Coding, PageForm, Resolution
from sandf.protocols.t4.line import to_line
from sandf.protocols.t30.capabilities import Parameters
from sandf.protocols.t30.picture import Length
from sandf.protocols.t30.pump import Modulation
from sandf.protocols.t30.settings import CopyQuality
from tests.protocols.t4.pages import drawn_rows, image_of, libtiff_strip

PARAMETERS = Parameters(
    modulation=Modulation.V17_14400,
    ecm=False,
    form=PageForm(coding=Coding.MH, resolution=Resolution.FINE),
    length=Length.UNLIMITED,
    scan_line_ms=0,
)


class PageJudgeTests(SynchronousTestCase):
    def setUp(self) -> None:
        page = to_line(libtiff_strip(image_of(drawn_rows(3, 1728, 100)), Coding.MH), Coding.MH, 1728)
        spoilt = bytearray(page)
        for at in range(len(page) // 2, len(page) // 2 + 100):
            spoilt[at] ^= 0x5A
        self.octets = bytes(spoilt)

    def judged(self, *pieces: bytes, judge: PageJudge | None = None) -> CopyQuality:
        judge = judge or PageJudge()
        judge.begin(PARAMETERS)
        for piece in pieces:
            judge.feed(piece)
        return judge.judge()

    def test_in_pieces_as_in_one(self) -> None:
        whole = self.judged(self.octets)
        self.assertTrue(0 < whole.bad_rows < 50 and 90 < whole.rows <= 101, whole)
        pieces = [self.octets[at : at + 100] for at in range(0, len(self.octets), 100)]
        self.assertEqual(self.judged(*pieces), whole)

    def test_a_carrier_that_brought_nothing_is_forgotten(self) -> None:
        judge = PageJudge()
        judge.feed(b"before it began")
        judge.begin(PARAMETERS)
        judge.feed(b"noise")
        self.assertEqual(self.judged(self.octets, judge=judge), self.judged(self.octets))

    def test_first_pages_may_be_called_unreadable(self) -> None:
        judge = PageJudge(rejected=1)
        first = self.judged(self.octets, judge=judge)
        self.assertEqual(first.bad_rows, first.rows)
        self.assertEqual(self.judged(self.octets, judge=judge), self.judged(self.octets))
