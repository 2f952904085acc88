"""Fill bits out of page data without error correction (T.38 Annex D, T38FaxFillBitRemoval): they need no bandwidth.

Fill is zeros in front of the eleven that begin an EOL (T.4 4.1.3).  A code may end with zeros itself, three at most,
and nobody who does not decode the line knows which are whose: so many stay.  The far gateway puts fill in again where
its modem needs it.  Bits are in the order of T.38: the first one on the line is the most significant one.

What this module does not do: put fill in, or find the last three bits of it.
"""

from __future__ import annotations

import re

_KEPT = 11 + 3
_FILL = re.compile(rf"0{{{_KEPT + 1},}}1")
_EOL = "0" * _KEPT + "1"


class FillRemoval:
    """One page; what is fed comes out without fill, in whole octets."""

    def __init__(self) -> None:
        self._zeros = 0
        """Zeros at the end of what was fed, of which nobody knows yet whether they are fill."""
        self._rest = ""
        """Bits that make no octet yet."""

    def feed(self, octets: bytes) -> bytes:
        """The next data of the page."""
        bits = "0" * self._zeros + f"{int.from_bytes(octets, 'big'):0{8 * len(octets)}b}"
        kept = bits.rstrip("0")
        self._zeros = len(bits) - len(kept)
        return self._out(_FILL.sub(_EOL, kept))

    def finish(self) -> bytes:
        """The end of the page: zeros behind its last EOL stay."""
        bits, self._zeros = "0" * self._zeros, 0
        made = self._out(bits)
        rest, self._rest = self._rest, ""
        return made + (int(rest.ljust(8, "0"), 2).to_bytes(1, "big") if rest else b"")

    def _out(self, bits: str) -> bytes:
        bits = self._rest + bits
        whole = len(bits) // 8
        self._rest = bits[8 * whole :]
        return int(bits[: 8 * whole], 2).to_bytes(whole, "big") if whole else b""
