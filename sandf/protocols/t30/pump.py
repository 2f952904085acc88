"""What T.30 and a bearer say to each other.

A T.30 terminal never touches samples, packets or AT commands.  It emits *commands* (send this, listen for
that), and a pump for the bearer at hand (virtual line, T.38, Class 1) carries them out and answers with
*signals*.  Both are values; the pump keeps the time of the line, the terminal keeps the timers of T.30.

Octets are in the order of T.30: the first bit on the line is the least significant bit of the first octet.
An HDLC frame is given without flags, FCS and zero insertion: it starts with the address octet 0xFF.

What this module does not do: it holds no state and no timing; see :mod:`.air` for how long things take.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


class Modulation(enum.Enum):
    """A modulation with its bit rate (T.30 Table 2, DCS bits 11 to 14); the value is ``(system, bit/s)``."""

    V21 = ("V.21", 300)
    V27TER_2400 = ("V.27ter", 2400)
    V27TER_4800 = ("V.27ter", 4800)
    V29_7200 = ("V.29", 7200)
    V29_9600 = ("V.29", 9600)
    V17_7200 = ("V.17", 7200)
    V17_9600 = ("V.17", 9600)
    V17_12000 = ("V.17", 12000)
    V17_14400 = ("V.17", 14400)

    @property
    def system(self) -> str:
        """The Recommendation that defines the modulation."""
        return self.value[0]

    @property
    def bit_rate(self) -> int:
        """Bits a second."""
        return self.value[1]


class Tone(enum.Enum):
    """Single tones of T.30 clause 4."""

    CED = "CED"
    CNG = "CNG"


# Commands: from the terminal to the pump. One transmission is under way at a time; each ends with Transmitted.


@dataclass(frozen=True, slots=True, kw_only=True)
class SendTone:
    """Send *tone* for *seconds*; CNG is sent as one burst of its cadence (0.5 s on), the terminal repeats it."""

    tone: Tone
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SendSilence:
    """Send nothing for *seconds* (the gaps between carriers, or the wait before CED), then report Transmitted."""

    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SendFrames:
    """Send binary coded control frames at V.21, a preamble of flags first (T.30 5.3.1: 1 s, give or take 15 %)."""

    frames: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SendTraining:
    """Train, then send zeros for *seconds* (TCF, T.30 5.3.6.1.3: 1.5 s)."""

    modulation: Modulation
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SendPage:
    """Train, then send non-ECM page data as it stands: EOLs, fill and RTC are already in *octets*."""

    modulation: Modulation
    short_training: bool
    octets: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SendPartialPage:
    """Train, then send the ECM frames of one partial page (FCD and RCP, T.4 Annex A) at the high speed."""

    modulation: Modulation
    short_training: bool
    frames: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenForFrames:
    """Receive V.21 frames (and hear tones)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenForTraining:
    """Receive TCF: the demodulated bits come as DataReceived."""

    modulation: Modulation


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenForPage:
    """Receive a page at the high speed; with *ecm* as FrameReceived, else as DataReceived.

    A pump hears V.21 as well while it waits (the far terminal may repeat a command) and then says
    ``CarrierDetected(modulation=Modulation.V21)``.
    """

    modulation: Modulation
    short_training: bool
    ecm: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """T.30 has ended; the bearer is to be given back to call control."""


Command = (
    SendTone
    | SendSilence
    | SendFrames
    | SendTraining
    | SendPage
    | SendPartialPage
    | ListenForFrames
    | ListenForTraining
    | ListenForPage
    | Release
)


# Signals: from the pump to the terminal.


@dataclass(frozen=True, slots=True, kw_only=True)
class Transmitted:
    """The last bit of the transmission under way has left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToneDetected:
    """The far end sends *tone*."""

    tone: Tone


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierDetected:
    """A carrier is up: V.21 flags are heard, or the high-speed modem has trained."""

    modulation: Modulation


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierLost:
    """The carrier reported by CarrierDetected has gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameReceived:
    """One HDLC frame, without flags and FCS; *intact* says whether the FCS was right."""

    octets: bytes
    intact: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class DataReceived:
    """Some octets of TCF or of a non-ECM page, in order."""

    octets: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class BearerLost:
    """The call was cleared from outside (far hang-up, network): nothing more can be sent or heard."""


Signal = Transmitted | ToneDetected | CarrierDetected | CarrierLost | FrameReceived | DataReceived | BearerLost


class Pump(Protocol):
    """What a bearer's pump offers to the driver of a terminal.

    The driver attaches a receiver once, then hands over commands as the terminal gives them.  Signals may come from
    within :meth:`carry_out`.  After :class:`Release` no signal comes any more.
    """

    def attach(self, receiver: Callable[[Signal], None]) -> None:
        """Give all signals to *receiver* from now on; on a bearer that is gone BearerLost comes at once."""

    def carry_out(self, command: Command) -> None:
        """Begin *command*; a transmission that is asked for while one is under way is a bug of the terminal."""
