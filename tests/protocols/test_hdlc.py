"""HDLC frames: against T.30's own, whole, bit by bit, with a tail, damaged."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from sandf.protocols.hdlc import FLAG, Deframer, Frame, fcs, frame_bits, line_bits, stuffed_bits, unframed
from sandf.protocols.t4.bits import to_bits, to_octets

BOUNDED = settings(deadline=None, derandomize=True, max_examples=150)
MCF = bytes.fromhex("ffc88c")
FRAMES = st.binary(min_size=1, max_size=80) | st.lists(st.sampled_from([0, 0x7E, 0x7F, 0xFF, 0xFE]), min_size=1).map(
    bytes
)


def one_by_one(deframer: Deframer, bits: str) -> list[Frame]:
    return [frame for bit in bits for frame in deframer.feed_bits(bit)]


class OnTheLine(SynchronousTestCase):
    def test_the_check_value_of_the_fcs(self) -> None:
        """The catalogued check of CRC-16/IBM-SDLC (X.25) over 123456789 is 906E, low octet first on the line."""
        self.assertEqual(fcs(b"123456789").hex(), "6e90")
        self.assertEqual(unframed(b"123456789\x6e\x90"), Frame(b"123456789", True))

    def test_a_zero_after_five_ones(self) -> None:
        self.assertEqual(frame_bits(b"\xff")[:9], "111110111")
        self.assertEqual(stuffed_bits(b"\xff"), 9)
        self.assertEqual(stuffed_bits(b"\xff\xff\xff\xff\xff"), 48)
        self.assertEqual(stuffed_bits(b"\x1f\x1f"), 18)
        self.assertEqual(stuffed_bits(b""), 0)

    def test_no_flag_inside_a_frame(self) -> None:
        for octets in (b"\x7e" * 20, b"\xff" * 20, bytes(range(256))):
            self.assertNotIn("111111", frame_bits(octets))

    def test_flags_as_asked_for(self) -> None:
        bits = line_bits([MCF, MCF], opening=37, between=2, closing=3)
        self.assertEqual(bits.count(FLAG), 42)
        self.assertTrue(bits.startswith(FLAG * 37))
        self.assertTrue(bits.endswith(FLAG * 3))

    @BOUNDED
    @given(FRAMES)
    def test_stuffed_bits_is_what_is_sent(self, octets: bytes) -> None:
        self.assertEqual(stuffed_bits(octets + fcs(octets)), len(frame_bits(octets)))


class OffTheLine(SynchronousTestCase):
    @BOUNDED
    @given(st.lists(FRAMES, min_size=1, max_size=5), st.integers(1, 3), st.text("01", max_size=12))
    def test_every_frame_comes_back(self, frames: list[bytes], between: int, noise: str) -> None:
        expected = [Frame(octets, True) for octets in frames]
        bits = line_bits(frames, opening=2, between=between)
        self.assertEqual(Deframer().feed_bits(bits), expected)
        self.assertEqual(one_by_one(Deframer(), bits), expected)
        self.assertEqual(Deframer().feed_bits(noise + bits + "1" * 20)[-len(frames) :], expected)
        octets = to_octets(bits.ljust((len(bits) + 7) // 8 * 8, "1"))
        deframer = Deframer()
        self.assertEqual([one for octet in octets for one in deframer.feed(bytes((octet,)))], expected)

    def test_flags_that_share_a_zero(self) -> None:
        bits = "0111111" * 20 + "0" + frame_bits(MCF) + "0111111" * 3 + "0"
        deframer = Deframer()
        self.assertEqual(deframer.feed_bits(bits), [Frame(MCF, True)])
        self.assertEqual(deframer.flags, 23)

    def test_two_transmissions_with_idle_between(self) -> None:
        bits = line_bits([MCF]) + "1" * 400 + line_bits([MCF[:2] + b"\x4c"], opening=20)
        self.assertEqual([frame.octets[2] for frame in Deframer().feed_bits(bits)], [0x8C, 0x4C])
        self.assertEqual([frame.octets[2] for frame in one_by_one(Deframer(), bits)], [0x8C, 0x4C])

    def test_an_aborted_frame_is_left_out(self) -> None:
        for cut in (30, 36):
            bits = FLAG + frame_bits(MCF)[:cut] + "1" * 9 + FLAG + frame_bits(MCF) + FLAG
            for deframer, frames in (
                (one := Deframer(), one.feed_bits(bits)),
                (two := Deframer(), one_by_one(two, bits)),
            ):
                self.assertEqual((frames, deframer.aborts), ([Frame(MCF, True)], 1))

    def test_bad_frames(self) -> None:
        body = to_bits(MCF + fcs(MCF))
        for name, content in (
            ("one bit wrong", body[:16] + "1" + body[17:]),
            ("a bit short", body[:-1]),
            ("a bit long", body + "0"),
            ("no FCS", to_bits(b"\x01\x02\x03")),
        ):
            (frame,) = Deframer().feed_bits(FLAG + content.replace("11111", "111110") + FLAG)
            self.assertFalse(frame.intact, name)

    def test_scraps_are_noise(self) -> None:
        for content in ("", "0", "01", to_bits(b"\x01\x02")):
            self.assertEqual(Deframer().feed_bits(FLAG + content + FLAG), [])
        self.assertFalse(unframed(b"").intact)
        self.assertFalse(unframed(b"\x00\x00").intact)

    def test_a_frame_without_end_is_bounded(self) -> None:
        deframer = Deframer(longest=260)
        self.assertEqual(deframer.feed_bits(FLAG), [])
        for _ in range(100):
            self.assertEqual(deframer.feed(bytes(100)), [])
        self.assertLess(len(deframer._pending), 3000)
        self.assertEqual(deframer.feed_bits(FLAG + frame_bits(MCF) + FLAG), [Frame(MCF, True)])

    @BOUNDED
    @given(st.lists(st.binary(max_size=60), max_size=10))
    def test_pieces_of_noise_say_the_same_as_the_whole(self, pieces: list[bytes]) -> None:
        flags = to_octets(FLAG)
        whole, parts = Deframer(), Deframer()
        octets = flags.join(pieces)
        self.assertEqual(whole.feed(octets), [one for octet in octets for one in parts.feed(bytes((octet,)))])
