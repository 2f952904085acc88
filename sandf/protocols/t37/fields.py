"""Header fields: unfolded and decoded when read, safe and folded when written (RFC 5322 2.2, RFC 2047).

Whatever is written stays one field: control characters, CR and LF among them, become spaces before anything
else happens, so a subject, a number or an ident from the line can never begin another field or the body.
Display values are decoded generously: raw UTF-8, else ISO 8859-1, and encoded words where they can be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from email.errors import HeaderParseError
from email.header import Header, decode_header
from email.utils import format_datetime

FOLD_AT = 76
"""Preferred octets of a line (RFC 5322 2.1.1)."""
LINE_LIMIT = 998
"""The most there may be, without CR LF (RFC 5322 2.1.1)."""

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_LINE_END = re.compile(r"\r\n|\r|\n")
_NOT_ASCII = re.compile(r"[^ -~]")
_FIELD = re.compile(r"([!-9;-~]+)[ \t]*:(.*)", re.DOTALL)
_ADDRESS = re.compile(r'(?:[!#-;=?-~]|"(?:[^"\\\x00-\x1f\x7f]|\\[ -~])*")+', re.ASCII)


def one_line(text: str) -> str:
    """*text* with each run of control characters made one space."""
    return _CONTROLS.sub(" ", text).strip()


def ascii_line(text: str) -> str:
    """:func:`one_line`, and ``?`` for what is not US-ASCII: for structured fields."""
    return _NOT_ASCII.sub("?", one_line(text))


def address_spec(address: str) -> str:
    """*address* as it may stand between angle brackets; raises ValueError where it may not."""
    if not _ADDRESS.fullmatch(address):
        raise ValueError(f"{address!r} cannot be written as a mail address")
    return address


def quoted(text: str) -> str:
    """*text* as a quoted-string (RFC 5322 3.2.4)."""
    return '"' + re.sub(r'(["\\])', r"\\\1", ascii_line(text)) + '"'


def write_field(name: str, value: str) -> str:
    """A structured field, US-ASCII, folded at spaces, with CR LF."""
    return _fold(f"{name}: {ascii_line(value)}") + "\r\n"


def write_text(name: str, value: str) -> str:
    """An unstructured field (Subject); what is not US-ASCII goes into encoded words (RFC 2047)."""
    clean = one_line(value)
    if clean.isascii():
        return write_field(name, clean)
    encoded = Header(clean, "utf-8", header_name=name, maxlinelen=FOLD_AT).encode(linesep="\r\n")
    return f"{name}: {encoded}\r\n"


def write_addresses(name: str, addresses: Iterable[str]) -> str:
    """A field of addresses, one a line; raises ValueError for one that cannot be written."""
    return f"{name}: " + ",\r\n ".join(address_spec(address) for address in addresses) + "\r\n"


def write_date(moment: datetime) -> str:
    """date-time (RFC 5322 3.3); *moment* knows its zone."""
    return format_datetime(moment)


def _fold(line: str) -> str:
    """Fold at spaces; a word over the limit is cut, since no receiver need take it."""
    lines: list[str] = []
    for word in line.split(" "):
        while len(word) > LINE_LIMIT - 1:
            lines.append(word[: LINE_LIMIT - 1])
            word = word[LINE_LIMIT - 1 :]
        if lines and len(lines[-1]) + 1 + len(word) <= FOLD_AT:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    # A line of spaces only would be no folding (RFC 5322 3.2.2).
    return "\r\n ".join(part for part in lines if part.strip())


def read_fields(block: bytes) -> list[tuple[str, str]]:
    """The fields of a header *block* in order, unfolded, as characters; lines that are no field are skipped."""
    fields: list[tuple[str, list[str]]] = []
    for line in _LINE_END.split(block.decode("utf-8" if _is_utf8(block) else "latin-1")):
        if line[:1] in " \t" and fields:
            fields[-1][1].append(line)
            continue
        match = _FIELD.fullmatch(line)
        if match is not None:
            fields.append((match[1], [match[2]]))
    return [(name, "".join(lines).strip()) for name, lines in fields]


def display(value: str) -> str:
    """*value* for people: encoded words decoded as well as they can be, one line."""
    try:
        pieces = decode_header(value)
    except (HeaderParseError, ValueError):
        return one_line(value)
    return one_line("".join(_decoded(piece, charset) for piece, charset in pieces))


def _decoded(piece: bytes | str, charset: str | None) -> str:
    if isinstance(piece, str):
        return piece
    try:
        return piece.decode(charset or "raw-unicode-escape", "replace")
    except LookupError:
        return piece.decode("latin-1")


def _is_utf8(octets: bytes) -> bool:
    try:
        octets.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
