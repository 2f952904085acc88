"""How long the total coded scan line that comes in has lasted: with too long a one (T.4 3.2: 5 s) the receiver leaves.

Without error correction an EOL is the only thing that tells page data from noise, or from a carrier that brings
nothing any more.

What this module does not do: it decodes no row, and it has no clock; bits stand for time.
"""

from __future__ import annotations

from sandf.protocols.t4.bits import to_bits
from sandf.protocols.t4.codes import EOL


class LineWatch:
    """Counts the bits of each line of a page, which may have *longest* of them; with RTC the page is over."""

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._since = 0
        self._tail = ""
        self._begun = self._over = False

    def feed(self, octets: bytes) -> bool:
        """Take the next octets of the page; True once a line lasts too long."""
        if self._over:
            return False
        bits = self._tail + to_bits(octets)
        at = -self._since  # where the present line begins
        while (found := bits.find(EOL, max(0, at))) >= 0:
            end = found + len(EOL)
            if end - at > self._longest:
                return True
            if self._begun and end - at <= len(EOL) + 1:
                self._over = True  # an EOL right behind an EOL (and its tag bit) begins RTC
                return False
            self._begun = True
            at = end
        self._tail = bits[max(0, at) :][-len(EOL) + 1 :]
        self._since = len(bits) - len(self._tail) - at
        return self._since + len(self._tail) > self._longest
