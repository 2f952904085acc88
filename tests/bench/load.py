"""A load generator in a process of its own: ``python -m tests.bench.load PORT ADDRESS MESSAGES SESSIONS OCTETS``.

Each session is one connection that sends one message after the other; all sessions share the number of messages.  It
prints the seconds from the first connection to the last 250, and ends with status 1 if anything was refused.  For
machines without Postfix, whose ``smtp-source`` does the same.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator

from . import papers


class Refused(Exception):
    """The server said something else than what a session needs."""


async def _expect(reader: asyncio.StreamReader, code: bytes) -> None:
    while True:
        line = await reader.readline()
        if line[:3] != code:
            raise Refused(line.decode(errors="replace").strip() or "connection closed")
        if line[3:4] != b"-":
            return


async def _session(port: int, address: str, message: bytes, numbers: Iterator[int]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await _expect(reader, b"220")
    writer.write(b"EHLO localhost\r\n")
    await _expect(reader, b"250")
    for _ in numbers:
        for line, code in (
            (b"MAIL FROM:<bench@localhost>\r\n", b"250"),
            (f"RCPT TO:<{address}>\r\n".encode(), b"250"),
            (b"DATA\r\n", b"354"),
            (message, b"250"),
        ):
            writer.write(line)
            await _expect(reader, code)
    writer.write(b"QUIT\r\n")
    await _expect(reader, b"221")
    writer.close()


async def load(port: int, address: str, messages: int, sessions: int, octets: int) -> float:
    """Send, and say how many seconds it took; raises Refused."""
    message = b"Subject: bench\r\n\r\n" + papers.words(octets) + b".\r\n"
    numbers = iter(range(messages))
    began = time.monotonic()
    await asyncio.gather(*(_session(port, address, message, numbers) for _ in range(sessions)))
    return time.monotonic() - began


if __name__ == "__main__":
    try:
        print(asyncio.run(load(int(sys.argv[1]), sys.argv[2], *map(int, sys.argv[3:6]))))
    except (Refused, OSError) as error:
        sys.exit(f"load: {error}")
