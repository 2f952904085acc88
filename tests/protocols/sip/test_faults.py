"""What is unreadable, or raises, ends one session and nothing else (law 8)."""

from __future__ import annotations

from dataclasses import replace

from sipmessage import Request

from sandf.protocols.sip.agent import Invited
from sandf.protocols.sip.events import Broken, Ended, Ringing, SessionEvent
from sandf.protocols.sip.hops import Hop
from sandf.protocols.sip.session import Identity
from sandf.protocols.sip.states import State

from .by_hand import ANSWER, CONTACT, FAR, ByHand, field, invite, request

BAD_ROUTE = "Record-Route: <mailto:x@y>"
BAD_CONTACT = "Contact: <mailto:x@y>"


class UnreadableTests(ByHand):
    def test_an_invite(self) -> None:
        self.comes(invite(BAD_ROUTE))
        self.comes(invite(call="c2", contact=BAD_CONTACT))
        self.assertEqual(self.network.lines(), ["400", "400"])
        self.assertEqual(self.us.invited, [])

    def test_our_call_is_answered(self) -> None:
        for headers in ((CONTACT, BAD_ROUTE), (BAD_CONTACT,), ()):
            self.setUp()
            self.call()
            for _ in range(2):
                self.responds("INVITE", "200 OK", *headers, body=ANSWER)
            self.assertEqual(self.to("ACK"), [FAR, FAR])
            self.assertEqual(self.to("BYE"), [FAR])
            (ended,) = self.us.heard
            assert isinstance(ended, Ended)
            self.assertIn("makes no dialog", ended.why)
            self.assert_over()

    def test_our_call_was_ringing_reliably(self) -> None:
        self.call()
        self.responds("INVITE", "180 Ringing", CONTACT, "Require: 100rel", "RSeq: 1")
        self.responds("INVITE", "200 OK", CONTACT, BAD_ROUTE, body=ANSWER)
        numbers = [field(self.sent(method)[-1], "CSeq") for method in ("PRACK", "ACK", "BYE")]
        self.assertEqual(numbers, ["2 PRACK", "1 ACK", "3 BYE"])
        self.assertIsInstance(self.us.heard[-1], Ended)
        self.assert_over()

    def test_our_call_rings(self) -> None:
        self.call()
        self.responds("INVITE", "180 Ringing", BAD_CONTACT, BAD_ROUTE, "Require: 100rel", "RSeq: 1")
        self.assertEqual(self.us.heard, [Ringing(status=180)])
        self.assertEqual((self.sent("PRACK"), self.us.session.early), ([], {}))
        self.responds("INVITE", "200 OK", CONTACT, body=ANSWER)
        self.assertIs(self.us.session.state, State.ESTABLISHED)

    def test_a_fork_of_our_call(self) -> None:
        self.connect()
        self.responds("INVITE", "200 OK", CONTACT, BAD_ROUTE, tag="other")
        self.assertEqual((len(self.sent("ACK")), len(self.sent("BYE"))), (2, 1))
        self.assertIs(self.us.session.state, State.ESTABLISHED)


class RaisingTests(ByHand):
    def divides(self, *_: object) -> bytes:
        raise ZeroDivisionError

    def broken(self) -> list[str]:
        return [type(event.error).__name__ for event in self.us.heard if isinstance(event, Broken)]

    def test_a_timer(self) -> None:
        self.us.session_expires = 120
        self.connect("Session-Expires: 120;refresher=uac")
        first = self.us.session
        first.description = self.divides
        self.network.run(30.0)
        self.called("other")  # its events come with those of the first
        heard: list[SessionEvent | Invited] = []
        self.us.react = heard.append
        self.network.run(30.1)
        self.assertIsInstance(heard[0], Broken)
        self.assertIsInstance(heard[1], Ended)
        self.assertIs(first.state, State.ENDED)
        self.assertEqual(len(self.sent("BYE")), 1)
        self.assertIs(self.us.session.state, State.ESTABLISHED)
        self.hang_up()
        self.us.session_expires = 0
        self.assert_over()

    def test_a_step_of_the_owner(self) -> None:
        self.comes(invite())
        self.us.session.refuse(486, self.us.now, (("Reason", "two\r\nlines"),))
        self.network.drain(self.us)
        self.assertEqual(self.broken(), ["ValueError"])
        self.assertEqual(self.network.lines(), ["500"])
        self.comes(request("ACK", 1, branch="INVITE"))
        self.assert_over()

    def test_an_end_that_raises_as_well(self) -> None:
        to = self.called()
        self.comes(invite(number=2, to=to))
        self.us.session.dialog.request = self.divides  # type: ignore[union-attr,method-assign]
        self.hang_up()
        self.assertEqual(self.broken(), ["ZeroDivisionError"] * 2)
        self.assertIsInstance(self.us.heard[-2], Ended)
        self.assertEqual(field(self.sent("487")[-1], "CSeq"), "2 INVITE")
        self.assert_over()

    def test_after_the_owner_has_hung_up(self) -> None:
        self.comes(invite())
        self.us.session.answer(ANSWER, self.us.now)
        self.hang_up()
        self.assertIs(self.us.session.state, State.LEAVING)
        self.us.session.dialog.request = self.divides  # type: ignore[union-attr,method-assign]
        self.comes(request("ACK", 1, to=field(self.sent("200")[-1], "To")))
        self.assertEqual(self.us.names(), ["Broken"])
        self.assert_over()

    def test_a_request_outside_of_sessions(self) -> None:
        identity = self.us._identity

        def once(trunk: str, hop: Hop) -> Identity:
            self.us.agent._identity = identity
            raise ZeroDivisionError

        self.us.agent._identity = once
        self.comes(invite())
        self.comes(request("ACK", 1, branch="INVITE"))
        self.assertEqual(self.network.lines(), ["500"])
        self.comes(invite(call="c2"))
        self.assertEqual(len(self.us.invited), 1)
        (fault,) = self.us.agent.take_faults()
        self.assertIsInstance(fault.error, ZeroDivisionError)
        self.us.session.refuse(486, self.us.now)
        self.network.drain(self.us)
        self.assert_over()

    def test_who_is_admitted(self) -> None:
        def admit(hop: Hop, request: Request) -> str:
            raise ZeroDivisionError

        self.us.agent._admit = admit
        self.comes(invite())
        self.assertEqual(self.network.lines(), [])
        self.assertEqual(len(self.us.agent.take_faults()), 1)

    def test_a_request_within_a_session(self) -> None:
        to = self.called()
        other = self.us.session
        self.called("c2")
        identity = self.us.session.identity
        self.us.session.identity = replace(identity, min_se=None)  # type: ignore[arg-type]
        self.comes(invite("Session-Expires: 90", call="c2", number=2, to=field(self.sent("200")[-1], "To")))
        self.assertEqual(self.broken(), ["TypeError"])
        self.assertEqual(len(self.sent("BYE")), 1)
        self.assertEqual(field(self.sent("500")[-1], "CSeq"), "2 INVITE")
        self.comes(request("BYE", 2, to=to))
        self.assertIs(other.state, State.ENDED)
        self.assert_over()
