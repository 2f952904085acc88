"""UDPTL: both kinds of error recovery, loss, reordering, duplicates, new beginnings, bad datagrams."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from sandf.protocols.t38.udptl import Datagram, Parity, Received, Receiver, Sender, UdptlError, parse

BOUNDED = settings(deadline=None, derandomize=True, max_examples=100)


def ifps(count: int, seed: int = 1) -> list[bytes]:
    rng = random.Random(seed)
    return [bytes([1 + n % 255]) + rng.randbytes(rng.choice((0, 1, 36, 130, 200))) for n in range(count)]


def taken(receiver: Receiver, datagrams: list[bytes]) -> list[bytes]:
    ready = [one for octets in datagrams for one in receiver.receive(octets)]
    return [one.octets for one in ready + receiver.release()]


class Sent(SynchronousTestCase):
    def test_redundancy_as_on_the_line(self) -> None:
        sender = Sender(redundancy=2)
        self.assertEqual(sender.send(b"\x06").hex(), "000001060000")
        self.assertEqual(sender.send(b"\x00").hex(), "0001010000010106")
        self.assertEqual(sender.send(b"ab").hex(), "0002026162000201000106")
        self.assertEqual(sender.send(b"c", redundancy=1).hex(), "000301630001026162")
        long = Sender(redundancy=0).send(bytes(200))
        self.assertEqual(long[:4].hex(), "000080c8")

    def test_parity_as_on_the_line(self) -> None:
        sender = Sender(parity=(2, 1))
        octets = [sender.send(ifp).hex() for ifp in (b"\x01", b"\x02\x30", b"\x04", b"\x08")]
        self.assertEqual(octets[0], "0000010180010200")
        self.assertEqual(octets[2], "0002010480010201020330")
        self.assertEqual(octets[3], "0003010880010201020630")

    def test_error_recovery_stays_within_the_largest_datagram(self) -> None:
        for sender in (Sender(redundancy=8, max_datagram=400), Sender(parity=(3, 3), max_datagram=400)):
            for ifp in ifps(50):
                octets = sender.send(ifp)
                self.assertLessEqual(len(octets), 400)
                self.assertEqual(parse(octets).primary, ifp)

    def test_error_recovery_may_fill_the_largest_datagram(self) -> None:
        for largest, copies in ((13, 1), (14, 2)):  # number 2, "g" 2, count 2, and 4 for each copy
            sender = Sender(redundancy=2, max_datagram=largest)
            octets = [sender.send(ifp) for ifp in (b"abc", b"def", b"g")]
            self.assertEqual(len(parse(octets[2]).secondary), copies)

    def test_numbers_go_round(self) -> None:
        sender = Sender(redundancy=0)
        numbers = [parse(sender.send(b"x")).number for _ in range(65538)]
        self.assertEqual(numbers[-3:], [65535, 0, 1])

    def test_what_is_refused(self) -> None:
        self.assertRaises(ValueError, Sender().send, b"")
        self.assertRaises(ValueError, Sender().send, bytes(16384))


class Recovered(SynchronousTestCase):
    def test_nothing_lost(self) -> None:
        for sender in (Sender(redundancy=0), Sender(), Sender(parity=(3, 2))):
            packets, receiver = ifps(300), Receiver()
            for number, ifp in enumerate(packets):
                self.assertEqual(receiver.receive(sender.send(ifp)), [Received(number, ifp, False, 0)])
            self.assertEqual((receiver.lost, receiver.recovered, receiver.waiting), (0, 0, False))

    def test_redundancy_brings_back_as_many_as_it_holds(self) -> None:
        sender, receiver = Sender(redundancy=3), Receiver()
        packets = ifps(40)
        datagrams = [sender.send(ifp) for ifp in packets]
        self.assertEqual(taken(receiver, datagrams[:10] + datagrams[13:]), packets)
        self.assertEqual((receiver.lost, receiver.recovered), (0, 3))

    def test_the_very_first_packets_come_back_too(self) -> None:
        sender, receiver = Sender(redundancy=3), Receiver()
        packets = ifps(5)
        datagrams = [sender.send(ifp) for ifp in packets]
        self.assertEqual(taken(receiver, datagrams[3:]), packets)

    def test_what_cannot_come_back_is_told(self) -> None:
        sender, receiver = Sender(redundancy=1), Receiver(hold=0)
        datagrams = [sender.send(ifp) for ifp in ifps(10)]
        ready = [one for octets in datagrams[:4] + datagrams[7:] for one in receiver.receive(octets)]
        self.assertEqual([(one.number, one.missing) for one in ready][3:6], [(3, 0), (6, 2), (7, 0)])
        self.assertEqual(receiver.lost, 2)

    def test_parity_brings_back_any_one_of_its_span(self) -> None:
        for span, elements in ((3, 1), (4, 3), (2, 5)):
            packets = ifps(60)
            for lost in range(20, 40):
                sender, receiver = Sender(parity=(span, elements)), Receiver()
                datagrams = [sender.send(ifp) for ifp in packets]
                got = taken(receiver, datagrams[:lost] + datagrams[lost + 1 :])
                # Parity has the length of the longest packet: what comes back may end in zeros (IFP ignores them).
                self.assertEqual([one.rstrip(b"\0") for one in got], [one.rstrip(b"\0") for one in packets])
                self.assertEqual(receiver.recovered, 1)

    def test_several_elements_bring_back_a_burst(self) -> None:
        sender, receiver = Sender(parity=(3, 3)), Receiver(hold=8)
        packets = ifps(60)
        datagrams = [sender.send(ifp) for ifp in packets]
        got = taken(receiver, datagrams[:30] + datagrams[33:])
        self.assertEqual([one.rstrip(b"\0") for one in got], [one.rstrip(b"\0") for one in packets])
        self.assertEqual((receiver.lost, receiver.recovered), (0, 3))

    def test_both_kinds_mixed(self) -> None:
        plain, parity = Sender(redundancy=2), Sender(parity=(3, 1))
        packets = ifps(60)
        both = [(plain.send(ifp), parity.send(ifp)) for ifp in packets]
        datagrams = [pair[n % 2] for n, pair in enumerate(both) if n % 7 != 5]
        got = taken(Receiver(), datagrams)
        self.assertEqual([one.rstrip(b"\0") for one in got], [one.rstrip(b"\0") for one in packets])

    def test_duplicates_and_late_ones_are_dropped(self) -> None:
        sender, receiver = Sender(redundancy=1), Receiver()
        packets = ifps(20)
        datagrams = [sender.send(ifp) for ifp in packets]
        self.assertEqual(taken(receiver, [one for one in datagrams for _ in range(3)] + datagrams), packets)
        self.assertEqual((receiver.lost, receiver.recovered), (0, 0))
        self.assertEqual((receiver.duplicates, receiver.late), (60, 0))

    def test_one_that_was_given_up_is_late(self) -> None:
        sender, receiver = Sender(redundancy=0), Receiver()
        datagrams = [sender.send(ifp) for ifp in ifps(9)]
        lost = datagrams.pop(4)
        taken(receiver, datagrams)
        self.assertEqual(receiver.receive(lost), [])
        self.assertEqual((receiver.lost, receiver.late, receiver.duplicates), (1, 1, 0))

    def test_reordered_without_redundancy(self) -> None:
        sender, receiver = Sender(redundancy=0), Receiver()
        packets = ifps(9)
        datagrams = [sender.send(ifp) for ifp in packets]
        order = [0, 2, 1, 5, 3, 4, 8, 7, 6]
        self.assertEqual(taken(receiver, [datagrams[n] for n in order]), packets)
        self.assertEqual(receiver.lost, 0)

    def test_those_that_wait_follow_the_one_that_was_missing_at_once(self) -> None:
        sender, receiver = Sender(redundancy=0), Receiver()
        octets = [sender.send(bytes([1, n])) for n in range(4)]
        self.assertEqual([len(receiver.receive(octets[n])) for n in (0, 2, 3, 1)], [1, 0, 0, 3])
        self.assertFalse(receiver.waiting)

    def test_what_waits_is_released(self) -> None:
        sender, receiver = Sender(redundancy=0), Receiver()
        first, _, third = (sender.send(ifp) for ifp in (b"a", b"b", b"c"))
        self.assertEqual(len(receiver.receive(first)), 1)
        self.assertEqual(receiver.receive(third), [])
        self.assertTrue(receiver.waiting)
        self.assertEqual(receiver.release(), [Received(2, b"c", False, 1)])
        self.assertFalse(receiver.waiting)

    def test_numbers_going_round_and_beginning_anywhere(self) -> None:
        sender, receiver = Sender(redundancy=2), Receiver()
        for _ in range(65530):
            sender.send(b"x")
        packets = ifps(12)
        datagrams = [sender.send(ifp) for ifp in packets]
        del datagrams[6]
        self.assertEqual(taken(receiver, datagrams), packets)

    def test_a_wild_jump_is_a_new_beginning(self) -> None:
        old, new, receiver = Sender(redundancy=0), Sender(redundancy=0), Receiver()
        for _ in range(9000):
            receiver.receive(old.send(b"x"))
        ready = [one for ifp in (b"a", b"b") for one in receiver.receive(new.send(ifp))]
        self.assertEqual(ready, [Received(0, b"a", False, 1), Received(1, b"b", False, 0)])

    def test_counting_anew_a_short_way_back(self) -> None:
        """Another machine takes over after 30 packets, or after 300: what it says is heard."""
        for count in (30, 300, 1900):
            for redundancy in (0, 3):
                old, new, receiver = Sender(), Sender(redundancy=redundancy), Receiver()
                for ifp in ifps(count):
                    receiver.receive(old.send(ifp))
                packets = [b"another " + ifp for ifp in ifps(40)]
                got = [one.octets for ifp in packets for one in receiver.receive(new.send(ifp))]
                heard = packets if redundancy else packets[2:]
                self.assertEqual(got[-len(heard) :], heard, (count, redundancy))
                self.assertLessEqual(len(got) - len(heard), 3)

    def test_a_few_that_were_overtaken_are_no_new_beginning(self) -> None:
        sender, receiver = Sender(redundancy=0), Receiver()
        packets = ifps(300)
        datagrams = [sender.send(ifp) for ifp in packets]
        order = [*range(100), *range(110, 150), *range(100, 110), *range(150, 300)]
        self.assertEqual(taken(receiver, [datagrams[n] for n in order]), packets[:100] + packets[110:])

    def test_single_ones_far_behind_are_no_new_beginning(self) -> None:
        sender, receiver = Sender(redundancy=0), Receiver()
        packets = ifps(600)
        datagrams = [sender.send(ifp) for ifp in packets]
        ready: list[Received] = []
        for number in range(300, 600):
            ready += receiver.receive(datagrams[number])
            if not number % 30:
                ready += receiver.receive(datagrams[number - 300])
        self.assertEqual([one.octets for one in ready], packets[300:])

    @BOUNDED
    @given(st.data())
    def test_any_loss_and_order_gives_a_part_in_order(self, data: st.DataObject) -> None:
        packets = ifps(40)
        parity = data.draw(st.sampled_from([None, (3, 1), (2, 3)]))
        sender = Sender(redundancy=data.draw(st.integers(0, 4)), parity=parity)
        datagrams = [sender.send(ifp) for ifp in packets]
        numbers = data.draw(st.lists(st.integers(0, 39), min_size=1, max_size=60))
        numbers.sort(key=lambda n: n + data.draw(st.integers(0, 3)))
        receiver = Receiver()
        ready = [one for n in numbers for one in receiver.receive(datagrams[n])] + receiver.release()
        order = [one.number for one in ready]
        self.assertEqual(order, sorted(set(order)))
        for one in ready:
            self.assertEqual(one.octets.rstrip(b"\0"), packets[one.number].rstrip(b"\0"))


class Refused(SynchronousTestCase):
    def test_parsed(self) -> None:
        self.assertEqual(parse(bytes.fromhex("00050106000201000102")), Datagram(5, b"\x06", (b"\0", b"\x02")))
        self.assertEqual(
            parse(bytes.fromhex("000501068001030201610162")),
            Datagram(5, b"\x06", (), Parity(3, (b"a", b"b"))),
        )

    def test_bad_datagrams(self) -> None:
        for name, octets in (
            ("nothing", ""),
            ("no primary", "0000"),
            ("empty primary", "0000000000"),
            ("primary cut off", "00000506"),
            ("no error recovery", "00000106"),
            ("element in fragments", "0000c106"),
            ("secondary cut off", "0000010600020106"),
            ("more secondaries than there can be", "0000010600ff"),
            ("no fec-npackets", "0000010680"),
            ("no elements of parity", "00000106800103"),
            ("parity cut off", "0000010680010301ff"),
        ):
            error = self.assertRaises(UdptlError, parse, bytes.fromhex(octets))
            self.assertTrue(str(error), name)

    def test_parity_that_claims_too_much_is_ignored(self) -> None:
        receiver = Receiver()
        receiver.receive(bytes.fromhex("000001060000"))
        for parity in ("02ffff", "0180", "0100", "017f", "047fffffff"):
            octets = bytes.fromhex("0002010680" + parity + "7f" + "0101" * 127)
            self.assertEqual(receiver.receive(octets), [])
        self.assertEqual(receiver.recovered, 0)

    @BOUNDED
    @given(st.lists(st.binary(max_size=40), max_size=8))
    def test_any_octets_are_read_or_refused(self, several: list[bytes]) -> None:
        receiver = Receiver()
        for octets in several:
            for tail in (octets, octets + bytes.fromhex("8001010102ffff")):
                try:
                    receiver.receive(tail)
                except UdptlError:
                    pass
        receiver.release()
        self.assertFalse(receiver.waiting)
