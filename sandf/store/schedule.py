"""The retry schedule: when a recipient that failed is tried again, or that it is not.

Every row of :class:`sandf.causes.Retry` has a rule and a count of its own: twelve times busy is patience, three
times no fax machine is a wrong number.  Pure; it does not know what time it is and remembers nothing.  The
defaults are those of HylaFAX (its JobRetryBusy, JobRetryNoAnswer, JobRetryNoCarrier, JobReqProto, JobRetryOther,
MaxDials and MaxTries).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sandf.causes import CATALOGUE, Cause, Retry


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What follows a failure of one row."""

    waits: tuple[float, ...]
    """Seconds after the first failure of the row, the second ...; the last one repeats."""
    most: int | None = None
    """The failure of the row that ends the job: 3 permits two more attempts; None is no limit."""


FAX_RULES: Mapping[Retry, Rule] = {
    Retry.BUSY: Rule(waits=(180.0,), most=12),
    Retry.NO_ANSWER: Rule(waits=(300.0,), most=3),
    Retry.NO_CARRIER: Rule(waits=(300.0,), most=3),
    Retry.PROTOCOL: Rule(waits=(60.0,), most=3),
}
CAPACITY = Rule(waits=(60.0,), most=100)
"""Waiting for a port of our own; the bound is some hours, so that nobody waits for ever in silence."""
MAIL_WAITS = (300.0, 900.0, 1800.0, 3600.0)
AT_ONCE = Rule(waits=(0.0,), most=12)
"""Bounded, so that a job which brings the gateway down does not do so for ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrySchedule:
    """The rules of one kind of job; without arguments, of fax jobs."""

    rules: Mapping[Retry, Rule] = field(default_factory=lambda: FAX_RULES)
    otherwise: Rule = field(default=Rule(waits=(300.0,), most=3))
    """For the rows that *rules* leave out, ERROR among them."""
    at_once: Rule = AT_ONCE
    """For the row of that name."""
    capacity: Rule = CAPACITY
    """For the row of that name."""
    dials: int | None = 12
    """The failure, of whatever row but AT_ONCE and CAPACITY, that ends the job; None is no limit."""
    give_up_after: float | None = None
    """Seconds from the first try; a last attempt is made then, and none later."""

    def rule(self, row: Retry) -> Rule:
        """The rule of *row*."""
        own = {Retry.AT_ONCE: self.at_once, Retry.CAPACITY: self.capacity}
        return own.get(row) or self.rules.get(row, self.otherwise)


MAIL_SCHEDULE = RetrySchedule(
    rules={}, otherwise=Rule(waits=MAIL_WAITS), dials=None, give_up_after=432_000.0
)  # fmt: skip
"""Five days of patience, as RFC 5321 4.5.4.1 advises (at least four to five)."""


_NO_DIAL = (Retry.AT_ONCE, Retry.CAPACITY)


def next_attempt(
    cause: Cause, failures: Sequence[int], first_try: float, now: float, schedule: RetrySchedule
) -> float | None:
    """When to try again after an attempt that failed by *cause* at *now*; None if the recipient has failed.

    *failures* are the cause numbers of the attempts before it (``Job.failures``, without this one), *first_try*
    is ``Job.tries_since``.
    """
    row = cause.retry
    if row is Retry.NEVER:
        return None
    rows = [CATALOGUE[number].retry for number in failures]
    before, rule = rows.count(row), schedule.rule(row)
    if rule.most is not None and before + 1 >= rule.most:
        return None
    dialled = sum(done not in _NO_DIAL for done in [*rows, row])
    if schedule.dials is not None and row not in _NO_DIAL and dialled >= schedule.dials:
        return None
    due = now + rule.waits[min(before, len(rule.waits) - 1)]
    if schedule.give_up_after is None:
        return due
    last = first_try + schedule.give_up_after
    return None if now >= last else min(due, last)
