"""Session targets: the documented forms, and what a number may put into an address."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from sandf.dialpeer import SessionTarget, TargetError

PROFILE = settings(deadline=None, derandomize=True, max_examples=200)


def expand(target: str, called: str = "5551234", redirecting: str | None = None, chosen: str | None = None) -> str:
    parsed = SessionTarget.parse(target)
    return parsed.expand(called=called, redirecting=redirecting, chosen=chosen, domain="gw.example.com")


class ExpandTests(SynchronousTestCase):
    def test_called_number(self) -> None:
        self.assertEqual(expand("mailto:$d$@mail.example.com"), "5551234@mail.example.com")

    def test_static(self) -> None:
        self.assertEqual(expand("mailto:fax-list@example.com"), "fax-list@example.com")
        self.assertEqual(expand("mailto:w@[192.0.2.1]"), "w@[192.0.2.1]")

    def test_no_domain(self) -> None:
        self.assertEqual(expand("mailto:operator"), "operator@gw.example.com")
        self.assertEqual(expand("mailto:$d$"), "5551234@gw.example.com")

    def test_redirecting_number_else_called(self) -> None:
        self.assertEqual(expand("mailto:$m$@example.com", redirecting="777"), "777@example.com")
        self.assertEqual(expand("mailto:$m$@example.com"), "5551234@example.com")

    def test_chosen_address(self) -> None:
        self.assertEqual(expand("mailto:$e$", chosen="ann.b@example.org"), "ann.b@example.org")
        self.assertEqual(expand("mailto:$e$@example.com", chosen="777"), "777@example.com")
        self.assertEqual(expand("mailto:$e$@example.com", chosen="ann.b@example.org"), "ann.b@example.com")
        self.assertEqual(expand("mailto:$e$"), "5551234@gw.example.com")

    def test_marker(self) -> None:
        self.assertEqual(expand("mailto:+$d$@fax.example.com"), "+5551234@fax.example.com")
        self.assertEqual(expand("mailto:+$d$@fax.example.com", called="+1312"), "+1312@fax.example.com")
        self.assertEqual(expand("mailto:$d$@fax.example.com", called="+1312"), "+1312@fax.example.com")
        self.assertEqual(expand("mailto:FAX=+$d$@x", called="+1312"), "FAX=+1312@x")

    def test_written_back(self) -> None:
        for text in ("mailto:$d$@mail.example.com", "mailto:operator"):
            self.assertEqual(str(SessionTarget.parse(text)), text)

    def test_nothing_left_of_the_number(self) -> None:
        self.assertRaises(TargetError, expand, "mailto:$d$@example.com", "anonymous")

    def test_chosen_address_is_checked(self) -> None:
        for chosen in ("a b@example.com", "a@b\r\nRCPT TO:<c@d>", "@x", "a@"):
            self.assertRaises(TargetError, expand, "mailto:$e$", "5551234", None, chosen)

    @PROFILE
    @given(called=st.text(max_size=20))
    def test_a_number_cannot_leave_its_place(self, called: str) -> None:
        address = expand("mailto:fax.$d$x@example.com", called="1" + called)
        self.assertTrue(address.startswith("fax.1"))
        self.assertTrue(address.endswith("x@example.com"))
        self.assertTrue(set(address[5:-13]) <= set("0123456789ABCD*#"))


class MistakeTests(SynchronousTestCase):
    def test_mistakes(self) -> None:
        for text, word in (
            ("", "mailto:"),
            ("$d$@mail.example.com", "begins with 'mailto:'"),
            ("http://example.com", "begins with 'mailto:'"),
            ("mailto:$s$@example.com", "'$s$' is unknown"),
            ("mailto:$d@example.com", "neither a mailbox"),
            ("mailto:@example.com", "neither a mailbox"),
            ("mailto:a b@example.com", "neither a mailbox"),
            ("mailto:a@", "neither a domain"),
            ("mailto:a@-x-", "neither a domain"),
        ):
            self.assertIn(word, str(self.assertRaises(TargetError, SessionTarget.parse, text)))
