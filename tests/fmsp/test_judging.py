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

    def test_in_pieces_as_in_one(self) -> None:
        whole = PageJudge().judge(self.octets, PARAMETERS)
        self.assertTrue(0 < whole.bad_rows < 50 and 90 < whole.rows <= 101, whole)
        judge = PageJudge()
        judge.begin(PARAMETERS)
        for at in range(0, len(self.octets), 100):
            judge.feed(self.octets[at : at + 100])
        self.assertEqual(judge.judge(self.octets, PARAMETERS), whole)

    def test_what_was_fed_is_not_walked_again(self) -> None:
        judge = PageJudge()
        judge.begin(PARAMETERS)
        judge.feed(bytes(len(self.octets)))
        self.assertEqual(judge.judge(self.octets, PARAMETERS).rows, 0)

    def test_another_page_than_was_fed_is_judged_by_itself(self) -> None:
        judge = PageJudge()
        judge.feed(b"before it began")
        judge.begin(PARAMETERS)
        judge.feed(b"something else")
        found = judge.judge(self.octets, PARAMETERS)
        self.assertIsInstance(found, CopyQuality)
        self.assertEqual(found, PageJudge().judge(self.octets, PARAMETERS))
