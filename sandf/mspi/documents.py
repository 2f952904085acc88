"""Stored messages as documents for DMSP."""

from __future__ import annotations

from collections.abc import Callable

from sandf import causes
from sandf.callcontrol.media import Document, Part
from sandf.causes import Failure
from sandf.protocols.t37.parts import Leaf, MessageError, ReadMessage, read_message

FAXABLE = frozenset({"text/plain", "application/pdf", "image/tiff", "image/png", "image/jpeg"})
"""What DMSP makes pages of, in the names that :mod:`sandf.protocols.t37.parts` gives."""


def document_of(octets: bytes, faxable: Callable[[str], bool] = FAXABLE.__contains__) -> Document:
    """The document in a message.

    Raises :class:`Failure`: UNREADABLE for a message beyond the limits of MIME, UNSUPPORTED_TYPE where all it
    holds are other types, NOTHING_TO_SEND where it holds nothing.
    """
    try:
        read = read_message(octets, faxable)
    except MessageError as error:
        raise Failure(causes.UNREADABLE, str(error))
    if not read.leaves:
        if read.discarded:
            raise Failure(causes.UNSUPPORTED_TYPE, ", ".join(dict.fromkeys(read.discarded)))
        raise Failure(causes.NOTHING_TO_SEND)
    return _document(read)


def _document(read: ReadMessage) -> Document:
    return Document(
        parts=tuple(_part(leaf) for leaf in read.leaves),
        sender=read.sender,
        subject=read.subject,
        date=read.date,
        headers=read.headers,
        discarded=read.discarded,
    )


def _part(leaf: Leaf) -> Part:
    return Part(
        media_type=leaf.media_type,
        octets=leaf.octets,
        charset=leaf.charset,
        filename=leaf.filename,
        parameters=leaf.parameters,
    )
