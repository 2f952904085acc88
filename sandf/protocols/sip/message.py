"""SIP messages on the wire (RFC 3261 7): reading what peers send, making responses, writing.

The types are those of sipmessage; the reading is ours, since peers fold lines, put blanks before colons, end lines by
a bare LF, mix encodings and send more or less body than they say.  What transactions and dialogs rely on is checked
here once: Via, From, To, Call-ID and CSeq of every message that :func:`parse` returns can be read.

Texts are decoded as UTF-8, a line that is none as Latin-1.  Control characters become blanks.

What this module does not do: it understands no other header field, and follows no stream (:mod:`.reading` does).
"""

from __future__ import annotations

import re

from sipmessage import URI, Request, Response
from sipmessage.message import COMPACT_FORMS

from .fields import named_address
from .phrases import PHRASES, phrase_of
from .values import MessageError, parse_via, split_values, tag_of, uri_of

__all__ = [
    "PHRASES",
    "MessageError",
    "parse",
    "response_to",
    "serialise",
    "split_values",
    "tag_of",
    "uri_of",
]

MOST_OCTETS = 65_535
MOST_LINES = 256
VERSION = "SIP/2.0"
HEAD_END = re.compile(rb"\r?\n\r?\n")
_NUMBER_LIMIT = 1 << 31
_FOLD = re.compile(rb"\r?\n[ \t]+")
_TOKEN = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_BLANKS = re.compile(r"[ \t]{16,}")
"""Patterns that read values try again from every blank; nobody needs so many."""
_LONG_NUMBER = re.compile(rb"tel:[0-9A-Fa-f*#.()+-]{200}")
"""sipmessage's time for a tel URI, which any address may be, grows by the square of its digits."""
_CSEQ = re.compile(r"0*([0-9]{1,10})\s+(\S+)")
_LENGTH = re.compile(r"0*([0-9]{1,9})")
_SINGLE = ("From", "To", "Call-ID", "CSeq", "Content-Length")
"""Header fields that two different values make unreadable."""
_UNREADABLE = URI(scheme="sip", host="unreadable.invalid")

Message = Request | Response
Fields = list[tuple[str, str]]


def parse(octets: bytes) -> Message:
    """The message in *octets*, one datagram or one piece of a stream.

    Raises :class:`MessageError` and nothing else; its ``request`` is there where the header fields could be read.
    """
    if len(octets) > MOST_OCTETS:
        raise MessageError(f"a message of {len(octets)} octets (limit {MOST_OCTETS})", code=513)
    octets = octets.lstrip(b"\r\n")
    end = HEAD_END.search(octets)
    head = octets[: end.start()] if end else octets
    start, fields = read_head(head)
    message, fault = _begin(start)
    for name, value in fields:
        message.headers.add(name, value)
    try:
        if fault:
            raise fault
        if end is None:
            raise MessageError("no empty line behind the header fields")
        if _LONG_NUMBER.search(head):
            raise MessageError("a tel URI of more than 200 digits")
        _check(message)
        message.body = _body_of(octets[end.end() :], fields)
    except MessageError as error:
        error.request = message if isinstance(message, Request) else None
        raise
    return message


def read_head(head: bytes) -> tuple[str, Fields]:
    """The start line and the header fields, their names in the long form.  Raises :class:`MessageError`.

    A line without a colon is ignored, as others do.
    """
    start, *rest = _decoded(_FOLD.sub(b" ", head)).split("\n")
    if len(rest) >= MOST_LINES:
        raise MessageError(f"{len(rest) + 1} header lines (limit {MOST_LINES})", code=513)
    fields = []
    for line in rest:
        name, colon, value = line.partition(":")
        name = name.strip()
        if colon and name:
            fields.append((COMPACT_FORMS.get(name.lower(), name), value.strip()))
    return start.strip(), fields


def _decoded(head: bytes) -> str:
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError:
        text = "\n".join(map(_decoded_line, head.split(b"\n")))
    return _BLANKS.sub(" ", _CONTROL.sub(" ", text))


def _decoded_line(line: bytes) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("latin-1")


def content_length(fields: Fields) -> int | None:
    """What Content-Length says; None without one.  Raises :class:`MessageError` for what is no length."""
    values = {value for name, value in fields if name.lower() == "content-length"}
    if not values:
        return None
    match = _LENGTH.fullmatch(values.pop())
    if match is None or values:
        raise MessageError("Content-Length is no number of octets")
    return int(match[1])


def _body_of(rest: bytes, fields: Fields) -> bytes:
    """The body in what stands behind the header fields (18.3): what is more than Content-Length is no part of it."""
    length = content_length(fields)
    if length is None:
        return rest
    if length > len(rest):
        raise MessageError(f"Content-Length of {length} where {len(rest)} octets are left")
    return rest[:length]


def _begin(start: str) -> tuple[Message, MessageError | None]:
    """The message that a start line begins, and what is wrong with that."""
    if start.upper().startswith("SIP/"):
        return _response(start), None
    words = start.split(None, 1)
    rest = words[1].rsplit(None, 1) if len(words) == 2 else []
    if len(rest) != 2 or not _TOKEN.fullmatch(words[0]):
        raise MessageError(f"no start line of SIP: {start[:80]!r}")
    target, version = rest
    request = Request(words[0], _UNREADABLE)
    if version.upper() != VERSION:
        if not version.upper().startswith("SIP/"):
            raise MessageError(f"no start line of SIP: {start[:80]!r}")
        return request, MessageError(f"version {version[:20]!r}", code=505)
    try:
        request.uri = uri_of(target.removeprefix("<").removesuffix(">"))
    except MessageError as error:
        return request, error
    return request, None


def _response(start: str) -> Response:
    version, _, rest = start.partition(" ")
    code, _, phrase = rest.strip().partition(" ")
    if version.upper() != VERSION or not re.fullmatch("[1-6][0-9][0-9]", code):
        raise MessageError(f"no status line: {start[:80]!r}")
    return Response(int(code), phrase.strip())


def _check(message: Message) -> None:
    headers = message.headers
    for name in _SINGLE:
        values = set(headers.getlist(name))
        if len(values) > 1:
            raise MessageError(f"{name} comes more than once")
        if not values and name != "Content-Length":
            raise MessageError(f"{name} is missing")
    for name in ("From", "To"):
        if ":" not in named_address(headers[name]).uri:
            raise MessageError(f"{name} has no address: {headers[name][:80]!r}")
    if not headers["Call-ID"]:
        raise MessageError("Call-ID is empty")
    _check_cseq(message)
    top_via(message)


def _check_cseq(message: Message) -> None:
    match = _CSEQ.fullmatch(message.headers["CSeq"])
    if match is None or int(match[1]) >= _NUMBER_LIMIT or not _TOKEN.fullmatch(match[2]):
        raise MessageError(f"CSeq cannot be read: {message.headers['CSeq'][:80]!r}")
    if isinstance(message, Request) and match[2] != message.method:
        raise MessageError(f"CSeq of a {match[2][:20]} in a {message.method[:20]}")


def top_via(message: Message) -> str:
    """The first Via value as it was written.  Raises :class:`MessageError` if it cannot be read."""
    fields = message.headers.getlist("Via")
    values = split_values(fields[0]) if fields else []
    if not values:
        raise MessageError("Via is missing")
    parse_via(values[0])
    return values[0]


def names_of(message: Message) -> list[str]:
    """The names of its header fields, each once, as they were written first."""
    return message.headers.keys()


def cseq_of(message: Message) -> tuple[int, str]:
    """Number and method of CSeq."""
    number, method = message.headers["CSeq"].split()
    return int(number), method


def answerable(request: Request) -> bool:
    """Whether a faulty request has all that a response to it repeats (8.2.6.2), so that its sender can be told."""
    if request.method == "ACK" or not all(request.headers.get(name) for name in ("From", "To", "Call-ID", "CSeq")):
        return False
    try:
        top_via(request)
    except MessageError:
        return False
    return True


def response_to(request: Request, code: int, phrase: str = "", *, to_tag: str = "") -> Response:
    """A response with the header fields that RFC 3261 8.2.6.2 (and 12.1.1) copies from *request*.

    *to_tag* is put into To unless that has one.  Without *phrase* it is the registered one.
    """
    response = Response(code, phrase or phrase_of(code))
    fields, given = response.headers, request.headers
    fields.setlist("Via", list(given.getlist("Via")))
    if request.method == "INVITE" and 100 < code < 300 and (routes := given.getlist("Record-Route")):
        fields.setlist("Record-Route", list(routes))
    fields.add("From", given["From"])
    to = given["To"]
    fields.add("To", f"{to};tag={to_tag}" if to_tag and not tag_of(to) else to)
    fields.add("Call-ID", given["Call-ID"])
    fields.add("CSeq", given["CSeq"])
    if code == 100 and (timestamp := given.get("Timestamp")):
        fields.add("Timestamp", timestamp)
    return response


def with_via(request: Request, via: str) -> Request:
    """A copy of *request* with *via* as its only Via, on top."""
    made = Request(request.method, request.uri, request.body)
    made.headers.add("Via", via)
    for name in names_of(request):
        if name.lower() != "via":
            made.headers.setlist(name, list(request.headers.getlist(name)))
    return made


def serialise(message: Message) -> bytes:
    """The octets of *message*, with the Content-Length that its body has.

    Raises ``ValueError`` for a value with a line end in it, which would become a header field of its own.
    """
    if isinstance(message, Request):
        lines = [f"{message.method} {message.uri} {VERSION}"]
    else:
        lines = [f"{VERSION} {message.code} {message.phrase}"]
    for name in names_of(message):
        if name.lower() != "content-length":
            lines += [f"{name}: {value}" for value in message.headers.getlist(name)]
    lines.append(f"Content-Length: {len(message.body)}")
    if any("\n" in line or "\r" in line for line in lines):
        raise ValueError("a line end within a header field")
    return "\r\n".join([*lines, "", ""]).encode("utf-8", "replace") + message.body
