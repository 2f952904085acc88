"""Which transaction a message belongs to, and the way back (RFC 3261 17.1.3, 17.2.3, 18.2; RFC 3581).

What this module does not do: it keeps no transactions; keys are words to look them up by.
"""

from __future__ import annotations

from dataclasses import replace

from sipmessage import Request, Response

from .hops import Hop
from .message import cseq_of, top_via
from .values import Via, parse_via, split_values, tag_of, with_source

MAGIC_COOKIE = "z9hG4bK"
"""How a branch begins that is unique (8.1.1.7)."""


def via_of(message: Request | Response) -> Via:
    """The top Via of a message that was parsed."""
    return parse_via(top_via(message))


def has_single_via(response: Response) -> bool:
    """Whether the top Via is the only one: else *response* went astray (8.1.3.3)."""
    fields = response.headers.getlist("Via")
    return len(fields) == 1 and len(split_values(fields[0])) == 1


def client_key(branch: str, method: str) -> str:
    """The key of a client transaction, by the branch of our Via and the method in CSeq (17.1.3)."""
    return f"> {branch} {method}"


def server_key(request: Request, method: str = "") -> str:
    """What the copies of one request have in common, and an ACK with its INVITE (17.2.3).

    *method* is that of another request with the same identifiers: the INVITE that a CANCEL is for.
    """
    via = via_of(request)
    method = method or ("INVITE" if request.method == "ACK" else request.method)
    if via.branch.startswith(MAGIC_COOKIE) and via.branch != MAGIC_COOKIE:
        return f"< {via.branch} {via.sent_by} {method}"
    sender = tag_of(request.headers["From"])
    number, _ = cseq_of(request)
    # To's tag, which INVITE and its ACK do not share, is left out: within one Call-ID the number does for it.
    return f"< {request.uri} {sender} {request.call_id} {number} {via.sent_by} {via.branch} {method}"


def note_source(request: Request, hop: Hop) -> Via:
    """Put where *request* came from into its top Via (18.2.1, RFC 3581 4), and return that."""
    fields = request.headers.getlist("Via")
    first, *others = split_values(fields[0])
    noted = with_source(first, hop.host, hop.port)
    request.headers.setlist("Via", [", ".join([noted, *others]), *fields[1:]])
    return parse_via(noted)


def answer_hop(via: Via, hop: Hop) -> Hop:
    """Where responses go (18.2.2, RFC 3581 4): back the way; over UDP without rport to the port in Via."""
    if hop.transport.reliable or via.rport:
        return hop
    return replace(hop, port=via.port or hop.transport.default_port)
