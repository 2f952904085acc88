"""The statements that a dialect of SQL gives: what the operations ask for, by name.

The columns and their order are those of :mod:`sandf.store.rows`; parameters are positional, in the order said
here.  A dialect is one :class:`Statements`; :mod:`sandf.store.sqlite_statements` is the first.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Statements:
    """One text each.  "-> X" says what it returns; the other ones return nothing."""

    add_message: str
    """MESSAGE -> id."""
    message: str
    """id -> MESSAGE, where the octets are still kept."""
    add_job: str
    """NEW_JOB -> id."""
    job: str
    """id -> JOB."""
    jobs: str
    """As many states as there are, limit -> JOB, newest first."""
    jobs_of_message: str
    """message, as many states, limit -> JOB, newest first."""
    claim: str
    """node, kind, now, limit -> JOB: the oldest due jobs, now RUNNING with one attempt more, in any order."""
    running: str
    """node -> JOB: what runs there, or nowhere that has a name."""
    fence: str
    """id, attempt -> id, where that attempt is RUNNING; it stays so until the transaction ends."""
    next_due: str
    """kind -> due_at or NULL."""
    defer_job: str
    """failures, until, cause, detail, id."""
    end_job: str
    """state, failures, cause, detail, now, id."""
    resend_job: str
    """now, now, id."""
    notices_due: str
    """limit -> JOB, first ended first."""
    notice_given: str
    """id -> id, where it was due."""
    begin_attempt: str
    """job, number, node, now."""
    end_attempt: str
    """now, cause, detail, job, number."""
    attempts: str
    """job -> ATTEMPT in order."""

    ledger: str
    """job -> LEDGER in the order of pages."""
    ledger_state: str
    """job, page -> state."""
    doubt: str
    """job, page, last, attempt, now: put in doubt, sent once more."""
    confirm: str
    """now, job, page."""
    reopen: str
    """now, job, page."""
    forget_pages: str
    """job, first page."""

    add_fax: str
    """state, node, FAX -> id."""
    fax: str
    """id -> id, state, message, FAX."""
    update_fax: str
    """FAX, state, id."""
    fax_mailed: str
    """message, id."""
    faxes: str
    """As many states as there are, node or NULL for all, limit -> id, state, message, FAX, newest first."""
    faxes_of_job: str
    """job, as many states, node or NULL for all, limit -> id, state, message, FAX, newest first."""
    add_page: str
    """PAGE; a page of that number is replaced."""
    payload: str
    """fax -> PAGE in the order of pages."""

    add_history: str
    """HISTORY."""
    history: str
    """limit -> HISTORY, newest first."""
    history_of_job: str
    """job, limit -> HISTORY, newest first."""
    history_of_fax: str
    """fax, limit -> HISTORY, newest first."""
    history_of_both: str
    """job, fax, limit -> HISTORY, newest first."""
    add_trace: str
    """TRACE."""
    trace: str
    """call -> TRACE without ``noted_at``, as they came."""
    add_capture: str
    """call, noted_at, octets; in place of what there was."""
    capture: str
    """call -> octets."""

    count_jobs: str
    """-> kind, state, number."""
    count_faxes: str
    """-> direction, state, number."""
    count_notices: str
    """-> number."""

    expire_payloads: str
    """before, limit: pages of settled faxes."""
    expire_history: str
    """before, limit."""
    expire_traces: str
    """before, limit."""
    expire_captures: str
    """before, limit."""
    expire_faxes: str
    """before, limit: settled records with what pages they have."""
    expire_contents: str
    """before, limit: octets of finished messages."""
    expire_messages: str
    """before, limit: finished messages with their jobs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One step of the tables, for ever as it was once released; its number is its place, from 1 on."""

    name: str
    statements: tuple[str, ...]
