"""A line in virtual time between two terminals, with the air times of :mod:`sandf.protocols.t30.air`, and hosts.

Impairments are two functions: one sees each V.21 frame or ECM frame on its way and says what arrives, the other sees
each transmission and says how much of it is heard, how late, and whether it echoes.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import TypeVar

from sandf.protocols.t30 import air, events, frames, pump
from sandf.protocols.t30.chart import Input, State
from sandf.protocols.t30.pump import Modulation
from sandf.protocols.t30.settings import Intention, Role, TerminalSettings
from sandf.protocols.t30.terminal import TABLE, Terminal

Impairment = Callable[[str, str, bytes], Iterable[tuple[bytes, bool]]]
DETECT = 0.05
GAP = 0.075
PIECE_SECONDS = 60.0  # a page arrives at least so often, and nothing takes its carrier for stuck
E = TypeVar("E", bound=events.Event)


def clean(sender: str, name: str, octets: bytes) -> Iterable[tuple[bytes, bool]]:
    """Everything arrives as it was sent."""
    return [(octets, True)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What becomes of a transmission on its way.

    It arrives *late* seconds after it was sent, behind what was sent before it; only the first *share* of it is heard,
    and the carrier is gone after that; its sender hears it again *echo* seconds after it was sent.
    """

    late: float = 0.0
    share: float = 1.0
    echo: float = 0.0


UNHARMED = Fate()
seconds = lru_cache(maxsize=512)(air.seconds)  # the same pages are sent again and again
Carriage = Callable[[str, pump.Command], Fate]


def unharmed(sender: str, command: pump.Command) -> Fate:
    """Every transmission is heard at once and whole."""
    return UNHARMED


@dataclass
class Nth:
    """Impair the *nth* frames (from 1) called *name* of *sender*: lost, corrupt or doubled."""

    sender: str
    name: str
    how: str
    nth: tuple[int, ...] = (1,)
    seen: int = 0

    def __call__(self, sender: str, name: str, octets: bytes) -> Iterable[tuple[bytes, bool]]:
        if sender != self.sender or name != self.name:
            return [(octets, True)]
        self.seen += 1
        if self.seen not in self.nth:
            return [(octets, True)]
        return {"lost": [], "corrupt": [(octets, False)], "doubled": [(octets, True), (octets, True)]}[self.how]


@dataclass
class Host:
    """Answers a terminal's requests after *delay* seconds (None: never)."""

    pages: list[events.OutgoingPage] = field(default_factory=list)
    delay: float = 0.0
    page_delay: float | None = 0.0
    commit_delay: float | None = 0.0
    store_delay: float | None = 0.0
    refuse: tuple[int, ...] = ()
    operator: str = ""
    seen: list[events.Event] = field(default_factory=list)

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.seen if isinstance(event, kind)]

    @property
    def received(self) -> list[events.PageReceived]:
        return self.of(events.PageReceived)

    @property
    def outcome(self) -> str:
        return next((event.outcome.name for event in self.seen if isinstance(event, events.Ended)), "")

    def answer(self, event: events.Event) -> tuple[float | None, Callable[[Terminal, float], None]] | None:
        self.seen.append(event)
        match event:
            case events.PageWanted(number=number):
                if number <= len(self.pages):
                    return self.page_delay, lambda t, now: t.page_ready(self.pages[number - 1], now)
                return self.page_delay, lambda t, now: t.no_more_pages(now)
            case events.PageInDoubt():
                return self.commit_delay, lambda t, now: t.page_in_doubt_committed(now)
            case events.PageReceived(number=number):
                if number in self.refuse:
                    return self.store_delay, lambda t, now: t.page_refused(now)
                return self.store_delay, lambda t, now: t.page_stored(now)
            case events.OperatorRequested():
                if self.operator == "interrupt":
                    return 1.0, lambda t, now: t.interrupt(now)
                if self.operator == "continue":
                    return 1.0, lambda t, now: t.continue_procedure(now)
        return None


def check_transition(change: events.StateChanged) -> None:
    """What happened is a row of the chart, or one of the few things that may happen in any state."""
    if change.trigger in (Input.HUNG_UP, Input.BEARER_LOST) or change.state is State.DCN_SENT:
        return
    assert change.next_state in TABLE[change.state, change.trigger].to, change


class End:
    """One end of the line: a terminal, its host, and its pump."""

    def __init__(self, name: str, line: Line, terminal: Terminal, host: Host) -> None:
        self.name = name
        self.line = line
        self.terminal = terminal
        self.host = host
        self.listening: pump.Command | None = None
        self.sending: pump.Command | None = None
        self.arriving: pump.Command | None = None
        self.arrives_until = 0.0  # when the latest of our transmissions is over at the far end
        self.echo_until = 0.0
        self.hears: Modulation | None = None
        self.released = False
        self.released_at = 0.0
        self.seconds = 0.0  # of all that was sent
        self.frames: list[str] = []
        self.sent: list[pump.Command] = []
        self._timer: float | None = None

    def drain(self) -> None:
        while True:
            told = self.terminal.events()
            ordered = self.terminal.commands()
            if not told and not ordered:
                break
            for command in ordered:
                self.line.carry_out(self, command)
            for event in told:
                if isinstance(event, events.StateChanged):
                    check_transition(event)
                answer = self.host.answer(event)
                if answer is not None and answer[0] is not None:
                    self.line.at(answer[0], partial(self.act, answer[1]))
        deadline = self.terminal.next_deadline()
        if deadline is not None and deadline != self._timer:
            self._timer = deadline
            self.line.at(max(0.0, deadline - self.line.now), self.tick)

    def act(self, act: Callable[[Terminal, float], None]) -> None:
        self.do(lambda now: act(self.terminal, now))

    def tick(self) -> None:
        self._timer = None
        self.do(self.terminal.handle_timer)

    def do(self, act: Callable[[float], None]) -> None:
        act(self.line.now)
        self.drain()

    def signal(self, signal: pump.Signal) -> None:
        self.do(lambda now: self.terminal.receive_signal(signal, now))

    @property
    def deaf(self) -> bool:
        return self.sending is not None and not isinstance(self.sending, pump.SendTone | pump.SendSilence)


class Line:
    """Two ends, one clock."""

    def __init__(
        self,
        caller: TerminalSettings,
        called: TerminalSettings,
        *,
        pages: Iterable[events.OutgoingPage] = (),
        polled: Iterable[events.OutgoingPage] = (),
        caller_intention: Intention = Intention.SEND,
        called_intention: Intention = Intention.RECEIVE,
        impair: Impairment = clean,
        fate: Carriage = unharmed,
        bad_training: Callable[[Modulation], bool] = lambda modulation: False,
        spoil: Callable[[bytes], bytes] = lambda octets: octets,
        caller_host: Host | None = None,
        called_host: Host | None = None,
    ) -> None:
        self.now = 0.0
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self.impair = impair
        self.fate = fate
        self.bad_training = bad_training
        self.spoil = spoil
        self.trace: list[str] = []
        one = Terminal(caller, role=Role.CALLER, intention=caller_intention)
        two = Terminal(called, role=Role.CALLED, intention=called_intention)
        self.caller = End("caller", self, one, caller_host or Host(pages=list(pages)))
        self.called = End("called", self, two, called_host or Host(pages=list(polled)))

    def other(self, end: End) -> End:
        return self.called if end is self.caller else self.caller

    def at(self, delay: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._heap, (self.now + delay, next(self._order), act))

    def start(self) -> Line:
        self.caller.do(self.caller.terminal.start)
        self.called.do(self.called.terminal.start)
        return self

    def run(self, until: float = 3600.0) -> Line:
        if self.now == 0.0 and not self._heap:
            self.start()
        while self._heap and self._heap[0][0] <= until:
            self.now, _, act = heapq.heappop(self._heap)
            act()
        return self

    def carry_out(self, end: End, command: pump.Command) -> None:
        match command:
            case pump.Release():
                end.released, end.released_at = True, self.now
                self.trace.append(f"{self.now:.3f} {end.name} release")
                return
            case pump.ListenForFrames() | pump.ListenForTraining() | pump.ListenForPage():
                end.listening = command
                if isinstance(end.arriving, pump.SendFrames) and end.hears is None:
                    self.at(DETECT, partial(self._late_carrier, end, end.arriving))
                return
        assert end.sending is None, (end.sending, command)
        duration = seconds(command)
        end.seconds += duration
        end.sending = command
        end.sent.append(command)
        match command:
            case pump.SendTone(tone=tone):
                self.at(0.3, lambda: self.other(end).signal(pump.ToneDetected(tone=tone)))
            case pump.SendFrames() | pump.SendTraining() | pump.SendPage() | pump.SendPartialPage():
                self._send(end, command, duration)
        self.at(duration, lambda: self._done(end))

    def _send(self, end: End, command: pump.Command, duration: float) -> None:
        fate, far = self.fate(end.name, command), self.other(end)
        begins = fate.late
        if end.arrives_until > self.now + 1e-6:
            begins = max(begins, end.arrives_until + GAP - self.now)
        end.arrives_until = self.now + begins + duration
        heard = duration * fate.share
        match command:
            case pump.SendFrames(frames=octets):
                self._send_frames(end, octets, begins, heard, fate.echo)
            case pump.SendTraining() | pump.SendPage() | pump.SendPartialPage():
                self._send_fast(end, command, duration, begins, heard)
        if heard <= 0.0:
            return
        if begins > 0.0:
            self.at(begins, lambda: self._arrive(far, command))
        else:
            self._arrive(far, command)
        self.at(begins + heard, lambda: self._fade(far, command))
        if fate.echo > 0.0:
            self.at(duration + DETECT, lambda: self._echo(end, fate.echo - DETECT))

    def _done(self, end: End) -> None:
        end.sending = None
        end.signal(pump.Transmitted())

    def _arrive(self, end: End, command: pump.Command) -> None:
        end.arriving = command

    def _fade(self, end: End, command: pump.Command) -> None:
        if end.arriving is command:
            end.arriving = None
            self._quiet(end)

    def _echo(self, end: End, lasts: float) -> None:
        end.echo_until = self.now + lasts
        self._hear(end, Modulation.V21)
        self.at(lasts, lambda: self._quiet(end))

    def _quiet(self, end: End) -> None:
        """A carrier has ended at *end*; it hears none any more unless another is there."""
        if end.hears is not None and end.arriving is None and end.echo_until <= self.now:
            end.hears = None
            end.signal(pump.CarrierLost())

    def _late_carrier(self, end: End, arriving: pump.Command) -> None:
        if end.arriving is arriving:
            self._hear(end, Modulation.V21)

    def _hear(self, end: End, modulation: Modulation) -> None:
        if not end.deaf and end.hears is None and not end.released:
            end.hears = modulation
            end.signal(pump.CarrierDetected(modulation=modulation))

    def _send_frames(self, end: End, octets: tuple[bytes, ...], begins: float, heard: float, echo: float) -> None:
        far = self.other(end)
        if heard > DETECT:
            self.at(begins + DETECT, lambda: self._hear(far, Modulation.V21))
        bits, cut = 0, False
        for frame in octets:
            name = frames.name_of(frame)
            end.frames.append(name)
            self.trace.append(f"{self.now:.3f} {end.name} {name}")
            bits += air.frame_bits(frame) + 8
            when = air.V21_PREAMBLE + bits / 300
            if when > heard:
                if heard > air.V21_PREAMBLE and not cut:
                    self.at(begins + heard - 0.001, partial(self._frame, far, Modulation.V21, frame[:2], False))
                cut = True
                continue
            for arrived, intact in self.impair(end.name, name, frame):
                self.at(begins + when, partial(self._frame, far, Modulation.V21, arrived, intact))
            if echo > 0.0:
                self.at(when + echo, partial(self._frame, end, Modulation.V21, frame, True))

    def _frame(self, far: End, modulation: Modulation, octets: bytes, intact: bool) -> None:
        if not far.deaf and far.hears is modulation:
            far.signal(pump.FrameReceived(octets=octets, intact=intact))

    def _send_fast(self, end: End, command: pump.Command, duration: float, begins: float, heard: float) -> None:
        assert isinstance(command, pump.SendTraining | pump.SendPage | pump.SendPartialPage)
        far, modulation = self.other(end), command.modulation
        self.trace.append(f"{self.now:.3f} {end.name} {type(command).__name__} {modulation.name}")

        def up() -> None:
            if _matches(command, far.listening):
                self._hear(far, modulation)

        rises = min(0.1, duration / 2)
        if heard <= rises:
            return
        self.at(begins + rises, up)
        pieces = 1 + int(heard / PIECE_SECONDS)
        share = heard / duration
        for index in range(pieces):
            part = (share * index / pieces, share * (index + 1) / pieces)
            self.at(begins + duration * part[1] - 0.001, partial(self._data, end, far, command, part))

    def _data(self, end: End, far: End, command: pump.Command, part: tuple[float, float]) -> None:
        """What lies between two shares of a fast transmission arrives."""
        assert isinstance(command, pump.SendTraining | pump.SendPage | pump.SendPartialPage)
        if far.deaf or far.hears is not command.modulation:
            return
        match command:
            case pump.SendTraining(seconds=training):
                zeros = bytes(int(training * command.modulation.bit_rate / 8 * (part[1] - part[0])))
                bad = self.bad_training(command.modulation)
                far.signal(pump.DataReceived(octets=b"\x55" * len(zeros) if bad else zeros))
            case pump.SendPage(octets=octets):
                spoilt = self.spoil(octets)
                first, last = (int(len(spoilt) * share) for share in part)
                for at in range(first, last, 4096):
                    far.signal(pump.DataReceived(octets=spoilt[at : min(last, at + 4096)]))
            case pump.SendPartialPage(frames=sent):
                first, last = (int(len(sent) * share) for share in part)
                for frame in sent[first:last]:
                    name = "FCD" if frame[2] == 0x06 else "RCP"
                    for arrived, intact in self.impair(end.name, name, frame):
                        far.signal(pump.FrameReceived(octets=arrived, intact=intact))


def _matches(command: pump.Command, listening: pump.Command | None) -> bool:
    match command, listening:
        case pump.SendTraining(), pump.ListenForTraining():
            return command.modulation is listening.modulation
        case ((pump.SendPage() | pump.SendPartialPage()), pump.ListenForPage()):
            same = command.short_training is listening.short_training
            return same and command.modulation is listening.modulation
    return False
