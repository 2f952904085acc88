"""Copy quality: which post-message response a page received without error correction deserves.

No Recommendation says when a page is bad (T.30 5.3.6.1.7 only names MCF, RTP and RTN).  The defaults are the
field's: HylaFAX rejects a page with less than 95 % good rows (PercentGoodLines) or more than 5 consecutive bad
rows (MaxConsecutiveBadLines, twice that at fine resolution); spandsp, following the TSB-85 tests, asks for
retraining from 5 % bad rows and rejects from 15 %.  We keep what can be read and ask for a slower speed
(RTP) where HylaFAX would throw the page away for its share of bad rows, and reject where both would.

What this module does not do: act on the verdict; what RTN leads to is the sender's policy.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from sandf.protocols.t4.form import Coding, Resolution
from sandf.protocols.t4.walk import Lines, walk


class Response(enum.Enum):
    """A post-message response (T.30 5.3.6.1.7)."""

    MCF = "MCF"
    """Message confirmation: the page is good."""
    RTP = "RTP"
    """Retrain positive: the page is kept, the line wants training again."""
    RTN = "RTN"
    """Retrain negative: the page is not satisfactory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """From where on a page is no longer good.  A limit of 0 turns its test off."""

    retrain_percent_bad: float = 5.0
    """RTP from this share of bad rows on, in percent."""
    reject_percent_bad: float = 15.0
    """RTN from this share of bad rows on, in percent."""
    max_consecutive_bad: int = 5
    """RTN where more consecutive rows than this are bad, at standard resolution (3.85 rows/mm)."""

    def consecutive_limit(self, resolution: Resolution) -> int:
        """``max_consecutive_bad`` as rows of *resolution*: the same height on paper."""
        return self.max_consecutive_bad * max(1, round(resolution.y / Resolution.STANDARD.y))


DEFAULT_THRESHOLDS = Thresholds()


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """The verdict on a page, with the counts it rests on."""

    response: Response
    lines: Lines


def verdict(
    lines: Lines, resolution: Resolution = Resolution.STANDARD, thresholds: Thresholds = DEFAULT_THRESHOLDS
) -> Quality:
    """The response that the counts in *lines* deserve."""
    consecutive = thresholds.consecutive_limit(resolution)
    response = Response.MCF
    if _reaches(lines.percent_bad, thresholds.retrain_percent_bad):
        response = Response.RTP
    if _reaches(lines.percent_bad, thresholds.reject_percent_bad):
        response = Response.RTN
    if not lines.rows or _reaches(lines.longest_bad_run, consecutive and consecutive + 1):
        response = Response.RTN
    return Quality(response=response, lines=lines)


def _reaches(measured: float, limit: float) -> bool:
    return bool(limit) and measured >= limit


def judge(
    octets: bytes,
    coding: Coding,
    width: int,
    resolution: Resolution = Resolution.STANDARD,
    thresholds: Thresholds = DEFAULT_THRESHOLDS,
    *,
    keep: bool = False,
) -> Quality:
    """Walk down a whole page of *width* pels as received and judge it; *keep* as for :func:`.walk.walk`."""
    return verdict(walk(octets, coding, width, keep=keep), resolution, thresholds)
