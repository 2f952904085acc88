"""Frames, DIS/DTC/DCS, modems, message endings, ECM blocks and air times: whole, cut and extended."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from sandf.protocols.hdlc import fcs
from sandf.protocols.t4.bits import to_bits, to_octets
from sandf.protocols.t4.codes import EOFB, EOL
from sandf.protocols.t4.form import Coding, PageForm, Paper, Resolution
from sandf.protocols.t4.line import to_line
from sandf.protocols.t30 import air, ecm, frames, modems, pump
from sandf.protocols.t30.capabilities import Capabilities, Parameters
from sandf.protocols.t30.events import OutgoingPage
from sandf.protocols.t30.frames import Fcf
from sandf.protocols.t30.message import find_end
from sandf.protocols.t30.negotiation import command, own_capabilities, page_offer
from sandf.protocols.t30.picture import Length, ScanLineTime
from sandf.protocols.t30.pump import Modulation
from sandf.protocols.t30.settings import TerminalSettings

PROFILE = settings(deadline=None, derandomize=True, max_examples=80)


def line_order(text: str) -> bytes:
    """Octets printed most significant bit first, as T.30 and traces print them, in our order."""
    return bytes(int(f"{octet:08b}"[::-1], 2) for octet in bytes.fromhex(text))


class Frames(SynchronousTestCase):
    def test_as_on_the_line(self) -> None:
        self.assertEqual(frames.build(Fcf.DIS, b"\0"), line_order("FF C8 01 00"))
        self.assertEqual(frames.build(Fcf.DCS, x=True), line_order("FF C8 C1"))
        self.assertEqual(frames.build(Fcf.CFR), line_order("FF C8 21"))
        self.assertEqual(frames.build(Fcf.DCN, x=True), line_order("FF C8 DF"))
        self.assertEqual(frames.build(Fcf.DTC, x=True), line_order("FF C8 81"))
        self.assertEqual(
            frames.build(Fcf.CSI, frames.encode_ident("+0123456789"), final=False),
            line_order("FF C0 02 9C 1C EC 6C AC 2C CC 4C 8C 0C D4 04 04 04 04 04 04 04 04 04"),
        )
        self.assertEqual(
            frames.build_pps(Fcf.MPS, page=1, block=0, frames=17, x=False), line_order("FF C8 7D 72 80 00 08")
        )
        self.assertEqual(frames.build_eor(Fcf.EOP, x=True), line_order("FF C8 F3 F4"))

    def test_every_fcf_comes_back_with_and_without_x(self) -> None:
        for fcf in Fcf:
            if fcf is Fcf.NULL:
                continue
            for x in (False, True):
                frame = frames.parse(frames.build(fcf, b"abc", x=x))
                assert frame is not None
                self.assertEqual((frame.fcf, frame.fif, frame.final), (fcf, b"abc", True))

    def test_distinct_octets(self) -> None:
        octets = [int(fcf) for fcf in Fcf]
        self.assertEqual(len(octets), len(set(octets)))

    def test_not_frames(self) -> None:
        for octets in (b"", b"\xff", b"\xff\x13", b"\x00\x13\x80", b"\xff\x55\x80", line_order("A2 02 B5 C9 7E 67")):
            self.assertIsNone(frames.parse(octets))
            self.assertEqual(frames.name_of(octets), "?")
        unknown = frames.parse(line_order("FF C8 00"))
        assert unknown is not None
        self.assertIsNone(unknown.fcf)

    @PROFILE
    @given(st.binary(max_size=300))
    def test_never_raises(self, octets: bytes) -> None:
        frame = frames.parse(octets)
        if frame is not None:
            self.assertEqual(frame.fif, octets[3:])
            frames.second_fcf(frame.fif)
            frames.decode_ident(frame.fif)
            Capabilities.parse(frame.fif)
            Parameters.parse(frame.fif)
        frames.name_of(octets)

    @PROFILE
    @given(st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), max_size=20))
    def test_idents_come_back(self, text: str) -> None:
        encoded = frames.encode_ident(text)
        self.assertEqual(len(encoded), 20)
        self.assertEqual(frames.decode_ident(encoded), text)

    def test_odd_idents(self) -> None:
        self.assertEqual(len(frames.encode_ident("ü\n" * 30)), 20)
        self.assertEqual(frames.decode_ident(b"21"), "12")
        self.assertEqual(frames.decode_ident(bytes(range(256))), frames.decode_ident(bytes(range(20))))


modulation_sets = st.sampled_from([modems.offered(code) for code in (0, 1, 2, 3, 11)])
capabilities = st.builds(
    Capabilities,
    can_transmit=st.booleans(),
    can_receive=st.booleans(),
    modulations=modulation_sets,
    fine=st.booleans(),
    superfine=st.booleans(),
    dots_300=st.booleans(),
    dots_400=st.booleans(),
    inch=st.booleans(),
    metric=st.booleans(),
    two_dimensional=st.booleans(),
    widest=st.sampled_from(Paper),
    longest=st.sampled_from(Length),
    scan_line_time=st.sampled_from(ScanLineTime),
    scan_halves=st.booleans(),
    ecm=st.just(True),
    prefers_64_octets=st.booleans(),
    t6=st.booleans(),
    selective_polling=st.booleans(),
    subaddress=st.booleans(),
    password=st.booleans(),
)
parameters = st.builds(
    Parameters,
    modulation=st.sampled_from(list(modems.LADDER)),
    ecm=st.just(True),
    frame_octets=st.sampled_from([64, 256]),
    form=st.builds(
        PageForm,
        coding=st.sampled_from(Coding),
        resolution=st.sampled_from(Resolution),
        paper=st.sampled_from(Paper),
    ),
    length=st.sampled_from(Length),
    scan_line_ms=st.sampled_from([0, 5, 10, 20, 40]),
    with_subaddress=st.booleans(),
    with_sender_id=st.booleans(),
)


class Table2(SynchronousTestCase):
    def test_known_frames(self) -> None:
        dis = Capabilities.parse(line_order("00 76 20"))
        assert dis is not None
        self.assertEqual((dis.can_receive, dis.can_transmit), (True, False))
        self.assertEqual(len(dis.modulations), 8)
        self.assertEqual((dis.fine, dis.two_dimensional, dis.longest), (True, False, Length.B4))
        dis = Capabilities.parse(line_order("00 50 11 22"))
        assert dis is not None
        self.assertEqual((dis.longest, dis.ecm, dis.t6), (Length.UNLIMITED, True, True))
        dcs = Parameters.parse(line_order("00 44 0F 30"))
        assert dcs is not None
        self.assertEqual((dcs.modulation, dcs.ecm, dcs.frame_octets), (Modulation.V17_14400, True, 64))
        self.assertEqual((dcs.form.coding, dcs.scan_line_ms, dcs.length), (Coding.MH, 0, Length.A4))
        dcs = Parameters.parse(line_order("00 50 0F 22"))
        assert dcs is not None
        self.assertIs(dcs.form.coding, Coding.MMR)
        polled = Capabilities.parse(line_order("00 80 11 01 01 01 40"))
        assert polled is not None
        self.assertEqual((polled.can_transmit, polled.password), (True, True))

    def test_bits_stand_where_table_2_has_them(self) -> None:
        def bits(fif: bytes) -> set[int]:
            return {8 * n + i + 1 for n, octet in enumerate(fif) for i in range(8) if octet >> i & 1}

        plain = Capabilities().build()
        self.assertEqual(bits(plain), {10})
        for change, bit in (
            ("can_transmit", 9), ("fine", 15), ("two_dimensional", 16), ("ecm", 27), ("superfine", 41),
            ("dots_300", 42), ("dots_400", 43), ("inch", 44), ("metric", 45), ("scan_halves", 46),
            ("selective_polling", 47), ("subaddress", 49), ("password", 50), ("prefers_64_octets", 7),
        ):  # fmt: skip
            flag: dict[str, Any] = {change: True}
            built = replace(Capabilities(), **flag).build()
            extensions = set(range(24, bit, 8))
            self.assertEqual(bits(built), {10, bit} | extensions, change)
        self.assertEqual(bits(Capabilities(ecm=True, t6=True).build()), {10, 24, 27, 31})
        self.assertEqual(bits(Capabilities(t6=True).build()), {10})

    @PROFILE
    @given(capabilities)
    def test_capabilities_come_back(self, value: Capabilities) -> None:
        self.assertEqual(Capabilities.parse(value.build()), value)

    @PROFILE
    @given(parameters)
    def test_parameters_come_back(self, value: Parameters) -> None:
        self.assertEqual(Parameters.parse(value.build()), value)

    @PROFILE
    @given(capabilities, st.integers(min_value=2, max_value=30))
    def test_cut_and_extended(self, value: Capabilities, length: int) -> None:
        built = value.build()
        Capabilities.parse(built[:length])
        self.assertEqual(Capabilities.parse(built + bytes(length)), value)

    def test_too_short(self) -> None:
        self.assertIsNone(Capabilities.parse(b"\0"))
        self.assertIsNone(Parameters.parse(b"\0"))

    def test_foreign_codings_are_refused(self) -> None:
        self.assertIsNone(Parameters.parse(bytes((0, 2, 0x80, 0x84, 0x80, 0x80, 0x80, 0x80, 0x88))))
        self.assertIsNone(Parameters.parse(bytes((0, 0b00_1100 << 2, 0))))  # a reserved rate

    @PROFILE
    @given(capabilities, st.booleans(), st.sampled_from([(Coding.MMR,), (Coding.MH,), (Coding.MMR, Coding.MR)]))
    def test_what_is_agreed_is_what_both_have(
        self, far: Capabilities, ecm_on: bool, codings: tuple[Coding, ...]
    ) -> None:
        own = TerminalSettings(ecm=ecm_on, codings=codings)
        offer = page_offer(own, far)
        self.assertEqual(Coding.MMR in offer.codings, ecm_on and far.t6 and Coding.MMR in codings)
        if Coding.MR in offer.codings:
            self.assertTrue(far.two_dimensional)
        for resolution in offer.resolutions:
            self.assertTrue(far.accepts(resolution))
            form = PageForm(coding=offer.codings[0], resolution=resolution, paper=offer.papers[-1])
            dcs = command(own, far, OutgoingPage(octets=b"", form=form), Modulation.V27TER_2400)
            self.assertEqual(Parameters.parse(dcs.build()), dcs)

    def test_speed_limits_are_offered_honestly(self) -> None:
        for limit, code in ((14400, 0b1011), (12000, 0b0011), (9600, 0b0011), (7200, 0b0010), (2400, 0)):
            own = own_capabilities(TerminalSettings(max_bit_rate=limit), can_transmit=False, can_receive=True)
            self.assertEqual(modems.offer_code(own.modulations), code)


class Messages(SynchronousTestCase):
    def test_ends_are_found(self) -> None:
        for coding, end in (
            (Coding.MH, EOL * 6),
            (Coding.MR, (EOL + "1") * 6),
            (Coding.MMR, EOFB),
        ):
            tag = "1" if coding is Coding.MR else ""
            body = "1101" * 40 if coding is Coding.MMR else (EOL + tag + "1101") * 40
            whole = to_octets(body + end)
            for tail in (b"", bytes(1), bytes(500)):
                found = find_end(whole + tail, coding)
                self.assertEqual((found.octets.rstrip(b"\0"), found.complete), (whole.rstrip(b"\0"), True))
            cut = find_end(to_octets(body), coding)
            self.assertFalse(cut.complete)

    def test_long_fill_costs_no_more_than_its_length(self) -> None:
        started = time.process_time()
        for coding in Coding:
            found = find_end(b"\x10" + bytes(200_000) + b"\x01" + bytes(200_000), coding)
            self.assertEqual((len(found.octets), found.complete), (200_002, False))
        self.assertLess(time.process_time() - started, 1.0)

    def test_two_eols_in_mid_page_are_no_end(self) -> None:
        rows = EOL + "1101"
        whole = to_octets(rows * 10 + EOL + rows * 10 + EOL * 6)
        self.assertEqual(find_end(whole, Coding.MH).octets, whole)

    @PROFILE
    @given(st.binary(max_size=400), st.sampled_from(Coding))
    def test_never_raises_and_finds_the_end_of_what_we_send(self, octets: bytes, coding: Coding) -> None:
        find_end(octets, coding)
        self.assertTrue(find_end(to_line(octets, coding, 1728), coding).complete)


class Blocks(SynchronousTestCase):
    def test_sizes(self) -> None:
        for size, octets, count in (
            (0, 256, 1),
            (1, 256, 1),
            (65536, 256, 1),
            (65537, 256, 2),
            (16384, 64, 1),
            (40000, 64, 3),
        ):
            cut = ecm.blocks(bytes(size), octets)
            self.assertEqual(len(cut), count)
            for block in cut:
                self.assertLessEqual(len(block.frames), 256)
                self.assertEqual({len(frame) for frame in block.frames}, {octets + 4})

    @PROFILE
    @given(st.binary(min_size=1, max_size=3000), st.data())
    def test_any_loss_is_made_good(self, octets: bytes, data: st.DataObject) -> None:
        [outgoing] = ecm.blocks(octets, 64)
        incoming = ecm.IncomingBlock()
        for _ in range(30):
            sent = outgoing.partial_page()
            lost = data.draw(st.sets(st.integers(min_value=0, max_value=len(sent)), max_size=len(sent)))
            for number, frame in enumerate(sent[:-3]):
                if number not in lost:
                    incoming.put(frame, 64)
            incoming.announced(len(outgoing.frames))
            if incoming.complete:
                break
            self.assertTrue(outgoing.request(incoming.bitmap()))
        else:
            return
        self.assertEqual(incoming.octets()[: len(octets)], octets)

    def test_bitmaps(self) -> None:
        incoming = ecm.IncomingBlock()
        incoming.put(b"\xff\x03\x06\x00" + bytes(64), 64)
        self.assertEqual(incoming.bitmap(), b"\xfe" + b"\xff" * 31)
        outgoing = ecm.blocks(bytes(64 * 20), 64)[0]
        self.assertFalse(outgoing.request(b"\xff" * 31))
        self.assertTrue(outgoing.request(b"\x09" + bytes(31)))
        self.assertEqual([frame[3] for frame in outgoing.partial_page()[:-3]], [0, 3])
        self.assertTrue(outgoing.request(bytes(4) + b"\xff" * 28))
        self.assertEqual(outgoing.pending, 1)

    def test_short_frames_before_the_last_are_asked_again(self) -> None:
        incoming = ecm.IncomingBlock()
        for number, size in enumerate((64, 10, 64, 7)):
            incoming.put(bytes((255, 3, 6, number)) + bytes(size), 64)
        incoming.announced(4)
        incoming.drop_short(64)
        self.assertFalse(incoming.complete)
        self.assertEqual(incoming.bitmap()[0] & 0x0F, 0b0010)


class AirTimes(SynchronousTestCase):
    def test_fcs(self) -> None:
        # The check value of CRC-16/X-25 over "123456789" is 0x906E.
        self.assertEqual(fcs(b"123456789"), b"\x6e\x90")

    @PROFILE
    @given(st.binary(min_size=1, max_size=60))
    def test_zero_insertion_is_counted_as_it_is_done(self, octets: bytes) -> None:
        ones = inserted = 0
        for bit in to_bits(octets + fcs(octets)):
            ones = ones + 1 if bit == "1" else 0
            if ones == 5:
                inserted, ones = inserted + 1, 0
        self.assertEqual(air.frame_bits(octets), 8 * (len(octets) + 2) + inserted)

    def test_default_times_are_lawful(self) -> None:
        terminal = TerminalSettings()
        for seconds, least, most in (
            (air.V21_PREAMBLE, 0.85, 1.15),  # T.30 5.3.1, with the opening flag and without
            (air.V21_PREAMBLE + air.FLAG_BITS / 300, 0.85, 1.15),
            (air.ECM_PREAMBLE, 0.2, 0.3),  # T.4 A.3.1
            (air.ECM_CLOSING_FLAGS * air.FLAG_BITS / 2400, 0.0, 0.05),  # T.4 A.3.8, at the slowest
            (terminal.gap, 0.055, 0.095),  # T.30 5.1
            (terminal.answer_silence, 0.2, 2.5),  # T.30 4.1.1
            (terminal.ced_seconds, 2.6, 4.0),  # T.30 4.1.1
            (terminal.tcf_seconds, 1.35, 1.65),  # T.30 5.3.6.1.3
        ):
            self.assertTrue(least <= seconds <= most, (seconds, least, most))

    def test_transmissions(self) -> None:
        self.assertEqual(air.seconds(pump.SendSilence(seconds=0.075)), 0.075)
        self.assertAlmostEqual(air.seconds(pump.SendTraining(modulation=Modulation.V29_9600, seconds=1.5)), 1.753, 3)
        self.assertAlmostEqual(air.training_seconds(Modulation.V17_14400), 1.393, 3)
        self.assertAlmostEqual(air.training_seconds(Modulation.V17_14400, short=True), 0.1425, 4)
        self.assertAlmostEqual(air.training_seconds(Modulation.V27TER_4800), 0.7075, 4)
        self.assertAlmostEqual(air.training_seconds(Modulation.V27TER_2400), 0.943, 3)
        cfr = pump.SendFrames(frames=(frames.build(Fcf.CFR),))
        self.assertAlmostEqual(air.seconds(cfr), 0.88 + (air.frame_bits(frames.build(Fcf.CFR)) + 8) / 300)
        self.assertEqual(air.seconds(pump.ListenForFrames()), 0.0)
        send = pump.SendPage(modulation=Modulation.V17_14400, short_training=True, octets=bytes(18000))
        self.assertAlmostEqual(air.seconds(send), 10.1425, 4)
