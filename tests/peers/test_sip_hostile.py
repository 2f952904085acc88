"""Strange messages and datagrams at real sockets, by the thousand: nothing is logged of them, and calls go on.

The corpus and its accidents are those of tests/vtsp/sip/test_hostile.py, which has them in virtual time, one by one.
"""

from __future__ import annotations

import random
import re
import socket

from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.protocol import Protocol

from sandf import causes
from tests.vtsp.sip.rig import User
from tests.vtsp.sip.test_hostile import DATAGRAMS, MESSAGES, changed

from .sipp_rig import BRISK, HOST, SippCase, free_udp_port, reactor

ACCIDENTS = ("flip", "drop", "double", "cut", "insert")
MANY = 2_000
AT_ONCE = 20
"""Datagrams that are sent before there is time to read them."""


class HostileTests(SippCase):
    """Whoever sends them has the address of a proxy of ours: a stranger gets less far."""

    sipp_is_exact = False
    timeout = 120

    def setUp(self) -> None:
        super().setUp()
        self.draw = random.Random(38)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((HOST, 0))
        self.socket.setblocking(False)
        self.addCleanup(self.socket.close)
        self.logged = self.loud()

    def accident(self, octets: bytes) -> bytes:
        """*octets* after a few."""
        times = self.draw.randrange(1, 4)
        return changed(
            octets, [(self.draw.choice(ACCIDENTS), self.draw.random(), self.draw.randrange(256)) for _ in range(times)]
        )

    async def flood(self, vectors: dict[str, bytes], port: int) -> None:
        """All of *vectors*, then accidents of them."""
        corpus = list(vectors.values())
        chosen = corpus + [self.accident(self.draw.choice(corpus)) for _ in range(MANY)]
        for number, octets in enumerate(chosen):
            self.socket.sendto(octets[:60_000], (HOST, port))
            if number % AT_ONCE == 0:
                await self.wait(0)
                self.hear()
        await self.wait(0.1)

    def hear(self) -> None:
        """Take what was answered, so that the socket does not fill."""
        try:
            while True:
                self.socket.recv(65_535)
        except BlockingIOError:
            pass

    async def sipp_calls(self) -> User:
        """A call that goes well, after all that."""
        self.does = lambda user: user.end.answer()
        await self.sipp("caller_t38_first", port=free_udp_port())
        user = self.users[-1]
        self.assertEqual(user.told, ["offered", "connected", "cleared"])
        return user

    async def emptied(self) -> None:
        """When the timers have run out nothing is left."""
        agent = self.endpoint.agent
        await self.until(lambda: not agent.sessions and not len(agent.transactions), 30.0)
        self.nothing_left()
        self.assertIsNone(agent.next_deadline())

    async def test_messages_to_one_that_refuses_every_call(self) -> None:
        self.trunk(free_udp_port(), timers=BRISK)
        self.does = lambda user: user.end.clear(causes.BUSY)
        await self.flood(MESSAGES, self.called_port)
        await self.sipp_calls()
        await self.emptied()
        self.assertEqual(self.logged, [])

    async def test_messages_to_one_that_answers_every_call(self) -> None:
        self.trunk(free_udp_port(), timers=BRISK)
        await self.flood(MESSAGES, self.called_port)
        self.assertGreater(len(self.users), 30)
        await self.sipp_calls()
        await self.emptied()
        self.assertEqual({user.told[-1] for user in self.users}, {"cleared"})
        self.assertEqual(self.logged, [])

    async def test_streams(self) -> None:
        self.trunk(free_udp_port(), timers=BRISK)
        for octets in [*MESSAGES.values(), *(self.accident(octets) for octets in MESSAGES.values())]:
            endpoint = TCP4ClientEndpoint(reactor, HOST, self.called_port)
            stream = await connectProtocol(endpoint, Protocol())
            assert stream.transport is not None
            stream.transport.write(octets)
            await self.wait(0.01)
            stream.transport.loseConnection()
        await self.sipp_calls()
        await self.emptied()
        self.assertEqual(self.logged, [])

    async def test_datagrams_in_mid_page(self) -> None:
        self.trunk(free_udp_port())
        keys = {"media_port": str(self.socket.getsockname()[1])}
        running = await self.waiting("caller_hangs_up_in_mid_fax", port=free_udp_port(), keys=keys)
        await self.until(lambda: bool(self.users) and self.users[0].bearer is not None)
        heard: list[bytes] = []
        bearer = self.users[0].bearer
        assert bearer is not None
        bearer.attach(lambda ifp, missing: heard.append(ifp), lambda: None)
        offered = re.search(rb"m=image (\d+)", self.ours(b"SIP/2.0 200")[0].octets)
        assert offered is not None
        await self.flood(DATAGRAMS, int(offered[1]))
        self.assertGreater(bearer.statistics.stray, 100)
        self.assertGreater(len(heard), 10)
        await running
        self.assertEqual(self.users[0].told, ["offered", "connected", "cleared"])
        self.nothing_left()
        self.assertEqual(self.logged, [])
