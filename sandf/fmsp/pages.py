"""The pages of one fax: those of its sources in their order, numbered through.

What this module does not do: it makes no page; the sources do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from twisted.internet.defer import Deferred

from sandf.callcontrol.media import Page, PageSource
from sandf.protocols.t4.form import PageForm


class PageSequence:
    """The pages of *sources*, the first being number 1."""

    def __init__(self, sources: Sequence[PageSource]) -> None:
        self._sources = tuple(sources)
        self.count = sum(source.count for source in self._sources)
        """Pages in all sources."""

    def page(self, number: int, form: PageForm) -> Deferred[Page]:
        """Page *number* of the fax in *form*, numbered as in the fax; IndexError if there is none."""
        before = 0
        for source in self._sources:
            if before < number <= before + source.count:
                return source.page(number - before, form).addCallback(replace, number=number)
            before += source.count
        raise IndexError(f"page {number} of {self.count}")
