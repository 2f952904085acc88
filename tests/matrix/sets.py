"""The sets of runs: the covering one, in which every value of an axis meets every value of the others, and all.

What this module does not do: it makes the runs only to count what a fair call has on the line.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import cast

from sandf.protocols.t4.form import Paper
from tests.covering import Covering, Values

from .calls import Run, pages_of, passed
from .dimensions import AXES, RESOLUTIONS, Case, Distance, Place, cases
from .impairments import FAIR, IMPAIRMENTS, Impairment, Kind, count, numbers

COVERED_AXES: tuple[tuple[object, ...], ...] = (*AXES, IMPAIRMENTS, tuple(Place), tuple(Distance))
ASKED_AXES = (0, 1, 2, 5, 6)
"""Direction, mode, speed, shape, impairment: what says whether an impairment applies."""


def case_of(values: Values) -> Case:
    """The call of a run of the covering set."""
    return Case(**dict(zip(Case.__slots__, values, strict=False)))  # type: ignore[arg-type]


def applies(values: Values) -> bool:
    """Whether the case has what the impairment strikes."""
    return cast(Impairment, values[6]).applies(case_of(values))


@cache
def covering() -> Covering:
    """The covering set, always the same."""
    return Covering(COVERED_AXES, applies, ASKED_AXES)


def run_of(values: Values) -> Run:
    """A run of the covering set, its place among what the call has on the line made a number."""
    case, impairment = case_of(values), cast(Impairment, values[6])
    place, distance = cast(Place, values[7]), cast(Distance, values[8])
    page = place.of(pages_of(Run(case, impairment))) if impairment.circumstance else 1
    if impairment.kind is Kind.NONE or impairment.circumstance:
        return Run(case, impairment, page=page, distance=distance)
    return Run(case, impairment, place.of(count(list(passed(case)), impairment.label)), distance=distance)


def covering_runs() -> Iterator[Run]:
    """The runs of the covering set."""
    return map(run_of, covering().runs)


def full_runs(case: Case) -> Iterator[Run]:
    """*case* with every impairment that applies.

    Which of the frames of its kind is struck, or which page, goes round with resolution and width, of which there are
    more than frames of a kind in any call: each is struck in every direction, mode, speed and shape.  The first
    half of the turns is near, the other far.
    """
    turn = RESOLUTIONS.index(case.resolution) * len(Paper) + tuple(Paper).index(case.paper)
    for impairment in IMPAIRMENTS:
        if impairment.applies(case):
            yield _turned(Run(case, impairment, distance=tuple(Distance)[turn // 9]), turn)


def full_size() -> int:
    """How many runs the full product has."""
    return sum(impairment.applies(case) for case in cases() for impairment in IMPAIRMENTS)


def _turned(run: Run, turn: int) -> Run:
    case, impairment = run.case, run.impairment
    if impairment.circumstance:
        return replace(run, page=1 + turn % pages_of(run))
    if impairment is FAIR:
        return run
    found = numbers(impairment, list(passed(case)))
    return replace(run, number=found[turn % len(found)])


def slice_of(text: str) -> list[Case]:
    """The cases of a slice ``K/N`` (1/1 for all) of the full product; raises ValueError for what is no such thing.

    The order is by lot, always the same, so that slices take about the same time.
    """
    number, _, of = text.partition("/")
    if not 1 <= int(number) <= int(of):
        raise ValueError(f"{text!r} is no slice; 3/16 is one")
    drawn = list(cases())
    random.Random(30).shuffle(drawn)
    return drawn[int(number) - 1 :: int(of)]
