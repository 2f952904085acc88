"""We are called (RFC 3261 13.3): ringing, reliably where the caller requires it (RFC 3262 3), the answer, refusals.

What this module does not do: early media; a provisional response of ours has no description.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sipmessage import Response

from .events import Ended, Established
from .message import response_to
from .refreshing import agree
from .requests import description_of, introduce, option_tags, put_description
from .states import State, What

if TYPE_CHECKING:
    from .session import Session

FIRST_RSEQ = 1
GONE = 487
SERVER_TIMEOUT = 504


def response(session: Session, status: int) -> Response:
    """A response to the INVITE, with our tag."""
    made = response_to(session.request, status, to_tag=session.tag)
    if status < 300:
        made.headers.add("Contact", session.identity.contact)
    introduce(made, agent=session.identity.agent)
    return made


def ring(session: Session, what: What, now: float) -> State | None:
    """180 Ringing, once."""
    ringing = response(session, 180)
    if "100rel" not in option_tags(session.request, "Require"):
        session.host.transactions.respond(session.key, ringing, now)
    elif not session.rseq:
        session.rseq = FIRST_RSEQ
        ringing.headers.add("Require", "100rel")
        ringing.headers.add("RSeq", str(session.rseq))
        session.host.transactions.respond_reliably(session.key, ringing, now)
    return None


def answer(session: Session, what: What, now: float) -> State | None:
    """200 OK with our description; the ACK is awaited."""
    made = response(session, 200)
    agree(session, session.request, made, now)
    put_description(made, what.description)
    session.host.transactions.respond(session.key, made, now)
    return None


def refuse(session: Session, what: What, now: float) -> State | None:
    """A final response of 300 or more."""
    made = response(session, what.status)
    for name, value in what.headers:
        made.headers.add(name, value)
    session.host.transactions.respond(session.key, made, now)
    return None


def cancelled(session: Session, what: What, now: float) -> State | None:
    """CANCEL (or BYE) before we answered: the INVITE gets 487 (9.2, 15.1.2)."""
    session.host.transactions.respond(session.key, response(session, GONE), now)
    session.host.emit(session, Ended(message=what.request))
    return None


def unacknowledged_ringing(session: Session, what: What, now: float) -> State | None:
    """No PRACK came for our reliable 180: the INVITE is refused (RFC 3262 3)."""
    session.host.transactions.respond(session.key, response(session, SERVER_TIMEOUT), now)
    session.host.emit(session, Ended(message=None, why="no PRACK came"))
    return None


def acknowledged(session: Session, what: What, now: float) -> State | None:
    """The ACK to our 2xx."""
    assert what.request is not None
    session.host.transactions.acknowledged(session.key, now)
    session.host.emit(session, Established(description=description_of(what.request) or b""))
    return None
