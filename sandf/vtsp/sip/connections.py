"""The sockets of a SIP endpoint: one for datagrams, listeners and connections for TCP and TLS (RFC 3261 18).

What is to be sent goes to :meth:`Connections.send`, what comes is told to *received* with the hop it came from.  A
response or a request to a hop that has a connection goes over it; else one is made.

What this module does not do: it never looks into a message but for where it ends.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any, cast

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.interfaces import (
    IAddress,
    IDelayedCall,
    IListeningPort,
    IOpenSSLClientConnectionCreator,
    IOpenSSLContextFactory,
    IStreamClientEndpoint,
    ITCPTransport,
)
from twisted.internet.posixbase import PosixReactorBase
from twisted.internet.protocol import DatagramProtocol, Factory, Protocol, connectionDone
from twisted.python.failure import Failure

from sandf.logs import Logger
from sandf.protocols.sip.hops import Hop, Transport
from sandf.protocols.sip.message import MessageError
from sandf.protocols.sip.reading import StreamReader

from .settings import BindAddress

Received = Callable[[bytes, Hop], None]
Unreachable = Callable[[Hop], None]
ClientTls = Callable[[str], IOpenSSLClientConnectionCreator]
"""What is asked of the certificate of a name that we connect to, as ``optionsForClientTLS``."""
MOST_CONNECTIONS = 500
"""Connections that others may have to one endpoint."""
MOST_STRANGERS = 20
"""Those of hosts that are no trunk's; they get 403 on them, and not for long."""
STRANGER_SECONDS = 30.0
MOST_WAITING = 1000
"""Messages that wait for a connection to come up."""
CONNECT_SECONDS = 10.0
RECEIVE_BUFFER = 1 << 20
"""Octets of datagrams that the system may keep for us, if it allows so many."""
AT_A_TIME = 16_384
"""Octets of datagrams after which the reactor sees to others: when many calls begin at once some hundred messages wait,
each takes a millisecond, and packets of other calls shall not wait for them all.  With much less, messages would wait
for packets until they are sent again, and there would be more of them."""


class Datagrams(DatagramProtocol):
    """SIP over UDP."""

    noisy = False

    def __init__(self, received: Received) -> None:
        self._received = received

    def startProtocol(self) -> None:
        """The socket is open."""
        transport = cast(Any, self.transport)
        transport.maxThroughput = AT_A_TIME
        transport.getHandle().setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)

    def datagramReceived(self, datagram: bytes, addr: tuple[str, int]) -> None:
        """A message, or the CRLF of a keep-alive."""
        if len(datagram) > 4:
            self._received(datagram, Hop(transport=Transport.UDP, host=addr[0], port=addr[1]))


class Stream(Protocol):
    """SIP over one TCP or TLS connection."""

    def __init__(self, connections: Connections, transport: Transport, hop: Hop | None = None) -> None:
        self._connections = connections
        self._kind = transport
        self.hop = hop
        self._reader = StreamReader()
        self._pings = 0

    def connectionMade(self) -> None:
        """Know it by the address of the other end, unless we chose the hop."""
        assert self.transport is not None
        if self.hop is None:
            peer = cast(IPv4Address | IPv6Address, self.transport.getPeer())
            self.hop = Hop(transport=self._kind, host=peer.host, port=peer.port)
        if not self._connections.joined(self):
            self.drop()

    def dataReceived(self, data: bytes) -> None:
        """Some octets; a stream that cannot be followed is dropped."""
        assert self.transport is not None and self.hop is not None
        try:
            messages = self._reader.feed(data)
        except MessageError:
            self.drop()
            return
        if self._reader.pings > self._pings:  # RFC 5626 3.5.1
            self._pings = self._reader.pings
            self.transport.write(b"\r\n")
        for message in messages:
            self._connections.received(message, self.hop)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Forget it."""
        self._connections.left(self)

    def drop(self) -> None:
        """End the connection at once."""
        cast(ITCPTransport, self.transport).abortConnection()

    def send(self, octets: bytes) -> None:
        """Send a message."""
        assert self.transport is not None
        self.transport.write(octets)


class _Streams(Factory):
    noisy = False

    def __init__(self, connections: Connections, transport: Transport) -> None:
        self._connections = connections
        self._transport = transport

    def buildProtocol(self, addr: IAddress | None) -> Stream:
        """A connection that somebody made to us."""
        return Stream(self._connections, self._transport)


class _Outgoing(Factory):
    noisy = False

    def __init__(self, connections: Connections, hop: Hop) -> None:
        self._connections = connections
        self._hop = hop

    def buildProtocol(self, addr: IAddress | None) -> Stream:
        """A connection that we make."""
        return Stream(self._connections, self._hop.transport, self._hop)


class Connections:
    """All sockets of one endpoint; *tls* is what it shows of itself to those who connect, *client_tls* what it asks."""

    log = Logger()

    def __init__(
        self,
        reactor: PosixReactorBase,
        bind: BindAddress,
        *,
        received: Received,
        unreachable: Unreachable,
        known: Callable[[Hop], bool],
        tls: IOpenSSLContextFactory | None,
        client_tls: ClientTls,
    ) -> None:
        self.port = 0
        """Of UDP and TCP, once it listens."""
        self.tls_port = 0
        self.received = received
        self._reactor = reactor
        self._bind = bind
        self._unreachable = unreachable
        self._known = known
        self._tls = tls
        self._client_tls = client_tls
        self._ports: list[IListeningPort] = []
        self._datagrams = Datagrams(received)
        self._streams: dict[Hop, Stream] = {}
        self._strangers: dict[Stream, IDelayedCall] = {}
        self._waiting: dict[Hop, list[bytes]] = {}
        self._closing = False

    def listen(self) -> None:
        """Open the sockets; raises CannotListenError."""
        host, port = self._bind.host, self._bind.port
        datagrams = self._reactor.listenUDP(port, self._datagrams, interface=host, maxPacketSize=65_535)
        self._ports.append(datagrams)
        self.port = datagrams.getHost().port
        self._ports.append(self._reactor.listenTCP(self.port, _Streams(self, Transport.TCP), interface=host))
        if self._bind.tls_port is not None and self._tls is not None:
            factory = _Streams(self, Transport.TLS)
            port = self._reactor.listenSSL(self._bind.tls_port, factory, self._tls, interface=host)
            self._ports.append(port)
            self.tls_port = port.getHost().port

    async def close(self) -> None:
        """Close all."""
        self._closing = True
        for stream in list(self._streams.values()):
            if stream.transport is not None:
                stream.transport.loseConnection()
        for port in self._ports:
            stopped = port.stopListening()
            if isinstance(stopped, Deferred):
                await stopped

    def connected(self, hop: Hop) -> bool:
        """Whether there is a connection to *hop*."""
        return hop in self._streams

    def send(self, octets: bytes, hop: Hop) -> None:
        """Send a message to *hop*; one that cannot be sent there is told as unreachable."""
        if hop.transport is Transport.UDP:
            self._send_datagram(octets, hop)
            return
        stream = self._streams.get(hop)
        if stream is not None:
            stream.send(octets)
        elif hop in self._waiting:
            if len(self._waiting[hop]) < MOST_WAITING:
                self._waiting[hop].append(octets)
        elif not octets.startswith(b"SIP/2.0 "):  # nobody listens where a connection to us came from
            self._connect(hop, octets)

    def _send_datagram(self, octets: bytes, hop: Hop) -> None:
        transport = self._datagrams.transport
        if transport is None:
            return
        try:
            transport.write(octets, (hop.host, hop.port))
        except OSError as error:
            self.log.debug("sip: {hop} cannot be reached: {reason}", hop=hop, reason=error)
            self._reactor.callLater(0, self._unreachable, hop)

    def _connect(self, hop: Hop, octets: bytes) -> None:
        self._waiting[hop] = [octets]
        endpoint: IStreamClientEndpoint = HostnameEndpoint(self._reactor, hop.host, hop.port, timeout=CONNECT_SECONDS)
        if hop.transport is Transport.TLS:
            endpoint = wrapClientTLS(self._client_tls(hop.domain or hop.host), endpoint)
        endpoint.connect(_Outgoing(self, hop)).addErrback(self._not_connected, hop)

    def _not_connected(self, failure: Failure, hop: Hop) -> None:
        self._waiting.pop(hop, None)
        self.log.debug("sip: no connection to {hop}: {reason}", hop=hop, reason=failure.getErrorMessage())
        if not self._closing:
            self._unreachable(hop)

    def joined(self, stream: Stream) -> bool:
        """A connection is up; False if there are too many."""
        assert stream.hop is not None
        waiting = self._waiting.pop(stream.hop, [])
        if self._closing or not (waiting or self._has_room(stream)):
            return False
        self._streams[stream.hop] = stream
        for octets in waiting:
            stream.send(octets)
        return True

    def _has_room(self, stream: Stream) -> bool:
        """Whether a connection that was made to us may stay; a stranger's is closed after a while."""
        assert stream.hop is not None
        if self._known(stream.hop):
            return len(self._streams) - len(self._strangers) < MOST_CONNECTIONS
        if len(self._strangers) >= MOST_STRANGERS:
            return False
        self._strangers[stream] = self._reactor.callLater(STRANGER_SECONDS, stream.drop)
        return True

    def left(self, stream: Stream) -> None:
        """A connection is gone."""
        timer = self._strangers.pop(stream, None)
        if timer is not None and timer.active():
            timer.cancel()
        if stream.hop is not None and self._streams.get(stream.hop) is stream:
            del self._streams[stream.hop]
            if not self._closing:
                self._unreachable(stream.hop)


def address_towards(host: str) -> str:
    """Our own address on the way to *host*; nothing is sent for it.  The loopback one where there is no way."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((host, 9))
            found: str = probe.getsockname()[0]
        except OSError:
            found = "::1" if family is socket.AF_INET6 else "127.0.0.1"
    return found
