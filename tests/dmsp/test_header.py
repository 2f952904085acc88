"""The line above each page: its words, its place, and that the page below is untouched."""

from __future__ import annotations

from datetime import datetime

from PIL import ImageChops
from twisted.trial.unittest import SynchronousTestCase

from sandf.dmsp.header import expanded, line, rows, stamped
from sandf.protocols.t4.form import Paper, Resolution

from .papers import ink, marked

FIELDS = ("2026-11-22,14:05:09", "From +15550100", "Page 2 of 3")


class Words(SynchronousTestCase):
    def expanded(self, text: str) -> str:
        moment = datetime(2026, 11, 22, 14, 5, 9)
        return expanded(text, called="5710801", calling="+15550100", page=2, pages=3, moment=moment)

    def test_each(self) -> None:
        self.assertEqual(self.expanded("Date:$a$"), "Date:2026-11-22")
        self.assertEqual(self.expanded("$t$"), "2026-11-22,14:05:09")
        self.assertEqual(self.expanded("From $s$ to $d$"), "From +15550100 to 5710801")
        self.assertEqual(self.expanded("$p$/$n$"), "2/3")

    def test_other_dollars_stay(self) -> None:
        self.assertEqual(self.expanded("$5 $x$ $a"), "$5 $x$ $a")

    def test_a_word_in_a_number_is_not_replaced_again(self) -> None:
        moment = datetime(2026, 1, 1)
        self.assertEqual(expanded("$s$", called="x", calling="$d$", page=1, pages=1, moment=moment), "$d$")


class Stamping(SynchronousTestCase):
    def test_every_resolution_and_paper(self) -> None:
        for resolution in Resolution:
            for paper in Paper:
                page = marked(paper.pels(resolution), 300)
                made, missing = stamped(page, FIELDS, resolution, paper)
                high = rows(resolution, paper)
                self.assertEqual(missing, "")
                self.assertEqual(made.size, (page.width, 300 + high))
                self.assertLess(abs(high / resolution.y - paper.value / 1728 / 8), 1 / resolution.y)
                self.assertEqual(made.crop((0, high, page.width, 300 + high)).tobytes(), page.tobytes())
                third = page.width // 3
                for left in (0, third, 2 * third):
                    self.assertGreater(ink(made, (left, 0, left + third, high)), 0.005)
                self.assertEqual(ink(made, (0, high - 1, page.width, high)), 0.0)

    def test_without_fields_there_is_no_line(self) -> None:
        page = marked(1728, 300)
        self.assertIs(stamped(page, ("", "", ""), Resolution.FINE, Paper.A4)[0], page)

    def test_long_fields_do_not_run_into_each_other(self) -> None:
        top, _ = line(("W" * 200, "W" * 200, "W" * 200), Resolution.FINE, Paper.A4)
        single, _ = line(("W" * 200, "", ""), Resolution.FINE, Paper.A4)
        inked = ImageChops.invert(top).convert("L")
        gaps = [x for x in range(60, 1660) if inked.crop((x, 0, x + 20, top.height)).getbbox() is None]
        self.assertTrue(gaps)
        self.assertGreater(ink(single, (1000, 0, 1600, single.height)), 0.01)

    def test_other_scripts_and_missing_glyphs(self) -> None:
        top, missing = line(("Gr\u00fc\u00dfe", "", "\U000f0000"), Resolution.FINE, Paper.A4)
        self.assertEqual(missing, "\U000f0000")
        self.assertGreater(ink(top, (1500, 0, 1728, top.height)), 0.001)
