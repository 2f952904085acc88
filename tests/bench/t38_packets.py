"""What one packet of T.38 costs: from T.30's command to the socket, and from the datagram to T.30's signal."""

from __future__ import annotations

import random
import socket
import time
from collections import deque
from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall
from twisted.internet.task import Clock

from sandf.fmsp.t38_pump import T38Pump
from sandf.protocols.t30 import pump
from sandf.protocols.t30.pump import Modulation
from sandf.vtsp.sip.media_ports import Address, MediaSocket
from sandf.vtsp.sip.udptl_bearer import UdptlBearer, UdptlSettings
from sandf.vtsp.timer_wheel import TimerWheel

from .figures import Figure, Result

AIM = 12.0
"""Microseconds."""
ROUNDS = 5
TIMERS = 20_000
V17 = Modulation.V17_14400
FAR: Address = ("127.0.0.1", 9)
"""Only a name: what is sent goes to a socket of ours."""


class NextClock:
    """Goes to what is next at once.  A transmission has one timer at a time, with arguments; nothing is cancelled."""

    speed = 1.0

    def __init__(self) -> None:
        self._now = 0.0
        self._waiting: deque[tuple[float, Callable[..., object], tuple[object, ...]]] = deque()
        self._over = Clock().callLater(0.0, int)
        self._over.cancel()

    def seconds(self) -> float:
        """Seconds since it was made."""
        return self._now

    def hold(self) -> Callable[[], None]:
        """It cannot be held."""
        return lambda: None

    def callLater(self, delay: float, callable: Callable[..., object], *args: object, **kwargs: object) -> IDelayedCall:
        """Note it, unless it is for what follows a transmission."""
        if args:
            self._waiting.append((self._now + delay, callable, args))
        return self._over

    def run(self) -> None:
        """To the end of the transmission."""
        while self._waiting:
            self._now, call, arguments = self._waiting.popleft()
            call(*arguments)


class LoopbackSocket(MediaSocket):
    """Sends by a socket of the system, to one that nobody reads, and keeps what it sent."""

    def __init__(self, handle: socket.socket, sink: Address) -> None:
        super().__init__()
        self.kept: list[bytes] = []
        self._sendto = handle.sendto
        self._sink = sink

    def send(self, octets: bytes, address: Address) -> None:
        """As a media socket does, and keep it."""
        super().send(octets, self._sink)
        self.kept.append(octets)


def _end(
    handle: socket.socket, sink: Address, told: Callable[[pump.Signal], None]
) -> tuple[NextClock, LoopbackSocket, T38Pump]:
    clock, made = NextClock(), LoopbackSocket(handle, sink)
    bearer = UdptlBearer(made, clock, settings=UdptlSettings(), version=0, released=lambda: None)
    bearer.start(*FAR, trusted=())
    line = T38Pump(bearer)
    line.attach(told)
    return clock, made, line


def _nothing(signal: pump.Signal) -> None:
    """Nobody is interested."""


def _round(command: pump.Command, listening: pump.Command, handle: socket.socket, sink: Address) -> tuple[float, float]:
    """Microseconds for each packet, sent and received."""
    clock, near, line = _end(handle, sink, _nothing)
    began = time.process_time()
    line.carry_out(command)
    clock.run()
    sent = time.process_time() - began
    signals: list[pump.Signal] = []
    _, far, ear = _end(handle, sink, signals.append)
    ear.carry_out(listening)
    began = time.process_time()
    for octets in near.kept:
        far.datagramReceived(octets, FAR)
    received = time.process_time() - began
    assert isinstance(signals[-1], pump.CarrierLost), signals[-1]
    return sent * 1e6 / len(near.kept), received * 1e6 / len(near.kept)


def _both(name: str, command: pump.Command, listening: pump.Command, what: str) -> list[Result]:
    kind = socket.AF_INET, socket.SOCK_DGRAM
    with socket.socket(*kind) as handle, socket.socket(*kind) as sink:
        sink.bind(("127.0.0.1", 0))
        rounds = [_round(command, listening, handle, sink.getsockname()) for _ in range(ROUNDS)]
    sent, received = (min(values) for values in zip(*rounds, strict=True))
    measured = f"CPU time for each packet of {what} at V.17 14400, one copy of the packet before in each"
    return [
        Figure(
            name=f"T.38 packet sent, {name}",
            value=sent,
            unit="us CPU",
            aim=AIM,
            measured=f"{measured}: pump, IFP, UDPTL and the system's sendto",
        ),
        Figure(
            name=f"T.38 packet received, {name}",
            value=received,
            unit="us CPU",
            aim=AIM,
            measured=f"{measured}: latch, UDPTL, IFP and pump, to the signal to T.30",
        ),
    ]


def _timer() -> Figure:
    """A timer of the wheel, set and fired among many."""
    best = float("inf")
    for _ in range(ROUNDS):
        reactor = Clock()
        wheel = TimerWheel(reactor)
        began = time.process_time()
        for number in range(TIMERS):
            wheel.callLater(0.04 + (number % 100) * 0.01, int)
        for _ in range(200):
            reactor.advance(0.01)
        best = min(best, (time.process_time() - began) * 1e6 / TIMERS)
    return Figure(
        name="T.38 timer",
        value=best,
        unit="us CPU",
        measured=f"CPU time for a timer of the shared wheel, set and fired, {TIMERS:,} of them within a second",
    )


def packets() -> list[Result]:
    """CPU time for a packet of T.38 each way, with and without error correction, and for a timer of the wheel."""
    rng = random.Random("packets")
    frames = tuple(bytes([255, 3, 6, number]) + rng.randbytes(256) for number in range(256))
    page = rng.randbytes(60_000)
    return [
        *_both(
            "ECM",
            pump.SendPartialPage(modulation=V17, short_training=True, frames=frames),
            pump.ListenForPage(modulation=V17, short_training=True, ecm=True),
            "a partial page of 256 frames",
        ),
        *_both(
            "no ECM",
            pump.SendPage(modulation=V17, short_training=True, octets=page),
            pump.ListenForPage(modulation=V17, short_training=True, ecm=False),
            "a page of 60 KB without ECM",
        ),
        _timer(),
    ]
