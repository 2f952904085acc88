"""Changing a session that is there: re-INVITE (RFC 3261 14) and UPDATE (RFC 3311), by us and by them, and glare.

Where both propose at once both get 491 and wait for their turn: the one that chose the Call-ID 2.1 to 4 s, the other
up to 2 s, in steps of 10 ms (14.1).  What was proposed is void then, for the media may change meanwhile: the owner is
asked for it anew (MayModify).  Refreshes of the session timer go by UPDATE where the other end takes it, else by
re-INVITE with the description as it stands (RFC 4028 7.4).

What this module does not do: offer and answer; the owner does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sipmessage import Request, Response

from .events import Established, MayModify, ModificationAccepted, ModificationRefused, OfferReceived
from .exchange import Exchange, Purpose
from .invited import GONE
from .inviting import CHALLENGES, authorised
from .message import cseq_of, response_to
from .refreshing import agree, ask, shorter_refused, told
from .requests import AUTHORIZATIONS, allows, copy_fields, description_of, introduce, put_description
from .states import Input, State, What

if TYPE_CHECKING:
    from .session import Session

GLARE = 491
DEAD = (408, 481)
"""A request in the dialog that ends so ends the dialog (14.1, 12.2.1.2)."""
STEP = 0.01
MOST_GLARES = 4
"""491 in a row, ours: beyond it is no glare, but a refusal."""
TIMED_OUT = 408


def propose(session: Session, description: bytes, now: float) -> None:
    """Send a re-INVITE with *description*; while another change is under way, MayModify follows instead."""
    change = session.modification
    if session.state is not State.ESTABLISHED or change.busy:
        _wait(session, now)
    else:
        change.wait_until = None
        change.ours = _reinvite(session, description, Purpose.MODIFY, now)


def _wait(session: Session, now: float) -> None:
    session.modification.wait_until = now + STEP * _steps(session)
    session.host.rearm(session)


def _reinvite(session: Session, description: bytes, purpose: Purpose, now: float) -> Exchange:
    assert session.dialog is not None
    request = session.dialog.request("INVITE")
    return _send(session, request, description, purpose, now)


def _send(session: Session, request: Request, description: bytes, purpose: Purpose, now: float) -> Exchange:
    request.headers.add("Contact", session.identity.contact)
    introduce(request, agent=session.identity.agent)
    ask(session, request)
    put_description(request, description)
    return session.send_in_dialog(request, purpose, now)


def _steps(session: Session) -> int:
    """How long to wait after glare, in steps of 10 ms (14.1)."""
    low, high = (210, 400) if session.caller else (0, 200)
    return low + round(session.host.draw() * (high - low))


def forget(session: Session) -> None:
    """What waits for its turn is not proposed any more."""
    session.modification.wait_until = None
    session.host.rearm(session)


def time_passed(session: Session, now: float) -> None:
    """Our turn after glare, a refresh that is due, or one that did not come."""
    change, refreshing = session.modification, session.refreshing
    if change.wait_until is not None and change.wait_until <= now:
        _take_turn(session, now)
    if refreshing.expires_at is not None and refreshing.expires_at <= now:
        session.take(Input.BROKEN, What(why="the session timer ran out: no refresh came"), now)
    elif refreshing.refresh_at is not None and refreshing.refresh_at <= now:
        refreshing.refresh_at = None
        _refresh(session, now)


def _take_turn(session: Session, now: float) -> None:
    if session.modification.busy:
        _wait(session, now)
    else:
        session.modification.wait_until = None
        session.host.emit(session, MayModify())


def _refresh(session: Session, now: float) -> None:
    assert session.dialog is not None
    change = session.modification
    if change.busy:  # a change under way refreshes as well; should it fail, there is time for another try
        session.refreshing.postpone(now)
    elif change.far_updates:
        _send(session, session.dialog.request("UPDATE"), b"", Purpose.REFRESH, now)
    else:
        change.ours = _reinvite(session, session.description(), Purpose.REFRESH, now)


# Responses to our requests.


def responded(session: Session, exchange: Exchange, response: Response, now: float) -> None:
    """A response to a request of ours in the dialog."""
    if response.code < 200:
        return
    alive = session.state is not State.ENDED or exchange.purpose is Purpose.BYE
    if response.code in CHALLENGES and alive and _sent_again(session, exchange, response, now):
        return
    if exchange.purpose is Purpose.PRACK or exchange.purpose is Purpose.BYE:
        return
    if exchange.request.method == "INVITE":
        if response.code < 300 and session.dialog is not None:
            session.acknowledge(session.dialog, exchange.request, now)
        if session.modification.ours is not exchange:
            return  # a 2xx that came again
        session.modification.ours = None
    if session.state is State.ESTABLISHED:
        _concluded(session, exchange, response, now)


def _sent_again(session: Session, exchange: Exchange, response: Response, now: float) -> bool:
    """Answer a challenge by the same request, the next in the dialog (22.2), to where it went before."""
    dialog, old = exchange.dialog, exchange.request
    if dialog is None:
        return False
    request = dialog.request(old.method)
    request.body = old.body
    copy_fields(old, request, but=("via", *AUTHORIZATIONS, *map(str.lower, request.headers.keys())))
    if not authorised(session, response, request):
        return False
    again = session.send_authorised(request, exchange.purpose, now, dialog, exchange.hop)
    if session.modification.ours is exchange:
        session.modification.ours = again
    return True


def _concluded(session: Session, exchange: Exchange, response: Response, now: float) -> None:
    dialog = session.dialog
    assert dialog is not None
    modifies = exchange.purpose is Purpose.MODIFY
    if response.code == GLARE and modifies and session.modification.glares < MOST_GLARES:
        session.modification.glares += 1
        _wait(session, now)
        return
    session.modification.glares = 0
    if response.code < 300:
        dialog.refresh(response)
        told(session, response, now)
        session.modification.far_updates = session.modification.far_updates or allows(response, "UPDATE")
        if modifies:
            session.host.emit(session, ModificationAccepted(description=description_of(response) or b""))
    elif response.code in DEAD:
        session.take(Input.BROKEN, What(why=f"{response.code} to {exchange.request.method}"), now)
    elif response.code == 422 and shorter_refused(session, response):
        propose(session, exchange.request.body, now) if modifies else _refresh(session, now)
    elif modifies:
        session.host.emit(session, ModificationRefused(response=response))
    elif response.code in (405, 501) and exchange.request.method == "UPDATE":
        session.modification.far_updates = False
        _refresh(session, now)
    else:
        session.refreshing.postpone(now)


def unanswered(session: Session, exchange: Exchange, now: float) -> None:
    """No final response, or none at all, came to a request of ours in the dialog."""
    if exchange.request.method != "INVITE" or not exchange.provisional:
        session.take(Input.BROKEN, What(why=f"no response to {exchange.request.method}"), now)
        return
    session.modification.ours = None  # it was cancelled before, in vain
    if exchange.purpose is Purpose.REFRESH:
        session.refreshing.postpone(now)
    elif session.state is State.ESTABLISHED:
        session.host.emit(session, ModificationRefused(response=response_to(exchange.request, TIMED_OUT)))


# Their requests.


def offered(session: Session, request: Request, key: str, now: float) -> None:
    """A re-INVITE or UPDATE of theirs, in order, in the dialog."""
    change = session.modification
    description = description_of(request)
    if description is None:
        _respond(session, request, key, 415, now)
    elif change.ours is not None and (request.method == "INVITE" or description):
        _respond(session, request, key, GLARE, now)
    elif change.theirs is not None or (request.method == "INVITE" and session.state is not State.ESTABLISHED):
        _respond(session, request, key, 500, now, ("Retry-After", "1"))
    elif request.method == "UPDATE" and not description:
        _settle(session, request, key, b"", now)
    elif session.state is not State.ESTABLISHED:
        _respond(session, request, key, 500, now, ("Retry-After", "1"))  # an offer before the first is answered
    else:
        change.theirs, change.theirs_key = request, key
        session.host.emit(session, OfferReceived(description=description))


def accept(session: Session, description: bytes, now: float) -> None:
    """2xx with our *description*; what waits for its turn is not proposed any more."""
    change = session.modification
    request, change.theirs = change.theirs, None
    if request is not None:
        change.wait_until, change.glares = None, 0
        _settle(session, request, change.theirs_key, description, now)


def _settle(session: Session, request: Request, key: str, description: bytes, now: float) -> None:
    if session.dialog is not None:
        session.dialog.refresh(request)
    made = _response(session, request, 200)
    made.headers.add("Contact", session.identity.contact)
    agree(session, request, made, now)
    put_description(made, description)
    if request.method == "INVITE":
        session.modification.unacknowledged, session.modification.number = key, cseq_of(request)[0]
    session.host.transactions.respond(key, made, now)
    session.host.rearm(session)


def refuse(session: Session, status: int, now: float) -> None:
    """Refuse their offer; what was agreed before holds."""
    change = session.modification
    request, change.theirs = change.theirs, None
    if request is not None:
        _respond(session, request, change.theirs_key, status, now)


def end(session: Session, now: float) -> None:
    """The session has ended: their offer gets 487 (15.1.2), and the ACK that is missing is not waited for."""
    refuse(session, GONE, now)
    session.host.transactions.acknowledged(session.modification.unacknowledged, now)


def _response(session: Session, request: Request, status: int) -> Response:
    made = response_to(request, status)
    introduce(made, agent=session.identity.agent)
    return made


def _respond(session: Session, request: Request, key: str, status: int, now: float, *headers: tuple[str, str]) -> None:
    made = _response(session, request, status)
    for name, value in headers:
        made.headers.add(name, value)
    session.host.transactions.respond(key, made, now)


def acknowledged(session: Session, what: What, now: float) -> State | None:
    """The ACK to our 2xx to a re-INVITE; it has their answer where our 2xx had the offer."""
    key, session.modification.unacknowledged = session.modification.unacknowledged, ""
    assert what.request is not None
    if key:
        session.host.transactions.acknowledged(key, now)
        description = description_of(what.request)
        if description:
            session.host.emit(session, Established(description=description))
    return None
