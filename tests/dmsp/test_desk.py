"""Every kind of document to pages, and every way in which one can be bad."""

from __future__ import annotations

import struct
import zlib

from PIL import Image, ImageChops
from twisted.trial.unittest import SynchronousTestCase

from sandf import causes
from sandf.callcontrol.media import Part
from sandf.causes import Cause
from sandf.dmsp import requests
from sandf.dmsp.desk import Desk
from sandf.dmsp.interfaces import Work
from sandf.dmsp.settings import RenderingSettings
from sandf.dmsp.wire import Cover, Reply
from sandf.protocols.t4.form import Paper, Resolution

from .papers import ENCRYPTION, ink, marked, pdf, pdf_text, photograph, saved, unpacked

SMALL = RenderingSettings(pages=5, pixels=6_000_000)


def part(media_type: str, octets: bytes, **more: str) -> Part:
    return Part(media_type=media_type, octets=octets, **more)  # type: ignore[arg-type]  # charset and filename


class DeskCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.patch(Image, "MAX_IMAGE_PIXELS", Image.MAX_IMAGE_PIXELS)  # a desk sets it for the whole process
        self.desk = Desk(SMALL)

    def opened(self, *parts: Part) -> Reply:
        self.work = Work(key="d", parts=parts)
        return self.desk.serve(requests.open_request(self.work), requests.work_octets(self.work))[0]

    def page(self, number: int = 1, resolution: Resolution = Resolution.FINE, paper: Paper = Paper.A4) -> Image.Image:
        request = requests.raster_request(self.work, number, resolution, paper)
        reply, octets = self.desk.serve(request, b"")
        self.assertEqual(reply.cause, 0, reply.detail)
        self.missing = reply.missing
        return unpacked(requests.rows_of(request, reply, octets))

    def assertSame(self, made: Image.Image, wanted: Image.Image, *, apart: float = 0.0) -> None:
        self.assertEqual(made.size, wanted.size)
        different = ImageChops.logical_xor(made, wanted).convert("L").histogram()[255]
        self.assertLessEqual(different / (made.width * made.height), apart)

    def assertEnds(self, reply: Reply, cause: Cause, detail: str = "") -> None:
        self.assertEqual(reply.cause, cause.number, reply)
        self.assertIn(detail, reply.detail)


class Tiff(DeskCase):
    def test_every_compression(self) -> None:
        page = marked(1728, 1000)
        for compression in ("raw", "group3", "group4", "tiff_lzw", "tiff_adobe_deflate", "packbits"):
            octets = saved(page, "TIFF", compression=compression, dpi=(204, 196))
            self.assertEqual(self.opened(part("image/tiff", octets)).pages, 1)
            self.assertSame(self.page(), page)

    def test_two_dimensional_and_either_fill_order(self) -> None:
        page = marked(1728, 1000)
        for order in (1, 2):
            # Pillow inverts neither pels nor Photometric: written as black is zero.
            octets = saved(page, "TIFF", compression="group3", dpi=(204, 196), tiffinfo={292: 1, 266: order})
            self.opened(part("image/tiff", octets))
            self.assertSame(self.page(), page)

    def test_many_strips(self) -> None:
        page = marked(1728, 1000)
        octets = saved(page, "TIFF", compression="group4", dpi=(204, 196), tiffinfo={278: 64})
        self.opened(part("image/tiff", octets))
        self.assertSame(self.page(), page)

    def test_big_endian(self) -> None:
        page = marked(1728, 200)
        self.opened(part("image/tiff", big_endian(page)))
        self.assertSame(self.page(), page)

    def test_tiles(self) -> None:
        page = marked(1728, 256)
        self.opened(part("image/tiff", tiled(page)))
        self.assertSame(self.page(), page)

    def test_grey_colour_and_jpeg(self) -> None:
        wanted = marked(1728, 1000)
        for mode, options in (("L", {}), ("RGB", {}), ("RGB", {"compression": "jpeg", "quality": 95}), ("CMYK", {})):
            octets = saved(marked(1728, 1000, "RGB").convert(mode), "TIFF", dpi=(204, 196), **options)
            self.opened(part("image/tiff", octets))
            self.assertSame(self.page(), wanted, apart=0.003)

    def test_sixteen_bits(self) -> None:
        page = marked(1728, 500)
        deep = page.convert("I").point(lambda level: level * 257).convert("I;16")
        self.opened(part("image/tiff", saved(deep, "TIFF", dpi=(204, 196))))
        self.assertSame(self.page(), page)

    def test_pages_in_order(self) -> None:
        pages = [marked(1728, 300 + 100 * number) for number in range(3)]
        octets = saved(pages[0], "TIFF", save_all=True, append_images=pages[1:], compression="group4", dpi=(204, 196))
        self.assertEqual(self.opened(part("image/tiff", octets)).pages, 3)
        for number in (3, 1, 2):
            self.assertSame(self.page(number), pages[number - 1])

    def test_reduced_copies_are_no_pages(self) -> None:
        small = saved(marked(100, 100), "TIFF", tiffinfo={254: 1})
        self.assertEqual(self.opened(part("image/tiff", small)).pages, 1)

    def test_half_height_page_is_not_squashed(self) -> None:
        octets = saved(marked(1728, 1000), "TIFF", compression="group4", dpi=(204, 98))
        self.opened(part("image/tiff", octets))
        self.assertEqual(self.page().size, (1728, 2000))
        self.assertSame(self.page(resolution=Resolution.STANDARD), marked(1728, 1000))

    def test_every_resolution_and_paper(self) -> None:
        self.desk = Desk(RenderingSettings())
        self.opened(part("image/tiff", saved(marked(1728, 1100), "TIFF", compression="group4", dpi=(204, 98))))
        for resolution in Resolution:
            for paper in Paper:
                made = self.page(resolution=resolution, paper=paper)
                self.assertEqual(made.width, paper.pels(resolution))
                shape = (made.height / resolution.y) / (made.width / resolution.x)
                self.assertLess(abs(shape - (1100 / 98) / (1728 / 204)), 0.06)


class Pictures(DeskCase):
    def test_png(self) -> None:
        self.opened(part("image/png", saved(marked(1728, 1000), "PNG", dpi=(200, 200))))
        self.assertSame(self.page(resolution=Resolution.INCH_200), marked(1728, 1000))

    def test_transparent_png_is_white_below(self) -> None:
        clear = Image.new("RGBA", (800, 800), (0, 0, 0, 0))
        clear.paste((0, 0, 0, 255), (0, 0, 400, 800))
        self.opened(part("image/png", saved(clear, "PNG")))
        made = self.page()
        self.assertEqual(ink(made, (0, 0, 800, made.height)), 1.0)
        self.assertEqual(ink(made, (900, 0, 1728, made.height)), 0.0)

    def test_photograph(self) -> None:
        self.opened(part("image/jpeg", saved(photograph(1600, 1200), "JPEG")))
        made = self.page()
        self.assertEqual(made.size, (1728, round(1728 * 0.75 * 196 / 204)))
        self.assertGreater(ink(made, (0, 0, 400, 400)), ink(made, (1300, 700, 1700, 1100)))

    def test_exif_rotation(self) -> None:
        upright = Image.new("L", (600, 800), 255)
        upright.paste(0, (0, 0, 600, 200))
        for orientation, turn in ((1, None), (3, Image.Transpose.ROTATE_180), (6, Image.Transpose.ROTATE_90)):
            stored = upright.transpose(turn) if turn is not None else upright
            exif = Image.Exif()
            exif[0x0112] = orientation
            self.opened(part("image/jpeg", saved(stored, "JPEG", exif=exif, quality=95)))
            made = self.page()
            self.assertEqual(made.width, 1728)
            self.assertGreater(made.height, made.width)
            self.assertGreater(ink(made, (0, 0, 1728, made.height // 5)), 0.9, orientation)
            self.assertEqual(ink(made, (0, made.height // 2, 1728, made.height)), 0.0)

    def test_unknown_type_is_looked_at(self) -> None:
        octets = saved(marked(1728, 1000), "PNG", dpi=(200, 200))
        self.assertEqual(self.opened(part("application/octet-stream", octets)).pages, 1)


class Pdf(DeskCase):
    def test_text_is_where_it_belongs(self) -> None:
        self.assertEqual(self.opened(part("application/pdf", pdf([pdf_text("HELLO", points=40), b""]))).pages, 2)
        made = self.page()
        self.assertEqual(made.size, (1728, 2292))
        # 60 points from the left, baseline 737 points from the foot of 842.
        box = (20 + int(60 / 72 * 204), int(73 / 72 * 196), 20 + int(210 / 72 * 204), int(107 / 72 * 196))
        self.assertGreater(ink(made, box), 0.1)
        self.assertEqual(ink(made, (0, box[3] + 5, 1728, 2292)), 0.0)
        self.assertEqual(ink(self.page(2)), 0.0)

    def test_letter_and_landscape(self) -> None:
        self.opened(part("application/pdf", pdf([b"0 0 612 792 re f"], (612, 792))))
        made = self.page()
        self.assertEqual(made.size, (1728, 2149))
        self.assertGreater(ink(made), 0.99)
        self.opened(part("application/pdf", pdf([b"0 0 99 99 re f"], (612, 792), extra=b"/Rotate 90")))
        made = self.page()
        self.assertEqual(made.size, (1728, round(1728 * 612 / 792 * 196 / 204)))
        self.assertGreater(ink(made, (0, 0, 200, 200)), 0.9)

    def test_standard_has_half_the_rows(self) -> None:
        self.opened(part("application/pdf", pdf([pdf_text("HELLO", points=40)])))
        self.assertEqual(self.page(resolution=Resolution.STANDARD).size, (1728, 1146))

    def test_encrypted(self) -> None:
        reply = self.opened(part("application/pdf", pdf([pdf_text("secret")], more=ENCRYPTION), filename="s.pdf"))
        self.assertEnds(reply, causes.ENCRYPTED_DOCUMENT, "s.pdf")

    def test_damaged(self) -> None:
        self.assertEnds(self.opened(part("application/pdf", b"%PDF-1.7 and nothing")), causes.UNREADABLE)

    def test_too_many_pages(self) -> None:
        self.assertEnds(self.opened(part("application/pdf", pdf([b""] * 6))), causes.DOCUMENT_TOO_LARGE, "5 pages")

    def test_enormous_page(self) -> None:
        self.opened(part("application/pdf", pdf([b""], (100, 14400))))
        reply, _ = self.desk.serve(requests.raster_request(self.work, 1, Resolution.INCH_400, Paper.A3), b"")
        self.assertEqual(reply.cause, causes.DOCUMENT_TOO_LARGE.number)


class Text(DeskCase):
    def test_lines_are_drawn_from_the_top(self) -> None:
        self.opened(part("text/plain", b"first\r\n\r\nthird\r\n", charset="us-ascii"))
        made = self.page()
        self.assertEqual(made.size, (1728, 2107))
        bands = [ink(made, (0, round((0.37 + i / 6) * 196), 1728, round((0.53 + i / 6) * 196))) > 0 for i in range(4)]
        self.assertEqual(bands, [True, False, True, False])

    def test_sixty_lines_to_a_page_and_form_feed(self) -> None:
        self.assertEqual(self.opened(part("text/plain", b"line\n" * 60)).pages, 1)
        self.assertEqual(self.opened(part("text/plain", b"line\n" * 61)).pages, 2)
        self.assertEqual(self.opened(part("text/plain", b"one\ftwo\n\fthree")).pages, 3)

    def test_charsets_draw_the_same(self) -> None:
        text = "Gr\u00fc\u00dfe \u2013 \u20ac"
        self.opened(part("text/plain", text.encode("utf-8"), charset="utf-8"))
        wanted = self.page()
        self.assertGreater(ink(wanted), 0)
        forms = [("cp1252", "windows-1252"), ("utf-16", "utf-16"), ("utf-8", "x-unknown"), ("cp1252", "x-unknown")]
        for encoding, charset in [*forms, ("utf-8-sig", ""), ("utf-8", "us-ascii"), ("utf-7", "utf-7")]:
            self.opened(part("text/plain", text.encode(encoding), charset=charset))
            self.assertSame(self.page(), wanted)

    def test_octets_that_are_no_text_do_not_fail(self) -> None:
        self.opened(part("text/plain", bytes(range(256)), charset="utf-8"))
        self.assertGreater(ink(self.page(2)), 0)

    def test_a_codec_that_is_no_charset(self) -> None:
        self.opened(part("text/plain", b"plain", charset="base64"))
        wanted = self.page()
        self.opened(part("text/plain", b"plain", charset="ascii"))
        self.assertSame(self.page(), wanted)

    def test_long_lines_stay_on_the_paper(self) -> None:
        self.opened(part("text/plain", b"word " * 400 + b"\n" + b"W" * 2000))
        made = self.page()
        self.assertEqual(ink(made, (1650, 0, 1728, made.height)), 0.0)
        self.assertGreater(ink(made, (1400, 0, 1600, made.height)), 0.0)

    def test_number_of_pages_does_not_depend_on_the_form(self) -> None:
        self.opened(part("text/plain", b"x" * 90 + b"\n" * 61 + b"y"))
        for resolution in Resolution:
            self.assertGreater(ink(self.page(2, resolution=resolution)), 0)

    def test_missing_glyphs_show(self) -> None:
        self.opened(part("text/plain", "\U000f0000".encode(), charset="utf-8"))
        made = self.page()
        self.assertEqual(self.missing, "\U000f0000")
        self.opened(part("text/plain", b"?"))
        self.assertSame(made, self.page())

    def test_endless_line(self) -> None:
        for text in (b"x" * 3_000_000, b"word " * 600_000):
            self.assertEnds(self.opened(part("text/plain", text)), causes.DOCUMENT_TOO_LARGE)
        self.assertEnds(self.opened(part("text/plain", b"\t" * 300_000)), causes.NOTHING_TO_SEND)

    def test_too_long(self) -> None:
        self.assertEnds(self.opened(part("text/plain", b"line\n" * 301)), causes.DOCUMENT_TOO_LARGE)


class Covers(DeskCase):
    def test_cover(self) -> None:
        cover = Cover(
            fields=[("To", "5710801"), ("Subject", "a " * 300)], comment="Note", details=[("X", "y" * 9999)] * 99
        )
        self.work = Work(key="c", cover=cover)
        self.assertEqual(self.desk.serve(requests.open_request(self.work), b"")[0].pages, 1)
        made = self.page()
        self.assertEqual(made.size, (1728, 2107))
        self.assertGreater(ink(made, (150, 150, 400, 300)), 0.05)
        self.assertEqual(ink(made, (0, 2080, 1728, 2107)), 0.0)
        self.assertEqual(ink(made, (1640, 0, 1728, 2107)), 0.0)


class Documents(DeskCase):
    def test_parts_in_order_each_on_its_own_page(self) -> None:
        tiff = saved(marked(1728, 700), "TIFF", compression="group4", dpi=(204, 196))
        reply = self.opened(
            part("text/plain", b"hi"), part("image/tiff", tiff), part("application/pdf", pdf([b"", b""]))
        )
        self.assertEqual(reply.pages, 4)
        self.assertSame(self.page(2), marked(1728, 700))
        self.assertEqual(self.page(3).size, (1728, 2292))

    def test_what_cannot_be_faxed_is_left_out_and_counted(self) -> None:
        reply = self.opened(part("audio/wav", b"RIFF"), part("text/plain", b"hi"), part("text/html", b"<p>"))
        self.assertEqual((reply.pages, reply.discarded), (1, ["audio/wav", "text/html"]))

    def test_nothing_that_can_be_faxed(self) -> None:
        self.assertEnds(self.opened(part("audio/wav", b"RIFF")), causes.UNSUPPORTED_TYPE, "audio/wav")
        self.assertEnds(self.opened(part("application/octet-stream", b"?")), causes.UNSUPPORTED_TYPE)

    def test_empty_message(self) -> None:
        self.assertEnds(self.opened(), causes.NOTHING_TO_SEND)
        self.assertEnds(self.opened(part("text/plain", b" \r\n\r\n")), causes.NOTHING_TO_SEND)

    def test_blank_text_beside_a_picture_is_no_page(self) -> None:
        png = saved(marked(1728, 100), "PNG")
        self.assertEqual(self.opened(part("text/plain", b"\r\n"), part("image/png", png)).pages, 1)

    def test_pages_of_all_parts_count(self) -> None:
        self.assertEnds(
            self.opened(part("application/pdf", pdf([b""] * 3)), part("application/pdf", pdf([b""] * 3))),
            causes.DOCUMENT_TOO_LARGE,
        )


class Bad(DeskCase):
    def test_not_what_it_claims(self) -> None:
        for media_type in ("image/tiff", "image/png", "image/jpeg", "application/pdf"):
            reply = self.opened(part(media_type, b"this is not it", filename="odd"))
            self.assertEnds(reply, causes.UNREADABLE, "odd: ")

    def ends(self, media_type: str, octets: bytes) -> int:
        """The cause of opening and making page 1, whichever comes first."""
        reply = self.opened(part(media_type, octets, filename="f"))
        if not reply.cause:
            reply, _ = self.desk.serve(requests.raster_request(self.work, 1, Resolution.FINE, Paper.A4), b"")
        return reply.cause

    def test_truncated_files(self) -> None:
        picture = photograph(900, 700)
        for kind, media_type in (("PNG", "image/png"), ("JPEG", "image/jpeg"), ("TIFF", "image/tiff")):
            octets = saved(picture, kind)
            for share in (0.1, 0.5, 0.9):
                self.assertEqual(self.ends(media_type, octets[: int(len(octets) * share)]), causes.UNREADABLE.number)

    def test_fax_cut_off_in_its_second_page_is_refused_at_once(self) -> None:
        octets = saved(marked(1728, 900), "TIFF", save_all=True, append_images=[marked(1728, 900)], compression="raw")
        self.assertEqual(self.opened(part("image/tiff", octets)).pages, 2)
        tags = octets.index(struct.pack("<HHII", 273, 4, 1, 0)[:8], 100_000)
        moved = octets[: tags + 8] + struct.pack("<I", len(octets) - 50) + octets[tags + 12 :]
        self.assertEnds(self.opened(part("image/tiff", moved)), causes.UNREADABLE, "image 2 of it is cut off")

    def test_image_bombs(self) -> None:
        header = struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)
        chunk = b"IHDR" + header
        png = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
        png += struct.pack(">I", 0) + b"IDAT" + struct.pack(">I", zlib.crc32(b"IDAT"))
        self.assertEqual(self.ends("image/png", png), causes.DOCUMENT_TOO_LARGE.number)
        tiff = saved(Image.new("1", (4000, 2000), 255), "TIFF", compression="group4")
        self.assertEqual(self.ends("image/tiff", tiff), causes.DOCUMENT_TOO_LARGE.number)

    def test_tiff_of_too_many_pages(self) -> None:
        page = marked(100, 100)
        octets = saved(page, "TIFF", save_all=True, append_images=[page] * 5, compression="group4")
        self.assertEqual(self.ends("image/tiff", octets), causes.DOCUMENT_TOO_LARGE.number)

    def test_tiff_whose_directories_go_round(self) -> None:
        octets = bytearray(saved(marked(100, 100), "TIFF", compression="raw"))
        directory = struct.unpack_from("<I", octets, 4)[0]
        entries = struct.unpack_from("<H", octets, directory)[0]
        struct.pack_into("<I", octets, directory + 2 + 12 * entries, directory)
        self.assertEqual(self.ends("image/tiff", bytes(octets)), 0)

    def test_after_a_bad_document_comes_a_good_one(self) -> None:
        self.ends("image/tiff", b"II*\0")
        self.assertEqual(self.ends("text/plain", b"fine"), 0)


def _tiff(order: str, page: Image.Image, tags: list[tuple[int, int, int]], data: bytes) -> bytes:
    """A TIFF file in byte *order* (``<`` or ``>``); a tag's value of -1 is where the data are."""
    fields = sorted([*tags, (256, 4, page.width), (257, 4, page.height), (258, 3, 1), (259, 3, 1), (262, 3, 1)])
    start = 8 + 2 + 12 * len(fields) + 4
    octets = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    octets += struct.pack(order + "H", len(fields))
    for tag, kind, value in fields:
        number = start if value == -1 else value
        packed = struct.pack(order + "I", number) if kind == 4 else struct.pack(order + "HH", number, 0)
        octets += struct.pack(order + "HHI", tag, kind, 1) + packed
    return octets + struct.pack(order + "I", 0) + data


def big_endian(page: Image.Image) -> bytes:
    data = page.tobytes()
    return _tiff(">", page, [(273, 4, -1), (277, 3, 1), (278, 4, page.height), (279, 4, len(data))], data)


def tiled(page: Image.Image) -> bytes:
    """*page* as one tile of 1728 x 256 pels."""
    data = page.tobytes()
    tags = [(322, 4, 1728), (323, 4, 256), (324, 4, -1), (325, 4, len(data)), (277, 3, 1)]
    return _tiff("<", page, tags, data)
