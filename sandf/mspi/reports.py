"""What a notification says: an ended job in the terms of RFC 3464, and of people."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from sandf import causes
from sandf.causes import Cause, Retry
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
        what_happened=_what_happened(job, cause, server, reply),
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


def _what_happened(job: Job, cause: Cause, server: str, reply: str) -> str:
    words = [cause.sentence]
    if server:
        words.append(f"The server {server} said: {reply}")
    elif job.detail:
        words.append(f"({job.detail})")
    if cause.retry is not Retry.NEVER and job.state is JobState.FAILED and len(job.failures) > 1:
        words.append(f"We have tried {len(job.failures)} times and do not try again.")
    return " ".join(words)


def _diagnostic(job: Job, cause: Cause, reply: str) -> str:
    """``x-fax`` with the classic codes and our own, or ``smtp`` with what the server said."""
    if job.kind is JobKind.FAX:
        return f"x-fax; T30={cause.t30} ISDN={cause.q850} cause={cause.number} ({cause.name})"
    return f"smtp; {reply}" if server_and_reply(job.detail)[0] else f"x-sandf; {cause.number} ({cause.name}) {reply}"


def _doubtful_page(job: Job) -> int:
    """The page that was sent whole, but not confirmed."""
    last = job.ledger[-1] if job.ledger else None
    return last.page if last is not None and last.state is PageState.IN_DOUBT else 0
