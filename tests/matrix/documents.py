"""The documents that are sent: coded pages for every form, each of them different from all others.

The rows are few and plain, and coded by :mod:`sandf.protocols.t4.encode`; each page is coded once.

What this module does not do: it decodes nothing; that a page has arrived is seen by its octets.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from sandf.protocols.t4.encode import encode
from sandf.protocols.t4.form import Coding, PageForm, Paper
from sandf.protocols.t4.line import to_line
from sandf.protocols.t30.events import OutgoingPage

from .dimensions import RESOLUTIONS, Case, Shape

LINES = 40
LONGER_LINES, LONGER_PAGE = 800, 5
LONG_LINES = 10_000
PAGES = {
    Shape.ONE_PAGE: 1,
    Shape.TWO_PAGES: 2,
    Shape.TEN_PAGES: 10,
    Shape.ONE_LINE: 1,
    Shape.LONG: 1,
    Shape.CHANGING: 4,
}


def _row(number: int, line: int, width: int) -> list[int]:
    """Changing elements of a line that no other page has: where it begins tells the page."""
    start = 17 + number * 23 + line % 16 * 5
    return [start, start + 3 + line % 16, start + 90, start + 95 + number, width - 40 - line % 3, width - 31, width]


@cache
def strip(number: int, lines: int, coding: Coding, width: int) -> bytes:
    """Page *number* (1 on) of *lines* lines of *width* pels, as a host gives it to its terminal."""
    return encode([_row(number, line, width) for line in range(lines)], coding)


@cache
def on_line(number: int, lines: int, coding: Coding, width: int) -> bytes:
    """The same as a receiver must have it in the end, without the zeros behind it."""
    return to_line(strip(number, lines, coding, width), coding, width).rstrip(b"\0")


def forms(case: Case) -> list[PageForm]:
    """The form of each page; a document that changes has two pages of one form, another width, another resolution."""
    own = PageForm(coding=case.mode.coding, resolution=case.resolution, paper=case.paper)
    if case.shape is not Shape.CHANGING:
        return [own] * PAGES[case.shape]
    papers = tuple(Paper)
    wider = replace(own, paper=papers[(papers.index(own.paper) + 1) % len(papers)])
    finer = replace(own, resolution=RESOLUTIONS[(RESOLUTIONS.index(own.resolution) + 1) % len(RESOLUTIONS)])
    return [own, own, wider, finer]


def _lines(case: Case, number: int) -> int:
    """Lines of page *number*: one of ten lasts longer than a lost response would be waited for."""
    if case.shape is Shape.TEN_PAGES and number == LONGER_PAGE:
        return LONGER_LINES
    return {Shape.ONE_LINE: 1, Shape.LONG: LONG_LINES}.get(case.shape, LINES)


def document(case: Case) -> list[OutgoingPage]:
    """The pages of *case*, as the transmitter's host has them."""
    return [
        OutgoingPage(octets=strip(number, _lines(case, number), form.coding, form.width), form=form)
        for number, form in enumerate(forms(case), 1)
    ]


def expected(case: Case) -> list[bytes]:
    """The same as they must be at the receiver in the end."""
    return [
        on_line(number, _lines(case, number), form.coding, form.width) for number, form in enumerate(forms(case), 1)
    ]
