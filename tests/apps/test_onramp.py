"""The on-ramp application between scripted providers and a store in memory."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from sandf import causes
from sandf.apps.onramp import MailFax, OnRamp
from sandf.apps.recovery import AT_ONCE, Recovery
from sandf.apps.routing import Routing
from sandf.apps.settings import OnRampSettings
from sandf.callcontrol.control import CallControl
from sandf.callcontrol.leg import Leg
from sandf.callcontrol.media import Page
from sandf.callcontrol.primitives import (
    FaxReceive,
    FaxToDocument,
    MailOut,
    Negotiated,
    PageReceived,
    ProviderKind,
    RemoteIdentified,
    TelephoneCall,
)
from sandf.dialpeer import DialPlan, Dsn, MmoipPeer, Pattern, PotsPeer, SessionTarget
from sandf.protocols.t4.form import Coding, PageForm, Resolution
from sandf.store.records import FaxDirection, FaxRecord, FaxState
from tests.callcontrol.providers import ScriptedProvider
from tests.store.memory import MemoryStore

FINE_MMR = PageForm(coding=Coding.MMR, resolution=Resolution.FINE)
PLAN = DialPlan(
    peers=(
        PotsPeer(tag=1, incoming_called_number=Pattern.parse("57108.."), application="onramp", port="lab"),
        MmoipPeer(
            tag=2,
            destination_pattern=Pattern.parse("57108.."),
            session_target=SessionTarget.parse("mailto:$d$@mail.example.com"),
            dsn=frozenset({Dsn.SUCCESS, Dsn.FAILURE}),
            mdn=True,
        ),
    )
)


def page(number: int, bad_rows: int = 0) -> Page:
    return Page(number=number, form=FINE_MMR, rows=10, octets=b"page %d" % number, bad_rows=bad_rows)


class OnRampTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1000)
        self.store = MemoryStore()
        self.successResultOf(self.store.open(self.clock.seconds()))
        self.providers = {kind: ScriptedProvider(kind) for kind in ProviderKind}
        ids = iter(f"C{number}" for number in range(100))
        routing = Routing(
            PLAN,
            calls=lambda: self.control.calls,
            ports_down=lambda: (),
            draw=lambda: 0.5,
            seconds=self.clock.seconds,
        )
        self.control = CallControl(seconds=self.clock.seconds, new_call_id=lambda: next(ids), select=routing.select)
        self.onramp = OnRamp(
            store=self.store,
            routing=routing,
            settings=OnRampSettings(called_subscriber="$d$"),
            tell_postmaster=self.tell_postmaster,
            now=self.clock.seconds,
        )
        self.recovery = Recovery(
            store=self.store,
            onramp=self.onramp,
            originate=self.control.originate,
            calls=lambda: self.control.calls,
            now=self.clock.seconds,
        )
        self.control.register(self.providers.values(), [self.onramp], [self.recovery])
        self.told: list[tuple[str, str]] = []

    async def tell_postmaster(self, subject: str, text: str) -> None:
        self.told.append((subject, text))

    def ring(self, called: str = "5710801") -> Leg:
        leg = self.control.incoming_leg(
            ProviderKind.TELEPHONY, TelephoneCall(port="lab", called=called, calling="5550100")
        )
        self.control.setup_indication(leg)
        return leg

    def fax_leg(self) -> Leg:
        return self.providers[ProviderKind.FAX].legs[-1]

    def record(self, fax_id: str = "f1") -> FaxRecord:
        return self.successResultOf(self.store.fax(fax_id))

    def responses(self) -> list[bool]:
        asked = self.providers[ProviderKind.FAX].asked
        return [entry[2] for entry in asked if entry[0] == "transaction_response"]  # type: ignore[misc]

    def test_fax_is_kept_page_by_page_and_mailed(self) -> None:
        line = self.ring()
        fax = self.fax_leg()
        self.assertEqual(line.state, "connected")
        self.assertEqual(fax.setup, FaxReceive(called_subscriber="5710801"))
        fax.connected()
        fax.indicate(RemoteIdentified(ident="+1 555 0100", subaddress="12"))
        fax.indicate(Negotiated(form=FINE_MMR, bit_rate=14400, ecm=True))
        self.store.hold()
        fax.indicate(PageReceived(page=page(1), seconds=3.5))
        self.assertEqual(self.responses(), [], "no MCF before the commit")
        self.store.release()
        self.assertEqual(self.responses(), [True])
        fax.indicate(PageReceived(page=page(2, bad_rows=3), seconds=2.5))
        self.clock.advance(60)
        fax.released(causes.RECEIVED)
        record = self.record()
        self.assertEqual(
            (record.state, record.pages, record.octets, record.page_seconds, record.cause),
            (FaxState.CLOSED, 2, 12, 6.0, causes.RECEIVED),
        )
        self.assertEqual(
            (record.remote_ident, record.bit_rate, record.coding, record.resolution, record.ecm),
            ("+1 555 0100", 14400, "mmr", "204x196", True),
        )
        (document,) = self.providers[ProviderKind.DOCUMENT].legs
        assert isinstance(document.setup, FaxToDocument)
        self.assertEqual([kept.number for kept in document.setup.pages], [1, 2])
        (mail,) = self.providers[ProviderKind.MAIL].legs
        assert isinstance(mail.setup, MailOut)
        self.assertEqual(mail.setup.to, ("5710801@mail.example.com",))
        self.assertEqual((mail.setup.dsn, mail.setup.mdn), (("failure", "success"), True))
        self.assertEqual((record.subaddress, mail.setup.subaddress), ("12", "12"))
        self.assertEqual((mail.setup.damaged_pages, mail.setup.partial, mail.setup.seconds), ((2,), None, 60.0))
        mail.connected()
        self.assertEqual(self.control.calls, {})

    def test_page_that_cannot_be_stored_is_not_confirmed(self) -> None:
        self.ring()
        fax = self.fax_leg()
        fax.connected()
        self.store.fail_with(causes.STORE_FULL)
        fax.indicate(PageReceived(page=page(1)))
        self.assertEqual(self.responses(), [False])
        self.store.fail_with(None)
        fax.released(causes.PAGE_NOT_STORED)
        self.assertEqual((self.record().state, self.record().pages), (FaxState.ENDED, 0))
        self.assertEqual(self.providers[ProviderKind.MAIL].legs, [])
        self.assertEqual(self.control.calls, {})

    def test_partial_fax_is_mailed_as_such(self) -> None:
        self.ring()
        fax = self.fax_leg()
        fax.connected()
        fax.indicate(PageReceived(page=page(1)))
        fax.released(causes.CARRIER_LOST)
        (mail,) = self.providers[ProviderKind.MAIL].legs
        assert isinstance(mail.setup, MailOut)
        self.assertIs(mail.setup.partial, causes.CARRIER_LOST)

    def test_success_fax_only_withholds_a_partial_fax_until_it_is_released(self) -> None:
        self.onramp.settings = OnRampSettings(success_fax_only=True)
        self.ring()
        fax = self.fax_leg()
        fax.connected()
        fax.indicate(PageReceived(page=page(1)))
        fax.released(causes.CARRIER_LOST)
        self.assertEqual(self.record().state, FaxState.WITHHELD)
        self.assertEqual(self.providers[ProviderKind.MAIL].legs, [])
        self.assertEqual(len(self.successResultOf(self.store.payload("f1"))), 1)

        async def release() -> FaxRecord:
            return await self.recovery.release("f1")

        self.successResultOf(Deferred.fromCoroutine(release()))
        (mail,) = self.providers[ProviderKind.MAIL].legs
        assert isinstance(mail.setup, MailOut)
        self.assertEqual(mail.setup.fax_id, "f1")

    def test_number_that_nobody_gets_the_mail_of_is_not_answered(self) -> None:
        self.onramp._routing.plan = DialPlan(peers=PLAN.peers[:1])
        line = self.ring()
        self.assertEqual(line.cause, causes.NO_MAIL_ADDRESS)
        self.assertIsNone(line.connected_at)
        self.assertEqual(self.control.calls, {})

    def test_caller_who_hangs_up_before_the_fax_leaves_nothing_behind(self) -> None:
        line = self.ring()
        line.released(causes.FAR_CLEARED)
        self.assertEqual((self.record().state, self.record().cause), (FaxState.ENDED, causes.FAR_CLEARED))
        self.assertEqual(self.control.calls, {})

    def test_operator_hangs_up(self) -> None:
        self.ring()
        self.fax_leg().connected()
        self.control.calls["C0"].hang_up(causes.HUNG_UP)
        self.assertEqual(self.record().cause, causes.HUNG_UP)
        self.assertEqual(self.control.calls, {})

    def test_shutdown_at_page_end_lets_a_reception_finish(self) -> None:
        self.ring()
        self.fax_leg().connected()
        self.control.hang_up_all(causes.SHUT_DOWN, at_page_end=True)
        self.assertIn("C0", self.control.calls)
        self.fax_leg().released(causes.RECEIVED)
        self.assertEqual(self.record().cause, causes.RECEIVED)

    def test_mail_that_cannot_be_made_stays_and_is_made_later(self) -> None:
        self.ring()
        fax = self.fax_leg()
        fax.connected()
        fax.indicate(PageReceived(page=page(1)))
        fax.released(causes.RECEIVED)
        self.providers[ProviderKind.MAIL].legs[-1].released(causes.STORE_FULL)
        self.assertEqual(self.control.calls, {})
        self.assertEqual((self.record().state, self.told), (FaxState.CLOSED, []))
        self.assertEqual(self.mail_closed(), 1)
        self.assertEqual(self.mail_closed(), 0, "asked again while under way")
        self.assertEqual(len(self.control.calls), 1)
        mail = self.providers[ProviderKind.MAIL].legs[-1]
        assert isinstance(mail.setup, MailOut)
        self.assertEqual(mail.setup.fax_id, "f1")
        mail.connected()
        self.assertEqual(self.control.calls, {})

    def mail_closed(self) -> int:
        return self.successResultOf(Deferred.fromCoroutine(self.recovery.mail_closed()))

    def test_mail_that_can_never_be_made_is_withheld_and_the_postmaster_told(self) -> None:
        self.ring()
        fax = self.fax_leg()
        fax.connected()
        fax.indicate(PageReceived(page=page(1)))
        fax.released(causes.RECEIVED)
        self.providers[ProviderKind.DOCUMENT].legs[-1].released(causes.RENDERING_FAILED, "tiff")
        self.assertEqual((self.record().state, self.control.calls), (FaxState.WITHHELD, {}))
        ((subject, text),) = self.told
        self.assertEqual(subject, "Fax f1 cannot be mailed")
        self.assertIn(causes.RENDERING_FAILED.sentence, text)
        self.assertIn("sandf release f1", text)

    def test_fax_that_could_not_be_closed_is_closed_later(self) -> None:
        self.ring()
        fax = self.fax_leg()
        fax.connected()
        fax.indicate(PageReceived(page=page(1)))
        self.store.fail_with(causes.STORE_FULL)
        fax.released(causes.RECEIVED)
        self.assertEqual(len(self.flushLoggedErrors(causes.Failure)), 1)
        self.store.fail_with(None)
        self.assertEqual((self.record().state, self.control.calls), (FaxState.OPEN, {}))
        self.clock.advance(300)
        self.successResultOf(Deferred.fromCoroutine(self.recovery.look()))
        self.assertEqual((self.record().state, self.record().ended_at), (FaxState.CLOSED, 1000.0))
        self.assertEqual(len(self.providers[ProviderKind.MAIL].legs), 1)

    def test_faxes_are_mailed_a_few_at_a_time(self) -> None:
        for _ in range(AT_ONCE + 2):
            self.ring()
            fax = self.fax_leg()
            fax.connected()
            fax.indicate(PageReceived(page=page(1)))
        self.store.crash()
        self.control.calls.clear()
        self.successResultOf(self.store.open(self.clock.seconds()))
        self.successResultOf(Deferred.fromCoroutine(self.recovery.look()))
        mails = self.providers[ProviderKind.MAIL].legs
        self.assertEqual((len(mails), len(self.control.calls)), (AT_ONCE, AT_ONCE))
        mails[0].connected()
        self.assertEqual(len(self.control.calls), AT_ONCE, "one more begins when one is done")

    def test_after_a_crash_what_was_cut_off_is_closed_as_partial_and_mailed(self) -> None:
        self.ring()
        fax = self.fax_leg()
        fax.connected()
        fax.indicate(RemoteIdentified(ident="+1 555 0100"))
        fax.indicate(PageReceived(page=page(1)))
        self.ring()
        self.store.crash()
        self.control.calls.clear()
        self.successResultOf(self.store.open(self.clock.seconds()))
        self.assertEqual(self.successResultOf(Deferred.fromCoroutine(self.recovery.close_interrupted())), 2)
        record = self.record("f1")
        self.assertEqual(
            (record.state, record.pages, record.cause, record.remote_ident),
            (FaxState.CLOSED, 1, causes.INTERRUPTED, "+1 555 0100"),
        )
        self.assertEqual((self.record("f2").state, self.record("f2").pages), (FaxState.ENDED, 0))
        self.mail_closed()
        mail = self.providers[ProviderKind.MAIL].legs[-1]
        assert isinstance(mail.setup, MailOut)
        self.assertIs(mail.setup.partial, causes.INTERRUPTED)

    def test_sent_fax_that_was_cut_off_only_ends(self) -> None:
        record = FaxRecord(fax_id="", call_id="C9", direction=FaxDirection.OFF_RAMP, began_at=1.0, job_id=None, pages=2)
        self.successResultOf(self.store.open_fax(record))
        self.successResultOf(Deferred.fromCoroutine(self.recovery.close_interrupted()))
        self.assertEqual((self.record().state, self.record().pages), (FaxState.ENDED, 2))

    def test_release_of_a_fax_that_is_not_withheld_is_refused(self) -> None:
        self.ring()
        self.fax_leg().released(causes.NO_FAX)
        self.failureResultOf(Deferred.fromCoroutine(self.recovery.release("f1")), ValueError)
        self.assertEqual(self.onramp.name, "onramp")
        self.assertEqual(MailFax(fax_id="f1"), MailFax(fax_id="f1"))
