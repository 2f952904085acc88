"""The page ledger of one attempt (design law 4): each page in doubt before its post-message command, then settled.

What the store does not take at once is owed: it is offered again before the next page and, at the end, until the
store has it.  A page whose MCF has come is never forgotten while the process lives.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from sandf import causes
from sandf.causes import Cause, Failure
from sandf.logs import Logger
from sandf.store.interfaces import IPageLedger
from sandf.store.records import Job

STORE_RETRY = 5.0
"""Seconds until a store that failed is asked again, when nothing can go on without it."""


class PageLedger:
    """The ledger of *job* for its running attempt."""

    log = Logger()

    def __init__(self, store: IPageLedger, job: Job, *, now: Callable[[], float], clock: IReactorTime) -> None:
        self._store = store
        self._job = job
        self._now = now
        self._clock = clock
        self._owed: list[int] = []
        """Pages whose confirmation is not committed yet."""
        self._last_page: int | None = None
        """The last page of the fax, while its command is about to be sent, or was and has no answer yet."""

    async def in_doubt(self, number: int, *, last: bool) -> bool:
        """Whether the post-message command of page *number* may be sent: that, and all before it, is committed."""
        while self._owed:
            if not await self._commits(partial(self._confirm, self._owed[0])):
                return False
            del self._owed[0]
        job = self._job
        committed = await self._commits(
            lambda: self._store.page_in_doubt(job.job_id, number, last=last, attempt=job.attempts, now=self._now())
        )
        if committed and last:
            self._last_page = number
        return committed

    async def confirmed(self, number: int) -> None:
        """MCF has come."""
        self._last_page = None
        if not await self._commits(partial(self._confirm, number)):
            self._owed.append(number)

    async def refused(self, number: int) -> None:
        """RTN has come: the far terminal does not have the page."""
        if await self._commits(
            lambda: self._store.page_open(self._job.job_id, number, attempt=self._job.attempts, now=self._now())
        ):
            self._last_page = None

    async def settle(self, cause: Cause) -> None:
        """The fax leg ended for *cause*: what is owed is committed, and a last page without a doubt is open again.

        An earlier page stays in doubt: it is sent again in any case, and marked as sent before.
        """
        for number in self._owed:
            await self.committed(partial(self._confirm, number))
        self._owed.clear()
        last, self._last_page = self._last_page, None
        if last is not None and cause not in (causes.UNCONFIRMED, causes.DELIVERED):
            await self.committed(
                lambda: self._store.page_open(self._job.job_id, last, attempt=self._job.attempts, now=self._now())
            )

    async def committed(self, change: Callable[[], Awaitable[None]]) -> None:
        """Ask the store for *change* until it has it."""
        while not await self._commits(change):
            await deferLater(self._clock, STORE_RETRY)

    def _confirm(self, number: int) -> Awaitable[None]:
        return self._store.page_confirmed(self._job.job_id, number, attempt=self._job.attempts, now=self._now())

    async def _commits(self, change: Callable[[], Awaitable[None]]) -> bool:
        """Whether *change* is committed; a store that fails is no fault of the fax."""
        try:
            await change()
        except Failure as failure:
            self.log.error("offramp: the ledger of {job} waits: {reason}", job=self._job.job_id, reason=failure)
            return False
        return True
