"""Covering sets cover."""

from __future__ import annotations

from itertools import product

from twisted.trial.unittest import SynchronousTestCase

from tests.covering import Applies, Covering, Values, pairs_of

AXES = ((2400, 4800, 9600, 14400), ("mh", "mr", "mmr"), (False, True), (1, 2, 10))
ALL = range(len(AXES))


def with_ecm(values: Values) -> bool:
    return values[1] != "mmr" or values[2] is True


def runs(applies: Applies = lambda values: True) -> list[Values]:
    return Covering(AXES, applies, ALL).runs


class CoveringTests(SynchronousTestCase):
    def test_every_allowed_pair_is_covered(self) -> None:
        wanted = {pair for values in product(*AXES) if with_ecm(values) for pair in pairs_of(values)}
        self.assertEqual({pair for values in runs(with_ecm) for pair in pairs_of(values)}, wanted)
        self.assertEqual(Covering(AXES, with_ecm, ALL).impossible, [(1, "mmr", 2, False)])

    def test_only_allowed_runs_are_chosen(self) -> None:
        self.assertTrue(all(map(with_ecm, runs(with_ecm))))

    def test_it_is_small(self) -> None:
        self.assertTrue(12 <= len(runs()) < 18, len(runs()))

    def test_it_is_the_same_each_time(self) -> None:
        self.assertEqual(runs(with_ecm), runs(with_ecm))

    def test_nothing_is_covered_where_nothing_is_allowed(self) -> None:
        self.assertEqual(runs(lambda values: False), [])

    def test_one_axis_has_no_pairs(self) -> None:
        self.assertEqual(Covering(AXES[:1], with_ecm, (0,)).runs, [])
