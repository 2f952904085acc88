"""G.711: linear samples of 16 bits to mu-law and A-law octets.

What this module does not do: decode.
"""

from __future__ import annotations

from collections.abc import Iterable

SILENCE = {"PCMU": 0xFF, "PCMA": 0xD5}
"""The octet of silence of each codec."""
_BIAS, _CLIP = 0x84, 32635


def to_mu_law(sample: int) -> int:
    """One sample, -32768 to 32767 (G.711 Table 2a)."""
    sign = 0x80 if sample < 0 else 0
    magnitude = min(abs(sample), _CLIP) + _BIAS
    exponent = max(0, magnitude.bit_length() - 8)
    return ~(sign | exponent << 4 | magnitude >> exponent + 3 & 0x0F) & 0xFF


def to_a_law(sample: int) -> int:
    """One sample, -32768 to 32767 (G.711 Table 1a), even bits inverted."""
    sign = 0x80 if sample >= 0 else 0
    magnitude = min(abs(sample) if sample >= 0 else -sample - 1, 0x7FFF) >> 3
    exponent = max(0, magnitude.bit_length() - 5)
    mantissa = magnitude >> max(1, exponent) & 0x0F
    return (sign | exponent << 4 | mantissa) ^ 0x55


_ENCODERS = {"PCMU": to_mu_law, "PCMA": to_a_law}


def encode(samples: Iterable[int], codec: str) -> bytes:
    """*samples* in *codec*, ``PCMU`` or ``PCMA``."""
    return bytes(map(_ENCODERS[codec], samples))
