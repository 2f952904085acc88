"""The page of conformance: what its script writes, and that the one in docs is of a run in which all passed."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.tsb85.procedures import COUNT, Procedure, Step, path, procedures
from tests.tsb85.readings import READINGS

from .__main__ import PAGE
from .procedures import Played, grid
from .tables import paragraph, table


def played(name: str, failure: str = "") -> Played:
    """A procedure of one step."""
    procedure = Procedure(name=name, group="Annex A", parts=(Step(kind="CED", direction="R"),))
    return Played(procedure=procedure, seconds=12.34, failure=failure)


class PageTests(SynchronousTestCase):
    def test_grid(self) -> None:
        text = "\n".join(grid([played("MRGN01"), played("MRGX01"), played("MRGN02", "no DIS within 7.0 s")]))
        self.assertIn(f"**2 of {COUNT}**", text)
        self.assertIn("   * - MRGN01\n     - passed\n     - 1\n     -\n     - 12.3\n", text)
        self.assertIn("   * - MRGN02\n     - **failed**: no DIS within 7.0 s\n", text)
        self.assertIn("   * - MRGX01 [#mrgx01]_\n", text)

    def test_every_reading_has_clause_both_readings_and_setting(self) -> None:
        text = "\n".join(grid([]))
        for name, reading in READINGS.items():
            for part in (name, reading.clause, reading.data, reading.ours, *reading.settings):
                self.assertIn(part, text)

    def test_the_page_in_docs_is_of_a_run_in_which_all_passed(self) -> None:
        text = PAGE.read_text()
        self.assertIn(f"**{COUNT} of {COUNT}**", text)
        self.assertEqual(text.count("     - passed\n"), COUNT)
        self.assertNotIn("**failed**", text)
        for procedure in procedures(file) if (file := path()) else ():
            self.assertIn(f"   * - {procedure.name}", text)

    def test_tables(self) -> None:
        lines = table(("a", "b"), [("1", "")])
        self.assertEqual(lines[4:], ["   * - a", "     - b", "   * - 1", "     -", ""])
        self.assertEqual(paragraph("one two three", 8), ["one two", "three", ""])
