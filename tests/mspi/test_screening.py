"""What RCPT, the routes, the users file and the outcomes decide."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

from twisted.cred.credentials import UsernamePassword
from twisted.cred.error import UnauthorizedLogin
from twisted.internet import defer
from twisted.internet.defer import Deferred
from twisted.logger import ILogObserver, LogEvent, formatEvent, globalLogPublisher
from twisted.names import dns
from twisted.names.error import DNSNameError, DNSQueryTimeoutError, DNSServerError
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from sandf import causes
from sandf.causes import CATALOGUE, Failure
from sandf.mspi.outcomes import reply_for, server_and_reply, status_of
from sandf.mspi.routes import MailRoutes
from sandf.mspi.screening import Screening
from sandf.mspi.users import UsersFile, password_line
from sandf.protocols.smtp.parameters import RecipientParameters
from sandf.protocols.smtp.paths import parse_mailbox
from tests.mspi.rig import at_once, route


class ScreeningTests(SynchronousTestCase):
    def screen(self, address: str, *, plain_numbers: bool = False) -> str:
        screening = Screening(
            aliases=lambda: ["fax.example.com"],
            postmaster=lambda: "admin@example.com",
            route=route,
            wants_cover=lambda said: said is not False,
            plain_numbers=plain_numbers,
        )
        return screening(parse_mailbox(address), RecipientParameters()).answer

    def test_quoted_and_cover(self) -> None:
        self.assertEqual(
            self.screen('"FAX=9 555,1234/cover=no"@FAX.example.com.'),
            "Recipient <\"FAX=9 555,1234/cover=no\"@FAX.example.com.> ok, maps to '555,1234' (cp=no)",
        )
        self.assertIn("(cp=yes)", self.screen("FAX=95551234@fax.example.com"))

    def test_plain_numbers(self) -> None:
        self.assertIn("maps to '5551234'", self.screen("9-555-1234@fax.example.com", plain_numbers=True))
        with self.assertRaises(Failure) as caught:
            self.screen("9-555-1234@fax.example.com")
        self.assertIs(caught.exception.cause, causes.BAD_ADDRESS)

    def test_domain_comes_first(self) -> None:
        with self.assertRaises(Failure) as caught:
            self.screen("postmaster@example.org")
        self.assertIs(caught.exception.cause, causes.NOT_OUR_DOMAIN)


class OutcomeTests(SynchronousTestCase):
    def test_every_cause_makes_a_reply(self) -> None:
        for cause in CATALOGUE.values():
            octets = reply_for(cause, "detail").encode()
            self.assertTrue(octets.startswith(f"{cause.smtp}-{cause.status} ".encode()))

    def test_details(self) -> None:
        self.assertEqual(server_and_reply("mx.example said: 550 5.1.1 no"), ("mx.example", "550 5.1.1 no"))
        self.assertEqual(server_and_reply("mx.example port 25: refused"), ("", "mx.example port 25: refused"))
        self.assertEqual(status_of("550 5.1.1 no", "5.0.0"), "5.1.1")
        self.assertEqual(status_of("550 no such user", "5.0.0"), "5.0.0")


class Resolver:
    """Answers MX questions from a table."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def lookupMailExchange(self, name: str, timeout: object = None) -> Deferred[Any]:
        if isinstance(self._answer, Exception):
            return defer.fail(self._answer)
        records = [
            dns.RRHeader(name=name, type=dns.MX, payload=dns.Record_MX(preference, host))
            for preference, host in self._answer
        ]
        return defer.succeed((records, [], []))


class RouteTests(SynchronousTestCase):
    def servers(self, answer: Any, domain: str = "example.com") -> Any:
        routes = MailRoutes(
            Resolver(answer),  # type: ignore[arg-type]  # as much of a resolver as is asked
            hostname="gw.example.com",
            random=iter([0.9, 0.1, 0.5]).__next__,
        )
        return self.successResultOf(Deferred.fromCoroutine(routes.servers(domain)))

    def refusal(self, answer: Any) -> causes.Cause:
        routes = MailRoutes(Resolver(answer), hostname="gw.example.com", random=lambda: 0.5)  # type: ignore[arg-type]  # as above
        failure = self.failureResultOf(Deferred.fromCoroutine(routes.servers("example.com")), Failure)
        assert isinstance(failure.value, Failure)
        return failure.value.cause

    def test_by_preference_then_at_random(self) -> None:
        found = self.servers([(20, "c.example"), (10, "a.example"), (10, "B.example.")])
        self.assertEqual(found, [("a.example", 25), ("b.example", 25), ("c.example", 25)])

    def test_no_mx_means_the_domain_itself(self) -> None:
        self.assertEqual(self.servers([]), [("example.com", 25)])

    def test_address_literals(self) -> None:
        self.assertEqual(self.servers(DNSNameError(), "[192.0.2.1]"), [("192.0.2.1", 25)])
        self.assertEqual(self.servers(DNSNameError(), "[IPv6:2001:db8::1]"), [("2001:db8::1", 25)])

    def test_refusals(self) -> None:
        self.assertIs(self.refusal(DNSNameError()), causes.NO_MAIL_DOMAIN)
        self.assertIs(self.refusal([(0, "")]), causes.NO_MAIL_DOMAIN)
        self.assertIs(self.refusal(DNSServerError()), causes.MAIL_UNREACHABLE)
        self.assertIs(self.refusal(DNSQueryTimeoutError(1)), causes.MAIL_UNREACHABLE)

    def test_never_back_to_ourselves(self) -> None:
        self.assertEqual(
            self.servers([(10, "a.example"), (20, "GW.example.com"), (30, "c.example")])[0][0], "a.example"
        )
        self.assertIs(self.refusal([(10, "gw.example.com"), (10, "c.example")]), causes.MAIL_REFUSED)


class UsersFileTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.path = Path(self.mktemp())
        self.path.write_text(
            "# name:hash\n\n" + password_line("ann", "sécret", b"0123456789abcdef") + "\nbob:nonsense\neve:\n", "utf-8"
        )
        self.path.chmod(stat.S_IRUSR | stat.S_IWUSR)
        self.users = UsersFile(self.path, at_once)

    def log_in(self, name: str, password: str) -> Deferred[Any]:
        return self.users.requestAvatarId(UsernamePassword(name.encode(), password.encode()))

    def test_right(self) -> None:
        self.assertEqual(self.successResultOf(self.log_in("ann", "sécret")), b"ann")

    def test_wrong(self) -> None:
        for name, password in (("ann", "secret"), ("bob", "nonsense"), ("eve", ""), ("nobody", ""), ("# name", "hash")):
            self.failureResultOf(self.log_in(name, password), UnauthorizedLogin)

    def test_changes_count_at_once_and_no_file_lets_nobody_in(self) -> None:
        self.path.write_text(password_line("ann", "new", b"0123456789abcdef"), "utf-8")
        self.successResultOf(self.log_in("ann", "new"))
        self.path.unlink()
        self.failureResultOf(self.log_in("ann", "new"), UnauthorizedLogin)

    def test_the_log_says_what_is_wrong_and_no_secret(self) -> None:
        said: list[str] = []

        @implementer(ILogObserver)
        def observer(event: LogEvent) -> None:
            said.append(str(formatEvent(event)))

        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)
        for name, password, reason in (
            ("ann", "secret", "wrong password"),
            ("bob", "nonsense", "no such user"),
            ("nobody", "", "no such user"),
        ):
            failure = self.failureResultOf(self.log_in(name, password), UnauthorizedLogin)
            self.assertEqual(str(failure.value), reason)
        self.path.chmod(0o644)
        self.failureResultOf(self.log_in("ann", "x"), UnauthorizedLogin)
        self.path.unlink()
        failure = self.failureResultOf(self.log_in("ann", "sécret"), UnauthorizedLogin)
        self.assertEqual(str(failure.value), "the users file cannot be read")
        self.assertEqual(len(said), 3, said)
        self.assertIn("lines 4, 5 cannot be understood", said[0])
        self.assertIn("chmod 600", said[1])
        self.assertIn("nobody can log in", said[2])
        self.assertNotIn("nonsense", "".join(said))
