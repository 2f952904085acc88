"""MIME messages as mailers send them, damaged ones and hostile ones."""

from __future__ import annotations

import base64
from email.message import EmailMessage

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from sandf.protocols.t37.parts import MessageError, MimeLimits, ReadMessage, header_block, read_message

PROFILE = settings(deadline=None, derandomize=True, max_examples=200)
FAXABLE = {"text/plain", "application/pdf", "image/tiff", "image/png", "image/jpeg"}
LIMITS = MimeLimits()
PDF = b"%PDF-1.4\n" + bytes(range(256))


def read(octets: bytes, limits: MimeLimits = LIMITS) -> ReadMessage:
    return read_message(octets, FAXABLE.__contains__, limits)


def read_lines(*lines: str) -> ReadMessage:
    return read("\r\n".join(lines).encode("latin-1"))


def types(message: ReadMessage) -> list[str]:
    return [leaf.media_type for leaf in message.leaves]


class OrdinaryTests(SynchronousTestCase):
    def test_plain_text(self) -> None:
        message = read_lines("From: Ann <ann@example.com>", "Subject: Hello", "Date: today", "", "Text.", "")
        self.assertEqual((message.sender, message.subject, message.date), ("Ann <ann@example.com>", "Hello", "today"))
        self.assertEqual([(leaf.media_type, leaf.octets) for leaf in message.leaves], [("text/plain", b"Text.\r\n")])

    def test_written_by_the_standard_library(self) -> None:
        made = EmailMessage()
        made["From"], made["Subject"] = "Änne <a@example.com>", "Grüße " * 20
        made.set_content("Häuser\n", charset="iso-8859-1", cte="quoted-printable")
        made.add_alternative("<p>Häuser</p>", subtype="html")
        made.add_attachment(PDF, maintype="application", subtype="pdf", filename="Übersicht.pdf")
        made.add_attachment(b"II*\0", maintype="image", subtype="tiff", filename="a.tif")
        for octets in (made.as_bytes(), made.as_bytes().replace(b"\n", b"\r\n")):
            message = read(octets)
            self.assertEqual(types(message), ["text/plain", "application/pdf", "image/tiff"])
            text, pdf, tiff = message.leaves
            self.assertEqual((text.charset, text.octets.strip()), ("iso-8859-1", "Häuser".encode("latin-1")))
            self.assertEqual((pdf.octets, pdf.filename, pdf.attachment), (PDF, "Übersicht.pdf", True))
            self.assertEqual(tiff.octets, b"II*\0")
            self.assertEqual(message.discarded, ())
            self.assertEqual(message.subject, ("Grüße " * 20).strip())
            self.assertEqual(message.sender, "Änne <a@example.com>")

    def test_what_cannot_be_faxed_is_named(self) -> None:
        made = EmailMessage()
        made.set_content("x")
        made.add_attachment(b"PK", maintype="application", subtype="zip", filename="x.zip")
        made.add_attachment(b"RIFF", maintype="audio", subtype="wav")
        self.assertEqual(read(made.as_bytes()).discarded, ("application/zip", "audio/wav"))

    def test_nicknames_and_octet_streams(self) -> None:
        made = EmailMessage()
        made.set_content("x")
        made.add_attachment(b"1", maintype="image", subtype="jpg", filename="a.bin")
        made.add_attachment(b"2", maintype="application", subtype="octet-stream", filename="REPORT.PDF")
        made.add_attachment(b"3", maintype="application", subtype="octet-stream", filename="data.xyz")
        message = read(made.as_bytes())
        self.assertEqual(types(message), ["text/plain", "image/jpeg", "application/pdf"])
        self.assertEqual(message.discarded, ("application/octet-stream",))

    def test_blank_text_makes_no_page(self) -> None:
        made = EmailMessage()
        made.set_content("\n \n")
        made.add_attachment(PDF, maintype="application", subtype="pdf")
        message = read(made.as_bytes())
        self.assertEqual((types(message), message.discarded), (["application/pdf"], ()))

    def test_fax_message_and_parameters(self) -> None:
        message = read_lines(
            'Content-Type: multipart/fax-message; boundary="yradnuoB=_1"',
            "",
            "preamble",
            "--yradnuoB=_1",
            "Content-Type: image/tiff; application=faxbw",
            "Content-Transfer-Encoding: base64",
            "",
            "SUkqAA==",
            "--yradnuoB=_1--",
            "epilogue",
        )
        self.assertEqual(message.leaves[0].octets, b"II*\0")
        self.assertIn(("application", "faxbw"), message.leaves[0].parameters)

    def test_forwarded_message(self) -> None:
        inner = EmailMessage()
        inner.set_content("inner text")
        inner.add_attachment(PDF, maintype="application", subtype="pdf")
        made = EmailMessage()
        made.set_content("see below")
        made.add_attachment(inner)
        self.assertEqual(types(read(made.as_bytes())), ["text/plain", "text/plain", "application/pdf"])

    def test_header_block(self) -> None:
        self.assertEqual(header_block(b"A: b\r\nC: d\r\n\r\nText"), b"A: b\r\nC: d\r\n")
        self.assertEqual(header_block(b"\r\nText"), b"")
        self.assertEqual(header_block(b"A: b\r\n"), b"A: b\r\n")


class AlternativeTests(SynchronousTestCase):
    def test_pdf_inside_the_html_alternative(self) -> None:
        # One mailer puts attachments into the richer alternative: neither text nor document may be lost.
        message = read_lines(
            "Content-Type: multipart/alternative; boundary=a",
            "",
            "--a",
            "",
            "the text",
            "--a",
            "Content-Type: multipart/mixed; boundary=b",
            "",
            "--b",
            "Content-Type: text/html",
            "",
            "<p>the text",
            "--b",
            "Content-Type: application/pdf",
            "Content-Disposition: attachment; filename=x.pdf",
            "",
            "%PDF",
            "--b--",
            "--a--",
        )
        self.assertEqual(types(message), ["text/plain", "application/pdf"])
        self.assertEqual(message.leaves[0].octets, b"the text")

    def test_related_pictures_do_not_win_over_the_text(self) -> None:
        message = read_lines(
            "Content-Type: multipart/alternative; boundary=a",
            "",
            "--a",
            "",
            "the text",
            "--a",
            "Content-Type: multipart/related; boundary=b",
            "",
            "--b",
            "Content-Type: text/html",
            "",
            "<img src=cid:1>",
            "--b",
            "Content-Type: image/png",
            "",
            "logo",
            "--b--",
            "--a--",
        )
        self.assertEqual(types(message), ["text/plain"])

    def test_richest_of_those_that_can_be_faxed(self) -> None:
        lines = ["Content-Type: multipart/alternative; boundary=a", ""]
        for media_type in ("text/plain", "application/pdf", "text/html"):
            lines += ["--a", f"Content-Type: {media_type}", "", "x"]
        self.assertEqual(types(read_lines(*lines, "--a--")), ["application/pdf"])

    def test_only_html(self) -> None:
        message = read_lines(
            "Content-Type: multipart/alternative; boundary=a", "", "--a", "Content-Type: text/html", ""
        )
        self.assertEqual((message.leaves, message.discarded), ((), ("text/html",)))


class DamageTests(SynchronousTestCase):
    def test_boundary_never_closes(self) -> None:
        message = read_lines("Content-Type: multipart/mixed; boundary=a", "", "--a", "", "one", "--a  ", "", "two")
        self.assertEqual([leaf.octets for leaf in message.leaves], [b"one", b"two"])

    def test_boundary_that_begins_like_another(self) -> None:
        message = read_lines("Content-Type: multipart/mixed; boundary=a", "", "--a", "", "--ab", "--a--", "", "x")
        self.assertEqual([leaf.octets for leaf in message.leaves], [b"--ab"])

    def test_no_boundary(self) -> None:
        message = read_lines("Content-Type: multipart/mixed", "", "text")
        self.assertEqual(message.discarded, ("multipart/mixed",))

    def test_no_header_or_no_body(self) -> None:
        self.assertEqual(read(b"\r\nOnly text\r\n").leaves[0].octets, b"Only text\r\n")
        self.assertEqual(read(b"").leaves, ())
        self.assertEqual(read(b"Subject: x").subject, "x")

    def test_raw_eight_bit_header(self) -> None:
        self.assertEqual(read("Subject: Größe\n\nx".encode()).subject, "Größe")
        self.assertEqual(read("Subject: Größe\n\nx".encode("latin-1")).subject, "Größe")

    def test_encoded_words_cannot_smuggle_lines(self) -> None:
        message = read_lines("Subject: =?utf-8?q?a=0D=0ABcc:_x?= =?nonsense?q?b?= =?utf-8?b?*?=", "", "x")
        self.assertNotRegex(message.subject, r"[\r\n]")

    def test_base64(self) -> None:
        whole = base64.encodebytes(PDF)
        for damaged, expected in (
            (whole, PDF),
            (whole.replace(b"\n", b" \r\n!"), PDF),
            (whole.rstrip().rstrip(b"="), PDF),
            (base64.b64encode(b"ab") + base64.b64encode(b"cd"), b"abcd"),
            (b"QUJDR", b"ABC"),
            (b"", b""),
        ):
            message = read(b"Content-Type: application/pdf\nContent-Transfer-Encoding: BASE64\n\n" + damaged)
            self.assertEqual(message.leaves[0].octets, expected)

    def test_unknown_transfer_encoding(self) -> None:
        message = read_lines("Content-Type: application/pdf", "Content-Transfer-Encoding: x-uue", "", "begin")
        self.assertEqual(message.discarded, ("application/octet-stream",))


class LimitTests(SynchronousTestCase):
    def nested(self, depth: int, kind: str) -> bytes:
        text = b""
        for level in range(depth):
            text += f"Content-Type: multipart/{kind}; boundary=b{level}\r\n\r\n--b{level}\r\n".encode()
        return text + b"\r\nx"

    def test_depth(self) -> None:
        self.assertEqual(len(read(self.nested(30, "mixed")).leaves), 1)
        with self.assertRaisesRegex(MessageError, "nested more than 30 deep"):
            read(self.nested(31, "mixed"))
        with self.assertRaisesRegex(MessageError, "nested more than 30 deep"):
            read(self.nested(5000, "alternative"))
        with self.assertRaisesRegex(MessageError, "nested"):
            read(b"Content-Type: message/rfc822\n\n" * 1000)

    def test_nested_alternatives_take_no_time(self) -> None:
        self.assertEqual(len(read(self.nested(30, "alternative")).leaves), 1)

    def test_parts(self) -> None:
        head = b"Content-Type: multipart/mixed; boundary=a\r\n\r\n"
        with self.assertRaisesRegex(MessageError, "more than 1000 parts"):
            read(head + b"--a\r\n\r\nx\r\n" * 1001)

    def test_header(self) -> None:
        with self.assertRaisesRegex(MessageError, "more than 262144 octets"):
            read(b"X: " + b"y" * 300_000)
        with self.assertRaisesRegex(MessageError, "more than 100 octets"):
            read(b"X: " + b"y" * 200 + b"\n\nx", MimeLimits(header_octets=100))

    def test_parameters_without_end(self) -> None:
        self.assertEqual(read(b'Content-Type: text/plain; a="' + b";b=" * 60_000 + b"\n\nx").leaves[0].octets, b"x")

    @PROFILE
    @given(st.binary(max_size=300))
    def test_any_octets(self, octets: bytes) -> None:
        read(octets)
        read(b"Content-Type: multipart/mixed; boundary=a\n\n--a\n" + octets + b"\n--a\n" + octets)
