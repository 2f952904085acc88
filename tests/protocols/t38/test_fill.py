"""Fill bits taken out of page data: what is left is the same page."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from sandf.callcontrol.media import Page
from sandf.protocols.t4.bits import REVERSED
from sandf.protocols.t4.codes import BLACK, WHITE
from sandf.protocols.t4.form import Coding, PageForm, Resolution
from sandf.protocols.t4.line import to_line
from sandf.protocols.t38.fill import FillRemoval
from tests.dmsp.papers import decoded
from tests.protocols.t4.pages import image_of, libtiff_strip


def octets_of(bits: str) -> bytes:
    bits += "0" * (-len(bits) % 8)
    return int("1" + bits, 2).to_bytes(len(bits) // 8 + 1, "big")[1:] if bits else b""


def bits_of(octets: bytes) -> str:
    return "".join(f"{octet:08b}" for octet in octets)


def without_fill(octets: bytes, size: int) -> str:
    removal = FillRemoval()
    made = [removal.feed(octets[at : at + size]) for at in range(0, len(octets), size)]
    return bits_of(b"".join(made) + removal.finish())


class FillTests(SynchronousTestCase):
    def test_each_line_end_keeps_its_eleven_zeros_and_three_that_may_be_of_a_code(self) -> None:
        lines = ("1101" + "0" * 30 + "1", "111" + "0" * 11 + "1", "0101" + "0" * 400 + "1")
        expected = "1101" + "0" * 14 + "1" + "111" + "0" * 11 + "1" + "0101" + "0" * 14 + "1"
        for size in (1, 2, 7, 1000):
            self.assertEqual(without_fill(octets_of("".join(lines)), size).rstrip("0"), expected)

    def test_no_code_ends_with_more_zeros(self) -> None:
        ends = [len(code) - len(code.rstrip("0")) for table in (WHITE, BLACK) for code in table.values()]
        self.assertEqual(max(ends), 3)

    def test_libtiff_reads_the_same_page(self) -> None:
        """Rows of one black run that ends everywhere, and at the edge."""
        rows = [[left, 1728] if left % 2 else [left, left + 9, 1728] for left in range(1, 1700)]
        for coding in (Coding.MH, Coding.MR):
            sent = to_line(libtiff_strip(image_of(rows), coding), coding, 1728, min_bits=288)
            octets = FillRemoval().feed(sent.translate(REVERSED)).translate(REVERSED)
            self.assertLess(len(octets), len(sent) // 2)
            page = Page(
                number=1, form=PageForm(coding=coding, resolution=Resolution.FINE), rows=len(rows), octets=octets
            )
            self.assertEqual(decoded(page).tobytes(), image_of(rows).tobytes(), coding)

    def test_zeros_behind_the_page_stay(self) -> None:
        bits = "1" * 16 + "0" * 64
        self.assertEqual(without_fill(octets_of(bits), 3), bits)

    @given(st.lists(st.tuples(st.text("01", min_size=1, max_size=9), st.integers(0, 60))), st.integers(1, 9))
    def test_any_page_in_any_pieces(self, parts: list[tuple[str, int]], size: int) -> None:
        octets = octets_of("".join(bits + "0" * zeros for bits, zeros in parts))
        whole = bits_of(octets)
        kept = whole.rstrip("0")
        expected = re.sub("0{15,}1", "0" * 14 + "1", kept) + whole[len(kept) :]
        expected += "0" * (-len(expected) % 8)
        self.assertEqual(without_fill(octets, size), expected)
