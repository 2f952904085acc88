"""What the host tells a terminal: who it is, what it can do, and its policies.

What this module does not do: it holds nothing about the far terminal; see :mod:`.negotiation`.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from sandf.protocols.t4.form import Coding, Paper, Resolution

from .capabilities import Parameters
from .modems import ALL_MODULATIONS
from .picture import Length, ScanLineTime
from .pump import Modulation
from .timers import Timer

ALL_RESOLUTIONS = frozenset(Resolution)


class Role(enum.Enum):
    """Which end of the call we are; it decides who sends CNG and who CED and DIS (T.30 clause 3)."""

    CALLER = "caller"
    CALLED = "called"


class Intention(enum.Flag):
    """What the call is for.

    A caller with SEND transmits; with RECEIVE it polls; with both it sends, then polls.  A called terminal with
    RECEIVE takes pages; with SEND it offers a document for polling (DIS bit 9); with both it does either.
    """

    SEND = enum.auto()
    RECEIVE = enum.auto()


class RtnPolicy(enum.Enum):
    """What a transmitter does on RTN: T.30 leaves it open, and some terminals send RTN for good pages."""

    RETRANSMIT = "retransmit"
    """Send the page again, slower."""
    GO_ON = "go_on"
    """Send the next page."""
    GIVE_UP = "give_up"
    """End the call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyQuality:
    """What a judge found in a page received without ECM: *rows* decoded, *bad_rows* of them, the longest bad run."""

    rows: int
    bad_rows: int
    longest_bad_run: int


class Judge(Protocol):
    """Counts the bad rows of pages received without ECM; it is fed what the terminal takes, and nothing else."""

    def begin(self, parameters: Parameters) -> None:
        """The carrier of a page is up; if one was there before it brought no data."""

    def feed(self, octets: bytes) -> None:
        """The next data of the page."""

    def judge(self) -> CopyQuality:
        """The post-message command is here: what was found in the page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TerminalSettings:
    """Everything a terminal needs to know beforehand; shares are of all rows of the page, times are seconds."""

    ident: str = ""
    subaddress: str = ""
    sender_id: str = ""
    selective_polling: str = ""
    password: str = ""
    nonstandard: bytes = b""  # FIF of NSF and NSC: country code, provider code, the rest
    nonstandard_setup: bytes = b""  # FIF of NSS
    modulations: frozenset[Modulation] = ALL_MODULATIONS
    max_bit_rate: int = 14400
    ecm: bool = True
    frame_octets: int = 256
    codings: tuple[Coding, ...] = (Coding.MMR, Coding.MR, Coding.MH)
    resolutions: frozenset[Resolution] = ALL_RESOLUTIONS
    widest: Paper = Paper.A3
    longest: Length = Length.UNLIMITED
    scan_line_time: ScanLineTime = ScanLineTime.MS_0
    scan_halves: bool = False
    # A larger page is not taken, and ends the call: two hours and a half at 14400 bit/s.
    max_page_octets: int = 16 * 1024 * 1024
    judge: Judge | None = None
    longest_scan_line: float = 5.0
    # Without ECM a page without RTC was cut off if V.21 comes up later than so after its carrier: RTN.
    cut_off_after: float = 0.5
    rtp_share: float = 0.05
    rtn_share: float = 0.15
    longest_bad_run: int | None = None
    rtn_policy: RtnPolicy = RtnPolicy.RETRANSMIT
    retransmissions: int = 1
    # RTN to EOP: figure 5-2a goes to DCN, and a later call sends the page again; with this it is sent again at once.
    repeat_last_page: bool = False
    operator: bool = False
    # A well-formed final frame with an unknown FCF ends the call (figure 5-2); else it is noise.
    end_on_unknown_frame: bool = True
    tries: int = 3
    dis_tries: int | None = None
    pprs_before_correction: int = 4
    answer_silence: float = 0.2  # at least so long (4.1.1)
    ced_seconds: float = 2.7  # 2.6 to 4.0 s (4.1.1)
    gap: float = 0.06  # 55 to 95 ms where the modulation changes (5.1, notes 3 and 4)
    # After DCN the line is kept so long: what lies in a buffer on the way when the call is cleared never arrives.
    clearing_silence: float = 1.0
    tcf_seconds: float = 1.5  # give or take 10 % (5.3.6.1.3)
    timers: Mapping[Timer, float] = field(default_factory=dict)
