"""The off-ramp application between scripted providers and a store in memory."""

from __future__ import annotations

from dataclasses import replace

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from sandf import causes
from sandf.apps.ledger import STORE_RETRY
from sandf.apps.offramp import OffRamp
from sandf.apps.routing import Routing
from sandf.apps.settings import CoverSettings, OffRampSettings
from sandf.apps.transmission import PATIENCE
from sandf.callcontrol.bridge import Bridge
from sandf.callcontrol.control import CallControl
from sandf.callcontrol.leg import Leg
from sandf.callcontrol.media import Message
from sandf.callcontrol.primitives import (
    CoverPage,
    DocumentReady,
    DocumentToFax,
    FaxSend,
    MailIn,
    Negotiated,
    PageConfirmed,
    PageInDoubt,
    PageRefused,
    ProviderKind,
    RemoteIdentified,
    TelephoneCall,
)
from sandf.causes import Cause, Retry
from sandf.dialpeer import DialPlan, MmoipPeer, Pattern, PotsPeer
from sandf.protocols.t4.form import Coding, PageForm, Resolution
from sandf.protocols.t30.settings import RtnPolicy
from sandf.store.endings import Endings
from sandf.store.records import FaxRecord, FaxState, Job, JobKind, JobState, NewJob, PageState
from tests.callcontrol.providers import ScriptedProvider
from tests.store.memory import MemoryStore

NINE = Pattern.parse("9.......")
MAIL_PEER = MmoipPeer(tag=3, incoming_called_number=Pattern.parse("."), application="offramp")
POTS_PEER = PotsPeer(
    tag=4, destination_pattern=NINE, port="trunk", prefix="0,", max_speed=12000, rtn_policy=RtnPolicy.GO_ON
)
SECOND_PEER = PotsPeer(tag=5, destination_pattern=NINE, port="other", preference=1)
FINE_MR = PageForm(coding=Coding.MR, resolution=Resolution.FINE)


class OffRampTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1000)
        self.store = MemoryStore()
        self.successResultOf(self.store.open(self.clock.seconds()))
        self.providers = {kind: ScriptedProvider(kind) for kind in ProviderKind}
        self.ports_down: set[str] = set()
        self.routing = Routing(
            DialPlan(peers=(MAIL_PEER, POTS_PEER)),
            calls=lambda: self.control.calls,
            ports_down=lambda: self.ports_down,
            draw=lambda: 0.5,
            seconds=self.clock.seconds,
        )
        ids = iter(f"C{number}" for number in range(100))
        self.control = CallControl(
            seconds=self.clock.seconds,
            new_call_id=lambda: next(ids),
            select=self.routing.select,
            observers=[self.routing],
        )
        self.offramp = OffRamp(
            store=self.store,
            routing=self.routing,
            settings=OffRampSettings(transmitting_subscriber="$s$"),
            endings=Endings(store=self.store, next_attempt=self.next_attempt, clock=self.clock, now=self.clock.seconds),
            masked=lambda number: "masked " + number,
            now=self.clock.seconds,
            clock=self.clock,
        )
        self.control.register(self.providers.values(), [self.offramp])
        self.accept()

    def accept(self, cover: bool = False) -> None:
        message = Message(reverse_path="+15550199@example.com", octets=b"")
        new = NewJob(kind=JobKind.FAX, address="FAX=95558354@fax", called="95558354", subaddress="12", cover=cover)
        self.successResultOf(self.store.accept_message(message, [new], self.clock.seconds()))

    def next_attempt(self, job: Job, cause: Cause, now: float) -> float | None:
        return None if cause.retry is Retry.NEVER or len(job.failures) >= 3 else now + 180

    def claim(self) -> Leg:
        """What MSPI's spool does."""
        job = self.successResultOf(self.store.claim_due(JobKind.FAX, 1, self.clock.seconds()))[0]
        leg = self.control.incoming_leg(
            ProviderKind.MAIL, MailIn(job_id=job.job_id, called=job.called, calling="+15550199@example.com")
        )
        self.control.setup_indication(leg)
        return leg

    def job(self) -> Job:
        return self.successResultOf(self.store.job("j1"))

    def records(self) -> list[FaxRecord]:
        return self.successResultOf(self.store.faxes(job_id="j1"))

    def leg(self, kind: ProviderKind) -> Leg:
        return self.providers[kind].legs[-1]

    def document_ready(self, pages: int = 2) -> None:
        document = self.leg(ProviderKind.DOCUMENT)
        document.indicate(DocumentReady(pages=pages))
        document.connected()

    def answered(self) -> Leg:
        """Up to a fax leg that has its bearer."""
        self.claim()
        self.document_ready()
        self.leg(ProviderKind.TELEPHONY).connected()
        fax = self.leg(ProviderKind.FAX)
        fax.connected()
        return fax

    def test_fax_is_sent_and_delivered(self) -> None:
        mail = self.claim()
        self.assertEqual((mail.state, mail.peer_tag), ("connected", 3))
        document = self.leg(ProviderKind.DOCUMENT)
        self.assertEqual(document.setup, DocumentToFax(called="masked 95558354", calling="+15550199@example.com"))
        self.assertEqual(self.providers[ProviderKind.TELEPHONY].legs, [], "dials when the first page is ready")
        self.document_ready()
        line = self.leg(ProviderKind.TELEPHONY)
        self.assertEqual(line.setup, TelephoneCall(port="trunk", called="0,5558354", calling="+15550199"))
        line.alerted()
        line.connected()
        fax = self.leg(ProviderKind.FAX)
        self.assertEqual(
            fax.setup,
            FaxSend(transmitting_subscriber="+15550199", subaddress="12", max_speed=12000, rtn_policy=RtnPolicy.GO_ON),
        )
        self.assertEqual([bridge.other(fax) for bridge in fax.bridges], [document, line])
        fax.connected()
        fax.indicate(RemoteIdentified(ident="555 8354"))
        fax.indicate(Negotiated(form=FINE_MR, bit_rate=12000, ecm=False))
        self.store.hold()
        fax.indicate(PageInDoubt(number=1, last=False))
        self.assertEqual(self.responses(), [], "no post-message command before the commit")
        self.store.release()
        self.assertEqual(self.responses(), [True])
        fax.indicate(PageConfirmed(number=1, octets=100, seconds=2.0))
        fax.indicate(PageInDoubt(number=2, last=True))
        fax.indicate(PageConfirmed(number=2, octets=50, seconds=1.0))
        fax.released(causes.DELIVERED)
        job = self.job()
        self.assertEqual((job.state, job.cause, job.notice_due), (JobState.DELIVERED, causes.DELIVERED, True))
        self.assertTrue(job.all_confirmed)
        (record,) = self.records()
        self.assertEqual(
            (record.state, record.pages, record.octets, record.page_seconds, record.port, record.remote_ident),
            (FaxState.ENDED, 2, 150, 3.0, "trunk", "555 8354"),
        )
        self.assertEqual(self.control.calls, {})

    def responses(self) -> list[bool]:
        asked = self.providers[ProviderKind.FAX].asked
        return [entry[2] for entry in asked if entry[0] == "transaction_response"]  # type: ignore[misc]

    def test_cover_comes_before_the_payload(self) -> None:
        self.successResultOf(self.store.end_job("j1", JobState.FAILED, causes.CANCELLED, "", attempt=None, now=1000.0))
        self.accept(cover=True)
        self.offramp.settings = OffRampSettings(cover=CoverSettings(comment="Example Corp"))
        self.claim()
        document = self.leg(ProviderKind.DOCUMENT)
        assert isinstance(document.setup, DocumentToFax)
        self.assertEqual(document.setup.first_number, 2)
        self.document_ready(pages=3)
        cover = self.leg(ProviderKind.DOCUMENT)
        self.assertEqual(
            cover.setup,
            CoverPage(to="masked 95558354", sender="+15550199@example.com", comment="Example Corp", pages=3),
        )
        self.assertEqual(self.providers[ProviderKind.TELEPHONY].legs, [])
        self.document_ready(pages=1)
        self.leg(ProviderKind.TELEPHONY).connected()
        fax = self.leg(ProviderKind.FAX)
        self.assertEqual([bridge.other(fax) for bridge in fax.bridges][:2], [cover, document])

    def test_cover_is_what_was_decided_when_the_recipient_was_accepted(self) -> None:
        """A reload between two attempts must not shift the pages that the ledger counts."""
        self.offramp.settings = OffRampSettings(cover=CoverSettings(enable=True))
        self.claim()
        self.document_ready()
        self.assertEqual(len(self.providers[ProviderKind.DOCUMENT].legs), 1)

    def test_busy_defers_the_recipient(self) -> None:
        self.claim()
        self.document_ready()
        self.leg(ProviderKind.TELEPHONY).released(causes.BUSY)
        job = self.job()
        self.assertEqual((job.state, job.due_at, job.cause), (JobState.DEFERRED, 1180.0, causes.BUSY))
        (record,) = self.records()
        self.assertEqual((record.cause, record.connected_at), (causes.BUSY, None))
        self.assertEqual(self.control.calls, {})

    def test_next_peer_is_tried_after_a_failure_but_not_after_busy(self) -> None:
        self.routing.plan = DialPlan(peers=(MAIL_PEER, POTS_PEER, SECOND_PEER))
        self.claim()
        self.document_ready()
        self.leg(ProviderKind.TELEPHONY).released(causes.CONGESTION)
        second = self.leg(ProviderKind.TELEPHONY)
        assert isinstance(second.setup, TelephoneCall)
        self.assertEqual((second.setup.port, second.peer_tag), ("other", 5))
        second.released(causes.BUSY)
        self.assertEqual(self.job().cause, causes.BUSY)
        self.assertEqual(len(self.records()), 2)

    def test_voice_hunt_user_busy_hunts_on(self) -> None:
        self.routing.plan = DialPlan(peers=(MAIL_PEER, POTS_PEER, SECOND_PEER), voice_hunt_user_busy=True)
        self.claim()
        self.document_ready()
        self.leg(ProviderKind.TELEPHONY).released(causes.BUSY)
        self.assertEqual(self.leg(ProviderKind.TELEPHONY).state, "coming up")

    def test_schedule_that_is_used_up_ends_the_recipient(self) -> None:
        for _ in range(4):
            self.claim()
            self.document_ready()
            self.leg(ProviderKind.TELEPHONY).released(causes.BUSY)
            self.clock.advance(180)
        self.assertEqual((self.job().state, self.job().attempts), (JobState.FAILED, 4))

    def test_nobody_leads_there(self) -> None:
        self.routing.plan = DialPlan(peers=(MAIL_PEER,))
        self.claim()
        self.assertEqual((self.job().state, self.job().cause), (JobState.FAILED, causes.NO_DIAL_PEER))
        self.assertEqual(self.providers[ProviderKind.DOCUMENT].legs, [], "nothing is rendered for it")

    def test_waits_for_a_free_way_and_is_no_failure(self) -> None:
        self.routing.plan = DialPlan(peers=(MAIL_PEER, replace(POTS_PEER, max_conn=1)))
        self.accept()
        self.accept()
        for _ in range(3):
            self.claim()
            self.document_ready()
        lines = self.providers[ProviderKind.TELEPHONY].legs
        self.assertEqual(len(lines), 1, "max_conn holds, however many are ready at once")
        lines[0].released(causes.BUSY)
        self.assertEqual(len(lines), 2)
        self.assertEqual(lines[1].call_id, "C1", "who waits longest goes first")
        lines[1].released(causes.BUSY)
        lines[2].released(causes.BUSY)
        self.assertEqual(len(lines), 3)
        self.assertEqual(self.control.calls, {})

    def test_patience_ends(self) -> None:
        self.ports_down.add("trunk")
        self.claim()
        self.document_ready()
        self.clock.advance(PATIENCE)
        self.assertEqual((self.job().state, self.job().cause), (JobState.DEFERRED, causes.NO_PORT))
        self.assertEqual(self.control.calls, {})

    def test_operator_hangs_up_one_that_waits(self) -> None:
        self.ports_down.add("trunk")
        self.claim()
        self.document_ready()
        self.control.calls["C0"].hang_up(causes.HUNG_UP)
        self.assertEqual(self.job().cause, causes.HUNG_UP)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_peer_that_strips_every_digit(self) -> None:
        self.routing.plan = DialPlan(
            peers=(MAIL_PEER, PotsPeer(tag=6, destination_pattern=Pattern.parse("95558354"), port="trunk"))
        )
        self.claim()
        self.document_ready()
        self.assertEqual((self.job().state, self.job().cause), (JobState.FAILED, causes.NOTHING_TO_DIAL))

    def test_unreadable_document_ends_without_a_call(self) -> None:
        self.claim()
        self.leg(ProviderKind.DOCUMENT).released(causes.UNREADABLE, "plan.tif")
        job = self.job()
        self.assertEqual((job.state, job.cause, job.detail), (JobState.FAILED, causes.UNREADABLE, "plan.tif"))
        self.assertEqual(self.providers[ProviderKind.TELEPHONY].legs, [])
        self.assertEqual(self.control.calls, {})

    def test_retry_begins_at_the_first_unconfirmed_page_and_slower(self) -> None:
        fax = self.answered()
        fax.indicate(PageInDoubt(number=1, last=False))
        fax.indicate(PageConfirmed(number=1))
        fax.indicate(PageInDoubt(number=2, last=False))
        fax.released(causes.CARRIER_LOST)
        self.assertEqual([entry.state for entry in self.job().ledger], [PageState.CONFIRMED, PageState.IN_DOUBT])
        self.clock.advance(180)
        retry = self.answered().setup
        assert isinstance(retry, FaxSend)
        self.assertEqual((retry.first_page, retry.max_speed, retry.ecm), (2, 9600, True))
        self.leg(ProviderKind.FAX).released(causes.TRAINING_FAILED)
        self.clock.advance(180)
        third = self.answered().setup
        assert isinstance(third, FaxSend)
        self.assertEqual((third.max_speed, third.ecm), (4800, False))

    def test_page_in_doubt_that_cannot_be_committed_is_said_so(self) -> None:
        fax = self.answered()
        self.store.fail_with(causes.STORE_FULL)
        fax.indicate(PageInDoubt(number=1, last=False))
        self.assertEqual(self.responses(), [False])

    def test_refused_last_page_is_sent_again(self) -> None:
        fax = self.answered()
        fax.indicate(PageInDoubt(number=1, last=True))
        fax.indicate(PageRefused(number=1, sent_again=False))
        fax.released(causes.PAGE_REFUSED)
        self.assertEqual([entry.state for entry in self.job().ledger], [PageState.OPEN])
        self.clock.advance(180)
        retry = self.answered().setup
        assert isinstance(retry, FaxSend)
        self.assertEqual(retry.first_page, 1)

    def test_command_that_never_left_is_no_doubt(self) -> None:
        fax = self.answered()
        fax.indicate(PageInDoubt(number=1, last=True))
        fax.released(causes.CARRIER_LOST)
        self.assertEqual([entry.state for entry in self.job().ledger], [PageState.OPEN])
        self.assertEqual((self.job().state, self.job().cause), (JobState.DEFERRED, causes.CARRIER_LOST))

    def test_confirmation_that_the_store_refuses_is_owed(self) -> None:
        fax = self.answered()
        fax.indicate(PageInDoubt(number=1, last=False))
        self.store.fail_with(causes.STORE_FULL)
        fax.indicate(PageConfirmed(number=1))
        fax.indicate(PageInDoubt(number=2, last=False))
        self.assertEqual(self.responses(), [True, False], "no command while page 1 is not on record")
        self.store.fail_with(None)
        fax.indicate(PageInDoubt(number=2, last=False))
        self.assertEqual(self.responses(), [True, False, True])
        self.assertEqual([entry.state for entry in self.job().ledger], [PageState.CONFIRMED, PageState.IN_DOUBT])

    def test_ending_waits_for_the_store(self) -> None:
        fax = self.answered()
        fax.indicate(PageInDoubt(number=1, last=True))
        self.store.fail_with(causes.STORE_FULL)
        fax.indicate(PageConfirmed(number=1))
        fax.released(causes.DELIVERED)
        self.assertEqual(self.leg(ProviderKind.TELEPHONY).state, "released", "the line is not held for the store")
        self.assertEqual(self.job().state, JobState.RUNNING)
        self.store.fail_with(None)
        self.clock.advance(STORE_RETRY)
        self.clock.advance(STORE_RETRY)
        self.assertEqual((self.job().state, self.job().cause), (JobState.DELIVERED, causes.DELIVERED))
        self.assertEqual(self.records()[0].cause, causes.DELIVERED)

    def test_true_ending_survives_a_store_that_fails(self) -> None:
        self.routing.plan = DialPlan(peers=(MAIL_PEER,))
        leg = self.claim_with(causes.STORE_FULL)
        self.assertEqual((leg.state, self.job().state), ("released", JobState.RUNNING))
        self.store.fail_with(None)
        self.clock.advance(15)
        self.assertEqual((self.job().state, self.job().cause), (JobState.FAILED, causes.NO_DIAL_PEER))
        self.assertEqual(self.control.calls, {})

    def claim_with(self, failure: Cause) -> Leg:
        """Claim, with a store that fails from then on."""
        job = self.successResultOf(self.store.claim_due(JobKind.FAX, 1, self.clock.seconds()))[0]
        setup = MailIn(job_id=job.job_id, called=job.called, calling="+15550199@example.com")
        leg = self.control.incoming_leg(ProviderKind.MAIL, setup)
        self.store.fail_with(failure)
        self.control.setup_indication(leg)
        return leg

    def test_line_is_free_before_the_recipient_is_due_again(self) -> None:
        fax = self.answered()
        line = self.leg(ProviderKind.TELEPHONY)
        self.providers[ProviderKind.TELEPHONY].slow = True
        fax.released(causes.TRAINING_FAILED)
        self.assertEqual(self.job().state, JobState.RUNNING, "the call is still in the way")
        line.released(causes.TRAINING_FAILED)
        self.assertEqual(self.job().state, JobState.DEFERRED)

    def test_fax_that_is_complete_when_it_is_hung_up_is_delivered(self) -> None:
        fax = self.answered()
        fax.indicate(PageInDoubt(number=1, last=True))
        self.providers[ProviderKind.FAX].slow = True
        self.control.hang_up_all(causes.SHUT_DOWN, at_page_end=True)
        fax.indicate(PageConfirmed(number=1))
        fax.released(causes.DELIVERED)
        self.assertEqual((self.job().state, self.job().cause), (JobState.DELIVERED, causes.DELIVERED))

    def test_after_a_crash_the_ledger_decides(self) -> None:
        fax = self.answered()
        fax.indicate(PageInDoubt(number=1, last=True))
        self.store.crash()
        self.control.calls.clear()
        self.successResultOf(self.store.open(self.clock.seconds()))
        self.claim()
        self.assertEqual((self.job().state, self.job().cause), (JobState.FAILED, causes.UNCONFIRMED))
        self.assertEqual(len(self.providers[ProviderKind.TELEPHONY].legs), 1, "not sent again by itself")

    def test_after_a_crash_a_fax_of_confirmed_pages_is_delivered(self) -> None:
        fax = self.answered()
        fax.indicate(PageInDoubt(number=1, last=True))
        fax.indicate(PageConfirmed(number=1))
        self.store.crash()
        self.control.calls.clear()
        self.successResultOf(self.store.open(self.clock.seconds()))
        self.claim()
        self.assertEqual((self.job().state, self.job().cause), (JobState.DELIVERED, causes.DELIVERED))

    def test_operator_hangs_up_in_each_stage(self) -> None:
        def dialling() -> None:
            self.claim()
            self.document_ready()

        for stage in (self.claim, dialling, self.answered):
            stage()
            (call,) = self.control.calls.values()
            call.hang_up(causes.HUNG_UP)
            self.assertEqual(self.control.calls, {})
            self.assertEqual((self.job().state, self.job().cause), (JobState.DEFERRED, causes.HUNG_UP))
            self.clock.advance(180)

    def test_hang_up_while_the_last_page_is_in_doubt_ends_as_unconfirmed(self) -> None:
        fax = self.answered()
        fax.indicate(PageInDoubt(number=1, last=True))
        self.providers[ProviderKind.FAX].slow = True
        self.control.calls["C0"].hang_up(causes.HUNG_UP)
        fax.released(causes.UNCONFIRMED)
        self.assertEqual((self.job().state, self.job().cause), (JobState.FAILED, causes.UNCONFIRMED))

    def test_shutdown_waits_for_the_page_on_the_line(self) -> None:
        fax = self.answered()
        self.control.hang_up_all(causes.SHUT_DOWN, at_page_end=True)
        fax.indicate(PageInDoubt(number=1, last=False))
        self.assertEqual(fax.state, "connected")
        fax.indicate(PageConfirmed(number=1))
        self.assertEqual(fax.cause, causes.SHUT_DOWN)
        self.assertEqual((self.job().state, self.job().confirmed_pages), (JobState.DEFERRED, 1))

    def test_far_end_that_hangs_up_before_the_fax(self) -> None:
        self.claim()
        self.document_ready()
        line = self.leg(ProviderKind.TELEPHONY)
        line.connected()
        line.released(causes.FAR_CLEARED)
        self.assertEqual(self.job().cause, causes.FAR_CLEARED)
        self.assertEqual(self.control.calls, {})

    def test_mail_document_and_fax_are_bridged_in_a_row(self) -> None:
        self.answered()
        document = self.leg(ProviderKind.DOCUMENT)
        self.assertEqual(
            [bridge.other(document).kind for bridge in document.bridges], [ProviderKind.MAIL, ProviderKind.FAX]
        )
        self.assertIsInstance(document.bridges[0], Bridge)
