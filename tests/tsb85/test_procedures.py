"""Each procedure is one test by its name."""

from __future__ import annotations

from collections.abc import Callable

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from . import checks
from .playing import play
from .procedures import COUNT, UPSTREAM, VARIABLE, Procedure, path, procedures
from .readings import READINGS
from .statuses import CAUSES, cause_of

FILE = path()
PROCEDURES = procedures(FILE) if FILE else []


class Procedures(SynchronousTestCase):
    """The 138 of TSB-85; one skip where the data is not at hand."""

    if FILE is None:

        def test_all(self) -> None:
            raise SkipTest(f"the {COUNT} procedures of TSB-85 are not here: set {VARIABLE} to a copy of {UPSTREAM}")

    else:

        def test_all_are_there(self) -> None:
            self.assertEqual(len({procedure.name for procedure in PROCEDURES}), COUNT)

        def test_every_check_has_an_assertion(self) -> None:
            for procedure in PROCEDURES:
                for check in procedure.checks:
                    self.assertIsNotNone(checks.assertion(check.description), check)

        def test_readings_and_statuses_belong_to_the_data(self) -> None:
            self.assertLessEqual(set(READINGS), {procedure.name for procedure in PROCEDURES})
            used = {step.value for procedure in PROCEDURES for step in procedure.steps() if step.kind == "STATUS"}
            self.assertEqual(used, set(CAUSES))
            self.assertTrue(all(map(cause_of, (p for p in PROCEDURES if any(s.kind == "STATUS" for s in p.steps())))))


def _test(procedure: Procedure) -> Callable[[SynchronousTestCase], None]:
    def test(case: SynchronousTestCase) -> None:
        play(procedure)

    return test


for _procedure in PROCEDURES:
    setattr(Procedures, f"test_{_procedure.name.replace('-', '_')}", _test(_procedure))
