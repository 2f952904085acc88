"""Records as table rows and back: the columns, their order, and what stands in them.

Shared by all dialects.  Ids are numbers in the tables, with their letter everywhere else; enums stand as their
values, causes as their numbers, tuples as JSON.  Nothing here reads or writes a table.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sandf.callcontrol.media import Message, Page
from sandf.causes import CATALOGUE, Cause
from sandf.protocols.t4.form import Coding, PageForm, Paper, Resolution

from .records import (
    Attempt,
    FaxDirection,
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

Row = tuple[Any, ...]
"""What a driver of the Python database API gives and takes."""

MESSAGE = ("received_at", "reverse_path", "envid", "ret", "peer", "identity", "octets")
NEW_JOB = ("message", "kind", "address", "called", "subaddress", "cover", "notify", "orcpt", "fax",
           "state", "created_at", "due_at", "tries_since")  # fmt: skip
JOB = ("id", *NEW_JOB, "attempts", "failures", "cause", "detail", "ended_at", "notice_due")
ATTEMPT = ("job", "number", "began_at", "ended_at", "cause", "detail")
LEDGER = ("page", "state", "last", "attempt", "at", "sent")
FAX = ("call_id", "direction", "began_at", "job", "attempt", "called", "calling", "redirecting", "port", "peer_tag",
       "mail_peer_tag", "remote_ident", "subaddress", "connected_at", "ended_at", "pages", "octets", "bit_rate",
       "final_bit_rate", "ecm", "coding", "resolution", "page_seconds", "mail_to", "account_id", "cause",
       "detail")  # fmt: skip
"""What ``update_fax`` writes."""
PAGE = ("fax", "number", "coding", "resolution", "paper", "rows", "octets", "bad_rows", "consecutive_bad_rows",
        "at")  # fmt: skip
HISTORY = ("at", "job", "fax", "call_id", "text", "cause")
TRACE = ("noted_at", "call_id", "at", "outward", "kind", "text", "octets")


def key(letter: str, identity: str) -> int:
    """The row of an id: 12 for ``j12``.  Raises KeyError for what the store never gave."""
    digits = identity[1:]
    if identity[:1] != letter or not (digits.isascii() and digits.isdigit()) or len(digits) > 18:
        raise KeyError(identity)
    return int(digits)


def _key(letter: str, identity: str | None) -> int | None:
    return None if identity is None else key(letter, identity)


def _identity(letter: str, number: int | None) -> str | None:
    return None if number is None else f"{letter}{number}"


def _number(cause: Cause | None) -> int | None:
    return None if cause is None else cause.number


def _cause(number: int | None) -> Cause | None:
    return None if number is None else CATALOGUE[number]


def _listed(values: Sequence[str | int] | None) -> str | None:
    return None if values is None else json.dumps(values)


def message_row(message: Message, now: float) -> Row:
    """As MESSAGE."""
    return (now, message.reverse_path, message.envid, message.ret, message.peer, message.identity, message.octets)


def stored_message(number: int, row: Row) -> StoredMessage:
    """From MESSAGE."""
    received_at, reverse_path, envid, ret, peer, identity, octets = row
    return StoredMessage(
        message_id=f"m{number}",
        received_at=received_at,
        message=Message(
            reverse_path=reverse_path, envid=envid, ret=ret, peer=peer, identity=identity, octets=bytes(octets)
        ),
    )


def new_job_row(message: int, job: NewJob, now: float) -> Row:
    """As NEW_JOB."""
    cover = None if job.cover is None else int(job.cover)
    return (
        *(message, job.kind.value, job.address, job.called, job.subaddress, cover, _listed(job.notify), job.orcpt),
        *(_key("f", job.fax_id), JobState.DEFERRED.value, now, now, now),
    )


def job(row: Row, ledger: Sequence[Row]) -> Job:
    """From JOB, and from LEDGER in the order of pages."""
    cells = dict(zip(JOB, row, strict=True))
    return Job(
        job_id=f"j{cells['id']}",
        message_id=f"m{cells['message']}",
        kind=JobKind(cells["kind"]),
        address=cells["address"],
        called=cells["called"],
        subaddress=cells["subaddress"],
        cover=None if cells["cover"] is None else bool(cells["cover"]),
        notify=None if cells["notify"] is None else tuple(json.loads(cells["notify"])),
        orcpt=cells["orcpt"],
        fax_id=_identity("f", cells["fax"]),
        state=JobState(cells["state"]),
        created_at=cells["created_at"],
        due_at=cells["due_at"],
        attempts=cells["attempts"],
        failures=failures(cells["failures"]),
        cause=_cause(cells["cause"]),
        detail=cells["detail"],
        ended_at=cells["ended_at"],
        notice_due=bool(cells["notice_due"]),
        tries_since=cells["tries_since"],
        ledger=tuple(_ledger_entry(each) for each in ledger),
    )


def _ledger_entry(row: Row) -> LedgerEntry:
    page, state, last, attempt, at, sent = row
    return LedgerEntry(page=page, state=PageState(state), last=bool(last), attempt=attempt, at=at, sent=sent)


def failures(cell: str) -> tuple[int, ...]:
    """The failed attempts of a job, as cause numbers."""
    return tuple(json.loads(cell))


def failures_cell(numbers: tuple[int, ...]) -> str:
    """The other way."""
    return json.dumps(numbers)


def attempt(row: Row) -> Attempt:
    """From ATTEMPT."""
    job, number, began_at, ended_at, cause, detail = row
    return Attempt(
        job_id=f"j{job}", attempt=number, began_at=began_at, ended_at=ended_at, cause=_cause(cause), detail=detail
    )


def fax_row(record: FaxRecord) -> Row:
    """As FAX."""
    return (
        *(
            record.call_id,
            record.direction.value,
            record.began_at,
            _key("j", record.job_id),
            record.attempt,
            record.called,
        ),
        *(record.calling, record.redirecting, record.port, record.peer_tag, record.mail_peer_tag),
        *(
            record.remote_ident,
            record.subaddress,
            record.connected_at,
            record.ended_at,
            record.pages,
            record.octets,
            record.bit_rate,
        ),
        *(record.final_bit_rate, int(record.ecm), record.coding, record.resolution, record.page_seconds),
        *(_listed(record.mail_to), record.account_id, _number(record.cause), record.detail),
    )


def fax_record(row: Row) -> FaxRecord:
    """From ``id``, ``state``, ``message`` and FAX."""
    number, state, message, *rest = row
    cells = dict(zip(FAX, rest, strict=True))
    cells["job_id"] = _identity("j", cells.pop("job"))
    cells["direction"] = FaxDirection(cells["direction"])
    cells["ecm"] = bool(cells["ecm"])
    cells["mail_to"] = tuple(json.loads(cells["mail_to"]))
    cells["cause"] = _cause(cells["cause"])
    return FaxRecord(fax_id=f"f{number}", state=FaxState(state), message_id=_identity("m", message), **cells)


def page_row(fax: int, page: Page, now: float) -> Row:
    """As PAGE."""
    form = page.form
    return (
        *(fax, page.number, form.coding.value, form.resolution.name, form.paper.name, page.rows, page.octets),
        *(page.bad_rows, page.consecutive_bad_rows, now),
    )


def payload(row: Row) -> FaxPayload:
    """From PAGE."""
    fax, number, coding, resolution, paper, rows, octets, bad_rows, consecutive, at = row
    form = PageForm(coding=Coding(coding), resolution=Resolution[resolution], paper=Paper[paper])
    page = Page(
        number=number,
        form=form,
        rows=rows,
        octets=bytes(octets),
        bad_rows=bad_rows,
        consecutive_bad_rows=consecutive,
    )
    return FaxPayload(fax_id=f"f{fax}", page=page, at=at)


def history_row(line: HistoryLine) -> Row:
    """As HISTORY."""
    return (line.at, _key("j", line.job_id), _key("f", line.fax_id), line.call_id, line.text, _number(line.cause))


def history_line(row: Row) -> HistoryLine:
    """From HISTORY."""
    at, job, fax, call_id, text, cause = row
    return HistoryLine(
        at=at,
        job_id=_identity("j", job),
        fax_id=_identity("f", fax),
        call_id=call_id,
        text=text,
        cause=_cause(cause),
    )


def trace_row(line: TraceLine, now: float) -> Row:
    """As TRACE."""
    return (now, line.call_id, line.at, int(line.outward), line.kind, line.text, line.octets)


def trace_line(row: Row) -> TraceLine:
    """From TRACE without its first column."""
    call_id, at, outward, kind, text, octets = row
    return TraceLine(call_id=call_id, at=at, outward=bool(outward), kind=kind, text=text, octets=bytes(octets))
