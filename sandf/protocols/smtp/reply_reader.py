"""Replies out of a stream of octets: strict and bounded (RFC 5321 4.2, 4.2.1).

Strict: lines end in CR LF, every line of a reply has the same code, codes are 200 to 599.  Lines may be longer
than the 512 octets of RFC 5321 4.5.3.1.5, since many servers' are, up to ``LINE_LIMIT``.
"""

from __future__ import annotations

import re

from sandf.protocols.smtp.replies import Reply

LINE_LIMIT = 4096
"""Octets of a reply line with CR LF."""
LINES_LIMIT = 500
"""Lines of one reply."""

_LINE = re.compile(rb"([2-5][0-9][0-9])(?:([ -])(.*))?", re.DOTALL)
_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?: +|$)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class ReplyError(ValueError):
    """Octets that are no reply; the connection is of no more use."""


class ReplyReader:
    """Gathers octets until a reply is whole."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._code: int | None = None
        self._lines: list[str] = []

    def feed(self, octets: bytes) -> None:
        """Add what came in."""
        self._buffer += octets

    def clear(self) -> int:
        """Forget everything (RFC 3207 4.2); returns the octets thrown away."""
        thrown = len(self._buffer)
        self._buffer.clear()
        self._code, self._lines = None, []
        return thrown

    def next_reply(self) -> Reply | None:
        """Take one whole reply, or None; raises ReplyError."""
        while (line := self._next_line()) is not None:
            match = _LINE.fullmatch(line)
            if match is None:
                raise ReplyError(f"not a reply: {line[:80]!r}")
            code = int(match[1])
            if self._code not in (None, code):
                raise ReplyError(f"reply changes its code from {self._code} to {code}")
            if len(self._lines) >= LINES_LIMIT:
                raise ReplyError(f"reply of more than {LINES_LIMIT} lines")
            self._code = code
            self._lines.append(_CONTROL.sub("?", (match[3] or b"").decode("utf-8", "replace")))
            if match[2] != b"-":
                return self._finish(code)
        return None

    def _next_line(self) -> bytes | None:
        end = self._buffer.find(b"\n", 0, LINE_LIMIT)
        if end < 0:
            if len(self._buffer) >= LINE_LIMIT:
                raise ReplyError(f"reply line of more than {LINE_LIMIT} octets")
            return None
        line = bytes(self._buffer[: end + 1])
        del self._buffer[: end + 1]
        if not line.endswith(b"\r\n") or b"\r" in line[:-2]:
            raise ReplyError("reply line does not end in CR LF")
        return line[:-2]

    def _finish(self, code: int) -> Reply:
        lines, self._lines, self._code = self._lines, [], None
        match = _ENHANCED.match(lines[0])
        if match is None or int(match[1][0]) != code // 100:
            return Reply(code, None, tuple(lines))
        prefix = match[1]
        stripped = (line.removeprefix(prefix).lstrip(" ") for line in lines)
        return Reply(code, prefix, tuple(stripped))
