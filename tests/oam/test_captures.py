"""What is kept of a SIP call: lines in the ladder, and a capture that holds every packet, within bounds."""

from __future__ import annotations

import ipaddress
from base64 import b64decode

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from sandf.callcontrol.primitives import ProviderKind
from sandf.oam.captures import summary
from sandf.oam.pcap import Address, CapturedPacket, capture
from sandf.oam.refusal import Refusal
from sandf.oam.show import render
from sandf.protocols.t38.ifp import Indicator, encode
from sandf.protocols.t38.udptl import Sender

from .world import World

HERE, THERE = ("192.0.2.1", 5060), ("192.0.2.2", 5060)
INVITE = (
    b"INVITE sip:5551234@192.0.2.2 SIP/2.0\r\nCall-ID: a@b\r\nCSeq: 1 INVITE\r\n"
    b'Authorization: Digest username="u", nonce="n", response="0123456789abcdef", cnonce="77"\r\n\r\n'
    b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=image 4000 udptl t38\r\n"
    b"a=T38FaxVersion:0\r\na=T38MaxBitRate:14400\r\na=T38FaxUdpEC:t38UDPRedundancy\r\n"
)
OK = b"SIP/2.0 200 OK\r\nCall-ID: a@b\r\nCSeq: 1 INVITE\r\n\r\n"


def udp_of(pcap: bytes) -> list[tuple[float, Address, Address, bytes]]:
    """The datagrams in a capture, read by hand."""
    found = []
    at = 24
    while at < len(pcap):
        seconds, micro, size, whole = (int.from_bytes(pcap[at + n : at + n + 4], "little") for n in (0, 4, 8, 12))
        assert size == whole
        packet = pcap[at + 16 : at + 16 + size]
        at += 16 + size
        head = 20 if packet[0] >> 4 == 4 else 40
        hosts = (packet[12:16], packet[16:20]) if head == 20 else (packet[8:24], packet[24:40])
        source, to = (str(ipaddress.ip_address(host)) for host in hosts)
        ports = int.from_bytes(packet[head : head + 2], "big"), int.from_bytes(packet[head + 2 : head + 4], "big")
        pseudo = b"".join(hosts) + (size - head).to_bytes(4, "big") + b"\0\0\0\x11" + packet[head:]
        assert total(pseudo) == 0xFFFF and (head == 40 or total(packet[:20]) == 0xFFFF)
        found.append((seconds + micro / 1e6, (source, ports[0]), (to, ports[1]), packet[head + 8 :]))
    return found


def total(octets: bytes) -> int:
    """The ones' complement sum, which a right checksum makes 0xFFFF."""
    octets += b"\0" * (len(octets) % 2)
    result = 0
    for at in range(0, len(octets), 2):
        result += int.from_bytes(octets[at : at + 2], "big")
        result = (result & 0xFFFF) + (result >> 16)
    return result


class PcapTests(SynchronousTestCase):
    @given(st.lists(st.tuples(st.floats(0, 2e9), st.booleans(), st.binary(max_size=60)), max_size=5))
    def test_what_goes_in_comes_out(self, rows: list[tuple[float, bool, bytes]]) -> None:
        packets = []
        for at, six, octets in rows:
            hosts = ("2001:db8::1", "2001:db8::2") if six else ("192.0.2.1", "192.0.2.2")
            packets.append(CapturedPacket(at, (hosts[0], 5060), (hosts[1], 40000), octets))
        found = udp_of(capture(packets))
        self.assertEqual([one[1:] for one in found], [one[1:] for one in packets])
        for (at, *_), packet in zip(found, packets, strict=True):
            self.assertLess(abs(at - packet.at), 1.1)


class CaptureTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.world = World()
        self.fax = self.world.sending(self.world.accept())
        self.call_id = self.fax.call_id

    def signal(self, octets: bytes, *, outward: bool, transport: str = "UDP") -> None:
        at = self.world.clock.seconds()
        self.world.captures.signal(
            self.call_id, outward=outward, octets=octets, local=HERE, remote=THERE, transport=transport, at=at
        )

    def packet(self, octets: bytes, *, outward: bool) -> None:
        at = self.world.clock.seconds()
        self.world.captures.packet(
            self.call_id, outward=outward, octets=octets, local=("192.0.2.1", 4000), remote=("192.0.2.2", 4002), at=at
        )

    def captured(self) -> list[tuple[float, Address, Address, bytes]]:
        value = self.successResultOf(Deferred.fromCoroutine(self.world.inspection.capture(self.call_id)))
        return udp_of(b64decode(str(value["octets"])))

    def test_in_the_ladder(self) -> None:
        self.signal(INVITE, outward=True)
        self.signal(OK, outward=False, transport="TCP")
        sender = Sender(redundancy=1)
        for indicator in (Indicator.V21_PREAMBLE, Indicator.V21_PREAMBLE, Indicator.NO_SIGNAL):
            self.packet(sender.send(encode(indicator)), outward=False)
        value = self.successResultOf(Deferred.fromCoroutine(self.world.inspection.trace(self.call_id)))
        text = render(value)
        self.assertIn(" INVITE (T.38) ", text)
        self.assertIn("T.38 at port 4000, version 0, 14400 bit/s", text)
        self.assertIn(" 200 OK (INVITE) over TCP", text)
        self.assertEqual(text.count("v21-preamble"), 1)
        self.assertEqual(text.count("no-signal"), 1)

    def test_every_packet_in_its_order_and_no_secret(self) -> None:
        self.signal(INVITE, outward=True)
        self.packet(b"\0\0\1\6\0\0", outward=False)
        (_, source, to, first), (_, back, _, second) = self.captured()
        self.assertEqual((source, to, back), (HERE, THERE, ("192.0.2.2", 4002)))
        self.assertEqual(second, b"\0\0\1\6\0\0")
        self.assertNotIn(b"0123456789abcdef", first)
        self.assertIn(b'response="xxxxxxxxxxxxxxxx"', first)
        self.assertEqual(len(first), len(INVITE))

    def test_the_first_and_the_last_ones_are_kept(self) -> None:
        self.signal(OK, outward=False)
        for number in range(300):
            self.packet(number.to_bytes(2, "big") + bytes(98), outward=True)
        kept = [int.from_bytes(octets[:2], "big") for _, _, _, octets in self.captured()[1:]]
        self.assertEqual(kept[:3], [0, 1, 2])
        self.assertEqual(kept[-1], 299)
        self.assertTrue(75 <= len(kept) <= 100, len(kept))

    def test_after_the_call_it_is_in_the_store_with_the_answer_to_bye(self) -> None:
        self.signal(INVITE, outward=True)
        self.world.finish(self.fax)
        self.signal(OK, outward=False)
        value = self.successResultOf(Deferred.fromCoroutine(self.world.inspection.trace(self.call_id)))
        self.assertIn(" 200 OK (INVITE)", render(value))
        self.world.clock.advance(4.0)
        self.assertEqual([octets[:7] for _, _, _, octets in self.captured()], [b"INVITE ", b"SIP/2.0"])
        self.assertIsNotNone(self.successResultOf(self.world.store.capture(self.call_id)))
        self.signal(OK, outward=False)  # much too late, and no matter

    def test_a_gateway_that_closes_down_keeps_what_waits(self) -> None:
        self.signal(INVITE, outward=True)
        self.world.finish(self.fax)
        self.successResultOf(Deferred.fromCoroutine(self.world.captures.stop()))
        self.assertIsNotNone(self.successResultOf(self.world.store.capture(self.call_id)))

    def test_no_packets(self) -> None:
        self.world.capture_limit = 0
        self.signal(INVITE, outward=True)
        refusal = self.failureResultOf(Deferred.fromCoroutine(self.world.inspection.capture(self.call_id)), Refusal)
        self.assertIn("no packets", str(refusal.value))

    def test_shown_with_the_call(self) -> None:
        line = self.world.leg(ProviderKind.TELEPHONY)
        line.facts.update(remote_signalling="UDP 192.0.2.2:5060", remote_media="192.0.2.2:4002", t38_version=0)
        line.facts["media"] = lambda: {"PacketsLost": 7}
        for words in ("call active fax", "call active fax brief"):
            value = self.successResultOf(Deferred.fromCoroutine(self.world.inspection.show(words)))
            text = render(value)
            self.assertEqual("SIP:" in text, "brief" not in words)
        full = self.successResultOf(Deferred.fromCoroutine(self.world.inspection.show("call active fax")))
        block = full["calls"][0]["classic"][-1]["sip"]
        self.assertEqual((block["RemoteMedia"], block["T38Version"], block["PacketsLost"]), ("192.0.2.2:4002", 0, 7))

    @given(st.binary(max_size=80))
    def test_any_message_has_a_summary(self, octets: bytes) -> None:
        self.assertTrue(summary(octets))
