"""What is done to faxes, their pages, history and traces within one transaction, in the words of any dialect.

As in :mod:`sandf.store.job_operations`, whoever calls undoes the operation that raises.
"""

from __future__ import annotations

from collections.abc import Sequence

from sandf.callcontrol.media import Message, Page

from . import rows
from .database import Database
from .job_operations import accept_message
from .records import (
    Counts,
    FaxDirection,
    FaxPayload,
    FaxRecord,
    FaxState,
    HistoryLine,
    JobKind,
    JobState,
    NewJob,
    TraceLine,
)


def open_fax(database: Database, record: FaxRecord, node: str) -> str:
    """Its id; the call is one of *node*."""
    [(number,)] = database.rows(database.sql.add_fax, record.state.value, node, *rows.fax_row(record))
    return f"f{number}"


def fax(database: Database, fax_id: str) -> FaxRecord:
    """The record, or KeyError."""
    for row in database.rows(database.sql.fax, rows.key("f", fax_id)):
        return rows.fax_record(row)
    raise KeyError(fax_id)


def _write(database: Database, record: FaxRecord, state: FaxState) -> None:
    database.run(database.sql.update_fax, *rows.fax_row(record), state.value, rows.key("f", record.fax_id))


def update_fax(database: Database, record: FaxRecord) -> None:
    """All but its state."""
    _write(database, record, fax(database, record.fax_id).state)


def close_fax(database: Database, record: FaxRecord, state: FaxState) -> None:
    """CLOSED, WITHHELD or ENDED."""
    if state in (FaxState.OPEN, FaxState.MAILED):
        raise ValueError(f"a fax is not closed as {state.value}")
    if fax(database, record.fax_id).state is FaxState.MAILED:
        raise ValueError(f"fax {record.fax_id} is mailed")
    _write(database, record, state)


def add_page(database: Database, fax_id: str, page: Page, now: float) -> None:
    """Only while its call is running."""
    state = fax(database, fax_id).state
    if state is not FaxState.OPEN:
        raise ValueError(f"fax {fax_id} is {state.value}, not open")
    database.run(database.sql.add_page, *rows.page_row(rows.key("f", fax_id), page, now))


def mail_fax(database: Database, fax_id: str, message: Message, jobs: Sequence[NewJob], now: float) -> str:
    """Once only."""
    record = fax(database, fax_id)
    if record.message_id is not None:
        return record.message_id
    if record.state not in (FaxState.CLOSED, FaxState.WITHHELD):
        raise ValueError(f"fax {fax_id} is {record.state.value}, there is nothing to mail")
    message_id, _ = accept_message(database, message, jobs, now)
    database.run(database.sql.fax_mailed, rows.key("m", message_id), rows.key("f", fax_id))
    return message_id


def payload(database: Database, fax_id: str) -> list[FaxPayload]:
    """Its pages in order."""
    return [rows.payload(row) for row in database.rows(database.sql.payload, rows.key("f", fax_id))]


def faxes(
    database: Database, states: Sequence[FaxState], job_id: str | None, node: str | None, limit: int
) -> list[FaxRecord]:
    """The newest first; of *node*, or of all."""
    wanted = [state.value for state in FaxState if not states or state in states]
    wanted += wanted[:1] * (len(FaxState) - len(wanted))
    if job_id is None:
        found = database.rows(database.sql.faxes, *wanted, node, limit)
    else:
        found = database.rows(database.sql.faxes_of_job, rows.key("j", job_id), *wanted, node, limit)
    return [rows.fax_record(row) for row in found]


def add_history(database: Database, line: HistoryLine) -> None:
    """Note a step."""
    database.run(database.sql.add_history, *rows.history_row(line))


def history(database: Database, job_id: str | None, fax_id: str | None, limit: int) -> list[HistoryLine]:
    """The last *limit* ones, oldest first."""
    sql = database.sql
    job = None if job_id is None else rows.key("j", job_id)
    fax = None if fax_id is None else rows.key("f", fax_id)
    if job is not None and fax is not None:
        found = database.rows(sql.history_of_both, job, fax, limit)
    elif job is not None:
        found = database.rows(sql.history_of_job, job, limit)
    elif fax is not None:
        found = database.rows(sql.history_of_fax, fax, limit)
    else:
        found = database.rows(sql.history, limit)
    return [rows.history_line(row) for row in reversed(found)]


def add_trace(database: Database, lines: Sequence[TraceLine], now: float) -> None:
    """Keep them; *now* is what retention goes by."""
    database.run_each(database.sql.add_trace, [rows.trace_row(line, now) for line in lines])


def trace(database: Database, call_id: str) -> list[TraceLine]:
    """As they came."""
    return [rows.trace_line(row) for row in database.rows(database.sql.trace, call_id)]


def add_capture(database: Database, call_id: str, octets: bytes, now: float) -> None:
    """Keep it; *now* is what retention goes by."""
    database.run(database.sql.add_capture, call_id, now, octets)


def capture(database: Database, call_id: str) -> bytes | None:
    """As it was kept."""
    found = database.rows(database.sql.capture, call_id)
    return bytes(found[0][0]) if found else None


def counts(database: Database) -> Counts:
    """By their indexes."""
    sql = database.sql
    return Counts(
        jobs={(JobKind(kind), JobState(state)): count for kind, state, count in database.rows(sql.count_jobs)},
        faxes={
            (FaxDirection(direction), FaxState(state)): count
            for direction, state, count in database.rows(sql.count_faxes)
        },
        notices_due=database.rows(sql.count_notices)[0][0],
    )


SLICE = 100
"""Rows that one step of retention drops at most, so that nothing waits for it long."""


def expire(database: Database, payloads_before: float, history_before: float) -> bool:
    """One step of retention: True if there may be more to drop."""
    sql = database.sql
    steps = (
        (sql.expire_payloads, payloads_before),
        (sql.expire_history, history_before),
        (sql.expire_traces, history_before),
        (sql.expire_captures, payloads_before),
        (sql.expire_faxes, history_before),
        (sql.expire_contents, payloads_before),
        (sql.expire_messages, history_before),
    )
    return any(database.run(statement, before, SLICE) > 0 for statement, before in steps)
