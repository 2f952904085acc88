"""sipp once more: what fewer peers do than those of test_sipp, both when they call and when they are called."""

from __future__ import annotations

from sandf import causes
from sandf.protocols.sip.hops import Transport
from sandf.protocols.t38.settings import T38Use
from sandf.vtsp.sip.settings import CallPolicy

from .sipp_rig import LostOnce, SippCase, free_udp_port

FIRST = CallPolicy(t38=T38Use.ONLY)


class FurtherCallsTests(SippCase):
    """sipp is the caller."""

    async def called(self, scenario: str, *options: str, **more: object) -> None:
        port = free_udp_port()
        self.trunk(port, **more)  # type: ignore[arg-type]
        await self.sipp(scenario, port=port, options=options)

    async def test_every_message_is_lost_once_and_we_propose(self) -> None:
        self.wire.loses = LostOnce()
        await self.called("caller_audio")
        self.assertEqual(self.users[0].told, ["offered", "connected", "cleared"])
        self.nothing_left()

    async def test_over_tcp(self) -> None:
        await self.called("caller_audio", "-t", "t1", transport=Transport.TCP)
        self.assertEqual(self.users[0].told, ["offered", "connected", "cleared"])
        self.nothing_left()

    async def test_no_offer(self) -> None:
        await self.called("caller_leaves_the_offer_to_us", policy=CallPolicy(t38=T38Use.ONLY))
        self.assertEqual(self.users[0].told, ["offered", "connected", "cleared"])
        self.nothing_left()

    async def test_odd_spelling(self) -> None:
        self.sipp_is_exact = False
        await self.called("caller_writes_short")
        self.assertEqual(self.users[0].told, ["offered", "connected", "cleared"])
        assert self.users[0].call is not None
        self.assertEqual((self.users[0].call.called, self.users[0].call.calling), ("5551234", "5550000"))
        self.nothing_left()


class FurtherCalledTests(SippCase):
    """We are the caller."""

    lasts = 0.0
    """Seconds from T.38 to the end of a call."""

    async def through(self, scenario: str, policy: CallPolicy | None = None, *options: str, **more: object) -> None:
        """A call that comes to T.38, and ends."""
        port = free_udp_port()
        self.trunk(port, policy=policy, **more)  # type: ignore[arg-type]
        running = await self.waiting(scenario, port=port, options=options)
        user = self.dial()
        await self.until(lambda: "connected" in user.told or "cleared" in user.told)
        self.assertEqual((user.told[-1], user.detail), ("connected", ""))
        await self.wait(self.lasts)
        user.end.clear(causes.DELIVERED)
        await running
        self.nothing_left()

    async def test_we_cancel_too_late(self) -> None:
        port = free_udp_port()
        self.trunk(port, policy=FIRST)
        running = await self.waiting("called_answers_when_cancelled", port=port)
        user = self.dial()
        await self.until(lambda: "alerted" in user.told)
        user.end.clear(causes.CANCELLED)
        await running
        self.assertEqual(user.told, ["alerted"])
        self.nothing_left()

    async def test_nobody_answers(self) -> None:
        port = free_udp_port()
        self.trunk(port)
        running = await self.waiting("called_never_answers", port=port)
        user = self.dial(answer_timeout=1.0)
        await running
        self.assertEqual(user.told, ["alerted", "cleared"])
        self.assertIs(user.cause, causes.NO_ANSWER)
        await self.until(lambda: not self.endpoint.agent.sessions)
        self.nothing_left()

    async def test_glare_and_we_wait_for_our_turn(self) -> None:
        await self.through("called_is_not_ready", CallPolicy(t38_wait=0.2))
        _, refused, again = (packet.at for packet in self.ours(b"INVITE "))
        self.assertGreaterEqual(again - refused, 2.1)

    async def test_behind_a_proxy(self) -> None:
        await self.through("called_behind_a_proxy", FIRST)

    async def test_our_refreshes_do_not_touch_the_media(self) -> None:
        port, fax = free_udp_port(), self.fax_port()
        self.trunk(port, policy=FIRST)
        running = await self.waiting("called_wants_refreshes", port=port, keys={"media_port": str(fax.port)})
        user = self.dial()
        await self.until(lambda: "connected" in user.told)
        assert user.bearer is not None
        acknowledged = self.sent(b"ACK ") + 1
        while self.sent(b"ACK ") < acknowledged:
            user.bearer.send(b"\x06", True)
            await self.wait(0.05)
        user.end.clear(causes.DELIVERED)
        await running
        first, again = (packet.octets.partition(b"\r\n\r\n")[2] for packet in self.ours(b"INVITE "))
        self.assertEqual(first, again)
        self.assertEqual(fax.numbers, list(range(len(fax.numbers))))
        self.assertGreater(len(fax.numbers), 20)
        self.nothing_left()

    async def test_longer_sessions(self) -> None:
        await self.through("called_wants_longer_sessions", FIRST)

    async def test_every_message_is_lost_once(self) -> None:
        self.wire.loses, self.lasts = LostOnce(), 2.0  # sipp takes no BYE before the ACK, which is lost as well
        await self.through("called_t38", FIRST)

    async def test_every_message_is_lost_once_and_we_propose(self) -> None:
        self.wire.loses, self.lasts = LostOnce(), 2.0  # sipp takes no BYE before the ACK, which is lost as well
        await self.through("called_waits", CallPolicy(t38_wait=0.5))

    async def test_over_tcp(self) -> None:
        await self.through("called_waits", CallPolicy(t38_wait=0.5), "-t", "t1", transport=Transport.TCP)

    async def test_bye_in_mid_page(self) -> None:
        port, fax = free_udp_port(), self.fax_port()
        self.trunk(port, policy=FIRST)
        gone: list[str] = []
        running = await self.waiting("called_hangs_up_in_mid_page", port=port, keys={"media_port": str(fax.port)})
        user = self.dial()
        await self.until(lambda: "connected" in user.told)
        assert user.bearer is not None
        user.bearer.attach(lambda ifp, missing: None, lambda: gone.append("gone"))
        while not gone:
            user.bearer.send(b"\x06", True)
            await self.wait(0.05)
        await running
        self.assertEqual((user.told, user.cause), (["connected", "cleared"], causes.FAR_CLEARED))
        self.assertGreater(len(fax.numbers), 10)
        self.nothing_left()
