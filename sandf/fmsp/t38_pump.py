"""The pump for a T.38 bearer: T.30 commands to IFP packets in real time, IFP packets to signals (T.38 clauses 7 and 8).

The far gateway modulates what it gets as it comes, so packets leave at the pace of the line: training and preamble are
waited for (the latter for its nominal time, :data:`PREAMBLE`), data follow in pieces of about 40 ms, each when a modem
would have had it whole.  TCF is sent over the network (data rate management method 2, the one for UDP).

T.38 has the first bit on the line as the most significant bit of an octet, T.30 here as the least significant one.

What this module does not do: UDPTL, redundancy and lost packets (their owner calls :meth:`T38Pump.packets_lost`), V.34.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from twisted.internet.interfaces import IDelayedCall

from sandf.callcontrol.media import LineClock
from sandf.protocols.t4.bits import REVERSED
from sandf.protocols.t30 import air, pump
from sandf.protocols.t30.pump import Modulation
from sandf.protocols.t38.ifp import Data, DataType, Field, FieldType, Indicator, Packet

PIECE = 0.04
"""Seconds of data in one packet."""
TAIL = 0.06
"""Seconds of zeros behind a page without error correction; gateways cut what is shorter than 40 ms."""
PREAMBLE = 1.0
"""Seconds from v21-preamble to the flag in front of the first frame: the nominal time of T.30 5.3.1, whatever the line
itself makes of it.  Some adapters lose the frame if it comes after the least of it, 0.85 s."""
CLOSING_FLAGS = 2
"""Flags whose time passes between the end of V.21 frames and no-signal, at which a gateway may drop its carrier."""

_DATA_TYPE: dict[Modulation, DataType] = {
    Modulation.V21: DataType.V21,
    Modulation.V27TER_2400: DataType.V27_2400,
    Modulation.V27TER_4800: DataType.V27_4800,
    Modulation.V29_7200: DataType.V29_7200,
    Modulation.V29_9600: DataType.V29_9600,
    Modulation.V17_7200: DataType.V17_7200,
    Modulation.V17_9600: DataType.V17_9600,
    Modulation.V17_12000: DataType.V17_12000,
    Modulation.V17_14400: DataType.V17_14400,
}
_MODULATION = {data_type: modulation for modulation, data_type in _DATA_TYPE.items()}
_TRAINING: dict[tuple[Modulation, bool], Indicator] = {
    (Modulation.V27TER_2400, False): Indicator.V27_2400_TRAINING,
    (Modulation.V27TER_4800, False): Indicator.V27_4800_TRAINING,
    (Modulation.V29_7200, False): Indicator.V29_7200_TRAINING,
    (Modulation.V29_9600, False): Indicator.V29_9600_TRAINING,
    (Modulation.V17_7200, True): Indicator.V17_7200_SHORT_TRAINING,
    (Modulation.V17_7200, False): Indicator.V17_7200_LONG_TRAINING,
    (Modulation.V17_9600, True): Indicator.V17_9600_SHORT_TRAINING,
    (Modulation.V17_9600, False): Indicator.V17_9600_LONG_TRAINING,
    (Modulation.V17_12000, True): Indicator.V17_12000_SHORT_TRAINING,
    (Modulation.V17_12000, False): Indicator.V17_12000_LONG_TRAINING,
    (Modulation.V17_14400, True): Indicator.V17_14400_SHORT_TRAINING,
    (Modulation.V17_14400, False): Indicator.V17_14400_LONG_TRAINING,
}
_CARRIER: dict[Indicator, Modulation] = {
    Indicator.V21_PREAMBLE: Modulation.V21,
    **{indicator: modulation for (modulation, _), indicator in _TRAINING.items()},
}
_TONE = {Indicator.CED: pump.Tone.CED, Indicator.CNG: pump.Tone.CNG}
_INDICATOR_OF_TONE = {tone: indicator for indicator, tone in _TONE.items()}

Timed = tuple[float, Packet]
"""A packet and when it leaves, in seconds after the transmission began."""


def _pieces(octets: bytes, modulation: Modulation) -> Iterator[bytes]:
    size = max(1, round(modulation.bit_rate * PIECE / 8))
    for start in range(0, len(octets), size):
        yield octets[start : start + size]


def _hdlc(frames: tuple[bytes, ...], modulation: Modulation, at: float) -> Iterator[Timed]:
    """*frames*, the flag before the first beginning at *at*; the last packet ends the signal."""
    data_type = _DATA_TYPE[modulation]
    for number, frame in enumerate(frames, 1):
        at += air.FLAG_BITS / modulation.bit_rate
        seconds = air.frame_bits(frame) / modulation.bit_rate
        sent = 0
        for piece in _pieces(frame.translate(REVERSED), modulation):
            sent += len(piece)
            packet = Data(data_type, (Field(FieldType.HDLC_DATA, piece),))
            yield at + seconds * sent / (len(frame) + 2), packet
        at += seconds
        last = number == len(frames)
        yield at, Data(data_type, (Field(FieldType.HDLC_FCS_OK_SIG_END if last else FieldType.HDLC_FCS_OK),))


def _stream(octets: bytes, modulation: Modulation, at: float) -> Iterator[Timed]:
    """Page data or TCF from *at* on; the last packet ends the signal."""
    data_type = _DATA_TYPE[modulation]
    for piece in _pieces(octets.translate(REVERSED), modulation):
        at += 8 * len(piece) / modulation.bit_rate
        yield at, Data(data_type, (Field(FieldType.T4_NON_ECM_DATA, piece),))
    yield at, Data(data_type, (Field(FieldType.T4_NON_ECM_SIG_END),))


def transmission(command: pump.Command) -> Iterator[Timed]:
    """The packets of *command*, without the no-signal at its end."""
    match command:
        case pump.SendTone(tone=tone):
            yield 0.0, _INDICATOR_OF_TONE[tone]
        case pump.SendFrames(frames=frames):
            yield 0.0, Indicator.V21_PREAMBLE
            yield from _hdlc(frames, Modulation.V21, PREAMBLE)
        case pump.SendTraining(modulation=modulation, seconds=seconds):
            yield 0.0, _TRAINING[modulation, False]
            zeros = bytes(round(seconds * modulation.bit_rate / 8))
            yield from _stream(zeros, modulation, air.training_seconds(modulation))
        case pump.SendPage(modulation=modulation, short_training=short, octets=octets):
            yield 0.0, _TRAINING[modulation, short]
            tail = bytes(round(TAIL * modulation.bit_rate / 8))
            yield from _stream(octets + tail, modulation, air.training_seconds(modulation, short=short))
        case pump.SendPartialPage(modulation=modulation, short_training=short, frames=frames):
            yield 0.0, _TRAINING[modulation, short]
            yield from _hdlc(frames, modulation, air.training_seconds(modulation, short=short) + air.ECM_PREAMBLE)


def busy_seconds(command: pump.Command) -> float:
    """How long the pump is busy with *command*: as long as a line would be, and longer with V.21."""
    if isinstance(command, pump.SendFrames):
        bits = air.frames_bits(command.frames) + CLOSING_FLAGS * air.FLAG_BITS
        return PREAMBLE + bits / Modulation.V21.bit_rate
    return air.seconds(command)


class T38Pump:
    """Sends by *send*; :meth:`receive` takes what comes, packet by packet, in order."""

    def __init__(self, clock: LineClock, send: Callable[[Packet], None]) -> None:
        self.clock = clock
        self._send = send
        self._receiver: Callable[[pump.Signal], None] | None = None
        self._timer: IDelayedCall | None = None
        self._listening: pump.Command | None = None
        self._far: Modulation | None = None  # what the far end sends
        self._told = False  # whether CarrierDetected was said of it
        self._frame = bytearray()
        self._damaged = False

    def attach(self, receiver: Callable[[pump.Signal], None]) -> None:
        """Signals go to *receiver* from now on."""
        self._receiver = receiver

    def carry_out(self, command: pump.Command) -> None:
        """Send or listen; a transmission ends with Transmitted."""
        match command:
            case pump.ListenForFrames() | pump.ListenForTraining() | pump.ListenForPage():
                self._listening = command
                self._tell_carrier()
            case pump.SendSilence(seconds=seconds):
                self._timer = self.clock.callLater(seconds, self._say, pump.Transmitted())
            case pump.Release():
                self.stop()
            case _:
                if not isinstance(command, pump.SendTone):
                    self._listening = None
                self._go_on(self.clock.seconds(), busy_seconds(command), transmission(command))

    def stop(self) -> None:
        """Say and send nothing more."""
        self._receiver = None
        self._listening = None
        if self._timer is not None and self._timer.active():
            self._timer.cancel()

    def lose(self) -> None:
        """The bearer is gone."""
        self._say(pump.BearerLost())
        self.stop()

    # Sending.

    def _go_on(self, began: float, seconds: float, packets: Iterator[Timed]) -> None:
        """Send all packets that are due, and wait for the next."""
        elapsed = self.clock.seconds() - began
        for at, packet in packets:
            if at > elapsed:
                self._timer = self.clock.callLater(at - elapsed, self._next, began, seconds, packet, packets)
                return
            self._send(packet)
        self._timer = self.clock.callLater(max(0.0, seconds - elapsed), self._sent)

    def _next(self, began: float, seconds: float, packet: Packet, packets: Iterator[Timed]) -> None:
        self._send(packet)
        self._go_on(began, seconds, packets)

    def _sent(self) -> None:
        self._send(Indicator.NO_SIGNAL)
        self._say(pump.Transmitted())

    # Receiving.

    def receive(self, packet: Packet) -> None:
        """A packet of the far end."""
        if isinstance(packet, Indicator):
            self._indicated(packet)
            return
        modulation = _MODULATION.get(packet.type)
        if modulation is None:
            return
        if modulation is not self._far:
            self._carrier_up(modulation)
        for field in packet.fields:
            self._field(field)

    def packets_lost(self) -> None:
        """Some packets will never come: the frame that is under way is damaged."""
        self._damaged = True

    def _say(self, signal: pump.Signal) -> None:
        if self._receiver is not None:
            self._receiver(signal)

    def _indicated(self, indicator: Indicator) -> None:
        modulation = _CARRIER.get(indicator)
        if modulation is not None:
            if modulation is not self._far:
                self._carrier_up(modulation)
            return
        self._carrier_down()
        if indicator in _TONE and isinstance(self._listening, pump.ListenForFrames):
            self._say(pump.ToneDetected(tone=_TONE[indicator]))

    def _carrier_up(self, modulation: Modulation) -> None:
        self._carrier_down()
        self._far = modulation
        self._tell_carrier()

    def _tell_carrier(self) -> None:
        """Say CarrierDetected of what is there, once, if it is listened for."""
        if self._far is None or self._told or self._listening is None:
            return
        if self._far is not Modulation.V21 and self._far is not _expected(self._listening):
            return
        self._told = True
        self._say(pump.CarrierDetected(modulation=self._far))

    def _carrier_down(self) -> None:
        told, self._told = self._told, False
        self._far = None
        self._frame.clear()
        self._damaged = False
        if told and self._listening is not None:
            self._say(pump.CarrierLost())

    def _field(self, field: Field) -> None:
        match field.type:
            case FieldType.HDLC_DATA:
                self._frame += field.octets.translate(REVERSED)
            case FieldType.HDLC_FCS_OK | FieldType.HDLC_FCS_BAD:
                self._frame_ends(field.type is FieldType.HDLC_FCS_OK)
            case FieldType.HDLC_FCS_OK_SIG_END | FieldType.HDLC_FCS_BAD_SIG_END:
                self._frame_ends(field.type is FieldType.HDLC_FCS_OK_SIG_END)
                self._carrier_down()
            case FieldType.T4_NON_ECM_DATA:
                self._data(field.octets)
            case FieldType.T4_NON_ECM_SIG_END:
                self._data(field.octets)
                self._carrier_down()
            case FieldType.HDLC_SIG_END:
                self._carrier_down()

    def _frame_ends(self, intact: bool) -> None:
        octets, damaged = bytes(self._frame), self._damaged
        self._frame.clear()
        self._damaged = False
        wanted = self._far is Modulation.V21 or (
            isinstance(self._listening, pump.ListenForPage) and self._listening.ecm
        )
        if self._told and wanted and octets:
            self._say(pump.FrameReceived(octets=octets, intact=intact and not damaged))

    def _data(self, octets: bytes) -> None:
        listening = self._listening
        wanted = isinstance(listening, pump.ListenForTraining) or (
            isinstance(listening, pump.ListenForPage) and not listening.ecm
        )
        if self._told and wanted and octets:
            self._say(pump.DataReceived(octets=octets.translate(REVERSED)))


def _expected(listening: pump.Command) -> Modulation | None:
    """The high-speed modulation that is listened for."""
    if isinstance(listening, pump.ListenForTraining | pump.ListenForPage):
        return listening.modulation
    return None
