"""sipp at the other end of a trunk: the flows of tests/peers/sipp, each as its name says."""

from __future__ import annotations

from sipmessage import URI

from sandf import causes
from sandf.protocols.sip.digest import Credentials
from sandf.protocols.t38.settings import T38Use
from sandf.vtsp.sip.settings import CallPolicy, RegistrationSettings

from .sipp_rig import BRISK, HOST, Forgetful, SippCase, free_udp_port, reactor

FIRST = CallPolicy(t38=T38Use.ONLY)


class SippCallsTests(SippCase):
    """sipp is the caller."""

    async def called(self, scenario: str, **more: object) -> None:
        port = free_udp_port()
        self.trunk(port, **more)  # type: ignore[arg-type]
        await self.sipp(scenario, port=port)

    async def test_t38_in_the_first_offer(self) -> None:
        await self.called("caller_t38_first")
        self.assertEqual(self.users[0].told, ["offered", "connected", "cleared"])
        self.assertIs(self.users[0].cause, causes.FAR_CLEARED)
        self.nothing_left()

    async def test_audio_then_ours(self) -> None:
        await self.called("caller_audio")
        self.assertEqual(self.users[0].told, ["offered", "connected", "cleared"])
        assert self.users[0].call is not None
        self.assertEqual((self.users[0].call.called, self.users[0].call.calling), ("5551234", "5550000"))
        self.nothing_left()

    async def test_both_in_one_offer(self) -> None:
        await self.called("caller_both_offered")
        self.assertEqual(self.users[0].told, ["offered", "connected", "cleared"])
        self.nothing_left()

    async def test_glare(self) -> None:
        await self.called("caller_reinvites")
        self.assertEqual(self.users[0].told, ["offered", "connected", "cleared"])
        self.nothing_left()

    async def test_488_then_we_hang_up(self) -> None:
        await self.called("caller_refuses_t38")
        self.assertEqual(self.users[0].told, ["offered", "cleared"])
        self.assertEqual((self.users[0].cause, self.users[0].detail[:3]), (causes.T38_REFUSED, "488"))
        self.nothing_left()

    async def test_cancel_before_the_answer(self) -> None:
        port = free_udp_port()
        self.trunk(port)
        self.does = lambda user: user.end.alert()
        await self.sipp("caller_cancels", port=port)
        self.assertEqual(self.users[0].told, ["offered", "cleared"])
        self.nothing_left()

    async def test_no_ack(self) -> None:
        await self.called("caller_never_acknowledges", timers=BRISK)
        self.assertEqual(self.users[0].told[-1], "cleared")
        self.assertIn("no ACK", self.users[0].detail)
        self.assertGreater(self.sent(b"SIP/2.0 200 OK"), 8)
        self.nothing_left()

    async def test_refreshes_do_not_touch_the_media(self) -> None:
        port, fax = free_udp_port(), self.fax_port()
        self.trunk(port)
        running = await self.waiting("caller_refreshes", port=port, keys={"media_port": str(fax.port)})
        await self.until(lambda: bool(self.users) and self.users[0].bearer is not None)
        bearer = self.users[0].bearer
        assert bearer is not None
        while "cleared" not in self.users[0].told:
            bearer.send(b"\x06", True)
            await self.wait(0.05)
        await running
        self.assertEqual(fax.numbers, list(range(len(fax.numbers))))
        self.assertGreater(len(fax.numbers), 10)
        self.assertEqual(self.users[0].told, ["offered", "connected", "cleared"])
        self.nothing_left()

    async def test_reliable_ringing(self) -> None:
        port = free_udp_port()
        self.trunk(port)

        def ring(user: object) -> None:
            self.users[-1].end.alert()
            reactor.callLater(0.3, self.users[-1].end.answer)

        self.does = ring
        await self.sipp("caller_requires_reliable_ringing", port=port)
        self.assertEqual(self.users[0].told, ["offered", "connected", "cleared"])
        self.nothing_left()

    async def test_messages_are_lost(self) -> None:
        self.wire.loses = losing = Forgetful()
        await self.called("caller_loses_messages", timers=BRISK)
        self.assertEqual(self.users[0].told, ["offered", "connected", "cleared"])
        for word in (b"INVITE", b"SIP/2.0 200", b"ACK", b"BYE"):
            times = [count for octets, count in losing.times.items() if octets.startswith(word)]
            self.assertTrue(times and min(times) > 2, word)
        self.nothing_left()

    async def test_back_to_audio_in_mid_page_is_refused(self) -> None:
        logged = self.loud()
        await self.called("caller_goes_back_to_audio")
        self.assertEqual(logged, [])
        self.assertEqual(self.users[0].told, ["offered", "connected", "cleared"])
        self.nothing_left()

    async def test_bye_in_mid_page(self) -> None:
        port = free_udp_port()
        self.trunk(port)
        gone: list[str] = []
        running = await self.waiting("caller_t38_first", port=port)
        await self.until(lambda: bool(self.users) and self.users[0].bearer is not None)
        bearer = self.users[0].bearer
        assert bearer is not None
        bearer.attach(lambda ifp, missing: None, lambda: gone.append("gone"))
        bearer.send(b"\x06", True)
        await running
        self.assertEqual(gone, ["gone"])
        self.nothing_left()

    async def test_options(self) -> None:
        await self.called("caller_asks")

    async def test_a_stranger(self) -> None:
        self.trunk()
        await self.sipp("caller_is_a_stranger", port=free_udp_port())
        self.assertEqual(self.users, [])


class SippIsCalledTests(SippCase):
    """We are the caller."""

    async def through(self, scenario: str, policy: CallPolicy | None = None, *, byes: int = 0, **more: object) -> None:
        """A call that comes to T.38, and is ended by us when we have sent *byes* of others."""
        port = free_udp_port()
        self.trunk(port, policy=policy, **more)  # type: ignore[arg-type]
        running = await self.waiting(scenario, port=port)
        user = self.dial()
        await self.until(lambda: "connected" in user.told or "cleared" in user.told)
        self.assertEqual((user.told[-1], user.detail), ("connected", ""))
        await self.until(lambda: self.sent(b"BYE ") >= byes)
        user.end.clear(causes.DELIVERED)
        await running
        self.nothing_left()

    async def test_it_proposes_t38(self) -> None:
        await self.through("called_reinvites")

    async def test_we_propose_t38(self) -> None:
        await self.through("called_waits", CallPolicy(t38_wait=0.5))

    async def test_t38_in_the_first_offer(self) -> None:
        await self.through("called_t38", CallPolicy(t38=T38Use.FIRST))

    async def test_credentials(self) -> None:
        credentials = Credentials(username="fax", password="secret")
        await self.through("called_challenges", FIRST, credentials=credentials)
        self.assertEqual(self.sent(b"INVITE "), 3)

    async def test_the_answer_in_a_reliable_183(self) -> None:
        await self.through("called_rings_reliably", FIRST)
        self.assertEqual(self.sent(b"PRACK "), 1)

    async def test_two_phones_answer(self) -> None:
        await self.through("called_forks", FIRST, byes=1)
        self.assertEqual((self.sent(b"ACK "), self.sent(b"BYE ")), (2, 2))

    async def refused(self, scenario: str, policy: CallPolicy | None = None) -> tuple[object, str]:
        port = free_udp_port()
        self.trunk(port, policy=policy)
        running = await self.waiting(scenario, port=port)
        user = self.dial()
        await self.until(lambda: "cleared" in user.told)
        await running
        self.nothing_left()
        return user.cause, user.detail[:3]

    async def test_488_then_we_hang_up(self) -> None:
        found = await self.refused("called_refuses_t38", CallPolicy(t38_wait=0.2))
        self.assertEqual(found, (causes.T38_REFUSED, "488"))

    async def test_refusals(self) -> None:
        for name, cause, status in (
            ("busy", causes.BUSY, "486"),
            ("away", causes.from_q850(18), "480"),
            ("unknown", causes.NUMBER_UNALLOCATED, "404"),
            ("declines", causes.CALL_REJECTED, "603"),
            ("changed", causes.NUMBER_CHANGED, "410"),
        ):
            self.assertEqual(await self.refused(f"called_is_{name}"), (cause, status), name)

    async def test_we_cancel(self) -> None:
        port = free_udp_port()
        self.trunk(port)
        running = await self.waiting("called_is_cancelled", port=port)
        user = self.dial()
        await self.until(lambda: "alerted" in user.told)
        user.end.clear(causes.CANCELLED)
        await running
        await self.wait(0.2)
        self.nothing_left()

    async def test_moved(self) -> None:
        ports = free_udp_port(), free_udp_port()
        self.trunk(ports[0], policy=FIRST)
        first = await self.waiting("called_moved", port=ports[0], keys={"other": str(ports[1])})
        second = await self.waiting("called_t38", port=ports[1])
        user = self.dial()
        await self.until(lambda: bool(user.told) and user.told[-1] == "connected")
        user.end.clear(causes.DELIVERED)
        await first
        await second
        self.nothing_left()

    async def test_moved_and_we_do_not_follow(self) -> None:
        port = free_udp_port()
        self.trunk(port, policy=CallPolicy(redirects=0))
        running = await self.waiting("called_moved", port=port, keys={"other": "9"})
        user = self.dial()
        await running
        await self.until(lambda: "cleared" in user.told)
        self.assertEqual(user.detail[:3], "302")

    async def test_the_second_proxy_has_room(self) -> None:
        ports = free_udp_port(), free_udp_port()
        self.trunk(*ports, policy=FIRST)
        first = await self.waiting("called_has_no_room", port=ports[0])
        second = await self.waiting("called_t38", port=ports[1])
        user = self.dial()
        await self.until(lambda: bool(user.told) and user.told[-1] == "connected")
        user.end.clear(causes.DELIVERED)
        await first
        await second
        self.nothing_left()

    async def test_registration(self) -> None:
        port = free_udp_port()
        self.trunk()
        running = await self.waiting("registrar", port=port)
        await self.sip.stop()
        record = URI(scheme="sip", user="fax", host=HOST, port=port)
        self.trunk(
            registration=RegistrationSettings(record=record),
            credentials=Credentials(username="fax", password="secret"),
        )
        await self.until(lambda: self.sip.registration is not None and self.sip.registration.registered)
        await self.sip.stop()
        await running
