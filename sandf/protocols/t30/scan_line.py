"""How long the total coded scan line that comes in has lasted: with too long a one (T.4 3.2: 5 s) the receiver leaves.

Without error correction an EOL is the only thing that tells page data from noise, or from a carrier that brings
nothing any more.

What this module does not do: it decodes no row, and it has no clock; bits stand for time.
"""

from __future__ import annotations

from sandf.protocols.t4.bits import to_bits
from sandf.protocols.t4.codes import EOL

_BEFORE_EOL_IN_RTC = (EOL, EOL + "1")
"""MH and MR."""
_TAIL = 2 * len(EOL)


class LineWatch:
    """Counts the bits of each line of a page, which may have *longest* of them; with RTC the page is over."""

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._piece = max(1, longest // 16)  # octets: half a line, so that none is too long within a piece
        self._bits = 0  # of the present line so far
        self._tail = ""
        self._over = False

    def feed(self, octets: bytes) -> bool:
        """Take the next octets of the page; True once a line lasts too long."""
        return any(self._take(octets[at : at + self._piece]) for at in range(0, len(octets), self._piece))

    def _take(self, octets: bytes) -> bool:
        if self._over:
            return False
        bits, old = self._tail + to_bits(octets), len(self._tail)
        first = bits.find(EOL, max(0, old - len(EOL) + 1))
        self._tail = bits[-_TAIL:]
        if first < 0:
            self._bits += len(bits) - old
            return self._bits > self._longest
        last = bits.rfind(EOL)
        ended = self._bits + first + len(EOL) - old
        self._bits = len(bits) - last - len(EOL)
        self._over = bits.endswith(_BEFORE_EOL_IN_RTC, 0, last)
        return ended > self._longest
