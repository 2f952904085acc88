"""What a fax machine lets be heard before T.38: CNG and CED (T.30 4), as payloads of 20 ms, 8,000 samples a second.

CED is one plain tone.  ANSam, with its phase reversals and amplitude modulation, would invite V.8, which we do not
speak.

What this module does not do: detect tones.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Iterator
from functools import cache

from . import g711

RATE = 8000
"""Samples a second."""
PACKET = 160
"""Samples in 20 ms."""
LEVEL = 5_690
"""Peak amplitude of -12 dBm0: a sine of full scale, 32,636 as to_mu_law counts, is 3.17 dBm0 (G.711)."""


class Tone(enum.Enum):
    """The tones; each knows its frequency and cadence, in packets of 20 ms."""

    CNG = "CNG"
    """1,100 Hz, 0.5 s on and 3 s off, again and again (T.30 4.2)."""
    CED = "CED"
    """2,100 Hz for 3 s, once (T.30 4.1; the silence before it is for whoever plays it)."""

    @property
    def hertz(self) -> int:
        """Its frequency."""
        return 1100 if self is Tone.CNG else 2100


@cache
def silence(codec: str) -> bytes:
    """20 ms of it."""
    return bytes([g711.SILENCE[codec]]) * PACKET


@cache
def _tone(tone: Tone, codec: str) -> bytes:
    """20 ms of *tone*: a whole number of its periods, so that each packet goes on where the last one ended."""
    samples = (round(LEVEL * math.sin(2 * math.pi * tone.hertz * n / RATE)) for n in range(PACKET))
    return g711.encode(samples, codec)


def payloads(tone: Tone | None, codec: str) -> Iterator[bytes]:
    """Without end: *tone* in its cadence, or silence."""
    quiet = silence(codec)
    if tone is Tone.CED:
        yield from [_tone(tone, codec)] * 150
    while tone is Tone.CNG:
        yield from [_tone(tone, codec)] * 25
        yield from [quiet] * 150
    while True:
        yield quiet
