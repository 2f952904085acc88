"""Covering arrays cover."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations, product

from twisted.trial.unittest import SynchronousTestCase

from tests.pairwise import pairwise

AXES = {"speed": (2400, 4800, 9600, 14400), "coding": ("mh", "mr", "mmr"), "ecm": (False, True), "pages": (1, 2, 10)}


def with_ecm(row: Mapping[str, object]) -> bool:
    return row["coding"] != "mmr" or row["ecm"] is True


class PairwiseTests(SynchronousTestCase):
    def test_every_allowed_pair_is_covered(self) -> None:
        rows = pairwise(AXES, with_ecm)
        everything = [dict(zip(AXES, values, strict=True)) for values in product(*AXES.values())]
        wanted = {pair for row in everything if with_ecm(row) for pair in combinations(row.items(), 2)}
        self.assertEqual({pair for row in rows for pair in combinations(row.items(), 2)}, wanted)
        self.assertNotIn((("coding", "mmr"), ("ecm", False)), wanted)

    def test_only_allowed_rows_are_chosen(self) -> None:
        self.assertTrue(all(map(with_ecm, pairwise(AXES, with_ecm))))

    def test_it_is_small(self) -> None:
        self.assertLess(len(pairwise(AXES)), 18)
        self.assertGreaterEqual(len(pairwise(AXES)), 12)

    def test_it_is_the_same_each_time(self) -> None:
        self.assertEqual(pairwise(AXES, with_ecm), pairwise(AXES, with_ecm))

    def test_nothing_is_covered_where_nothing_is_allowed(self) -> None:
        self.assertEqual(pairwise(AXES, lambda row: False), [])

    def test_one_axis_has_no_pairs(self) -> None:
        self.assertEqual(pairwise({"ecm": (False, True)}), [])
