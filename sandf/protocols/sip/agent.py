"""A SIP user agent (RFC 3261 8): sessions, and what lies outside of them, over the transactions of one endpoint.

Who may call is not decided here but by *admit*, which names the trunk that a request belongs to.  Messages go in by
:meth:`UserAgent.receive`, what the owner wants goes in at the session; what is to be sent comes out by
:meth:`take_packets`, what happened by :meth:`events`, and :meth:`next_deadline` names the one timer.

What one session, registration or monitor raises ends that session, and nothing else; it is an event
(:class:`.events.Broken`), or one of :meth:`UserAgent.take_faults` where there is no session.

What this module does not do: sockets, names, media.  It registers nobody and forwards nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from sipmessage import URI, Request

from . import inviting, modifying
from .deadlines import Deadlines
from .dialog import Dialog
from .digest import DigestClient
from .events import Broken, SessionEvent
from .exchange import Exchange
from .exchanges import Exchanges
from .hops import Hop
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
    Unresponsive,
)
from .values import MessageError, tag_of

BRIEF = 1024
"""Sessions of one agent that may be waiting for an answer at once; more are refused by 503."""
MOST_FAULTS = 100
"""Errors that are kept until they are taken."""
STRANGER = 403


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
    dialogs, empty for a stranger, who gets 403 and is forgotten at once; it is asked more than once for a request.
    *identity* and *digest* are what we are and know towards a trunk.
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
        connected: Callable[[Hop], bool],
        agent: str,
    ) -> None:
        self.transactions = transactions
        transactions.refusal = self._refusal
        self.token = token
        self.draw = draw
        self._admit = admit
        self._identity = identity
        self._digest = digest
        self.connected = connected
        self._agent = agent
        self._sessions: dict[tuple[str, str], Session] = {}
        self._unanswered: dict[str, Session] = {}  # by the key of the INVITE's server transaction
        self._invites: dict[tuple[str, str, int], Session] = {}  # by what copies of one INVITE share (8.2.2.2)
        self._deadlines: Deadlines[tuple[str, str]] = Deadlines()
        self._exchanges = Exchanges(transactions, self._guard_owner)
        self._happened: list[Happened] = []
        self._faults: deque[Broken] = deque(maxlen=MOST_FAULTS)

    @property
    def sessions(self) -> int:
        """How many there are."""
        return len(self._sessions)

    # Input and output.

    def receive(self, octets: bytes, hop: Hop, now: float) -> None:
        """A message has come from *hop*.  Never raises."""
        self.guard(None, lambda: self.transactions.receive(octets, hop, now), now)
        self._settle(now)

    def unreachable(self, hop: Hop, now: float) -> None:
        """What was sent to *hop* could not be delivered.  Never raises."""
        self.guard(None, lambda: self.transactions.unreachable(hop, now), now)
        self._settle(now)

    def next_deadline(self) -> float | None:
        """When :meth:`handle_timer` is to be called."""
        deadlines = (
            self.transactions.next_deadline(),
            self._deadlines.next_deadline(),
            self._exchanges.next_deadline(),
        )
        return min((at for at in deadlines if at is not None), default=None)

    def handle_timer(self, now: float) -> None:
        """Time has passed.  Never raises."""
        self.guard(None, lambda: self.transactions.handle_timer(now), now)
        self._settle(now)
        self._exchanges.handle_timer(now)
        while (name := self._deadlines.expired(now)) is not None:
            if session := self._sessions.get(name):
                self.guard(session, partial(session.handle_timer, now), now)

    def take_packets(self) -> list[Packet]:
        """What is to be sent."""
        return self.transactions.take_packets()

    def events(self) -> list[Happened]:
        """What happened to sessions since this was last asked."""
        happened, self._happened = self._happened, []
        return happened

    def take_faults(self) -> list[Broken]:
        """What was raised outside of sessions since this was last asked; it is to be logged."""
        faults = list(self._faults)
        self._faults.clear()
        return faults

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
        """Send an INVITE by the first of *hops* (at least one); the arguments are those of :func:`.inviting.invite`.

        A hop that gives no response at all is left for the next after some seconds, the last one after 32.
        """
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
        inviting.invite(session, target=target, to=to, caller=caller, headers=headers, description=description, now=now)
        self._sessions[session.call_id, session.tag] = session
        return session

    # For sessions, registrations and monitors.

    def begin(self, exchange: Exchange, now: float) -> None:
        """Send its request in a new transaction."""
        self._exchanges.begin(exchange, now)

    def emit(self, session: Session, event: SessionEvent) -> None:
        """Tell the owner."""
        self._happened.append(Happened(session, event))

    def rearm(self, session: Session) -> None:
        """Its deadline may have changed."""
        self._deadlines.set((session.call_id, session.tag), session.next_deadline())

    def decided(self, session: Session) -> None:
        """Their INVITE is answered or refused."""
        self._unanswered.pop(session.key, None)

    def forget(self, session: Session) -> None:
        """It has ended; what is under way still ends."""
        self.decided(session)
        self._sessions.pop((session.call_id, session.tag), None)
        self._deadlines.set((session.call_id, session.tag), None)
        if not session.caller:
            self._invites.pop(_name_of(session.request), None)

    def guard(self, session: Session | None, act: Callable[[], object], now: float) -> bool:
        """Do *act*; what it raises ends *session* and nothing else (law 8), and False says so."""
        try:
            act()
        except Exception as error:
            if session is None:
                self._faults.append(Broken(error=error))
            else:
                session.break_off(error, now)
            return False
        return True

    def _guard_owner(self, exchange: Exchange, act: Callable[[], object], now: float) -> None:
        self.guard(exchange.owner if isinstance(exchange.owner, Session) else None, act, now)

    # What comes.

    def _settle(self, now: float) -> None:
        for event in self.transactions.events():
            match event:
                case RequestArrived():
                    self._arrived(event, now)
                case ResponseArrived(key=key, response=response):
                    self._exchanges.responded(key, response, now)
                case Unresponsive(key=key):
                    self._exchanges.unresponsive(key, now)
                case TimedOut(key=key) | TransportFailed(key=key):
                    self._exchanges.failed(key, now)
                case AckMissing(key=key) | PrackMissing(key=key):
                    self._unacknowledged(key, now)

    def _unacknowledged(self, key: str, now: float) -> None:
        what = What(key=key, why="no ACK came")
        for session in list(self._sessions.values()):
            if key in (session.key, session.modification.unacknowledged):
                self.guard(session, partial(session.take, Input.UNACKNOWLEDGED, what, now), now)

    def _refusal(self, request: Request, hop: Hop) -> int:
        """The status for what a stranger sends outside of his dialogs with us, where there are any."""
        return 0 if self._addressed(request) or self._admit(hop, request) else STRANGER

    def _arrived(self, event: RequestArrived, now: float) -> None:
        """Should we fail, the request must still have its response: no transaction may wait for ever."""
        request = event.request
        cancel = request.method == "CANCEL"
        session = self._unanswered.get(event.cancels) if cancel else self._addressed(request)
        if not self.guard(session, lambda: self._request(event, session, now), now) and event.key:
            self._reply(event.key, request, 500, now)

    def _request(self, event: RequestArrived, session: Session | None, now: float) -> None:
        request = event.request
        if request.method == "CANCEL":
            self._reply(event.key, request, 200 if event.cancels else 481, now)
            if session is not None:
                session.take(Input.CANCEL, What(request=request), now)
        elif session is not None:
            self._in_dialog(session, event.key, request, now)
        elif request.method != "ACK":
            self._outside(event.key, request, event.hop, now)

    # Within dialogs.

    def _addressed(self, request: Request) -> Session | None:
        """The session that *request* is in."""
        session = self._sessions.get((request.call_id, tag_of(request.headers["To"])))
        tag = tag_of(request.headers["From"])
        if session is None or (session.dialog.remote_tag != tag if session.dialog else tag not in session.early):
            return None
        return session

    def _in_dialog(self, session: Session, key: str, request: Request, now: float) -> None:
        dialog = session.dialog or session.early[tag_of(request.headers["From"])].dialog
        if request.method == "ACK":
            if cseq_of(request)[0] == session.awaited_ack:
                session.take(Input.ACK, What(request=request, key=session.key), now)
        elif not dialog.takes(request):
            self._reply(key, request, 500, now, ("Retry-After", "1"))
        else:
            self._within(session, key, request, now)
        self.rearm(session)

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
            self._reply(key, request, STRANGER, now)
        elif tag_of(request.headers["To"]):
            self._reply(key, request, 481, now)
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
        elif _name_of(request) in self._invites:  # it has come another way (8.2.2.2)
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
        self._unanswered[session.key] = self._invites[_name_of(session.request)] = session
        self._happened.append(Happened(session, Invited(description=description)))

    def _reply(self, key: str, request: Request, status: int, now: float, *headers: tuple[str, str]) -> None:
        tag = "" if tag_of(request.headers["To"]) else self.token()
        response = response_to(request, status, to_tag=tag)
        introduce(response, agent=self._agent)
        for name, value in headers:
            response.headers.add(name, value)
        self.transactions.respond(key, response, now)


def _name_of(invite: Request) -> tuple[str, str, int]:
    """What all copies of one INVITE have in common, whatever way they come (8.2.2.2)."""
    return invite.call_id, tag_of(invite.headers["From"]), cseq_of(invite)[0]
