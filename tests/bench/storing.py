"""The store alone: messages accepted and pages committed, each on disk before the next of the same session."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import cast

from twisted.internet import reactor as installed_reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.interfaces import IReactorFromThreads

from sandf.callcontrol.media import Message
from sandf.protocols.t4.form import Coding, PageForm, Resolution
from sandf.store.records import FaxDirection, FaxRecord, JobKind, NewJob
from sandf.store.store import Store, open_store

from . import papers
from .figures import Figure, Result

SESSIONS = 10
CALLS = 20
MESSAGE_OCTETS = 20 * 1024
SECONDS = 3.0
"""How long each figure is taken."""


async def _rate(sessions: int, act: Callable[[int], Awaitable[object]]) -> float:
    """Acts in a second, with *sessions* that each wait for the last one."""
    done = 0
    began = time.monotonic()

    async def session(number: int) -> None:
        nonlocal done
        while time.monotonic() - began < SECONDS:
            await act(number)
            done += 1

    await gatherResults([Deferred.fromCoroutine(session(number)) for number in range(sessions)])
    return done / (time.monotonic() - began)


async def store() -> list[Result]:
    """Commits in a second, and what one flush of the disk costs.

    Ten sessions accept messages of 20 KB with one recipient, then twenty faxes take pages of 60 KB; each waits for its
    commit.  The database is in the folder for temporary files.
    """
    with tempfile.TemporaryDirectory(prefix="sandf-bench-") as name:
        flush = _flush_ms(Path(name) / "flush")
        opened = open_store(f"sqlite://{name}/sandf.db", cast(IReactorFromThreads, installed_reactor))
        await opened.open(time.time())
        try:
            accepts, pages = await _accepts(opened), await _pages(opened)
        finally:
            await opened.close()
    return [
        Figure(
            name="disk flush",
            value=flush,
            unit="ms",
            measured="a write of 24 KB to the end of a file and its fsync, the median of 100, where the store is",
        ),
        Figure(
            name="store: messages accepted",
            value=accepts,
            unit="1/s",
            measured=f"accept_message of {MESSAGE_OCTETS:,} octets with one job, {SESSIONS} waiting at a time, fsync",
        ),
        Figure(
            name="store: pages committed",
            value=pages,
            unit="1/s",
            measured=f"add_page of about 64,000 octets, {CALLS} faxes each waiting for its commit, fsync",
        ),
    ]


async def _accepts(store: Store) -> float:
    message = Message(reverse_path="bench@localhost", octets=papers.words(MESSAGE_OCTETS))
    job = NewJob(kind=JobKind.FAX, address="FAX=+15551000@localhost", called="15551000")
    return await _rate(SESSIONS, lambda number: store.accept_message(message, [job], time.time()))


async def _pages(store: Store) -> float:
    form = PageForm(coding=Coding.MMR, resolution=Resolution.FINE)
    page = papers.page(1, form)
    opened = [
        FaxRecord(fax_id="", call_id=f"c{number}", direction=FaxDirection.ON_RAMP, began_at=time.time())
        for number in range(CALLS)
    ]
    faxes = [await store.open_fax(record) for record in opened]
    numbers = [0] * CALLS

    async def add(fax: int) -> None:
        numbers[fax] += 1
        await store.add_page(faxes[fax], papers.numbered(page, numbers[fax]), time.time())

    return await _rate(CALLS, add)


def _flush_ms(file: Path) -> float:
    octets = bytes(24 * 1024)
    took = []
    with file.open("wb", buffering=0) as opened:
        for _ in range(100):
            began = time.monotonic()
            opened.write(octets)
            os.fsync(opened.fileno())
            took.append(time.monotonic() - began)
    return sorted(took)[50] * 1000.0
