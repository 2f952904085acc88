"""What a notification says: an ended job in the terms of RFC 3464, and of people."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from sandf import causes
from sandf.causes import Cause
from sandf.protocols.t37.dsn import Action, RecipientReport
from sandf.store.records import Attempt, Job, JobKind, JobState, PageState

from .outcomes import server_and_reply, status_of


def recipient_report(
    job: Job,
    attempts: Sequence[Attempt],
    *,
    masked: Callable[[str], str],
    dated: Callable[[float], datetime],
) -> RecipientReport:
    """The report on an ended *job*; numbers are shown *masked*, times as *dated* gives them."""
    cause = job.cause or causes.INTERNAL_ERROR
    server, reply = server_and_reply(job.detail)
    is_fax = job.kind is JobKind.FAX
    delivered = job.state is JobState.DELIVERED
    ended = job.ended_at if job.ended_at is not None else job.created_at
    last = (attempts[-1].ended_at or ended) if attempts else None
    return RecipientReport(
        address=masked(job.called) if is_fax else job.address,
        final_recipient=f"phone; {masked(job.called)}" if is_fax else f"rfc822; {job.address}",
        action=Action.DELIVERED if delivered else Action.FAILED,
        status=_status(job, cause, reply),
        what_happened=cause.sentence,
        detail=f"the server {server} said: {reply}" if server else job.detail,
        reference=f"fax {job.fax_id} in the gateway's store" if job.fax_id else f"job {job.job_id}",
        original_recipient=job.orcpt,
        remote_mta=server,
        diagnostic=_diagnostic(job, cause, reply),
        is_fax=is_fax,
        attempts=len(attempts),
        first_attempt=dated(attempts[0].began_at) if attempts else None,
        last_attempt=dated(last) if last is not None else None,
        confirmed_pages=job.confirmed_pages,
        doubtful_page=0 if delivered else _doubtful_page(job),
        total_pages=job.ledger[-1].page if job.ledger and job.ledger[-1].last else 0,
    )


def _status(job: Job, cause: Cause, reply: str) -> str:
    """2.x.x where it was delivered; the server's own status where it gave one."""
    if job.state is JobState.DELIVERED:
        return "2.0.0"
    return status_of(reply, cause.status) if job.kind is JobKind.MAIL else cause.status


def _diagnostic(job: Job, cause: Cause, reply: str) -> str:
    """``x-fax`` with the classic codes and our own, or ``smtp`` with what the server said."""
    if job.kind is JobKind.FAX:
        return f"x-fax; T30={cause.t30} ISDN={cause.q850} cause={cause.number} ({cause.name})"
    return f"smtp; {reply}" if server_and_reply(job.detail)[0] else f"x-sandf; {cause.number} ({cause.name}) {reply}"


def _doubtful_page(job: Job) -> int:
    """The page that was sent whole, but not confirmed."""
    last = job.ledger[-1] if job.ledger else None
    return last.page if last is not None and last.state is PageState.IN_DOUBT else 0
