"""Answers rendering requests: opens documents, makes their pages, stamps and codes them.

This is what a worker process runs; it neither knows the process nor the pipe, and tests call it directly.  A
page is kept by the gateway, not here: as rows of eight pels an octet, compressed by zlib.
"""

from __future__ import annotations

import zlib
from typing import Protocol

from PIL import Image

from sandf import causes
from sandf.causes import Failure
from sandf.dmsp import coding, cover, header, text
from sandf.dmsp.limits import reading, set_pillow, too_many_pages
from sandf.dmsp.settings import RenderingSettings
from sandf.dmsp.wire import Code, Cover, Forget, Open, Raster, Reply, Request, WirePart, Wrap
from sandf.dmsp.wrap import wrapped
from sandf.protocols.t4.form import PageForm, Paper, Resolution

_PICTURES = {
    "image/tiff": ["TIFF"],
    "image/tiff-fx": ["TIFF"],
    "image/tif": ["TIFF"],
    "image/png": ["PNG"],
    "image/x-png": ["PNG"],
    "image/jpeg": ["JPEG"],
    "image/jpg": ["JPEG"],
    "image/pjpeg": ["JPEG"],
}
_PDF = ("application/pdf", "application/x-pdf")
_BEGINNINGS = (
    (b"%PDF-", "application/pdf"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"\x89PNG\r\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
)
_COMPRESSION = 1
"""Level of zlib: fast."""


class Source(Protocol):
    """One part that has been read."""

    count: int
    missing: str
    """Characters that could not be drawn so far."""

    def page(self, number: int, resolution: Resolution, paper: Paper) -> Image.Image:
        """Page *number* (0 is the first) as a bilevel image as wide as the paper."""


class TextSource:
    """The pages of one piece of plain text; none where it is blank."""

    def __init__(self, octets: bytes, charset: str, settings: RenderingSettings) -> None:
        self._pages = text.paginated(text.decoded(octets, charset), settings.pages)
        self.count = len(self._pages)
        self.missing = ""

    def page(self, number: int, resolution: Resolution, paper: Paper) -> Image.Image:
        """Page *number* (0 is the first)."""
        image, missing = text.drawn(self._pages[number], resolution, paper)
        self.missing += missing
        return image


class CoverSource:
    """One cover page."""

    count = 1

    def __init__(self, content: Cover) -> None:
        self._content = content
        self.missing = ""

    def page(self, number: int, resolution: Resolution, paper: Paper) -> Image.Image:
        """The cover."""
        content = self._content
        image, missing = cover.drawn(content.fields, content.comment, content.details, resolution, paper)
        self.missing += missing
        return image


def media_type(part: WirePart, octets: bytes) -> str:
    """What *part* is: what it claims, or for ``application/octet-stream`` what it begins like."""
    if part.media_type != "application/octet-stream":
        return part.media_type
    return next((name for beginning, name in _BEGINNINGS if octets.startswith(beginning)), part.media_type)


class OpenDocument:
    """The parts of a document that can be faxed, as one row of pages."""

    def __init__(self, request: Open, octets: bytes, settings: RenderingSettings) -> None:
        self.discarded: list[str] = []
        self._places: list[tuple[Source, int, str]] = []
        if request.cover is not None:
            self._add(CoverSource(request.cover), "cover page")
        at = 0
        for number, part in enumerate(request.parts, 1):
            piece = octets[at : at + part.length]
            at += part.length
            name = part.name or f"part {number} ({part.media_type})"
            with reading(name):
                source = _source(part, piece, settings)
            if source is None:
                self.discarded.append(part.media_type)
            else:
                self._add(source, name)
                too_many_pages(len(self._places), settings)
        if not self._places:
            raise Failure(
                causes.UNSUPPORTED_TYPE if self.discarded else causes.NOTHING_TO_SEND, ", ".join(self.discarded)
            )

    def _add(self, source: Source, name: str) -> None:
        self._places += [(source, number, name) for number in range(source.count)]

    @property
    def count(self) -> int:
        """Pages."""
        return len(self._places)

    def page(self, number: int, resolution: Resolution, paper: Paper) -> tuple[Image.Image, str]:
        """Page *number* (1 is the first) and the characters of its part that could not be drawn."""
        source, index, name = self._places[number - 1]
        with reading(name):
            return source.page(index, resolution, paper), source.missing


def _source(part: WirePart, octets: bytes, settings: RenderingSettings) -> Source | None:
    """*part* read; None where sandf cannot fax its type."""
    kind = media_type(part, octets)
    if kind in _PDF:
        from sandf.dmsp.pdf import PdfSource  # loads PDFium, which a gateway without PDF need not have in memory

        return PdfSource(octets, settings)
    if kind in _PICTURES:
        from sandf.dmsp.pictures import PictureSource

        return PictureSource(octets, _PICTURES[kind], settings)
    if kind == "text/plain":
        return TextSource(octets, part.charset, settings)
    return None


class Desk:
    """Serves requests one after the other."""

    def __init__(self, settings: RenderingSettings) -> None:
        self._settings = settings
        self._documents: dict[str, OpenDocument] = {}
        set_pillow(settings)

    def serve(self, request: Request, octets: bytes) -> tuple[Reply, bytes]:
        """The answer to *request*; never raises."""
        try:
            return self._serve(request, octets)
        except Failure as failure:
            return Reply(cause=failure.cause.number, detail=failure.detail), b""
        except MemoryError:
            return Reply(cause=causes.RENDERING_MEMORY.number, fatal=True), b""
        except Exception as error:  # a document must never end more than itself (design law 8)
            detail = f"{type(error).__name__}: {error}"
            return Reply(cause=causes.RENDERING_FAILED.number, detail=detail), b""

    def _serve(self, request: Request, octets: bytes) -> tuple[Reply, bytes]:
        match request:
            case Open():
                document = self._documents[request.document] = OpenDocument(request, octets, self._settings)
                return Reply(pages=document.count, discarded=document.discarded), b""
            case Raster():
                return self._raster(request)
            case Code():
                return _coded(request, octets)
            case Wrap():
                with reading("fax"):
                    return Reply(), wrapped(request, octets)
            case Forget():
                self._documents.pop(request.document, None)
                return Reply(), b""

    def _raster(self, request: Raster) -> tuple[Reply, bytes]:
        document = self._documents[request.document]
        image, missing = document.page(request.number, Resolution[request.resolution], request.paper)
        return Reply(rows=image.height, missing=missing), zlib.compress(image.tobytes(), _COMPRESSION)


def _coded(request: Code, octets: bytes) -> tuple[Reply, bytes]:
    form = PageForm(coding=request.coding, resolution=Resolution[request.resolution], paper=request.paper)
    image = Image.frombytes("1", (form.width, request.rows), zlib.decompress(octets))
    image, missing = header.stamped(image, request.header, form.resolution, form.paper)
    return Reply(rows=image.height, missing=missing), coding.encoded(image, form)
