"""Fax addresses: the documented forms, the errors, the aliases."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from sandf.protocols.t37.addresses import AddressError, is_alias, number_in_address, parse_fax_address

PROFILE = settings(deadline=None, derandomize=True, max_examples=300)


class FormTests(SynchronousTestCase):
    """Every form that the classic gateway and the RFCs show."""

    def test_numbers(self) -> None:
        for local_part, number in (
            ("FAX=9-555-8354", "95558354"),
            ("FAX=+1408555-7442", "+14085557442"),
            ("fax=+14085550112", "+14085550112"),
            ("Fax=555-0112", "5550112"),
            ("FAX=+39-040-3755522", "+390403755522"),
            ("/FAX=+1.408.555.1212/", "+14085551212"),
            ("FAX=+1 408 555 1212", "+14085551212"),
            ("FAX=0p00w441234", "0,00,441234"),
            ("FAX=*31#555a", "*31#555A"),
        ):
            self.assertEqual(parse_fax_address(local_part).number, number, local_part)

    def test_subaddress_and_cover(self) -> None:
        address = parse_fax_address("FAX=+1-312-555-3260/T33S=12/cover=no")
        self.assertEqual((address.number, address.subaddress, address.cover), ("+13125553260", "12", False))
        self.assertIs(parse_fax_address("FAX=1/COVER=YES").cover, True)
        self.assertIsNone(parse_fax_address("FAX=1").cover)
        self.assertEqual(parse_fax_address("FAX=+39-040-3755522/t33s=6377").subaddress, "6377")

    def test_isdn_subaddress_and_post_dial(self) -> None:
        address = parse_fax_address("FAX=+39040/ISUB=1234/POSTD=pp55-6")
        self.assertEqual((address.isdn_subaddress, address.post_dial), ("1234", ",,556"))

    def test_recipient_qualifiers(self) -> None:
        address = parse_fax_address("FAX=+39040/ATTN=Ann_B/ORG=ACME Inc/STR=45/2 Main Street/ZIP=1")
        expected = (("ATTN", "Ann_B"), ("ORG", "ACME Inc"), ("STR", "45/2 Main Street"), ("ZIP", "1"))
        self.assertEqual(address.recipient, expected)

    def test_unknown_qualifiers_are_kept(self) -> None:
        address = parse_fax_address("FAX=+39040/X-Color=Blue/T33S=1/foo=")
        self.assertEqual(address.unknown, (("X-Color", "Blue"), ("foo", "")))
        self.assertEqual(address.subaddress, "1")

    def test_plain_numbers_by_argument(self) -> None:
        self.assertEqual(parse_fax_address("+1-408-5551212", plain_numbers=True).number, "+14085551212")
        self.assertEqual(parse_fax_address("5551212/T33S=3", plain_numbers=True).subaddress, "3")
        with self.assertRaises(AddressError):
            parse_fax_address("5551212")


class ErrorTests(SynchronousTestCase):
    """Each error says where and what is allowed."""

    def assert_error(self, local_part: str, position: int, words: str, *, plain_numbers: bool = False) -> None:
        with self.assertRaises(AddressError) as caught:
            parse_fax_address(local_part, plain_numbers=plain_numbers)
        self.assertEqual(caught.exception.position, position, str(caught.exception))
        self.assertIn(words, str(caught.exception))

    def test_errors(self) -> None:
        self.assert_error("", 1, "begins with FAX=")
        self.assert_error("/", 2, "begins with FAX=")
        self.assert_error("ann.b", 1, "begins with FAX=")
        self.assert_error("VOICE=+1408", 1, "VOICE= is not served here")
        self.assert_error("FAX=", 5, "needs digits")
        self.assert_error("FAX=+", 6, "needs digits")
        self.assert_error("FAX=ppp", 5, "needs digits")
        self.assert_error("FAX=12x4", 7, "'x' cannot stand in a number")
        self.assert_error("/FAX=12x4", 8, "'x' cannot stand in a number")
        self.assert_error("FAX=+44(0)20", 8, "'(' cannot stand in a number")
        self.assert_error("FAX=+44*1", 6, "digits only")
        self.assert_error("FAX=1/T33S=", 12, "1 to 20 digits")
        self.assert_error("FAX=1/T33S=12a", 12, "1 to 20 digits")
        self.assert_error("FAX=1/T33S=" + "1" * 21, 12, "1 to 20 digits")
        self.assert_error("FAX=1/cover=maybe", 13, "yes or no")
        self.assert_error("FAX=1/T33S=1/T33S=2", 19, "given twice")
        self.assert_error("FAX=1/junk", 7, "qualifier such as T33S=12")
        self.assert_error("FAX=" + "1" * 65, 5, "at most 64")

    def test_plain_name_is_no_number(self) -> None:
        self.assert_error("xn", 1, "'x' cannot stand in a number", plain_numbers=True)

    @PROFILE
    @given(st.text(max_size=40))
    def test_any_text(self, text: str) -> None:
        for plain_numbers in (False, True):
            try:
                address = parse_fax_address("FAX=" + text, plain_numbers=plain_numbers)
            except AddressError:
                continue
            self.assertRegex(address.number, r"\A\+?[0-9A-D*#,]+\Z")

    @PROFILE
    @given(st.from_regex(r"\+?[0-9]{1,15}", fullmatch=True), st.lists(st.sampled_from("-. "), max_size=10))
    def test_separators_never_matter(self, number: str, separators: list[str]) -> None:
        spread = "".join(char + (separators[at] if at < len(separators) else "") for at, char in enumerate(number))
        self.assertEqual(parse_fax_address(f"FAX={spread}").number, number)


class AliasTests(SynchronousTestCase):
    def test_names(self) -> None:
        self.assertTrue(is_alias("FAX.Example.com.", ("other", "fax.example.com")))
        self.assertFalse(is_alias("fax.example.com.evil", ("fax.example.com",)))

    def test_literals(self) -> None:
        self.assertTrue(is_alias("[15.80.7.107]", ("[15.80.7.107]",)))
        self.assertTrue(is_alias("[IPv6:2001:db8::1]", ("[ipv6:2001:DB8:0::1]",)))
        self.assertFalse(is_alias("15.80.7.107", ("[15.80.7.107]",)))
        self.assertFalse(is_alias("[15.80.7.107]", ("15.80.7.107",)))

    def test_numbers_for_addresses(self) -> None:
        self.assertEqual(number_in_address("+1 (408) 555-12"), "+140855512")
        self.assertEqual(number_in_address("12\r\nRCPT TO:<x@y>"), "12")
        self.assertEqual(number_in_address("ACME"), "")
