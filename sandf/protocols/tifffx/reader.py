"""Walking through fax TIFFs of any origin, to hand their coded strips on as they are.

Takes both byte orders, any order of parts, SHORT and LONG for each other, one strip or many, resolutions per
inch or per centimetre, missing fields with a default.  Refuses, with an exception that names the field and the
limit, what leads out of the file, goes round in a circle or is larger than :class:`Limits`.

What this module does not do: decode, or read tiles, BigTIFF and SubIFDs; a page that is no bilevel T.4 or T.6
strip is reported with what it is, for others to render.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from sandf.protocols.t4.bits import REVERSED
from sandf.protocols.t4.form import Coding
from sandf.protocols.tifffx.tags import COMPRESSION_T4, COMPRESSION_T6, T4_MR, T4_UNCOMPRESSED, Tag

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
"""Octets in a value, by field type (TIFF 6.0 section 2, and 13 for IFD)."""
_INTEGERS = {1: "B", 3: "H", 4: "I", 13: "I"}
_FORMATS = {**_INTEGERS, 5: "II", 11: "f"}
_NO_LIMIT = 0xFFFFFFFF


class TiffError(ValueError):
    """The file is no TIFF that can be walked through; the text says which field and what limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The most that is taken from one file."""

    pages: int = 5_000
    entries: int = 1_000
    """Fields in an IFD."""
    strips: int = 300_000
    """Strips in all pages together."""
    overlap: int = 4
    """How many times the octets of the file may be used as strips."""
    width: int = 30_000
    """Pels."""
    rows: int = 200_000


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True, kw_only=True)
class TiffPage:
    """One page as its IFD describes it; defaults of TIFF 6.0 stand for missing fields."""

    width: int
    rows: int
    compression: int
    """3 for T.4, 4 for T.6; others see TIFF 6.0."""
    options: int
    """T4Options or T6Options."""
    fill_order: int
    photometric: int
    """PhotometricInterpretation: 0 where white is 0, as in all fax."""
    bits_per_sample: tuple[int, ...]
    samples_per_pixel: int
    orientation: int
    new_subfile_type: int
    x_resolution: float
    """Pels per inch; 0.0 where the file gives no unit."""
    y_resolution: float
    page_number: tuple[int, int]
    """Number (0 is the first) and count as the file claims them; (0, 0) where it does not."""
    offset: int
    """Of the IFD."""
    strip_offsets: tuple[int, ...] = field(repr=False)
    strips: tuple[bytes, ...] = field(repr=False)
    """As they stand in the file."""

    @property
    def coding(self) -> Coding | None:
        """The coding in the terms of T.30, or None where it is not one of them."""
        if self.compression == COMPRESSION_T6:
            return Coding.MMR
        if self.compression == COMPRESSION_T4:
            return Coding.MR if self.options & T4_MR else Coding.MH
        return None

    def coded(self) -> bytes | None:
        """The page as one run of T.4 or T.6 data in the bit order of T.30 (FillOrder 2).

        None where it cannot be had without decoding: other compressions, uncompressed mode, black and white
        exchanged, rows not from the top left, MMR in several strips (each starts from a white row).
        """
        if self.coding is None or self.options & T4_UNCOMPRESSED or self.photometric or self.orientation != 1:
            return None
        if self.coding is Coding.MMR and len(self.strips) != 1:
            return None
        octets = b"".join(self.strips)
        return octets if self.fill_order == 2 else octets.translate(REVERSED)


class _File:
    """The octets of a file with the reading of IFDs; *order* is the struct byte order."""

    def __init__(self, octets: bytes, limits: Limits) -> None:
        if len(octets) < 8 or octets[:2] not in (b"II", b"MM"):
            raise TiffError("no TIFF header: the file does not begin with II or MM")
        self.octets, self.limits = octets, limits
        self.strips_left, self.octets_left = limits.strips, limits.overlap * len(octets)
        self.order = "<" if octets[:2] == b"II" else ">"
        version, self.first = struct.unpack_from(self.order + "HI", octets, 2)
        if version != 42:
            raise TiffError(f"no TIFF header: version is {version}, not 42")

    def directories(self) -> Iterator[tuple[int, _Directory]]:
        """Each IFD of the chain, with its offset."""
        offset, seen = self.first, set[int]()
        while offset:
            if offset in seen:
                raise TiffError(f"the chain of IFDs comes back to offset {offset}")
            if len(seen) == self.limits.pages:
                raise TiffError(f"more than {self.limits.pages} IFDs (limit pages)")
            seen.add(offset)
            directory = _Directory(self, offset)
            yield offset, directory
            offset = directory.following

    def part(self, offset: int, size: int, what: str) -> bytes:
        """*size* octets from *offset*, or an exception that names *what*."""
        if offset + size > len(self.octets):
            raise TiffError(f"{what} at offset {offset} with {size} octets leads out of {len(self.octets)}")
        return self.octets[offset : offset + size]


class _Directory:
    """One IFD: its entries by tag, read when asked for."""

    def __init__(self, file: _File, offset: int) -> None:
        self._file = file
        (count,) = struct.unpack(file.order + "H", file.part(offset, 2, "IFD"))
        if not 0 < count <= file.limits.entries:
            raise TiffError(f"IFD at offset {offset} has {count} fields (limit entries {file.limits.entries})")
        size = 2 + count * 12 + 4
        table = file.part(offset, size, "IFD")
        self._entries = {
            tag: (kind, number, offset + 2 + index * 12 + 8)
            for index, (tag, kind, number, _) in enumerate(struct.iter_unpack(file.order + "HHII", table[2:-4]))
        }
        (self.following,) = struct.unpack(file.order + "I", table[-4:])

    def __contains__(self, tag: Tag) -> bool:
        return tag in self._entries

    def numbers(
        self, tag: Tag, default: tuple[int, ...], limit: int = 64, *, rational: bool = False
    ) -> tuple[int, ...]:
        """The whole-number values of *tag* (two for each rational), *default* where it is missing."""
        if tag not in self._entries:
            return default
        kind, count, place = self._entries[tag]
        letters = (_FORMATS if rational else _INTEGERS).get(kind)
        if letters is None:
            raise TiffError(f"{tag.spelled} has type {kind}, which holds no number")
        if not 0 < count <= limit:
            raise TiffError(f"{tag.spelled} has {count} values (limit {limit})")
        size = count * _SIZES[kind]
        if size > 4:
            (place,) = struct.unpack(self._file.order + "I", self._file.part(place, 4, tag.spelled))
        return struct.unpack(self._file.order + letters * count, self._file.part(place, size, tag.spelled))

    def number(self, tag: Tag, default: int | None, low: int = 0, high: int = _NO_LIMIT) -> int:
        """The first value of *tag*, which must lie from *low* to *high*; required where *default* is None."""
        if default is None and tag not in self._entries:
            raise TiffError(f"{tag.spelled} is missing")
        value = self.numbers(tag, (default or 0,))[0]
        if not low <= value <= high:
            raise TiffError(f"{tag.spelled} is {value} (limits {low} to {high})")
        return value

    def resolution(self, tag: Tag) -> float:
        """*tag* per inch; 0.0 where it is missing, not a ratio, or without unit."""
        numerator, denominator = (*self.numbers(tag, (0, 1), 1, rational=True), 1)[:2]
        unit = {2: 1.0, 3: 2.54}.get(self.number(Tag.RESOLUTION_UNIT, 2), 0.0)
        return round(numerator / denominator * unit, 3) if denominator else 0.0


def read(octets: bytes, limits: Limits = DEFAULT_LIMITS) -> tuple[TiffPage, ...]:
    """All pages of a file, in the order of its IFDs.  Raises :class:`TiffError`."""
    file = _File(octets, limits)
    pages = tuple(_page(file, offset, directory) for offset, directory in file.directories())
    if not pages:
        raise TiffError("the file has no IFD")
    return pages


def _page(file: _File, offset: int, directory: _Directory) -> TiffPage:
    compression = directory.number(Tag.COMPRESSION, 1)
    strip_offsets, strips = _strips(file, directory)
    number = directory.numbers(Tag.PAGE_NUMBER, (0, 0), 2)
    return TiffPage(
        width=directory.number(Tag.IMAGE_WIDTH, None, 1, file.limits.width),
        rows=directory.number(Tag.IMAGE_LENGTH, None, 1, file.limits.rows),
        compression=compression,
        options=directory.number(Tag.T6_OPTIONS if compression == COMPRESSION_T6 else Tag.T4_OPTIONS, 0),
        fill_order=directory.number(Tag.FILL_ORDER, 1, 1, 2),
        photometric=directory.number(Tag.PHOTOMETRIC_INTERPRETATION, 0),
        bits_per_sample=directory.numbers(Tag.BITS_PER_SAMPLE, (1,)),
        samples_per_pixel=directory.number(Tag.SAMPLES_PER_PIXEL, 1),
        orientation=directory.number(Tag.ORIENTATION, 1),
        new_subfile_type=directory.number(Tag.NEW_SUBFILE_TYPE, 0),
        x_resolution=directory.resolution(Tag.X_RESOLUTION),
        y_resolution=directory.resolution(Tag.Y_RESOLUTION),
        page_number=(number[0], number[-1]),
        offset=offset,
        strip_offsets=strip_offsets,
        strips=strips,
    )


def _strips(file: _File, directory: _Directory) -> tuple[tuple[int, ...], tuple[bytes, ...]]:
    """The strips of a page; without StripByteCounts a single strip goes to the end of the file."""
    offsets = directory.numbers(Tag.STRIP_OFFSETS, (), file.strips_left)
    if Tag.STRIP_BYTE_COUNTS not in directory and len(offsets) == 1:
        counts: tuple[int, ...] = (max(0, len(file.octets) - offsets[0]),)
    else:
        counts = directory.numbers(Tag.STRIP_BYTE_COUNTS, (), file.strips_left)
    if len(counts) != len(offsets):
        raise TiffError(f"StripByteCounts has {len(counts)} values, StripOffsets {len(offsets)}")
    file.strips_left -= len(offsets)
    file.octets_left -= sum(counts)
    if file.octets_left < 0:
        most = file.limits.overlap * len(file.octets)
        raise TiffError(f"StripByteCounts add up to more than {most} octets (limit overlap)")
    strips = tuple(file.part(at, size, "StripOffsets") for at, size in zip(offsets, counts, strict=True))
    return offsets, strips


def profile_s_faults(octets: bytes) -> tuple[str, ...]:
    """What keeps a file from being of profile S (RFC 3949 clause 3), one sentence each; empty if it is.

    Profile S is what every Internet fax terminal reads: little-endian, the first IFD at offset 8, each IFD in
    front of its strips and in the order of the pages, MH, FillOrder 2, 1728 pels, 200 or 204 by 98, 100, 196
    or 200 to the inch.  Raises :class:`TiffError`.
    """
    pages = read(octets)
    faults = []
    if octets[:2] != b"II":
        faults.append("the byte order is not little-endian")
    if pages[0].offset != 8:
        faults.append(f"the first IFD is at offset {pages[0].offset}, not 8")
    if [page.offset for page in pages] != sorted(page.offset for page in pages):
        faults.append("the IFDs are not in the order of the pages")
    for number, page in enumerate(pages, 1):
        wanted = {
            "an IFD in front of its strips": min(page.strip_offsets, default=0) > page.offset,
            "MH without uncompressed mode": page.coding is Coding.MH and not page.options & T4_UNCOMPRESSED,
            "PhotometricInterpretation 0": page.photometric == 0,
            "FillOrder 2": page.fill_order == 2,
            "ImageWidth 1728": page.width == 1728,
            "XResolution 200 or 204": page.x_resolution in (200, 204),
            "YResolution 98, 100, 196 or 200": page.y_resolution in (98, 100, 196, 200),
            "NewSubfileType 2": page.new_subfile_type == 2,
        }
        faults += [f"page {number} lacks {what}" for what, there in wanted.items() if not there]
    return tuple(faults)
