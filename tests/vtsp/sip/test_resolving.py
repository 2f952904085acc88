"""Hops by twisted.names: answers and failures of the DNS, the hosts file, what is remembered and for how long."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sipmessage import URI
from twisted.internet import defer
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.names import dns
from twisted.names.common import ResolverBase
from twisted.names.error import DNSNameError, DNSServerError
from twisted.names.hosts import Resolver as HostsFile
from twisted.trial.unittest import SynchronousTestCase

from sandf.protocols.sip.hops import Transport
from sandf.vtsp.sip.resolving import MOST_ANSWERS, SipResolver

ZONE: dict[tuple[str, int], list[Any]] = {
    ("example.com", dns.NAPTR): [
        dns.Record_NAPTR(10, 10, b"s", b"SIP+D2T", b"", b"_sip._tcp.example.com"),
        dns.Record_NAPTR(20, 10, b"s", b"SIP+D2U", b"", b"_sip._udp.example.com"),
    ],
    ("_sip._tcp.example.com", dns.SRV): [dns.Record_SRV(1, 0, 5070, b"A.example.com")],
    ("_sip._udp.example.com", dns.SRV): [dns.Record_SRV(1, 0, 5060, b"a.example.com")],
    ("a.example.com", dns.A): [dns.Record_CNAME(b"b.example.com"), dns.Record_A("192.0.2.1")],
    ("a.example.com", dns.AAAA): [dns.Record_AAAA("2001:db8::1")],
    ("plain.example", dns.A): [dns.Record_A("192.0.2.9")],
}


class Servers(ResolverBase):
    """Name servers with a zone, that may fail or fall silent."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[str, int]] = []
        self.ttl = 300
        self.fault: Exception | None = None
        self.silent = False

    def _lookup(self, name: bytes, cls: int, type: int, timeout: Any) -> Deferred[Any]:
        key = (name.decode().lower(), type)
        self.asked.append(key)
        if self.silent:
            return Deferred()
        if self.fault is not None:
            return defer.fail(self.fault)
        if not any(known == key[0] for known, _ in ZONE):
            return defer.fail(DNSNameError())
        records = [
            dns.RRHeader(name=name, type=record.TYPE, ttl=self.ttl, payload=record) for record in ZONE.get(key, [])
        ]
        return defer.succeed((records, [], []))


class Resolved(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.servers = Servers()
        self.made = 0
        hosts = Path(self.mktemp())
        hosts.write_text("192.0.2.50 pbx pbx.example\n2001:db8::50 pbx\n")
        self.resolver = SipResolver(self.make, self.clock, draw=lambda: 0.5, hosts=HostsFile(str(hosts).encode()))

    def make(self) -> Any:
        self.made += 1
        return self.servers

    def hops(self, uri: str, transport: Transport = Transport.UDP) -> list[str]:
        found = self.resolver.locate(URI.parse(uri), transport)
        return [str(hop) for hop in self.successResultOf(found)]

    def test_the_transport_of_the_trunk_where_the_uri_leaves_it_open(self) -> None:
        self.assertEqual(self.hops("sip:1@example.com"), ["UDP 192.0.2.1:5060", "UDP [2001:db8::1]:5060"])
        self.assertEqual(
            self.hops("sip:1@example.com", Transport.TCP), ["TCP 192.0.2.1:5070", "TCP [2001:db8::1]:5070"]
        )
        self.assertEqual(self.hops("sip:1@example.com;transport=tcp")[0], "TCP 192.0.2.1:5070")
        self.assertEqual(self.hops("sips:plain.example"), ["TLS 192.0.2.9:5061"])

    def test_an_address_needs_no_name_server(self) -> None:
        self.assertEqual(self.hops("sip:1@192.0.2.3:5080"), ["UDP 192.0.2.3:5080"])
        self.assertEqual(self.made, 0)

    def test_the_hosts_file_needs_none_either(self) -> None:
        self.assertEqual(self.hops("sip:1@PBX"), ["UDP 192.0.2.50:5060", "UDP [2001:db8::50]:5060"])
        self.assertEqual(self.hops("sip:1@pbx.example:5070", Transport.TCP), ["TCP 192.0.2.50:5070"])
        self.assertEqual(self.servers.asked, [])

    def test_answers_are_kept_for_their_time(self) -> None:
        self.hops("sip:plain.example")
        asked = len(self.servers.asked)
        self.clock.advance(59)
        self.hops("sip:plain.example")
        self.assertEqual(len(self.servers.asked), asked)
        self.clock.advance(2)
        self.hops("sip:plain.example")
        names = self.servers.asked[asked:]
        self.assertIn(("plain.example", dns.NAPTR), names)
        self.assertNotIn(("plain.example", dns.A), names)
        self.clock.advance(240)
        self.hops("sip:plain.example")
        self.assertIn(("plain.example", dns.A), self.servers.asked[asked + len(names) :])

    def test_a_time_to_live_of_zero_still_serves_a_burst_of_calls(self) -> None:
        self.servers.ttl = 0
        self.hops("sip:a.example.com:5060")
        self.hops("sip:a.example.com:5060")
        self.assertEqual(len(self.servers.asked), 2)

    def test_names_that_do_not_exist(self) -> None:
        self.assertEqual(self.hops("sip:nowhere.example"), [])
        asked = len(self.servers.asked)
        self.assertEqual(self.hops("sip:nowhere.example"), [])
        self.assertEqual(len(self.servers.asked), asked)

    def test_failures_are_not_remembered(self) -> None:
        self.servers.fault = DNSServerError()
        self.assertEqual(self.hops("sip:plain.example:5060"), [])
        self.servers.fault = None
        self.assertEqual(self.hops("sip:plain.example:5060"), ["UDP 192.0.2.9:5060"])

    def test_servers_that_are_silent_cost_six_seconds(self) -> None:
        self.servers.silent = True
        found = self.resolver.locate(URI.parse("sip:1@example.com"), Transport.UDP)
        self.clock.advance(5.9)
        self.assertNoResult(found)
        self.clock.advance(0.2)
        self.assertEqual(self.successResultOf(found), [])
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.servers.silent = False
        self.assertEqual(len(self.hops("sip:1@example.com")), 2)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_what_goes_nowhere(self) -> None:
        for uri in ("tel:+1555", "sip:example.com;transport=sctp", "sip:" + "x" * 300 + ".example"):
            self.assertEqual(self.hops(uri), [])

    def test_what_is_remembered_is_bounded(self) -> None:
        for number in range(MOST_ANSWERS + 10):
            self.hops(f"sip:h{number}.example:5060")
        self.assertEqual(len(self.servers.asked), 2 * (MOST_ANSWERS + 10))
        self.hops(f"sip:h{MOST_ANSWERS}.example:5060")
        self.assertEqual(len(self.servers.asked), 2 * (MOST_ANSWERS + 10))
        self.hops("sip:h0.example:5060")
        self.assertEqual(len(self.servers.asked), 2 * (MOST_ANSWERS + 11))
