"""A session as RFC 3261 13 to 15 have it: from an INVITE to its end, at either end of it.

Its whole life is the table in :mod:`.session_chart`.  Whose session it is reads its events and says ``ring``,
``answer``, ``refuse``, ``redirect``, ``give_up``, ``modify``, ``accept_offer``, ``refuse_offer`` and ``hang_up``; after
the last, and after Ended or Refused, it hears of nothing but HopFailed and Broken.

What this module does not do: media, and choosing hops.  It is asked for no early media and offers none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from sipmessage import URI, Request, Response

from . import forks, inviting, modifying
from .dialog import Dialog
from .digest import Credentials, DigestClient
from .events import Broken, Ended, SessionEvent
from .exchange import Exchange, Purpose
from .hops import Hop, hop_of
from .message import cseq_of
from .modification import Modification
from .reasons import reason_header
from .refreshing import Refreshing
from .requests import AUTHORIZATIONS
from .session_chart import CHART
from .states import Input, State, What
from .transactions import Transactions


class SessionHost(Protocol):
    """What a session needs of its user agent."""

    transactions: Transactions

    def token(self) -> str:
        """A random word for tags and Call-IDs."""

    def draw(self) -> float:
        """A random number from 0 to 1."""

    def connected(self, hop: Hop, /) -> bool:
        """Whether there is a connection to *hop*."""

    def begin(self, exchange: Exchange, now: float) -> None:
        """Send its request in a new transaction."""

    def emit(self, session: Session, event: SessionEvent) -> None:
        """Tell the owner."""

    def rearm(self, session: Session) -> None:
        """Its deadline may have changed."""

    def decided(self, session: Session) -> None:
        """Their INVITE is answered or refused."""

    def forget(self, session: Session) -> None:
        """It has ended."""

    def guard(self, session: Session, act: Callable[[], object], now: float) -> bool:
        """Do *act*; what it raises ends *session*, and False says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who we are towards a trunk."""

    contact: str
    """Our Contact, as ``<sip:...>``."""
    agent: str
    """User-Agent and Server."""
    credentials: Credentials | None = None
    session_expires: int = 1800
    """Seconds; 0 asks for no session timer."""
    min_se: int = 90


@dataclass(slots=True, kw_only=True, eq=False)
class Session:
    """One session.  Times are seconds of whoever gives ``now``."""

    host: SessionHost
    identity: Identity
    digest: DigestClient
    trunk: str
    call_id: str
    tag: str
    """Ours."""
    caller: bool
    """Whether we sent the INVITE."""
    hop: Hop
    """Where their messages come from, and ours go to first."""
    state: State
    request: Request
    """The INVITE."""
    key: str = ""
    """Of its server transaction, where we are called."""
    exchange: Exchange | None = None
    """Ours, where we call."""
    hops: list[Hop] = field(default_factory=list)
    """Where to go on if this hop fails (RFC 3263 4.3)."""
    redirects: int = 0
    """How often we were sent elsewhere."""
    dialog: Dialog | None = None
    early: dict[str, forks.Early] = field(default_factory=dict)
    """Early dialogs of our INVITE by the tag of the other end."""
    acks: dict[tuple[str, int], tuple[Request, Hop]] = field(default_factory=dict)
    """Our latest ACKs by that tag and the CSeq number, and where they went: sent again when the 2xx comes again."""
    rseq: int = 0
    """RSeq of our own reliable provisional response; 0 for none."""
    goodbye: tuple[tuple[str, str], ...] = ()
    """Header fields for the BYE to come."""
    patience: float | None = None
    """Deadline of a cancelled call (9.1)."""
    modification: Modification = field(default_factory=Modification)
    refreshing: Refreshing = field(default_factory=Refreshing)
    description: Callable[[], bytes] = bytes
    """Gives our session description as it stands, for refreshes."""

    # For the owner.

    def ring(self, now: float) -> None:
        """Let the caller hear ringing (180)."""
        self._do(Input.RING, What(), now)

    def answer(self, description: bytes, now: float) -> None:
        """Take the call; *description* answers their offer, or is the offer if they made none."""
        self._do(Input.ANSWER, What(description=description), now)

    def refuse(self, status: int, now: float, headers: tuple[tuple[str, str], ...] = ()) -> None:
        """Refuse the call by *status*, 300 to 699."""
        self._do(Input.REFUSE, What(status=status, headers=headers), now)

    def hang_up(
        self, now: float, *, q850: int = 16, status: int = 603, headers: tuple[tuple[str, str], ...] = ()
    ) -> None:
        """End it, whatever its state: BYE, CANCEL, or a refusal by *status* with *headers*; all tell *q850*."""
        reason = ("Reason", reason_header(q850))
        self._do(Input.HANG_UP, What(status=status, headers=(reason, *headers)), now)

    def redirect(self, target: URI, hops: list[Hop], now: float) -> None:
        """Go where a 3xx sent us, by the first of *hops* (at least one); after ``hang_up`` nothing is sent."""
        self._do(Input.REDIRECT, What(target=target, hops=tuple(hops)), now)

    def give_up(self, response: Response, now: float) -> None:
        """Do not go there: Refused follows."""
        self._do(Input.GIVE_UP, What(response=response), now)

    def modify(self, description: bytes, now: float) -> None:
        """Propose *description* by re-INVITE.

        ModificationAccepted or ModificationRefused follows, or MayModify, with which *description* is void; so it is
        with an OfferReceived before either.
        """
        self.host.guard(self, lambda: modifying.propose(self, description, now), now)

    def forget_modification(self) -> None:
        """What would have its turn after MayModify is not wanted any more."""
        modifying.forget(self)

    def accept_offer(self, description: bytes, now: float) -> None:
        """Answer OfferReceived; no MayModify follows."""
        self.host.guard(self, lambda: modifying.accept(self, description, now), now)

    def refuse_offer(self, status: int, now: float) -> None:
        """Refuse OfferReceived; the session goes on as it was."""
        self.host.guard(self, lambda: modifying.refuse(self, status, now), now)

    def _do(self, happened: Input, what: What, now: float) -> None:
        self.host.guard(self, lambda: self.take(happened, what, now), now)

    # For the user agent.

    @property
    def awaited_ack(self) -> int:
        """The CSeq number of the ACK that is awaited; an ACK with another is a late copy."""
        if self.state in (State.ACCEPTED, State.LEAVING):
            return cseq_of(self.request)[0]
        return self.modification.number

    def take(self, happened: Input, what: What, now: float) -> None:
        """Do what the table says."""
        row = CHART.get((self.state, happened))
        if row is None:
            return
        action, state = row
        offered = self.state is State.OFFERED
        decided = action(self, what, now)
        self.state = decided or state or self.state
        if offered and self.state is not State.OFFERED:
            self.host.decided(self)
        if self.state is State.ENDED:
            modifying.end(self, now)
            self.host.forget(self)
        self.host.rearm(self)

    def break_off(self, error: Exception, now: float) -> None:
        """A step of it raised *error*: end it, as well as can be.  Never raises."""
        self.host.emit(self, Broken(error=error))
        if self.state in (State.CANCELLING, State.LEAVING):
            self._drop(now)  # the owner has hung up before
        if self.state is State.ENDED:
            return
        self.host.emit(self, Ended(message=None, why="an error of our own"))
        try:
            self.take(Input.HANG_UP, What(status=500, headers=(("Reason", reason_header(41)),)), now)
        except Exception as another:
            self.host.emit(self, Broken(error=another))
            self._drop(now)

    def _drop(self, now: float) -> None:
        """End without BYE; what they wait for is answered all the same."""
        self.state = State.ENDED
        self.host.guard(self, lambda: modifying.end(self, now), now)
        self.host.forget(self)

    def next_deadline(self) -> float | None:
        """The first of what it waits for."""
        if self.state is not State.ESTABLISHED:
            return self.patience if self.state is State.CANCELLING else None
        deadlines = (self.modification.wait_until, self.refreshing.deadline)
        return min((at for at in deadlines if at is not None), default=None)

    def handle_timer(self, now: float) -> None:
        """A deadline has come."""
        if self.state is State.ESTABLISHED:
            modifying.time_passed(self, now)
        else:
            self.take(Input.PATIENCE, What(), now)
        self.host.rearm(self)

    def responded(self, exchange: Exchange, response: Response, now: float) -> None:
        """A response to one of our requests."""
        if exchange.purpose is Purpose.INVITE:
            inviting.judge_hop(self, exchange, response)
        if exchange is self.exchange:
            self.take(inviting.input_of(response), What(response=response, exchange=exchange), now)
        elif exchange.purpose is Purpose.INVITE:
            forks.left_behind(self, exchange, response, now)
        else:
            modifying.responded(self, exchange, response, now)
        self.host.rearm(self)

    def failed(self, exchange: Exchange, now: float) -> None:
        """No final response came to one of our requests."""
        if exchange is self.exchange:
            inviting.judge_hop(self, exchange, None)
            self.take(Input.LOST, What(exchange=exchange), now)
        elif exchange.purpose in (Purpose.MODIFY, Purpose.REFRESH):
            modifying.unanswered(self, exchange, now)
        self.host.rearm(self)

    def send_in_dialog(
        self, request: Request, purpose: Purpose, now: float, dialog: Dialog | None = None, hop: Hop | None = None
    ) -> Exchange:
        """Send *request*, new and made by *dialog* (or ours), in a transaction of its own, by *hop* or as it says."""
        dialog = dialog or self.dialog
        assert dialog is not None
        self.digest.authorise_known(request, self.identity.credentials, self.host.token)
        return self.send_authorised(
            request, purpose, now, dialog, hop or hop_of(dialog.next_uri(), self.hop, self.host.connected)
        )

    def send_authorised(self, request: Request, purpose: Purpose, now: float, dialog: Dialog, hop: Hop) -> Exchange:
        """Send *request* with the credentials that it has."""
        exchange = Exchange(owner=self, purpose=purpose, request=request, hop=hop, dialog=dialog)
        self.host.begin(exchange, now)
        return exchange

    def acknowledge(self, dialog: Dialog, invite: Request, now: float, hop: Hop | None = None) -> None:
        """Send the ACK to a 2xx to *invite* (13.2.2.4); the same one whenever that 2xx comes again."""
        key = dialog.remote_tag, cseq_of(invite)[0]
        if key not in self.acks:
            ack = dialog.request("ACK", number=key[1])
            for name in AUTHORIZATIONS:  # of the INVITE, unchanged (22.1)
                if values := invite.headers.getlist(name):
                    ack.headers.setlist(name.title(), list(values))
            self.acks[key] = ack, hop or hop_of(dialog.next_uri(), self.hop, self.host.connected)
            if len(self.acks) > forks.MOST_FORKS:
                del self.acks[next(iter(self.acks))]
        self.host.transactions.send(*self.acks[key], now)
