"""A fax that is handed in over the control socket, as the mail that the off-ramp knows.

From here on it goes the way of every mail: the recipients are screened as the ESMTP server does, and the message is
committed with a job for each.  Nothing here stores or sends; time and chance are arguments.
"""

from __future__ import annotations

from email.errors import MessageError
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate

from sandf.callcontrol.media import Message
from sandf.protocols.smtp.paths import PathError, mailbox, parse_mailbox
from sandf.protocols.t37.addresses import AddressError, parse_fax_address

from .refusal import Refusal
from .requests import Document, Send

USER_AGENT = "sandf"


def recipients(to: tuple[str, ...], *, domain: str, cover: bool | None) -> tuple[str, ...]:
    """The forward-paths of numbers (``5551234``, ``+1-312-555-3260``) and fax addresses, with or without a domain.

    *cover* is said in each address that says nothing of it.  Raises :class:`Refusal`.
    """
    return tuple(_recipient(text.strip(), domain, cover) for text in to)


def _recipient(text: str, domain: str, cover: bool | None) -> str:
    """One forward-path."""
    local, at, given = text.rpartition("@")
    if not at:
        local, given = text, domain
    try:
        if at:
            found = parse_mailbox(text)
            local, given = found.local_part, found.domain
        local = local if "=" in local else f"FAX={local}"
        address = parse_fax_address(local)
        if cover is not None and address.cover is None:
            local = f"{local.rstrip('/')}/cover={'yes' if cover else 'no'}"
        return str(mailbox(local, given))
    except (AddressError, PathError) as error:
        raise Refusal(f"{text!r} is no fax number or address: {error}.")


def reverse_path(sender: str, *, default: str) -> str:
    """The reverse-path of *sender*, or *default*.  Raises :class:`Refusal`."""
    if not sender.strip():
        return default
    try:
        return str(parse_mailbox(sender.strip()))
    except PathError:
        raise Refusal(f"{sender!r} is no mail address, such as ann@example.com.")


def build_message(
    request: Send, *, reverse_path: str, forward_paths: tuple[str, ...], message_id: str, now: float
) -> Message:
    """The mail of a request.  Raises :class:`Refusal` where it holds nothing, or what no mail can hold."""
    if not request.documents and not request.text.strip():
        raise Refusal("There is nothing to fax: give a file or a text.")
    mail = EmailMessage(policy=SMTP)
    try:
        mail["From"] = reverse_path or "<>"
        mail["To"] = ", ".join(forward_paths[:20])
        mail["Subject"] = " ".join(request.subject.split())
        mail["Date"] = formatdate(now)
        mail["Message-ID"] = f"<{message_id}>"
        mail["User-Agent"] = USER_AGENT
        if request.text.strip():
            mail.set_content(request.text)
        for document in request.documents:
            _attach(mail, document)
        octets = mail.as_bytes()
    except (ValueError, LookupError, MessageError, UnicodeError) as error:
        raise Refusal(f"No mail can be made of this: {error}.")
    return Message(reverse_path=reverse_path, octets=octets)


def _attach(mail: EmailMessage, document: Document) -> None:
    kind, _, subtype = document.media_type.partition("/")
    parameters = {"charset": document.charset} if document.charset else {}
    name = " ".join(document.name.split()) or "document"
    mail.add_attachment(document.content, maintype=kind, subtype=subtype, filename=name, params=parameters)
