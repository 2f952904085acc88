"""Far ends that do not do what they should: the call ends all the same, and nothing else does."""

from __future__ import annotations

from sipmessage import URI
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from sandf import causes
from sandf.callcontrol.primitives import TelephoneCall
from sandf.protocols.sip.hops import Hop, Transport
from sandf.vtsp.interfaces import ICallEnd, ICallUser
from sandf.vtsp.sip.settings import CallPolicy

from .far import Far, description, field
from .rig import MemoryReactor, Side

A, B = "192.0.2.1", "192.0.2.2"
CONTACT = f"Contact: <sip:far@{B}>"


class OddEndCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.reactor = MemoryReactor()
        self.near = Side(self.reactor, A, B)
        self.far = Far(self.reactor, B, A)

    def run_for(self, seconds: float) -> None:
        self.reactor.run(seconds, 0.02)

    def nothing_left(self) -> None:
        self.run_for(70.0)
        trunk, endpoint = self.near.trunk, self.near.endpoint
        self.assertEqual((trunk.incoming, trunk.outgoing, endpoint.agent.sessions), (set(), set(), 0))
        self.assertEqual((endpoint._calls, endpoint._by_call_id), ({}, {}))


class ChangeNeverComesTests(OddEndCase):
    def answers_audio(self, to_image: str) -> None:
        """The far end takes audio, and says *to_image* to every proposal of T.38."""

        def reacts(message: str) -> None:
            if message.startswith("INVITE") and "m=image" in message:
                self.far.respond(message, to_image)
            elif message.startswith("INVITE"):
                self.far.accept(message, description("audio"))
            elif message.startswith(("BYE", "CANCEL")):
                self.far.accept(message)

        self.far.reacts = reacts

    def check(self, to_image: str) -> None:
        self.answers_audio(to_image)
        user = self.near.dial()
        self.run_for(30.0)
        self.assertEqual((user.told, user.cause), (["cleared"], causes.T38_REFUSED))
        self.assertEqual(len(self.far.of("BYE")), 1)
        self.nothing_left()

    def test_provisional_for_ever(self) -> None:
        self.check("100 Trying")

    def test_glare_for_ever(self) -> None:
        self.check("491 Request Pending")
        self.assertLess(len(self.far.of("INVITE")), 12)

    def test_provisional_for_ever_to_the_called_end(self) -> None:
        def reacts(message: str) -> None:
            if message.startswith("SIP/2.0 200") and "1 INVITE" in message:
                self.far.request("ACK", 1, to=field(message, "To"))
            elif message.startswith("INVITE"):
                self.far.respond(message, "100 Trying")
            elif message.startswith(("BYE", "CANCEL")):
                self.far.accept(message)

        self.far.reacts = reacts
        self.far.request("INVITE", 1, body=description("audio"))
        self.run_for(30.0)
        user = self.near.users[0]
        self.assertEqual((user.told, user.cause), (["offered", "cleared"], causes.T38_REFUSED))
        self.nothing_left()


class GlareTests(OddEndCase):
    def test_their_audio_in_between(self) -> None:
        """491 to ours, then they change their audio, then ours is taken."""
        first: list[str] = []
        ours: list[str] = []

        def reacts(message: str) -> None:
            if message.startswith("INVITE") and "m=image" in message:
                ours.append(message)
                if len(ours) == 1:
                    self.far.respond(message, "491 Request Pending")
                else:
                    self.far.accept(message, description("image", 3, port=40446))
            elif message.startswith("INVITE"):
                first.append(message)
                self.far.accept(message, description("audio"))
            elif message.startswith("ACK") and len(ours) == 1:
                self.change_audio(first[0])
            elif message.startswith("SIP/2.0 200") and "5 INVITE" in message:
                self.say_within(first[0], "ACK")

        self.far.reacts = reacts
        user = self.near.dial()
        self.run_for(15.0)
        self.assertEqual((user.told, user.detail), (["connected"], ""))
        versions = self.sent_origins()
        self.assertEqual(versions, sorted(set(versions)), "each description has the next version")
        user.end.clear(causes.DELIVERED)

    def say_within(self, invite: str, method: str, body: str = "") -> None:
        self.far.request(
            method,
            5,
            call=field(invite, "Call-ID"),
            to=field(invite, "From"),
            caller=f"{field(invite, 'To')};tag=far",
            body=body,
        )

    def change_audio(self, invite: str) -> None:
        self.say_within(invite, "INVITE", description("audio", 2, port=40448))

    def sent_origins(self) -> list[int]:
        lines = [line for message in self.far.heard for line in message.split("\r\n") if line.startswith("o=")]
        return [int(line.split()[2]) for line in lines]


class LateTests(OddEndCase):
    def test_a_redirection_that_is_resolved_when_nobody_wants_the_call_any_more(self) -> None:
        waiting: Deferred[list[Hop]] = Deferred()
        locate = self.near.names.locate

        def slowly(uri: URI, transport: Transport) -> Deferred[list[Hop]]:
            return waiting if uri.user == "else" else locate(uri, transport)

        self.near.names.locate = slowly  # type: ignore[method-assign]

        def reacts(message: str) -> None:
            if message.startswith("INVITE"):
                self.far.respond(message, "302 Moved Temporarily", "Contact: <sip:else@pbx.example>")

        self.far.reacts = reacts
        user = self.near.dial()
        self.run_for(1.0)
        user.end.clear(causes.NO_ANSWER)
        waiting.callback([Hop(transport=Transport.UDP, host=B, port=5060)])
        self.run_for(2.0)
        self.assertEqual(len(self.far.of("INVITE")), 1)
        self.nothing_left()

    def test_call_control_raises_when_a_call_is_brought(self) -> None:
        def offer(call: TelephoneCall, end: ICallEnd) -> ICallUser:
            raise RuntimeError("no")

        self.near.trunk._offer = offer
        for number in range(3):
            self.far.request("INVITE", 1, call=f"c{number}", body=description("audio"))
        self.run_for(1.0)
        refused = {field(message, "Call-ID") for message in self.far.of("500")}
        self.assertEqual(refused, {"c0", "c1", "c2"})
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 3)
        self.nothing_left()


class RateTests(OddEndCase):
    def test_the_far_end_says_how_fast(self) -> None:
        offer = description("image").replace("a=T38FaxVersion:0", "a=T38FaxVersion:0\r\na=T38MaxBitRate:9600")
        self.far.reacts = lambda message: (
            self.far.request("ACK", 1, to=field(message, "To")) if message.startswith("SIP/2.0 200") else None
        )
        self.far.request("INVITE", 1, body=offer)
        self.run_for(1.0)
        bearer = self.near.users[0].bearer
        assert bearer is not None
        self.assertEqual(bearer.max_bit_rate, 9600)

    def test_and_so_do_we(self) -> None:
        self.near.endpoint.trunks.clear()
        self.setUp_at(CallPolicy(max_bit_rate=7200))
        self.far.request("INVITE", 1, body=description("image"))
        self.run_for(1.0)
        self.assertIn("a=T38MaxBitRate:7200", self.far.of("200")[0])

    def setUp_at(self, policy: CallPolicy) -> None:
        self.reactor = MemoryReactor()
        self.near = Side(self.reactor, A, B, policy=policy)
        self.far = Far(self.reactor, B, A)
