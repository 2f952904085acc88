"""Who is told what, and that nobody is told twice, for ever, or not at all."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Callable
from email.message import EmailMessage
from email.message import Message as AnyMessage
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from sandf import causes
from sandf.callcontrol.media import Message
from sandf.causes import Cause
from sandf.mspi import notices
from sandf.mspi.notices import Notices, addressee
from sandf.mspi.settings import NoticeSettings
from sandf.protocols.t37.fields import read_fields
from sandf.store.records import Job, JobKind, JobState, NewJob
from tests.mspi.rig import EPOCH, at_once, dated
from tests.store.memory import MemoryStore

ORIGINAL = (
    b"From: Ann <ann@example.org>\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nDate: Fri, 15 Jan 2027 07:59:00 +0000\r\n"
    b"Message-ID: <1@example.org>\r\n\r\nHello.\r\n"
)
POSTMASTER = "admin@example.com"


class Rig:
    """Notices over a store in memory."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.store = MemoryStore()
        self.committed = 0
        self.notices = Notices(
            settings=NoticeSettings(hostname="gw.example.com", postmaster=POSTMASTER),
            store=self.store,
            committed=self._committed,
            masked=lambda number: number.replace("#4711", "#****"),
            in_thread=at_once,
            new_token=lambda: "t0k3n",
            clock=self.clock,
            now=self.now,
            dated=dated,
        )
        self.notices.start()

    def _committed(self) -> None:
        self.committed += 1

    def now(self) -> float:
        return EPOCH + self.clock.seconds()

    def accept(self, kind: JobKind = JobKind.FAX, *, reverse_path: str = "ann@example.org", **job: Any) -> str:
        job.setdefault("address", "FAX=+1-312-555-3260@fax.example.com" if kind is JobKind.FAX else "b@example.com")
        job.setdefault("called", "+13125553260" if kind is JobKind.FAX else "")
        message = Message(reverse_path=reverse_path, octets=ORIGINAL, envid="QQ1", ret=job.pop("ret", None))
        found: list[str] = []
        self.store.accept_message(message, [NewJob(kind=kind, **job)], self.now()).addCallback(
            lambda ids: found.append(ids[1][0])
        )
        return found[0]

    def claim(self, kind: JobKind = JobKind.FAX) -> None:
        self.store.claim_due(kind, 10, self.now())

    def end(self, job_id: str, cause: Cause, detail: str = "") -> None:
        self.claim(self.job(job_id).kind)
        good = cause in (causes.DELIVERED, causes.MAIL_ACCEPTED)
        state = JobState.DELIVERED if good else JobState.FAILED
        self.store.end_job(job_id, state, cause, detail, attempt=None, now=self.now())
        self.notices.wake()

    def job(self, job_id: str) -> Job:
        found: list[Job] = []
        self.store.job(job_id).addCallback(found.append)
        return found[0]

    def jobs(self) -> list[Job]:
        found: list[Job] = []
        self.store.jobs(limit=1000).addCallback(found.extend)
        return found[::-1]

    def notice(self, number: int = -1) -> tuple[Job, EmailMessage]:
        """The newest notice and its job."""
        job = self.jobs()[number]
        found: list[Any] = []
        self.store.message(job.message_id).addCallback(found.append)
        assert found[0].message.reverse_path == ""
        message = email.message_from_bytes(found[0].message.octets, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        return job, message


def words(message: EmailMessage) -> str:
    part = next(iter(message.iter_parts()))
    assert isinstance(part, EmailMessage)
    return " ".join(str(part.get_content()).split())


def status(message: EmailMessage) -> dict[str, str]:
    """The fields of the one recipient."""
    payload = list(message.iter_parts())[1].get_payload()
    assert isinstance(payload, list)
    group = payload[1]
    assert isinstance(group, AnyMessage)
    return {name: str(value) for name, value in group.items()}


class WhoTests(SynchronousTestCase):
    def test_header_of_any_size_is_read_beside_the_reactor(self) -> None:
        rig = Rig()
        aside: list[bool] = []
        read = read_fields

        def in_thread(work: Callable[[], Any]) -> Deferred[Any]:
            aside.append(True)
            done = at_once(work)
            aside.pop()
            return done

        def read_aside(block: bytes) -> Any:
            self.assertTrue(aside, "on the reactor's thread")
            return read(block)

        rig.notices._in_thread = in_thread
        self.patch(notices, "read_fields", read_aside)
        rig.end(rig.accept(), causes.BUSY)
        self.assertEqual(rig.committed, 1)

    def test_table(self) -> None:
        rig = Rig()
        failed, delivered = JobState.FAILED, JobState.DELIVERED
        for kind, state, notify, reverse_path, address, expected in (
            (JobKind.FAX, failed, None, "a@x", "f", "a@x"),
            (JobKind.FAX, failed, ("FAILURE",), "a@x", "f", "a@x"),
            (JobKind.FAX, failed, ("SUCCESS",), "a@x", "f", ""),
            (JobKind.FAX, failed, ("NEVER",), "a@x", "f", ""),
            (JobKind.FAX, failed, None, "", "f", ""),
            (JobKind.FAX, delivered, None, "a@x", "f", ""),
            (JobKind.FAX, delivered, ("FAILURE", "SUCCESS"), "a@x", "f", "a@x"),
            (JobKind.FAX, delivered, ("SUCCESS",), "", "f", ""),
            (JobKind.MAIL, delivered, ("SUCCESS",), "gw@x", "b@x", ""),
            (JobKind.MAIL, failed, None, "gw@x", "b@x", "gw@x"),
            (JobKind.MAIL, failed, ("SUCCESS",), "gw@x", "b@x", POSTMASTER),
            (JobKind.MAIL, failed, ("NEVER",), "", "b@x", POSTMASTER),
            (JobKind.MAIL, failed, ("NEVER",), "", POSTMASTER.upper(), ""),
        ):
            job_id = rig.accept(kind, notify=notify, address=address, reverse_path=reverse_path)
            self.successResultOf(
                rig.store.end_job(
                    job_id, state, causes.BUSY if state is failed else causes.DELIVERED, "", attempt=None, now=rig.now()
                )
            )
            self.assertEqual(addressee(rig.job(job_id), reverse_path, POSTMASTER), expected, (kind, state, notify))


class NoticeTests(SynchronousTestCase):
    def test_failed_fax(self) -> None:
        rig = Rig()
        job_id = rig.accept(orcpt="rfc822;FAX=+1-312-555-3260@fax.example.com", ret="HDRS")
        rig.claim()
        for page in (1, 2):
            rig.store.page_in_doubt(job_id, page, last=False, attempt=1, now=rig.now())
            rig.store.page_confirmed(job_id, page, attempt=1, now=rig.now())
        rig.clock.advance(60)
        rig.end(job_id, causes.NUMBER_CHANGED)
        job, message = rig.notice()
        self.assertEqual((job.kind, job.address, job.notify), (JobKind.MAIL, "ann@example.org", ("NEVER",)))
        self.assertEqual(message["To"], "ann@example.org")
        self.assertEqual(message["Auto-Submitted"], "auto-replied")
        self.assertEqual(message["In-Reply-To"], "<1@example.org>")
        self.assertEqual(message["Subject"], "Fax sent only in part: +13125553260")
        text = words(message)
        self.assertIn("The number has been changed. Ask the recipient for the new one.", text)
        self.assertIn("2 confirmed (pages 1 and 2)", text)
        self.assertIn("Tries: 1, on Friday, 15 January 2027, 08:01:00 +0000", text)
        self.assertIn("Your message: Grüße", text)
        fields = status(message)
        self.assertEqual(fields["Final-Recipient"], "phone; +13125553260")
        self.assertEqual(fields["Original-Recipient"], "rfc822; FAX=+1-312-555-3260@fax.example.com")
        self.assertEqual((fields["Action"], fields["Status"]), ("failed", "5.1.6"))
        self.assertEqual(fields["Diagnostic-Code"], "x-fax; T30=0 ISDN=22 cause=104 (number_changed)")
        self.assertEqual(fields["Last-Attempt-Date"], "Fri, 15 Jan 2027 08:01:00 +0000")
        self.assertEqual((fields["Total-Pages"], fields["Transmit-Attempts"]), ("2", "1"))
        self.assertEqual((rig.committed, rig.job(job_id).notice_due), (1, False))

    def test_after_several_tries(self) -> None:
        rig = Rig()
        job_id = rig.accept()
        for attempt in (1, 2):
            rig.claim()
            rig.store.defer_job(job_id, rig.now(), causes.BUSY, "", attempt=attempt, now=rig.now())
        rig.end(job_id, causes.BUSY)
        self.assertIn("; we have given up", words(rig.notice()[1]))
        self.assertEqual(status(rig.notice()[1])["Transmit-Attempts"], "3")

    def test_last_page_unconfirmed(self) -> None:
        rig = Rig()
        job_id = rig.accept()
        rig.claim()
        rig.store.page_in_doubt(job_id, 1, last=True, attempt=1, now=rig.now())
        rig.end(job_id, causes.UNCONFIRMED)
        message = rig.notice()[1]
        self.assertEqual(message["Subject"], "Fax not confirmed: +13125553260")
        self.assertIn("none confirmed; page 1 was sent, but not confirmed", words(message))
        self.assertEqual(status(message)["Status"], "5.4.2")

    def test_delivered_where_asked(self) -> None:
        rig = Rig()
        job_id = rig.accept(notify=("SUCCESS",), ret="FULL")
        rig.claim()
        rig.store.page_in_doubt(job_id, 1, last=True, attempt=1, now=rig.now())
        rig.store.page_confirmed(job_id, 1, attempt=1, now=rig.now())
        rig.end(job_id, causes.DELIVERED)
        message = rig.notice()[1]
        self.assertEqual((status(message)["Action"], status(message)["Status"]), ("delivered", "2.0.0"))
        self.assertEqual(list(message.iter_parts())[2].get_content_type(), "text/rfc822-headers")
        self.assertIn("Pages sent: 1, all confirmed", words(message))

    def test_masked(self) -> None:
        rig = Rig()
        rig.end(rig.accept(called="5551234#4711", address="x@x"), causes.BUSY)
        message = rig.notice()[1]
        self.assertIn("5551234#****", words(message))
        self.assertNotIn("#4711", message.as_string())

    def test_refused_mail_comes_back_with_the_fax(self) -> None:
        rig = Rig()
        job_id = rig.accept(JobKind.MAIL, reverse_path="gw@example.com", ret="FULL")
        rig.end(job_id, causes.MAIL_REFUSED, "mx.example.com said: 550 5.1.1 no such user")
        job, message = rig.notice()
        self.assertEqual(job.address, "gw@example.com")
        fields = status(message)
        self.assertEqual(fields["Final-Recipient"], "rfc822; b@example.com")
        self.assertEqual((fields["Status"], fields["Remote-MTA"]), ("5.1.1", "dns; mx.example.com"))
        self.assertEqual(fields["Diagnostic-Code"], "smtp; 550 5.1.1 no such user")
        self.assertIn("the server mx.example.com said: 550 5.1.1 no such user", words(message))
        self.assertEqual(list(message.iter_parts())[2].get_content_type(), "message/rfc822")

    def test_nobody_is_told(self) -> None:
        rig = Rig()
        for arguments in ({"notify": ("NEVER",)}, {"reverse_path": ""}):
            job_id = rig.accept(**arguments)
            rig.end(job_id, causes.BUSY)
            self.assertFalse(rig.job(job_id).notice_due)
        self.assertEqual((len(rig.jobs()), rig.committed), (2, 0))


class LoopTests(SynchronousTestCase):
    def test_notices_that_cannot_be_delivered_end(self) -> None:
        rig = Rig()
        rig.end(rig.accept(reverse_path="bad@example.org"), causes.BUSY)
        for expected in ("bad@example.org", POSTMASTER):
            job = rig.jobs()[-1]
            self.assertEqual(job.address, expected)
            rig.end(job.job_id, causes.MAIL_REFUSED)
        self.assertEqual(len(rig.jobs()), 3)
        self.assertEqual(self.successResultOf(rig.store.notices_due()), [])

    def test_reverse_path_that_cannot_be_written(self) -> None:
        rig = Rig()
        job_id = rig.accept(reverse_path="a b>@x")
        rig.end(job_id, causes.BUSY)
        other = rig.accept()
        rig.end(other, causes.BUSY)
        self.assertTrue(rig.job(job_id).notice_due)
        self.assertFalse(rig.job(other).notice_due)
        self.assertEqual(rig.clock.getDelayedCalls(), [])

    def test_each_once(self) -> None:
        rig = Rig()
        rig.end(rig.accept(), causes.BUSY)
        for _ in range(3):
            rig.notices.wake()
        self.assertEqual(len(rig.jobs()), 2)

    def test_store_that_fails(self) -> None:
        rig = Rig()
        job_id = rig.accept()
        rig.claim()
        self.successResultOf(rig.store.end_job(job_id, JobState.FAILED, causes.BUSY, "", attempt=None, now=rig.now()))
        rig.store.fail_with(causes.STORE_FULL)
        rig.notices.wake()
        self.assertEqual((len(rig.jobs()), rig.job(job_id).notice_due), (1, True))
        rig.store.fail_with(None)
        rig.clock.advance(15)
        self.assertEqual((len(rig.jobs()), rig.job(job_id).notice_due), (2, False))
        self.assertEqual(rig.clock.getDelayedCalls(), [])

    def test_those_of_before_the_start_and_many(self) -> None:
        rig = Rig()
        self.successResultOf(rig.notices.stop())
        for _ in range(120):
            rig.end(rig.accept(), causes.BUSY)
        self.assertEqual(len(rig.jobs()), 120)
        rig.notices.start()
        self.assertEqual(len(rig.jobs()), 240)
