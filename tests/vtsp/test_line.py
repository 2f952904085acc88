"""The virtual line: what is heard, and when."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

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
from sandf.vtsp.call_clock import CallClock
from sandf.vtsp.impairments import Impairments
from sandf.vtsp.line import FLAGS_TO_HEAR, LineEnd, VirtualLine

V21 = Modulation.V21
V17 = Modulation.V17_14400
DIS = bytes.fromhex("ff1380004efe")
CSI = bytes.fromhex("ff0340") + b"1" * 20


class Ear:
    """Notes what an end is told, and when."""

    def __init__(self, end: LineEnd) -> None:
        self.end = end
        self.heard: list[tuple[float, Signal]] = []
        end.attach(lambda signal: self.heard.append((end.clock.seconds(), signal)))

    def signals(self) -> list[Signal]:
        return [signal for _, signal in self.heard]

    def at(self, kind: type[Signal]) -> list[float]:
        return [when for when, signal in self.heard if isinstance(signal, kind)]

    def octets(self) -> bytes:
        return b"".join(signal.octets for signal in self.signals() if isinstance(signal, DataReceived))

    def frames(self) -> list[FrameReceived]:
        return [signal for signal in self.signals() if isinstance(signal, FrameReceived)]


class LineCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.lay(Impairments())

    def lay(self, impairments: Impairments) -> None:
        self.reactor = Clock()
        self.clock = CallClock(self.reactor)
        line = VirtualLine(self.clock, near=impairments, far=impairments)
        self.near, self.far = Ear(line.ends[0]), Ear(line.ends[1])

    def tearDown(self) -> None:
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def play(self, listening: Command, *sent: Command) -> Ear:
        """The far end listens, the near end sends one after the other; what the far end heard."""
        self.far.end.carry_out(listening)
        for command in sent:
            self.near.end.carry_out(command)
            self.reactor.advance(1000)
        return self.far

    def assertTimes(self, got: Sequence[float], expected: Sequence[float]) -> None:
        self.assertEqual([round(t, 9) for t in got], [round(t, 9) for t in expected])


class TimingTests(LineCase):
    def test_v21_frames_arrive_bit_for_bit(self) -> None:
        ear = self.play(ListenForFrames(), SendFrames(frames=(CSI, DIS)))
        self.assertEqual(
            ear.signals(),
            [CarrierDetected(modulation=V21), FrameReceived(octets=CSI), FrameReceived(octets=DIS), CarrierLost()],
        )
        csi, dis = air.frame_bits(CSI), air.frame_bits(DIS)
        self.assertTimes(
            [when for when, _ in ear.heard],
            [0.08, 0.88 + (csi + 8) / 300, 0.88 + (csi + 8 + dis + 8) / 300, 0.88 + (csi + dis + 16) / 300],
        )
        self.assertTimes(self.near.at(Transmitted), [0.88 + (csi + dis + 16) / 300])

    def test_inserted_zeros_take_time(self) -> None:
        plain, stuffed = bytes(30), b"\xff" * 30
        for octets in (plain, stuffed):
            self.setUp()
            self.play(ListenForFrames(), SendFrames(frames=(octets,)))
        bits = air.frame_bits(stuffed) - air.frame_bits(plain)
        self.assertGreater(bits, 40)
        self.assertTimes(
            self.far.at(CarrierLost), [0.88 + (256 + bits + 8) / 300 + (air.frame_bits(plain) - 256) / 300]
        )

    def test_training_check_is_zeros_at_the_rate(self) -> None:
        ear = self.play(ListenForTraining(modulation=V17), SendTraining(modulation=V17, seconds=1.5))
        self.assertEqual(ear.octets(), bytes(2700))
        self.assertTimes(ear.at(CarrierDetected), [3344 / 2400])
        self.assertTimes(ear.at(CarrierLost), [3344 / 2400 + 1.5])

    def test_page_data_comes_in_order_and_whole(self) -> None:
        octets = bytes(range(256)) * 40
        modulation = Modulation.V29_9600
        listening = ListenForPage(modulation=modulation, short_training=False, ecm=False)
        ear = self.play(listening, SendPage(modulation=modulation, short_training=False, octets=octets))
        self.assertEqual(ear.octets(), octets)
        self.assertTimes(ear.at(DataReceived)[:2], [608 / 2400 + 0.5, 608 / 2400 + 1.0])
        self.assertTimes(ear.at(CarrierLost), [608 / 2400 + 8 * len(octets) / 9600])

    def test_ecm_frames_come_at_their_closing_flag(self) -> None:
        frames = tuple(bytes([255, 3, 6, n]) + bytes(256) for n in range(5))
        modulation = Modulation.V27TER_4800
        ear = self.play(
            ListenForPage(modulation=modulation, short_training=False, ecm=True),
            SendPartialPage(modulation=modulation, short_training=False, frames=frames),
        )
        self.assertEqual([frame.octets for frame in ear.frames()], list(frames))
        before = 1132 / 1600 + 0.2
        ends = [sum(air.frame_bits(f) + 8 for f in frames[: n + 1]) + 8 for n in range(5)]
        self.assertTimes(ear.at(FrameReceived), [before + bits / 4800 for bits in ends])
        self.assertTimes(ear.at(CarrierLost), [before + (ends[-1] + 8) / 4800])
        sent = SendPartialPage(modulation=modulation, short_training=False, frames=frames)
        self.assertTimes(ear.at(CarrierLost), [air.seconds(sent)])

    def test_tones(self) -> None:
        ear = self.play(ListenForFrames(), SendTone(tone=Tone.CED, seconds=3.0))
        self.assertEqual(ear.signals(), [ToneDetected(tone=Tone.CED)])
        self.assertTimes(self.near.at(Transmitted), [3.0])

    def test_delay_shifts_what_is_heard_only(self) -> None:
        self.lay(Impairments(delay=0.6))
        self.near.end.carry_out(SendFrames(frames=(DIS,)))
        ear = self.play(ListenForFrames(), SendSilence(seconds=0))
        sent = self.near.at(Transmitted)[-1]
        self.assertTimes(ear.at(CarrierLost), [sent + 0.6])

    def test_transmissions_in_flight_stay_in_order(self) -> None:
        self.lay(Impairments(delay=4.0, jitter=0.5, seed=3))
        self.far.end.carry_out(ListenForFrames())
        self.near.end.attach(self._send_next([SendFrames(frames=(bytes([255, 3, n]),)) for n in range(5)]))
        self.near.end.carry_out(SendSilence(seconds=0))
        self.reactor.advance(1000)
        self.assertEqual([frame.octets[2] for frame in self.far.frames()], [0, 1, 2, 3, 4])
        self.assertEqual(len(self.far.at(CarrierLost)), 5)

    def _send_next(self, commands: list[SendFrames]) -> Callable[[Signal], None]:
        def receive(signal: Signal) -> None:
            if isinstance(signal, Transmitted) and commands:
                self.near.end.carry_out(commands.pop(0))

        return receive


class ListeningTests(LineCase):
    page = SendPage(modulation=V17, short_training=False, octets=bytes(500))

    def test_a_v21_listener_does_not_hear_a_page(self) -> None:
        self.assertEqual(self.play(ListenForFrames(), self.page).heard, [])

    def test_who_waits_for_a_page_or_tcf_hears_v21(self) -> None:
        page = ListenForPage(modulation=V17, short_training=True, ecm=True)
        for listening in (page, ListenForTraining(modulation=V17)):
            self.setUp()
            ear = self.play(listening, SendFrames(frames=(DIS,)))
            self.assertEqual(ear.signals(), [CarrierDetected(modulation=V21), FrameReceived(octets=DIS), CarrierLost()])

    def test_another_rate_is_not_heard(self) -> None:
        listening = ListenForPage(modulation=Modulation.V17_9600, short_training=False, ecm=False)
        self.assertEqual(self.play(listening, self.page).heard, [])

    def test_short_training_needs_a_long_one_before(self) -> None:
        listening = ListenForPage(modulation=V17, short_training=True, ecm=False)
        short = SendPage(modulation=V17, short_training=True, octets=bytes(500))
        self.assertEqual(self.play(listening, short).heard, [])
        self.play(ListenForTraining(modulation=V17), SendTraining(modulation=V17, seconds=1.5))
        self.far.heard.clear()
        self.assertEqual(self.play(listening, short).octets(), bytes(500))

    def test_who_listens_too_late_does_not_train(self) -> None:
        self.near.end.carry_out(self.page)
        self.reactor.advance(0.5)
        self.assertEqual(self.play(ListenForPage(modulation=V17, short_training=False, ecm=False)).heard, [])
        self.reactor.advance(1000)
        self.assertEqual(self.far.heard, [])

    def test_who_listens_during_the_preamble_hears_the_frames(self) -> None:
        self.near.end.carry_out(SendFrames(frames=(CSI, DIS)))
        self.reactor.advance(0.5)
        self.far.end.carry_out(ListenForFrames())
        self.reactor.advance(1000)
        self.assertTimes(self.far.at(CarrierDetected), [0.5 + FLAGS_TO_HEAR])
        self.assertEqual([f.octets for f in self.far.frames()], [CSI, DIS])

    def test_who_listens_amid_a_frame_hears_the_next(self) -> None:
        self.near.end.carry_out(SendFrames(frames=(CSI, DIS)))
        self.reactor.advance(1.1)
        self.far.end.carry_out(ListenForFrames())
        self.reactor.advance(1000)
        self.assertEqual([f.octets for f in self.far.frames()], [DIS])
        self.assertEqual(len(self.far.at(CarrierDetected)), 1)

    def test_where_both_talk_neither_hears(self) -> None:
        for ear in (self.near, self.far):
            ear.end.carry_out(ListenForFrames())
            ear.end.carry_out(SendFrames(frames=(DIS,)))
        self.reactor.advance(1000)
        self.assertEqual([self.near.signals(), self.far.signals()], [[Transmitted()], [Transmitted()]])

    def test_the_line_goes(self) -> None:
        self.far.end.carry_out(ListenForFrames())
        self.near.end.carry_out(SendFrames(frames=(DIS,)))
        self.reactor.advance(0.5)
        self.near.end.lose()
        self.far.end.lose()
        self.reactor.advance(1000)
        self.assertEqual(self.near.signals(), [BearerLost()])
        self.assertEqual(self.far.signals(), [CarrierDetected(modulation=V21), BearerLost()])
        late = Ear(self.near.end)
        self.assertEqual(late.signals(), [BearerLost()])

    def test_a_released_end_hears_nothing(self) -> None:
        self.far.end.carry_out(ListenForFrames())
        self.far.end.carry_out(Release())
        self.near.end.carry_out(SendFrames(frames=(DIS,)))
        self.reactor.advance(1000)
        self.assertEqual(self.far.heard, [])

    def test_an_end_that_falls_silent_breaks_off(self) -> None:
        self.far.end.carry_out(ListenForFrames())
        self.near.end.carry_out(SendFrames(frames=(DIS,)))
        self.reactor.advance(0.5)
        self.near.end.fall_silent()
        self.reactor.advance(1000)
        self.assertEqual(self.far.signals(), [CarrierDetected(modulation=V21), CarrierLost()])
        self.far.end.carry_out(SendFrames(frames=(DIS,)))
        self.reactor.advance(1000)
        self.assertEqual(self.far.signals()[2:], [Transmitted()])
        self.assertEqual(self.near.heard, [])


class ImpairmentTests(LineCase):
    frames = tuple(bytes([255, 3, 6, n]) + bytes(256) for n in range(250))
    sent = SendPartialPage(modulation=V17, short_training=False, frames=frames)
    listening = ListenForPage(modulation=V17, short_training=False, ecm=True)

    def damaged(self, impairments: Impairments) -> list[FrameReceived]:
        self.lay(impairments)
        return self.play(self.listening, self.sent).frames()

    def test_bit_errors_spoil_frames_as_often_as_they_should(self) -> None:
        heard = self.damaged(Impairments(bit_error_rate=1e-4, seed=1))
        spoilt = [frame for frame in heard if not frame.intact]
        self.assertEqual(len(heard), 250)
        expected = 250 * (1 - (1 - 1e-4) ** (8 * 262))
        self.assertTrue(0.6 * expected < len(spoilt) < 1.4 * expected, (len(spoilt), expected))
        for number, frame in enumerate(heard):
            if frame.intact:
                self.assertEqual(frame.octets, self.frames[number])

    def test_the_same_seed_does_the_same_damage(self) -> None:
        first = Impairments(bit_error_rate=2e-4, loss=0.01, jitter=0.2, seed=7)
        self.assertEqual(self.damaged(first), self.damaged(first))
        self.assertNotEqual(
            self.damaged(first), self.damaged(Impairments(bit_error_rate=2e-4, loss=0.01, jitter=0.2, seed=8))
        )

    def test_bit_errors_flip_bits_of_page_data(self) -> None:
        self.lay(Impairments(bit_error_rate=1e-3, seed=1))
        octets = self.play(
            ListenForPage(modulation=V17, short_training=False, ecm=False),
            SendPage(modulation=V17, short_training=False, octets=bytes(20_000)),
        ).octets()
        self.assertEqual(len(octets), 20_000)
        self.assertTrue(110 < int.from_bytes(octets, "big").bit_count() < 210)

    def test_loss_takes_pieces_out(self) -> None:
        heard = self.damaged(Impairments(loss=0.05, seed=2))
        self.assertTrue(any(not frame.intact for frame in heard))
        self.assertTrue(all(len(frame.octets) < 260 for frame in heard if not frame.intact))
        self.lay(Impairments(loss=1.0))
        self.assertEqual(self.play(self.listening, self.sent).heard, [])

    def test_nothing_but_noise_above_the_fastest_rate(self) -> None:
        self.lay(Impairments(fastest=2400))
        fast = self.play(ListenForTraining(modulation=V17), SendTraining(modulation=V17, seconds=1.5)).octets()
        self.assertEqual(len(fast), 2700)
        self.assertGreater(int.from_bytes(fast, "big").bit_count(), 5000)
        slow = Modulation.V27TER_2400
        self.far.heard.clear()
        ear = self.play(ListenForTraining(modulation=slow), SendTraining(modulation=slow, seconds=1.5))
        self.assertEqual(ear.octets(), bytes(450))

    def test_jitter_is_bounded(self) -> None:
        times = []
        for seed in range(20):
            self.lay(Impairments(delay=0.1, jitter=0.3, seed=seed))
            times.append(self.play(ListenForFrames(), SendFrames(frames=(DIS,))).at(CarrierDetected)[0])
        self.assertTrue(all(0.18 <= when <= 0.48 for when in times))
        self.assertGreater(max(times) - min(times), 0.15)

    def test_lines_that_cannot_be(self) -> None:
        for wrong in ({"loss": 1.1}, {"bit_error_rate": 0.6}, {"delay": -1.0}, {"jitter": -1.0}):
            self.assertRaises(ValueError, Impairments, **cast("dict[str, int]", wrong))
