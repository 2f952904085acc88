"""A SIP endpoint: one address that is listened on, its user agent, and the trunks that share it.

It carries messages between sockets and the pure agent, keeps the agent's one timer, and gives each event to the call
that it belongs to.  Requests of unknown sources go to no trunk: they get 403, or nothing at all.

What this module does not do: calls (:mod:`.call`), registrations and proxies (:mod:`.trunk`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Protocol

from sipmessage import Request
from twisted.internet.interfaces import IDelayedCall, IOpenSSLContextFactory
from twisted.internet.posixbase import PosixReactorBase
from twisted.python.failure import Failure

from sandf.logs import Logger
from sandf.protocols.sip import events
from sandf.protocols.sip.agent import Happened, Invited, UserAgent
from sandf.protocols.sip.digest import DigestClient
from sandf.protocols.sip.hops import Hop, Transport
from sandf.protocols.sip.session import Identity, Session
from sandf.protocols.sip.timers import Timers
from sandf.protocols.sip.transactions import Transactions

from .connections import ClientTls, Connections, address_towards
from .settings import BindAddress

AFTERWARDS = 2.0
"""Seconds after the end of a call for which its messages are still recorded."""
_CALL_ID = re.compile(rb"^(?:call-id|i)[ \t]*:[ \t]*(\S+)", re.IGNORECASE | re.MULTILINE)


class SignalRecorder(Protocol):
    """Who keeps the messages of a call."""

    def signalled(self, octets: bytes, hop: Hop, local: tuple[str, int], *, outward: bool) -> None:
        """A message has passed."""


class CallOfSession(SignalRecorder, Protocol):
    """What an endpoint needs of a call."""

    def happened(self, event: object) -> None:
        """Its session says something."""

    def broke(self) -> None:
        """It raised when it was told: end it."""


class TrunkOfEndpoint(Protocol):
    """What an endpoint needs of a trunk."""

    name: str
    ignores_strangers: bool
    advertise: str
    """The address that others reach us by; empty for our own."""
    digest: DigestClient

    def knows(self, hop: Hop) -> bool:
        """Whether messages from there are of this trunk."""

    def named(self, request: Request) -> bool:
        """Whether *request* is addressed to our Contact at this trunk."""

    def identity(self, hop: Hop) -> Identity:
        """Who we are towards it."""

    def invited(self, session: Session, description: bytes) -> None:
        """A call comes in: take it, or refuse it."""

    def hop_failed(self, hop: Hop, pause: float | None) -> None:
        """A call found that *hop* does not answer, or wants to be left alone for *pause* seconds."""


class SipEndpoint:
    """One endpoint; *token* gives random words and *draw* random numbers."""

    log = Logger()

    def __init__(
        self,
        reactor: PosixReactorBase,
        bind: BindAddress,
        *,
        token: Callable[[], str],
        draw: Callable[[], float],
        agent: str,
        tls: IOpenSSLContextFactory | None,
        client_tls: ClientTls,
        timers: Timers | None = None,
    ) -> None:
        self.bind = bind
        self.trunks: dict[str, TrunkOfEndpoint] = {}
        self._calls: dict[Session, CallOfSession] = {}
        self._by_call_id: dict[str, list[CallOfSession]] = {}
        self._reactor = reactor
        self._leaving: dict[Session, IDelayedCall] = {}
        self._addresses: dict[str, str] = {}
        self._timer: IDelayedCall | None = None
        self._draining = False
        self._open = False
        self._incoming: tuple[bytes, Hop] | None = None
        self.connections = Connections(
            reactor,
            bind,
            received=self._received,
            unreachable=self._unreachable,
            known=self._knows,
            tls=tls,
            client_tls=client_tls,
        )
        self.agent = UserAgent(
            transactions=Transactions(timers=timers or Timers(), token=token, sent_by=self.sent_by),
            token=token,
            draw=draw,
            admit=self._admit,
            identity=lambda trunk, hop: self.trunks[trunk].identity(hop),
            digest=lambda trunk: self.trunks[trunk].digest,
            connected=self.connections.connected,
            agent=agent,
        )

    def listen(self) -> None:
        """Open the sockets; raises CannotListenError."""
        self.connections.listen()
        self._open = True

    async def close(self) -> None:
        """Close all sockets; what has not been answered is not waited for."""
        self._open = False
        for timer in (self._timer, *self._leaving.values()):
            if timer is not None and timer.active():
                timer.cancel()
        await self.connections.close()

    def now(self) -> float:
        """The time of the agent."""
        return self._reactor.seconds()

    # Our address.

    def local(self, hop: Hop) -> tuple[str, int]:
        """Our own address and port on the way to *hop*."""
        port = self.connections.tls_port if hop.transport is Transport.TLS else 0
        return self.address_towards(hop.host), port or self.connections.port

    def address_towards(self, host: str) -> str:
        """Our own address towards *host*."""
        bound = self.bind.host
        if bound not in ("", "0.0.0.0", "::"):
            return bound
        if host not in self._addresses:
            if len(self._addresses) > 1000:
                self._addresses.clear()
            self._addresses[host] = address_towards(host)
        return self._addresses[host]

    def sent_by(self, hop: Hop) -> str:
        """Host and port for Via and Contact towards *hop*: what the trunk advertises, or our own."""
        host, port = self.local(hop)
        for trunk in self.trunks.values():
            if trunk.knows(hop):
                host = trunk.advertise or host
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    # Calls.

    def joined(self, session: Session, call: CallOfSession) -> None:
        """*call* hears of *session* from now on, until :meth:`left`."""
        self._calls[session] = call
        self._by_call_id.setdefault(session.call_id, []).append(call)

    def left(self, session: Session, call: CallOfSession) -> None:
        """*call* is over; its last messages, as the answer to BYE, are still recorded."""
        if self._calls.pop(session, None) is not None:
            self._leaving[session] = self._reactor.callLater(AFTERWARDS, self._forget, session, call)

    def _forget(self, session: Session, call: CallOfSession) -> None:
        self._leaving.pop(session, None)
        calls = self._by_call_id.get(session.call_id, [])
        if call in calls:
            calls.remove(call)
        if not calls:
            self._by_call_id.pop(session.call_id, None)

    # Messages.

    def drain(self) -> None:
        """See to what follows from what was told to the agent or a session of it."""
        if self._draining or not self._open:
            return
        self._draining = True
        try:
            self._empty()
        finally:
            self._draining = False
        self._arm()

    def _empty(self) -> None:
        while True:
            happened, packets = self.agent.events(), self.agent.take_packets()
            if not happened and not packets:
                break
            for one in happened:
                self._happened(one)
            self._record_incoming()  # a call that it began is there now
            for packet in packets:
                self._record(packet.octets, packet.hop, outward=True)
                self.connections.send(packet.octets, packet.hop)
        for fault in self.agent.take_faults():
            self.log.failure("sip: a message or timer failed", Failure(fault.error))

    def _happened(self, one: Happened) -> None:
        session, event = one.session, one.event
        try:
            if isinstance(event, Invited):
                self.trunks[session.trunk].invited(session, event.description)
            elif isinstance(event, events.HopFailed):
                self.trunks[session.trunk].hop_failed(event.hop, event.retry_after)
            elif isinstance(event, events.Broken):
                self.log.failure("sip: {call_id} failed", Failure(event.error), call_id=session.call_id)
                if session in self._calls:
                    self._calls[session].broke()
            elif session in self._calls:
                self._calls[session].happened(event)
        except Exception:
            self.log.failure("sip: {event} of {call_id} failed", event=type(event).__name__, call_id=session.call_id)
            self._end(session)

    def _end(self, session: Session) -> None:
        """A call that raised; should it do so once more, its session is ended all the same."""
        try:
            if session in self._calls:
                self._calls[session].broke()
        except Exception:
            self.log.failure("sip: {call_id} could not be ended", call_id=session.call_id)
        session.hang_up(self.now(), q850=41, status=500)

    def _received(self, octets: bytes, hop: Hop) -> None:
        if not self._open or self._from_ignored_stranger(octets, hop):
            return
        if not self._record(octets, hop, outward=False):
            self._incoming = octets, hop
        self.agent.receive(octets, hop, self.now())
        self.drain()
        self._record_incoming()

    def _from_ignored_stranger(self, octets: bytes, hop: Hop) -> bool:
        if octets.startswith(b"SIP/2.0 ") or not all(trunk.ignores_strangers for trunk in self.trunks.values()):
            return False
        return not self._knows(hop)

    def _knows(self, hop: Hop) -> bool:
        return any(trunk.knows(hop) for trunk in self.trunks.values())

    def _unreachable(self, hop: Hop) -> None:
        if self._open:
            self.agent.unreachable(hop, self.now())
            self.drain()

    def _record_incoming(self) -> None:
        incoming, self._incoming = self._incoming, None
        if incoming is not None:
            self._record(*incoming, outward=False)

    def _record(self, octets: bytes, hop: Hop, *, outward: bool) -> bool:
        """Give a message to the calls that it is of; False if there is none."""
        found = _CALL_ID.search(octets)
        calls = self._by_call_id.get(found[1].decode("utf-8", "replace"), ()) if found else ()
        for call in calls:
            call.signalled(octets, hop, self.local(hop), outward=outward)
        return bool(calls)

    def _admit(self, hop: Hop, request: Request) -> str:
        candidates = [trunk for trunk in self.trunks.values() if trunk.knows(hop)]
        named = [trunk for trunk in candidates if trunk.named(request)]
        chosen = (named or candidates)[:1]
        if not chosen:
            self.log.debug("sip: {method} from {hop}, which is no trunk's", method=request.method, hop=hop)
        return chosen[0].name if chosen else ""

    # Time.

    def _arm(self) -> None:
        deadline = self.agent.next_deadline()
        timer = self._timer
        if deadline is None:
            return
        if timer is None or not timer.active():
            self._timer = self._reactor.callLater(max(0.0, deadline - self.now()), self._time_passed)
        elif deadline < timer.getTime():
            timer.reset(max(0.0, deadline - self.now()))

    def _time_passed(self) -> None:
        self.agent.handle_timer(self.now())
        self.drain()
