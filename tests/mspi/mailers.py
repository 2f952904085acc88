"""Mail servers in memory for the client: each answers by a table, remembers what it was told, and may misbehave."""

from __future__ import annotations

from dataclasses import dataclass, field

from twisted.internet import defer, error
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IProtocol, IProtocolFactory, IStreamClientEndpoint
from twisted.python.failure import Failure
from zope.interface import implementer

from sandf.mspi.client import ClientConnection
from tests.mspi.rig import Transport

KEYWORDS = ("PIPELINING", "8BITMIME", "SIZE 10000000", "DSN", "ENHANCEDSTATUSCODES")


@dataclass
class Mailer:
    """One server.  *replies* maps a verb, or a whole line, to its reply; ``.`` is the end of the text.

    A reply ``drop`` hangs up, ``silent`` says nothing.  ``refuses`` connections.
    """

    replies: dict[str, str] = field(default_factory=dict)
    keywords: tuple[str, ...] = KEYWORDS
    refuses: bool = False
    connecting: Deferred[IProtocol] | None = None
    """What a connection waits for, which never comes."""
    breaks_tls: bool = False
    lines: list[str] = field(default_factory=list)
    texts: list[bytes] = field(default_factory=list)
    connections: list[Conversation] = field(default_factory=list)

    def endpoint(self) -> IStreamClientEndpoint:
        return _Endpoint(self)


@implementer(IStreamClientEndpoint)
class _Endpoint:
    def __init__(self, mailer: Mailer) -> None:
        self._mailer = mailer

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        if self._mailer.refuses:
            return defer.fail(error.ConnectionRefusedError())
        if self._mailer.connecting is not None:
            return self._mailer.connecting
        protocol = protocolFactory.buildProtocol(IPv4Address("TCP", "192.0.2.25", 25))
        assert isinstance(protocol, ClientConnection)
        conversation = Conversation(self._mailer, protocol)
        self._mailer.connections.append(conversation)
        return defer.succeed(protocol)


class Conversation(Transport):
    """The server's end of one connection: a transport that answers."""

    def __init__(self, mailer: Mailer, protocol: ClientConnection) -> None:
        super().__init__()
        self.mailer = mailer
        self.protocol = protocol
        self._input = b""
        self._text: bytes | None = None
        self._answering = False
        self._answers: list[str] = []
        protocol.makeConnection(self)
        self._answer("greeting", "220 mx.example.net ESMTP")
        self._pump()

    def write(self, data: bytes) -> None:
        self._input += data
        self._read()

    def registerProducer(self, producer: object, streaming: bool) -> None:
        super().registerProducer(producer, streaming)
        self._pump()

    def startTLS(self, context: object) -> None:
        super().startTLS(context)
        if self.mailer.breaks_tls:
            self._answers.append("drop")

    def _read(self) -> None:
        while True:
            if self._text is not None:
                text, end, rest = (b"\r\n" + self._text + self._input).partition(b"\r\n.\r\n")
                self._text, self._input = (self._text + self._input), b""
                if not end:
                    break
                self.mailer.texts.append(text[2:] + b"\r\n")
                self._text, self._input = None, rest
                self._answer(".", "250 2.0.0 queued")
            elif b"\r\n" in self._input:
                line, _, self._input = self._input.partition(b"\r\n")
                self._command(line.decode("ascii"))
            else:
                break
        self._pump()

    def _command(self, line: str) -> None:
        self.mailer.lines.append(line)
        verb = line.split()[0].upper()
        usual = {"EHLO": "", "DATA": "354 go on", "QUIT": "221 bye", "STARTTLS": "220 ready"}.get(verb, "250 ok")
        if verb == "EHLO":
            keywords = [name for name in self.mailer.keywords if not (self.tls and name == "STARTTLS")]
            hello = ["mx.example.net", *keywords]
            usual = "\r\n".join(f"250{' ' if name is hello[-1] else '-'}{name}" for name in hello)
        reply = self._answer(verb, usual, line)
        if verb == "DATA" and reply.startswith("354"):
            self._text = b""

    def _answer(self, verb: str, usual: str, line: str = "") -> str:
        reply = self.mailer.replies.get(line, self.mailer.replies.get(verb, usual))
        self._answers.append(reply)
        return reply

    def _pump(self) -> None:
        """Say what is to be said, and take what the client has; never from within itself."""
        if self._answering:
            return
        self._answering = True
        try:
            while self._answers or self.producer is not None:
                if not self._answers and self.producer is not None:
                    self.producer.resumeProducing()
                    continue
                reply = self._answers.pop(0)
                if reply == "drop":
                    self.drop()
                    return
                if reply != "silent" and self.connected:
                    self.protocol.dataReceived(reply.encode("ascii") + b"\r\n")
        finally:
            self._answering = False

    def drop(self) -> None:
        if self.connected:
            self.connected = False
            self.producer = None
            self.protocol.connectionLost(Failure(error.ConnectionLost()))
