"""Content transfer encodings, undone with the usual damage tolerated (RFC 2045 6).

Base64 that was cut, padded in the middle (parts glued together) or has strange characters between gives what
can be had of it; so does quoted-printable.  An encoding that nobody knows gives None, and the leaf is treated as
application/octet-stream (RFC 2045 6.4).
"""

from __future__ import annotations

import binascii
import re

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
_NOT_BASE64 = bytes(set(range(256)) - set(_ALPHABET))
_PADDING = re.compile(rb"=+")
_IDENTITY = ("", "7bit", "8bit", "binary")


def undo_transfer_encoding(encoding: str, octets: bytes) -> bytes | None:
    """*octets* without the transfer *encoding* (the field's value); None where that is unknown."""
    match encoding.partition(";")[0].strip().strip('"').lower():
        case name if name in _IDENTITY:
            return octets
        case "base64":
            return _base64(octets)
        case "quoted-printable":
            return binascii.a2b_qp(octets)
    return None


def _base64(octets: bytes) -> bytes:
    clean = octets.translate(None, _NOT_BASE64)
    return b"".join(_run(run) for run in _PADDING.split(clean) if run)


def _run(run: bytes) -> bytes:
    """One run of the alphabet; a lone last character holds no octet."""
    if len(run) % 4 == 1:
        run = run[:-1]
    return binascii.a2b_base64(run + b"=" * (-len(run) % 4))
