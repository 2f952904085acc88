"""Received pages to one TIFF file of profile F, without transcoding.

Rows are counted where nobody has, and the end of T.6 data is found by reading it through; nothing else looks
into the codes, and pixels are never made.
"""

from __future__ import annotations

import sandf
from sandf.dmsp.wire import WirePage, Wrap
from sandf.protocols.t4.form import Resolution
from sandf.protocols.t4.line import to_strip
from sandf.protocols.t4.walk import walk
from sandf.protocols.tifffx.writer import Origin, StripPage, write


def wrapped(request: Wrap, octets: bytes) -> bytes:
    """The file; *octets* are those of the pages, one after the other.  Raises ``ValueError`` for no page."""
    strips: list[StripPage] = []
    at = 0
    for page in request.pages:
        strip = _strip(page, octets[at : at + page.length])
        at += page.length
        if strip is not None:
            strips.append(strip)
    return write(strips, Origin(software=f"sandf {sandf.__version__}", image_description=request.description))


def _strip(page: WirePage, octets: bytes) -> StripPage | None:
    """*page* as a strip; None for one without rows, which TIFF cannot hold."""
    resolution = Resolution[page.resolution]
    width = page.paper.pels(resolution)
    rows = page.rows or walk(octets, page.coding, width).rows
    strip = to_strip(octets, page.coding, width) if rows else b""
    if not strip:
        return None
    return StripPage(
        coding=page.coding,
        width=width,
        rows=rows,
        x_resolution=resolution.x,
        y_resolution=resolution.y,
        octets=strip,
        bad_rows=page.bad_rows,
        consecutive_bad_rows=page.consecutive_bad_rows,
    )
