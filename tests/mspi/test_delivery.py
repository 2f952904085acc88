"""Mail out: failover, answers of every kind, each recipient its own ending."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from sandf import causes
from sandf.callcontrol.media import Message
from sandf.causes import Cause, Failure, Retry
from sandf.mspi.delivery import Delivery
from sandf.mspi.routes import Server
from sandf.mspi.settings import MailClientSettings
from sandf.protocols.smtp.settings import Credentials, TlsUse
from sandf.store.records import Job, JobKind, JobState, NewJob
from tests.mspi.mailers import KEYWORDS, Mailer
from tests.mspi.rig import EPOCH
from tests.store.memory import MemoryStore

MESSAGE = Message(reverse_path="fax@gw.example.com", octets=b"Subject: Fax\r\n\r\n.dot\r\n", envid="f1", ret="FULL")
WAIT = 300.0


def next_attempt(job: Job, cause: Cause, now: float) -> float | None:
    """A schedule: three tries, 300 s apart."""
    if cause.retry is Retry.AT_ONCE:
        return now
    return now + WAIT if job.attempts < 3 else None


class Rig:
    """A delivery on a clock, and servers by their names."""

    def __init__(self, mailers: dict[str, Mailer], **settings: Any) -> None:
        self.clock = Clock()
        self.store = MemoryStore()
        self.mailers = mailers
        self.ended = 0
        self.looked_up: list[str] = []
        self.routes: dict[str, list[Server] | Failure] = {}
        settings.setdefault("servers", tuple((name, 25) for name in mailers))
        tls = settings.pop("with_tls", False)
        self.delivery = Delivery(
            settings=MailClientSettings(hostname="gw.example.com", **settings),
            store=self.store,
            connect=self._connect,
            lookup=self._lookup,
            tls=self._tls if tls else None,
            next_attempt=next_attempt,
            ended=self._count,
            clock=self.clock,
            now=self.now,
        )
        self.delivery.start()

    def _connect(self, host: str, port: int) -> IStreamClientEndpoint:
        return self.mailers[host].endpoint()

    def _lookup(self, domain: str) -> Awaitable[list[Server]]:
        self.looked_up.append(domain)
        found = self.routes[domain]
        done: Deferred[list[Server]] = Deferred()
        done.errback(found) if isinstance(found, Failure) else done.callback(found)
        return done

    def _tls(self, host: str) -> Any:
        return f"TLS with {host}"

    def _count(self) -> None:
        self.ended += 1

    def now(self) -> float:
        return EPOCH + self.clock.seconds()

    def mail(self, *addresses: str, message: Message = MESSAGE, **more: Any) -> None:
        jobs = [NewJob(kind=JobKind.MAIL, address=address, **more) for address in addresses]
        self.store.accept_message(message, jobs, self.now())
        self.delivery.wake()

    def jobs(self) -> list[Job]:
        found: list[Job] = []
        self.store.jobs(limit=1000).addCallback(found.extend)
        return found[::-1]

    def states(self) -> list[tuple[JobState, str]]:
        return [(job.state, job.cause.name if job.cause else "") for job in self.jobs()]


class DeliveryTests(SynchronousTestCase):
    def test_accepted(self) -> None:
        mailer = Mailer()
        rig = Rig({"mx": mailer})
        rig.mail("b@example.com", notify=("FAILURE", "SUCCESS"), orcpt="rfc822;b@old.example.com")
        self.assertEqual(
            mailer.lines,
            [
                "EHLO gw.example.com",
                "MAIL FROM:<fax@gw.example.com> SIZE=22 RET=FULL ENVID=f1",
                "RCPT TO:<b@example.com> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;b@old.example.com",
                "DATA",
                "QUIT",
            ],
        )
        self.assertEqual(mailer.texts, [b"Subject: Fax\r\n\r\n..dot\r\n"])
        (job,) = rig.jobs()
        self.assertEqual((job.state, job.cause, job.attempts), (JobState.DELIVERED, causes.MAIL_ACCEPTED, 1))
        self.assertEqual(job.detail, "mx said: 250 2.0.0 queued")
        self.assertEqual((rig.ended, rig.delivery.connections), (1, 0))
        self.assertEqual(rig.clock.getDelayedCalls(), [])

    def test_large_message_goes_piece_by_piece(self) -> None:
        mailer = Mailer()
        rig = Rig({"mx": mailer})
        text = b"Subject: Fax\r\n\r\n" + b"x" * 70 + b"\r\n"
        rig.mail("b@example.com", message=Message(reverse_path="", octets=text + (b"y" * 76 + b"\r\n") * 5000))
        self.assertEqual(mailer.lines[1], f"MAIL FROM:<> SIZE={len(text) + 78 * 5000}")
        self.assertEqual(len(mailer.texts[0]), len(text) + 78 * 5000)

    def test_recipients_share_a_transaction_and_end_each_for_himself(self) -> None:
        mailer = Mailer(
            replies={
                "RCPT TO:<no@example.com>": "550 5.1.1 no such user",
                "RCPT TO:<later@example.com>": "451 4.7.1 greylisted",
            }
        )
        rig = Rig({"mx": mailer})
        rig.mail("yes@example.com", "no@example.com", "later@example.com")
        self.assertEqual(len(mailer.connections), 1)
        self.assertEqual(
            rig.states(),
            [
                (JobState.DELIVERED, "mail_accepted"),
                (JobState.FAILED, "mail_refused"),
                (JobState.DEFERRED, "mail_deferred"),
            ],
        )
        self.assertEqual(rig.jobs()[1].detail, "mx said: 550 5.1.1 no such user")
        mailer.replies.clear()
        mailer.lines.clear()
        rig.clock.advance(WAIT - 1)
        self.assertEqual(mailer.lines, [])
        rig.clock.advance(1)
        self.assertEqual([line for line in mailer.lines if "RCPT" in line], ["RCPT TO:<later@example.com>"])
        self.assertEqual(rig.states()[2], (JobState.DELIVERED, "mail_accepted"))

    def test_servers_in_their_order(self) -> None:
        dead, busy, good, unused = (
            Mailer(refuses=True),
            Mailer(replies={"greeting": "421 4.3.2 too busy"}),
            Mailer(),
            Mailer(),
        )
        rig = Rig({"dead": dead, "busy": busy, "good": good, "unused": unused})
        rig.mail("b@example.com")
        self.assertEqual(rig.states(), [(JobState.DELIVERED, "mail_accepted")])
        self.assertEqual((len(busy.connections), len(good.texts), len(unused.connections)), (1, 1, 0))

    def test_only_the_unsettled_go_to_the_next_server(self) -> None:
        first = Mailer(replies={"RCPT TO:<b@example.com>": "450 4.2.0 later", "RCPT TO:<c@example.com>": "550 no"})
        second = Mailer()
        rig = Rig({"first": first, "second": second})
        rig.mail("a@example.com", "b@example.com", "c@example.com")
        self.assertEqual([line for line in second.lines if "RCPT" in line], ["RCPT TO:<b@example.com>"])
        self.assertEqual([state for state, _ in rig.states()], [JobState.DELIVERED] * 2 + [JobState.FAILED])

    def test_every_server_down_until_given_up(self) -> None:
        rig = Rig({"dead": Mailer(refuses=True)})
        rig.mail("b@example.com")
        self.assertEqual(rig.states(), [(JobState.DEFERRED, "mail_unreachable")])
        self.assertIn("dead port 25", rig.jobs()[0].detail)
        rig.clock.advance(WAIT)
        rig.clock.advance(WAIT)
        self.assertEqual(rig.states(), [(JobState.FAILED, "mail_unreachable")])
        self.assertEqual(rig.jobs()[0].attempts, 3)
        self.assertEqual(rig.clock.getDelayedCalls(), [])

    def test_message_refused(self) -> None:
        for verb, reply, ending in (
            ("MAIL", "550 5.7.1 not from you", (JobState.FAILED, "mail_refused")),
            ("MAIL", "451 4.3.0 wait", (JobState.DEFERRED, "mail_deferred")),
            ("DATA", "554 5.5.1 no", (JobState.FAILED, "mail_refused")),
            (".", "552 5.3.4 too big", (JobState.FAILED, "mail_refused")),
            (".", "452 4.3.1 full", (JobState.DEFERRED, "mail_deferred")),
            ("greeting", "554 5.7.1 go away", (JobState.DEFERRED, "mail_deferred")),
            ("EHLO", "drop", (JobState.DEFERRED, "mail_unreachable")),
        ):
            rig = Rig({"mx": Mailer(replies={verb: reply})})
            rig.mail("b@example.com")
            self.assertEqual(rig.states(), [ending], (verb, reply))
            self.assertEqual(rig.delivery.connections, 0)

    def test_dropped_after_the_dot(self) -> None:
        first, second = Mailer(replies={".": "drop"}), Mailer()
        rig = Rig({"first": first, "second": second})
        rig.mail("b@example.com")
        # It may have got through: the next server would only make a second copy more likely.
        self.assertEqual(rig.states(), [(JobState.DEFERRED, "mail_unreachable")])
        self.assertIn("may have got through", rig.jobs()[0].detail)
        self.assertEqual(second.connections, [])

    def test_silent_server(self) -> None:
        first, second = Mailer(replies={"MAIL": "silent"}, keywords=()), Mailer()
        rig = Rig({"first": first, "second": second})
        rig.mail("b@example.com")
        self.assertEqual(rig.states()[0][0], JobState.RUNNING)
        rig.clock.advance(301)
        self.assertEqual(rig.states(), [(JobState.DELIVERED, "mail_accepted")])
        self.assertFalse(first.connections[0].connected)
        self.assertEqual(rig.clock.getDelayedCalls(), [])

    def test_server_that_never_closes(self) -> None:
        mailer = Mailer(replies={"QUIT": "silent"})
        rig = Rig({"mx": mailer})
        rig.mail("b@example.com")
        self.assertEqual(rig.states(), [(JobState.DELIVERED, "mail_accepted")])
        self.assertEqual(rig.delivery.connections, 1)
        rig.clock.advance(31)
        self.assertEqual(rig.delivery.connections, 0)

    def test_bad_address_in_the_store(self) -> None:
        mailer = Mailer()
        rig = Rig({"mx": mailer})
        rig.mail("b@example.com\r\nRSET", "good@example.com")
        self.assertEqual(rig.states(), [(JobState.FAILED, "mail_refused"), (JobState.DELIVERED, "mail_accepted")])
        self.assertNotIn("RSET", mailer.lines)

    def test_by_domain(self) -> None:
        one, two = Mailer(), Mailer()
        rig = Rig({"one": one, "two": two}, servers=())
        rig.routes = {
            "a.example": [("one", 25)],
            "b.example": [("two", 25)],
            "none.example": Failure(causes.NO_MAIL_DOMAIN, "none.example"),
        }
        rig.mail("x@A.example", "y@b.example", "z@a.example", "x@none.example")
        self.assertEqual(sorted(rig.looked_up), ["a.example", "b.example", "none.example"])
        self.assertEqual(len([line for line in one.lines if "RCPT" in line]), 2)
        self.assertEqual(len(two.texts), 1)
        self.assertEqual(rig.states()[3], (JobState.FAILED, "no_mail_domain"))


class LimitTests(SynchronousTestCase):
    def test_connections(self) -> None:
        mailer = Mailer(replies={".": "silent"})
        rig = Rig({"mx": mailer}, maximum_connections=2)
        for number in range(5):
            rig.mail(f"{number}@example.com")
        self.assertEqual((len(mailer.connections), rig.delivery.connections), (2, 2))
        for conversation in tuple(mailer.connections):
            conversation.drop()
        self.assertEqual(len(mailer.connections), 4)

    def test_stop_lets_what_runs_finish(self) -> None:
        mailer = Mailer(replies={".": "silent"})
        rig = Rig({"mx": mailer})
        rig.mail("b@example.com")
        stopped = Deferred.fromCoroutine(rig.delivery.stop())
        self.assertNoResult(stopped)
        rig.mail("c@example.com")
        self.assertEqual(len(mailer.connections), 1)
        mailer.connections[0].protocol.dataReceived(b"250 2.0.0 queued\r\n")
        self.successResultOf(stopped)
        self.assertEqual(rig.states(), [(JobState.DELIVERED, "mail_accepted"), (JobState.DEFERRED, "")])
        self.assertEqual(rig.clock.getDelayedCalls(), [])

    def test_abort(self) -> None:
        mailer = Mailer(replies={"MAIL": "silent"}, keywords=())
        rig = Rig({"mx": mailer, "other": Mailer()})
        rig.mail("b@example.com")
        stopped = Deferred.fromCoroutine(rig.delivery.stop())
        rig.delivery.abort()
        self.successResultOf(stopped)
        (job,) = rig.jobs()
        self.assertEqual((job.state, job.cause, job.due_at), (JobState.DEFERRED, causes.SHUT_DOWN, rig.now()))
        self.assertEqual(rig.clock.getDelayedCalls(), [])

    def test_abort_while_connecting(self) -> None:
        connecting: Deferred[Any] = Deferred()
        mailer = Mailer(connecting=connecting)
        rig = Rig({"mx": mailer}, maximum_connections=1)
        rig.mail("b@example.com")
        rig.mail("c@example.com")
        stopped = Deferred.fromCoroutine(rig.delivery.stop())
        self.assertNoResult(stopped)
        rig.delivery.abort()
        self.successResultOf(stopped)
        self.assertEqual(rig.states(), [(JobState.DEFERRED, "shut_down")] * 2)
        self.assertEqual(rig.clock.getDelayedCalls(), [])

    def test_connecting_takes_too_long(self) -> None:
        rig = Rig({"slow": Mailer(connecting=Deferred()), "good": Mailer()})
        rig.mail("b@example.com")
        rig.clock.advance(61)
        self.assertEqual(rig.states(), [(JobState.DELIVERED, "mail_accepted")])

    def test_history(self) -> None:
        rig = Rig({"mx": Mailer(replies={".": "452 4.3.1 full"})})
        rig.mail("b@example.com", fax_id="f7")
        (line,) = self.successResultOf(rig.store.history(fax_id="f7"))
        self.assertEqual((line.text, line.cause), ("deferred for 300 s: mx said: 452 4.3.1 full", causes.MAIL_DEFERRED))

    def test_store_that_fails_at_the_ending(self) -> None:
        mailer = Mailer(replies={".": "silent"})
        rig = Rig({"mx": mailer})
        rig.mail("b@example.com")
        rig.store.fail_with(causes.STORE_FULL)
        mailer.connections[0].protocol.dataReceived(b"250 2.0.0 queued\r\n")
        self.assertEqual(rig.states()[0][0], JobState.RUNNING)
        rig.store.fail_with(None)
        rig.clock.advance(15)
        self.assertEqual(rig.states(), [(JobState.DELIVERED, "mail_accepted")])
        self.assertEqual(len(mailer.texts), 1)

    def test_store_that_fails_at_the_claim(self) -> None:
        rig = Rig({"mx": Mailer()})
        rig.store.fail_with(causes.STORE_FAILED)
        rig.delivery.wake()
        rig.store.fail_with(None)
        rig.store.accept_message(MESSAGE, [NewJob(kind=JobKind.MAIL, address="b@example.com")], rig.now())
        rig.clock.advance(14)
        self.assertEqual(rig.states()[0][0], JobState.DEFERRED)
        rig.clock.advance(1)
        self.assertEqual(rig.states(), [(JobState.DELIVERED, "mail_accepted")])


class TlsTests(SynchronousTestCase):
    SECURE = (*KEYWORDS, "STARTTLS", "AUTH PLAIN LOGIN")

    def test_opportunistic(self) -> None:
        mailer = Mailer(keywords=self.SECURE)
        rig = Rig({"mx": mailer}, with_tls=True)
        rig.mail("b@example.com")
        self.assertEqual(mailer.connections[0].tls, ["TLS with mx"])
        self.assertEqual(mailer.lines[:3], ["EHLO gw.example.com", "STARTTLS", "EHLO gw.example.com"])
        self.assertEqual(rig.states()[0][0], JobState.DELIVERED)

    def test_opportunistic_where_the_handshake_fails(self) -> None:
        mailer = Mailer(keywords=self.SECURE, breaks_tls=True)
        rig = Rig({"mx": mailer}, with_tls=True)
        rig.mail("b@example.com")
        self.assertEqual(len(mailer.connections), 2)
        self.assertEqual(mailer.connections[1].tls, [])
        self.assertEqual(rig.states()[0][0], JobState.DELIVERED)

    def test_required(self) -> None:
        for mailer in (Mailer(), Mailer(keywords=self.SECURE, breaks_tls=True)):
            rig = Rig({"mx": mailer}, with_tls=True, tls=TlsUse.REQUIRED)
            rig.mail("b@example.com")
            self.assertEqual(rig.states(), [(JobState.DEFERRED, "mail_tls_failed")])
            self.assertEqual((mailer.texts, len(mailer.connections)), ([], 1))

    def test_credentials(self) -> None:
        credentials = Credentials(username="gw", password="secret")
        mailer = Mailer(keywords=self.SECURE, replies={"AUTH": "235 2.7.0 welcome"})
        rig = Rig({"mx": mailer}, with_tls=True, credentials=credentials)
        rig.mail("b@example.com")
        self.assertEqual(mailer.lines[3], "AUTH PLAIN AGd3AHNlY3JldA==")
        self.assertEqual(rig.states()[0][0], JobState.DELIVERED)
        refused = Rig(
            {"mx": Mailer(keywords=self.SECURE, replies={"AUTH": "535 5.7.8 no"})},
            with_tls=True,
            credentials=credentials,
        )
        refused.mail("b@example.com")
        self.assertEqual(refused.states(), [(JobState.DEFERRED, "mail_auth_failed")])

    def test_credentials_never_in_plain_text(self) -> None:
        mailer = Mailer(keywords=(*KEYWORDS, "AUTH PLAIN"))
        rig = Rig({"mx": mailer}, credentials=Credentials(username="gw", password="secret"))
        rig.mail("b@example.com")
        self.assertEqual(mailer.lines, ["EHLO gw.example.com", "QUIT"])
        self.assertEqual(rig.states(), [(JobState.DEFERRED, "mail_auth_failed")])
