"""Size, shape and ink of pages made of images."""

from __future__ import annotations

from PIL import Image, ImageChops, ImageDraw, ImageStat
from twisted.trial.unittest import SynchronousTestCase

from sandf.dmsp.raster import best_threshold, bilevel, page_of, placed
from sandf.protocols.t4.form import Paper, Resolution

from .papers import ink, marked, photograph


class Placing(SynchronousTestCase):
    def rows(self, size: tuple[float, float], resolution: Resolution, paper: Paper = Paper.A4) -> tuple[int, int]:
        place = placed(size, resolution, paper)
        return place.width, place.height

    def test_a4_keeps_its_size(self) -> None:
        self.assertEqual(self.rows((210 / 25.4, 297 / 25.4), Resolution.FINE), (1687, 2292))

    def test_letter_fills_the_width(self) -> None:
        self.assertEqual(self.rows((8.5, 11), Resolution.FINE), (1728, 2149))

    def test_half_the_rows_at_standard(self) -> None:
        self.assertEqual(self.rows((8.5, 11), Resolution.STANDARD), (1728, 1074))

    def test_a3_shrinks_to_a4_and_fits_a3(self) -> None:
        a3 = (297 / 25.4, 420 / 25.4)
        self.assertEqual(self.rows(a3, Resolution.INCH_200)[0], 1728)
        wide, high = self.rows(a3, Resolution.INCH_200, Paper.A3)
        self.assertAlmostEqual(high / wide, 420 / 297, places=2)

    def test_small_picture_is_enlarged_to_the_width(self) -> None:
        self.assertEqual(self.rows((2, 1), Resolution.INCH_200), (1728, 864))

    def test_long_strip_is_not_enlarged_beyond_a_sheet(self) -> None:
        self.assertEqual(self.rows((1, 10), Resolution.INCH_200), (244, 2444))

    def test_long_page_is_not_cut(self) -> None:
        self.assertEqual(self.rows((8.4, 30), Resolution.FINE)[1], 5880)


class Bilevel(SynchronousTestCase):
    def test_page_of_the_right_form_is_untouched(self) -> None:
        page = marked(1728, 1100)
        made = page_of(page, (1728 / 204, 1100 / 98), Resolution.STANDARD, Paper.A4)
        self.assertEqual(made.tobytes(), page.tobytes())

    def test_standard_to_fine_doubles_the_rows(self) -> None:
        page = marked(1728, 1000)
        made = page_of(page, (1728 / 204, 1000 / 98), Resolution.FINE, Paper.A4)
        self.assertEqual(made.size, (1728, 2000))
        different = ImageChops.logical_xor(made, page.resize((1728, 2000)))
        self.assertLess(1 - ink(different), 0.01)
        self.assertLess(abs(ink(made) - ink(page)), 0.01)

    def test_thin_rows_survive_halving(self) -> None:
        page = Image.new("1", (1728, 2000), 255)
        draw = ImageDraw.Draw(page)
        for row in range(101, 2000, 100):
            draw.line((0, row, 1727, row), fill=0)
        made = page_of(page, (1728 / 204, 2000 / 196), Resolution.STANDARD, Paper.A4)
        black_rows = sum(not any(made.crop((0, y, 1728, y + 1)).tobytes()) for y in range(made.height))
        self.assertEqual(black_rows, 19)

    def test_fax_page_of_200_per_inch_keeps_its_pels_at_204(self) -> None:
        page = marked(1728, 2200)
        self.assertEqual(page_of(page, (8.64, 11), Resolution.FINE, Paper.A4).tobytes(), page.tobytes())

    def test_photograph_is_diffused(self) -> None:
        grey = photograph(1728, 1200).convert("L")
        made = bilevel(grey)
        for left in range(0, 1600, 400):
            box = (left, 400, left + 128, 528)
            mean = ImageStat.Stat(grey.crop(box)).mean[0] / 255
            self.assertLess(abs(ink(made, box) - (1 - mean)), 0.15)

    def test_grey_text_is_thresholded(self) -> None:
        page = Image.new("L", (1728, 2000), 250)
        box = (200, 200, 400, 260)
        ImageDraw.Draw(page).rectangle(box, fill=150)
        ImageDraw.Draw(page).rectangle((200, 400, 1400, 420), fill=20)
        made = bilevel(page)
        self.assertEqual(ink(made, (200, 400, 1400, 420)), 1.0)
        self.assertEqual(ink(made, (0, 500, 1728, 2000)), 0.0)

    def test_text_beside_a_photograph_stays_crisp(self) -> None:
        page = Image.new("L", (1728, 2000), 255)
        page.paste(photograph(600, 600).convert("L"), (900, 1200))
        ImageDraw.Draw(page).rectangle((100, 100, 1500, 109), fill=90)
        made = bilevel(page)
        self.assertEqual(ink(made, (100, 100, 1500, 110)), 1.0)
        self.assertTrue(0.2 < ink(made, (950, 1250, 1450, 1750)) < 0.8)

    def test_white_and_black_pages(self) -> None:
        self.assertEqual(ink(bilevel(Image.new("L", (1728, 100), 255))), 0.0)
        self.assertEqual(ink(bilevel(Image.new("L", (1728, 100), 0))), 1.0)

    def test_threshold_parts_two_peaks(self) -> None:
        histogram = [0] * 256
        histogram[40], histogram[220] = 1000, 9000
        self.assertTrue(40 < best_threshold(histogram) <= 220)
