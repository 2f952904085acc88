"""A reactor in virtual time with real UDP sockets: time passes when a test says so, datagrams go over loopback.

What comes from sockets of others is dropped: they may still be sending to a port that was theirs a moment ago.
"""

from __future__ import annotations

import select
import socket
from collections.abc import Callable
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.error import CannotListenError
from twisted.internet.task import Clock

from tests.vtsp.sip.rig import Listener

Address = tuple[str, int]


class UdpPort:
    """One open socket and its protocol."""

    def __init__(self, reactor: SocketReactor, protocol: Any, handle: socket.socket) -> None:
        self.protocol, self.handle = protocol, handle
        self._reactor = reactor

    def getHost(self) -> IPv4Address:
        return IPv4Address("UDP", *self.handle.getsockname())

    def getHandle(self) -> socket.socket:
        return self.handle

    def write(self, octets: bytes, address: Address) -> None:
        self.handle.sendto(octets, address)

    def stopListening(self) -> None:
        self._reactor.ports.pop(self.handle.fileno(), None)
        self.handle.close()


class SocketReactor(Clock):
    """:meth:`pass_time` lets time pass, and everything arrive that was sent meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self.ports: dict[int, UdpPort] = {}

    def listenUDP(self, port: int, protocol: Any, interface: str = "", maxPacketSize: int = 8192) -> UdpPort:
        handle = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        handle.setblocking(False)
        try:
            handle.bind((interface, port))
        except OSError as error:
            handle.close()
            raise CannotListenError(interface, port, error)
        made = self.ports[handle.fileno()] = UdpPort(self, protocol, handle)
        protocol.makeConnection(made)
        return made

    def listenTCP(self, port: int, factory: object, interface: str = "") -> Listener:
        return Listener()

    def pass_time(self, seconds: float, step: Callable[[], None] = lambda: None) -> None:
        """*step* is called when the time has passed, before what was sent arrives."""
        self.advance(seconds)
        step()
        while self._arrived():
            pass

    def _arrived(self) -> bool:
        ready, _, _ = select.select(list(self.ports), [], [], 0)
        for number in ready:
            if number in self.ports:
                self._read(self.ports[number])
        return bool(ready)

    def _read(self, port: UdpPort) -> None:
        try:
            octets, source = port.handle.recvfrom(65_535)
        except OSError:
            return
        if any(source == other.handle.getsockname() for other in self.ports.values()):
            port.protocol.datagramReceived(octets, source)
