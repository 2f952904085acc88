"""One T.30 terminal on one bearer: carries commands to the pump and signals to the terminal, and keeps its timer.

After each thing that happens the terminal is drained, and one timer is armed for its next deadline.  While the host
owes the terminal an answer the bearer's clock is held (:meth:`FaxSession.wait`): on a virtual call time stands still.

Every V.21 frame, and every transmission and high-speed carrier, is reported as a trace line.

What this module does not do: it knows no legs, and decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from twisted.internet.interfaces import IDelayedCall
from twisted.logger import LogLevel

from sandf.callcontrol.media import LineClock
from sandf.logs import Logger, is_written
from sandf.protocols.t30 import events, pump
from sandf.protocols.t30.chart import State
from sandf.protocols.t30.frames import name_of
from sandf.protocols.t30.pump import Modulation
from sandf.protocols.t30.terminal import Terminal
from sandf.store.records import TraceLine

Trace = Callable[[str, TraceLine], None]
"""Takes the trace of a call: ``trace(call_id, line)``."""
Step = Callable[[float], None]
"""Something to tell the terminal, given the time."""
_PAGE_EXPECTED = frozenset({State.PAGE_AWAITED, State.PAGE_ARRIVING, State.PARTIAL_PAGE_AWAITED})


class T30Bearer(pump.Pump, Protocol):
    """A bearer that takes T.30's commands."""

    clock: LineClock


def no_trace(call_id: str, line: TraceLine) -> None:
    """A trace that nobody keeps."""


class FaxSession:
    """Drives *terminal* on *bearer*; *told* gets each of its events but frames and transitions.

    *name* stands for the call in logs and the trace; *heard* sees each signal before the terminal does.  *failed* is
    called, after everything is let go of, if any of them raises: a fault on our side ends no more than the call.
    """

    log = Logger()

    def __init__(
        self,
        *,
        name: str,
        terminal: Terminal,
        bearer: T30Bearer,
        told: Callable[[events.Event], None],
        failed: Callable[[], None],
        trace: Trace = no_trace,
        heard: Callable[[pump.Signal], None] | None = None,
    ) -> None:
        self.name = name
        self._terminal = terminal
        self._bearer = bearer
        self._clock = bearer.clock
        self._told = told
        self._failed = failed
        self._trace = trace
        self._heard = heard
        self._verbose = is_written(LogLevel.debug)
        self._began = 0.0
        self._timer: IDelayedCall | None = None
        self._draining = False
        self._over = False
        self._waits: set[Callable[[], None]] = set()
        self._carrier: tuple[Modulation, float] | None = None
        self._page_began: float | None = None
        self._page_seconds = 0.0

    @property
    def over(self) -> bool:
        """Whether T.30 has ended, or was stopped."""
        return self._over

    def seconds(self) -> float:
        """Seconds of the bearer's clock."""
        return self._clock.seconds()

    def take_page_seconds(self) -> float:
        """Seconds that page data took since this was last asked, in either direction.

        By real time, as all other times of a call are recorded: on a faster virtual line it took less.
        """
        seconds, self._page_seconds = self._page_seconds, 0.0
        return seconds / self._clock.speed

    def begin(self) -> None:
        """Take the bearer and start T.30, unless it was ended before it began."""
        if self._over:
            return
        self._began = self._clock.seconds()
        self._bearer.attach(self._receive)
        self.tell(self._terminal.start)

    def tell(self, step: Step) -> None:
        """Let *step* tell the terminal something, unless it has ended, and see to what follows."""
        if not self._over:
            self._guarded(step)

    def wait(self) -> Callable[[Step], None]:
        """The host owes an answer: hold the clock until the returned function is called with it."""
        release = self._clock.hold()
        self._waits.add(release)

        def answer(step: Step) -> None:
            if release in self._waits:
                self._waits.remove(release)
                try:
                    self.tell(step)
                finally:
                    release()

        return answer

    def wait_no_more(self) -> None:
        """Answers that are still owed are not wanted any more."""
        waits, self._waits = self._waits, set()
        for release in waits:
            release()

    def stop(self) -> None:
        """Let go of bearer, clock and timer, without a word on the line."""
        self._over = True
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
        self.wait_no_more()

    def _guarded(self, step: Step) -> None:
        """Do *step* and what follows from it."""
        try:
            step(self._clock.seconds())
            self._drain()
        except Exception:
            self.log.failure("t30({call}): failed in {state}", call=self.name, state=self._terminal.state.name)
            if not self._over:
                self.stop()
                self._failed()

    def _receive(self, signal: pump.Signal) -> None:
        if not self._over:
            self._guarded(lambda now: self._take(signal, now))

    def _take(self, signal: pump.Signal, now: float) -> None:
        if self._heard is not None:
            self._heard(signal)
        if isinstance(signal, pump.CarrierDetected | pump.CarrierLost):
            self._note_carrier(signal, now)
        elif isinstance(signal, pump.Transmitted) and self._page_began is not None:
            self._page_ends(now)
        self._terminal.receive_signal(signal, now)

    def _drain(self) -> None:
        if self._draining:
            return
        self._draining = True
        try:
            self._empty()
        finally:
            self._draining = False
        if not self._over:
            self._arm()

    def _empty(self) -> None:
        """Pass on commands and events until the terminal has no more of either."""
        terminal = self._terminal
        while True:
            commands, happened = terminal.commands(), terminal.events()
            if not commands and not happened:
                return
            for event in happened:
                self._pass_on(event)
            for command in commands:
                self._note_command(command)
                self._bearer.carry_out(command)

    def _pass_on(self, event: events.Event) -> None:
        if isinstance(event, events.FrameSent):
            self._note(outward=True, at=event.now, kind="frame", text=name_of(event.octets), octets=event.octets)
        elif isinstance(event, events.FrameHeard):
            text = name_of(event.octets) if event.intact else "damaged frame"
            self._note(outward=False, at=event.now, kind="frame", text=text, octets=event.octets)
        elif isinstance(event, events.StateChanged):
            self._log_transition(event)
        else:
            if isinstance(event, events.Ended):
                self.stop()
            self._told(event)

    def _arm(self) -> None:
        deadline = self._terminal.next_deadline()
        if deadline is None:
            return
        timer = self._timer
        if timer is None or not timer.active():
            self._timer = self._clock.callLater(max(0.0, deadline - self._clock.seconds()), self._time_passed)
        elif deadline < timer.getTime():
            timer.reset(max(0.0, deadline - self._clock.seconds()))

    def _time_passed(self) -> None:
        """The timer may be for a deadline that has moved on since; then it is only armed anew."""
        deadline = self._terminal.next_deadline()
        if deadline is not None and deadline <= self._clock.seconds():
            self._guarded(self._terminal.handle_timer)
        else:
            self._arm()

    @property
    def page_expected(self) -> bool:
        """Whether a high-speed carrier that comes now brings page data."""
        return self._terminal.state in _PAGE_EXPECTED

    def _page_ends(self, now: float) -> None:
        began, self._page_began = self._page_began, None
        if began is not None:
            self._page_seconds += now - began

    # The trace.

    def _note(self, *, outward: bool, at: float, kind: str, text: str, octets: bytes = b"") -> None:
        line = TraceLine(call_id=self.name, at=at - self._began, outward=outward, kind=kind, text=text, octets=octets)
        self._trace(self.name, line)
        if not self._verbose:
            return
        self.log.debug(
            "t30({call}){{{state}}}: {way} {text}",
            call=self.name,
            state=self._terminal.state.name,
            way="->" if outward else "<-",
            text=text,
        )

    def _log_transition(self, change: events.StateChanged) -> None:
        if not self._verbose:
            return
        timer = f" ({change.timer.value}, {change.seconds:g} s)" if change.timer else ""
        self.log.debug(
            "t30({call}){{{state}}}: {trigger} -> {next_state}{timer}",
            call=self.name,
            state=change.state.name,
            trigger=change.trigger.name,
            next_state=change.next_state.name,
            timer=timer,
        )

    def _note_command(self, command: pump.Command) -> None:
        match command:
            case pump.SendTone(tone=tone, seconds=seconds):
                kind, text = "tone", f"{tone.value} {seconds:.1f} s"
            case pump.SendTraining(modulation=modulation, seconds=seconds):
                kind, text = "training", f"TCF {seconds:.1f} s {_speed(modulation)}"
            case pump.SendPage(modulation=modulation, octets=octets):
                self._page_began = self._clock.seconds()
                kind, text = "page", f"{len(octets)} octets {_speed(modulation)}"
            case pump.SendPartialPage(modulation=modulation, frames=frames):
                self._page_began = self._clock.seconds()
                kind, text = "page", f"{len(frames)} ECM frames {_speed(modulation)}"
            case _:
                return
        self._note(outward=True, at=self._clock.seconds(), kind=kind, text=text)

    def _note_carrier(self, signal: pump.CarrierDetected | pump.CarrierLost, now: float) -> None:
        """A high-speed carrier is noted when it has gone: where it began, and how long it was."""
        if isinstance(signal, pump.CarrierDetected):
            self._carrier = (signal.modulation, now)
            if self.page_expected and signal.modulation is not Modulation.V21:
                self._page_began = now
        elif self._carrier is not None:
            (modulation, began), self._carrier = self._carrier, None
            if modulation is not Modulation.V21:
                self._page_ends(now)
                text = f"carrier {now - began:.2f} s {_speed(modulation)}"
                self._note(outward=False, at=began, kind="carrier", text=text)


def _speed(modulation: Modulation) -> str:
    return f"{modulation.system} {modulation.bit_rate}"
