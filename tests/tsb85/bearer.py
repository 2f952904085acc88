"""The line between the tester and the device: the device's pump, and what the tester hears and sends on it.

Signals take no time to arrive; transmissions last as long as ``protocols/t30/air`` says.  A high-speed receiver hears
only what it listens for, and V.21 is heard beside it.  The tester's ear gets one :class:`Heard` for each tone, V.21
frame, training, page and partial page of the device, when its last bit has come.

What this module does not do: it knows no procedure, and judges no timing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from sandf.callcontrol.media import LineClock
from sandf.protocols.t30 import air, pump
from sandf.protocols.t30.frames import parse
from sandf.protocols.t30.pump import Modulation
from tests.fmsp.real_time import RealTime

FLAGS_TO_HEAR = 3 * air.FLAG_BITS / Modulation.V21.bit_rate
CHUNK_SECONDS = 0.25

Silences = tuple[float | None, float | None, bool]
"""Seconds since the device's and since the tester's transmission, and whether the latter was understood."""
Transmission = pump.SendFrames | pump.SendTraining | pump.SendPage | pump.SendPartialPage


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """Something of the device has come whole; times are seconds of the call."""

    command: pump.SendTone | Transmission
    began: float
    """When its carrier or tone began."""
    ended: float
    octets: bytes = b""
    """The frame, where the command sends V.21 frames."""
    first: bool = True
    """Whether it is the first frame of its carrier."""
    after_own: float | None = None
    """Silence since the device's transmission or tone before it; None if there was none."""
    understood: bool = False
    """Whether that transmission brought a frame of T.30, whole, or data."""
    after_far: float | None = None
    """Silence since the last transmission of the tester that it could hear; None if there was none."""


class Line:
    """The device's bearer; the tester uses the rest."""

    def __init__(self, reactor: Clock) -> None:
        self.reactor = reactor
        self.clock: LineClock = RealTime(reactor)
        self.released_at: float | None = None
        self.collisions: list[str] = []
        """When both talked."""
        self._receiver: Callable[[pump.Signal], None] | None = None
        self._listening: pump.Command | None = None
        self._sending: Transmission | None = None
        self._ended: float | None = None  # the device's latest transmission
        self._heard: deque[Heard] = deque()
        self._waiting: Deferred[None] | None = None
        # The tester's side.
        self._carrier: Modulation | None = None
        self._short = False
        self._detected = False
        self._dropped_at: float | None = None
        self._understood = False

    # The device's pump.

    def attach(self, receiver: Callable[[pump.Signal], None]) -> None:
        """Signals go to *receiver*."""
        self._receiver = receiver

    def carry_out(self, command: pump.Command) -> None:
        """Send or listen."""
        match command:
            case pump.ListenForFrames() | pump.ListenForTraining() | pump.ListenForPage():
                self._listening = command
                if self._carrier is Modulation.V21 and not self._detected:
                    self.reactor.callLater(FLAGS_TO_HEAR, self._detect, self._carrier)
            case pump.Release():
                self.released_at = self.reactor.seconds()
                self._receiver = None
                self._wake()
            case pump.SendSilence(seconds=seconds):
                self.reactor.callLater(seconds, self._say, pump.Transmitted())
            case pump.SendTone(seconds=seconds):
                self.reactor.callLater(seconds, self._tone_sent, command, self.reactor.seconds(), self._silences())
            case _:
                self._send(command)

    def _send(self, command: Transmission) -> None:
        began = self.reactor.seconds()
        if self._carrier is not None:
            self.collisions.append(f"at {began:.2f} s the device sends {command} over the tester")
        self._sending = command
        self._listening = None
        silences = self._silences()
        if isinstance(command, pump.SendFrames):
            bits = 0
            for number, frame in enumerate(command.frames):
                bits += air.frame_bits(frame) + air.FLAG_BITS
                at = air.V21_PREAMBLE + (bits + air.FLAG_BITS) / Modulation.V21.bit_rate
                self.reactor.callLater(at, self._frame_sent, command, frame, began, number == 0, silences)
        self.reactor.callLater(air.seconds(command), self._sent, command, began, silences)

    def _silences(self) -> Silences:
        now = self.reactor.seconds()
        own = None if self._ended is None else now - self._ended
        far = None if self._dropped_at is None else now - self._dropped_at
        return own, far, self._understood

    def _frame_sent(
        self,
        command: pump.SendFrames,
        frame: bytes,
        began: float,
        first: bool,
        silences: Silences,
    ) -> None:
        self._hear(command, began, silences, octets=frame, first=first)

    def _sent(self, command: Transmission, began: float, silences: Silences) -> None:
        self._sending = None
        self._ended = self.reactor.seconds()
        if not isinstance(command, pump.SendFrames):
            self._hear(command, began, silences)
        self._say(pump.Transmitted())
        self._wake()

    def _tone_sent(self, command: pump.SendTone, began: float, silences: Silences) -> None:
        self._ended = self.reactor.seconds()
        self._hear(command, began, silences)
        self._say(pump.Transmitted())

    def _say(self, signal: pump.Signal) -> None:
        if self._receiver is not None:
            self._receiver(signal)

    # The tester's ear.

    def _hear(
        self,
        command: pump.SendTone | Transmission,
        began: float,
        silences: Silences,
        *,
        octets: bytes = b"",
        first: bool = True,
    ) -> None:
        own, far, understood = silences
        self._heard.append(
            Heard(
                command=command,
                began=began,
                ended=self.reactor.seconds(),
                octets=octets,
                first=first,
                after_own=own,
                understood=understood,
                after_far=far,
            )
        )
        self._wake()

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None and not waiting.called:
            waiting.callback(None)

    @property
    def device_sends(self) -> bool:
        """Whether the device's carrier is up."""
        return self._sending is not None

    def take(self) -> Heard | None:
        """The next of what was heard, if there is something."""
        return self._heard.popleft() if self._heard else None

    async def change(self, until: float) -> bool:
        """Wait until something is heard, the device falls silent or lets go of the line; False at *until*."""
        waiting = self._waiting = Deferred()
        timer = self.reactor.callLater(max(0.0, until - self.reactor.seconds()), self._wake)
        await waiting
        if timer.active():
            timer.cancel()
            return True
        return False

    async def sleep(self, seconds: float) -> None:
        """Let *seconds* pass."""
        slept: Deferred[None] = Deferred()
        self.reactor.callLater(seconds, slept.callback, None)
        await slept

    # The tester's mouth.

    @property
    def carrier(self) -> Modulation | None:
        """What the tester sends on."""
        return self._carrier

    def raise_carrier(self, modulation: Modulation, *, short: bool = False) -> None:
        """Begin to send; the device hears it after three flags or the training."""
        self.drop_carrier()
        if self.device_sends:
            self.collisions.append(f"at {self.reactor.seconds():.2f} s the tester speaks while the device sends")
        self._carrier, self._short, self._detected = modulation, short, False
        slow = modulation is Modulation.V21
        self.reactor.callLater(FLAGS_TO_HEAR if slow else self.training(), self._detect, modulation)

    def training(self) -> float:
        """Seconds of the training of the tester's carrier."""
        assert self._carrier is not None
        return air.training_seconds(self._carrier, short=self._short)

    def _detect(self, modulation: Modulation) -> None:
        if self._carrier is modulation and not self._detected and self._takes(modulation):
            self._detected, self._understood = True, False
            self._say(pump.CarrierDetected(modulation=modulation))

    def _takes(self, modulation: Modulation) -> bool:
        listening = self._listening
        if self.device_sends or listening is None:
            return False
        if modulation is Modulation.V21:
            return True
        if isinstance(listening, pump.ListenForTraining):
            return listening.modulation is modulation
        expected = isinstance(listening, pump.ListenForPage) and listening.modulation is modulation
        return expected and listening.short_training is self._short  # type: ignore[union-attr]  # it is for a page

    async def frame(self, octets: bytes, *, intact: bool = True) -> None:
        """Send one frame and the flag behind it on the carrier that is up."""
        assert self._carrier is not None
        await self.sleep((air.frame_bits(octets) + air.FLAG_BITS) / self._carrier.bit_rate)
        if self._detected:
            self._understood = self._understood or (intact and parse(octets) is not None)
            self._say(pump.FrameReceived(octets=octets, intact=intact))

    async def data(self, octets: bytes) -> None:
        """Send octets of TCF or a page on the carrier that is up."""
        assert self._carrier is not None
        size = int(self._carrier.bit_rate * CHUNK_SECONDS) // 8
        for start in range(0, len(octets), size):
            chunk = octets[start : start + size]
            await self.sleep(8 * len(chunk) / self._carrier.bit_rate)
            if self._detected:
                self._understood = True
                self._say(pump.DataReceived(octets=chunk))

    async def flags(self, count: int) -> None:
        """Send *count* flags."""
        assert self._carrier is not None
        await self.sleep(count * air.FLAG_BITS / self._carrier.bit_rate)

    def drop_carrier(self) -> None:
        """Fall silent."""
        if self._carrier is None:
            return
        detected, self._detected = self._detected, False
        self._carrier = None
        if detected:
            self._dropped_at = self.reactor.seconds()
            self._say(pump.CarrierLost())

    def tone(self, tone: pump.Tone) -> None:
        """The device hears a tone."""
        self._say(pump.ToneDetected(tone=tone))

    def clear(self) -> None:
        """Hang up."""
        self.drop_carrier()
        self._say(pump.BearerLost())
