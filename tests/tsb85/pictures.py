"""The pages that the procedures name, drawn here with the properties that the procedures rely on.

A picture is a list of rows of changing elements (``protocols/t4``), 1728 pels wide, at 3.85 lines/mm.

What this module does not do: it draws none of the ETSI pages as they look; a person who compares prints with the
paper in hand needs those.
"""

from __future__ import annotations

import functools

from sandf.protocols.t4.bits import to_octets
from sandf.protocols.t4.codes import EOL, RTC_MH
from sandf.protocols.t4.encode import encode, one_dimensional
from sandf.protocols.t4.form import Coding

WIDTH = 1728
A4_ROWS = 1143
"""297 mm at 3.85 lines/mm."""
ERROR_ROWS = 400
"""Of the page for errors: 19 bad rows of them are 4.8 %, 61 are 15.3 %."""
STAIRS = 1728
HALFTONE_LEFT, HALFTONE_RIGHT = 1000, 1240
LONG_LINE = 500
"""The row of the pages for line durations that takes so long."""

Picture = tuple[tuple[int, ...], ...]

_WHITE_ROW = (WIDTH,)


def _white(rows: int = A4_ROWS) -> Picture:
    return (_WHITE_ROW,) * rows


def _stairs() -> Picture:
    """Two stairs of 1728 steps, each step a pel further on than the one above; as MH they fill 215 frames of 64."""
    rows = []
    for step in range(STAIRS):
        tread = 5 if step % 8 else 4
        rows.append(_changes({at % WIDTH for left in (step, step + WIDTH // 2) for at in range(left, left + tread)}))
    return tuple(rows)


def _impress() -> Picture:
    """Areas as on a print test: alternate pels and rows, isolated pels, crosses, a border, one-pel lines, halftone.

    As the data counts its frames: 211 or a few more of 256 octets under MMR, two blocks of such under MH.
    """
    rows = []
    for y in range(A4_ROWS):
        black: set[int] = {0, WIDTH - 1, 864}
        black |= {x for x in range(64, 112) if x % 2 == y // 16 % 2}
        black |= set(range(200, 400)) if y % 2 else set()
        black |= set(range(420, 560, 8)) if y % 8 == 0 else set()
        black |= {x for x in range(600, 800) if (x == 700 or y % 64 == 32) is not (y // 128 % 2 == 0)}
        black |= {x for x in range(HALFTONE_LEFT, HALFTONE_RIGHT) if (x * x + 7 * y * y + x * y) % 31 < 2}
        rows.append(_changes(black))
    return tuple(rows)


def _changes(black: set[int]) -> tuple[int, ...]:
    """The changing elements of a row with these *black* pels."""
    edges = sorted({x for pel in black for x in (pel, pel + 1) if (x in black) is not (x - 1 in black)})
    return (*(edge for edge in edges if edge < WIDTH), WIDTH)


def _diagonal(odd: bool) -> Picture:
    """Every white and every black run of 0 to 1728 pels once or more: white in one page, black in the other."""
    rows = []
    for run in range(WIDTH + 1):
        rows.append((WIDTH,) if run == WIDTH and not odd else _run_row(run, odd))
    return tuple(rows)


def _run_row(run: int, black: bool) -> tuple[int, ...]:
    if black:
        return (0, WIDTH) if run == WIDTH else (0, run, WIDTH) if run else (WIDTH,)
    return (run, WIDTH)


@functools.cache
def pictures(name: str) -> tuple[Picture, ...]:
    """The pages of the file *name*, as the procedures call it."""
    stem = name.removeprefix("etsi_300_242_a4_").removesuffix(".tif")
    pages: dict[str, tuple[Picture, ...]] = {
        "white": (_white(),),
        "white_2p": (_white(), _white()),
        "impress": (_impress(),),
        "impress_white": (_impress(), _white()),
        "stairstep": (_stairs(),),
        "diago1": (_diagonal(False),),
        "diago2": (_diagonal(True),),
        "duration1": (_white(),),
        "duration2": (_white(),),
        "error": (_white(ERROR_ROWS),),
    }
    return pages[stem]


LINE_SECONDS = {"etsi_300_242_a4_duration1.tif": 4.9, "etsi_300_242_a4_duration2.tif": 5.1}
"""Pages with one total coded scan line that takes so long."""


def coded(name: str, coding: Coding, *, min_bits: int = 0, bad_rows: tuple[int, ...] = (), bit_rate: int = 0) -> bytes:
    """The first page of *name* as it goes over the line: rows of at least *min_bits*, first bits of *bad_rows* (1 on)
    inverted, RTC or EOFB at the end."""
    picture = pictures(name)[0]
    if coding is Coding.MMR:
        return encode(picture, coding)
    assert coding is Coding.MH
    lines = [_line(one_dimensional(row), number in bad_rows, min_bits) for number, row in enumerate(picture, 1)]
    if name in LINE_SECONDS:
        lines[LONG_LINE] = lines[LONG_LINE].ljust(int(LINE_SECONDS[name] * bit_rate) - len(EOL), "0")
    return to_octets("".join(EOL + line for line in lines) + RTC_MH)


def _line(codes: str, bad: bool, min_bits: int) -> str:
    if bad:
        codes = ("0" if codes[0] == "1" else "1") + codes[1:]
    return codes.ljust(min_bits - len(EOL), "0")
