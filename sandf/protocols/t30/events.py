"""What a terminal tells its host, and the pages that pass between them.

What this module does not do: it stores nothing; the host answers requests by methods of the terminal.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from sandf.protocols.t4.form import Coding, PageForm, Paper, Resolution

from .capabilities import Capabilities, Parameters
from .chart import State, Trigger
from .outcomes import Outcome
from .picture import Length, ScanLineTime
from .pump import Modulation
from .settings import CopyQuality
from .timers import Timer


@dataclass(frozen=True, slots=True, kw_only=True)
class PageOffer:
    """What an outgoing page may look like on this call; codings and resolutions are in order of preference, best first.

    A page has one coding, resolution and width out of these, and is cut at A4 or B4 unless *length* is unlimited.
    """

    ecm: bool
    codings: tuple[Coding, ...]
    resolutions: tuple[Resolution, ...]
    papers: tuple[Paper, ...]
    length: Length
    scan_line_time: ScanLineTime
    scan_halves: bool
    bit_rate: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedPage:
    """What :func:`.message.finish` made of a page for scan lines of at least *min_bits*; 0 for no fill."""

    octets: bytes
    min_bits: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingPage:
    """A page to send, coded; the first picture element is the least significant bit of the first octet.

    MH and MR: every line begins with EOL (MR: with its tag bit); RTC may be there or not.  MMR: with EOFB (without it
    the page is decoded to find its end).  Fill for the minimum scan line time and RTC are the terminal's business.
    Pages that differ in *form* need EOM between them.

    A host that has other things to do than to wait while a whole page is filled gives it *finished*, and anew by
    page_finished when Negotiated says another rate; one filled for a higher rate serves until then.
    """

    octets: bytes
    form: PageForm
    finished: FinishedPage | None = None


class Verdict(enum.Enum):
    """What the receiver of a page says of it (MCF under ECM; ERR where correction was given up)."""

    MCF = "MCF"
    RTP = "RTP"
    RTN = "RTN"
    PIP = "PIP"
    PIN = "PIN"
    ERR = "ERR"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identified:
    """The far terminal said who it is: CSI, CIG or TSI, and the frames beside it; empty where it said nothing."""

    ident: str
    subaddress: str
    password: str
    sender_id: str
    selective_polling: str
    nonstandard: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CapabilitiesReceived:
    """DIS or DTC came."""

    capabilities: Capabilities


@dataclass(frozen=True, slots=True, kw_only=True)
class Negotiated:
    """DCS was sent or received: these parameters hold from the next page on."""

    parameters: Parameters


@dataclass(frozen=True, slots=True, kw_only=True)
class PageWanted:
    """Page *number* (1 on) is wanted in a form of *offer*.

    Answer page_ready, no_more_pages or pages_failed, in your own time.
    """

    number: int
    offer: PageOffer


@dataclass(frozen=True, slots=True, kw_only=True)
class PageInDoubt:
    """The last post-message command of page *number* is about to be sent: answer page_in_doubt_committed."""

    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PageConfirmed:
    """The far terminal has taken page *number*; *verdict* is MCF, RTP or PIP (RTN where the policy is to go on)."""

    number: int
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRejected:
    """The far terminal rejected page *number* (RTN, PIN, or ERR after EOR); *will_repeat* if it is sent again."""

    number: int
    verdict: Verdict
    will_repeat: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PageReceived:
    """Page *number* (1 on) is here: answer page_stored or page_refused; it is confirmed only then.

    *octets* run up to and with RTC or EOFB, without fill or padding behind it.  *complete* says whether that end was
    there.  *verdict* is what will be answered; *damaged* that ECM gave up correcting or rows were bad; *after_rejected*
    that the page before got RTN, so this is probably that page again.
    """

    number: int
    octets: bytes
    parameters: Parameters
    complete: bool
    quality: CopyQuality | None
    verdict: Verdict
    damaged: bool
    more: bool
    after_rejected: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorRequested:
    """The far terminal asks for an operator (PRI-*, PIP, PIN): answer continue_procedure or interrupt within T3."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingFailed:
    """FTT was sent or received at *modulation*."""

    modulation: Modulation


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeedChanged:
    """The transmitter goes on at *modulation*."""

    modulation: Modulation


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameSent:
    """A V.21 frame was given to the pump at *now*."""

    now: float
    octets: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameHeard:
    """A V.21 frame came at *now*."""

    now: float
    octets: bytes
    intact: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """So many octets of page *number* have been sent or received so far; *total* is known when sending."""

    number: int
    octets: int
    total: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StateChanged:
    """A row of the chart was taken: *trigger* in *state* led to *next_state*, which may be the same.

    *timer* bounds what comes next, for *seconds* from now or from the end of what is being sent; None where nothing
    is timed.
    """

    state: State
    trigger: Trigger
    next_state: State
    timer: Timer | None
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """T.30 is over; nothing follows."""

    outcome: Outcome


Event = (
    Identified
    | CapabilitiesReceived
    | Negotiated
    | PageWanted
    | PageInDoubt
    | PageConfirmed
    | PageRejected
    | PageReceived
    | OperatorRequested
    | TrainingFailed
    | SpeedChanged
    | FrameSent
    | FrameHeard
    | Progress
    | StateChanged
    | Ended
)
