"""What a message holds: its MIME leaves in order, ready for rendering, and its header for people.

Reads RFC 5322 and MIME (RFC 2045, 2046) generously: bare LF, a boundary that never closes, header blocks without
end, media types by their nicknames.  Of multipart/alternative the best part that can be faxed is taken (RFC 3249
5.1), with attachments that hide in another one; multipart/related and every unknown multipart are read as mixed
(RFC 2046 5.1.7); message/rfc822 is opened.  Leaves that cannot be faxed are named in ``discarded``, texts
without a visible character are left out.

Nesting, the number of parts and header sizes are bounded by :class:`MimeLimits`; the time it takes grows with the
size of the message times the nesting at most.  It does not look into a leaf to see whether its type is true, and
does not decrypt.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import Message as _Parameters

from .fields import display, read_fields
from .transfer import undo_transfer_encoding

_CONTENT_FIELD_LIMIT = 8192
"""Characters of a Content- field that are looked at; its parser is not made for more."""
_HEADER_END = re.compile(rb"\r?\n[ \t]*\r?\n")
_NICKNAMES = {
    "image/tif": "image/tiff",
    "image/x-tif": "image/tiff",
    "image/x-tiff": "image/tiff",
    "image/tiff-fx": "image/tiff",
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "image/x-png": "image/png",
    "application/x-pdf": "application/pdf",
    "application/acrobat": "application/pdf",
    "text": "text/plain",
}
_BY_NAME = {
    "pdf": "application/pdf",
    "tif": "image/tiff",
    "tiff": "image/tiff",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "txt": "text/plain",
}


class MessageError(ValueError):
    """The message goes beyond a limit; the text says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MimeLimits:
    """How much MIME is taken."""

    depth: int = 30
    """Nesting of multiparts and messages."""
    parts: int = 1000
    header_octets: int = 262_144
    """Of one header block."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """A MIME leaf with its transfer encoding undone."""

    media_type: str
    """Lower case, nicknames replaced."""
    octets: bytes = field(repr=False)
    charset: str = ""
    filename: str = ""
    parameters: tuple[tuple[str, str], ...] = ()
    attachment: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadMessage:
    """A message as people see it."""

    leaves: tuple[Leaf, ...]
    """Those that can be faxed, in order (``AcceptedMimeTypes`` counts them)."""
    discarded: tuple[str, ...]
    """Media types of the others (``DiscardedMimeTypes``)."""
    sender: str = ""
    """The From field, decoded."""
    subject: str = ""
    date: str = ""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """All fields in order, decoded."""


@dataclass(slots=True)
class _Entity:
    """A node of the MIME tree: a leaf, or what it is made of."""

    leaf: Leaf | None = None
    children: list[_Entity] = field(default_factory=list)
    alternative: bool = False
    related: bool = False
    chosen: list[Leaf] | None = None
    """What was chosen of it, once that is known; else nested alternatives would be gone through again and again."""


def read_message(octets: bytes, faxable: Callable[[str], bool], limits: MimeLimits = MimeLimits()) -> ReadMessage:
    """Read a message; *faxable* says which media types can be rendered.  Raises :class:`MessageError`."""
    reader = _Reader(limits)
    fields = read_fields(reader.split(octets)[0])
    chosen: list[Leaf] = []
    discarded: list[str] = []
    for leaf in _choose(reader.entity(octets, 0), faxable):
        if not faxable(leaf.media_type):
            discarded.append(leaf.media_type)
        elif not (leaf.media_type.startswith("text/") and _is_blank(leaf.octets)):
            chosen.append(leaf)
    headers = tuple((name, display(value)) for name, value in fields)
    first = {name.lower(): value for name, value in reversed(headers)}
    return ReadMessage(
        leaves=tuple(chosen),
        discarded=tuple(discarded),
        sender=first.get("from", ""),
        subject=first.get("subject", ""),
        date=first.get("date", ""),
        headers=headers,
    )


def header_block(octets: bytes) -> bytes:
    """The header of a message as it stands, with the line end of its last field."""
    block = _Reader(MimeLimits(header_octets=len(octets))).split(octets)[0]
    return block if block.endswith(b"\n") or not block else block + b"\r\n"


class _Reader:
    """Takes one message apart, within the limits."""

    def __init__(self, limits: MimeLimits) -> None:
        self._limits = limits
        self._parts = 0

    def split(self, octets: bytes) -> tuple[bytes, bytes]:
        """Header block and body; a text that begins with an empty line has no header."""
        if octets[:1] == b"\n" or octets[:2] == b"\r\n":
            return b"", octets[octets.index(b"\n") + 1 :]
        limit = self._limits.header_octets
        end = _HEADER_END.search(octets, 0, limit + 4)
        if end is not None:
            return octets[: end.start()], octets[end.end() :]
        if len(octets) > limit:
            raise MessageError(f"a header has more than {limit} octets")
        return octets, b""

    def entity(self, octets: bytes, depth: int, default: str = "text/plain") -> _Entity:
        """Read the message or body part *octets*."""
        self._parts += 1
        if self._parts > self._limits.parts:
            raise MessageError(f"the message has more than {self._limits.parts} parts")
        if depth > self._limits.depth:
            raise MessageError(f"the message is nested more than {self._limits.depth} deep")
        block, body = self.split(octets)
        content = _Content(block, default)
        if content.media_type.startswith("multipart/") and content.boundary:
            return self._multipart(content, body, depth)
        if content.media_type == "message/rfc822":
            inner = undo_transfer_encoding(content.encoding, body)
            return _Entity(children=[self.entity(body if inner is None else inner, depth + 1)])
        return _Entity(leaf=content.leaf(body))

    def _multipart(self, content: _Content, body: bytes, depth: int) -> _Entity:
        default = "message/rfc822" if content.media_type == "multipart/digest" else "text/plain"
        entity = _Entity(
            alternative=content.media_type == "multipart/alternative",
            related=content.media_type == "multipart/related",
        )
        for part in _body_parts(body, content.boundary):
            entity.children.append(self.entity(part, depth + 1, default))
        return entity


class _Content:
    """The Content- fields of one entity."""

    def __init__(self, block: bytes, default: str) -> None:
        self._fields = _Parameters()
        for name, value in read_fields(block):
            if name.lower().startswith("content-") and name not in self._fields:
                self._fields[name] = value[:_CONTENT_FIELD_LIMIT]
        self._fields.set_default_type(default)
        given = self._fields.get_content_type()
        declared = (self._fields.get("content-type") or "").partition(";")[0].strip().lower()
        self.filename = display(self._fields.get_filename("") or "").rpartition("/")[2]
        self.media_type = self._true_type(_NICKNAMES.get(declared, _NICKNAMES.get(given, given)))
        self.encoding = self._fields.get("content-transfer-encoding") or ""

    @property
    def boundary(self) -> bytes:
        """The boundary parameter; empty where there is none."""
        return (self._fields.get_boundary("") or "").encode("utf-8", "replace")

    def leaf(self, body: bytes) -> Leaf:
        """The leaf with this *body*."""
        octets = undo_transfer_encoding(self.encoding, body)
        return Leaf(
            media_type="application/octet-stream" if octets is None else self.media_type,
            octets=body if octets is None else octets,
            charset=(self._fields.get_content_charset("") or "").lower(),
            filename=self.filename,
            parameters=self._parameters(),
            attachment=self._fields.get_content_disposition() == "attachment",
        )

    def _true_type(self, given: str) -> str:
        """Many mailers send every attachment as application/octet-stream: there the file name decides."""
        if given not in ("application/octet-stream", "application/x-unknown"):
            return given
        return _BY_NAME.get(self.filename.rpartition(".")[2].lower(), given)

    def _parameters(self) -> tuple[tuple[str, str], ...]:
        pairs = self._fields.get_params(failobj=[], unquote=True) or []
        return tuple((str(name), _plain(value)) for name, value in pairs[1:])


def _plain(value: object) -> str:
    """A parameter's value; RFC 2231 ones come as (charset, language, value)."""
    return str(value[2]) if isinstance(value, tuple) else str(value)


def _body_parts(body: bytes, boundary: bytes) -> list[bytes]:
    """The parts between the boundary lines (RFC 2046 5.1.1); the last may miss its end."""
    line = re.compile(rb"(?:\A|\r?\n)--" + re.escape(boundary) + rb"(--)?[ \t]*(?=\r?\n|\Z)")
    parts: list[bytes] = []
    begin: int | None = None
    for found in line.finditer(body):
        if begin is not None:
            parts.append(_after_line_end(body[begin : found.start()]))
        if found[1]:
            return parts
        begin = found.end()
    if begin is not None:
        parts.append(_after_line_end(body[begin:]))
    return parts


def _after_line_end(part: bytes) -> bytes:
    return part[2:] if part.startswith(b"\r\n") else part[1:] if part.startswith(b"\n") else part


def _choose(entity: _Entity, faxable: Callable[[str], bool]) -> list[Leaf]:
    """The leaves to look at, in order."""
    if entity.chosen is None:
        if entity.leaf is not None:
            entity.chosen = [entity.leaf]
        elif entity.alternative and entity.children:
            entity.chosen = _choose_alternative(entity.children, faxable)
        else:
            entity.chosen = [leaf for child in entity.children for leaf in _choose(child, faxable)]
    return entity.chosen


def _choose_alternative(alternatives: list[_Entity], faxable: Callable[[str], bool]) -> list[Leaf]:
    """The best one, and what is attached inside the others."""
    best = _best(alternatives, faxable)
    leaves: list[Leaf] = []
    for entity in alternatives:
        found = _choose(entity, faxable)
        leaves += found if entity is best else [leaf for leaf in found if leaf.attachment and faxable(leaf.media_type)]
    return leaves


def _best(alternatives: list[_Entity], faxable: Callable[[str], bool]) -> _Entity:
    """The last alternative (the richest, RFC 2046 5.1.4) whose text can be faxed; else the last that has anything.

    In multipart/related the first part is the text, the rest are its pictures (RFC 2387 3.2).
    """
    for wanted in (all, any):
        for entity in reversed(alternatives):
            types = [faxable(leaf.media_type) for leaf in _texts(entity, faxable)]
            if types and wanted(types):
                return entity
    return alternatives[0]


def _texts(entity: _Entity, faxable: Callable[[str], bool]) -> list[Leaf]:
    return _choose(entity.children[0] if entity.related and entity.children else entity, faxable)


def _is_blank(octets: bytes) -> bool:
    return not octets.strip(b" \t\r\n\x00\xc2\xa0\x0c")
