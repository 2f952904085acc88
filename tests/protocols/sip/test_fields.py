"""Parameters and addresses as they come: quoted, folded, without brackets, in any case, and never slowly."""

from __future__ import annotations

from time import process_time

from sipmessage import Response
from twisted.trial.unittest import SynchronousTestCase

from sandf.protocols.sip.digest import DigestError, parse_challenges
from sandf.protocols.sip.fields import NamedAddress, named_address, parameters_of, quoted, unquoted, valued
from sandf.protocols.sip.numbers import number_of_user


class Fields(SynchronousTestCase):
    def test_parameters(self) -> None:
        for text, found in (
            (';Tag=a;x ; y = "b;\\"c" ;z=', {"tag": "a", "x": "", "y": 'b;"c', "z": ""}),
            (";a=1;A=2", {"a": "1"}),
            (';a="open;b=1', {"a": "", "open": "", "b": "1"}),
            (";;=;", {}),
            ("", {}),
        ):
            self.assertEqual(parameters_of(text), found, text)

    def test_values(self) -> None:
        self.assertEqual(valued(" 1800 ;refresher=uac"), ("1800", {"refresher": "uac"}))
        self.assertEqual(valued(""), ("", {}))

    def test_addresses(self) -> None:
        for text, name, uri, parameters in (
            ('"A \\"<B>\\"" <sip:1@h;x=y>;tag=t', 'A "<B>"', "sip:1@h;x=y", {"tag": "t"}),
            ("Alice B <sip:1@h>", "Alice B", "sip:1@h", {}),
            ("sip:1@h;tag=t", "", "sip:1@h", {"tag": "t"}),
            ('"A"<sip:1@h', "A", "sip:1@h", {}),
            ('"open <sip:1@h>', '"open', "sip:1@h", {}),
            ("", "", "", {}),
        ):
            self.assertEqual(named_address(text), NamedAddress(name=name, uri=uri, parameters=parameters), text)

    def test_quotation_marks(self) -> None:
        self.assertEqual(unquoted(quoted('a "b" \\c')), 'a "b" \\c')
        self.assertEqual(quoted("a\r\nb"), '"a  b"')
        self.assertEqual([unquoted(text) for text in ("plain", '"', ' "x" ')], ["plain", '"', "x"])

    def test_long_texts_take_no_long_time(self) -> None:
        size = 60_000
        for text in (" " * size, ";" * size, '"' * size, '="' * size, ';a="\\' * size, "a " * size, "a=b," * size):
            began = process_time()
            parameters_of(text)
            named_address(text)
            number_of_user(text)
            response = Response(401, "x")
            response.headers.add("WWW-Authenticate", "Digest " + text)
            try:
                parse_challenges(response)
            except DigestError:
                pass
            self.assertLess(process_time() - began, 2.0, text[:8])
