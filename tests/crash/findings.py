"""Design laws 4 and 5, held against what a store, its earlier copies and the mail server say.

Each function gives sentences about what is wrong, none if all is well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sandf import causes
from sandf.store.records import FaxState, Job, JobKind, JobState, LedgerEntry, PageState

from .evidence import Evidence
from .load import Accepted, sender_of
from .mailbox import Mailbox
from .marks import Mark

Ledgers = Mapping[str, tuple[LedgerEntry, ...]]


def messages_missing(accepted: Sequence[Accepted], evidence: Evidence) -> Iterator[str]:
    """Law 4: what was answered by 250 is there, with each of its recipients and its text."""
    recipients = {job.called: job for job in evidence.fax_jobs}
    for each in accepted:
        octets = evidence.messages.get(each.message_id, b"")
        if f"Subject: message {each.number}\r\n".encode() not in octets:
            yield f"message {each.number} was accepted as {each.message_id} and is not there"
        for called in each.called:
            if called not in recipients or recipients[called].message_id != each.message_id:
                yield f"the recipient {called} of {each.message_id} is not there"


def endings_wrong(evidence: Evidence) -> Iterator[str]:
    """Law 5: every recipient is delivered, or failed as unconfirmed; nothing is under way."""
    for job in evidence.jobs:
        if job.state not in (JobState.DELIVERED, JobState.FAILED):
            yield f"{job.job_id} to {job.address} is {job.state.value}"
        elif job.notice_due:
            yield f"the sender of {job.job_id} has not been told"
        elif job.kind is JobKind.MAIL:
            if job.state is not JobState.DELIVERED:
                yield f"the mail {job.job_id} to {job.address} failed: {job.cause}"
        else:
            yield from _fax_ending_wrong(job)
    for fax in evidence.received:
        if fax.state is not (FaxState.MAILED if evidence.pages[fax.fax_id] else FaxState.ENDED):
            yield f"{fax.fax_id} with {len(evidence.pages[fax.fax_id])} pages is {fax.state.value}"


def _fax_ending_wrong(job: Job) -> Iterator[str]:
    if job.state is JobState.DELIVERED and not job.all_confirmed:
        yield f"{job.job_id} is delivered, its ledger says {job.ledger}"
    if job.state is JobState.FAILED and not (job.cause is causes.UNCONFIRMED and job.only_last_page_open):
        yield f"{job.job_id} failed ({job.cause}), its ledger says {job.ledger}"


def pages_missing(evidence: Evidence, mailbox: Mailbox) -> Iterator[str]:
    """Law 4: every page that MCF acknowledged was kept, and came to the mail server."""
    arrivals = evidence.arrivals()
    for job in evidence.fax_jobs:
        number = int(job.called[1:6])
        for entry in job.ledger:
            mark = Mark(number=number, page=entry.page)
            if entry.state is PageState.CONFIRMED and not arrivals[job.called, entry.page]:
                yield f"page {entry.page} of {job.job_id} is confirmed and was not kept"
            if entry.state is PageState.CONFIRMED and mark not in mailbox.faxes[job.called]:
                yield f"page {entry.page} of {job.job_id} is confirmed and was not mailed"
        if job.state is JobState.FAILED and sender_of(number) not in mailbox.notified:
            yield f"{job.job_id} failed and no notification came"
    for fax in evidence.received:
        for mark in evidence.pages[fax.fax_id]:
            if mark.number != int(fax.called[1:6]):
                yield f"{fax.fax_id} to {fax.called} has a page of message {mark.number}"
            if mark not in mailbox.faxes[fax.called]:
                yield f"page {mark.page} of {fax.fax_id} was kept and not mailed"


def pages_repeated(evidence: Evidence) -> Iterator[str]:
    """Law 4: no page came oftener than the ledger says that it was sent."""
    jobs = {job.called: job for job in evidence.fax_jobs}
    for (called, page), times in evidence.arrivals().items():
        entries = [entry for entry in jobs[called].ledger if entry.page == page] if called in jobs else []
        if not entries:
            yield f"page {page} came to {called}, and no ledger has it"
        elif times > entries[0].sent:
            yield f"page {page} came to {called} {times} times, and its ledger says {entries[0]}"


def doubts_unaccounted(earlier: Sequence[Ledgers], last: Evidence) -> Iterator[str]:
    """Law 4: what a kill left confirmed stayed as it was; what it left in doubt was sent again, or was the end."""
    jobs = {job.job_id: job for job in last.fax_jobs}
    for kill, ledgers in enumerate(earlier, 1):
        for job_id, entries in ledgers.items():
            job = jobs.get(job_id)
            for was in entries:
                now = job.ledger[was.page - 1] if job is not None and was.page <= len(job.ledger) else None
                if job is None or now is None:
                    yield f"kill {kill}: page {was.page} of {job_id} was in the ledger and is gone"
                elif was.state is PageState.CONFIRMED and now != was:
                    yield f"kill {kill}: a confirmed page of {job_id} has changed: {was}, now {now}"
                elif was.state is PageState.IN_DOUBT and now.sent <= was.sent and job.cause is not causes.UNCONFIRMED:
                    yield f"kill {kill}: a page of {job_id} in doubt was left so: {was}, now {now}"


def all_wrong(
    accepted: Sequence[Accepted], earlier: Sequence[Ledgers], evidence: Evidence, mailbox: Mailbox
) -> list[str]:
    """Everything."""
    return [
        *messages_missing(accepted, evidence),
        *endings_wrong(evidence),
        *pages_missing(evidence, mailbox),
        *pages_repeated(evidence),
        *doubts_unaccounted(earlier, evidence),
    ]
