"""Pages from documents, by real rendering workers."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import cast

from twisted.internet import reactor as installed_reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.interfaces import IReactorProcess, IReactorThreads, IReactorTime

from sandf.callcontrol.media import Part
from sandf.cli.demo_documents import pdf
from sandf.dmsp.interfaces import Work
from sandf.dmsp.pool import WorkerPool
from sandf.dmsp.settings import RenderingSettings
from sandf.protocols.t4.form import Coding, PageForm, Paper, Resolution

from . import papers
from .figures import Figure, Result

FORM = PageForm(coding=Coding.MMR, resolution=Resolution.FINE)
HEADER = ("2026-01-01 12:00:00 +12025550100", "+12025550199", "1/3")
TEXT_OCTETS = 20 * 1024
SECONDS = 4.0
DOCUMENTS_AT_ONCE = 4
FIRST_PAGES = 11


def _text(number: int) -> Part:
    return Part(media_type="text/plain", charset="us-ascii", octets=papers.words(TEXT_OCTETS, number))


def _pdf(number: int) -> Part:
    """A PDF of three pages; the line behind its end makes it another document for the gateway."""
    return Part(media_type="application/pdf", octets=pdf() + b"%% %d\n" % number)


class _Desk:
    """Documents one after the other, each of them new."""

    def __init__(self, pool: WorkerPool, part: Callable[[int], Part]) -> None:
        self.pages = 0
        self._pool = pool
        self._part = part
        self._documents = 0

    async def open(self) -> tuple[Work, int]:
        """The next document, and its number of pages."""
        self._documents += 1
        parts = (self._part(self._documents),)
        work = Work(key=await self._pool.identify(parts), parts=parts)
        return work, (await self._pool.open(work)).pages

    async def make(self, work: Work, number: int) -> None:
        """A page as it would be sent."""
        rows = await self._pool.raster(work, number, FORM.resolution, Paper.A4, urgent=True)
        _, octets = await self._pool.code(rows, FORM, HEADER)
        assert octets
        self.pages += 1

    async def work_until(self, end: float) -> None:
        """Document after document."""
        while time.monotonic() < end:
            work, pages = await self.open()
            for number in range(1, pages + 1):
                await self.make(work, number)

    async def first_page(self) -> float:
        """Seconds from an unknown document to its first page."""
        began = time.monotonic()
        work, _ = await self.open()
        await self.make(work, 1)
        return time.monotonic() - began


async def rendering() -> list[Result]:
    """Pages in a second by two rendering workers, and the time to the first page of a new document.

    A page is rasterised at fine resolution, stamped with a header line and coded as MMR.  The documents are texts of
    20 KB and PDFs of three pages with text, curves and grey.
    """
    pool = WorkerPool(
        RenderingSettings(),
        clock=cast(IReactorTime, installed_reactor),
        processes=cast(IReactorProcess, installed_reactor),
        threads=cast(IReactorThreads, installed_reactor),
    )
    pool.start()
    try:
        return [*await _figures(pool, "text", _text), *await _figures(pool, "PDF", _pdf)]
    finally:
        await pool.stop()


async def _figures(pool: WorkerPool, name: str, part: Callable[[int], Part]) -> list[Result]:
    desk = _Desk(pool, part)
    await gatherResults([Deferred.fromCoroutine(desk.first_page()) for _ in range(2 * DOCUMENTS_AT_ONCE)])
    first = statistics.median([await desk.first_page() for _ in range(FIRST_PAGES)])
    desk.pages = 0
    began = time.monotonic()
    work = [Deferred.fromCoroutine(desk.work_until(began + SECONDS)) for _ in range(DOCUMENTS_AT_ONCE)]
    await gatherResults(work)
    rate = desk.pages / (time.monotonic() - began)
    return [
        Figure(
            name=f"pages rendered, {name}",
            value=rate,
            unit="pages/s",
            measured=f"pages of new documents ({name}), rasterised, stamped and coded as MMR at fine resolution by "
            f"{RenderingSettings().workers} workers, {DOCUMENTS_AT_ONCE} documents at a time",
        ),
        Figure(
            name=f"first page, {name}",
            value=first * 1000.0,
            unit="ms",
            measured=f"from an unknown document ({name}) to its first coded page in a warm worker, the median of "
            f"{FIRST_PAGES}",
        ),
    ]
