"""sipp as the proxies of a trunk, of which one is silent, and as a registrar that is hard to please."""

from __future__ import annotations

from sipmessage import URI

from sandf import causes
from sandf.protocols.sip.digest import Credentials
from sandf.protocols.t38.settings import T38Use
from sandf.vtsp.sip.settings import CallPolicy, RegistrationSettings

from .sipp_rig import BRISK, HOST, SippCase, free_udp_port

FIRST = CallPolicy(t38=T38Use.ONLY)


class SippTrunkTests(SippCase):
    async def test_registration_that_is_too_short(self) -> None:
        port = free_udp_port()
        record = URI(scheme="sip", user="fax", host=HOST, port=port)
        self.trunk(
            registration=RegistrationSettings(record=record),
            credentials=Credentials(username="fax", password="secret"),
        )
        await self.sipp("registrar_wants_longer", port=port)
        await self.until(lambda: self.sip.registration is not None and self.sip.registration.registered)

    async def test_the_first_proxy_is_silent(self) -> None:
        ports = free_udp_port(), free_udp_port()
        self.trunk(*ports, policy=FIRST, timers=BRISK)
        running = await self.waiting("called_t38", port=ports[1])
        user = self.dial()
        await self.until(lambda: bool(user.told) and user.told[-1] == "connected")
        user.end.clear(causes.DELIVERED)
        await running
        self.nothing_left()

    async def test_a_proxy_that_does_not_answer_options_is_passed_over(self) -> None:
        ports = free_udp_port(), free_udp_port()
        self.trunk(*ports, policy=FIRST, timers=BRISK, options_interval=60.0)
        running = await self.waiting("called_is_asked", port=ports[1], options=("-m", "2"))
        hops = await self.sip.hops()
        await self.until(lambda: self.sip.monitor.is_down(hops[0], self.endpoint.now()))
        self.assertEqual(self.sip.down, "")
        user = self.dial()
        await self.until(lambda: bool(user.told) and user.told[-1] == "connected")
        user.end.clear(causes.DELIVERED)
        await running
        self.assertEqual(len({packet.to for packet in self.ours(b"INVITE ")}), 1)
        self.nothing_left()
