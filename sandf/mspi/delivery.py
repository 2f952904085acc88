"""Mail out: on-ramp messages and notifications, from the store to mail servers, until accepted or given up.

Recipients of one message go in one transaction where one server takes them all.  Servers are tried in order; a
connection or session that fails, or a 4xx answer, moves on to the next, a 5xx answer to a recipient is final.  If
the connection breaks after the whole text was sent the message may have got through: no other server is tried then,
only the same way again later (RFC 5321 6.1).  Connections are not reused for the next message yet.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from twisted.internet.defer import Deferred, DeferredSemaphore, succeed
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator, IProtocol, IReactorTime, IStreamClientEndpoint
from twisted.internet.protocol import Factory

from sandf import causes
from sandf.callcontrol.media import Message
from sandf.causes import Cause, Failure
from sandf.logs import Logger
from sandf.protocols.smtp.client_events import Envelope, Recipient
from sandf.protocols.smtp.parameters import (
    Body,
    Notify,
    OriginalRecipient,
    RecipientParameters,
    Return,
    SenderParameters,
)
from sandf.protocols.smtp.paths import Mailbox, PathError, parse_mailbox
from sandf.protocols.smtp.settings import ClientSettings, TlsUse
from sandf.store.endings import Endings, NextAttempt
from sandf.store.interfaces import IStore
from sandf.store.records import Job, JobKind

from .client import ClientConnection, Outcome
from .due import DueJobs
from .outcomes import cause_of_reply, failure_of_session, said
from .routes import Server
from .settings import MailClientSettings

JOBS_PER_CONNECTION = 10
"""Jobs that are claimed for each connection that there may be; those of one message share it."""

_FINAL = (causes.MAIL_ACCEPTED, causes.MAIL_REFUSED)
"""Endings after which no other server is asked."""

Ending = tuple[Cause, str]
Connect = Callable[[str, int], IStreamClientEndpoint]
Lookup = Callable[[str], Awaitable[list[Server]]]


@dataclass(frozen=True, slots=True)
class _Addressed:
    """A job and its address, read."""

    job: Job
    mailbox: Mailbox


class Delivery:
    """Delivers MAIL jobs.

    *connect* makes the endpoint of a host and port, *lookup* gives the servers of a domain where none are configured,
    *tls* what STARTTLS with a host needs (None: TLS is never used).  *ended* is called when jobs have ended.
    """

    log = Logger()

    def __init__(
        self,
        *,
        settings: MailClientSettings,
        store: IStore,
        connect: Connect,
        lookup: Lookup,
        tls: Callable[[str], IOpenSSLClientConnectionCreator] | None,
        next_attempt: NextAttempt,
        ended: Callable[[], None],
        clock: IReactorTime,
        now: Callable[[], float],
    ) -> None:
        self.settings = settings
        """May be replaced at any time, but for ``maximum_connections``."""
        self._store = store
        self._connect = connect
        self._lookup = lookup
        self._tls = tls
        self._ended = ended
        self._clock = clock
        self._endings = Endings(store=store, next_attempt=next_attempt, clock=clock, now=now)
        self._slots = DeferredSemaphore(settings.maximum_connections)
        self._due = DueJobs(
            store=store,
            kind=JobKind.MAIL,
            limit=settings.maximum_connections * JOBS_PER_CONNECTION,
            take=self._take,
            clock=clock,
            now=now,
        )
        self._connections: set[ClientConnection] = set()
        self._connecting: set[Deferred[IProtocol]] = set()
        self._running: set[Deferred[None]] = set()
        self._idle: list[Deferred[None]] = []
        self._stopping = False
        self._aborting = False

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._connections)

    def start(self) -> None:
        """Begin to deliver."""
        self._stopping = self._aborting = False
        self._due.start()

    def wake(self) -> None:
        """A message was committed."""
        self._due.wake()

    async def stop(self) -> None:
        """Claim no more; returns when what is under way has ended and its connections are closed."""
        self._stopping = True
        await self._due.stop()
        await self._when_idle()

    def abort(self) -> None:
        """Hang up on every server: what was under way is deferred."""
        self._aborting = True
        self._endings.stop()
        for connecting in tuple(self._connecting):
            connecting.cancel()
        for connection in tuple(self._connections):
            connection.abort()

    def _when_idle(self) -> Deferred[None]:
        if not self._running and not self._connections:
            return succeed(None)
        idle: Deferred[None] = Deferred()
        self._idle.append(idle)
        return idle

    def _check_idle(self) -> None:
        if not self._running and not self._connections:
            idle, self._idle = self._idle, []
            for waiting in idle:
                waiting.callback(None)

    def _take(self, jobs: Sequence[Job]) -> None:
        """Group what can go together, and deliver each group."""
        groups: dict[tuple[str, str], list[Job]] = {}
        for job in jobs:
            domain = "" if self.settings.servers else job.address.rpartition("@")[2].lower()
            groups.setdefault((job.message_id, domain), []).append(job)
        for (_, domain), group in groups.items():
            running = Deferred.fromCoroutine(self._deliver(group, domain))
            if not running.called:
                self._running.add(running)
                running.addBoth(self._delivered, running)

    def _delivered(self, _: object, running: Deferred[None]) -> None:
        self._running.discard(running)
        self._check_idle()

    async def _deliver(self, jobs: Sequence[Job], domain: str) -> None:
        """One try for *jobs*, and its ending for each."""
        try:
            endings = await self._endings_of(jobs, domain)
        except Failure as failure:
            endings = {job.job_id: (failure.cause, failure.detail) for job in jobs}
        except Exception:
            self.log.failure("mail: {jobs} failed", jobs=[job.job_id for job in jobs])
            endings = {job.job_id: (causes.INTERNAL_ERROR, "") for job in jobs}
        try:
            for job in jobs:
                cause, detail = endings[job.job_id]
                if self._aborting and cause not in _FINAL:
                    cause = causes.SHUT_DOWN
                await self._endings.write(job, cause, detail)
        except Failure as failure:
            self.log.warn("mail: an ending is left to the next start: {reason}", reason=failure)
        self._due.done(len(jobs))
        self._ended()

    async def _endings_of(self, jobs: Sequence[Job], domain: str) -> dict[str, Ending]:
        endings: dict[str, Ending] = {}
        pending: list[_Addressed] = []
        for job in jobs:
            try:
                pending.append(_Addressed(job, parse_mailbox(job.address)))
            except PathError as error:
                endings[job.job_id] = (causes.MAIL_REFUSED, f"not a mail address: {error}")
        if not pending:
            return endings
        message = (await self._store.message(jobs[0].message_id)).message
        servers: Iterable[Server] = self.settings.servers or await self._lookup(domain)
        for host, port in servers:
            pending = await self._try_server(host, port, message, pending, endings)
            if not pending:
                break
        return endings

    async def _try_server(
        self, host: str, port: int, message: Message, pending: list[_Addressed], endings: dict[str, Ending]
    ) -> list[_Addressed]:
        """Note how it went for each of *pending*; those that may be tried with the next server."""
        outcome: Outcome | None = None
        failure: Failure | None = None
        try:
            outcome = await self._attempt(host, port, message, pending)
        except Failure as failed:
            failure = failed
        again: list[_Addressed] = []
        for index, addressed in enumerate(pending):
            ending = (failure.cause, failure.detail) if failure else _ending(outcome, index, host)
            endings[addressed.job.job_id] = ending
            if ending[0] not in _FINAL:
                again.append(addressed)
        self.log.info(
            "mail: {host} port {port}: {left} of {all} not settled",
            host=host,
            port=port,
            left=len(again),
            all=len(pending),
        )
        in_doubt = outcome is not None and outcome.failed is not None and outcome.failed.in_doubt
        return [] if in_doubt else again

    async def _attempt(self, host: str, port: int, message: Message, pending: Sequence[_Addressed]) -> Outcome:
        """One connection; where TLS only may be used and its handshake fails, a second one without.

        Raises Failure where no connection came about.
        """
        tls = self.settings.tls if self._tls is not None else TlsUse.NEVER
        outcome = await self._converse(host, port, message, pending, tls)
        if outcome.tls_broken and outcome.failed is not None:
            if tls is not TlsUse.OPPORTUNISTIC or self.settings.credentials is not None:
                raise Failure(causes.MAIL_TLS_FAILED, f"{host}: the TLS handshake failed")
            self.log.warn("mail: {host}: the TLS handshake failed, trying without TLS", host=host)
            outcome = await self._converse(host, port, message, pending, TlsUse.NEVER)
        return outcome

    async def _converse(
        self, host: str, port: int, message: Message, pending: Sequence[_Addressed], tls: TlsUse
    ) -> Outcome:
        settings = ClientSettings(
            hostname=self.settings.hostname,
            tls=tls,
            credentials=self.settings.credentials,
            timeouts=self.settings.timeouts,
        )
        make_tls = self._tls
        connection = ClientConnection(
            settings=settings,
            envelope=_envelope(message, pending),
            octets=message.octets,
            clock=self._clock,
            tls=None if make_tls is None else lambda: make_tls(host),
        )
        await self._slots.acquire()
        try:
            await self._open(host, port, connection)
        except Failure:
            self._slots.release()
            raise
        self._connections.add(connection)
        connection.lost.addCallback(self._connection_lost, connection)
        return await connection.outcome

    async def _open(self, host: str, port: int, connection: ClientConnection) -> None:
        """Connect; raises Failure."""
        if self._stopping:
            raise Failure(causes.SHUT_DOWN)
        connecting = self._connect(host, port).connect(Factory.forProtocol(lambda: connection))
        self._connecting.add(connecting)
        try:
            await connecting.addTimeout(self.settings.connect_timeout, self._clock)
        except Exception as error:  # endpoints fail by whatever their transport raises
            raise Failure(causes.MAIL_UNREACHABLE, f"{host} port {port}: {error or type(error).__name__}")
        finally:
            self._connecting.discard(connecting)

    def _connection_lost(self, _: None, connection: ClientConnection) -> None:
        self._connections.discard(connection)
        self._slots.release()
        self._check_idle()


def _ending(outcome: Outcome | None, index: int, host: str) -> Ending:
    """How it went for recipient *index*: his own refusal counts before that of the message or the session."""
    assert outcome is not None
    reply = outcome.replies.get(index)
    if reply is not None and not reply.positive:
        return cause_of_reply(reply), said(host, reply)
    if outcome.accepted is not None:
        return causes.MAIL_ACCEPTED, said(host, outcome.accepted)
    if outcome.refused is not None:
        return cause_of_reply(outcome.refused), said(host, outcome.refused)
    assert outcome.failed is not None
    failure = failure_of_session(outcome.failed, host)
    return failure.cause, failure.detail


def _envelope(message: Message, pending: Sequence[_Addressed]) -> Envelope:
    parameters = SenderParameters(
        size=len(message.octets),
        body=None if message.octets.isascii() else Body.EIGHT_BIT_MIME,
        ret=Return(message.ret) if message.ret else None,
        envid=message.envid,
    )
    return Envelope(
        reverse_path=parse_mailbox(message.reverse_path) if message.reverse_path else None,
        recipients=tuple(
            Recipient(mailbox=addressed.mailbox, parameters=_recipient_parameters(addressed.job))
            for addressed in pending
        ),
        parameters=parameters,
    )


def _recipient_parameters(job: Job) -> RecipientParameters:
    parameters = RecipientParameters(notify=frozenset(map(Notify, job.notify)) if job.notify else None)
    if job.orcpt:
        kind, _, address = job.orcpt.partition(";")
        parameters = replace(parameters, original_recipient=OriginalRecipient(kind, address))
    return parameters
