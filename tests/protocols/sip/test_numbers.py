"""Who calls whom: URIs of many spellings, identities, diversions, and what we say of ourselves."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from sipmessage import URI, Request
from twisted.trial.unittest import SynchronousTestCase

from sandf.protocols.sip.numbers import CalledFrom, Numbers, identity_headers, number_of_user, numbers_of, sip_user

BOUNDED = settings(deadline=None, derandomize=True, max_examples=100)
FROM = '"Alice" <sip:1000@pbx.example.com>;tag=a'


def invite(uri: str = "sip:2000@gw.example.com", *headers: tuple[str, str], sender: str = FROM) -> Request:
    request = Request("INVITE", URI.parse(uri))
    request.headers.add("From", sender)
    for name, value in headers:
        request.headers.add(name, value)
    return request


def numbers(*headers: tuple[str, str], sender: str = FROM, trust_identity: bool = True) -> Numbers:
    request = invite("sip:2000@gw.example.com", *headers, sender=sender)
    return numbers_of(request, called_from=CalledFrom.REQUEST_URI, trust_identity=trust_identity)


class Called(SynchronousTestCase):
    def test_users_of_the_request_uri(self) -> None:
        for uri, called in (
            ("sip:2000@gw.example.com", "2000"),
            ("sip:+4930123456@gw.example.com;user=phone", "+4930123456"),
            ("sip:+1-555.(123)-4567;npdi;rn=+15550000@gw", "+15551234567"),
            ("sip:%232000*@gw", "#2000*"),
            ("sip:+49%2030%20123@gw", "+4930123"),
            ("tel:+1-201-555-0123;phone-context=example.com", "+12015550123"),
            ("sip:12ab@gw", "12AB"),
            ("sip:bad@gw", "bad"),
            ("sip:fax@gw", "fax"),
            ("sip:fax-1@gw", "fax-1"),
            ("sip:f$x@gw", ""),
            ("sip:gw.example.com", ""),
            ("sip:" + "1" * 65 + "@gw", ""),
        ):
            found = numbers_of(invite(uri), called_from=CalledFrom.REQUEST_URI)
            self.assertEqual(found.called, called, uri)

    def test_to_where_the_setting_says_so(self) -> None:
        request = invite("sip:trunk17@gw", ("To", "<sip:+493012@carrier.example;user=phone>"))
        self.assertEqual(numbers_of(request, called_from=CalledFrom.TO).called, "+493012")
        self.assertEqual(numbers_of(request, called_from=CalledFrom.REQUEST_URI).called, "trunk17")
        self.assertEqual(numbers_of(invite("sip:2000@gw"), called_from=CalledFrom.TO).called, "")


class Calling(SynchronousTestCase):
    def test_from(self) -> None:
        for sender, calling, name in (
            (FROM, "1000", "Alice"),
            ("sip:+49301@h;tag=x", "+49301", ""),
            ('"A \\"B\\" <C>, D" <sip:1;phone-context=x@h>;tag=x', "1", 'A "B" <C>, D'),
            ("Bob Smith<sips:1@h:5061;transport=tls>", "1", "Bob Smith"),
            ("<sip:#31#1000@h>", "#31#1000", ""),
            ("nonsense", "", ""),
            ("", "", ""),
        ):
            found = numbers(sender=sender)
            self.assertEqual((found.calling, found.calling_name, found.private), (calling, name, False), sender)

    def test_nobody(self) -> None:
        for sender in ('"Anonymous" <sip:anonymous@anonymous.invalid>;tag=x', "<sip:Restricted@h>", "<sip:unknown@h>"):
            found = numbers(sender=sender)
            self.assertEqual((found.calling, found.calling_name, found.private), ("", "", True))

    def test_asserted_identity_comes_first_and_a_number_before_a_name(self) -> None:
        pai = ("P-Asserted-Identity", '"Fax, A" <sip:alice@h>, <tel:+1-555-0100>')
        found = numbers(pai, sender='"Anonymous" <sip:anonymous@anonymous.invalid>')
        self.assertEqual((found.calling, found.calling_name, found.private), ("+15550100", "", True))
        self.assertEqual(numbers(pai).calling_name, "Alice")
        self.assertEqual(numbers(("P-Asserted-Identity", "<sip:alice@h>")).calling, "alice")

    def test_remote_party_id(self) -> None:
        called = ("Remote-Party-ID", "<sip:2000@h>;party=called")
        calling = ("Remote-Party-ID", '"A" <sip:1001@h>;party=calling;screen=yes;privacy=full')
        found = numbers(called, calling)
        self.assertEqual((found.calling, found.calling_name, found.private), ("1001", "A", True))
        self.assertEqual(numbers(called).calling, "1000")
        self.assertEqual(numbers(calling, ("P-Asserted-Identity", "<sip:1002@h>")).calling, "1002")

    def test_identities_of_those_who_are_not_trusted(self) -> None:
        found = numbers(("P-Asserted-Identity", "<sip:1002@h>"), trust_identity=False)
        self.assertEqual(found.calling, "1000")

    def test_privacy(self) -> None:
        for value, private in (("id", True), ("header;user ;critical", True), ("none", False), ("", False)):
            found = numbers(("Privacy", value), ("P-Asserted-Identity", "<sip:1002@h>"))
            self.assertEqual((found.private, found.calling), (private, "1002"), value)


class Redirecting(SynchronousTestCase):
    def redirecting(self, *headers: tuple[str, str]) -> tuple[str, str]:
        found = numbers(*headers)
        return found.redirecting, found.redirecting_reason

    def test_the_top_most_diversion(self) -> None:
        first = ("Diversion", '<sip:3001@h>;reason="User-Busy";counter=1, <sip:3000@h>;reason=unconditional')
        self.assertEqual(self.redirecting(first, ("Diversion", "<sip:2999@h>")), ("3001", "user-busy"))
        self.assertEqual(self.redirecting(("Diversion", "<tel:+1555>")), ("+1555", "unknown"))

    def test_history_of_rfc_7044(self) -> None:
        history = (
            "<sip:3000@h>;index=1",
            "<sip:3001@h;cause=302>;index=1.1;mp=1",
            "<sip:2000@h;cause=486>;index=1.1.1;mp=1.1",
            "<sip:2000@192.0.2.1>;index=1.1.1.1;rc=1.1.1",
        )
        self.assertEqual(self.redirecting(("History-Info", ", ".join(history))), ("3001", "user-busy"))
        self.assertEqual(
            self.redirecting(*(("History-Info", entry) for entry in history[:2])), ("3000", "unconditional")
        )
        self.assertEqual(self.redirecting(("History-Info", f"{history[0]},{history[3]}")), ("", ""))
        self.assertEqual(
            self.redirecting(("History-Info", f"{history[0]},<sip:2@h>;index=1.1;mp=1")), ("3000", "unknown")
        )

    def test_history_of_rfc_4244(self) -> None:
        history = "<sip:3000@h?Reason=SIP%3Bcause%3D408%3Btext%3D%22a%2C%20b%22>;index=1, <sip:2000@h>;index=2"
        self.assertEqual(self.redirecting(("History-Info", history)), ("3000", "no-answer"))
        self.assertEqual(self.redirecting(("History-Info", "<sip:3000@h>;index=1, <sip:2000@h>;index=2")), ("", ""))

    def test_diversion_before_history(self) -> None:
        history = ("History-Info", "<sip:3000@h>;index=1,<sip:2000@h;cause=302>;index=1.1;mp=1")
        self.assertEqual(self.redirecting(history, ("Diversion", "<sip:3009@h>;reason=away")), ("3009", "away"))

    def test_nothing(self) -> None:
        self.assertEqual(self.redirecting(), ("", ""))


class Ours(SynchronousTestCase):
    def test_identity_headers(self) -> None:
        for arguments, value in (
            (("+49301", "h"), "<sip:+49301@h;user=phone>"),
            (("#1 2", "[2001:db8::1]", 'A "B"'), '"A \\"B\\"" <sip:%2312@[2001:db8::1];user=phone>'),
            (("fax", "h", "x\r\ny"), '"x  y" <sip:fax@h>'),
        ):
            self.assertEqual(identity_headers(*arguments), [("P-Asserted-Identity", value)])
        self.assertEqual(identity_headers("", "h"), [])

    @BOUNDED
    @given(st.text(max_size=70))
    def test_users_that_we_write_are_users_of_a_uri(self, text: str) -> None:
        user = sip_user(text)
        if user:
            self.assertEqual(URI.parse(str(URI(scheme="sip", user=user, host="h"))).user, user)

    @BOUNDED
    @given(st.text(st.sampled_from('sip:tel1+@<>;,"\\?%2=& .mrc'), max_size=60))
    def test_any_text_is_taken(self, text: str) -> None:
        names = ("P-Asserted-Identity", "Remote-Party-ID", "Privacy", "Diversion", "History-Info", "To")
        for name in names:
            for called_from in CalledFrom:
                found = numbers_of(invite("sip:1@h", (name, text), sender=text), called_from=called_from)
                for number in (found.called, found.calling, found.redirecting):
                    self.assertEqual(number_of_user(number), number)
