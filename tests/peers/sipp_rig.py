"""A trunk of ours on real sockets, and sipp at the other end of it, both on loopback."""

from __future__ import annotations

import itertools
import os
import shutil
import socket
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from sipmessage import URI
from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.internet.protocol import DatagramProtocol
from twisted.internet.task import deferLater
from twisted.internet.utils import getProcessOutputAndValue
from twisted.logger import ILogObserver, LogEvent, LogLevel, globalLogPublisher
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase
from zope.interface import implementer

from sandf.callcontrol.primitives import TelephoneCall
from sandf.oam.pcap import CapturedPacket
from sandf.protocols.sip.timers import Timers
from sandf.vtsp.interfaces import ICallEnd, ICallUser
from sandf.vtsp.sip.call_media import MediaResources
from sandf.vtsp.sip.endpoint import SipEndpoint
from sandf.vtsp.sip.media_ports import MediaPorts
from sandf.vtsp.sip.settings import BindAddress, CallPolicy, TrunkSettings
from sandf.vtsp.sip.trunk import SipTrunk
from sandf.vtsp.timer_wheel import TimerWheel
from tests.vtsp.sip.rig import Names, Recorded, Resources, User

from . import wireshark

reactor: Any = _reactor
SIPP = shutil.which("sipp")
SCENARIOS = Path(__file__).parent / "sipp"
HOST = "127.0.0.1"
MISSING = "" if SIPP else "sipp is needed (Debian package sip-tester)"
if MISSING and os.environ.get("CI") == "true":
    raise RuntimeError(MISSING)
BRISK = Timers(t1=0.05, t2=0.4, t4=0.5)
"""A tenth of the Recommendation's, for scenarios that wait for the end of a timer."""


def free_udp_port() -> int:
    """A loopback UDP port that the kernel calls free."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def free_media_port() -> int:
    """One that sipp can use for media: it binds that for video, two above, as well."""
    for _ in range(100):
        port = free_udp_port()
        try:
            for other in range(port + 1, port + 4):
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
                    probe.bind((HOST, other))
        except (OSError, OverflowError):
            continue
        return port
    raise RuntimeError("no four UDP ports in a row are free")


def taken(port: int, kind: socket.SocketKind = socket.SOCK_DGRAM) -> bool:
    """Whether somebody has bound this loopback port."""
    with socket.socket(socket.AF_INET, kind) as probe:
        try:
            probe.bind((HOST, port))
        except OSError:
            return True
    return False


class Wire:
    """The reactor of a trunk: it keeps what passes its SIP sockets, and loses what *loses* says."""

    def __init__(self) -> None:
        self.packets: list[CapturedPacket] = []
        self.ports: set[int] = set()
        """Those of SIP, at both ends."""
        self.loses: Callable[[bytes], bool] = lambda octets: False

    def __getattr__(self, name: str) -> Any:
        return getattr(reactor, name)

    def listenUDP(self, port: int, protocol: Any, **more: Any) -> Any:
        """A socket whose datagrams go through here."""
        listening = reactor.listenUDP(port, protocol, **more)
        here = HOST, listening.getHost().port
        received, write = protocol.datagramReceived, listening.write

        def hear(octets: bytes, source: tuple[str, int]) -> None:
            if self._passes(octets, source, here):
                received(octets, source)

        def say(octets: bytes, to: tuple[str, int]) -> None:
            if self._passes(octets, here, to):
                write(octets, to)

        protocol.datagramReceived, listening.write = hear, say
        return listening

    def _passes(self, octets: bytes, source: tuple[str, int], to: tuple[str, int]) -> bool:
        self.packets.append(CapturedPacket(time.time(), source, to, octets))
        self.ports |= {source[1], to[1]}
        return not self.loses(octets)


class Forgetful:
    """Loses each message twice, and lets it through from the third time on."""

    def __init__(self) -> None:
        self.times: Counter[bytes] = Counter()

    def __call__(self, octets: bytes) -> bool:
        self.times[octets] += 1
        return self.times[octets] <= 2


class LostOnce:
    """Loses every message the first time, whatever its branch: an ACK that is sent again has another one."""

    def __init__(self) -> None:
        self._lost: set[tuple[bytes, ...]] = set()

    def __call__(self, octets: bytes) -> bool:
        head, *fields = octets.partition(b"\r\n\r\n")[0].split(b"\r\n")
        message = head, *(field for field in fields if field.lower().startswith((b"from:", b"cseq:")))
        known = message in self._lost
        self._lost.add(message)
        return not known


class FaxPort(DatagramProtocol):
    """A port for UDPTL beside sipp, which has none: keeps what we send there."""

    noisy = False

    def __init__(self) -> None:
        self.came: list[bytes] = []
        self._listening: Any = reactor.listenUDP(0, self, interface=HOST)
        self.port: int = self._listening.getHost().port

    def datagramReceived(self, datagram: bytes, addr: tuple[str, int]) -> None:
        """A packet of ours."""
        self.came.append(datagram)

    @property
    def numbers(self) -> list[int]:
        """The sequence numbers of what came."""
        return [int.from_bytes(datagram[:2], "big") for datagram in self.came]

    def close(self) -> object:
        """Listen no more."""
        return self._listening.stopListening()


@implementer(ILogObserver)
class Loud:
    """What of ours is logged above debug, and what of anybody as a failure."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def __call__(self, event: LogEvent) -> None:
        """Note it."""
        ours = str(event.get("log_namespace")).startswith("sandf.") and event.get("log_level") is not LogLevel.debug
        if ours or event.get("log_failure"):
            self.said.append(str(event.get("log_format")))


class SippCase(TestCase):
    """One trunk of ours; :meth:`sipp` runs a scenario to its end.  Then tshark reads what has passed."""

    timeout = 60
    sipp_is_exact = True
    """Whether tshark is to find nothing against what sipp sends either."""
    if MISSING or wireshark.MISSING:
        skip = MISSING or wireshark.MISSING

    def setUp(self) -> None:
        self.wire = Wire()
        self.recorded = Recorded()

    def tearDown(self) -> None:
        """Read the capture, messages that were lost among them."""
        packets = self.wire.packets + self.recorded.media
        if not self.sipp_is_exact:
            packets = self.ours()
        found = wireshark.complaints(sorted(packets), Path(self.mktemp()), sip=self.wire.ports)
        self.assertEqual(found[:60], [])

    def trunk(
        self, *peers: int, timers: Timers | None = None, policy: CallPolicy | None = None, **settings: Any
    ) -> None:
        """Ours, whose proxies are at the ports *peers*."""
        words = itertools.count(1)
        self.recorded = Recorded()
        self.users: list[User] = []
        self.does: Callable[[User], None] = lambda user: user.end.answer()
        media = MediaResources(wheel=TimerWheel(reactor), recorder=self.recorded)
        resources = Resources(media, policy or CallPolicy(), words)
        bind = BindAddress(host=HOST, port=0)
        self.endpoint = SipEndpoint(
            cast(Any, self.wire),
            bind,
            token=lambda: f"word{next(words)}",
            draw=lambda: 0.1,
            agent="sandf/test",
            tls=None,
            client_tls=lambda name: None,  # type: ignore[arg-type,return-value]
            timers=timers,
        )
        proxies = tuple(URI(scheme="sip", host=HOST, port=port) for port in peers)
        base = TrunkSettings(name="trunk", bind=bind, proxies=proxies, options_interval=0.0)
        self.sip = SipTrunk(
            replace(base, **settings),
            endpoint=self.endpoint,
            locating=Names(),
            offer=self._offer,
            ports=MediaPorts(reactor, None, interface=HOST),
            resources=resources,
            clock=reactor,
            agent="sandf/test",
            changed=lambda: None,
        )
        self.endpoint.trunks["trunk"] = self.sip
        self.endpoint.listen()
        self.sip.start()
        self.addCleanup(self._close, self.sip)

    @staticmethod
    def _close(trunk: SipTrunk) -> Deferred[None]:
        async def close() -> None:
            await trunk.stop()
            await trunk.endpoint.close()

        return Deferred.fromCoroutine(close())

    def _offer(self, call: TelephoneCall, end: ICallEnd) -> ICallUser:
        user = User(lambda user: self.does(user))
        user.call, user.end = call, end
        self.users.append(user)
        return user

    def loud(self) -> list[str]:
        """What will be logged above debug."""
        observer = Loud()
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)
        return observer.said

    def fax_port(self) -> FaxPort:
        """A port for what we send to a scenario that has it for ``[media_port]``."""
        made = FaxPort()
        self.addCleanup(made.close)
        return made

    def dial(self, called: str = "5551234", answer_timeout: float = 30.0) -> User:
        """We call."""
        user = User()
        call = TelephoneCall(port="trunk", called=called, calling="5550000", answer_timeout=answer_timeout)
        user.end = self.sip.dial(call, user)
        return user

    @property
    def called_port(self) -> int:
        """Where sipp calls."""
        return self.endpoint.connections.port

    async def sipp(
        self, scenario: str, *, port: int, keys: dict[str, str] | None = None, options: tuple[str, ...] = ()
    ) -> None:
        """Run *scenario* at *port*; fails with what sipp says if it did not go as it should."""
        text = (SCENARIOS / f"{scenario}.xml").read_text()
        for key, value in (keys or {}).items():
            text = text.replace(f"[{key}]", value)
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        file, errors = folder / f"{scenario}.xml", folder / "errors"
        file.write_text(text)
        command = ["-sf", str(file), "-i", HOST, "-p", str(port), "-mi", HOST, "-mp", str(free_media_port())]
        command += ["-m", "1", "-nostdin", "-skip_rlimit", "-timeout", "45", "-timeout_error", "-trace_err"]
        command += ["-error_file", str(errors), *options, f"{HOST}:{self.called_port}"]
        assert SIPP is not None
        done: Deferred[tuple[bytes, bytes, int]] = getProcessOutputAndValue(SIPP, command, env=os.environ)
        _, said, status = await done
        if status:
            why = errors.read_text() if errors.exists() else said.decode(errors="replace")
            self.fail(f"{scenario}: sipp ended with {status}\n{why}")

    async def waiting(self, scenario: str, *, port: int, **more: Any) -> Deferred[None]:
        """The same, going on meanwhile: sipp has its port now, and waits to be called.  What fires when it is done."""
        done: Deferred[None] = Deferred.fromCoroutine(self.sipp(scenario, port=port, **more))
        failures: list[Failure] = []
        done.addErrback(failures.append)
        kind = socket.SOCK_STREAM if "t1" in more.get("options", ()) else socket.SOCK_DGRAM
        await self.until(lambda: taken(port, kind) or bool(failures))
        return done.addCallback(lambda _: failures[0].raiseException() if failures else None)

    async def wait(self, seconds: float) -> None:
        """Let time pass."""
        await deferLater(reactor, seconds, lambda: None)

    async def until(self, true: Callable[[], bool], seconds: float = 20.0) -> None:
        """Wait until something is *true*; fails if that takes too long."""
        for _ in range(int(seconds / 0.02)):
            if true():
                return
            await self.wait(0.02)
        self.fail("it did not come to that")

    def nothing_left(self) -> None:
        """No call, no session."""
        self.assertEqual((self.sip.incoming, self.sip.outgoing, self.endpoint.agent.sessions), (set(), set(), 0))

    def ours(self, start: bytes = b"") -> list[CapturedPacket]:
        """Our SIP messages over UDP that begin so; one that was sent again is there again."""
        port = self.endpoint.connections.port
        return [one for one in self.wire.packets if one.source[1] == port and one.octets.startswith(start)]

    def sent(self, start: bytes) -> int:
        """How many messages of ours begin so."""
        return sum(outward and octets.startswith(start) for _, outward, octets in self.recorded.signals)
