"""The least air time that a fax call needs by the Recommendations, from its coded pages: every turn that such a call
has, every duration at its lawful minimum, every bit of the pages with its framing and zero insertion.

The numbers are those of the Recommendations and not of :mod:`sandf.protocols.t30.air`, and the bits are counted anew
here, so that neither hides a fault of the other.  What the two terminals say of themselves (CSI, DIS, TSI, DCS) is
taken as it was sent: its length is a matter of what they can do.

What this module does not do: repetitions, polling, or any fall-back; nor the turn-off sequences of the modems, which
fall into the gaps behind them.
"""

from __future__ import annotations

from collections.abc import Sequence

from .air_spent import Spent

SILENCE = 0.2
"""T.30 4.1.1: at least so long between the answer and CED."""
CED = 2.6
"""T.30 4.1.1: 2.6 to 4.0 s."""
GAP = 0.055
"""T.30 4.1.1, and notes 3 and 4 to 5.1: 75 ms, give or take 20, behind CED and where the modulation changes.  For the
turn from V.21 to V.21 no clause has a figure; the same is taken."""
V21_PREAMBLE = 0.85
"""T.30 5.3.1: flags for 1 s, give or take 15 %; the last opens the first frame."""
TCF = 1.35
"""T.30 5.3.6.1.3: 1.5 s of zeros, give or take 10 %."""
LONG_TRAINING = 3344 / 2400
"""V.17 table 3: 256, 2976, 64 and 48 symbols."""
SHORT_TRAINING = 342 / 2400
"""V.17 table 4: 256, 38 and 48 symbols; for pages, which follow the long training of TCF."""
ECM_FLAGS = 0.2
"""T.4 A.3.1: 200 ms, and up to 100 ms more; the last flag opens the first frame."""
FRAME_OCTETS = 256
BLOCK_OCTETS = 256 * FRAME_OCTETS
"""T.30 A.3.2, A.3.3: frames of 256 octets, 256 of them in a block; the last may be shorter (T.4 A.3.6.2, note 2)."""
RCPS = 3
"""T.4 A.3.8: three RCP end a partial page, with flags for less than 50 ms behind them."""
V21_RATE = 300
RATE = 14400
FLAG = 8
CFR = b"\xff\x13\x84"
MPS = b"\xff\x13\x4e"
EOP = b"\xff\x13\x2e"
MCF = b"\xff\x13\x8c"
DCN = b"\xff\x13\xfa"
RCP = b"\xff\x03\x86"
PPS = b"\xff\x13\xbe"
FCD = b"\xff\x03\x06"
WITH_X = 1
"""The lowest bit of the FCF of whoever has received DIS (T.30 5.3.6.1)."""


def _crc(octets: bytes) -> int:
    """The FCS of T.30 5.3.7, bit by bit, first bit lowest."""
    register = 0xFFFF
    for octet in octets:
        register ^= octet
        for _ in range(8):
            register = register >> 1 ^ (0x8408 if register & 1 else 0)
    return register ^ 0xFFFF


def _bits(octets: bytes) -> str:
    return "".join(_BITS[octet] for octet in octets)


_BITS = [f"{octet:08b}"[::-1] for octet in range(256)]


def line_bits(frame: bytes) -> int:
    """Bits of *frame* on the line: with FCS, a zero behind five ones, and one flag behind."""
    sent = _bits(frame + _crc(frame).to_bytes(2, "little"))
    return len(sent) + sent.count("11111") + FLAG


def _x(frame: bytes) -> bytes:
    return frame[:2] + bytes((frame[2] | WITH_X,)) + frame[3:]


class Floor:
    """Adds up turns."""

    def __init__(self) -> None:
        self.spent = Spent()

    def v21(self, *frames: bytes) -> None:
        """A gap, the preamble, and *frames*."""
        self.spent.gaps += GAP
        self.spent.v21_preambles += V21_PREAMBLE
        self.spent.v21_frames += sum(map(line_bits, frames)) / V21_RATE

    def training_check(self) -> None:
        """A gap, long training, TCF."""
        self.spent.gaps += GAP
        self.spent.training += LONG_TRAINING
        self.spent.tcf += TCF

    def page(self, octets: bytes) -> None:
        """A gap, short training, a page without error correction."""
        self.spent.gaps += GAP
        self.spent.training += SHORT_TRAINING
        self.spent.page += 8 * len(octets) / RATE

    def partial_page(self, octets: bytes) -> None:
        """A gap, short training, flags, a block in frames, RCP."""
        self.spent.gaps += GAP
        self.spent.training += SHORT_TRAINING
        self.spent.ecm_preambles += ECM_FLAGS
        pieces = [octets[at : at + FRAME_OCTETS] for at in range(0, len(octets), FRAME_OCTETS)]
        bits = sum(line_bits(FCD + bytes((number,)) + piece) for number, piece in enumerate(pieces))
        self.spent.page += 8 * len(octets) / RATE
        self.spent.ecm_framing += (bits + RCPS * line_bits(RCP) - 8 * len(octets)) / RATE


def floor(pages: Sequence[bytes], *, ecm: bool, called: Sequence[bytes], caller: Sequence[bytes]) -> Spent:
    """The least time for *pages* as they go over the line, V.17 at 14,400 bit/s, from the answer to the end of DCN.

    *called* are the frames of CSI and DIS, *caller* those of TSI and DCS.
    """
    call = Floor()
    call.spent.silence, call.spent.ced = SILENCE, CED
    call.v21(*called)
    call.v21(*caller)
    call.training_check()
    call.v21(CFR)
    for number, octets in enumerate(pages):
        command = EOP if number == len(pages) - 1 else MPS
        if ecm:
            _corrected(call, number, octets, command)
        else:
            call.page(octets)
            call.v21(_x(command))
            call.v21(MCF)
    call.v21(_x(DCN))
    return call.spent


def _corrected(call: Floor, page: int, octets: bytes, command: bytes) -> None:
    """A page in its blocks, each with its PPS and MCF."""
    blocks = [octets[at : at + BLOCK_OCTETS] for at in range(0, len(octets), BLOCK_OCTETS)]
    for number, block in enumerate(blocks):
        last = number == len(blocks) - 1
        frames = -(-len(block) // FRAME_OCTETS)
        call.partial_page(block)
        call.v21(_x(PPS) + bytes((_x(command)[2] if last else 0, page, number, frames - 1)))
        call.v21(MCF)
