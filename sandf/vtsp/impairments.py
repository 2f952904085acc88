"""What a bad line does to a signal: loss, bit errors, delay and jitter, all drawn from a seed.

The same seed and the same signals give the same damage, so that a failing call can be replayed.

What this module does not do: it keeps no time; :mod:`.line` does.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

PIECE = 0.04
"""Seconds of signal that one loss takes away, as a packet would carry them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Impairments:
    """The settings of a virtual line.  The default is a perfect one."""

    loss: float = 0.0
    """Share of the pieces of :data:`PIECE` seconds that are lost, 0 to 1; tones and training count as one piece."""
    delay: float = 0.0
    """Seconds from end to end."""
    jitter: float = 0.0
    """Seconds by which each transmission comes later still, at most; evenly spread."""
    bit_error_rate: float = 0.0
    """Share of bits that arrive wrong, 0 to 0.5."""
    fastest: int = 0
    """Bit rate above which nothing but noise arrives; 0 for no such limit."""
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.loss <= 1 or not 0 <= self.bit_error_rate <= 0.5 or self.delay < 0 or self.jitter < 0:
            raise ValueError(f"no such line: {self}")


class Noise:
    """The damage of one direction of one call; *name* tells it from the other directions of the same seed."""

    def __init__(self, impairments: Impairments, name: str) -> None:
        self._impairments = impairments
        self._random = random.Random(f"{impairments.seed} {name}")
        self._to_next_error = self._gap()

    def latency(self) -> float:
        """Seconds that the next transmission is under way."""
        jitter = self._impairments.jitter
        return self._impairments.delay + (self._random.uniform(0, jitter) if jitter else 0.0)

    def drowns(self, bit_rate: int) -> bool:
        """Whether nothing but noise arrives at *bit_rate*."""
        return bool(self._impairments.fastest) and bit_rate > self._impairments.fastest

    def swallows(self) -> bool:
        """Whether the next piece is lost."""
        return bool(self._impairments.loss) and self._random.random() < self._impairments.loss

    def frame(self, octets: bytes, bits: int, bit_rate: int) -> tuple[bytes, bool] | None:
        """A frame of *bits* on the line as it arrives, and whether its FCS is right; None if nothing of it comes."""
        errors = self._errors(bits) if self._impairments.bit_error_rate else []
        damaged = _flipped(octets, errors) if errors else octets
        if not self._impairments.loss:
            return damaged, not errors
        kept = self._without_lost(damaged, bit_rate)
        if not kept:
            return None
        return kept, not errors and len(kept) == len(octets)

    def data(self, octets: bytes, bit_rate: int) -> bytes:
        """Page data or TCF as it arrives."""
        if self.drowns(bit_rate):
            return self._random.randbytes(len(octets))
        if self._impairments.bit_error_rate and (errors := self._errors(8 * len(octets))):
            octets = _flipped(octets, errors)
        return self._without_lost(octets, bit_rate) if self._impairments.loss else octets

    def _without_lost(self, octets: bytes, bit_rate: int) -> bytes:
        size = max(1, int(bit_rate * PIECE) // 8)
        pieces = (octets[start : start + size] for start in range(0, len(octets), size))
        return b"".join(piece for piece in pieces if not self.swallows())

    def _gap(self) -> int:
        """Good bits up to the next bad one."""
        rate = self._impairments.bit_error_rate
        return int(math.log(1.0 - self._random.random()) / math.log(1.0 - rate)) if rate else 0

    def _errors(self, bits: int) -> list[int]:
        """Which of the next *bits* are wrong."""
        errors = []
        at = self._to_next_error
        while at < bits:
            errors.append(at)
            at += 1 + self._gap()
        self._to_next_error = at - bits
        return errors


def _flipped(octets: bytes, errors: list[int]) -> bytes:
    damaged = bytearray(octets)
    for error in errors:
        if error < 8 * len(octets):
            damaged[error // 8] ^= 1 << error % 8
    return bytes(damaged)
