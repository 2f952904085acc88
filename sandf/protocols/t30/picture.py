"""What a page looks like to T.30: resolutions, widths, lengths, codings and minimum scan line times.

All are enums whose members carry their figures; the bits that stand for them are in :mod:`.capabilities`.

What this module does not do: it codes and scales nothing.
"""

from __future__ import annotations

import enum


class Coding(enum.Enum):
    """Coding schemes for black and white (T.4 4.1, 4.2; T.6)."""

    MH = "MH"
    MR = "MR"
    MMR = "MMR"


class Resolution(enum.Enum):
    """Resolutions of T.30 Table 2; the value is dots per 25.4 mm across and down, and whether it is metric."""

    STANDARD = (204, 98, True)  # R8 x 3.85 lines/mm
    FINE = (204, 196, True)  # R8 x 7.7 lines/mm, bit 15
    SUPERFINE = (204, 391, True)  # R8 x 15.4 lines/mm, bit 41
    R16 = (408, 391, True)  # R16 x 15.4 lines/mm, bit 43
    INCH_200X100 = (200, 100, False)
    INCH_200 = (200, 200, False)  # bit 15
    INCH_200X400 = (200, 400, False)  # bit 41
    INCH_300 = (300, 300, False)  # bit 42
    INCH_400 = (400, 400, False)  # bit 43

    @property
    def across(self) -> int:
        """Dots per 25.4 mm across the page."""
        return self.value[0]

    @property
    def down(self) -> int:
        """Lines per 25.4 mm down the page."""
        return self.value[1]

    @property
    def metric(self) -> bool:
        """Whether it is one of the metric resolutions."""
        return self.value[2]


class Width(enum.Enum):
    """Recording widths (Table 2 bits 17, 18); the value is the width in mm."""

    A4 = 215
    B4 = 255
    A3 = 303

    def pixels(self, resolution: Resolution) -> int:
        """Picture elements in a line (T.4 Table 1)."""
        return _PIXELS[self][300 if resolution.across == 300 else 400 if resolution.across >= 400 else 200]


_PIXELS: dict[Width, dict[int, int]] = {
    Width.A4: {200: 1728, 300: 2592, 400: 3456},
    Width.B4: {200: 2048, 300: 3072, 400: 4096},
    Width.A3: {200: 2432, 300: 3648, 400: 4864},
}


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
        if resolution.down <= 100:
            return standard
        if resolution.down <= 300:
            return fine
        halved = fine // 2
        return halved if half_again and halved in (0, 5, 10, 20) else fine
