"""Walking down pages: coded by libtiff, sound, damaged, cut off, in pieces, hostile."""

from __future__ import annotations

import random
import time

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from sandf.protocols.t4.bits import to_bits, to_octets
from sandf.protocols.t4.codes import EOL, RTC_MH
from sandf.protocols.t4.decode import two_dimensional as two_dimensional_row
from sandf.protocols.t4.encode import encode, one_dimensional, packed, run_code, two_dimensional
from sandf.protocols.t4.form import Coding
from sandf.protocols.t4.line import split, to_line
from sandf.protocols.t4.walk import Lines, Walk, walk
from tests.protocols.t4.pages import drawn_rows, image_of, libtiff_strip

BOUNDED = settings(deadline=None, derandomize=True, max_examples=60)
WIDTHS = (1728, 2048, 2432, 2592, 3072, 3648, 3456, 4096, 4864, 1, 8, 37)


def flipped(octets: bytes, *positions: int) -> bytes:
    """*octets* with the bits at *positions* (of the line) turned over."""
    damaged = bytearray(octets)
    for position in positions:
        damaged[position // 8] ^= 1 << position % 8
    return bytes(damaged)


class SoundPages(SynchronousTestCase):
    def test_every_coding_width_alignment_and_fill_order_of_libtiff(self) -> None:
        for seed, width in enumerate(WIDTHS):
            rows = drawn_rows(seed, width, 40)
            image = image_of(rows)
            for coding in Coding:
                for fill_order, aligned in ((1, False), (2, False), (2, True)):
                    strip = libtiff_strip(image, coding, fill_order=fill_order, aligned=aligned)
                    lines = walk(strip, coding, width, msb_first=fill_order == 1, keep=True)
                    self.assertEqual(list(lines.changes or ()), rows, (coding, width))
                    self.assertEqual((lines.rows, lines.bad, lines.longest_bad_run), (40, 0, 0))

    def test_our_coding_is_libtiffs(self) -> None:
        rows = drawn_rows(5, 1728, 60)
        for coding in Coding:
            self.assertEqual(encode(rows, coding), libtiff_strip(image_of(rows), coding))

    def test_pixels_are_those_of_the_image(self) -> None:
        for width in (1728, 37, 8):
            rows = drawn_rows(6, width, 30)
            strip = libtiff_strip(image_of(rows), Coding.MMR)
            changes = walk(strip, Coding.MMR, width, keep=True).changes
            assert changes is not None
            black = image_of(rows).convert("L").point(lambda v: 255 - v).convert("1").tobytes()
            self.assertEqual(b"".join(map(packed, changes)), black)

    def test_rtc_ends_the_page_and_what_follows_is_not_looked_at(self) -> None:
        rows = drawn_rows(1, 1728, 30)
        for coding in Coding:
            sent = to_line(encode(rows, coding), coding, 1728)
            lines = walk(sent + sent, coding, 1728, keep=True)
            self.assertTrue(lines.ended)
            self.assertEqual(list(lines.changes or ()), rows)
            self.assertEqual(lines.end, walk(sent, coding, 1728).end)

    def test_end_is_in_front_of_rtc(self) -> None:
        bits = EOL + one_dimensional([5, 9, 1728])
        lines = walk(to_octets(bits + RTC_MH), Coding.MH, 1728)
        self.assertEqual((lines.start, lines.end, lines.rows), (0, len(bits), 1))

    def test_noise_before_the_first_eol_is_no_row(self) -> None:
        rows = drawn_rows(2, 1728, 20)
        sent = to_octets("0101011101" + to_bits(to_line(encode(rows, Coding.MH), Coding.MH, 1728)))
        lines = walk(sent, Coding.MH, 1728, keep=True)
        self.assertEqual((lines.start, lines.bad, list(lines.changes or ())), (10, 0, rows))

    def test_a_page_without_the_first_eol(self) -> None:
        for coding in (Coding.MH, Coding.MR):
            sent = to_octets(to_bits(encode([[1728], [3, 1728]], Coding.MH))[len(EOL) :])
            if coding is Coding.MR:
                sent = to_octets(one_dimensional([1728]) + EOL + "1" + one_dimensional([3, 1728]))
            lines = walk(sent, coding, 1728, keep=True)
            self.assertEqual(list(lines.changes or ()), [[1728], [3, 1728]])

    def test_fill_of_any_length(self) -> None:
        rows = drawn_rows(3, 1728, 10)
        for coding in (Coding.MH, Coding.MR):
            sent = to_line(encode(rows, coding), coding, 1728, min_bits=20_000)
            self.assertGreater(len(sent) * 8, 200_000)
            self.assertEqual(list(walk(sent, coding, 1728, keep=True).changes or ()), rows)

    def test_pieces_of_any_size_say_the_same_as_the_whole(self) -> None:
        rows = drawn_rows(4, 1728, 50)
        for coding in Coding:
            sent = flipped(to_line(encode(rows, coding), coding, 1728, min_bits=96) + b"\x13", 8_001)
            whole = walk(sent, coding, 1728, keep=True)
            for size in (1, 7, 36, 1000):
                page = Walk(coding, 1728, keep=True)
                for start in range(0, len(sent), size):
                    page.feed(sent[start : start + size])
                self.assertEqual(page.finish(), whole, (coding, size))

    def test_every_run_length_has_its_code(self) -> None:
        for run in [*range(2700), 5183, 5184, 7744]:
            for start in (0, 1):
                row = [start, start + run + 1, 9000]
                self.assertEqual(
                    walk(to_octets(EOL + one_dimensional(row)), Coding.MH, 9000, keep=True).changes, (row,)
                )

    def test_runs_of_no_length_are_no_changing_elements(self) -> None:
        bits = EOL + run_code(10, 0) + run_code(0, 1) + run_code(20, 0) + run_code(5, 1) + run_code(1693, 0)
        self.assertEqual(walk(to_octets(bits), Coding.MH, 1728, keep=True).changes, ([30, 35, 1728],))

    def test_the_speed_of_judging(self) -> None:
        """A guard against quadratic work, far above what `make bench` measures."""
        rows = drawn_rows(8, 1728, 500)
        for coding in Coding:
            sent = to_line(encode(rows, coding), coding, 1728)
            started = time.process_time()
            walk(sent, coding, 1728)
            self.assertLess(time.process_time() - started, 2.0)


class DamagedPages(SynchronousTestCase):
    def setUp(self) -> None:
        rng = random.Random(1)
        self.rows = [[*sorted(rng.sample(range(1, 1727), 40)), 1728] for _ in range(60)]

    def page(self, coding: Coding, damage: dict[int, str]) -> Lines:
        """The walk down a page whose line *n* is replaced by ``damage[n]`` (bits)."""
        lines = [damage.get(n, line) for n, line in enumerate(split(encode(self.rows, coding, k=4), coding))]
        return walk(to_octets("".join(EOL + line for line in lines) + RTC_MH), coding, 1728, keep=True)

    def test_one_bad_mh_row_is_counted_and_replaced_by_the_one_above(self) -> None:
        for name, bad in (
            ("bad code", run_code(5, 0) + "0000000011"),
            ("short", one_dimensional([5, 1000])),
            ("long", one_dimensional([5, 2000])),
            ("codes after the width", one_dimensional(self.rows[10]) + run_code(3, 1)),
            ("cut in a code", one_dimensional(self.rows[10])[:-3]),
        ):
            lines = self.page(Coding.MH, {10: bad})
            self.assertEqual((lines.rows, lines.bad_rows, lines.longest_bad_run), (60, (10,), 1), name)
            self.assertEqual(list(lines.changes or ()), [*self.rows[:10], self.rows[9], *self.rows[11:]], name)

    def test_longest_run_of_bad_rows(self) -> None:
        lines = self.page(Coding.MH, dict.fromkeys([0, 1, 10, 11, 12, 13, 40], "111"))
        self.assertEqual((lines.bad, lines.longest_bad_run), (7, 4))
        assert lines.changes is not None
        self.assertEqual(lines.changes[1], [1728])

    def test_mr_rows_are_lost_up_to_the_next_one_dimensional_row(self) -> None:
        lines = self.page(Coding.MR, {9: "0" + "0000000011"})
        self.assertEqual((lines.rows, lines.bad_rows), (60, (9, 10, 11)))
        self.assertEqual((lines.changes or ())[12:], tuple(self.rows[12:]))

    def test_mr_rows_without_reference_are_lost_even_if_they_decode(self) -> None:
        self.rows = [[100, 200, 1728]] * 60
        self.assertEqual(self.page(Coding.MR, {9: "0" + "0000000011"}).bad_rows, (9, 10, 11))

    def test_mr_rows_below_one_that_was_lost_at_the_head_of_the_page_are_bad(self) -> None:
        lines = split(encode(self.rows, Coding.MR, k=4), Coding.MR)[1:]
        page = walk(to_octets("".join(EOL + line for line in lines) + RTC_MH), Coding.MR, 1728, keep=True)
        self.assertEqual((page.rows, page.bad_rows), (59, (0, 1, 2)))
        self.assertEqual((page.changes or ())[3:], tuple(self.rows[4:]))

    def test_an_element_left_of_the_one_before_it_is_bad(self) -> None:
        self.assertIs(two_dimensional_row("1" + "0000010" + "1" * 9, 0, [10, 12, 1728], 1728), None)
        self.assertEqual(two_dimensional_row("1" + "010" + "1", 0, [10, 12, 1728], 1728), ([10, 11, 1728], 5))

    def test_a_mr_row_that_leads_out_of_the_page_is_bad(self) -> None:
        for name, bad in (
            ("VL left of a0", two_dimensional([5, 1728], self.rows[8])[:3] + "0000010" * 9),
            ("passes to the end and further", "0001" * 40),
            ("passes to the end", "0001" * 21),
            ("horizontal too long", "001" + run_code(1700, 0) + run_code(100, 1)),
            ("V0 after the width", two_dimensional(self.rows[9], self.rows[8]) + "1"),
        ):
            self.assertEqual(self.page(Coding.MR, {9: "0" + bad}).bad_rows, (9, 10, 11), name)

    def test_an_error_under_mmr_ends_what_can_be_read(self) -> None:
        octets = encode(self.rows, Coding.MMR)
        above = "".join(map(two_dimensional, self.rows[:20], [[1728], *self.rows[:19]]))
        lines = walk(to_octets(above + "00000001" + "1" * 80) + octets, Coding.MMR, 1728, keep=True)
        self.assertEqual((lines.rows, lines.bad_rows, lines.ended), (21, (20,), False))
        self.assertEqual((lines.changes or ())[:20], tuple(self.rows[:20]))
        self.assertEqual(lines.end, len(above))

    def test_a_page_cut_off_in_a_row(self) -> None:
        octets = encode(self.rows, Coding.MH)[:-8]
        lines = walk(octets, Coding.MH, 1728, keep=True)
        self.assertEqual((lines.rows, lines.bad, lines.ended), (59, 0, False))
        self.assertEqual(list(lines.changes or ()), self.rows[:59])

    def test_eofb_behind_the_padding_of_an_octet_ends_mmr_well(self) -> None:
        bits = to_bits(encode(self.rows, Coding.MMR))
        body = bits[: bits.rindex(EOL + EOL)]
        for zeros in range(8):
            lines = walk(to_octets(body + "0" * zeros + EOL + EOL), Coding.MMR, 1728)
            self.assertEqual((lines.rows, lines.bad, lines.ended, lines.end), (60, 0, True, len(body)))

    def test_mmr_cut_off_in_a_row_is_damaged(self) -> None:
        lines = walk(encode(self.rows, Coding.MMR)[:-12], Coding.MMR, 1728)
        self.assertEqual((lines.rows, lines.bad, lines.ended), (60, 1, False))

    def test_a_damaged_rtc_is_no_bad_row(self) -> None:
        body = to_bits(encode(self.rows, Coding.MH))
        for name, rtc in (
            ("three EOLs", EOL * 3),
            ("noise in the third", EOL * 2 + "000010000001" + EOL * 3),
            ("noise at the end", EOL * 4 + "1101101"),
        ):
            lines = walk(to_octets(body + rtc), Coding.MH, 1728)
            self.assertEqual((lines.rows, lines.bad, lines.ended), (60, 0, True), name)

    def test_bare_eols_in_the_page_stand_for_bad_rows(self) -> None:
        lines = self.page(Coding.MH, {5: "", 6: ""})
        self.assertEqual((lines.rows, lines.bad_rows, lines.ended), (60, (5, 6), True))

    def test_bad_rows_at_the_end_count_where_no_rtc_is_near(self) -> None:
        lines = split(encode(self.rows, Coding.MH), Coding.MH)
        lines[5], lines[58], lines[59] = "", "111", "111"
        walked = walk(to_octets("".join(EOL + line for line in lines) + EOL), Coding.MH, 1728)
        self.assertEqual((walked.rows, walked.bad_rows, walked.ended), (60, (5, 58, 59), False))

    def test_no_page_at_all(self) -> None:
        for octets in (b"", bytes(100), b"\xff" * 100):
            for coding in (Coding.MH, Coding.MR):
                self.assertEqual(walk(octets, coding, 1728).rows, 0)

    def test_long_fill_costs_no_more_than_its_length(self) -> None:
        started = time.process_time()
        for coding in (Coding.MH, Coding.MR):
            page = Walk(coding, 1728)
            for octets in (to_octets(EOL + "1"), *[bytes(36)] * 2000, to_octets("1")):
                page.feed(octets)
            page.finish()
        self.assertLess(time.process_time() - started, 1.0)

    def test_a_line_without_end_is_bounded(self) -> None:
        page = Walk(Coding.MH, 1728)
        page.feed(to_octets(EOL))
        for _ in range(40):
            page.feed(b"\x55" * 4096)
        self.assertLess(len(page._pending), 600_000)
        self.assertGreater(page.finish().bad, 0)

    @BOUNDED
    @given(st.binary(max_size=400), st.sampled_from(Coding), st.sampled_from([1728, 2, 17]))
    def test_any_octets_give_counts_and_never_raise(self, octets: bytes, coding: Coding, width: int) -> None:
        lines = walk(to_octets(EOL) + octets, coding, width, keep=True)
        self.assertLessEqual(lines.bad, lines.rows)
        self.assertLessEqual(lines.end, len(octets) * 8 + 16)
        for row in lines.changes or ():
            self.assertEqual(row, sorted(set(row)))
            self.assertEqual(row[-1], width)

    @BOUNDED
    @given(st.data())
    def test_a_few_wrong_bits_cost_a_few_rows(self, data: st.DataObject) -> None:
        sent = to_line(encode(self.rows, Coding.MH), Coding.MH, 1728)
        count = data.draw(st.integers(1, 6))
        wrong = [data.draw(st.integers(0, len(sent) * 8 - 100)) for _ in range(count)]
        lines = walk(flipped(sent, *wrong), Coding.MH, 1728)
        self.assertLessEqual(abs(lines.rows - 60), 2 * count)
        self.assertLessEqual(lines.bad, 2 * count)
