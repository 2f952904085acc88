"""The timers of T.30 5.4.3.1 (and Annexes A and C) as rows, and a small board that keeps their deadlines.

Names beginning with T are the Recommendation's, those with X are ours.  Where the Recommendation leaves a timer
unnamed (the 3 s for a frame once flags have begun) the row says so.  All times are seconds.

What this module does not do: it never looks at a clock; deadlines are compared with the ``now`` it is given.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerRow:
    """One timer: *seconds* is the default, *minimum* and *maximum* what the clause (or we) allow."""

    seconds: float
    minimum: float
    maximum: float
    clause: str


class Timer(enum.Enum):
    """Every timer a terminal runs."""

    T0 = "T0"
    T1 = "T1"
    T2 = "T2"
    T3 = "T3"
    T4 = "T4"
    T5 = "T5"
    T6 = "T6"
    T7 = "T7"
    T8 = "T8"
    X_FRAME = "X frame"
    X_CNG = "X CNG"
    X_DTC = "X DTC"
    X_QUIET = "X quiet"
    X_RETRY = "X retry"
    X_TCF = "X TCF"
    X_STORE = "X store"
    X_NEXT = "X next"
    X_LINE = "X line"
    X_HOST = "X host"
    X_LEAVE = "X leave"


ROWS: dict[Timer, TimerRow] = {
    Timer.T0: TimerRow(seconds=60.0, minimum=55.0, maximum=120.0, clause="5.4.3.1: call set-up, kept by call control"),
    Timer.T1: TimerRow(seconds=35.0, minimum=30.0, maximum=40.0, clause="5.4.3.1: identify each other"),
    # Near its upper end: some transmitters wait T2 themselves before they repeat a command.
    Timer.T2: TimerRow(seconds=6.9, minimum=5.0, maximum=7.0, clause="5.4.3.1: loss of command synchronization"),
    Timer.T3: TimerRow(seconds=10.0, minimum=5.0, maximum=15.0, clause="5.4.3.1: alert the operator"),
    Timer.T4: TimerRow(seconds=3.0, minimum=2.55, maximum=3.45, clause="5.4.3.1: response, automatic unit"),
    # At its upper end: a receiver that is busy for so long has most of the fax, and a new call would begin anew.
    Timer.T5: TimerRow(seconds=65.0, minimum=55.0, maximum=65.0, clause="Annex A: receiver not ready"),
    Timer.T6: TimerRow(seconds=5.0, minimum=4.5, maximum=5.5, clause="C.5: identify, duplex on ISDN; not used here"),
    Timer.T7: TimerRow(seconds=6.0, minimum=5.0, maximum=7.0, clause="C.5: command loss, duplex; not used here"),
    Timer.T8: TimerRow(seconds=10.0, minimum=9.0, maximum=11.0, clause="C.5: receiver busy, duplex; not used here"),
    Timer.X_FRAME: TimerRow(seconds=3.0, minimum=2.55, maximum=10.0, clause="5.2: a frame after flags, unnamed"),
    Timer.X_CNG: TimerRow(seconds=3.0, minimum=2.55, maximum=3.45, clause="4.2: CNG off time"),
    # DIS is repeated by T4 as well: of two that are equal both would send, and neither be heard, again and again.
    Timer.X_DTC: TimerRow(seconds=3.4, minimum=2.55, maximum=3.45, clause="5.4.3.1: T4 for DTC, late in its tolerance"),
    Timer.X_QUIET: TimerRow(seconds=3.0, minimum=0.2, maximum=10.0, clause="ours: far carrier before we send"),
    Timer.X_RETRY: TimerRow(seconds=0.2, minimum=0.0, maximum=3.0, clause="5.2: loss of carrier after a bad frame"),
    Timer.X_TCF: TimerRow(seconds=4.0, minimum=3.2, maximum=6.0, clause="ours: TCF after DCS, then FTT"),
    Timer.X_STORE: TimerRow(seconds=1.0, minimum=0.0, maximum=2.5, clause="ours: patience with the store before RNR"),
    Timer.X_NEXT: TimerRow(seconds=4.0, minimum=0.0, maximum=4.5, clause="ours: next page unknown, then EOM"),
    Timer.X_LINE: TimerRow(seconds=300.0, minimum=10.0, maximum=3600.0, clause="ours: carrier without any data"),
    Timer.X_LEAVE: TimerRow(seconds=6.0, minimum=3.0, maximum=10.0, clause="ours: hanging up, for a last response"),
    Timer.X_HOST: TimerRow(seconds=60.0, minimum=10.0, maximum=3600.0, clause="ours: longest wait for the host"),
}


class TimerBoard:
    """The running timers of one terminal."""

    def __init__(self, overrides: Mapping[Timer, float]) -> None:
        """*overrides* are in seconds; raises ValueError for one that its row does not allow."""
        for timer, seconds in overrides.items():
            row = ROWS[timer]
            if not row.minimum <= seconds <= row.maximum:
                raise ValueError(f"{timer.value} of {seconds:g} s: {row.minimum:g} to {row.maximum:g} s is allowed")
        self._seconds = {timer: row.seconds for timer, row in ROWS.items()} | dict(overrides)
        self._deadlines: dict[Timer, float] = {}

    def seconds(self, timer: Timer) -> float:
        """How long *timer* runs in this terminal."""
        return self._seconds[timer]

    def start(self, timer: Timer, now: float) -> None:
        """Start or restart *timer*."""
        self._deadlines[timer] = now + self._seconds[timer]

    def stop(self, *timers: Timer) -> None:
        """Stop these timers; those that do not run are no matter."""
        for timer in timers:
            self._deadlines.pop(timer, None)

    def clear(self) -> None:
        """Stop all."""
        self._deadlines.clear()

    def running(self, timer: Timer) -> bool:
        """Whether *timer* runs."""
        return timer in self._deadlines

    def next_deadline(self) -> float | None:
        """When the first of them expires; None if none runs."""
        return min(self._deadlines.values(), default=None)

    def next_timer(self) -> Timer | None:
        """Which expires first; None if none runs."""
        return min(self._deadlines, key=self._deadlines.__getitem__, default=None)

    def expired(self, now: float) -> Timer | None:
        """Take the earliest timer whose time has come off the board; None if there is none."""
        timer = self.next_timer()
        if timer is None or self._deadlines[timer] > now:
            return None
        del self._deadlines[timer]
        return timer
