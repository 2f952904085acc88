"""What is done to messages, jobs and the page ledger within one transaction, in the words of any dialect.

Each function takes an open :class:`~sandf.store.database.Database`, in a transaction; those that change
something may raise at any point, and the caller undoes the whole operation.
"""

from __future__ import annotations

from collections.abc import Sequence

from sandf import causes
from sandf.callcontrol.media import Message
from sandf.causes import Cause

from . import rows
from .database import Database
from .records import Attempt, Job, JobKind, JobState, NewJob, PageState, StoredMessage
from .rows import Row

ENDED = (JobState.DELIVERED, JobState.FAILED)


def accept_message(
    database: Database, message: Message, jobs: Sequence[NewJob], now: float
) -> tuple[str, tuple[str, ...]]:
    """Keep *message* with a job for each of *jobs*: their ids."""
    sql = database.sql
    [(number,)] = database.rows(sql.add_message, *rows.message_row(message, now))
    added = [database.rows(sql.add_job, *rows.new_job_row(number, each, now))[0][0] for each in jobs]
    return f"m{number}", tuple(f"j{each}" for each in added)


def message(database: Database, message_id: str) -> StoredMessage:
    """The message, or KeyError."""
    number = rows.key("m", message_id)
    for row in database.rows(database.sql.message, number):
        return rows.stored_message(number, row)
    raise KeyError(message_id)


def _job(database: Database, row: Row) -> Job:
    """The job of *row* (JOB, its id first) with its ledger."""
    return rows.job(row, database.rows(database.sql.ledger, row[0]))


def _jobs(database: Database, found: Sequence[Row]) -> list[Job]:
    return [_job(database, row) for row in found]


def job(database: Database, job_id: str) -> Job:
    """The job, or KeyError."""
    for row in database.rows(database.sql.job, rows.key("j", job_id)):
        return _job(database, row)
    raise KeyError(job_id)


def jobs(database: Database, states: Sequence[JobState], message_id: str | None, limit: int) -> list[Job]:
    """The newest first."""
    wanted = [state.value for state in JobState if not states or state in states]
    wanted += wanted[:1] * (len(JobState) - len(wanted))
    if message_id is None:
        return _jobs(database, database.rows(database.sql.jobs, *wanted, limit))
    number = rows.key("m", message_id)
    return _jobs(database, database.rows(database.sql.jobs_of_message, number, *wanted, limit))


def claim_due(database: Database, kind: JobKind, limit: int, now: float, node: str) -> list[Job]:
    """RUNNING from here on, for *node*."""
    claimed = _jobs(database, database.rows(database.sql.claim, node, kind.value, now, limit))
    claimed.sort(key=lambda job: (job.due_at, rows.key("j", job.job_id)))
    database.run_each(
        database.sql.begin_attempt, [(rows.key("j", job.job_id), job.attempts, node, now) for job in claimed]
    )
    return claimed


def next_due(database: Database, kind: JobKind) -> float | None:
    """Of the DEFERRED ones."""
    [(due_at,)] = database.rows(database.sql.next_due, kind.value)
    return None if due_at is None else float(due_at)


def _fence(database: Database, job_id: str, attempt: int) -> None:
    """Whoever writes for an attempt must be the one that runs: KeyError, ValueError."""
    if not database.rows(database.sql.fence, rows.key("j", job_id), attempt):
        now = job(database, job_id)
        raise ValueError(f"attempt {attempt} of job {job_id} is over: {now.state.value} after {now.attempts} attempts")


def defer_job(
    database: Database, job_id: str, until: float, cause: Cause, detail: str, attempt: int, now: float
) -> None:
    """The running attempt failed."""
    _fence(database, job_id, attempt)
    _defer(database, job(database, job_id), until, cause, detail, now)


def _defer(database: Database, running: Job, until: float, cause: Cause, detail: str, now: float) -> None:
    number = rows.key("j", running.job_id)
    failures = rows.failures_cell((*running.failures, cause.number))
    database.run(database.sql.defer_job, failures, until, cause.number, detail, number)
    database.run(database.sql.end_attempt, now, cause.number, detail, number, running.attempts)


def end_job(
    database: Database, job_id: str, state: JobState, cause: Cause, detail: str, attempt: int | None, now: float
) -> None:
    """Once only."""
    if attempt is not None:
        _fence(database, job_id, attempt)
    before = job(database, job_id)
    if state not in ENDED:
        raise ValueError(f"{state.value} is not an end of job {job_id}")
    if before.state in ENDED:
        raise ValueError(f"job {job_id} has ended already: {before.state.value}")
    number, failures = rows.key("j", job_id), before.failures
    if before.state is JobState.RUNNING:
        database.run(database.sql.end_attempt, now, cause.number, detail, number, before.attempts)
        failures = (*failures, cause.number) if state is JobState.FAILED else failures
    cells = (state.value, rows.failures_cell(failures), cause.number, detail, now, number)
    database.run(database.sql.end_job, *cells)


def mend(database: Database, now: float, node: str) -> None:
    """*node* was not running: what is RUNNING there was cut off."""
    for row in database.rows(database.sql.running, node):
        _defer(database, _job(database, row), now, causes.RESTARTED, "", now)


def resend_job(database: Database, job_id: str, from_page: int, now: float) -> None:
    """As if new, from *from_page*."""
    before = job(database, job_id)
    if before.state is JobState.RUNNING:
        raise ValueError(f"job {job_id} is running")
    message(database, before.message_id)
    number = rows.key("j", job_id)
    database.run(database.sql.forget_pages, number, from_page)
    database.run(database.sql.resend_job, now, now, number)


def attempts(database: Database, job_id: str) -> list[Attempt]:
    """In their order, or KeyError."""
    job(database, job_id)
    return [rows.attempt(row) for row in database.rows(database.sql.attempts, rows.key("j", job_id))]


def notices_due(database: Database, limit: int) -> list[Job]:
    """First ended first."""
    return _jobs(database, database.rows(database.sql.notices_due, limit))


def give_notice(database: Database, job_id: str, notice: Message | None, jobs: Sequence[NewJob], now: float) -> None:
    """Once only."""
    job(database, job_id)
    given = database.rows(database.sql.notice_given, rows.key("j", job_id))
    if given and notice is not None:
        accept_message(database, notice, jobs, now)


def _page_state(database: Database, job_id: str, page: int) -> PageState | None:
    for (state,) in database.rows(database.sql.ledger_state, rows.key("j", job_id), page):
        return PageState(state)
    return None


def page_in_doubt(database: Database, job_id: str, page: int, last: bool, attempt: int, now: float) -> None:
    """Design law 4: never again once it is confirmed."""
    _fence(database, job_id, attempt)
    if _page_state(database, job_id, page) is PageState.CONFIRMED:
        raise ValueError(f"page {page} of job {job_id} is confirmed and must not be sent again")
    database.run(database.sql.doubt, rows.key("j", job_id), page, int(last), attempt, now)


def page_open(database: Database, job_id: str, page: int, attempt: int, now: float) -> None:
    """The doubt is over, and the page is still to be sent."""
    _fence(database, job_id, attempt)
    database.run(database.sql.reopen, now, rows.key("j", job_id), page)


def page_confirmed(database: Database, job_id: str, page: int, attempt: int, now: float) -> None:
    """The time of the first confirmation stays."""
    _fence(database, job_id, attempt)
    if _page_state(database, job_id, page) is None:
        raise ValueError(f"page {page} of job {job_id} was never put in doubt")
    database.run(database.sql.confirm, now, rows.key("j", job_id), page)
