"""Walking down a received page, row by row: what is good, what is damaged, where the page ends.

Octets may come in pieces (:class:`Walk`), so that the work of judging a page is spread over the time in which
it arrives, or all at once (:func:`walk`).

How damage is met: an EOL is eleven or more zeros and a one, wherever it stands, so fill and missing byte
alignment do not matter.  A row whose codes are wrong, or whose length is not the width, is bad; under MR the
two-dimensional rows after it have no reference and are bad as well, up to the next one-dimensional row (T.4
4.2.2).  Under MMR the first error ends what can be read; an EOL ends it well, with zeros in front of it or not,
as senders that add EOFB to whole octets leave some there.  Six EOLs end the page; fewer at its very end, with
or without noise among them, are taken for a damaged RTC.  What stands before the first EOL or after the last
one is a row if it decodes as one, and noise else.

What this module does not do: it makes no pixels (:func:`sandf.protocols.t4.encode.packed` does from the rows
kept here) and gives no verdict (:mod:`.quality`).

Known bugs: where an EOL itself is destroyed two rows count as one bad row, and the page is a row short.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from sandf.protocols.t4.bits import to_bits
from sandf.protocols.t4.codes import EOL
from sandf.protocols.t4.decode import one_dimensional, two_dimensional
from sandf.protocols.t4.form import Coding

_END_OF_LINE = re.compile(EOL)
"""Its end is the end of an EOL however much fill is in front; "0{11,}1" would take the square of a long fill's time."""
_LONGEST_LINE = 1 << 18
"""Bits.  A line takes at most 5 s (T.4 clause 3), which is 168,000 bits at 33,600 bit/s; what is longer is noise."""
_EMPTY_LINES_IN_RTC = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """What a walk found.  Positions are bit numbers from the first octet fed."""

    coding: Coding
    width: int
    rows: int
    """Rows, good and bad, without RTC."""
    bad: int
    """Bad rows; under MMR 1 where an error cut the page off."""
    longest_bad_run: int
    """The longest run of consecutive bad rows."""
    ended: bool
    """RTC or EOFB was found."""
    start: int
    """Where the first EOL, or the first row without one, starts."""
    end: int
    """Where the codes (and fill) of the last row end: in front of RTC or EOFB."""
    bad_rows: tuple[int, ...] = field(default=(), repr=False)
    """Numbers of the bad rows, the first row being 0."""
    changes: tuple[list[int], ...] | None = field(default=None, repr=False)
    """If asked for: the changing elements of each row, a bad one replaced by the good one above it."""

    @property
    def percent_bad(self) -> float:
        """Share of bad rows, 0 to 100; 100 for a page without rows."""
        return 100.0 * self.bad / self.rows if self.rows else 100.0


class Walk:
    """A walk down one page of *coding* and *width* pels: :meth:`feed` it, then :meth:`finish` it.

    *keep* asks for the rows' changing elements; *msb_first* is for TIFF FillOrder 1.
    """

    def __init__(self, coding: Coding, width: int, *, msb_first: bool = False, keep: bool = False) -> None:
        self._coding, self._width, self._msb_first = coding, width, msb_first
        self._kept: list[list[int]] | None = [] if keep else None
        self._pending = ""
        self._offset = 0
        self._start = -1
        self._end = self._good_end = 0
        self._ended = False
        self._empty = 0
        self._rows = 0
        self._bad_rows: list[int] = []
        self._empty_among_bad = False
        self._damaged = False
        # T.6 begins below a white row.  MR begins with a one-dimensional row (T.4 4.2.1.1): where another comes first,
        # the row that it relates to was lost.
        self._reference: list[int] | None = None if coding is Coding.MR else [width]
        self._shown = [width]
        self._last_line = ""

    @property
    def rows(self) -> int:
        """Rows seen so far."""
        return self._rows

    def feed(self, octets: bytes) -> None:
        """Take the next octets of the page; what follows RTC or EOFB is ignored."""
        if self._ended or self._damaged:
            return
        searched = max(0, len(self._pending) - len(EOL) + 1)
        self._pending += to_bits(octets, msb_first=self._msb_first)
        if self._coding is Coding.MMR:
            self._read_block(self._width * 8)
        else:
            self._read_lines(searched)

    def finish(self) -> Lines:
        """The page has ended: count what is left and say what was found."""
        if not (self._ended or self._damaged):
            if self._coding is Coding.MMR:
                self._read_block(0)
            else:
                self._read_tail()
        if self._damaged:
            self._bad_row()
        elif self._coding is not Coding.MMR:
            self._drop_damaged_rtc()
        return Lines(
            coding=self._coding,
            width=self._width,
            rows=self._rows,
            bad=len(self._bad_rows),
            longest_bad_run=_longest_run(self._bad_rows),
            ended=self._ended,
            start=max(self._start, 0),
            end=self._end,
            bad_rows=tuple(self._bad_rows),
            changes=None if self._kept is None else tuple(self._kept),
        )

    def _read_lines(self, search_from: int) -> None:
        bits, at = self._pending, 0
        for match in _END_OF_LINE.finditer(bits, search_from):
            after = match.end()
            self._line(bits[at : after - 1], self._offset + after - len(EOL))
            at = after
            if self._ended:
                break
        if len(bits) - at > _LONGEST_LINE:
            at = len(bits) - len(EOL)
            self._bad_row()
        self._pending = bits[at:]
        self._offset += at

    def _line(self, line: str, end: int) -> None:
        """One *line* with its fill and the zeros of the EOL that follows it; *end* is in front of that EOL."""
        if self._start < 0:
            if self._unmarked(line):
                self._start, self._end, self._good_end = self._offset, end, end
            else:
                self._start = end
            return
        if "1" not in (line[1:] if self._coding is Coding.MR else line):
            self._empty += 1
            self._ended = self._empty == _EMPTY_LINES_IN_RTC
            return
        self._flush_empty()
        self._end = end
        if self._decode(line):
            self._good_end = end

    def _unmarked(self, line: str) -> bool:
        """Whether what stands before the first EOL is a row (then it is counted)."""
        row = one_dimensional(line, 0, self._width)
        if row is None or "1" in line[row[1] :]:
            return False
        self._good_row(row[0])
        return True

    def _flush_empty(self) -> None:
        """EOLs with nothing between them that were no RTC stand for rows without a code."""
        if self._empty:
            self._empty_among_bad = True
            for _ in range(self._empty):
                self._bad_row()
            self._empty = 0

    def _decode(self, line: str) -> bool:
        """Count one line; under MR its tag bit comes first."""
        tagged = self._coding is Coding.MR
        if tagged and line[0] == "0":
            row = None if self._reference is None else two_dimensional(line, 1, self._reference, self._width)
        elif line == self._last_line:
            self._good_row(self._shown)
            return True
        else:
            row = one_dimensional(line, int(tagged), self._width)
        if row is None or "1" in line[row[1] :]:
            self._bad_row()
            return False
        self._last_line = line
        self._good_row(row[0])
        return True

    def _read_tail(self) -> None:
        """The last line, where no EOL follows it."""
        line, end = self._pending, self._offset + len(self._pending)
        if "1" not in line[1:]:
            return
        rows, bad = self._rows, len(self._bad_rows)
        if self._start < 0:
            good = self._unmarked(line)
            self._start = 0
        else:
            self._flush_empty()
            good = self._decode(line)
        if good:
            self._end = end
        elif rows:
            self._forget(self._rows - rows, len(self._bad_rows) - bad)

    def _drop_damaged_rtc(self) -> None:
        """Take bad rows at the very end that have bare EOLs among them for what is left of RTC."""
        if self._ended or not (self._empty or self._empty_among_bad):
            return
        trailing, rows = 0, set(self._bad_rows)
        while self._rows - 1 - trailing in rows:
            trailing += 1
        self._forget(trailing, trailing)
        self._end = self._good_end
        self._ended = True

    def _forget(self, rows: int, bad: int) -> None:
        if rows:
            self._rows -= rows
            del self._bad_rows[len(self._bad_rows) - bad :]
            if self._kept is not None:
                del self._kept[-rows:]

    def _read_block(self, margin: int) -> None:
        """T.6 rows as long as more than *margin* bits are there, which is more than one row takes."""
        bits, at = self._pending, 0
        if self._start < 0:
            self._start = 0
        while len(bits) - at > margin:
            row = two_dimensional(bits, at, self._shown, self._width)
            if row is None:
                one = bits.find("1", at)
                self._ended = one - at >= len(EOL) - 1
                self._damaged = one >= 0 and not self._ended
                break
            at = row[1]
            self._good_row(row[0])
        self._pending = bits[at:]
        self._offset += at
        self._end = self._offset

    def _good_row(self, changes: list[int]) -> None:
        self._rows += 1
        self._reference = self._shown = changes
        self._empty_among_bad = False
        if self._kept is not None:
            self._kept.append(changes)

    def _bad_row(self) -> None:
        self._bad_rows.append(self._rows)
        self._rows += 1
        self._reference = None if self._coding is Coding.MR else self._shown
        if self._kept is not None:
            self._kept.append(self._shown)


def _longest_run(numbers: list[int]) -> int:
    """The longest run of consecutive *numbers*, which rise."""
    longest = run = 0
    previous = -2
    for number in numbers:
        run = run + 1 if number == previous + 1 else 1
        longest, previous = max(longest, run), number
    return longest


def walk(octets: bytes, coding: Coding, width: int, *, msb_first: bool = False, keep: bool = False) -> Lines:
    """Walk down a whole page of *width* pels; see :class:`Walk` and :class:`Lines`."""
    page = Walk(coding, width, msb_first=msb_first, keep=keep)
    page.feed(octets)
    return page.finish()
