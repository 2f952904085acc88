"""SIP trunks in memory: a reactor in virtual time whose datagrams pass from port to port, and users that take notes."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sipmessage import URI
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import CannotListenError
from twisted.internet.task import Clock
from zope.interface import implementer

from sandf.callcontrol.media import Bearer
from sandf.callcontrol.primitives import TelephoneCall
from sandf.causes import Cause
from sandf.oam.pcap import CapturedPacket
from sandf.protocols.sip.hops import Hop, Transport
from sandf.vtsp.interfaces import ICallEnd, ICallUser
from sandf.vtsp.sip.call_media import MediaResources
from sandf.vtsp.sip.endpoint import SipEndpoint
from sandf.vtsp.sip.media_ports import MediaPorts
from sandf.vtsp.sip.settings import BindAddress, CallPolicy, Network, TrunkSettings
from sandf.vtsp.sip.trunk import SipTrunk
from sandf.vtsp.sip.udptl_bearer import UdptlBearer
from sandf.vtsp.timer_wheel import TimerWheel

DELAY = 0.01
Address = tuple[str, int]


class Datagram:
    """A UDP port of the memory reactor; it is its own handle."""

    def __init__(self, reactor: MemoryReactor, protocol: Any, address: Address) -> None:
        self.reactor, self.protocol, self.address = reactor, protocol, address

    def getHost(self) -> IPv4Address:
        return IPv4Address("UDP", *self.address)

    def getHandle(self) -> Datagram:
        return self

    def setsockopt(self, *options: object) -> None:
        pass

    def write(self, octets: bytes, address: Address) -> None:
        self.reactor.carry(octets, self.address, address)

    def sendto(self, octets: bytes, address: Address) -> int:
        self.write(octets, address)
        return len(octets)

    def stopListening(self) -> None:
        self.reactor.ports.pop(self.address, None)


class Listener:
    """A TCP port that nobody connects to."""

    def stopListening(self) -> None:
        pass


class MemoryReactor(Clock):
    """Virtual time, and a network without faults unless *lost* says so."""

    def __init__(self) -> None:
        super().__init__()
        self.ports: dict[Address, Datagram] = {}
        self.log: list[tuple[float, Address, Address, bytes]] = []
        self.lost: Callable[[bytes], bool] = lambda octets: False
        self._free = itertools.count(40_000)

    def listenUDP(self, port: int, protocol: Any, interface: str = "", maxPacketSize: int = 8192) -> Datagram:
        address = interface, port or next(self._free)
        if address in self.ports:
            raise CannotListenError(interface, port, OSError())
        self.ports[address] = made = Datagram(self, protocol, address)
        protocol.makeConnection(made)
        return made

    def listenTCP(self, port: int, factory: object, interface: str = "") -> Listener:
        return Listener()

    def carry(self, octets: bytes, source: Address, to: Address) -> None:
        self.log.append((self.seconds(), source, to, octets))
        if not self.lost(octets):
            self.callLater(DELAY, self.deliver, octets, source, to)

    def deliver(self, octets: bytes, source: Address, to: Address) -> None:
        if to in self.ports:
            self.ports[to].protocol.datagramReceived(octets, source)

    def run(self, seconds: float, step: float = 0.005) -> None:
        for _ in range(round(seconds / step)):
            self.advance(step)

    def sip(self, host: str = "") -> list[str]:
        """The first words of SIP messages that *host* (or anybody) sent."""
        found = []
        for _, source, _, octets in self.log:
            line = octets.split(b"\r\n", 1)[0]
            if b"SIP/2.0" in line and host in ("", source[0]):
                words = line.decode().split()
                found.append(words[1] if words[0] == "SIP/2.0" else words[0])
        return found

    def messages(self, word: str, host: str = "") -> list[str]:
        """The SIP messages of that method or status."""
        return [
            octets.decode()
            for _, source, _, octets in self.log
            if host in ("", source[0]) and octets.startswith((f"{word} ".encode(), f"SIP/2.0 {word} ".encode()))
        ]


class Recorded:
    """A recorder that keeps all."""

    def __init__(self) -> None:
        self.signals: list[tuple[str, bool, bytes]] = []
        self.packets: list[tuple[str, bool, bytes]] = []
        self.media: list[CapturedPacket] = []

    def signal(self, call_id: str, *, outward: bool, octets: bytes, **more: object) -> None:
        self.signals.append((call_id, outward, octets))

    def packet(self, call_id: str, *, outward: bool, octets: bytes, local: Address, remote: Address, at: float) -> None:
        self.packets.append((call_id, outward, octets))
        source, to = (local, remote) if outward else (remote, local)
        self.media.append(CapturedPacket(at, source, to, octets))

    def note(self, call_id: str, *, outward: bool, kind: str, text: str, at: float) -> None:
        pass


@dataclass
class Resources:
    """What calls share."""

    media: MediaResources
    policy: CallPolicy
    words: itertools.count[int]

    def policy_of(self, port: str, peer_tag: int) -> CallPolicy:
        return self.policy

    def token(self) -> str:
        return f"word{next(self.words)}"

    def number(self) -> int:
        return 1_000_000 + next(self.words)

    def within(self, host: str, networks: tuple[Network, ...]) -> bool:
        return False


class Names:
    """Names to hops; addresses stand for themselves."""

    def __init__(self) -> None:
        self.hops: dict[str, list[Hop]] = {}

    def locate(self, uri: URI, transport: Transport) -> Deferred[list[Hop]]:
        known = self.hops.get(uri.host)
        return succeed([Hop(transport=transport, host=uri.host, port=uri.port or 5060)] if known is None else known)


@implementer(ICallUser)
class User:
    """Whose call it is: takes notes, and does what the test wants when the call comes."""

    def __init__(self, does: Callable[[User], None] = lambda user: None) -> None:
        self.call_id = "call"
        self.peer_tag = 0
        self.facts: dict[str, object] = {}
        self.told: list[str] = []
        self.call: TelephoneCall | None = None
        self.end: ICallEnd
        self.bearer: UdptlBearer | None = None
        self.cause: Cause | None = None
        self.detail = ""
        self._does = does

    def offered(self) -> None:
        self.told.append("offered")
        self._does(self)

    def alerted(self) -> None:
        self.told.append("alerted")

    def connected(self, bearer: Bearer) -> None:
        assert isinstance(bearer, UdptlBearer)
        self.told.append("connected")
        self.bearer = bearer

    def cleared(self, cause: Cause, detail: str) -> None:
        self.told.append("cleared")
        self.cause, self.detail = cause, detail


class Side:
    """A gateway with one trunk at *host*."""

    def __init__(self, reactor: MemoryReactor, host: str, peer: str, **settings: Any) -> None:
        policy = settings.pop("policy", CallPolicy())
        self.reactor = reactor
        self.host = host
        self.recorded = Recorded()
        self.names = Names()
        self.users: list[User] = []
        self.does: Callable[[User], None] = lambda user: user.end.answer()
        self.changes = 0
        media = MediaResources(wheel=TimerWheel(reactor), recorder=self.recorded)
        resources = Resources(media, policy, itertools.count(1))
        bind = BindAddress(host=host, port=5060)
        self.endpoint = SipEndpoint(
            reactor,  # type: ignore[arg-type]
            bind,
            token=lambda: f"{host}-{next(resources.words)}",
            draw=lambda: 0.5,
            agent="sandf/test",
            tls=None,
            client_tls=lambda name: self.fail_tls(),
        )
        proxies = (URI(scheme="sip", host=peer, port=5060),) if peer else ()
        base = TrunkSettings(name="trunk", bind=bind, proxies=proxies, options_interval=0.0)
        self.trunk = SipTrunk(
            replace(base, **settings),
            endpoint=self.endpoint,
            locating=self.names,
            offer=self._offer,
            ports=MediaPorts(reactor, None, interface=host),  # type: ignore[arg-type]
            resources=resources,
            clock=reactor,
            agent="sandf/test",
            changed=self._changed,
        )
        self.endpoint.trunks["trunk"] = self.trunk
        self.endpoint.listen()
        self.trunk.start()

    def fail_tls(self) -> Any:
        raise AssertionError("nobody asked for TLS")

    def _changed(self) -> None:
        self.changes += 1

    def _offer(self, call: TelephoneCall, end: ICallEnd) -> ICallUser:
        user = User(lambda user: self.does(user))
        user.call, user.end = call, end
        self.users.append(user)
        return user

    def dial(self, called: str = "5551234", calling: str = "5550000", timeout: float = 60.0) -> User:
        user = User()
        call = TelephoneCall(port="trunk", called=called, calling=calling, answer_timeout=timeout)
        user.end = self.trunk.dial(call, user)
        return user
