"""Delivery status notifications, read back with the standard library's parser field by field."""

from __future__ import annotations

import dataclasses
import email
import email.policy
from datetime import UTC, datetime
from email.message import EmailMessage, Message

from twisted.trial.unittest import SynchronousTestCase

from sandf.protocols.t37.dsn import Action, DeliveryReport, RecipientReport, build_dsn

THEN = datetime(2026, 11, 22, 1, 0, 0, tzinfo=UTC)
NOW = datetime(2026, 11, 22, 2, 31, 17, tzinfo=UTC)
ORIGINAL = b"Subject: Hi\r\nFrom: ann@example.com\r\n\r\nText\r\n"
FAILED = RecipientReport(
    address="+13125553260",
    final_recipient="phone; +13125553260",
    action=Action.FAILED,
    status="4.4.2",
    what_happened="The line dropped in the middle of the fax.",
    original_recipient="rfc822;FAX=+1-312-555-3260@fax.example.com",
    diagnostic="x-fax; T30=40 Q850=16",
    attempts=3,
    first_attempt=THEN,
    last_attempt=NOW,
    confirmed_pages=2,
    total_pages=5,
)
REPORT = DeliveryReport(
    hostname="gw.example.com",
    sender="postmaster@gw.example.com",
    to="ann@example.com",
    date=NOW,
    arrival=THEN,
    message_id="n1@gw.example.com",
    recipients=(FAILED,),
    original=ORIGINAL,
    original_subject="Hi",
    original_date="Sun, 22 Nov 2026 00:59:00 +0000",
    original_message_id="<1@example.com>",
    envid="QQ314159",
    ret="FULL",
)


def parse(report: DeliveryReport) -> EmailMessage:
    octets = build_dsn(report, "boundary-2")
    assert octets.count(b"\r\n") == octets.count(b"\n") == octets.count(b"\r")
    message = email.message_from_bytes(octets, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def groups(message: EmailMessage) -> list[Message]:
    status = list(message.iter_parts())[1]
    content = status.get_payload()
    assert isinstance(content, list)
    return [group for group in content if isinstance(group, Message)]


def text(message: EmailMessage) -> str:
    part = next(iter(message.iter_parts()))
    assert isinstance(part, EmailMessage)
    return " ".join(str(part.get_content()).split())


class MachineTests(SynchronousTestCase):
    def test_outer_header(self) -> None:
        message = parse(REPORT)
        self.assertEqual(message.get_content_type(), "multipart/report")
        self.assertEqual(message.get_param("report-type"), "delivery-status")
        self.assertEqual(message["To"], "ann@example.com")
        self.assertEqual(message["From"], "Fax gateway <postmaster@gw.example.com>")
        self.assertEqual(message["Auto-Submitted"], "auto-replied")
        self.assertEqual(message["In-Reply-To"], "<1@example.com>")
        self.assertEqual([], [part for part in message.walk() if part.defects])

    def test_delivery_status(self) -> None:
        per_message, per_recipient = groups(parse(REPORT))
        self.assertEqual(
            per_message.items(),
            [
                ("Original-Envelope-Id", "QQ314159"),
                ("Reporting-MTA", "dns; gw.example.com"),
                ("Arrival-Date", "Sun, 22 Nov 2026 01:00:00 +0000"),
            ],
        )
        self.assertEqual(
            per_recipient.items(),
            [
                ("Original-Recipient", "rfc822; FAX=+1-312-555-3260@fax.example.com"),
                ("Final-Recipient", "phone; +13125553260"),
                ("Action", "failed"),
                ("Status", "4.4.2"),
                ("Diagnostic-Code", "x-fax; T30=40 Q850=16"),
                ("Last-Attempt-Date", "Sun, 22 Nov 2026 02:31:17 +0000"),
                ("Start-Date", "Sun, 22 Nov 2026 01:00:00 +0000"),
                ("Finish-Date", "Sun, 22 Nov 2026 02:31:17 +0000"),
                ("Total-Pages", "5"),
                ("Transmit-Attempts", "3"),
            ],
        )

    def test_mail_recipient(self) -> None:
        mail = RecipientReport(
            address="b@example.com",
            final_recipient="rfc822; b@example.com",
            action=Action.FAILED,
            status="5.1.1",
            what_happened="The mail server refused the message for good.",
            remote_mta="mx.example.com",
            diagnostic="smtp; 550 5.1.1 no such user\r\nX-Evil: yes",
            is_fax=False,
            attempts=1,
            last_attempt=NOW,
        )
        message = parse(dataclasses.replace(REPORT, recipients=(mail, mail), envid=None))
        self.assertEqual(message["Subject"], "Mail not delivered: b@example.com and 1 more")
        _, first, second = groups(message)
        self.assertEqual(first.items(), second.items())
        self.assertEqual(first["Remote-MTA"], "dns; mx.example.com")
        self.assertEqual(first["Diagnostic-Code"], "smtp; 550 5.1.1 no such user X-Evil: yes")
        self.assertNotIn("Total-Pages", first)

    def test_returned_content(self) -> None:
        whole = list(parse(REPORT).iter_parts())[2]
        self.assertEqual(whole.get_content_type(), "message/rfc822")
        self.assertIn(b"Text", whole.as_bytes())
        delivered = dataclasses.replace(FAILED, action=Action.DELIVERED)
        for report in (
            dataclasses.replace(REPORT, ret="HDRS"),
            dataclasses.replace(REPORT, ret=None),
            dataclasses.replace(REPORT, recipients=(delivered,)),
        ):
            header = list(parse(report).iter_parts())[2]
            self.assertEqual(header.get_content_type(), "text/rfc822-headers")
            self.assertIn(b"Subject: Hi", header.as_bytes())
            self.assertNotIn(b"Text", header.as_bytes())

    def test_eight_bit_original(self) -> None:
        message = parse(dataclasses.replace(REPORT, original=b"Subject: x\r\n\r\n\xe4\r\n"))
        self.assertEqual(message["Content-Transfer-Encoding"], "8bit")
        self.assertEqual(list(message.iter_parts())[2]["Content-Transfer-Encoding"], "8bit")

    def test_original_that_holds_the_boundary(self) -> None:
        message = parse(dataclasses.replace(REPORT, original=ORIGINAL + b"--boundary-2\r\n\r\nevil\r\n"))
        self.assertEqual(len(list(message.iter_parts())), 3)

    def test_lines_stay_short(self) -> None:
        long = dataclasses.replace(
            REPORT,
            original=b"Subject: " + b"x" * 3000 + b"\nA: b\r\n\r\n" + b"y" * 2000,
            original_subject="x" * 3000,
            recipients=(dataclasses.replace(FAILED, diagnostic="x-fax; " + "z" * 3000),),
        )
        self.assertLessEqual(max(map(len, build_dsn(long, "b").split(b"\r\n"))), 998)


class ReaderTests(SynchronousTestCase):
    """What the person reads."""

    def test_part_of_the_pages(self) -> None:
        message = parse(REPORT)
        self.assertEqual(message["Subject"], "Fax sent only in part: +13125553260")
        words = text(message)
        self.assertIn("Your fax to +13125553260 was sent only in part.", words)
        self.assertIn("What happened: The line dropped in the middle of the fax.", words)
        self.assertIn("2 of 5 confirmed (pages 1 and 2); the recipient has these, only the rest is missing", words)
        self.assertIn("Tries: 3, the last on Sunday, 22 November 2026, 02:31:17 +0000; we have given up", words)
        self.assertIn("Your message: Hi", words)

    def test_no_page(self) -> None:
        message = parse(dataclasses.replace(REPORT, recipients=(dataclasses.replace(FAILED, confirmed_pages=0),)))
        self.assertEqual(message["Subject"], "Fax not sent: +13125553260")
        self.assertIn("Pages sent: none Tries", text(message))

    def test_last_page_unconfirmed(self) -> None:
        recipient = dataclasses.replace(FAILED, confirmed_pages=4, doubtful_page=5)
        message = parse(dataclasses.replace(REPORT, recipients=(recipient,)))
        self.assertEqual(message["Subject"], "Fax not confirmed: +13125553260")
        self.assertIn("4 of 5 confirmed (pages 1 to 4); page 5 was sent, but not confirmed", text(message))

    def test_delivered(self) -> None:
        message = parse(dataclasses.replace(REPORT, recipients=(dataclasses.replace(FAILED, action=Action.DELIVERED),)))
        self.assertEqual(message["Subject"], "Fax sent: +13125553260")
        self.assertIn("Pages sent: 5, all confirmed", text(message))
        self.assertNotIn("What happened", text(message))

    def test_delayed(self) -> None:
        recipient = dataclasses.replace(FAILED, action=Action.DELAYED, will_retry_until=NOW)
        message = parse(dataclasses.replace(REPORT, recipients=(recipient,)))
        self.assertIn("You need do nothing: we go on trying.", text(message))
        self.assertIn("Giving up at: Sunday, 22 November 2026", text(message))
        self.assertEqual(groups(message)[1]["Will-Retry-Until"], "Sun, 22 Nov 2026 02:31:17 +0000")
