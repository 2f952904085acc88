"""What a store says, read from a copy of its files, so that looking changes nothing."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from sandf.store.records import FaxDirection, FaxRecord, Job, JobKind
from tests.store.waiting import OpenStore

from .marks import Mark, marks_of_payload

ALL = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Jobs with their ledgers, sent faxes, received faxes, and the pages of those."""

    jobs: tuple[Job, ...]
    messages: dict[str, bytes]
    """The octets of each message, by its id."""
    sent: tuple[FaxRecord, ...]
    received: tuple[FaxRecord, ...]
    pages: dict[str, tuple[Mark, ...]]
    """The pages of each received fax, by its id."""

    @property
    def fax_jobs(self) -> list[Job]:
        """Those of the off-ramp."""
        return [job for job in self.jobs if job.kind is JobKind.FAX]

    def arrivals(self) -> Counter[tuple[str, int]]:
        """How often each page came in, by called number and page."""
        return Counter((fax.called, mark.page) for fax in self.received for mark in self.pages[fax.fax_id])


def gather(store: Path) -> Evidence:
    """All that the store in the file *store* has; no gateway may be using it."""
    with CopiedStore(store) as it:
        faxes = it.faxes()
        received = [fax for fax in faxes if fax.direction is FaxDirection.ON_RAMP]
        jobs = it.jobs()
        return Evidence(
            jobs=tuple(jobs),
            messages={each: it.octets(each) for each in {job.message_id for job in jobs}},
            sent=tuple(fax for fax in faxes if fax.direction is FaxDirection.OFF_RAMP),
            received=tuple(received),
            pages={fax.fax_id: it.marks(fax.fax_id) for fax in received},
        )


def fax_jobs(store: Path) -> dict[str, Job]:
    """Every fax job in the file *store*, by its id; no gateway may be using it."""
    with CopiedStore(store) as it:
        return {job.job_id: job for job in it.jobs() if job.kind is JobKind.FAX}


class CopiedStore:
    """A copy of the store in the file *store*, open while it is entered."""

    def __init__(self, store: Path) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="sandf-"))
        for suffix in ("", "-wal"):
            file = store.with_name(store.name + suffix)
            if file.exists():
                shutil.copy(file, self._folder)
        self._file = self._folder / store.name

    def __enter__(self) -> CopiedStore:
        self._it = OpenStore(self._file, now=0.0)
        return self

    def __exit__(self, *_: object) -> None:
        self._it.close()
        shutil.rmtree(self._folder)

    def jobs(self) -> list[Job]:
        """Newest first."""
        return self._it.wait(self._it.store.jobs(limit=ALL))

    def faxes(self) -> list[FaxRecord]:
        """Newest first."""
        return self._it.wait(self._it.store.faxes(limit=ALL))

    def octets(self, message_id: str) -> bytes:
        """Of a message."""
        return self._it.wait(self._it.store.message(message_id)).message.octets

    def marks(self, fax_id: str) -> tuple[Mark, ...]:
        """Of the pages of a received fax, in order."""
        payload = self._it.wait(self._it.store.payload(fax_id))
        return tuple(marks_of_payload([kept.page for kept in payload]))
