"""Pages with fill for a minimum scan line time, as the far terminal's decoder sees them: pixel for pixel."""

from __future__ import annotations

import io

from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from twisted.trial.unittest import SynchronousTestCase

from sandf.protocols.t4.bits import to_bits, to_octets
from sandf.protocols.t4.codes import EOFB
from sandf.protocols.t4.encode import encode
from sandf.protocols.t4.form import Coding, PageForm, Paper, Resolution
from sandf.protocols.t4.line import to_line
from sandf.protocols.t30.events import OutgoingPage
from sandf.protocols.t30.picture import ScanLineTime
from sandf.protocols.t30.settings import TerminalSettings
from sandf.protocols.tifffx.writer import StripPage, write
from tests.protocols.t4.pages import drawn_rows, image_of

from .line import Line

PROFILE = settings(deadline=None, derandomize=True, max_examples=40)
Rows = list[list[int]]


def received(strip: bytes, form: PageForm, time: ScanLineTime, rate: int = 14400, *, ecm: bool = False) -> bytes:
    """What the called terminal is left with when the page *strip* is sent to it."""
    page = OutgoingPage(octets=strip, form=form)
    caller = TerminalSettings(max_bit_rate=rate)
    line = Line(caller, TerminalSettings(ecm=ecm, scan_line_time=time), pages=[page]).run()
    assert line.caller.host.outcome == line.called.host.outcome == "COMPLETED", line.trace
    (page_received,) = line.called.host.received
    assert page_received.complete
    return page_received.octets


def decoded(octets: bytes, coding: Coding, rows: Rows) -> bytes:
    """The pixels that libtiff finds in *octets* just as they came over the line."""
    width = rows[0][-1]
    strip = StripPage(coding=coding, width=width, rows=len(rows), x_resolution=204, y_resolution=196, octets=octets)
    with Image.open(io.BytesIO(write([strip]))) as image:
        return image.tobytes()


def rows_that_end_in_zeros(width: int) -> Rows:
    """Rows whose last run has a code word that ends in zeros: white 3 and 20, black 18, make-up codes."""
    ends = [3, 20, 39, 8, 29, 61, 18, 17, 16, 15, 64 + 3, 1792 % width + 3]
    return [[*start, width - end, width] for end in ends for start in ([], [0], [5, 9], [0, 7, 30])]


class Fill(SynchronousTestCase):
    def check(self, rows: Rows, coding: Coding, time: ScanLineTime, rate: int) -> None:
        form = PageForm(coding=coding, resolution=Resolution.FINE, paper=Paper(rows[0][-1]))
        octets = received(encode(rows, coding), form, time, rate)
        self.assertEqual(decoded(octets, coding, rows), image_of(rows).tobytes(), (coding, time, rate, rows[0][-1]))

    def test_rows_whose_last_code_ends_in_zeros(self) -> None:
        for paper in Paper:
            for coding in (Coding.MH, Coding.MR):
                for rate in (2400, 14400):
                    for time in (ScanLineTime.MS_10, ScanLineTime.MS_20, ScanLineTime.MS_0):
                        self.check(rows_that_end_in_zeros(paper.value), coding, time, rate)

    @PROFILE
    @given(
        st.integers(0, 10_000),
        st.sampled_from(Paper),
        st.sampled_from([Coding.MH, Coding.MR]),
        st.sampled_from([ScanLineTime.MS_10, ScanLineTime.MS_20]),
        st.sampled_from([4800, 14400]),
    )
    def test_any_rows(self, seed: int, paper: Paper, coding: Coding, time: ScanLineTime, rate: int) -> None:
        self.check(drawn_rows(seed, paper.value, 40), coding, time, rate)

    def test_fill_is_not_for_ecm(self) -> None:
        strip = encode(drawn_rows(3, 1728, 20), Coding.MR)
        form = PageForm(coding=Coding.MR, resolution=Resolution.FINE)
        octets = received(strip, form, ScanLineTime.MS_40, ecm=True)
        self.assertEqual(octets.rstrip(b"\0"), to_line(strip, Coding.MR, 1728).rstrip(b"\0"))

    def test_mmr_has_one_eofb_right_behind_its_last_row(self) -> None:
        form = PageForm(coding=Coding.MMR, resolution=Resolution.FINE)
        for seed in range(8):
            strip = encode(drawn_rows(seed, 1728, 20), Coding.MMR)
            bits = to_bits(strip).rstrip("0")
            bare = to_octets(bits.removesuffix(EOFB))
            for sent in (strip, strip + bytes(2), bare):
                octets = received(sent, form, ScanLineTime.MS_20, ecm=True)
                self.assertEqual(to_bits(octets).rstrip("0"), bits)
