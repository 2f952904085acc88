"""Any sequence of wishes has the same effects on the real store as on the model in memory (design laws 4 and 5)."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from sandf import causes
from sandf.callcontrol.media import Message, Page
from sandf.protocols.t4.form import Coding, PageForm, Paper, Resolution
from sandf.store.interfaces import IStore
from sandf.store.records import (
    FaxDirection,
    FaxRecord,
    FaxState,
    HistoryLine,
    JobKind,
    JobState,
    NewJob,
    TraceLine,
)

from .memory import MemoryStore
from .waiting import OpenStore

Wish = Callable[[Any, float], Deferred[Any]]

jobs = st.builds(lambda n: f"j{n}", st.integers(1, 6))
faxes = st.builds(lambda n: f"f{n}", st.integers(1, 4))
messages = st.builds(lambda n: f"m{n}", st.integers(1, 5))
calls = st.sampled_from(["c1", "c2"])
endings = st.sampled_from([causes.DELIVERED, causes.BUSY, causes.NO_ANSWER, causes.UNCONFIRMED])
numbers = st.integers(1, 3)
attempts = st.sampled_from([1, 1, 1, 2])
times = st.integers(0, 300).map(float)
text = st.text(max_size=5)
mails = st.builds(
    Message,
    reverse_path=text,
    octets=st.binary(max_size=20),
    envid=st.none() | text,
    ret=st.sampled_from([None, "FULL", "HDRS"]),
    peer=text,
    identity=text,
)
recipients = st.lists(
    st.builds(
        NewJob,
        kind=st.sampled_from(JobKind),
        address=text,
        called=text,
        subaddress=text,
        cover=st.none() | st.booleans(),
        notify=st.none() | st.lists(st.sampled_from(["NEVER", "SUCCESS"]), max_size=2).map(tuple),
        orcpt=st.none() | text,
        fax_id=st.none() | faxes,
    ),
    max_size=2,
)
pages = st.builds(
    Page,
    number=numbers,
    form=st.builds(
        PageForm,
        coding=st.sampled_from(Coding),
        resolution=st.sampled_from(Resolution),
        paper=st.sampled_from(Paper),
    ),
    rows=st.integers(0, 3000),
    octets=st.binary(max_size=20),
    bad_rows=numbers,
    consecutive_bad_rows=numbers,
)


def record(fax_id: st.SearchStrategy[str]) -> st.SearchStrategy[FaxRecord]:
    return st.builds(
        FaxRecord,
        fax_id=fax_id,
        call_id=calls,
        direction=st.sampled_from(FaxDirection),
        began_at=times,
        job_id=st.none() | jobs,
        attempt=numbers,
        called=text,
        peer_tag=numbers,
        connected_at=st.none() | times,
        ended_at=st.none() | times,
        pages=numbers,
        ecm=st.booleans(),
        page_seconds=times,
        mail_to=st.lists(text, max_size=2).map(tuple),
        cause=st.none() | endings,
        detail=text,
    )


lines = st.builds(
    HistoryLine, at=times, job_id=st.none() | jobs, fax_id=st.none() | faxes, call_id=st.none() | calls, text=text,
    cause=st.none() | endings,
)  # fmt: skip
traces = st.lists(
    st.builds(TraceLine, call_id=calls, at=times, outward=st.booleans(), kind=text, text=text,
              octets=st.binary(max_size=5)), max_size=2,
)  # fmt: skip

wishes: st.SearchStrategy[Wish] = st.one_of(
    st.builds(lambda m, r: lambda s, now: s.accept_message(m, r, now), mails, recipients),
    st.builds(lambda k, n: lambda s, now: s.claim_due(k, n, now), st.sampled_from(JobKind), numbers),
    st.builds(
        lambda j, u, c, d, a: lambda s, now: s.defer_job(j, now + u, c, d, attempt=a, now=now),
        jobs, times, endings, text, attempts,
    ),
    st.builds(
        lambda j, e, c, d, a: lambda s, now: s.end_job(j, e, c, d, attempt=a, now=now),
        jobs, st.sampled_from(JobState), endings, text, st.none() | attempts,
    ),
    st.builds(lambda j, n: lambda s, now: s.resend_job(j, n, now), jobs, numbers),
    st.builds(lambda j, m, r: lambda s, now: s.give_notice(j, m, r, now), jobs, st.none() | mails, recipients),
    st.builds(
        lambda j, p, e, a: lambda s, now: s.page_in_doubt(j, p, last=e, attempt=a, now=now),
        jobs, numbers, st.booleans(), attempts,
    ),
    st.builds(lambda j, p, a: lambda s, now: s.page_confirmed(j, p, attempt=a, now=now), jobs, numbers, attempts),
    st.builds(lambda j, p, a: lambda s, now: s.page_open(j, p, attempt=a, now=now), jobs, numbers, attempts),
    st.builds(lambda r: lambda s, now: s.open_fax(r), record(st.just(""))),
    st.builds(lambda r: lambda s, now: s.update_fax(r), record(faxes)),
    st.builds(lambda f, p: lambda s, now: s.add_page(f, p, now), faxes, pages),
    st.builds(lambda r, e: lambda s, now: s.close_fax(r, e), record(faxes), st.sampled_from(FaxState)),
    st.builds(lambda f, m, r: lambda s, now: s.mail_fax(f, m, r, now), faxes, mails, recipients),
    st.builds(lambda h: lambda s, now: s.add_history(h), lines),
    st.builds(lambda t: lambda s, now: s.add_trace(t), traces),
    st.builds(lambda c, o: lambda s, now: s.add_capture(c, o), st.sampled_from(["c1", "c2"]), st.binary(max_size=9)),
    st.builds(
        lambda p, h: lambda s, now: s.expire(payloads_before=now - p, history_before=now - h), times, times
    ),
    st.just(lambda s, now: s.close().addCallback(lambda _: s.open(now))),
)  # fmt: skip

SOMETHING_TO_WORK_ON: list[Wish] = [
    *[lambda s, now, each=each: s.accept_message(
        Message(reverse_path="a", octets=b"x"), [NewJob(kind=each, address="b")] * 2, now) for each in JobKind],
    *[lambda s, now, each=each: s.open_fax(
        FaxRecord(fax_id="", call_id="c1", direction=each, began_at=now, job_id="j1")) for each in FaxDirection],
    lambda s, now: s.claim_due(JobKind.FAX, 1, now),
]  # fmt: skip

questions: list[Wish] = [
    lambda s, now: s.jobs(),
    lambda s, now: s.jobs(states=[JobState.FAILED, JobState.DEFERRED], limit=2),
    lambda s, now: s.jobs(message_id="m2"),
    lambda s, now: s.faxes(),
    lambda s, now: s.faxes(states=[FaxState.OPEN, FaxState.WITHHELD], limit=1),
    lambda s, now: s.faxes(job_id="j1"),
    lambda s, now: s.next_due(JobKind.FAX),
    lambda s, now: s.next_due(JobKind.MAIL),
    lambda s, now: s.notices_due(),
    lambda s, now: s.notices_due(1),
    lambda s, now: s.counts(),
    lambda s, now: s.history(),
    lambda s, now: s.history(limit=1),
    lambda s, now: s.history(job_id="j1"),
    lambda s, now: s.history(fax_id="f1", job_id="j1"),
    lambda s, now: s.history(fax_id="f1"),
    lambda s, now: s.trace("c1"),
    lambda s, now: s.trace("c2"),
    lambda s, now: s.capture("c1"),
    lambda s, now: s.capture("c2"),
    *[lambda s, now, n=n: s.message(f"m{n}") for n in range(1, 6)],
    *[lambda s, now, n=n: s.job(f"j{n}") for n in range(1, 7)],
    *[lambda s, now, n=n: s.attempts(f"j{n}") for n in range(1, 7)],
    *[lambda s, now, n=n: s.fax(f"f{n}") for n in range(1, 5)],
    *[lambda s, now, n=n: s.payload(f"f{n}") for n in range(1, 5)],
]


def outcome(wait: Callable[[Deferred[Any]], Any], deferred: Deferred[Any]) -> Any:
    """The result, or the kind of the error."""
    try:
        return wait(deferred)
    except (KeyError, ValueError) as error:
        return type(error)


def at_once(deferred: Deferred[Any]) -> Any:
    results: list[Any] = []
    deferred.addBoth(results.append)
    if isinstance(results[0], Failure):
        results[0].raiseException()
    return results[0]


class ModelTests(SynchronousTestCase):
    def test_interface(self) -> None:
        verifyObject(IStore, MemoryStore())

    @settings(deadline=None, derandomize=True, max_examples=100)
    @given(st.lists(st.tuples(wishes, st.integers(0, 100)), min_size=5, max_size=40))
    def test_same_as_model(self, steps: list[tuple[Wish, int]]) -> None:
        """Every result, and everything that can be seen at the end, before and after it is opened anew."""
        now, model = 1000.0, MemoryStore()
        with tempfile.TemporaryDirectory() as folder:
            real = OpenStore(Path(folder) / "sandf.db", now)
            at_once(model.open(now))
            try:
                for wish, later in [*((each, 0) for each in SOMETHING_TO_WORK_ON), *steps]:
                    now += later
                    self._compare(real, model, wish, now)
                self._compare_all(real, model, now)
                real.close()
                real = OpenStore(Path(folder) / "sandf.db", now)
                at_once(model.open(now))
                self._compare_all(real, model, now)
            finally:
                real.close()

    def _compare(self, real: OpenStore, model: MemoryStore, wish: Wish, now: float) -> None:
        expected = outcome(at_once, wish(model, now))
        self.assertEqual(outcome(real.wait, wish(real.store, now)), expected)

    def _compare_all(self, real: OpenStore, model: MemoryStore, now: float) -> None:
        for question in questions:
            expected = outcome(at_once, question(model, now))
            self.assertEqual(outcome(real.wait, question(real.store, now)), expected)
