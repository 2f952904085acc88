"""Session timers: what is asked, agreed and refused, and the two times that follow from it."""

from __future__ import annotations

from sipmessage import URI, Request, Response
from twisted.trial.unittest import SynchronousTestCase

from sandf.protocols.sip.session_timer import (
    SessionTimer,
    TooSmall,
    agreed_by_request,
    agreed_by_response,
    agreed_headers,
    asked_headers,
    longer_interval,
)


def request(*headers: tuple[str, str], supported: str = "100rel, Timer") -> Request:
    made = Request("INVITE", URI.parse("sip:1@h"))
    for name, value in (*headers, ("Supported", supported)):
        made.headers.add(name, value)
    return made


def response(code: int = 200, *headers: tuple[str, str]) -> Response:
    made = Response(code, "OK")
    for name, value in headers:
        made.headers.add(name, value)
    return made


def expires(value: str) -> tuple[str, str]:
    return "Session-Expires", value


class Times(SynchronousTestCase):
    def test_half_the_interval_and_32_seconds_before_its_end(self) -> None:
        ours = SessionTimer(interval=1800, we_refresh=True)
        self.assertEqual((ours.refresh_at(10.0), ours.expires_at(10.0)), (910.0, 1778.0))
        theirs = SessionTimer(interval=90, we_refresh=False)
        self.assertEqual((theirs.refresh_at(10.0), theirs.expires_at(10.0)), (None, 70.0))


class Caller(SynchronousTestCase):
    def test_asked(self) -> None:
        self.assertEqual(asked_headers(), [expires("1800")])
        self.assertEqual(asked_headers(600, refresher="uas"), [expires("600;refresher=uas")])
        self.assertEqual(asked_headers(90, min_se=600), [expires("600"), ("Min-SE", "600")])

    def test_agreed(self) -> None:
        for value, asked, agreed in (
            ("1800;refresher=uas", "", (1800, False)),
            ("1800 ; Refresher = UAC", "", (1800, True)),
            ("1800", "", (1800, True)),
            ("1800", "uas", (1800, False)),
            ("60;refresher=them", "", (60, True)),
        ):
            timer = SessionTimer(interval=agreed[0], we_refresh=agreed[1])
            self.assertEqual(agreed_by_response(response(200, expires(value)), asked_refresher=asked), timer, value)

    def test_no_timer(self) -> None:
        for value in ("", "0", "soon", "-5", "١٢٠"):
            self.assertIsNone(agreed_by_response(response(200, expires(value))))
        self.assertIsNone(agreed_by_response(response()))

    def test_too_short_for_the_other_end(self) -> None:
        self.assertEqual(longer_interval(response(422, ("Min-SE", "3600;x=y")), 1800), 3600)
        for headers in ((), (("Min-SE", "1800"),), (("Min-SE", "x"),)):
            self.assertIsNone(longer_interval(response(422, *headers), 1800))


class Called(SynchronousTestCase):
    def test_who_refreshes(self) -> None:
        for value, supported, we_refresh, headers in (
            ("600", "timer", True, [expires("600;refresher=uas")]),
            ("600;refresher=uas", "timer", True, [expires("600;refresher=uas")]),
            ("600;refresher=uac", "timer", False, [expires("600;refresher=uac"), ("Require", "timer")]),
            ("600;refresher=uac", "", True, [expires("600;refresher=uas")]),
        ):
            made = request(expires(value), supported=supported)
            timer = agreed_by_request(made)
            self.assertEqual(timer, SessionTimer(interval=600, we_refresh=we_refresh), value)
            assert isinstance(timer, SessionTimer)
            self.assertEqual(agreed_headers(timer, made), headers)

    def test_too_short(self) -> None:
        refused = agreed_by_request(request(expires("60")))
        self.assertEqual(refused, TooSmall(min_se=90))
        self.assertIsInstance(agreed_by_request(request(expires("600")), min_se=900), TooSmall)
        raised = agreed_by_request(request(expires("60"), supported=""))
        self.assertEqual(raised, SessionTimer(interval=90, we_refresh=True))

    def test_our_own_wish(self) -> None:
        self.assertEqual(agreed_by_request(request(), wanted=1200), SessionTimer(interval=1200, we_refresh=True))
        longer = agreed_by_request(request(("Min-SE", "3000")), wanted=1200)
        self.assertEqual(longer, SessionTimer(interval=3000, we_refresh=True))
        self.assertIsNone(agreed_by_request(request(), wanted=None))
