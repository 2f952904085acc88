"""How often and where we try: challenges, hops that fail, redirections, and what comes too late."""

from __future__ import annotations

from sipmessage import URI, Request, Response

from sandf.protocols.sip.digest import Credentials, DigestClient
from sandf.protocols.sip.events import Ended, HopFailed, Redirected, Refused, Ringing
from sandf.protocols.sip.exchange import Exchange, Purpose
from sandf.protocols.sip.hops import Hop, Transport
from sandf.protocols.sip.monitoring import Monitor
from sandf.protocols.sip.registration import Registration
from sandf.protocols.sip.states import State

from .by_hand import ANSWER, CONTACT, FAR, OTHER_FAR, ByHand, challenge, field, response, udp

CREDENTIALS = Credentials(username="u", password="p")
ELSEWHERE = URI.parse("sip:else@192.0.2.3")


class ChallengedTests(ByHand):
    def setUp(self) -> None:
        super().setUp()
        self.us.credentials = CREDENTIALS

    def test_a_request_that_is_always_challenged_goes_out_twice(self) -> None:
        self.connect()
        self.hang_up()
        for number in range(20):
            self.responds("BYE", "407 Authenticate", challenge(f"n{number}"))
        self.assertEqual(len(self.sent("BYE")), 2)
        self.assert_over()

    def test_once_more_for_a_stale_nonce(self) -> None:
        self.connect()
        self.us.session.modify(ANSWER, self.us.now)
        self.network.drain(self.us)
        for number in range(20):
            self.responds("INVITE", "407 Authenticate", challenge(f"n{number}", stale=number > 0))
        self.assertEqual(len(self.sent("INVITE")), 1 + 3)
        self.assertEqual(self.us.names()[-1], "ModificationRefused")

    def test_an_invite_that_is_always_challenged(self) -> None:
        self.call()
        for number in range(20):
            self.responds("INVITE", "407 Authenticate", challenge(f"n{number}"))
        self.assertEqual(len(self.sent("INVITE")), 2)
        (refused,) = self.us.heard
        assert isinstance(refused, Refused)
        self.assertTrue(refused.authentication)
        self.assert_over()

    def test_a_challenge_after_422(self) -> None:
        self.us.session_expires = 1800
        self.call()
        self.responds("INVITE", "407 Authenticate", challenge("n1"))
        self.responds("INVITE", "422 Too Small", "Min-SE: 3600")
        self.assertTrue(field(self.sent("INVITE")[-1], "Proxy-Authorization"))
        self.responds("INVITE", "407 Authenticate", challenge("n2"))
        self.assertIn('nonce="n2"', field(self.sent("INVITE")[-1], "Proxy-Authorization"))
        self.assertEqual(self.us.heard, [])

    def test_a_challenge_of_the_second_proxy(self) -> None:
        self.call(FAR, OTHER_FAR)
        self.responds("INVITE", "407 Authenticate", challenge("n1"))
        self.responds("INVITE", "503 Overload")
        self.responds("INVITE", "407 Authenticate", challenge("n2"), host=OTHER_FAR)
        self.assertEqual(self.to("INVITE"), [FAR, FAR, OTHER_FAR, OTHER_FAR])
        self.assertEqual(self.us.heard, [])

    def test_a_challenge_after_a_redirection(self) -> None:
        self.call()
        self.responds("INVITE", "407 Authenticate", challenge("n1"))
        self.responds("INVITE", "302 Moved", f"Contact: <{ELSEWHERE}>")
        self.us.session.redirect(ELSEWHERE, [udp(OTHER_FAR)], self.us.now)
        self.network.drain(self.us)
        self.responds("INVITE", "407 Authenticate", challenge("n2"), host=OTHER_FAR)
        self.assertEqual(self.to("INVITE"), [FAR, FAR, OTHER_FAR, OTHER_FAR])
        self.assertEqual(self.us.names(), ["Redirected"])

    def test_intervals_are_not_raised_for_ever(self) -> None:
        self.us.session_expires = 1800
        self.call()
        for number in range(20):
            self.responds("INVITE", "422 Too Small", f"Min-SE: {2000 + number}")
        self.assertEqual(len(self.sent("INVITE")), 5)
        registration = self.registration()
        registration.begin([udp(FAR)], self.us.now)
        self.network.drain(self.us)
        for number in range(20):
            self.responds("REGISTER", "423 Too Brief", f"Min-Expires: {4000 + number}")
        self.assertEqual(len(self.sent("REGISTER")), 2)
        self.assertIn("423", registration.trouble)

    def test_a_registration_that_is_always_challenged(self) -> None:
        registration = self.registration()
        registration.begin([udp(FAR)], self.us.now)
        self.network.drain(self.us)
        for number in range(20):
            self.responds("REGISTER", "407 Authenticate", challenge(f"n{number}"))
        self.assertEqual(len(self.sent("REGISTER")), 2)
        self.assertIn("password", registration.trouble)

    def registration(self) -> Registration:
        return Registration(
            host=self.us.agent,
            record=URI.parse("sip:us@carrier.example"),
            contact=lambda hop: "<sip:us@192.0.2.1>",
            credentials=CREDENTIALS,
            digest=DigestClient(),
            expires=3600,
            agent="",
            changed=lambda: None,
        )


class HopTests(ByHand):
    def test_a_silent_hop_is_left_after_six_seconds(self) -> None:
        self.call(FAR, OTHER_FAR)
        self.network.run(5.9)
        self.assertEqual(set(self.to("INVITE")), {FAR})
        self.network.run(0.2)
        self.assertEqual(self.to("INVITE")[-1], OTHER_FAR)
        self.assertEqual(self.us.heard, [HopFailed(hop=udp(FAR), retry_after=None)])
        self.network.run(31.0)
        self.assertEqual(self.heard(Refused), [])  # the last one has all of Timer B
        self.network.run(2.0)
        self.assertEqual(self.us.names(), ["HopFailed", "HopFailed", "Refused"])
        self.assert_over()

    def test_a_hop_that_was_left_rings_after_all(self) -> None:
        self.call(FAR, OTHER_FAR)
        first = self.sent("INVITE")[-1]
        self.network.run(7.0)
        self.comes(response(first, "180 Ringing", CONTACT))
        self.assertEqual(field(self.sent("CANCEL")[-1], "CSeq"), "1 CANCEL")
        self.comes(response(first, "487 Terminated"))
        self.assertEqual(self.heard(Ringing), [])
        self.responds("INVITE", "200 OK", "Contact: <sip:x@192.0.2.3>", body=ANSWER, host=OTHER_FAR)
        self.assertEqual(self.us.names(), ["HopFailed", "Answered"])
        self.hang_up()
        self.assert_over()

    def test_a_hop_that_was_left_answers_after_all(self) -> None:
        self.call(FAR, OTHER_FAR)
        first = self.sent("INVITE")[-1]
        self.network.run(7.0)
        for _ in range(2):
            self.comes(response(first, "200 OK", CONTACT, body=ANSWER))
        self.assertEqual((self.to("ACK"), self.to("BYE")), ([FAR, FAR], [FAR]))
        self.assertIs(self.us.session.state, State.CALLING)
        self.hang_up()
        self.assert_over()

    def test_a_hop_that_asks_to_be_left_alone(self) -> None:
        self.call(FAR)
        self.responds("INVITE", "503 Overload", "Retry-After: 300")
        self.assertEqual(self.us.heard[0], HopFailed(hop=udp(FAR), retry_after=300.0))
        self.assertIsInstance(self.us.heard[1], Refused)

    def test_503_without_retry_after_speaks_for_this_call_alone(self) -> None:
        self.call(FAR)
        self.responds("INVITE", "503 Overload")
        self.assertEqual(self.heard(HopFailed), [])

    def test_a_hop_that_did_not_answer_in_time_for_the_caller(self) -> None:
        self.call(FAR)
        self.network.run(10.0)
        self.hang_up()
        self.network.run(30.0)
        self.assertEqual(self.us.heard, [HopFailed(hop=udp(FAR), retry_after=None)])
        self.assert_over()

    def test_addresses_have_one_spelling(self) -> None:
        written = Hop(transport=Transport.UDP, host="[2001:DB8:0::7]", port=5060)
        self.assertEqual(written, Hop(transport=Transport.UDP, host="2001:db8::7", port=5060))
        self.assertEqual(str(written), "UDP [2001:db8::7]:5060")
        self.assertEqual(Hop(transport=Transport.TLS, host="PBX.Example", port=5061).host, "pbx.example")


class MonitorTests(ByHand):
    def monitor(self, interval: float) -> tuple[Monitor, list[tuple[str, bool]]]:
        changes: list[tuple[str, bool]] = []
        monitor = Monitor(
            host=self.us.agent,
            contact=lambda hop: "<sip:us@192.0.2.1>",
            interval=interval,
            agent="",
            changed=lambda hop, up: changes.append((hop.host, up)),
        )
        return monitor, changes

    def test_what_a_call_found_is_told_when_it_is_over(self) -> None:
        for interval, begins in ((0.0, 30.0), (60.0, 120.0)):
            monitor, changes = self.monitor(interval)
            monitor.note_failure(udp(FAR), 0.0)
            self.assertTrue(monitor.all_down([udp(FAR)], 10.0))
            monitor.begin([], begins)
            self.assertEqual(changes, [(FAR, False), (FAR, True)])
            self.assertEqual(monitor.next_at, begins + interval if interval else None)

    def test_a_pause_holds_whatever_options_say(self) -> None:
        monitor, changes = self.monitor(60.0)
        first, second = udp(FAR), udp(OTHER_FAR)
        asked = Request("OPTIONS", ELSEWHERE)
        monitor.note_failure(first, 0.0, 300.0)
        monitor.note_failure(second, 0.0)
        for hop in (first, second):
            exchange = Exchange(owner=monitor, purpose=Purpose.OPTIONS, request=asked, hop=hop)
            monitor.responded(exchange, Response(200, "OK"), 10.0)
        self.assertEqual(changes, [(FAR, False), (OTHER_FAR, False), (OTHER_FAR, True)])
        self.assertEqual(monitor.order([first, second], 299.0), [second, first])
        self.assertEqual(monitor.order([first, second], 301.0), [first, second])


class RedirectedTests(ByHand):
    def redirected(self) -> Response:
        self.call()
        self.responds("INVITE", "302 Moved", f"Contact: <{ELSEWHERE}>")
        (event,) = self.us.heard
        assert isinstance(event, Redirected)
        return event.response

    def test_nothing_is_sent_once_the_owner_has_hung_up(self) -> None:
        refusal = self.redirected()
        self.hang_up()
        self.assertEqual(self.us.agent.sessions, 0)
        self.us.session.redirect(ELSEWHERE, [udp(OTHER_FAR)], self.us.now)
        self.us.session.give_up(refusal, self.us.now)
        self.network.drain(self.us)
        self.assertEqual(self.to("INVITE"), [FAR])
        self.assertEqual(self.us.names(), ["Redirected"])
        self.assert_over()

    def test_only_what_was_redirected_is_sent_elsewhere(self) -> None:
        self.connect()
        self.us.session.redirect(ELSEWHERE, [udp(OTHER_FAR)], self.us.now)
        self.network.drain(self.us)
        self.assertEqual(self.to("INVITE"), [FAR])
        self.assertIs(self.us.session.state, State.ESTABLISHED)

    def test_given_up(self) -> None:
        self.us.session_expires = 0
        refusal = self.redirected()
        self.us.session.give_up(refusal, self.us.now)
        self.network.drain(self.us)
        self.assertEqual(self.us.heard[-1], Refused(response=refusal))
        self.assert_over()


class ForkTests(ByHand):
    def test_early_dialogs_are_bounded(self) -> None:
        self.call()
        for number in range(100):
            self.responds("INVITE", "180 Ringing", CONTACT, tag=f"t{number}")
        self.assertLessEqual(len(self.us.session.early), 16)

    def test_183_is_no_ringing(self) -> None:
        self.call()
        self.responds("INVITE", "183 Session Progress", CONTACT)
        self.responds("INVITE", "180 Ringing", CONTACT)
        self.assertEqual(self.us.heard, [Ringing(status=183), Ringing(status=180)])

    def test_answers_of_other_branches_are_bounded(self) -> None:
        self.connect()
        for number in range(100):
            self.responds("INVITE", "200 OK", CONTACT, tag=f"t{number}")
        self.assertEqual(len(self.sent("BYE")), 15)
        self.assertLessEqual(len(self.us.session.acks), 16)
        self.assertIs(self.us.session.state, State.ESTABLISHED)
        self.assertEqual(self.heard(Ended), [])
