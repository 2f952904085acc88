"""tshark reads what we send and what we capture: SIP, RTP and T.38, without a warning."""

from __future__ import annotations

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from sandf import causes
from sandf.fmsp.pages import PageSequence
from sandf.fmsp.provider import PUMPS
from sandf.fmsp.receiving import Reception
from sandf.fmsp.sending import Dispatch
from sandf.fmsp.session import FaxSession
from sandf.fmsp.settings import FaxSettings
from sandf.oam.pcap import CapturedPacket
from sandf.protocols.t30.settings import Intention, Role
from sandf.protocols.t30.terminal import Terminal
from sandf.protocols.t38.settings import T38Use
from sandf.vtsp.sip.settings import CallPolicy
from sandf.vtsp.sip.udptl_bearer import UdptlBearer
from tests.fmsp.synchronous import at_once
from tests.fmsp.t38_network import Confirmations
from tests.fmsp.world import Source, document
from tests.vtsp.sip.rig import MemoryReactor, Side

from . import wireshark


def packets_of(reactor: MemoryReactor) -> list[CapturedPacket]:
    """All that its ports have sent."""
    return [CapturedPacket(at, source, to, octets) for at, source, to, octets in reactor.log]


class TsharkTests(SynchronousTestCase):
    if wireshark.MISSING:
        skip = wireshark.MISSING

    def fax(self, policy: CallPolicy, settings: FaxSettings) -> MemoryReactor:
        """A whole fax call of one page between two trunks."""
        reactor = MemoryReactor()
        reactor.advance(1_000_000_000.0)
        near, far = (
            Side(reactor, host, peer, policy=policy)
            for host, peer in (("192.0.2.1", "192.0.2.2"), ("192.0.2.2", "192.0.2.1"))
        )
        user = near.dial()
        reactor.run(1.0)
        called = far.users[0]
        assert user.bearer is not None and called.bearer is not None
        source = Source(document(3, 1), lambda: at_once(bytes))  # type: ignore[arg-type,return-value]
        dispatch = Dispatch(PageSequence([source]), 1, settings, Confirmations(), at_once)
        self.begin(dispatch, user.bearer, settings, Role.CALLER)
        reception = Reception(lambda page, last, seconds, stored: stored(True), at_once)
        self.begin(reception, called.bearer, settings, Role.CALLED)
        for _ in range(600):
            reactor.run(0.1)
            if "cleared" in user.told + called.told:
                break
        reactor.run(1.0)
        self.assertIs(user.cause or called.cause, causes.FAR_CLEARED)
        return reactor

    def begin(self, host: Dispatch | Reception, bearer: UdptlBearer, settings: FaxSettings, role: Role) -> None:
        judge = host.judge if isinstance(host, Reception) else None
        intention = Intention.RECEIVE if judge else Intention.SEND
        terminal = Terminal(settings.terminal(ident="1", judge=judge), role=role, intention=intention)
        session = FaxSession(
            name="call",
            terminal=terminal,
            bearer=PUMPS[bearer.kind](bearer),
            told=host.told,
            failed=lambda: self.fail("the session failed"),
            heard=host.heard if isinstance(host, Reception) else None,
        )
        host.attach(session, terminal)
        session.begin()

    def tshark(self, reactor: MemoryReactor, *arguments: str) -> list[str]:
        return wireshark.lines_of(packets_of(reactor), Path(self.mktemp()), *arguments)

    def test_every_packet_is_read_without_a_warning(self) -> None:
        for policy, settings in (
            (CallPolicy(), FaxSettings()),
            (CallPolicy(t38=T38Use.FIRST, ls_redundancy=0, hs_redundancy=0), FaxSettings(ecm=False)),
            (CallPolicy(t38=T38Use.ONLY, fec=True), FaxSettings()),
            (CallPolicy(t38=T38Use.ONLY, t38_version=3), FaxSettings(ecm=False)),
        ):
            reactor = self.fax(policy, settings)
            self.assertEqual(wireshark.complaints(packets_of(reactor), Path(self.mktemp()))[:60], [], policy)
            protocols = self.tshark(reactor, "-T", "fields", "-e", "frame.protocols")
            kinds = {name for line in protocols for name in line.split(":")}
            self.assertLessEqual({"sip", "sdp", "t38"}, kinds, policy)
            unread = [line for line in protocols if line.endswith("udp:data")]
            self.assertEqual(unread, [], policy)

    def test_what_it_says_of_a_call(self) -> None:
        reactor = self.fax(CallPolicy(), FaxSettings())
        sip = self.tshark(reactor, "-Y", "sip", "-T", "fields", "-e", "sip.Method", "-e", "sip.Status-Code")
        words = ["".join(line.split()) for line in sip]
        self.assertEqual(words[:6], ["INVITE", "200", "ACK", "INVITE", "200", "ACK"])
        self.assertEqual(words[-2:], ["BYE", "200"])
        t38 = self.tshark(reactor, "-Y", "t38", "-T", "fields", "-e", "_ws.col.Info")
        text = "\n".join(t38)
        for word in ("v21-preamble", "v17-14400-long-training", "no-signal"):
            self.assertIn(word, text.lower())
