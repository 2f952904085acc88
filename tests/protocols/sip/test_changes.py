"""Changes of a running session that do not go well: glare, no final response, late copies, an end midway."""

from __future__ import annotations

from sandf.protocols.sip.events import MayModify, ModificationAccepted, ModificationRefused, OfferReceived
from sandf.protocols.sip.states import State

from .by_hand import ANSWER, CONTACT, FAR, US, ByHand, field, invite, request, response
from .ends import OTHER


class ChangeCase(ByHand):
    def propose(self, description: bytes = OTHER) -> None:
        self.us.session.modify(description, self.us.now)
        self.network.drain(self.us)

    def their_change(self, number: int, method: str = "INVITE") -> bytes:
        """A change of theirs in the dialog of a call of ours."""
        ours = self.sent("INVITE")[0]
        to, sender = field(ours, "From"), field(ours, "To") + ";tag=far"
        made = request(method, number, CONTACT, call=field(ours, "Call-ID"), to=to, body=ANSWER)
        return made.replace(f"From: <sip:far@{FAR}>;tag=f".encode(), f"From: {sender}".encode())


class GlareTests(ChangeCase):
    def test_the_owner_is_asked_for_an_offer_that_holds_then(self) -> None:
        self.connect()
        self.propose()
        self.responds("INVITE", "491 Request Pending")
        self.network.run(5.0)
        self.assertEqual(self.us.heard[1:], [MayModify()])
        self.assertEqual(len(self.sent("INVITE")), 2)
        self.propose(b"v=0 anew\r\n")
        self.assertTrue(self.sent("INVITE")[-1].endswith(b"v=0 anew\r\n"))
        self.responds("INVITE", "200 OK", CONTACT, body=ANSWER)
        self.assertEqual(self.us.heard[-1], ModificationAccepted(description=ANSWER))

    def test_their_change_comes_first(self) -> None:
        self.connect()
        self.propose()
        self.responds("INVITE", "491 Request Pending")
        self.comes(self.their_change(5))
        self.assertEqual(self.us.heard[-1], OfferReceived(description=ANSWER))
        self.us.session.accept_offer(ANSWER, self.us.now)
        self.network.drain(self.us)
        self.network.run(10.0)
        self.assertEqual(self.heard(MayModify), [])

    def test_their_change_is_refused(self) -> None:
        self.connect()
        self.propose()
        self.responds("INVITE", "491 Request Pending")
        self.comes(self.their_change(5))
        self.us.session.refuse_offer(488, self.us.now)
        self.network.drain(self.us)
        self.network.run(10.0)
        self.assertEqual(self.heard(MayModify), [MayModify()])

    def test_not_for_ever(self) -> None:
        self.connect()
        for _ in range(10):
            self.propose()
            self.responds("INVITE", "491 Request Pending")
            self.network.run(5.0)
            if self.heard(ModificationRefused):
                break
        self.assertEqual((len(self.sent("INVITE")), len(self.heard(MayModify))), (1 + 5, 4))
        refused = self.us.heard[-1]
        assert isinstance(refused, ModificationRefused)
        self.assertEqual(refused.response.code, 491)
        self.assertIs(self.us.session.state, State.ESTABLISHED)


class NoFinalResponseTests(ChangeCase):
    def trying(self) -> bytes:
        self.connect()
        self.propose()
        self.responds("INVITE", "100 Trying")
        self.network.run(31.0)
        self.assertEqual(self.sent("CANCEL"), [])
        self.network.run(2.0)
        self.assertEqual(field(self.sent("CANCEL")[-1], "CSeq"), "2 CANCEL")
        return self.sent("INVITE")[-1]

    def test_it_is_cancelled(self) -> None:
        proposal = self.trying()
        self.comes(response(proposal, "487 Request Terminated"))
        refused = self.us.heard[-1]
        assert isinstance(refused, ModificationRefused)
        self.assertEqual(refused.response.code, 487)
        self.assertIs(self.us.session.state, State.ESTABLISHED)
        self.propose()
        self.assertEqual(field(self.sent("INVITE")[-1], "CSeq"), "3 INVITE")

    def test_it_is_accepted_after_all(self) -> None:
        proposal = self.trying()
        self.comes(response(proposal, "200 OK", CONTACT, body=ANSWER))
        self.assertEqual(self.us.heard[-1], ModificationAccepted(description=ANSWER))

    def test_cancelling_does_not_help(self) -> None:
        self.trying()
        self.network.run(33.0)
        refused = self.us.heard[-1]
        assert isinstance(refused, ModificationRefused)
        self.assertEqual(refused.response.code, 408)
        self.assertFalse(self.us.session.modification.busy)
        self.hang_up()
        self.assert_over()

    def test_the_first_invite_may_ring_for_long(self) -> None:
        self.call()
        self.responds("INVITE", "180 Ringing", CONTACT)
        self.network.run(300.0)
        self.assertEqual(self.sent("CANCEL"), [])

    def test_nothing_goes_out_again_in_a_session_that_has_ended(self) -> None:
        self.connect()
        self.propose()
        self.hang_up()
        self.responds("INVITE", "407 Authenticate", 'Proxy-Authenticate: Digest realm="r", nonce="n"')
        self.assertEqual(len(self.sent("INVITE")), 2)
        self.assert_over()


class AckTests(ChangeCase):
    def test_a_late_copy_of_another_ack(self) -> None:
        to = self.called()
        self.comes(invite(number=2, to=to))
        self.us.session.accept_offer(ANSWER, self.us.now)
        self.network.drain(self.us)
        self.comes(request("ACK", 1, to=to, branch="late"))
        before = len(self.sent("200"))
        self.network.run(4.0)
        self.assertEqual(len(self.sent("200")) - before, 3)  # after 0.5, 1.5 and 3.5 s
        self.comes(request("ACK", 2, to=to))
        before = len(self.sent("200"))
        self.network.run(40.0)
        self.assertEqual(len(self.sent("200")) - before, 0)
        self.assertIs(self.us.session.state, State.ESTABLISHED)

    def test_an_ack_of_nothing_does_not_confirm_the_call(self) -> None:
        self.comes(invite())
        self.us.session.answer(ANSWER, self.us.now)
        self.network.drain(self.us)
        self.comes(request("ACK", 7, to=field(self.sent("200")[-1], "To")))
        self.assertIs(self.us.session.state, State.ACCEPTED)

    def test_copies_of_a_2xx_get_the_same_ack_by_the_same_way(self) -> None:
        self.call()
        contact = "Contact: <sip:x@192.0.2.9>"
        first = response(self.sent("INVITE")[-1], "200 OK", contact, body=ANSWER)
        self.comes(first)
        self.comes(first)
        self.assertEqual(self.to("ACK"), ["192.0.2.9"] * 2)
        self.propose()
        self.responds("INVITE", "200 OK", contact, body=ANSWER)
        self.comes(first)
        self.assertEqual([field(ack, "CSeq") for ack in self.sent("ACK")], ["1 ACK", "1 ACK", "2 ACK", "1 ACK"])
        self.assertEqual(set(self.to("ACK")), {"192.0.2.9"})


class EndedMidwayTests(ChangeCase):
    def test_their_change_is_answered_however_the_session_ends(self) -> None:
        for method in ("INVITE", "UPDATE"):
            for end in (self.hang_up, self.their_bye):
                self.setUp()
                self.connect()
                self.comes(self.their_change(5, method))
                end()
                self.assertEqual([field(octets, "CSeq") for octets in self.sent("487")], [f"5 {method}"])
                self.network.ends.pop(FAR, None)
                self.assert_over()

    def their_bye(self) -> None:
        made = self.their_change(6, "BYE")
        self.comes(made)

    def test_a_change_that_is_acknowledged_no_more(self) -> None:
        to = self.called()
        self.comes(invite(number=2, to=to))
        self.us.session.accept_offer(ANSWER, self.us.now)
        self.network.drain(self.us)
        self.hang_up()
        self.network.run(40.0)
        self.assertEqual(len(self.sent("200")), 2)
        self.assertNotIn("Ended", self.us.names())
        self.assertEqual(self.network.sent(US, "408"), [])
        self.assert_over()
