"""RTP packets (RFC 3550 5.1).

What this module does not do: RTCP, mixing, jitter.
"""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct

_HEADER = Struct("!BBHII")
_VERSION = 0x80


class RtpError(ValueError):
    """The octets are no RTP packet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RtpPacket:
    """One packet."""

    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    marker: bool = False
    payload: bytes = b""


def parse(octets: bytes) -> RtpPacket:
    """The packet in *octets*, without contributing sources, extension and padding.  Raises RtpError."""
    if len(octets) < _HEADER.size or octets[0] & 0xC0 != _VERSION:
        raise RtpError(f"{len(octets)} octets that are no RTP packet")
    first, second, sequence, timestamp, ssrc = _HEADER.unpack_from(octets)
    at = _HEADER.size + 4 * (first & 0x0F)
    if first & 0x10:
        if at + 4 > len(octets):
            raise RtpError("RTP extension ends too soon")
        at += 4 + 4 * int.from_bytes(octets[at + 2 : at + 4], "big")
    end = len(octets)
    if first & 0x20:
        end -= octets[-1]
    if at > end:
        raise RtpError("RTP packet ends too soon")
    return RtpPacket(
        payload_type=second & 0x7F,
        sequence=sequence,
        timestamp=timestamp,
        ssrc=ssrc,
        marker=bool(second & 0x80),
        payload=octets[at:end],
    )


class Sequencer:
    """Numbers the packets of one stream of *samples* to each, beginning where *seed* (a random number) says."""

    def __init__(self, *, payload_type: int, samples: int, seed: int) -> None:
        self._payload_type = payload_type
        self._samples = samples
        self._sequence = seed & 0xFFFF
        self._timestamp = seed >> 16 & 0xFFFFFFFF
        self._ssrc = seed >> 48 & 0xFFFFFFFF
        self._first = True

    def next(self, payload: bytes) -> bytes:
        """The next packet; the first one has the marker (RFC 3551 4.1)."""
        second = self._payload_type | (0x80 if self._first else 0)
        self._first = False
        head = _HEADER.pack(_VERSION, second, self._sequence, self._timestamp, self._ssrc)
        self._sequence = self._sequence + 1 & 0xFFFF
        self._timestamp = self._timestamp + self._samples & 0xFFFFFFFF
        return head + payload
