"""RTP packets, G.711 and the tones of a fax machine: octets, and what an ear would make of them."""

from __future__ import annotations

import cmath
import itertools
import math

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from sandf.protocols.rtp import g711
from sandf.protocols.rtp.packet import RtpError, RtpPacket, Sequencer, parse
from sandf.protocols.rtp.tones import PACKET, RATE, Tone, payloads, silence


def mu_law(octet: int) -> int:
    """A mu-law octet as a sample (G.711 Table 2a), written after the table."""
    octet ^= 0xFF
    value = (((octet & 0x0F) << 3) + 0x84 << (octet >> 4 & 7)) - 0x84
    return -value if octet & 0x80 else value


def a_law(octet: int) -> int:
    """An A-law octet as a sample (G.711 Table 1a), written after the table."""
    octet ^= 0x55
    value = (octet & 0x0F) << 4 | 8
    segment = octet >> 4 & 7
    if segment:
        value = value + 0x100 << segment - 1
    return value if octet & 0x80 else -value


DECODE = {"PCMU": mu_law, "PCMA": a_law}


def power(samples: list[int], hertz: float) -> float:
    """How strong *hertz* is in *samples*: the amplitude of that frequency."""
    total = sum(sample * cmath.exp(-2j * math.pi * hertz * n / RATE) for n, sample in enumerate(samples))
    return 2 * abs(total) / len(samples)


class PacketTests(SynchronousTestCase):
    def test_numbering(self) -> None:
        packets = Sequencer(payload_type=8, samples=160, seed=0x12345678_9ABCDEF0_FFFF)
        first, second = parse(packets.next(b"a")), parse(packets.next(b"b"))
        self.assertEqual((first.sequence, second.sequence), (0xFFFF, 0))
        self.assertEqual((second.timestamp - first.timestamp) & 0xFFFFFFFF, 160)
        self.assertEqual((first.marker, second.marker), (True, False))
        self.assertEqual((first.payload_type, first.payload, first.ssrc == second.ssrc), (8, b"a", True))

    def test_extension_sources_and_padding(self) -> None:
        head = bytes.fromhex("b2 00 0001 00000002 00000003".replace(" ", ""))
        octets = head + b"srcAsrcB" + b"\xbe\xde\x00\x01" + b"ext!" + b"voice" + b"\x00\x00\x03"
        self.assertEqual(parse(octets), RtpPacket(payload_type=0, sequence=1, timestamp=2, ssrc=3, payload=b"voice"))

    @given(st.binary(max_size=40))
    def test_anything(self, octets: bytes) -> None:
        try:
            parse(octets)
        except RtpError:
            pass


class G711Tests(SynchronousTestCase):
    def test_every_octet_comes_back(self) -> None:
        for codec, decode in DECODE.items():
            for octet in range(256):
                again = g711.encode([decode(octet)], codec)[0]
                self.assertEqual(decode(again), decode(octet), (codec, octet))

    def test_silence_is_silent(self) -> None:
        for codec, decode in DECODE.items():
            self.assertLessEqual(abs(decode(g711.SILENCE[codec])), 8)

    @given(st.integers(-32768, 32767))
    def test_any_sample_comes_near(self, sample: int) -> None:
        for codec, decode in DECODE.items():
            near = decode(g711.encode([sample], codec)[0])
            self.assertLessEqual(abs(near - sample), max(16, abs(sample) / 16), codec)


class ToneTests(SynchronousTestCase):
    def heard(self, tone: Tone, codec: str, packets: int) -> list[list[int]]:
        made = itertools.islice(payloads(tone, codec), packets)
        return [[DECODE[codec](octet) for octet in payload] for payload in made]

    def test_cng(self) -> None:
        for codec in DECODE:
            packets = self.heard(Tone.CNG, codec, 350)
            loud = [power(samples, 1100) > 3000 for samples in packets]
            self.assertEqual(loud, ([True] * 25 + [False] * 150) * 2)

    def test_ced_is_one_plain_tone_of_the_right_length(self) -> None:
        for codec in DECODE:
            packets = self.heard(Tone.CED, codec, 300)
            loud = [power(samples, 2100) > 3000 for samples in packets]
            self.assertEqual(loud, [True] * 150 + [False] * 150)  # 3 s
            tone = list(itertools.chain(*packets[:150]))
            # Whatever reversed its phase (ANSam: every 450 ms) would take from the tone as a whole.
            self.assertGreater(power(tone, 2100), 0.99 * power(packets[0], 2100))
            for hertz in (1100, 2100 - 15, 2100 + 15):  # nor is its level modulated by 15 Hz
                self.assertLess(power(tone, hertz), 0.02 * power(tone, 2100))

    def test_level(self) -> None:
        for codec, full in (("PCMU", 32636), ("PCMA", 32768)):
            peak = power(list(itertools.chain(*self.heard(Tone.CED, codec, 150))), 2100)
            self.assertAlmostEqual(20 * math.log10(peak / full) + 3.15, -12, 0, codec)

    def test_packets(self) -> None:
        self.assertEqual(len(silence("PCMU")), PACKET)
        self.assertEqual({len(payload) for payload in itertools.islice(payloads(Tone.CED, "PCMA"), 20)}, {PACKET})
