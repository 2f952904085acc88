"""What passes on SIP calls: messages and T.38 packets, for the ladder and as packet captures.

Each message, and each T.38 indicator, becomes a line of the trace of its call.  All packets are kept in memory as long
as the call lives and a moment longer (the answer to BYE), a bounded number of octets for each call, the first and the
last ones; then they go to the store, compressed, one call after the other, so that no page waits for them.  As with
traces nobody waits for that, and a crash loses the captures of live calls.  A capture file is made when somebody asks.

Credentials (RFC 7616) are blotted out before anything is kept.

What this module does not do: other ports; a virtual call has no packets.
"""

from __future__ import annotations

import json
import re
import zlib
from collections import deque
from collections.abc import Callable
from struct import Struct
from typing import NamedTuple

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python.failure import Failure
from zope.interface import implementer

from sandf.callcontrol.call import Call
from sandf.callcontrol.interfaces import ICallObserver
from sandf.logs import Logger
from sandf.protocols.t38.ifp import Indicator
from sandf.store.interfaces import IHistory
from sandf.store.records import TraceLine

from .pcap import Address, CapturedPacket, capture

AFTERWARDS = 3.0
"""Seconds after the end of a call for which its messages are still kept."""
BLOCK = 32_768
"""Octets of packets that lie together."""
MOST_WAYS = 255
"""Pairs of addresses in one call; a call that has more is no longer captured."""
_RECORD = Struct("<dBBH")
LONGEST_MESSAGE = 4096
"""Octets of a SIP message that a trace line keeps."""
_SECRET = re.compile(rb'((?:response|cnonce)\s*=\s*")([^"]*)"', re.IGNORECASE)
_T38 = re.compile(rb"^m=image\s+[1-9]", re.MULTILINE)

InThread = Callable[[Callable[[], bytes]], Deferred[bytes]]


class _Passed(NamedTuple):
    at: float
    outward: bool
    octets: bytes
    local: Address
    remote: Address


class _Capture:
    """The packets of one call: the first half of what may be kept, and the latest half.

    They lie one behind the other in blocks, for a Python object to each of them would take as much memory again.
    """

    def __init__(self, limit: int, ahead: float) -> None:
        """*ahead* is how far the time since 1970 is ahead of that of packets, from now on."""
        self._ahead = ahead
        self._half = limit // 2
        self._block = max(1, min(BLOCK, limit // 8))
        self._head: list[bytearray] = []
        self._tail: deque[bytearray] = deque()
        self._head_octets = self._tail_octets = 0
        self._ways: dict[tuple[Address, Address], int] = {}
        """Who with whom, by the number that packets have."""
        self.indicators: dict[bool, int] = {}
        """The latest indicator each way, of which repeats are no news."""

    def add(self, at: float, outward: bool, octets: bytes, local: Address, remote: Address) -> None:
        way = self._ways.get((local, remote))
        if way is None:
            if len(self._ways) == MOST_WAYS:
                return
            way = self._ways[local, remote] = len(self._ways)
        size = len(octets)
        record = _RECORD.pack(at + self._ahead, outward, way, size) + octets
        if self._head_octets + size <= self._half and not self._tail:
            self._append(self._head, record)
            self._head_octets += size
            return
        self._append(self._tail, record)
        self._tail_octets += len(record)
        while self._tail_octets > self._half and len(self._tail) > 1:
            self._tail_octets -= len(self._tail.popleft())

    def _append(self, blocks: list[bytearray] | deque[bytearray], record: bytes) -> None:
        if not blocks or len(blocks[-1]) >= self._block:
            blocks.append(bytearray())
        blocks[-1] += record

    def packed(self) -> bytes:
        """All that is kept, for :func:`unpacked`."""
        head = json.dumps(list(self._ways)).encode() + b"\n"
        return zlib.compress(b"".join((head, *self._head, *self._tail)), 1)


def unpacked(octets: bytes) -> list[_Passed]:
    """The packets in order, of what :meth:`_Capture.packed` made."""
    head, _, block = zlib.decompress(octets).partition(b"\n")
    ways = [(tuple(local), tuple(remote)) for local, remote in json.loads(head)]
    found, at = [], 0
    while at < len(block):
        time, outward, way, size = _RECORD.unpack_from(block, at)
        at += _RECORD.size
        found.append(_Passed(time, bool(outward), block[at : at + size], *ways[way]))
        at += size
    return found


@implementer(ICallObserver)
class CallCaptures:
    """All of them.  *line* takes trace lines; *wall* turns the reactor's time into seconds since 1970.

    *limit* is how many octets of each call are kept, 0 for no captures.
    """

    log = Logger()

    def __init__(
        self,
        *,
        store: IHistory,
        line: Callable[[Call, TraceLine], None],
        clock: IReactorTime,
        wall: Callable[[float], float],
        in_thread: InThread,
        limit: Callable[[], int],
    ) -> None:
        self._store = store
        self._line = line
        self._clock = clock
        self._wall = wall
        self._in_thread = in_thread
        self._limit = limit
        self._calls: dict[str, Call] = {}
        self._signalled: set[str] = set()
        """Calls that have messages."""
        self._captures: dict[str, _Capture] = {}
        self._ending: dict[str, IDelayedCall] = {}
        self._storing: Deferred[None] = succeed(None)

    # What telephony reports.

    def signal(
        self,
        call_id: str,
        *,
        outward: bool,
        octets: bytes,
        local: Address,
        remote: Address,
        transport: str,
        at: float,
    ) -> None:
        """A SIP message has passed."""
        octets = _SECRET.sub(_blotted, octets)
        text = summary(octets) + (f" over {transport}" if transport != "UDP" else "")
        self._tell(call_id, outward=outward, kind="sip", text=text, octets=octets[:LONGEST_MESSAGE], at=at)
        kept = self._capture_of(call_id)
        if kept is not None:
            kept.add(at, outward, octets, local, remote)

    def packet(self, call_id: str, *, outward: bool, octets: bytes, local: Address, remote: Address, at: float) -> None:
        """A UDPTL datagram has passed; an indicator, whose primary packet is one octet, is worth a line."""
        kept = self._captures.get(call_id)
        if kept is None:
            return
        kept.add(at, outward, octets, local, remote)
        if octets[2] == 1 and kept.indicators.get(outward) != octets[3]:
            kept.indicators[outward] = octets[3]
            number = octets[3] >> 1
            if octets[3] < 32:
                text = Indicator(number).name.lower().replace("_", "-")
                self._tell(call_id, outward=outward, kind="t38", text=text, octets=b"", at=at)

    def note(self, call_id: str, *, outward: bool, kind: str, text: str, at: float) -> None:
        """Something happened that people want to see between the messages."""
        self._tell(call_id, outward=outward, kind=kind, text=text, octets=b"", at=at)

    def _tell(self, call_id: str, *, outward: bool, kind: str, text: str, octets: bytes, at: float) -> None:
        call = self._calls.get(call_id)
        if call is not None:
            self._signalled.add(call_id)
            elapsed = max(0.0, at - call.began_at)
            line = TraceLine(call_id=call_id, at=elapsed, outward=outward, kind=kind, text=text, octets=octets)
            self._line(call, line)

    def _capture_of(self, call_id: str) -> _Capture | None:
        """The capture of a call, which begins with its first message."""
        kept = self._captures.get(call_id)
        if kept is None and call_id in self._calls and self._limit():
            kept = self._captures[call_id] = _Capture(self._limit(), self._wall(0.0))
        return kept

    # ICallObserver.

    def call_began(self, call: Call) -> None:
        """It may be one with packets."""
        self._calls[call.call_id] = call

    def event_seen(self, call: Call, event: object) -> None:
        """Telephony reports what matters here."""

    def call_ended(self, call: Call) -> None:
        """Its capture is made when its last messages have passed."""
        if call.call_id in self._signalled:
            self._ending[call.call_id] = self._clock.callLater(AFTERWARDS, self._store_next, call.call_id)
        else:
            del self._calls[call.call_id]

    # Captures.

    async def capture(self, call_id: str) -> bytes | None:
        """The capture file of a live or ended call; None if there is none."""
        kept = self._captures.get(call_id)
        if kept is not None:
            return await self._in_thread(lambda: _file(kept.packed()))
        stored = await self._store.capture(call_id)
        return None if stored is None else await self._in_thread(lambda: _file(stored))

    def _store_next(self, call_id: str) -> None:
        """Store it when those before it are stored."""
        self._ending.pop(call_id, None)
        self._calls.pop(call_id, None)
        self._signalled.discard(call_id)
        if call_id not in self._captures:
            return
        self._storing = self._storing.addCallback(lambda _: self._store_capture(call_id))

    def _store_capture(self, call_id: str) -> Deferred[None]:
        kept = self._captures[call_id]

        def done(result: object) -> None:
            if isinstance(result, Failure):
                reason = result.getErrorMessage()
                self.log.warn("call({call}): its capture is not kept: {reason}", call=call_id, reason=reason)
            self._captures.pop(call_id, None)

        packed = self._in_thread(kept.packed)
        return packed.addCallback(lambda octets: self._store.add_capture(call_id, octets)).addBoth(done)

    async def stop(self) -> None:
        """The gateway closes down: keep what waits to be kept."""
        for call_id, timer in list(self._ending.items()):
            timer.cancel()
            self._store_next(call_id)
        await self._storing


def _file(octets: bytes) -> bytes:
    found = []
    for at, outward, packet, local, remote in unpacked(octets):
        source, to = (local, remote) if outward else (remote, local)
        found.append(CapturedPacket(at, source, to, packet))
    return capture(found)


def _blotted(secret: re.Match[bytes]) -> bytes:
    return secret[1] + b"x" * len(secret[2]) + b'"'


def summary(octets: bytes) -> str:
    """What a SIP message is, in a word or two: ``INVITE (T.38)``, ``200 OK (INVITE)``."""
    head, _, body = octets.partition(b"\r\n\r\n")
    first, _, fields = head.decode("utf-8", "replace").partition("\r\n")
    words = first.split()
    media = " (T.38)" if _T38.search(body) else ""
    if not words:
        return "an empty message"
    if words[0] != "SIP/2.0":
        return words[0][:20] + media
    method = re.search(r"^cseq\s*:\s*\d+\s+(\S+)", fields, re.IGNORECASE | re.MULTILINE)
    return (" ".join(words[1:])[:24] or "a response") + (f" ({method[1][:12]})" if method else "") + media
