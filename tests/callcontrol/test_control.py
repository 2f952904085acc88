"""Calls, legs and bridges between scripted providers and small applications."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from automat import NoTransition
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from sandf import causes
from sandf.callcontrol.call import Call
from sandf.callcontrol.control import CallControl, Selection
from sandf.callcontrol.events import (
    AlertIndication,
    BridgeConfirm,
    DisconnectConfirm,
    DisconnectIndication,
    Event,
    HangUpRequest,
    SetupConfirm,
    SetupIndication,
    TransactionIndication,
)
from sandf.callcontrol.interfaces import IApplication, ICallObserver, IServiceProvider
from sandf.callcontrol.leg import Leg
from sandf.callcontrol.primitives import (
    FaxReceive,
    PageConfirmed,
    PageInDoubt,
    ProviderKind,
    RemoteIdentified,
    Setup,
    TelephoneCall,
)

from .providers import ScriptedProvider

RINGING = TelephoneCall(port="lab", called="5710801", calling="5550100")


@implementer(IApplication)
class Application:
    """Runs the function that the test gives."""

    def __init__(self, name: str, function: Callable[[Call], Awaitable[None]]) -> None:
        self.name = name
        self.function = function

    def run(self, call: Call) -> Awaitable[None]:
        return self.function(call)


@implementer(ICallObserver)
class Observer:
    def __init__(self) -> None:
        self.seen: list[object] = []

    def call_began(self, call: Call) -> None:
        self.seen.append(("began", call.call_id))

    def event_seen(self, call: Call, event: object) -> None:
        self.seen.append(event)

    def call_ended(self, call: Call) -> None:
        self.seen.append(("ended", call.call_id))


class CallControlTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.observer = Observer()
        self.telephony = ScriptedProvider(ProviderKind.TELEPHONY)
        self.fax = ScriptedProvider(ProviderKind.FAX)
        self.selected = "under test"
        ids = iter("ABCDEFGH")
        self.control = CallControl(
            seconds=self.clock.seconds,
            new_call_id=lambda: next(ids),
            select=lambda kind, setup: Selection(peer_tag=7, application=self.selected),
            observers=[self.observer],
        )
        self.read: list[Event] = []

    def serve(self, function: Callable[[Call], Awaitable[None]], *others: Application) -> None:
        self.control.register([self.telephony, self.fax], [Application("under test", function), *others])

    def ring(self, setup: Setup = RINGING) -> Leg:
        leg = self.control.incoming_leg(ProviderKind.TELEPHONY, setup)
        self.control.setup_indication(leg)
        return leg

    def test_interfaces(self) -> None:
        verifyObject(IServiceProvider, self.telephony)
        verifyObject(ICallObserver, self.observer)
        verifyObject(IApplication, Application("x", lambda call: Deferred()))

    def test_incoming_call_reaches_the_application_of_its_dial_peer(self) -> None:
        async def application(call: Call) -> None:
            event = await call.next_event()
            assert isinstance(event, SetupIndication)
            self.read.append(event)
            event.leg.alert()
            event.leg.connect()
            self.read.append(await call.next_event())
            self.read.append(await call.next_event())

        self.serve(application)
        leg = self.ring()
        self.assertEqual(leg.peer_tag, 7)
        self.assertEqual(self.read, [SetupIndication(leg=leg, setup=RINGING), SetupConfirm(leg=leg)])
        self.assertEqual(self.telephony.asked, [("alert_request", leg), ("setup_response", leg)])
        self.assertEqual(leg.state, "connected")
        self.assertIn("A", self.control.calls)
        self.clock.advance(3)
        leg.released(causes.FAR_CLEARED)
        self.assertEqual(self.read[-1], DisconnectIndication(leg=leg, cause=causes.FAR_CLEARED))
        self.assertEqual((leg.state, leg.cause, leg.released_at), ("released", causes.FAR_CLEARED, 3.0))
        self.assertEqual(self.control.calls, {})
        self.assertEqual(self.observer.seen[0], ("began", "A"))
        self.assertEqual(self.observer.seen[-1], ("ended", "A"))

    def test_outgoing_leg_rings_answers_and_is_disconnected(self) -> None:
        async def application(call: Call) -> None:
            await call.next_event()
            fax = call.set_up(ProviderKind.FAX, FaxReceive(called_subscriber="+1 555"), peer_tag=4)
            for _ in range(2):
                self.read.append(await call.next_event())
            fax.disconnect(causes.HUNG_UP)
            self.read.append(await call.next_event())

        self.serve(application)
        self.ring()
        (fax,) = self.fax.legs
        self.assertEqual(fax.peer_tag, 4)
        fax.alerted()
        fax.alerted()
        fax.connected()
        self.assertEqual(
            self.read,
            [AlertIndication(leg=fax), SetupConfirm(leg=fax), DisconnectConfirm(leg=fax, cause=causes.HUNG_UP)],
        )

    def test_bridge_carries_one_value_to_the_other_provider(self) -> None:
        async def application(call: Call) -> None:
            event = await call.next_event()
            assert isinstance(event, SetupIndication)
            fax = call.set_up(ProviderKind.FAX, FaxReceive())
            call.bridge(event.leg, fax)
            self.read.append(await call.next_event())
            await call.next_event()

        self.serve(application)
        leg = self.ring()
        (fax,) = self.fax.legs
        (bridge,) = leg.bridges
        self.assertEqual(self.read, [BridgeConfirm(bridge=bridge)])
        self.assertEqual(self.telephony.asked[-1], ("bridge_request", leg, fax))
        self.assertEqual(self.fax.asked[-1], ("bridge_request", fax, leg))
        bridge.supply(leg, "the bearer")
        self.assertEqual(self.fax.asked[-1], ("media_indication", fax, "the bearer"))
        self.assertRaises(ValueError, bridge.supply, leg, "another")

    def test_transactions_and_their_responses(self) -> None:
        in_doubt = PageInDoubt(number=1, last=True)

        async def application(call: Call) -> None:
            event = await call.next_event()
            assert isinstance(event, SetupIndication)
            event.leg.connect()
            await call.next_event()
            event = await call.next_event()
            assert isinstance(event, TransactionIndication)
            event.leg.respond(event.transaction, accepted=True)
            self.assertRaises(ValueError, event.leg.respond, PageConfirmed(number=1))
            self.read.append(await call.next_event())
            await call.next_event()

        self.serve(application)
        leg = self.ring()
        leg.indicate(in_doubt)
        self.assertEqual(self.telephony.asked[-1], ("transaction_response", in_doubt, True))
        leg.indicate(RemoteIdentified(ident="123"))
        self.assertEqual(self.read, [TransactionIndication(leg=leg, transaction=RemoteIdentified(ident="123"))])
        leg.released(causes.FAR_CLEARED)
        leg.indicate(PageConfirmed(number=1))
        self.assertEqual(len(self.read), 1)
        self.assertRaises(NoTransition, leg.released, causes.FAR_CLEARED)

    def test_live_call_is_handed_from_one_application_to_another(self) -> None:
        async def first(call: Call) -> None:
            event = await call.next_event()
            assert isinstance(event, SetupIndication)
            event.leg.connect()
            await call.next_event()
            call.hand_off("second", left={"digits": "4711"})

        async def second(call: Call) -> None:
            self.assertEqual(call.handed_over, {"digits": "4711"})
            self.read.append(await call.next_event())

        self.serve(first, Application("second", second))
        leg = self.ring()
        call = self.control.calls["A"]
        self.assertEqual((call.application, leg.state), ("second", "connected"))
        leg.released(causes.FAR_CLEARED)
        self.assertEqual(self.read, [DisconnectIndication(leg=leg, cause=causes.FAR_CLEARED)])
        self.assertEqual(self.control.calls, {})

    def test_application_that_fails_ends_its_own_call_only(self) -> None:
        async def application(call: Call) -> None:
            await call.next_event()
            if call.call_id == "A":
                raise RuntimeError("a bug")
            await call.next_event()

        self.serve(application)
        broken, healthy = self.ring(), self.ring()
        self.assertEqual(broken.cause, causes.INTERNAL_ERROR)
        self.assertIsNone(healthy.cause)
        self.assertEqual(list(self.control.calls), ["B"])
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)

    def test_call_is_kept_until_slow_legs_are_released(self) -> None:
        async def application(call: Call) -> None:
            await call.next_event()

        self.serve(application)
        self.telephony.slow = True
        leg = self.ring()
        self.assertEqual(self.telephony.asked, [("disconnect_request", causes.CALL_ABORTED)])
        idle = self.control.when_idle()
        self.assertNoResult(idle)
        leg.alerted()
        leg.connected()
        leg.released(causes.CALL_ABORTED)
        self.successResultOf(idle)

    def test_observer_that_raises_harms_nobody(self) -> None:
        class Broken(Observer):
            def event_seen(self, call: Call, event: object) -> None:
                raise RuntimeError("a bug")

        self.control._observers = (Broken(), self.observer)

        async def application(call: Call) -> None:
            self.read.append(await call.next_event())
            self.read.append(await call.next_event())

        self.serve(application)
        leg = self.ring()
        leg.released(causes.FAR_CLEARED)
        self.assertEqual(len(self.read), 2)
        self.assertEqual(self.observer.seen[-1], ("ended", "A"))
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 2)

    def test_provider_that_raises_costs_its_leg_only(self) -> None:
        async def application(call: Call) -> None:
            await call.next_event()
            call.set_up(ProviderKind.FAX, FaxReceive())
            self.read.append(await call.next_event())

        self.serve(application)

        self.fax.broken = True
        leg = self.ring()
        (event,) = self.read
        assert isinstance(event, DisconnectIndication)
        self.assertEqual((event.leg.kind, event.cause), (ProviderKind.FAX, causes.INTERNAL_ERROR))
        self.assertEqual(leg.cause, causes.CALL_ABORTED, "the other leg is cleared in order")
        self.assertEqual(self.control.calls, {})
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 2)

    def test_bridge_of_a_leg_that_has_ended_carries_nothing(self) -> None:
        async def application(call: Call) -> None:
            event = await call.next_event()
            assert isinstance(event, SetupIndication)
            fax = call.set_up(ProviderKind.FAX, FaxReceive())
            call.bridge(event.leg, fax)
            await call.next_event()
            self.read.append(await call.next_event())
            call.bridge(event.leg, fax)
            self.read.append(await call.next_event())

        self.serve(application)
        leg = self.ring()
        (fax,) = self.fax.legs
        fax.released(causes.FAR_CLEARED)
        telephony, fax_provider = list(self.telephony.asked), list(self.fax.asked)
        leg.bridges[0].supply(leg, "the bearer")
        self.assertEqual((self.telephony.asked, self.fax.asked), (telephony, fax_provider))
        leg.released(causes.FAR_CLEARED)
        ended = [DisconnectIndication(leg=each, cause=causes.FAR_CLEARED) for each in (fax, leg)]
        self.assertEqual(self.read, ended, "no BridgeConfirm")

    def test_reader_that_an_application_left_behind_does_not_keep_the_call(self) -> None:
        async def application(call: Call) -> None:
            await call.next_event()
            call.next_event().addErrback(lambda failure: None)

        self.serve(application)
        self.telephony.slow = True
        leg = self.ring()
        leg.released(causes.CALL_ABORTED)
        self.assertEqual(self.control.calls, {})

    def test_ended_call_takes_no_wishes(self) -> None:
        async def application(call: Call) -> None:
            self.call = call
            await call.next_event()

        self.serve(application)
        self.ring()
        seen = list(self.observer.seen)
        self.call.hang_up(causes.SHUT_DOWN)
        self.assertEqual(self.observer.seen, seen)

    def test_no_application_and_closing_down_refuse_the_call(self) -> None:
        self.serve(lambda call: Deferred())
        self.selected = ""
        self.assertEqual(self.ring().cause, causes.NO_APPLICATION)
        self.selected = "under test"
        self.control.accepting = False
        self.assertEqual(self.ring().cause, causes.CLOSING_DOWN)
        self.assertEqual(self.control.calls, {})

    def test_operator_asks_the_application_to_hang_up(self) -> None:
        async def application(call: Call) -> None:
            await call.next_event()
            self.read.append(await call.next_event())

        self.serve(application)
        leg = self.ring()
        self.control.hang_up_all(causes.SHUT_DOWN)
        self.assertEqual(self.read, [HangUpRequest(cause=causes.SHUT_DOWN)])
        self.assertEqual(leg.state, "released")

    def test_call_that_the_gateway_originates_has_a_request_and_no_leg(self) -> None:
        async def application(call: Call) -> None:
            self.assertEqual((call.request, call.legs), ("f1", []))

        self.serve(application)
        self.control.originate("under test", "f1")
        self.assertEqual(self.control.calls, {})

    def test_events_have_one_reader(self) -> None:
        async def application(call: Call) -> None:
            await call.next_event()
            waiting = call.next_event()
            self.assertRaises(RuntimeError, call.next_event)
            await waiting

        self.serve(application)
        self.ring()
        self.assertIn("A", self.control.calls)
