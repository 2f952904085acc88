"""Files as the control socket takes them: a name, a media type, a charset for text, and base64."""

from __future__ import annotations

import base64
import mimetypes
from pathlib import PurePath

LARGEST = 30 * 1024 * 1024
"""Octets of one request's documents together."""

_BEGINNINGS = (
    (b"%PDF-", "application/pdf"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
)


def describe(name: str, octets: bytes) -> dict[str, str]:
    """A document of the ``send`` request."""
    media_type, charset = media_type_of(name, octets)
    return {
        "name": PurePath(name).name or "document",
        "media_type": media_type,
        "charset": charset,
        "content": base64.b64encode(octets).decode(),
    }


def media_type_of(name: str, octets: bytes) -> tuple[str, str]:
    """The media type, from how the file begins, then from its name, then from whether it is text; and its charset."""
    for beginning, media_type in _BEGINNINGS:
        if octets.startswith(beginning):
            return media_type, ""
    guessed = (mimetypes.guess_type(name)[0] or "").lower()
    if guessed == "text/html" or (guessed and not guessed.startswith("text/") and b"\x00" in octets):
        return guessed, ""
    if b"\x00" in octets:
        return "application/octet-stream", ""
    try:
        octets.decode("utf-8")
    except UnicodeDecodeError:
        return ("text/plain", "iso-8859-1") if guessed.startswith("text/") else (guessed or "text/plain", "iso-8859-1")
    return "text/plain", "utf-8"
