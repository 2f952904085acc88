"""A terminal alone: a pump that transmits when told to, a host that answers when told to, a scripted far end."""

from __future__ import annotations

from sandf.protocols.t4.form import PageForm
from sandf.protocols.t30 import events, frames, pump
from sandf.protocols.t30.settings import Intention, Role, TerminalSettings
from sandf.protocols.t30.terminal import Terminal

from .line import check_transition


class Driver:
    """A pump that always transmits at once, and a host that answers when the test says so."""

    def __init__(self, role: Role, intention: Intention, *, ecm: bool, own: TerminalSettings | None = None) -> None:
        self.now = 0.0
        self.busy = False
        self.sent: list[str] = []
        self.told: list[events.Event] = []
        self.ended: list[events.Ended] = []
        self.offer: events.PageOffer | None = None
        own = own or TerminalSettings(ecm=ecm, operator=True, ident="1")
        self.terminal = Terminal(own, role=role, intention=intention)
        self.terminal.start(0.0)
        self.drain()

    def drain(self) -> None:
        for command in self.terminal.commands():
            if isinstance(
                command,
                pump.SendTone
                | pump.SendSilence
                | pump.SendFrames
                | pump.SendTraining
                | pump.SendPage
                | pump.SendPartialPage,
            ):
                assert not self.busy, "a transmission while one is under way"
                self.busy = True
                self.record(command)
        for event in self.terminal.events():
            self.told.append(event)
            if isinstance(event, events.StateChanged):
                check_transition(event)
            if isinstance(event, events.Ended):
                self.ended.append(event)
            if isinstance(event, events.PageWanted):
                self.offer = event.offer

    def record(self, command: pump.Command) -> None:
        match command:
            case pump.SendFrames(frames=octets):
                self.sent.extend(frames.name_of(frame) for frame in octets)
            case pump.SendTraining() | pump.SendPage() | pump.SendPartialPage():
                self.sent.append(f"{type(command).__name__[4:]} {command.modulation.name}")

    def hear(self, *octets: bytes) -> list[str]:
        """Let the terminal finish, hear these frames over one carrier, and answer; what it has sent since."""
        self.transmit()
        self.sent.clear()
        self.signal(pump.CarrierDetected(modulation=pump.Modulation.V21))
        for frame in octets:
            self.signal(pump.FrameReceived(octets=frame))
        self.signal(pump.CarrierLost())
        self.transmit()
        return list(self.sent)

    def hear_data(self, modulation: pump.Modulation, octets: bytes) -> list[str]:
        """The same for TCF or a page."""
        self.transmit()
        self.sent.clear()
        self.signal(pump.CarrierDetected(modulation=modulation))
        self.signal(pump.DataReceived(octets=octets))
        self.signal(pump.CarrierLost())
        self.transmit()
        return list(self.sent)

    def signal(self, signal: pump.Signal) -> None:
        self.terminal.receive_signal(signal, self.now)
        self.drain()

    def transmit(self) -> None:
        for _ in range(20):
            if not self.busy:
                return
            self.busy = False
            self.terminal.receive_signal(pump.Transmitted(), self.now)
            self.drain()

    def answer(self, what: str) -> None:
        terminal, now = self.terminal, self.now
        if what == "page" and self.offer is not None:
            offer = self.offer
            form = PageForm(coding=offer.codings[0], resolution=offer.resolutions[-1], paper=offer.papers[-1])
            terminal.page_ready(events.OutgoingPage(octets=b"\x11" * 900, form=form), now)
        acts = {
            "none": terminal.no_more_pages,
            "doubt": terminal.page_in_doubt_committed,
            "stored": terminal.page_stored,
            "operator": terminal.request_operator,
            "continue": terminal.continue_procedure,
            "interrupt": terminal.interrupt,
        }
        if what in acts:
            acts[what](now)

    def step(self, step: object) -> None:
        if isinstance(step, float):
            self.pass_time(step)
        elif isinstance(step, str):
            self.answer(step)
        elif isinstance(step, pump.Transmitted):
            self.transmit()
        else:
            self.terminal.receive_signal(step, self.now)  # type: ignore[arg-type]
        self.drain()

    def pass_time(self, seconds: float) -> None:
        until = self.now + seconds
        while (deadline := self.terminal.next_deadline()) is not None and deadline <= until:
            self.now = max(self.now, deadline)
            self.terminal.handle_timer(self.now)
            self.drain()
        self.now = until

    def silence(self) -> None:
        """The far end is silent from now on: the pump transmits what it is given, and time passes."""
        self.terminal.receive_signal(pump.CarrierLost(), self.now)
        for _ in range(400):
            self.drain()
            self.transmit()
            if self.ended:
                return
            deadline = self.terminal.next_deadline()
            if deadline is None:
                return
            self.now = max(self.now, deadline)
            self.terminal.handle_timer(self.now)
        raise AssertionError(f"no end in {self.terminal.state}")
