"""Faxes between our SIP trunk and libspandsp2's T.38 terminal, over real sockets, in virtual time or in real time.

The far end has a SIP telephone (:mod:`.plain_sip`) and a UDPTL (:mod:`.plain_udptl`) of its own around libspandsp2,
which is stepped by samples while our clock is advanced.  Datagrams with T.38 may be lost at its socket, either way.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.protocol import DatagramProtocol

from sandf.fmsp.settings import FaxSettings
from sandf.protocols.t4.form import Coding, Resolution
from sandf.protocols.t30.outcomes import Outcome
from sandf.protocols.t38.settings import T38Use
from sandf.vtsp.sip.settings import CallPolicy
from tests.peers.plain_sip import Address, PlainTelephone, Start
from tests.peers.plain_udptl import PlainReceiver, PlainSender
from tests.peers.sip_rig import HOST, FaxTrunk
from tests.peers.socket_reactor import SocketReactor
from tests.peers.spandsp import STEP, SpandspTerminal
from tests.peers.spandsp_calls import Picture, exact_here, exact_there, pictures_in

LONGEST_CALL = 7200.0
AFTERWARDS = 40.0
"""Seconds in which all that a call leaves behind comes to its end: 64 * T1 and some."""
_USES = {Start.FIRST: T38Use.FIRST, Start.ONLY: T38Use.ONLY}


@dataclass(frozen=True, kw_only=True)
class Way:
    """How a call is made."""

    we_send: bool = True
    """And call; else libspandsp2 does both."""
    start: Start = Start.OUR_REINVITE
    ecm: bool = True
    coding: Coding = Coding.MMR
    resolution: Resolution = Resolution.FINE
    fec: bool = False
    """Both ways, in place of redundancy."""
    depth: int = 3
    """Packets that are sent again with V.21 data, both ways."""
    page_depth: int | None = None
    """The same with page data; None for as many."""
    loss: float = 0.0
    burst: int = 1
    """How many datagrams are lost together."""
    answers_lost: bool = True
    """Those of the end that receives the pages may be lost too."""
    seed: int = 0

    @property
    def policy(self) -> CallPolicy:
        """Of our trunk."""
        use = _USES.get(self.start, T38Use.REINVITE)
        return CallPolicy(t38=use, fec=self.fec, ls_redundancy=self.depth, hs_redundancy=self.depth_of(False))

    def depth_of(self, control: bool) -> int:
        """Packets that are sent again with such data."""
        return self.depth if control or self.page_depth is None else self.page_depth


class Loss:
    """Which datagrams are lost: the share *loss* of them, *burst* at a time."""

    def __init__(self, way: Way, *, ours: bool) -> None:
        self._way = way
        self._share = way.loss / way.burst if ours is way.we_send or way.answers_lost else 0.0
        self._random = random.Random(f"{way.seed} {ours}")
        self._more = 0
        self._arrived: set[int] = set()
        self.lost = 0

    def __call__(self, octets: bytes) -> bool:
        if self._more:
            self._more -= 1
        elif self._random.random() < self._share:
            self._more = self._way.burst - 1
        else:
            self._arrived.add(int.from_bytes(octets[:2], "big"))
            return False
        self.lost += 1
        return True

    def beyond_redundancy(self) -> int:
        """How many packets no datagram has brought, though later ones came; good for 65,536 packets."""
        carried = {number - back for number in self._arrived for back in range(self._way.depth + 1)}
        return max(self._arrived) + 1 - len({number for number in carried if number >= 0})


class Port(DatagramProtocol):
    """A port for media; what comes goes to *received*."""

    noisy = False

    def __init__(self, reactor: Any, received: Callable[[bytes, Address], None]) -> None:
        self._received = received
        self.listening = reactor.listenUDP(0, self, interface=HOST)
        self.number: int = self.listening.getHost().port

    def datagramReceived(self, datagram: bytes, addr: Address) -> None:
        self._received(datagram, addr)


class FarEnd:
    """libspandsp2, its telephone and its sockets; :meth:`step` lets :data:`STEP` pass for it."""

    def __init__(self, reactor: Any, way: Way, tiff: Path) -> None:
        self.terminal: SpandspTerminal | None = None
        """From the beginning of T.38 on."""
        self.rtp = 0
        """Datagrams of audio that came."""
        self.their_error_correction = ""
        """T38FaxUdpEC of the trunk."""
        self.receiver = PlainReceiver()
        self.to_us, self.from_us = Loss(way, ours=False), Loss(way, ours=True)
        self._way, self._tiff = way, tiff
        self._sender = PlainSender(way.depth, 3 if way.fec else 0)
        self._came: deque[bytes | None] = deque()
        self._to: Address = ("", 0)
        self._t38, self._audio = Port(reactor, self._datagram), Port(reactor, self._heard)
        self.telephone = PlainTelephone(
            HOST,
            way.start,
            error_correction="t38UDPFEC" if way.fec else "t38UDPRedundancy",
            later=reactor.callLater,
            begun=self._begin,
        )
        self.telephone.t38_port, self.telephone.audio_port = self._t38.number, self._audio.number
        self._listening = reactor.listenUDP(0, self.telephone, interface=HOST)

    @property
    def result(self) -> str:
        """How T.30 ended, in spandsp's words."""
        return self.terminal.result if self.terminal else "not begun"

    @property
    def over(self) -> bool:
        """Whether its T.30 has ended."""
        return self.terminal is not None and self.terminal.code is not None

    def step(self) -> None:
        """Time passes, and what has come since arrives."""
        terminal = self.terminal
        if terminal is None:
            return
        while self._came:
            ifp = self._came.popleft()
            if ifp is None:
                terminal.miss()
            else:
                terminal.receive(ifp)
        terminal.step()

    async def close(self) -> None:
        """Close its sockets; the TIFF is complete after it."""
        if self.terminal is not None:
            self.terminal.free()
        for port in (self._listening, self._t38.listening, self._audio.listening):
            closing = port.stopListening()
            if isinstance(closing, Deferred):
                await closing

    def _begin(self, to: Address, error_correction: str) -> None:
        way = self._way
        self._to, self.their_error_correction = to, error_correction
        self.terminal = SpandspTerminal(
            calling=not way.we_send,
            send=self._send,
            ident="2000",
            ecm=way.ecm,
            codings=(way.coding.value,),
            transmit=None if way.we_send else self._tiff,
            receive=self._tiff if way.we_send else None,
        )

    def _send(self, ifp: bytes) -> None:
        assert self.terminal is not None
        control = not ifp[0] & 0x40 or not ifp[0] & 0x1E  # an indicator, or data of V.21 (T.38 7.3)
        octets = self._sender.send(ifp, self._way.depth_of(control))
        transport: Any = self._t38.transport
        for _ in range(self.terminal.copies):
            if not self.to_us(octets):
                transport.write(octets, self._to)

    def _datagram(self, octets: bytes, source: Address) -> None:
        known = self.terminal is None or source == self._to  # the first packet may overtake the ACK
        if known and not self.from_us(octets):
            self._came += self.receiver.receive(octets)

    def _heard(self, octets: bytes, source: Address) -> None:
        self.rtp += 1


class SipFax:
    """One call: :meth:`begin`, then :meth:`step` until :attr:`over`; :func:`run` does all of it."""

    def __init__(self, reactor: Any, folder: Path, way: Way, pictures: Sequence[Picture]) -> None:
        self.tiff = folder / "far.tif"
        self.way = way
        self._pictures = pictures
        self._hung_up = False
        if not way.we_send:
            first, *others = (picture.image for picture in pictures)
            first.save(
                self.tiff, "TIFF", save_all=True, append_images=others, compression="group4", dpi=way.resolution.value
            )
        self.far = FarEnd(reactor, way, self.tiff)
        self.near = FaxTrunk(
            reactor,
            way.policy,
            FaxSettings(ecm=way.ecm, codings=(way.coding,), send_resolution=way.resolution),
            peer=self.far.telephone.port,
            pictures=pictures if way.we_send else (),
        )
        self.far.telephone.peer = self.near.address

    def begin(self) -> None:
        """Who sends calls."""
        if self.way.we_send:
            self.near.dial()
        else:
            self.far.telephone.call("5551234")

    def step(self) -> None:
        """Let :data:`STEP` pass for libspandsp2; who has called hangs up when both have ended."""
        self.far.step()
        if self.near.outcome is not None and self.far.over and not self._hung_up:
            self._hung_up = True
            if self.way.we_send:
                self.near.hang_up()
            else:
                self.far.telephone.hang_up()

    @property
    def over(self) -> bool:
        """Whether the call has ended, for better or worse."""
        return self.far.telephone.over or self.near.user.cause is not None

    async def close(self) -> None:
        """Close all sockets."""
        await self.near.close()
        await self.far.close()

    @property
    def outcome(self) -> Outcome | None:
        """How our T.30 ended."""
        return self.near.outcome

    @property
    def texts(self) -> list[str]:
        """The names of the V.21 frames both ways, and what else the trace says."""
        return self.near.texts

    @property
    def lost(self) -> tuple[int, int]:
        """T.38 datagrams that were lost, ours and theirs."""
        return self.far.from_us.lost, self.far.to_us.lost

    @property
    def exact(self) -> list[bool]:
        """Of each page that arrived, whether it is the one that was sent in its place."""
        call: Any = Arrived(self.tiff, self.near.pages)
        sending = self.way.we_send
        arrived = len(pictures_in(self.tiff)) if sending and self.tiff.exists() else len(self.near.pages)
        found = exact_there(call, self._pictures) if sending else exact_here(call, self._pictures)
        return found + [False] * (arrived - len(found))

    @property
    def resolutions(self) -> set[tuple[int, int]]:
        """Those of the pages that arrived."""
        if self.way.we_send:
            return {dpi for _, dpi in pictures_in(self.tiff)}
        return {page.form.resolution.value for page in self.near.pages}


@dataclass(frozen=True, slots=True)
class Arrived:
    """What :func:`exact_there` and :func:`exact_here` look at."""

    tiff: Path
    pages: Sequence[object]


def run(folder: Path, way: Way, pictures: Sequence[Picture]) -> SipFax:
    """A call in virtual time, from its first message to the end of the last timer."""
    reactor = SocketReactor()
    fax = SipFax(reactor, folder, way, pictures)
    fax.begin()
    while not fax.over and reactor.seconds() < LONGEST_CALL:
        reactor.pass_time(STEP, fax.step)
    for _ in range(round(AFTERWARDS)):
        reactor.pass_time(1.0)
    Deferred.fromCoroutine(fax.close())
    return fax
