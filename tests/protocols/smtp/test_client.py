"""The ESMTP client session by transcript, and against everything a server may say."""

from __future__ import annotations

import dataclasses
from base64 import b64encode
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from sandf.protocols.smtp.client import ClientSession
from sandf.protocols.smtp.client_events import (
    ClientEvent,
    Envelope,
    Failed,
    MessageAccepted,
    MessageRefused,
    Ready,
    Reason,
    Recipient,
    RecipientResult,
    Step,
    TextWanted,
    TlsWanted,
)
from sandf.protocols.smtp.events import ConnectionShouldClose, WrongCall
from sandf.protocols.smtp.parameters import (
    Body,
    Notify,
    OriginalRecipient,
    RecipientParameters,
    Return,
    SenderParameters,
)
from sandf.protocols.smtp.paths import Mailbox, parse_mailbox
from sandf.protocols.smtp.replies import Reply
from sandf.protocols.smtp.settings import ClientSettings, Credentials, TlsUse

QUICK = settings(deadline=None, derandomize=True, max_examples=200)
SETTINGS = ClientSettings(hostname="fax.example.com", tls=TlsUse.NEVER)
SENDER = parse_mailbox("+15551234@fax.example.com")
ONE = Recipient(mailbox=parse_mailbox("one@example.net"))
TWO = Recipient(mailbox=parse_mailbox("two@example.net"))
ENVELOPE = Envelope(reverse_path=SENDER, recipients=(ONE, TWO))
EVERYTHING = b"250-mx\r\n250-PIPELINING\r\n250-SIZE 1000\r\n250-DSN\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES\r\n"


class Caller:
    """Feeds a client session what a server says."""

    def __init__(self, settings: ClientSettings = SETTINGS) -> None:
        self.session = ClientSession(settings, now=0.0)
        self.now = 0.0
        self.told: list[ClientEvent] = []

    def hear(self, *pieces: bytes) -> bytes:
        """Feed; returns what the client sends to that."""
        sent = b""
        for piece in pieces:
            self.session.receive_data(piece, self.now)
            self.told += self.session.events()
            sent += self.session.data_to_send()
        return sent

    def ready(self, ehlo: bytes = EVERYTHING) -> Caller:
        self.hear(b"220 mx\r\n", ehlo)
        assert self.session.ready
        self.told.clear()
        return self

    def send(self, envelope: Envelope = ENVELOPE) -> bytes:
        self.session.send_message(envelope, now=self.now)
        self.told += self.session.events()
        return self.session.data_to_send()

    def text(self, *pieces: bytes) -> bytes:
        for piece in pieces:
            self.session.send_text(piece, now=self.now)
        self.session.end_text(now=self.now)
        return self.session.data_to_send()

    def advance(self, seconds: float) -> None:
        self.now += seconds
        self.session.handle_timer(self.now)
        self.told += self.session.events()

    @property
    def failure(self) -> Failed:
        failures = [event for event in self.told if isinstance(event, Failed)]
        assert len(failures) == 1, self.told
        assert self.session.closed
        return failures[0]


def kinds(events: list[ClientEvent]) -> list[type]:
    return [type(event) for event in events]


class Opening(SynchronousTestCase):
    """Greeting, EHLO, HELO, STARTTLS, AUTH."""

    def test_ehlo(self) -> None:
        caller = Caller()
        self.assertEqual(caller.hear(b"220-hello\r\n220 mx ESMTP\r\n"), b"EHLO fax.example.com\r\n")
        caller.hear(EVERYTHING)
        (ready,) = caller.told
        assert isinstance(ready, Ready)
        self.assertEqual(ready.extensions["SIZE"], "1000")
        self.assertEqual((ready.tls, ready.authenticated), (False, False))

    def test_helo_fall_back(self) -> None:
        caller = Caller()
        caller.hear(b"220 old\r\n")
        self.assertEqual(caller.hear(b"502 what\r\n"), b"HELO fax.example.com\r\n")
        caller.hear(b"250 old\r\n")
        self.assertEqual(kinds(caller.told), [Ready])

    def test_refusals(self) -> None:
        for said, reason, step in (
            ([b"554 no\r\n"], Reason.REFUSED, Step.GREETING),
            ([b"421 later\r\n"], Reason.CLOSING, Step.GREETING),
            ([b"250 odd\r\n"], Reason.REFUSED, Step.GREETING),
            ([b"220 x\r\n", b"450 wait\r\n"], Reason.REFUSED, Step.HELLO),
            ([b"220 x\r\n", b"500 what\r\n", b"500 what\r\n"], Reason.REFUSED, Step.HELLO),
        ):
            caller = Caller()
            caller.hear(*said)
            self.assertEqual((caller.failure.reason, caller.failure.step), (reason, step))
            self.assertIsInstance(caller.told[-1], ConnectionShouldClose)

    def test_bad_replies(self) -> None:
        for said in (
            b"hello\r\n",
            b"220-a\r\n221 b\r\n",
            b"220 a\n",
            b"220 a\rb\r\n",
            b"100 a\r\n",
            b"600 a\r\n",
            b"22 a\r\n",
            b"220a\r\n",
            b"\r\n",
            b"x" * 5000,
            b"220-x\r\n" * 600,
            b"220 a\r\n250 unasked\r\n250 again\r\n",
        ):
            caller = Caller()
            caller.hear(said)
            self.assertEqual(caller.failure.reason, Reason.PROTOCOL, said[:30])

    def test_starttls(self) -> None:
        caller = Caller(dataclasses.replace(SETTINGS, tls=TlsUse.REQUIRED))
        caller.hear(b"220 mx\r\n")
        self.assertEqual(caller.hear(b"250-mx\r\n250-DSN\r\n250 STARTTLS\r\n"), b"STARTTLS\r\n")
        self.assertEqual(caller.hear(b"220 go\r\n250-injected\r\n250 AUTH PLAIN\r\n"), b"")
        self.assertEqual(caller.told, [TlsWanted(discarded=30)])
        self.assertEqual(caller.hear(b"250 more plain text\r\n"), b"")
        caller.session.tls_started(1.0)
        self.assertEqual(caller.session.data_to_send(), b"EHLO fax.example.com\r\n")
        caller.hear(b"250-mx\r\n250 STARTTLS\r\n")
        self.assertEqual(caller.told[-1], Ready(extensions={"STARTTLS": ""}, tls=True, authenticated=False))

    def test_extensions_before_tls_are_forgotten(self) -> None:
        caller = Caller(dataclasses.replace(SETTINGS, tls=TlsUse.REQUIRED))
        caller.hear(b"220 mx\r\n", b"250-mx\r\n250-DSN\r\n250 STARTTLS\r\n", b"220 go\r\n")
        caller.session.tls_started(0.0)
        caller.hear(b"500 no\r\n", b"250 mx\r\n")
        self.assertEqual(caller.told[-1], Ready(extensions={}, tls=True, authenticated=False))

    def test_half_a_reply_before_tls_is_forgotten(self) -> None:
        caller = Caller(dataclasses.replace(SETTINGS, tls=TlsUse.REQUIRED))
        caller.hear(b"220 mx\r\n", b"250-mx\r\n250 STARTTLS\r\n", b"220 go\r\n250-inj")
        caller.session.tls_started(0.0)
        caller.hear(b"250 mx\r\n")
        self.assertEqual(kinds(caller.told), [TlsWanted, Ready])

    def test_tls_not_to_be_had(self) -> None:
        must = dataclasses.replace(SETTINGS, tls=TlsUse.REQUIRED)
        may = dataclasses.replace(SETTINGS, tls=TlsUse.OPPORTUNISTIC)
        caller = Caller(must)
        self.assertEqual(caller.hear(b"220 mx\r\n", b"250 mx\r\n"), b"EHLO fax.example.com\r\nQUIT\r\n")
        self.assertEqual(caller.failure.reason, Reason.TLS_UNAVAILABLE)
        caller = Caller(must)
        caller.hear(b"220 mx\r\n", b"250-mx\r\n250 STARTTLS\r\n", b"454 no\r\n")
        self.assertEqual((caller.failure.reason, caller.failure.step), (Reason.REFUSED, Step.TLS))
        caller = Caller(may)
        caller.hear(b"220 mx\r\n", b"250-mx\r\n250 STARTTLS\r\n", b"454 no\r\n")
        self.assertEqual(kinds(caller.told), [Ready])
        caller = Caller(may)
        caller.hear(b"220 mx\r\n", b"250 mx\r\n")
        self.assertEqual(kinds(caller.told), [Ready])

    def logging_in(self, mechanisms: bytes, *, tls: bool = True) -> Caller:
        caller = Caller(
            dataclasses.replace(SETTINGS, implicit_tls=tls, credentials=Credentials(username="bob", password="secret"))
        )
        self.sent = caller.hear(b"220 mx\r\n", b"250-mx\r\n250 AUTH " + mechanisms + b"\r\n")
        return caller

    def test_auth_plain(self) -> None:
        caller = self.logging_in(b"LOGIN PLAIN")
        self.assertTrue(self.sent.endswith(b"AUTH PLAIN " + b64encode(b"\0bob\0secret") + b"\r\n"))
        caller.hear(b"235 2.7.0 ok\r\n")
        (ready,) = caller.told
        assert isinstance(ready, Ready)
        self.assertTrue(ready.authenticated)

    def test_auth_login(self) -> None:
        caller = self.logging_in(b"LOGIN")
        self.assertTrue(self.sent.endswith(b"AUTH LOGIN\r\n"))
        self.assertEqual(caller.hear(b"334 VXNlcm5hbWU6\r\n"), b64encode(b"bob") + b"\r\n")
        self.assertEqual(caller.hear(b"334 UGFzc3dvcmQ6\r\n"), b64encode(b"secret") + b"\r\n")
        caller.hear(b"235 ok\r\n")
        self.assertEqual(kinds(caller.told), [Ready])

    def test_auth_refused(self) -> None:
        caller = self.logging_in(b"PLAIN")
        caller.hear(b"535 5.7.8 no\r\n")
        self.assertEqual((caller.failure.reason, caller.failure.step), (Reason.REFUSED, Step.AUTH))
        self.assertEqual(caller.failure.reply, Reply(535, "5.7.8", ("no",)))

    def test_no_credentials_in_plain_text(self) -> None:
        caller = self.logging_in(b"PLAIN LOGIN", tls=False)
        self.assertEqual(caller.failure.reason, Reason.AUTH_UNAVAILABLE)
        self.assertNotIn(b"AUTH", self.sent)
        self.assertEqual(self.logging_in(b"GSSAPI").failure.reason, Reason.AUTH_UNAVAILABLE)
        self.assertNotIn("secret", repr(caller.session.settings))

    def test_hostname_is_checked(self) -> None:
        self.assertRaises(ValueError, Caller, ClientSettings(hostname="x\r\nMAIL FROM:<>"))


class Messages(SynchronousTestCase):
    """MAIL to the end of the text."""

    def test_pipelined(self) -> None:
        caller = Caller().ready()
        self.assertEqual(
            caller.send(),
            b"MAIL FROM:<+15551234@fax.example.com>\r\nRCPT TO:<one@example.net>\r\n"
            b"RCPT TO:<two@example.net>\r\nDATA\r\n",
        )
        caller.hear(b"250 2.1.0 ok\r\n250 2.1.5 ok\r\n550 5.1.1 no such user\r\n354 go\r\n")
        self.assertEqual(
            caller.told,
            [
                RecipientResult(
                    index=0, recipient=ONE, reply=Reply(250, "2.1.5", ("ok",)), accepted=True, dsn_dropped=False
                ),
                RecipientResult(
                    index=1,
                    recipient=TWO,
                    reply=Reply(550, "5.1.1", ("no such user",)),
                    accepted=False,
                    dsn_dropped=False,
                ),
                TextWanted(),
            ],
        )
        self.assertEqual(caller.text(b"a\r\n.", b"b\r\n"), b"a\r\n..b\r\n.\r\n")
        caller.hear(b"250-2.0.0 queued\r\n250 2.0.0 as 77\r\n")
        self.assertEqual(
            caller.told[3], MessageAccepted(reply=Reply(250, "2.0.0", ("queued", "as 77")), lines_broken=0)
        )
        self.assertEqual(kinds(caller.told[4:]), [Ready])

    def test_one_at_a_time(self) -> None:
        caller = Caller().ready(b"250 mx\r\n")
        self.assertEqual(caller.send(), b"MAIL FROM:<+15551234@fax.example.com>\r\n")
        self.assertEqual(caller.hear(b"250 ok\r\n"), b"RCPT TO:<one@example.net>\r\n")
        self.assertEqual(caller.hear(b"450 busy\r\n"), b"RCPT TO:<two@example.net>\r\n")
        self.assertEqual(caller.hear(b"251 forwards\r\n"), b"DATA\r\n")
        caller.hear(b"354 go\r\n")
        self.assertEqual(kinds(caller.told), [RecipientResult, RecipientResult, TextWanted])
        caller.text(b"x")
        caller.hear(b"452 4.3.1 full\r\n")
        self.assertEqual(caller.told[3], MessageRefused(reply=Reply(452, "4.3.1", ("full",)), step=Step.END))
        self.assertTrue(caller.session.ready)

    def test_pipelining_can_be_turned_off(self) -> None:
        caller = Caller(dataclasses.replace(SETTINGS, pipelining=False)).ready()
        self.assertEqual(caller.send(), b"MAIL FROM:<+15551234@fax.example.com>\r\n")

    def test_refusals(self) -> None:
        """Each row: what the server says to the group, where the message failed, what we send then."""
        for said, step, code, sent in (
            (b"550 a\r\n503 b\r\n503 c\r\n503 d\r\n", Step.MAIL, 550, b"RSET\r\n"),
            (b"250 a\r\n550 b\r\n451 c\r\n554 d\r\n", Step.RCPT, 451, b"RSET\r\n"),
            (b"250 a\r\n550 b\r\n551 c\r\n354 d\r\n", Step.RCPT, 551, b".\r\n"),
            (b"550 a\r\n250 b\r\n250 c\r\n354 d\r\n", Step.MAIL, 550, b".\r\n"),
            (b"250 a\r\n250 b\r\n250 c\r\n451 d\r\n", Step.DATA, 451, b"RSET\r\n"),
        ):
            caller = Caller().ready()
            caller.send()
            self.assertEqual(caller.hear(said), sent, said)
            refused = [event for event in caller.told if isinstance(event, MessageRefused)]
            self.assertEqual([(event.step, event.reply.code) for event in refused], [(step, code)])
            results = [event for event in caller.told if isinstance(event, RecipientResult)]
            self.assertEqual(len(results), 0 if step is Step.MAIL else 2)
            if sent == b".\r\n":
                self.assertEqual(caller.hear(b"554 nobody\r\n"), b"RSET\r\n")
            self.assertFalse(caller.session.ready)
            caller.hear(b"250 reset\r\n")
            self.assertTrue(caller.session.ready)

    def test_refusals_one_at_a_time(self) -> None:
        for said, step in (
            ([b"550 a\r\n"], Step.MAIL),
            ([b"250 a\r\n", b"550 b\r\n", b"550 c\r\n"], Step.RCPT),
            ([b"250 a\r\n", b"250 b\r\n", b"250 c\r\n", b"451 d\r\n"], Step.DATA),
        ):
            caller = Caller().ready(b"250 mx\r\n")
            caller.send()
            self.assertTrue(caller.hear(*said).endswith(b"RSET\r\n"))
            refused = [event for event in caller.told if isinstance(event, MessageRefused)]
            self.assertEqual([event.step for event in refused], [step])

    def test_several_messages(self) -> None:
        caller = Caller().ready()
        for _ in range(3):
            caller.send()
            caller.hear(b"250 a\r\n250 b\r\n250 c\r\n354 d\r\n")
            caller.text(b"x\r\n")
            caller.hear(b"250 e\r\n")
        self.assertEqual(kinds(caller.told).count(MessageAccepted), 3)
        caller.session.quit(now=1.0)
        self.assertEqual(caller.session.data_to_send(), b"QUIT\r\n")
        caller.hear(b"221 bye\r\n")
        self.assertEqual(caller.told[-1], ConnectionShouldClose(reply=Reply(221, None, ("bye",))))
        self.assertNotIn(Failed, kinds(caller.told))

    parameters = SenderParameters(size=900, body=Body.EIGHT_BIT_MIME, ret=Return.HEADERS, envid="fax 7")
    wanted = RecipientParameters(
        notify=frozenset({Notify.SUCCESS, Notify.FAILURE}),
        original_recipient=OriginalRecipient("rfc822", "one+x@example.net"),
    )

    def asking(self, **changes: object) -> Envelope:
        parameters = dataclasses.replace(self.parameters, **changes)  # type: ignore[arg-type]  # test's own
        recipient = dataclasses.replace(ONE, parameters=self.wanted)
        return Envelope(reverse_path=None, recipients=(recipient,), parameters=parameters)

    def test_parameters(self) -> None:
        caller = Caller().ready()
        self.assertEqual(
            caller.send(self.asking()),
            b"MAIL FROM:<> SIZE=900 BODY=8BITMIME RET=HDRS ENVID=fax+207\r\n"
            b"RCPT TO:<one@example.net> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;one+2Bx@example.net\r\nDATA\r\n",
        )
        caller.hear(b"250 a\r\n250 b\r\n")
        (result,) = caller.told
        assert isinstance(result, RecipientResult)
        self.assertFalse(result.dsn_dropped)

    def test_dsn_dropped_and_said(self) -> None:
        caller = Caller().ready(b"250 mx\r\n")
        self.assertEqual(caller.send(self.asking(body=None)), b"MAIL FROM:<>\r\n")
        self.assertEqual(caller.hear(b"250 ok\r\n"), b"RCPT TO:<one@example.net>\r\n")
        caller.hear(b"250 ok\r\n")
        (result,) = caller.told
        assert isinstance(result, RecipientResult)
        self.assertTrue(result.dsn_dropped)

    def test_local_refusals(self) -> None:
        for ehlo, envelope, code in (
            (EVERYTHING, self.asking(size=1001), 552),
            (b"250 mx\r\n", self.asking(), 554),
        ):
            caller = Caller().ready(ehlo)
            self.assertEqual(caller.send(envelope), b"")
            refused, ready = caller.told
            assert isinstance(refused, MessageRefused) and isinstance(ready, Ready)
            self.assertEqual((refused.reply.code, refused.local), (code, True))

    def test_nothing_can_be_injected(self) -> None:
        evil = Mailbox("x", "y\r\nRCPT TO:<evil@x", "x")
        quoted = Mailbox("x", "h", "x> NOTIFY=NEVER\r\nDATA\r\n<y")
        for envelope in (
            Envelope(reverse_path=evil, recipients=(ONE,)),
            Envelope(reverse_path=None, recipients=(Recipient(mailbox=quoted),)),
            Envelope(reverse_path=None, recipients=()),
        ):
            caller = Caller().ready()
            self.assertRaises(ValueError, caller.session.send_message, envelope, now=0.0)
            self.assertTrue(caller.session.ready)

    def test_wrong_calls(self) -> None:
        caller = Caller()
        session = caller.session
        self.assertRaises(WrongCall, session.send_message, ENVELOPE, now=0.0)
        self.assertRaises(WrongCall, session.quit, now=0.0)
        self.assertRaises(WrongCall, session.tls_started, 0.0)
        caller.ready()
        self.assertRaises(WrongCall, session.send_text, b"x", now=0.0)
        caller.send()
        self.assertRaises(WrongCall, session.end_text, now=0.0)

    def test_reply_in_the_middle_of_the_text(self) -> None:
        caller = Caller().ready()
        caller.send()
        caller.hear(b"250 a\r\n250 b\r\n250 c\r\n354 d\r\n")
        caller.session.send_text(b"x" * 100, now=0.0)
        caller.hear(b"552 5.3.4 enough\r\n")
        self.assertEqual(kinds(caller.told[3:]), [MessageRefused, Failed, ConnectionShouldClose])
        caller.session.send_text(b"late", now=0.0)
        caller.session.end_text(now=0.0)

    def test_lines_broken_is_reported(self) -> None:
        caller = Caller().ready()
        caller.send()
        caller.hear(b"250 a\r\n250 b\r\n250 c\r\n354 d\r\n")
        caller.text(b"x" * 3000)
        caller.hear(b"250 ok\r\n")
        accepted = caller.told[3]
        assert isinstance(accepted, MessageAccepted)
        self.assertEqual(accepted.lines_broken, 3)


class Ends(SynchronousTestCase):
    """Time limits (RFC 5321 4.5.3.2), lost connections, 421."""

    def test_time_limits(self) -> None:
        caller = Caller()
        self.assertEqual(caller.session.next_deadline(), 300.0)
        caller.ready()
        self.assertIsNone(caller.session.next_deadline())
        caller.send()
        self.assertEqual(caller.session.next_deadline(), 300.0)
        caller.now = 10.0
        caller.hear(b"250 a\r\n250 b\r\n250 c\r\n")
        self.assertEqual(caller.session.next_deadline(), 130.0)
        caller.now = 20.0
        caller.hear(b"354 d\r\n")
        self.assertEqual(caller.session.next_deadline(), 200.0)
        caller.now = 30.0
        caller.text(b"x")
        self.assertEqual(caller.session.next_deadline(), 630.0)
        caller.advance(599.0)
        self.assertFalse(caller.session.closed)
        caller.advance(1.0)
        self.assertEqual(caller.failure.reason, Reason.TIMED_OUT)
        self.assertTrue(caller.failure.in_doubt)

    def test_no_answer_to_the_greeting(self) -> None:
        caller = Caller()
        caller.advance(300.0)
        self.assertEqual((caller.failure.reason, caller.failure.step), (Reason.TIMED_OUT, Step.GREETING))
        self.assertFalse(caller.failure.in_doubt)

    def test_lost(self) -> None:
        for until, step, in_doubt in ((1, Step.RCPT, False), (4, Step.TEXT, False), (5, Step.END, True)):
            caller = Caller().ready()
            caller.send()
            for reply in [b"250 a\r\n", b"250 b\r\n", b"250 c\r\n", b"354 d\r\n"][:until]:
                caller.hear(reply)
            if until == 5:
                caller.text(b"x")
            caller.session.connection_lost(now=5.0)
            caller.told += caller.session.events()
            failure = caller.failure
            self.assertEqual((failure.reason, failure.step, failure.in_doubt), (Reason.CONNECTION_LOST, step, in_doubt))

    def test_421(self) -> None:
        caller = Caller().ready()
        caller.hear(b"421 4.3.2 bye\r\n")
        self.assertEqual((caller.failure.reason, caller.failure.step), (Reason.CLOSING, Step.READY))
        caller = Caller().ready()
        caller.send()
        caller.hear(b"250 a\r\n250 b\r\n250 c\r\n354 d\r\n")
        caller.text(b"x")
        caller.hear(b"421 4.3.2 bye\r\n")
        self.assertEqual((caller.failure.step, caller.failure.in_doubt), (Step.END, False))

    def test_quit_never_fails(self) -> None:
        for ending in ("silence", "lost", "421"):
            caller = Caller().ready()
            caller.session.quit(now=0.0)
            if ending == "silence":
                caller.advance(30.0)
            elif ending == "lost":
                caller.session.connection_lost(now=0.0)
            else:
                caller.hear(b"421 x\r\n")
            caller.told += caller.session.events()
            self.assertEqual(kinds(caller.told), [ConnectionShouldClose])


class ArbitraryServers(SynchronousTestCase):
    """Nothing a server says raises, or makes much output, or depends on the cuts."""

    WORDS = (
        b"220 a",
        b"250 b",
        b"250-c",
        b"354 d",
        b"550 e",
        b"421 f",
        b"\r\n",
        b"\n",
        b"\0",
        b"\xff",
        b"334 g",
        b"235 h",
    )

    @QUICK
    @given(st.lists(st.sampled_from(WORDS), max_size=40), st.lists(st.integers(0, 200), max_size=8))
    def test_words(self, words: list[bytes], cuts: list[int]) -> None:
        stream = b"".join(words)
        results = []
        for places in ([0, len(stream)], sorted({0, len(stream), *(c for c in cuts if c < len(stream))})):
            caller = Caller()
            sent = caller.hear(*(stream[a:b] for a, b in pairwise(places)))
            results.append((sent, caller.told))
        self.assertEqual(results[0], results[1])

    @QUICK
    @given(st.lists(st.sampled_from([b"250 a\r\n", b"354 b\r\n", b"550 c\r\n", b"250-x\r\n", b"?\r\n"]), max_size=12))
    def test_replies_to_a_message(self, replies: list[bytes]) -> None:
        caller = Caller().ready()
        sent = caller.send()
        for reply in replies:
            sent += caller.hear(reply)
            if caller.told and isinstance(caller.told[-1], TextWanted):
                sent += caller.text(b"x\r\n")
        self.assertLess(len(sent), 400)
        outcomes = [k for k in kinds(caller.told) if k in (MessageAccepted, MessageRefused)]
        self.assertLessEqual(len(outcomes), 1)

    @QUICK
    @given(st.binary(max_size=3000))
    def test_octets(self, octets: bytes) -> None:
        caller = Caller().ready()
        caller.send()
        caller.hear(octets)
