"""The pump for T.38: packets at the pace of the line, and signals of what comes."""

from __future__ import annotations

from itertools import pairwise

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from sandf.fmsp.t38_pump import T38Pump
from sandf.protocols.t30 import air
from sandf.protocols.t30.pump import (
    BearerLost,
    CarrierDetected,
    CarrierLost,
    Command,
    DataReceived,
    FrameReceived,
    ListenForFrames,
    ListenForPage,
    ListenForTraining,
    Modulation,
    Release,
    SendFrames,
    SendPage,
    SendPartialPage,
    SendSilence,
    SendTone,
    SendTraining,
    Signal,
    Tone,
    ToneDetected,
    Transmitted,
)
from sandf.protocols.t38.ifp import Data, DataType, Field, FieldType, Indicator, Packet, encode
from tests.fmsp.packet_bearer import PacketBearer
from tests.fmsp.real_time import RealTime

DIS = bytes.fromhex("ff1380004efe")
V17 = Modulation.V17_14400
FIELD = FieldType


class PumpCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.reactor = Clock()
        self.sent: list[tuple[float, Packet]] = []
        self.heard: list[Signal] = []
        self.repeats: list[float] = []
        self.attach()

    def attach(
        self, *, version: int = 0, local_tcf: bool = False, fill_bit_removal: bool = False, max_ifp: int | None = None
    ) -> None:
        """Begin anew on a bearer of that form."""
        self.bearer = PacketBearer(
            RealTime(self.reactor),
            lambda packet: self.sent.append((self.reactor.seconds(), packet)),
            version=version,
            local_tcf=local_tcf,
            fill_bit_removal=fill_bit_removal,
            max_ifp=max_ifp,
        )
        self.pump = T38Pump(self.bearer)
        self.pump.attach(self.heard.append)

    def tearDown(self) -> None:
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def carry_out(self, command: Command) -> None:
        self.sent.clear()
        began = self.reactor.seconds()
        self.pump.carry_out(command)
        for _ in range(100_000):
            if not self.reactor.getDelayedCalls():
                break
            self.reactor.advance(0.001)
        times = [(at - began, packet) for at, packet in self.sent]
        repeated = [number for number, (_, packet) in enumerate(times) if packet is Indicator.NO_SIGNAL][1:]
        self.repeats = [times[number][0] for number in repeated]
        self.sent = [one for number, one in enumerate(times) if number not in repeated]

    def fields(self) -> list[Field]:
        return [field for _, packet in self.sent if isinstance(packet, Data) for field in packet.fields]

    def octets(self) -> bytes:
        return b"".join(field.octets for field in self.fields())

    def longest_gap(self) -> float:
        times = [at for at, packet in self.sent if isinstance(packet, Data)]
        return max(b - a for a, b in pairwise(times))


class SendingTests(PumpCase):
    def test_frames_follow_a_preamble_that_is_waited_for(self) -> None:
        self.carry_out(SendFrames(frames=(DIS, DIS)))
        self.assertEqual(self.sent[0], (0.0, Indicator.V21_PREAMBLE))
        self.assertTrue(1.0 <= self.sent[1][0] <= 1.15)
        kinds = [field.type for field in self.fields()]
        self.assertEqual(kinds.count(FIELD.HDLC_FCS_OK), 1)
        self.assertIs(kinds[-1], FIELD.HDLC_FCS_OK_SIG_END)
        self.assertEqual(self.octets()[:3], bytes([0xFF, 0xC8, 0x01]))
        self.assertEqual(len(self.octets()), 2 * len(DIS))
        last, packet = self.sent[-1]
        self.assertIs(packet, Indicator.NO_SIGNAL)
        self.assertAlmostEqual(last, 1.0 + (2 * air.frame_bits(DIS) + 4 * 8) / 300, 2)
        self.assertEqual(self.heard, [Transmitted()])
        self.assertEqual([round(at - last, 2) for at in self.repeats], [0.03, 0.06, 0.09])

    def test_training_check_is_sent_over_the_network(self) -> None:
        self.carry_out(SendTraining(modulation=V17, seconds=1.5))
        self.assertEqual(self.sent[0], (0.0, Indicator.V17_14400_LONG_TRAINING))
        self.assertEqual(self.octets(), bytes(2700))
        self.assertIs(self.fields()[-1].type, FIELD.T4_NON_ECM_SIG_END)
        self.assertAlmostEqual(self.sent[1][0], 3344 / 2400 + 0.04, 2)
        self.assertAlmostEqual(self.sent[-1][0], 3344 / 2400 + 1.5, 2)
        self.assertLess(self.longest_gap(), 0.05)

    def test_a_page_ends_in_zeros_that_a_gateway_may_cut(self) -> None:
        page = bytes(range(1, 250)) * 4
        self.carry_out(SendPage(modulation=V17, short_training=True, octets=page))
        self.assertEqual(self.sent[0], (0.0, Indicator.V17_14400_SHORT_TRAINING))
        sent = self.octets()
        self.assertEqual(bytes(int(f"{octet:08b}"[::-1], 2) for octet in sent[: len(page)]), page)
        self.assertGreaterEqual(8 * len(sent[len(page) :]) / 14400, 0.04)
        self.assertFalse(any(sent[len(page) :]))
        self.assertLess(self.longest_gap(), 0.05)

    def test_ecm_frames_leave_room_for_their_flags(self) -> None:
        frames = tuple(bytes([255, 3, 6, number]) + bytes(256) for number in range(4))
        command = SendPartialPage(modulation=Modulation.V29_9600, short_training=False, frames=frames)
        self.carry_out(command)
        self.assertEqual(self.sent[0], (0.0, Indicator.V29_9600_TRAINING))
        self.assertGreater(self.sent[1][0], 608 / 2400 + 0.2)
        self.assertEqual(
            [field.type for field in self.fields() if not field.octets],
            [FIELD.HDLC_FCS_OK] * 3 + [FIELD.HDLC_FCS_OK_SIG_END],
        )
        self.assertAlmostEqual(self.sent[-1][0], air.seconds(command), 2)

    def test_the_last_piece_of_a_frame_of_any_length_shares_a_packet_with_its_fcs(self) -> None:
        for length in (1, 71, 72, 73, 143, 144, 145):  # 72 octets are 40 ms at 14400 bit/s
            frame = bytes([255, 3, 6]) + bytes(range(200))
            self.attach()
            self.carry_out(SendPartialPage(modulation=V17, short_training=True, frames=(frame[:length],)))
            data = [packet.fields for _, packet in self.sent if isinstance(packet, Data)]
            self.assertEqual([len(fields[0].octets) for fields in data[:-1]], [72] * ((length - 1) // 72))
            self.assertEqual([field.type for field in data[-1]], [FIELD.HDLC_DATA, FIELD.HDLC_FCS_OK_SIG_END])
            self.assertEqual(len(data[-1][0].octets), (length - 1) % 72 + 1)

    def test_tones_and_silence(self) -> None:
        self.carry_out(SendTone(tone=Tone.CED, seconds=3.0))
        self.assertEqual(
            [(round(at, 2), packet) for at, packet in self.sent], [(0, Indicator.CED), (3.0, Indicator.NO_SIGNAL)]
        )
        self.carry_out(SendSilence(seconds=0.075))
        self.assertEqual(self.sent, [])
        self.assertEqual(self.heard, [Transmitted(), Transmitted()])

    def test_release_stops_it(self) -> None:
        self.pump.carry_out(SendFrames(frames=(DIS,)))
        self.pump.carry_out(Release())
        self.bearer.receive(Indicator.V21_PREAMBLE)
        self.pump.lose()
        self.assertEqual(self.heard, [])

    def test_a_bearer_that_is_lost(self) -> None:
        self.pump.carry_out(SendFrames(frames=(DIS,)))
        self.pump.lose()
        self.assertEqual(self.heard, [BearerLost()])

    def test_training_that_each_end_makes_is_not_sent(self) -> None:
        self.attach(local_tcf=True)
        self.carry_out(SendTraining(modulation=V17, seconds=1.5))
        self.assertEqual([packet for _, packet in self.sent], [Indicator.V17_14400_LONG_TRAINING, Indicator.NO_SIGNAL])
        self.assertAlmostEqual(self.sent[-1][0], 3344 / 2400 + 1.5, 2)

    def test_fill_is_left_out(self) -> None:
        lines = [f"{number:08b}1" + "0" * fill + "1" for number, fill in enumerate((11, 40, 90, 11, 23))]
        bits = "".join(lines)
        bits += "0" * (-len(bits) % 8)
        page = bytes(int(bits[at : at + 8][::-1], 2) for at in range(0, len(bits), 8))
        self.attach(fill_bit_removal=True)
        self.carry_out(SendPage(modulation=V17, short_training=True, octets=page))
        sent = "".join(f"{octet:08b}" for octet in self.octets())
        expected = "".join(f"{number:08b}1" + "0" * kept + "1" for number, kept in enumerate((11, 14, 14, 11, 14)))
        self.assertTrue(sent.startswith(expected), sent)
        self.assertNotIn("1", sent[len(expected) :])
        self.assertGreaterEqual(len(sent) - len(expected), 0.04 * 14400)

    def test_packets_are_as_short_as_the_far_end_wants_them(self) -> None:
        page = bytes(range(1, 250)) * 4
        frames = (bytes([255, 3, 6, 0]) + bytes(256),)
        for max_ifp, version in ((40, 0), (40, 3), (1, 0)):
            for fill in (False, True):
                self.attach(max_ifp=max_ifp, version=version, fill_bit_removal=fill)
                for command in (
                    SendPage(modulation=V17, short_training=True, octets=page),
                    SendPartialPage(modulation=V17, short_training=True, frames=frames),
                ):
                    self.carry_out(command)
                    longest = max(len(encode(packet, version)) for _, packet in self.sent)
                    self.assertLessEqual(longest, max(max_ifp, 14), command)
                    self.assertGreaterEqual(len(self.octets()), 260)
                    self.assertLess(abs(self.sent[-1][0] - air.seconds(command)), 0.07)

    def test_what_follows_the_last_frame_follows_at_once(self) -> None:
        """T.30 gives the bearer back as soon as DCN has left: what repeats it cannot wait."""
        heard: list[Signal] = []

        def release(signal: Signal) -> None:
            heard.append(signal)
            self.pump.carry_out(Release())

        self.pump.attach(release)
        self.carry_out(SendFrames(frames=(DIS,)))
        self.assertEqual(heard, [Transmitted()])
        self.assertEqual(len(self.repeats), 3)
        self.assertTrue(self.bearer.released)

    def test_a_path_through_nat_is_kept_open(self) -> None:
        self.pump.carry_out(ListenForFrames())
        self.reactor.pump([1.0] * 12)
        self.assertEqual(self.sent, [(5.0, Indicator.NO_SIGNAL), (10.0, Indicator.NO_SIGNAL)])
        self.pump.stop()


class ReceivingTests(PumpCase):
    def tearDown(self) -> None:
        self.pump.stop()
        super().tearDown()

    def receive(self, *packets: Packet) -> list[Signal]:
        self.heard.clear()
        for packet in packets:
            self.bearer.receive(packet)
        return self.heard

    def v21(self, *fields: tuple[FieldType, bytes]) -> Data:
        return Data(DataType.V21, tuple(Field(*field) for field in fields))

    def test_a_frame_in_pieces(self) -> None:
        self.pump.carry_out(ListenForFrames())
        line = bytes.fromhex("ffc8010072 7f".replace(" ", ""))
        heard = self.receive(
            Indicator.V21_PREAMBLE,
            Indicator.V21_PREAMBLE,
            self.v21((FIELD.HDLC_DATA, line[:2])),
            self.v21((FIELD.HDLC_DATA, line[2:]), (FIELD.HDLC_FCS_OK, b"")),
            self.v21((FIELD.HDLC_DATA, line), (FIELD.HDLC_FCS_BAD_SIG_END, b"")),
            Indicator.NO_SIGNAL,
        )
        up = CarrierDetected(modulation=Modulation.V21)
        good, bad = FrameReceived(octets=DIS), FrameReceived(octets=DIS, intact=False)
        self.assertEqual(heard, [up, good, bad, CarrierLost()])

    def test_a_lost_indicator_does_no_harm(self) -> None:
        self.pump.carry_out(ListenForFrames())
        heard = self.receive(self.v21((FIELD.HDLC_DATA, b"\xff\xc8"), (FIELD.HDLC_FCS_OK_SIG_END, b"")))
        self.assertEqual([type(signal) for signal in heard], [CarrierDetected, FrameReceived, CarrierLost])

    def test_lost_packets_damage_the_frame(self) -> None:
        self.pump.carry_out(ListenForFrames())
        self.receive(self.v21((FIELD.HDLC_DATA, b"\xff\xc8")))
        self.bearer.missing = 1
        heard = self.receive(self.v21((FIELD.HDLC_FCS_OK, b"")))
        self.assertEqual(heard, [FrameReceived(octets=b"\xff\x13", intact=False)])

    def test_training_check_and_page_data(self) -> None:
        listening = ListenForPage(modulation=V17, short_training=True, ecm=False)
        for command in (ListenForTraining(modulation=V17), listening):
            self.pump.carry_out(command)
            heard = self.receive(
                Indicator.V17_14400_LONG_TRAINING,
                Data(DataType.V17_14400, (Field(FIELD.T4_NON_ECM_DATA, b"\x80"),)),
                Data(DataType.V17_14400, (Field(FIELD.T4_NON_ECM_SIG_END, b"\x01"),)),
                Indicator.NO_SIGNAL,
            )
            data = [DataReceived(octets=b"\x01"), DataReceived(octets=b"\x80")]
            self.assertEqual(heard, [CarrierDetected(modulation=V17), *data, CarrierLost()])

    def training(self, *packets: tuple[float, Packet]) -> tuple[float, float]:
        """When TCF begins and ends for one who listens for it with method 1; *packets* come at their times."""
        self.attach(local_tcf=True)
        self.heard.clear()
        began = self.reactor.seconds()
        self.pump.carry_out(ListenForTraining(modulation=V17))
        times: list[float] = []
        left = list(packets)
        for _ in range(800):
            while left and left[0][0] <= self.reactor.seconds() - began:
                self.bearer.receive(left.pop(0)[1])
            self.reactor.advance(0.01)
            times += [self.reactor.seconds() - began] * (len(self.heard) - len(times))
        up, data, down = self.heard
        self.assertEqual((up, down), (CarrierDetected(modulation=V17), CarrierLost()))
        self.assertEqual(data, DataReceived(octets=bytes(2700)))
        return round(times[0], 1), round(times[2], 1)

    def test_training_that_each_end_makes_is_good(self) -> None:
        indicator = Indicator.V17_14400_LONG_TRAINING
        self.assertEqual(self.training((0.5, indicator), (3.4, Indicator.NO_SIGNAL)), (0.5, 3.4))
        self.assertEqual(self.training((0.5, indicator)), (0.5, 3.4))

    def test_training_that_each_end_makes_takes_its_time(self) -> None:
        indicator = Indicator.V17_14400_LONG_TRAINING
        sent_all_the_same = Data(DataType.V17_14400, (Field(FIELD.T4_NON_ECM_DATA, b"\x55"),))
        quiet = Indicator.NO_SIGNAL
        times = self.training((0.0, quiet), (0.5, indicator), (1.0, sent_all_the_same), (1.5, quiet))
        self.assertEqual(times, (0.5, 3.4))

    def test_training_whose_indicator_is_lost(self) -> None:
        self.assertEqual(self.training(), (1.4, 4.3))

    def test_a_command_in_place_of_training(self) -> None:
        self.attach(local_tcf=True)
        self.pump.carry_out(ListenForTraining(modulation=V17))
        heard = self.receive(
            Indicator.V21_PREAMBLE, self.v21((FIELD.HDLC_DATA, b"\xff"), (FIELD.HDLC_FCS_OK, b"")), Indicator.NO_SIGNAL
        )
        self.reactor.advance(5.0)
        self.assertEqual([type(signal) for signal in heard], [CarrierDetected, FrameReceived, CarrierLost])

    def test_a_frame_without_end_is_not_kept(self) -> None:
        self.pump.carry_out(ListenForFrames())
        for _ in range(1000):
            self.receive(self.v21((FIELD.HDLC_DATA, bytes(100))))
        (frame,) = self.receive(self.v21((FIELD.HDLC_FCS_OK, b"")))
        assert isinstance(frame, FrameReceived)
        self.assertFalse(frame.intact)
        self.assertLess(len(frame.octets), 2000)
        heard = self.receive(self.v21((FIELD.HDLC_DATA, b"\xff"), (FIELD.HDLC_FCS_OK, b"")))
        self.assertEqual(heard, [FrameReceived(octets=b"\xff")])

    def test_a_preamble_begins_anew_when_the_end_before_it_is_lost(self) -> None:
        self.pump.carry_out(ListenForFrames())
        self.receive(Indicator.V21_PREAMBLE, self.v21((FIELD.HDLC_DATA, b"\xff")))
        self.bearer.missing = 3
        heard = self.receive(Indicator.V21_PREAMBLE, self.v21((FIELD.HDLC_DATA, b"\xff\xc8"), (FIELD.HDLC_FCS_OK, b"")))
        self.assertEqual(heard, [FrameReceived(octets=b"\xff\x13")])

    def test_octets_that_are_no_packet_damage_the_frame(self) -> None:
        self.pump.carry_out(ListenForFrames())
        self.receive(self.v21((FIELD.HDLC_DATA, b"\xff\xc8")))
        self.bearer.receive_octets(b"\xff\xff\xff")
        heard = self.receive(self.v21((FIELD.HDLC_FCS_OK, b"")))
        self.assertEqual(heard, [FrameReceived(octets=b"\xff\x13", intact=False)])

    def test_a_modem_that_is_not_listened_for_is_not_heard(self) -> None:
        self.pump.carry_out(ListenForFrames())
        page = Data(DataType.V17_14400, (Field(FIELD.T4_NON_ECM_DATA, b"\x80"),))
        self.assertEqual(self.receive(Indicator.V17_14400_SHORT_TRAINING, page, Indicator.NO_SIGNAL), [])

    def test_who_waits_for_a_page_hears_v21(self) -> None:
        self.pump.carry_out(ListenForPage(modulation=V17, short_training=True, ecm=True))
        heard = self.receive(Indicator.V21_PREAMBLE, self.v21((FIELD.HDLC_DATA, b"\xff"), (FIELD.HDLC_FCS_OK, b"")))
        self.assertEqual([type(signal) for signal in heard], [CarrierDetected, FrameReceived])

    def test_what_began_while_we_sent_is_heard_when_we_listen(self) -> None:
        self.pump.carry_out(SendFrames(frames=(DIS,)))
        self.assertEqual(self.receive(Indicator.V21_PREAMBLE), [])
        self.pump.carry_out(ListenForFrames())
        self.assertEqual(self.heard, [CarrierDetected(modulation=Modulation.V21)])
        self.pump.stop()

    def test_tones(self) -> None:
        self.attach(version=3)
        self.pump.carry_out(ListenForFrames())
        self.assertEqual(self.receive(Indicator.CED, Indicator.V8_ANSAM), [ToneDetected(tone=Tone.CED)])
        self.assertEqual(self.receive(Data(DataType.V8, ())), [])
