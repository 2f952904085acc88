"""The ESMTP server session by transcript: every verb, reply code and enhanced status."""

from __future__ import annotations

import dataclasses
from base64 import b64encode

from twisted.trial.unittest import SynchronousTestCase

from sandf.protocols.smtp.events import (
    AuthenticationOffered,
    ConnectionShouldClose,
    HelloReceived,
    MessageBegan,
    MessageEnded,
    Question,
    Quit,
    RecipientOffered,
    SenderOffered,
    TlsRequested,
    TransactionAborted,
    WrongCall,
)
from sandf.protocols.smtp.introduction import offer
from sandf.protocols.smtp.parameters import Body, Notify, OriginalRecipient, Return, SenderParameters
from sandf.protocols.smtp.phases import Verb
from sandf.protocols.smtp.replies import Reply
from sandf.protocols.smtp.server import ServerSession
from sandf.protocols.smtp.verbs import EXTENSIONS, VERBS
from tests.protocols.smtp.driving import ENVELOPE, SETTINGS, Driver, codes, converse

TLS = dataclasses.replace(
    SETTINGS, tls_available=True, implicit_tls=True, mechanisms=("PLAIN", "LOGIN"), error_limit=100
)
PATIENT = dataclasses.replace(SETTINGS, error_limit=10_000, idle_command_limit=10_000)


class Transcripts(SynchronousTestCase):
    """What the client sees, octet for octet."""

    def test_whole_session(self) -> None:
        driver = Driver()
        self.assertEqual(driver.output, b"220 fax.example.com ESMTP sandf\r\n")
        self.assertEqual(
            driver.feed(b"EHLO anyserver.example\r\n"),
            b"250-fax.example.com, hello anyserver.example [192.0.2.7]\r\n"
            b"250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250-PIPELINING\r\n250-SIZE 31457280\r\n"
            b"250-DSN\r\n250 HELP\r\n",
        )
        self.assertEqual(driver.feed(b"MAIL FROM:<>\r\n"), b"250 2.1.0 Sender OK\r\n")
        self.assertEqual(driver.feed(b"RCPT TO:<FAX=+1408555-7442@cisco.example>\r\n"), b"250 2.1.5 Recipient OK\r\n")
        self.assertEqual(driver.feed(b"DATA\r\n"), b'354 Enter mail, end with a single "."\r\n')
        self.assertEqual(driver.feed(b"Subject: x\r\n\r\n..dot\r\n.\r\n"), b"250 2.0.0 Message accepted\r\n")
        self.assertEqual(driver.messages, [b"Subject: x\r\n\r\n.dot\r\n"])
        self.assertEqual(driver.feed(b"QUIT\r\n"), b"221 2.0.0 fax.example.com closing\r\n")
        self.assertEqual([type(event) for event in driver.told[-2:]], [Quit, ConnectionShouldClose])
        self.assertEqual(driver.feed(b"NOOP\r\n"), b"")

    def test_replies(self) -> None:
        """Each row: what is said after EHLO, and code and enhanced status of each answer."""
        mail, to = b"MAIL FROM:<a@b.example>\r\n", b"RCPT TO:<c@d.example>\r\n"
        for said, expected in (
            (b"NOOP\r\n", ["250 2.0.0"]),
            (b"NOOP with words\r\n", ["250 2.0.0"]),
            (b"noop\r\n", ["250 2.0.0"]),
            (b"HELO again.example\r\n", ["250"]),
            (b"EHLO\r\n", ["501 5.5.4"]),
            (b"EHLO two words\r\n", ["501 5.5.4"]),
            (b"RSET\r\n", ["250 2.0.0"]),
            (b"RSET now\r\n", ["501 5.5.4"]),
            (b"VRFY someone\r\n", ["252 2.0.0"]),
            (b"VRFY\r\n", ["501 5.5.4"]),
            (b"EXPN list\r\n", ["502 5.5.1"]),
            (b"SEND FROM:<a@b>\r\n", ["502 5.5.1"]),
            (b"SOML FROM:<a@b>\r\n", ["502 5.5.1"]),
            (b"SAML FROM:<a@b>\r\n", ["502 5.5.1"]),
            (b"TURN\r\n", ["502 5.5.1"]),
            (b"HELP\r\n", ["214 2.0.0"]),
            (b"HELP mail\r\n", ["214 2.0.0"]),
            (b"HELP nothing\r\n", ["504 5.5.4"]),
            (b"FOO\r\n", ["500 5.5.1"]),
            (b"\r\n", ["500 5.5.2"]),
            (b"N\xd6OP\r\n", ["500 5.5.2"]),
            (b"NO\0OP\r\n", ["500 5.5.2"]),
            (b"STARTTLS\r\n", ["502 5.5.1"]),
            (b"AUTH PLAIN\r\n", ["502 5.5.1"]),
            (b"QUIT now\r\n", ["501 5.5.4"]),
            (b"RCPT TO:<c@d.example>\r\n", ["503 5.5.1"]),
            (b"DATA\r\n", ["503 5.5.1"]),
            (b"MAIL <a@b.example>\r\n", ["501 5.5.4"]),
            (b"MAIL FROM:a@b.example\r\n", ["501 5.5.4"]),
            (b"MAIL FROM:<a b>\r\n", ["553 5.1.7"]),
            (b"MAIL FROM:<a@b.example> FOO=1\r\n", ["555 5.5.4"]),
            (b"MAIL FROM:<a@b.example> SIZE=x\r\n", ["501 5.5.4"]),
            (b"MAIL FROM:<a@b.example> SIZE\r\n", ["501 5.5.4"]),
            (b"MAIL FROM:<a@b.example> SIZE=1 SIZE=2\r\n", ["501 5.5.4"]),
            (b"MAIL FROM:<a@b.example>SIZE=1\r\n", ["501 5.5.4"]),
            (b"MAIL FROM:<a@b.example> SIZE=99999999\r\n", ["552 5.3.4"]),
            (b"MAIL FROM:<a@b.example> BODY=BINARYMIME\r\n", ["501 5.5.4"]),
            (b"MAIL FROM:<a@b.example> RET=SOME\r\n", ["501 5.5.4"]),
            (b"MAIL FROM:<a@b.example> ENVID=+0D+0A\r\n", ["501 5.5.4"]),
            (b"MAIL FROM:<a@b.example> ENVID=" + b"x" * 101 + b"\r\n", ["501 5.5.4"]),
            (b"MAIL FROM:<a@b.example> ENVID=" + b"x" * 100 + b"\r\n", ["250 2.1.0"]),
            (mail + mail, ["250 2.1.0", "503 5.5.1"]),
            (mail + b"DATA\r\n", ["250 2.1.0", "503 5.5.1"]),
            (mail + b"STARTTLS\r\n", ["250 2.1.0", "503 5.5.1"]),
            (mail + b"RCPT TO:<>\r\n", ["250 2.1.0", "553 5.1.3"]),
            (mail + b"RCPT TO:<>\r\nDATA\r\n", ["250 2.1.0", "553 5.1.3", "554 5.5.1"]),
            (mail + b"RCPT <c@d>\r\n", ["250 2.1.0", "501 5.5.4"]),
            (mail + b"RCPT TO:<c@d> NOTIFY=NEVER,DELAY\r\n", ["250 2.1.0", "501 5.5.4"]),
            (mail + b"RCPT TO:<c@d> ORCPT=rfc822\r\n", ["250 2.1.0", "501 5.5.4"]),
            (mail + b"RCPT TO:<c@d> X=1\r\n", ["250 2.1.0", "555 5.5.4"]),
            (mail + b"RCPT TO:<postmaster>\r\n", ["250 2.1.0", "250 2.1.5"]),
            (mail + to + to, ["250 2.1.0", "250 2.1.5", "250 2.1.5"]),
            (mail + to + b"DATA x\r\n", ["250 2.1.0", "250 2.1.5", "501 5.5.4"]),
            (mail + to + b"DATA\r\n.\r\n", ["250 2.1.0", "250 2.1.5", "354", "250 2.0.0"]),
            (mail + to + b"RSET\r\nDATA\r\n", ["250 2.1.0", "250 2.1.5", "250 2.0.0", "503 5.5.1"]),
            (mail + to + b"EHLO x\r\nDATA\r\n", ["250 2.1.0", "250 2.1.5", "250", "503 5.5.1"]),
            (b"GET / HTTP/1.0\r\nMAIL FROM:<>\r\n", ["421 4.7.0"]),
        ):
            driver = Driver(PATIENT)
            driver.feed(b"EHLO client.example\r\n")
            self.assertEqual(codes(driver.feed(said)), expected, said)

    def test_before_hello(self) -> None:
        driver = Driver()
        said = driver.feed(b"MAIL FROM:<>\r\nRCPT TO:<a@b>\r\nDATA\r\nAUTH PLAIN\r\nSTARTTLS\r\n")
        self.assertEqual(codes(said), ["503 5.5.1"] * 5)
        said = driver.feed(b"NOOP\r\nHELP\r\nRSET\r\nVRFY x\r\n")
        self.assertEqual(codes(said), ["250 2.0.0", "214 2.0.0", "250 2.0.0", "252 2.0.0"])

    def test_helo(self) -> None:
        driver = Driver()
        self.assertEqual(
            driver.feed(b"HELO old.example\r\n"), b"250 fax.example.com, hello old.example [192.0.2.7]\r\n"
        )
        self.assertEqual(driver.told, [HelloReceived(name="old.example", extended=False)])

    def test_help_lists_verbs_and_the_operators_lines(self) -> None:
        driver = Driver(dataclasses.replace(SETTINGS, help_lines=("See https://fax.example.com/",)))
        said = driver.feed(b"HELP\r\n")
        self.assertIn(b"214-2.0.0 EHLO HELO STARTTLS AUTH MAIL RCPT DATA RSET NOOP VRFY HELP QUIT\r\n", said)
        self.assertIn(b"214-2.0.0 See https://fax.example.com/\r\n", said)
        self.assertIn(b"MAIL FROM:<sender>", driver.feed(b"HELP MAIL\r\n"))

    def test_greeting_refused(self) -> None:
        driver = Driver(greeting=Reply(554, "5.7.1", ("Not from here",)))
        self.assertEqual(driver.output, b"554 5.7.1 Not from here\r\n")
        self.assertEqual(codes(driver.feed(b"EHLO x\r\nNOOP\r\nQUIT\r\n")), ["503 5.5.1", "503 5.5.1", "221 2.0.0"])

    def test_greeting_421_closes(self) -> None:
        driver = Driver(greeting=Reply(421, "4.3.2", ("Full",)))
        self.assertTrue(driver.session.closed)
        self.assertIsInstance(driver.told[-1], ConnectionShouldClose)


class Questions(SynchronousTestCase):
    """What the driver is asked, and what its answers do."""

    def test_parameters_reach_the_driver(self) -> None:
        driver = Driver()
        driver.feed(
            b"EHLO c.example\r\n"
            b"MAIL FROM:<a@b.example> SIZE=2000 BODY=8BITMIME RET=HDRS ENVID=QQ314159+2Bx AUTH=<>\r\n"
            b"RCPT TO:<FAX=+1-312-555-3260/T33S=12/cover=no@[192.0.2.1]> NOTIFY=SUCCESS,FAILURE,DELAY"
            b" ORCPT=rfc822;Bob+2BSmith@x.example\r\n"
        )
        sender, recipient = driver.told[1:]
        assert isinstance(sender, SenderOffered) and isinstance(recipient, RecipientOffered)
        self.assertEqual(str(sender.reverse_path), "a@b.example")
        self.assertEqual(sender.parameters.size, 2000)
        self.assertEqual(sender.parameters.body, Body.EIGHT_BIT_MIME)
        self.assertEqual(sender.parameters.ret, Return.HEADERS)
        self.assertEqual(sender.parameters.envid, "QQ314159+x")
        self.assertEqual(sender.parameters.auth, "<>")
        self.assertEqual(recipient.forward_path.local_part, "FAX=+1-312-555-3260/T33S=12/cover=no")
        self.assertEqual(str(recipient.forward_path.address), "192.0.2.1")
        self.assertEqual(recipient.parameters.notify, {Notify.SUCCESS, Notify.FAILURE, Notify.DELAY})
        self.assertEqual(recipient.parameters.original_recipient, OriginalRecipient("rfc822", "Bob+Smith@x.example"))

    def test_refusals_of_the_driver(self) -> None:
        busy = Reply(450, "4.3.2", ("Busy",))

        def judge(question: Question) -> Reply | None:
            refused = isinstance(question, RecipientOffered) and question.forward_path.local_part == "no"
            return busy if refused else None

        driver = Driver(judge=judge)
        said = driver.feed(b"EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<no@x>\r\nDATA\r\nRCPT TO:<yes@x>\r\nDATA\r\n")
        self.assertEqual(codes(said), ["250", "250 2.1.0", "450 4.3.2", "554 5.5.1", "250 2.1.5", "354"])

    def test_multi_line_reply_to_data(self) -> None:
        """The seam of session mode: the reply may wait as long as the fax takes, and has many lines."""
        driver = Driver(judge=lambda question: None)
        session = driver.session
        driver.feed(ENVELOPE)
        session.receive_data(b"x\r\n.\r\nNOOP\r\n", now=0.0)
        self.assertIsInstance(session.events()[-1], MessageEnded)
        self.assertIsNone(session.next_deadline())
        self.assertEqual(session.data_to_send(), b"")
        session.accept(Reply(250, "2.5.0", ("Message delivered", "fax_pages = 2")), now=900.0)
        self.assertEqual(
            session.data_to_send(),
            b"250-2.5.0 Message delivered\r\n250 2.5.0 fax_pages = 2\r\n250 2.0.0 OK\r\n",
        )

    def test_message_refused_then_next_message(self) -> None:
        verdicts = [Reply(452, "4.3.1", ("Disk full",)), None]

        def judge(question: Question) -> Reply | None:
            return verdicts.pop(0) if isinstance(question, MessageEnded) else None

        driver = Driver(judge=judge)
        one = ENVELOPE.split(b"\r\n", 1)[1] + b"text\r\n.\r\n"
        said = driver.feed(b"EHLO c\r\n" + one + one)
        expected = ["250 2.1.0", "250 2.1.5", "354"]
        self.assertEqual(codes(said), ["250", *expected, "452 4.3.1", *expected, "250 2.0.0"])

    def test_data_refused_closes_the_transaction(self) -> None:
        def judge(question: Question) -> Reply | None:
            return Reply(451, "4.3.0", ("Later",)) if isinstance(question, MessageBegan) else None

        driver = Driver(judge=judge)
        said = driver.feed(ENVELOPE + b"DATA\r\n")
        self.assertEqual(codes(said)[-2:], ["451 4.3.0", "503 5.5.1"])
        self.assertIsInstance(driver.told[-1], TransactionAborted)

    def test_one_command_at_a_time(self) -> None:
        session = ServerSession(SETTINGS, peer="x", now=0.0)
        session.receive_data(ENVELOPE, now=0.0)
        self.assertEqual([type(event) for event in session.events()], [HelloReceived, SenderOffered])
        session.accept(now=0.0)
        self.assertEqual([type(event) for event in session.events()], [RecipientOffered])

    def test_back_pressure(self) -> None:
        session = ServerSession(SETTINGS, peer="x", now=0.0)
        session.receive_data(b"EHLO c\r\nMAIL FROM:<>\r\n", now=0.0)
        self.assertTrue(session.wants_data())
        session.receive_data(b"NOOP\r\n" * 20_000, now=0.0)
        self.assertFalse(session.wants_data())
        session.accept(now=0.0)
        self.assertTrue(session.wants_data())
        self.assertTrue(session.closed)

    def test_wrong_calls(self) -> None:
        session = ServerSession(SETTINGS, peer="x", now=0.0)
        self.assertRaises(WrongCall, session.accept, now=0.0)
        self.assertRaises(WrongCall, session.reject, now=0.0)
        self.assertRaises(WrongCall, session.tls_started, 0.0)
        session.receive_data(b"EHLO c\r\nMAIL FROM:<>\r\n", now=0.0)
        self.assertRaises(ValueError, session.accept, Reply(550, None, ()), now=0.0)
        self.assertRaises(ValueError, session.reject, Reply(250, None, ()), now=0.0)

    def test_late_answers_are_ignored(self) -> None:
        session = ServerSession(SETTINGS, peer="x", now=0.0)
        session.receive_data(b"EHLO c\r\nMAIL FROM:<>\r\n", now=0.0)
        session.connection_lost(now=1.0)
        session.accept(now=2.0)
        session.reject(now=2.0)
        self.assertEqual(session.events()[-1:], [SenderOffered(reverse_path=None, parameters=SenderParameters())])

    def test_connection_lost_aborts(self) -> None:
        driver = Driver()
        driver.feed(ENVELOPE + b"half a mess")
        driver.session.connection_lost(now=1.0)
        driver.drain()
        self.assertEqual(driver.told[-1], TransactionAborted(reason="connection lost"))
        self.assertEqual(driver.messages, [])

    def test_driver_421_ends_the_session(self) -> None:
        driver = Driver(judge=lambda question: Reply(421, "4.3.2", ("Going down",)))
        said = driver.feed(b"EHLO c\r\nMAIL FROM:<>\r\nNOOP\r\n")
        self.assertEqual(codes(said), ["250", "421 4.3.2"])
        self.assertTrue(driver.session.closed)

    def test_shut_down(self) -> None:
        driver = Driver()
        driver.feed(ENVELOPE)
        driver.session.shut_down(now=1.0)
        driver.drain()
        self.assertEqual(codes(driver.output)[-1], "421 4.3.2")
        self.assertEqual([type(e) for e in driver.told[-2:]], [TransactionAborted, ConnectionShouldClose])


class Limits(SynchronousTestCase):
    """Lines, sizes, counts, times."""

    def test_command_line_limit(self) -> None:
        driver = Driver()
        self.assertEqual(codes(driver.feed(b"NOOP " + b"x" * 505 + b"\r\n")), ["250 2.0.0"])
        said = driver.feed(b"NOOP " + b"x" * 506 + b"\r\nNOOP\r\n")
        self.assertEqual(codes(said), ["500 5.5.6", "250 2.0.0"])

    def test_command_line_grows_by_extensions(self) -> None:
        driver = Driver()
        driver.feed(b"EHLO c\r\nMAIL FROM:<>\r\n")
        address = b"FAX=+1@" + b".".join([b"d" * 60] * 3)
        line = b"RCPT TO:<" + address + b"> ORCPT=rfc822;" + b"x" * 490 + b" NOTIFY=SUCCESS\r\n"
        self.assertGreater(len(line), 512)
        self.assertEqual(codes(driver.feed(line)), ["250 2.1.5"])
        self.assertEqual(codes(driver.feed(b"RCPT TO:<" + b"x" * 2000 + b"\r\n")), ["500 5.5.6"])

    def test_size_limit(self) -> None:
        small = dataclasses.replace(SETTINGS, size_limit=100)
        exact = b"x" * 98 + b"\r\n"
        self.assertEqual(codes(converse(ENVELOPE + exact + b".\r\n", (), small).output)[-1], "250 2.0.0")
        driver = converse(ENVELOPE + b"x" + exact + b".\r\nNOOP\r\n", (), small)
        self.assertEqual(codes(driver.output)[-2:], ["552 5.3.4", "250 2.0.0"])
        self.assertEqual(driver.messages, [])

    def test_size_counts_unstuffed_octets(self) -> None:
        small = dataclasses.replace(SETTINGS, size_limit=3)
        self.assertEqual(codes(converse(ENVELOPE + b"..\r\n.\r\n", (), small).output)[-1], "250 2.0.0")

    def test_recipient_limit(self) -> None:
        driver = Driver(dataclasses.replace(SETTINGS, recipient_limit=2))
        said = driver.feed(b"EHLO c\r\nMAIL FROM:<>\r\n" + b"RCPT TO:<a@b>\r\n" * 3)
        self.assertEqual(codes(said)[2:], ["250 2.1.5", "250 2.1.5", "452 4.5.3"])
        self.assertEqual(codes(driver.feed(b"DATA\r\n.\r\n")), ["354", "250 2.0.0"])

    def test_endless_recipients_end(self) -> None:
        driver = Driver(dataclasses.replace(SETTINGS, recipient_limit=1))
        driver.feed(b"EHLO c\r\nMAIL FROM:<>\r\n" + b"RCPT TO:<a@b>\r\n" * 2000)
        self.assertEqual(codes(driver.output)[-1], "421 4.7.0")

    def test_error_limit(self) -> None:
        driver = Driver()
        said = driver.feed(b"EHLO c\r\n" + b"FOO\r\n" * 30)
        self.assertEqual(codes(said), ["250", *["500 5.5.1"] * 19, "421 4.7.0"])
        self.assertTrue(driver.session.closed)

    def test_idle_command_limit(self) -> None:
        driver = Driver()
        said = driver.feed(b"NOOP\r\n" * 200)
        self.assertEqual(codes(said), [*["250 2.0.0"] * 100, "421 4.7.0"])

    def test_a_message_earns_new_idle_commands(self) -> None:
        driver = Driver()
        driver.feed(b"NOOP\r\n" * 99 + ENVELOPE + b".\r\n")
        self.assertEqual(codes(driver.feed(b"NOOP\r\n" * 100)), ["250 2.0.0"] * 100)

    def test_command_timeout(self) -> None:
        driver = Driver()
        self.assertEqual(driver.session.next_deadline(), 300.0)
        self.assertEqual(driver.advance(299.0), b"")
        driver.feed(b"NOO")
        self.assertEqual(driver.session.next_deadline(), 300.0)
        self.assertEqual(codes(driver.advance(1.0)), ["421 4.4.2"])
        self.assertTrue(driver.session.closed)
        self.assertIsNone(driver.session.next_deadline())

    def test_command_timeout_starts_again(self) -> None:
        driver = Driver()
        driver.advance(200.0)
        driver.feed(b"NOOP\r\n")
        self.assertEqual(driver.session.next_deadline(), 500.0)

    def test_no_deadline_while_the_driver_thinks(self) -> None:
        session = ServerSession(SETTINGS, peer="x", now=0.0)
        session.receive_data(b"EHLO c\r\nMAIL FROM:<>\r\n", now=10.0)
        self.assertIsNone(session.next_deadline())
        session.accept(now=400.0)
        self.assertEqual(session.next_deadline(), 700.0)

    def test_text_timeout_and_drip(self) -> None:
        driver = Driver()
        driver.feed(ENVELOPE)
        for _ in range(29):
            driver.advance(10.0)
            driver.feed(b"x\r\n")
            self.assertFalse(driver.session.closed)
        driver.advance(15.0)
        self.assertTrue(driver.session.closed)
        self.assertEqual(codes(driver.output)[-1], "421 4.4.2")
        self.assertIn(TransactionAborted(reason="timed out"), driver.told)

    def test_steady_text_goes_on(self) -> None:
        driver = Driver()
        driver.feed(ENVELOPE)
        for _ in range(20):
            driver.advance(60.0)
            driver.feed((b"x" * 70 + b"\r\n") * 500)
        self.assertEqual(codes(driver.feed(b".\r\n")), ["250 2.0.0"])

    def test_pause_limit_without_rate(self) -> None:
        driver = Driver(dataclasses.replace(SETTINGS, minimum_rate=0))
        driver.feed(ENVELOPE)
        for _ in range(10):
            driver.advance(299.0)
            driver.feed(b"x\r\n")
        self.assertFalse(driver.session.closed)
        driver.advance(300.0)
        self.assertTrue(driver.session.closed)


class Tls(SynchronousTestCase):
    """STARTTLS (RFC 3207)."""

    settings = dataclasses.replace(SETTINGS, tls_available=True, mechanisms=("PLAIN",))

    def test_starttls(self) -> None:
        driver = Driver(self.settings)
        self.assertIn(b"250 STARTTLS\r\n", driver.feed(b"EHLO c\r\n"))
        self.assertEqual(driver.feed(b"STARTTLS\r\n"), b"220 2.0.0 Ready to start TLS\r\n")
        self.assertEqual(driver.told[-1], TlsRequested(discarded=0))
        self.assertEqual(codes(driver.feed(b"MAIL FROM:<>\r\n")), ["503 5.5.1"])
        said = driver.feed(b"EHLO c\r\n")
        self.assertNotIn(b"STARTTLS", said)
        self.assertIn(b"250 AUTH PLAIN\r\n", said)
        self.assertEqual(codes(driver.feed(b"STARTTLS\r\n")), ["503 5.5.1"])

    def test_nothing_sent_before_tls_is_used(self) -> None:
        driver = Driver(self.settings)
        driver.feed(b"EHLO c\r\n")
        said = driver.feed(b"STARTTLS\r\nMAIL FROM:<evil@x>\r\nRCPT TO:<")
        self.assertEqual(said, b"220 2.0.0 Ready to start TLS\r\n")
        self.assertEqual(driver.told[-1], TlsRequested(discarded=29))
        self.assertEqual(codes(driver.feed(b"EHLO c\r\nNOOP\r\n")), ["250", "250 2.0.0"])
        self.assertNotIn(SenderOffered, [type(event) for event in driver.told])

    def test_octets_before_tls_started_are_dropped(self) -> None:
        driver = Driver(self.settings)
        driver.tls_starts = False
        driver.feed(b"EHLO c\r\nSTARTTLS\r\n")
        self.assertEqual(driver.feed(b"EHLO evil\r\nNOOP\r\n"), b"")
        driver.session.tls_started(0.0)
        self.assertEqual(codes(driver.feed(b"NOOP\r\n")), ["250 2.0.0"])

    def test_tls_handshake_has_a_deadline(self) -> None:
        driver = Driver(self.settings)
        driver.tls_starts = False
        driver.feed(b"EHLO c\r\nSTARTTLS\r\n")
        driver.advance(300.0)
        self.assertTrue(driver.session.closed)

    def test_starttls_takes_no_argument(self) -> None:
        driver = Driver(self.settings)
        self.assertEqual(codes(driver.feed(b"EHLO c\r\nSTARTTLS now\r\n")), ["250", "501 5.5.4"])

    def test_required_tls(self) -> None:
        driver = Driver(dataclasses.replace(self.settings, require_tls=True))
        said = driver.feed(b"EHLO c\r\nMAIL FROM:<>\r\nNOOP\r\nHELO c\r\nQUIT\r\n")
        self.assertEqual(codes(said), ["250", "530 5.7.0", "250 2.0.0", "530 5.7.0", "221 2.0.0"])


def _b64(text: bytes) -> bytes:
    return b64encode(text) + b"\r\n"


class Authentication(SynchronousTestCase):
    """AUTH (RFC 4954)."""

    def driver(self, *, good: bool = True) -> Driver:
        def judge(question: Question) -> Reply | None:
            refuse = isinstance(question, AuthenticationOffered) and not good
            return Reply(535, "5.7.8", ("No",)) if refuse else None

        driver = Driver(TLS, judge=judge)
        driver.feed(b"EHLO c\r\n")
        return driver

    def test_plain_with_initial_response(self) -> None:
        driver = self.driver()
        said = driver.feed(b"AUTH PLAIN " + _b64(b"\0bob\0secret"))
        self.assertEqual(said, b"235 2.7.0 Authentication succeeded\r\n")
        self.assertEqual(
            driver.told[-1],
            AuthenticationOffered(mechanism="PLAIN", username="bob", identity="", password="secret"),
        )
        self.assertEqual(driver.session.authenticated_as, "bob")
        self.assertEqual(codes(driver.feed(b"AUTH PLAIN\r\n")), ["503 5.5.1"])

    def test_plain_with_challenge(self) -> None:
        driver = self.driver()
        self.assertEqual(driver.feed(b"AUTH plain\r\n"), b"334 \r\n")
        self.assertEqual(codes(driver.feed(_b64(b"boss\0bob\0secret"))), ["235 2.7.0"])
        self.assertEqual(driver.session.authenticated_as, "boss")

    def test_login(self) -> None:
        driver = self.driver()
        self.assertEqual(driver.feed(b"AUTH LOGIN\r\n"), b"334 VXNlcm5hbWU6\r\n")
        self.assertEqual(driver.feed(_b64(b"bob")), b"334 UGFzc3dvcmQ6\r\n")
        self.assertEqual(codes(driver.feed(_b64(b"secret"))), ["235 2.7.0"])
        driver = self.driver()
        self.assertEqual(driver.feed(b"AUTH LOGIN " + _b64(b"bob")), b"334 UGFzc3dvcmQ6\r\n")

    def test_password_is_not_in_the_repr(self) -> None:
        driver = self.driver()
        driver.feed(b"AUTH PLAIN " + _b64(b"\0bob\0secret"))
        self.assertNotIn("secret", repr(driver.told))

    def test_failures(self) -> None:
        for said, expected in (
            (b"AUTH PLAIN\r\n*\r\n", ["334", "501 5.7.0"]),
            (b"AUTH PLAIN !!!\r\n", ["501 5.5.2"]),
            (b"AUTH PLAIN =AAA\r\n", ["501 5.5.2"]),
            (b"AUTH PLAIN AGJv!YgBz\tZWNyZXQ=\r\n", ["501 5.5.2"]),
            (b"AUTH PLAIN =\r\n", ["501 5.5.2"]),
            (b"AUTH PLAIN " + _b64(b"nonsense"), ["501 5.5.2"]),
            (b"AUTH PLAIN " + _b64(b"\0bob\0\xff\xfe"), ["501 5.5.2"]),
            (b"AUTH LOGIN\r\n\r\n", ["334", "501 5.5.2"]),
            (b"AUTH\r\n", ["501 5.5.4"]),
            (b"AUTH SCRAM-SHA-256\r\n", ["504 5.5.4"]),
            (b"AUTH PLAIN\r\n" + b"x" * 20_000 + b"\r\nNOOP\r\n", ["334", "500 5.5.6", "250 2.0.0"]),
            (b"AUTH PLAIN\r\nab\ncd\r\nNOOP\r\n", ["334", "500 5.5.2", "250 2.0.0"]),
            (b"MAIL FROM:<>\r\nAUTH PLAIN\r\n", ["250 2.1.0", "503 5.5.1"]),
        ):
            self.assertEqual(codes(self.driver().feed(said)), expected, said[:40])

    def test_long_response_is_taken(self) -> None:
        driver = self.driver()
        said = driver.feed(b"AUTH PLAIN\r\n" + _b64(b"\0bob\0" + b"s" * 8000))
        self.assertEqual(codes(said), ["334", "235 2.7.0"])

    def test_guessing_ends(self) -> None:
        driver = self.driver(good=False)
        said = driver.feed((b"AUTH PLAIN " + _b64(b"\0bob\0guess")) * 4)
        self.assertEqual(codes(said), ["535 5.7.8", "535 5.7.8", "535 5.7.8", "421 4.7.0"])
        self.assertTrue(driver.session.closed)

    def test_never_in_plain_text(self) -> None:
        driver = Driver(dataclasses.replace(TLS, implicit_tls=False))
        self.assertNotIn(b"AUTH", driver.feed(b"EHLO c\r\n"))
        said = driver.feed(b"AUTH PLAIN " + _b64(b"\0bob\0secret"))
        self.assertEqual(codes(said), ["538 5.7.11"])
        self.assertNotIn(AuthenticationOffered, [type(event) for event in driver.told])

    def test_required(self) -> None:
        driver = Driver(dataclasses.replace(TLS, require_authentication=True))
        driver.feed(b"EHLO c\r\n")
        self.assertEqual(codes(driver.feed(b"MAIL FROM:<>\r\n")), ["530 5.7.0"])
        driver.feed(b"AUTH PLAIN " + _b64(b"\0bob\0secret"))
        self.assertEqual(codes(driver.feed(b"MAIL FROM:<>\r\n")), ["250 2.1.0"])


class AddedRows(SynchronousTestCase):
    """A later extension is a row of each table."""

    def test_verb_and_keyword(self) -> None:
        enabled: list[str] = []

        def xact(session: ServerSession, argument: str) -> None:
            enabled.append(argument)
            session.reply(Reply(250, "2.5.0", ("XACCOUNTING enabled",)))

        session = ServerSession(
            SETTINGS,
            peer="x",
            now=0.0,
            verbs={**VERBS, "XACT": Verb(act=xact, usage="XACT")},
            extensions=(*EXTENSIONS, offer("XACCOUNTING")),
        )
        session.receive_data(b"EHLO c\r\nxact json\r\nHELP xact\r\n", now=0.0)
        said = session.data_to_send()
        self.assertIn(b"250 XACCOUNTING\r\n250 2.5.0 XACCOUNTING enabled\r\n214 2.0.0 XACT\r\n", said)
        self.assertEqual(enabled, ["json"])
