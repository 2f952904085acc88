"""HDLC framing as fax uses it (T.30 5.3.4 to 5.3.7, T.4 Annex A, ISO/IEC 13239): flags, zero insertion, FCS.

Frames are octets from the address to the last one in front of the FCS, their first bit the least significant.
What stands on the line is either octets in the same order or text of 0 and 1 (:mod:`sandf.protocols.t4.bits`),
on which counting, inserting and removing zeros run at the speed of C.

What this module does not do: know addresses, control fields or commands, or the time anything takes.
"""

from __future__ import annotations

from binascii import crc_hqx
from collections.abc import Iterable
from typing import NamedTuple

from sandf.protocols.t4.bits import REVERSED, to_bits, to_octets

FLAG = "01111110"
_FIVE_ONES = "11111"
_ABORT = "1111111"
_SHORTEST = 24
"""Bits in the shortest thing that can be a frame: an octet and its FCS.  What is shorter is noise."""


class Frame(NamedTuple):
    """A frame off the line."""

    octets: bytes
    """Without FCS."""
    intact: bool
    """Whether the FCS was right and the frame ended on an octet."""


def fcs(octets: bytes) -> bytes:
    """The two octets of the frame check sequence over *octets*, as they go over the line (T.30 5.3.7)."""
    check = crc_hqx(octets.translate(REVERSED), 0xFFFF) ^ 0xFFFF
    return check.to_bytes(2, "big").translate(REVERSED)


def stuffed_bits(octets: bytes) -> int:
    """How many bits *octets* take on the line after zero insertion; add FCS and flags to *octets* yourself."""
    return len(octets) * 8 + to_bits(octets).count(_FIVE_ONES)


def frame_bits(octets: bytes) -> str:
    """One frame with its FCS and inserted zeros, without flags."""
    return to_bits(octets + fcs(octets)).replace(_FIVE_ONES, _FIVE_ONES + "0")


def line_bits(frames: Iterable[bytes], *, opening: int = 1, between: int = 1, closing: int = 1) -> str:
    """*frames* as one transmission, with so many flags in front, between two of them, and behind."""
    return FLAG * opening + (FLAG * between).join(map(frame_bits, frames)) + FLAG * closing


def unframed(octets: bytes) -> Frame:
    """The frame in *octets*, which end with an FCS, as a Class 1 modem gives them."""
    return Frame(octets[:-2], len(octets) > 2 and fcs(octets[:-2]) == octets[-2:])


class Deframer:
    """Finds frames in what a demodulator gives, in pieces of any size, beginning anywhere.

    Frames of more than *longest* octets, aborted ones and scraps are left out.
    """

    def __init__(self, *, longest: int = 4096) -> None:
        self._longest = longest * 10
        self._pending = ""
        self._open = False
        self.flags = 0
        """Flags seen so far, the sign of a preamble."""
        self.aborts = 0
        """Frames cut off by seven ones."""

    def feed(self, octets: bytes) -> list[Frame]:
        """The frames that end in the next *octets*."""
        return self.feed_bits(to_bits(octets))

    def feed_bits(self, bits: str) -> list[Frame]:
        """The frames that end in the next *bits*."""
        bits = self._pending + bits
        frames: list[Frame] = []
        at = 0
        while (flag := bits.find(FLAG, at)) >= 0:
            if self._open:
                self._close(bits[at + 1 : flag], frames)
            self._open = True
            self.flags += 1
            at = flag + len(FLAG) - 1
        rest = bits[at:]
        if self._open and (_ABORT in rest or len(rest) > self._longest):
            self.aborts += _ABORT in rest and len(rest) > _SHORTEST
            self._open = False
        self._pending = rest if self._open else rest[-len(FLAG) + 1 :]
        return frames

    def _close(self, content: str, frames: list[Frame]) -> None:
        if len(content) < _SHORTEST:
            return
        if _ABORT in content:
            self.aborts += 1
            return
        content = content.replace(_FIVE_ONES + "0", _FIVE_ONES)
        whole = len(content) & ~7
        frame = unframed(to_octets(content[:whole]))
        frames.append(frame if whole == len(content) else Frame(frame.octets, False))
