"""A SIP user agent (RFC 3261 8): sessions, and what lies outside of them, over the transactions of one endpoint.

Who may call is not decided here but by *admit*, which names the trunk that a request belongs to.  Messages go in by
:meth:`UserAgent.receive`, what the owner wants goes in at the session; what is to be sent comes out by
:meth:`take_packets`, what happened by :meth:`events`, and :meth:`next_deadline` names the one timer.

What this module does not do: sockets, names, media.  It registers nobody and forwards nothing.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass

from sipmessage import URI, Request, Response

from . import inviting, modifying
from .deadlines import Deadlines
from .dialog import Dialog
from .digest import DigestClient
from .events import SessionEvent
from .exchange import Exchange
from .hops import Hop, Transport
from .message import cseq_of, response_to
from .refreshing import too_short
from .requests import EXTENSIONS, METHODS, SDP, allows, description_of, introduce, option_tags
from .session import Identity, Session
from .states import Input, State, What
from .transaction_events import RequestArrived
from .transactions import (
    AckMissing,
    Packet,
    PrackMissing,
    ResponseArrived,
    TimedOut,
    Transactions,
    TransportFailed,
)
from .values import MessageError, tag_of

FORKS_END = 32.0
"""64 * T1: seconds for which further 2xx to one INVITE are expected (13.2.2.4)."""
BRIEF = 1024
"""Sessions of one agent that may be waiting for an answer at once; more are refused by 503."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invited:
    """A call comes in: read the session's request, then say what becomes of it."""

    description: bytes
    """Their offer; empty if ours is wanted."""


@dataclass(frozen=True, slots=True)
class Happened:
    """Something happened to a session."""

    session: Session
    event: SessionEvent | Invited


class UserAgent:
    """The sessions of one endpoint.

    *token* gives random words, *draw* random numbers from 0 to 1.  *admit* gives the trunk of a request outside of
    dialogs, empty for a stranger, who gets 403; *identity* and *digest* are what we are and know towards a trunk.
    """

    def __init__(
        self,
        *,
        transactions: Transactions,
        token: Callable[[], str],
        draw: Callable[[], float],
        admit: Callable[[Hop, Request], str],
        identity: Callable[[str, Hop], Identity],
        digest: Callable[[str], DigestClient],
        agent: str,
    ) -> None:
        self.transactions = transactions
        self.token = token
        self.draw = draw
        self._admit = admit
        self._identity = identity
        self._digest = digest
        self._agent = agent
        self._sessions: dict[tuple[str, str], Session] = {}
        self._unanswered: dict[str, Session] = {}  # by the key of the INVITE's server transaction
        self._exchanges: dict[str, Exchange] = {}
        self._deadlines: Deadlines[Session] = Deadlines()
        self._answered: Deadlines[str] = Deadlines()  # keys of our INVITEs that got a 2xx
        self._happened: list[Happened] = []

    @property
    def sessions(self) -> int:
        """How many there are."""
        return len(self._sessions)

    # Input and output.

    def receive(self, octets: bytes, hop: Hop, now: float) -> None:
        """A message has come from *hop*."""
        self.transactions.receive(octets, hop, now)
        self._settle(now)

    def unreachable(self, hop: Hop, now: float) -> None:
        """What was sent to *hop* could not be delivered."""
        self.transactions.unreachable(hop, now)
        self._settle(now)

    def next_deadline(self) -> float | None:
        """When :meth:`handle_timer` is to be called."""
        deadlines = (
            self.transactions.next_deadline(),
            self._deadlines.next_deadline(),
            self._answered.next_deadline(),
        )
        return min((at for at in deadlines if at is not None), default=None)

    def handle_timer(self, now: float) -> None:
        """Time has passed."""
        self.transactions.handle_timer(now)
        self._settle(now)
        while (key := self._answered.expired(now)) is not None:
            self._exchanges.pop(key, None)
        while (session := self._deadlines.expired(now)) is not None:
            session.handle_timer(now)

    def take_packets(self) -> list[Packet]:
        """What is to be sent."""
        return self.transactions.take_packets()

    def events(self) -> list[Happened]:
        """What happened to sessions since this was last asked."""
        happened, self._happened = self._happened, []
        return happened

    # For the owner.

    def call(
        self,
        *,
        trunk: str,
        target: URI,
        to: str,
        caller: str,
        headers: tuple[tuple[str, str], ...],
        description: bytes,
        hops: list[Hop],
        call_id: str,
        now: float,
    ) -> Session:
        """Send an INVITE by the first of *hops* (at least one); the arguments are those of :func:`.inviting.invite`."""
        hop, *others = hops
        session = Session(
            host=self,
            identity=self._identity(trunk, hop),
            digest=self._digest(trunk),
            trunk=trunk,
            call_id=call_id,
            tag=self.token(),
            caller=True,
            hop=hop,
            hops=others,
            state=State.CALLING,
            request=Request("INVITE", target),
        )
        self._sessions[session.call_id, session.tag] = session
        inviting.invite(session, target=target, to=to, caller=caller, headers=headers, description=description, now=now)
        return session

    # For sessions, registrations and monitors.

    def begin(self, exchange: Exchange, now: float) -> None:
        """Send its request in a new transaction."""
        exchange.key = self.transactions.request(exchange.request, exchange.hop, now)
        self._exchanges[exchange.key] = exchange

    def hop_of(self, session: Session, uri: URI) -> Hop:
        """Where *uri* is, if it says so by an address; else where the messages of *session* come from."""
        host = uri.host.strip("[]")
        try:
            ipaddress.ip_address(host)
        except ValueError:
            return session.hop
        word = (uri.parameters.get("transport") or session.hop.transport.value).upper()
        transport = Transport(word) if word in Transport.__members__ else session.hop.transport
        if uri.scheme == "sips":
            transport = Transport.TLS
        port = uri.port or transport.default_port
        if transport.reliable and host == session.hop.host and transport is session.hop.transport:
            return session.hop  # the connection that is there
        return Hop(transport=transport, host=host, port=port, domain=session.hop.domain)

    def emit(self, session: Session, event: SessionEvent) -> None:
        """Tell the owner."""
        self._happened.append(Happened(session, event))

    def rearm(self, session: Session) -> None:
        """Its deadline may have changed."""
        self._deadlines.set(session, session.next_deadline())

    def forget(self, session: Session) -> None:
        """It has ended; what is under way still ends."""
        self._sessions.pop((session.call_id, session.tag), None)
        self._unanswered.pop(session.key, None)

    # What comes.

    def _settle(self, now: float) -> None:
        for event in self.transactions.events():
            match event:
                case RequestArrived(key=key, request=request, hop=hop):
                    self._request(event, key, request, hop, now)
                case ResponseArrived(key=key, response=response):
                    self._response(key, response, now)
                case TimedOut(key=key) | TransportFailed(key=key):
                    exchange = self._exchanges.pop(key, None)
                    if exchange is not None:
                        exchange.owner.failed(exchange, now)
                case AckMissing(key=key) | PrackMissing(key=key):
                    self._unacknowledged(key, now)

    def _response(self, key: str, response: Response, now: float) -> None:
        exchange = self._exchanges.get(key)
        if exchange is None:
            return
        if response.code >= 300 or (response.code >= 200 and exchange.request.method != "INVITE"):
            del self._exchanges[key]
        elif response.code >= 200:
            self._answered.set(key, now + FORKS_END)
        exchange.owner.responded(exchange, response, now)

    def _unacknowledged(self, key: str, now: float) -> None:
        for session in list(self._sessions.values()):
            if key in (session.key, session.modification.unacknowledged):
                session.take(Input.UNACKNOWLEDGED, What(key=key, why="no ACK came"), now)

    def _request(self, event: RequestArrived, key: str, request: Request, hop: Hop, now: float) -> None:
        if request.method == "CANCEL":
            self._cancel(event, now)
        elif tag_of(request.headers["To"]):
            self._in_dialog(key, request, now)
        elif request.method == "ACK":
            return
        else:
            self._outside(key, request, hop, now)

    def _cancel(self, event: RequestArrived, now: float) -> None:
        session = self._unanswered.get(event.cancels)
        self._reply(event.key, event.request, 200 if event.cancels else 481, now)
        if session is not None:
            session.take(Input.CANCEL, What(request=event.request), now)

    # Within dialogs.

    def _in_dialog(self, key: str, request: Request, now: float) -> None:
        session = self._sessions.get((request.call_id, tag_of(request.headers["To"])))
        if session is None or not self._same_far_end(session, request):
            if request.method != "ACK":
                self._reply(key, request, 481, now)
            return
        dialog = session.dialog or self._early_of(session, request)
        if request.method == "ACK":
            session.take(Input.ACK, What(request=request, key=session.key), now)
        elif dialog is not None and not dialog.takes(request):
            self._reply(key, request, 500, now, ("Retry-After", "1"))
        else:
            self._within(session, key, request, now)
        self.rearm(session)

    @staticmethod
    def _same_far_end(session: Session, request: Request) -> bool:
        tag = tag_of(request.headers["From"])
        if session.dialog is not None:
            return session.dialog.remote_tag == tag
        return tag in session.early

    @staticmethod
    def _early_of(session: Session, request: Request) -> Dialog | None:
        early = session.early.get(tag_of(request.headers["From"]))
        return early.dialog if early else None

    def _within(self, session: Session, key: str, request: Request, now: float) -> None:
        match request.method:
            case "BYE":
                self._reply(key, request, 200, now)
                session.take(Input.BYE, What(request=request), now)
            case "INVITE" | "UPDATE":
                if too_short(session, request):
                    self._reply(key, request, 422, now, ("Min-SE", str(session.identity.min_se)))
                else:
                    modifying.offered(session, request, key, now)
            case "PRACK":
                self._prack(session, key, request, now)
            case "INFO" | "OPTIONS":
                self._reply(key, request, 200, now)
            case _:
                self._reply(key, request, 405, now)

    def _prack(self, session: Session, key: str, request: Request, now: float) -> None:
        rack = (request.headers.get("RAck") or "").split()
        if not session.rseq or rack[:1] != [str(session.rseq)]:
            self._reply(key, request, 481, now)
            return
        self.transactions.provisional_acknowledged(session.key, now)
        self._reply(key, request, 200, now)

    # Outside of dialogs.

    def _outside(self, key: str, request: Request, hop: Hop, now: float) -> None:
        trunk = self._admit(hop, request)
        if not trunk:
            self._reply(key, request, 403, now)
        elif request.method == "INVITE":
            self._invite(trunk, key, request, hop, now)
        elif request.method == "OPTIONS":
            self._reply(key, request, 200, now, ("Accept", SDP))
        elif request.method in METHODS:
            self._reply(key, request, 481, now)
        else:
            self._reply(key, request, 405, now)

    def _invite(self, trunk: str, key: str, request: Request, hop: Hop, now: float) -> None:
        unknown = sorted(option_tags(request, "Require") - set(EXTENSIONS))
        description = description_of(request)
        identity = self._identity(trunk, hop)
        session = Session(
            host=self,
            identity=identity,
            digest=self._digest(trunk),
            trunk=trunk,
            call_id=request.call_id,
            tag=self.token(),
            caller=False,
            hop=hop,
            state=State.OFFERED,
            request=request,
            key=key,
        )
        if unknown:
            self._reply(key, request, 420, now, ("Unsupported", ", ".join(unknown)))
        elif description is None:
            self._reply(key, request, 415, now, ("Accept", SDP))
        elif too_short(session, request):
            self._reply(key, request, 422, now, ("Min-SE", str(identity.min_se)))
        elif self._merged(request):
            self._reply(key, request, 482, now)
        elif len(self._unanswered) >= BRIEF:
            self._reply(key, request, 503, now, ("Retry-After", "30"))
        else:
            self._take_invite(session, description, now)

    def _take_invite(self, session: Session, description: bytes, now: float) -> None:
        try:
            session.dialog = Dialog.of_called(session.request, session.tag)
        except MessageError as error:
            self._reply(session.key, session.request, 400, now, ("Reason", f'SIP;cause=400;text="{error}"'))
            return
        session.modification.far_updates = allows(session.request, "UPDATE")
        self._sessions[session.call_id, session.tag] = session
        self._unanswered[session.key] = session
        self._happened.append(Happened(session, Invited(description=description)))

    def _merged(self, request: Request) -> bool:
        """Whether the same INVITE has come another way (8.2.2.2)."""
        sender, number = tag_of(request.headers["From"]), cseq_of(request)[0]
        return any(
            session.call_id == request.call_id
            and tag_of(session.request.headers["From"]) == sender
            and cseq_of(session.request)[0] == number
            for session in self._unanswered.values()
        )

    def _reply(self, key: str, request: Request, status: int, now: float, *headers: tuple[str, str]) -> None:
        tag = "" if tag_of(request.headers["To"]) else self.token()
        response = response_to(request, status, to_tag=tag)
        introduce(response, agent=self._agent)
        for name, value in headers:
            response.headers.add(name, value)
        self.transactions.respond(key, response, now)
