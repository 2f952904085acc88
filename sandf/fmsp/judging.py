"""Judging a page received without error correction while it comes in.

The rows are walked chunk by chunk as they arrive, so that the work is spread over the seconds that the page takes on
the line and little is left when the sender asks for the answer.

What this module does not do: it gives no verdict (T.30's settings have the limits).
"""

from __future__ import annotations

from sandf.protocols.t4.walk import Lines, Walk, walk
from sandf.protocols.t30.capabilities import Parameters
from sandf.protocols.t30.settings import CopyQuality


class PageJudge:
    """The judge of one session: :meth:`begin` a page, :meth:`feed` it, and T.30 asks :meth:`judge`."""

    def __init__(self) -> None:
        self._walk: Walk | None = None
        self._fed = 0

    def begin(self, parameters: Parameters) -> None:
        """The data of a page begin."""
        form = parameters.form
        self._walk = Walk(form.coding, form.width)
        self._fed = 0

    def feed(self, octets: bytes) -> None:
        """The next data of the page."""
        if self._walk is not None:
            self._walk.feed(octets)
            self._fed += len(octets)

    def judge(self, octets: bytes, parameters: Parameters) -> CopyQuality:
        """What was found in the page *octets*; it is walked anew only if it is not what was fed."""
        page, self._walk = self._walk, None
        lines = page.finish() if page is not None and self._fed == len(octets) else _walked(octets, parameters)
        return CopyQuality(rows=lines.rows, bad_rows=lines.bad, longest_bad_run=lines.longest_bad_run)


def _walked(octets: bytes, parameters: Parameters) -> Lines:
    form = parameters.form
    return walk(octets, form.coding, form.width)
