"""We call (RFC 3261 13.2): provisional responses, forks, refusals, challenges, redirections, and giving up.

A 2xx beyond the first, from another branch of a fork, is acknowledged and that dialog ended at once (13.2.2.4).

What this module does not do: it never looks up where a redirection leads; the owner brings the hops.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sipmessage import URI, Request, Response

from .dialog import MAX_FORWARDS, Dialog
from .digest import DigestError, parse_challenges
from .events import Answered, Ended, Redirected, Refused, Ringing
from .exchange import Exchange, Purpose
from .fields import named_address
from .hops import Hop
from .message import cseq_of
from .refreshing import ask, shorter_refused, told
from .requests import AUTHORIZATIONS, allows, copy_fields, description_of, introduce, option_tags, put_description
from .states import Input, State, What
from .values import MessageError, split_values, tag_of, uri_of

if TYPE_CHECKING:
    from .session import Session

CHALLENGES = (401, 407)
TRY_NEXT = (503,)
"""With these a further hop is tried, as if the transport had failed (RFC 3263 4.3)."""
CANCEL_PATIENCE = 32.0
"""64 * T1: no final response by then, and a cancelled INVITE is over (9.1)."""


@dataclass(slots=True, kw_only=True)
class Early:
    """An early dialog."""

    dialog: Dialog
    rseq: int = 0
    """RSeq of its latest reliable response; 0 before the first."""
    description: bytes = b""
    """The answer that a reliable response brought."""


def input_of(response: Response) -> Input:
    """Which input of the table a response to our INVITE is."""
    if response.code < 200:
        return Input.PROVISIONAL
    return Input.SUCCESS if response.code < 300 else Input.FAILURE


def invite(
    session: Session,
    *,
    target: URI,
    to: str,
    caller: str,
    headers: tuple[tuple[str, str], ...],
    description: bytes,
    now: float,
) -> None:
    """Send the INVITE: *to* and *caller* are To and From without tags, *headers* what the trunk adds."""
    request = session.request
    request.uri = target
    fields = request.headers
    fields.add("Max-Forwards", str(MAX_FORWARDS))
    fields.add("From", f"{caller};tag={session.tag}")
    fields.add("To", to)
    fields.add("Call-ID", session.call_id)
    fields.add("CSeq", "1 INVITE")
    fields.add("Contact", session.identity.contact)
    introduce(request, agent=session.identity.agent)
    for name, value in headers:
        fields.add(name, value)
    ask(session, request)
    put_description(request, description)
    session.digest.authorise_known(request, session.identity.credentials, session.host.token)
    _send(session, request, session.hop, now)


def _send(session: Session, request: Request, hop: Hop, now: float) -> None:
    session.request = request
    session.hop = hop
    session.exchange = Exchange(owner=session, purpose=Purpose.INVITE, request=request, hop=hop)
    session.host.begin(session.exchange, now)


def _again(session: Session) -> Request:
    """The INVITE once more, as a new request: same Call-ID and tag, the next CSeq number (22.2)."""
    old = session.request
    request = Request(old.method, old.uri, old.body)
    copy_fields(old, request, but=("via", "cseq", *AUTHORIZATIONS))
    request.headers.add("CSeq", f"{cseq_of(old)[0] + 1} INVITE")
    return request


# Actions.


def provisional(session: Session, what: What, now: float) -> State | None:
    """1xx: ringing for the owner, an early dialog, and a PRACK if it is sent reliably."""
    response = what.response
    assert response is not None
    if response.code == 100:
        return None
    session.hop = what.exchange.hop if what.exchange else session.hop
    early = _early(session, response)
    reliable = early is not None and "100rel" in option_tags(response, "Require")
    if early is not None and reliable and not _prack(session, early, response, now):
        return None
    session.host.emit(session, Ringing(status=response.code))
    return None


def _early(session: Session, response: Response) -> Early | None:
    """The early dialog of *response*; one without tag or Contact makes none (12.1)."""
    tag = tag_of(response.headers["To"])
    found = session.early.get(tag)
    if found is None and tag:
        try:
            found = session.early[tag] = Early(dialog=Dialog.of_caller(session.request, response))
        except MessageError:
            return None
    return found


def _prack(session: Session, early: Early, response: Response, now: float) -> bool:
    """Acknowledge a reliable provisional response (RFC 3262 4); False for one that came before, or out of order."""
    text = response.headers.get("RSeq") or ""
    rseq = int(text) if text.isdecimal() and len(text) < 11 else 0
    if not rseq or (early.rseq and rseq != early.rseq + 1):
        return False
    early.rseq = rseq
    early.description = description_of(response) or early.description
    request = early.dialog.request("PRACK")
    request.headers.add("RAck", f"{rseq} {response.headers['CSeq']}")
    session.send_in_dialog(request, Purpose.PRACK, now, early.dialog)
    return True


def answered(session: Session, what: What, now: float) -> State | None:
    """The first 2xx: the session is there."""
    response, exchange = what.response, what.exchange
    assert response is not None and exchange is not None
    tag = tag_of(response.headers["To"])
    early = session.early.get(tag)
    try:
        dialog = early.dialog if early else Dialog.of_caller(session.request, response)
        dialog.refresh(response)
        dialog.routes = Dialog.of_caller(session.request, response).routes
    except MessageError as error:
        session.host.emit(session, Ended(message=None, why=f"a 2xx that makes no dialog: {error}"))
        return State.ENDED
    session.dialog = dialog
    session.hop = exchange.hop
    session.acknowledge(dialog, cseq_of(response)[0], now)
    told(session, response, now)
    session.modification.far_updates = allows(response, "UPDATE")
    description = description_of(response) or (early.description if early else b"")
    session.host.emit(session, Answered(description=description, response=response))
    return None


def answered_again(session: Session, what: What, now: float) -> State | None:
    """A 2xx that came before (its ACK was lost), or one of another branch of a fork."""
    response = what.response
    assert response is not None
    tag = tag_of(response.headers["To"])
    ack = session.acks.get(tag)
    if ack is not None:
        session.host.transactions.send(ack, session.hop, now)
    else:
        _end_fork(session, response, now)
    return None


def answered_too_late(session: Session, what: What, now: float) -> State | None:
    """The 2xx crossed our CANCEL (9.1): acknowledge it, and hang up."""
    assert what.response is not None
    _end_fork(session, what.response, now)
    return None


def _end_fork(session: Session, response: Response, now: float) -> None:
    try:
        early = session.early.get(tag_of(response.headers["To"]))
        dialog = early.dialog if early else Dialog.of_caller(session.request, response)
    except MessageError:
        return
    session.acknowledge(dialog, cseq_of(response)[0], now)
    bye = dialog.request("BYE")
    for name, value in session.goodbye[:1]:
        bye.headers.add(name, value)
    session.send_in_dialog(bye, Purpose.BYE, now, dialog)


def refused(session: Session, what: What, now: float) -> State | None:
    """A final failure: answer a challenge, ask for less, go on to the next hop, or be redirected; else the end."""
    response, exchange = what.response, what.exchange
    assert response is not None and exchange is not None
    if response.code in CHALLENGES:
        return _challenged(session, response, exchange.hop, now)
    if response.code == 422 and shorter_refused(session, response):
        request = _again(session)
        ask(session, request)
        _send(session, request, exchange.hop, now)
        return State.CALLING
    if response.code in TRY_NEXT and session.hops:
        return _next_hop(session, now)
    if 300 <= response.code < 400 and (targets := _targets(response)):
        session.host.emit(session, Redirected(targets=targets, response=response))
        return State.CALLING if session.state is not State.ENDED else None
    return end_refused(session, response)


def _challenged(session: Session, response: Response, hop: Hop, now: float) -> State:
    request = _again(session)
    if not authorised(session, response, request):
        return end_refused(session, response, authentication=True)
    _send(session, request, hop, now)
    return State.CALLING


def authorised(session: Session, response: Response, request: Request) -> bool:
    """Whether *request* got credentials for the challenges in *response*."""
    credentials = session.identity.credentials
    if credentials is None:
        return False
    try:
        challenges = parse_challenges(response)
    except DigestError:
        return False
    return session.digest.answer(challenges, request, credentials, cnonce=session.host.token())


def _targets(response: Response) -> tuple[URI, ...]:
    """The SIP URIs of Contact, those preferred (q) first (8.1.3.4)."""
    found: list[tuple[float, URI]] = []
    for field in response.headers.getlist("Contact"):
        for value in split_values(field):
            address = named_address(value)
            try:
                uri, preference = uri_of(address.uri), float(address.parameters.get("q") or 1.0)
            except ValueError:
                continue
            if uri.scheme in ("sip", "sips"):
                found.append((-preference, uri))
    return tuple(uri for _, uri in sorted(found, key=lambda pair: pair[0]))


def redirect(session: Session, target: URI, hops: list[Hop], now: float) -> None:
    """Send the INVITE to *target* by the first of *hops*."""
    session.redirects += 1
    request = _again(session)
    request.uri = target
    session.hops = hops[1:]
    session.state = State.CALLING
    _send(session, request, hops[0], now)


def lost(session: Session, what: What, now: float) -> State | None:
    """Nobody answers at this hop: the next one, or the end."""
    return _next_hop(session, now) if session.hops else end_refused(session, None)


def _next_hop(session: Session, now: float) -> State:
    _send(session, _again(session), session.hops.pop(0), now)
    return State.CALLING


def end_refused(session: Session, response: Response | None, *, authentication: bool = False) -> State:
    """The call does not come about."""
    session.state = State.ENDED
    session.host.emit(session, Refused(response=response, authentication=authentication))
    session.host.forget(session)
    return State.ENDED


def cancel(session: Session, what: What, now: float) -> State | None:
    """Give up before there is an answer (9.1)."""
    session.goodbye = what.headers
    session.patience = now + CANCEL_PATIENCE
    if session.exchange is not None:
        session.host.transactions.cancel(session.exchange.key, now)
    return None
