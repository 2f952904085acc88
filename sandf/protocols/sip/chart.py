"""States, inputs and rows of the charts of SIP transactions (RFC 3261 17, RFC 6026), and what runs one of them.

The tables themselves are in :mod:`.client_charts` and :mod:`.server_charts`.  Timers that a state names are set where a
transaction comes into it, others by actions.  All go on into a state that has a row for them, and stop elsewhere.

What this module does not do: it decides nothing, and knows no octets.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from sipmessage import Request, Response

from .hops import Hop
from .timers import ROWS, Growth, Timer, Timers
from .transaction_events import Event


class State(enum.Enum):
    """Where a transaction stands, in the words of the figures."""

    CALLING = "Calling"
    TRYING = "Trying"
    PROCEEDING = "Proceeding"
    COMPLETED = "Completed"
    CONFIRMED = "Confirmed"
    ACCEPTED = "Accepted"
    TERMINATED = "Terminated"


class Input(enum.Enum):
    """What can happen beside a timer's end."""

    # To a client transaction.
    PROVISIONAL = "1xx came"
    SUCCESS = "2xx came"
    FAILURE = "300 to 699 came"
    CANCEL = "the user gives up"
    UNREACHABLE = "transport error"
    # To a server transaction.
    REQUEST = "the request came again"
    ACK = "ACK came"
    SAY_PROVISIONAL = "1xx from the user"
    SAY_RELIABLY = "reliable 1xx from the user"
    SAY_SUCCESS = "2xx from the user"
    SAY_FAILURE = "300 to 699 from the user"
    ACKNOWLEDGED = "the user took the ACK"
    PROVISIONAL_ACKNOWLEDGED = "the user took the PRACK"


Trigger = Input | Timer
What = Request | Response | None
Action = Callable[[Any, What, float], None]
"""What a row does, with the transaction (of the kind that the chart is for), the message that came, and now."""


@dataclass(frozen=True, slots=True)
class Row:
    """What to do, and the state that follows."""

    action: Action
    to: State


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """One figure: where it begins, its rows, and the timers that are set on coming into a state."""

    begins: State
    rows: dict[tuple[State, Trigger], Row]
    timers: dict[State, tuple[Timer, ...]]


class Transaction:
    """A transaction of any kind."""

    __slots__ = ("chart", "hop", "interval", "key", "layer", "octets", "running", "state")

    def __init__(self, *, layer: Layer, chart: Chart, key: str, hop: Hop) -> None:
        self.layer = layer
        self.chart = chart
        self.key = key
        self.hop = hop
        self.state = chart.begins
        self.octets = b""
        """What is sent again."""
        self.running: dict[Timer, float] = {}
        self.interval = 0.0
        """How long the timer that sends again ran last."""

    def begin(self, now: float) -> None:
        """Set the timers of the first state."""
        self._enter(self.state, now)

    def take(self, trigger: Trigger, what: What, now: float) -> None:
        """Something happens to it."""
        row = self.chart.rows[self.state, trigger]
        row.action(self, what, now)
        if row.to is not self.state:
            self._enter(row.to, now)

    def _enter(self, state: State, now: float) -> None:
        self.state = state
        self.running = {timer: at for timer, at in self.running.items() if (state, timer) in self.chart.rows}
        for timer in self.chart.timers.get(state, ()):
            if timer not in self.running and self.state is state:
                self.start(timer, now)

    def start(self, timer: Timer, now: float) -> None:
        """Set *timer*; one of no seconds ends at once."""
        seconds = self.layer.timers.seconds(timer, reliable=self.hop.transport.reliable)
        if seconds is None:
            return
        if seconds == 0:
            self.take(timer, None, now)
            return
        if ROWS[timer].growth is not Growth.NONE:
            self.interval = seconds
        self.running[timer] = now + seconds

    def repeat(self, timer: Timer, now: float, seconds: float | None = None) -> None:
        """Set *timer* again, longer than last time or for *seconds*."""
        self.interval = self.layer.timers.again(timer, self.interval) if seconds is None else seconds
        self.running[timer] = now + self.interval

    def next_deadline(self) -> float | None:
        """When the first of its timers ends."""
        return min(self.running.values(), default=None)

    def expire(self, now: float) -> None:
        """The first of its timers has ended."""
        timer = min(self.running, key=self.running.__getitem__)
        del self.running[timer]
        self.take(timer, None, now)

    def send(self) -> None:
        """Send :attr:`octets`."""
        self.layer.send_octets(self.octets, self.hop)


class Layer(Protocol):
    """What a transaction needs of the layer it is in."""

    timers: Timers
    source: Hop
    """Where the message came from that is being taken."""

    def send_octets(self, octets: bytes, hop: Hop) -> None:
        """Send a message."""

    def emit(self, event: Event) -> None:
        """Tell the user."""

    def begin_cancel(self, request: Request, hop: Hop, now: float) -> str:
        """Begin the transaction of a CANCEL, which has the Via of its INVITE, and return its key."""


def ignored(reason: str, state: State) -> Row:
    """A row for an input that changes nothing; *reason* says why."""
    return Row(done, state)


def done(transaction: Transaction, what: What, now: float) -> None:
    """Nothing is to be done: the state that follows says it all."""


def send_again(timer: Timer) -> Action:
    """The action of a timer that sends :attr:`Transaction.octets` again and is set again."""

    def action(transaction: Transaction, what: What, now: float) -> None:
        transaction.send()
        transaction.repeat(timer, now)

    return action
