"""The virtual exchange: who rings, and how calls end."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from sandf import causes
from sandf.callcontrol.media import Bearer
from sandf.callcontrol.primitives import TelephoneCall
from sandf.causes import Cause
from sandf.protocols.t30.pump import BearerLost, ListenForFrames, SendFrames, Signal
from sandf.vtsp.exchange import Machine, VirtualExchange, VirtualPortSettings
from sandf.vtsp.impairments import Impairments
from sandf.vtsp.interfaces import ICallEnd, ICallUser, IPort
from sandf.vtsp.line import LineEnd


@implementer(ICallUser)
class Party:
    """Notes what it is told, and when."""

    def __init__(self, reactor: Clock, does: Callable[[Party], None] | None = None) -> None:
        self.call_id = "call"
        self.peer_tag = 0
        self.facts: dict[str, object] = {}
        self.told: list[tuple[float, str]] = []
        self.cause: Cause | None = None
        self.end: ICallEnd
        self.bearer: LineEnd
        self.signals: list[Signal] = []
        self.call: TelephoneCall | None = None
        self._reactor = reactor
        self._does = does

    def note(self, word: str) -> None:
        self.told.append((round(self._reactor.seconds(), 6), word))

    def words(self) -> list[str]:
        return [word for _, word in self.told]

    def offered(self) -> None:
        self.note("offered")
        if self._does is not None:
            self._does(self)

    def alerted(self) -> None:
        self.note("alerted")

    def connected(self, bearer: Bearer) -> None:
        self.note("connected")
        assert isinstance(bearer, LineEnd)
        self.bearer = bearer
        bearer.attach(self.signals.append)

    def cleared(self, cause: Cause, detail: str) -> None:
        self.note(cause.name)
        self.cause = cause


class ExchangeCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.reactor = Clock()
        self.called: list[Party] = []
        self.does: Callable[[Party], None] | None = lambda party: party.end.answer()
        self.peers: dict[str, str] = {"100": "a", "200": "b"}
        self.build(VirtualPortSettings(name="a"), VirtualPortSettings(name="b"))

    def build(self, *ports: VirtualPortSettings, machines: dict[str, Machine] | None = None) -> None:
        self.exchange = VirtualExchange(
            reactor=self.reactor,
            ports=ports,
            wanted=lambda called, calling, port: self.peers.get(called) == port,
            offer=self.offer,
            machines=machines or {},
        )

    def offer(self, call: TelephoneCall, end: ICallEnd) -> Party:
        party = Party(self.reactor, self.does)
        party.call, party.end = call, end
        self.called.append(party)
        return party

    def dial(self, called: str, port: str = "a", answer_timeout: float = 60.0) -> Party:
        caller = Party(self.reactor)
        setup = TelephoneCall(port=port, called=called, calling="5", answer_timeout=answer_timeout)
        caller.end = self.exchange.ports[port].dial(setup, caller)
        return caller

    def tearDown(self) -> None:
        self.assertEqual(self.reactor.getDelayedCalls(), [])
        self.assertEqual(self.exchange.calls, set())
        for name in self.exchange.ports:
            self.assertEqual(self.exchange.in_use(name), 0)


class RoutingTests(ExchangeCase):
    def test_the_port_that_a_peer_wants_it_on_rings(self) -> None:
        caller = self.dial("200")
        self.reactor.advance(1)
        self.assertEqual(self.called[0].call, TelephoneCall(port="b", called="200", calling="5"))
        self.assertEqual((caller.words(), self.called[0].words()), (["connected"], ["offered", "connected"]))
        caller.end.clear(causes.DELIVERED)
        self.assertIs(self.called[0].cause, causes.FAR_CLEARED)

    def test_a_port_rings_itself(self) -> None:
        caller = self.dial("100")
        self.reactor.advance(1)
        self.assertEqual(self.called[0].call, TelephoneCall(port="a", called="100", calling="5"))
        self.assertEqual(self.exchange.in_use("a"), 2)
        self.called[0].end.clear(causes.RECEIVED)
        self.assertIs(caller.cause, causes.FAR_CLEARED)

    def test_a_number_that_nobody_wants_is_unallocated(self) -> None:
        caller = self.dial("300")
        self.reactor.advance(1)
        self.assertEqual(caller.words(), ["number_unallocated"])

    def test_a_machine_rings_where_no_peer_wants_the_call(self) -> None:
        machines = {"200": Machine(self.offer), "300": Machine(self.offer)}
        self.build(VirtualPortSettings(name="a"), VirtualPortSettings(name="b"), machines=machines)
        for number, port in (("300", "a"), ("200", "b")):
            caller = self.dial(number)
            self.reactor.advance(1)
            call = self.called[-1].call
            assert call is not None
            self.assertEqual((call.called, call.port), (number, port))
            caller.end.clear(causes.DELIVERED)

    def test_commas_are_pauses(self) -> None:
        caller = self.dial("2,,00,")
        self.reactor.advance(2.9)
        self.assertEqual(self.called, [])
        self.reactor.advance(0.2)
        call = self.called[0].call
        assert call is not None
        self.assertEqual(call.called, "200")
        caller.end.clear(causes.DELIVERED)

    def test_max_conn_makes_callers_find_it_busy(self) -> None:
        self.build(VirtualPortSettings(name="a"), VirtualPortSettings(name="b", max_conn=1))
        first, second = self.dial("200"), self.dial("200")
        self.reactor.advance(1)
        self.assertEqual((first.words(), second.words()), (["connected"], ["busy"]))
        first.end.clear(causes.DELIVERED)
        third = self.dial("200")
        self.reactor.advance(1)
        self.assertEqual(third.words(), ["connected"])
        third.end.clear(causes.DELIVERED)

    def test_max_conn_keeps_calls_from_going_out(self) -> None:
        self.build(VirtualPortSettings(name="a", max_conn=1), VirtualPortSettings(name="b"))
        first, second = self.dial("200"), self.dial("200")
        self.reactor.advance(1)
        self.assertEqual((first.words(), second.words()), (["connected"], ["no_port"]))
        first.end.clear(causes.DELIVERED)

    def test_a_port_with_one_line_is_busy_to_itself(self) -> None:
        self.build(VirtualPortSettings(name="a", max_conn=1))
        caller = self.dial("100")
        self.reactor.advance(1)
        self.assertEqual(caller.words(), ["busy"])

    def test_ports_are_ports(self) -> None:
        verifyObject(IPort, self.exchange.ports["a"])
        caller = self.dial("200")
        verifyObject(ICallEnd, caller.end)
        caller.end.clear(causes.CANCELLED)


class LifeTests(ExchangeCase):
    def test_ringing_then_answer(self) -> None:
        self.does = lambda party: party.end.alert()
        caller = self.dial("200")
        self.reactor.advance(20)
        self.assertEqual(caller.words(), ["alerted"])
        self.called[0].end.answer()
        self.called[0].end.answer()
        self.reactor.advance(100)
        self.assertEqual(caller.words(), ["alerted", "connected"])
        caller.end.clear(causes.DELIVERED)

    def test_nobody_answers_in_the_time_of_the_call(self) -> None:
        self.build(VirtualPortSettings(name="a", speed=50), VirtualPortSettings(name="b"))
        self.does = lambda party: party.end.alert()
        caller = self.dial("200", answer_timeout=30)
        self.reactor.advance(0.59)
        self.assertEqual(caller.words(), ["alerted"])
        self.reactor.advance(0.02)
        self.assertEqual(
            (caller.words(), self.called[0].words()), (["alerted", "no_answer"], ["offered", "far_cleared"])
        )

    def test_a_held_call_rings_no_longer(self) -> None:
        caller = self.dial("300")
        release = caller.end.hold()
        self.reactor.advance(100)
        self.assertEqual(caller.words(), [])
        release()
        self.reactor.advance(1)
        self.assertEqual(caller.words(), ["number_unallocated"])

    def test_a_refusal_is_heard_by_its_q850_cause(self) -> None:
        for said, heard in (
            (causes.BUSY, causes.BUSY),
            (causes.NO_APPLICATION, causes.NO_ROUTE),
            (causes.NUMBER_CHANGED, causes.NUMBER_CHANGED),
            (causes.CLOSING_DOWN, causes.CALL_REJECTED),
        ):
            self.does = lambda party, said=said: party.end.clear(said)
            caller = self.dial("200")
            self.reactor.advance(1)
            self.assertIs(caller.cause, heard)

    def test_giving_up_reaches_the_called_party(self) -> None:
        self.does = None
        caller = self.dial("200")
        self.reactor.advance(5)
        caller.end.clear(causes.CANCELLED)
        caller.end.clear(causes.CANCELLED)
        self.called[0].end.answer()
        self.assertEqual((caller.words(), self.called[0].words()), ([], ["offered", "far_cleared"]))

    def test_clearing_loses_both_bearers(self) -> None:
        caller = self.dial("200")
        self.reactor.advance(1)
        called = self.called[0]
        caller.end.clear(causes.DELIVERED)
        self.assertEqual((caller.signals, called.signals), ([BearerLost()], [BearerLost()]))

    def test_clearing_takes_as_long_as_what_was_said_before_it(self) -> None:
        line = Impairments(delay=0.4)
        self.build(VirtualPortSettings(name="a", impairments=line), VirtualPortSettings(name="b"))
        caller = self.dial("200")
        self.reactor.advance(1)
        called = self.called[0]
        called.bearer.carry_out(ListenForFrames())
        caller.bearer.carry_out(SendFrames(frames=(b"\xff\x13\xfb",)))
        self.reactor.advance(1.3)
        caller.end.clear(causes.DELIVERED)
        self.assertEqual(called.signals[1:], [])
        self.assertIs(called.cause, None)
        self.reactor.advance(0.5)
        self.assertIsInstance(called.signals[-1], BearerLost)
        self.assertIs(called.cause, causes.FAR_CLEARED)

    def test_a_call_hung_up_by_both_at_once(self) -> None:
        self.build(VirtualPortSettings(name="a", impairments=Impairments(delay=0.4)), VirtualPortSettings(name="b"))
        caller = self.dial("200")
        self.reactor.advance(1)
        caller.end.clear(causes.DELIVERED)
        self.called[0].end.clear(causes.RECEIVED)
        self.reactor.advance(1)
        self.assertEqual((caller.cause, self.called[0].cause), (None, None))
