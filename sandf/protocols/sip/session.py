"""A session as RFC 3261 13 to 15 have it: from an INVITE to its end, at either end of it.

The table below is the whole life; the actions stand by phase in :mod:`.inviting` (we call), :mod:`.invited` (we are
called), :mod:`.modifying` (re-INVITE, UPDATE, refreshes) and :mod:`.ending`.  Whose session it is reads its events
and says ``ring``, ``answer``, ``refuse``, ``modify``, ``accept_offer``, ``refuse_offer`` and ``hang_up``; after the
last, and after Ended or Refused, it hears nothing any more.

What this module does not do: media, and choosing hops.  It is asked for no early media and offers none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from sipmessage import URI, Request, Response

from . import ending, invited, inviting, modifying
from .dialog import Dialog
from .digest import Credentials, DigestClient
from .events import SessionEvent
from .exchange import Exchange, Purpose
from .hops import Hop
from .modification import Modification
from .reasons import reason_header
from .refreshing import Refreshing
from .requests import AUTHORIZATIONS
from .states import Input, State, What
from .transactions import Transactions

Action = Callable[["Session", What, float], "State | None"]
"""Done on an input; returns the next state where the row leaves it open."""

CHART: dict[tuple[State, Input], tuple[Action, State | None]] = {
    (State.CALLING, Input.PROVISIONAL): (inviting.provisional, State.PROCEEDING),
    (State.CALLING, Input.SUCCESS): (inviting.answered, State.ESTABLISHED),
    (State.CALLING, Input.FAILURE): (inviting.refused, None),
    (State.CALLING, Input.LOST): (inviting.lost, None),
    (State.CALLING, Input.HANG_UP): (inviting.cancel, State.CANCELLING),
    (State.PROCEEDING, Input.PROVISIONAL): (inviting.provisional, State.PROCEEDING),
    (State.PROCEEDING, Input.SUCCESS): (inviting.answered, State.ESTABLISHED),
    (State.PROCEEDING, Input.FAILURE): (inviting.refused, None),
    (State.PROCEEDING, Input.LOST): (inviting.lost, None),
    (State.PROCEEDING, Input.HANG_UP): (inviting.cancel, State.CANCELLING),
    (State.PROCEEDING, Input.BYE): (ending.far_left, State.ENDED),
    (State.CANCELLING, Input.SUCCESS): (inviting.answered_too_late, State.ENDED),
    (State.CANCELLING, Input.FAILURE): (ending.over, State.ENDED),
    (State.CANCELLING, Input.LOST): (ending.over, State.ENDED),
    (State.CANCELLING, Input.PATIENCE): (ending.over, State.ENDED),
    (State.OFFERED, Input.RING): (invited.ring, State.OFFERED),
    (State.OFFERED, Input.ANSWER): (invited.answer, State.ACCEPTED),
    (State.OFFERED, Input.REFUSE): (invited.refuse, State.ENDED),
    (State.OFFERED, Input.HANG_UP): (invited.refuse, State.ENDED),
    (State.OFFERED, Input.CANCEL): (invited.cancelled, State.ENDED),
    (State.OFFERED, Input.BYE): (invited.cancelled, State.ENDED),
    (State.OFFERED, Input.UNACKNOWLEDGED): (invited.unacknowledged_ringing, State.ENDED),
    (State.ACCEPTED, Input.ACK): (invited.acknowledged, State.ESTABLISHED),
    (State.ACCEPTED, Input.UNACKNOWLEDGED): (ending.broken, State.ENDED),
    (State.ACCEPTED, Input.BYE): (ending.far_left, State.ENDED),
    (State.ACCEPTED, Input.HANG_UP): (ending.leave_later, State.LEAVING),
    (State.LEAVING, Input.ACK): (ending.leave, State.ENDED),
    (State.LEAVING, Input.UNACKNOWLEDGED): (ending.leave, State.ENDED),
    (State.LEAVING, Input.BYE): (ending.over, State.ENDED),
    (State.ESTABLISHED, Input.ACK): (modifying.acknowledged, State.ESTABLISHED),
    (State.ESTABLISHED, Input.SUCCESS): (inviting.answered_again, State.ESTABLISHED),
    (State.ESTABLISHED, Input.HANG_UP): (ending.leave, State.ENDED),
    (State.ESTABLISHED, Input.BYE): (ending.far_left, State.ENDED),
    (State.ESTABLISHED, Input.UNACKNOWLEDGED): (ending.broken, State.ENDED),
    (State.ESTABLISHED, Input.BROKEN): (ending.broken, State.ENDED),
    (State.ENDED, Input.SUCCESS): (inviting.answered_again, State.ENDED),
}
"""What stands in no row is ignored: it crossed something on the way."""


class SessionHost(Protocol):
    """What a session needs of its user agent."""

    transactions: Transactions

    def token(self) -> str:
        """A random word for tags and Call-IDs."""

    def draw(self) -> float:
        """A random number from 0 to 1."""

    def begin(self, exchange: Exchange, now: float) -> None:
        """Send its request in a new transaction."""

    def hop_of(self, session: Session, uri: URI) -> Hop:
        """Where a request in the dialog of *session* goes that is to reach *uri* first."""

    def emit(self, session: Session, event: SessionEvent) -> None:
        """Tell the owner."""

    def rearm(self, session: Session) -> None:
        """Its deadline may have changed."""

    def forget(self, session: Session) -> None:
        """It has ended."""


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
    early: dict[str, inviting.Early] = field(default_factory=dict)
    """Early dialogs of our INVITE by the tag of the other end."""
    acks: dict[str, Request] = field(default_factory=dict)
    """Our ACKs by that tag, to be sent again with each 2xx that comes again."""
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
        self.take(Input.RING, What(), now)

    def answer(self, description: bytes, now: float) -> None:
        """Take the call; *description* answers their offer, or is the offer if they made none."""
        self.take(Input.ANSWER, What(description=description), now)

    def refuse(self, status: int, now: float, headers: tuple[tuple[str, str], ...] = ()) -> None:
        """Refuse the call by *status*, 300 to 699."""
        self.take(Input.REFUSE, What(status=status, headers=headers), now)

    def hang_up(
        self, now: float, *, q850: int = 16, status: int = 603, headers: tuple[tuple[str, str], ...] = ()
    ) -> None:
        """End it, whatever its state: BYE, CANCEL, or a refusal by *status* with *headers*; all tell *q850*."""
        reason = ("Reason", reason_header(q850))
        self.take(Input.HANG_UP, What(status=status, headers=(reason, *headers)), now)

    def redirect(self, target: URI, hops: list[Hop], now: float) -> None:
        """Go where a 3xx sent us."""
        inviting.redirect(self, target, hops, now)

    def give_up(self, response: Response, now: float) -> None:
        """Do not go there: Refused follows."""
        inviting.end_refused(self, response)

    def modify(self, description: bytes, now: float) -> None:
        """Propose *description* by re-INVITE; glare is seen to (14.1)."""
        modifying.propose(self, description, now)

    def forget_modification(self) -> None:
        """A proposal that waits for its turn is not wanted any more."""
        modifying.forget(self)

    def accept_offer(self, description: bytes, now: float) -> None:
        """Answer OfferReceived."""
        modifying.accept(self, description, now)

    def refuse_offer(self, status: int, now: float) -> None:
        """Refuse OfferReceived; the session goes on as it was."""
        modifying.refuse(self, status, now)

    # For the user agent.

    def take(self, happened: Input, what: What, now: float) -> None:
        """Do what the table says."""
        row = CHART.get((self.state, happened))
        if row is None:
            return
        action, state = row
        decided = action(self, what, now)
        self.state = decided or state or self.state
        if self.state is State.ENDED:
            self.host.forget(self)
        self.host.rearm(self)

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
            self.take(inviting.input_of(response), What(response=response, exchange=exchange), now)
        else:
            modifying.responded(self, exchange, response, now)
        self.host.rearm(self)

    def failed(self, exchange: Exchange, now: float) -> None:
        """No response came to one of our requests."""
        if exchange.purpose is Purpose.INVITE:
            self.take(Input.LOST, What(exchange=exchange), now)
        elif exchange.purpose in (Purpose.MODIFY, Purpose.REFRESH):
            self.take(Input.BROKEN, What(why=f"no response to {exchange.request.method}"), now)

    def send_in_dialog(self, request: Request, purpose: Purpose, now: float, dialog: Dialog | None = None) -> Exchange:
        """Send *request*, made by the dialog, in a transaction of its own."""
        dialog = dialog or self.dialog
        assert dialog is not None
        self.digest.authorise_known(request, self.identity.credentials, self.host.token)
        hop = self.host.hop_of(self, dialog.next_uri())
        exchange = Exchange(owner=self, purpose=purpose, request=request, hop=hop, dialog=dialog)
        self.host.begin(exchange, now)
        return exchange

    def acknowledge(self, dialog: Dialog, number: int, now: float) -> None:
        """Send the ACK to a 2xx (13.2.2.4), and keep it for the next time that the 2xx comes."""
        ack = dialog.request("ACK", number=number)
        for name in AUTHORIZATIONS:  # of the INVITE, unchanged (22.1)
            if values := self.request.headers.getlist(name):
                ack.headers.setlist(name.title(), list(values))
        self.acks[dialog.remote_tag] = ack
        self.host.transactions.send(ack, self.host.hop_of(self, dialog.next_uri()), now)
