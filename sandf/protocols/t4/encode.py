"""Changing elements to coded rows (T.4 4.1 and 4.2, T.6 2.2), and to pixels.

For what a gateway codes itself: a repaired page, a white row, a header line.  Whole documents are coded
faster by libtiff, in dmsp.  Rows are lists of changing elements as in :mod:`.decode`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from sandf.protocols.t4.bits import to_octets
from sandf.protocols.t4.codes import BLACK, EOFB, EOL, LONGEST_MAKE_UP, WHITE
from sandf.protocols.t4.form import Coding

_PASS, _HORIZONTAL = "0001", "001"
_VERTICAL = {0: "1", 1: "011", 2: "000011", 3: "0000011", -1: "010", -2: "000010", -3: "0000010"}
"""T.4 Table 4, by a1 - b1."""


@lru_cache(maxsize=8192)
def run_code(run: int, colour: int) -> str:
    """A run of *run* pels (0 or more), white (0) or black (1), with its make-up codes (T.4 Tables 2 and 3)."""
    table = BLACK if colour else WHITE
    code = ""
    while run > LONGEST_MAKE_UP + 63:
        code += table[LONGEST_MAKE_UP]
        run -= LONGEST_MAKE_UP
    if run > 63:
        code += table[run & ~63]
    return code + table[run & 63]


def one_dimensional(changes: Sequence[int]) -> str:
    """One row, coded in one dimension."""
    before = [0, *changes[:-1]]
    return "".join(run_code(b - a, index & 1) for index, (a, b) in enumerate(zip(before, changes, strict=True)))


def two_dimensional(changes: Sequence[int], reference: Sequence[int]) -> str:
    """One row, coded in relation to *reference*, the row above."""
    width = changes[-1]
    a = [*changes, width, width]
    b = [*reference, width, width, width]
    code: list[str] = []
    a0, j, k = -1, 0, 0
    while a0 < width:
        k = max(0, k - 2)
        while (k ^ j) & 1 or (b[k] <= a0 and b[k] < width):
            k += 1
        if b[k + 1] < a[j]:
            code.append(_PASS)
            a0 = b[k + 1]
        elif (vertical := _VERTICAL.get(a[j] - b[k])) is not None:
            code.append(vertical)
            a0 = a[j]
            j += 1
        else:
            code.append(_HORIZONTAL + run_code(a[j] - max(a0, 0), j & 1) + run_code(a[j + 1] - a[j], 1 - (j & 1)))
            a0 = a[j + 1]
            j += 2
    return "".join(code)


def encode(rows: Sequence[Sequence[int]], coding: Coding, *, k: int = 2) -> bytes:
    """*rows* as a TIFF strip holds them: EOLs in front, no RTC; EOFB at the end under MMR.

    *k* is the parameter K of MR: one row in *k* is coded in one dimension (T.4 4.2.1.1: 2 at standard
    resolution, 4 at fine).
    """
    if coding is Coding.MH:
        return to_octets("".join(EOL + one_dimensional(row) for row in rows))
    if coding is Coding.MR:
        lines = (
            EOL + "0" + two_dimensional(row, rows[number - 1]) if number % k else EOL + "1" + one_dimensional(row)
            for number, row in enumerate(rows)
        )
        return to_octets("".join(lines))
    white = [rows[0][-1]] if rows else []
    above = [white, *rows[:-1]]
    return to_octets("".join(map(two_dimensional, rows, above)) + EOFB)


def packed(changes: Sequence[int]) -> bytes:
    """One row as pixels: eight to an octet, first pel in the most significant bit, black is 1."""
    width = changes[-1]
    size = (width + 7) // 8
    row = 0
    for change in changes[:-1]:
        row ^= (1 << (size * 8 - change)) - 1
    if len(changes) % 2 == 0:
        row ^= (1 << (size * 8 - width)) - 1
    return row.to_bytes(size, "big")
