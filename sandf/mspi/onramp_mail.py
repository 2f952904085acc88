"""The T.37 message of a received fax, with its envelope and the jobs that deliver it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sandf.callcontrol.media import Document, Message
from sandf.callcontrol.primitives import MailOut
from sandf.protocols.t37.addresses import number_in_address
from sandf.protocols.t37.onramp import AttachedFile, OnRampHeader, ReceivedFax, build_onramp_message
from sandf.store.records import JobKind, NewJob

from .settings import OnRampMailSettings

CALLING = "$s$"


def onramp_message(
    setup: MailOut,
    document: Document,
    settings: OnRampMailSettings,
    *,
    dated: Callable[[float], datetime],
    token: str,
) -> Message:
    """The message for *setup* that carries *document*; *token* is random and never repeats.

    Raises ValueError for a mail address that cannot be written.
    """
    sender = _address(settings.mail_from, setup) or settings.postmaster
    receipt_to = (_address(settings.return_receipt_to, setup) or sender) if setup.mdn else ""
    header = OnRampHeader(
        hostname=settings.hostname,
        sender=sender,
        to=setup.to,
        message_id=f"{token}.{setup.fax_id}@{settings.hostname}",
        subject=settings.subject,
        with_subject=settings.with_subject,
        origin_prefix=settings.origin_prefix,
        receipt_to=receipt_to,
    )
    files = tuple(
        AttachedFile(
            media_type=part.media_type,
            octets=part.octets,
            filename=part.filename or f"{setup.fax_id}.tif",
            parameters=part.parameters,
        )
        for part in document.parts
    )
    octets = build_onramp_message(header, _facts(setup, document, dated), files, f"=_{token}")
    return Message(reverse_path=sender, octets=octets, envid=setup.fax_id, ret="FULL")


def onramp_jobs(setup: MailOut) -> tuple[NewJob, ...]:
    """A job for each address; ``dsn`` of the dial peer becomes NOTIFY."""
    notify = tuple(sorted(word.upper() for word in setup.dsn)) or None
    return tuple(
        NewJob(kind=JobKind.MAIL, address=address, called=setup.called, notify=notify, fax_id=setup.fax_id)
        for address in setup.to
    )


def _address(template: str, setup: MailOut) -> str:
    """*template* with the calling number; empty where the number was all there was before the ``@``."""
    number = number_in_address(setup.calling) or number_in_address(setup.remote_ident)
    address = template.replace(CALLING, number)
    return "" if address.startswith("@") else address


def _facts(setup: MailOut, document: Document, dated: Callable[[float], datetime]) -> ReceivedFax:
    return ReceivedFax(
        fax_id=setup.fax_id,
        received_at=dated(setup.received_at),
        called=setup.called,
        calling=setup.calling,
        remote_ident=setup.remote_ident,
        subaddress=setup.subaddress,
        seconds=setup.seconds,
        bit_rate=setup.bit_rate,
        pages=setup.pages or document.pages,
        damaged_pages=setup.damaged_pages,
        trouble=setup.partial.sentence if setup.partial else "",
        port=setup.port,
        account_id=setup.account_id,
    )
