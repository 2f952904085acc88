"""Covering arrays: few rows in which each value of an axis meets each value of every other.

What this module does not do: it looks for no smallest array, only for a small one.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Hashable, Mapping, Sequence
from itertools import combinations, product
from typing import TypeVar

T = TypeVar("T", bound=Hashable)


def pairwise(
    axes: Mapping[str, Sequence[T]], allowed: Callable[[Mapping[str, T]], bool] = lambda row: True
) -> list[dict[str, T]]:
    """Rows with one value of each of *axes*, all of them *allowed*, the same ones each time.

    Every pair of values that some allowed row has is in a row.  All allowed rows are looked at, so there must not be
    too many: the next row is the first of those with the most pairs that no row has yet.
    """
    rows = [row for values in product(*axes.values()) if allowed(row := dict(zip(axes, values, strict=True)))]
    pairs = [set(combinations(row.items(), 2)) for row in rows]
    gains = [(-len(found), number) for number, found in enumerate(pairs)]
    heapq.heapify(gains)
    covered: set[object] = set()
    chosen: list[dict[str, T]] = []
    while gains:
        gain, number = heapq.heappop(gains)
        pairs[number] -= covered
        if len(pairs[number]) == -gain > 0:
            chosen.append(rows[number])
            covered |= pairs[number]
        elif pairs[number]:
            heapq.heappush(gains, (-len(pairs[number]), number))
    return chosen
