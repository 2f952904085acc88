"""What strangers, floods and long lives may cost: no memory, no service of others, one packet for one."""

from __future__ import annotations

import gc

from twisted.trial.unittest import SynchronousTestCase

from sandf.protocols.sip.deadlines import Deadlines
from sandf.protocols.sip.session import Session

from .by_hand import CONTACT, ByHand, invite, request, response

STRANGER = "203.0.113.9"


class StrangerTests(ByHand):
    def test_one_packet_for_one(self) -> None:
        self.comes(invite(), STRANGER)
        self.assertEqual(self.network.lines(), ["403"])
        self.assertIsNone(self.us.agent.next_deadline())
        self.network.run(60.0)
        self.assertEqual(self.network.lines(), ["403"])

    def test_copies_get_the_same_answer_and_its_ack_is_nothing(self) -> None:
        for _ in range(2):
            self.comes(invite(), STRANGER)
        first, second = self.sent("403")
        self.assertEqual(first, second)
        self.comes(request("ACK", 1), STRANGER)
        self.assertEqual(len(self.network.log), 2)

    def test_twenty_thousand_do_not_hinder_one_of_ours(self) -> None:
        for number in range(20_000):
            self.comes(invite(call=f"s{number}"), STRANGER)
            self.network.log.clear()
        self.assertEqual(len(self.us.agent.transactions), 0)
        self.comes(invite(call="real"))
        self.us.session.ring(self.us.now)
        self.network.drain(self.us)
        self.assertEqual(self.network.lines(), ["180"])

    def test_no_other_request_makes_a_transaction_either(self) -> None:
        for method in ("OPTIONS", "BYE", "CANCEL", "REGISTER", "NOTIFY"):
            self.comes(request(method, 1, to="<sip:us@192.0.2.1>;tag=guess"), STRANGER)
        self.assertEqual(self.network.lines(), ["403"] * 5)
        self.assertEqual(len(self.us.agent.transactions), 0)

    def test_a_far_end_is_no_stranger_in_its_dialog(self) -> None:
        to = self.called()
        self.comes(request("BYE", 2, to=to), STRANGER)
        self.assertEqual(self.network.lines()[-1], "200")
        self.assertEqual(self.us.names()[-1], "Ended")


class UnansweredTests(ByHand):
    def test_answered_calls_do_not_count(self) -> None:
        for number in range(1030):
            self.called(f"c{number}")
            self.network.log.clear()
        self.assertEqual(self.us.agent.sessions, 1030)

    def test_unanswered_ones_do(self) -> None:
        for number in range(1025):
            self.comes(invite(call=f"c{number}"))
        self.assertEqual(self.network.lines(), ["503"])

    def test_an_invite_that_came_another_way(self) -> None:
        other_way = invite().replace(b"z9hG4bK", b"z9hG4bKother")
        self.comes(invite())
        self.comes(other_way)
        self.assertEqual(self.network.lines(), ["482"])
        self.us.session.refuse(486, self.us.now)
        self.network.drain(self.us)
        self.comes(invite(number=2, contact=CONTACT))
        self.assertEqual(len(self.us.invited), 2)


class LifeTests(ByHand):
    def test_a_session_that_has_ended_is_forgotten_while_others_live(self) -> None:
        self.us.session_expires = 1800
        self.called("lives")
        for number in range(300):
            self.called(f"c{number}")
            self.hang_up()
            self.comes(response(self.sent("BYE")[-1], "200 OK"))
            self.network.log.clear()
        del self.us.session
        self.us.heard.clear()
        self.network.run(60.0)
        gc.collect()
        alive = [one for one in gc.get_objects() if isinstance(one, Session) and one.host is self.us.agent]
        self.assertEqual(len(alive), 1)

    def test_a_session_timer_of_a_day_at_most(self) -> None:
        self.comes(invite("Supported: timer", "Session-Expires: 2147483647;refresher=uac"))
        self.us.session.answer(b"v=0\r\n", self.us.now)
        self.network.drain(self.us)
        self.assertIn(b"Session-Expires: 86400;refresher=uac", self.sent("200")[-1])


class DeadlineTests(SynchronousTestCase):
    def test_the_heap_does_not_outgrow_its_owners(self) -> None:
        deadlines: Deadlines[str] = Deadlines()
        deadlines.set("lives", 0.5)
        for number in range(10_000):
            deadlines.set(f"owner {number}", 1000.0 + number)
            deadlines.set(f"owner {number}", None)
            deadlines.set("moves", 500.0 + number)
        self.assertLess(len(deadlines._heap), 100)
        self.assertEqual(deadlines.next_deadline(), 0.5)
        self.assertEqual([deadlines.expired(1e6) for _ in range(3)], ["lives", "moves", None])
