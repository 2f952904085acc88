"""What may go wrong in a call: an axis of the matrix, and the damage that it does on the line.

An impairment is a kind of damage and the label of what it strikes, which is struck once, at its Nth transmission.
Frames that a fair call has not (PPR, CTC, RNR, RTN ...) stand for the circumstance that brings them, damaged or not.

What this module does not do: it says nothing of how a call may end; that is :mod:`.permitted`.
"""

from __future__ import annotations

import enum
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from sandf.protocols.t30 import air, frames, pump
from sandf.protocols.t30.pump import Modulation
from tests.protocols.t30.line import Fate, seconds

from .dimensions import Case, Direction, Distance, Mode, Place, Shape

LATE = 1.5  # seconds: within the shortest T4
TOO_LATE = 4.5  # the command is on the line again
ECHO = 2 * Distance.SATELLITE.value  # seconds
OUT_OF_FRAME = 0.06  # seconds of a frame that are heard before the carrier goes


class Kind(enum.Enum):
    """Kinds of damage."""

    NONE = "nothing but"
    LOST = "lost"
    CORRUPTED = "corrupted"
    DOUBLED = "doubled"
    LATE = "late"
    TOO_LATE = "later than T4"
    CLIPPED = "cut within the frame"
    ECHOED = "echo of"
    DROPPED_EARLY = "carrier drops early in"
    DROPPED_LATE = "carrier drops late in"
    UNHEARD = "nothing heard of"
    SILENT = "silent from"


OF_CALLED = ("NSF", "CSI")
OF_POLLING = ("NSC", "CIG", "SEP", "PWD")
OF_TRANSMITTER = ("NSS", "TSI", "SUB", "SID")
IDENTIFICATIONS = (*OF_CALLED, *OF_POLLING, *OF_TRANSMITTER)
COMMANDS = ("DIS", "DTC", "DCS", "CTC", "NULL", "MPS", "EOM", "EOP", "EOR", "RR")
RESPONSES = ("CFR", "FTT", "CTR", "MCF", "RTP", "RTN", "PIP", "PIN", "PPR", "RNR", "ERR")
POST_MESSAGE = ("NULL", "MPS", "EOM", "EOP")
CONTROL = (*COMMANDS, *RESPONSES, "DCN")
ECM_FRAMES = ("FCD", "RCP")
FAST = ("TCF", "PAGE")
CIRCUMSTANCES = ("PPR", "CTC", "EOR", "RNR", "FTT", "RTP", "RTN", "PIP", "PIN")
OF_FRAMES = (Kind.LOST, Kind.CORRUPTED, Kind.DOUBLED)
OF_TRANSMISSIONS = (Kind.LATE, Kind.TOO_LATE, Kind.SILENT)
_SEVERAL_BLOCKS = {mode for mode in Mode if mode.ecm} - {Mode.ECM_256_MMR}
"""With these a page of 10,000 lines has more than 256 frames."""
EVERY_PAGE = ("every RTN", "every PIP", "every PIN")
_CIRCUMSTANCE_OF = {
    "CTR": "CTC",
    "ERR": "EOR",
    "RR": "RNR",
    "every RTN": "RTN",
    "every PIP": "PIP",
    "every PIN": "PIN",
}


@dataclass(frozen=True, slots=True)
class Impairment:
    """*kind* of damage to what *label* names."""

    kind: Kind
    label: str

    def __str__(self) -> str:
        return f"{self.kind.value} {self.label}"

    @property
    def circumstance(self) -> str:
        """What must be so beforehand: ``PPR`` for a call in which frames are lost, and so on; empty for none."""
        circumstance = _CIRCUMSTANCE_OF.get(self.label, self.label)
        return circumstance if circumstance in CIRCUMSTANCES else ""

    @property
    def every_page(self) -> bool:
        """Whether each page of the call gets that response, each once."""
        return self.label in EVERY_PAGE

    def applies(self, case: Case) -> bool:
        """Whether *case* has what is to be struck."""
        ecm, lowest = case.mode.ecm, case.speed is Modulation.V27TER_2400
        if self.label == "every PIN":
            return not ecm
        match _CIRCUMSTANCE_OF.get(self.label, self.label):
            case "NSC" | "CIG" | "SEP" | "PWD" | "DTC":
                return case.direction is Direction.CALLED_SENDS
            case "FCD" | "RCP" | "PPR" | "RNR":
                return ecm
            case "NULL":
                return case.mode in _SEVERAL_BLOCKS and case.shape is Shape.LONG
            case "MPS":
                return case.shape in (Shape.TWO_PAGES, Shape.TEN_PAGES, Shape.CHANGING)
            case "EOM":
                return case.shape is Shape.CHANGING
            case "CTC":
                return ecm and not lowest
            case "EOR":
                return ecm and lowest
            case "FTT":
                return not lowest
            case "RTN" | "RTP":
                return not ecm
            case "PIN":
                # Under ECM for EOR alone, which a page of several blocks does not end with.
                return not ecm or (lowest and case.shape is not Shape.LONG)
        return True


FAIR = Impairment(Kind.NONE, "a fair call")


def _all() -> Iterator[Impairment]:
    yield FAIR
    yield from (Impairment(Kind.NONE, label) for label in (*CIRCUMSTANCES, *EVERY_PAGE))
    framed = (*IDENTIFICATIONS, *CONTROL, *ECM_FRAMES)
    yield from itertools.starmap(Impairment, itertools.product(OF_FRAMES, framed))
    yield from itertools.starmap(Impairment, itertools.product(OF_TRANSMISSIONS, (*CONTROL, *FAST)))
    yield from itertools.starmap(Impairment, itertools.product((Kind.CLIPPED, Kind.ECHOED), CONTROL))
    dropped = (Kind.DROPPED_EARLY, Kind.DROPPED_LATE, Kind.UNHEARD)
    yield from itertools.starmap(Impairment, itertools.product(dropped, FAST))


IMPAIRMENTS = tuple(_all())


def label_of(name: str) -> str:
    """The label of a frame: the command within PPS counts, with and without ECM alike; EOR is EOR."""
    return "EOR" if name.startswith("EOR") else name.removeprefix("PPS-")


def label_of_transmission(command: pump.Command) -> str:
    """The label of a transmission: of its last frame, where it has frames."""
    match command:
        case pump.SendFrames(frames=octets):
            return label_of(frames.name_of(octets[-1]))
        case pump.SendTraining():
            return "TCF"
    return "PAGE"


Passed = tuple[str, str]
"""Who has sent it, ``caller`` or ``called``, and its label."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blow:
    """The moment of the damage."""

    sender: str
    command: str
    """The latest post-message command on the line, the one that was struck included; empty before the first."""
    rest: float = 0.0
    """Seconds of the transmission that were not heard."""
    heard: bool = True
    """Whether so much of it was heard that a modem takes notice."""


class Damage:
    """One impairment on its way through one call; it strikes the *number*-th (1 on) of what it names.

    *distance* is how long everything takes from one end to the other, in seconds.
    """

    def __init__(self, impairment: Impairment, number: int, distance: float) -> None:
        self.impairment = impairment
        self.number = number
        self.blow: Blow | None = None
        self.passed: list[Passed] = []
        self._distance = max(distance, ECHO / 2 if impairment.kind is Kind.ECHOED else 0.0)
        self._fair = Fate(late=self._distance)
        self._seen = 0
        self._command = ""

    def impair(self, sender: str, name: str, octets: bytes) -> list[tuple[bytes, bool]]:
        """What arrives of a frame (:data:`tests.protocols.t30.line.Impairment`)."""
        label = label_of(name)
        self._note(label)
        self.passed.append((sender, label))
        if self.impairment.kind not in OF_FRAMES or not self._strikes(label):
            return [(octets, True)]
        self.blow = Blow(sender=sender, command=self._command)
        return {
            Kind.LOST: [],
            Kind.CORRUPTED: [(octets, False)],
            Kind.DOUBLED: [(octets, True), (octets, True)],
        }[self.impairment.kind]

    def fate(self, sender: str, command: pump.Command) -> Fate:
        """What becomes of a transmission (:data:`tests.protocols.t30.line.Carriage`)."""
        label, kind = label_of_transmission(command), self.impairment.kind
        self._note(label)
        if not isinstance(command, pump.SendFrames):
            self.passed.append((sender, label))
        if self._silenced(sender):
            return Fate(share=0.0)
        if kind in OF_FRAMES or kind is Kind.NONE or not self._strikes(label):
            return self._fair
        lasts = seconds(command)
        fate = self._struck(command, lasts)
        heard = lasts * fate.share
        risen = heard > min(0.1, lasts / 2)
        self.blow = Blow(sender=sender, command=self._command, rest=lasts - heard, heard=risen)
        return fate

    def _note(self, label: str) -> None:
        if label in POST_MESSAGE:
            self._command = label

    def _strikes(self, label: str) -> bool:
        if label != self.impairment.label:
            return False
        self._seen += 1
        return self._seen == self.number

    def _silenced(self, sender: str) -> bool:
        return self.impairment.kind is Kind.SILENT and self.blow is not None and self.blow.sender == sender

    def _struck(self, command: pump.Command, lasts: float) -> Fate:
        match self.impairment.kind:
            case Kind.LATE:
                return Fate(late=self._distance + LATE)
            case Kind.TOO_LATE:
                return Fate(late=self._distance + TOO_LATE)
            case Kind.ECHOED:
                return Fate(late=self._distance, echo=ECHO)
            case Kind.CLIPPED:
                return Fate(late=self._distance, share=_within_last_frame(command) / lasts)
            case Kind.DROPPED_EARLY:
                return Fate(late=self._distance, share=0.25)
            case Kind.DROPPED_LATE:
                return Fate(late=self._distance, share=max(0.75, 1.0 - 1.0 / lasts))
        return Fate(share=0.0)


def _within_last_frame(command: pump.Command) -> float:
    assert isinstance(command, pump.SendFrames)
    before = air.frames_bits(command.frames[:-1]) / Modulation.V21.bit_rate
    return air.V21_PREAMBLE + before + OUT_OF_FRAME


def count(passed: list[Passed], label: str) -> int:
    """How often *label* was on the line."""
    return sum(label == other for _, other in passed)


def numbers(impairment: Impairment, passed: list[Passed]) -> list[int]:
    """Every transmission to be struck in turn, those of ECM frames, which are many, at three places."""
    found = count(passed, impairment.label)
    if impairment.label in ECM_FRAMES:
        return sorted({place.of(found) for place in Place})
    return list(range(1, found + 1))
