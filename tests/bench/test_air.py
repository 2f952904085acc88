"""The air time of a call: what is counted adds up, and is no less than the Recommendations allow."""

from __future__ import annotations

import random

from PIL import Image, ImageDraw
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from sandf.protocols import hdlc

from ..peers import spandsp
from . import air_floor, papers
from .air_time import CALLS, AirTime, air_time, rows

ROWS = 500


def image(seed: int, boxes: int) -> Image.Image:
    """Some boxes on a page; with a thousand it takes more than one block."""
    rng = random.Random(seed)
    drawn = Image.new("1", (papers.WIDTH, ROWS), 255)
    pen = ImageDraw.Draw(drawn)
    for _ in range(boxes):
        left, top = rng.randrange(papers.WIDTH), rng.randrange(ROWS)
        pen.rectangle((left, top, left + rng.randrange(9), top + rng.randrange(9)), fill=0)
    return drawn


class AirTimeTests(SynchronousTestCase):
    def times(self) -> list[AirTime]:
        images = [image(1, 40), image(2, 20_000)]
        return [air_time(images, coding, ecm=ecm) for coding, ecm in CALLS]

    def test_the_parts_are_the_whole(self) -> None:
        for time in self.times():
            self.assertAlmostEqual(time.ours.total, time.heard, 3, time.name)
            self.assertEqual(round(time.ours.waiting, 6), 0.0, time.name)

    def test_no_part_is_below_its_floor(self) -> None:
        for time in self.times():
            ours, least = time.ours.seconds(), time.floor.seconds()
            for part, seconds in least.items():
                self.assertGreaterEqual(ours[part], seconds - 1e-6, (time.name, part))
            self.assertAlmostEqual(ours["page"], least["page"], 9)
            self.assertTrue(1.0 < time.ratio < 1.03, (time.name, time.ratio))

    def test_rows_for_programs(self) -> None:
        self.patch(papers, "charts", lambda: {"one": image(1, 40)})
        made = rows()
        self.assertEqual([(row["coding"], row["ecm"]) for row in made], [(coding.value, ecm) for coding, ecm in CALLS])
        for row in made:
            assert isinstance(row["ours"], float) and isinstance(row["floor"], float)
            assert isinstance(row["spent"], dict)
            self.assertAlmostEqual(sum(row["spent"].values()), row["ours"], 3)
            self.assertEqual(row["ratio"], row["ours"] / row["floor"])

    def test_libspandsp_beside_it(self) -> None:
        if spandsp.MISSING:
            raise SkipTest(spandsp.MISSING)
        for time in self.times():
            assert time.libspandsp2 is not None
            self.assertGreater(time.libspandsp2, time.floor.total, time.name)


class FloorTests(SynchronousTestCase):
    def test_bits_of_a_frame(self) -> None:
        rng = random.Random(1)
        for size in (3, 4, 5, 260):
            frame = b"\xff\x03\x7f" + rng.randbytes(size)
            self.assertEqual(air_floor.line_bits(frame), len(hdlc.line_bits([frame], opening=0)))

    def test_a_page_of_two_blocks(self) -> None:
        frames = [b"\xff\x13\x80"]
        octets = bytes(65_536 + 300)
        spent = air_floor.floor([octets], ecm=True, called=frames, caller=frames)
        self.assertAlmostEqual(spent.v21_preambles, 0.85 * 8, 9)  # DIS, DCS, CFR, PPS-NULL, MCF, PPS-EOP, MCF, DCN
        self.assertAlmostEqual(spent.gaps, 0.055 * 11, 9)  # before each of these, TCF, and two partial pages
        self.assertAlmostEqual(spent.training, (3344 + 342 * 2) / 2400, 9)
        self.assertAlmostEqual(spent.page, 8 * len(octets) / 14400, 9)
        self.assertAlmostEqual(spent.ecm_preambles, 0.4, 9)
        self.assertEqual((spent.ecm_padding, spent.fill, spent.waiting), (0.0, 0.0, 0.0))

    def test_without_error_correction(self) -> None:
        frames = [b"\xff\x13\x80"]
        spent = air_floor.floor([bytes(1800)] * 3, ecm=False, called=frames, caller=frames)
        self.assertAlmostEqual(spent.page, 3.0, 9)
        self.assertAlmostEqual(spent.v21_preambles, 0.85 * 10, 9)
        self.assertEqual((spent.ecm_preambles, spent.ecm_framing), (0.0, 0.0))
