"""The form of a fax page: coding, resolution, width (T.30 Table 2, T.4 clauses 2 and 4, T.6).

The one vocabulary for pages that T.30 negotiates, T.4 codes, TIFF-FX stores and documents are rendered to.
It holds no image data.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Coding(enum.Enum):
    """How the rows of a page are coded."""

    MH = "mh"
    """Modified Huffman, one-dimensional (T.4 4.1)."""
    MR = "mr"
    """Modified READ, two-dimensional (T.4 4.2)."""
    MMR = "mmr"
    """Modified Modified READ (T.6); only with error correction (T.30 Table 2, bit 31)."""


class Resolution(enum.Enum):
    """Picture elements per 25.4 mm, across and along; the value is what TIFF-FX writes (RFC 3949 2.2.2)."""

    STANDARD = (204, 98)
    """R8 x 3.85 lines/mm."""
    FINE = (204, 196)
    """R8 x 7.7 lines/mm."""
    SUPERFINE = (204, 391)
    """R8 x 15.4 lines/mm."""
    R16 = (408, 391)
    """R16 x 15.4 lines/mm."""
    INCH_200X100 = (200, 100)
    INCH_200 = (200, 200)
    INCH_200X400 = (200, 400)
    INCH_300 = (300, 300)
    INCH_400 = (400, 400)

    @property
    def x(self) -> int:
        """Picture elements per inch along a row."""
        return self.value[0]

    @property
    def y(self) -> int:
        """Rows per inch."""
        return self.value[1]

    @property
    def metric(self) -> bool:
        """Whether it is given to the millimetre, not to the inch (T.30 Table 2, bits 44 and 45)."""
        return self.value[0] in (204, 408)


class Paper(enum.Enum):
    """Recording widths of T.30 Table 2, bits 17 and 18; the value is the row length in pels at R8 or 200/inch."""

    A4 = 1728
    B4 = 2048
    A3 = 2432

    def pels(self, resolution: Resolution) -> int:
        """Row length in pels at *resolution* (T.4 2.2 and Annex D)."""
        if resolution is Resolution.INCH_300:
            return self.value * 3 // 2
        if resolution in (Resolution.R16, Resolution.INCH_400):
            return self.value * 2
        return self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class PageForm:
    """What a page must look like to be sent, or looked like when it came."""

    coding: Coding
    resolution: Resolution
    paper: Paper = Paper.A4

    @property
    def width(self) -> int:
        """Row length in pels."""
        return self.paper.pels(self.resolution)
