"""UDP sockets for the media of calls, from a range of ports or wherever the system has one free.

RTP gets an even port (RFC 3550 11); ports are taken in turn, so that one just left is not used again at once and
late packets of its last call meet nobody.  A socket of IPv6 speaks IPv4 as well, where the system lets it; addresses
of IPv4 are written as such either way.

What this module does not do: it looks into no packet.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any, cast

from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IReactorUDP
from twisted.internet.protocol import DatagramProtocol

from sandf import causes
from sandf.causes import Failure

Address = tuple[str, int]
Receiver = Callable[[bytes, Address], None]
RECEIVE_BUFFER = 262_144
"""Octets that the system keeps for us while we are busy."""
AT_A_TIME = 1
"""Octets after which the reactor sees to others: a datagram, for there is seldom a second one, and to look for it costs
a call of the system for each that comes."""
_TRIES = 8
"""How often the system is asked for a port; an odd one is better than none."""
_MAPPED = "::ffff:"
"""What an IPv6 socket puts before an address of IPv4 (RFC 4291 2.5.5.2)."""


class MediaSocket(DatagramProtocol):
    """One socket; what comes goes to whom :meth:`attach` named last."""

    noisy = False

    def __init__(self) -> None:
        self.port = 0
        self.unsent = 0
        """Datagrams that the system did not take."""
        self._six = False
        self._receiver: Receiver | None = None
        self._sendto: Callable[[bytes, Address], int] | None = None

    def startProtocol(self) -> None:
        """The socket is open."""
        transport = cast(Any, self.transport)
        transport.maxThroughput = AT_A_TIME
        host = transport.getHost()
        self.port, self._six = host.port, ":" in host.host
        handle: socket.socket = transport.getHandle()
        handle.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        self._sendto = handle.sendto

    def attach(self, receiver: Receiver | None) -> None:
        """Give what comes to *receiver*; None lets it fall."""
        self._receiver = receiver

    def datagramReceived(self, datagram: bytes, addr: Address) -> None:
        """Something has come."""
        if self._receiver is None:
            return
        if self._six and addr[0].startswith(_MAPPED):
            addr = addr[0].removeprefix(_MAPPED), addr[1]
        self._receiver(datagram, addr)

    def send(self, octets: bytes, address: Address) -> None:
        """Send a datagram; one that cannot be sent is lost, as others are on the way.

        The system's call is made directly: a datagram needs nothing of the reactor.
        """
        if self._sendto is None:
            return
        if self._six and ":" not in address[0]:
            address = _MAPPED + address[0], address[1]
        try:
            self._sendto(octets, address)
        except OSError:
            self.unsent += 1

    def close(self) -> None:
        """Send and receive nothing more."""
        sendto, self._sendto = self._sendto, None
        self._receiver = None
        if sendto is not None:
            cast(Any, self.transport).stopListening()


class MediaPorts:
    """Opens sockets at *interface*; *ports* are the first and the last one, None for any."""

    def __init__(self, reactor: IReactorUDP, ports: tuple[int, int] | None, *, interface: str = "") -> None:
        self._reactor = reactor
        self._interface = interface
        self._ports = ports
        self._next = ports[0] if ports else 0

    def open(self, *, even: bool = False) -> MediaSocket:
        """An open socket.  Raises Failure(NO_CHANNEL) where no port is free."""
        if self._ports is None:
            return self._open_any(even)
        first, last = self._ports
        for _ in range(last - first + 1):
            port, self._next = self._next, self._next + 1 if self._next < last else first
            if even and port % 2:
                continue
            try:
                return self._listen(port)
            except CannotListenError:
                continue
        raise Failure(causes.NO_CHANNEL, f"no media port from {first} to {last} is free")

    def _open_any(self, even: bool) -> MediaSocket:
        """One that the system chooses; the even port beside it where one is wanted and that is free."""
        made = self._listen(0)
        for _ in range(_TRIES):
            if not even or not made.port % 2:
                break
            made.close()
            try:
                made = self._listen(made.port - 1)
            except CannotListenError:
                made = self._listen(0)
        return made

    def _listen(self, port: int) -> MediaSocket:
        made = MediaSocket()
        self._reactor.listenUDP(port, made, interface=self._interface, maxPacketSize=65_535)
        return made
