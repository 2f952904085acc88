"""The four charts of SIP transactions as tables: complete, and each row as the figures of the RFCs have it."""

from __future__ import annotations

import math

from sipmessage import URI, Request, Response
from twisted.trial.unittest import SynchronousTestCase

from sandf.protocols.sip.chart import Chart, Input, State, Transaction, Trigger, What
from sandf.protocols.sip.client_charts import INVITE_CLIENT, NON_INVITE_CLIENT, ClientTransaction
from sandf.protocols.sip.hops import Hop, Transport
from sandf.protocols.sip.message import response_to
from sandf.protocols.sip.server_charts import INVITE_SERVER, NON_INVITE_SERVER, ServerTransaction
from sandf.protocols.sip.timers import ROWS, Reliable, Timer, Timers
from sandf.protocols.sip.transaction_events import Event

CALLING, TRYING, PROCEEDING, COMPLETED = State.CALLING, State.TRYING, State.PROCEEDING, State.COMPLETED
CONFIRMED, ACCEPTED, TERMINATED = State.CONFIRMED, State.ACCEPTED, State.TERMINATED

CLIENT = (Input.PROVISIONAL, Input.SUCCESS, Input.FAILURE, Input.CANCEL, Input.UNREACHABLE)
SERVER = tuple(one for one in Input if one not in CLIENT)
UDP = Hop(transport=Transport.UDP, host="192.0.2.9", port=5060)

# What each input does: what is sent and told, in this order, and the state that follows.
Expected = dict[tuple[State, Trigger], tuple[str, State]]

FIGURE_5: Expected = {
    (CALLING, Timer.A): ("INVITE", CALLING),
    (CALLING, Timer.B): ("TimedOut", TERMINATED),
    (CALLING, Timer.X_NEXT_HOP): ("Unresponsive", CALLING),
    (CALLING, Input.PROVISIONAL): ("ResponseArrived", PROCEEDING),
    (CALLING, Input.SUCCESS): ("ResponseArrived", ACCEPTED),
    (CALLING, Input.FAILURE): ("ACK ResponseArrived", COMPLETED),
    (CALLING, Input.CANCEL): ("", CALLING),
    (CALLING, Input.UNREACHABLE): ("TransportFailed", TERMINATED),
    (PROCEEDING, Timer.X_REINVITE): ("CANCEL", PROCEEDING),
    (PROCEEDING, Timer.X_CANCELLED): ("TimedOut", TERMINATED),
    (PROCEEDING, Input.PROVISIONAL): ("ResponseArrived", PROCEEDING),
    (PROCEEDING, Input.SUCCESS): ("ResponseArrived", ACCEPTED),
    (PROCEEDING, Input.FAILURE): ("ACK ResponseArrived", COMPLETED),
    (PROCEEDING, Input.CANCEL): ("CANCEL", PROCEEDING),
    (PROCEEDING, Input.UNREACHABLE): ("", PROCEEDING),
    (COMPLETED, Timer.D): ("", TERMINATED),
    (COMPLETED, Input.PROVISIONAL): ("", COMPLETED),
    (COMPLETED, Input.SUCCESS): ("", COMPLETED),
    (COMPLETED, Input.FAILURE): ("ACK", COMPLETED),
    (COMPLETED, Input.CANCEL): ("", COMPLETED),
    (COMPLETED, Input.UNREACHABLE): ("TransportFailed", TERMINATED),
    (ACCEPTED, Timer.M): ("", TERMINATED),
    (ACCEPTED, Input.PROVISIONAL): ("", ACCEPTED),
    (ACCEPTED, Input.SUCCESS): ("ResponseArrived", ACCEPTED),
    (ACCEPTED, Input.FAILURE): ("", ACCEPTED),
    (ACCEPTED, Input.CANCEL): ("", ACCEPTED),
    (ACCEPTED, Input.UNREACHABLE): ("", ACCEPTED),
}
FIGURE_6: Expected = {
    (TRYING, Timer.E): ("BYE", TRYING),
    (TRYING, Timer.F): ("TimedOut", TERMINATED),
    (TRYING, Input.PROVISIONAL): ("ResponseArrived", PROCEEDING),
    (TRYING, Input.SUCCESS): ("ResponseArrived", COMPLETED),
    (TRYING, Input.FAILURE): ("ResponseArrived", COMPLETED),
    (TRYING, Input.CANCEL): ("", TRYING),
    (TRYING, Input.UNREACHABLE): ("TransportFailed", TERMINATED),
    (PROCEEDING, Timer.E): ("BYE", PROCEEDING),
    (PROCEEDING, Timer.F): ("TimedOut", TERMINATED),
    (PROCEEDING, Input.PROVISIONAL): ("ResponseArrived", PROCEEDING),
    (PROCEEDING, Input.SUCCESS): ("ResponseArrived", COMPLETED),
    (PROCEEDING, Input.FAILURE): ("ResponseArrived", COMPLETED),
    (PROCEEDING, Input.CANCEL): ("", PROCEEDING),
    (PROCEEDING, Input.UNREACHABLE): ("TransportFailed", TERMINATED),
    (COMPLETED, Timer.K): ("", TERMINATED),
    (COMPLETED, Input.PROVISIONAL): ("", COMPLETED),
    (COMPLETED, Input.SUCCESS): ("", COMPLETED),
    (COMPLETED, Input.FAILURE): ("", COMPLETED),
    (COMPLETED, Input.CANCEL): ("", COMPLETED),
    (COMPLETED, Input.UNREACHABLE): ("", COMPLETED),
}
FIGURE_7: Expected = {
    (PROCEEDING, Timer.X_TRYING): ("100", PROCEEDING),
    (PROCEEDING, Timer.X_RELIABLE): ("183", PROCEEDING),
    (PROCEEDING, Timer.X_PRACK): ("PrackMissing", PROCEEDING),
    (PROCEEDING, Input.REQUEST): ("183", PROCEEDING),
    (PROCEEDING, Input.ACK): ("", PROCEEDING),
    (PROCEEDING, Input.SAY_PROVISIONAL): ("180", PROCEEDING),
    (PROCEEDING, Input.SAY_RELIABLY): ("183", PROCEEDING),
    (PROCEEDING, Input.SAY_SUCCESS): ("200", ACCEPTED),
    (PROCEEDING, Input.SAY_FAILURE): ("486", COMPLETED),
    (PROCEEDING, Input.ACKNOWLEDGED): ("", PROCEEDING),
    (PROCEEDING, Input.PROVISIONAL_ACKNOWLEDGED): ("", PROCEEDING),
    (COMPLETED, Timer.G): ("486", COMPLETED),
    (COMPLETED, Timer.H): ("", TERMINATED),
    (COMPLETED, Input.REQUEST): ("486", COMPLETED),
    (COMPLETED, Input.ACK): ("", CONFIRMED),
    (CONFIRMED, Timer.I): ("", TERMINATED),
    (ACCEPTED, Timer.X_SUCCESS): ("200", ACCEPTED),
    (ACCEPTED, Timer.L): ("AckMissing", TERMINATED),
    (ACCEPTED, Input.ACK): ("RequestArrived", ACCEPTED),
    (ACCEPTED, Input.SAY_SUCCESS): ("200", ACCEPTED),
}
FIGURE_8: Expected = {
    (TRYING, Input.SAY_PROVISIONAL): ("180", PROCEEDING),
    (TRYING, Input.SAY_SUCCESS): ("200", COMPLETED),
    (TRYING, Input.SAY_FAILURE): ("486", COMPLETED),
    (PROCEEDING, Input.REQUEST): ("180", PROCEEDING),
    (PROCEEDING, Input.SAY_PROVISIONAL): ("180", PROCEEDING),
    (PROCEEDING, Input.SAY_SUCCESS): ("200", COMPLETED),
    (PROCEEDING, Input.SAY_FAILURE): ("486", COMPLETED),
    (COMPLETED, Timer.J): ("", TERMINATED),
    (COMPLETED, Input.REQUEST): ("486", COMPLETED),
}
"""In figures 7 and 8 what is not listed changes nothing."""

SET_ELSEWHERE = (Timer.X_CANCELLED, Timer.X_NEXT_HOP, Timer.X_REINVITE)
"""Timers that run only where there was a CANCEL, another hop, or a session."""

CODES = {
    Input.PROVISIONAL: 180,
    Input.SUCCESS: 200,
    Input.FAILURE: 486,
    Input.SAY_PROVISIONAL: 180,
    Input.SAY_RELIABLY: 183,
    Input.SAY_SUCCESS: 200,
    Input.SAY_FAILURE: 486,
}
# How a transaction of each chart comes into a state.
WAYS: dict[State, tuple[Input, ...]] = {
    CALLING: (),
    TRYING: (),
    PROCEEDING: (Input.PROVISIONAL,),
    COMPLETED: (Input.FAILURE,),
    ACCEPTED: (Input.SUCCESS,),
}
WAYS_OF_SERVERS: dict[State, tuple[Input, ...]] = {
    TRYING: (),
    PROCEEDING: (Input.SAY_PROVISIONAL,),
    COMPLETED: (Input.SAY_FAILURE,),
    CONFIRMED: (Input.SAY_FAILURE, Input.ACK),
    ACCEPTED: (Input.SAY_SUCCESS,),
}


class Notes:
    """A layer that notes what transactions send and tell, by one word each."""

    def __init__(self) -> None:
        self.timers = Timers()
        self.source = UDP
        self.words: list[str] = []

    def send_octets(self, octets: bytes, hop: Hop) -> None:
        words = octets.decode().split()
        self.words.append(words[1] if words[0] == "SIP/2.0" else words[0])

    def emit(self, event: Event) -> None:
        self.words.append(type(event).__name__)

    def begin_cancel(self, request: Request, hop: Hop, now: float) -> str:
        self.words.append(request.method)
        return "key"


def request(method: str) -> Request:
    made = Request(method, URI.parse("sip:a@b"))
    for name, value in (("Via", "SIP/2.0/UDP b;branch=z9hG4bK1"), ("From", "<sip:a@b>"), ("To", "<sip:a@b>")):
        made.headers.add(name, value)
    made.headers.add("Call-ID", "1")
    made.headers.add("CSeq", f"1 {method}")
    return made


class Figures(SynchronousTestCase):
    def client(self, method: str, state: State) -> tuple[Transaction, Notes]:
        notes = Notes()
        made = ClientTransaction(layer=notes, key="k", hop=UDP, request=request(method), sent_by="b:5060")
        return self.brought(made, method, WAYS[state], state), notes

    def server(self, method: str, state: State, reliably: bool) -> tuple[Transaction, Notes]:
        notes = Notes()
        made = ServerTransaction(layer=notes, key="k", hop=UDP, request=request(method))
        way = WAYS_OF_SERVERS[state]
        if method == "INVITE" and state is PROCEEDING:
            way = (Input.SAY_RELIABLY,) if reliably else ()
        return self.brought(made, method, way, state), notes

    def brought(self, transaction: Transaction, method: str, way: tuple[Input, ...], state: State) -> Transaction:
        transaction.begin(0.0)
        for step in way:
            transaction.take(step, self.message(step, method), 0.0)
        self.assertIs(transaction.state, state)
        return transaction

    def message(self, trigger: Trigger, method: str) -> What:
        if isinstance(trigger, Input) and trigger in CODES:
            response: Response = response_to(request(method), CODES[trigger], to_tag="t")
            return response
        return request("ACK") if trigger is Input.ACK else None

    def follow(self, transaction: Transaction, notes: Notes, trigger: Trigger, method: str) -> tuple[str, State]:
        notes.words.clear()
        if isinstance(trigger, Timer):
            self.assertTrue(trigger in transaction.running or trigger in SET_ELSEWHERE, trigger)
            transaction.running.pop(trigger, None)
        transaction.take(trigger, self.message(trigger, method), 1.0)
        return " ".join(notes.words), transaction.state

    def test_clients(self) -> None:
        for chart, figure, method in ((INVITE_CLIENT, FIGURE_5, "INVITE"), (NON_INVITE_CLIENT, FIGURE_6, "BYE")):
            self.assertEqual(set(chart.rows), set(figure))
            for (state, trigger), expected in figure.items():
                transaction, notes = self.client(method, state)
                self.assertEqual(self.follow(transaction, notes, trigger, method), expected, (method, state, trigger))

    def test_servers(self) -> None:
        for chart, figure, method in ((INVITE_SERVER, FIGURE_7, "INVITE"), (NON_INVITE_SERVER, FIGURE_8, "BYE")):
            self.assertLessEqual(set(figure), set(chart.rows))
            for state, trigger in chart.rows:
                reliably = trigger in (Timer.X_RELIABLE, Timer.X_PRACK, Input.REQUEST)
                transaction, notes = self.server(method, state, reliably)
                expected = figure.get((state, trigger), ("", state))
                self.assertEqual(self.follow(transaction, notes, trigger, method), expected, (method, state, trigger))

    def test_every_input_has_a_row_in_every_state(self) -> None:
        for chart, inputs in (
            (INVITE_CLIENT, CLIENT),
            (NON_INVITE_CLIENT, CLIENT),
            (INVITE_SERVER, SERVER),
            (NON_INVITE_SERVER, SERVER),
        ):
            states = {state for state, _ in chart.rows}
            self.assertIn(chart.begins, states)
            for state in states:
                for one in inputs:
                    self.assertIn((state, one), chart.rows)
            self.assert_timers_have_rows(chart)

    def assert_timers_have_rows(self, chart: Chart) -> None:
        for state, timers in chart.timers.items():
            for timer in timers:
                self.assertIn((state, timer), chart.rows)


class Rows(SynchronousTestCase):
    def test_values_of_table_4_and_of_rfc_6026(self) -> None:
        timers = Timers()
        values = {timer.value: timers.seconds(timer, reliable=False) for timer in Timer}
        reliable = {timer.value: timers.seconds(timer, reliable=True) for timer in Timer}
        self.assertEqual([values[name] for name in "ABDEFGHIJKLM"], [0.5, 32, 32, 0.5, 32, 0.5, 32, 5, 32, 5, 32, 32])
        expected = [None, 32, 0, None, 32, None, 32, 0, 0, 0, 32, 32]
        self.assertEqual([reliable[name] for name in "ABDEFGHIJKLM"], expected)

    def test_every_timer_has_a_row_and_the_fastest_network_is_respected(self) -> None:
        self.assertEqual(set(ROWS), set(Timer))
        timers = Timers(t1=2.0, t2=16.0, t4=17.0)
        self.assertEqual(timers.seconds(Timer.B, reliable=False), 128.0)
        self.assertEqual((timers.again(Timer.E, 12.0), timers.again(Timer.A, 12.0)), (16.0, 24.0))
        self.assertIs(ROWS[Timer.X_SUCCESS].reliable, Reliable.SAME)

    def test_values_that_are_refused(self) -> None:
        for bad in (0.0, -1.0, math.nan, math.inf):
            self.assertRaises(ValueError, Timers, t1=bad)
            self.assertRaises(ValueError, Timers, t4=bad)
        self.assertRaises(ValueError, Timers, t1=5.0, t2=4.0)
