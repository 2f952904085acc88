"""TIFF-FX files: ours as Pillow reads them, Pillow's as we read them, damaged and hostile ones."""

from __future__ import annotations

import io
import shutil
import struct
import subprocess
import tempfile
from typing import Any, cast

from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageSequence
from PIL.TiffImagePlugin import TiffImageFile
from twisted.trial.unittest import SynchronousTestCase

from sandf.protocols.t4.form import Coding, PageForm, Paper, Resolution
from sandf.protocols.t4.line import to_line, to_strip
from sandf.protocols.t4.walk import walk
from sandf.protocols.tifffx.reader import Limits, TiffError, profile_s_faults, read
from sandf.protocols.tifffx.tags import CleanFaxData, Tag
from sandf.protocols.tifffx.writer import Origin, StripPage, write
from tests.protocols.t4.pages import drawn_rows, image_of, libtiff_file, libtiff_strip

BOUNDED = settings(deadline=None, derandomize=True, max_examples=100)
ORIGIN = Origin(
    software="sandf",
    date_time="2026:11:22 02:40:00",
    image_description="Fax from +1 555 1000",
    make="abc",
    model="Größe",
)


def page(coding: Coding = Coding.MH, seed: int = 1, rows: int = 40, form: PageForm | None = None) -> StripPage:
    form = form or PageForm(coding=coding, resolution=Resolution.STANDARD)
    return StripPage(
        coding=coding,
        width=form.width,
        rows=rows,
        x_resolution=form.resolution.x,
        y_resolution=form.resolution.y,
        octets=libtiff_strip(image_of(drawn_rows(seed, form.width, rows)), coding),
    )


def opened(octets: bytes) -> TiffImageFile:
    return cast(TiffImageFile, Image.open(io.BytesIO(octets)))


class Written(SynchronousTestCase):
    def test_pillow_reads_the_pixels_of_every_coding_width_and_resolution(self) -> None:
        forms = [PageForm(coding=c, resolution=r, paper=p) for c in Coding for r in Resolution for p in Paper]
        file = write([page(form.coding, seed, 30, form) for seed, form in enumerate(forms)], ORIGIN)
        image = opened(file)
        self.assertEqual(image.n_frames, len(forms))
        for seed, (form, frame) in enumerate(zip(forms, ImageSequence.Iterator(image), strict=True)):
            self.assertEqual(frame.tobytes(), image_of(drawn_rows(seed, form.width, 30)).tobytes(), form)
            tags = cast(TiffImageFile, frame).tag_v2
            self.assertEqual((tags[282], tags[283], tags[296]), (form.resolution.x, form.resolution.y, 2))
            self.assertEqual(tags[297], (seed, len(forms)))

    def test_what_goes_over_the_line_comes_back_as_pixels(self) -> None:
        for coding in Coding:
            sent = page(coding)
            received = to_line(sent.octets, coding, sent.width, min_bits=288) + b"\0\0\0"
            strip = to_strip(received, coding, sent.width)
            file = write(
                [
                    StripPage(
                        coding=coding,
                        width=1728,
                        rows=walk(received, coding, 1728).rows,
                        x_resolution=204,
                        y_resolution=98,
                        octets=strip,
                    )
                ]
            )
            self.assertEqual(opened(file).tobytes(), image_of(drawn_rows(1, 1728, 40)).tobytes())

    def test_every_field(self) -> None:
        tags = opened(write([page(Coding.MR), page(Coding.MMR)], ORIGIN)).tag_v2
        self.assertEqual(
            {tag: value for tag, value in tags.items() if tag not in (Tag.STRIP_OFFSETS, Tag.STRIP_BYTE_COUNTS)},
            {
                Tag.NEW_SUBFILE_TYPE: 2,
                Tag.IMAGE_WIDTH: 1728,
                Tag.IMAGE_LENGTH: 40,
                Tag.BITS_PER_SAMPLE: (1,),
                Tag.COMPRESSION: 3,
                Tag.PHOTOMETRIC_INTERPRETATION: 0,
                Tag.FILL_ORDER: 2,
                Tag.IMAGE_DESCRIPTION: "Fax from +1 555 1000",
                Tag.MAKE: "abc",
                Tag.MODEL: "Größe".encode().decode("latin-1"),
                Tag.ORIENTATION: 1,
                Tag.SAMPLES_PER_PIXEL: 1,
                Tag.ROWS_PER_STRIP: 40,
                Tag.X_RESOLUTION: 204,
                Tag.Y_RESOLUTION: 98,
                Tag.T4_OPTIONS: 1,
                Tag.RESOLUTION_UNIT: 2,
                Tag.PAGE_NUMBER: (0, 2),
                Tag.SOFTWARE: "sandf",
                Tag.DATE_TIME: "2026:11:22 02:40:00",
            },
        )

    def test_damage_is_told(self) -> None:
        damaged = StripPage(
            coding=Coding.MH,
            width=1728,
            rows=40,
            x_resolution=204,
            y_resolution=98,
            octets=page().octets,
            bad_rows=7,
            consecutive_bad_rows=3,
        )
        tags = opened(write([damaged])).tag_v2
        self.assertEqual((tags[326], tags[327], tags[328]), (7, CleanFaxData.UNCLEAN, 3))

    def test_parts_stand_in_order_on_word_boundaries(self) -> None:
        pages = read(write([page(seed=n, rows=11 + n) for n in range(5)], ORIGIN))
        places = [place for one in pages for place in (one.offset, *one.strip_offsets)]
        self.assertEqual(places[0], 8)
        self.assertEqual(places, sorted(places))
        self.assertFalse([place for place in places if place % 2])

    def test_profile_s(self) -> None:
        self.assertEqual(profile_s_faults(write([page(), page()])), ())
        wide = PageForm(coding=Coding.MH, resolution=Resolution.INCH_300, paper=Paper.B4)
        faults = profile_s_faults(write([page(), page(form=wide), page(Coding.MMR)]))
        self.assertEqual(
            faults,
            (
                "page 2 lacks ImageWidth 1728",
                "page 2 lacks XResolution 200 or 204",
                "page 2 lacks YResolution 98, 100, 196 or 200",
                "page 3 lacks MH without uncompressed mode",
            ),
        )
        faults = profile_s_faults(libtiff_file(image_of(drawn_rows(1, 1728, 9)), Coding.MH, fill_order=1))
        self.assertIn("page 1 lacks FillOrder 2", faults)

    def test_what_is_refused(self) -> None:
        self.assertRaises(ValueError, write, [])
        for rows, width, octets in ((0, 1728, b"x"), (1, 0, b"x"), (1, 1, b"")):
            empty = StripPage(
                coding=Coding.MH, width=width, rows=rows, x_resolution=204, y_resolution=98, octets=octets
            )
            self.assertRaises(ValueError, write, [empty])
        self.assertRaises(ValueError, write, [page()], Origin(date_time="2026-11-22T02:40:00"))

    def test_tiffinfo_has_nothing_to_say_against_it(self) -> None:
        if not shutil.which("tiffinfo"):
            self.skipTest("tiffinfo (libtiff-tools) is not installed")
        with tempfile.NamedTemporaryFile(suffix=".tif") as file:
            file.write(write([page(coding) for coding in Coding], ORIGIN))
            file.flush()
            done = subprocess.run(["tiffinfo", file.name], capture_output=True, text=True, check=True)
        self.assertEqual(done.stderr, "")
        self.assertIn("CCITT Group 3", done.stdout)
        self.assertIn("CCITT Group 4", done.stdout)


class ReadBack(SynchronousTestCase):
    def test_our_own(self) -> None:
        pages = [page(coding, 3, 25) for coding in Coding]
        for wrote, got in zip(pages, read(write(pages, ORIGIN)), strict=True):
            self.assertEqual(got.coded(), wrote.octets)
            self.assertEqual((got.coding, got.width, got.rows), (wrote.coding, 1728, 25))
            self.assertEqual((got.x_resolution, got.y_resolution), (204, 98))

    def test_pillows_files_pass_through(self) -> None:
        rows = drawn_rows(9, 2048, 30)
        for coding in Coding:
            for fill_order in (1, 2):
                (got,) = read(libtiff_file(image_of(rows), coding, fill_order=fill_order, dpi=(200, 100)))
                self.assertEqual((got.coding, got.fill_order), (coding, fill_order))
                self.assertEqual((got.x_resolution, got.y_resolution), (200, 100))
                octets = b"".join(got.strips)
                lines = walk(octets, coding, 2048, msb_first=fill_order == 1, keep=True)
                self.assertEqual(list(lines.changes or ()), rows)

    def test_strips_are_joined_where_the_coding_allows(self) -> None:
        rows = drawn_rows(2, 1728, 40)
        parts = [libtiff_strip(image_of(rows[n : n + 16]), Coding.MR) for n in (0, 16, 32)]
        for order, mark in (("<", b"II*\0"), (">", b"MM\0*")):
            (got,) = read(by_hand(order, mark, parts, 1728, 40, options=1))
            self.assertEqual(len(got.strips), 3)
            octets = got.coded()
            assert octets is not None
            self.assertEqual(list(walk(octets, Coding.MR, 1728, keep=True).changes or ()), rows)
        (got,) = read(by_hand("<", b"II*\0", parts, 1728, 40, compression=4))
        self.assertIs(got.coded(), None)

    def test_what_cannot_pass_through(self) -> None:
        faults: tuple[dict[str, Any], ...] = (
            {"compression": 5},
            {"options": 2},
            {"photometric": 1},
            {"orientation": 3},
        )
        for fault in faults:
            (got,) = read(by_hand("<", b"II*\0", [b"\x00\x08"], 1728, 1, **fault))
            self.assertIs(got.coded(), None, fault)

    def test_centimetres_and_missing_units(self) -> None:
        (got,) = read(by_hand("<", b"II*\0", [b"xx"], 8, 1, unit=3))
        self.assertEqual((got.x_resolution, got.y_resolution), (203.962, 97.79))
        (got,) = read(by_hand("<", b"II*\0", [b"xx"], 8, 1, unit=1))
        self.assertEqual(got.x_resolution, 0.0)


def by_hand(
    order: str,
    mark: bytes,
    strips: list[bytes],
    width: int,
    rows: int,
    *,
    compression: int = 3,
    options: int = 0,
    photometric: int = 0,
    orientation: int = 1,
    unit: int = 2,
    following: int = 0,
    fields: dict[int, tuple[int, int, int]] | None = None,
) -> bytes:
    """A file with its IFD behind its strips; *fields* replaces entries as (type, count, value as LONG)."""
    body, offsets = b"", []
    for strip in strips:
        offsets.append(8 + len(body))
        body += strip
    tables = 8 + len(body)
    count = len(strips)
    body += struct.pack(f"{order}{count}I{count}I4I", *offsets, *map(len, strips), 8030, 100, 3850, 100)
    entries = {
        256: (4, 1, width),
        257: (4, 1, rows),
        259: (4, 1, compression),
        262: (4, 1, photometric),
        266: (4, 1, 2),
        273: (4, count, tables if count > 1 else offsets[0]),
        274: (4, 1, orientation),
        278: (4, 1, -(-rows // count)),
        279: (4, count, tables + 4 * count if count > 1 else len(strips[0])),
        282: (5, 1, tables + 8 * count),
        283: (5, 1, tables + 8 * count + 8),
        293 if compression == 4 else 292: (4, 1, options),
        296: (4, 1, unit),
    } | (fields or {})
    table = b"".join(struct.pack(order + "HHII", tag, *entry) for tag, entry in sorted(entries.items()) if entry[1])
    kept = len(table) // 12
    return (
        mark
        + struct.pack(order + "I", 8 + len(body))
        + body
        + struct.pack(order + "H", kept)
        + table
        + struct.pack(order + "I", following)
    )


class Refused(SynchronousTestCase):
    def assert_refused(self, octets: bytes, *words: str, limits: Limits | None = None) -> None:
        error = self.assertRaises(TiffError, read, octets, limits or Limits())
        for word in words:
            self.assertIn(word, str(error))

    def test_bad_files(self) -> None:
        def with_field(tag: int, *entry: int) -> bytes:
            return by_hand("<", b"II*\0", [b"12"], 8, 1, fields={tag: cast(tuple[int, int, int], entry)})

        good = by_hand("<", b"II*\0", [b"12"], 8, 1)
        self.assertEqual(len(read(good)), 1)
        self.assert_refused(b"", "header")
        self.assert_refused(b"%PDF-1.7 ", "II or MM")
        self.assert_refused(b"II\x2b\0" + good[4:], "version is 43")
        self.assert_refused(b"II*\0\0\0\0\0", "no IFD")
        self.assert_refused(good[:-6], "IFD", "leads out")
        self.assert_refused(with_field(256, 4, 0, 0), "ImageWidth is missing")
        self.assert_refused(with_field(256, 4, 1, 30_001), "ImageWidth is 30001", "30000")
        self.assert_refused(with_field(257, 4, 1, 0), "ImageLength is 0")
        self.assert_refused(with_field(257, 4, 1, 1 << 31), "ImageLength", "200000")
        self.assert_refused(with_field(256, 2, 1, 8), "ImageWidth has type 2")
        self.assert_refused(with_field(258, 3, 0xFFFFFFFF, 8), "BitsPerSample", "limit 64")
        self.assert_refused(with_field(273, 4, 1, 1 << 30), "StripOffsets", "leads out")
        self.assert_refused(with_field(273, 4, 300_001, 8), "StripOffsets has 300001 values", "300000")
        self.assert_refused(with_field(273, 4, 2, 0), "StripByteCounts has 1 values, StripOffsets 2")
        self.assert_refused(with_field(279, 4, 1, 1 << 31), "StripByteCounts", "overlap")
        self.assert_refused(with_field(282, 5, 1, 1 << 20), "XResolution", "leads out")
        self.assert_refused(with_field(266, 4, 1, 3), "FillOrder is 3")

    def test_a_chain_that_comes_back(self) -> None:
        good = by_hand("<", b"II*\0", [b"12"], 8, 1)
        first = struct.unpack("<I", good[4:8])[0]
        self.assert_refused(good[:-4] + struct.pack("<I", first), "comes back", str(first))

    def test_limits(self) -> None:
        file = write([page(rows=3)] * 4)
        self.assert_refused(file, "more than 3 IFDs", "limit pages", limits=Limits(pages=3))
        self.assert_refused(file, "limit entries 5", limits=Limits(entries=5))
        self.assert_refused(file, "StripOffsets has 1 values (limit 0)", limits=Limits(strips=3))
        self.assertEqual(len(read(file, Limits(pages=4, strips=4))), 4)

    def test_pages_that_share_their_strip_are_bounded(self) -> None:
        strip = bytes(2000)
        body = b"II*\0" + struct.pack("<I", 2008) + strip
        for _ in range(50):
            table = [(256, 8), (257, 1), (259, 3), (273, 8), (279, 2000)]
            following = len(body) + 2 + len(table) * 12 + 4
            body += struct.pack("<H", 5) + b"".join(struct.pack("<HHII", t, 4, 1, v) for t, v in table)
            body += struct.pack("<I", following)
        self.assert_refused(body[:-4] + bytes(4), "overlap")

    @BOUNDED
    @given(st.data())
    def test_any_change_of_a_good_file_is_read_or_refused(self, data: st.DataObject) -> None:
        octets = bytearray(write([page(rows=4), page(Coding.MMR, rows=4)], ORIGIN))
        for _ in range(data.draw(st.integers(1, 8))):
            octets[data.draw(st.integers(0, 700))] = data.draw(st.integers(0, 255))
        try:
            for got in read(bytes(octets)):
                got.coded()
        except TiffError:
            pass

    @BOUNDED
    @given(st.binary(max_size=200))
    def test_any_octets_are_read_or_refused(self, octets: bytes) -> None:
        for start in (b"", b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08"):
            try:
                read(start + octets)
            except TiffError:
                pass
