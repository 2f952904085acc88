"""Pages that say which they are: a bar code as wide as the page, and noise below that gives them their octets.

The bars are read back from the pixels after any number of codings.  Nothing here knows the gateway but
:func:`marks_of_payload`, which reads what its store keeps.
"""

from __future__ import annotations

import io
import random
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageSequence

from sandf.callcontrol.media import Page
from sandf.protocols.t4.line import to_strip
from sandf.protocols.t4.walk import walk
from sandf.protocols.tifffx.writer import StripPage, write

WIDTH = 1728
"""Pels of an A4 page at 204 to the inch."""
BAR = 64
NUMBER_BITS, PAGE_BITS, CHECK_BITS = 16, 4, 7
BAR_ROWS = 200
READ_AT = (40, 80, 120, 160)
"""Rows where the bars are read; all must say the same."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Mark:
    """What a page says of itself: page *page* (1 is the first) of message *number*."""

    number: int
    page: int

    @property
    def bits(self) -> str:
        """The bars, ``1`` for black."""
        value = self.number << PAGE_BITS | self.page
        return f"{value:0{NUMBER_BITS + PAGE_BITS}b}{value * 37 % 2**CHECK_BITS:0{CHECK_BITS}b}"


def draw(mark: Mark, noise_rows: int) -> Image.Image:
    """A bilevel page with the bars of *mark*; a row of noise is about 240 octets of T.6."""
    noise = random.Random(mark.bits)
    image = Image.new("1", (WIDTH, BAR_ROWS + noise_rows), 1)
    for place, bit in enumerate(mark.bits):
        if bit == "1":
            image.paste(0, (place * BAR, 0, (place + 1) * BAR, BAR_ROWS))
    image.paste(Image.frombytes("1", (WIDTH, noise_rows), noise.randbytes(WIDTH // 8 * noise_rows)), (0, BAR_ROWS))
    return image


def document(number: int, pages: int, noise_rows: int) -> bytes:
    """A TIFF file of *pages* pages, all of message *number*."""
    first, *rest = [draw(Mark(number=number, page=page), noise_rows) for page in range(1, pages + 1)]
    file = io.BytesIO()
    first.save(file, "TIFF", save_all=True, append_images=rest, compression="group4", dpi=(204, 196))
    return file.getvalue()


def read(image: Image.Image) -> Mark:
    """The mark of a page; ValueError if its bars are damaged."""
    grey = image.convert("L")
    seen = {
        "".join("1" if grey.getpixel((place * BAR + BAR // 2, row)) == 0 else "0" for place in range(WIDTH // BAR))
        for row in READ_AT
    }
    for bits in seen:
        value = int(bits[: NUMBER_BITS + PAGE_BITS], 2)
        mark = Mark(number=value >> PAGE_BITS, page=value % 2**PAGE_BITS)
        if seen == {mark.bits}:
            return mark
    raise ValueError(f"no bar code: {seen}")


def marks_of_tiff(octets: bytes) -> list[Mark]:
    """The marks of all pages of a TIFF file, in order."""
    with Image.open(io.BytesIO(octets), formats=["TIFF"]) as image:
        return [read(page) for page in ImageSequence.Iterator(image)]


def marks_of_payload(pages: Sequence[Page]) -> list[Mark]:
    """The marks of received pages, in order."""
    return marks_of_tiff(write([_strip(page) for page in pages])) if pages else []


def _strip(page: Page) -> StripPage:
    form = page.form
    return StripPage(
        coding=form.coding,
        width=form.width,
        rows=page.rows or walk(page.octets, form.coding, form.width).rows,
        x_resolution=form.resolution.x,
        y_resolution=form.resolution.y,
        octets=to_strip(page.octets, form.coding, form.width),
        bad_rows=page.bad_rows,
        consecutive_bad_rows=page.consecutive_bad_rows,
    )
