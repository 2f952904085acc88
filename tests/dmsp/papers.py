"""Documents for the tests: pictures, PDF files, and a renderer that works within the call."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from io import BytesIO

from PIL import Image, ImageDraw
from twisted.internet.defer import Deferred, fail, succeed
from zope.interface import implementer

from sandf.callcontrol.media import Page, Part
from sandf.callcontrol.primitives import FaxToDocument
from sandf.causes import CATALOGUE, Failure
from sandf.dmsp import requests
from sandf.dmsp.desk import Desk
from sandf.dmsp.interfaces import IRenderer, Rows, Work
from sandf.dmsp.settings import RenderingSettings
from sandf.dmsp.wire import Reply, Request
from sandf.protocols.t4.form import PageForm, Paper, Resolution
from sandf.protocols.t4.line import to_strip
from sandf.protocols.tifffx.writer import StripPage, write


def marked(width: int, height: int, mode: str = "1") -> Image.Image:
    """A white image with a black frame, two diagonals and a filled box in its upper left quarter."""
    image = Image.new(mode, (width, height), "white")
    draw = ImageDraw.Draw(image)
    pen = max(3, width // 200)
    draw.rectangle((0, 0, width - 1, height - 1), outline="black", width=pen)
    draw.line((0, 0, width, height), fill="black", width=pen)
    draw.line((width, 0, 0, height), fill="black", width=pen)
    draw.rectangle((width // 8, height // 8, width // 4, height // 4), fill="black")
    return image


def photograph(width: int, height: int) -> Image.Image:
    """A smooth picture in colour, with every level of grey."""
    across = Image.linear_gradient("L").resize((width, height))
    along = Image.linear_gradient("L").rotate(90).resize((width, height))
    return Image.merge("RGB", (across, along, Image.radial_gradient("L").resize((width, height))))


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    """*image* as a file of *kind* (Pillow's name)."""
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def pdf(
    contents: Sequence[bytes], box: tuple[int, int] = (595, 842), *, extra: bytes = b"", more: bytes = b""
) -> bytes:
    """A PDF file with a page for each of *contents* (drawing commands); /F is Helvetica.

    *extra* goes into each page's dictionary, *more* into the trailer's.
    """
    kids = b" ".join(b"%d 0 R" % (4 + 2 * number) for number in range(len(contents)))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count %d/Kids[%s]>>" % (len(contents), kids),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    for number, content in enumerate(contents):
        objects.append(
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 %d %d]/Resources<</Font<</F 3 0 R>>>>/Contents %d 0 R%s>>"
            % (*box, 5 + 2 * number, extra)
        )
        objects.append(b"<</Length %d>>stream\n%s\nendstream" % (len(content), content))
    file = b"%PDF-1.4\n"
    offsets = []
    for number, content in enumerate(objects, 1):
        offsets.append(len(file))
        file += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    file += b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, table)
    return file + b"trailer<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF\n" % (size, more, file.rindex(b"xref"))


def pdf_text(*lines: str, points: int = 12, top: int = 780) -> bytes:
    """Drawing commands for *lines* of text."""
    shown = b"".join(b"(%s)' " % line.encode("latin-1") for line in lines)
    return b"BT /F %d Tf %d TL 60 %d Td %s ET" % (points, points + 3, top, shown)


ENCRYPTION = (
    b"/ID[<00112233445566778899aabbccddeeff><00112233445566778899aabbccddeeff>]"
    b"/Encrypt<</Filter/Standard/V 1/R 2/P -4/O<" + b"41" * 32 + b">/U<" + b"42" * 32 + b">>>"
)
"""For the trailer of a PDF file: a password is wanted, and the empty one is wrong."""


def unpacked(rows: Rows) -> Image.Image:
    """A rasterised page as an image."""
    size = (rows.paper.pels(rows.resolution), rows.rows)
    return Image.frombytes("1", size, zlib.decompress(rows.octets))


def decoded(page: Page) -> Image.Image:
    """A coded page as an image, read by libtiff from the file that tifffx makes of it."""
    form = page.form
    strip = StripPage(
        coding=form.coding,
        width=form.width,
        rows=page.rows,
        x_resolution=form.resolution.x,
        y_resolution=form.resolution.y,
        octets=to_strip(page.octets, form.coding, form.width),
    )
    image = Image.open(BytesIO(write([strip])))
    image.load()
    return image


def ink(image: Image.Image, box: tuple[int, int, int, int] | None = None) -> float:
    """The share of black pels in *box* (all of a bilevel image without one)."""
    part = image.crop(box) if box else image
    return part.convert("L").histogram()[0] / (part.width * part.height)


@implementer(IRenderer)
class DirectRenderer:
    """Answers at once, in this process; what is named in ``held`` waits until ``release`` is called."""

    def __init__(self, settings: RenderingSettings | None = None) -> None:
        self.desk = Desk(settings or RenderingSettings())
        self.asked: list[Request] = []
        self.cancelled: list[Request] = []
        self.hold = False
        self._waiting: list[tuple[Deferred[tuple[Reply, bytes]], Request, bytes]] = []

    def release(self) -> None:
        """Answer what waits, and from now on at once."""
        self.hold = False
        waiting, self._waiting = self._waiting, []
        for answer, request, octets in waiting:
            if not answer.called:
                self._serve(request, octets).chainDeferred(answer)

    def identify(self, parts: Sequence[Part]) -> Deferred[str]:
        return succeed(requests.digest(parts))

    def open(self, work: Work) -> Deferred[Reply]:
        asked = self._ask(requests.open_request(work), requests.work_octets(work))
        return asked.addCallback(lambda answer: answer[0])

    def raster(self, work: Work, number: int, resolution: Resolution, paper: Paper, *, urgent: bool) -> Deferred[Rows]:
        if work.key not in self.desk._documents:
            self.desk.serve(requests.open_request(work), requests.work_octets(work))
        request = requests.raster_request(work, number, resolution, paper)
        return self._ask(request, b"").addCallback(lambda answer: requests.rows_of(request, *answer))

    def code(self, rows: Rows, form: PageForm, header: tuple[str, str, str]) -> Deferred[tuple[Reply, bytes]]:
        return self._ask(requests.code_request(rows, form, header), rows.octets)

    def wrap(self, setup: FaxToDocument) -> Deferred[bytes]:
        octets = b"".join(page.octets for page in setup.pages)
        return self._ask(requests.wrap_request(setup), octets).addCallback(lambda answer: answer[1])

    def _ask(self, request: Request, octets: bytes) -> Deferred[tuple[Reply, bytes]]:
        self.asked.append(request)
        if not self.hold:
            return self._serve(request, octets)
        answer: Deferred[tuple[Reply, bytes]] = Deferred(lambda _: self.cancelled.append(request))
        self._waiting.append((answer, request, octets))
        return answer

    def _serve(self, request: Request, octets: bytes) -> Deferred[tuple[Reply, bytes]]:
        reply, answer = self.desk.serve(request, octets)
        if reply.cause:
            return fail(Failure(CATALOGUE[reply.cause], reply.detail))
        return succeed((reply, answer))
