"""What the demo holds the received fax against: the pages that its documents make, to the pel.

The TIFF is compared with itself as it was made; text and PDF with what the renderer makes of them.  Above each page
that was received stands the header line; below it, every pel must be the same.
"""

from __future__ import annotations

import io
import zlib
from dataclasses import dataclass

from PIL import Image, ImageChops

from sandf.dmsp.desk import Desk
from sandf.dmsp.settings import RenderingSettings
from sandf.dmsp.wire import Open, Raster, WirePart
from sandf.protocols.t4.form import Paper, Resolution

from .demo_documents import TEXT, pdf, tiff


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A page that is not what was sent."""

    page: int
    what: str


def tiff_pages(octets: bytes) -> list[Image.Image]:
    """The pages of a TIFF file, bilevel."""
    pages = []
    with Image.open(io.BytesIO(octets)) as file:
        for number in range(getattr(file, "n_frames", 1)):
            file.seek(number)
            pages.append(file.convert("1"))
    return pages


def expected_pages() -> list[Image.Image]:
    """The pages of the demo's message: one of text, three of PDF, and the TIFF's own."""
    return [
        *_rendered("text/plain", TEXT.encode(), "utf-8"),
        *_rendered("application/pdf", pdf(), ""),
        *tiff_pages(tiff()),
    ]


def _rendered(media_type: str, octets: bytes, charset: str) -> list[Image.Image]:
    desk = Desk(RenderingSettings())
    part = WirePart(media_type=media_type, length=len(octets), charset=charset)
    opened, _ = desk.serve(Open(document="demo", parts=[part]), octets)
    pages = []
    for number in range(1, opened.pages + 1):
        made, rows = desk.serve(
            Raster(document="demo", number=number, resolution=Resolution.FINE.name, paper=Paper.A4), b""
        )
        pages.append(Image.frombytes("1", (Paper.A4.pels(Resolution.FINE), made.rows), zlib.decompress(rows)))
    return pages


def differences(received: list[Image.Image], expected: list[Image.Image]) -> list[Difference]:
    """Where *received* (with header lines) is not *expected*; empty where every pel is the same."""
    if len(received) != len(expected):
        return [Difference(page=0, what=f"{len(received)} pages came, {len(expected)} were sent")]
    found = []
    for number, (came, sent) in enumerate(zip(received, expected, strict=True), 1):
        header = came.height - sent.height
        if came.width != sent.width or header <= 0:
            found.append(Difference(page=number, what=f"{came.size} came, {sent.size} and a header line were sent"))
            continue
        below = came.crop((0, header, came.width, came.height))
        if ImageChops.logical_xor(below, sent).getbbox() is not None:
            found.append(Difference(page=number, what="some pels differ"))
        elif came.crop((0, 0, came.width, header)).getextrema() != (0, 255):
            found.append(Difference(page=number, what="the header line is missing"))
    return found
