"""What T.30 says of a page beside its form: recording lengths and minimum scan line times.

Coding, resolution and width are those of ``protocols/t4/form``; the bits that stand for all of them are in
:mod:`.capabilities`.

What this module does not do: it codes and scales nothing.
"""

from __future__ import annotations

import enum

from sandf.protocols.t4.form import Resolution


class Length(enum.Enum):
    """Recording lengths (Table 2 bits 19, 20)."""

    A4 = "A4"
    B4 = "B4"
    UNLIMITED = "unlimited"


class ScanLineTime(enum.Enum):
    """Minimum scan line time codes of DIS bits 21 to 23 (bit 21 least significant): ms at 3.85 and at 7.7 lines/mm."""

    MS_20 = (0b000, 20, 20)
    MS_5 = (0b001, 5, 5)
    MS_10 = (0b010, 10, 10)
    MS_20_10 = (0b011, 20, 10)
    MS_40 = (0b100, 40, 40)
    MS_40_20 = (0b101, 40, 20)
    MS_10_5 = (0b110, 10, 5)
    MS_0 = (0b111, 0, 0)

    @property
    def code(self) -> int:
        """The three bits as a number."""
        return self.value[0]

    def milliseconds(self, resolution: Resolution, *, half_again: bool = False) -> int:
        """The time for a line at *resolution*; *half_again* is DIS bit 46, which halves it above 7.7 lines/mm."""
        _, standard, fine = self.value
        if resolution.y <= 100:
            return standard
        if resolution.y <= 300:
            return fine
        halved = fine // 2
        return halved if half_again and halved in (0, 5, 10, 20) else fine
