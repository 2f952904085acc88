"""What stands below ``m=audio ... RTP/AVP``: payload types, their names, and which of them both ends know.

What this module does not do: codecs other than those it is given, several channels, RTCP, encryption.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from sandf.protocols.sdp.description import Attribute, Media

TELEPHONE_EVENT = "telephone-event"
"""RFC 4733 2: not a codec but what goes beside one."""
_RTPMAP = re.compile(r"([0-9]{1,3})\s+([^/\s]+)(?:/([0-9]{1,6}))?(?:/([0-9]{1,3}))?")
_MILLISECONDS = re.compile(r"([0-9]{1,3})(?![0-9])")
_FMTP = re.compile(r"([0-9]{1,3})\s+(.*)")
_PAYLOAD_TYPE = re.compile(r"[0-9]{1,3}")
_PAYLOAD_TYPES = range(128)
"""Seven bits of the RTP header (RFC 3550 5.1)."""
_PTIMES = range(10, 61, 10)
"""Milliseconds in a packet that we would send."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioCodec:
    """A payload type with its name."""

    payload_type: int
    name: str
    """"PCMU", "PCMA", "telephone-event"; its case does not count (RFC 4855)."""
    rate: int = 8000
    fmtp: str = ""

    def is_the_same(self, other: AudioCodec) -> bool:
        """Whether both mean the same coding; the numbers of each end are its own."""
        return self.name.lower() == other.name.lower() and self.rate == other.rate

    @property
    def is_events(self) -> bool:
        """Whether it carries telephone events."""
        return self.name.lower() == TELEPHONE_EVENT


CODECS = (
    AudioCodec(payload_type=0, name="PCMU"),
    AudioCodec(payload_type=8, name="PCMA"),
    AudioCodec(payload_type=101, name=TELEPHONE_EVENT, fmtp="0-15"),
)
"""What we offer."""
_STATIC = {0: CODECS[0], 8: CODECS[1]}
"""Numbers that need no rtpmap (RFC 3551 6), as far as we know their codings."""


def parse(media: Media) -> tuple[AudioCodec, ...]:
    """The codings of an m=audio line in the far end's order; a number that nothing names is left out."""
    maps, fmtps = dict(_parse_maps(media)), dict(_parse_fmtps(media))
    codecs = []
    for word in media.formats:
        number = int(word) if _PAYLOAD_TYPE.fullmatch(word) else -1
        codec = maps[number] if number in maps else _STATIC.get(number)
        if codec is not None and number in _PAYLOAD_TYPES:
            codecs.append(replace(codec, fmtp=fmtps.get(number, "")))
    return tuple(codecs)


def _parse_maps(media: Media) -> Iterator[tuple[int, AudioCodec | None]]:
    """None for a map of more than one channel."""
    for value in media.values("rtpmap"):
        match = _RTPMAP.match(value)
        if match:
            number, name, rate, channels = match.groups()
            codec = AudioCodec(payload_type=int(number), name=name, rate=int(rate or 8000))
            yield int(number), codec if int(channels or 1) == 1 else None


def _parse_fmtps(media: Media) -> Iterator[tuple[int, str]]:
    for value in media.values("fmtp"):
        match = _FMTP.match(value)
        if match:
            yield int(match[1]), match[2]


def choose(codecs: tuple[AudioCodec, ...], ours: tuple[AudioCodec, ...]) -> tuple[AudioCodec, AudioCodec | None] | None:
    """The far end's first coding that is one of *ours*, and its telephone events; None if there is no such coding.

    They are ours by name and parameters, with the far end's numbers.
    """
    known = [
        replace(one, payload_type=codec.payload_type) for codec in codecs for one in ours if one.is_the_same(codec)
    ]
    spoken = [codec for codec in known if not codec.is_events]
    if not spoken:
        return None
    events = [codec for codec in known if codec.is_events]
    return spoken[0], events[0] if events else None


def ptime(media: Media, default: int) -> int:
    """Milliseconds in a packet that the far end wants, if it is one that we send."""
    for value in media.values("ptime"):
        match = _MILLISECONDS.match(value)
        if match and int(match[1]) in _PTIMES:
            return int(match[1])
    return default


def attributes(codecs: tuple[AudioCodec, ...], ptime: int) -> tuple[Attribute, ...]:
    """The a= lines that name *codecs*."""
    lines: list[Attribute] = []
    for codec in codecs:
        lines.append(("rtpmap", f"{codec.payload_type} {codec.name}/{codec.rate}"))
        if codec.fmtp:
            lines.append(("fmtp", f"{codec.payload_type} {codec.fmtp}"))
    return (*lines, ("ptime", str(ptime)))
