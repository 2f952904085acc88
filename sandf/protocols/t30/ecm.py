"""Error correction (T.4 Annex A, T.30 Annex A): blocks of up to 256 frames, PPR bitmaps, and their bookkeeping.

What this module does not do: it keeps no timers and sends nothing.  Page and block counters of a far PPS are not
trusted beyond telling a repetition; frames beyond its count are taken where they join the rest without a hole,
because counts of repeated partial pages differ from machine to machine.
"""

from __future__ import annotations

from .frames import ADDRESS, CONTROL, Fcf, build

FRAMES_IN_BLOCK = 256
BITMAP_OCTETS = 32
RCP_FRAMES = (build(Fcf.RCP, final=False),) * 3
_HEADERS = tuple(bytes((ADDRESS, CONTROL, Fcf.FCD, number)) for number in range(FRAMES_IN_BLOCK))


class OutgoingBlock:
    """One block being sent: which of its frames the far terminal still misses."""

    def __init__(self, octets: bytes, frame_octets: int) -> None:
        """Cut *octets* (at most 256 frames) into FCD frames; the last is padded with zeros to its full size."""
        padded = octets + bytes(-len(octets) % frame_octets)
        self.frames = tuple(
            _HEADERS[index] + padded[at : at + frame_octets]
            for index, at in enumerate(range(0, len(padded), frame_octets))
        )
        self.octets = len(octets)
        self._pending: tuple[int, ...] = tuple(range(len(self.frames)))

    @property
    def pending(self) -> int:
        """How many frames the next partial page carries."""
        return len(self._pending)

    def partial_page(self) -> tuple[bytes, ...]:
        """The frames to send now, with three RCP behind them."""
        return tuple(self.frames[number] for number in self._pending) + RCP_FRAMES

    def request(self, bitmap: bytes) -> bool:
        """Take the FIF of PPR; False if it is no bitmap.  One that asks for none of our frames gets the last again."""
        if len(bitmap) != BITMAP_OCTETS:
            return False
        number = int.from_bytes(bitmap, "little")
        wanted = tuple(index for index in range(len(self.frames)) if number >> index & 1)
        self._pending = wanted or (len(self.frames) - 1,)
        return True


def blocks(octets: bytes, frame_octets: int) -> list[OutgoingBlock]:
    """Cut a page into blocks (T.4 Annex A); a page without octets is one block of one empty frame."""
    size = frame_octets * FRAMES_IN_BLOCK
    pieces = [octets[at : at + size] for at in range(0, len(octets), size)] or [bytes(1)]
    return [OutgoingBlock(piece, frame_octets) for piece in pieces]


class IncomingBlock:
    """One block being received."""

    def __init__(self) -> None:
        self._slots: list[bytes | None] = [None] * FRAMES_IN_BLOCK
        self._count = 0
        self.heard = False
        self.octets_heard = 0

    def put(self, octets: bytes, frame_octets: int) -> None:
        """Take one FCD frame as it came; one that is too short, or longer than a frame may be, is noise."""
        length = len(octets) - 4
        if 0 < length <= frame_octets:
            number = octets[3]
            if self._slots[number] is None:
                self.octets_heard += length
            self._slots[number] = octets[4:]
            self.heard = True

    def announced(self, count: int) -> None:
        """PPS said how many frames the block has (1 to 256); the largest number said counts."""
        self._count = max(self._count, count)

    @property
    def complete(self) -> bool:
        """Whether all announced frames are here."""
        return self._count > 0 and None not in self._slots[: self._count]

    def drop_short(self, frame_octets: int) -> None:
        """Forget frames before the last that are shorter than the frame size: their octets would shift the rest."""
        last = max((n for n, slot in enumerate(self._slots) if slot is not None), default=0)
        for number, slot in enumerate(self._slots[: max(last, self._count - 1)]):
            if slot is not None and len(slot) != frame_octets:
                self._slots[number] = None

    def bitmap(self) -> bytes:
        """The FIF of PPR: a bit for each of the 256 frames that is not here (A.4.4)."""
        missing = sum(1 << number for number, slot in enumerate(self._slots) if slot is None)
        return missing.to_bytes(BITMAP_OCTETS, "little")

    def octets(self) -> bytes:
        """The data: announced frames (holes left out), and those that join them without a hole."""
        end = self._count
        while end < FRAMES_IN_BLOCK and self._slots[end] is not None:
            end += 1
        return b"".join(slot for slot in self._slots[:end] if slot is not None)
