"""An IStore in memory, for unit tests of whoever uses the store, and the model that the real one is held to.

Deferreds fire at once, unless :meth:`MemoryStore.hold` keeps the commits back; :meth:`MemoryStore.fail_with` makes
them fail.  Reads answer at once from what is committed.  It can be used without ``open``.

It keeps nothing on disk: :meth:`MemoryStore.crash` drops what is held back, and ``open`` mends, as after kill -9.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeVar

from twisted.internet import defer
from twisted.internet.defer import Deferred
from zope.interface import implementer

from sandf import causes
from sandf.callcontrol.media import Message, Page
from sandf.causes import Cause, Failure
from sandf.store.interfaces import IStore
from sandf.store.records import (
    Attempt,
    Counts,
    FaxPayload,
    FaxRecord,
    FaxState,
    HistoryLine,
    Job,
    JobKind,
    JobState,
    LedgerEntry,
    NewJob,
    PageState,
    StoredMessage,
    TraceLine,
)

T = TypeVar("T")
ENDED = (JobState.DELIVERED, JobState.FAILED)


def _number(identity: str) -> int:
    """Ids in the order in which they were given."""
    return int(identity[1:])


@implementer(IStore)
class MemoryStore:
    """See the module."""

    def __init__(self) -> None:
        self._messages: dict[str, StoredMessage] = {}
        self._expired: dict[str, float] = {}
        """Messages whose content is dropped: when they were received."""
        self._jobs: dict[str, Job] = {}
        self._attempts: dict[str, list[Attempt]] = {}
        self._faxes: dict[str, FaxRecord] = {}
        self._payloads: dict[str, dict[int, FaxPayload]] = {}
        self._history: list[HistoryLine] = []
        self._traces: list[tuple[float, TraceLine]] = []
        self._captures: dict[str, tuple[float, bytes]] = {}
        self._given = Counter[str]()
        self._clock = 0.0
        self._closed = False
        self._held: list[Callable[[], None]] | None = None
        self._cause: Cause | None = None

    def hold(self) -> None:
        """From now on nothing is committed, as on a slow disk."""
        if self._held is None:
            self._held = []

    def release(self, count: int | None = None) -> None:
        """Commit what was held back: all, and go on at once from there; or only the first *count*."""
        if count is None:
            waiting, self._held = self._held or [], None
        else:
            held = self._held or []
            waiting, self._held = held[:count], held[count:]
        for commit in waiting:
            commit()

    def fail_with(self, cause: Cause | None) -> None:
        """From now on every commit fails by *cause* (``causes.STORE_FULL``); None: it works again."""
        self._cause = cause

    @property
    def held(self) -> int:
        """How many changes wait for their commit."""
        return len(self._held or ())

    def crash(self) -> None:
        """What was not committed is lost, and its Deferreds never fire; call ``open`` to go on."""
        self._held = None
        self._closed = True

    def _change(self, operation: Callable[[], T]) -> Deferred[T]:
        done: Deferred[T] = Deferred()

        def commit() -> None:
            if self._cause is not None:
                done.errback(Failure(self._cause))
                return
            try:
                result = operation()
            except (KeyError, ValueError):
                done.errback()
            else:
                done.callback(result)

        if self._closed:
            return defer.fail(Failure(causes.STORE_FAILED, "the store is closed"))
        if self._held is None:
            commit()
        else:
            self._held.append(commit)
        return done

    def _ask(self, question: Callable[[], T]) -> Deferred[T]:
        if self._closed:
            return defer.fail(Failure(causes.STORE_FAILED, "the store is closed"))
        return defer.execute(question)

    def _give(self, letter: str) -> str:
        self._given[letter] += 1
        return f"{letter}{self._given[letter]}"

    def _seen(self, now: float) -> None:
        self._clock = max(self._clock, now)

    def open(self, now: float) -> Deferred[None]:
        """Mend what a crash left."""
        self._closed = False
        self._seen(now)
        for job in list(self._jobs.values()):
            if job.state is JobState.RUNNING:
                self._stop_attempt(job, causes.RESTARTED, "", now)
                self._write(self._jobs[job.job_id], state=JobState.DEFERRED, due_at=now)
        return defer.succeed(None)

    def close(self) -> Deferred[None]:
        """Commit what is held back."""
        self.release()
        self._closed = True
        return defer.succeed(None)

    def counts(self) -> Deferred[Counts]:
        """Count anew."""
        return self._ask(
            lambda: Counts(
                jobs=Counter((job.kind, job.state) for job in self._jobs.values()),
                faxes=Counter((record.direction, record.state) for record in self._faxes.values()),
                notices_due=sum(job.notice_due for job in self._jobs.values()),
            )
        )

    def _accept(self, message: Message, jobs: Sequence[NewJob], now: float) -> tuple[str, tuple[str, ...]]:
        self._seen(now)
        message_id = self._give("m")
        self._messages[message_id] = StoredMessage(message_id=message_id, received_at=now, message=message)
        job_ids = tuple(self._give("j") for _ in jobs)
        for job_id, new in zip(job_ids, jobs, strict=True):
            self._attempts[job_id] = []
            self._jobs[job_id] = Job(
                job_id=job_id,
                message_id=message_id,
                state=JobState.DEFERRED,
                created_at=now,
                due_at=now,
                attempts=0,
                failures=(),
                cause=None,
                detail="",
                ended_at=None,
                notice_due=False,
                tries_since=now,
                **{each.name: getattr(new, each.name) for each in dataclasses.fields(new)},
            )
        return message_id, job_ids

    def accept_message(
        self, message: Message, jobs: Sequence[NewJob], now: float
    ) -> Deferred[tuple[str, tuple[str, ...]]]:
        """Keep a message."""
        return self._change(lambda: self._accept(message, jobs, now))

    def message(self, message_id: str) -> Deferred[StoredMessage]:
        """Look one up."""
        return self._ask(lambda: self._messages[message_id])

    def job(self, job_id: str) -> Deferred[Job]:
        """Look one up."""
        return self._ask(lambda: self._jobs[job_id])

    def jobs(
        self, *, states: Sequence[JobState] = (), message_id: str | None = None, limit: int = 100
    ) -> Deferred[list[Job]]:
        """Newest first."""
        return self._ask(
            lambda: [
                job
                for job in reversed(self._jobs.values())
                if (not states or job.state in states) and message_id in (None, job.message_id)
            ][:limit]
        )

    def attempts(self, job_id: str) -> Deferred[list[Attempt]]:
        """In their order."""
        return self._ask(lambda: list(self._attempts[job_id]))

    def claim_due(self, kind: JobKind, limit: int, now: float) -> Deferred[list[Job]]:
        """Oldest due first."""

        def claim() -> list[Job]:
            self._seen(now)
            due = [
                job
                for job in self._jobs.values()
                if job.kind is kind and job.state is JobState.DEFERRED and job.due_at <= now
            ]
            due.sort(key=lambda job: (job.due_at, _number(job.job_id)))
            claimed = [self._write(job, state=JobState.RUNNING, attempts=job.attempts + 1) for job in due[:limit]]
            for job in claimed:
                self._attempts[job.job_id].append(
                    Attempt(job_id=job.job_id, attempt=job.attempts, began_at=now, ended_at=None, cause=None, detail="")
                )
            return claimed

        return self._change(claim)

    def next_due(self, kind: JobKind) -> Deferred[float | None]:
        """The earliest."""
        return self._ask(
            lambda: min(
                (job.due_at for job in self._jobs.values() if job.kind is kind and job.state is JobState.DEFERRED),
                default=None,
            )
        )

    def _write(self, job: Job, **changes: object) -> Job:
        self._jobs[job.job_id] = job = dataclasses.replace(job, **changes)  # type: ignore[arg-type]  # by field name
        return job

    def _stop_attempt(self, job: Job, cause: Cause, detail: str, now: float, *, failed: bool = True) -> None:
        self._attempts[job.job_id][-1] = dataclasses.replace(
            self._attempts[job.job_id][-1], ended_at=now, cause=cause, detail=detail
        )
        failures = (*job.failures, cause.number) if failed else job.failures
        self._write(job, cause=cause, detail=detail, failures=failures)

    def _fence(self, job_id: str, attempt: int) -> None:
        job = self._jobs[job_id]
        if job.state is not JobState.RUNNING or job.attempts != attempt:
            raise ValueError(f"attempt {attempt} of job {job_id} is over")

    def defer_job(
        self, job_id: str, until: float, cause: Cause, detail: str, *, attempt: int, now: float
    ) -> Deferred[None]:
        """Try again later."""

        def put_off() -> None:
            self._seen(now)
            self._fence(job_id, attempt)
            self._stop_attempt(self._jobs[job_id], cause, detail, now)
            self._write(self._jobs[job_id], state=JobState.DEFERRED, due_at=until)

        return self._change(put_off)

    def end_job(
        self, job_id: str, state: JobState, cause: Cause, detail: str, *, attempt: int | None, now: float
    ) -> Deferred[None]:
        """The end."""

        def end() -> None:
            self._seen(now)
            job = self._jobs[job_id]
            if attempt is not None:
                self._fence(job_id, attempt)
            if state not in ENDED:
                raise ValueError(f"{state.value} is not an end of job {job_id}")
            if job.state in ENDED:
                raise ValueError(f"job {job_id} has ended already: {job.state.value}")
            if job.state is JobState.RUNNING:
                self._stop_attempt(job, cause, detail, now, failed=state is JobState.FAILED)
            self._write(self._jobs[job_id], state=state, cause=cause, detail=detail, ended_at=now, notice_due=True)

        return self._change(end)

    def resend_job(self, job_id: str, from_page: int, now: float) -> Deferred[None]:
        """As if new."""

        def resend() -> None:
            self._seen(now)
            job = self._jobs[job_id]
            if job.state is JobState.RUNNING:
                raise ValueError(f"job {job_id} is running")
            if job.message_id not in self._messages:
                raise KeyError(job.message_id)
            self._write(
                job,
                state=JobState.DEFERRED,
                due_at=now,
                tries_since=now,
                failures=(),
                cause=None,
                detail="",
                ended_at=None,
                notice_due=False,
                ledger=tuple(entry for entry in job.ledger if entry.page < from_page),
            )

        return self._change(resend)

    def notices_due(self, limit: int = 100) -> Deferred[list[Job]]:
        """First ended, first told."""

        def due() -> list[Job]:
            jobs = [job for job in self._jobs.values() if job.notice_due]
            jobs.sort(key=lambda job: (job.ended_at, _number(job.job_id)))
            return jobs[:limit]

        return self._ask(due)

    def give_notice(self, job_id: str, notice: Message | None, jobs: Sequence[NewJob], now: float) -> Deferred[None]:
        """Once."""

        def give() -> None:
            self._seen(now)
            job = self._jobs[job_id]
            if not job.notice_due:
                return
            self._write(job, notice_due=False)
            if notice is not None:
                self._accept(notice, jobs, now)

        return self._change(give)

    def _ledger(self, job_id: str) -> dict[int, LedgerEntry]:
        return {entry.page: entry for entry in self._jobs[job_id].ledger}

    def _write_ledger(self, job_id: str, entries: dict[int, LedgerEntry]) -> None:
        self._write(self._jobs[job_id], ledger=tuple(entries[page] for page in sorted(entries)))

    def page_in_doubt(self, job_id: str, page: int, *, last: bool, attempt: int, now: float) -> Deferred[None]:
        """One more time."""

        def doubt() -> None:
            self._seen(now)
            self._fence(job_id, attempt)
            entries = self._ledger(job_id)
            before = entries.get(page)
            if before is not None and before.state is PageState.CONFIRMED:
                raise ValueError(f"page {page} of job {job_id} is confirmed and must not be sent again")
            entries[page] = LedgerEntry(
                page=page,
                state=PageState.IN_DOUBT,
                last=last,
                attempt=attempt,
                at=now,
                sent=1 if before is None else before.sent + 1,
            )
            self._write_ledger(job_id, entries)

        return self._change(doubt)

    def page_open(self, job_id: str, page: int, *, attempt: int, now: float) -> Deferred[None]:
        """Not there."""

        def reopen() -> None:
            self._seen(now)
            self._fence(job_id, attempt)
            entries = self._ledger(job_id)
            if page in entries and entries[page].state is PageState.IN_DOUBT:
                entries[page] = dataclasses.replace(entries[page], state=PageState.OPEN, at=now)
                self._write_ledger(job_id, entries)

        return self._change(reopen)

    def page_confirmed(self, job_id: str, page: int, *, attempt: int, now: float) -> Deferred[None]:
        """Cleared."""

        def confirm() -> None:
            self._seen(now)
            self._fence(job_id, attempt)
            entries = self._ledger(job_id)
            if page not in entries:
                raise ValueError(f"page {page} of job {job_id} was never put in doubt")
            if entries[page].state is PageState.IN_DOUBT:
                entries[page] = dataclasses.replace(entries[page], state=PageState.CONFIRMED, at=now)
                self._write_ledger(job_id, entries)

        return self._change(confirm)

    def open_fax(self, record: FaxRecord) -> Deferred[str]:
        """A new id."""

        def begin() -> str:
            self._seen(record.began_at)
            fax_id = self._give("f")
            self._faxes[fax_id] = dataclasses.replace(record, fax_id=fax_id, message_id=None)
            self._payloads[fax_id] = {}
            return fax_id

        return self._change(begin)

    def _keep(self, record: FaxRecord, state: FaxState) -> None:
        before = self._faxes[record.fax_id]
        self._faxes[record.fax_id] = dataclasses.replace(record, state=state, message_id=before.message_id)

    def update_fax(self, record: FaxRecord) -> Deferred[None]:
        """All but its state."""
        return self._change(lambda: self._keep(record, self._faxes[record.fax_id].state))

    def add_page(self, fax_id: str, page: Page, now: float) -> Deferred[None]:
        """By its number."""

        def add() -> None:
            self._seen(now)
            record = self._faxes[fax_id]
            if record.state is not FaxState.OPEN:
                raise ValueError(f"fax {fax_id} is {record.state.value}, not open")
            self._payloads[fax_id][page.number] = FaxPayload(fax_id=fax_id, page=page, at=now)

        return self._change(add)

    def close_fax(self, record: FaxRecord, state: FaxState) -> Deferred[None]:
        """Over."""

        def close() -> None:
            if state not in (FaxState.CLOSED, FaxState.WITHHELD, FaxState.ENDED):
                raise ValueError(f"a fax is not closed as {state.value}")
            if self._faxes[record.fax_id].state is FaxState.MAILED:
                raise ValueError(f"fax {record.fax_id} is mailed")
            self._keep(record, state)

        return self._change(close)

    def mail_fax(self, fax_id: str, message: Message, jobs: Sequence[NewJob], now: float) -> Deferred[str]:
        """Once."""

        def mail() -> str:
            self._seen(now)
            record = self._faxes[fax_id]
            if record.message_id is not None:
                return record.message_id
            if record.state not in (FaxState.CLOSED, FaxState.WITHHELD):
                raise ValueError(f"fax {fax_id} is {record.state.value}, there is nothing to mail")
            message_id, _ = self._accept(message, jobs, now)
            self._faxes[fax_id] = dataclasses.replace(record, state=FaxState.MAILED, message_id=message_id)
            return message_id

        return self._change(mail)

    def fax(self, fax_id: str) -> Deferred[FaxRecord]:
        """Look one up."""
        return self._ask(lambda: self._faxes[fax_id])

    def payload(self, fax_id: str) -> Deferred[list[FaxPayload]]:
        """In their order."""

        def pages() -> list[FaxPayload]:
            kept = self._payloads.get(fax_id, {})
            return [kept[number] for number in sorted(kept)]

        return self._ask(pages)

    def faxes(
        self,
        *,
        states: Sequence[FaxState] = (),
        job_id: str | None = None,
        own: bool = False,
        limit: int = 100,
    ) -> Deferred[list[FaxRecord]]:
        """Newest first; all are its own."""
        return self._ask(
            lambda: [
                record
                for record in reversed(self._faxes.values())
                if (not states or record.state in states) and job_id in (None, record.job_id)
            ][:limit]
        )

    def add_history(self, line: HistoryLine) -> Deferred[None]:
        """Note a step."""

        def note() -> None:
            self._seen(line.at)
            self._history.append(line)

        return self._change(note)

    def history(
        self, *, job_id: str | None = None, fax_id: str | None = None, limit: int = 200
    ) -> Deferred[list[HistoryLine]]:
        """The last ones."""

        def last() -> list[HistoryLine]:
            lines = [line for line in self._history if job_id in (None, line.job_id) and fax_id in (None, line.fax_id)]
            return lines[max(0, len(lines) - limit) :]

        return self._ask(last)

    def add_trace(self, lines: Sequence[TraceLine]) -> Deferred[None]:
        """Keep them, stamped with the newest time that the store was told."""
        return self._change(lambda: self._traces.extend((self._clock, line) for line in lines))

    def trace(self, call_id: str) -> Deferred[list[TraceLine]]:
        """As they came."""
        return self._ask(lambda: [line for _, line in self._traces if line.call_id == call_id])

    def add_capture(self, call_id: str, octets: bytes) -> Deferred[None]:
        """Keep it, stamped as traces are."""
        return self._change(lambda: self._captures.update({call_id: (self._clock, octets)}))

    def capture(self, call_id: str) -> Deferred[bytes | None]:
        """As it was kept."""
        return self._ask(lambda: self._captures.get(call_id, (0.0, None))[1])

    def _finished(self, job: Job | None) -> bool:
        return job is None or (job.state in ENDED and not job.notice_due)

    def _settled(self, record: FaxRecord) -> bool:
        if record.state is FaxState.ENDED:
            return self._finished(self._jobs.get(record.job_id or ""))
        return record.state is FaxState.MAILED and all(
            self._finished(job) for job in self._jobs.values() if job.message_id == record.message_id
        )

    def _last_change(self, message_id: str, received_at: float) -> float | None:
        """When the message came to its end; None if it has not."""
        jobs = [job for job in self._jobs.values() if job.message_id == message_id]
        if not all(self._finished(job) for job in jobs):
            return None
        return max([received_at, *(job.ended_at or 0.0 for job in jobs)])

    def expire(self, *, payloads_before: float, history_before: float) -> Deferred[None]:
        """In three steps."""

        def drop() -> None:
            settled = {key: record for key, record in self._faxes.items() if self._settled(record)}
            unfinished = {key for key, job in self._jobs.items() if not self._finished(job)}
            unsettled = self._faxes.keys() - settled.keys()
            calls = {self._faxes[key].call_id for key in unsettled}
            self._expire_faxes(settled, payloads_before, history_before)
            self._history = [
                line
                for line in self._history
                if line.at >= history_before or line.job_id in unfinished or line.fax_id in unsettled
            ]
            self._traces = [(at, line) for at, line in self._traces if at >= history_before or line.call_id in calls]
            self._captures = {call: kept for call, kept in self._captures.items() if kept[0] >= payloads_before}
            self._expire_messages(payloads_before, history_before)

        return self._change(drop)

    def _expire_faxes(self, settled: dict[str, FaxRecord], payloads_before: float, history_before: float) -> None:
        for fax_id, record in settled.items():
            ended = record.began_at if record.ended_at is None else record.ended_at
            if ended < payloads_before:
                self._payloads[fax_id] = {}
            if ended < history_before:
                del self._faxes[fax_id], self._payloads[fax_id]

    def _expire_messages(self, payloads_before: float, history_before: float) -> None:
        received = {**self._expired, **{key: kept.received_at for key, kept in self._messages.items()}}
        for message_id, received_at in received.items():
            ended = self._last_change(message_id, received_at)
            if ended is None:
                continue
            if ended < payloads_before and self._messages.pop(message_id, None) is not None:
                self._expired[message_id] = received_at
            if ended < history_before:
                self._messages.pop(message_id, None)
                self._expired.pop(message_id, None)
                for job_id in [key for key, job in self._jobs.items() if job.message_id == message_id]:
                    del self._jobs[job_id], self._attempts[job_id]
