"""Delivery status notifications: how a fax, or a mail that carries one, ended (RFC 3461 to 3464, RFC 6522).

multipart/report in three parts: a text for the person who sent it (what happened, which pages got through, what to
do), ``message/delivery-status`` for programs, and the message or its header.  The per-recipient part also has the
fields of the never-finished fax reporting draft (Start-Date, Finish-Date, Total-Pages, Transmit-Attempts);
programs ignore what they do not know (RFC 3464 2.4).

A report is sent with the null reverse-path and says ``Auto-Submitted: auto-replied`` (RFC 3834 5), so that nobody
answers it.  Whether one is wanted is not decided here, nor are numbers masked: give them masked.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from .fields import LINE_LIMIT, address_spec, ascii_line, one_line, quoted, write_date, write_field, write_text
from .multipart import entity, multipart, text_entity
from .parts import header_block


class Action(enum.Enum):
    """RFC 3464 2.3.3; ``relayed`` and ``expanded`` never happen here."""

    FAILED = "failed"
    DELAYED = "delayed"
    DELIVERED = "delivered"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientReport:
    """How it ended for one recipient."""

    address: str
    """For people: the number, or the mail address."""
    final_recipient: str
    """``phone; +13125553260`` or ``rfc822; user@host`` (RFC 3464 2.3.2)."""
    action: Action
    status: str
    """RFC 3463."""
    what_happened: str
    """A sentence and the next thing to do."""
    detail: str = ""
    """What only this time knows: a server's reply, the types that could not be faxed."""
    reference: str = ""
    """Where the operator finds more."""
    original_recipient: str | None = None
    """ORCPT, ``type;address``."""
    remote_mta: str = ""
    diagnostic: str = ""
    """``x-fax; ...`` or ``smtp; ...`` (RFC 3464 2.3.6)."""
    is_fax: bool = True
    attempts: int = 0
    first_attempt: datetime | None = None
    last_attempt: datetime | None = None
    confirmed_pages: int = 0
    doubtful_page: int = 0
    """The page that was sent whole and never confirmed; 0 for none."""
    total_pages: int = 0
    """0 where it is not known."""
    will_retry_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryReport:
    """One report, to one sender, about one message."""

    hostname: str
    """Reporting-MTA (RFC 3464 2.2.2)."""
    sender: str
    """From: the postmaster of this gateway."""
    to: str
    date: datetime
    arrival: datetime
    message_id: str
    """Of the report, without angle brackets."""
    recipients: tuple[RecipientReport, ...]
    original: bytes = field(repr=False)
    """The message as it came."""
    original_subject: str = ""
    original_date: str = ""
    original_message_id: str = ""
    """With angle brackets, as in its header."""
    envid: str | None = None
    ret: str | None = None
    """RET: ``FULL`` or ``HDRS``; the whole message goes back only with a failure (RFC 3461 4.3)."""


def build_dsn(report: DeliveryReport, boundary: str) -> bytes:
    """The report with CR LF line ends; raises ValueError if ``to`` cannot be written."""
    parts = [
        text_entity(_text(report)),
        entity("message/delivery-status", _delivery_status(report)),
        _returned(report),
    ]
    boundary, body = multipart(parts, boundary)
    encoding = "" if body.isascii() else write_field("Content-Transfer-Encoding", "8bit")
    fields = [
        write_field("From", f"{quoted('Fax gateway')} <{address_spec(report.sender)}>"),
        write_field("To", f"<{address_spec(report.to)}>"),
        write_text("Subject", _subject(report)),
        write_field("Date", write_date(report.date)),
        write_field("Message-ID", f"<{report.message_id}>"),
        write_field("In-Reply-To", report.original_message_id) if report.original_message_id else "",
        write_field("Auto-Submitted", "auto-replied"),
        write_field("MIME-Version", "1.0"),
        write_field("Content-Type", f'multipart/report; report-type=delivery-status; boundary="{boundary}"'),
        encoding,
    ]
    return "".join(fields).encode("ascii") + b"\r\n" + body


_HEADINGS = {
    (True, Action.FAILED): ("Fax not sent", "Your fax to {} was not sent."),
    (True, Action.DELAYED): (
        "Fax delayed",
        "Your fax to {} has not been sent yet. You need do nothing: we go on trying.",
    ),
    (True, Action.DELIVERED): ("Fax sent", "Your fax to {} was sent, and the fax machine confirmed it."),
    (False, Action.FAILED): ("Mail not delivered", "The mail to {} could not be delivered."),
    (False, Action.DELAYED): ("Mail delayed", "The mail to {} has not been delivered yet. We go on trying."),
    (False, Action.DELIVERED): ("Mail delivered", "The mail to {} was delivered."),
}
_IN_PART = ("Fax sent only in part", "Your fax to {} was sent only in part.")
_IN_DOUBT = ("Fax not confirmed", "Your fax to {} was sent, but not confirmed to its end.")


def _heading(recipient: RecipientReport) -> tuple[str, str]:
    """Subject and first sentence."""
    if recipient.is_fax and recipient.action is Action.FAILED:
        if recipient.doubtful_page:
            return _IN_DOUBT
        if recipient.confirmed_pages:
            return _IN_PART
    return _HEADINGS[recipient.is_fax, recipient.action]


def _subject(report: DeliveryReport) -> str:
    first = report.recipients[0]
    what = _heading(first)[0]
    others = len(report.recipients) - 1
    return f"{what}: {first.address}" + (f" and {others} more" if others else "")


def _text(report: DeliveryReport) -> str:
    lines: list[str] = []
    for recipient in report.recipients:
        lines += [*_recipient_text(recipient), ""]
    about = [
        ("Your message:", one_line(report.original_subject) or "(without subject)"),
        ("Dated:", one_line(report.original_date)),
        ("Received here:", f"{report.arrival:%A, %d %B %Y, %H:%M:%S %z}"),
        ("Attached:", "the whole message" if _returns_all(report) else "the header of the message"),
    ]
    lines += _table(about)
    lines += ["", f"This report was made by the fax gateway {report.hostname}. Please do not answer it."]
    return "\r\n".join(lines) + "\r\n"


def _recipient_text(recipient: RecipientReport) -> list[str]:
    heading = _heading(recipient)[1].format(recipient.address)
    rows = [
        ("", "") if recipient.action is Action.DELIVERED else ("What happened:", one_line(recipient.what_happened)),
        ("Details:", one_line(recipient.detail)),
        ("Pages sent:", _pages(recipient) if recipient.is_fax else ""),
        ("Tries:", _tries(recipient)),
        ("Reference:", one_line(recipient.reference)),
        ("Giving up at:", _moment(recipient.will_retry_until)),
    ]
    return [heading, "", *_table(rows)]


def _pages(recipient: RecipientReport) -> str:
    done, total = recipient.confirmed_pages, recipient.total_pages
    if recipient.action is Action.DELIVERED:
        return f"{total or done}, all confirmed" if total or done else ""
    if not done and not recipient.doubtful_page:
        return "none"
    of = f" of {total}" if total else ""
    listed = {0: "none", 1: "page 1", 2: "pages 1 and 2"}.get(done, f"pages 1 to {done}")
    text = f"{done}{of} confirmed ({listed})" if done else "none confirmed"
    if recipient.doubtful_page:
        return f"{text}; page {recipient.doubtful_page} was sent, but not confirmed"
    return f"{text}; the recipient has these, only the rest is missing"


def _tries(recipient: RecipientReport) -> str:
    if not recipient.attempts:
        return "none was made"
    last = _moment(recipient.last_attempt)
    if recipient.attempts == 1:
        return f"1, on {last}" if last else "1"
    tries = f"{recipient.attempts}, the last on {last}" if last else str(recipient.attempts)
    return f"{tries}; we have given up" if recipient.action is Action.FAILED else tries


def _moment(moment: datetime | None) -> str:
    return f"{moment:%A, %d %B %Y, %H:%M:%S %z}" if moment else ""


def _table(rows: Iterable[tuple[str, str]]) -> list[str]:
    """Rows that have a value, wrapped under their column."""
    lines: list[str] = []
    for name, value in rows:
        if not value:
            continue
        line = f"  {name:<15}"
        for word in value.split():
            if len(line) + len(word) > 76 and line.strip():
                lines.append(line.rstrip())
                line = " " * 17
            line += f"{word} "
        lines.append(line.rstrip())
    return lines


def _delivery_status(report: DeliveryReport) -> bytes:
    """RFC 3464 2.1: per-message fields, then a group for each recipient, empty lines between."""
    message = [("Original-Envelope-Id", report.envid or ""), ("Reporting-MTA", f"dns; {report.hostname}")]
    message.append(("Arrival-Date", write_date(report.arrival)))
    groups = [message, *(_recipient_fields(recipient) for recipient in report.recipients)]
    written = ("".join(write_field(name, value) for name, value in group if ascii_line(value)) for group in groups)
    return "\r\n".join(written).encode("ascii")


def _recipient_fields(recipient: RecipientReport) -> list[tuple[str, str]]:
    """RFC 3464 2.3 in its order, then the draft's fields."""

    def date(moment: datetime | None) -> str:
        return write_date(moment) if moment else ""

    last = date(recipient.last_attempt)
    fields = [
        ("Original-Recipient", (recipient.original_recipient or "").replace(";", "; ", 1)),
        ("Final-Recipient", recipient.final_recipient),
        ("Action", recipient.action.value),
        ("Status", recipient.status),
        ("Remote-MTA", f"dns; {recipient.remote_mta}" if recipient.remote_mta else ""),
        ("Diagnostic-Code", recipient.diagnostic),
        ("Last-Attempt-Date", last),
        ("Will-Retry-Until", date(recipient.will_retry_until)),
    ]
    if recipient.is_fax:
        fields += [
            ("Start-Date", date(recipient.first_attempt)),
            ("Finish-Date", last),
            ("Total-Pages", str(recipient.total_pages or recipient.confirmed_pages or "")),
            ("Transmit-Attempts", str(recipient.attempts or "")),
        ]
    return fields


def _returned(report: DeliveryReport) -> bytes:
    """The third part; of what came with lines too long or strange line ends only the header, and that mended."""
    if _returns_all(report):
        return entity("message/rfc822", report.original, encoding=_width(report.original))
    header = header_block(report.original)
    if not _sendable(header):
        header = b"".join(line[:LINE_LIMIT] + b"\r\n" for line in header.splitlines())
    return entity("text/rfc822-headers", header, encoding=_width(header))


def _returns_all(report: DeliveryReport) -> bool:
    failed = any(recipient.action is Action.FAILED for recipient in report.recipients)
    return failed and report.ret == "FULL" and _sendable(report.original)


def _sendable(octets: bytes) -> bool:
    return all(len(line) <= LINE_LIMIT + 2 for line in octets.split(b"\n")) and octets.count(b"\r\n") == octets.count(
        b"\n"
    ) == octets.count(b"\r")


def _width(octets: bytes) -> str:
    return "" if octets.isascii() else "8bit"
