"""A set of runs in which every value of each axis meets every value of all others.

The search is greedy: for a pair that no run has yet, the run is chosen that brings most new pairs among some that are
drawn by lot, always the same lot.

What this module does not do: it knows no axis; *applies* says which values go together, and a run that it refuses is in
no set.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Collection, Iterator, Sequence

Values = tuple[object, ...]
Applies = Callable[[Values], bool]
Pair = tuple[int, object, int, object]
_TRIES = 10


def pairs_of(values: Values) -> Iterator[Pair]:
    """Every pair of values of two axes that is in one run."""
    for i, j in itertools.combinations(range(len(values)), 2):
        yield i, values[i], j, values[j]


def all_pairs(axes: Sequence[Sequence[object]]) -> list[Pair]:
    """Every pair of values of two of *axes*, those with the most values first."""
    order = sorted(itertools.combinations(range(len(axes)), 2), key=lambda ij: -len(axes[ij[0]]) * len(axes[ij[1]]))
    return [(i, a, j, b) for i, j in order for a in axes[i] for b in axes[j]]


def completions(
    axes: Sequence[Sequence[object]], pair: Pair, applies: Applies, asked: Collection[int]
) -> Iterator[Values]:
    """Every run with *pair*, in order, and with the first value of each axis that *applies* does not look at."""
    i, a, j, b = pair
    choices = [values if index in asked else values[:1] for index, values in enumerate(axes)]
    choices[i], choices[j] = (a,), (b,)
    return filter(applies, itertools.product(*choices))


class Covering:
    """The *runs*; *impossible* are the pairs that occur in none because *applies* refuses every run with them."""

    def __init__(self, axes: Sequence[Sequence[object]], applies: Applies, asked: Collection[int]) -> None:
        """*asked* are the numbers of the axes that *applies* looks at."""
        self._axes = axes
        self._asked = asked
        self._applies = applies
        self._random = random.Random(30)
        self._missing = dict.fromkeys(all_pairs(axes))
        self.impossible: list[Pair] = []
        self.runs: list[Values] = []
        while self._missing:
            self._cover(next(iter(self._missing)))

    def _cover(self, pair: Pair) -> None:
        best = max(self._drawn(pair), key=self._gain, default=None)
        best = best or next(completions(self._axes, pair, self._applies, self._asked), None)
        if best is None:
            self.impossible.append(pair)
            del self._missing[pair]
            return
        self.runs.append(best)
        for found in pairs_of(best):
            self._missing.pop(found, None)

    def _drawn(self, pair: Pair) -> Iterator[Values]:
        i, a, j, b = pair
        for _ in range(_TRIES):
            drawn = [self._random.choice(values) for values in self._axes]
            drawn[i], drawn[j] = a, b
            if self._applies(tuple(drawn)):
                yield tuple(drawn)

    def _gain(self, values: Values) -> int:
        return sum(pair in self._missing for pair in pairs_of(values))
