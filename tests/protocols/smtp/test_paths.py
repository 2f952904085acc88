"""Mailboxes, paths, xtext, parameters: good and bad vectors, round trips."""

from __future__ import annotations

from ipaddress import ip_address

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from sandf.protocols.smtp.parameters import (
    Notify,
    OriginalRecipient,
    ParameterError,
    RecipientParameters,
    Return,
    SenderParameters,
    read_recipient_parameters,
    read_sender_parameters,
    write_dsn_recipient_parameters,
    write_dsn_sender_parameters,
)
from sandf.protocols.smtp.paths import (
    Mailbox,
    PathError,
    decode_xtext,
    encode_xtext,
    is_client_name,
    mailbox,
    parse_forward_path,
    parse_mailbox,
    parse_reverse_path,
)
from sandf.protocols.smtp.replies import Reply

QUICK = settings(deadline=None, derandomize=True, max_examples=200)
PRINTABLE = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60)


class Paths(SynchronousTestCase):
    """RFC 5321 4.1.2."""

    def test_good(self) -> None:
        fax = "FAX=+1-312-555-3260/T33S=12/cover=no"
        for text, local, domain in (
            ("<a@b.example>", "a", "b.example"),
            (f"<{fax}@fax.example.com>", fax, "fax.example.com"),
            (f'<"{fax}"@fax.example.com>', fax, "fax.example.com"),
            ('<"FAX=+1 312 555"@h>', "FAX=+1 312 555", "h"),
            (r'<"a\"b\\c@d"@h>', r'a"b\c@d', "h"),
            ('<""@h>', "", "h"),
            ("<a.b.c@[192.0.2.1]>", "a.b.c", "[192.0.2.1]"),
            ("<a@[IPv6:2001:db8::1]>", "a", "[IPv6:2001:db8::1]"),
            ("<a@[tag:anything]>", "a", "[tag:anything]"),
            ("<@relay.example,@other.example:a@b.example>", "a", "b.example"),
            ("<a@my_host>", "a", "my_host"),
            ("<a@b.example.>", "a", "b.example."),
            ("<!#$%&'*+/=?^_`{|}~-@b>", "!#$%&'*+/=?^_`{|}~-", "b"),
        ):
            path, rest = parse_forward_path(text + " X")
            self.assertEqual((path.local_part, path.domain, rest), (local, domain, " X"), text)

    def test_as_given_is_kept(self) -> None:
        path, _ = parse_forward_path('<"FAX=+1/cover=no"@h.example>')
        self.assertEqual(path.local_as_given, '"FAX=+1/cover=no"')
        self.assertEqual(str(path), '"FAX=+1/cover=no"@h.example')

    def test_special(self) -> None:
        self.assertEqual(parse_reverse_path("<> SIZE=1"), (None, " SIZE=1"))
        self.assertEqual(parse_forward_path("<PostMaster>"), (Mailbox("PostMaster", "", "PostMaster"), ""))
        self.assertRaises(PathError, parse_reverse_path, "<postmaster>")
        self.assertRaises(PathError, parse_forward_path, "<>")

    def test_literals(self) -> None:
        self.assertEqual(parse_mailbox("a@[192.0.2.1]").address, ip_address("192.0.2.1"))
        self.assertEqual(parse_mailbox("a@[ipv6:::1]").address, ip_address("::1"))
        self.assertIsNone(parse_mailbox("a@b.example").address)

    def test_bad(self) -> None:
        for text in (
            "",
            "<",
            "<a>",
            "<a@>",
            "<@b>",
            "<a@b",
            "a@b",
            "<a b@c>",
            "<.a@b>",
            "<a.@b>",
            "<a..b@c>",
            "<a@-b>",
            "<a@b->",
            "<a@b..c>",
            "<a@[300.1.1.1]>",
            "<a@[IPv6:zz]>",
            "<a@[192.0.2.1>",
            '<"a@b>',
            '<"a"b@c>',
            "<a@b\r\n>",
            "<\xe4@b>",
            "<a@b\0>",
            "<" + "a" * 254 + "@b>",
        ):
            self.assertRaises(PathError, parse_forward_path, text)

    def test_client_names(self) -> None:
        for name in ("gw.example.com", "[192.0.2.1]", "[IPv6:2001:db8::1]"):
            self.assertTrue(is_client_name(name), name)
        for name in ("", "a b", "a\r\nMAIL", "[1.2.3]", "xtag:valuex", "-a"):
            self.assertFalse(is_client_name(name), name)

    @QUICK
    @given(PRINTABLE)
    def test_any_local_part(self, local: str) -> None:
        made = mailbox(local, "h.example")
        self.assertEqual(made.local_part, local)
        self.assertEqual(parse_forward_path(f"<{made}>"), (made, ""))

    @QUICK
    @given(st.text(max_size=80))
    def test_arbitrary_text(self, text: str) -> None:
        try:
            path, _ = parse_forward_path("<" + text)
        except PathError:
            return
        self.assertEqual(str(path), str(parse_forward_path(f"<{path}>")[0]))


class Xtext(SynchronousTestCase):
    """RFC 3461 4."""

    def test_vectors(self) -> None:
        self.assertEqual(encode_xtext("a+b=c d"), "a+2Bb+3Dc+20d")
        self.assertEqual(decode_xtext("a+2Bb+3Dc+20d"), "a+b=c d")
        for bad in ("a+2", "a+2b", "a=b", "a b", "+0D+0A", "+FF", "\xe4"):
            self.assertRaises(PathError, decode_xtext, bad)

    @QUICK
    @given(st.text(max_size=60).filter(str.isprintable))
    def test_round_trip(self, text: str) -> None:
        self.assertEqual(decode_xtext(encode_xtext(text)), text)


class Parameters(SynchronousTestCase):
    """What is written is read back."""

    def test_dsn_round_trip(self) -> None:
        recipient = RecipientParameters(
            notify=frozenset({Notify.SUCCESS, Notify.DELAY}),
            original_recipient=OriginalRecipient("rfc822", "FAX=+1/x=y@h.example"),
        )
        written = write_dsn_recipient_parameters(recipient)
        self.assertEqual(written, " NOTIFY=SUCCESS,DELAY ORCPT=rfc822;FAX+3D+2B1/x+3Dy@h.example")
        self.assertEqual(read_recipient_parameters(written), recipient)
        sender = SenderParameters(ret=Return.FULL, envid="id 1+1=2")
        self.assertEqual(read_sender_parameters(write_dsn_sender_parameters(sender)), sender)

    def test_nothing_injected(self) -> None:
        sender = SenderParameters(envid="x\r\nRCPT TO:<evil@x>")
        self.assertNotIn("\r", write_dsn_sender_parameters(sender))
        for bad in (
            RecipientParameters(notify=frozenset({Notify.NEVER, Notify.DELAY})),
            RecipientParameters(original_recipient=OriginalRecipient("rfc 822\r\n", "x")),
            RecipientParameters(original_recipient=OriginalRecipient("rfc822", "x" * 500)),
        ):
            self.assertRaises(PathError, write_dsn_recipient_parameters, bad)
        self.assertRaises(PathError, write_dsn_sender_parameters, SenderParameters(envid="x" * 101))

    @QUICK
    @given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60))
    def test_arbitrary_text(self, text: str) -> None:
        for reader in (read_sender_parameters, read_recipient_parameters):
            try:
                reader(" " + text)
            except ParameterError as error:
                self.assertLessEqual(len(error.keyword), 64)


class Replies(SynchronousTestCase):
    """Replies as octets."""

    def test_encode(self) -> None:
        self.assertEqual(Reply(354).encode(), b"354 \r\n")
        self.assertEqual(Reply(250, "2.0.0", ("a", "b")).encode(), b"250-2.0.0 a\r\n250 2.0.0 b\r\n")

    def test_nothing_injected_and_bounded(self) -> None:
        octets = Reply(550, "5.1.1", ("x\r\n250 ok\u2028", "y" * 2000)).encode()
        self.assertEqual(octets.split(b"\r\n")[0], b"550-5.1.1 x??250 ok?")
        self.assertEqual(max(len(line) + 2 for line in octets.split(b"\r\n")), 512)

    def test_bad(self) -> None:
        self.assertRaises(ValueError, Reply, 99)
        self.assertRaises(ValueError, Reply, 600)
        self.assertRaises(ValueError, Reply, 250, "5.0.0")
        self.assertRaises(ValueError, Reply, 250, "2.0")
