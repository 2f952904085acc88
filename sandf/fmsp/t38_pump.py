"""The pump for a T.38 bearer: T.30 commands to IFP packets in real time, IFP packets to signals (T.38 7 and 8).

What to send when, :mod:`.t38_transmission` says.  A packet that is lost damages the HDLC frame that is under way; page
data without error correction go on without it.  The far end may repeat indicators, leave them out, or end a signal
twice.

With data rate management method 1 (T.38 8.1) we make TCF ourselves, while the far end's own takes its time on its line:
from the training indicator on, or without one from when it should have come.  An early no-signal does not shorten that:
who says it when the training is over still hears TCF, and not our answer.

What this module does not do: UDPTL and redundancy (the bearer does), V.34.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from twisted.internet.interfaces import IDelayedCall

from sandf.callcontrol.media import LineClock, T38Bearer
from sandf.protocols.t4.bits import REVERSED
from sandf.protocols.t30 import air, pump
from sandf.protocols.t30.pump import Modulation
from sandf.protocols.t38.ifp import Field, FieldType, IfpError, Indicator, Packet, decode, encode

from .t38_transmission import DATA_TYPE, TONE, TRAINING, Form, Timed, transmission

REPEATS = 3
"""How often no-signal is said again behind a transmission: packets are repeated in those that follow, and nothing else
would follow the last ones."""
REPEAT_AFTER = 0.03
"""Seconds."""
KEEP_ALIVE = 5.0
"""Seconds of listening after which no-signal is sent again."""
TCF_SECONDS = 1.5
"""T.30 5.3.6.1.3."""
LONGEST_FRAME = 1024
"""Octets; T.30 has no frame of a third of that, and a far end that never ends one gets no more of our memory."""
_MODULATION = {data_type: modulation for modulation, data_type in DATA_TYPE.items()}
_CARRIER: dict[Indicator, Modulation] = {
    Indicator.V21_PREAMBLE: Modulation.V21,
    **{indicator: modulation for (modulation, _), indicator in TRAINING.items()},
}
_TONE = {indicator: tone for tone, indicator in TONE.items()}


class T38Pump:
    """Sends and receives on *bearer*; keeps its path through NAT open while it listens."""

    def __init__(self, bearer: T38Bearer) -> None:
        self.clock: LineClock = bearer.clock
        self._bearer = bearer
        self._form = Form(bearer.version, bearer.local_tcf, bearer.fill_bit_removal, bearer.max_ifp)
        self._no_signal = encode(Indicator.NO_SIGNAL, bearer.version)
        self._receiver: Callable[[pump.Signal], None] | None = None
        self._timer: IDelayedCall | None = None  # of a transmission
        self._idle: IDelayedCall | None = None  # of listening
        self._repeats = 0
        self._listening: pump.Command | None = None
        self._far: Modulation | None = None  # what the far end sends
        self._told = False  # whether CarrierDetected was said of it
        self._frame = bytearray()
        self._damaged = False

    def attach(self, receiver: Callable[[pump.Signal], None]) -> None:
        """Signals go to *receiver* from now on."""
        self._receiver = receiver
        self._bearer.attach(self._came, self.lose)

    def carry_out(self, command: pump.Command) -> None:
        """Send or listen; a transmission ends with Transmitted."""
        match command:
            case pump.ListenForTraining(modulation=modulation) if self._form.local_tcf:
                self._listening = command
                self._repeats = 0
                self._idle_for(air.training_seconds(modulation), self._carrier_up, modulation)
                self._tell_carrier()
            case pump.ListenForFrames() | pump.ListenForTraining() | pump.ListenForPage():
                self._listening = command
                if not self._repeats:
                    self._idle_for(KEEP_ALIVE, self._no_signal_again)
                self._tell_carrier()
            case pump.SendSilence(seconds=seconds):
                self._timer = self.clock.callLater(seconds, self._say, pump.Transmitted())
            case pump.Release():
                for _ in range(self._repeats):  # behind DCN; there is no later
                    self._bearer.send(self._no_signal, True)
                self.stop()
                self._bearer.release()
            case _:
                self._forget(self._idle)
                self._repeats = 0
                if not isinstance(command, pump.SendTone):
                    self._listening = None
                self._go_on(self.clock.seconds(), transmission(command, self._form))

    def stop(self) -> None:
        """Say and send nothing more."""
        self._receiver = None
        self._listening = None
        self._forget(self._timer, self._idle)

    def lose(self) -> None:
        """The bearer is gone."""
        self._say(pump.BearerLost())
        self.stop()

    def _idle_for(self, seconds: float, call: Callable[..., None], *arguments: object) -> None:
        """Call *call* after so long, unless something is sent before."""
        self._forget(self._idle)
        self._idle = self.clock.callLater(seconds, call, *arguments)

    @staticmethod
    def _forget(*timers: IDelayedCall | None) -> None:
        for timer in timers:
            if timer is not None and timer.active():
                timer.cancel()

    # Sending.

    def _go_on(self, began: float, packets: Iterator[Timed]) -> None:
        """Send all packets that are due, and wait for the next."""
        elapsed = self.clock.seconds() - began
        for packet in packets:
            if packet.at > elapsed:
                self._timer = self.clock.callLater(packet.at - elapsed, self._next, began, packet, packets)
                return
            self._send(packet)

    def _next(self, began: float, packet: Timed, packets: Iterator[Timed]) -> None:
        self._send(packet)
        self._go_on(began, packets)

    def _send(self, packet: Timed) -> None:
        if packet.octets:
            self._bearer.send(packet.octets, packet.control)
        else:
            self._sent()

    def _sent(self) -> None:
        self._bearer.send(self._no_signal, True)
        self._repeats = REPEATS
        self._idle_for(REPEAT_AFTER, self._no_signal_again)
        self._say(pump.Transmitted())

    def _no_signal_again(self) -> None:
        """Say again that we send nothing: for what may be lost, and later to keep the path through NAT open."""
        self._bearer.send(self._no_signal, True)
        self._repeats = max(0, self._repeats - 1)
        if self._repeats:
            self._idle_for(REPEAT_AFTER, self._no_signal_again)
        elif self._listening is not None:
            self._idle_for(KEEP_ALIVE, self._no_signal_again)

    # Receiving.

    def _came(self, octets: bytes, missing: int) -> None:
        """The next IFP packet; what cannot be read is as good as lost."""
        if missing:
            self._damaged = True
        try:
            packet = decode(octets, self._form.version)
        except IfpError:
            self._damaged = True
        else:
            self._take(packet)

    def _make_training(self, modulation: Modulation) -> None:
        """TCF is made at each end: ours is always good, and over when that of the far end should be."""
        seconds = air.training_seconds(modulation) + TCF_SECONDS
        self._idle_for(seconds, self._carrier_down)
        self._say(pump.DataReceived(octets=bytes(round(TCF_SECONDS * modulation.bit_rate / 8))))

    def _take(self, packet: Packet) -> None:
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

    def _say(self, signal: pump.Signal) -> None:
        if self._receiver is not None:
            self._receiver(signal)

    def _indicated(self, indicator: Indicator) -> None:
        modulation = _CARRIER.get(indicator)
        if modulation is not None:
            if modulation is not self._far:
                self._carrier_up(modulation)
            self._frame.clear()  # flags or training now, whatever was before
            self._damaged = False
            return
        if indicator is Indicator.NO_SIGNAL and self._makes_training and self._far is not Modulation.V21:
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
        if self._makes_training:
            self._forget(self._idle)
        self._say(pump.CarrierDetected(modulation=self._far))
        if self._makes_training and self._far is not Modulation.V21:
            self._make_training(self._far)

    @property
    def _makes_training(self) -> bool:
        """Whether TCF that is listened for is made here."""
        return self._form.local_tcf and isinstance(self._listening, pump.ListenForTraining)

    def _carrier_down(self) -> None:
        told, self._told = self._told, False
        self._far = None
        self._frame.clear()
        self._damaged = False
        if told and self._listening is not None:
            self._say(pump.CarrierLost())

    def _field(self, field: Field) -> None:
        match field.type:
            case FieldType.HDLC_DATA if len(self._frame) < LONGEST_FRAME:
                self._frame += field.octets.translate(REVERSED)
            case FieldType.HDLC_DATA:
                self._damaged = True
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
        if isinstance(listening, pump.ListenForTraining):
            wanted = not self._form.local_tcf
        else:
            wanted = isinstance(listening, pump.ListenForPage) and not listening.ecm
        if self._told and wanted and octets:
            self._say(pump.DataReceived(octets=octets.translate(REVERSED)))


def _expected(listening: pump.Command) -> Modulation | None:
    """The high-speed modulation that is listened for."""
    if isinstance(listening, pump.ListenForTraining | pump.ListenForPage):
        return listening.modulation
    return None
