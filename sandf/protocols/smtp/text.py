"""The text of a message on its way through DATA: end mark, dot transparency, limits (RFC 5321 4.5.2).

Works on whole buffers, never line by line: the end is searched with one ``find``, dots go with one
``replace``, the line limit strides over the text in steps of a whole line's length.

Only CR LF "." CR LF ends a message (RFC 5321 4.1.1.4).  A CR or LF that stands alone is forbidden (2.3.8);
servers that took ``LF . LF`` and its kin for an end let an attacker hide a second message inside the first
("SMTP smuggling", CVE-2023-51764, -51765, -51766).  So such a text is read to its one true end and refused
there, as Postfix does with ``smtpd_forbid_bare_newline = reject`` (550 5.5.2): repairing it would be taking
one side in an argument between two other servers about where the message ends.  Nothing of the text is ever
executed.

In the other direction ``TextWriter`` repairs, because there the text is ours: lone CR and LF become CR LF and
a line over 998 octets is broken by CR LF SPACE (as Postfix does with ``smtp_line_length_limit``).
"""

from __future__ import annotations

import re

END = b"\r\n.\r\n"
LINE_LIMIT = 998
"""Octets of a text line without CR LF and without a stuffed dot (RFC 5321 4.5.3.1.6)."""
CHUNK = 65536
"""Octets gathered before text is handed up."""

_LINE_END = re.compile(rb"\r\n|\r|\n")


class TextReader:
    """Takes the octets after 354, gives the text with dots unstuffed.

    ``size_limit`` (octets, RFC 1870 3) and ``line_limit`` (octets without CR LF) may be None.  After a fault
    no more text is handed out, but the end is still looked for.
    """

    def __init__(self, *, size_limit: int | None, line_limit: int | None) -> None:
        self._size_limit = size_limit
        self._window = None if line_limit is None else line_limit + 2
        self._held = b"\r\n"
        self._opening = True
        self._column = 0
        self._pieces: list[bytes] = []
        self._gathered = 0
        self.size = 0
        self.too_big = False
        self.bare_line_end = False
        self.line_too_long = False

    @property
    def faulty(self) -> bool:
        """Whether the message must be refused at its end."""
        return self.too_big or self.bare_line_end or self.line_too_long

    def feed(self, octets: bytes) -> bytes | None:
        """Take octets; the octets that follow the end mark once it was seen, else None."""
        buffer = self._held + octets
        end = buffer.find(END)
        if end >= 0:
            self._held = b""
            self._take(buffer[: end + 2])
            return buffer[end + len(END) :]
        keep = _open_end(buffer)
        self._held = buffer[len(buffer) - keep :] if keep else b""
        self._take(buffer[: len(buffer) - keep] if keep else buffer)
        return None

    def text(self, *, least: int = 1) -> bytes:
        """Take the text gathered so far, once it is at least so many octets; else b""."""
        if self.faulty:
            self._pieces, self._gathered = [], 0
        if self._gathered < least:
            return b""
        joined = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        self._pieces, self._gathered = [], 0
        return joined

    def _take(self, stuffed: bytes) -> None:
        """Unstuff, count and judge; no CR LF and no CR LF "." is ever cut between two calls."""
        if not stuffed:
            return
        text = stuffed.replace(b"\r\n.", b"\r\n")
        if self._opening:
            self._opening = False
            text = text[2:]
        self.size += len(text)
        if self._size_limit is not None and self.size > self._size_limit:
            self.too_big = True
        if not self.bare_line_end:
            pairs = text.count(b"\r\n")
            self.bare_line_end = not pairs == text.count(b"\n") == text.count(b"\r")
        if self._window is not None and not self.line_too_long:
            self._measure(text, self._window)
        if not self.faulty:
            self._pieces.append(text)
            self._gathered += len(text)

    def _measure(self, text: bytes, window: int) -> None:
        """Stride from line end to line end, as far apart as the limit allows."""
        start, room = 0, window - self._column
        while len(text) - start > room:
            end = text.rfind(b"\n", start, start + room)
            if end < 0:
                self.line_too_long = True
                return
            start, room = end + 1, window
        last = text.rfind(b"\n", start)
        self._column = len(text) - last - 1 if last >= 0 else window - room + len(text) - start


def _open_end(buffer: bytes) -> int:
    """How many octets at the end may still become an end mark or a stuffed dot."""
    for length in (4, 3, 2, 1):
        if buffer.endswith(END[:length]):
            return length
    return 0


class TextWriter:
    """Takes text in pieces, gives the octets to send after 354; cuts between pieces do not matter."""

    def __init__(self, *, line_limit: int = LINE_LIMIT) -> None:
        self._limit = line_limit
        self._held = b""
        self._column = 0
        self.line_ends_repaired = False
        self.lines_broken = 0

    def write(self, text: bytes) -> bytes:
        """The next octets; a CR at the end waits for what follows it."""
        text = self._held + text
        self._held = b"\r" if text.endswith(b"\r") else b""
        return self._encode(text[:-1] if self._held else text)

    def finish(self) -> bytes:
        """The rest and the end mark; a last line without CR LF gets one."""
        rest = b""
        if self._held:
            self._held = b""
            rest = self._encode(b"\r")
        if self._column:
            rest += b"\r\n"
        self._column = 0
        return rest + b".\r\n"

    def _encode(self, text: bytes) -> bytes:
        if not text:
            return b""
        if not text.count(b"\r\n") == text.count(b"\n") == text.count(b"\r"):
            self.line_ends_repaired = True
            text = _LINE_END.sub(b"\r\n", text)
        at_line_start = self._column == 0
        text = self._fit(text)
        stuffed = text.replace(b"\r\n.", b"\r\n..")
        return b"." + stuffed if at_line_start and stuffed.startswith(b".") else stuffed

    def _fit(self, text: bytes) -> bytes:
        """Break lines over the limit and keep count of the column."""
        lines = text.split(b"\r\n")
        lines[0] = self._broken(lines[0], self._column)
        if any(len(line) > self._limit for line in lines[1:]):
            lines[1:] = [self._broken(line, 0) for line in lines[1:]]
        fitted = b"\r\n".join(lines)
        last = fitted.rfind(b"\n")
        self._column = len(fitted) - last - 1 if last >= 0 else self._column + len(fitted)
        return fitted

    def _broken(self, line: bytes, column: int) -> bytes:
        room = self._limit - column
        if len(line) <= room:
            return line
        pieces, line = [line[:room]], line[room:]
        step = self._limit - 1
        pieces += [line[at : at + step] for at in range(0, len(line), step)]
        self.lines_broken += len(pieces) - 1
        return b"\r\n ".join(pieces)
