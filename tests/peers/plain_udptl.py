"""UDPTL written once more after T.38 9.1, and not like ours, so that a test is not ours against ours.

Elements are shorter than 128 octets or not at all: a length takes one octet or, beyond that, two.
"""

from __future__ import annotations

from functools import reduce
from operator import xor


def element(octets: bytes) -> bytes:
    """An octet string behind its length (X.691 10.9)."""
    size = len(octets)
    return (bytes([size]) if size < 128 else bytes([0x80 | size >> 8, size & 0xFF])) + octets


def elements(octets: bytes, at: int, count: int) -> tuple[list[bytes], int]:
    """*count* octet strings from *at* on, and where they end."""
    found = []
    for _ in range(count):
        size = octets[at]
        at += 1
        if size & 0x80:
            size = (size & 0x7F) << 8 | octets[at]
            at += 1
        found.append(octets[at : at + size])
        at += size
    return found, at


def parity(packets: list[bytes]) -> bytes:
    """Their sum without carry, the shorter ones filled up behind."""
    size = max(map(len, packets))
    return bytes(map(lambda column: reduce(xor, column), zip(*(packet.ljust(size, b"\0") for packet in packets))))  # noqa: B905, C417


class PlainSender:
    """*depth* packets are repeated; with *fec* each datagram has *fec* elements, each over three packets."""

    def __init__(self, depth: int, fec: int = 0) -> None:
        self._depth, self._fec = depth, fec
        self._past: list[bytes] = []

    def send(self, packet: bytes, depth: int | None = None) -> bytes:
        """The datagram of the next packet; *depth* for this one only."""
        head = (len(self._past) & 0xFFFF).to_bytes(2, "big") + element(packet)
        past = self._past[::-1]
        if self._fec:
            count = min(self._fec, len(past) // 3)
            sums = [parity(past[count - 1 - m :: count][:3]) for m in range(count)]
            tail = bytes([0x80, 1, 3, count]) + b"".join(map(element, sums))
        else:
            again = past[: self._depth if depth is None else depth]
            tail = bytes([0, len(again)]) + b"".join(map(element, again))
        self._past.append(packet)
        return head + tail


class PlainReceiver:
    """Packets in the order of their numbers; what no datagram will bring any more is left out, and counted."""

    def __init__(self) -> None:
        self.lost = 0
        self.recovered = 0
        """Packets that did not come as primary ones."""
        self.deepest = 0
        """The most repeated packets in one datagram."""
        self.parities = 0
        """Parity elements that came."""
        self._next = 0
        self._reach = 0  # how far back the datagrams bring something
        self._newest = -1
        self._known: dict[int, bytes] = {}
        self._repaired: set[int] = set()
        self._sums: list[tuple[list[int], bytes]] = []

    def receive(self, octets: bytes) -> list[bytes | None]:
        """What comes to the turn now; None for one that is lost."""
        (primary,), at = elements(octets, 2, 1)
        number = self._counted(int.from_bytes(octets[:2], "big"))
        self._known.setdefault(number, primary)
        if octets[at] & 0x80:
            self._add_up(number, octets, at)
        else:
            again, _ = elements(octets, at + 2, octets[at + 1])
            self.deepest = max(self.deepest, len(again))
            self._reach = max(self._reach, len(again))
            for back, packet in enumerate(again, 1):
                self._repair(number - back, packet)
        return self._in_turn()

    def _counted(self, number: int) -> int:
        """*number* counted on beyond 65535."""
        step = (number - self._newest + 0x8000 & 0xFFFF) - 0x8000
        found = self._newest + step
        self._newest = max(self._newest, found)
        return found

    def _repair(self, number: int, packet: bytes) -> None:
        if number not in self._known:
            self._known[number] = packet
            self._repaired.add(number)

    def _add_up(self, number: int, octets: bytes, at: int) -> None:
        span, count = octets[at + 2], octets[at + 3]
        sums, _ = elements(octets, at + 4, count)
        self.parities += count
        self._reach = max(self._reach, span * count)
        for m, total in enumerate(sums):
            self._sums.append(([number + m - count * n for n in range(1, span + 1)], total))
        del self._sums[:-16]
        for covered, total in self._sums * 2:
            absent = [one for one in covered if one not in self._known]
            if len(absent) == 1:
                others = [self._known[one] for one in covered if one in self._known]
                self._repair(absent[0], parity([total, *others])[: len(total)])

    def _in_turn(self) -> list[bytes | None]:
        ready: list[bytes | None] = []
        while self._next in self._known or self._newest - self._next > self._reach:
            packet = self._known.get(self._next)
            self.lost += packet is None
            self.recovered += self._next in self._repaired
            ready.append(packet)
            self._next += 1
        return ready
