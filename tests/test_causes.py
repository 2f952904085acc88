"""The catalogue of endings."""

from __future__ import annotations

import re

from twisted.trial.unittest import SynchronousTestCase

from sandf import causes
from sandf.causes import CATALOGUE, Abort, Cause, Failure, Retry

CLASS_2_CODES = (
    *(1, 2, 3, 10, 11, 20, 21, 22, 23, 24, 25, 26, 27, 28, 40, 43, 50, 51, 52, 53, 54, 55, 56, 57, 58),
    *(70, 71, 72, 73, 74, 90, 91, 92, 93, 94, 100, 101, 102, 103),
    *(4, 5, 41, 42, 44, 45, 46, 47),
)
Q850_CODES = (
    *(1, 2, 3, 4, 5, 6, 7, 8, 9, 17, 18, 19, 20, 21, 22, 26, 27, 28, 29, 30, 31, 34, 35, 36, 37, 38, 39, 40, 41, 42),
    *(43, 45, 46, 47, 49, 50, 53, 55, 57, 58, 62, 63, 65, 66, 69, 70, 79, 81, 82, 83, 84, 85, 86, 87, 88, 90, 91, 93),
    *(95, 96, 97, 98, 99, 100, 101, 102, 103, 110, 111, 127),
)


class CatalogueTests(SynchronousTestCase):
    def test_every_class_2_code_has_its_row(self) -> None:
        for code in CLASS_2_CODES:
            self.assertEqual(CATALOGUE[200 + code].t30, code)

    def test_numbers_and_names_are_unique_and_are_those_of_the_module(self) -> None:
        rows = [row for row in vars(causes).values() if isinstance(row, Cause)]
        self.assertEqual({row.number for row in rows}, {number for number in CATALOGUE if number < 700})
        self.assertEqual(len({row.name for row in rows}), len(rows))
        self.assertRaises(ValueError, causes._mail, 102, "again", Retry.MAIL, "450 4.0.0", "Taken.")

    def test_replies_are_well_formed_and_agree_with_retry(self) -> None:
        for row in CATALOGUE.values():
            self.assertRegex(row.status, r"^[245]\.[0-7]\.\d{1,2}$", row)
            self.assertEqual(str(row.smtp)[0], row.status[0], row)
            if row.draft_status:
                self.assertRegex(row.draft_status, r"^[245]\.\d\.\d{1,2}$", row)
            if row.smtp >= 500:
                self.assertIs(row.retry, Retry.NEVER, row)
            if row.smtp == 250:
                self.assertIs(row.abort, Abort.NONE, row)

    def test_every_release_cause_has_a_row(self) -> None:
        for code in range(1, 128):
            row = causes.from_q850(code)
            self.assertIs(row.phase, causes.Phase.CALL)
            if code in Q850_CODES:
                self.assertEqual(row.q850, code, row)
        self.assertIs(causes.from_q850(17), causes.BUSY)
        self.assertIs(causes.from_q850(44), CATALOGUE[112])
        self.assertIs(causes.from_q850(16), causes.NETWORK_CLEARED)

    def test_sentences_are_for_people(self) -> None:
        for row in CATALOGUE.values():
            self.assertTrue(row.sentence[0].isupper(), row)
            self.assertTrue(row.sentence.isascii() and len(row.sentence) < 200, row)
            self.assertFalse(re.search(r"[\r\n]", row.sentence), row)

    def test_the_classic_replies(self) -> None:
        self.assertEqual((causes.DELIVERED.smtp, causes.DELIVERED.status), (250, "2.5.0"))
        busy = causes.BUSY
        self.assertEqual((busy.smtp, busy.status, busy.q850, busy.t30, busy.abort.value), (450, "4.3.2", 17, 11, 1))

    def test_failure_carries_its_row(self) -> None:
        failure = Failure(causes.UNREADABLE, "plan.tif")
        self.assertIs(failure.cause, causes.UNREADABLE)
        self.assertIn("plan.tif", str(failure))
        self.assertEqual(str(Failure(causes.BUSY)), causes.BUSY.sentence)
