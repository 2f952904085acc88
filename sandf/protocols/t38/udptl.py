"""UDPTL: IFP packets in datagrams, with redundancy or parity against loss (T.38 clause 9.1).

Both kinds of error recovery are taken, even mixed, whatever was agreed; each end chooses what it sends.  A
:class:`Receiver` puts packets in order, drops duplicates, recovers what it can and says what is missing.

Where a packet is missing, those behind it wait: another datagram may still bring it (late, or by parity).  They
go on when more than ``hold`` wait, or when the driver, whose clock it is, calls :meth:`Receiver.release`.

Some far ends count anew in the middle of a call (another description, another machine behind the same address).  A
wild jump says so at once, a short way back when several packets in a row are none that we had.

What this module does not do: sockets, pacing, repeating whole datagrams.
"""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import NamedTuple

_JUMP = 2_000
"""A sequence number further away than this is a new beginning, not loss (spandsp takes the same)."""
_LATE = 64
"""What is further back than this is no packet that was overtaken."""
_IN_A_ROW = 3
"""So many packets in a row that cannot be late ones are a new beginning."""
_HISTORY = 256
"""Packets kept to work out parity."""
_MOST_COVERED = 128
"""Packets that one datagram's parity may cover; what claims more is ignored."""


class UdptlError(ValueError):
    """The octets are no UDPTL datagram."""


class Parity(NamedTuple):
    """fec-info: element m is the XOR of *span* packets, every len(*octets*) th up to number + m - len(*octets*)."""

    span: int
    octets: tuple[bytes, ...]


class Datagram(NamedTuple):
    """A UDPTLPacket."""

    number: int
    """seq-number, 0 to 65535."""
    primary: bytes
    secondary: tuple[bytes, ...] = ()
    """The packets before it, latest first."""
    parity: Parity | None = None


class Received(NamedTuple):
    """An IFP packet in its turn."""

    number: int
    octets: bytes
    recovered: bool
    """It did not come as a primary packet."""
    missing: int
    """How many packets directly before it are lost; 1 after a wild jump of the numbers."""


def _take(octets: bytes, at: int) -> tuple[bytes, int]:
    """An open type or octet string at *at* (X.691 10.9), and where it ends."""
    length = octets[at]
    at += 1
    if length & 0x80:
        if length & 0x40:
            raise UdptlError("UDPTL element in fragments")
        length = (length & 0x3F) << 8 | octets[at]
        at += 1
    if at + length > len(octets):
        raise UdptlError(f"UDPTL element of {length} octets where {len(octets) - at} are left")
    return octets[at : at + length], at + length


def _measured(octets: bytes) -> bytes:
    """*octets* with their length in front."""
    if len(octets) < 0x80:
        return bytes((len(octets),)) + octets
    if len(octets) > 0x3FFF:
        raise ValueError(f"UDPTL element of {len(octets)} octets (limit 16383)")
    return (0x8000 | len(octets)).to_bytes(2, "big") + octets


def parse(octets: bytes) -> Datagram:
    """The datagram in *octets*.  Raises :class:`UdptlError`; what stands behind it is ignored."""
    try:
        number = octets[0] << 8 | octets[1]
        primary, at = _take(octets, 2)
        if not primary:
            raise UdptlError("UDPTL datagram without a primary packet")
        if octets[at] & 0x80:
            return Datagram(number, primary, (), _parse_parity(octets, at + 1))
        count, at = _parse_count(octets, at + 1)
        secondary = []
        for _ in range(count):
            element, at = _take(octets, at)
            secondary.append(element)
    except IndexError:
        raise UdptlError(f"UDPTL datagram of {len(octets)} octets ends too soon") from None
    return Datagram(number, primary, tuple(secondary))


def _parse_count(octets: bytes, at: int) -> tuple[int, int]:
    count = octets[at]
    if count & 0x80:
        raise UdptlError("more than 127 elements of error recovery")
    return count, at + 1


def _parse_parity(octets: bytes, at: int) -> Parity:
    """fec-npackets is an INTEGER without limits: a length, then the number (X.691 10.8)."""
    number, at = _take(octets, at)
    count, at = _parse_count(octets, at)
    elements = []
    for _ in range(count):
        element, at = _take(octets, at)
        elements.append(element)
    return Parity(int.from_bytes(number, "big", signed=True), tuple(elements))


class Sender:
    """Numbers packets and adds error recovery.

    *redundancy* is how many packets before are sent again in each datagram; *parity*, where given, is (span,
    elements) and takes its place (only where the far end offered FEC).  No datagram gets longer than
    *max_datagram* octets (T38FaxMaxDatagram) by error recovery: what does not fit is left out.
    """

    def __init__(self, *, redundancy: int = 3, parity: tuple[int, int] | None = None, max_datagram: int = 1400) -> None:
        self._redundancy, self._parity, self._max_datagram = redundancy, parity, max_datagram
        self._number = 0
        self._sent: deque[bytes] = deque(maxlen=max(redundancy, _MOST_COVERED if parity else 16))
        """The latest first; with their lengths in front, but for parity."""

    def send(self, ifp: bytes, redundancy: int | None = None) -> bytes:
        """The datagram for the next IFP packet; *redundancy* for this one only (control data wants more).

        Raises ``ValueError`` for an empty packet or one of more than 16,383 octets.
        """
        if not ifp:
            raise ValueError("an IFP packet has at least one octet")
        measured = _measured(ifp)
        head = self._number.to_bytes(2, "big") + measured
        if self._parity:
            recovery = self._parity_octets(len(head), *self._parity)
        else:
            recovery = self._secondary_octets(len(head), self._redundancy if redundancy is None else redundancy)
        self._number = self._number + 1 & 0xFFFF
        self._sent.appendleft(ifp if self._parity else measured)
        return head + recovery

    def _secondary_octets(self, size: int, redundancy: int) -> bytes:
        elements: list[bytes] = []
        size += 2
        for measured in islice(self._sent, redundancy):
            size += len(measured)
            if size > self._max_datagram:
                break
            elements.append(measured)
        return bytes((0, len(elements))) + b"".join(elements)

    def _parity_octets(self, size: int, span: int, elements: int) -> bytes:
        if len(self._sent) < span * elements:
            elements = len(self._sent) // span
        size += 4
        octets = b""
        for m in range(elements):
            covered = [self._sent[elements * n - m - 1] for n in range(1, span + 1)]
            element = _measured(_xor(covered))
            if size + len(octets) + len(element) > self._max_datagram:
                return bytes((0, 0))
            octets += element
        return bytes((0x80, 1, span, elements)) + octets


def _xor(packets: list[bytes]) -> bytes:
    """The XOR of *packets*, shorter ones filled up with zeros behind."""
    size = max(map(len, packets))
    total = 0
    for packet in packets:
        total ^= int.from_bytes(packet, "big") << (size - len(packet)) * 8
    return total.to_bytes(size, "big")


class Receiver:
    """Brings the packets of one direction into order.

    *hold* is how many packets may wait behind a gap.  Numbers returned are those on the line.
    """

    def __init__(self, *, hold: int = 4) -> None:
        self._hold = hold
        self._expected: int | None = None
        self._waiting: dict[int, tuple[bytes, bool]] = {}
        self._known: dict[int, bytes] = {}
        self._parities: deque[tuple[int, Parity]] = deque(maxlen=16)
        self._jumped = 0
        self._behind = 0
        """How many packets in a row were behind and cannot be late ones."""
        self.lost = 0
        """Packets given up."""
        self.recovered = 0
        """Packets that only error recovery brought."""
        self.duplicates = 0
        """Primary packets that were here already."""
        self.late = 0
        """Primary packets that were given up before they came."""

    @property
    def waiting(self) -> bool:
        """Whether packets wait behind a gap: call :meth:`release` when they have waited long enough."""
        return bool(self._waiting)

    def receive(self, octets: bytes) -> list[Received]:
        """What *octets*, a datagram, makes ready, in order.  Raises :class:`UdptlError`."""
        datagram = parse(octets)
        number = self._placed(datagram)
        if number == self._expected and not (self._waiting or self._jumped or datagram.parity):
            return self._next(number, datagram.primary)
        if number in self._known:
            self.duplicates += 1
        elif number < (self._expected or 0):
            self.late += 1
        self._keep(number, datagram.primary, False)
        for back, secondary in enumerate(datagram.secondary, 1):
            if secondary:
                self._keep(number - back, secondary, True)
        if datagram.parity:
            self._parities.append((number, datagram.parity))
        if self._waiting and self._expected not in self._waiting:
            self._work_out_parity()
        self._forget()
        return self._drain(self._hold)

    def _next(self, number: int, ifp: bytes) -> list[Received]:
        """The packet that is expected, and none waits: as nearly all do."""
        self._known[number] = ifp
        self._forget()
        self._expected = number + 1
        return [Received(number & 0xFFFF, ifp, False, 0)]

    def _forget(self) -> None:
        while len(self._known) > _HISTORY:
            del self._known[next(iter(self._known))]

    def release(self) -> list[Received]:
        """Give up the gap and all that wait behind it."""
        return self._drain(0)

    def _placed(self, datagram: Datagram) -> int:
        """The datagram's number counted on without end; the first number, or a wild jump, sets the count."""
        if self._expected is None:
            begins = datagram.number <= len(datagram.secondary)
            self._expected = 0x10000 if begins else 0x10000 + datagram.number
            return 0x10000 + datagram.number
        step = (datagram.number - self._expected + 0x8000 & 0xFFFF) - 0x8000
        number = self._expected + step
        if abs(step) > _JUMP:
            self._begin_anew(number)
        elif step >= 0:
            self._behind = 0
        elif self._is_strange(number, datagram.primary):
            self._behind += 1
            if self._behind == _IN_A_ROW:
                self._begin_anew(number - min(_IN_A_ROW - 1, len(datagram.secondary)))
        return number

    def _is_strange(self, number: int, primary: bytes) -> bool:
        """Whether a packet behind is none that was overtaken on the way: too far back, or not the one we had."""
        known = self._known.get(number)
        if known is None:
            return number < (self._expected or 0) - _LATE
        return known.rstrip(b"\0") != primary.rstrip(b"\0")

    def _begin_anew(self, number: int) -> None:
        self._waiting.clear()
        self._known.clear()
        self._parities.clear()
        self._jumped = 1
        self._behind = 0
        self.lost += 1
        self._expected = number

    def _keep(self, number: int, ifp: bytes, recovered: bool) -> None:
        self._known.setdefault(number, ifp)
        if self._expected is not None and number >= self._expected and number not in self._waiting:
            self._waiting[number] = ifp, recovered

    def _work_out_parity(self) -> None:
        """Recover packets of which all others under one parity element are known, as long as that helps."""
        found = True
        while found:
            found = False
            for number, parity in self._parities:
                count = len(parity.octets)
                if not 0 < parity.span * count <= _MOST_COVERED:
                    continue
                for m, element in enumerate(parity.octets):
                    covered = [number + m - count * back for back in range(1, parity.span + 1)]
                    absent = [one for one in covered if one not in self._known]
                    if len(absent) == 1 and element:
                        others = [self._known[one] for one in covered if one != absent[0]]
                        self._keep(absent[0], _xor([element, *others])[: len(element)], True)
                        found = True

    def _drain(self, hold: int) -> list[Received]:
        ready: list[Received] = []
        expected = self._expected or 0
        missing, self._jumped = self._jumped, 0
        while self._waiting:
            if expected not in self._waiting:
                if len(self._waiting) <= hold:
                    break
                following = min(self._waiting)
                missing, expected = following - expected, following
                self.lost += missing
            ifp, recovered = self._waiting.pop(expected)
            self.recovered += recovered
            ready.append(Received(expected & 0xFFFF, ifp, recovered, missing))
            missing = 0
            expected += 1
        if ready:
            self._expected = expected
        return ready
