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
from twisted.internet.task import deferLater
from twisted.internet.utils import getProcessOutputAndValue
from twisted.trial.unittest import TestCase

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


class Wire:
    """The reactor of a trunk: it keeps what passes its SIP sockets, and loses what *loses* says."""

    def __init__(self) -> None:
        self.packets: list[CapturedPacket] = []
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
        return not self.loses(octets)


class Forgetful:
    """Loses each message twice, and lets it through from the third time on."""

    def __init__(self) -> None:
        self.times: Counter[bytes] = Counter()

    def __call__(self, octets: bytes) -> bool:
        self.times[octets] += 1
        return self.times[octets] <= 2


class SippCase(TestCase):
    """One trunk of ours; :meth:`sipp` runs a scenario to its end.  Then tshark reads what has passed."""

    timeout = 60
    if MISSING or wireshark.MISSING:
        skip = MISSING or wireshark.MISSING

    def setUp(self) -> None:
        self.wire = Wire()

    def tearDown(self) -> None:
        """Read the capture, messages that were lost among them."""
        packets = sorted(self.wire.packets + self.recorded.media)
        self.assertEqual(wireshark.complaints(packets, Path(self.mktemp()))[:60], [])

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

    def dial(self, called: str = "5551234") -> User:
        """We call."""
        user = User()
        call = TelephoneCall(port="trunk", called=called, calling="5550000", answer_timeout=30.0)
        user.end = self.sip.dial(call, user)
        return user

    async def sipp(self, scenario: str, *, port: int, keys: dict[str, str] | None = None) -> None:
        """Run *scenario* at *port*; fails with what sipp says if it did not go as it should."""
        text = (SCENARIOS / f"{scenario}.xml").read_text()
        for key, value in (keys or {}).items():
            text = text.replace(f"[{key}]", value)
        folder = Path(self.mktemp())
        folder.mkdir()
        file = folder.absolute() / f"{scenario}.xml"
        file.write_text(text)
        command = ["-sf", str(file), "-i", HOST, "-p", str(port), "-mi", HOST, "-mp", str(free_media_port()), "-m", "1"]
        command += [
            "-nostdin",
            "-timeout",
            "45",
            "-timeout_error",
            "-trace_err",
            "-error_file",
            str(folder.absolute() / "errors"),
        ]
        command += ["-trace_msg", "-message_file", str(folder.absolute() / "messages"), "-skip_rlimit"]
        command.append(f"{HOST}:{self.endpoint.connections.port}")
        assert SIPP is not None
        done: Deferred[tuple[bytes, bytes, int]] = getProcessOutputAndValue(SIPP, command, env=os.environ)
        _, said, status = await done
        if status:
            errors = folder / "errors"
            why = errors.read_text() if errors.exists() else said.decode(errors="replace")
            self.fail(f"{scenario}: sipp ended with {status}\n{why}")

    def started(self, scenario: str, **more: Any) -> Deferred[None]:
        """The same, running meanwhile."""
        return Deferred.fromCoroutine(self.sipp(scenario, **more))

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

    def sent(self, start: bytes) -> int:
        """How many messages of ours begin so."""
        return sum(outward and octets.startswith(start) for _, outward, octets in self.recorded.signals)
