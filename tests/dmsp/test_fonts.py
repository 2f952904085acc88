"""Faces by coverage, with and without fonts on the system."""

from __future__ import annotations

from pathlib import Path

from PIL import ImageChops, ImageFilter
from twisted.trial.unittest import SynchronousTestCase

from sandf.dmsp import fonts
from sandf.dmsp.sheet import Sheet
from sandf.dmsp.text import drawn, paginated
from sandf.protocols.t4.form import Paper, Resolution

from .papers import ink


class Faces(SynchronousTestCase):
    def forget(self) -> None:
        for cached in (fonts.installed, fonts.default, fonts.face_for):
            cached.cache_clear()

    def without_system_fonts(self, *folders: str) -> None:
        self.patch(fonts, "FOLDERS", folders)
        self.forget()
        self.addCleanup(self.forget)

    def test_bundled_face_has_latin_greek_and_cyrillic(self) -> None:
        self.without_system_fonts()
        for text in ("Gr\u00fc\u00dfe", "\u0395\u03bb\u03bb\u03ac\u03b4\u03b1", "\u041f\u0440\u0438\u0432\u0435\u0442"):
            for fixed_pitch in (True, False):
                self.assertEqual(fonts.runs(text, fixed_pitch), ([(fonts.BUNDLED, text)], ""))

    def test_combining_marks_are_composed(self) -> None:
        self.assertEqual(fonts.runs("u\u0308", True), ([(fonts.BUNDLED, "\u00fc")], ""))

    def test_what_no_face_has(self) -> None:
        self.without_system_fonts()
        self.assertEqual(fonts.runs("a\u4e2db", True), ([(fonts.BUNDLED, "a?b")], "\u4e2d"))
        self.assertEqual(fonts.runs("a\u2064b\ue0001"[:3], True), ([(fonts.BUNDLED, "ab")], ""))

    def test_a_broken_font_file_is_passed_over(self) -> None:
        folder = Path(self.mktemp())
        folder.mkdir()
        (folder / "Broken.ttf").write_bytes(b"\0\1\0\0 no font")
        self.without_system_fonts(str(folder))
        self.assertEqual(fonts.runs("\u4e2d", True)[1], "\u4e2d")

    def test_words_lie_where_the_line_would_have_them(self) -> None:
        line = 'jumps|over (the)  "lazy" dog,  fi ffl AVA ' + "".join(map(chr, range(33, 70)))
        for resolution in Resolution:
            sheet = Sheet(resolution, Paper.A4, 100)
            sheet.text(0.5, 0.2, line, 11, fixed_pitch=True)
            whole = Sheet(resolution, Paper.A4, 100)
            font = whole._font(fonts.BUNDLED, 11)
            at = (round(0.5 * whole._x), round(0.2 * whole._y))
            whole._draw.text(at, line, font=font, fill=0, anchor="ls")
            drawn_whole = whole.finished()
            self.assertLess(abs(ink(sheet.finished()) / ink(drawn_whole) - 1), 0.02)
            thick = drawn_whole.convert("L").filter(ImageFilter.MinFilter(3)).convert("1")
            outside = ImageChops.logical_and(ImageChops.invert(sheet.finished()), thick)
            self.assertIsNone(outside.getbbox(), resolution)

    def test_eighty_columns_fit_and_eighty_one_wrap(self) -> None:
        self.assertEqual(paginated("W" * 80, 9), [["W" * 80]])
        self.assertEqual(len(paginated("\u00fc" * 81 + "\u00fc" * 20, 9)[0]), 2)
        image, _ = drawn(["W" * 80], Resolution.FINE, Paper.A4)
        self.assertEqual(ink(image, (1650, 0, 1728, image.height)), 0.0)
        self.assertGreater(ink(image, (1500, 0, 1600, 150)), 0.01)
