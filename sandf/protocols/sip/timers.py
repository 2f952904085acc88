"""The timers of SIP transactions as rows (RFC 3261 Table 4, RFC 6026, RFC 3262 3).

Names of one letter are those of the RFCs, names with X are ours.  Timer C is a proxy's and not here.  All times are
seconds.

What this module does not do: it never looks at a clock.
"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass


class Timer(enum.Enum):
    """Every timer a transaction runs."""

    A = "A"
    B = "B"
    D = "D"
    E = "E"
    F = "F"
    G = "G"
    H = "H"
    I = "I"  # noqa: E741 -- the RFC's name
    J = "J"
    K = "K"
    L = "L"
    M = "M"
    X_TRYING = "X trying"
    X_SUCCESS = "X 2xx"
    X_RELIABLE = "X reliable 1xx"
    X_PRACK = "X PRACK"
    X_CANCELLED = "X cancelled"
    X_NEXT_HOP = "X next hop"
    X_REINVITE = "X re-INVITE"


class Unit(enum.Enum):
    """What a timer is a multiple of."""

    T1 = "t1"
    T4 = "t4"
    SECOND = "second"


class Reliable(enum.Enum):
    """What becomes of a timer over a transport on which nothing is lost."""

    SAME = "runs"
    NEVER = "does not run"
    AT_ONCE = "is zero"


class Growth(enum.Enum):
    """How long a timer runs when it is set again."""

    NONE = "is not set again"
    DOUBLES = "twice as long"
    DOUBLES_TO_T2 = "twice as long, T2 at most"


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerRow:
    """One timer: *times* of *unit*."""

    times: float
    unit: Unit
    clause: str
    reliable: Reliable = Reliable.SAME
    growth: Growth = Growth.NONE


_NEVER, _AT_ONCE = Reliable.NEVER, Reliable.AT_ONCE
_DOUBLES, _TO_T2 = Growth.DOUBLES, Growth.DOUBLES_TO_T2

ROWS: dict[Timer, TimerRow] = {
    Timer.A: TimerRow(times=1, unit=Unit.T1, reliable=_NEVER, growth=_DOUBLES, clause="17.1.1.2: INVITE again"),
    Timer.B: TimerRow(times=64, unit=Unit.T1, clause="17.1.1.2: no response to INVITE"),
    # 17.1.1.2 wants 32 s at least, which 64 * T1 is unless T1 is set shorter, for tests.
    Timer.D: TimerRow(times=64, unit=Unit.T1, reliable=_AT_ONCE, clause="17.1.1.2: responses that come again"),
    Timer.E: TimerRow(times=1, unit=Unit.T1, reliable=_NEVER, growth=_TO_T2, clause="17.1.2.2: request again"),
    Timer.F: TimerRow(times=64, unit=Unit.T1, clause="17.1.2.2: no response"),
    Timer.G: TimerRow(times=1, unit=Unit.T1, reliable=_NEVER, growth=_TO_T2, clause="17.2.1: response again"),
    Timer.H: TimerRow(times=64, unit=Unit.T1, clause="17.2.1: no ACK"),
    Timer.I: TimerRow(times=1, unit=Unit.T4, reliable=_AT_ONCE, clause="17.2.1: ACKs that come again"),
    Timer.J: TimerRow(times=64, unit=Unit.T1, reliable=_AT_ONCE, clause="17.2.2: requests that come again"),
    Timer.K: TimerRow(times=1, unit=Unit.T4, reliable=_AT_ONCE, clause="17.1.2.2: responses that come again"),
    Timer.L: TimerRow(times=64, unit=Unit.T1, clause="RFC 6026 7.1: INVITEs that come again after a 2xx"),
    Timer.M: TimerRow(times=64, unit=Unit.T1, clause="RFC 6026 7.2: further 2xx"),
    Timer.X_TRYING: TimerRow(times=0.2, unit=Unit.SECOND, clause="17.2.1: 100, if nothing was said by then"),
    Timer.X_SUCCESS: TimerRow(times=1, unit=Unit.T1, growth=_TO_T2, clause="13.3.1.4: 2xx again until ACK"),
    Timer.X_RELIABLE: TimerRow(times=1, unit=Unit.T1, growth=_DOUBLES, clause="RFC 3262 3: 1xx again until PRACK"),
    Timer.X_PRACK: TimerRow(times=64, unit=Unit.T1, clause="RFC 3262 3: no PRACK"),
    Timer.X_CANCELLED: TimerRow(times=64, unit=Unit.T1, clause="9.1: no final response after CANCEL"),
    Timer.X_NEXT_HOP: TimerRow(times=12, unit=Unit.T1, clause="RFC 3263 4.3: no response, and there are further hops"),
    Timer.X_REINVITE: TimerRow(times=64, unit=Unit.T1, clause="9.1: a re-INVITE without final response is cancelled"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Timers:
    """The three values that all others come from (17.1.1.1, 17.1.2.2).  Raises ``ValueError`` for what is none."""

    t1: float = 0.5
    """How long a message and its answer take."""
    t2: float = 4.0
    """The longest pause before a request or response is sent again."""
    t4: float = 5.0
    """How long a message stays in the network."""

    def __post_init__(self) -> None:
        for name, value in (("t1", self.t1), ("t2", self.t2), ("t4", self.t4)):
            if not (math.isfinite(value) and value > 0):
                raise ValueError(f"{name} is {value} s; it must be longer than 0")
        if self.t2 < self.t1:
            raise ValueError(f"t2 ({self.t2} s) is shorter than t1 ({self.t1} s)")

    def seconds(self, timer: Timer, *, reliable: bool) -> float | None:
        """How long *timer* runs at first; None if it does not run over such a transport."""
        row = ROWS[timer]
        if reliable and row.reliable is not Reliable.SAME:
            return None if row.reliable is Reliable.NEVER else 0.0
        unit = {Unit.T1: self.t1, Unit.T4: self.t4, Unit.SECOND: 1.0}[row.unit]
        return row.times * unit

    def again(self, timer: Timer, last: float) -> float:
        """How long *timer* runs when it is set again after *last* seconds."""
        if ROWS[timer].growth is Growth.DOUBLES_TO_T2:
            return min(2 * last, self.t2)
        return 2 * last
