"""Command lines out of a stream of octets: strict CR LF, bounded (RFC 5321 2.3.8, 4.5.3.1.4).

Only CR LF ends a line.  A line that is too long or has a lone LF is reported once, as soon as that is known,
and everything up to the next CR LF is thrown away, so that neither an endless line nor what follows a lone LF
is ever kept or executed.  The result does not depend on how the octets were cut into pieces.
"""

from __future__ import annotations

import enum
from collections.abc import Callable


class LineFault(enum.Enum):
    """Why a line is not a command."""

    TOO_LONG = "too long"
    BARE_LF = "a lone LF"
    BARE_CR = "a lone CR"
    NUL = "a NUL"


class LineReader:
    """The input buffer of a session; ``len()`` is the octets that wait."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._skipping = False

    def __len__(self) -> int:
        return len(self._buffer)

    def feed(self, octets: bytes) -> None:
        """Add what came in."""
        self._buffer += octets

    def clear(self) -> int:
        """Forget everything, half lines too (RFC 3207 4.2); returns the octets thrown away."""
        thrown = len(self._buffer)
        self._buffer.clear()
        self._skipping = False
        return thrown

    def take_all(self) -> bytes:
        """Take the raw octets out, for a reader that knows no lines."""
        octets = bytes(self._buffer)
        self._buffer.clear()
        return octets

    def next_line(self, limit: Callable[[bytes], int]) -> bytes | LineFault | None:
        """Take one line without its CR LF, or what is wrong with it, or None when none is complete.

        ``limit`` gets the first octets of the line and says how long it may be with CR LF, at least 512.
        """
        if self._skipping and not self._skip():
            return None
        buffer = self._buffer
        allowed = 512 if len(buffer) < 512 else limit(bytes(buffer[:16]))
        end = buffer.find(b"\n", 0, allowed)
        if end < 0:
            if len(buffer) < allowed:
                return None
            self._skipping = True
            self._skip()
            return LineFault.TOO_LONG
        line = bytes(buffer[: end + 1])
        del buffer[: end + 1]
        if not line.endswith(b"\r\n"):
            self._skipping = True
            self._skip()
            return LineFault.BARE_LF
        return _fault_in(line[:-2]) or line[:-2]

    def _skip(self) -> bool:
        """Throw away up to the next CR LF; whether it was there."""
        end = self._buffer.find(b"\r\n")
        if end >= 0:
            del self._buffer[: end + 2]
            self._skipping = False
            return True
        del self._buffer[: len(self._buffer) - self._buffer.endswith(b"\r")]
        return False


def _fault_in(line: bytes) -> LineFault | None:
    if b"\r" in line:
        return LineFault.BARE_CR
    if b"\0" in line:
        return LineFault.NUL
    return None
