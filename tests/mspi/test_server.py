"""The ESMTP server over a transport in memory: transcripts, promises kept, limits."""

from __future__ import annotations

import base64
from typing import Any

from twisted.cred.checkers import InMemoryUsernamePasswordDatabaseDontUse
from twisted.internet.defer import Deferred
from twisted.logger import ILogObserver, LogEvent, formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from sandf import causes
from sandf.mspi.settings import MailServerSettings
from sandf.store.records import JobKind, JobState
from tests.mspi.rig import ServerRig

TEXT = ("Subject: Hi", "", "Hello.", ".")


class TranscriptTests(SynchronousTestCase):
    def test_the_classic_transcript(self) -> None:
        rig = ServerRig(aliases=("cisco.com",))
        client = rig.connect()
        self.assertEqual(client.transport.take(), "220 fax.example.com ESMTP sandf\r\n")
        hello = client.say("EHLO anyserver.com")
        for keyword in ("250-ENHANCEDSTATUSCODES", "250-8BITMIME", "250-PIPELINING", "250-SIZE 31457280", "DSN"):
            self.assertIn(keyword, hello)
        self.assertNotIn("STARTTLS", hello)
        self.assertNotIn("AUTH", hello)
        self.assertTrue(client.say("MAIL FROM:<>").startswith("250 2.1.0 "))
        self.assertEqual(
            client.say("RCPT TO:<FAX=+1408555-7442@cisco.com>"),
            "250 2.1.5 Recipient <FAX=+1408555-7442@cisco.com> ok, maps to '5557442' (cp=no)\r\n",
        )
        self.assertEqual(client.say("DATA"), '354 Enter mail, end with a single "."\r\n')
        self.assertEqual(client.say(*TEXT), "250 2.0.0 Message accepted as m1\r\n")
        self.assertTrue(client.say("QUIT").startswith("221 2.0.0 "))
        self.assertFalse(client.transport.connected)
        self.assertEqual(rig.clock.getDelayedCalls(), [])
        self.assertEqual(rig.woken, 1)

    def test_what_is_stored(self) -> None:
        rig = ServerRig()
        client = rig.connect("::ffff:127.0.0.1")
        client.say(
            "EHLO client.example.org",
            "MAIL FROM:<ann@example.org> SIZE=100 RET=HDRS ENVID=QQ+2B1",
            "RCPT TO:<FAX=9-555-1234/T33S=12/cover=yes@[192.0.2.1]> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;a+40b",
            "RCPT TO:<FAX=95550000@fax.example.com>",
            "DATA",
        )
        client.say("Subject: Hi", "", "..dot", ".")
        stored = self.successResultOf(rig.store.message("m1")).message
        self.assertEqual((stored.reverse_path, stored.envid, stored.ret), ("ann@example.org", "QQ+1", "HDRS"))
        self.assertEqual(stored.peer, "127.0.0.1")
        self.assertEqual(
            stored.octets,
            b"Received: from client.example.org ([127.0.0.1]) by fax.example.com (sandf)\r\n"
            b" with ESMTP; Fri, 15 Jan 2027 08:00:00 +0000\r\nSubject: Hi\r\n\r\n.dot\r\n",
        )
        first, second = rig.jobs()
        self.assertEqual((first.kind, first.state), (JobKind.FAX, JobState.DEFERRED))
        self.assertEqual((first.called, first.subaddress, first.cover), ("95551234", "12", True))
        self.assertEqual((first.notify, first.orcpt), (("FAILURE", "SUCCESS"), "rfc822;a@b"))
        self.assertEqual(first.address, "FAX=9-555-1234/T33S=12/cover=yes@[192.0.2.1]")
        self.assertEqual((second.called, second.notify, second.cover), ("95550000", None, False))
        history = self.successResultOf(rig.store.history(job_id=second.job_id))
        self.assertEqual([line.text for line in history], ["accepted from 127.0.0.1"])

    def test_refused_recipients(self) -> None:
        rig = ServerRig()
        client = rig.connect()
        client.say("EHLO x", "MAIL FROM:<a@b.example>")
        for recipient, begin, words in (
            ("FAX=5551234@fax.example.com", "550 5.1.2 ", "No dial peer leads to this number."),
            ("FAX=95551234@elsewhere.example", "550-5.7.1 ", "elsewhere.example"),
            ("FAX=9555x@fax.example.com", "553-5.1.3 ", "character 9: 'x' cannot stand in a number"),
            ("ann@fax.example.com", "553-5.1.3 ", "begins with FAX="),
        ):
            answer = client.say(f"RCPT TO:<{recipient}>")
            self.assertTrue(answer.startswith(begin), answer)
            self.assertIn(words, answer)
        self.assertTrue(client.say("DATA").startswith("554 5.5.1"))
        self.assertEqual(rig.server.recipients_held, 0)

    def test_postmaster(self) -> None:
        rig = ServerRig()
        client = rig.connect()
        client.envelope("Postmaster", "POSTMASTER@fax.example.com")
        client.say(*TEXT)
        self.assertEqual([(job.kind, job.address) for job in rig.jobs()], [(JobKind.MAIL, "admin@example.com")] * 2)

    def test_two_messages_on_one_connection(self) -> None:
        rig = ServerRig()
        client = rig.connect()
        client.envelope()
        self.assertIn("m1", client.say(*TEXT))
        client.envelope("FAX=95550001@fax.example.com")
        self.assertIn("m2", client.say(*TEXT))
        self.assertEqual([job.called for job in rig.jobs()], ["95551234", "95550001"])
        self.assertEqual((rig.server.octets_held, rig.server.recipients_held), (0, 0))


class PromiseTests(SynchronousTestCase):
    """Design law 4."""

    def test_no_250_before_the_commit(self) -> None:
        rig = ServerRig()
        client = rig.connect()
        client.envelope()
        rig.store.hold()
        self.assertEqual(client.say(*TEXT, "NOOP"), "")
        rig.clock.advance(3600)
        self.assertEqual(client.transport.take(), "")
        rig.store.release()
        self.assertEqual(client.transport.take(), "250 2.0.0 Message accepted as m1\r\n250 2.0.0 OK\r\n")

    def test_commit_that_fails(self) -> None:
        for cause, reply in ((causes.STORE_FULL, "452 4.3.1 "), (causes.STORE_FAILED, "451 4.3.0 ")):
            rig = ServerRig()
            client = rig.connect()
            client.envelope()
            rig.store.fail_with(cause)
            answer = client.say(*TEXT)
            self.assertTrue(answer.startswith(reply), answer)
            rig.store.fail_with(None)
            self.assertEqual((rig.jobs(), rig.woken), ([], 0))
            client.envelope()
            self.assertTrue(client.say(*TEXT).startswith("250"))

    def test_client_that_leaves_during_the_commit(self) -> None:
        rig = ServerRig()
        client = rig.connect()
        client.envelope()
        rig.store.hold()
        client.say(*TEXT)
        client.transport.loseConnection()
        rig.store.release()
        self.assertEqual(len(rig.jobs()), 1)
        self.assertEqual(rig.woken, 1)
        self.assertEqual((rig.server.octets_held, rig.server.recipients_held, rig.server.connections), (0, 0, 0))
        self.assertEqual(rig.clock.getDelayedCalls(), [])

    def test_client_that_leaves_in_the_text(self) -> None:
        rig = ServerRig()
        client = rig.connect()
        client.envelope()
        client.say("Subject: Hi", "", "Hel")
        client.transport.loseConnection()
        self.assertEqual(rig.jobs(), [])
        self.assertEqual((rig.server.octets_held, rig.server.recipients_held), (0, 0))

    def test_shutting_down(self) -> None:
        rig = ServerRig()
        idle, busy = rig.connect(), rig.connect()
        busy.envelope()
        rig.store.hold()
        busy.say(*TEXT)
        idle.transport.take()
        gone = rig.server.shut_down()
        self.assertTrue(idle.transport.take().startswith("421 4.3.2 "))
        self.assertFalse(idle.transport.connected)
        self.assertNoResult(gone)
        self.assertEqual(busy.transport.take(), "")
        rig.store.release()
        answers = busy.transport.take().splitlines()
        self.assertEqual(answers[0], "250 2.0.0 Message accepted as m1")
        self.assertTrue(answers[1].startswith("421 4.3.2 "), answers)
        self.successResultOf(gone)
        late = rig.connect()
        self.assertTrue(late.transport.take().startswith("421 4.3.2 "))
        self.successResultOf(rig.server.shut_down())
        self.assertEqual(rig.clock.getDelayedCalls(), [])


class AdmissionTests(SynchronousTestCase):
    def test_peers(self) -> None:
        rig = ServerRig(allow=("192.0.2.0/24", "2001:db8::/32"))
        for host, admitted in (
            ("127.0.0.1", True),
            ("127.9.9.9", True),
            ("::1", True),
            ("::ffff:127.0.0.1", True),
            ("192.0.2.77", True),
            ("::ffff:192.0.2.77", True),
            ("2001:db8::5", True),
            ("fe80::1%eth0", False),
            ("198.51.100.1", False),
            ("2001:db9::5", False),
        ):
            client = rig.connect(host)
            greeting = client.transport.take()
            self.assertTrue(greeting.startswith("220 " if admitted else "554 5.7.1 "), (host, greeting))
            self.assertTrue(client.say("EHLO x").startswith("250" if admitted else "503"))
            client.say("QUIT")

    def test_refused_peer_that_stays(self) -> None:
        rig = ServerRig()
        client = rig.connect("198.51.100.1")
        rig.clock.advance(31)
        self.assertFalse(client.transport.connected)

    def test_nobody_but_loopback_by_default(self) -> None:
        self.assertTrue(ServerRig().connect("10.0.0.1").transport.take().startswith("554 5.7.1"))


class LimitTests(SynchronousTestCase):
    def test_connections_in_all_and_for_a_client(self) -> None:
        rig = ServerRig(maximum_connections=3, connections_per_client=2)
        first, second = rig.connect(), rig.connect()
        self.assertTrue(rig.connect().transport.take().startswith("421 4.7.0 Too many connections"))
        third = rig.connect("127.0.0.2")
        self.assertTrue(third.transport.take().startswith("220"))
        self.assertTrue(rig.connect("127.0.0.3").transport.take().startswith("421"))
        first.say("QUIT")
        self.assertTrue(rig.connect().transport.take().startswith("220"))
        self.assertEqual(rig.server.connections, 3)
        del second

    def test_recipients_over_all_connections(self) -> None:
        rig = ServerRig(maximum_recipients=2)
        first, second = rig.connect(), rig.connect()
        first.envelope("FAX=91@fax.example.com", "FAX=92@fax.example.com")
        second.say("EHLO x", "MAIL FROM:<a@b.example>")
        self.assertTrue(second.say("RCPT TO:<FAX=93@fax.example.com>").startswith("452 4.5.3 "))
        first.say(*TEXT)
        self.assertTrue(second.say("RCPT TO:<FAX=93@fax.example.com>").startswith("250"))

    def test_drained(self) -> None:
        rig = ServerRig(maximum_recipients=0)
        client = rig.connect()
        client.say("EHLO x", "MAIL FROM:<a@b.example>")
        self.assertTrue(client.say("RCPT TO:<FAX=93@fax.example.com>").startswith("452 4.5.3 "))

    def test_recipients_of_a_message(self) -> None:
        rig = ServerRig(recipients_per_message=1)
        client = rig.connect()
        client.say("EHLO x", "MAIL FROM:<a@b.example>", "RCPT TO:<FAX=93@fax.example.com>")
        self.assertTrue(client.say("RCPT TO:<FAX=94@fax.example.com>").startswith("452 4.5.3 "))

    def test_size(self) -> None:
        rig = ServerRig(maximum_size=1000)
        client = rig.connect()
        client.say("EHLO x")
        self.assertTrue(client.say("MAIL FROM:<a@b.example> SIZE=1001").startswith("552 5.3.4 "))
        client.envelope()
        self.assertTrue(client.say("x" * 900, "x" * 900, ".").startswith("552 5.3.4 "))
        self.assertEqual((rig.jobs(), rig.server.octets_held), ([], 0))

    def test_lines(self) -> None:
        rig = ServerRig(line_limit=2000)
        client = rig.connect()
        client.envelope()
        self.assertTrue(client.say("x" * 2000, ".").startswith("250"))
        client.envelope()
        self.assertTrue(client.say("x" * 2001, ".").startswith("554 5.6.0"))

    def test_memory_over_all_connections(self) -> None:
        rig = ServerRig(memory_limit=150_000)
        first, second = rig.connect(), rig.connect()
        first.envelope()
        first.say(*["x" * 900] * 160)
        self.assertGreater(rig.server.octets_held, 60_000)
        second.envelope()
        second.say(*["x" * 900] * 160)
        self.assertLessEqual(rig.server.octets_held, 150_000)
        self.assertTrue(second.say(".").startswith("452 4.3.1 "))
        self.assertTrue(first.say(".").startswith("250"))
        self.assertEqual((rig.server.octets_held, len(rig.jobs())), (0, 1))
        rig.server.octets_held = 150_000
        third = rig.connect()
        third.say("EHLO x", "MAIL FROM:<a@b.example>", "RCPT TO:<FAX=93@fax.example.com>")
        self.assertTrue(third.say("DATA").startswith("452 4.3.1 "))

    def test_hops(self) -> None:
        rig = ServerRig(hop_limit=3)
        for hops, reply in ((3, "250"), (4, "554 5.4.6 ")):
            client = rig.connect()
            client.envelope()
            self.assertTrue(client.say(*["Received: x"] * hops, "", "Received: in the text", ".").startswith(reply))

    def test_silent_client(self) -> None:
        rig = ServerRig(command_timeout=300.0)
        client = rig.connect()
        client.transport.take()
        rig.clock.advance(301)
        self.assertTrue(client.transport.take().startswith("421 4.4.2 "))
        self.assertFalse(client.transport.connected)
        self.assertEqual(rig.clock.getDelayedCalls(), [])

    def test_client_that_never_reads_the_end(self) -> None:
        rig = ServerRig()
        client = rig.connect()
        client.transport.loseConnection = lambda: None  # type: ignore[method-assign]  # the last octets are stuck
        client.say("QUIT")
        self.assertFalse(client.transport.aborted)
        rig.clock.advance(16)
        self.assertTrue(client.transport.aborted)

    def test_back_pressure(self) -> None:
        rig = ServerRig(recipients_per_message=3000, maximum_recipients=3000)
        client = rig.connect()
        client.envelope()
        rig.store.hold()
        client.say(*TEXT)
        client.send(b"MAIL FROM:<a@b.example>\r\n" + b"RCPT TO:<FAX=91@fax.example.com>\r\n" * 2_000)
        self.assertEqual(client.transport.producerState, "paused")
        rig.store.release()
        self.assertEqual(client.transport.producerState, "producing")
        self.assertEqual(rig.server.recipients_held, 2000)

    def test_settings_may_change(self) -> None:
        rig = ServerRig()
        rig.server.settings = MailServerSettings(hostname="new.example.com")
        self.assertTrue(rig.connect().transport.take().startswith("220 new.example.com"))


class TlsAndAuthenticationTests(SynchronousTestCase):
    def rig(self, **settings: bool) -> ServerRig:
        checker = InMemoryUsernamePasswordDatabaseDontUse(ann=b"secret")
        arguments: dict[str, Any] = {"tls": self.context, "checker": checker, **settings}
        return ServerRig(**arguments)

    def setUp(self) -> None:
        self.context = object()

    def test_starttls_and_auth(self) -> None:
        rig = self.rig(require_tls=True, require_authentication=True)
        client = rig.connect()
        hello = client.say("EHLO x")
        self.assertIn("STARTTLS", hello)
        self.assertNotIn("AUTH", hello)
        self.assertTrue(client.say("MAIL FROM:<a@b.example>").startswith("530 5.7.0"))
        self.assertTrue(client.say("STARTTLS", "MAIL FROM:<evil@b.example>").startswith("220 2.0.0 "))
        self.assertEqual(client.transport.tls, [self.context])
        self.assertIn("AUTH PLAIN LOGIN", client.say("EHLO x"))
        self.assertTrue(client.say("MAIL FROM:<a@b.example>").startswith("530 5.7.0"))
        # RFC 4616: NUL ann NUL wrong; NUL ann NUL secret
        self.assertTrue(client.say("AUTH PLAIN AGFubgB3cm9uZw==").startswith("535 5.7.8 "))
        self.assertTrue(client.say("AUTH PLAIN AGFubgBzZWNyZXQ=").startswith("235 2.7.0 "))
        client.envelope()
        client.say(*TEXT)
        stored = self.successResultOf(rig.store.message("m1")).message
        self.assertEqual(stored.identity, "ann")
        self.assertIn(b"with ESMTPSA;", stored.octets.replace(b"\r\n ", b" "))

    def test_a_log_in_that_fails_is_told_in_the_log_and_its_name_cannot_act_there(self) -> None:
        said: list[str] = []

        @implementer(ILogObserver)
        def observer(event: LogEvent) -> None:
            said.append(str(formatEvent(event)))

        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)
        client = self.rig().connect(tls=True)
        client.say("EHLO x")
        for credentials in (b"\0ann\0hunter2", b"\0a\x1b[2J\0hunter2", b"bob\0ann\0secret"):
            answer = client.say(f"AUTH PLAIN {base64.b64encode(credentials).decode()}")
            self.assertTrue(answer.startswith("535 5.7.8 "), answer)
        first, second, third = (line for line in said if "log-in" in line)
        self.assertRegex(first, r"^smtp\(.+\): a log-in as ann failed: ")
        self.assertIn("a log-in as a\ufffd[2J failed: ", second)
        self.assertTrue(third.endswith("a log-in as ann failed: acting for somebody else"))
        self.assertNotIn("hunter2", "".join(said))

    def test_implicit_tls(self) -> None:
        hello = self.rig(require_tls=True).connect(tls=True).say("EHLO x")
        self.assertIn("AUTH PLAIN LOGIN", hello)
        self.assertNotIn("STARTTLS", hello)

    def test_acting_for_another(self) -> None:
        client = self.rig().connect()
        client.say("EHLO x", "STARTTLS")
        client.say("EHLO x")
        # bob NUL ann NUL secret
        self.assertTrue(client.say("AUTH PLAIN Ym9iAGFubgBzZWNyZXQ=").startswith("535 5.7.8 "))

    def test_leaving_while_the_password_is_checked(self) -> None:
        rig = self.rig()
        asked: Deferred[bytes] = Deferred()

        class Slow:
            credentialInterfaces = ()

            def requestAvatarId(self, credentials: object) -> Deferred[bytes]:
                return asked

        rig.server.checker = Slow()  # type: ignore[assignment]  # as much of a checker as the server needs
        client = rig.connect()
        client.say("EHLO x", "STARTTLS")
        client.say("EHLO x", "AUTH PLAIN AGFubgBzZWNyZXQ=")
        client.transport.loseConnection()
        asked.callback(b"ann")
        self.assertEqual(rig.clock.getDelayedCalls(), [])
