"""A SIP trunk: a port whose calls go to, and come from, the proxies or registrar of a carrier or PBX.

A trunk is down while it is not registered where it should be, or while none of its proxies answers OPTIONS.  Calls
out go to the first proxy that is up; if it gives no answer, or 503, to the next.

What this module does not do: single calls (:mod:`.call`), sockets (:mod:`.connections`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from sipmessage import URI, Parameters, Request
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from zope.interface import implementer

from sandf import causes
from sandf.callcontrol.primitives import TelephoneCall
from sandf.logs import Logger
from sandf.protocols.sip.digest import DigestClient
from sandf.protocols.sip.hops import Hop, Transport
from sandf.protocols.sip.monitoring import Monitor
from sandf.protocols.sip.numbers import Numbers, identity_headers, numbers_of, sip_user
from sandf.protocols.sip.registration import Registration
from sandf.protocols.sip.session import Identity, Session

from ..interfaces import ICallEnd, ICallUser, IPort, Offer
from .call import CallResources, SipCall
from .endpoint import SipEndpoint
from .incoming import IncomingCall
from .media_ports import MediaPorts
from .outgoing import OutgoingCall
from .settings import TrunkSettings

RETRY_AFTER = 30
"""Seconds that a caller is asked to wait when all channels are in use."""


class Locating(Protocol):
    """Names to hops (RFC 3263)."""

    def locate(self, uri: URI, transport: Transport) -> Deferred[list[Hop]]:
        """The hops of *uri* in order, *transport* where it leaves that open.  Empty if there is none; never fails."""


@implementer(IPort)
class SipTrunk:
    """One trunk at *endpoint*.  *offer* brings calls, *changed* is told when it goes down or comes up."""

    log = Logger()

    def __init__(
        self,
        settings: TrunkSettings,
        *,
        endpoint: SipEndpoint,
        locating: Locating,
        offer: Offer,
        ports: MediaPorts,
        resources: CallResources,
        clock: IReactorTime,
        agent: str,
        changed: Callable[[], None],
    ) -> None:
        self.name = settings.name
        self.ignores_strangers = settings.ignore_strangers
        self.advertise = settings.advertise
        self.settings = settings
        self.endpoint = endpoint
        self.ports = ports
        self.digest = DigestClient()
        self.incoming: set[IncomingCall] = set()
        self.outgoing: set[OutgoingCall] = set()
        self._locating = locating
        self._offer = offer
        self._resources = resources
        self._clock = clock
        self._agent = agent
        self._changed = changed
        self._hops: dict[str, list[Hop]] = {}  # of each URI, as last resolved
        self._known: set[str] = set()
        self._timer: IDelayedCall | None = None
        self._running = False
        self._next_begins = 0.0
        self.monitor = Monitor(
            host=endpoint.agent,
            contact=self.contact,
            interval=settings.options_interval if settings.proxies else 0.0,
            agent=agent,
            changed=self._proxy_changed,
        )
        self.registration = self._registration()

    def _registration(self) -> Registration | None:
        settings = self.settings
        if settings.registration is None:
            return None
        return Registration(
            host=self.endpoint.agent,
            record=settings.registration.record,
            contact=self.contact,
            credentials=settings.credentials,
            digest=self.digest,
            expires=settings.registration.expires,
            agent=self._agent,
            changed=self._registration_changed,
        )

    # For the endpoint.

    def knows(self, hop: Hop) -> bool:
        """Whether *hop* is one of our proxies, our registrar, or allowed."""
        return hop.host in self._known or self._resources.within(hop.host, self.settings.allow)

    def named(self, request: Request) -> bool:
        """Whether the Request-URI is our Contact."""
        return self.settings.registration is not None and request.uri.user == self._user

    @property
    def _account(self) -> str:
        registration = self.settings.registration
        return (registration.record.user if registration else "") or ""

    @property
    def _user(self) -> str:
        return self._account or self.settings.caller or "sandf"

    def contact(self, hop: Hop) -> str:
        """Our Contact towards *hop*."""
        uri = URI.parse(f"sip:{self.endpoint.sent_by(hop)}")
        transport = {} if hop.transport is Transport.UDP else {"transport": hop.transport.value.lower()}
        return f"<{URI(scheme='sip', user=self._user, host=uri.host, port=uri.port)}{_parameters(transport)}>"

    def identity(self, hop: Hop) -> Identity:
        """Who we are towards *hop*."""
        settings = self.settings
        return Identity(
            contact=self.contact(hop),
            agent=self._agent,
            credentials=settings.credentials,
            session_expires=settings.session_expires,
            min_se=settings.min_se,
        )

    def addresses(self, call: TelephoneCall, hop: Hop) -> tuple[URI, str, str, tuple[tuple[str, str], ...]]:
        """Request-URI, To, From and further header fields of an INVITE for *call*."""
        settings = self.settings
        proxy = settings.proxies[0]
        user = sip_user(call.called.replace(",", ""))
        phone = Parameters(user="phone") if settings.user_phone else Parameters()
        target = URI(scheme="sip", user=user, host=proxy.host, port=proxy.port, parameters=phone)
        domain = settings.domain or proxy.host
        calling = call.calling or settings.caller
        to = f"<{URI(scheme='sip', user=user, host=domain, parameters=phone)}>"
        ours = settings.domain or self.endpoint.sent_by(hop).rpartition(":")[0]
        caller = (
            f"<{URI(scheme='sip', user=sip_user(calling) if calling else self._account or 'anonymous', host=ours)}>"
        )
        headers: list[tuple[str, str]] = []
        if settings.outbound_proxy is not None:
            headers.append(("Route", f"<{settings.outbound_proxy};lr>"))
        if settings.send_identity and calling:
            headers += identity_headers(calling, ours)
        return target, to, caller, tuple(headers)

    def numbers(self, request: Request) -> Numbers:
        """Who calls whom, as far as this trunk is believed."""
        settings = self.settings
        return numbers_of(request, called_from=settings.called_from, trust_identity=settings.trust_identity)

    def invited(self, session: Session, description: bytes) -> None:
        """A call comes in."""
        limit = self.settings.max_in
        if limit is not None and len(self.incoming) >= limit:
            session.refuse(503, self.endpoint.now(), (("Retry-After", str(RETRY_AFTER)),))
            return
        call = IncomingCall(self, self._resources, session, description)
        self.incoming.add(call)
        call.bring(self._offer)

    # IPort.

    @property
    def down(self) -> str:
        """Why it can take no call out now; empty if it can."""
        if self.registration is not None and not self.registration.registered:
            return self.registration.trouble or "not registered yet"
        hops = [hop for uri in self._next for hop in self._hops.get(str(uri), [])]
        if self.monitor.all_down(hops, self.endpoint.now()):
            return "no proxy answers, or none has room"
        return "" if self.settings.proxies else "no proxy to send calls to"

    def dial(self, call: TelephoneCall, user: ICallUser) -> ICallEnd:
        """Place *call* for *user*."""
        outgoing = OutgoingCall(self, self._resources, call, user)
        limit = self.settings.max_out
        if limit is not None and len(self.outgoing) >= limit:
            self._clock.callLater(0, outgoing.fail, causes.NO_PORT, f"trunk {self.name}: {limit} calls go out already")
        else:
            self.outgoing.add(outgoing)
            self._clock.callLater(self._turn(), outgoing.begin)
        return outgoing

    def _turn(self) -> float:
        """Seconds until one more call may begin: so many in a second are as many as the other end takes."""
        now = self._clock.seconds()
        begins = max(now, self._next_begins)
        self._next_begins = begins + 1.0 / self.settings.calls_per_second
        return begins - now

    def left(self, call: SipCall) -> None:
        """A call is over."""
        if isinstance(call, IncomingCall):
            self.incoming.discard(call)
        elif isinstance(call, OutgoingCall):
            self.outgoing.discard(call)

    def hop_failed(self, hop: Hop, pause: float | None) -> None:
        """A call found that *hop* does not answer, or wants to be left alone for *pause* seconds."""
        self.monitor.note_failure(hop, self.endpoint.now(), pause)

    @property
    def _next(self) -> tuple[URI, ...]:
        """Where our requests go first."""
        outbound = self.settings.outbound_proxy
        return (outbound,) if outbound is not None else self.settings.proxies

    async def hops(self) -> list[Hop]:
        """Where calls go out, those that are up first."""
        found = [hop for uri in self._next for hop in await self._locate(uri)]
        return self.monitor.order(found, self.endpoint.now())

    async def redirected(self, target: URI) -> list[Hop]:
        """The hops of a 3xx target that lie within this trunk; a call goes nowhere else."""
        if self.settings.outbound_proxy is not None:
            return await self.hops()
        return [hop for hop in await self._of_our_family(target) if self.knows(hop)]

    async def _locate(self, uri: URI) -> list[Hop]:
        hops = await self._of_our_family(uri)
        if hops:
            self._hops[str(uri)] = hops
            self._known = {hop.host for found in self._hops.values() for hop in found}
        return hops or self._hops.get(str(uri), [])

    async def _of_our_family(self, uri: URI) -> list[Hop]:
        """The hops of *uri* of the IP version that we are bound to."""
        six = ":" in self.settings.bind.host
        found = await self._locating.locate(uri, self.settings.transport)
        return [hop for hop in found if (":" in hop.host) is six]

    # Registration and proxies.

    def start(self) -> None:
        """Resolve names, register, and ask the proxies."""
        self._running = True
        self._look()

    async def stop(self) -> None:
        """Take the registration back."""
        self._running = False
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        if self.registration is not None and self.registration.registered:
            for hop in self._hops.get(str(self._registrar()), [])[:1]:
                self.registration.end(hop, self.endpoint.now())
                self.endpoint.drain()

    def _registrar(self) -> URI:
        settings = self.settings
        assert settings.registration is not None
        record = settings.registration.record
        return settings.outbound_proxy or URI(scheme=record.scheme, host=record.host, port=record.port)

    def _look(self) -> None:
        """Do what is due, and wait for what comes next."""
        looked = Deferred.fromCoroutine(self._see_to_it())
        looked.addErrback(lambda failure: self.log.failure("trunk {name} failed", failure, name=self.name))
        looked.addBoth(self._wait)

    async def _see_to_it(self) -> None:
        registration, now = self.registration, self.endpoint.now()
        if registration is not None and registration.next_at is not None and registration.next_at <= now:
            registration.begin(await self._locate(self._registrar()), self.endpoint.now())
        if not self._hops or (self.monitor.next_at is not None and self.monitor.next_at <= now):
            hops = [hop for uri in self._next for hop in await self._locate(uri)]
            for uri in self.settings.proxies:  # calls may come from there, whatever is in front of it
                await self._locate(uri)
            if self.monitor.next_at is not None and self._running:
                self.monitor.begin(hops, self.endpoint.now())
        self.endpoint.drain()

    def _wait(self, _: object) -> None:
        """Look again when something is due, once a minute at least: names may have moved."""
        if not self._running:
            return
        due = [self.monitor.next_at, self.registration.next_at if self.registration else None]
        soonest = min((at for at in due if at is not None), default=float("inf"))
        wait = min(60.0, max(0.1, soonest - self.endpoint.now()))
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = self._clock.callLater(wait, self._look)

    def _registration_changed(self) -> None:
        assert self.registration is not None
        if self.registration.registered:
            self.log.info("trunk {name} is registered", name=self.name)
        else:
            self.log.warn("trunk {name} is not registered: {why}", name=self.name, why=self.registration.trouble)
        self._wait(None)
        self._changed()

    def _proxy_changed(self, hop: Hop, up: bool) -> None:
        self.log.warn(
            "trunk {name}: proxy {hop} {state}", name=self.name, hop=hop, state="is up" if up else "does not answer"
        )
        self._changed()


def _parameters(values: dict[str, str]) -> str:
    return "".join(f";{name}={value}" for name, value in values.items())
