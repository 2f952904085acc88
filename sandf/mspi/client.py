"""One connection to a mail server, for one message: drives :class:`ClientSession` over a transport.

The text goes out piece by piece as fast as the server takes it (pull producer).  It reports the outcome as soon as
it is known, before QUIT is answered.  It chooses no server, and decides nothing about trying again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IDelayedCall,
    IOpenSSLClientConnectionCreator,
    IPullProducer,
    IReactorTime,
)
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure as TwistedFailure
from zope.interface import implementer

from sandf.protocols.smtp.client import ClientSession
from sandf.protocols.smtp.client_events import (
    ClientEvent,
    Envelope,
    Failed,
    MessageAccepted,
    MessageRefused,
    Ready,
    Reason,
    RecipientResult,
    Step,
    TextWanted,
    TlsWanted,
)
from sandf.protocols.smtp.events import ConnectionShouldClose
from sandf.protocols.smtp.replies import Reply
from sandf.protocols.smtp.settings import ClientSettings

from .interfaces import IMailTransport

PIECE = 65_536
CLOSE_TIMEOUT = 15.0
"""Seconds that a server gets to take our last octets."""
UNSENDABLE = Reply(550, "5.1.3", ("This address cannot be sent over SMTP",))


@dataclass(slots=True)
class Outcome:
    """What became of the message at this server."""

    replies: dict[int, Reply] = field(default_factory=dict)
    """The reply to each recipient, by its index in the envelope."""
    accepted: Reply | None = None
    """The 250 at the end: all recipients with a positive reply are the server's now."""
    refused: Reply | None = None
    """Nobody gets it from here."""
    failed: Failed | None = None
    """The session ended before the message did."""
    tls_broken: bool = False
    """It failed in the TLS handshake."""


@implementer(IPullProducer)
class ClientConnection(Protocol):
    """Delivers one message.

    ``outcome`` fires with the :class:`Outcome`, ``lost`` when the connection is gone.  *tls* makes the TLS
    connection where STARTTLS is to be used.
    """

    transport: IMailTransport

    def __init__(
        self,
        *,
        settings: ClientSettings,
        envelope: Envelope,
        octets: bytes,
        clock: IReactorTime,
        tls: Callable[[], IOpenSSLClientConnectionCreator] | None,
    ) -> None:
        self.outcome: Deferred[Outcome] = Deferred()
        self.lost: Deferred[None] = Deferred()
        self._settings = settings
        self._envelope = envelope
        self._octets = octets
        self._clock = clock
        self._tls = tls
        self._found = Outcome()
        self._told = False
        self._handshake = False
        """TLS has been started, and nothing came over it yet."""
        self._sent = 0
        self._producing = False
        self._message_begun = False
        self._over = False
        self._lost = False
        self._timer: IDelayedCall | None = None

    # Twisted's side.

    def connectionMade(self) -> None:
        """Wait for the greeting."""
        self._session = ClientSession(self._settings, now=self._clock.seconds())
        self._drain()

    def dataReceived(self, data: bytes) -> None:
        """Feed the session."""
        self._handshake = False
        self._session.receive_data(data, self._clock.seconds())
        self._drain()

    def connectionLost(self, reason: TwistedFailure = connectionDone) -> None:
        """Tell what is known."""
        self._lost = True
        self._found.tls_broken = self._handshake
        self._session.connection_lost(self._clock.seconds())
        self._drain()
        self._tell()
        self.lost.callback(None)

    def resumeProducing(self) -> None:
        """The transport has sent what it had: the next piece."""
        piece = self._octets[self._sent : self._sent + PIECE]
        now = self._clock.seconds()
        if piece:
            self._sent += len(piece)
            self._session.send_text(piece, now=now)
        else:
            self._stop_text()
            self._session.end_text(now=now)
        self._drain()

    def stopProducing(self) -> None:
        """The transport is closing."""
        self._producing = False

    def abort(self) -> None:
        """Hang up."""
        self.transport.abortConnection()

    # Mutate, drain, re-arm.

    def _drain(self) -> None:
        while events := self._session.events():
            for event in events:
                self._flush()
                self._happened(event)
        self._flush()
        self._arm()

    def _flush(self) -> None:
        octets = self._session.data_to_send()
        if octets and not self._lost:
            self.transport.write(octets)

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        deadline = self._clock.seconds() + CLOSE_TIMEOUT if self._over else self._session.next_deadline()
        if deadline is not None and not self._lost:
            self._timer = self._clock.callLater(max(0.0, deadline - self._clock.seconds()), self._timed_out)

    def _timed_out(self) -> None:
        self._timer = None
        if self._over:
            self.transport.abortConnection()
            return
        self._session.handle_timer(self._clock.seconds())
        self._drain()

    # What the session tells.

    def _happened(self, event: ClientEvent) -> None:
        match event:
            case Ready():
                self._proceed()
            case TlsWanted():
                self._start_tls()
            case RecipientResult():
                self._found.replies[event.index] = event.reply
            case TextWanted():
                self._producing = True
                self.transport.registerProducer(self, False)
            case MessageAccepted():
                self._found.accepted = event.reply
                self._tell()
            case MessageRefused():
                self._found.refused = event.reply
                self._tell()
            case Failed():
                self._found.failed = event
                if not self._lost:
                    self._tell()
            case ConnectionShouldClose():
                self._close()

    def _proceed(self) -> None:
        """The message, and after it QUIT."""
        now = self._clock.seconds()
        if self._message_begun:
            self._session.quit(now=now)
            return
        self._message_begun = True
        try:
            self._session.send_message(self._envelope, now=now)
        except ValueError:
            self._found.refused = UNSENDABLE
            self._tell()
            self._session.quit(now=now)

    def _start_tls(self) -> None:
        assert self._tls is not None
        self._flush()
        self._handshake = True
        self.transport.startTLS(self._tls())
        self._session.tls_started(self._clock.seconds())

    def _stop_text(self) -> None:
        if self._producing:
            self._producing = False
            self.transport.unregisterProducer()

    def _close(self) -> None:
        self._flush()
        self._stop_text()
        self._over = True
        if not self._lost:
            self.transport.loseConnection()

    def _tell(self) -> None:
        if self._told:
            return
        self._told = True
        found = self._found
        if found.accepted is None and found.refused is None and found.failed is None:
            found.failed = Failed(
                reason=Reason.CONNECTION_LOST,
                step=Step.GREETING,
                reply=None,
                text="the connection was lost",
                in_doubt=False,
            )
        self.outcome.callback(found)
