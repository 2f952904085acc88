"""A transport that notes TLS and hanging up, and a server on a clock and a store in memory."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from twisted.internet import defer
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import ISSLTransport
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransportWithDisconnection
from zope.interface import directlyProvides

from sandf import causes
from sandf.causes import Failure
from sandf.mspi.connection import ServerConnection
from sandf.mspi.screening import Screening
from sandf.mspi.server import MailServer
from sandf.mspi.settings import MailServerSettings
from sandf.store.records import Job
from tests.store.memory import MemoryStore

EPOCH = 1_800_000_000.0
"""Seconds since 1970 when the clock of a test says 0."""


def dated(seconds: float) -> datetime:
    """UTC, so that tests do not depend on the machine's zone."""
    return datetime.fromtimestamp(seconds, UTC)


def at_once(work: Callable[[], Any]) -> Deferred[Any]:
    """``in_thread`` without a thread."""
    return defer.execute(work)


class Transport(StringTransportWithDisconnection):
    """Remembers what was asked of it."""

    protocol: Any

    def __init__(self, host: str = "127.0.0.1") -> None:
        address = IPv6Address("TCP", host, 40000) if ":" in host else IPv4Address("TCP", host, 40000)
        super().__init__(peerAddress=address)
        self.tls: list[object] = []
        self.aborted = False

    def startTLS(self, context: object) -> None:
        self.tls.append(context)

    def abortConnection(self) -> None:
        self.aborted = True
        if self.connected:
            self.loseConnection()

    def take(self) -> str:
        """What was written since the last time."""
        text: str = self.value().decode("ascii")
        self.clear()
        return text


def route(number: str) -> str:
    """A dial plan: 9 leads out and is stripped, everything else nowhere."""
    if number.startswith("9"):
        return number[1:]
    if number.startswith("+1408"):
        return number[5:]
    raise Failure(causes.NO_DIAL_PEER)


class ServerRig:
    """A server."""

    def __init__(self, *, aliases: tuple[str, ...] = ("fax.example.com", "[192.0.2.1]"), **settings: Any) -> None:
        self.clock = Clock()
        self.store = MemoryStore()
        self.woken = 0
        server_arguments = {name: settings.pop(name) for name in ("tls", "checker") if name in settings}
        if "allow" in settings:
            settings["allow"] = tuple(ipaddress.ip_network(text) for text in settings["allow"])
        self.screen = Screening(
            aliases=lambda: aliases,
            postmaster=lambda: "admin@example.com",
            route=route,
            wants_cover=lambda said: bool(said),
        )
        self.server = MailServer(
            settings=MailServerSettings(hostname="fax.example.com", **settings),
            store=self.store,
            screen=self.screen,
            accepted=self._accepted,
            clock=self.clock,
            now=self.now,
            dated=dated,
            **server_arguments,
        )

    def _accepted(self) -> None:
        self.woken += 1

    def now(self) -> float:
        return EPOCH + self.clock.seconds()

    def connect(self, host: str = "127.0.0.1", *, tls: bool = False) -> ClientRig:
        transport = Transport(host)
        if tls:
            directlyProvides(transport, ISSLTransport)
        connection = self.server.buildProtocol(transport.getPeer())
        transport.protocol = connection
        connection.makeConnection(transport)
        return ClientRig(connection, transport)

    def jobs(self) -> list[Job]:
        """All jobs, oldest first."""
        found: list[Job] = []
        self.store.jobs(limit=1000).addCallback(found.extend)
        return found[::-1]


class ClientRig:
    """The client's end of a connection to the server."""

    def __init__(self, connection: ServerConnection, transport: Transport) -> None:
        self.connection = connection
        self.transport = transport

    def say(self, *lines: str) -> str:
        """Send lines; what the server answers at once."""
        self.transport.take()
        self.send("".join(f"{line}\r\n" for line in lines).encode("latin-1"))
        return self.transport.take()

    def send(self, octets: bytes) -> None:
        self.connection.dataReceived(octets)

    def envelope(self, *recipients: str) -> None:
        """Up to 354."""
        self.say("EHLO client.example.org", "MAIL FROM:<ann@example.org>")
        for recipient in recipients or ("FAX=95551234@fax.example.com",):
            assert self.say(f"RCPT TO:<{recipient}>").startswith("250")
        assert self.say("DATA").startswith("354")
