"""Fill bits taken out of page data: what is left is the same page."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from sandf.protocols.t38.fill import FillRemoval


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
    def test_each_line_end_keeps_its_eleven_zeros(self) -> None:
        lines = ("1101" + "0" * 30 + "1", "111" + "0" * 11 + "1", "0101" + "0" * 400 + "1")
        expected = "1101" + "0" * 11 + "1" + "111" + "0" * 11 + "1" + "0101" + "0" * 11 + "1"
        for size in (1, 2, 7, 1000):
            self.assertEqual(without_fill(octets_of("".join(lines)), size).rstrip("0"), expected)

    def test_zeros_behind_the_page_stay(self) -> None:
        bits = "1" * 16 + "0" * 64
        self.assertEqual(without_fill(octets_of(bits), 3), bits)

    @given(st.lists(st.tuples(st.text("01", min_size=1, max_size=9), st.integers(0, 60))), st.integers(1, 9))
    def test_any_page_in_any_pieces(self, parts: list[tuple[str, int]], size: int) -> None:
        octets = octets_of("".join(bits + "0" * zeros for bits, zeros in parts))
        whole = bits_of(octets)
        kept = whole.rstrip("0")
        expected = re.sub("0{12,}1", "0" * 11 + "1", kept) + whole[len(kept) :]
        expected += "0" * (-len(expected) % 8)
        self.assertEqual(without_fill(octets, size), expected)
