"""The axes of the matrix, as data, and their full product.

What this module does not do: it calls nobody, and impairments, the last axis, are in :mod:`.impairments`.
"""

from __future__ import annotations

import enum
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from sandf.protocols.t4.form import Coding, Paper, Resolution
from sandf.protocols.t30.modems import LADDER
from sandf.protocols.t30.pump import Modulation


class Direction(enum.Enum):
    """Who transmits the pages."""

    CALLER_SENDS = "caller"
    CALLED_SENDS = "called"


class Mode(enum.Enum):
    """Error correction and coding; the value is the octets of an ECM frame (0 for none) and the coding."""

    ECM_256_MH = (256, Coding.MH)
    ECM_256_MR = (256, Coding.MR)
    ECM_256_MMR = (256, Coding.MMR)
    ECM_64_MH = (64, Coding.MH)
    ECM_64_MR = (64, Coding.MR)
    ECM_64_MMR = (64, Coding.MMR)
    MH = (0, Coding.MH)
    MR = (0, Coding.MR)

    @property
    def frame_octets(self) -> int:
        """Octets of an ECM frame; 0 without error correction."""
        return self.value[0]

    @property
    def coding(self) -> Coding:
        """How the pages are coded."""
        return self.value[1]

    @property
    def ecm(self) -> bool:
        """Whether there is error correction."""
        return self.value[0] > 0


class Shape(enum.Enum):
    """What the document is like."""

    ONE_PAGE = "one page"
    TWO_PAGES = "two pages"
    TEN_PAGES = "ten pages"
    ONE_LINE = "a page of one line"
    LONG = "a page of 10,000 lines"
    CHANGING = "pages of different sizes"


class Place(enum.Enum):
    """Which of the frames of a kind is struck in the covering set; in the product every one of them is."""

    FIRST = "first"
    MIDDLE = "middle"
    LAST = "last"

    def of(self, count: int) -> int:
        """The number (1 on) of that place among *count*."""
        return {Place.FIRST: 1, Place.MIDDLE: (count + 1) // 2, Place.LAST: count}[self]


class Distance(enum.Enum):
    """How far the two ends are from one another; the value is seconds one way."""

    NEAR = 0.0
    SATELLITE = 0.27


SPEEDS = tuple(reversed(LADDER))
RESOLUTIONS = (
    Resolution.STANDARD,
    Resolution.FINE,
    Resolution.SUPERFINE,
    Resolution.INCH_200,
    Resolution.INCH_300,
    Resolution.INCH_400,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A call without its impairment."""

    direction: Direction
    mode: Mode
    speed: Modulation
    resolution: Resolution
    paper: Paper
    shape: Shape

    def __str__(self) -> str:
        words = (self.direction, self.mode, self.speed, self.resolution, self.paper, self.shape)
        return " ".join(word.name for word in words)


AXES: tuple[tuple[enum.Enum, ...], ...] = (
    tuple(Direction),
    tuple(Mode),
    SPEEDS,
    RESOLUTIONS,
    tuple(Paper),
    tuple(Shape),
)
"""In the order of the fields of :class:`Case`."""


def cases() -> Iterator[Case]:
    """The full product of the axes of a call."""
    for direction, mode, speed, resolution, paper, shape in itertools.product(
        Direction, Mode, SPEEDS, RESOLUTIONS, Paper, Shape
    ):
        yield Case(direction=direction, mode=mode, speed=speed, resolution=resolution, paper=paper, shape=shape)
