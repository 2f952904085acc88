"""The full product of the axes.

``SANDF_SOAK=1`` makes all of its runs, or with ``SANDF_MATRIX=3/16`` the third sixteenth of them; else a few cases are
taken, so that every impairment meets some.
"""

from __future__ import annotations

import os
import sys
import time

from twisted.trial.unittest import SynchronousTestCase

from .dimensions import Case
from .results import Result, result_of
from .sets import full_runs, slice_of

A_FEW = "1/1152"
"""Twelve cases."""
SLICE = os.environ.get("SANDF_MATRIX", "1/1") if os.environ.get("SANDF_SOAK") else A_FEW
MOST_SHOWN = 50


class FullTests(SynchronousTestCase):
    def test_every_law_in_every_run(self) -> None:
        cases, wrong, runs = slice_of(SLICE), list[Result](), 0
        begun = time.monotonic()
        for number, case in enumerate(cases):
            show(f"{number} of {len(cases)} cases, {runs} runs, {len(wrong)} wrong, {time.monotonic() - begun:.0f} s")
            results = results_of(case)
            runs += len(results)
            wrong += [result for result in results if result.wrong]
        show("")
        self.assertEqual([str(result) for result in wrong[:MOST_SHOWN]], [], f"{len(wrong)} of {runs} runs")

    def test_a_slice_is_asked_for_in_words_that_mean_one(self) -> None:
        whole = slice_of("1/1")
        self.assertEqual(sorted(map(str, whole)), sorted(str(case) for k in (1, 2, 3) for case in slice_of(f"{k}/3")))
        for text in ("0/3", "4/3", "3", "", "a/b"):
            self.assertRaises(ValueError, slice_of, text)


def results_of(case: Case) -> list[Result]:
    """All runs of *case*."""
    return [result_of(run) for run in full_runs(case)]


def show(text: str) -> None:
    """A line that is written over by the next one, for people alone."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)
