"""What the bench prints, and the mails and pages that it measures with."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stdout

from twisted.trial.unittest import SynchronousTestCase

from sandf.protocols.t4.form import Coding

from . import papers
from .figures import Figure, Result, Skipped, Table, as_json, machine, print_table

FAST = Figure(name="fast", value=1234.5678, unit="1/s", measured="how fast", aim=1000.0, at_most=False)
SLOW = Figure(name="slow", value=21.0, unit="ms", measured="how slow", aim=20.0)
PLAIN = Figure(name="plain", value=0.125, unit="MB", measured="how large")
SKIPPED = Skipped(name="beside", skipped="it is not installed on this machine, " + "nor on any other; " * 5)

TABLE = Table(name="parts", unit="s", columns=["a", "b"], rows={"first": [1.00001, 2.5], "second": [-1e-9, 1234.5]})


class FiguresTests(SynchronousTestCase):
    def test_a_line_for_programs(self) -> None:
        self.assertEqual(
            json.loads(as_json(FAST)),
            {
                "name": "fast",
                "value": 1235.0,
                "unit": "1/s",
                "aim": 1000.0,
                "reached": True,
                "measured": "how fast",
            },
        )
        self.assertIs(json.loads(as_json(SLOW))["reached"], False)
        self.assertIs(json.loads(as_json(PLAIN))["reached"], None)
        self.assertEqual(json.loads(as_json(SKIPPED)), {"name": "beside", "skipped": SKIPPED.skipped})
        self.assertEqual(json.loads(as_json(TABLE))["rows"], {"first": [1.0, 2.5], "second": [0.0, 1234.5]})

    def test_the_table_fits_a_narrow_terminal(self) -> None:
        results: list[Result] = [FAST, SLOW, PLAIN, SKIPPED, TABLE]
        self.patch(__import__("os"), "environ", {"COLUMNS": "80"})
        with redirect_stdout(io.StringIO()) as printed:
            print_table(machine(), results)
        lines = printed.getvalue().splitlines()
        self.assertLessEqual(max(map(len, lines)), 80)
        for piece in (
            "1,235",
            "≥ 1,000",
            "21.0",
            "≤ 20",
            "0.12",
            "not measured: beside: it is not installed",
            "1,234.500",
        ):
            self.assertIn(piece, printed.getvalue())


class PapersTests(SynchronousTestCase):
    def test_a_page_of_sixty_kilobytes(self) -> None:
        octets = papers.coded(papers.text_image(), Coding.MMR)
        self.assertTrue(55_000 < len(octets) < 70_000, len(octets))

    def test_words(self) -> None:
        text = papers.words(20_480)
        self.assertEqual(len(text), 20_480)
        self.assertTrue(text.endswith(b"\r\n"))
        self.assertLessEqual(max(map(len, text.split(b"\r\n"))), 76)
        self.assertFalse(any(line.startswith(b".") for line in text.split(b"\r\n")))
        self.assertEqual(papers.words(500, 3), papers.words(500, 3))
        self.assertNotEqual(papers.words(500, 3), papers.words(500, 4))
