"""The statements of the store in SQLite's SQL (3.35 and later: RETURNING)."""

from __future__ import annotations

from collections.abc import Sequence

from . import rows
from .records import FaxState, JobState
from .statements import Statements


def _list(columns: Sequence[str], prefix: str = "") -> str:
    return ", ".join(prefix + column for column in columns)


def _marks(columns: Sequence[object]) -> str:
    return ", ".join("?" for _ in columns)


def _add(table: str, columns: Sequence[str], end: str = "") -> str:
    return f"INSERT INTO {table} ({_list(columns)}) VALUES ({_marks(columns)}) {end}"


_JOBS = f"SELECT {_list(rows.JOB)} FROM job"
_FAXES = f"SELECT id, state, message, {_list(rows.FAX)} FROM fax_record"
_HISTORY = f"SELECT {_list(rows.HISTORY)} FROM history"
_JOB_STATES = f"state IN ({_marks([*JobState])})"
_FAX_STATES = f"state IN ({_marks([*FaxState])})"
_OF_NODE = "node IN (COALESCE(?, node), '')"
_NEWEST = "ORDER BY id DESC LIMIT ?"

_OPEN_JOB = "(job.state IN ('deferred', 'running') OR job.notice_due = 1)"
_UNFINISHED = f"SELECT job.id FROM job WHERE {_OPEN_JOB}"
"""Jobs that retention must not touch."""
_SETTLED = f"""(
    (fax_record.state = 'mailed'
        AND NOT EXISTS (SELECT 1 FROM job WHERE job.message = fax_record.message AND {_OPEN_JOB}))
    OR (fax_record.state = 'ended'
        AND NOT EXISTS (SELECT 1 FROM job WHERE job.id = fax_record.job AND {_OPEN_JOB})))"""
"""Faxes that nothing is left to be done for."""
_UNSETTLED = f"SELECT fax_record.id FROM fax_record WHERE NOT {_SETTLED}"
_OLD_FAX = f"COALESCE(fax_record.ended_at, fax_record.began_at) < ? AND {_SETTLED}"
_OLD_MESSAGE = f"""message.received_at < ?1
    AND NOT EXISTS (SELECT 1 FROM job WHERE job.message = message.id AND ({_OPEN_JOB} OR job.ended_at >= ?1))"""


SQLITE = Statements(
    add_message=_add("message", rows.MESSAGE, "RETURNING id"),
    message=f"SELECT {_list(rows.MESSAGE)} FROM message WHERE id = ? AND octets IS NOT NULL",
    add_job=_add("job", rows.NEW_JOB, "RETURNING id"),
    job=f"{_JOBS} WHERE id = ?",
    jobs=f"{_JOBS} WHERE {_JOB_STATES} {_NEWEST}",
    jobs_of_message=f"{_JOBS} WHERE message = ? AND {_JOB_STATES} {_NEWEST}",
    claim=f"""UPDATE job SET state = 'running', attempts = attempts + 1, node = ?
        WHERE state = 'deferred' AND id IN (
            SELECT id FROM job WHERE state = 'deferred' AND kind = ? AND due_at <= ? ORDER BY due_at, id LIMIT ?)
        RETURNING {_list(rows.JOB)}""",
    running=f"{_JOBS} WHERE state = 'running' AND node IN (?, '')",
    fence="SELECT id FROM job WHERE id = ? AND state = 'running' AND attempts = ?",
    next_due="SELECT MIN(due_at) FROM job WHERE state = 'deferred' AND kind = ?",
    defer_job="""UPDATE job SET state = 'deferred', failures = ?, due_at = ?, cause = ?, detail = ?,
        node = NULL, leased_until = NULL WHERE id = ?""",
    end_job="""UPDATE job SET state = ?, failures = ?, cause = ?, detail = ?, ended_at = ?, notice_due = 1,
        node = NULL, leased_until = NULL WHERE id = ?""",
    resend_job="""UPDATE job SET state = 'deferred', due_at = ?, tries_since = ?, failures = '[]', cause = NULL,
        detail = '', ended_at = NULL, notice_due = 0 WHERE id = ?""",
    notices_due=f"{_JOBS} WHERE notice_due = 1 ORDER BY ended_at, id LIMIT ?",
    notice_given="UPDATE job SET notice_due = 0 WHERE id = ? AND notice_due = 1 RETURNING id",
    begin_attempt="INSERT INTO attempt (job, number, node, began_at) VALUES (?, ?, ?, ?)",
    end_attempt="UPDATE attempt SET ended_at = ?, cause = ?, detail = ? WHERE job = ? AND number = ?",
    attempts=f"SELECT {_list(rows.ATTEMPT)} FROM attempt WHERE job = ? ORDER BY number",
    ledger=f"SELECT {_list(rows.LEDGER)} FROM ledger WHERE job = ? ORDER BY page",
    ledger_state="SELECT state FROM ledger WHERE job = ? AND page = ?",
    doubt="""INSERT INTO ledger (job, page, state, last, attempt, at, sent) VALUES (?, ?, 'in doubt', ?, ?, ?, 1)
        ON CONFLICT (job, page) DO UPDATE SET state = excluded.state,
            last = excluded.last, attempt = excluded.attempt, at = excluded.at, sent = ledger.sent + 1""",
    confirm="UPDATE ledger SET state = 'confirmed', at = ? WHERE job = ? AND page = ? AND state = 'in doubt'",
    reopen="UPDATE ledger SET state = 'open', at = ? WHERE job = ? AND page = ? AND state = 'in doubt'",
    forget_pages="DELETE FROM ledger WHERE job = ? AND page >= ?",
    add_fax=_add("fax_record", ("state", "node", *rows.FAX), "RETURNING id"),
    fax=f"{_FAXES} WHERE id = ?",
    update_fax=f"UPDATE fax_record SET {', '.join(f'{each} = ?' for each in rows.FAX)}, state = ? WHERE id = ?",
    fax_mailed="UPDATE fax_record SET state = 'mailed', message = ? WHERE id = ?",
    faxes=f"{_FAXES} WHERE {_FAX_STATES} AND {_OF_NODE} {_NEWEST}",
    faxes_of_job=f"{_FAXES} WHERE job = ? AND {_FAX_STATES} AND {_OF_NODE} {_NEWEST}",
    add_page=_add(
        "fax_payload",
        rows.PAGE,
        "ON CONFLICT (fax, number) DO UPDATE SET " + ", ".join(f"{each} = excluded.{each}" for each in rows.PAGE[2:]),
    ),
    payload=f"SELECT {_list(rows.PAGE)} FROM fax_payload WHERE fax = ? ORDER BY number",
    add_history=_add("history", rows.HISTORY),
    history=f"{_HISTORY} {_NEWEST}",
    history_of_job=f"{_HISTORY} WHERE job = ? {_NEWEST}",
    history_of_fax=f"{_HISTORY} WHERE fax = ? {_NEWEST}",
    history_of_both=f"{_HISTORY} WHERE job = ? AND fax = ? {_NEWEST}",
    add_trace=_add("trace", rows.TRACE),
    trace=f"SELECT {_list(rows.TRACE[1:])} FROM trace WHERE call_id = ? ORDER BY id",
    add_capture="INSERT OR REPLACE INTO capture (call_id, noted_at, octets) VALUES (?, ?, ?)",
    capture="SELECT octets FROM capture WHERE call_id = ?",
    count_jobs="SELECT kind, state, COUNT(*) FROM job GROUP BY kind, state",
    count_faxes="SELECT direction, state, COUNT(*) FROM fax_record GROUP BY direction, state",
    count_notices="SELECT COUNT(*) FROM job WHERE notice_due = 1",
    expire_payloads=f"""DELETE FROM fax_payload WHERE rowid IN (
        SELECT fax_payload.rowid FROM fax_record JOIN fax_payload ON fax_payload.fax = fax_record.id
        WHERE {_OLD_FAX} LIMIT ?)""",
    expire_history=f"""DELETE FROM history WHERE id IN (
        SELECT id FROM history WHERE at < ?
            AND (job IS NULL OR job NOT IN ({_UNFINISHED})) AND (fax IS NULL OR fax NOT IN ({_UNSETTLED})) LIMIT ?)""",
    expire_traces=f"""DELETE FROM trace WHERE id IN (
        SELECT id FROM trace WHERE noted_at < ? AND call_id NOT IN (
            SELECT call_id FROM fax_record WHERE id IN ({_UNSETTLED})) LIMIT ?)""",
    expire_captures="""DELETE FROM capture WHERE call_id IN (
        SELECT call_id FROM capture WHERE noted_at < ? LIMIT ?)""",
    expire_faxes=f"DELETE FROM fax_record WHERE id IN (SELECT id FROM fax_record WHERE {_OLD_FAX} LIMIT ?)",
    expire_contents=f"""UPDATE message SET octets = NULL WHERE id IN (
        SELECT id FROM message WHERE octets IS NOT NULL AND {_OLD_MESSAGE} LIMIT ?2)""",
    expire_messages=f"DELETE FROM message WHERE id IN (SELECT id FROM message WHERE {_OLD_MESSAGE} LIMIT ?2)",
)
