"""Plain text to pages: 80 columns, 6 lines to the inch, 60 lines to a page.

The page is 10.75 inches long, so that with the header line it fits on Letter and on A4.  Line breaks do not
depend on the resolution or the paper: the number of pages is known before either is.

What this module does not do: ``format=flowed``, and scripts that need more than one face in a line to be
shaped as a whole.  Text in a charset that Python does not know is read as UTF-8, else as Windows-1252 (with
Latin-1 for what that leaves open); octets that a known charset cannot have become U+FFFD.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from itertools import islice

from PIL import Image

from sandf.dmsp.sheet import Sheet, pels_high, wrapped
from sandf.protocols.t4.form import Paper, Resolution

COLUMNS = 80
LINES = 60
LENGTH = 10.75
"""Inches."""
_LEFT, _MEASURE = 0.7, 7.1
_TOP = 0.5
_POINTS = 11.0
_PITCH = 1 / 6
_LONGEST_LINE = 20_000
"""Characters; a longer line is taken in pieces of this length, to bound the work of breaking it."""


def decoded(octets: bytes, charset: str) -> str:
    """*octets* as text; *charset* as in the Content-Type field, or empty."""
    for mark, name in ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")):
        if octets.startswith(mark):
            return octets.decode(name, "replace").lstrip("\ufeff")
    try:
        if charset and codecs.lookup(charset).name not in ("ascii", "utf-8"):
            return octets.decode(charset, "replace")
    except (LookupError, ValueError):  # unknown, or a codec that makes no text
        pass
    return _guessed(octets)


def _guessed(octets: bytes) -> str:
    for name in ("utf-8", "cp1252"):
        try:
            return octets.decode(name)
        except UnicodeDecodeError:
            pass
    return octets.decode("latin-1")


def paginated(text: str, most_pages: int) -> list[list[str]]:
    """The lines of each page; a form feed begins a new one.  At most *most_pages* + 1 pages are made."""
    ruler = Sheet(Resolution.FINE, Paper.A4, 1)
    pages: list[list[str]] = []
    most_lines = (most_pages + 1) * LINES
    for sheet in text.replace("\r\n", "\n").replace("\r", "\n").split("\f"):
        lines: list[str] = []
        for line in sheet.rstrip().split("\n"):
            lines += islice(_broken(ruler, line), most_lines - len(lines) + 1)
            if len(lines) > most_lines:
                break
        pages += [lines[at : at + LINES] for at in range(0, len(lines), LINES)]
        if len(pages) > most_pages:
            break
    while pages and not any(pages[-1]):
        pages.pop()
    return pages


def _broken(ruler: Sheet, line: str) -> Iterator[str]:
    """*line* in lines that fit, the tabs spaced out and other control characters gone."""
    for at in range(0, max(1, len(line)), _LONGEST_LINE):
        piece = line[at : at + _LONGEST_LINE].expandtabs(8)
        piece = "".join(c for c in piece if c >= " " and c != "\x7f").rstrip()
        if piece.isascii() and len(piece) <= COLUMNS:
            yield piece
        else:
            yield from wrapped(ruler, piece, _MEASURE, _POINTS, fixed_pitch=True)


def drawn(lines: list[str], resolution: Resolution, paper: Paper) -> tuple[Image.Image, str]:
    """One page of *lines* as a bilevel image, and the characters that could not be drawn."""
    sheet = Sheet(resolution, paper, pels_high(LENGTH, resolution, paper))
    for number, line in enumerate(lines):
        sheet.text(_LEFT, _TOP + number * _PITCH, line, _POINTS, fixed_pitch=True)
    return sheet.finished(), sheet.missing
