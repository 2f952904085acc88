"""Finding the messages in a stream (TCP, TLS) by their Content-Length (RFC 3261 18.3), and keep-alives between them.

What this module does not do: it reads nothing of a message but where it ends.
"""

from __future__ import annotations

from .message import HEAD_END, MOST_OCTETS, MessageError, content_length, read_head

_LONGEST_END = 4
"""Octets of the longest end of a head."""


class StreamReader:
    """The messages of one direction of one connection."""

    def __init__(self) -> None:
        self.pings = 0
        """Keep-alives so far: two CRLF between messages, which want one CRLF as answer (RFC 5626 3.5.1)."""
        self._buffer = bytearray()
        self._searched = 0
        self._needed = 0
        """Octets of the message whose head is read; 0 before that."""
        self._line_ends = 0

    def feed(self, octets: bytes) -> list[bytes]:
        """The messages that *octets* complete.

        Raises :class:`MessageError` where it is unknown how the stream goes on: the connection is to be closed.
        """
        self._buffer += octets
        messages = []
        while (message := self._next()) is not None:
            messages.append(message)
        return messages

    def _next(self) -> bytes | None:
        if not self._needed:
            self._skip_line_ends()
            self._find_end_of_head()
        if not self._needed or len(self._buffer) < self._needed:
            return None
        message = bytes(self._buffer[: self._needed])
        del self._buffer[: self._needed]
        self._needed = self._searched = self._line_ends = 0
        return message

    def _skip_line_ends(self) -> None:
        """Count the LFs before a message; what else but a CR follows belongs to the message."""
        skipped = len(self._buffer) - len(self._buffer.lstrip(b"\r\n"))
        if skipped:
            before = self._line_ends
            self._line_ends += self._buffer.count(b"\n", 0, skipped)
            self.pings += self._line_ends // 2 - before // 2
            del self._buffer[:skipped]

    def _find_end_of_head(self) -> None:
        end = HEAD_END.search(self._buffer, self._searched)
        if end is None:
            self._searched = max(0, len(self._buffer) - _LONGEST_END + 1)
            if len(self._buffer) > MOST_OCTETS:
                raise MessageError(f"no end of the header fields in {len(self._buffer)} octets")
            return
        self._needed = end.end() + self._length_of_body(bytes(self._buffer[: end.start()]))
        if self._needed > MOST_OCTETS:
            raise MessageError(f"a message of {self._needed} octets (limit {MOST_OCTETS})")

    @staticmethod
    def _length_of_body(head: bytes) -> int:
        """A message without Content-Length ends here if it has no body either (20.14 wants one on streams)."""
        _, fields = read_head(head)
        length = content_length(fields)
        if length is None and any(name.lower() == "content-type" for name, _ in fields):
            raise MessageError("Content-Length is missing in a stream")
        return length or 0
