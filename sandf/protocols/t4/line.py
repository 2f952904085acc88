"""Coded pages as they go over the line, and as a TIFF strip may hold them.

On the line an MH or MR page is EOL, rows each followed by fill and EOL, RTC (T.4 4.1, 4.2); an MMR page ends
with EOFB (T.6 2.4.1.1).  In TIFF each row has its EOL in front, RTC is left out and EOFB is kept (RFC 2306
4.4; RFC 3949 4.4).  These functions go from either form to the other without decoding a row; all work is done
on bits as text, a page in a few milliseconds.

Where the codes of an MH or MR row end cannot be told from the zeros that follow without decoding it; codes
end with three zeros at most, so three are kept and the rest is taken for fill.

What this module does not do: choose the coding or judge damage; a damaged line passes through as it is.
"""

from __future__ import annotations

import re

from sandf.protocols.t4.bits import REVERSED, to_bits, to_octets
from sandf.protocols.t4.codes import EOFB, EOL, RTC_MH, RTC_MR
from sandf.protocols.t4.decode import one_dimensional
from sandf.protocols.t4.encode import encode
from sandf.protocols.t4.form import Coding
from sandf.protocols.t4.walk import Lines, walk

_END_OF_LINE = re.compile(EOL)
_MOST_ZEROS_AFTER_ONE = "000"


def min_line_bits(milliseconds: float, bit_rate: int) -> int:
    """Bits in a total coded scan line that takes *milliseconds* at *bit_rate* (T.4 clause 3), rounded up."""
    return -int(-milliseconds * bit_rate // 1000)


def split(octets: bytes, coding: Coding, *, msb_first: bool = False) -> list[str]:
    """The coded rows of an MH or MR page as bits, without EOL, fill and RTC; under MR the tag bit comes first.

    What stands before the first EOL counts as a row.  Raises ``ValueError`` for MMR, whose rows nothing separates.
    """
    return _split(to_bits(octets, msb_first=msb_first), coding)


def _split(bits: str, coding: Coding, width: int | None = None) -> list[str]:
    """Given a *width*, bits before the first EOL are left out unless they are a row of so many pels, as in a walk."""
    if coding is Coding.MMR:
        raise ValueError("MMR rows cannot be split: nothing separates them")
    ends = [match.end() for match in _END_OF_LINE.finditer(bits)]
    starts = [end - len(EOL) for end in ends[1:]]
    lines = [_trimmed(bits[a:b]) for a, b in zip(ends, [*starts, len(bits)], strict=False)]
    before_first = _trimmed(bits[: ends[0] - len(EOL)] if ends else bits)
    if "1" in before_first and (width is None or _is_row(before_first, width)):
        lines.insert(0, "1" + before_first if coding is Coding.MR else before_first)
    tag = 1 if coding is Coding.MR else 0
    while lines and "1" not in lines[-1][tag:]:
        lines.pop()
    return lines


def _is_row(line: str, width: int) -> bool:
    row = one_dimensional(line, 0, width)
    return row is not None and "1" not in line[row[1] :]


def _trimmed(line: str) -> str:
    return line[: len(line.rstrip("0")) + len(_MOST_ZEROS_AFTER_ONE)]


def to_line(octets: bytes, coding: Coding, width: int, *, min_bits: int = 0, msb_first: bool = False) -> bytes:
    """The page in *octets* as it goes over the line, with RTC or EOFB.

    *min_bits* is the least number of bits of a total coded scan line, EOL and tag included
    (:func:`min_line_bits`); it is for MH and MR without error correction.  *width* (pels) is needed to find
    the end of MMR data that came without EOFB.
    """
    if coding is Coding.MMR:
        return with_eofb(octets, width, msb_first=msb_first)
    data_bits = max(0, min_bits - len(EOL))
    lines = [line.ljust(data_bits, "0") for line in _split(to_bits(octets, msb_first=msb_first), coding, width)]
    rtc = RTC_MR if coding is Coding.MR else RTC_MH
    return to_octets("".join([EOL + line for line in lines]) + rtc)


def to_strip(
    octets: bytes,
    coding: Coding,
    width: int,
    *,
    lines: Lines | None = None,
    aligned: bool = False,
    msb_first: bool = False,
) -> bytes:
    """The page in *octets* as a TIFF strip holds it (FillOrder 2): without fill and RTC, MMR with EOFB.

    For a received page give the *lines* that a walk found: noise in front of and behind them is cut off, and
    the strip has their number of rows (under MMR without the bad one).  *aligned* ends each EOL on an octet
    (T4Options bit 2).
    """
    if coding is Coding.MMR:
        if lines is None:
            return with_eofb(octets, width, msb_first=msb_first)
        return to_octets(to_bits(octets, msb_first=msb_first)[: lines.end] + EOFB)
    bits = to_bits(octets, msb_first=msb_first)
    rows = _split(bits if lines is None else bits[lines.start : lines.end], coding, width)
    if not aligned:
        return to_octets("".join([EOL + row for row in rows]))
    pieces: list[str] = []
    past = 0
    for row in rows:
        fill = -(past + len(EOL)) % 8
        pieces += ("0" * fill, EOL, row)
        past = len(row)
    return to_octets("".join(pieces))


def with_eofb(octets: bytes, width: int, *, msb_first: bool = False) -> bytes:
    """MMR data with EOFB right behind its last row, in FillOrder 2.

    Data that ends with EOFB is only stripped of what follows; else the page is decoded to find its end.
    """
    kept = octets.rstrip(b"\0")
    if to_bits(kept[-len(EOFB) :], msb_first=msb_first).rstrip("0").endswith(EOFB):
        return kept.translate(REVERSED) if msb_first else kept
    end = walk(octets, Coding.MMR, width, msb_first=msb_first).end
    return to_octets(to_bits(octets, msb_first=msb_first)[:end] + EOFB)


def repaired(lines: Lines, *, k: int = 2) -> bytes:
    """A damaged page as a TIFF strip in its own coding, its bad rows replaced by the good ones above them.

    *lines* must have kept its changing elements, else ``ValueError``; *k* is for MR.
    """
    if lines.changes is None:
        raise ValueError("the rows were not kept: walk with keep=True")
    return encode(lines.changes, lines.coding, k=k)
