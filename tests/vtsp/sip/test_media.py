"""Sockets from a range, audio in steps of 20 ms, and a T.38 bearer that hears the right far end only."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet import reactor as global_reactor  # for real sockets on loopback, never run
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase, TestCase

from sandf import causes
from sandf.causes import Failure
from sandf.protocols.rtp.packet import parse
from sandf.protocols.rtp.tones import Tone, silence
from sandf.protocols.t38.ifp import DataType, FieldType, Indicator, encode, encode_data
from sandf.protocols.t38.udptl import Sender
from sandf.vtsp.sip.audio import AudioStream
from sandf.vtsp.sip.media_ports import Address, MediaPorts, MediaSocket
from sandf.vtsp.sip.udptl_bearer import UdptlBearer, UdptlSettings
from sandf.vtsp.timer_wheel import TimerWheel

FAR: Address = ("192.0.2.2", 30000)
PREAMBLE = encode(Indicator.V21_PREAMBLE)


class Socket(MediaSocket):
    """Notes what is sent."""

    def __init__(self) -> None:
        super().__init__()
        self.port = 20000
        self.sent: list[tuple[bytes, Address]] = []

    def send(self, octets: bytes, address: Address) -> None:
        self.sent.append((octets, address))


class PortTests(TestCase):
    def test_rtp_has_even_ports_and_none_is_used_again_at_once(self) -> None:
        ports = MediaPorts(global_reactor, (41000, 41020), interface="127.0.0.1")  # type: ignore[arg-type]
        opened = [ports.open(even=even) for even in (True, False, True, False)]
        numbers = [one.port for one in opened]
        for one in opened:
            self.addCleanup(one.close)
        self.assertEqual(numbers[0] % 2, 0)
        self.assertEqual(numbers[2] % 2, 0)
        self.assertEqual(len(set(numbers)), 4)
        opened[0].close()
        again = ports.open(even=True)
        self.addCleanup(again.close)
        self.assertNotIn(again.port, numbers)

    def test_none_is_free(self) -> None:
        first = MediaPorts(global_reactor, None, interface="127.0.0.1").open()  # type: ignore[arg-type]
        self.addCleanup(first.close)
        ports = MediaPorts(global_reactor, (first.port, first.port), interface="127.0.0.1")  # type: ignore[arg-type]
        failure = self.assertRaises(Failure, ports.open)
        self.assertIs(failure.cause, causes.NO_CHANNEL)
        self.assertIn(str(first.port), failure.detail)

    def test_a_socket_that_is_closed_sends_nothing(self) -> None:
        one = MediaPorts(global_reactor, None, interface="127.0.0.1").open()  # type: ignore[arg-type]
        one.close()
        one.send(b"too late", ("127.0.0.1", 9))

    def test_rtp_has_an_even_port_of_the_systems_choice(self) -> None:
        ports = MediaPorts(global_reactor, None, interface="127.0.0.1")  # type: ignore[arg-type]
        opened = [ports.open(even=True) for _ in range(8)]
        for one in opened:
            self.addCleanup(one.close)
        self.assertEqual([one.port % 2 for one in opened], [0] * 8)

    def test_what_the_system_does_not_take_is_counted(self) -> None:
        one = MediaPorts(global_reactor, None, interface="127.0.0.1").open()  # type: ignore[arg-type]
        self.addCleanup(one.close)
        one.send(bytes(70_000), ("127.0.0.1", 9))
        self.assertEqual(one.unsent, 1)


class Transport:
    """A socket at *host* that notes what is sent; its own handle."""

    def __init__(self, host: str) -> None:
        self.host, self.port = host, 4000
        self.sent: list[Address] = []

    def getHost(self) -> Transport:
        return self

    def getHandle(self) -> Transport:
        return self

    def setsockopt(self, *options: object) -> None:
        pass

    def sendto(self, octets: bytes, address: Address) -> int:
        self.sent.append(address)
        return len(octets)


class BothVersionsTests(SynchronousTestCase):
    def test_an_ipv6_socket_speaks_ipv4(self) -> None:
        for host, shown in (("::", "::ffff:192.0.2.2"), ("0.0.0.0", "192.0.2.2")):
            transport, one = Transport(host), MediaSocket()
            one.makeConnection(transport)  # type: ignore[arg-type]
            came: list[Address] = []
            one.attach(lambda octets, source, came=came: came.append(source))  # type: ignore[misc]
            one.send(b"x", ("192.0.2.2", 5))
            one.datagramReceived(b"x", (shown, 6))
            self.assertEqual((transport.sent, came), ([(shown, 5)], [("192.0.2.2", 6)]))

    def test_ipv6_as_it_is(self) -> None:
        transport, one = Transport("2001:db8::1"), MediaSocket()
        one.makeConnection(transport)  # type: ignore[arg-type]
        one.send(b"x", ("2001:db8::2", 5))
        self.assertEqual(transport.sent, [("2001:db8::2", 5)])


class AudioTests(SynchronousTestCase):
    def test_it_goes_to_where_rtp_of_the_peer_comes_from(self) -> None:
        reactor, socket = Clock(), Socket()
        stream = AudioStream(
            socket,
            TimerWheel(reactor),
            address=FAR[0],
            port=FAR[1],
            payload_type=0,
            codec="PCMU",
            seed=5,
            trusted=(FAR[0],),
        )
        stream.start()
        for octets, source in ((b"no RTP", ("192.0.2.2", 7)), (b"\x80" + bytes(20), ("203.0.113.66", 7))):
            socket.datagramReceived(octets, source)
        self.assertEqual(stream.received, 0)
        socket.datagramReceived(b"\x80" + bytes(20), ("192.0.2.2", 8))
        self.assertEqual(stream.received, 1)
        reactor.pump([0.01] * 30)
        self.assertEqual({address for _, address in socket.sent}, {("192.0.2.2", 8)})
        stream.stop()

    def test_after_a_stall_it_goes_on_where_it_should_be(self) -> None:
        reactor, socket = Clock(), Socket()
        stream = AudioStream(
            socket, TimerWheel(reactor), address=FAR[0], port=FAR[1], payload_type=0, codec="PCMU", seed=5
        )
        stream.start()
        reactor.pump([0.01] * 40)
        reactor.advance(60.0)
        socket.sent.clear()
        reactor.pump([0.01] * 100)
        self.assertTrue(49 <= len(socket.sent) <= 62, len(socket.sent))
        stream.stop()

    def test_a_packet_each_20_ms(self) -> None:
        reactor = Clock()
        socket = Socket()
        stream = AudioStream(
            socket, TimerWheel(reactor), address=FAR[0], port=FAR[1], payload_type=0, codec="PCMU", seed=5
        )
        stream.play(Tone.CNG)
        stream.start()
        for _ in range(199):
            reactor.advance(0.001)
        self.assertEqual(socket.sent, [])
        for _ in range(1001):
            reactor.advance(0.001)
        self.assertTrue(49 <= len(socket.sent) <= 51, len(socket.sent))
        packets = [parse(octets) for octets, address in socket.sent if address == FAR]
        self.assertEqual([packet.sequence for packet in packets], list(range(5, 5 + len(packets))))
        self.assertNotEqual(packets[0].payload, silence("PCMU"))
        self.assertEqual(packets[30].payload, silence("PCMU"))
        socket.datagramReceived(socket.sent[0][0], FAR)
        self.assertEqual(stream.received, 1)
        stream.stop()
        self.assertEqual(reactor.getDelayedCalls(), [])


class BearerCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.begin()

    def begin(
        self, settings: UdptlSettings | None = None, trusted: tuple[str, ...] = ("192.0.2.2", "198.51.100.7")
    ) -> None:
        self.reactor = Clock()
        self.socket = Socket()
        self.heard: list[tuple[bytes, int]] = []
        self.told: list[str] = []
        self.bearer = UdptlBearer(
            self.socket,
            TimerWheel(self.reactor),
            settings=settings or UdptlSettings(),
            version=0,
            capture=None,
            released=lambda: self.told.append("released"),
        )
        self.bearer.attach(lambda ifp, missing: self.heard.append((ifp, missing)), lambda: self.told.append("gone"))
        self.bearer.start(*FAR, trusted=trusted)
        self.far = Sender(redundancy=0)

    def came(self, ifp: bytes = PREAMBLE, source: Address = FAR) -> None:
        self.socket.datagramReceived(self.far.send(ifp), source)

    def sent_to(self) -> Address:
        self.bearer.send(PREAMBLE, True)
        return self.socket.sent[-1][1]


class LatchingTests(BearerCase):
    def test_it_sends_where_the_description_says(self) -> None:
        self.assertEqual(self.sent_to(), FAR)

    def test_another_port_or_address_of_the_peer_wins_by_a_valid_packet(self) -> None:
        for source in (("192.0.2.2", 31111), ("198.51.100.7", 42)):
            self.begin()
            self.came(source=source)
            self.assertEqual(len(self.heard), 1)
            self.assertEqual(self.sent_to(), source)
            self.came(source=("192.0.2.2", 5))  # a second one does not
            self.assertEqual(len(self.heard), 1)
            self.assertEqual(self.sent_to(), source)
            self.came(source=FAR)  # but the one that was signalled does
            self.assertEqual(self.sent_to(), FAR)

    def test_who_was_signalled_and_is_there_stays(self) -> None:
        self.came()
        self.came(source=("192.0.2.2", 31111))
        self.assertEqual((self.sent_to(), len(self.heard), self.bearer.statistics.stray), (FAR, 1, 1))

    def test_the_same_address_in_another_spelling(self) -> None:
        self.begin()
        self.bearer.start("2001:DB8:0::5", 4, trusted=("2001:0db8::5",))
        self.came(source=("2001:db8::5", 4))
        self.came(source=("2001:db8::5", 4))
        self.assertEqual(len(self.heard), 2)

    def test_told_again_it_stays_where_it_was(self) -> None:
        self.came(source=("192.0.2.2", 31111))
        self.bearer.start(*FAR, trusted=(FAR[0],))
        self.assertEqual(self.sent_to(), ("192.0.2.2", 31111))

    def test_strangers_are_neither_heard_nor_answered(self) -> None:
        self.came(source=("203.0.113.66", 30000))
        self.assertEqual((self.heard, self.bearer.statistics.stray), ([], 1))
        self.assertEqual(self.sent_to(), FAR)

    def test_rubbish_does_not_win(self) -> None:
        for rubbish in (b"", b"\x80\x00" + bytes(20), b"\x00\x00\x02\xff\xff\x00\x00", b"GET / HTTP/1.1\r\n"):
            self.socket.datagramReceived(rubbish, ("192.0.2.2", 31111))
        self.assertEqual(self.sent_to(), FAR)
        self.assertEqual(self.heard, [])

    def test_without_latching_nobody_wins(self) -> None:
        self.begin(UdptlSettings(latching=False))
        self.came(source=("192.0.2.2", 31111))
        self.assertEqual((self.sent_to(), self.heard), (FAR, []))

    def test_a_new_description_moves_it_and_numbers_go_on(self) -> None:
        self.bearer.send(PREAMBLE, True)
        self.bearer.start("192.0.2.3", 4, trusted=("192.0.2.3",))
        self.assertEqual(self.sent_to(), ("192.0.2.3", 4))
        self.assertEqual([octets[:2] for octets, _ in self.socket.sent], [b"\x00\x00", b"\x00\x01"])

    @given(st.binary(max_size=60), st.sampled_from([FAR, ("192.0.2.2", 9), ("203.0.113.9", 9)]))
    def test_any_datagram_from_anywhere(self, octets: bytes, source: Address) -> None:
        self.begin()
        self.socket.datagramReceived(octets, source)
        self.assertIn(self.sent_to()[0], ("192.0.2.2",))


class CarryingTests(BearerCase):
    def test_depth_of_redundancy_by_class_of_data(self) -> None:
        page = encode_data(DataType.V17_14400, ((FieldType.T4_NON_ECM_DATA, b"page"),))
        for _ in range(5):
            self.bearer.send(page, False)
        self.bearer.send(PREAMBLE, True)
        sizes = [len(octets) for octets, _ in self.socket.sent]
        one = len(page) + 1
        self.assertEqual(sizes[4], 2 + one + 2 + one)  # number, primary, count, one copy
        self.assertEqual(sizes[5], 2 + 2 + 2 + 3 * one)

    def test_a_gap_is_waited_for_and_then_told(self) -> None:
        self.came(b"\x00")
        lost = self.far.send(b"\x02")
        self.came(b"\x04")
        self.assertEqual(self.heard, [(b"\x00", 0)])
        for _ in range(200):
            self.reactor.advance(0.001)
        self.assertEqual(self.heard, [(b"\x00", 0), (b"\x04", 1)])
        self.socket.datagramReceived(lost, FAR)
        self.assertEqual(len(self.heard), 2)
        self.assertEqual(self.bearer.counts()["PacketsLost"], 1)

    def test_each_gap_is_waited_for_from_when_it_opened(self) -> None:
        first, lost, third, late, fifth = (self.far.send(ifp) for ifp in (b"\x00", b"\x02", b"\x04", b"\x06", b"\x08"))
        self.socket.datagramReceived(first, FAR)
        self.socket.datagramReceived(third, FAR)
        self.reactor.pump([0.01] * 10)
        self.socket.datagramReceived(lost, FAR)
        self.socket.datagramReceived(fifth, FAR)
        self.reactor.pump([0.01] * 10)
        self.socket.datagramReceived(late, FAR)
        self.assertEqual(self.heard, [(ifp, 0) for ifp in (b"\x00", b"\x02", b"\x04", b"\x06", b"\x08")])
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_released_it_is_silent_whatever_comes(self) -> None:
        for end in (UdptlBearer.release, UdptlBearer.lose):
            self.begin()
            self.came()
            self.far.send(PREAMBLE)
            self.came()  # behind a gap
            end(self.bearer)
            self.bearer.send(PREAMBLE, True)
            self.bearer.start("192.0.2.3", 4, trusted=())
            self.bearer.send(PREAMBLE, True)
            self.came(source=("192.0.2.3", 4))
            self.assertEqual((self.socket.sent, len(self.heard)), ([], 1))
            self.assertEqual(self.bearer.statistics.received, 2)
            self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_who_releases_at_a_packet_leaves_no_timer(self) -> None:
        self.came()
        self.bearer.attach(lambda ifp, missing: self.bearer.release(), lambda: None)
        second, third, _, fifth = (self.far.send(PREAMBLE) for _ in range(4))
        for octets in (third, fifth, second):
            self.socket.datagramReceived(octets, FAR)
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_packets_leave_room_for_their_copies(self) -> None:
        for settings, longest in (
            (UdptlSettings(), 695),
            (UdptlSettings(max_datagram=200), 95),
            (UdptlSettings(max_datagram=200, hs_redundancy=3), 46),
            (UdptlSettings(max_datagram=200, fec=True), 46),
            (UdptlSettings(max_datagram=72), 31),
            (UdptlSettings(max_datagram=40), 30),
            (UdptlSettings(max_ifp=64), 64),
        ):
            self.begin(settings)
            self.assertEqual(self.bearer.max_ifp, longest, settings)
            for _ in range(20):
                self.bearer.send(bytes([0xD0]) * (self.bearer.max_ifp or 0), False)
            octets = self.socket.sent[-1][0]
            self.assertLessEqual(len(octets), settings.max_datagram)
            if settings.max_datagram >= 72:
                self.assertGreater(len(octets), 2 * longest)

    def test_the_end_is_told_once_either_way(self) -> None:
        self.bearer.release()
        self.bearer.lose()
        self.assertEqual(self.told, ["released"])
        self.begin()
        self.bearer.lose()
        self.bearer.lose()
        self.assertEqual(self.told, ["gone"])
        self.bearer.send(PREAMBLE, True)
        self.assertEqual(self.socket.sent, [])
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_who_comes_too_late_is_told_at_once(self) -> None:
        self.bearer.lose()
        self.bearer.attach(lambda ifp, missing: None, lambda: self.told.append("late"))
        self.assertEqual(self.told, ["gone", "late"])
