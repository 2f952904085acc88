"""Octets as strings of the characters 0 and 1, first bit on the line first, and back.

Text of bits looks like a toy and is the fast way in Python: searching, splitting, padding and joining it all
run at the speed of C.  A page of 60 KB becomes half a million characters in about a millisecond.

The order of bits in an octet is that of T.30 (the first bit is the least significant one, TIFF FillOrder 2)
unless ``msb_first`` says otherwise (FillOrder 1).
"""

from __future__ import annotations

REVERSED = bytes(int(f"{octet:08b}"[::-1], 2) for octet in range(256))
"""For ``bytes.translate``: every octet with its bits in the other order."""


def to_bits(octets: bytes, *, msb_first: bool = False) -> str:
    """*octets* as bits in the order of the line."""
    if not octets:
        return ""
    ordered = octets if msb_first else octets.translate(REVERSED)
    return f"{int.from_bytes(ordered, 'big'):0{len(octets) * 8}b}"


def to_octets(bits: str, *, msb_first: bool = False) -> bytes:
    """*bits* as octets, the last one filled up with 0."""
    if not bits:
        return b""
    count = (len(bits) + 7) // 8
    octets = int(bits.ljust(count * 8, "0"), 2).to_bytes(count, "big")
    return octets if msb_first else octets.translate(REVERSED)
