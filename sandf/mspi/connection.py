"""One SMTP client's connection: drives :class:`ServerSession` over a transport.

Reads no further than the session wants (back pressure), arms one timer, asks the server's parts (screening, the
password checker, the store) what the session asks, and answers.  A message is acknowledged only when the store has
committed it (design law 4).  What a message's text means is not looked at, but for counting its hops.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from twisted.cred.credentials import UsernamePassword
from twisted.cred.error import UnauthorizedLogin
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall, ISSLTransport
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure as TwistedFailure

from sandf import causes
from sandf.callcontrol.media import Message
from sandf.causes import Failure
from sandf.logs import Logger
from sandf.protocols.smtp import replies
from sandf.protocols.smtp.events import (
    AuthenticationOffered,
    ConnectionShouldClose,
    Event,
    HelloReceived,
    MessageBegan,
    MessageData,
    MessageEnded,
    RecipientOffered,
    SenderOffered,
    TlsRequested,
    TransactionAborted,
)
from sandf.protocols.smtp.replies import Reply
from sandf.protocols.smtp.server import ServerSession
from sandf.protocols.smtp.settings import ServerSettings
from sandf.protocols.t37.fields import write_date, write_field
from sandf.store.records import NewJob

from .interfaces import IMailTransport
from .outcomes import reply_for

if TYPE_CHECKING:
    from .server import MailServer

TOO_MANY_AT_ONCE = Reply(452, "4.3.1", ("Too much mail at this moment, try again later",))
TOO_MANY_HOPS = Reply(554, "5.4.6", ("Too many hops, this message goes round in a circle",))
BUSY_WITH_OTHERS = Reply(452, "4.5.3", ("Too many recipients at this moment, send the rest later",))
CLOSE_TIMEOUT = 15.0
"""Seconds that a client gets to read our last reply."""
_RECEIVED = re.compile(rb"^received[ \t]*:", re.IGNORECASE | re.MULTILINE)


@dataclass(slots=True)
class _Transaction:
    """The envelope and text of the message under way."""

    sender: SenderOffered
    jobs: list[NewJob] = field(default_factory=list)
    pieces: list[bytes] = field(default_factory=list)
    octets: int = 0
    dropped: bool = False
    """Memory ran out: the text is thrown away, and the end refused."""


class ServerConnection(Protocol):
    """One connection; made by :class:`.server.MailServer`."""

    log = Logger()
    transport: IMailTransport

    def __init__(self, server: MailServer, settings: ServerSettings, peer: str, greeting: Reply | None) -> None:
        self.peer = peer
        self._server = server
        self._settings = settings
        self._greeting = greeting
        self._hello: HelloReceived | None = None
        self._transaction: _Transaction | None = None
        self._committing = False
        self._closing = False
        self._paused = False
        self._lost = False
        self._over = False
        self._asked: Deferred[None] | None = None
        """The answer to the open question, while it is looked for."""
        self._timer: IDelayedCall | None = None

    # Twisted's side.

    def connectionMade(self) -> None:
        """Greet; on a listener that is TLS from the start (RFC 8314 3.3) the session must know."""
        if ISSLTransport.providedBy(self.transport):
            self._settings = replace(self._settings, implicit_tls=True)
        self._session = ServerSession(self._settings, peer=self.peer, now=self._seconds(), greeting=self._greeting)
        self._drain()

    def dataReceived(self, data: bytes) -> None:
        """Feed the session."""
        self._session.receive_data(data, self._seconds())
        self._drain()

    def connectionLost(self, reason: TwistedFailure = connectionDone) -> None:
        """Forget everything but a commit that is under way: that message may have been stored."""
        self._lost = True
        self._session.connection_lost(self._seconds())
        self._drain()
        if self._asked is not None and not self._committing:
            self._asked.cancel()
        if not self._committing:
            self._forget()
        self._server.connection_gone(self)

    # The server's side.

    def shut_down(self) -> None:
        """421 now, or as soon as the commit that is under way has been answered (RFC 5321 3.8)."""
        self._closing = True
        if not self._committing:
            self._session.shut_down(reply_for(causes.CLOSING_DOWN), now=self._seconds())
            self._drain()

    def abort(self) -> None:
        """Hang up at once."""
        self.transport.abortConnection()

    # Mutate, drain, re-arm.

    def _seconds(self) -> float:
        return self._server.clock.seconds()

    def _drain(self) -> None:
        """Events first, as their answers add to what is to be sent."""
        while events := self._session.events():
            for event in events:
                self._flush()
                self._happened(event)
        self._flush()
        self._throttle()
        self._arm()

    def _flush(self) -> None:
        octets = self._session.data_to_send()
        if octets:
            self.transport.write(octets)

    def _throttle(self) -> None:
        """Read on only when the session has room (TCP then slows the client down)."""
        if self._lost:
            return
        wants = self._session.wants_data() or self._session.closed
        if wants and self._paused:
            self._paused = False
            self.transport.resumeProducing()
        elif not wants and not self._paused:
            self._paused = True
            self.transport.pauseProducing()

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        deadline = self._seconds() + CLOSE_TIMEOUT if self._over else self._session.next_deadline()
        if self._lost:
            return
        if deadline is not None:
            self._timer = self._server.clock.callLater(max(0.0, deadline - self._seconds()), self._timed_out)

    def _close(self) -> None:
        """Close once all is sent; hang up on a client that does not read."""
        self._flush()
        self._over = True
        self.transport.loseConnection()

    def _timed_out(self) -> None:
        self._timer = None
        if self._over:
            self.transport.abortConnection()
            return
        self._session.handle_timer(self._seconds())
        self._drain()

    # What the session tells and asks.

    def _happened(self, event: Event) -> None:
        match event:
            case HelloReceived():
                self._hello = event
            case SenderOffered():
                self._forget()
                self._transaction = _Transaction(event)
                self._session.accept(now=self._seconds())
            case RecipientOffered():
                self._offer_recipient(event)
            case MessageBegan():
                room = self._server.octets_held < self._server.settings.memory_limit
                self._answer(replies.START_MAIL_INPUT if room else TOO_MANY_AT_ONCE)
            case MessageData():
                self._keep(event.octets)
            case MessageEnded():
                self._ask(self._commit())
            case TransactionAborted():
                self._forget()
            case AuthenticationOffered():
                self._ask(self._log_in(event))
            case TlsRequested():
                self._start_tls()
            case ConnectionShouldClose():
                self._close()
            case _:
                pass  # Quit: ConnectionShouldClose follows

    def _answer(self, reply: Reply) -> None:
        answer = self._session.accept if reply.positive else self._session.reject
        answer(reply, now=self._seconds())

    def _ask(self, question: Awaitable[Reply]) -> None:
        """Answer when *question* is settled, whatever happens in it."""

        async def settle() -> None:
            try:
                reply = await question
            except CancelledError:
                return
            except Failure as failure:
                self.log.warn("smtp({peer}): {reason}", peer=self.peer, reason=failure)
                reply = reply_for(failure.cause)
            except Exception:
                self.log.failure("smtp({peer}): failed", peer=self.peer)
                reply = reply_for(causes.INTERNAL_ERROR)
            self._asked = None
            self._answer(reply)
            if self._closing:
                self._session.shut_down(reply_for(causes.CLOSING_DOWN), now=self._seconds())
            self._drain()

        asked = Deferred.fromCoroutine(settle())
        if not asked.called:
            self._asked = asked

    def _offer_recipient(self, event: RecipientOffered) -> None:
        transaction = self._transaction
        assert transaction is not None
        if not self._server.take_recipient():
            self._answer(BUSY_WITH_OTHERS)
            return
        try:
            screened = self._server.screen(event.forward_path, event.parameters)
        except Failure as failure:
            self._server.release_recipients(1)
            self.log.info(
                "smtp({peer}): a recipient at {domain} is refused: {cause}",
                peer=self.peer,
                domain=event.forward_path.domain,
                cause=failure.cause.name,
            )
            self._answer(reply_for(failure.cause, failure.detail))
            return
        except Exception:
            self._server.release_recipients(1)
            self.log.failure("smtp({peer}): screening failed", peer=self.peer)
            self._answer(reply_for(causes.INTERNAL_ERROR))
            return
        transaction.jobs.append(screened.job)
        self._answer(Reply(250, "2.1.5", (screened.answer,)))

    def _keep(self, octets: bytes) -> None:
        transaction = self._transaction
        assert transaction is not None
        if transaction.dropped:
            return
        transaction.octets += len(octets)
        transaction.pieces.append(octets)
        self._server.octets_held += len(octets)
        if self._server.octets_held > self._server.settings.memory_limit:
            self._server.octets_held -= transaction.octets
            transaction.pieces.clear()
            transaction.octets = 0
            transaction.dropped = True

    def _forget(self) -> None:
        """Give back what the transaction held."""
        transaction, self._transaction = self._transaction, None
        if transaction is not None:
            self._server.octets_held -= transaction.octets
            self._server.release_recipients(len(transaction.jobs))

    async def _commit(self) -> Reply:
        """Store the message; its id in a 250 is our promise."""
        transaction = self._transaction
        assert transaction is not None
        if transaction.dropped:
            self._forget()
            return TOO_MANY_AT_ONCE
        if _hops(transaction.pieces) > self._server.settings.hop_limit:
            self._forget()
            return TOO_MANY_HOPS
        self._committing = True
        try:
            message_id = await self._server.commit(self._message(transaction), transaction.jobs, self.peer)
        finally:
            self._committing = False
            self._forget()
        return replace(replies.MESSAGE_OK, lines=(f"Message accepted as {message_id}",))

    def _message(self, transaction: _Transaction) -> Message:
        offered = transaction.sender
        ret = offered.parameters.ret
        return Message(
            reverse_path=str(offered.reverse_path) if offered.reverse_path else "",
            octets=b"".join([self._received_field(), *transaction.pieces]),
            envid=offered.parameters.envid,
            ret=ret.value if ret else None,
            peer=self.peer,
            identity=self._session.authenticated_as or "",
        )

    def _received_field(self) -> bytes:
        """Time-stamp-line (RFC 5321 4.4, RFC 3848 for the protocol's name)."""
        hello = self._hello
        protocol = "ESMTP" if hello is None or hello.extended else "SMTP"
        if protocol == "ESMTP":
            protocol += "S" * self._session.tls_active + "A" * (self._session.authenticated_as is not None)
        name = hello.name if hello else "unknown"
        where = f"from {name} ([{self.peer}]) by {self._server.settings.hostname} (sandf) with {protocol}"
        return write_field("Received", f"{where}; {write_date(self._server.local_time())}").encode("ascii")

    async def _log_in(self, event: AuthenticationOffered) -> Reply:
        """Ask the checker; acting for somebody else is allowed to nobody (RFC 4616 2)."""
        checker = self._server.checker
        try:
            if checker is None or event.identity not in ("", event.username):
                raise UnauthorizedLogin("acting for somebody else")
            await checker.requestAvatarId(UsernamePassword(event.username.encode(), event.password.encode()))
        except UnauthorizedLogin as refused:
            self.log.warn(
                "smtp({peer}): a log-in as {name} failed: {reason}",
                peer=self.peer,
                name=_visible(event.username),
                reason=refused,
            )
            return replies.CREDENTIALS_INVALID
        return replies.AUTHENTICATED

    def _start_tls(self) -> None:
        assert self._server.tls is not None
        self._flush()
        self.transport.startTLS(self._server.tls)
        self._hello = None
        self._session.tls_started(self._seconds())


def _hops(pieces: list[bytes]) -> int:
    """Received fields in the header, as far as it is in the first piece."""
    header = pieces[0].partition(b"\r\n\r\n")[0] if pieces else b""
    return len(_RECEIVED.findall(header))


def _visible(name: str) -> str:
    """A user name for the log: what a terminal would act upon is masked, and a long one is cut."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in name[:100])
