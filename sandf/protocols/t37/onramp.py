"""The on-ramp message: a received fax as mail (T.37; RFC 3965 2.2).

multipart/mixed: a summary that a person can read at a glance, then the document, as a rule a multi-page TIFF
(``image/tiff; application=faxbw``, RFC 3302).  What a line or a far machine said (numbers, idents) stands in fields
and text only after it was cleaned, so it cannot add a field or an address.

It does not choose addresses or file names and does not make the TIFF.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from datetime import datetime

from .fields import address_spec, ascii_line, one_line, quoted, write_addresses, write_date, write_field, write_text
from .multipart import attachment, multipart, text_entity


class WithSubject(enum.Enum):
    """``with_subject``: the numbers that are added to the subject."""

    NONE = ""
    CALLED = "$d$"
    CALLING = "$s$"
    BOTH = "both"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedFax:
    """What is known of the fax; empty or 0 where nothing is."""

    fax_id: str
    received_at: datetime
    """With its zone."""
    called: str
    calling: str
    remote_ident: str = ""
    subaddress: str = ""
    """SUB (T.33): whom at the called number it is for."""
    seconds: float = 0.0
    bit_rate: int = 0
    """bit/s"""
    pages: int = 0
    damaged_pages: tuple[int, ...] = ()
    trouble: str = ""
    """Why the fax is not complete, a sentence; empty when it is."""
    port: str = ""
    account_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachedFile:
    """A file of the fax."""

    media_type: str
    octets: bytes = field(repr=False)
    filename: str
    parameters: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OnRampHeader:
    """The header of the message, as configured; RFC 5322 names."""

    hostname: str
    sender: str
    """From: a mail address."""
    to: tuple[str, ...]
    message_id: str
    """Without angle brackets."""
    subject: str = ""
    with_subject: WithSubject = WithSubject.NONE
    origin_prefix: str = ""
    """Text before the port in the comment of Received."""
    receipt_to: str = ""
    """Disposition-Notification-To (RFC 8098 2.1); empty for none."""
    mailer: str = "sandf"


def build_onramp_message(
    header: OnRampHeader, fax: ReceivedFax, files: tuple[AttachedFile, ...], boundary: str
) -> bytes:
    """The message with CR LF line ends; raises ValueError for an address that cannot be written."""
    parts = [text_entity(summary(fax, tuple(file.filename for file in files)))]
    parts += [attachment(_content_type(file), file.octets, file.filename) for file in files]
    boundary, body = multipart(parts, boundary)
    return (_header(header, fax) + _mime(boundary)).encode("ascii") + b"\r\n" + body


def subject_line(header: OnRampHeader, fax: ReceivedFax) -> str:
    """Subject: the configured text and numbers; ``Fax from ...`` where nothing is configured."""
    pieces = [header.subject] if header.subject else ["Fax"]
    wants = header.with_subject
    if wants in (WithSubject.CALLED, WithSubject.BOTH) and fax.called:
        pieces.append(f"to {fax.called}")
    unsaid = not header.subject and wants is WithSubject.NONE
    if (unsaid or wants in (WithSubject.CALLING, WithSubject.BOTH)) and _caller(fax):
        pieces.append(f"from {_caller(fax)}")
    subject = one_line(" ".join(pieces))
    return f"{subject} (incomplete)" if fax.trouble else subject


def summary(fax: ReceivedFax, filenames: tuple[str, ...]) -> str:
    """What the first part says."""
    rows = [
        ("From", _from(fax)),
        ("To", f"{fax.called}, subaddress {fax.subaddress}" if fax.subaddress else fax.called),
        ("Received", f"{fax.received_at:%A, %d %B %Y, %H:%M:%S %z}"),
        ("Pages", str(fax.pages)),
        ("Duration", _duration(fax)),
        ("Port", fax.port),
        ("Account", fax.account_id),
        ("Reference", fax.fax_id),
    ]
    text = ["A fax has arrived, but not all of it." if fax.trouble else "A fax has arrived.", ""]
    text += [f"{name + ':':<11}{one_line(value)}" for name, value in rows if value]
    text.append("")
    if fax.trouble:
        text += ["The fax is not complete. What went wrong:", f"  {one_line(fax.trouble)}"]
        text += ["Only the pages that came are attached. Ask the sender for the rest.", ""]
    if fax.damaged_pages:
        text += [f"{_damage(fax.damaged_pages)}", ""]
    text.append(f"Attached: {', '.join(one_line(name) for name in filenames)}")
    return "\r\n".join(text) + "\r\n"


def _header(header: OnRampHeader, fax: ReceivedFax) -> str:
    date = write_date(fax.received_at)
    caller = ascii_line(_caller(fax))
    mailbox = f"<{address_spec(header.sender)}>"
    fields = [
        write_field(
            "Received", f"{_origin(header, fax)} by {header.hostname} ({header.mailer}) id {fax.fax_id}; {date}"
        ),
        write_field("From", f"{quoted(f'Fax {caller}')} {mailbox}" if caller else mailbox),
        write_addresses("To", header.to),
        write_text("Subject", subject_line(header, fax)),
        write_field("Date", date),
        write_field("Message-ID", f"<{header.message_id}>"),
        write_field("X-Mailer", header.mailer),
    ]
    if header.receipt_to:
        fields.append(write_addresses("Disposition-Notification-To", (header.receipt_to,)))
    facts = (
        ("X-Account-Id", fax.account_id),
        ("X-Fax-Called", fax.called),
        ("X-Fax-Calling", fax.calling),
        ("X-Fax-Pages", str(fax.pages)),
        ("X-Fax-Duration", f"{fax.seconds:.0f}"),
        ("X-Fax-Subaddress", fax.subaddress),
        ("X-Fax-Speed", str(fax.bit_rate or "")),
        ("X-Fax-Complete", "no" if fax.trouble else "yes"),
    )
    if one_line(fax.remote_ident):
        fields.append(write_text("X-Fax-Remote-Ident", fax.remote_ident))
    return "".join(fields) + "".join(write_field(name, value) for name, value in facts if ascii_line(value))


def _mime(boundary: str) -> str:
    return write_field("MIME-Version", "1.0") + write_field("Content-Type", f'multipart/mixed; boundary="{boundary}"')


def _origin(header: OnRampHeader, fax: ReceivedFax) -> str:
    """The comment that tells where the fax came in; comments nest by parentheses, so none may come from outside."""
    words = [ascii_line(header.origin_prefix), f"port {ascii_line(fax.port)}" if fax.port else ""]
    text = ", ".join(word for word in words if word).translate({ord(char): None for char in "()\\"})
    return f"({text})" if text else ""


def _caller(fax: ReceivedFax) -> str:
    return one_line(fax.calling) or one_line(fax.remote_ident)


def _from(fax: ReceivedFax) -> str:
    """Who sent it: the telephone network's word first, then the machine's own."""
    calling, ident = one_line(fax.calling), one_line(fax.remote_ident)
    if calling and ident:
        return f'{calling} (the sending machine calls itself "{ident}")'
    if ident:
        return f'number withheld; the sending machine calls itself "{ident}"'
    return calling or "number withheld"


def _duration(fax: ReceivedFax) -> str:
    if fax.seconds <= 0:
        return ""
    minutes, seconds = divmod(round(fax.seconds), 60)
    length = f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
    return f"{length}, at {fax.bit_rate} bit/s" if fax.bit_rate else length


def _damage(pages: tuple[int, ...]) -> str:
    listed = [str(page) for page in pages]
    if len(listed) == 1:
        return f"Page {listed[0]} was damaged on the line; some of it may be unreadable."
    return f"Pages {', '.join(listed[:-1])} and {listed[-1]} were damaged on the line; some of them may be unreadable."


def _content_type(file: AttachedFile) -> str:
    parameters = "".join(f"; {name}={value}" for name, value in file.parameters)
    return f"{file.media_type}{parameters}"
