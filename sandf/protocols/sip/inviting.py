"""We call (RFC 3261 13.2): provisional responses, the answer, refusals, challenges, redirections, and giving up.

What this module does not do: forks (:mod:`.forks` does).  It never looks up where a redirection leads; the owner brings
the hops.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sipmessage import URI, Request, Response

from . import forks
from .dialog import MAX_FORWARDS
from .digest import DigestError, parse_challenges
from .events import Answered, Ended, HopFailed, Redirected, Refused, Ringing
from .exchange import Exchange, Purpose
from .fields import named_address
from .hops import Hop
from .message import cseq_of
from .reasons import retry_after
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
    _send_new(session, request, session.hop, now)


def _send_new(session: Session, request: Request, hop: Hop, now: float) -> None:
    """Send a new request, with credentials where a nonce is known."""
    session.digest.authorise_known(request, session.identity.credentials, session.host.token)
    _send(session, request, hop, now)


def _send(session: Session, request: Request, hop: Hop, now: float) -> None:
    session.request = request
    session.hop = hop
    session.early = {}
    session.exchange = Exchange(
        owner=session, purpose=Purpose.INVITE, request=request, hop=hop, hurried=bool(session.hops)
    )
    session.host.begin(session.exchange, now)


def _again(session: Session) -> Request:
    """The INVITE once more: same Call-ID and tag, the next CSeq number (8.1.3.5, 22.2), and no credentials yet."""
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
    early = forks.early_of(session, response)
    reliable = early is not None and "100rel" in option_tags(response, "Require")
    if early is not None and reliable and not _prack(session, early, response, now):
        return None
    session.host.emit(session, Ringing(status=response.code))
    return None


def _prack(session: Session, early: forks.Early, response: Response, now: float) -> bool:
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
    try:
        session.dialog = forks.confirmed(session, exchange, response)
    except MessageError as error:
        forks.end_fork(session, exchange, response, now)
        session.host.emit(session, Ended(message=None, why=f"the answer makes no dialog: {error}"))
        return State.ENDED
    session.hop = exchange.hop
    session.acknowledge(session.dialog, exchange.request, now)
    told(session, response, now)
    session.modification.far_updates = allows(response, "UPDATE")
    early = session.early.get(tag_of(response.headers["To"]))
    description = description_of(response) or (early.description if early else b"")
    session.host.emit(session, Answered(description=description, response=response))
    return None


def judge_hop(session: Session, exchange: Exchange, response: Response | None) -> None:
    """Tell of a hop that gave no response at all (None), or refuses service for a while (21.5.4)."""
    pause = retry_after(response) if response is not None and response.code in TRY_NEXT else None
    if pause is not None or (response is None and not exchange.provisional):
        session.host.emit(session, HopFailed(hop=exchange.hop, retry_after=pause))


def refused(session: Session, what: What, now: float) -> State | None:
    """A final failure: answer a challenge, ask for less, go on to the next hop, or be redirected; else the end."""
    response, exchange = what.response, what.exchange
    assert response is not None and exchange is not None
    if response.code in CHALLENGES:
        return _challenged(session, response, exchange.hop, now)
    if response.code == 422 and shorter_refused(session, response):
        request = _again(session)
        ask(session, request)
        _send_new(session, request, exchange.hop, now)
        return State.CALLING
    if response.code in TRY_NEXT and session.hops:
        return _next_hop(session, now)
    if 300 <= response.code < 400 and (targets := _targets(response)):
        session.host.emit(session, Redirected(targets=targets, response=response))
        return State.REDIRECTED
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


def redirect(session: Session, what: What, now: float) -> State | None:
    """Go where the 3xx leads (8.1.3.4): to the target by the first of the hops."""
    assert what.target is not None
    session.redirects += 1
    request = _again(session)
    request.uri = what.target
    hop, *session.hops = what.hops
    _send_new(session, request, hop, now)
    return None


def give_up(session: Session, what: What, now: float) -> State | None:
    """Do not go there."""
    return end_refused(session, what.response)


def lost(session: Session, what: What, now: float) -> State | None:
    """Nobody answers at this hop: the next one, or the end."""
    return _next_hop(session, now) if session.hops else end_refused(session, None)


def _next_hop(session: Session, now: float) -> State:
    hop = session.hops.pop(0)
    _send_new(session, _again(session), hop, now)
    return State.CALLING


def end_refused(session: Session, response: Response | None, *, authentication: bool = False) -> State:
    """The call does not come about."""
    session.host.emit(session, Refused(response=response, authentication=authentication))
    return State.ENDED


def cancel(session: Session, what: What, now: float) -> State | None:
    """Give up before there is an answer (9.1)."""
    session.goodbye = what.headers
    session.patience = now + CANCEL_PATIENCE
    if session.exchange is not None:
        session.host.transactions.cancel(session.exchange.key, now, what.headers[:1])
    return None
