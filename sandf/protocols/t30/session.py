"""What the charts work on: one call's settings, line, timers, far terminal, and the two directions' bookkeeping.

What this module does not do: it has no opinion on what follows what; the tables have.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from . import pump
from .capabilities import Capabilities, Parameters
from .chart import State
from .ecm import IncomingBlock, OutgoingBlock
from .events import Event, FrameSent, OutgoingPage, PageOffer, Verdict
from .frames import Fcf, build
from .line import Line
from .outcomes import Outcome
from .pump import Modulation
from .scan_line import LineWatch
from .settings import Intention, Role, TerminalSettings
from .timers import Timer, TimerBoard


@dataclass(slots=True)
class Sending:
    """The transmit side: the page on the line, the one behind it, and where the sending of it stands."""

    steps: tuple[Modulation, ...] = ()
    modulation: Modulation | None = None
    parameters: Parameters | None = None
    offer: PageOffer | None = None
    number: int = 1
    page: OutgoingPage | None = None
    following: OutgoingPage | None = None
    asked: int = 0
    finished: bool = False
    rejections: int = 0
    doubt_committed: bool = False
    doubt_told: bool = False
    undecided: bool = False
    command: Fcf = Fcf.EOP
    # ECM.
    blocks: list[OutgoingBlock] = field(default_factory=list)
    block: int = 0
    pprs: int = 0
    long_training: bool = False
    octets_done: int = 0
    busy_too_long: bool = False  # T5 has expired
    spoilt: bool = False  # a block of this page was given up by EOR
    lost: bool = False  # a page of this call was
    interrupt: Verdict = Verdict.PIP

    @property
    def done(self) -> bool:
        """Whether no page is left to send."""
        return self.finished and self.page is None and self.following is None


@dataclass(slots=True)
class Receiving:
    """The receive side: the page that comes in, and what was answered last."""

    parameters: Parameters | None = None
    number: int = 1
    data: list[bytes] = field(default_factory=list)
    octets: int = 0
    line_watch: LineWatch | None = None  # of a page without ECM
    over_at: float = 0.0  # when the carrier of such a page was gone
    pause: float | None = None  # seconds from then until V.21 came up
    command_heard: bool = False  # a frame came since, understood or not
    command: Fcf | None = None
    verdict: Verdict = Verdict.MCF
    answer: Fcf = Fcf.MCF
    after_rejected: bool = False
    confirmed: int = 0
    # Whether the command that came last has been answered and nothing came since, and when.
    answered: bool = False
    answered_at: float = 0.0
    put_off: bool = False  # V.21 that was not understood has moved that time
    stored: bool = False
    # ECM.
    block: IncomingBlock = field(default_factory=IncomingBlock)
    answered_counters: bytes = b""
    damaged: bool = False
    spoilt: bool = False  # a block of the page handed over last was given up by EOR
    lost: bool = False  # a page of this call was, and did not come again
    interrupted: bool = False
    long_training: bool = False


@dataclass(slots=True)
class FarTerminal:
    """What the far terminal has said of itself."""

    capabilities: Capabilities | None = None
    heard: dict[Fcf, list[bytes]] = field(default_factory=dict)
    addressed: bool = False  # SUB was heard, or waited for once


class Session:
    """Everything that one call's charts share."""

    def __init__(self, settings: TerminalSettings, role: Role, intention: Intention) -> None:
        self.settings = settings
        self.role = role
        self.intention = intention
        self.board = TimerBoard(settings.timers)
        self.line = Line(self.board, settings.gap, self._frames_sent)
        self.events: list[Event] = []
        self.x = False
        self.own_dis = b""
        self.far = FarTerminal()
        self.sending = Sending()
        self.receiving = Receiving()
        self.tries = 0
        self.interrupt_wanted = False
        self.outcome: Outcome | None = None

    def tell(self, event: Event) -> None:
        """Put an event in the host's list."""
        self.events.append(event)

    def _frames_sent(self, frames: tuple[bytes, ...], now: float) -> None:
        self.events.extend(FrameSent(now=now, octets=frame) for frame in frames)

    def frame(self, fcf: Fcf, fif: bytes = b"", *, final: bool = True) -> bytes:
        """Build a frame with the X bit as it stands."""
        return build(fcf, fif, x=self.x, final=final)

    def command(self, *frames: bytes, now: float, reply: Timer = Timer.T4) -> None:
        """Send V.21 frames and wait for the response."""
        self.line.send(pump.SendFrames(frames=frames), listen=pump.ListenForFrames(), reply=reply, now=now)

    def listen_for_page(self) -> pump.ListenForPage:
        """How the next page is to be received."""
        parameters = self.receiving.parameters
        assert parameters is not None
        modulation = parameters.modulation
        short = modulation.system == "V.17" and not self.receiving.long_training
        return pump.ListenForPage(modulation=modulation, short_training=short, ecm=parameters.ecm)

    def end(self, outcome: Outcome, now: float) -> State:
        """Send DCN and end with *outcome*, after a silence that lets it arrive (T.30 5.3.6.1.8)."""
        return self.last_words(Fcf.DCN, outcome, now, silence=self.settings.clearing_silence)

    def last_words(self, fcf: Fcf, outcome: Outcome, now: float, *, silence: float = 0.0) -> State:
        """Send one frame, and end with *outcome* when it has left and *silence* (seconds) has passed."""
        self._decide(outcome)
        self.board.clear()
        self.line.drop()
        after = (pump.SendSilence(seconds=silence),) if silence else ()
        self.line.send(pump.SendFrames(frames=(self.frame(fcf),)), *after, listen=None, reply=None, now=now)
        return State.DCN_SENT

    def close(self, outcome: Outcome) -> State:
        """End with *outcome* without a word on the line."""
        self._decide(outcome)
        self.board.clear()
        self.line.drop()
        self.line.commands.append(pump.Release())
        return State.ENDED

    def _decide(self, outcome: Outcome) -> None:
        if self.outcome is None:
            lost = self.sending.lost or self.receiving.lost
            self.outcome = Outcome.PAGE_NOT_CORRECTED if lost and outcome is Outcome.COMPLETED else outcome
