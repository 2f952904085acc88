"""Sessions between two user agents: set-up, refusal, cancelling, changes, glare, refreshes, ends, and lost packets."""

from __future__ import annotations

from collections.abc import Callable

from twisted.trial.unittest import SynchronousTestCase

from sandf.protocols.sip.agent import Invited
from sandf.protocols.sip.events import (
    Answered,
    Ended,
    Established,
    HopFailed,
    MayModify,
    ModificationAccepted,
    ModificationRefused,
    OfferReceived,
    Refused,
    SessionEvent,
)
from sandf.protocols.sip.hops import Hop
from sandf.protocols.sip.states import State

from .ends import ANSWER, OFFER, OTHER, End, Network, field


class SessionCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.network = Network()
        self.caller = self.network.end("192.0.2.1")
        self.called = self.network.end("192.0.2.2")

    def tearDown(self) -> None:
        self.network.run(400.0)
        for end in self.network.ends.values():
            if end.session_expires == 0:
                self.assertIsNone(end.agent.next_deadline())

    def answering(self, end: End, description: bytes = ANSWER) -> None:
        def react(event: SessionEvent | Invited) -> None:
            if isinstance(event, Invited):
                end.session.answer(description, end.now)
            elif isinstance(event, OfferReceived):
                end.session.accept_offer(description, end.now)

        end.react = react

    def on(self, end: End, kind: type[SessionEvent | Invited], act: Callable[[], None]) -> None:
        """Let *end* act when such an event comes."""

        def react(event: SessionEvent | Invited) -> None:
            if isinstance(event, kind):
                act()

        end.react = react

    @staticmethod
    def losing(end: End | None) -> Callable[[bytes, Hop], bool]:
        """A network in which nothing reaches *end*."""
        return lambda octets, hop: end is not None and hop == end.hop

    def connect(self) -> None:
        self.answering(self.called)
        self.answering(self.caller)
        self.caller.call(self.called.hop)
        self.network.run()
        self.assertIs(self.caller.session.state, State.ESTABLISHED)
        self.assertIs(self.called.session.state, State.ESTABLISHED)

    def over(self) -> None:
        self.network.run(100.0)
        for end in self.network.ends.values():
            self.assertEqual(end.agent.sessions, 0)


class SettingUpTests(SessionCase):
    def test_a_call(self) -> None:
        self.connect()
        self.assertEqual(self.called.invited, [OFFER])
        (answered,) = self.caller.heard
        assert isinstance(answered, Answered)
        self.assertEqual(answered.description, ANSWER)
        self.assertEqual(self.called.heard, [Established(description=b"")])
        self.assertEqual(self.network.lines(), ["INVITE", "200", "ACK"])
        invite = self.network.sent("192.0.2.1", "INVITE")[0]
        self.assertEqual(field(invite, "CSeq"), "1 INVITE")
        self.assertEqual(field(invite, "Contact"), "<sip:us@192.0.2.1:5060>")
        self.assertIn("PRACK", field(invite, "Allow"))
        self.caller.session.hang_up(self.caller.now, q850=16)
        self.network.drain(self.caller)
        self.network.run()
        bye = self.network.sent("192.0.2.1", "BYE")[0]
        self.assertEqual(field(bye, "CSeq"), "2 BYE")
        self.assertTrue(field(bye, "Reason").startswith("Q.850;cause=16"))
        self.assertIsInstance(self.called.heard[-1], Ended)
        self.over()

    def test_ringing_then_refused(self) -> None:
        def react(event: SessionEvent | Invited) -> None:
            if isinstance(event, Invited):
                self.called.session.ring(self.called.now)
                self.called.session.refuse(486, self.called.now)

        self.called.react = react
        self.caller.call(self.called.hop)
        self.network.run()
        self.assertEqual(self.caller.names(), ["Ringing", "Refused"])
        refused = self.caller.heard[-1]
        assert isinstance(refused, Refused) and refused.response is not None
        self.assertEqual(refused.response.code, 486)
        self.assertEqual(self.network.lines(), ["INVITE", "180", "486", "ACK"])
        self.over()

    def test_the_offer_in_the_answer(self) -> None:
        self.answering(self.called, OFFER)
        self.caller.call(self.called.hop, description=b"")
        self.network.run()
        self.assertEqual(self.called.invited, [b""])
        self.caller.session.hang_up(self.caller.now)
        self.network.drain(self.caller)
        self.over()

    def test_every_packet_may_be_lost_once(self) -> None:
        seen: set[bytes] = set()

        def lost(octets: bytes, hop: object) -> bool:
            first = octets.split(b"\r\n", 1)[0]
            known = first in seen
            seen.add(first)
            return not known

        self.network.lost = lost
        self.answering(self.called)
        self.caller.call(self.called.hop)
        self.network.run(20.0)
        self.assertIs(self.caller.session.state, State.ESTABLISHED)
        self.assertIs(self.called.session.state, State.ESTABLISHED)
        self.caller.session.hang_up(self.caller.now)
        self.network.drain(self.caller)
        self.over()

    def test_nobody_there(self) -> None:
        self.network.lost = lambda octets, hop: True
        self.caller.call(self.called.hop)
        self.network.run(40.0)
        failed = HopFailed(hop=self.called.hop, retry_after=None)
        self.assertEqual(self.caller.heard, [failed, Refused(response=None)])
        self.over()

    def test_the_next_hop(self) -> None:
        third = self.network.end("192.0.2.3")
        self.answering(third)
        for lost in (True, False):
            self.caller.heard.clear()
            self.network.lost = self.losing(self.called) if lost else self.losing(None)
            if not lost:
                self.on(self.called, Invited, lambda: self.called.session.refuse(503, self.called.now))
            self.caller.call(self.called.hop, third.hop)
            self.network.run(40.0)
            self.assertEqual(self.caller.names()[-1], "Answered")
            self.caller.session.hang_up(self.caller.now)
            self.network.drain(self.caller)
            self.over()

    def test_no_ack(self) -> None:
        self.network.lost = lambda octets, hop: octets.startswith(b"ACK ")
        self.answering(self.called)
        self.caller.call(self.called.hop)
        self.network.run(40.0)
        ended = self.called.heard[-1]
        assert isinstance(ended, Ended)
        self.assertIn("no ACK", ended.why)
        self.assertGreaterEqual(len(self.network.sent("192.0.2.2", "200")), 8)
        self.assertEqual(len(self.network.sent("192.0.2.2", "BYE")), 1)
        self.assertIsInstance(self.caller.heard[-1], Ended)
        self.over()

    def test_strangers(self) -> None:
        stranger = self.network.end("198.51.100.9")
        stranger.call(self.called.hop)
        self.network.run()
        self.assertEqual(self.network.lines("192.0.2.2"), ["403"])
        self.assertEqual(self.called.invited, [])
        self.over()


class CancellingTests(SessionCase):
    def test_before_the_answer(self) -> None:
        self.on(self.called, Invited, lambda: self.called.session.ring(self.called.now))
        self.caller.call(self.called.hop)
        self.network.run()
        self.caller.session.hang_up(self.caller.now)
        self.network.drain(self.caller)
        self.network.run()
        self.assertEqual(self.network.lines(), ["INVITE", "180", "CANCEL", "200", "487", "ACK"])
        self.assertEqual(self.called.names(), ["Ended"])
        self.over()

    def test_before_any_response(self) -> None:
        self.caller.call(self.called.hop)
        self.caller.session.hang_up(self.caller.now)
        self.network.drain(self.caller)
        self.network.run(0.1)
        self.assertEqual(self.network.lines("192.0.2.1"), ["INVITE"])  # no CANCEL before a provisional response
        self.network.run(2.0)
        self.assertEqual(self.network.lines(), ["INVITE", "100", "CANCEL", "200", "487", "ACK"])
        self.over()

    def test_the_answer_crosses_it(self) -> None:
        self.on(self.called, Invited, lambda: self.called.session.ring(self.called.now))
        self.caller.call(self.called.hop)
        self.network.run()
        self.called.session.answer(ANSWER, self.called.now)
        self.network.drain(self.called)
        self.caller.session.hang_up(self.caller.now)
        self.network.drain(self.caller)
        self.network.run()
        self.assertIn("BYE", self.network.lines("192.0.2.1"))
        self.assertIsInstance(self.called.heard[-1], Ended)
        self.assertNotIn("Answered", self.caller.names())
        self.over()


class ChangingTests(SessionCase):
    def change(self, end: End, description: bytes = OTHER) -> None:
        end.session.modify(description, end.now)
        self.network.drain(end)

    def hang_up(self) -> None:
        self.caller.session.hang_up(self.caller.now)
        self.network.drain(self.caller)
        self.over()

    def test_by_either_side(self) -> None:
        self.connect()
        self.change(self.called)
        self.network.run()
        self.assertEqual(self.caller.heard[-1], OfferReceived(description=OTHER))
        self.assertEqual(self.called.heard[-1], ModificationAccepted(description=ANSWER))
        self.change(self.caller)
        self.network.run()
        self.assertEqual(self.called.heard[-1], OfferReceived(description=OTHER))
        self.assertEqual(self.network.lines()[3:], ["INVITE", "200", "ACK"] * 2)
        self.hang_up()

    def test_refused(self) -> None:
        self.connect()
        self.on(self.caller, OfferReceived, lambda: self.caller.session.refuse_offer(488, self.caller.now))
        self.change(self.called)
        self.network.run()
        refused = self.called.heard[-1]
        assert isinstance(refused, ModificationRefused)
        self.assertEqual(refused.response.code, 488)
        self.assertIs(self.called.session.state, State.ESTABLISHED)
        self.hang_up()

    def test_glare(self) -> None:
        self.connect()
        turns: list[tuple[str, float]] = []
        self.on(self.caller, MayModify, lambda: turns.append(("caller", self.caller.now)))
        self.on(self.called, MayModify, lambda: turns.append(("called", self.called.now)))
        began = self.network.now
        self.change(self.caller)
        self.change(self.called, ANSWER)
        self.network.run(6.0)
        self.assertEqual(self.network.lines().count("491"), 2)
        self.assertEqual(len(self.network.sent("192.0.2.1", "INVITE")), 2)  # nothing goes out again by itself
        self.assertEqual([who for who, _ in turns], ["called", "caller"])
        self.assertAlmostEqual(turns[0][1] - began, 1.02, 1)  # the called end: up to 2 s
        self.assertAlmostEqual(turns[1][1] - began, 3.07, 1)  # who chose the Call-ID: 2.1 to 4 s
        self.hang_up()

    def test_glare_that_the_other_end_ends(self) -> None:
        self.connect()

        def react(event: SessionEvent | Invited) -> None:
            if isinstance(event, MayModify):
                self.change(self.called, ANSWER)

        self.called.react = react
        self.change(self.caller)
        self.change(self.called)
        self.network.run(8.0)
        self.assertEqual(self.called.names(), ["Established", "MayModify", "ModificationAccepted"])
        self.assertEqual(self.caller.heard[-1], OfferReceived(description=ANSWER))  # accepted: no turn of ours
        self.hang_up()

    def test_the_other_end_is_gone(self) -> None:
        self.connect()
        self.network.ends.pop("192.0.2.2")
        self.change(self.caller)
        self.network.run(40.0)
        ended = self.caller.heard[-1]
        assert isinstance(ended, Ended)
        self.assertIn("no response", ended.why)
        self.network.run(100)

    def test_a_bye_in_the_middle(self) -> None:
        self.connect()
        self.change(self.called)
        self.caller.session.hang_up(self.caller.now)
        self.network.drain(self.caller)
        self.network.run()
        self.assertIsInstance(self.called.heard[-1], Ended)
        self.over()


class RefreshingTests(SessionCase):
    def setUp(self) -> None:
        super().setUp()
        self.caller.session_expires = self.called.session_expires = 120

    def test_a_long_call_is_refreshed_by_update(self) -> None:
        self.connect()
        self.network.run(1000.0)
        self.assertIs(self.caller.session.state, State.ESTABLISHED)
        updates = len(self.network.sent("192.0.2.1", "UPDATE")) + len(self.network.sent("192.0.2.2", "UPDATE"))
        self.assertGreater(updates, 10)
        self.assertNotIn("OfferReceived", self.called.names() + self.caller.names())
        self.caller.session.hang_up(self.caller.now)
        self.network.drain(self.caller)
        self.over()

    def test_no_refresh_ends_it(self) -> None:
        self.connect()
        self.network.lost = lambda octets, hop: True
        self.network.run(400.0)
        self.assertIsInstance(self.caller.heard[-1], Ended)
        self.assertIsInstance(self.called.heard[-1], Ended)
        self.over()

    def test_too_short(self) -> None:
        self.called.min_se = 300
        self.answering(self.called)
        self.caller.call(self.called.hop)
        self.network.run()
        self.assertEqual(self.network.lines()[:3], ["INVITE", "422", "ACK"])
        self.assertIs(self.caller.session.state, State.ESTABLISHED)
        self.caller.session.hang_up(self.caller.now)
        self.network.drain(self.caller)
        self.over()
