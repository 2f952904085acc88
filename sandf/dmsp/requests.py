"""Values of call control as requests to a worker, and answers back.

Both the pool and whoever renders within the process use these.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from sandf.callcontrol.media import Page, Part
from sandf.callcontrol.primitives import FaxToDocument
from sandf.dmsp.interfaces import Rows, Work
from sandf.dmsp.wire import Code, Open, Raster, Reply, WirePage, WirePart, Wrap
from sandf.protocols.t4.form import PageForm, Paper, Resolution


def open_request(work: Work) -> Open:
    """Read *work*; :func:`work_octets` follow the request."""
    parts = [
        WirePart(media_type=part.media_type, length=len(part.octets), charset=part.charset, name=part.filename)
        for part in work.parts
    ]
    return Open(document=work.key, parts=parts, cover=work.cover)


def work_octets(work: Work) -> bytes:
    """The octets that follow the request to open *work*."""
    return work.parts[0].octets if len(work.parts) == 1 else b"".join(part.octets for part in work.parts)


def digest(parts: Sequence[Part]) -> str:
    """SHA-256 over what rendering sees of *parts*."""
    total = hashlib.sha256()
    for part in parts:
        words = (part.media_type, part.charset, part.filename, str(len(part.octets)))
        total.update("\0".join(words).encode("utf-8", "surrogateescape") + b"\0")
        total.update(part.octets)
    return total.hexdigest()


def raster_request(work: Work, number: int, resolution: Resolution, paper: Paper) -> Raster:
    """Rasterise page *number* of *work*."""
    return Raster(document=work.key, number=number, resolution=resolution.name, paper=paper)


def rows_of(request: Raster, reply: Reply, octets: bytes) -> Rows:
    """The answer to *request*."""
    resolution = Resolution[request.resolution]
    return Rows(rows=reply.rows, resolution=resolution, paper=request.paper, octets=octets, missing=reply.missing)


def code_request(rows: Rows, form: PageForm, header: tuple[str, str, str]) -> Code:
    """Stamp and code *rows*, whose octets follow the request."""
    return Code(rows=rows.rows, coding=form.coding, resolution=form.resolution.name, paper=form.paper, header=header)


def wrap_request(setup: FaxToDocument) -> Wrap:
    """Wrap the pages of *setup*, whose octets follow the request."""
    return Wrap(pages=[_wire_page(page) for page in setup.pages], description=setup.description)


def _wire_page(page: Page) -> WirePage:
    return WirePage(
        length=len(page.octets),
        rows=page.rows,
        coding=page.form.coding,
        resolution=page.form.resolution.name,
        paper=page.form.paper,
        bad_rows=page.bad_rows,
        consecutive_bad_rows=page.consecutive_bad_rows,
    )
