"""When a recipient is tried again."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from sandf import causes
from sandf.causes import CATALOGUE, Cause, Retry
from sandf.store.schedule import MAIL_SCHEDULE, RetrySchedule, Rule, next_attempt

FAX = RetrySchedule()


def attempts(cause: Cause, schedule: RetrySchedule, most: int = 1000) -> list[float]:
    """When a recipient is tried that always ends by *cause*, each attempt taking no time."""
    times, now = [0.0], 0.0
    while len(times) < most:
        due = next_attempt(cause, [cause.number] * (len(times) - 1), 0.0, now, schedule)
        if due is None:
            return times
        times.append(due)
        now = due
    return times


class ScheduleTests(SynchronousTestCase):
    def test_defaults_of_fax(self) -> None:
        self.assertEqual(attempts(causes.BUSY, FAX), [180.0 * n for n in range(12)])
        self.assertEqual(attempts(causes.NO_ANSWER, FAX), [0.0, 300.0, 600.0])
        self.assertEqual(attempts(causes.NO_FAX, FAX), [0.0, 300.0, 600.0])
        self.assertEqual(attempts(causes.TRAINING_FAILED, FAX), [0.0, 60.0, 120.0])
        self.assertEqual(attempts(causes.CONGESTION, FAX), [0.0, 300.0, 600.0])
        self.assertEqual(attempts(causes.NUMBER_CHANGED, FAX), [0.0])

    def test_at_once_is_bounded(self) -> None:
        """And uses up none of the dials of other endings."""
        self.assertEqual(attempts(causes.RESTARTED, FAX), [0.0] * 12)
        restarts = [causes.RESTARTED.number] * 11
        self.assertEqual(next_attempt(causes.BUSY, restarts, 0.0, 50.0, FAX), 230.0)
        self.assertEqual(next_attempt(causes.SHUT_DOWN, [102] * 11, 0.0, 50.0, FAX), 50.0)

    def test_counts_are_separate(self) -> None:
        before = [causes.NO_ANSWER.number] * 2 + [causes.BUSY.number] * 5
        self.assertEqual(next_attempt(causes.TRAINING_FAILED, before, 0.0, 0.0, FAX), 60.0)
        self.assertIsNone(next_attempt(causes.NO_ANSWER, before, 0.0, 0.0, FAX))

    def test_dials_are_counted_together(self) -> None:
        before = [causes.BUSY.number] * 9 + [causes.NO_ANSWER.number] * 2
        self.assertIsNone(next_attempt(causes.BUSY, before, 0.0, 0.0, FAX))
        self.assertIsNotNone(next_attempt(causes.BUSY, before[1:], 0.0, 0.0, FAX))

    def test_mail_gives_up_after_five_days(self) -> None:
        times = attempts(causes.MAIL_DEFERRED, MAIL_SCHEDULE)
        self.assertEqual(times[:6], [0.0, 300.0, 1200.0, 3000.0, 6600.0, 10200.0])
        self.assertEqual(times[-1], 432_000.0)

    def test_every_row_has_a_rule(self) -> None:
        """A full disk puts off a fax job too, and a bug of ours a mail job."""
        self.assertEqual(attempts(causes.STORE_FULL, FAX), [0.0, 300.0, 600.0])
        self.assertEqual(attempts(causes.INTERNAL_ERROR, MAIL_SCHEDULE)[:3], [0.0, 300.0, 1200.0])

    @settings(deadline=None, derandomize=True, max_examples=200)
    @given(
        st.lists(st.sampled_from(sorted(CATALOGUE)), min_size=1, max_size=30),
        st.sampled_from([FAX, MAIL_SCHEDULE, RetrySchedule(rules={Retry.BUSY: Rule(waits=(1.0, 2.0))}, dials=5)]),
        st.floats(0, 1e6),
    )
    def test_never_in_the_past_and_never_without_end(
        self, numbers: list[int], schedule: RetrySchedule, now: float
    ) -> None:
        *before, last = numbers
        due = next_attempt(CATALOGUE[last], before, 0.0, now, schedule)
        if due is None:
            return
        self.assertGreaterEqual(due, now)
        self.assertIsNot(CATALOGUE[last].retry, Retry.NEVER)
        if schedule.dials is not None:
            uncounted = (Retry.AT_ONCE, Retry.CAPACITY)
            dialled = [number for number in numbers if CATALOGUE[number].retry not in uncounted]
            self.assertLess(len(dialled), schedule.dials + (CATALOGUE[last].retry in uncounted) * 30)
