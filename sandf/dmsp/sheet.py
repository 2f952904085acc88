"""A sheet of paper to draw text on, measured in inches, whatever the resolution of the page.

Pels are not square on most fax pages.  A sheet is drawn on a grid of nearly square pels (204 x 196 for a page
of 204 x 98, 408 x 391 for 204 x 391) and brought down to the page at the end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from PIL import Image, ImageDraw

from sandf.dmsp import fonts
from sandf.protocols.t4.form import Paper, Resolution

_FINER = {
    Resolution.STANDARD: (1, 2),
    Resolution.INCH_200X100: (1, 2),
    Resolution.SUPERFINE: (2, 1),
    Resolution.INCH_200X400: (2, 1),
}
"""How many pels of the grid make one of the page, across and along; (1, 1) for the others."""
_MOST_IN_LINE = 500
"""Characters that are looked at for one line."""
_WORD = re.compile(r"\S{1,20}")
_INK_KEPT = 160
"""Of the mean of the grid's pels, 0 black; a row that is half inked stays black, so that thin strokes live."""


def magnification(paper: Paper) -> float:
    """How much larger a page is drawn on *paper* than on A4."""
    return paper.value / Paper.A4.value


def pels_high(inches: float, resolution: Resolution, paper: Paper) -> int:
    """Rows of *inches* of an A4 sheet on *paper*."""
    return max(1, round(inches * resolution.y * magnification(paper)))


class Sheet:
    """Draws black on white.  Positions are inches from the left and top edge of the A4 sheet."""

    def __init__(self, resolution: Resolution, paper: Paper, rows: int) -> None:
        self._finer = _FINER.get(resolution, (1, 1))
        size = (paper.pels(resolution) * self._finer[0], rows * self._finer[1])
        larger = magnification(paper)
        self._x = resolution.x * self._finer[0] * larger
        self._y = resolution.y * self._finer[1] * larger
        self._image = Image.new("1", size, 255)
        self._draw = ImageDraw.Draw(self._image)
        self._draw.fontmode = "1"
        self.missing = ""
        """Characters for which there was no glyph so far."""
        self.width = size[0] / self._x
        """Inches."""

    def _font(self, path: str, points: float) -> fonts.Font:
        return fonts.load(path, max(4, round(points / 72 * self._y)))

    def length(self, text: str, points: float, *, fixed_pitch: bool = False) -> float:
        """How wide *text* would be, in inches."""
        pieces, _ = fonts.runs(text, fixed_pitch)
        return sum(self._font(path, points).getlength(piece) for path, piece in pieces) / self._x

    def text(self, x: float, baseline: float, text: str, points: float, *, fixed_pitch: bool = False) -> None:
        """One line of *text*, beginning at *x*, standing on *baseline*."""
        pieces, missing = fonts.runs(text, fixed_pitch)
        self.missing += missing
        at, foot = round(x * self._x), round(baseline * self._y)
        for path, piece in pieces:
            font = self._font(path, points)
            if fixed_pitch and piece.isascii():
                self._words(at, foot, piece, font)
            else:
                self._draw.text((at, foot), piece, font=font, fill=0, anchor="ls")
            at += round(font.getlength(piece))

    def _words(self, at: int, foot: int, text: str, font: fonts.Font) -> None:
        """Draw *text* of one pitch word by word (long ones in pieces): what was drawn before costs next to nothing."""
        pitch = font.getlength(" ")
        for word in _WORD.finditer(text):
            ink, (left, above) = fonts.word(font, word[0])
            self._image.paste(0, (at + round(word.start() * pitch) + left, foot + above), ink)

    def rule(self, x: float, y: float, to_x: float, thickness: float) -> None:
        """A horizontal rule of *thickness* inches, its upper edge at *y*."""
        bottom = max(round(y * self._y) + 1, round((y + thickness) * self._y))
        self._draw.rectangle((x * self._x, y * self._y, to_x * self._x, bottom - 1), fill=0)

    def finished(self) -> Image.Image:
        """The page as a bilevel image in its own resolution."""
        if self._finer == (1, 1):
            return self._image
        grey = self._image.convert("L").reduce(self._finer)
        return grey.point([0] * _INK_KEPT + [255] * (256 - _INK_KEPT), "1")


def wrapped(sheet: Sheet, text: str, inches: float, points: float, *, fixed_pitch: bool = False) -> Iterator[str]:
    """*text* (one paragraph) in lines of at most *inches*, broken at spaces where there are any."""

    def fits(count: int) -> bool:
        return sheet.length(text[:count], points, fixed_pitch=fixed_pitch) <= inches

    while not (len(text) <= _MOST_IN_LINE and fits(len(text))):
        low, high = 1, max(1, min(len(text) - 1, _MOST_IN_LINE))
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if fits(middle) else (low, middle - 1)
        if low >= len(text):
            break
        at = low if text[low].isspace() else text.rfind(" ", 1, low + 1)
        cut = at if at > low // 3 and text[:at].strip() else low
        yield text[:cut].rstrip()
        text = text[cut:].lstrip(" ")
    yield text
