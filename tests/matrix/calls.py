"""One call of the matrix: two terminals on the line of the T.30 tests, its impairment, and what their hosts have seen.

What this module does not do: it judges nothing; :mod:`.laws` and :mod:`.permitted` do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache

from sandf.protocols.t30 import events, frames
from sandf.protocols.t30.modems import LADDER
from sandf.protocols.t30.outcomes import Outcome
from sandf.protocols.t30.pump import Modulation
from sandf.protocols.t30.settings import CopyQuality, Intention, TerminalSettings
from sandf.protocols.t30.terminal import Terminal
from tests.protocols.t30.judges import FixedJudge
from tests.protocols.t30.line import End, Host, Line

from . import documents
from .dimensions import Case, Direction, Distance, Shape
from .impairments import FAIR, Damage, Impairment, Passed

LONGEST = 7200.0  # virtual seconds: no call may come near
MOST_PAGES = max(documents.PAGES.values())
STORE = 0.3  # seconds, longer than a response takes to begin: one that does not wait for the store is too soon
SLOW_STORE = 5.0  # seconds: RNR, and RR twice
BAD_PERCENT = {"RTP": 10, "RTN": 30, "PIN": 30}
NOTHING_STANDARD = b"\xad\x00\x01"
# A page that is rejected comes again wherever it stands; by default the last one ends the call (see test_oddities).
TRANSMITTER = TerminalSettings(
    repeat_last_page=True,
    ident="+1 555 0100",
    subaddress="4711",
    sender_id="A SENDER",
    password="1234",
    selective_polling="17",
    nonstandard=NOTHING_STANDARD,
    nonstandard_setup=NOTHING_STANDARD,
)
"""With every frame that may stand in front of DIS, DTC and DCS."""
RECEIVER = replace(TRANSMITTER, ident="+1 555 0200", subaddress="", sender_id="")
Answer = tuple[float | None, Callable[[Terminal, float], None]] | None
GOOD_RESPONSES = ("MCF", "RTP", "PIP")


@dataclass
class Watcher(Host):
    """A host that knows what was confirmed to whom before it was stored."""

    slow_page: int = 0
    operator_pages: frozenset[int] = frozenset()
    unstored: set[int] = field(default_factory=set)
    too_soon: list[str] = field(default_factory=list)
    """Good responses that left before every page was stored."""
    in_doubt: int = 0
    """The page whose post-message command was sent and not answered."""
    terminal: Terminal | None = None

    def answer(self, event: events.Event) -> Answer:
        """As a host does, and notes what happens."""
        match event:
            case events.FrameSent(octets=octets) if frames.name_of(octets) in GOOD_RESPONSES and self.unstored:
                self.too_soon.append(frames.name_of(octets))
            case events.PageInDoubt(number=number):
                self.in_doubt = number
            case events.PageConfirmed() | events.PageRejected():
                self.in_doubt = 0
            case events.PageReceived(number=number):
                return self._store(event, number)
        return super().answer(event)

    def _store(self, event: events.PageReceived, number: int) -> Answer:
        self.seen.append(event)
        self.unstored.add(number)
        if number in self.operator_pages and self.terminal is not None:
            self.terminal.request_operator(0.0)

        def stored(terminal: Terminal, now: float) -> None:
            self.unstored.discard(number)
            terminal.page_stored(now)

        return (SLOW_STORE if number == self.slow_page else STORE), stored


@dataclass(frozen=True, slots=True)
class Run:
    """A case with its impairment; *number* is which transmission is struck, or the page of a circumstance."""

    case: Case
    impairment: Impairment
    number: int = 1
    page: int = 1
    distance: Distance = Distance.NEAR

    def __str__(self) -> str:
        return f"{self.case} {self.distance.name}: {self.impairment}, number {self.number}, page {self.page}"


class Call:
    """A run that has been made."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.damage = Damage(run.impairment, run.number, run.distance.value)
        self._trainings = self._partial_pages = 0
        case, circumstance = run.case, run.impairment.circumstance
        sending = Watcher(pages=documents.document(case), commit_delay=STORE)
        receiving = Watcher(
            slow_page=run.page if circumstance == "RNR" else 0,
            operator_pages=self._operator_pages(),
        )
        calls = case.direction is Direction.CALLER_SENDS
        self.line = Line(
            self._transmitter() if calls else self._receiver(),
            self._receiver() if calls else self._transmitter(),
            caller_intention=Intention.SEND if calls else Intention.RECEIVE,
            called_intention=Intention.RECEIVE if calls else Intention.SEND,
            caller_host=sending if calls else receiving,
            called_host=receiving if calls else sending,
            impair=self._impair,
            fate=self.damage.fate,
            bad_training=self._bad_training,
        )
        self.transmitter: End = self.line.caller if calls else self.line.called
        self.receiver: End = self.line.called if calls else self.line.caller
        self.sending, self.receiving = sending, receiving
        receiving.terminal = self.receiver.terminal
        self.line.run(until=LONGEST)

    def _transmitter(self) -> TerminalSettings:
        case = self.run.case
        ladder = frozenset(LADDER[LADDER.index(case.speed) :])
        return replace(TRANSMITTER, modulations=ladder, codings=(case.mode.coding,))

    def _receiver(self) -> TerminalSettings:
        mode, judge = self.run.case.mode, None
        if percent := BAD_PERCENT.get(self.run.impairment.circumstance, 0) if not mode.ecm else 0:
            judge = FixedJudge(self._found(percent))
        return replace(RECEIVER, ecm=mode.ecm, frame_octets=mode.frame_octets or 256, judge=judge)

    def _found(self, percent: int) -> Iterator[CopyQuality]:
        number = 0
        while True:
            number += 1
            bad = number % 2 == 1 if self.run.impairment.every_page else number == self.run.page
            yield CopyQuality(rows=100, bad_rows=percent if bad else 0, longest_bad_run=1)

    def _operator_pages(self) -> frozenset[int]:
        """Which of the pages that are handed over the operator interrupts; after PIN the next one is the same again."""
        impairment = self.run.impairment
        if impairment.circumstance not in ("PIP", "PIN"):
            return frozenset()
        if not impairment.every_page:
            return frozenset({self.run.page})
        return frozenset(range(1, 2 * MOST_PAGES, 1 if impairment.circumstance == "PIP" else 2))

    def _bad_training(self, modulation: Modulation) -> bool:
        self._trainings += 1
        return self.run.impairment.circumstance == "FTT" and self._trainings == self.run.page

    def _impair(self, sender: str, name: str, octets: bytes) -> list[tuple[bytes, bool]]:
        """The circumstance that brings PPR, CTC or EOR is the loss of a page's first frame; then the damage."""
        times = {"PPR": 1, "CTC": 4, "EOR": 4, "PIN": 4}.get(self.run.impairment.circumstance, 0)
        if times and name == "FCD" and octets[3] == 0:
            self._partial_pages += 1
            if self.run.page <= self._partial_pages < self.run.page + times:
                return []
        return self.damage.impair(sender, name, octets)

    @property
    def outcomes(self) -> tuple[Outcome | None, Outcome | None]:
        """How the transmitter and the receiver ended; None for one that did not."""
        return _outcome(self.sending), _outcome(self.receiving)

    @property
    def idle(self) -> float:
        """Virtual seconds of the call in which nobody sent anything."""
        ends = (self.transmitter, self.receiver)
        return max(end.released_at for end in ends) - sum(end.seconds for end in ends)


def _outcome(host: Host) -> Outcome | None:
    return next((event.outcome for event in host.seen if isinstance(event, events.Ended)), None)


def pages_of(run: Run) -> int:
    """How many pages (for FTT: trainings) a circumstance may come upon."""
    if run.impairment.every_page:
        return 1
    if run.impairment.circumstance == "FTT":
        return 3 if run.case.shape is Shape.CHANGING else 1
    return documents.PAGES[run.case.shape]


@lru_cache(maxsize=4096)
def passed(case: Case, circumstance: Impairment = FAIR, page: int = 1) -> tuple[Passed, ...]:
    """What is on the line in *case* if nothing is damaged."""
    return tuple(Call(Run(case, circumstance, page=page)).damage.passed)
