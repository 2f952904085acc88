"""Design laws 4 and 5, held against what a store, its earlier copies and the mail server say.

Each function gives sentences about what is wrong, none if all is well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from sandf import causes
from sandf.store.records import FaxState, Job, JobKind, JobState, PageState

from .evidence import Evidence
from .load import Accepted, sender_of
from .mailbox import Mailbox
from .marks import Mark
from .witness import Line

Jobs = Mapping[str, Job]
"""Fax jobs by their id."""


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


def doubts_unaccounted(left: Sequence[Jobs], last: Evidence) -> Iterator[str]:
    """Law 4, between each kill and the end."""
    jobs = {job.job_id: job for job in last.fax_jobs}
    for kill, earlier in enumerate(left, 1):
        for was in earlier.values():
            if was.job_id not in jobs:
                yield f"kill {kill}: {was.job_id} was there and is gone"
            else:
                yield from (f"kill {kill}: {wrong}" for wrong in _went_on_wrong(was, jobs[was.job_id]))


def _went_on_wrong(was: Job, now: Job) -> Iterator[str]:
    """What was confirmed stays as it was; what was in doubt is sent again, unless it is all that was open."""
    pages = {entry.page: entry for entry in now.ledger}
    for entry in was.ledger:
        later = pages.get(entry.page)
        if later is None:
            yield f"page {entry.page} of {was.job_id} was in the ledger and is gone"
        elif entry.state is PageState.CONFIRMED or was.only_last_page_open:
            if later != entry:
                yield f"a page of {was.job_id} has changed: {entry}, now {later}"
        elif later.sent <= entry.sent and now.cause is not causes.UNCONFIRMED:
            yield f"a page of {was.job_id} was left in doubt: {entry}, now {later}"
    if was.only_last_page_open and now.cause is not causes.UNCONFIRMED:
        yield f"{was.job_id} had its last page in doubt, and ended as {now.cause}"


def words_broken(line: Line, evidence: Evidence) -> Iterator[str]:
    """Law 4, by what was said on the line: no MCF for a page that was not kept, no command without its doubt."""
    kept = {fax.call_id: len(evidence.pages[fax.fax_id]) for fax in evidence.received}
    for call, pages in line.pages_acknowledged.items():
        if pages > kept.get(call, 0):
            yield f"the call {call} sent MCF for {pages} pages and kept {kept.get(call, 0)}"
    jobs = {fax.call_id: fax.job_id for fax in evidence.sent}
    ledgers = {job.job_id: sum(entry.sent for entry in job.ledger) for job in evidence.fax_jobs}
    commands = Counter[str | None]()
    for call, pages in line.pages_sent.items():
        commands[jobs.get(call)] += pages
    for job_id, pages in commands.items():
        if pages > ledgers.get(job_id or "", 0):
            yield f"{pages} pages of {job_id} were sent, its ledger has {ledgers.get(job_id or '', 0)}"


def all_wrong(
    accepted: Sequence[Accepted], left: Sequence[Jobs], evidence: Evidence, mailbox: Mailbox, line: Line
) -> list[str]:
    """Everything; *left* is what the store had after each kill."""
    return [
        *messages_missing(accepted, evidence),
        *endings_wrong(evidence),
        *pages_missing(evidence, mailbox),
        *pages_repeated(evidence),
        *doubts_unaccounted(left, evidence),
        *words_broken(line, evidence),
    ]
