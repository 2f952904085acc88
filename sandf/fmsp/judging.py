"""Judging a page received without error correction while it comes in.

The rows are walked chunk by chunk as T.30 takes them, so that the work is spread over the seconds that the page takes
on the line and next to nothing is left when the sender asks for the answer.

What this module does not do: it gives no verdict (T.30's settings have the limits).
"""

from __future__ import annotations

from sandf.protocols.t4.walk import Walk
from sandf.protocols.t30.capabilities import Parameters
from sandf.protocols.t30.settings import CopyQuality

_UNREADABLE = CopyQuality(rows=1, bad_rows=1, longest_bad_run=1)


class PageJudge:
    """The :class:`sandf.protocols.t30.settings.Judge` of one session; the first *rejected* pages are unreadable."""

    def __init__(self, rejected: int = 0) -> None:
        self._to_reject = rejected
        self._walk: Walk | None = None

    def begin(self, parameters: Parameters) -> None:
        """A page begins; what was fed before is forgotten."""
        form = parameters.form
        self._walk = None if self._to_reject else Walk(form.coding, form.width)

    def feed(self, octets: bytes) -> None:
        """The next data of the page."""
        if self._walk is not None:
            self._walk.feed(octets)

    def judge(self) -> CopyQuality:
        """What was found in the page that was fed."""
        page, self._walk = self._walk, None
        if page is None:
            self._to_reject = max(0, self._to_reject - 1)
            return _UNREADABLE
        lines = page.finish()
        return CopyQuality(rows=lines.rows, bad_rows=lines.bad, longest_bad_run=lines.longest_bad_run)
