"""A folder for what the rehearsal machines receive: one TIFF file for each call.

What this module does not do: it never deletes.
"""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from sandf.callcontrol.media import Page
from sandf.protocols.t4.line import to_strip
from sandf.protocols.t4.walk import walk
from sandf.protocols.tifffx.writer import Origin, StripPage, write

InThread = Callable[[Callable[[], None]], Awaitable[None]]
"""Runs what may block away from the reactor, as ``deferToThread`` does."""


class PageFolder:
    """Keeps faxes under *folder*, which is made when the first one comes; *now* gives seconds since 1970."""

    def __init__(self, folder: Path, *, in_thread: InThread, now: Callable[[], float]) -> None:
        self.folder = folder
        self._in_thread = in_thread
        self._now = now
        self._serial = itertools.count(1)

    async def keep(self, number: str, pages: Sequence[Page]) -> None:
        """Write ``NUMBER-DATE-TIME-SERIAL.tif``; the file is there whole or not at all."""
        received = datetime.fromtimestamp(self._now(), UTC)
        path = self.folder / f"{number}-{received:%Y%m%d-%H%M%S}-{next(self._serial)}.tif"
        date_time = f"{received:%Y:%m:%d %H:%M:%S}"
        await self._in_thread(lambda: _write(path, pages, Origin(software="sandf rehearsal", date_time=date_time)))


def _write(path: Path, pages: Sequence[Page], origin: Origin) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    unfinished.write_bytes(write([_strip(page) for page in pages], origin))
    unfinished.replace(path)


def _strip(page: Page) -> StripPage:
    form = page.form
    rows = page.rows or walk(page.octets, form.coding, form.width).rows
    return StripPage(
        coding=form.coding,
        width=form.width,
        rows=rows,
        x_resolution=form.resolution.x,
        y_resolution=form.resolution.y,
        octets=to_strip(page.octets, form.coding, form.width),
        bad_rows=page.bad_rows,
        consecutive_bad_rows=page.consecutive_bad_rows,
    )
