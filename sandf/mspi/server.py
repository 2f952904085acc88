"""The ESMTP server: takes connections, and turns messages into stored jobs.

``tap`` listens with this factory on any stream endpoint.  It refuses clients that are neither on this machine nor
in a listed network, bounds connections, recipients and memory over all connections, and closes down in order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from twisted.cred.checkers import ICredentialsChecker
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IAddress, IOpenSSLServerConnectionCreator, IReactorTime
from twisted.internet.protocol import Factory

from sandf import causes
from sandf.callcontrol.media import Message
from sandf.logs import Logger
from sandf.protocols.smtp.replies import Reply
from sandf.protocols.smtp.settings import ServerSettings
from sandf.store.interfaces import IStore
from sandf.store.records import HistoryLine, NewJob

from .admission import is_admitted, peer_address
from .connection import ServerConnection
from .outcomes import reply_for
from .screening import Screen
from .settings import MailServerSettings, local_time

TOO_MANY_CONNECTIONS = Reply(421, "4.7.0", ("Too many connections, try again later",))
REFUSED_TIMEOUT = 30.0
"""Seconds that a refused client gets to say QUIT."""


class MailServer(Factory):
    """All connections of the ESMTP server.

    *accepted* is called after each commit, so that somebody looks for new jobs.  *now* is seconds since 1970;
    *clock* runs the timers.  With *tls* STARTTLS is offered, with *checker* also AUTH (over TLS).
    """

    log = Logger()
    noisy = False

    def __init__(
        self,
        *,
        settings: MailServerSettings,
        store: IStore,
        screen: Screen,
        accepted: Callable[[], None],
        clock: IReactorTime,
        now: Callable[[], float],
        tls: IOpenSSLServerConnectionCreator | None = None,
        checker: ICredentialsChecker | None = None,
        dated: Callable[[float], datetime] = local_time,
    ) -> None:
        self.settings = settings
        """May be replaced while the server runs; connections that are open keep theirs."""
        self.screen = screen
        self.clock = clock
        self.tls = tls
        self.checker = checker
        self.octets_held = 0
        """Octets of all messages that are under way."""
        self.recipients_held = 0
        """Recipients of all transactions that are under way."""
        self._store = store
        self._accepted = accepted
        self._now = now
        self._dated = dated
        self._connections: set[ServerConnection] = set()
        self._per_client = Counter[str]()
        self._closing = False
        self._gone: list[Deferred[None]] = []

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._connections)

    def buildProtocol(self, addr: IAddress | None) -> ServerConnection:
        """A connection, which may begin with a refusal."""
        peer = peer_address(str(getattr(addr, "host", "")))
        name = str(peer) if peer is not None else "local"
        greeting = self._refusal(name) if is_admitted(peer, self.settings.allow) else self._not_admitted(name)
        connection = ServerConnection(self, self._session_settings(greeting), name, greeting)
        self._connections.add(connection)
        self._per_client[name] += 1
        return connection

    def _refusal(self, name: str) -> Reply | None:
        if self._closing:
            return reply_for(causes.CLOSING_DOWN)
        limits = self.settings
        if len(self._connections) >= limits.maximum_connections or self._per_client[name] >= (
            limits.connections_per_client
        ):
            self.log.warn("smtp({peer}): too many connections", peer=name)
            return TOO_MANY_CONNECTIONS
        return None

    def _not_admitted(self, name: str) -> Reply:
        """554, or 421 where the polite form would cost too much: then the session ends at once."""
        self.log.info("smtp({peer}): refused, not in smtp.server allow", peer=name)
        return self._refusal(name) or reply_for(causes.SENDER_NOT_ALLOWED)

    def _session_settings(self, greeting: Reply | None) -> ServerSettings:
        limits = self.settings
        settings = ServerSettings(
            hostname=limits.hostname,
            tls_available=self.tls is not None,
            require_tls=limits.require_tls,
            require_authentication=limits.require_authentication,
            mechanisms=("PLAIN", "LOGIN") if self.checker is not None else (),
            size_limit=limits.maximum_size,
            text_line_limit=limits.line_limit,
            recipient_limit=limits.recipients_per_message,
            command_timeout=limits.command_timeout,
            data_timeout=limits.data_timeout,
            help_lines=("Send mail to FAX=+13125553260@ this host to have it faxed",),
        )
        return replace(settings, command_timeout=min(limits.command_timeout, REFUSED_TIMEOUT)) if greeting else settings

    # For connections.

    def local_time(self) -> datetime:
        """Now, with the zone of this machine."""
        return self._dated(self._now())

    def take_recipient(self) -> bool:
        """Whether one more recipient may be under way."""
        if self.recipients_held >= self.settings.maximum_recipients:
            return False
        self.recipients_held += 1
        return True

    def release_recipients(self, count: int) -> None:
        """That many are no longer under way."""
        self.recipients_held -= count

    async def commit(self, message: Message, jobs: Sequence[NewJob], peer: str) -> str:
        """Store *message* with its *jobs*: its id.  Raises Failure; then nothing is stored."""
        message_id, job_ids = await self._store.accept_message(message, jobs, self._now())
        self.log.info(
            "smtp({peer}): {message} from <{sender}>, {size} octets, {count} recipients",
            peer=peer,
            message=message_id,
            sender=message.reverse_path,
            size=len(message.octets),
            count=len(jobs),
        )
        for job_id in job_ids:
            self._note(job_id, peer)
        self._accepted()
        return message_id

    def _note(self, job_id: str, peer: str) -> None:
        line = HistoryLine(at=self._now(), job_id=job_id, fax_id=None, call_id=None, text=f"accepted from {peer}")
        self._store.add_history(line).addErrback(
            lambda failure: self.log.warn("history is not kept: {reason}", reason=failure.value)
        )

    def connection_gone(self, connection: ServerConnection) -> None:
        """*connection* is closed."""
        self._connections.discard(connection)
        self._per_client[connection.peer] -= 1
        if not self._per_client[connection.peer]:
            del self._per_client[connection.peer]
        if not self._connections:
            gone, self._gone = self._gone, []
            for waiting in gone:
                waiting.callback(None)

    # Closing down.

    def shut_down(self) -> Deferred[None]:
        """421 to everybody, from now on; fires when the last connection is closed.

        A message whose commit is under way is still answered.
        """
        self._closing = True
        for connection in tuple(self._connections):
            connection.shut_down()
        if not self._connections:
            return succeed(None)
        gone: Deferred[None] = Deferred()
        self._gone.append(gone)
        return gone

    def abort(self) -> None:
        """Hang up on everybody."""
        for connection in tuple(self._connections):
            connection.abort()
