"""Coded strips to a TIFF-FX file of profile S or F (RFC 3949 clauses 3 and 4), without transcoding.

The file is laid out as profile S wants it, in the order of the pages: header, first IFD at offset 8, its long
values, its one strip, the next IFD and so on; little-endian, FillOrder 2, every part on a word boundary.
Readers of TIFF class F, of profile F and, for MH pages of the right size, of profile S all take it.

What this module does not do: look into the strips.  RTC must be gone and EOFB there
(:func:`sandf.protocols.t4.line.to_strip`), and the number of rows known.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from sandf.protocols.t4.form import Coding
from sandf.protocols.tifffx.tags import COMPRESSION_T4, COMPRESSION_T6, T4_ALIGNED, T4_MR, CleanFaxData, Tag, Type

_HEADER = b"II\x2a\x00\x08\x00\x00\x00"
_SINGLE_PAGE_OF_MANY = 2
_MIN_IS_WHITE = 0
_INCH = 2
_TOP_LEFT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class StripPage:
    """One page to write: a single strip, its first bit the least significant one of its first octet."""

    coding: Coding
    width: int
    """Pels in a row."""
    rows: int
    x_resolution: int
    """Pels per inch; 204 for R8, 408 for R16."""
    y_resolution: int
    """Rows per inch; 98, 196 and 391 for 3.85, 7.7 and 15.4 rows/mm."""
    octets: bytes = field(repr=False)
    aligned: bool = False
    """Under MH and MR: each EOL ends on an octet."""
    bad_rows: int = 0
    consecutive_bad_rows: int = 0
    clean: CleanFaxData | None = None
    """Written if given, or if there were bad rows (then UNCLEAN)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What a file says of where it comes from; empty texts are left out, others are cut at a NUL."""

    software: str = ""
    date_time: str = ""
    """``YYYY:MM:DD HH:MM:SS`` (TIFF 6.0 section 8); other forms are refused."""
    image_description: str = ""
    make: str = ""
    model: str = ""


NO_ORIGIN = Origin()


@lru_cache(maxsize=32)
def _directory_struct(entries: int) -> struct.Struct:
    return struct.Struct("<H" + "HHII" * entries + "I")


def write(pages: Sequence[StripPage], origin: Origin = NO_ORIGIN) -> bytes:
    """A whole file of *pages* in order.

    Raises ``ValueError`` for no page, a page without rows, width or octets, a date of another form, and for
    4 GiB or more.
    """
    if not pages:
        raise ValueError("a TIFF file needs a page")
    texts = _texts(origin)
    parts = [_HEADER]
    at = len(_HEADER)
    for index, page in enumerate(pages):
        part = _page(page, at, index, len(pages), texts)
        at += len(part) + len(page.octets) + len(page.octets) % 2
        parts += (part, page.octets, b"\0" * (len(page.octets) % 2))
        if at >= 1 << 32:
            raise ValueError(f"page {index + 1} leads over 4 GiB, more than TIFF offsets hold")
    return b"".join(parts)


def _texts(origin: Origin) -> list[tuple[Tag, bytes]]:
    date = origin.date_time
    if date and (len(date) != 19 or date[4::3] != ":: ::" or not date.replace(":", "").replace(" ", "").isdigit()):
        raise ValueError(f"DateTime is {date!r}, not YYYY:MM:DD HH:MM:SS")
    named = (
        (Tag.IMAGE_DESCRIPTION, origin.image_description),
        (Tag.MAKE, origin.make),
        (Tag.MODEL, origin.model),
        (Tag.SOFTWARE, origin.software),
        (Tag.DATE_TIME, date),
    )
    return [(tag, text.partition("\0")[0].encode("utf-8") + b"\0") for tag, text in named if text]


def _fields(page: StripPage, index: int, count: int) -> list[tuple[Tag, Type, int, int]]:
    """The fields whose value fits into their entry; a SHORT stands in the low half of a little-endian LONG."""
    t6 = page.coding is Coding.MMR
    options = (page.coding is Coding.MR) * T4_MR | page.aligned * T4_ALIGNED
    fields = [
        (Tag.NEW_SUBFILE_TYPE, Type.LONG, 1, _SINGLE_PAGE_OF_MANY),
        (Tag.IMAGE_WIDTH, Type.LONG, 1, page.width),
        (Tag.IMAGE_LENGTH, Type.LONG, 1, page.rows),
        (Tag.BITS_PER_SAMPLE, Type.SHORT, 1, 1),
        (Tag.COMPRESSION, Type.SHORT, 1, COMPRESSION_T6 if t6 else COMPRESSION_T4),
        (Tag.PHOTOMETRIC_INTERPRETATION, Type.SHORT, 1, _MIN_IS_WHITE),
        (Tag.FILL_ORDER, Type.SHORT, 1, 2),
        (Tag.ORIENTATION, Type.SHORT, 1, _TOP_LEFT),
        (Tag.SAMPLES_PER_PIXEL, Type.SHORT, 1, 1),
        (Tag.ROWS_PER_STRIP, Type.LONG, 1, page.rows),
        (Tag.STRIP_BYTE_COUNTS, Type.LONG, 1, len(page.octets)),
        (Tag.T6_OPTIONS, Type.LONG, 1, 0) if t6 else (Tag.T4_OPTIONS, Type.LONG, 1, options),
        (Tag.RESOLUTION_UNIT, Type.SHORT, 1, _INCH),
        (Tag.PAGE_NUMBER, Type.SHORT, 2, min(index, 0xFFFF) | min(count, 0xFFFF) << 16),
    ]
    clean = CleanFaxData.UNCLEAN if page.clean is None and page.bad_rows else page.clean
    if clean is not None:
        fields += [
            (Tag.BAD_FAX_LINES, Type.LONG, 1, page.bad_rows),
            (Tag.CLEAN_FAX_DATA, Type.SHORT, 1, clean),
            (Tag.CONSECUTIVE_BAD_FAX_LINES, Type.LONG, 1, page.consecutive_bad_rows),
        ]
    return fields


def _page(page: StripPage, at: int, index: int, count: int, texts: list[tuple[Tag, bytes]]) -> bytes:
    """The IFD at offset *at* with its long values; the strip follows right behind, the next IFD behind that."""
    if not (page.rows > 0 and page.width > 0 and page.octets):
        raise ValueError(f"page {index + 1} has {page.rows} rows of {page.width} pels in {len(page.octets)} octets")
    fields = _fields(page, index, count)
    directory = _directory_struct(len(fields) + 3 + len(texts))
    values = struct.pack("<IIII", page.x_resolution, 1, page.y_resolution, 1)
    long_values = at + directory.size
    fields.append((Tag.X_RESOLUTION, Type.RATIONAL, 1, long_values))
    fields.append((Tag.Y_RESOLUTION, Type.RATIONAL, 1, long_values + 8))
    for tag, text in texts:
        if len(text) <= 4:
            fields.append((tag, Type.ASCII, len(text), int.from_bytes(text, "little")))
        else:
            fields.append((tag, Type.ASCII, len(text), long_values + len(values)))
            values += text + b"\0" * (len(text) % 2)
    strip = long_values + len(values)
    fields.append((Tag.STRIP_OFFSETS, Type.LONG, 1, strip))
    fields.sort()
    last = index + 1 == count
    following = 0 if last else strip + len(page.octets) + len(page.octets) % 2
    return directory.pack(len(fields), *(number for field in fields for number in field), following) + values
