"""What passes between the gateway and a rendering worker: JSON with octets behind it.

A frame is two 32-bit lengths (JSON, octets), the JSON and the octets.  Requests are :data:`Request`, answered
one by one, in order, by a :class:`Reply`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

import msgspec

from sandf.protocols.t4.form import Coding, Paper

_LENGTHS = struct.Struct(">II")
LONGEST_JSON = 4 << 20
"""Octets."""
LONGEST_OCTETS = 1 << 28


class WirePart(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of a document; its octets are ``length`` of those behind the request, in the order of the parts."""

    media_type: str
    length: int
    charset: str = ""
    name: str = ""


class Cover(msgspec.Struct, frozen=True, kw_only=True):
    """What a cover page says."""

    fields: list[tuple[str, str]]
    comment: str = ""
    details: list[tuple[str, str]] = []


class Open(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Read a document of *parts* and remember it as *document*; answered with its pages."""

    document: str
    parts: list[WirePart] = []
    cover: Cover | None = None


class Raster(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Make page *number* (1 is the first) of a document that was opened; answered with its compressed rows."""

    document: str
    number: int
    resolution: str
    """Name of the :class:`sandf.protocols.t4.form.Resolution`."""
    paper: Paper


class Code(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Stamp and code the compressed rows behind the request; answered with T.4 or T.6 data."""

    rows: int
    coding: Coding
    resolution: str
    """Name of the :class:`sandf.protocols.t4.form.Resolution`."""
    paper: Paper
    header: tuple[str, str, str] = ("", "", "")


class Forget(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Drop *document*; harmless where it is not held."""

    document: str


class WirePage(msgspec.Struct, frozen=True, kw_only=True):
    """A received page; its octets are ``length`` of those behind the request, in the order of the pages."""

    length: int
    rows: int
    coding: Coding
    resolution: str
    paper: Paper
    bad_rows: int = 0
    consecutive_bad_rows: int = 0


class Wrap(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Make a TIFF file of received pages; answered with the file."""

    pages: list[WirePage]
    description: str = ""


Request = Open | Raster | Code | Forget | Wrap


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a request; what does not apply is 0 or empty."""

    pages: int = 0
    rows: int = 0
    discarded: list[str] = []
    """Media types of the parts that cannot be faxed."""
    missing: str = ""
    """Characters that could not be drawn."""
    cause: int = 0
    """Number of the cause where the request failed."""
    detail: str = ""
    fatal: bool = False
    """The worker ends after this answer."""


_requests: msgspec.json.Decoder[Request] = msgspec.json.Decoder(Request)
_replies = msgspec.json.Decoder(Reply)


def framed(value: Request | Reply, octets: bytes = b"") -> tuple[bytes, bytes]:
    """A frame, in two pieces to be written one after the other."""
    text = msgspec.json.encode(value)
    return _LENGTHS.pack(len(text), len(octets)) + text, octets


def as_request(text: bytes) -> Request:
    """The request in a frame's JSON; raises ``msgspec.MsgspecError``."""
    return _requests.decode(text)


def as_reply(text: bytes) -> Reply:
    """The reply in a frame's JSON; raises ``msgspec.MsgspecError``."""
    return _replies.decode(text)


class Frames:
    """Cuts a stream into frames.  Raises ``ValueError`` for lengths that nobody would send."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._held = 0
        self._wanted = _LENGTHS.size

    def feed(self, octets: bytes) -> Iterator[tuple[bytes, bytes]]:
        """The frames that *octets* complete, as (JSON, octets)."""
        self._pieces.append(octets)
        self._held += len(octets)
        while self._held >= self._wanted:
            held = b"".join(self._pieces)
            text, more = _LENGTHS.unpack_from(held)
            if text > LONGEST_JSON or more > LONGEST_OCTETS:
                raise ValueError("a frame from the renderer is too long")
            end = _LENGTHS.size + text + more
            if len(held) < end:
                self._pieces, self._wanted = [held], end
                return
            yield held[_LENGTHS.size : _LENGTHS.size + text], held[_LENGTHS.size + text : end]
            self._pieces, self._held, self._wanted = [held[end:]], len(held) - end, _LENGTHS.size
