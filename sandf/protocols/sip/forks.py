"""Branches of a forked INVITE of ours (RFC 3261 12.1, 13.2.2.4): early dialogs, and 2xx beyond the one that counts.

Such a 2xx, from another branch or from a hop that was given up, is acknowledged and its dialog ended at once.

What this module does not do: it takes no call; :mod:`.inviting` does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sipmessage import Response

from .dialog import Dialog
from .exchange import Exchange, Purpose
from .hops import hop_of
from .message import cseq_of
from .states import State, What
from .values import MessageError, tag_of

if TYPE_CHECKING:
    from .session import Session

MOST_FORKS = 16
"""Branches of one INVITE, by the tags of their ends; further ones are ignored, so that nobody fills our memory."""


@dataclass(slots=True, kw_only=True)
class Early:
    """An early dialog."""

    dialog: Dialog
    rseq: int = 0
    """RSeq of its latest reliable response; 0 before the first."""
    description: bytes = b""
    """The answer that a reliable response brought."""


def early_of(session: Session, response: Response) -> Early | None:
    """The early dialog of *response*; one without tag or Contact, or one that cannot be read, makes none (12.1)."""
    tag = tag_of(response.headers["To"])
    found = session.early.get(tag)
    if found is None and tag and len(session.early) < MOST_FORKS:
        try:
            found = session.early[tag] = Early(dialog=Dialog.of_caller(session.request, response))
        except MessageError:
            return None
    return found


def confirmed(session: Session, exchange: Exchange, response: Response) -> Dialog:
    """The dialog of a 2xx.  Raises MessageError."""
    early = session.early.get(tag_of(response.headers["To"]))
    if early is None:
        return Dialog.of_caller(exchange.request, response)
    early.dialog.confirm(response)
    return early.dialog


def answered_again(session: Session, what: What, now: float) -> State | None:
    """A 2xx that came before (its ACK was lost), or one of another branch of a fork."""
    response, exchange = what.response, what.exchange
    assert response is not None and exchange is not None
    key = tag_of(response.headers["To"]), cseq_of(exchange.request)[0]
    if key in session.acks:
        session.host.transactions.send(*session.acks[key], now)
    elif len(session.acks) < MOST_FORKS:
        end_fork(session, exchange, response, now)
    return None


def answered_too_late(session: Session, what: What, now: float) -> State | None:
    """The 2xx crossed our CANCEL (9.1): acknowledge it, and hang up."""
    assert what.response is not None and what.exchange is not None
    end_fork(session, what.exchange, what.response, now)
    return None


def left_behind(session: Session, exchange: Exchange, response: Response, now: float) -> None:
    """A hop that was given up speaks after all: its INVITE is cancelled by the transaction; a 2xx is too late."""
    if 200 <= response.code < 300:
        answered_again(session, What(response=response, exchange=exchange), now)


def end_fork(session: Session, exchange: Exchange, response: Response, now: float) -> None:
    """Acknowledge a 2xx and end its dialog; one that cannot be read, by the hop that it came from."""
    hop = exchange.hop
    try:
        dialog = confirmed(session, exchange, response)
        hop = hop_of(dialog.next_uri(), hop, session.host.connected)
    except MessageError:
        dialog = Dialog.of_unreadable(exchange.request, response)
        if early := session.early.get(dialog.remote_tag):
            dialog.local_number = early.dialog.local_number
    session.acknowledge(dialog, exchange.request, now, hop)
    bye = dialog.request("BYE")
    for name, value in session.goodbye[:1]:
        bye.headers.add(name, value)
    session.send_in_dialog(bye, Purpose.BYE, now, dialog, hop)
