"""The rooms of the gateway, wired once.  Nothing runs before :mod:`.running` starts it."""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from OpenSSL import crypto
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator, IStreamClientEndpoint
from twisted.internet.posixbase import PosixReactorBase
from twisted.internet.ssl import CertificateOptions, optionsForClientTLS
from twisted.internet.threads import deferToThreadPool
from twisted.names.client import Resolver

from sandf.apps.offramp import OffRamp
from sandf.apps.onramp import OnRamp
from sandf.apps.recovery import Recovery
from sandf.apps.routing import Routing
from sandf.apps.words import masked
from sandf.callcontrol.control import CallControl
from sandf.causes import Cause
from sandf.config import Configuration
from sandf.dmsp.pool import WorkerPool
from sandf.dmsp.provider import DocumentProvider
from sandf.fmsp.far import FarMachines
from sandf.fmsp.provider import FaxProvider
from sandf.logs import set_level
from sandf.mspi.delivery import Delivery
from sandf.mspi.notices import Notices
from sandf.mspi.postmaster import Postmaster
from sandf.mspi.provider import MailProvider
from sandf.mspi.routes import MailRoutes, Server
from sandf.mspi.screening import Screening
from sandf.mspi.server import MailServer
from sandf.mspi.spool import Spool
from sandf.mspi.users import UsersFile
from sandf.oam.captures import CallCaptures
from sandf.oam.documents import CallDocuments
from sandf.oam.progress import CallProgress
from sandf.oam.tracing import CallTraces
from sandf.store.endings import Endings
from sandf.store.records import Job
from sandf.store.schedule import RetrySchedule, next_attempt
from sandf.store.store import open_store
from sandf.vtsp.exchange import VirtualExchange
from sandf.vtsp.folder import PageFolder
from sandf.vtsp.provider import TelephonyProvider
from sandf.vtsp.rehearsal import machines

from . import settings
from .certificates import pem_certificates
from .sip import SipTrunks
from .trunks import policy_of

Reactor = PosixReactorBase
"""The gateway needs TCP, Unix sockets, processes, threads and time of its reactor."""


def new_call_id() -> str:
    """A call id that never repeats: the 128 bits of the classic ConnectionId."""
    return uuid.uuid4().hex


def new_token() -> str:
    """A random word for boundaries and message ids."""
    return uuid.uuid4().hex


class Gateway:
    """All rooms, and how they know each other."""

    def __init__(self, configuration: Configuration, reactor: Reactor) -> None:
        self.configuration = configuration
        self.reactor = reactor
        set_level(configuration.log.level)
        self.store = open_store(str(configuration.store.url), reactor)
        self.fax_schedule = settings.fax_schedule(configuration)
        self.mail_schedule = settings.mail_schedule(configuration)
        self._routes: MailRoutes | None = None
        self._wire_calls()
        self._wire_mail()
        self._wire_applications()
        self.control.register(
            [self.telephony, self.fax, self.documents, self.mail], [self.onramp, self.offramp], [self.recovery]
        )

    # Small things that many rooms are given.

    def now(self) -> float:
        """Seconds since 1970."""
        return time.time()

    def in_thread(self, function: Callable[[], Any]) -> Deferred[Any]:
        """Run *function* off the reactor thread."""
        return deferToThreadPool(self.reactor, self.reactor.getThreadPool(), function)

    def shown(self, number: str) -> str:
        """*number* as people may see it (design law 10)."""
        return number if self.configuration.log.unmasked else masked(number)

    def _next_attempt(self, schedule: Callable[[], RetrySchedule]) -> Callable[[Job, Cause, float], float | None]:
        return lambda job, cause, now: next_attempt(cause, job.failures, job.tries_since, now, schedule())

    # The rooms.

    def _wire_calls(self) -> None:
        configuration = self.configuration
        self.routing = Routing(
            configuration.dial_plan,
            calls=lambda: self.control.calls,
            ports_down=lambda: self.telephony.ports_down(),
            draw=random.random,
            seconds=self.reactor.seconds,
        )
        self.endings = Endings(
            store=self.store,
            next_attempt=self._next_attempt(lambda: self.fax_schedule),
            clock=self.reactor,
            now=self.now,
        )
        self.spool = Spool(
            store=self.store,
            limit=configuration.fax.send.calls_at_once,
            endings=self.endings,
            ended=lambda: self.notices.wake(),
            clock=self.reactor,
            now=self.now,
        )
        self.traces = CallTraces(store=self.store, masked=self.shown, seconds=self.reactor.seconds)
        self.captures = CallCaptures(
            store=self.store,
            line=self.traces.passed,
            clock=self.reactor,
            wall=lambda at: self.now() - (self.reactor.seconds() - at),
            in_thread=self.in_thread,
            limit=lambda: self.configuration.trace.capture,
        )
        self.documents_seen = CallDocuments()
        self.progress = CallProgress(store=self.store, masked=self.shown, clock=self.reactor)
        self.control = CallControl(
            seconds=self.reactor.seconds,
            new_call_id=new_call_id,
            select=self.routing.select,
            observers=[self.routing, self.spool, self.traces, self.captures, self.documents_seen, self.progress],
        )
        self.fax = FaxProvider(settings.fax(configuration), aside=self.in_thread, trace=self.traces.line)
        self.telephony = TelephonyProvider(self.control)
        folder = PageFolder(configuration.exchange_folder, in_thread=self.in_thread, now=self.now)
        self.exchange = VirtualExchange(
            reactor=self.reactor,
            ports=settings.virtual_ports(configuration),
            wanted=self.routing.wanted,
            offer=self.telephony.offer,
            machines=machines(FarMachines(aside=self.in_thread), folder.keep),
        )
        self.sip = SipTrunks(
            configuration,
            self.reactor,
            offer=self.telephony.offer,
            recorder=self.captures,
            policy_of=policy_of(configuration, lambda: self.routing.plan),
            changed=self.routing.capacity_changed,
        )
        for port in (*self.exchange.ports.values(), *self.sip.trunks):
            self.telephony.add_port(port)
        self.workers = WorkerPool(
            settings.rendering(configuration),
            clock=self.reactor,
            processes=self.reactor,
            threads=self.reactor,
        )
        self.documents = DocumentProvider(
            self.workers, seconds=self.now, cache_octets=configuration.rendering.cache_limit
        )

    def _wire_mail(self) -> None:
        configuration = self.configuration
        self.screening = Screening(
            aliases=lambda: self.configuration.aliases,
            postmaster=lambda: self.configuration.postmaster,
            route=lambda number: self.shown(self.routing.screened(number)),
            wants_cover=lambda asked: self.offramp.settings.cover.wanted(asked),
        )
        self.mail_server = MailServer(
            settings=settings.mail_server(configuration),
            store=self.store,
            screen=self.screening,
            accepted=self.accepted,
            clock=self.reactor,
            now=self.now,
            tls=self._server_certificate(),
            checker=self._users(),
        )
        self.delivery = Delivery(
            settings=settings.mail_client(configuration),
            store=self.store,
            connect=self._connect,
            lookup=self._look_up,
            tls=optionsForClientTLS,
            next_attempt=self._next_attempt(lambda: self.mail_schedule),
            ended=lambda: self.notices.wake(),
            clock=self.reactor,
            now=self.now,
        )
        self.notices = Notices(
            settings=settings.notices(configuration),
            store=self.store,
            committed=self.delivery.wake,
            masked=self.shown,
            in_thread=self.in_thread,
            new_token=new_token,
            clock=self.reactor,
            now=self.now,
        )
        self.mail = MailProvider(
            store=self.store,
            settings=settings.onramp_mail(configuration),
            committed=self.delivery.wake,
            in_thread=self.in_thread,
            new_token=new_token,
            now=self.now,
        )

    def _wire_applications(self) -> None:
        postmaster = Postmaster(
            settings=lambda: self.notices.settings,
            store=self.store,
            committed=self.delivery.wake,
            new_token=new_token,
            now=self.now,
        )
        self.onramp = OnRamp(
            store=self.store,
            routing=self.routing,
            settings=settings.onramp(self.configuration),
            tell_postmaster=postmaster.tell,
            now=self.now,
        )
        self.offramp = OffRamp(
            store=self.store,
            routing=self.routing,
            settings=settings.offramp(self.configuration),
            endings=self.endings,
            masked=self.shown,
            now=self.now,
            clock=self.reactor,
        )
        self.recovery = Recovery(
            store=self.store,
            onramp=self.onramp,
            originate=self.control.originate,
            calls=lambda: self.control.calls,
            now=self.now,
        )

    def accepted(self) -> None:
        """A message is in the store: faxes for the spool, the postmaster's mail for delivery."""
        self.spool.wake()
        self.delivery.wake()

    def _connect(self, host: str, port: int) -> IStreamClientEndpoint:
        return HostnameEndpoint(self.reactor, host, port)

    async def _look_up(self, domain: str) -> list[Server]:
        """MX records; the resolver is made when the first domain is asked for, and reads /etc/resolv.conf."""
        if self._routes is None:
            self._routes = MailRoutes(
                Resolver(resolv="/etc/resolv.conf", reactor=self.reactor),
                hostname=self.configuration.gateway.hostname,
                random=random.random,
            )
        return await self._routes.servers(domain)

    def _server_certificate(self) -> IOpenSSLServerConnectionCreator | None:
        server = self.configuration.smtp.server
        if not server.tls_certificate:
            return None
        key = Path(server.tls_key).expanduser().read_bytes()
        own, *chain = pem_certificates(Path(server.tls_certificate).expanduser().read_bytes())
        options: IOpenSSLServerConnectionCreator = CertificateOptions(
            privateKey=crypto.load_privatekey(crypto.FILETYPE_PEM, key), certificate=own, extraCertChain=chain
        )
        return options

    def _users(self) -> UsersFile | None:
        users = self.configuration.smtp.server.users
        return UsersFile(Path(users).expanduser(), self.in_thread) if users else None

    # Reload.

    def apply(self, configuration: Configuration) -> None:
        """Run with *configuration* from now on; what needs a restart is what it was in it.

        Raises OSError for a password file that cannot be read, and then nothing has changed.
        """
        mail_client = settings.mail_client(configuration)
        if configuration.rendering != self.configuration.rendering:
            self.workers.reload(settings.rendering(configuration))
        self.configuration = configuration
        set_level(configuration.log.level)
        self.routing.plan = configuration.dial_plan
        self.fax_schedule = settings.fax_schedule(configuration)
        self.mail_schedule = settings.mail_schedule(configuration)
        self.onramp.settings = settings.onramp(configuration)
        self.offramp.settings = settings.offramp(configuration)
        self.fax.settings = settings.fax(configuration)
        self.mail_server.settings = settings.mail_server(configuration)
        self.delivery.settings = mail_client
        self.mail.settings = settings.onramp_mail(configuration)
        self.notices.settings = settings.notices(configuration)
