"""How long each transmission takes on a line: bearers, tests and the bench share this one truth.

Every bit is charged: training by modem, V.21 preamble, opening and closing flags, FCS and zero insertion.  Times are
seconds.  Training times are those of the Recommendations without the optional talker echo protection tone:
V.27ter 2.5.1 (long: 50 + 1074 + 8 symbols), V.29 8 (608 symbols), V.17 5 (long 3344, short 342 symbols).

What this module does not do: it adds no gaps (the terminal asks for those by SendSilence), no network delay, and no
turn-off sequences, which fall into the gaps.
"""

from __future__ import annotations

from collections.abc import Sequence

from sandf.protocols.hdlc import fcs, stuffed_bits

from . import pump
from .pump import Modulation

FLAG_BITS = 8
V21_PREAMBLE = 32 * FLAG_BITS / Modulation.V21.bit_rate
"""Flags before the one that opens the first frame; with it they are 0.88 s of the 1 s, give or take 15 %, that T.30
5.3.1 asks for, and 0.853 s without.  A call has dozens of these, and their last 0.12 s say nothing to anybody."""
ECM_PREAMBLE = 0.2
"""Flags before the one that opens the first frame of a partial page: 200 ms, and up to 100 ms more (T.4 A.3.1)."""
V21_CLOSING_FLAGS = 1
"""A frame ends with a flag (T.30 5.3.3); nothing is asked for behind it."""
ECM_CLOSING_FLAGS = 2
"""Behind the last RCP: flags for less than 50 ms (T.4 A.3.8)."""

_SYMBOL_RATE = {Modulation.V27TER_2400: 1200, Modulation.V27TER_4800: 1600}
_LONG_SYMBOLS = {"V.27ter": 50 + 1074 + 8, "V.29": 608, "V.17": 256 + 2976 + 64 + 48}
_SHORT_SYMBOLS = {"V.27ter": 50 + 1074 + 8, "V.29": 608, "V.17": 256 + 38 + 48}


def training_seconds(modulation: Modulation, *, short: bool = False) -> float:
    """The synchronizing signals before data; only V.17 has a short sequence in T.30."""
    symbols = (_SHORT_SYMBOLS if short else _LONG_SYMBOLS)[modulation.system]
    return symbols / _SYMBOL_RATE.get(modulation, 2400)


def frame_bits(octets: bytes) -> int:
    """The bits of one frame between its flags: with FCS and inserted zeros."""
    return stuffed_bits(octets + fcs(octets))


def frames_bits(frames: Sequence[bytes]) -> int:
    """The bits of *frames* with one flag before each."""
    return sum(frame_bits(frame) + FLAG_BITS for frame in frames)


def seconds(command: pump.Command) -> float:
    """How long the pump is busy with *command*; 0 for listening and Release."""
    match command:
        case pump.SendTone(seconds=duration) | pump.SendSilence(seconds=duration):
            return duration
        case pump.SendFrames(frames=frames):
            bits = frames_bits(frames) + V21_CLOSING_FLAGS * FLAG_BITS
            return V21_PREAMBLE + bits / Modulation.V21.bit_rate
        case pump.SendTraining(modulation=modulation, seconds=duration):
            return training_seconds(modulation) + duration
        case pump.SendPage(modulation=modulation, short_training=short, octets=octets):
            return training_seconds(modulation, short=short) + 8 * len(octets) / modulation.bit_rate
        case pump.SendPartialPage(modulation=modulation, short_training=short, frames=frames):
            bits = frames_bits(frames) + ECM_CLOSING_FLAGS * FLAG_BITS
            return training_seconds(modulation, short=short) + ECM_PREAMBLE + bits / modulation.bit_rate
        case _:
            return 0.0
