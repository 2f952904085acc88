"""SIP transactions: schedules to the RFC, matching, answers on the way back, and that nothing leaks."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st
from sipmessage import URI, Request, Response
from twisted.trial.unittest import SynchronousTestCase

from sandf.protocols.sip import transactions as layer
from sandf.protocols.sip.hops import Hop, Transport
from sandf.protocols.sip.message import parse, response_to, serialise
from sandf.protocols.sip.timers import Timers
from sandf.protocols.sip.transactions import (
    AckMissing,
    Malformed,
    PrackMissing,
    RequestArrived,
    ResponseArrived,
    TimedOut,
    Transactions,
    TransportFailed,
)
from sandf.protocols.sip.values import tag_of

UDP = Hop(transport=Transport.UDP, host="192.0.2.9", port=5060)
TCP = Hop(transport=Transport.TCP, host="192.0.2.9", port=40_000)
NEVER = 1e9

T1_DOUBLING = [0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
T1_TO_T2 = [0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]


def request_of(octets: bytes) -> Request:
    message = parse(octets)
    assert isinstance(message, Request)
    return message


def ours(method: str = "INVITE") -> Request:
    request = Request(method, URI.parse("sip:5551234@192.0.2.9"))
    for name, value in (
        ("Max-Forwards", "70"),
        ("Route", "<sip:proxy;lr>"),
        ("From", "<sip:us@192.0.2.1>;tag=ours"),
        ("To", "<sip:5551234@192.0.2.9>"),
        ("Call-ID", "call"),
        ("CSeq", f"3 {method}"),
    ):
        request.headers.add(name, value)
    return request


def theirs(
    method: str = "INVITE",
    *,
    branch: str = "z9hG4bKtheirs",
    via: str = "SIP/2.0/UDP 192.0.2.9:5060",
    rport: str = ";rport",
    to: str = "<sip:us@192.0.2.1>",
    number: int = 1,
) -> bytes:
    return (
        f"{method} sip:us@192.0.2.1 SIP/2.0\r\nVia: {via};branch={branch}{rport}\r\n"
        f"From: <sip:them@192.0.2.9>;tag=theirs\r\nTo: {to}\r\nCall-ID: call\r\nCSeq: {number} {method}\r\n\r\n"
    ).encode()


class Endpoint:
    """Transactions with a clock that moves from deadline to deadline."""

    def __init__(self) -> None:
        self.now = 0.0
        words = itertools.count(1)
        self.layer = Transactions(
            timers=Timers(), token=lambda: f"w{next(words)}", sent_by=lambda hop: "192.0.2.1:5060"
        )
        self.sent: list[tuple[float, bytes, Hop]] = []
        self.happened: list[tuple[float, layer.Event]] = []

    def drain(self) -> None:
        self.sent += [(self.now, packet.octets, packet.hop) for packet in self.layer.take_packets()]
        self.happened += [(self.now, event) for event in self.layer.events()]

    def run(self, until: float = 1000.0) -> None:
        self.drain()
        while (deadline := self.layer.next_deadline()) is not None and deadline <= until:
            assert deadline >= self.now
            self.now = deadline
            self.layer.handle_timer(self.now)
            self.drain()
        self.now = until

    def request(self, request: Request, hop: Hop = UDP) -> str:
        key = self.layer.request(request, hop, self.now)
        self.drain()
        return key

    def receive(self, octets: bytes, hop: Hop = UDP) -> None:
        self.layer.receive(octets, hop, self.now)
        self.drain()

    def answer(self, code: int, *, tag: str = "far", which: int = 0) -> bytes:
        """The far end's response to a request that we sent."""
        octets = serialise(response_to(request_of(self.sent[which][1]), code, to_tag=tag))
        self.receive(octets, self.sent[which][2])
        return octets

    def invited(self, hop: Hop = UDP, **given: str) -> tuple[str, Request]:
        self.receive(theirs(**given), hop)  # type: ignore[arg-type]
        event = self.last()
        assert isinstance(event, RequestArrived)
        return event.key, event.request

    def respond(self, key: str, request: Request, code: int) -> None:
        self.layer.respond(key, response_to(request, code, to_tag="us"), self.now)
        self.drain()

    def last(self) -> layer.Event:
        return self.happened[-1][1]

    def times(self, start: bytes) -> list[float]:
        return [at for at, octets, _ in self.sent if octets.startswith(start)]

    def kinds(self) -> list[type[layer.Event]]:
        return [type(event) for _, event in self.happened]


class WithEndpoint(SynchronousTestCase):
    def setUp(self) -> None:
        self.end = Endpoint()

    def assert_over(self) -> None:
        self.assertEqual((len(self.end.layer), self.end.layer.next_deadline()), (0, None))


class Requests(WithEndpoint):
    """Requests of ours."""

    def test_our_via_is_on_top_and_the_request_is_left_alone(self) -> None:
        request = ours()
        self.end.request(request)
        sent = self.end.sent[0][1].split(b"\r\n")
        self.assertEqual(sent[0], b"INVITE sip:5551234@192.0.2.9 SIP/2.0")
        self.assertEqual(sent[1], b"Via: SIP/2.0/UDP 192.0.2.1:5060;rport;branch=z9hG4bKw1")
        self.assertIsNone(request.headers.get("Via"))

    def test_an_invite_that_nobody_answers(self) -> None:
        key = self.end.request(ours())
        self.end.run()
        self.assertEqual(self.end.times(b"INVITE"), T1_DOUBLING)
        self.assertEqual(len({octets for _, octets, _ in self.end.sent}), 1)
        self.assertEqual(self.end.happened, [(32.0, TimedOut(key=key))])
        self.assert_over()

    def test_another_request_that_nobody_answers(self) -> None:
        key = self.end.request(ours("BYE"))
        self.end.run()
        self.assertEqual(self.end.times(b"BYE"), T1_TO_T2)
        self.assertEqual(self.end.happened, [(32.0, TimedOut(key=key))])
        self.assert_over()

    def test_nothing_is_sent_again_over_tcp(self) -> None:
        for method in ("INVITE", "BYE"):
            end = Endpoint()
            key = end.request(ours(method), TCP)
            end.run()
            self.assertEqual(end.times(method.encode()), [0])
            self.assertEqual(end.happened, [(32.0, TimedOut(key=key))])

    def test_a_provisional_response_stops_an_invite_and_slows_others(self) -> None:
        self.end.request(ours())
        self.end.run(0.6)
        self.end.answer(180)
        self.end.run()
        self.assertEqual(self.end.times(b"INVITE"), [0, 0.5])
        self.assertEqual(len(self.end.layer), 1)
        other = Endpoint()
        other.request(ours("BYE"))
        other.run(0.6)
        other.answer(100)
        other.run()
        self.assertEqual(other.times(b"BYE"), [0, 0.5, 1.5, 5.5, 9.5, 13.5, 17.5, 21.5, 25.5, 29.5])
        self.assertEqual(other.happened[-1][0], 32.0)

    def test_a_refusal_is_acknowledged_whenever_it_comes(self) -> None:
        key = self.end.request(ours())
        self.end.answer(486)
        self.end.run(10)
        self.end.answer(486)
        acks = [octets for _, octets, _ in self.end.sent if octets.startswith(b"ACK")]
        self.assertEqual(
            acks,
            [
                b"ACK sip:5551234@192.0.2.9 SIP/2.0\r\n"
                b"Via: SIP/2.0/UDP 192.0.2.1:5060;rport;branch=z9hG4bKw1\r\n"
                b"Max-Forwards: 70\r\nRoute: <sip:proxy;lr>\r\n"
                b"From: <sip:us@192.0.2.1>;tag=ours\r\nTo: <sip:5551234@192.0.2.9>;tag=far\r\n"
                b"Call-ID: call\r\nCSeq: 3 ACK\r\nContent-Length: 0\r\n\r\n"
            ]
            * 2,
        )
        event = self.end.last()
        assert isinstance(event, ResponseArrived)
        self.assertEqual((event.key, event.response.code, self.end.kinds()), (key, 486, [ResponseArrived]))
        self.end.run(31.9)
        self.assertEqual(len(self.end.layer), 1)
        self.end.run(32)
        self.assert_over()

    def test_over_tcp_a_final_response_ends_it_at_once(self) -> None:
        for method, code in (("INVITE", 486), ("BYE", 200), ("BYE", 481)):
            self.end = Endpoint()
            self.end.request(ours(method), TCP)
            self.end.answer(code)
            self.assertEqual(self.end.kinds(), [ResponseArrived])
            self.assert_over()

    def test_every_2xx_of_an_invite_is_told_for_32_seconds(self) -> None:
        self.end.request(ours())
        self.end.answer(183)
        self.end.answer(200)
        self.end.answer(200)
        self.end.answer(200, tag="fork")
        self.end.answer(180)
        self.end.answer(486)
        codes = [event.response.code for _, event in self.end.happened if isinstance(event, ResponseArrived)]
        self.assertEqual(codes, [183, 200, 200, 200])
        self.assertEqual(self.end.times(b"ACK"), [])
        self.end.run(31.9)
        self.end.answer(200)
        self.assertEqual(len(self.end.happened), 5)
        self.end.run(32)
        self.assert_over()
        self.end.answer(200)
        self.assertEqual((len(self.end.happened), self.end.layer.dropped), (5, 1))

    def test_a_second_answer_to_another_request_is_absorbed(self) -> None:
        self.end.request(ours("BYE"))
        self.end.answer(200)
        self.end.answer(200)
        self.assertEqual(self.end.kinds(), [ResponseArrived])
        self.end.run(4.9)
        self.assertEqual(len(self.end.layer), 1)
        self.end.run(5)
        self.assert_over()

    def test_responses_that_are_not_ours(self) -> None:
        self.end.request(ours())
        good = serialise(response_to(request_of(self.end.sent[0][1]), 200, to_tag="far"))
        for bad in (
            good.replace(b"z9hG4bKw1", b"z9hG4bKw2"),
            good.replace(b"192.0.2.1:5060;", b"192.0.2.2:5060;"),
            good.replace(b"3 INVITE", b"3 BYE"),
            good.replace(b"Via: ", b"Via: SIP/2.0/UDP other;branch=z9hG4bKx\r\nVia: "),
            good.replace(b"\r\nFrom", b", SIP/2.0/UDP other;branch=z9hG4bKx\r\nFrom"),
        ):
            self.assertNotEqual(bad, good)
            self.end.receive(bad)
        self.assertEqual((self.end.happened, self.end.layer.dropped), ([], 5))
        self.end.receive(good.replace(b"192.0.2.1:5060;", b"192.0.2.1;"))
        self.assertEqual(self.end.kinds(), [ResponseArrived])

    def test_a_transport_that_fails(self) -> None:
        key = self.end.request(ours())
        bye = self.end.request(ours("BYE"))
        self.end.request(ours(), TCP)
        self.end.layer.unreachable(UDP, 0.0)
        self.end.drain()
        self.assertEqual(
            [event for _, event in self.end.happened], [TransportFailed(key=key), TransportFailed(key=bye)]
        )
        self.assertEqual(len(self.end.layer), 1)

    def test_an_invite_that_rings_outlives_its_connection(self) -> None:
        self.end.request(ours(), TCP)
        self.end.answer(180)
        self.end.layer.unreachable(TCP, 0.0)
        self.end.answer(200)
        self.assertEqual(self.end.kinds(), [ResponseArrived, ResponseArrived])

    def test_an_ack_goes_out_alone(self) -> None:
        self.end.layer.send(ours("ACK"), UDP, 0.0)
        self.end.run()
        self.assertEqual(self.end.times(b"ACK"), [0])
        self.assertIn(b"branch=z9hG4bKw1\r\n", self.end.sent[0][1])
        self.assert_over()
        self.assertRaises(ValueError, self.end.layer.request, ours("ACK"), UDP, 0.0)


class Cancelled(WithEndpoint):
    def test_at_once_where_it_rings(self) -> None:
        key = self.end.request(ours())
        self.end.answer(180)
        cancel = self.end.layer.cancel(key, self.end.now)
        self.end.drain()
        self.assertEqual(
            self.end.sent[1][1],
            b"CANCEL sip:5551234@192.0.2.9 SIP/2.0\r\n"
            b"Via: SIP/2.0/UDP 192.0.2.1:5060;rport;branch=z9hG4bKw1\r\n"
            b"Max-Forwards: 70\r\nRoute: <sip:proxy;lr>\r\n"
            b"From: <sip:us@192.0.2.1>;tag=ours\r\nTo: <sip:5551234@192.0.2.9>\r\n"
            b"Call-ID: call\r\nCSeq: 3 CANCEL\r\nContent-Length: 0\r\n\r\n",
        )
        self.end.answer(200, which=1)
        self.end.answer(487)
        keys = [event.key for _, event in self.end.happened if isinstance(event, ResponseArrived)]
        self.assertEqual(keys, [key, cancel, key])
        self.end.run()
        self.assert_over()

    def test_it_waits_for_a_provisional_response_and_is_sent_once(self) -> None:
        key = self.end.request(ours())
        self.assertIsNone(self.end.layer.cancel(key, 0.0))
        self.end.run(0.2)
        self.assertEqual(self.end.times(b"CANCEL"), [])
        self.end.answer(100)
        self.assertEqual(self.end.times(b"CANCEL"), [0.2])
        self.end.answer(180)
        self.end.layer.cancel(key, self.end.now)
        self.end.drain()
        self.assertEqual(self.end.times(b"CANCEL"), [0.2])

    def test_a_final_response_was_faster(self) -> None:
        for code in (200, 486):
            end = Endpoint()
            key = end.request(ours())
            end.layer.cancel(key, 0.0)
            end.answer(code)
            self.assertIsNone(end.layer.cancel(key, 0.0))
            end.run()
            self.assertEqual(end.times(b"CANCEL"), [])
            self.assertIsNone(end.layer.cancel(key, end.now))

    def test_an_invite_without_final_response_is_given_up(self) -> None:
        key = self.end.request(ours())
        self.end.answer(180)
        self.end.run(5)
        self.end.layer.cancel(key, 5.0)
        self.end.drain()
        self.end.answer(200, which=1)
        self.end.run()
        self.assertEqual(self.end.happened[-1], (37.0, TimedOut(key=key)))
        self.assert_over()

    def test_only_an_invite(self) -> None:
        key = self.end.request(ours("OPTIONS"))
        self.assertIsNone(self.end.layer.cancel(key, 0.0))


class Answered(WithEndpoint):
    """Requests of theirs."""

    def test_100_after_200_ms_unless_something_was_said(self) -> None:
        self.end.invited()
        self.end.run(5)
        self.assertEqual(self.end.times(b"SIP/2.0 100"), [0.2])
        self.assertEqual(tag_of(parse(self.end.sent[0][1]).headers["To"]), "")
        self.end.receive(theirs())
        self.assertEqual(self.end.times(b"SIP/2.0 100"), [0.2, 5])
        for code in (180, 200, 486):
            end = Endpoint()
            end.respond(*end.invited(), code)
            end.run()
            self.assertEqual(end.times(b"SIP/2.0 100"), [])

    def test_copies_are_absorbed_and_the_last_response_comes_again(self) -> None:
        key, request = self.end.invited()
        self.end.receive(theirs())
        self.assertEqual((len(self.end.happened), self.end.sent), (1, []))
        for code in (180, 183, 486):
            self.end.respond(key, request, code)
            self.end.receive(theirs())
            self.assertEqual(self.end.sent[-1], self.end.sent[-2])
        self.assertEqual(len(self.end.happened), 1)

    def test_a_refusal_comes_again_until_its_ack(self) -> None:
        self.end.respond(*self.end.invited(), 486)
        self.end.run(4)
        self.end.receive(theirs("ACK"))
        self.end.receive(theirs("ACK"))
        self.end.receive(theirs())
        self.end.run(8.9)
        self.assertEqual(self.end.times(b"SIP/2.0 486"), [0, 0.5, 1.5, 3.5])
        self.assertEqual(len(self.end.layer), 1)
        self.end.run(9)
        self.assertEqual(len(self.end.happened), 1)
        self.assert_over()

    def test_a_refusal_without_ack(self) -> None:
        self.end.respond(*self.end.invited(), 486)
        self.end.run()
        self.assertEqual(self.end.times(b"SIP/2.0 486"), T1_TO_T2)
        self.assertEqual(self.end.kinds(), [RequestArrived])
        self.assert_over()

    def test_a_refusal_over_tcp_is_sent_once_and_its_ack_ends_all(self) -> None:
        self.end.respond(*self.end.invited(TCP), 486)
        self.end.run(20)
        self.assertEqual(self.end.times(b"SIP/2.0 486"), [0])
        self.assertEqual(self.end.sent[0][2], TCP)
        self.end.receive(theirs("ACK"), TCP)
        self.assertEqual(len(self.end.happened), 1)
        self.assert_over()

    def test_a_2xx_comes_again_until_it_is_acknowledged_over_tcp_too(self) -> None:
        for hop in (UDP, TCP):
            self.end = Endpoint()
            key, request = self.end.invited(hop)
            self.end.respond(key, request, 200)
            self.end.run(2)
            self.end.receive(theirs("ACK", branch="z9hG4bKother"), hop)
            event = self.end.last()
            assert isinstance(event, RequestArrived)
            self.assertEqual((event.key, event.request.method), ("", "ACK"))
            self.end.layer.acknowledged(key, self.end.now)
            self.end.receive(theirs(), hop)
            self.end.run()
            self.assertEqual(self.end.times(b"SIP/2.0 200"), [0, 0.5, 1.5])
            self.assertEqual(self.end.kinds(), [RequestArrived, RequestArrived])
            self.assert_over()

    def test_a_2xx_without_ack(self) -> None:
        key, request = self.end.invited()
        self.end.respond(key, request, 200)
        self.end.run()
        self.assertEqual(self.end.times(b"SIP/2.0 200"), T1_TO_T2)
        self.assertEqual(self.end.happened[-1], (32.0, AckMissing(key=key)))
        self.assert_over()

    def test_the_ack_of_a_2xx_with_the_branch_of_its_invite(self) -> None:
        key, request = self.end.invited()
        self.end.respond(key, request, 200)
        self.end.receive(theirs("ACK"))
        event = self.end.last()
        assert isinstance(event, RequestArrived)
        self.assertEqual((event.key, event.request.method), ("", "ACK"))

    def test_a_reliable_provisional_response(self) -> None:
        key, request = self.end.invited()
        self.end.layer.respond_reliably(key, response_to(request, 183, to_tag="us"), 0.0)
        self.end.run(2)
        self.end.respond(key, request, 180)
        self.end.run(4)
        self.end.layer.provisional_acknowledged(key, 4.0)
        self.end.run(100)
        self.assertEqual(self.end.times(b"SIP/2.0 183"), [0, 0.5, 1.5, 3.5])
        self.assertEqual(self.end.kinds(), [RequestArrived])

    def test_a_reliable_provisional_response_without_prack(self) -> None:
        key, request = self.end.invited()
        self.end.layer.respond_reliably(key, response_to(request, 183, to_tag="us"), 0.0)
        self.end.run()
        self.assertEqual(self.end.times(b"SIP/2.0 183"), T1_DOUBLING)
        self.assertEqual(self.end.happened[-1], (32.0, PrackMissing(key=key)))
        self.end.respond(key, request, 504)
        self.end.receive(theirs("ACK"))
        self.end.run(2000)
        self.assert_over()

    def test_a_final_response_ends_a_reliable_provisional_one(self) -> None:
        key, request = self.end.invited()
        self.end.layer.respond_reliably(key, response_to(request, 183, to_tag="us"), 0.0)
        self.end.respond(key, request, 486)
        self.end.run()
        self.assertEqual(self.end.times(b"SIP/2.0 183"), [0])
        self.assertEqual(self.end.kinds(), [RequestArrived])

    def test_another_request(self) -> None:
        key, request = self.end.invited(method="OPTIONS")
        self.end.run(3)
        self.assertEqual(self.end.sent, [])
        self.end.receive(theirs("OPTIONS"))
        self.end.respond(key, request, 200)
        self.end.receive(theirs("OPTIONS"))
        self.end.respond(key, request, 486)
        self.assertEqual(self.end.times(b"SIP/2.0 200"), [3, 3])
        self.assertEqual(len(self.end.sent), 2)
        self.end.run(34.9)
        self.assertEqual(len(self.end.layer), 1)
        self.end.run(35)
        self.assert_over()
        self.assertEqual(self.end.kinds(), [RequestArrived])
        self.end.respond(key, request, 200)
        self.assertEqual(len(self.end.sent), 2)

    def test_another_request_over_tcp_is_over_with_its_answer(self) -> None:
        self.end.respond(*self.end.invited(TCP, method="OPTIONS"), 200)
        self.assertEqual(self.end.sent[0][2], TCP)
        self.assert_over()

    def test_the_way_back(self) -> None:
        nat = Hop(transport=Transport.UDP, host="203.0.113.7", port=1024)
        via = "SIP/2.0/UDP 10.0.0.5:5070"
        for asked, noted, port in (
            (";rport", ";rport=1024;received=203.0.113.7", 1024),
            ("", ";received=203.0.113.7", 5070),
        ):
            end = Endpoint()
            end.respond(*end.invited(nat, method="OPTIONS", via=via, rport=asked), 200)
            _, octets, hop = end.sent[0]
            self.assertEqual((hop.host, hop.port), ("203.0.113.7", port))
            self.assertIn(f"Via: {via};branch=z9hG4bKtheirs{noted}\r\n".encode(), octets)

    def test_other_vias_come_back_as_they_were(self) -> None:
        others = "SIP/2.0/TCP  a.b ;branch=z9hG4bK*;x=%41,  SIP/2.0/UDP [::1];ttl=1"
        octets = theirs("OPTIONS").replace(b"\r\nFrom", f", {others}\r\nVia: SIP/2.0/UDP last\r\nFrom".encode())
        self.end.receive(octets)
        event = self.end.last()
        assert isinstance(event, RequestArrived)
        self.end.respond(event.key, event.request, 200)
        values = b"SIP/2.0/TCP  a.b ;branch=z9hG4bK*;x=%41, SIP/2.0/UDP [::1];ttl=1\r\nVia: SIP/2.0/UDP last\r\n"
        self.assertIn(values, self.end.sent[0][1])

    def test_cancel_names_the_invite(self) -> None:
        key, _ = self.end.invited()
        self.end.receive(theirs("CANCEL"))
        event = self.end.last()
        assert isinstance(event, RequestArrived)
        self.assertEqual((event.request.method, event.cancels), ("CANCEL", key))
        self.assertNotEqual(event.key, key)
        self.end.receive(theirs("CANCEL", branch="z9hG4bKunknown"))
        event = self.end.last()
        assert isinstance(event, RequestArrived)
        self.assertEqual(event.cancels, "")

    def test_an_end_of_rfc_2543(self) -> None:
        for branch in ("1", "z9hG4bK"):
            self.end = Endpoint()
            key, request = self.end.invited(branch=branch)
            self.end.receive(theirs(branch=branch))
            self.assertEqual(len(self.end.happened), 1)
            self.end.receive(theirs("CANCEL", branch=branch))
            event = self.end.last()
            assert isinstance(event, RequestArrived)
            self.assertEqual(event.cancels, key)
            self.end.respond(key, request, 487)
            self.end.receive(theirs("ACK", branch=branch, to="<sip:us@192.0.2.1>;tag=us"))
            self.end.receive(theirs(branch=branch, number=2))
            self.assertEqual(len(self.end.happened), 3)
            self.end.run(30)
            self.assertEqual(self.end.times(b"SIP/2.0 487"), [0])

    def test_two_ends_with_the_same_branch(self) -> None:
        self.end.invited()
        self.end.receive(theirs(via="SIP/2.0/UDP 192.0.2.10:5060"))
        self.assertEqual(len(self.end.happened), 2)

    def test_more_requests_than_we_remember_get_503(self) -> None:
        self.patch(layer, "MOST_SERVER_TRANSACTIONS", 1)
        self.end.invited()
        self.end.receive(theirs(branch="z9hG4bKmore"))
        self.end.receive(theirs(branch="z9hG4bKmore"))
        self.assertEqual(len(self.end.layer), 1)
        self.assertEqual(self.end.sent[0][1], self.end.sent[1][1])
        self.assertTrue(self.end.sent[0][1].startswith(b"SIP/2.0 503 "))
        self.assertIn(b"\r\nRetry-After: 30\r\n", self.end.sent[0][1])


class Faulty(WithEndpoint):
    def test_a_request_whose_sender_can_be_told(self) -> None:
        octets = theirs("OPTIONS").replace(b"1 OPTIONS", b"x OPTIONS")
        self.end.receive(octets)
        self.end.receive(octets)
        first, second = (parse(packet.replace(b"x OPTIONS", b"1 OPTIONS")) for _, packet, _ in self.end.sent)
        assert isinstance(first, Response)
        self.assertEqual(first.code, 400)
        self.assertTrue(tag_of(first.headers["To"]))
        self.assertEqual(first.headers["To"], second.headers["To"])
        self.assertEqual(self.end.kinds(), [Malformed, Malformed])
        self.assertEqual(self.end.layer.dropped, 0)
        self.assert_over()

    def test_a_message_that_can_not(self) -> None:
        for octets in (b"nonsense", theirs("ACK").replace(b"1 ACK", b"1 BYE"), theirs().replace(b"Via", b"Viva")):
            self.end.receive(octets)
        self.assertEqual((self.end.sent, self.end.layer.dropped), ([], 3))
        reasons = [event.reason for _, event in self.end.happened if isinstance(event, Malformed)]
        self.assertEqual(reasons, ["no start line of SIP: 'nonsense'", "CSeq of a BYE in a ACK", "Via is missing"])

    def test_keep_alives_are_nothing(self) -> None:
        for octets in (b"", b"\r\n\r\n", b"\0\0\0\0", b"  "):
            self.end.receive(octets)
        self.assertEqual((self.end.happened, self.end.sent, self.end.layer.dropped), ([], [], 0))


def _lines(octets: bytes, at: int, to: int, octet: int) -> bytes:
    """A line twice."""
    lines = octets.split(b"\r\n")
    index = at % len(lines)
    return b"\r\n".join([*lines[: index + 1], lines[index], *lines[index + 1 :]])


def _cut(octets: bytes, at: int, to: int, octet: int) -> bytes:
    return octets[:at] + octets[to:]


def _flip(octets: bytes, at: int, to: int, octet: int) -> bytes:
    return octets[:at] + bytes([octet]) + octets[at + 1 :]


Mutation = Callable[[bytes, int, int, int], bytes]
MUTATIONS = (_lines, _cut, _flip)


class Mutated(SynchronousTestCase):
    @settings(deadline=None, derandomize=True, max_examples=400)
    @given(
        st.sampled_from(("INVITE", "OPTIONS", "ACK", "CANCEL", "180", "200", "486")),
        st.sampled_from(MUTATIONS),
        st.integers(0, 420),
        st.integers(0, 420),
        st.integers(0, 255),
        st.sampled_from((UDP, TCP)),
    )
    def test_nothing_is_raised_and_nothing_stays(
        self, kind: str, mutation: Mutation, at: int, to: int, octet: int, hop: Hop
    ) -> None:
        end = Endpoint()
        end.request(ours(), hop)
        end.invited()
        octets = theirs(kind)
        if kind.isdecimal():
            octets = serialise(response_to(request_of(end.sent[0][1]), int(kind), to_tag="far"))
        end.receive(mutation(octets, at, to, octet), hop)
        for _, event in list(end.happened):
            if isinstance(event, RequestArrived) and event.key:
                end.respond(event.key, event.request, 486)
        end.answer(486)
        end.layer.handle_timer(NEVER)
        end.layer.handle_timer(2 * NEVER)
        self.assertEqual((len(end.layer), end.layer.next_deadline()), (0, None))
