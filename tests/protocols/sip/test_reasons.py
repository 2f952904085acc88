"""Causes of SIP and Q.850 both ways, and what responses say beyond their status."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from sipmessage import Response
from twisted.trial.unittest import SynchronousTestCase

from sandf import causes
from sandf.protocols.sip.reasons import (
    Reason,
    media_refused,
    q850_of,
    q850_of_status,
    reason_header,
    reasons_of,
    release_cause,
    retry_after,
    status_of_q850,
)

BOUNDED = settings(deadline=None, derandomize=True, max_examples=100)


def response(code: int, *headers: tuple[str, str]) -> Response:
    made = Response(code, "x")
    for name, value in headers:
        made.headers.add(name, value)
    return made


class Reasons(SynchronousTestCase):
    def test_several_and_odd_ones(self) -> None:
        made = response(
            480,
            ("Reason", 'q.850 ;Cause=17; Text="User busy, \\"really\\"", SIP;cause=486'),
            ("Reason", "Q.850;cause=x, Preemption, ;cause=1, X.int;cause=0x1"),
            ("Reason", "Q.850;text=none;cause=16"),
        )
        self.assertEqual(
            reasons_of(made),
            [
                Reason(protocol="Q.850", cause=17, text='User busy, "really"'),
                Reason(protocol="SIP", cause=486),
                Reason(protocol="Q.850", cause=16, text="none"),
            ],
        )

    def test_what_we_write(self) -> None:
        self.assertEqual(reason_header(16), "Q.850;cause=16")
        self.assertEqual(reason_header(17, 'a "b"\r\n'), 'Q.850;cause=17;text="a \\"b\\"  "')

    @BOUNDED
    @given(st.integers(1, 127), st.text(max_size=30))
    def test_what_we_write_is_read(self, cause: int, text: str) -> None:
        found = reasons_of(response(400, ("Reason", reason_header(cause, text))))
        self.assertEqual([one.cause for one in found], [cause])
        if text.isprintable():
            self.assertEqual(found[0].text, text)


class Tables(SynchronousTestCase):
    def test_every_status_has_a_cause_and_every_cause_a_status(self) -> None:
        for status in range(300, 700):
            self.assertIn(q850_of(status), range(1, 128))
            self.assertTrue(causes.from_q850(release_cause(response(status))))
        self.assertEqual(sorted(status_of_q850), list(range(1, 128)))
        for status in status_of_q850.values():
            self.assertIn(status, (403, 404, 408, 410, 480, 484, 486, 488, 500, 501, 502, 503, 504))

    def test_rfc_3398_both_ways(self) -> None:
        for status in (404, 410, 484, 486, 502, 503, 504):
            self.assertIn(status_of_q850[q850_of_status[status]], (status, 503))

    def test_unknown_ones_by_their_class(self) -> None:
        self.assertEqual([q850_of(status) for status in (399, 499, 599, 699)], [23, 41, 41, 31])


class Released(SynchronousTestCase):
    def test_endings_that_people_tell_apart(self) -> None:
        for made, cause in (
            (response(486), 17),
            (response(600), 17),
            (response(480), 18),
            (response(408), 18),
            (response(404), 1),
            (response(604), 1),
            (response(410), 22),
            (response(301), 22),
            (response(484), 28),
            (response(403), 21),
            (response(603), 21),
            (response(607), 21),
            (response(608), 21),
            (response(500), 41),
            (response(503), 41),
            (response(503, ("Retry-After", "5")), 42),
            (response(480, ("Reason", "Q.850;cause=19")), 19),
            (response(480, ("Reason", "SIP;cause=486, Q.850;cause=34")), 34),
            (response(404, ("Reason", 'Q.850;cause=22;text="x"')), 22),
            (response(488), 65),
            (response(606), 88),
            (response(488, ("Warning", '399 h "x, 370", 370 h "Insufficient bandwidth"')), 47),
            (response(606, ("Warning", '304 h "Media type not available"')), 65),
            (response(486, ("Warning", '370 h "x"')), 17),
        ):
            self.assertEqual(release_cause(made), cause, str(made.headers))

    def test_reasons_that_say_less_than_the_status(self) -> None:
        for text in ("Q.850;cause=16", "Q.850;cause=31", "Q.850;cause=127", "Q.850;cause=0", "Q.850;cause=999"):
            self.assertEqual(release_cause(response(486, ("Reason", text))), 17)

    def test_after_ringing_nobody_answered(self) -> None:
        self.assertEqual([release_cause(response(code), rang=True) for code in (408, 480, 486)], [19, 19, 17])

    def test_media_refused(self) -> None:
        for code, reason, refused in (
            (488, "", True),
            (415, "", True),
            (606, "Q.850;cause=88", True),
            (488, "Q.850;cause=16", True),
            (488, "Q.850;cause=17", False),
            (486, "", False),
            (486, "Q.850;cause=65", False),
        ):
            made = response(code, ("Reason", reason)) if reason else response(code)
            self.assertIs(media_refused(made), refused, (code, reason))

    def test_retry_after(self) -> None:
        for text, seconds in (
            ("120", 120.0),
            ("5;duration=60", 5.0),
            ("18 (in a meeting)", 18.0),
            ("0", 0.0),
            ("9" * 400, 3600.0),
            ("-5", None),
            ("", None),
            ("Fri, 26 Sep 1997", None),
        ):
            self.assertEqual(retry_after(response(503, ("Retry-After", text))), seconds)
        self.assertIsNone(retry_after(response(503)))

    @BOUNDED
    @given(st.integers(300, 699), st.text(st.sampled_from('Q.850;cause=1 ,"\\37x'), max_size=50))
    def test_any_text_is_taken(self, status: int, text: str) -> None:
        made = response(status, *((name, text) for name in ("Reason", "Warning", "Retry-After")))
        self.assertIn(release_cause(made), range(1, 128))
        media_refused(made)
