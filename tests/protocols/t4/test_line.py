"""Coded pages as they go over the line and as TIFF strips hold them; the verdict on received ones."""

from __future__ import annotations

import re
import time
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from sandf.protocols.t4.bits import to_bits, to_octets
from sandf.protocols.t4.codes import EOFB, EOL, RTC_MH, RTC_MR
from sandf.protocols.t4.encode import encode
from sandf.protocols.t4.form import Coding, Resolution
from sandf.protocols.t4.line import min_line_bits, repaired, split, to_line, to_strip, with_eofb
from sandf.protocols.t4.quality import Response, Thresholds, judge
from sandf.protocols.t4.walk import walk
from tests.protocols.t4.pages import drawn_rows, image_of, libtiff_strip

BOUNDED = settings(deadline=None, derandomize=True, max_examples=60)


class Bits(SynchronousTestCase):
    def test_the_first_bit_is_the_least_significant(self) -> None:
        self.assertEqual(to_bits(b"\x01\x80"), "1000000000000001")
        self.assertEqual(to_bits(b"\x80", msb_first=True), "10000000")
        self.assertEqual(to_octets("1"), b"\x01")
        self.assertEqual(to_octets("1", msb_first=True), b"\x80")
        self.assertEqual((to_bits(b""), to_octets("")), ("", b""))

    @BOUNDED
    @given(st.binary(), st.booleans())
    def test_back_again(self, octets: bytes, msb_first: bool) -> None:
        self.assertEqual(to_octets(to_bits(octets, msb_first=msb_first), msb_first=msb_first), octets)


class OnTheLine(SynchronousTestCase):
    def test_every_line_takes_the_minimum_scan_line_time(self) -> None:
        rows = drawn_rows(1, 1728, 80)
        for coding, tag in ((Coding.MH, 0), (Coding.MR, 1)):
            strip = libtiff_strip(image_of(rows), coding)
            for milliseconds, rate in ((20, 14400), (10, 9600), (5, 2400), (40, 4800), (0, 14400)):
                least = min_line_bits(milliseconds, rate)
                bits = to_bits(to_line(strip, coding, 1728, min_bits=least))
                ends = [match.end() + tag for match in re.finditer("0{11,}1", bits)][: len(rows) + 1]
                lengths = [b - a for a, b in pairwise(ends)]
                self.assertEqual(len(lengths), 80)
                self.assertGreaterEqual(min(lengths) * 1000 / rate, milliseconds)
                plain = [len(line) + 12 for line in split(strip, coding)]
                self.assertEqual(sum(lengths), sum(max(least, length) for length in plain))

    def test_minimum_scan_line_bits(self) -> None:
        self.assertEqual(min_line_bits(20, 14400), 288)
        self.assertEqual(min_line_bits(5, 7200), 36)
        self.assertEqual(min_line_bits(2.5, 9600), 24)
        self.assertEqual(min_line_bits(5, 14500), 73)
        self.assertEqual(min_line_bits(0, 14400), 0)

    def test_rtc_is_six_eols(self) -> None:
        rows = [[3, 1728]]
        self.assertTrue(to_bits(to_line(encode(rows, Coding.MH), Coding.MH, 1728)).rstrip("0").endswith(EOL * 6))
        self.assertIn((EOL + "1") * 6, to_bits(to_line(encode(rows, Coding.MR), Coding.MR, 1728)))

    def test_sent_twice_is_the_same(self) -> None:
        rows = drawn_rows(2, 1728, 30)
        for coding in Coding:
            once = to_line(encode(rows, coding), coding, 1728)
            self.assertEqual(to_line(once, coding, 1728), once)

    def test_mmr_ends_with_eofb_right_behind_its_last_row(self) -> None:
        for seed in range(12):
            octets = encode(drawn_rows(seed, 1728, 9), Coding.MMR)
            bits = to_bits(octets)
            bare = to_octets(bits[: bits.rindex(EOFB)])
            self.assertEqual(with_eofb(bare, 1728), octets)
            self.assertEqual(with_eofb(octets + b"\0\0", 1728), octets)

    def test_long_fill_costs_no_more_than_its_length(self) -> None:
        started = time.process_time()
        for coding, tag in ((Coding.MH, ""), (Coding.MR, "1")):
            row = EOL + tag + "11"
            self.assertEqual(len(split(to_octets(row + "0" * 500_000 + row + "0" * 500_000), coding)), 2)
        self.assertLess(time.process_time() - started, 1.0)

    def test_mmr_rows_cannot_be_split(self) -> None:
        self.assertRaises(ValueError, split, b"\xff", Coding.MMR)


class InTiff(SynchronousTestCase):
    def test_the_strip_comes_back_from_the_line(self) -> None:
        rows = drawn_rows(3, 1728, 60)
        for coding in Coding:
            strip = libtiff_strip(image_of(rows), coding)
            self.assertEqual(to_strip(to_line(strip, coding, 1728), coding, 1728), strip)
            filled = to_strip(to_line(strip, coding, 1728, min_bits=288), coding, 1728)
            lines = walk(filled, coding, 1728, keep=True)
            self.assertEqual((list(lines.changes or ()), lines.bad), (rows, 0))
            self.assertLess(len(filled), len(strip) + len(rows) // 2)

    def test_aligned_eols_are_libtiffs(self) -> None:
        rows = drawn_rows(4, 1728, 60)
        for coding in (Coding.MH, Coding.MR):
            strip = libtiff_strip(image_of(rows), coding)
            self.assertEqual(
                to_strip(strip, coding, 1728, aligned=True), libtiff_strip(image_of(rows), coding, aligned=True)
            )

    def test_fill_order_1_is_turned_round(self) -> None:
        image = image_of(drawn_rows(5, 1728, 20))
        for coding in Coding:
            other = libtiff_strip(image, coding, fill_order=1)
            self.assertEqual(to_strip(other, coding, 1728, msb_first=True), libtiff_strip(image, coding))

    def test_noise_around_a_received_page_is_cut_off(self) -> None:
        rows = drawn_rows(7, 1728, 30)
        for coding in (Coding.MH, Coding.MR):
            strip = encode(rows, coding)
            for name, received in (
                ("in front", to_octets("110101" + to_bits(to_line(strip, coding, 1728)))),
                ("behind RTC", to_line(strip, coding, 1728) + b"\x55" * 40),
                ("a row cut off", to_octets(to_bits(strip) + EOL + "1" + "0010110101")),
            ):
                lines = walk(received, coding, 1728)
                self.assertEqual(to_strip(received, coding, 1728, lines=lines), strip, name)
        strip = encode(rows, Coding.MMR)
        received = strip + b"\x55" * 40
        lines = walk(received, Coding.MMR, 1728)
        self.assertEqual(to_strip(received, Coding.MMR, 1728, lines=lines), strip)

    @BOUNDED
    @given(st.data(), st.sampled_from([Coding.MH, Coding.MR]))
    def test_a_damaged_strip_has_the_rows_that_were_counted(self, data: st.DataObject, coding: Coding) -> None:
        received = bytearray(to_line(encode(drawn_rows(8, 200, 40), coding), coding, 200))
        for _ in range(data.draw(st.integers(0, 12))):
            received[data.draw(st.integers(0, len(received) - 1))] ^= 1 << data.draw(st.integers(0, 7))
        lines = walk(bytes(received), coding, 200)
        strip = to_strip(bytes(received), coding, 200, lines=lines)
        self.assertEqual(len(split(strip, coding)), lines.rows)
        again = walk(strip + to_octets(EOL), coding, 200)
        self.assertEqual((again.rows, again.bad_rows), (lines.rows, lines.bad_rows))

    def test_what_is_left_of_a_row_in_front_of_the_page_is_no_row(self) -> None:
        rows = drawn_rows(5, 1728, 30)
        for coding in (Coding.MH, Coding.MR):
            page = "".join(EOL + line for line in split(encode(rows, coding), coding))
            received = to_octets("0011" * 20 + page)
            self.assertEqual(split(to_strip(received, coding, 1728), coding), split(to_octets(page), coding))
            self.assertEqual(walk(received, coding, 1728).rows, 30)
            first = to_octets(page[len(EOL) + (coding is Coding.MR) :])
            self.assertEqual(walk(to_strip(first, coding, 1728), coding, 1728).rows, 30, "it only lacks an EOL")

    def test_a_damaged_page_is_repaired_in_its_own_coding(self) -> None:
        rows = drawn_rows(6, 1728, 30)
        for coding in (Coding.MH, Coding.MR):
            lines = split(encode(rows, coding), coding)
            lines[8] = lines[8][:1] + "00000000111"
            received = to_octets("".join(EOL + line for line in lines) + RTC_MH)
            walked = walk(received, coding, 1728, keep=True)
            again = walk(repaired(walked), coding, 1728, keep=True)
            self.assertEqual((again.bad, again.changes), (0, walked.changes))
            self.assertEqual((again.changes or ())[8], rows[7])
        self.assertRaises(ValueError, repaired, walk(received, Coding.MR, 1728))


class Verdict(SynchronousTestCase):
    def page(self, bad: list[int], count: int = 1000) -> bytes:
        lines = ["111" if n in set(bad) else "010011011" + "00110101" for n in range(count)]
        return to_octets("".join(EOL + line for line in lines) + RTC_MH)

    def response(self, bad: list[int], resolution: Resolution = Resolution.STANDARD) -> Response:
        return judge(self.page(bad), Coding.MH, 1728, resolution).response

    def test_shares_of_bad_rows(self) -> None:
        self.assertIs(self.response([]), Response.MCF)
        self.assertIs(self.response(list(range(0, 980, 20))), Response.MCF)
        self.assertIs(self.response(list(range(0, 1000, 20))), Response.RTP)
        self.assertIs(self.response(list(range(0, 894, 6))), Response.RTP)
        self.assertIs(self.response(list(range(0, 900, 6))), Response.RTN)

    def test_consecutive_bad_rows_by_resolution(self) -> None:
        self.assertIs(self.response([7, 8, 9, 10, 11]), Response.MCF)
        self.assertIs(self.response([7, 8, 9, 10, 11, 12]), Response.RTN)
        self.assertIs(self.response(list(range(7, 17)), Resolution.FINE), Response.MCF)
        self.assertIs(self.response(list(range(7, 18)), Resolution.FINE), Response.RTN)
        self.assertIs(self.response(list(range(7, 27)), Resolution.SUPERFINE), Response.MCF)

    def test_a_page_without_rows_is_rejected(self) -> None:
        self.assertIs(judge(b"", Coding.MH, 1728).response, Response.RTN)
        self.assertIs(judge(to_octets(RTC_MR), Coding.MR, 1728).response, Response.RTN)

    def test_zero_turns_a_test_off(self) -> None:
        never = Thresholds(retrain_percent_bad=0, reject_percent_bad=0, max_consecutive_bad=0)
        quality = judge(self.page(list(range(500))), Coding.MH, 1728, thresholds=never)
        self.assertIs(quality.response, Response.MCF)
        self.assertEqual((quality.lines.percent_bad, quality.lines.longest_bad_run), (50.0, 500))
