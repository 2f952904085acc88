"""RFC 3263: the questions that a URI leads to, and the hops that their answers make."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import cycle
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from sipmessage import URI
from twisted.trial.unittest import SynchronousTestCase

from sandf.protocols.sip.hops import Hop, Transport
from sandf.protocols.sip.locating import (
    Address,
    Answer,
    LocatingError,
    Naptr,
    NaptrRecord,
    Question,
    Srv,
    SrvRecord,
    locate,
)

BOUNDED = settings(deadline=None, derandomize=True, max_examples=100)
UDP, TCP, TLS = Transport.UDP, Transport.TCP, Transport.TLS
ALL = (UDP, TCP, TLS)

ZONE: dict[Question, Answer] = {
    Naptr("example.com"): [
        NaptrRecord(order=50, preference=20, flags="s", service="SIP+D2T", replacement="_sip._tcp.example.com"),
        NaptrRecord(order=50, preference=10, flags="S", service="sips+d2t", replacement="_sips._tcp.Example.com."),
        NaptrRecord(order=90, preference=1, flags="s", service="SIP+D2U", replacement="_sip._udp.example.com"),
        NaptrRecord(order=1, preference=1, flags="u", service="E2U+sip", replacement="."),
        NaptrRecord(order=1, preference=1, flags="s", service="SIP+D2S", replacement="_sip._sctp.example.com"),
    ],
    Srv("_sips._tcp.example.com"): [SrvRecord(priority=1, weight=0, port=5061, target="a.example.com")],
    Srv("_sip._tcp.example.com"): [SrvRecord(priority=1, weight=0, port=5070, target="a.example.com")],
    Srv("_sip._udp.example.com"): [
        SrvRecord(priority=2, weight=0, port=5060, target="b.example.com"),
        SrvRecord(priority=1, weight=7, port=5062, target="a.example.com"),
    ],
    Address("a.example.com"): ["192.0.2.1"],
    Address("b.example.com"): ["192.0.2.2", "2001:db8::2"],
    Srv("_sip._udp.srv.example"): [SrvRecord(priority=1, weight=1, port=5080, target="b.example.com")],
    Address("plain.example"): ["192.0.2.9"],
    Srv("_sip._udp.gone.example"): [SrvRecord(priority=0, weight=0, port=0, target="")],
    Address("gone.example"): ["192.0.2.66"],
}


class Located(SynchronousTestCase):
    def setUp(self) -> None:
        self.asked: list[Question] = []

    def hops(self, uri: str, transports: Sequence[Transport] = ALL, zone: dict[Question, Answer] = ZONE) -> list[Hop]:
        questions = locate(URI.parse(uri), transports=transports, draw=lambda: 0.5)
        try:
            question = next(questions)
            while True:
                self.asked.append(question)
                question = questions.send(zone.get(question, []))
        except StopIteration as end:
            hops: list[Hop] = end.value
            return hops

    def shown(self, uri: str, transports: Sequence[Transport] = ALL) -> list[str]:
        return [str(hop) for hop in self.hops(uri, transports)]

    def test_addresses_ask_nothing(self) -> None:
        for uri, shown in (
            ("sip:1@192.0.2.7", "UDP 192.0.2.7:5060"),
            ("sip:1@192.0.2.7:5080;transport=TCP", "TCP 192.0.2.7:5080"),
            ("sip:1@[2001:db8::7];transport=tls", "TLS [2001:db8::7]:5061"),
            ("sips:1@192.0.2.7", "TLS 192.0.2.7:5061"),
            ("sips:1@192.0.2.7;transport=tcp", "TLS 192.0.2.7:5061"),
            ("sip:example.com;maddr=192.0.2.8", "UDP 192.0.2.8:5060"),
        ):
            self.assertEqual(self.shown(uri), [shown], uri)
        self.assertEqual(self.asked, [])

    def test_a_port_asks_for_addresses_only(self) -> None:
        self.assertEqual(self.shown("sip:b.example.com:5099"), ["UDP 192.0.2.2:5099", "UDP [2001:db8::2]:5099"])
        self.assertEqual(self.shown("sip:A.EXAMPLE.com.:5099", (TCP, TLS)), ["TCP 192.0.2.1:5099"])
        self.assertEqual(self.asked, [Address("b.example.com"), Address("a.example.com")])

    def test_naptr_in_the_order_of_the_domain(self) -> None:
        found = self.shown("sip:1@Example.com")
        self.assertEqual(found[:3], ["TLS 192.0.2.1:5061", "TCP 192.0.2.1:5070", "UDP 192.0.2.1:5062"])
        self.assertEqual(found[3:], ["UDP 192.0.2.2:5060", "UDP [2001:db8::2]:5060"])
        self.assertEqual(self.asked[0], Naptr("example.com"))

    def test_naptr_only_of_transports_that_we_have(self) -> None:
        self.assertEqual(self.shown("sip:example.com", (TCP,)), ["TCP 192.0.2.1:5070"])
        self.assertEqual(self.shown("sips:example.com"), ["TLS 192.0.2.1:5061"])

    def test_a_transport_asks_for_its_service(self) -> None:
        self.assertEqual(self.shown("sip:example.com;transport=tcp"), ["TCP 192.0.2.1:5070"])
        self.assertEqual(self.asked[0], Srv("_sip._tcp.example.com"))

    def test_services_in_our_order_without_naptr(self) -> None:
        self.assertEqual(
            self.shown("sip:srv.example", (TLS, TCP, UDP)), ["UDP 192.0.2.2:5080", "UDP [2001:db8::2]:5080"]
        )
        services = [Srv(f"{name}.srv.example") for name in ("_sips._tcp", "_sip._tcp", "_sip._udp")]
        self.assertEqual(self.asked[:4], [Naptr("srv.example"), *services])

    def test_addresses_where_there_is_no_service(self) -> None:
        self.assertEqual(self.shown("sip:plain.example"), ["UDP 192.0.2.9:5060"])
        self.assertEqual(self.shown("sips:plain.example"), ["TLS 192.0.2.9:5061"])
        self.assertEqual(self.shown("sip:plain.example;transport=tcp"), ["TCP 192.0.2.9:5060"])

    def test_a_service_that_is_decidedly_not_there(self) -> None:
        self.assertEqual(self.shown("sip:gone.example"), [])

    def test_nothing_at_all(self) -> None:
        self.assertEqual(self.shown("sip:nowhere.example"), [])

    def test_the_certificate_is_that_of_the_domain_of_the_uri(self) -> None:
        self.assertEqual({hop.domain for hop in self.hops("sips:1@Example.com.")}, {"example.com"})

    def test_what_goes_nowhere(self) -> None:
        for uri, transports in (
            ("tel:+15551234", ALL),
            ("sips:example.com", (UDP, TCP)),
            ("sips:example.com;transport=udp", ALL),
            ("sip:example.com;transport=sctp", ALL),
            ("sip:example.com", ()),
        ):
            self.assertRaises(LocatingError, self.hops, uri, transports)

    def test_weights(self) -> None:
        records = [SrvRecord(priority=1, weight=w, port=5060, target=f"t{w}") for w in (0, 10, 30)]
        zone: dict[Question, Answer] = {Srv("_sip._udp.w"): records}
        zone |= {Address(f"t{w}"): [f"192.0.2.{w}"] for w in (0, 10, 30)}
        random = Random(1)
        first: Counter[str] = Counter()
        for _ in range(2000):
            questions = locate(URI.parse("sip:w;transport=udp"), transports=ALL, draw=random.random)
            question = next(questions)
            try:
                while True:
                    question = questions.send(zone[question])
            except StopIteration as end:
                self.assertEqual(sorted(hop.host for hop in end.value), ["192.0.2.0", "192.0.2.10", "192.0.2.30"])
                first[end.value[0].host] += 1
        self.assertLess(abs(first["192.0.2.30"] - 1500), 100)
        self.assertLess(first["192.0.2.0"], 10)

    def test_what_is_followed_is_bounded(self) -> None:
        records = [SrvRecord(priority=1, weight=1, port=n, target=f"t{n}") for n in range(1, 500)]
        zone: dict[Question, Answer] = {Srv(f"_{name}.many"): records for name in ("sip._udp", "sip._tcp", "sips._tcp")}
        zone |= {Address(f"t{n}"): ["192.0.2.1", "192.0.2.2"] for n in range(1, 500)}
        self.assertEqual(len(self.hops("sip:many", zone=zone)), 16)
        self.assertLess(len(self.asked), 25)

    @BOUNDED
    @given(st.data())
    def test_any_answers_lead_to_an_end(self, data: st.DataObject) -> None:
        names = st.sampled_from(["", ".", "a", "_sip._udp.a", "x" * 300])
        small = st.integers(0, 65535)
        records = st.one_of(
            st.builds(
                NaptrRecord,
                order=small,
                preference=small,
                flags=st.sampled_from("sSu"),
                service=st.sampled_from(["SIP+D2U", "SIP+D2T", "?"]),
                replacement=names,
            ),
            st.builds(SrvRecord, priority=small, weight=small, port=small, target=names),
            st.sampled_from(["192.0.2.1", "2001:db8::1", "a", ""]),
        )
        answers = cycle(data.draw(st.lists(st.lists(records, max_size=20), min_size=1, max_size=5)))
        uri = data.draw(st.sampled_from(["sip:a", "sips:a", "sip:a;transport=tcp", "sip:a:5060"]))
        questions = locate(URI.parse(uri), transports=ALL, draw=lambda: data.draw(st.floats(0, 1)))
        asked = 0
        try:
            next(questions)
            while True:
                asked += 1
                questions.send(next(answers))
        except StopIteration as end:
            self.assertLessEqual(len(end.value), 16)
        self.assertLess(asked, 60)
