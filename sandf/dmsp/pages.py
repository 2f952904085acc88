"""The pages of one document for one recipient, and the rasterised pages that recipients share.

Rasterising depends on the document, the resolution and the paper; the header line and the coding on the
recipient too.  The first is done once per message and kept as long as there is room; the second each time.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from datetime import datetime
from typing import Generic, TypeVar

from twisted.internet.defer import CancelledError, Deferred, fail
from twisted.python.failure import Failure as TwistedFailure

from sandf.callcontrol.media import Page
from sandf.callcontrol.primitives import HeaderLine
from sandf.causes import Cause, Failure
from sandf.dmsp import header as header_line
from sandf.dmsp.interfaces import IRenderer, Rows, Work
from sandf.dmsp.wire import Reply
from sandf.logs import Logger
from sandf.protocols.t4.form import PageForm, Paper, Resolution

MOST_OPENED = 1000
"""Documents whose number of pages is remembered."""

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Shared(Generic[Key, Value]):
    """What several recipients need and one makes; kept up to *most*, the one used longest ago goes first.

    *size* weighs a value in the unit of *most*.
    """

    def __init__(self, most: int, size: Callable[[Value], int]) -> None:
        self._most = most
        self._size = size
        self._values: OrderedDict[Key, Value] = OrderedDict()
        self._held = 0
        self._coming: dict[Key, tuple[Deferred[Value], list[Deferred[Value]]]] = {}

    def get(self, key: Key, make: Callable[[], Deferred[Value]]) -> Deferred[Value]:
        """The value of *key*, made by *make* if nobody has or is about to.  May be cancelled, each for itself."""
        result: Deferred[Value] = Deferred(lambda waiting: self._give_up(key, waiting))
        if key in self._values:
            self._values.move_to_end(key)
            result.callback(self._values[key])
        elif key in self._coming:
            self._coming[key][1].append(result)
        else:
            making = make()
            self._coming[key] = (making, [result])
            making.addCallbacks(self._came, self._failed, callbackArgs=(key,), errbackArgs=(key,))
        return result

    def _came(self, value: Value, key: Key) -> None:
        self._values[key] = value
        self._held += self._size(value)
        while self._held > self._most and len(self._values) > 1:
            self._held -= self._size(self._values.popitem(last=False)[1])
        for waiting in self._coming.pop(key)[1]:
            waiting.callback(value)

    def _failed(self, failure: TwistedFailure, key: Key) -> None:
        for waiting in self._coming.pop(key)[1]:
            waiting.errback(failure)

    def _give_up(self, key: Key, result: Deferred[Value]) -> None:
        if key not in self._coming:
            return
        making, waiting = self._coming[key]
        if result in waiting:
            waiting.remove(result)
        if not waiting:
            making.cancel()


class Library:
    """The renderer with a memory: documents that were opened and pages that were rasterised."""

    def __init__(self, renderer: IRenderer, most_octets: int) -> None:
        self.renderer = renderer
        self._opened: Shared[str, Reply] = Shared(MOST_OPENED, lambda reply: 1)
        self._rows: Shared[tuple[str, int, Resolution, Paper], Rows] = Shared(
            most_octets, lambda rows: len(rows.octets)
        )

    def opened(self, work: Work) -> Deferred[Reply]:
        """How many pages *work* has, and what of it is discarded."""
        return self._opened.get(work.key, lambda: self.renderer.open(work))

    def rows(self, work: Work, number: int, resolution: Resolution, paper: Paper, *, urgent: bool) -> Deferred[Rows]:
        """Page *number* of *work*, without header line."""
        key = (work.key, number, resolution, paper)
        return self._rows.get(key, lambda: self.renderer.raster(work, number, resolution, paper, urgent=urgent))


class Pages:
    """The PageSource of one leg (:class:`sandf.callcontrol.media.PageSource`).

    *now* gives the time for the header line; it is asked when the first page is coded.
    """

    log = Logger()

    def __init__(
        self,
        *,
        call_id: str,
        work: Work,
        count: int,
        library: Library,
        header: HeaderLine,
        called: str,
        calling: str,
        first_number: int,
        total: int,
        now: Callable[[], datetime],
    ) -> None:
        self.count = count
        self.missing: set[str] = set()
        """Characters of the document for which there was no glyph; they were drawn as ``?``."""
        self._call_id = call_id
        self._work = work
        self._library = library
        self._header = header
        self._called = called
        self._calling = calling
        self._first_number = first_number
        self._total = total
        self._now = now
        self._moment: datetime | None = None
        self._pending: set[Deferred[Page]] = set()
        self._next: tuple[int, PageForm, Deferred[Page]] | None = None
        self._ended: Cause | None = None

    def page(self, number: int, form: PageForm) -> Deferred[Page]:
        """Page *number* in *form*; fails with Failure (the document rows, or what ended the leg).

        Raises ``ValueError`` for a page that is not there.
        """
        if not 1 <= number <= self.count:
            raise ValueError(f"page {number} of {self.count}")
        if self._ended is not None:
            return fail(Failure(self._ended))
        made = self._take_next(number, form)
        if made is None:
            made = self._make(number, form)
        result: Deferred[Page] = Deferred(lambda _: made.cancel())
        made.addCallbacks(self._give, self._refuse, callbackArgs=(result, form), errbackArgs=(result,))
        return result

    def close(self, cause: Cause) -> None:
        """The leg ended for *cause*: cancel what is being made."""
        self._ended = cause
        for made in tuple(self._pending):
            made.addErrback(lambda failure: None)
            made.cancel()
        self._drop_next()

    def _give(self, page: Page, result: Deferred[Page], form: PageForm) -> None:
        """Hand *page* over, and begin with the one after it."""
        following = page.number - self._first_number + 2
        if following <= self.count and self._ended is None and not self._is_next(following, form):
            self._drop_next()
            self._next = (following, form, self._make(following, form))
        result.callback(page)

    def _refuse(self, failure: TwistedFailure, result: Deferred[Page]) -> None:
        if self._ended is not None and isinstance(failure.value, CancelledError):
            result.errback(Failure(self._ended))
        else:
            result.errback(failure)

    def _is_next(self, number: int, form: PageForm) -> bool:
        return self._next is not None and self._next[:2] == (number, form)

    def _take_next(self, number: int, form: PageForm) -> Deferred[Page] | None:
        if self._next is not None and self._is_next(number, form):
            made = self._next[2]
            self._next = None
            return made
        return None

    def _drop_next(self) -> None:
        if self._next is not None:
            made = self._next[2]
            self._next = None
            made.addErrback(lambda failure: None)
            made.cancel()

    def _make(self, number: int, form: PageForm) -> Deferred[Page]:
        made = Deferred.fromCoroutine(self._made(number, form))
        self._pending.add(made)

        def settled(outcome: Page) -> Page:
            self._pending.discard(made)
            return outcome

        return made.addBoth(settled)

    async def _made(self, number: int, form: PageForm) -> Page:
        rows = await self._library.rows(self._work, number, form.resolution, form.paper, urgent=True)
        in_fax = self._first_number + number - 1
        reply, octets = await self._library.renderer.code(rows, form, self._fields(in_fax))
        self._note(in_fax, rows.missing + reply.missing)
        return Page(number=in_fax, form=form, rows=reply.rows, octets=octets)

    def _fields(self, in_fax: int) -> header_line.Fields:
        if self._moment is None:
            self._moment = self._now()
        moment = self._moment

        def expanded(text: str) -> str:
            return header_line.expanded(
                text, called=self._called, calling=self._calling, page=in_fax, pages=self._total, moment=moment
            )

        return expanded(self._header.left), expanded(self._header.center), expanded(self._header.right)

    def _note(self, in_fax: int, missing: str) -> None:
        new = set(missing) - self.missing
        if new:
            self.missing |= new
            points = " ".join(f"U+{ord(character):04X}" for character in sorted(new))
            self.log.warn(
                "dmsp({call}): page {page}: no glyph for {points}", call=self._call_id, page=in_fax, points=points
            )
