"""A program that works on a store until it is killed, and says what has been acknowledged, one line each.

    python -m tests.store.worker FILE

A line is written when the Deferred has fired, before anything that follows from it is asked for.
"""

from __future__ import annotations

import sys
from pathlib import Path

from twisted.internet import defer, task
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads

from sandf import causes
from sandf.callcontrol.media import Message, Page
from sandf.protocols.t4.form import Coding, PageForm, Resolution
from sandf.store.records import FaxDirection, FaxRecord, FaxState, JobKind, JobState, NewJob
from sandf.store.sqlite import SqliteFile
from sandf.store.store import Store

FORM = PageForm(coding=Coding.MMR, resolution=Resolution.FINE)


def say(*words: object) -> None:
    """Acknowledge: in the pipe when this returns."""
    print(*words, flush=True)


async def send_faxes(store: Store, name: str) -> None:
    """Accept, claim, put in doubt and confirm pages, end."""
    while True:
        content = f"{name} ".encode() * 2000
        message_id, (job_id,) = await store.accept_message(
            Message(reverse_path=name, octets=content), [NewJob(kind=JobKind.FAX, address=name)], 1.0
        )
        say("accepted", message_id, job_id, name)
        for job in await store.claim_due(JobKind.FAX, 1, 2.0):
            say("claimed", job.job_id, job.attempts)
            for page in range(job.confirmed_pages + 1, 4):
                await store.page_in_doubt(job.job_id, page, last=page == 3, attempt=job.attempts, now=3.0)
                say("doubt", job.job_id, page)
                await store.page_confirmed(job.job_id, page, attempt=job.attempts, now=4.0)
                say("confirmed", job.job_id, page)
            await store.end_job(job.job_id, JobState.DELIVERED, causes.DELIVERED, "", attempt=job.attempts, now=5.0)
            say("ended", job.job_id)


async def receive_faxes(store: Store, name: str) -> None:
    """Commit pages, close, mail."""
    record = FaxRecord(fax_id="", call_id=name, direction=FaxDirection.ON_RAMP, began_at=1.0)
    while True:
        fax_id = await store.open_fax(record)
        say("opened", fax_id)
        for number in (1, 2):
            page = Page(number=number, form=FORM, rows=number, octets=fax_id.encode() * 1000)
            await store.add_page(fax_id, page, 2.0)
            say("page", fax_id, number)
        await store.close_fax(await store.fax(fax_id), FaxState.CLOSED)
        say("closed", fax_id)
        mail = NewJob(kind=JobKind.MAIL, address="a@example.com", fax_id=fax_id)
        message_id = await store.mail_fax(fax_id, Message(reverse_path="", octets=b"fax"), [mail], 3.0)
        say("mailed", fax_id, message_id)


async def work(reactor: IReactorFromThreads, path: str) -> None:
    """Until killed."""
    store = Store(SqliteFile(Path(path)), reactor)
    await store.open(0.0)
    say("open")
    works = [send_faxes(store, f"s{n}") for n in range(4)] + [receive_faxes(store, f"r{n}") for n in range(2)]
    await defer.gatherResults([Deferred.fromCoroutine(each) for each in works], consumeErrors=True)


if __name__ == "__main__":
    task.react(lambda reactor: Deferred.fromCoroutine(work(reactor, sys.argv[1])))
