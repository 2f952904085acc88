"""The on-ramp message, read back with the standard library's parser, and attacked from the line."""

from __future__ import annotations

import dataclasses
import email
import email.policy
from datetime import UTC, datetime
from email.message import EmailMessage

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from sandf.protocols.t37.onramp import AttachedFile, OnRampHeader, ReceivedFax, WithSubject, build_onramp_message

PROFILE = settings(deadline=None, derandomize=True, max_examples=150)
TIFF = b"II*\0" + bytes(range(256)) * 40
FILE = AttachedFile(
    media_type="image/tiff", octets=TIFF, filename="fax_20261122.tif", parameters=(("application", "faxbw"),)
)
HEADER = OnRampHeader(
    hostname="gw.example.com",
    sender="4085551212@gw.example.com",
    to=("5710812@mail.example.com", "b@example.com"),
    message_id="1.f12@gw.example.com",
    subject="Fax",
    with_subject=WithSubject.BOTH,
    origin_prefix="Santa Cruz",
    receipt_to="receipts@gw.example.com",
)
FAX = ReceivedFax(
    fax_id="f12",
    received_at=datetime(2026, 11, 22, 2, 31, 17, tzinfo=UTC),
    called="5710812",
    calling="4085551212",
    remote_ident="+1 408 555 1212",
    seconds=72.4,
    bit_rate=14400,
    pages=3,
    port="trunk",
    account_id="4711",
)


def build(header: OnRampHeader = HEADER, fax: ReceivedFax = FAX) -> bytes:
    return build_onramp_message(header, fax, (FILE,), "boundary-1")


def parse(octets: bytes) -> EmailMessage:
    message = email.message_from_bytes(octets, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def text_of(message: EmailMessage) -> str:
    (text, *_) = message.iter_parts()
    assert isinstance(text, EmailMessage)
    return str(text.get_content())


class ReadBackTests(SynchronousTestCase):
    def test_header(self) -> None:
        message = parse(build())
        for name, value in (
            ("From", "Fax 4085551212 <4085551212@gw.example.com>"),
            ("To", "5710812@mail.example.com, b@example.com"),
            ("Subject", "Fax to 5710812 from 4085551212"),
            ("Date", "Sun, 22 Nov 2026 02:31:17 +0000"),
            ("Message-ID", "<1.f12@gw.example.com>"),
            ("X-Mailer", "sandf"),
            ("X-Account-Id", "4711"),
            ("Disposition-Notification-To", "receipts@gw.example.com"),
            ("MIME-Version", "1.0"),
            ("X-Fax-Remote-Ident", "+1 408 555 1212"),
            ("X-Fax-Complete", "yes"),
            (
                "Received",
                "(Santa Cruz, port trunk) by gw.example.com (sandf) id f12; Sun, 22 Nov 2026 02:31:17 +0000",
            ),
        ):
            self.assertEqual(str(message[name]), value, name)
        self.assertEqual(message.get_content_type(), "multipart/mixed")
        self.assertEqual([], [part for part in message.walk() if part.defects])

    def test_document(self) -> None:
        _, document = parse(build()).iter_parts()
        assert isinstance(document, EmailMessage)
        self.assertEqual(document.get_content_type(), "image/tiff")
        self.assertEqual(document.get_param("application"), "faxbw")
        self.assertEqual(document["Content-Transfer-Encoding"], "base64")
        self.assertEqual((document.get_filename(), document.get_content_disposition()), (FILE.filename, "attachment"))
        self.assertEqual(document.get_content(), TIFF)

    def test_summary_of_a_good_fax(self) -> None:
        text = text_of(parse(build()))
        for line in (
            "A fax has arrived.",
            'From:      4085551212 (the sending machine calls itself "+1 408 555 1212")',
            "To:        5710812",
            "Received:  Sunday, 22 November 2026, 02:31:17 +0000",
            "Pages:     3",
            "Duration:  1 min 12 s, at 14400 bit/s",
            "Attached: fax_20261122.tif",
        ):
            self.assertIn(line, text.splitlines())
        self.assertNotIn("not complete", text)

    def test_summary_of_a_partial_and_damaged_fax(self) -> None:
        fax = dataclasses.replace(FAX, trouble="The line dropped.", damaged_pages=(1, 3))
        message = parse(build(fax=fax))
        self.assertEqual(message["Subject"], "Fax to 5710812 from 4085551212 (incomplete)")
        self.assertEqual(message["X-Fax-Complete"], "no")
        text = text_of(message)
        self.assertIn("A fax has arrived, but not all of it.", text)
        self.assertIn("  The line dropped.", text)
        self.assertIn("Ask the sender for the rest.", text)
        self.assertIn("Pages 1 and 3 were damaged on the line", text)
        self.assertIn("Page 2 was damaged", text_of(parse(build(fax=dataclasses.replace(FAX, damaged_pages=(2,))))))

    def test_subjects(self) -> None:
        for subject, wants, expected in (
            ("", WithSubject.NONE, "Fax from 4085551212"),
            ("Hello", WithSubject.NONE, "Hello"),
            ("Hello", WithSubject.CALLED, "Hello to 5710812"),
            ("Hello", WithSubject.CALLING, "Hello from 4085551212"),
            ("", WithSubject.BOTH, "Fax to 5710812 from 4085551212"),
            ("Télécopie " * 12, WithSubject.CALLED, "Télécopie " * 12 + " to 5710812"),
        ):
            header = dataclasses.replace(HEADER, subject=subject, with_subject=wants)
            self.assertEqual(" ".join(str(parse(build(header))["Subject"]).split()), " ".join(expected.split()))

    def test_unknown_caller(self) -> None:
        message = parse(build(fax=dataclasses.replace(FAX, calling="", remote_ident="")))
        self.assertEqual(message["From"], "4085551212@gw.example.com")
        self.assertEqual(message["Subject"], "Fax to 5710812")
        self.assertIn("From:      number withheld", text_of(message))


class InjectionTests(SynchronousTestCase):
    """Nothing that came from the line or a dial peer may add a field, an address or a part."""

    def assert_harmless(self, octets: bytes) -> None:
        head, _, _ = octets.partition(b"\r\n\r\n")
        plain = build().partition(b"\r\n\r\n")[0]

        def names(block: bytes) -> set[bytes]:
            return {line.partition(b":")[0] for line in block.split(b"\r\n") if line[:1] not in (b" ", b"\t")}

        self.assertLessEqual(names(head), names(plain))
        self.assertEqual(octets.count(b"\n"), octets.count(b"\r\n"))
        self.assertEqual(octets.count(b"\r"), octets.count(b"\r\n"))
        self.assertLessEqual(max(map(len, octets.split(b"\r\n"))), 998)
        message = parse(octets)
        self.assertEqual(message["To"], "5710812@mail.example.com, b@example.com")
        self.assertEqual(len(list(message.iter_parts())), 2)
        self.assertIn("4085551212@gw.example.com", message["From"].addresses[-1].addr_spec)
        self.assertEqual(len(message["From"].addresses), 1)

    def attack(self, evil: str) -> bytes:
        fax = dataclasses.replace(
            FAX, calling=evil, called=evil, remote_ident=evil, account_id=evil, port=evil, trouble=evil, fax_id="f1"
        )
        return build(dataclasses.replace(HEADER, subject=evil, origin_prefix=evil), fax)

    def test_known_attacks(self) -> None:
        for evil in (
            "1\r\nBcc: x@y",
            "1\nBcc: x@y",
            "1\r\n\r\n--boundary-1\r\n\r\nx",
            "1\r\n.\r\nMAIL FROM:<x>",
            '"@evil, <x@y>',
            "a)\r\n b (c\\",
            "\u2028Bcc: x@y\x85\x0b\x0c",
            "x" * 5000,
            "é\r\nBcc: x" * 400,
        ):
            self.assert_harmless(self.attack(evil))

    @PROFILE
    @given(st.text(max_size=60))
    def test_any_text(self, evil: str) -> None:
        try:
            evil.encode("utf-8")
        except UnicodeEncodeError:
            return
        self.assert_harmless(self.attack(evil))

    def test_addresses_are_refused(self) -> None:
        for evil in ("a@b\r\nBcc: c@d", "a@b>, <c@d", "a b@c", "", "a@b, c@d"):
            for header in (
                dataclasses.replace(HEADER, to=(evil,)),
                dataclasses.replace(HEADER, sender=evil),
            ):
                with self.assertRaises(ValueError):
                    build(header)
