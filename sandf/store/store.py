"""The store of a gateway: IStore over SQL, with one thread that writes and one that reads.

It holds no state of its own but the threads.  What is done is said in the ``..._operations`` modules, in what SQL
by a :class:`~sandf.store.database.Backend`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from twisted.internet import defer
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads
from zope.interface import implementer

from sandf.callcontrol.media import Message, Page
from sandf.causes import Cause, Failure

from . import fax_operations, job_operations
from .database import Backend, Database
from .interfaces import IStore
from .migrations import migrate
from .records import (
    Attempt,
    Counts,
    FaxPayload,
    FaxRecord,
    FaxState,
    HistoryLine,
    Job,
    JobKind,
    JobState,
    NewJob,
    StoredMessage,
    TraceLine,
)
from .sqlite import SqliteFile, path_of
from .threads import ReaderThread, WriterThread

T = TypeVar("T")


def open_store(url: str, reactor: IReactorFromThreads) -> Store:
    """The store that *url* names, still to be opened by its ``open``.

    Raises ValueError, with a sentence that says what is allowed, for a URL that names none.
    """
    return Store(SqliteFile(path_of(url)), reactor)


@implementer(IStore)
class Store:
    """See :class:`sandf.store.interfaces.IStore`, which says what each method is for."""

    def __init__(self, backend: Backend, reactor: IReactorFromThreads, node: str = "") -> None:
        self._backend = backend
        self._node = node
        self._writer = WriterThread(reactor, "store writer")
        self._reader = ReaderThread(reactor, "store reader")
        self._clock = 0.0
        """The newest time that anyone has told; what has no time of its own is kept under this one."""

    def _change(self, operation: Callable[[Database], T], now: float = 0.0) -> Deferred[T]:
        self._clock = max(self._clock, now)
        return self._writer.ask(operation)

    def _ask(self, question: Callable[[Database], T]) -> Deferred[T]:
        return self._reader.ask(question)

    def _connect(self, now: float) -> Database:
        """In the writer's thread."""
        database = self._backend.connect()
        try:
            migrate(database, self._backend.migrations, now)
        except BaseException as error:
            database.close()
            raise self._named(database.failure(error) or error)
        return database

    def _named(self, error: BaseException) -> BaseException:
        if isinstance(error, Failure):
            return Failure(error.cause, f"{self._backend.name}: {error.detail}")
        return error

    async def _open(self, now: float) -> None:
        try:
            await self._writer.start(partial(self._connect, now))
            await self._writer.ask(partial(job_operations.mend, now=now, node=self._node))
            await self._reader.start(self._backend.connect_for_reading)
        except BaseException:
            await self._close()
            raise

    async def _close(self) -> None:
        await self._reader.stop()
        await self._writer.stop()
        self._backend.disconnect()

    def open(self, now: float) -> Deferred[None]:
        """Lock, create, migrate and mend it.  ValueError if it is open."""
        if self._writer.running:
            return defer.fail(ValueError("the store is open already"))
        self._clock = max(self._clock, now)
        return Deferred.fromCoroutine(self._open(now))

    def close(self) -> Deferred[None]:
        """Finish what was asked for, then let go of the file."""
        return Deferred.fromCoroutine(self._close())

    def counts(self) -> Deferred[Counts]:
        """How many of what."""
        return self._ask(fax_operations.counts)

    async def _expire(self, payloads_before: float, history_before: float) -> None:
        step = partial(fax_operations.expire, payloads_before=payloads_before, history_before=history_before)
        while await self._writer.ask(step):
            pass

    def expire(self, *, payloads_before: float, history_before: float) -> Deferred[None]:
        """In small steps, between which others have their turn."""
        return Deferred.fromCoroutine(self._expire(payloads_before, history_before))

    def accept_message(
        self, message: Message, jobs: Sequence[NewJob], now: float
    ) -> Deferred[tuple[str, tuple[str, ...]]]:
        """Keep a message."""
        return self._change(lambda database: job_operations.accept_message(database, message, jobs, now), now)

    def message(self, message_id: str) -> Deferred[StoredMessage]:
        """Look one up."""
        return self._ask(lambda database: job_operations.message(database, message_id))

    def job(self, job_id: str) -> Deferred[Job]:
        """Look one up."""
        return self._ask(lambda database: job_operations.job(database, job_id))

    def jobs(
        self, *, states: Sequence[JobState] = (), message_id: str | None = None, limit: int = 100
    ) -> Deferred[list[Job]]:
        """Newest first."""
        return self._ask(lambda database: job_operations.jobs(database, states, message_id, limit))

    def attempts(self, job_id: str) -> Deferred[list[Attempt]]:
        """First one first."""
        return self._ask(lambda database: job_operations.attempts(database, job_id))

    def claim_due(self, kind: JobKind, limit: int, now: float) -> Deferred[list[Job]]:
        """Oldest due first."""
        return self._change(lambda database: job_operations.claim_due(database, kind, limit, now, self._node), now)

    def next_due(self, kind: JobKind) -> Deferred[float | None]:
        """The earliest."""
        return self._ask(lambda database: job_operations.next_due(database, kind))

    def defer_job(
        self, job_id: str, until: float, cause: Cause, detail: str, *, attempt: int, now: float
    ) -> Deferred[None]:
        """Try again later."""
        return self._change(
            lambda database: job_operations.defer_job(database, job_id, until, cause, detail, attempt, now), now
        )

    def end_job(
        self, job_id: str, state: JobState, cause: Cause, detail: str, *, attempt: int | None, now: float
    ) -> Deferred[None]:
        """The end."""
        return self._change(
            lambda database: job_operations.end_job(database, job_id, state, cause, detail, attempt, now), now
        )

    def resend_job(self, job_id: str, from_page: int, now: float) -> Deferred[None]:
        """As if new."""
        return self._change(lambda database: job_operations.resend_job(database, job_id, from_page, now), now)

    def notices_due(self, limit: int = 100) -> Deferred[list[Job]]:
        """First ended first."""
        return self._ask(lambda database: job_operations.notices_due(database, limit))

    def give_notice(self, job_id: str, notice: Message | None, jobs: Sequence[NewJob], now: float) -> Deferred[None]:
        """Once."""
        return self._change(lambda database: job_operations.give_notice(database, job_id, notice, jobs, now), now)

    def page_in_doubt(self, job_id: str, page: int, *, last: bool, attempt: int, now: float) -> Deferred[None]:
        """Before the post-message command."""
        return self._change(
            lambda database: job_operations.page_in_doubt(database, job_id, page, last, attempt, now), now
        )

    def page_open(self, job_id: str, page: int, *, attempt: int, now: float) -> Deferred[None]:
        """It is not there."""
        return self._change(lambda database: job_operations.page_open(database, job_id, page, attempt, now), now)

    def page_confirmed(self, job_id: str, page: int, *, attempt: int, now: float) -> Deferred[None]:
        """After its confirmation."""
        return self._change(lambda database: job_operations.page_confirmed(database, job_id, page, attempt, now), now)

    def open_fax(self, record: FaxRecord) -> Deferred[str]:
        """A new id."""
        return self._change(lambda database: fax_operations.open_fax(database, record, self._node), record.began_at)

    def update_fax(self, record: FaxRecord) -> Deferred[None]:
        """All but its state."""
        return self._change(lambda database: fax_operations.update_fax(database, record))

    def add_page(self, fax_id: str, page: Page, now: float) -> Deferred[None]:
        """Before its confirmation."""
        return self._change(lambda database: fax_operations.add_page(database, fax_id, page, now), now)

    def close_fax(self, record: FaxRecord, state: FaxState) -> Deferred[None]:
        """Its call is over."""
        return self._change(lambda database: fax_operations.close_fax(database, record, state))

    def mail_fax(self, fax_id: str, message: Message, jobs: Sequence[NewJob], now: float) -> Deferred[str]:
        """Once."""
        return self._change(lambda database: fax_operations.mail_fax(database, fax_id, message, jobs, now), now)

    def fax(self, fax_id: str) -> Deferred[FaxRecord]:
        """Look one up."""
        return self._ask(lambda database: fax_operations.fax(database, fax_id))

    def payload(self, fax_id: str) -> Deferred[list[FaxPayload]]:
        """Its pages."""
        return self._ask(lambda database: fax_operations.payload(database, fax_id))

    def faxes(
        self,
        *,
        states: Sequence[FaxState] = (),
        job_id: str | None = None,
        own: bool = False,
        limit: int = 100,
    ) -> Deferred[list[FaxRecord]]:
        """Newest first."""
        node = self._node if own else None
        return self._ask(lambda database: fax_operations.faxes(database, states, job_id, node, limit))

    def add_history(self, line: HistoryLine) -> Deferred[None]:
        """Note a step."""
        return self._change(lambda database: fax_operations.add_history(database, line), line.at)

    def history(
        self, *, job_id: str | None = None, fax_id: str | None = None, limit: int = 200
    ) -> Deferred[list[HistoryLine]]:
        """Oldest first."""
        return self._ask(lambda database: fax_operations.history(database, job_id, fax_id, limit))

    def add_trace(self, lines: Sequence[TraceLine]) -> Deferred[None]:
        """Keep them."""
        clock = self._clock
        return self._change(lambda database: fax_operations.add_trace(database, lines, clock))

    def trace(self, call_id: str) -> Deferred[list[TraceLine]]:
        """As they came."""
        return self._ask(lambda database: fax_operations.trace(database, call_id))

    def add_capture(self, call_id: str, octets: bytes) -> Deferred[None]:
        """Keep it."""
        clock = self._clock
        return self._change(lambda database: fax_operations.add_capture(database, call_id, octets, clock))

    def capture(self, call_id: str) -> Deferred[bytes | None]:
        """As it was kept."""
        return self._ask(lambda database: fax_operations.capture(database, call_id))
