"""What the dial plan says of calls as they come."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from sandf import causes
from sandf.apps.routing import Routing
from sandf.callcontrol.call import Call
from sandf.callcontrol.control import Selection
from sandf.callcontrol.primitives import FaxReceive, MailIn, ProviderKind, TelephoneCall
from sandf.dialpeer import DialPlan, MmoipPeer, Pattern, PotsPeer
from tests.callcontrol.providers import ScriptedProvider


class RoutingTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.calls: dict[str, Call] = {}
        self.routing = Routing(
            DialPlan(
                peers=(
                    PotsPeer(
                        tag=1, incoming_called_number=Pattern.parse("571"), application="onramp", port="lab", max_conn=1
                    ),
                    PotsPeer(tag=2, destination_pattern=Pattern.parse("9T"), port="lab", max_conn=1),
                    MmoipPeer(tag=3, incoming_called_number=Pattern.parse("."), application="offramp"),
                )
            ),
            calls=lambda: self.calls,
            ports_down=lambda: (),
            draw=lambda: 0.0,
            seconds=self.clock.seconds,
        )

    def test_inbound_peers_name_the_application(self) -> None:
        self.assertEqual(
            self.routing.select(ProviderKind.TELEPHONY, TelephoneCall(port="lab", called="5712")),
            Selection(peer_tag=1, application="onramp"),
        )
        self.assertEqual(
            self.routing.select(ProviderKind.MAIL, MailIn(job_id="j1", called="5712", calling="")),
            Selection(peer_tag=3, application="offramp"),
        )
        self.assertRaises(TypeError, self.routing.select, ProviderKind.FAX, FaxReceive())

    def test_exchange_rings_only_for_numbers_that_a_peer_asks_for(self) -> None:
        self.assertTrue(self.routing.wanted("5712", "", "lab"))
        self.assertFalse(self.routing.wanted("5712", "", "elsewhere"))
        self.assertFalse(self.routing.wanted("5550001", "", "lab"), "a match by port alone makes nothing ring")

    def test_peer_that_carries_max_conn_calls_is_passed_over(self) -> None:
        self.assertEqual([match.peer.tag for match in self.routing.telephone_side("95550")], [2])
        telephony = ScriptedProvider(ProviderKind.TELEPHONY)
        call = Call(
            call_id="A",
            providers={ProviderKind.TELEPHONY: telephony},
            seconds=self.clock.seconds,
            seen=lambda call, event: None,
        )
        leg = call.set_up(ProviderKind.TELEPHONY, TelephoneCall(port="lab", called="5550"), peer_tag=2)
        self.calls["A"] = call
        self.assertEqual(self.routing.telephone_side("95550"), ())
        self.assertTrue(self.routing.leads_to("95550"))
        self.assertFalse(self.routing.leads_to("1"))
        leg.released(causes.BUSY)
        self.assertEqual(len(self.routing.telephone_side("95550")), 1)

    def test_inbound_peer_that_is_full_refuses(self) -> None:
        telephony = ScriptedProvider(ProviderKind.TELEPHONY)
        call = Call(
            call_id="A",
            providers={ProviderKind.TELEPHONY: telephony},
            seconds=self.clock.seconds,
            seen=lambda call, event: None,
        )
        call.add_incoming(ProviderKind.TELEPHONY, TelephoneCall(port="lab", called="5712"), 1)
        self.calls["A"] = call
        selected = self.routing.select(ProviderKind.TELEPHONY, TelephoneCall(port="lab", called="5712"))
        self.assertIs(selected.refusal, causes.NO_PORT)

    def test_what_a_sender_is_told_has_no_prefix(self) -> None:
        peers = (
            PotsPeer(tag=2, destination_pattern=Pattern.parse("9T"), port="lab", prefix="1010288,,4711#,"),
            PotsPeer(tag=4, destination_pattern=Pattern.parse("0"), port="lab", prefix="4711"),
            MmoipPeer(tag=3, incoming_called_number=Pattern.parse("."), application="offramp"),
        )
        self.routing.plan = DialPlan(peers=peers)
        self.assertEqual(self.routing.screened("95550"), "5550")
        self.assertEqual(self.routing.screened("0"), "0", "a number that is all prefix is not told either")

    def test_mail_is_screened_by_both_sides_of_the_plan(self) -> None:
        self.assertEqual(self.routing.screened("95550"), "5550")
        self.assertIs(self.assertRaises(causes.Failure, self.routing.screened, "1").cause, causes.NO_DIAL_PEER)
        self.assertIs(self.assertRaises(causes.Failure, self.routing.screened, "9").cause, causes.NOTHING_TO_DIAL)
        self.routing.plan = DialPlan(peers=self.routing.plan.peers[:2])
        self.assertIs(self.assertRaises(causes.Failure, self.routing.screened, "95550").cause, causes.NO_DIAL_PEER)
