"""Two of our terminals, each on its T.38 bearer, joined by a network as bad as a test wants it, in virtual time."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from twisted.internet.defer import succeed
from twisted.internet.task import Clock

from sandf.callcontrol.media import Page, PageSource
from sandf.fmsp.pages import PageSequence
from sandf.fmsp.provider import PUMPS
from sandf.fmsp.receiving import Reception
from sandf.fmsp.sending import Dispatch
from sandf.fmsp.session import FaxSession
from sandf.fmsp.settings import FaxSettings
from sandf.protocols.t30 import events
from sandf.protocols.t30.outcomes import Outcome
from sandf.protocols.t30.settings import Intention, Role
from sandf.protocols.t30.terminal import Terminal
from sandf.vtsp.sip.media_ports import Address, MediaSocket
from sandf.vtsp.sip.udptl_bearer import UdptlBearer, UdptlSettings
from sandf.vtsp.timer_wheel import TimerWheel
from tests.fmsp.synchronous import at_once
from tests.fmsp.world import Rows, Source, rows_of

LONGEST_CALL = 1800.0
NEAR, FAR = ("192.0.2.1", 20000), ("192.0.2.2", 30000)


@dataclass(frozen=True, kw_only=True)
class Weather:
    """What the network does, in shares and seconds."""

    loss: float = 0.0
    burst: int = 1
    """Packets that are lost together."""
    duplication: float = 0.0
    jitter: float = 0.0
    """Each packet comes later by up to so much, so that they overtake each other."""
    delay: float = 0.02
    seed: int = 0


class FakeSocket(MediaSocket):
    """A media socket without a system below it."""

    def __init__(self, network: Network, address: Address) -> None:
        super().__init__()
        self.address = address
        self.port = address[1]
        self._network = network

    def send(self, octets: bytes, address: Address) -> None:
        self._network.carry(octets, self.address, address)

    def close(self) -> None:
        self.attach(None)


class Network:
    """Carries datagrams between its sockets."""

    def __init__(self, clock: Clock, weather: Weather) -> None:
        self.sockets: dict[Address, FakeSocket] = {}
        self.sent: list[tuple[Address, Address, bytes]] = []
        self._clock = clock
        self._weather = weather
        self._random = random.Random(f"weather {weather.seed}")
        self._losing = 0

    def socket(self, address: Address) -> FakeSocket:
        self.sockets[address] = FakeSocket(self, address)
        return self.sockets[address]

    def carry(self, octets: bytes, source: Address, to: Address) -> None:
        self.sent.append((source, to, octets))
        weather, draw = self._weather, self._random.random
        if self._losing:
            self._losing -= 1
            return
        if draw() < weather.loss / weather.burst:
            self._losing = weather.burst - 1
            return
        for _ in range(2 if draw() < weather.duplication else 1):
            self._clock.callLater(weather.delay + draw() * weather.jitter, self.deliver, octets, source, to)

    def deliver(self, octets: bytes, source: Address, to: Address) -> None:
        if to in self.sockets:
            self.sockets[to].datagramReceived(octets, source)


class Confirmations:
    """Who is told how the pages fare."""

    def __init__(self) -> None:
        self.confirmed_pages: list[int] = []
        self.refusals: list[int] = []

    def doubt(self, number: int, last: bool, committed: Callable[[bool], None]) -> None:
        committed(True)

    def confirmed(self, number: int, octets: int, seconds: float) -> None:
        self.confirmed_pages.append(number)

    def refused(self, number: int, sent_again: bool) -> None:
        self.refusals.append(number)

    def passed(self, number: int, octets: int, total: int) -> None:
        pass


class T38Call:
    """A fax of *pages* (or of *source*) over such a network; what came of it is there afterwards."""

    def __init__(
        self,
        pages: Sequence[Rows],
        weather: Weather,
        *,
        settings: FaxSettings | None = None,
        near: UdptlSettings | None = None,
        far: UdptlSettings | None = None,
        version: int = 0,
        local_tcf: bool = False,
        fill_bit_removal: bool = False,
        source: PageSource | None = None,
    ) -> None:
        self.reactor = Clock()
        self.wheel = TimerWheel(self.reactor)
        self.network = Network(self.reactor, weather)
        self.outcomes: dict[str, Outcome] = {}
        self.ended: dict[str, float] = {}
        """When each of them ended, in seconds."""
        self.received: list[Page] = []
        self.confirmations = Confirmations()
        self.sent_again = 0
        self._shared = {"version": version, "local_tcf": local_tcf, "fill_bit_removal": fill_bit_removal}
        self.bearers = (self._bearer(NEAR, FAR, near), self._bearer(FAR, NEAR, far))
        settings = settings or FaxSettings()
        source = source or Source(pages, lambda: succeed(None))
        dispatch = Dispatch(PageSequence([source]), 1, settings, self.confirmations, at_once)
        self._begin("sender", dispatch, settings, self.bearers[0], Role.CALLER, Intention.SEND)
        reception = Reception(self._deliver, at_once)
        self._begin("receiver", reception, settings, self.bearers[1], Role.CALLED, Intention.RECEIVE)

    def _bearer(self, here: Address, there: Address, settings: UdptlSettings | None) -> UdptlBearer:
        bearer = UdptlBearer(
            self.network.socket(here),
            self.wheel,
            settings=settings or UdptlSettings(),
            released=lambda: None,
            version=int(self._shared["version"]),
            local_tcf=bool(self._shared["local_tcf"]),
            fill_bit_removal=bool(self._shared["fill_bit_removal"]),
        )
        bearer.start(*there, trusted=(there[0],))
        return bearer

    def _begin(
        self,
        name: str,
        host: Dispatch | Reception,
        settings: FaxSettings,
        bearer: UdptlBearer,
        role: Role,
        intention: Intention,
    ) -> None:
        judge = host.judge if isinstance(host, Reception) else None
        terminal = Terminal(settings.terminal(ident=name[:1], judge=judge), role=role, intention=intention)

        def told(event: events.Event) -> None:
            host.told(event)
            if isinstance(event, events.Ended):
                self.outcomes[name] = event.outcome
                self.ended[name] = self.reactor.seconds()

        session = FaxSession(
            name=name,
            terminal=terminal,
            bearer=PUMPS[bearer.kind](bearer),
            told=told,
            failed=lambda: self.outcomes.update({name: Outcome.ABORTED}),
            trace=lambda call, line: self._note(line.text),
            heard=host.heard if isinstance(host, Reception) else None,
        )
        host.attach(session, terminal)
        session.begin()

    def _note(self, text: str) -> None:
        self.sent_again += text == "PPR"

    def _deliver(self, page: Page, last: bool, seconds: float, stored: Callable[[bool], None]) -> None:
        self.received.append(page)
        stored(True)

    @property
    def pages(self) -> list[Rows]:
        """What was received, as rows."""
        return [rows_of(page) for page in self.received]

    def run(self) -> T38Call:
        """To the end of both terminals."""
        while len(self.outcomes) < 2 and self.reactor.seconds() < LONGEST_CALL:
            self.reactor.advance(0.01)
        return self
