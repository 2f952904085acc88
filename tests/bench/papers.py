"""Pages and mails to measure with: a page of dense text drawn here, the ITU test charts where they are at hand."""

from __future__ import annotations

import functools
import os
import random
from dataclasses import replace
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from sandf.callcontrol.media import Page
from sandf.dmsp.coding import encoded
from sandf.protocols.t4.form import Coding, PageForm, Resolution

ROWS = 2292
"""Of an A4 page at fine resolution."""
WIDTH = 1728
LINE_ROWS = 52
"""Rows from one line of text to the next; with these a page takes about 60 KB as MMR."""
VOCABULARY = 2000
CHARTS = "SANDF_DATA"
"""Environment variable: a folder that has ``itu/itu1.tif`` to ``itu8.tif``."""


def _word(rng: random.Random) -> str:
    return "".join(rng.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(rng.randrange(2, 10)))


@functools.cache
def text_image(seed: int = 1) -> Image.Image:
    """A page of 42 lines of words that nobody has written before; the same for the same *seed*."""
    rng = random.Random(seed)
    image = Image.new("1", (WIDTH, ROWS), 255)
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(26)
    for top in range(60, ROWS - 72, LINE_ROWS):
        left = 100.0
        while left < WIDTH - 128:
            word = _word(rng)
            draw.text((left, top), word, font=font, fill=0)
            left += draw.textlength(word, font=font) + 12
    return image


def page(number: int, form: PageForm) -> Page:
    """:func:`text_image` as page *number* in *form*, which is A4 and fine."""
    image = text_image()
    return Page(number=number, form=form, rows=image.height, octets=encoded(image, form))


def numbered(page: Page, number: int) -> Page:
    """*page* again, as page *number*."""
    return replace(page, number=number)


def charts() -> dict[str, Image.Image]:
    """The ITU test charts by name; the page of this module where they are missing."""
    folder = Path(os.environ.get(CHARTS, "../shared/data")) / "itu"
    found = {}
    for file in sorted(folder.glob("itu[1-8].tif")):
        with Image.open(file) as image:
            found[file.stem] = image.convert("1")
    return found or {"text": text_image()}


def coded(image: Image.Image, coding: Coding) -> bytes:
    """*image* as a page at fine resolution."""
    return encoded(image, PageForm(coding=coding, resolution=Resolution.FINE))


@functools.cache
def _vocabulary() -> tuple[list[str], list[float]]:
    """Words, and how often each comes: few of them often, as in any language (Zipf)."""
    rng = random.Random(0)
    return [_word(rng) for _ in range(VOCABULARY)], [1 / place for place in range(1, VOCABULARY + 1)]


def words(octets: int, seed: int = 1) -> bytes:
    """Lines of text of at most 76 columns, *octets* altogether, with CRLF line ends."""
    rng = random.Random(seed)
    vocabulary, weights = _vocabulary()
    lines: list[str] = []
    size = 0
    while size < octets:
        lines.append(" ".join(rng.choices(vocabulary, weights, k=12))[:76])
        size += len(lines[-1]) + 2
    return "\r\n".join(lines).encode()[: octets - 2] + b"\r\n"
