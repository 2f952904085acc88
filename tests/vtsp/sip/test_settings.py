"""What a trunk's settings and the far end's description come to: on the bearer, in SDP, header fields and numbers."""

from __future__ import annotations

import re
from typing import Any

from sipmessage import URI
from twisted.trial.unittest import SynchronousTestCase

from sandf import causes
from sandf.callcontrol.primitives import TelephoneCall
from sandf.protocols.sip.numbers import CalledFrom
from sandf.protocols.t38.settings import T38Use
from sandf.protocols.t38.udptl import parse
from sandf.vtsp.sip.settings import CallPolicy
from sandf.vtsp.sip.udptl_bearer import UdptlBearer

from .far import Far, description, field
from .rig import MemoryReactor, Side

A, B, C = "192.0.2.1", "192.0.2.2", "192.0.2.3"
IFP = bytes(40)


class SettingsCase(SynchronousTestCase):
    def far_calls(self, *attributes: str, headers: tuple[str, ...] = (), **settings: Any) -> None:
        """The far end offers T.38 with *attributes*, and acknowledges our answer."""
        self.reactor = MemoryReactor()
        self.near = Side(self.reactor, A, B, **settings)
        self.far = Far(self.reactor, B, A)

        def reacts(message: str) -> None:
            if message.startswith("SIP/2.0 200") and "INVITE" in message:
                number, call = int(field(message, "CSeq").split()[0]), field(message, "Call-ID")
                self.far.request("ACK", number, call=call, to=field(message, "To"))
            elif message.startswith("BYE"):
                self.far.accept(message)

        self.far.reacts = reacts
        body = description("image").replace("a=T38FaxUdpEC:t38UDPRedundancy\r\n", "")
        self.far.request("INVITE", 1, *headers, body=body + "".join(f"a={line}\r\n" for line in attributes))
        self.reactor.run(1.0)

    @property
    def answer(self) -> str:
        return self.far.of("200")[0]

    @property
    def bearer(self) -> UdptlBearer:
        bearer = self.near.users[0].bearer
        assert bearer is not None
        return bearer

    def sent(self) -> list[bytes]:
        """Datagrams of ours, of three packets."""
        heard: list[bytes] = []

        class Listener:
            def makeConnection(self, transport: object) -> None:
                pass

            def datagramReceived(self, octets: bytes, source: tuple[str, int]) -> None:
                heard.append(octets)

        self.reactor.listenUDP(40444, Listener(), interface=B)
        for _ in range(8):
            self.bearer.send(IFP, False)
        self.reactor.run(0.1)
        return heard


class BearerTests(SettingsCase):
    def test_version(self) -> None:
        self.far_calls(policy=CallPolicy(t38_version=3))
        self.assertEqual(self.bearer.version, 0)
        body = description("image").replace("T38FaxVersion:0", "T38FaxVersion:2")
        self.far.request("INVITE", 1, call="c2", body=body)
        self.reactor.run(1.0)
        self.assertEqual(self.near.users[1].bearer.version, 2)  # type: ignore[union-attr]

    def test_local_tcf_where_both_say_so(self) -> None:
        self.far_calls("T38FaxRateManagement:localTCF")
        self.assertTrue(self.bearer.local_tcf)
        self.assertIn("T38FaxRateManagement:localTCF", self.answer)
        self.far_calls("T38FaxRateManagement:transferredTCF", policy=CallPolicy(local_tcf=True))
        self.assertFalse(self.bearer.local_tcf)

    def test_fill_bit_removal_where_both_do_it(self) -> None:
        for ours, theirs in ((True, True), (True, False), (False, True)):
            said = ("T38FaxFillBitRemoval",) if theirs else ()
            self.far_calls(*said, policy=CallPolicy(fill_bit_removal=ours))
            self.assertEqual(self.bearer.fill_bit_removal, ours and theirs)

    def test_parity_only_where_it_is_asked_for(self) -> None:
        self.far_calls("T38FaxUdpEC:t38UDPFEC", policy=CallPolicy(fec=True))
        self.assertTrue(parse(self.sent()[-1]).parity)
        self.far_calls("T38FaxUdpEC:t38UDPRedundancy", policy=CallPolicy(fec=True))
        last = parse(self.sent()[-1])
        self.assertEqual((last.parity, len(last.secondary)), (None, 1))
        self.far_calls("T38FaxUdpEC:t38UDPFEC", policy=CallPolicy(fec=False))
        self.assertIsNone(parse(self.sent()[-1]).parity)

    def test_datagrams_are_no_longer_than_the_far_end_takes(self) -> None:
        self.far_calls("T38FaxMaxDatagram:200", policy=CallPolicy(hs_redundancy=3))
        self.assertTrue(all(len(octets) <= 200 for octets in self.sent()))
        self.assertLessEqual(4 * (self.bearer.max_ifp or 0), 200, "there is room for the repetitions")
        self.assertIn("T38FaxMaxDatagram:1400", self.answer, "what we take is another matter")

    def test_held(self) -> None:
        self.far_calls("T38FaxUdpEC:t38UDPRedundancy")
        self.assertEqual(len(self.sent()), 8)
        held = description("image", 2) + "a=inactive\r\n"
        self.far.request("INVITE", 2, to=field(self.answer, "To"), body=held)
        self.reactor.run(0.5)
        before = len(self.near.recorded.packets)
        self.bearer.send(IFP, False)
        self.assertEqual(len(self.near.recorded.packets), before)
        self.far.request("INVITE", 3, to=field(self.answer, "To"), body=description("image", 3))
        self.reactor.run(0.5)
        self.bearer.send(IFP, False)
        self.assertEqual(len(self.near.recorded.packets), before + 1)


class AddressTests(SettingsCase):
    def test_advertised(self) -> None:
        self.far_calls(advertise="203.0.113.7")
        self.assertIn("c=IN IP4 203.0.113.7", self.answer)
        self.assertIn("@203.0.113.7:5060", field(self.answer, "Contact"))
        user = self.near.dial()
        self.reactor.run(0.2)
        invite = self.far.of("INVITE")[0]
        self.assertTrue(field(invite, "Via").startswith("SIP/2.0/UDP 203.0.113.7:5060"))
        self.assertIn("c=IN IP4 203.0.113.7", invite)
        user.end.clear(causes.CANCELLED)

    def test_everything_goes_by_the_outbound_proxy(self) -> None:
        """The proxy of the trunk is somewhere else, and never asked itself; calls come from both."""
        reactor = MemoryReactor()
        outbound = URI(scheme="sip", host=B, port=5060)
        near = Side(reactor, A, C, outbound_proxy=outbound, options_interval=30.0)
        far, peer = Far(reactor, B, A), Far(reactor, C, A)
        far.reacts = lambda message: far.accept(message) if message.startswith("OPTIONS") else None
        reactor.run(40.0, 0.05)
        self.assertEqual((near.trunk.down, len(far.of("OPTIONS")), peer.heard), ("", 2, []))
        near.dial()
        reactor.run(0.2)
        (invite,) = set(far.of("INVITE"))
        self.assertEqual(invite.split(" ")[1], f"sip:5551234@{C}:5060")
        self.assertEqual(field(invite, "Route"), f"<sip:{B}:5060;lr>")
        near.does = lambda user: None
        for one in (far, peer):
            one.request("INVITE", 1, call=f"from {one is far}", body=description("image"))
        reactor.run(0.2)
        self.assertEqual(len(near.users), 2)


class NumberTests(SettingsCase):
    def call_of(self, *headers: str, **settings: Any) -> TelephoneCall:
        self.far_calls(headers=headers, **settings)
        call = self.near.users[0].call
        assert call is not None
        return call

    def test_called(self) -> None:
        self.assertEqual(self.call_of().called, "5551234")
        reactor = MemoryReactor()
        near, far = Side(reactor, A, B, called_from=CalledFrom.TO), Far(reactor, B, A)
        far.request("INVITE", 1, to=f"<sip:5559999@{A}>", body=description("image"))
        reactor.run(0.2)
        self.assertEqual(near.users[0].call.called, "5559999")  # type: ignore[union-attr]

    def test_calling_and_redirecting(self) -> None:
        identity = f"P-Asserted-Identity: <sip:+4930111@{B}>"
        self.assertEqual(self.call_of(identity).calling, "+4930111")
        self.assertEqual(self.call_of(identity, trust_identity=False).calling, "far")
        self.assertEqual(self.call_of(identity, "Privacy: id").calling, "")
        self.assertEqual(self.call_of(f"Diversion: <sip:5557777@{B}>;reason=unconditional").redirecting, "5557777")

    def test_ours(self) -> None:
        reactor = MemoryReactor()
        near, far = Side(reactor, A, B, user_phone=True, domain="carrier.example"), Far(reactor, B, A)
        near.dial(called="+49302222", calling="+49301111")
        reactor.run(0.2)
        invite = far.of("INVITE")[0]
        self.assertEqual(field(invite, "To"), "<sip:+49302222@carrier.example;user=phone>")
        self.assertRegex(field(invite, "From"), r"^<sip:\+49301111@carrier\.example>;tag=")
        self.assertTrue(re.search(r"<sip:\+49301111@", field(invite, "P-Asserted-Identity")))


class RefusalTests(SettingsCase):
    def proposes(self, *refusals: str) -> None:
        """We call; the far end answers audio, and our proposals by *refusals* in turn, then takes one."""
        self.reactor = MemoryReactor()
        self.near = Side(self.reactor, A, B, policy=CallPolicy(t38_wait=0.5))
        self.far = Far(self.reactor, B, A)
        left = list(refusals)

        def reacts(message: str) -> None:
            if message.startswith("INVITE") and "m=image" in message:
                if left:
                    status, *headers = left.pop(0).split("|")
                    self.far.respond(message, status, *headers)
                else:
                    self.far.accept(message, description("image", 2))
            elif message.startswith("INVITE"):
                self.far.accept(message, description("audio"))
            elif message.startswith("BYE"):
                self.far.accept(message)

        self.far.reacts = reacts
        self.user = self.near.dial()
        self.reactor.run(12.0, 0.02)

    def test_too_early(self) -> None:
        self.proposes("500 Server Internal Error|Retry-After: 2")
        self.assertEqual(self.user.told, ["connected"])

    def test_not_t38(self) -> None:
        self.proposes("488 Not Acceptable Here")
        self.assertIs(self.user.cause, causes.T38_REFUSED)

    def test_not_now(self) -> None:
        self.proposes("503 Service Unavailable")
        self.assertIs(self.user.cause, causes.TEMPORARY_FAILURE)
        self.assertEqual(self.user.detail, "503 Service Unavailable")

    def test_only_t38(self) -> None:
        self.far_calls(policy=CallPolicy(t38=T38Use.ONLY))
        self.assertEqual(self.near.users[0].told, ["offered", "connected"])
