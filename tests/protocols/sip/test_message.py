"""SIP messages: what is taken beyond the grammar, what is refused and how, what is sent."""

from __future__ import annotations

import time
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st
from sipmessage import URI, Request, Response
from twisted.trial.unittest import SynchronousTestCase

from sandf.protocols.sip.message import (
    PHRASES,
    MessageError,
    answerable,
    parse,
    response_to,
    serialise,
    split_values,
)
from sandf.protocols.sip.reading import StreamReader
from sandf.protocols.sip.values import parse_via, tag_of, uri_of, with_source

BOUNDED = settings(deadline=None, derandomize=True, max_examples=150)

INVITE = (
    b"INVITE sip:5551234@192.0.2.1 SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bKabc;rport\r\n"
    b"Max-Forwards: 70\r\n"
    b'From: "Anna, A." <sip:100@192.0.2.9>;tag=f1\r\n'
    b"To: <sip:5551234@192.0.2.1>\r\n"
    b"Call-ID: one@192.0.2.9\r\n"
    b"CSeq: 7 INVITE\r\n"
    b"Record-Route: <sip:p1;lr>, <sip:p2;lr>\r\n"
    b"Contact: <sip:100@192.0.2.9>\r\n"
    b"Content-Type: application/sdp\r\n"
    b"Content-Length: 4\r\n"
    b"\r\n"
    b"v=0\n"
)
# The example of RFC 4475 3.1.1.1, in essence.
TORTUOUS = (
    b"INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0\r\n"
    b"TO :\r\n"
    b" sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n\r\n"
    b'from   : "J Rosenberg \\\\\\""       <sip:jdrosen@example.com>\r\n'
    b"  ;\r\n"
    b"  tag = 98asjd8\r\n"
    b"MaX-fOrWaRdS: 0068\r\n"
    b"Call-ID: wsinv.ndaksdj@192.0.2.1\r\n"
    b"Content-Length   : 5\r\n"
    b"cseq: 0009\r\n"
    b"  INVITE\r\n"
    b"Via  : SIP  /   2.0\r\n"
    b" /UDP\r\n"
    b"    192.0.2.2;branch=390skdjuw\r\n"
    b"s :\r\n"
    b"NewFangledHeader:   newfangled value\r\n"
    b" continued newfangled value\r\n"
    b"UnknownHeaderWithUnusualValue: ;;,,;;,;\r\n"
    b"v:  SIP  / 2.0  / TCP     spindle.example.com   ;\r\n"
    b"  branch  =   z9hG4bK9ikj8  ,\r\n"
    b" SIP  /    2.0   / UDP  192.168.255.111   ; branch=\r\n"
    b" z9hG4bK30239\r\n"
    b'm:"Quoted string \\"\\"" <sip:jdrosen@example.com> ; newparam =\r\n'
    b"      newvalue ;\r\n"
    b"  secondparam ; q = 0.33\r\n"
    b"\r\n"
    b"v=0\r\n"
)


def request_of(octets: bytes) -> Request:
    message = parse(octets)
    assert isinstance(message, Request)
    return message


def changed(old: bytes, new: bytes) -> bytes:
    assert old in INVITE
    return INVITE.replace(old, new)


class Taken(SynchronousTestCase):
    def test_a_plain_request(self) -> None:
        request = request_of(INVITE)
        self.assertEqual((request.method, request.uri.user, request.body), ("INVITE", "5551234", b"v=0\n"))
        self.assertEqual(request.headers["From"], '"Anna, A." <sip:100@192.0.2.9>;tag=f1')
        self.assertEqual(serialise(request).split(b"\r\n\r\n")[1], b"v=0\n")

    def test_a_plain_response(self) -> None:
        octets = b"SIP/2.0 486 Busy Here\r\n" + INVITE.split(b"\r\n", 1)[1]
        response = parse(octets)
        assert isinstance(response, Response)
        self.assertEqual((response.code, response.phrase), (486, "Busy Here"))
        for status in (b"SIP/2.0 486", b"SIP/2.0 486 ", b"sip/2.0  486 Busy"):
            self.assertEqual(getattr(parse(octets.replace(b"SIP/2.0 486 Busy Here", status)), "code", None), 486)

    def test_folded_lines_blanks_and_compact_names(self) -> None:
        request = request_of(TORTUOUS)
        self.assertEqual(tag_of(request.headers["To"]), "1918181833n")
        self.assertEqual(tag_of(request.headers["From"]), "98asjd8")
        self.assertEqual(request.headers["CSeq"], "0009 INVITE")
        self.assertEqual(request.headers["NewFangledHeader"], "newfangled value continued newfangled value")
        vias = [value for field in request.headers.getlist("Via") for value in split_values(field)]
        self.assertEqual([parse_via(via).branch for via in vias], ["390skdjuw", "z9hG4bK9ikj8", "z9hG4bK30239"])
        self.assertEqual([parse_via(via).transport for via in vias], ["UDP", "TCP", "UDP"])
        self.assertEqual(request.body, b"v=0\r\n")

    def test_bare_line_feeds_and_line_ends_before_the_message(self) -> None:
        request = request_of(b"\r\n\r\n" + INVITE.replace(b"\r\n", b"\n"))
        self.assertEqual((request.call_id, request.body), ("one@192.0.2.9", b"v=0\n"))

    def test_names_keep_their_spelling(self) -> None:
        octets = serialise(request_of(changed(b"Max-Forwards: 70", b"MAX-Forwards: 70\r\nx-Odd: a  b")))
        self.assertIn(b"\r\nMAX-Forwards: 70\r\n", octets)
        self.assertIn(b"\r\nx-Odd: a  b\r\n", octets)

    def test_encodings_may_be_mixed(self) -> None:
        octets = changed(b"Max-Forwards: 70", b"Subject: Gr\xc3\xbc\xc3\x9fe\r\nOrganization: Gr\xfc\xdfe")
        request = request_of(octets)
        self.assertEqual((request.headers["Subject"], request.headers["Organization"]), ("Grüße", "Grüße"))

    def test_control_characters_become_blanks(self) -> None:
        request = request_of(changed(b"Max-Forwards: 70", b"Subject: a\x00b\rX-Injected: c"))
        self.assertEqual(request.headers["Subject"], "a b X-Injected: c")

    def test_a_body_longer_than_content_length_is_cut(self) -> None:
        self.assertEqual(request_of(INVITE + b"padding").body, b"v=0\n")
        self.assertEqual(request_of(changed(b"Content-Length: 4\r\n", b"") + b"more").body, b"v=0\nmore")

    def test_the_same_value_twice_is_one(self) -> None:
        self.assertEqual(request_of(changed(b"CSeq: 7 INVITE", b"CSeq: 7 INVITE\r\nCSeq: 7 INVITE")).method, "INVITE")

    def test_request_uris_that_the_grammar_does_not_have(self) -> None:
        for text, user in (("SIP:12#34@192.0.2.1", "12#34"), ("sip:7@fax_gw:5070", "7"), ("<sip:7@host>", "7")):
            request = request_of(changed(b"sip:5551234@192.0.2.1 ", text.encode() + b" "))
            self.assertEqual((request.uri.user, str(request.uri)), (user, text.strip("<>")))


class Refused(SynchronousTestCase):
    def refused(self, octets: bytes, *, code: int = 400, can_answer: bool = True) -> str:
        error = self.assertRaises(MessageError, parse, octets)
        self.assertEqual(error.code, code)
        self.assertEqual(error.request is not None and answerable(error.request), can_answer)
        return str(error)

    def test_what_is_no_message(self) -> None:
        for octets in (b"", b"\0\0", b"INVITE\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"\x16\x03\x01\x02\x00"):
            self.refused(octets, can_answer=False)
        self.refused(b"SIP/2.0 700 Odd\r\n" + INVITE.split(b"\r\n", 1)[1], can_answer=False)
        self.refused(b"SIP/2.0 99 Odd\r\n" + INVITE.split(b"\r\n", 1)[1], can_answer=False)

    def test_what_transactions_rely_on(self) -> None:
        for line in (b"From: ", b"To: ", b"Call-ID: ", b"CSeq: ", b"Via: "):
            self.assertIn("missing", self.refused(INVITE.replace(line, b"X-" + line), can_answer=False))
        self.assertIn("CSeq of a BYE", self.refused(changed(b"7 INVITE", b"7 BYE")))
        self.refused(changed(b"7 INVITE", b"2147483648 INVITE"))
        self.refused(changed(b"7 INVITE", b"9" * 5000 + b" INVITE"))
        self.refused(changed(b"7 INVITE", b"-1 INVITE"))
        self.refused(changed(b"7 INVITE", "٧ INVITE".encode()))
        self.refused(changed(b"Via: SIP/2.0/UDP 192.0.2.9:5060", b"Via: SIP/2.0/UDP :"), can_answer=False)
        self.refused(changed(b"To: <sip:5551234@192.0.2.1>", b"To: nobody"))
        self.refused(changed(b"Call-ID: one", b"Call-ID: two\r\nCall-ID: one"))

    def test_start_lines(self) -> None:
        self.refused(changed(b"SIP/2.0\r\nVia", b"SIP/7.0\r\nVia"), code=505)
        self.refused(changed(b"sip:5551234@192.0.2.1 ", b"http://example.com/ "), code=416)
        self.refused(changed(b"sip:5551234@192.0.2.1 ", b"sip:" + b"5" * 2000 + b" "), code=414)
        self.refused(changed(b"sip:5551234@192.0.2.1 ", b"sip:a b@192.0.2.1 "))
        self.refused(changed(b"INVITE sip", b"IN\xffVITE sip"), can_answer=False)

    def test_a_tel_uri_that_would_take_sipmessage_for_ever(self) -> None:
        self.assertIn("tel", self.refused(changed(b"sip:100@192.0.2.9>\r\nC", b"tel:" + b"1" * 9000 + b"!>\r\nC")))

    def test_lengths(self) -> None:
        for length in (b"5", b"-4", b"4 octets", b"9" * 30, b"4\r\nContent-Length: 3"):
            self.assertIn("Content-Length", self.refused(changed(b"Content-Length: 4", b"Content-Length: " + length)))
        self.refused(INVITE[: INVITE.index(b"\r\n\r\n")])
        self.refused(INVITE + bytes(65_535), code=513, can_answer=False)
        self.refused(changed(b"Max-Forwards: 70", b"X: y\r\n" * 300), code=513, can_answer=False)

    def test_an_ack_is_never_answered(self) -> None:
        self.refused(INVITE.replace(b"INVITE", b"ACK").replace(b"7 ACK", b"7 BYE"), can_answer=False)

    def test_nothing_takes_long(self) -> None:
        """Patterns that go wrong take seconds or years for these."""
        long = (b'"' + b'\\"' * 30_000, b" " * 60_000 + b"x", b";a=" * 15_000, b"<" * 60_000, b"tel:" + b"1" * 60_000)
        began = time.process_time()
        for value in (*long, b"a-" * 30_000, b"a." * 30_000, b"," * 60_000, b'"",' * 20_000, b"\t \t" * 20_000):
            for name in (b"Via: ", b"From: ", b"To: ", b"CSeq: ", b"Contact: "):
                try:
                    parse(INVITE.replace(name, name + value + b" "))
                    parse(INVITE.replace(name, name + b"<sip:a@b>;x" + value + b"!;"))
                except MessageError:
                    pass
        self.assertLess(time.process_time() - began, 10.0)


class Values(SynchronousTestCase):
    def test_lists_are_divided_outside_of_quotes_and_brackets(self) -> None:
        text = '"a,\\",b" <sip:x,y@h>;q=1 , <sip:z> ,, tail'
        self.assertEqual(split_values(text), ['"a,\\",b" <sip:x,y@h>;q=1', "<sip:z>", "tail"])
        self.assertEqual(split_values('"open, <never> closed\\'), ['"open, <never> closed\\'])

    def test_tags(self) -> None:
        self.assertEqual(tag_of('"x;tag=no" <sip:a@b;tag=no>; TAG = yes ;x=y'), "yes")
        self.assertEqual(tag_of("sip:a@b;tag=yes"), "yes")
        self.assertEqual(tag_of("<sip:a@b;tag=no>"), "")

    def test_via(self) -> None:
        via = parse_via("SIP/2.0/tls Host.Example:70;branch=z9hG4bKx;rport;received=2001:db8::1")
        self.assertEqual(
            (via.transport, via.sent_by, via.branch, via.rport), ("TLS", "host.example:70", "z9hG4bKx", True)
        )
        self.assertEqual(parse_via("SIP/2.0/TLS [2001:db8::1]").sent_by, "[2001:db8::1]:5061")
        self.assertEqual(parse_via("SIP/2.0/UDP host").sent_by, "host:5060")
        for text in ("", "SIP/2.0/UDP", "SIP/3.0/UDP host", "SIP/2.0/UDP host:99999", "SIP/2.0/UDP a b;branch=c"):
            self.assertRaises(MessageError, parse_via, text)

    def test_the_source_of_a_request_is_put_into_via(self) -> None:
        def noted(parameters: str, host: str = "192.0.2.9") -> str:
            return with_source(f"SIP/2.0/UDP 192.0.2.9:5070{parameters}", host, 1024)

        self.assertEqual(noted(";branch=b"), "SIP/2.0/UDP 192.0.2.9:5070;branch=b")
        self.assertEqual(noted(";branch=b", "::1"), "SIP/2.0/UDP 192.0.2.9:5070;branch=b;received=::1")
        self.assertEqual(noted(";rport;branch=b"), "SIP/2.0/UDP 192.0.2.9:5070;branch=b;rport=1024;received=192.0.2.9")
        self.assertEqual(noted(";received=9.9.9.9;branch=b"), "SIP/2.0/UDP 192.0.2.9:5070;branch=b")

    def test_uris_are_written_as_they_were(self) -> None:
        for text in ("sip:a@b;maddr=[::1];LR", "sip:1#2@h_1", "tel:+1-555", "sips:h:5061", "sip:a:b%20@h;x=1:2"):
            self.assertEqual(str(uri_of(text)), text)
        self.assertEqual(uri_of("sip:a@b;Transport=TCP").parameters["transport"], "TCP")
        self.assertEqual(uri_of("sip:a@b"), URI.parse("sip:a@b"))
        self.assertEqual(uri_of("sip:a%23@h_1").user, "a#")


class Sent(SynchronousTestCase):
    def test_a_response_repeats_what_it_must(self) -> None:
        response = response_to(request_of(INVITE), 180, to_tag="t9")
        self.assertEqual(
            serialise(response),
            b"SIP/2.0 180 Ringing\r\n"
            b"Via: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bKabc;rport\r\n"
            b"Record-Route: <sip:p1;lr>, <sip:p2;lr>\r\n"
            b'From: "Anna, A." <sip:100@192.0.2.9>;tag=f1\r\n'
            b"To: <sip:5551234@192.0.2.1>;tag=t9\r\n"
            b"Call-ID: one@192.0.2.9\r\n"
            b"CSeq: 7 INVITE\r\n"
            b"Content-Length: 0\r\n\r\n",
        )

    def test_a_tag_that_is_there_stays(self) -> None:
        request = request_of(changed(b"To: <sip:5551234@192.0.2.1>", b"To: <sip:5551234@192.0.2.1>;tag=mine"))
        self.assertEqual(tag_of(response_to(request, 200, to_tag="other").headers["To"]), "mine")

    def test_phrases(self) -> None:
        request = request_of(INVITE)
        self.assertEqual(response_to(request, 488).phrase, "Not Acceptable Here")
        self.assertEqual(response_to(request, 499).phrase, PHRASES[400])
        self.assertEqual(response_to(request, 200, "Fine").phrase, "Fine")

    def test_only_100_has_the_timestamp_and_only_dialogs_the_route(self) -> None:
        request = request_of(changed(b"Max-Forwards: 70", b"Timestamp: 54"))
        self.assertEqual(response_to(request, 100).headers.get("Timestamp"), "54")
        self.assertIsNone(response_to(request, 180).headers.get("Timestamp"))
        self.assertIsNone(response_to(request, 486).headers.get("Record-Route"))

    def test_content_length_is_always_right(self) -> None:
        request = Request("INFO", URI.parse("sip:a@b"), b"12345")
        request.headers.add("content-length", "99")
        self.assertEqual(serialise(request), b"INFO sip:a@b SIP/2.0\r\nContent-Length: 5\r\n\r\n12345")

    def test_no_header_field_hides_another(self) -> None:
        request = Request("INFO", URI.parse("sip:a@b"))
        request.headers.add("Subject", "a\r\nX-Injected: b")
        self.assertRaises(ValueError, serialise, request)


def cut(octets: bytes, at: int, to: int, octet: int) -> bytes:
    return octets[:at] + octets[to:]


def flip(octets: bytes, at: int, to: int, octet: int) -> bytes:
    return octets[:at] + bytes([octet]) + octets[at + 1 :]


def double(octets: bytes, at: int, to: int, octet: int) -> bytes:
    return octets[:to] + octets[min(at, to) :]


Mutation = Callable[[bytes, int, int, int], bytes]
MUTATIONS = (cut, flip, double)


class Mutated(SynchronousTestCase):
    @settings(BOUNDED, max_examples=600)
    @given(
        st.sampled_from((INVITE, TORTUOUS)),
        st.sampled_from(MUTATIONS),
        st.integers(0, 700),
        st.integers(0, 700),
        st.integers(0, 255),
    )
    def test_no_error_but_ours_and_what_passes_can_be_answered(
        self, octets: bytes, mutation: Mutation, at: int, to: int, octet: int
    ) -> None:
        try:
            message = parse(mutation(octets, at, to, octet))
        except MessageError:
            return
        if isinstance(message, Request):
            again = parse(serialise(response_to(message, 200, to_tag="t")))
            self.assertEqual(again.headers["Call-ID"], message.headers["Call-ID"])
        serialise(message)


class Streamed(SynchronousTestCase):
    def test_whole_byte_by_byte_and_with_a_tail(self) -> None:
        stream = INVITE + TORTUOUS + INVITE
        self.assertEqual(StreamReader().feed(stream), [INVITE, TORTUOUS, INVITE])
        reader = StreamReader()
        bytewise = [message for octet in stream for message in reader.feed(bytes([octet]))]
        self.assertEqual(bytewise, [INVITE, TORTUOUS, INVITE])
        reader = StreamReader()
        self.assertEqual(reader.feed(INVITE + INVITE[:50]), [INVITE])
        self.assertEqual(reader.feed(INVITE[50:]), [INVITE])

    @BOUNDED
    @given(st.lists(st.integers(1, 900), max_size=6))
    def test_however_it_is_divided(self, cuts: list[int]) -> None:
        reader, stream, found = StreamReader(), b"\r\n\r\n" + INVITE + b"\r\n" + TORTUOUS, []
        for size in [*cuts, len(stream)]:
            found += reader.feed(stream[:size])
            stream = stream[size:]
        self.assertEqual(found, [INVITE, TORTUOUS])
        self.assertEqual(reader.pings, 1)

    def test_keep_alives(self) -> None:
        reader = StreamReader()
        reader.feed(b"\r\n\r")
        self.assertEqual(reader.pings, 0)
        reader.feed(b"\n")
        self.assertEqual(reader.pings, 1)
        self.assertEqual(reader.feed(b"\r\n\r\n" + INVITE + b"\r\n"), [INVITE])
        self.assertEqual(reader.pings, 2)
        self.assertEqual(reader.feed(INVITE + b"\r\n" + INVITE), [INVITE, INVITE])
        self.assertEqual(reader.pings, 2)

    def test_without_content_length_a_message_ends_with_its_head(self) -> None:
        bare = changed(b"Content-Length: 4\r\n", b"").replace(b"Content-Type: application/sdp\r\n", b"")[:-4]
        self.assertEqual(StreamReader().feed(bare + INVITE), [bare, INVITE])

    def test_streams_that_cannot_be_followed(self) -> None:
        for octets in (
            changed(b"Content-Length: 4\r\n", b""),
            changed(b"Content-Length: 4", b"Content-Length: x"),
            changed(b"Content-Length: 4", b"Content-Length: 70000"),
            changed(b"Max-Forwards: 70", b"X: y\r\n" * 300),
            b"x" * 70_000,
        ):
            self.assertRaises(MessageError, StreamReader().feed, octets)
