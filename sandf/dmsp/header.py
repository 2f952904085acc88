"""The header line: one row of text above the image of every page, which grows longer by it.

The words ``$a$`` (date) ``$d$`` (called) ``$p$`` (page) ``$s$`` (calling) ``$t$`` (date and time) and ``$n$``
(pages of the fax) are replaced; anything else stays as it is written.
"""

from __future__ import annotations

import re
from datetime import datetime

from PIL import Image

from sandf.dmsp.sheet import Sheet, pels_high
from sandf.protocols.t4.form import Paper, Resolution

HEIGHT = 1 / 8
"""Inches; the last row of it is white."""
_BASELINE = 0.092
_POINTS = 8.0
_MARGIN = 0.25
_GAP = 0.15
_WORD = re.compile(r"\$([adpstn])\$")

Fields = tuple[str, str, str]
"""Left, centre, right."""


def expanded(text: str, *, called: str, calling: str, page: int, pages: int, moment: datetime) -> str:
    """*text* with its words replaced; *moment* is the transmission of the first page, in the zone to be shown."""
    words = {
        "a": f"{moment:%Y-%m-%d}",
        "t": f"{moment:%Y-%m-%d,%H:%M:%S}",
        "d": called,
        "s": calling,
        "p": str(page),
        "n": str(pages),
    }
    return _WORD.sub(lambda match: words[match[1]], text)


def rows(resolution: Resolution, paper: Paper) -> int:
    """Rows by which a page grows."""
    return pels_high(HEIGHT, resolution, paper)


def line(fields: Fields, resolution: Resolution, paper: Paper) -> tuple[Image.Image, str]:
    """The header line as a bilevel image, and the characters that could not be drawn.

    A field that is longer than its room (a third of the row; half without a centre; all of it alone) is cut.
    """
    high = rows(resolution, paper)
    sheet = Sheet(resolution, paper, high - 1)
    inner = sheet.width - 2 * _MARGIN
    parts = 3 if fields[1] and (fields[0] or fields[2]) else max(1, sum(map(bool, fields)))
    room = (inner - _GAP * (parts - 1)) / parts
    for position, field in enumerate(fields):
        if field:
            text, wide = _cut(sheet, field, room)
            sheet.text(_MARGIN + (inner - wide) * position / 2, _BASELINE, text, _POINTS)
    image = Image.new("1", (paper.pels(resolution), high), 255)
    image.paste(sheet.finished(), (0, 0))
    return image, sheet.missing


def _cut(sheet: Sheet, text: str, room: float) -> tuple[str, float]:
    text = " ".join(text.split())[:200]
    while (wide := sheet.length(text, _POINTS)) > room:
        text = text[:-1]
    return text, wide


def stamped(image: Image.Image, fields: Fields, resolution: Resolution, paper: Paper) -> tuple[Image.Image, str]:
    """*image* below the header line of *fields*; the image itself if all are empty."""
    if not any(fields):
        return image, ""
    top, missing = line(fields, resolution, paper)
    page = Image.new("1", (image.width, image.height + top.height), 255)
    page.paste(top, (0, 0))
    page.paste(image, (0, top.height))
    return page, missing
