"""The spool and the provider under real call control, with small applications and a document provider of paper."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Callable
from email.message import EmailMessage
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from sandf import causes
from sandf.callcontrol.bridge import Bridge
from sandf.callcontrol.call import Call
from sandf.callcontrol.control import CallControl, Selection
from sandf.callcontrol.events import DisconnectIndication, Event, SetupConfirm, SetupIndication
from sandf.callcontrol.interfaces import IApplication, IServiceProvider
from sandf.callcontrol.leg import Leg
from sandf.callcontrol.media import Document, Message, Part
from sandf.callcontrol.primitives import (
    DocumentToFax,
    FaxToDocument,
    MailIn,
    MailOut,
    ProviderKind,
    Setup,
    Transaction,
)
from sandf.causes import Cause
from sandf.mspi.provider import MailProvider
from sandf.mspi.settings import OnRampMailSettings
from sandf.mspi.spool import Spool
from sandf.protocols.t37.onramp import WithSubject
from sandf.store.endings import Endings
from sandf.store.records import FaxDirection, FaxRecord, FaxState, Job, JobKind, JobState, NewJob
from tests.mspi.rig import EPOCH, at_once, dated
from tests.mspi.test_delivery import WAIT, next_attempt
from tests.store.memory import MemoryStore

TEXT = b"From: Ann <ann@example.org>\r\nSubject: Hi\r\nDate: today\r\n\r\nHello.\r\n"
ZIP = b"Content-Type: application/zip\r\n\r\nPK"
TIFF = Document(
    parts=(Part(media_type="image/tiff", octets=b"II*\0", filename="fax.tif", parameters=(("application", "faxbw"),)),),
    pages=2,
)


@implementer(IServiceProvider)
class Paper:
    """A document provider that keeps what it gets, and has one document to give."""

    kind = ProviderKind.DOCUMENT

    def __init__(self) -> None:
        self.got: list[object] = []
        self.gives = TIFF

    def setup_request(self, leg: Leg, setup: Setup) -> None:
        if isinstance(setup, FaxToDocument):
            leg.connected()

    def setup_response(self, leg: Leg) -> None: ...

    def alert_request(self, leg: Leg) -> None: ...

    def disconnect_request(self, leg: Leg, cause: Cause, detail: str) -> None:
        leg.released(cause, detail)

    def bridge_request(self, leg: Leg, bridge: Bridge) -> None:
        if isinstance(leg.setup, FaxToDocument):
            bridge.supply(leg, self.gives)

    def media_indication(self, leg: Leg, bridge: Bridge, value: object) -> None:
        self.got.append(value)
        leg.connected()

    def transaction_response(self, leg: Leg, transaction: Transaction, accepted: bool) -> None: ...


@implementer(IApplication)
class Application:
    """Runs a coroutine function."""

    def __init__(self, name: str, serve: Callable[[Call], Any]) -> None:
        self.name = name
        self._serve = serve

    def run(self, call: Call) -> Any:
        return self._serve(call)


class Rig:
    """Call control, store, spool and provider."""

    def __init__(self, *, limit: int = 2, **settings: Any) -> None:
        self.clock = Clock()
        self.store = MemoryStore()
        self.paper = Paper()
        self.served: list[Call] = []
        self.seen: list[Event] = []
        self.ending: tuple[Cause, str] | None = (causes.DELIVERED, "")
        self.go_on: Deferred[None] | None = None
        self.committed = 0
        self.notices = 0
        self.application = "offramp"
        self.spool = Spool(
            store=self.store,
            limit=limit,
            endings=Endings(store=self.store, next_attempt=next_attempt, clock=self.clock, now=self.now),
            ended=self._ended,
            clock=self.clock,
            now=self.now,
        )
        numbers = iter(range(1, 1000))
        self.control = CallControl(
            seconds=self.clock.seconds,
            new_call_id=lambda: f"c{next(numbers)}",
            select=lambda kind, setup: Selection(peer_tag=1, application=self.application),
            observers=[self.spool],
        )
        self.provider = MailProvider(
            store=self.store,
            settings=OnRampMailSettings(hostname="gw.example.com", postmaster="admin@example.com", **settings),
            committed=self._committed,
            in_thread=at_once,
            new_token=lambda: "t0k3n",
            now=self.now,
            dated=dated,
        )
        self.control.register(
            [self.provider, self.paper],
            [Application("offramp", self.offramp), Application("mail", self.mail)],
        )

    def now(self) -> float:
        return EPOCH + self.clock.seconds()

    def _ended(self) -> None:
        self.notices += 1

    def _committed(self) -> None:
        self.committed += 1

    async def offramp(self, call: Call) -> None:
        """Makes a document leg of the message, then ends the job as it was told."""
        self.served.append(call)
        event = await call.next_event()
        assert isinstance(event, SetupIndication) and isinstance(event.setup, MailIn)
        job_id, mail = event.setup.job_id, event.leg
        mail.connect()
        document = call.set_up(ProviderKind.DOCUMENT, DocumentToFax(called="1", calling="x"))
        call.bridge(mail, document)
        ending = self.ending
        while True:
            event = await call.next_event()
            self.seen.append(event)
            if isinstance(event, SetupConfirm) and event.leg is document:
                break
            if isinstance(event, DisconnectIndication):
                ending = (event.cause, event.detail)
                break
        if self.go_on is not None:
            await self.go_on
        if ending is not None:
            cause, detail = ending
            state = JobState.DELIVERED if cause is causes.DELIVERED else JobState.FAILED
            await self.store.end_job(job_id, state, cause, detail, attempt=None, now=self.now())

    async def mail(self, call: Call) -> None:
        """Mails one fax as the on-ramp does."""
        assert isinstance(call.request, MailOut)
        document = call.set_up(ProviderKind.DOCUMENT, FaxToDocument(pages=(), filename="fax.tif"))
        mail = call.set_up(ProviderKind.MAIL, call.request)
        call.bridge(document, mail)
        while True:
            event = await call.next_event()
            self.seen.append(event)
            if isinstance(event, SetupConfirm | DisconnectIndication) and event.leg is mail:
                return

    def accept(self, *numbers: str, octets: bytes = TEXT) -> None:
        jobs = [NewJob(kind=JobKind.FAX, address=f"FAX={number}@x", called=number) for number in numbers]
        self.store.accept_message(Message(reverse_path="ann@example.org", octets=octets), jobs, self.now())
        self.spool.wake()

    def jobs(self) -> list[Job]:
        found: list[Job] = []
        self.store.jobs(limit=1000).addCallback(found.extend)
        return found[::-1]


class SpoolTests(SynchronousTestCase):
    def test_each_recipient_is_a_call(self) -> None:
        rig = Rig()
        rig.spool.start(rig.control)
        rig.accept("111", "222", "333")
        self.assertEqual([call.legs[0].setup.called for call in rig.served], ["111", "222", "333"])  # type: ignore[union-attr]  # MailIn
        self.assertEqual({job.state for job in rig.jobs()}, {JobState.DELIVERED})
        (document, _, _) = rig.paper.got
        assert isinstance(document, Document)
        self.assertEqual((document.sender, document.subject, document.date), ("Ann <ann@example.org>", "Hi", "today"))
        self.assertEqual(document.parts, (Part(media_type="text/plain", octets=b"Hello.\r\n"),))
        self.assertEqual((rig.notices, rig.spool.running, rig.control.calls), (3, 0, {}))
        self.assertEqual(rig.clock.getDelayedCalls(), [])

    def test_no_more_calls_than_the_limit(self) -> None:
        rig = Rig(limit=2)
        rig.go_on = Deferred()
        rig.spool.start(rig.control)
        rig.accept("111", "222", "333")
        self.assertEqual((len(rig.served), rig.spool.running), (2, 2))
        go_on, rig.go_on = rig.go_on, None
        go_on.callback(None)
        self.assertEqual(len(rig.served), 3)

    def test_jobs_of_before_the_start_and_due_later(self) -> None:
        rig = Rig()
        rig.accept("111")
        self.assertEqual(rig.served, [])
        self.successResultOf(rig.store.claim_due(JobKind.FAX, 1, rig.now()))
        self.successResultOf(rig.store.defer_job("j1", rig.now() + 100, causes.BUSY, "", attempt=1, now=rig.now()))
        rig.spool.start(rig.control)
        self.assertEqual(rig.served, [])
        rig.clock.advance(100)
        self.assertEqual(len(rig.served), 1)

    def test_call_that_is_refused(self) -> None:
        rig = Rig()
        rig.application = ""
        rig.spool.start(rig.control)
        rig.accept("111")
        (job,) = rig.jobs()
        self.assertEqual((job.state, job.cause), (JobState.FAILED, causes.NO_APPLICATION))
        self.assertTrue(job.notice_due)
        self.assertEqual((rig.spool.running, rig.notices), (0, 1))

    def test_gateway_that_closes_down(self) -> None:
        rig = Rig()
        rig.spool.start(rig.control)
        rig.control.accepting = False
        rig.accept("111")
        (job,) = rig.jobs()
        self.assertEqual((job.state, job.cause, job.attempts), (JobState.DEFERRED, causes.CLOSING_DOWN, 1))
        self.assertEqual((rig.served, rig.clock.getDelayedCalls()), ([], []))

    def test_application_that_leaves_its_job(self) -> None:
        rig = Rig()
        rig.ending = None
        rig.spool.start(rig.control)
        rig.accept("111")
        (job,) = rig.jobs()
        self.assertEqual((job.state, job.cause), (JobState.DEFERRED, causes.CALL_ABORTED))
        rig.ending = (causes.DELIVERED, "")
        rig.clock.advance(WAIT)
        self.assertEqual(rig.jobs()[0].state, JobState.DELIVERED)

    def test_store_that_fails_at_the_ending(self) -> None:
        rig = Rig()
        rig.go_on = Deferred()
        rig.spool.start(rig.control)
        rig.accept("111")
        rig.store.fail_with(causes.STORE_FULL)
        rig.go_on.callback(None)
        self.flushLoggedErrors(causes.Failure)
        self.assertEqual((rig.jobs()[0].state, rig.spool.running), (JobState.RUNNING, 1))
        rig.store.fail_with(None)
        rig.clock.advance(15)
        self.assertEqual((rig.jobs()[0].state, rig.spool.running), (JobState.DEFERRED, 0))

    def test_stop(self) -> None:
        rig = Rig()
        rig.spool.start(rig.control)
        self.successResultOf(rig.spool.stop())
        rig.accept("111")
        self.assertEqual((rig.served, rig.clock.getDelayedCalls()), ([], []))

    def test_claim_that_comes_after_the_stop_is_given_back(self) -> None:
        rig = Rig()
        rig.spool.start(rig.control)
        self.successResultOf(
            rig.store.accept_message(
                Message(reverse_path="", octets=TEXT), [NewJob(kind=JobKind.FAX, address="x", called="1")], rig.now()
            )
        )
        rig.store.hold()
        rig.spool.wake()
        stopped = rig.spool.stop()
        self.assertNoResult(stopped)
        rig.store.release()
        self.successResultOf(stopped)
        (job,) = rig.jobs()
        self.assertEqual((job.state, job.cause, rig.served), (JobState.DEFERRED, causes.SHUT_DOWN, []))


class DocumentTests(SynchronousTestCase):
    def test_nothing_that_can_be_faxed(self) -> None:
        for octets, cause in (
            (ZIP, causes.UNSUPPORTED_TYPE),
            (b"Subject: x\r\n\r\n \r\n", causes.NOTHING_TO_SEND),
            (b"X: " + b"y" * 300_000, causes.UNREADABLE),
        ):
            rig = Rig()
            rig.spool.start(rig.control)
            rig.accept("111", octets=octets)
            (job,) = rig.jobs()
            self.assertEqual((job.state, job.cause), (JobState.FAILED, cause))

    def test_discarded_types_are_told(self) -> None:
        rig = Rig()
        rig.spool.start(rig.control)
        made = EmailMessage()
        made.set_content("Hello")
        made.add_attachment(b"PK", maintype="application", subtype="zip")
        rig.accept("111", octets=made.as_bytes(policy=email.policy.SMTP))
        (document,) = rig.paper.got
        assert isinstance(document, Document)
        self.assertEqual(document.discarded, ("application/zip",))

    def test_bridge_that_waits_for_the_document(self) -> None:
        rig = Rig()
        gate: Deferred[None] = Deferred()
        rig.provider._in_thread = lambda work: gate.addCallback(lambda _: work())
        rig.spool.start(rig.control)
        rig.accept("111")
        self.assertEqual((len(rig.served), rig.paper.got), (1, []))
        gate.callback(None)
        self.assertEqual(len(rig.paper.got), 1)
        self.assertEqual(rig.jobs()[0].state, JobState.DELIVERED)

    def test_leg_that_goes_while_the_message_is_read(self) -> None:
        rig = Rig()
        reading: Deferred[Any] = Deferred()
        rig.provider._in_thread = lambda work: reading
        rig.spool.start(rig.control)
        rig.accept("111")
        rig.served[0].legs[0].disconnect(causes.HUNG_UP)
        rig.served[0].legs[1].disconnect(causes.HUNG_UP)
        self.assertEqual([leg.state for leg in rig.served[0].legs], ["released", "released"])
        self.assertEqual(rig.provider._legs, {})
        mail, paper = rig.served[0].legs
        rig.provider.bridge_request(mail, Bridge(mail, paper, lambda event: None))
        rig.provider.setup_response(mail)
        self.assertEqual(rig.provider._legs, {}, "nothing revives it")


class OnRampMailTests(SynchronousTestCase):
    def rig(self, **settings: Any) -> Rig:
        rig = Rig(**settings)
        record = FaxRecord(fax_id="", call_id="c", direction=FaxDirection.ON_RAMP, began_at=EPOCH)
        self.successResultOf(rig.store.open_fax(record))
        record = self.successResultOf(rig.store.fax("f1"))
        self.successResultOf(rig.store.close_fax(record, FaxState.CLOSED))
        return rig

    def setup(self, **more: Any) -> MailOut:
        values: dict[str, Any] = {
            "fax_id": "f1",
            "to": ("5710812@mail.example.com", "b@example.com"),
            "called": "5710812",
            "calling": "+1 408 555",
            "received_at": EPOCH,
            "dsn": ("failure", "success"),
            **more,
        }
        return MailOut(**values)

    def read(self, rig: Rig) -> EmailMessage:
        stored = self.successResultOf(rig.store.message("m1")).message
        message = email.message_from_bytes(stored.octets, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        return message

    def test_message_and_jobs(self) -> None:
        rig = self.rig(
            mail_from="$s$@gw.example.com", subject="Fax", with_subject=WithSubject.CALLED, origin_prefix="dog"
        )
        rig.control.originate("mail", self.setup(mdn=True, port="trunk", account_id="77"))
        self.assertIsInstance(rig.seen[-1], SetupConfirm)
        stored = self.successResultOf(rig.store.message("m1")).message
        self.assertEqual((stored.reverse_path, stored.envid, stored.ret), ("+1408555@gw.example.com", "f1", "FULL"))
        message = self.read(rig)
        self.assertEqual(message["From"], "Fax +1 408 555 <+1408555@gw.example.com>")
        self.assertEqual(message["Message-ID"], "<t0k3n.f1@gw.example.com>")
        self.assertEqual(message["Subject"], "Fax to 5710812")
        self.assertEqual(message["Disposition-Notification-To"], "+1408555@gw.example.com")
        self.assertEqual(message["X-Account-Id"], "77")
        self.assertTrue(message["Received"].startswith("(dog, port trunk) by gw.example.com"))
        _, tiff = message.iter_parts()
        assert isinstance(tiff, EmailMessage)
        self.assertEqual(tiff.get_content(), b"II*\0")
        self.assertEqual(
            [(job.address, job.notify, job.fax_id) for job in rig.jobs()],
            [(address, ("FAILURE", "SUCCESS"), "f1") for address in ("5710812@mail.example.com", "b@example.com")],
        )
        self.assertIs(self.successResultOf(rig.store.fax("f1")).state, FaxState.MAILED)
        self.assertEqual((rig.committed, rig.control.calls), (1, {}))

    def test_without_a_number_the_postmaster_sends(self) -> None:
        rig = self.rig(mail_from="$s$@gw.example.com")
        rig.control.originate("mail", self.setup(calling="", remote_ident="ACME"))
        self.assertEqual(self.read(rig)["From"], "Fax ACME <admin@example.com>")

    def test_partial(self) -> None:
        rig = self.rig()
        rig.control.originate("mail", self.setup(partial=causes.CARRIER_LOST))
        self.assertIn("(incomplete)", self.read(rig)["Subject"])

    def test_connected_only_after_the_commit(self) -> None:
        rig = self.rig()
        rig.store.hold()
        rig.control.originate("mail", self.setup())
        self.assertFalse(
            any(isinstance(event, SetupConfirm) and event.leg.kind is ProviderKind.MAIL for event in rig.seen)
        )
        rig.store.release()
        self.assertIsInstance(rig.seen[-1], SetupConfirm)

    def test_leg_that_goes_during_the_commit(self) -> None:
        rig = self.rig()
        rig.store.hold()
        call = rig.control.originate("mail", self.setup())
        call.legs[1].disconnect(causes.HUNG_UP)
        self.assertEqual(call.legs[1].state, "released")
        rig.store.release()
        self.assertIs(self.successResultOf(rig.store.fax("f1")).state, FaxState.MAILED)
        self.assertEqual(rig.committed, 1)

    def test_commit_that_fails(self) -> None:
        rig = self.rig()
        rig.store.fail_with(causes.STORE_FULL)
        rig.control.originate("mail", self.setup())
        event = rig.seen[-1]
        assert isinstance(event, DisconnectIndication)
        self.assertIs(event.cause, causes.STORE_FULL)
        rig.store.fail_with(None)
        self.assertIs(self.successResultOf(rig.store.fax("f1")).state, FaxState.CLOSED)

    def test_address_that_cannot_be_written(self) -> None:
        rig = self.rig()
        rig.control.originate("mail", self.setup(to=("a@b>\r\nBcc: <c@d",)))
        event = rig.seen[-1]
        assert isinstance(event, DisconnectIndication)
        self.assertIs(event.cause, causes.NO_MAIL_ADDRESS)
        self.assertEqual(rig.jobs(), [])
