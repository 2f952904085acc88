"""Messages and datagrams that somebody made to hurt, or could not make better: nothing but their own transaction ends.

The corpus is tests/vectors/hostile; hypothesis changes it in every small way besides.
"""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.logger import ILogObserver, LogEvent, LogLevel, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from sandf import causes
from sandf.fmsp.provider import PUMPS
from sandf.protocols.t30 import pump
from sandf.vtsp.sip.udptl_bearer import UdptlBearer, UdptlSettings
from sandf.vtsp.timer_wheel import TimerWheel

from .rig import MemoryReactor, Side, User
from .test_media import FAR, Socket

VECTORS = Path(__file__).parents[2] / "vectors" / "hostile"
A, B = "192.0.2.1", "192.0.2.2"
MESSAGES = {file.stem: file.read_bytes() for file in sorted(VECTORS.glob("*.sip"))}
DATAGRAMS = {file.stem: file.read_bytes() for file in sorted(VECTORS.glob("*.udptl"))}

changes = st.lists(
    st.tuples(st.sampled_from(["flip", "drop", "double", "cut", "insert"]), st.floats(0, 1), st.integers(0, 255)),
    min_size=1,
    max_size=4,
)


def changed(octets: bytes, how: list[tuple[str, float, int]]) -> bytes:
    """*octets* after some small accidents."""
    made = bytearray(octets)
    for what, where, value in how:
        at = int(where * max(0, len(made) - 1))
        if what == "flip" and made:
            made[at] ^= value
        elif what == "drop":
            del made[at : at + 1 + value % 40]
        elif what == "double":
            made[at:at] = made[at : at + 1 + value]
        elif what == "cut":
            del made[at:]
        else:
            made[at:at] = bytes([value])
    return bytes(made)


@implementer(ILogObserver)
class Loud:
    """Keeps what is logged as a warning or worse."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def __call__(self, event: LogEvent) -> None:
        if event.get("log_level") in (LogLevel.warn, LogLevel.error, LogLevel.critical):
            self.said.append(str(event.get("log_format")))


class HostileCase(SynchronousTestCase):
    def setUp(self) -> None:
        loud = Loud()
        self.loud = loud.said
        globalLogPublisher.addObserver(loud)
        self.addCleanup(globalLogPublisher.removeObserver, loud)


class MessageTests(HostileCase):
    def begin(self) -> None:
        self.reactor = MemoryReactor()
        self.near = Side(self.reactor, A, B)
        self.near.does = self.refuse

    def refuse(self, user: User) -> None:
        user.end.clear(causes.BUSY)

    def came(self, octets: bytes) -> None:
        self.reactor.deliver(octets, (B, 5060), (A, 5060))
        self.reactor.run(0.05)

    def nothing_left(self, context: object) -> None:
        self.reactor.run(100.0, 0.5)
        agent = self.near.endpoint.agent
        self.assertEqual((agent.sessions, len(agent.transactions)), (0, 0), context)
        self.assertIsNone(agent.next_deadline(), context)
        self.assertEqual(self.near.trunk.incoming, set(), context)
        self.assertEqual(list(self.reactor.ports), [(A, 5060)], context)

    def test_each_ends_no_more_than_itself(self) -> None:
        self.assertGreater(len(MESSAGES), 60)
        for name, octets in MESSAGES.items():
            self.begin()
            self.came(octets)
            self.nothing_left(name)
            self.assertEqual(self.loud, [], name)

    def test_a_call_after_all_of_them(self) -> None:
        self.begin()
        for octets in MESSAGES.values():
            self.came(octets)
        self.near.does = lambda user: user.end.answer()
        far = Side(self.reactor, B, A)
        user = far.dial()
        self.reactor.run(1.0)
        self.assertEqual(user.told, ["connected"])
        user.end.clear(causes.DELIVERED)
        self.reactor.run(1.0)
        self.assertEqual(self.loud, [])

    def test_answered_calls_with_odd_descriptions_end(self) -> None:
        for name, octets in MESSAGES.items():
            self.begin()
            self.near.does = lambda user: user.end.answer()
            self.came(octets)
            self.nothing_left(name)
            self.assertEqual(self.loud, [], name)

    @settings(max_examples=150)
    @given(st.sampled_from(sorted(MESSAGES)), changes)
    def test_any_small_accident(self, name: str, how: list[tuple[str, float, int]]) -> None:
        self.begin()
        self.near.does = lambda user: user.end.answer()
        self.came(changed(MESSAGES[name], how))
        self.nothing_left((name, how))
        self.assertEqual(self.loud, [])


class DatagramTests(HostileCase):
    def begin(self) -> None:
        self.reactor = Clock()
        self.socket = Socket()
        self.bearer = UdptlBearer(
            self.socket, TimerWheel(self.reactor), settings=UdptlSettings(), version=0, released=lambda: None
        )
        self.signals: list[pump.Signal] = []
        line = PUMPS[self.bearer.kind](self.bearer)
        line.attach(self.signals.append)
        line.carry_out(pump.ListenForFrames())
        self.bearer.start(*FAR, trusted=(FAR[0],))

    def end(self) -> None:
        self.reactor.advance(1.0)
        self.assertLess(len(self.bearer._packets._known), 400)
        self.bearer.lose()
        self.assertIsInstance(self.signals[-1], pump.BearerLost)
        self.assertEqual(self.reactor.getDelayedCalls(), [])
        self.assertEqual(self.loud, [])

    def test_each(self) -> None:
        self.assertGreater(len(DATAGRAMS), 15)
        for octets in DATAGRAMS.values():
            self.begin()
            self.socket.datagramReceived(octets, FAR)
            self.end()

    @settings(max_examples=300)
    @given(st.lists(st.tuples(st.sampled_from(sorted(DATAGRAMS)), changes), max_size=8))
    def test_any_small_accident(self, accidents: list[tuple[str, list[tuple[str, float, int]]]]) -> None:
        self.begin()
        for name, how in accidents:
            self.socket.datagramReceived(changed(DATAGRAMS[name], how), FAR)
        self.end()
