"""Fax legs: what they say to the application, and how they end."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import deferLater
from zope.interface.verify import verifyObject

from sandf import causes
from sandf.callcontrol.interfaces import IServiceProvider
from sandf.callcontrol.primitives import (
    FaxSend,
    Negotiated,
    PageConfirmed,
    PageInDoubt,
    PageProgress,
    PageReceived,
    ProviderKind,
    RemoteIdentified,
    Transaction,
)
from sandf.causes import Cause
from sandf.fmsp.legs import SendingLeg
from sandf.fmsp.outcomes import CAUSE_OF, cause_of
from sandf.fmsp.settings import FaxSettings
from sandf.protocols.t4.form import Coding, PageForm, Resolution
from sandf.protocols.t30.outcomes import Outcome
from sandf.vtsp.call_clock import CallClock
from sandf.vtsp.exchange import VirtualPortSettings
from sandf.vtsp.impairments import Impairments
from tests.fmsp.world import Fax, World, WorldCase, document


class SendingTests(WorldCase):
    def test_what_is_said_of_a_fax(self) -> None:
        sent = document(1, 2)
        fax = self.world.send("100", sent, setup=FaxSend(transmitting_subscriber="+49 30 1", subaddress="77"))
        self.world.run()
        [received] = self.world.received
        form = PageForm(coding=Coding.MMR, resolution=Resolution.FINE)
        self.assertEqual(fax.of(RemoteIdentified), [RemoteIdentified(ident="+1 555")])
        self.assertEqual(received.of(RemoteIdentified), [RemoteIdentified(ident="+49 30 1", subaddress="77")])
        for side in (fax, received):
            self.assertEqual(side.of(Negotiated), [Negotiated(form=form, bit_rate=14400, ecm=True)])
        self.assertEqual(fax.of(PageInDoubt), [PageInDoubt(number=1, last=False), PageInDoubt(number=2, last=True)])
        for said in fax.of(PageConfirmed):
            assert isinstance(said, PageConfirmed)
            line_seconds = said.seconds * 50  # the port runs at 50 times real time
            self.assertTrue(0.34 < line_seconds - said.octets * 8 / 14400 < 0.7, said)
        for got in received.of(PageReceived):
            assert isinstance(got, PageReceived)
            line_seconds = got.seconds * 50
            self.assertTrue(0.2 < line_seconds - len(got.page.octets) * 8 / 14400 < 0.5, got.seconds)
            self.assertEqual((got.page.form, got.page.rows), (form, 0))
        self.assertEqual(len(fax.of(PageProgress)), 2)

    def test_pages_come_from_the_sources_in_turn(self) -> None:
        cover, payload = document(1, 1), document(2, 3)
        fax = self.world.send("100", cover, payload)
        self.world.run()
        self.assertIs(fax.cause, causes.DELIVERED)
        self.assertEqual(self.world.received[0].pages, cover + payload)

    def test_confirmed_pages_are_skipped(self) -> None:
        cover, payload = document(1, 1), document(2, 3)
        fax = self.world.send("100", cover, payload, setup=FaxSend(first_page=3))
        self.world.run()
        self.assertEqual(self.world.received[0].pages, payload[1:])
        numbers = [t.number for t in fax.transactions if isinstance(t, PageConfirmed)]
        self.assertEqual(numbers, [3, 4])

    def test_a_fax_without_pages_left_is_not_begun(self) -> None:
        for sources, first in (((document(1, 1),), 2), ((), 1)):
            self.world = World()
            fax = self.world.send("100", *sources, setup=FaxSend(first_page=first))
            self.world.run()
            self.assertIs(fax.cause, causes.NOTHING_TO_SEND)

    def test_a_page_that_cannot_be_made_ends_the_call_with_its_cause(self) -> None:
        fax = self.world.send("100", document(1, 3), broken=2)
        self.world.run()
        self.assertEqual((fax.cause, fax.detail), (causes.RENDERING_FAILED, "page 2"))
        self.assertEqual(len(self.world.received[0].pages), 0)

    def test_a_page_of_another_form_than_was_asked_for_ends_the_call(self) -> None:
        fax = self.world.send("100", document(1, 1), coding=Coding.MMR, setup=FaxSend(ecm=False))
        self.world.run()
        self.assertIs(fax.cause, causes.INTERNAL_ERROR)
        self.assertIn("MMR", fax.detail)

    def test_a_fault_on_our_side_ends_no_more_than_the_call(self) -> None:
        def broken(now: float) -> None:
            raise RuntimeError("a bug")

        fax = self.world.send("100", document(1, 1))
        self.world.run_until(lambda: bool(fax.of(Negotiated)))
        [leg] = [leg for leg in self.world.fax._legs.values() if isinstance(leg, SendingLeg)]
        assert leg._session is not None
        leg._session.tell(broken)
        other = self.world.send("100", document(2, 1))
        self.world.run()
        self.assertEqual((fax.cause, other.cause), (causes.INTERNAL_ERROR, causes.DELIVERED))
        self.assertIs(self.world.received[0].cause, causes.FAR_CLEARED)
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)

    def test_a_slower_speed_may_be_asked_for(self) -> None:
        fax = self.world.send("100", document(1, 1), setup=FaxSend(max_speed=9600))
        self.world.run()
        [said] = fax.of(Negotiated)
        assert isinstance(said, Negotiated)
        self.assertEqual(said.bit_rate, 9600)

    def test_a_doubt_that_is_not_committed_ends_the_call(self) -> None:
        self.world.commit = lambda transaction: succeed(not isinstance(transaction, PageInDoubt))
        fax = self.world.send("100", document(1, 2))
        self.world.run()
        self.assertIs(fax.cause, causes.CALL_ABORTED)
        self.assertEqual(fax.of(PageConfirmed), [])


class StoreTests(WorldCase):
    def test_a_slow_store_slows_the_call_and_nothing_times_out(self) -> None:
        for ecm in (True, False):
            self.world = World(settings=FaxSettings(ecm=ecm))
            sent = document(1, 3)
            self.world.send("100", sent)
            self.world.run()
            quick = [(line.at, line.outward, line.text) for line in self.world.trace]
            self.world = World(settings=FaxSettings(ecm=ecm))
            self.world.slow(100.0)
            fax = self.world.send("100", sent)
            self.world.run()
            self.assertIs(fax.cause, causes.DELIVERED)
            self.assertEqual(self.world.received[0].pages, sent)
            self.assertGreater(self.world.reactor.seconds(), 900)
            self.assertEqual([(line.at, line.outward, line.text) for line in self.world.trace], quick)

    def test_work_on_whole_pages_may_take_its_time_elsewhere(self) -> None:
        for ecm, coding in ((False, Coding.MH), (False, Coding.MR), (True, Coding.MMR)):
            self.world = World(settings=FaxSettings(ecm=ecm, codings=(coding,)))
            self.world.aside = lambda work: deferLater(self.world.reactor, 30.0, work)
            fax = self.world.send("100", document(1, 3))
            self.world.run()
            self.assertIs(fax.cause, causes.DELIVERED)
            self.assertEqual(self.world.received[0].pages, document(1, 3))

    def test_work_on_a_whole_page_that_fails_ends_its_call_without_mcf(self) -> None:
        self.world = World(settings=FaxSettings(ecm=False))
        self.world.aside = lambda work: fail(RuntimeError("a bug"))
        fax = self.world.send("100", document(1, 1))
        self.world.run()
        self.assertIsNot(fax.cause, causes.DELIVERED)
        self.assertEqual((fax.of(PageConfirmed), self.world.received[0].pages), ([], []))
        self.assertTrue(self.flushLoggedErrors(RuntimeError))

    def test_a_page_that_is_not_stored_is_not_confirmed(self) -> None:
        for ecm in (True, False):
            self.world = World(settings=FaxSettings(ecm=ecm))
            self.world.commit = lambda transaction: succeed(not isinstance(transaction, PageReceived))
            fax = self.world.send("100", document(1, 1))
            self.world.run()
            self.assertIs(self.world.received[0].cause, causes.PAGE_NOT_STORED)
            self.assertEqual(fax.of(PageConfirmed), [])
            self.assertNotIn("MCF", [line.text for line in self.world.trace])
            self.assertIs(fax.cause, causes.UNCONFIRMED)

    def test_a_page_that_is_not_the_last_and_not_stored(self) -> None:
        self.world.commit = lambda transaction: succeed(not isinstance(transaction, PageReceived))
        fax = self.world.send("100", document(1, 2))
        self.world.run()
        self.assertIs(fax.cause, causes.DISCONNECTED_BETWEEN_PAGES)


class HangUpTests(WorldCase):
    def hang_up(self, when: Callable[[Fax], bool], pages: int = 2) -> tuple[Fax, Fax | None]:
        fax = self.world.send("100", document(1, pages, rows=400))
        self.world.run_until(lambda: when(fax))
        assert fax.call is not None
        fax.call.hang_up(causes.CANCELLED)
        self.world.run()
        return fax, self.world.received[0] if self.world.received else None

    def seen(self, text: str) -> Callable[[Fax], bool]:
        return lambda fax: any(text in line.text for line in self.world.trace)

    def test_before_the_digits_are_dialled(self) -> None:
        fax, received = self.hang_up(lambda fax: True)
        self.assertEqual((fax.cause, received), (causes.CANCELLED, None))

    def test_while_it_rings(self) -> None:
        self.world.answers = False
        fax, _ = self.hang_up(lambda fax: bool(self.world.received))
        self.assertIs(fax.cause, causes.CANCELLED)

    def test_in_every_phase(self) -> None:
        for phase in ("CED", "DIS", "DCS", "TCF", "CFR", "ECM frames", "PPS", "MCF"):
            self.world = World()
            fax, received = self.hang_up(self.seen(phase))
            assert received is not None and received.cause is not None
            self.assertIn(fax.cause, (causes.CANCELLED, causes.UNCONFIRMED), phase)
            self.assertIsNot(received.cause, causes.RECEIVED, phase)
            self.assertIn("DCN", [line.text for line in self.world.trace], phase)

    def test_when_only_the_last_page_is_in_doubt(self) -> None:
        for stored, cause in ((True, causes.DELIVERED), (False, causes.UNCONFIRMED)):
            self.world = World()
            self.world.commit = lambda transaction, stored=stored: succeed(  # type: ignore[misc]  # a default binds it
                stored or not isinstance(transaction, PageReceived)
            )
            fax, _ = self.hang_up(self.seen("PPS-EOP"), pages=1)
            assert fax.call is not None
            [leg] = [leg for leg in fax.call.legs if isinstance(leg.setup, FaxSend)]
            self.assertIs(leg.cause, cause)

    def test_by_the_receiver(self) -> None:
        fax = self.world.send("100", document(1, 2, rows=400))
        self.world.run_until(lambda: bool(fax.of(PageConfirmed)))
        call = self.world.received[0].call
        assert call is not None
        call.hang_up(causes.CANCELLED)
        self.world.run()
        self.assertIs(self.world.received[0].cause, causes.CANCELLED)
        self.assertIn(fax.cause, (causes.CARRIER_LOST, causes.DISCONNECTED_BETWEEN_PAGES))

    def test_while_the_application_owes_an_answer(self) -> None:
        self.world.commit = lambda transaction: Deferred()
        fax = self.world.send("100", document(1, 1))
        self.world.run()
        assert fax.call is not None
        [leg] = [leg for leg in fax.call.legs if isinstance(leg.setup, FaxSend)]
        leg.disconnect(causes.HUNG_UP)
        self.world.run()
        self.assertIs(leg.cause, causes.HUNG_UP)
        # The applications of this test wait for ever; let them go.
        for call in list(self.world.control.calls.values()):
            for other in call.live_legs():
                other.disconnect(causes.HUNG_UP)
        self.world.run()
        self.world.control.calls.clear()


class PortTests(WorldCase):
    def test_a_port_that_may_not_take_two_is_busy_to_itself(self) -> None:
        self.world = World(VirtualPortSettings(name="lab", max_conn=1))
        fax = self.world.send("100", document(1, 1))
        self.world.run()
        self.assertIs(fax.cause, causes.BUSY)

    def test_many_calls_at_once(self) -> None:
        sent = [document(seed, 1) for seed in range(8)]
        faxes = [self.world.send("100", pages) for pages in sent]
        self.world.run()
        self.assertEqual({fax.cause for fax in faxes}, {causes.DELIVERED})
        self.assertEqual([fax.pages for fax in self.world.received], sent)

    def test_a_port_that_is_not_there(self) -> None:
        fax = self.world.send("100", document(1, 1), port="lab")
        self.world.run()
        self.assertIs(fax.cause, causes.DELIVERED)
        self.world.exchange.ports.clear()
        self.world.telephony._ports.clear()
        fax = self.world.send("100", document(1, 1), port="lab")
        self.world.run()
        self.assertIs(fax.cause, causes.NO_PORT)

    def test_digits_that_are_none(self) -> None:
        fax = self.world.send(",,", document(1, 1))
        self.world.run()
        self.assertIs(fax.cause, causes.INVALID_NUMBER)

    def test_two_ports_of_one_name_are_refused(self) -> None:
        port = self.world.exchange.ports["lab"]
        self.assertRaises(ValueError, self.world.telephony.add_port, port)

    def test_providers_are_providers(self) -> None:
        for provider in (self.world.fax, self.world.telephony):
            verifyObject(IServiceProvider, provider)


class BadLineTests(WorldCase):
    def call(self, line: Impairments, ecm: bool = True, pages: int = 2, rows: int = 200) -> tuple[Fax, list[object]]:
        self.world = World(VirtualPortSettings(name="lab", speed=50, impairments=line), settings=FaxSettings(ecm=ecm))
        fax = self.world.send("100", document(1, pages, rows))
        self.world.run()
        return fax, [(at.at, at.outward, at.text, at.octets) for at in self.world.trace]

    def test_ecm_mends_bit_errors(self) -> None:
        fax, trace = self.call(Impairments(bit_error_rate=3e-5, seed=4))
        self.assertIs(fax.cause, causes.DELIVERED)
        self.assertEqual(self.world.received[0].pages, document(1, 2, 200))
        self.assertIn("PPR", [entry[2] for entry in trace if isinstance(entry, tuple)])

    def test_a_failing_run_can_be_replayed(self) -> None:
        line = Impairments(bit_error_rate=1e-4, loss=0.004, delay=0.05, jitter=0.05, seed=11)
        self.assertEqual(self.call(line)[1], self.call(line)[1])

    def test_delay_is_borne(self) -> None:
        for ecm in (True, False):
            fax, _ = self.call(Impairments(delay=0.6, jitter=0.1), ecm)
            self.assertIs(fax.cause, causes.DELIVERED)

    def test_bad_rows_are_counted_without_ecm(self) -> None:
        self.call(Impairments(bit_error_rate=2e-6, seed=1), ecm=False, pages=1, rows=1000)
        [got] = [t for t in self.world.received[0].transactions if isinstance(t, PageReceived)]
        self.assertGreater(got.page.bad_rows, 0)
        self.assertTrue(995 <= got.page.rows <= 1000)

    def test_whatever_the_line_does_every_call_ends_in_one_cause_each_way(self) -> None:
        endings: set[Cause | None] = set()
        for seed in range(25):
            line = Impairments(
                bit_error_rate=(0, 1e-5, 1e-4, 1e-3, 0.01)[seed % 5],
                loss=(0, 0.01, 0.1)[seed % 3],
                delay=0.1,
                seed=seed,
            )
            fax, _ = self.call(line, ecm=seed % 2 == 0, rows=60)
            self.assertIsNotNone(fax.cause)
            self.assertIsNotNone(self.world.received[0].cause)
            confirmed = len(fax.of(PageConfirmed))
            self.assertLessEqual(confirmed, len(self.world.received[0].of(PageReceived)))
            endings.add(fax.cause)
        self.assertGreater(len(endings), 2)


class TraceTests(WorldCase):
    def test_every_frame_both_ways_with_its_time(self) -> None:
        self.world.send("100", document(1, 1))
        self.world.run()
        calls = {line.call_id for line in self.world.trace}
        self.assertEqual(calls, {"c1", "c2"})
        caller = [line for line in self.world.trace if line.call_id == "c1"]
        self.assertEqual(
            [(line.outward, line.text) for line in caller if line.kind == "frame"],
            [
                (False, "CSI"),
                (False, "DIS"),
                (True, "DCS"),
                (False, "CFR"),
                (True, "PPS-EOP"),
                (False, "MCF"),
                (True, "DCN"),
            ],
        )
        self.assertEqual([line.at for line in caller], sorted(line.at for line in caller))
        self.assertEqual([line.kind for line in caller if line.kind != "frame"], ["tone", "training", "page"])
        frame = next(line for line in caller if line.text == "DIS")
        self.assertEqual(frame.octets[:3], b"\xff\x13\x80")
        called = [line.text for line in self.world.trace if line.call_id == "c2" and line.kind == "carrier"]
        self.assertEqual(called[0], "carrier 1.50 s V.17 14400")


class OutcomeTests(WorldCase):
    def test_the_table_is_total(self) -> None:
        self.assertEqual(set(CAUSE_OF), set(Outcome))
        for outcome in Outcome:
            good = outcome is Outcome.COMPLETED
            self.assertIs(cause_of(outcome, sending=True) is causes.DELIVERED, good)
            self.assertIs(cause_of(outcome, sending=False) is causes.RECEIVED, good)
            expected = causes.DELIVERED if good else causes.UNCONFIRMED
            self.assertIs(cause_of(outcome, sending=True, last_in_doubt=True), expected)


class TransactionTests(WorldCase):
    def test_an_answer_that_comes_too_late_does_nothing(self) -> None:
        late: list[tuple[Transaction, Deferred[bool]]] = []

        def commit(transaction: Transaction) -> Deferred[bool]:
            waiting: Deferred[bool] = Deferred()
            late.append((transaction, waiting))
            return waiting

        self.world.commit = commit
        fax = self.world.send("100", document(1, 1))
        self.world.run()
        [(_, waiting)] = late
        assert fax.call is not None
        [served] = [leg for leg in self.world.fax._legs.values() if isinstance(leg, SendingLeg)]
        assert served._session is not None
        clock = served._session._clock
        assert isinstance(clock, CallClock)
        self.assertTrue(clock.held)
        [line] = [leg for leg in fax.call.live_legs() if leg.kind is ProviderKind.TELEPHONY]
        line.disconnect(causes.HUNG_UP)
        self.assertFalse(clock.held)
        self.world.commit = lambda transaction: succeed(True)
        waiting.callback(True)
        self.world.run()
        self.assertEqual(fax.of(PageConfirmed), [])
