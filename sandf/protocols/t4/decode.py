"""One coded row to its changing elements (T.4 4.1 and 4.2, T.6 2.2).

A row is a list of *changing elements*: the pel number where white turns to black, then where black turns to
white, and so on, ending with the row's width.  A row that starts black starts with 0; a white row of 1728
pels is ``[1728]``.  The list rises strictly.

Speed comes from windows: a dict from the next few bits of the line to all the codes that end in them, filled
as it is asked.  A window holds at most 2 ** 13 entries of each length, whatever a peer sends.

What this module does not do: find the rows (see :mod:`.walk`), or read uncompressed mode.
"""

from __future__ import annotations

from itertools import accumulate

from sandf.protocols.t4.codes import BLACK, LONGEST_CODE, WHITE

_MODE_BITS = 12
_HORIZONTAL, _PASS, _NONE, _STOP = 8, 9, 10, 11
_MODES = {
    "011": 1,
    "000011": 2,
    "0000011": 3,
    "010": -1,
    "000010": -2,
    "0000010": -3,
    "001": _HORIZONTAL,
    "0001": _PASS,
}
"""T.4 Table 4 but for V0 (``1``): a vertical mode is its distance a1 - b1, VR counted positive."""


class _Code(dict[str, tuple[int, int]]):
    """The one code at the head of 13 bits: ``(run, bits used)``, or no bits where there is none."""

    def __init__(self, table: dict[int, str]) -> None:
        self._runs = {word: run for run, word in table.items()}

    def __missing__(self, key: str) -> tuple[int, int]:
        for length in range(2, len(key) + 1):
            run = self._runs.get(key[:length])
            if run is not None:
                self[key] = run, length
                return run, length
        self[key] = 0, 0
        return 0, 0


_CODES = (_Code(WHITE), _Code(BLACK))


class _Runs(dict[str, tuple[tuple[int, ...], int, "_Runs"]]):
    """All whole runs within 13 bits: ``(runs, bits used, window for what follows)``."""

    def __init__(self, colour: int) -> None:
        self.colour = colour
        self.other = self

    def __missing__(self, key: str) -> tuple[tuple[int, ...], int, _Runs]:
        runs: list[int] = []
        used = at = total = 0
        window = self
        while True:
            run, length = _CODES[window.colour][key[at:]]
            if not length:
                break
            at += length
            total += run
            if run < 64:
                runs.append(total)
                used, total, window = at, 0, window.other
        found = self[key] = (tuple(runs), used, window)
        return found


_WHITE_RUNS, _BLACK_RUNS = _Runs(0), _Runs(1)
_WHITE_RUNS.other, _BLACK_RUNS.other = _BLACK_RUNS, _WHITE_RUNS


class _Modes(dict[str, tuple[int, int, int]]):
    """The head of 12 bits as ``(number of V0, mode after them, bits used)``."""

    def __missing__(self, key: str) -> tuple[int, int, int]:
        vertical = len(key) - len(key.lstrip("1"))
        found = vertical, _NONE if vertical else _STOP, vertical
        for length in (3, 4, 6, 7):
            mode = _MODES.get(key[vertical : vertical + length])
            if mode is not None:
                found = vertical, mode, vertical + length
                break
        self[key] = found
        return found


_MODE_WINDOW = _Modes()


def _one_run(bits: str, at: int, colour: int) -> tuple[int, int]:
    """The run at *at* with its make-up codes: ``(pels, bits used)``; no bits used means a bad code."""
    codes, total, start = _CODES[colour], 0, at
    while True:
        run, used = codes[bits[at : at + LONGEST_CODE]]
        if not used:
            return 0, 0
        at += used
        total += run
        if run < 64:
            return total, at - start


def _normalised(changes: list[int], width: int) -> list[int]:
    """*changes* without runs of no length, which are no changing elements."""
    strict: list[int] = []
    for change in changes:
        if strict and strict[-1] == change:
            strict.pop()
        else:
            strict.append(change)
    if not strict or strict[-1] != width:
        strict.append(width)
    return strict


def one_dimensional(bits: str, at: int, width: int) -> tuple[list[int], int] | None:
    """The row coded from *at* to the last code before fill or the end of *bits* (T.4 4.1.1).

    Returns its changing elements and where its codes end, or None where a code or the length is wrong.
    """
    window = _WHITE_RUNS
    runs: list[int] = []
    while True:
        found, used, following = window[bits[at : at + LONGEST_CODE]]
        if used:
            runs += found
            at += used
            window = following
            continue
        run, used = _one_run(bits, at, window.colour)
        if not used:
            break
        runs.append(run)
        at += used
        window = window.other
    changes = list(accumulate(runs))
    if not changes or changes[-1] != width:
        return None
    return (_normalised(changes, width) if 0 in runs[1:] else changes), at


def two_dimensional(  # noqa: C901 - the one loop where time is spent; T.4 Figure 7 as it stands
    bits: str, at: int, reference: list[int], width: int
) -> tuple[list[int], int] | None:
    """The row coded from *at* in relation to *reference*, the row above (T.4 4.2.1, T.6 2.2).

    Returns its changing elements and where its codes end, or None where a code or a position is wrong.
    """
    b = [*reference, width, width, width]
    last = len(reference) - 1
    changes: list[int] = []
    k = a0 = 0
    floor = -1
    empty_run = False
    while a0 < width:
        count, mode, used = _MODE_WINDOW[bits[at : at + _MODE_BITS]]
        if count:
            room = last - k + 1 if k < last else 1
            if count >= room:
                changes += b[k : k + room]
                at += room
                break
            changes += b[k : k + count]
            k += count
            a0 = floor = changes[-1]
        at += used
        if mode < _HORIZONTAL:
            a0 = b[k] + mode
            if a0 <= floor or a0 > width:
                return None
            changes.append(a0)
            if a0 == width:
                break
            floor = a0
            k += 1
            if mode < -1 and k > 1 and b[k - 2] > a0:
                k -= 2
            while b[k] <= a0:
                k += 2
        elif mode == _HORIZONTAL:
            colour = len(changes) & 1
            run, used = _CODES[colour][bits[at : at + LONGEST_CODE]]
            if run >= 64:
                run, used = _one_run(bits, at, colour)
            at += used
            second, used_too = _CODES[1 - colour][bits[at : at + LONGEST_CODE]]
            if second >= 64:
                second, used_too = _one_run(bits, at, 1 - colour)
            if not (used and used_too):
                return None
            at += used_too
            empty_run = empty_run or not second or not (run or floor < 0)
            changes.append(a0 + run)
            a0 = floor = a0 + run + second
            changes.append(a0)
            if a0 > width:
                return None
            while b[k] <= a0 < width:
                k += 2
        elif mode == _PASS:
            a0 = floor = b[k + 1]
            if a0 >= width:
                return None
            k += 2
        elif mode == _STOP:
            return None
    return (_normalised(changes, width) if empty_run else changes), at
