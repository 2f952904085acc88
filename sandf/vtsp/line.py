"""The virtual line: two ends in memory, each of them a bearer that takes T.30's commands as they are.

What one end sends, the other hears at the time at which a real line would have carried it: every bit is charged
(:mod:`sandf.protocols.t30.air`), carriers come up when their training or three flags are over, frames when their
closing flag is, page data in chunks, and all of it later by the line's delay.  An end hears only what it listens for:

* a V.21 receiver (ListenForFrames, and the others while they wait) hears frames that begin after it began to
  listen, and no high-speed modem;
* a high-speed receiver must have listened when training began, for the same modulation and rate, and for short
  training only if long training of the same system was taken before; else it hears nothing of the transmission;
* an end that sends (anything but a tone or silence) is deaf: where both talk, neither hears the other.

What this module does not do: samples, echo, voice.  A V.21 receiver never takes other signals for a frame.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from twisted.internet.interfaces import IDelayedCall

from sandf.callcontrol.media import BearerKind, LineClock
from sandf.protocols.t30 import air, pump
from sandf.protocols.t30.pump import Modulation

from .impairments import Impairments, Noise

FLAGS_TO_HEAR = 3 * air.FLAG_BITS / Modulation.V21.bit_rate
"""Seconds of flags after which a V.21 receiver reports its carrier."""
TONE_TO_HEAR = 0.2
"""Seconds after which a tone is recognised."""
LATE_LISTENER = 0.03
"""Seconds of training that a high-speed receiver may miss."""
CHUNK = 0.5
"""Seconds of page data in one DataReceived."""

_TRANSMISSIONS = (pump.SendFrames, pump.SendTraining, pump.SendPage, pump.SendPartialPage)
_HIGH_SPEED_LISTENING = (pump.ListenForTraining, pump.ListenForPage)
_LISTENING = (pump.ListenForFrames, *_HIGH_SPEED_LISTENING)
_Transmission = pump.SendFrames | pump.SendTraining | pump.SendPage | pump.SendPartialPage


@dataclass(slots=True, kw_only=True)
class _Signal:
    """A transmission on its way; times are seconds after its start."""

    modulation: Modulation
    short: bool
    framed: bool
    up: float
    """When the far receiver may report the carrier."""
    pieces: list[tuple[float, float, bytes, int]]
    """When each frame or chunk begins and has come whole, its octets, and its bits on the line."""
    end: float


def _of_frames(
    frames: tuple[bytes, ...], modulation: Modulation, preamble: float
) -> list[tuple[float, float, bytes, int]]:
    pieces = []
    bits = 0
    rate = modulation.bit_rate
    for frame in frames:
        size = air.frame_bits(frame)
        begins = preamble + bits / rate
        bits += air.FLAG_BITS + size
        pieces.append((begins, preamble + (bits + air.FLAG_BITS) / rate, frame, size))
    return pieces


def _of_data(octets: bytes, modulation: Modulation, training: float) -> list[tuple[float, float, bytes, int]]:
    rate = modulation.bit_rate
    size = int(rate * CHUNK) // 8
    return [
        (
            training + 8 * start / rate,
            training + 8 * min(start + size, len(octets)) / rate,
            octets[start : start + size],
            8 * size,
        )
        for start in range(0, len(octets), size)
    ]


def _signal(command: _Transmission) -> _Signal:
    """What *command* puts on the line."""
    if isinstance(command, pump.SendFrames):
        pieces = _of_frames(command.frames, Modulation.V21, air.V21_PREAMBLE)
        end = air.seconds(command)
        return _Signal(modulation=Modulation.V21, short=False, framed=True, up=FLAGS_TO_HEAR, pieces=pieces, end=end)
    modulation = command.modulation
    short = not isinstance(command, pump.SendTraining) and command.short_training
    training = air.training_seconds(modulation, short=short)
    if isinstance(command, pump.SendPartialPage):
        pieces = _of_frames(command.frames, modulation, training + air.ECM_PREAMBLE)
        # As air.seconds has it, without counting the bits of 250 frames again.
        end = pieces[-1][1] + (air.ECM_CLOSING_FLAGS - 1) * air.FLAG_BITS / modulation.bit_rate
        return _Signal(modulation=modulation, short=short, framed=True, up=training, pieces=pieces, end=end)
    if isinstance(command, pump.SendPage):
        pieces = _of_data(command.octets, modulation, training)
    else:
        zeros = bytes(round(command.seconds * modulation.bit_rate / 8))
        pieces = _of_data(zeros, modulation, training)
    end = air.seconds(command)
    return _Signal(modulation=modulation, short=short, framed=False, up=training, pieces=pieces, end=end)


def _wants_frames(listening: pump.Command | None) -> bool:
    return isinstance(listening, pump.ListenForPage) and listening.ecm


class LineEnd:
    """One end of a :class:`VirtualLine`: a Bearer, and a Pump for T.30."""

    kind = BearerKind.VIRTUAL
    max_bit_rate = 14400

    def __init__(self, clock: LineClock, noise: Noise) -> None:
        self.clock: LineClock = clock
        self.noise = noise
        """What happens to signals from here to the other end."""
        self._receiver: Callable[[pump.Signal], None] | None = None
        self._far: LineEnd = self
        self._up = True
        self._listening: pump.Command | None = None
        self._listening_since = 0.0
        self._trained: set[str] = set()
        self._signal: _Signal | None = None  # from the far end, under way
        self._signal_began = 0.0
        self._next_piece = 0  # of the signal
        self._hears = False
        self._quiet_at = 0.0  # when what we sent last has passed the far end
        self._transmissions = 0
        self._calls: dict[str, IDelayedCall] = {}

    def attach(self, receiver: Callable[[pump.Signal], None]) -> None:
        """Signals go to *receiver* from now on; on a line that is gone it gets BearerLost at once."""
        self._receiver = receiver
        if not self._up:
            self._say(pump.BearerLost())

    def carry_out(self, command: pump.Command) -> None:
        """Send or listen; a transmission ends with Transmitted."""
        if not self._up:
            return
        if isinstance(command, _LISTENING):
            self._listen(command)
        elif isinstance(command, pump.Release):
            self._receiver = None
            self._listening = None
        elif isinstance(command, pump.SendTone):
            self._send_tone(command)
        elif isinstance(command, pump.SendSilence):
            self._later("sent", command.seconds, self._sent)
        elif isinstance(command, _TRANSMISSIONS):
            self._send(command)

    def fall_silent(self) -> None:
        """Like a terminal whose power fails: nothing more is sent, nothing heard; the line stays up."""
        self._receiver = None
        self._far._hear_no_more()
        self._forget("sent")
        self._up = False

    def lose(self) -> None:
        """The line is gone from here on."""
        up, self._up = self._up, False
        self._forget(*tuple(self._calls))
        if up:
            self._say(pump.BearerLost())

    def _say(self, signal: pump.Signal) -> None:
        if self._receiver is not None:
            self._receiver(signal)

    def _later(self, name: str, seconds: float, call: Callable[..., None], *args: object) -> None:
        self._calls[name] = self.clock.callLater(max(0.0, seconds), call, *args)

    def _forget(self, *names: str) -> None:
        for name in names:
            call = self._calls.pop(name, None)
            if call is not None and call.active():
                call.cancel()

    def _hear_no_more(self) -> None:
        """The far end fell silent."""
        self._forget(*[name for name in self._calls if name != "sent"])
        if self._signal is not None:
            self._ends(None)

    # Sending.

    def _send_tone(self, command: pump.SendTone) -> None:
        if command.seconds >= TONE_TO_HEAR and not self.noise.swallows():
            self._far._later("tone", self.noise.latency() + TONE_TO_HEAR, self._far._tone, command.tone)
        self._later("sent", command.seconds, self._sent)

    def _send(self, command: _Transmission) -> None:
        self._listening = None
        self._hears = False
        signal = _signal(command)
        now = self.clock.seconds()
        arrives = max(now + self.noise.latency(), self._quiet_at)
        self._quiet_at = arrives + signal.end
        together = arrives <= now
        if not together:
            self._later("sent", signal.end, self._sent)
        self._transmissions += 1
        name = f"coming {self._transmissions}"
        self._far._later(name, arrives - now, self._far._arrive, name, signal, self if together else None)

    def _sent(self) -> None:
        self._say(pump.Transmitted())

    # Receiving.

    def _listen(self, command: pump.Command) -> None:
        if command != self._listening:
            self._listening = command
            self._listening_since = self.clock.seconds()
        signal = self._signal
        if signal is not None and signal.modulation is Modulation.V21 and not self._hears:
            self._forget("joined")
            self._later("joined", FLAGS_TO_HEAR, self._join_preamble, signal)

    def _join_preamble(self, signal: _Signal) -> None:
        """V.21 flags have been heard since we began to listen, unless frames have begun."""
        preamble_ends = self._signal_began + air.V21_PREAMBLE
        if self._signal is signal and self.clock.seconds() <= preamble_ends and not self._hears:
            self._detect(signal)

    def _tone(self, tone: pump.Tone) -> None:
        if isinstance(self._listening, pump.ListenForFrames):
            self._say(pump.ToneDetected(tone=tone))

    def _arrive(self, name: str, signal: _Signal, sender: LineEnd | None) -> None:
        del self._calls[name]
        if self._signal is not None:  # its last bit arrives at this very moment
            self._forget("arriving")
            for index in range(self._next_piece, len(self._signal.pieces)):
                self._take_piece(self._signal, index)
            self._ends(None)
        self._signal = signal
        self._signal_began = self.clock.seconds()
        self._next_piece = 0
        self._hears = False
        self._later("arriving", signal.up, self._carrier, signal, sender)

    def _carrier(self, signal: _Signal, sender: LineEnd | None) -> None:
        self._detect(signal)
        self._go_on(signal, 0, sender)

    def _detect(self, signal: _Signal) -> None:
        """The carrier is up; if we can hear it, say so."""
        if not self._takes(signal) or self._far.noise.swallows():
            return
        if signal.modulation is not Modulation.V21 and not signal.short:
            self._trained.add(signal.modulation.system)
        self._hears = True
        self._say(pump.CarrierDetected(modulation=signal.modulation))

    def _takes(self, signal: _Signal) -> bool:
        """Whether the receiver as it is set now locks on to *signal*."""
        listening = self._listening
        if signal.modulation is Modulation.V21:
            return listening is not None
        if not isinstance(listening, _HIGH_SPEED_LISTENING) or listening.modulation is not signal.modulation:
            return False
        expected_short = isinstance(listening, pump.ListenForPage) and listening.short_training
        short = signal.short and signal.modulation.system == "V.17"
        if expected_short != short or (short and signal.modulation.system not in self._trained):
            return False
        return self._listening_since <= self._signal_began + LATE_LISTENER

    def _go_on(self, signal: _Signal, index: int, sender: LineEnd | None) -> None:
        now = self.clock.seconds() - self._signal_began
        self._next_piece = index
        if index < len(signal.pieces):
            self._later("arriving", signal.pieces[index][1] - now, self._piece, signal, index, sender)
        else:
            self._later("arriving", signal.end - now, self._ends, sender)

    def _piece(self, signal: _Signal, index: int, sender: LineEnd | None) -> None:
        self._take_piece(signal, index)
        self._go_on(signal, index + 1, sender)

    def _take_piece(self, signal: _Signal, index: int) -> None:
        begins, _, octets, bits = signal.pieces[index]
        if not self._hears and signal.modulation is Modulation.V21:
            self._join_at_flag(signal, begins)
        if self._hears:
            self._hear(signal, octets, bits)

    def _join_at_flag(self, signal: _Signal, begins: float) -> None:
        """A V.21 receiver that missed the preamble joins at the flag in front of a frame."""
        if self._listening_since <= self._signal_began + begins:
            self._detect(signal)

    def _hear(self, signal: _Signal, octets: bytes, bits: int) -> None:
        noise = self._far.noise
        rate = signal.modulation.bit_rate
        if signal.framed:
            arrived = None if noise.drowns(rate) else noise.frame(octets, bits, rate)
            if arrived is not None and self._frames_wanted(signal):
                self._say(pump.FrameReceived(octets=arrived[0], intact=arrived[1]))
        elif isinstance(self._listening, _HIGH_SPEED_LISTENING) and not _wants_frames(self._listening):
            self._say(pump.DataReceived(octets=noise.data(octets, rate)))

    def _frames_wanted(self, signal: _Signal) -> bool:
        return signal.modulation is Modulation.V21 or _wants_frames(self._listening)

    def _ends(self, sender: LineEnd | None) -> None:
        heard, self._hears = self._hears, False
        self._signal = None
        if heard:
            self._say(pump.CarrierLost())
        if sender is not None and sender._up:
            sender._sent()


class VirtualLine:
    """A line on *clock*; *name* tells its damage from that of other lines with the same seed."""

    def __init__(
        self, clock: LineClock, *, near: Impairments | None = None, far: Impairments | None = None, name: str = ""
    ) -> None:
        self.clock = clock
        self.ends = (
            LineEnd(clock, Noise(near or Impairments(), f"{name} there")),
            LineEnd(clock, Noise(far or Impairments(), f"{name} back")),
        )
        """The caller's and the called end; *near* is what happens to signals from the former, *far* to the others."""
        for end, other in (self.ends, self.ends[::-1]):
            end._far = other
