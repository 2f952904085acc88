"""Writing MIME entities: texts, attachments, multiparts (RFC 2045, 2046), always CR LF and short lines.

The boundary is an argument; should it stand in a part by accident or malice it is lengthened until it does not.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterable
from email.utils import encode_rfc2231

from .fields import LINE_LIMIT, one_line, quoted, write_field

_LINE_END = re.compile(r"\r\n|\r|\n")
_BASE64_LINE = 57
"""Octets in a base64 line of 76 characters (RFC 2045 6.8)."""


def text_entity(text: str) -> bytes:
    """A text/plain entity; UTF-8 in quoted-printable where US-ASCII will not do (RFC 2045 6.7)."""
    lines = _LINE_END.split(text)
    body = "\r\n".join(lines).encode("utf-8")
    if text.isascii() and all(len(line) <= LINE_LIMIT for line in lines):
        charset, encoding = "us-ascii", "7bit"
    else:
        charset, encoding = "utf-8", "quoted-printable"
        body = b"\r\n".join(
            binascii.b2a_qp(line.encode("utf-8"), istext=True).replace(b"=\n", b"=\r\n") for line in lines
        )
    return entity(f"text/plain; charset={charset}", body, encoding=encoding)


def entity(content_type: str, body: bytes, *, encoding: str = "", disposition: str = "") -> bytes:
    """Header and *body* of an entity; *body* has CR LF line ends."""
    header = write_field("Content-Type", content_type)
    if encoding:
        header += write_field("Content-Transfer-Encoding", encoding)
    if disposition:
        header += write_field("Content-Disposition", disposition)
    return header.encode("ascii") + b"\r\n" + body


def attachment(content_type: str, octets: bytes, filename: str) -> bytes:
    """*octets* in base64, to be kept under *filename* (RFC 2183)."""
    lines = [
        binascii.b2a_base64(octets[at : at + _BASE64_LINE], newline=False) for at in range(0, len(octets), _BASE64_LINE)
    ]
    return entity(
        f"{content_type}; {_parameter('name', filename)}",
        b"\r\n".join(lines) + b"\r\n",
        encoding="base64",
        disposition=f"attachment; {_parameter('filename', filename)}",
    )


def multipart(parts: Iterable[bytes], boundary: str) -> tuple[str, bytes]:
    """The boundary in use and the body that holds *parts* (RFC 2046 5.1.1)."""
    entities = list(parts)
    while any(boundary.encode("ascii") in part for part in entities):
        boundary += "x"
    delimiter = f"--{boundary}".encode("ascii")
    body = b"".join(delimiter + b"\r\n" + part + b"\r\n" for part in entities)
    return boundary, body + delimiter + b"--\r\n"


def _parameter(name: str, value: str) -> str:
    """``name="value"``, or in the form of RFC 2231 where it is not US-ASCII."""
    clean = one_line(value)
    if clean.isascii():
        return f"{name}={quoted(clean)}"
    return f"{name}*={encode_rfc2231(clean, 'utf-8')}"
