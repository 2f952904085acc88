"""The audio of a call until it has changed to T.38: RTP out, 20 ms by 20 ms, and a look at whether any comes in.

Whoever does not say which addresses it trusts sends to the description's address only (see :mod:`.latch`).

What this module does not do: listen.
"""

from __future__ import annotations

from collections.abc import Iterator

from twisted.internet.interfaces import IDelayedCall

from sandf.callcontrol.media import LineClock
from sandf.protocols.rtp.packet import RtpError, Sequencer, parse
from sandf.protocols.rtp.tones import PACKET, Tone, payloads

from .latch import Latch
from .media_ports import Address, MediaSocket

STEP = 0.02
"""Seconds between packets."""
SILENT_FIRST = 0.2
"""Seconds before the first packet.  T.30 4.1 wants so much silence before CED; most calls are in T.38 by then, and many
that begin at once need not send what nobody hears."""
MOST_BEHIND = 0.2
"""Seconds; packets that are later than this are left out: nobody wants to hear them in a heap."""


class AudioStream:
    """Sends to *address*, *port*; *seed* is a random number for the numbering."""

    def __init__(
        self,
        socket: MediaSocket,
        clock: LineClock,
        *,
        address: str,
        port: int,
        payload_type: int,
        codec: str,
        seed: int,
        trusted: tuple[str, ...] = (),
    ) -> None:
        self.received = 0
        """Packets that have come."""
        self._socket = socket
        self._clock = clock
        self._latch = Latch(_is_rtp, moves=bool(trusted))
        self._latch.aim(address, port, trusted)
        self._codec = codec
        self._packets = Sequencer(payload_type=payload_type, samples=PACKET, seed=seed)
        self._payloads: Iterator[bytes] = payloads(None, codec)
        self._timer: IDelayedCall | None = None
        self._began = 0.0
        self._sent = 0

    def start(self) -> None:
        """Send silence, or what :meth:`play` said, from :data:`SILENT_FIRST` on."""
        self._socket.attach(self._came)
        self._began, self._sent = self._clock.seconds() + SILENT_FIRST, 0
        self._timer = self._clock.callLater(SILENT_FIRST, self._send)

    def play(self, tone: Tone) -> None:
        """Send *tone* from now on."""
        self._payloads = payloads(tone, self._codec)

    def stop(self) -> None:
        """Send nothing more."""
        self._socket.attach(None)
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None

    def _send(self) -> None:
        if self._latch.to is not None:
            self._socket.send(self._packets.next(next(self._payloads)), self._latch.to)
        self._sent += 1
        wait = self._began + self._sent * STEP - self._clock.seconds()
        if wait < -MOST_BEHIND:
            self._began -= wait
        self._timer = self._clock.callLater(max(0.0, wait), self._send)

    def _came(self, octets: bytes, source: Address) -> None:
        self.received += self._latch.admits(octets, source)


def _is_rtp(octets: bytes) -> bool:
    try:
        parse(octets)
    except RtpError:
        return False
    return True
