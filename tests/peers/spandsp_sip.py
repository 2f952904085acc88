"""Faxes between our SIP trunk and libspandsp2's T.38 terminal, over real sockets and in virtual time.

The far end has a SIP stack (ours) and a UDPTL of its own (:mod:`.plain_udptl`) around libspandsp2, which is stepped by
samples while our clock is advanced.  Datagrams with T.38 may be lost at the socket, either way.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandf import causes
from sandf.callcontrol.media import Page
from sandf.fmsp.pages import PageSequence
from sandf.fmsp.provider import PUMPS
from sandf.fmsp.receiving import Reception
from sandf.fmsp.sending import Dispatch
from sandf.fmsp.session import FaxSession
from sandf.fmsp.settings import FaxSettings
from sandf.protocols.t4.form import Coding, Resolution
from sandf.protocols.t30 import events
from sandf.protocols.t30.outcomes import Outcome
from sandf.protocols.t30.settings import Intention, Role
from sandf.protocols.t30.terminal import Terminal
from sandf.protocols.t38.settings import T38Use
from sandf.vtsp.sip.settings import CallPolicy
from sandf.vtsp.sip.udptl_bearer import UdptlBearer
from tests.fmsp.synchronous import at_once
from tests.peers.plain_udptl import PlainReceiver, PlainSender
from tests.peers.socket_reactor import SocketReactor
from tests.peers.spandsp import STEP, SpandspTerminal
from tests.peers.spandsp_calls import Confirmations, Picture, Source, exact_here, exact_there
from tests.vtsp.sip.rig import Side, User

LONGEST_CALL = 7200.0
NEAR, FAR = "127.0.0.1", "127.0.0.2"


@dataclass(frozen=True, kw_only=True)
class Way:
    """How a call is made."""

    we_send: bool = True
    """And call; else libspandsp2 does both."""
    t38: T38Use = T38Use.REINVITE
    ecm: bool = True
    coding: Coding = Coding.MMR
    resolution: Resolution = Resolution.FINE
    correction: str = "redundancy 3"
    """``redundancy 0``, ``redundancy 3`` or ``FEC``, both ways."""
    loss: float = 0.0
    burst: int = 1
    seed: int = 0

    @property
    def depth(self) -> int:
        """Packets that are sent again."""
        return int(self.correction.split()[1]) if self.correction != "FEC" else 3

    @property
    def fec(self) -> bool:
        """Whether parity takes their place."""
        return self.correction == "FEC"

    @property
    def policy(self) -> CallPolicy:
        """Of our trunk."""
        return CallPolicy(t38=self.t38, fec=self.fec, ls_redundancy=self.depth, hs_redundancy=self.depth)


class Loss:
    """Which T.38 datagrams are lost."""

    def __init__(self, way: Way, name: str) -> None:
        self._way = way
        self._random = random.Random(f"{way.seed} {name}")
        self._more = 0
        self.lost = 0

    def __call__(self) -> bool:
        if self._more:
            self._more -= 1
        elif self._random.random() < self._way.loss / self._way.burst:
            self._more = self._way.burst - 1
        else:
            return False
        self.lost += 1
        return True


class SipFax:
    """One call from end to end; :attr:`calls` of `*_exact` are there when :meth:`run` has returned."""

    def __init__(self, folder: Path, way: Way, pictures: Sequence[Picture]) -> None:
        self.tiff = folder / "far.tif"
        self.pages: list[Page] = []
        self.outcome: Outcome | None = None
        self.texts: list[str] = []
        self.confirmations = Confirmations()
        self._way, self._pictures = way, pictures
        self._reactor = SocketReactor()
        self._near = Side(self._reactor, NEAR, FAR, policy=way.policy)  # type: ignore[arg-type]
        self._far = Side(self._reactor, FAR, NEAR, policy=way.policy)  # type: ignore[arg-type]
        self._out = PlainSender(way.depth, 3 if way.fec else 0)
        self._in = PlainReceiver()
        self._to_spandsp: deque[bytes | None] = deque()
        self._loses, self._is_lost = Loss(way, "from us"), Loss(way, "to us")
        self._spandsp: SpandspTerminal
        self._socket: Any = None
        self._to: tuple[str, int] = ("", 0)
        self._running: list[User] = []

    @property
    def spandsp(self) -> SpandspTerminal:
        """The far terminal."""
        return self._spandsp

    @property
    def exact(self) -> list[bool]:
        """Of each page that should have arrived, whether it is the one that was sent."""
        call: Any = self
        return exact_there(call, self._pictures) if self._way.we_send else exact_here(call, self._pictures)

    @property
    def lost(self) -> int:
        """T.38 datagrams that were lost."""
        return self._loses.lost + self._is_lost.lost

    def run(self, *, pace: Callable[[float], None] = lambda seconds: None) -> SipFax:
        """To the end of both terminals and of the SIP call; *pace* is told the time before each step."""
        caller, called = (self._near, self._far) if self._way.we_send else (self._far, self._near)
        user = caller.dial()
        for _ in range(200):
            self._reactor.pass_time(STEP)
            if user.bearer and called.users and called.users[0].bearer:
                break
        other = called.users[0]
        ours, theirs = (user, other) if self._way.we_send else (other, user)
        self._begin_far(theirs)
        self._begin_near(ours)
        while not self._over and self._reactor.seconds() < LONGEST_CALL:
            pace(self._reactor.seconds())
            self._reactor.pass_time(STEP, self._step_far)
        ours.end.clear(causes.DELIVERED)
        for _ in range(200):
            self._reactor.pass_time(STEP)
        self._spandsp.free()
        for port in list(self._reactor.ports.values()):
            port.stopListening()
        return self

    @property
    def _over(self) -> bool:
        return self.outcome is not None and self._spandsp.code is not None

    # The far end.

    def _begin_far(self, user: User) -> None:
        assert user.bearer is not None
        self._socket, self._to = user.bearer._socket, user.bearer._to or ("", 0)
        self._socket.attach(self._came_to_far)
        way = self._way
        if not way.we_send:
            first, *others = (picture.image for picture in self._pictures)
            first.save(
                self.tiff, "TIFF", save_all=True, append_images=others, compression="group4", dpi=way.resolution.value
            )
        self._spandsp = SpandspTerminal(
            calling=not way.we_send,
            send=self._far_sends,
            ident="2000",
            ecm=way.ecm,
            codings=(way.coding.value,),
            transmit=None if way.we_send else self.tiff,
            receive=self.tiff if way.we_send else None,
        )

    def _far_sends(self, ifp: bytes) -> None:
        octets = self._out.send(ifp)
        if not self._is_lost():
            self._socket.send(octets, self._to)

    def _came_to_far(self, octets: bytes, source: tuple[str, int]) -> None:
        if not self._loses():
            self._to_spandsp += self._in.receive(octets)

    def _step_far(self) -> None:
        while self._to_spandsp:
            ifp = self._to_spandsp.popleft()
            if ifp is None:
                self._spandsp.miss()
            else:
                self._spandsp.receive(ifp)
        self._spandsp.step()

    # Ours.

    def _begin_near(self, user: User) -> None:
        assert user.bearer is not None
        way = self._way
        settings = FaxSettings(ecm=way.ecm, codings=(way.coding,), send_resolution=way.resolution)
        if way.we_send:
            dispatch = Dispatch(PageSequence([Source(self._pictures)]), 1, settings, self.confirmations, at_once)
            self._session(dispatch, user.bearer, settings, Role.CALLER, Intention.SEND)
        else:
            reception = Reception(self._deliver, at_once)
            self._session(reception, user.bearer, settings, Role.CALLED, Intention.RECEIVE)

    def _session(
        self,
        host: Dispatch | Reception,
        bearer: UdptlBearer,
        settings: FaxSettings,
        role: Role,
        intention: Intention,
    ) -> None:
        judge = host.judge if isinstance(host, Reception) else None
        terminal = Terminal(settings.terminal(ident="1000", judge=judge), role=role, intention=intention)

        def told(event: events.Event) -> None:
            host.told(event)
            if isinstance(event, events.Ended):
                self.outcome = event.outcome

        session = FaxSession(
            name="peer",
            terminal=terminal,
            bearer=PUMPS[bearer.kind](bearer),
            told=told,
            failed=lambda: self._failed(),
            trace=lambda call, line: self.texts.append(line.text),
            heard=host.heard if isinstance(host, Reception) else None,
        )
        host.attach(session, terminal)
        session.begin()

    def _failed(self) -> None:
        self.outcome = Outcome.ABORTED

    def _deliver(self, page: Page, last: bool, seconds: float, stored: Callable[[bool], None]) -> None:
        self.pages.append(page)
        stored(True)
