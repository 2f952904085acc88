"""Digest authentication: the examples of the RFCs, what servers send, and when a client gives up."""

from __future__ import annotations

import re
from itertools import count

from hypothesis import given, settings
from hypothesis import strategies as st
from sipmessage import URI, Request, Response
from twisted.trial.unittest import SynchronousTestCase

from sandf.protocols.sip.digest import Challenge, Credentials, DigestClient, DigestError, parse_challenges

BOUNDED = settings(deadline=None, derandomize=True, max_examples=100)
MUFASA = Credentials(username="Mufasa", password="Circle of Life")
ALICE = Credentials(username="alice", password="secret")


class Page(URI):
    """A Request-URI of HTTP, which the examples of the RFCs are of."""

    def __str__(self) -> str:
        return self.host


def request(method: str = "INVITE", uri: URI | None = None, body: bytes = b"", call_id: str = "c1") -> Request:
    made = Request(method, uri or URI.parse("sip:5551234@pbx.example.com"), body)
    made.headers.add("Call-ID", call_id)
    return made


def refusal(*challenges: str, header: str = "WWW-Authenticate") -> Response:
    response = Response(407 if header.startswith("Proxy") else 401, "Unauthorized")
    for challenge in challenges:
        response.headers.add(header, challenge)
    return response


def fields(value: str) -> dict[str, str]:
    """Parameters as they stand on the line, quotation marks and all."""
    scheme, _, rest = value.partition(" ")
    assert scheme == "Digest"
    return dict(re.findall(r'([a-z]+)=("(?:[^"\\]|\\.)*"|[^",]+)(?:, |$)', rest))


def answered(challenge: str, made: Request, credentials: Credentials, cnonce: str = "0a4f113b") -> dict[str, str]:
    assert DigestClient().answer(parse_challenges(refusal(challenge)), made, credentials, cnonce=cnonce)
    return fields(made.headers["Authorization"])


class Examples(SynchronousTestCase):
    def test_rfc_2617_3_5(self) -> None:
        made = request("GET", Page(scheme="http", host="/dir/index.html"))
        found = answered(
            'Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", '
            'opaque="5ccc069c403ebaf9f0171e9517f40e41"',
            made,
            Credentials(username="Mufasa", password="Circle Of Life"),
        )
        self.assertEqual(
            found,
            {
                "username": '"Mufasa"',
                "realm": '"testrealm@host.com"',
                "nonce": '"dcd98b7102dd2f0e8b11d0f600bfb0c093"',
                "uri": '"/dir/index.html"',
                "qop": "auth",
                "nc": "00000001",
                "cnonce": '"0a4f113b"',
                "response": '"6629fae49393a05397450978507c4ef1"',
                "opaque": '"5ccc069c403ebaf9f0171e9517f40e41"',
            },
        )

    def test_rfc_2069(self) -> None:
        made = request("GET", Page(scheme="http", host="/dir/index.html"))
        found = answered(
            'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"',
            made,
            Credentials(username="Mufasa", password="Circle Of Life"),
        )
        self.assertEqual(found["response"], '"670fd8c2df070c60b045671b8b24ff02"')
        self.assertEqual(set(found), {"username", "realm", "nonce", "uri", "response"})

    def test_rfc_7616_3_9_1(self) -> None:
        head = (
            'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={}, '
            'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", '
            'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
        )
        for algorithm, response in (
            ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
            ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        ):
            made = request("GET", Page(scheme="http", host="/dir/index.html"))
            cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
            found = answered(head.format(algorithm), made, MUFASA, cnonce)
            self.assertEqual((found["response"], found["algorithm"]), (f'"{response}"', algorithm))

    def test_rfc_7616_3_9_2_as_its_erratum_4897_corrects_it(self) -> None:
        made = request("GET", Page(scheme="http", host="/doe.json"))
        found = answered(
            'Digest realm="api@example.org", qop="auth", algorithm=SHA-512-256, '
            'nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", '
            'opaque="HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS", charset=UTF-8, userhash=true',
            made,
            Credentials(username="Jäsøn Doe", password="Secret, or not?"),
            "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v",
        )
        self.assertEqual(found["response"], '"3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5"')

    def test_auth_int_hashes_the_body(self) -> None:
        challenge = 'Digest realm="r", nonce="n", qop="auth-int"'
        first, second = (answered(challenge, request(body=body), ALICE) for body in (b"v=0\r\n", b"v=1\r\n"))
        self.assertEqual(first["qop"], "auth-int")
        self.assertNotEqual(first["response"], second["response"])
        # H(H(alice:r:secret):n:00000001:0a4f113b:auth-int:H(INVITE:uri:H(body))), worked out with md5sum.
        self.assertEqual(first["response"], '"582512a5bba95f7e33f60f072655e92f"')

    def test_a_session_key(self) -> None:
        found = answered('Digest realm="r", nonce="n", qop="auth", algorithm=MD5-sess', request(), ALICE)
        # H(H(H(alice:r:secret):n:0a4f113b):n:00000001:0a4f113b:auth:H(INVITE:uri)), worked out with md5sum.
        self.assertEqual(found["response"], '"b75240d83efd7058e193715d42ede93b"')


class Challenges(SynchronousTestCase):
    def test_several_in_one_field_and_in_several(self) -> None:
        response = refusal(
            'Basic realm="x, y", Digest realm="a \\"b\\", c" , nonce = "n1",qop="auth,auth-int",algorithm=SHA-256, '
            'DIGEST nonce=n2, realm="second", stale=TRUE',
            "Bearer abc==",
            'Digest realm="third",nonce="n3",opaque=""',
        )
        self.assertEqual(
            parse_challenges(response),
            [
                Challenge(realm='a \\"b\\", c', nonce="n1", qop=("auth", "auth-int"), algorithm="SHA-256"),
                Challenge(realm="second", nonce="n2", stale=True),
                Challenge(realm="third", nonce="n3", opaque=""),
            ],
        )

    def test_of_proxies(self) -> None:
        found = parse_challenges(refusal('Digest realm="p",nonce="n"', header="Proxy-Authenticate"))
        self.assertEqual(found, [Challenge(realm="p", nonce="n", proxy=True)])

    def test_bad_ones(self) -> None:
        for text in ('Digest realm="r"', 'Digest nonce="n"', 'Digest realm="r", nonce=""', "Digest", 'Digest nonce="n'):
            self.assertRaises(DigestError, parse_challenges, refusal(text))
            good = refusal(text, 'Digest realm="r", nonce="n"')
            self.assertEqual(parse_challenges(good), [Challenge(realm="r", nonce="n")])
        self.assertEqual(parse_challenges(refusal('NTLM realm="r"')), [])

    @BOUNDED
    @given(st.text(st.sampled_from('Digest realmnonce="\\,= \t;x'), max_size=80))
    def test_any_text_is_read_or_refused(self, text: str) -> None:
        for value in (text, 'Digest realm="r", nonce="n", ' + text):
            try:
                challenges = parse_challenges(refusal(value))
            except DigestError:
                continue
            DigestClient().answer(challenges, request(), ALICE, cnonce="c")


class Answered(SynchronousTestCase):
    def setUp(self) -> None:
        self.client = DigestClient()
        self.cnonces = (f"cnonce{number}" for number in count())

    def answer(self, made: Request, *challenges: str, proxy: bool = False) -> bool:
        header = "Proxy-Authenticate" if proxy else "WWW-Authenticate"
        found = parse_challenges(refusal(*challenges, header=header))
        return self.client.answer(found, made, ALICE, cnonce=next(self.cnonces))

    def new(self, method: str = "INVITE", call_id: str = "c1") -> Request:
        made = request(method, call_id=call_id)
        self.client.authorise_known(made, ALICE, lambda: next(self.cnonces))
        return made

    def test_the_strongest_algorithm_whatever_the_order(self) -> None:
        made = self.new()
        algorithms = ("MD5", "SHA-256", "SHA-999", "sha-512-256-sess", "AKAv1-MD5")
        self.assertTrue(self.answer(made, *(f'Digest realm="r",nonce="n",algorithm={name}' for name in algorithms)))
        found = fields(made.headers["Authorization"])
        self.assertEqual(found["algorithm"], "sha-512-256-sess")
        self.assertEqual(len(made.headers.getlist("Authorization")), 1)

    def test_what_nobody_can_answer_leaves_the_request_as_it_was(self) -> None:
        for text in ("algorithm=SHA-999", 'qop="auth-conf"'):
            made = self.new()
            self.assertFalse(self.answer(made, 'Digest realm="ok",nonce="n"', f'Digest realm="r",nonce="n",{text}'))
            self.assertEqual(made.headers.getlist("Authorization"), [])
        self.assertFalse(self.client.answer([], self.new(), ALICE, cnonce="c"))

    def test_credentials_of_another_realm_are_not_given_away(self) -> None:
        elsewhere = Credentials(username="alice", password="secret", realm="home")
        challenge = [Challenge(realm="abroad", nonce="n")]
        self.assertFalse(self.client.answer(challenge, self.new(), elsewhere, cnonce="c"))
        self.assertTrue(self.client.answer([Challenge(realm="home", nonce="n")], self.new(), elsewhere, cnonce="c"))

    def test_a_wrong_password_is_not_sent_twice(self) -> None:
        for nonces in (("n", "n"), ("n", "m")):
            made = self.new(call_id=nonces[1])
            self.assertTrue(self.answer(made, f'Digest realm="{nonces}",nonce="{nonces[0]}"'))
            again = request(call_id=nonces[1])
            self.assertFalse(self.answer(again, f'Digest realm="{nonces}",nonce="{nonces[1]}"'))

    def test_a_stale_nonce_is_answered_but_not_for_ever(self) -> None:
        made = self.new()
        self.assertTrue(self.answer(made, 'Digest realm="r",nonce="n0"'))
        answers = [self.answer(request(), f'Digest realm="r",nonce="n{n}",stale=true') for n in range(1, 9)]
        self.assertEqual(answers, [True] + [False] * 7)

    def test_the_next_request_carries_credentials_at_once(self) -> None:
        self.assertTrue(self.answer(self.new(), 'Digest realm="r",nonce="n",qop="auth"'))
        second, third = (fields(self.new(call_id=name).headers["Authorization"]) for name in ("c2", "c3"))
        self.assertEqual([one["nc"] for one in (second, third)], ["00000002", "00000003"])
        self.assertNotEqual(second["response"], third["response"])
        self.assertNotEqual(second["cnonce"], third["cnonce"])

    def test_nothing_goes_out_unasked_before_or_without_credentials(self) -> None:
        self.assertEqual(self.new().headers.getlist("Authorization"), [])
        self.answer(self.new(), 'Digest realm="r",nonce="n"')
        made = request()
        self.client.authorise_known(made, None, lambda: "c")
        self.assertEqual(made.headers.getlist("Authorization"), [])

    def test_a_nonce_that_has_grown_old_without_anybody_saying_so(self) -> None:
        self.answer(self.new(), 'Digest realm="r",nonce="n",qop="auth"')
        self.new(call_id="c2")
        self.assertTrue(self.answer(request(call_id="c2"), 'Digest realm="r",nonce="m",qop="auth"'))
        self.assertFalse(self.answer(request(call_id="c2"), 'Digest realm="r",nonce="o",qop="auth"'))

    def test_proxy_and_far_end_one_after_the_other(self) -> None:
        self.assertTrue(self.answer(self.new(), 'Digest realm="proxy",nonce="p",qop="auth"', proxy=True))
        made = request()
        self.assertTrue(self.answer(made, 'Digest realm="far",nonce="f",qop="auth"'))
        self.assertEqual(fields(made.headers["Proxy-Authorization"])["nc"], "00000002")
        self.assertEqual(fields(made.headers["Authorization"])["nc"], "00000001")

    def test_two_realms_at_once(self) -> None:
        made = self.new()
        self.assertTrue(self.answer(made, 'Digest realm="a",nonce="1", Digest realm="b",nonce="2"'))
        realms = [fields(value)["realm"] for value in made.headers.getlist("Authorization")]
        self.assertEqual(realms, ['"a"', '"b"'])

    def test_session_keys_are_of_the_first_cnonce(self) -> None:
        challenge = 'Digest realm="r",nonce="n",qop="auth",algorithm=MD5-sess'
        first = self.new()
        self.assertTrue(self.answer(first, challenge))
        second = fields(self.new(call_id="c2").headers["Authorization"])
        self.assertEqual(fields(first.headers["Authorization"])["cnonce"], second["cnonce"])
        self.assertEqual((second["algorithm"], second["nc"]), ("MD5-sess", "00000002"))

    def test_names_with_quotation_marks(self) -> None:
        made = request()
        named = Credentials(username='a"b\\c', password="sesame")
        self.client.answer([Challenge(realm="r", nonce="n")], made, named, cnonce="c")
        self.assertEqual(fields(made.headers["Authorization"])["username"], '"a\\"b\\\\c"')
        self.assertRaises(ValueError, Credentials, username="a\r\nb", password="x")
        self.assertNotIn("sesame", repr(named))

    def test_what_is_remembered_is_bounded(self) -> None:
        for number in range(3000):
            made = request(call_id=str(number))
            self.client.answer([Challenge(realm=str(number), nonce=str(number))], made, ALICE, cnonce="c")
        self.assertLessEqual(len(self.new().headers.getlist("Authorization")), 16)
