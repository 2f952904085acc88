"""The covering set: every value of an axis meets every value of the others, and every law holds in every run."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.covering import all_pairs, completions, pairs_of

from .impairments import Kind
from .results import covering_results, summary
from .sets import ASKED_AXES, COVERED_AXES, applies, covering


class CoveringTests(SynchronousTestCase):
    def test_every_pair_that_can_be_is_covered(self) -> None:
        covered = {pair for run in covering().runs for pair in pairs_of(run)}
        missing = [pair for pair in all_pairs(COVERED_AXES) if pair not in covered]
        self.assertEqual(missing, [pair for pair in missing if pair in set(covering().impossible)])
        for pair in missing:
            self.assertIsNone(next(completions(COVERED_AXES, pair, applies, ASKED_AXES), None), pair)

    def test_no_run_is_one_that_cannot_be(self) -> None:
        self.assertTrue(all(map(applies, covering().runs)))

    def test_it_is_always_the_same(self) -> None:
        again = covering.__wrapped__()
        self.assertEqual(again.runs, covering().runs)


class RunTests(SynchronousTestCase):
    """The runs, by kind of damage."""

    def check(self, kind: Kind) -> None:
        results = [result for result in covering_results() if result.run.impairment.kind is kind]
        self.assertNotEqual(results, [])
        self.assertEqual([str(result) for result in results if result.wrong], [])

    def test_no_damage(self) -> None:
        self.check(Kind.NONE)

    def test_lost(self) -> None:
        self.check(Kind.LOST)

    def test_corrupted(self) -> None:
        self.check(Kind.CORRUPTED)

    def test_doubled(self) -> None:
        self.check(Kind.DOUBLED)

    def test_late(self) -> None:
        self.check(Kind.LATE)

    def test_later_than_t4(self) -> None:
        self.check(Kind.TOO_LATE)

    def test_cut_within_the_frame(self) -> None:
        self.check(Kind.CLIPPED)

    def test_echoed(self) -> None:
        self.check(Kind.ECHOED)

    def test_carrier_drops_early(self) -> None:
        self.check(Kind.DROPPED_EARLY)

    def test_carrier_drops_late(self) -> None:
        self.check(Kind.DROPPED_LATE)

    def test_nothing_heard(self) -> None:
        self.check(Kind.UNHEARD)

    def test_silent(self) -> None:
        self.check(Kind.SILENT)

    def test_summary(self) -> None:
        found = summary()
        self.assertEqual([each.kind for each in found], [kind.value for kind in Kind])
        self.assertEqual(sum(each.runs for each in found), len(covering().runs))
        for each in found:
            self.assertEqual(each.runs, each.exact + sum(each.others.values()))
