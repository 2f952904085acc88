"""Pages for the tests of T.4: rows drawn by a seed, and strips coded by Pillow's libtiff."""

from __future__ import annotations

import io
import random
from typing import cast

from PIL import Image, ImageChops
from PIL.TiffImagePlugin import TiffImageFile

from sandf.protocols.t4.encode import packed
from sandf.protocols.t4.form import Coding


def drawn_rows(seed: int, width: int, count: int) -> list[list[int]]:
    """*count* rows of changing elements: text-like, halftone, white and black ones, many like the row above."""
    rng = random.Random(seed)
    rows: list[list[int]] = []
    for _ in range(count):
        kind = rng.randrange(8)
        if kind == 0:
            rows.append([width])
        elif kind == 1:
            rows.append([0, width])
        elif kind == 2:
            rows.append([*range(rng.randrange(2), width, 1 + rng.randrange(3)), width])
        elif kind == 3:
            rows.append([*sorted(rng.sample(range(width), rng.randrange(min(width, 60)))), width])
        else:
            above = rows[-1][:-1] if rows else []
            rows.append([*sorted({min(width - 1, max(0, x + rng.randrange(-4, 5))) for x in above}), width])
    return rows


def image_of(rows: list[list[int]]) -> Image.Image:
    """A bilevel image of *rows*; black is 0 as Pillow has it."""
    width = rows[0][-1]
    return ImageChops.invert(Image.frombytes("1", (width, len(rows)), b"".join(map(packed, rows))))


def libtiff_file(
    image: Image.Image, coding: Coding, *, fill_order: int = 2, aligned: bool = False, dpi: tuple[int, int] = (204, 98)
) -> bytes:
    """A TIFF of one strip as libtiff writes it; only its strip is meant to be used."""
    tags: dict[int, int] = {278: image.size[1], 266: fill_order}
    if coding is not Coding.MMR:
        tags[292] = (coding is Coding.MR) + 4 * aligned
    compression = "group4" if coding is Coding.MMR else "group3"
    target = io.BytesIO()
    ImageChops.invert(image).save(target, "TIFF", compression=compression, tiffinfo=tags, dpi=dpi)
    return target.getvalue()


def libtiff_strip(
    image: Image.Image, coding: Coding, *, fill_order: int = 2, aligned: bool = False, dpi: tuple[int, int] = (204, 98)
) -> bytes:
    """The one strip of :func:`libtiff_file`."""
    octets = libtiff_file(image, coding, fill_order=fill_order, aligned=aligned, dpi=dpi)
    tags = cast(TiffImageFile, Image.open(io.BytesIO(octets))).tag_v2
    offset, count = cast(int, tags[273][0]), cast(int, tags[279][0])
    return octets[offset : offset + count]
