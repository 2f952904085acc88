"""Jobs as they fall due: claimed from the store in batches, never more under way than there is room for.

Looks when it is woken (a commit, a job done) and when its one timer says that the next job is due.  If the store
fails, it looks again a little later.  What is done with a job is not known here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from sandf import causes
from sandf.causes import Failure
from sandf.store.interfaces import IStore
from sandf.store.records import Job, JobKind

STORE_RETRY = 15.0
"""Seconds until the store is asked again after it failed."""
LONGEST_SLEEP = 3600.0
"""Seconds; the wall clock may be set meanwhile."""


class DueJobs:
    """Claims jobs of one *kind*, at most *limit* at a time, and hands each batch to *take*.

    Whoever takes them says :meth:`done` for each, once its ending is in the store.
    """

    log = Logger()

    def __init__(
        self,
        *,
        store: IStore,
        kind: JobKind,
        limit: int,
        take: Callable[[Sequence[Job]], None],
        clock: IReactorTime,
        now: Callable[[], float],
    ) -> None:
        self.limit = limit
        self.running = 0
        self._store = store
        self._kind = kind
        self._take = take
        self._clock = clock
        self._now = now
        self._started = False
        self._again = False
        self._looking: Deferred[None] | None = None
        self._timer: IDelayedCall | None = None

    def start(self) -> None:
        """Begin to claim."""
        self._started = True
        self.wake()

    def stop(self) -> Deferred[None]:
        """Claim no more; fires when no claim is under way."""
        self._started = False
        self._set_timer(None)
        if self._looking is None:
            return succeed(None)
        stopped: Deferred[None] = Deferred()
        self._looking.addBoth(lambda _: stopped.callback(None))
        return stopped

    def wake(self) -> None:
        """There may be something to claim."""
        self._again = True
        if self._started and self._looking is None:
            looking = Deferred.fromCoroutine(self._look())
            if not looking.called:
                self._looking = looking
                looking.addBoth(self._looked)

    def done(self, count: int = 1) -> None:
        """So many of the claimed jobs are no longer under way."""
        self.running -= count
        self.wake()

    def _looked(self, _: object) -> None:
        self._looking = None
        if self._again:
            self.wake()

    async def _look(self) -> None:
        """Claim until there is no room or nothing due, then set the timer."""
        try:
            while self._again and self._started:
                self._again = False
                await self._claim()
        except Failure as failure:
            self.log.error("{kind} jobs cannot be claimed: {reason}", kind=self._kind.value, reason=failure)
            self._set_timer(STORE_RETRY)
        except Exception:
            self.log.failure("{kind} jobs cannot be claimed", kind=self._kind.value)
            self._set_timer(STORE_RETRY)

    async def _claim(self) -> None:
        room = self.limit - self.running
        if room <= 0:
            return
        jobs = await self._store.claim_due(self._kind, room, self._now())
        if not self._started:
            await self._give_back(jobs)
            return
        if jobs:
            self.running += len(jobs)
            self._take(jobs)
        if len(jobs) == room:
            return
        due = await self._store.next_due(self._kind)
        self._set_timer(None if due is None else min(max(due - self._now(), 0.0), LONGEST_SLEEP))

    async def _give_back(self, jobs: Sequence[Job]) -> None:
        """Claimed just as we stopped: another start (or gateway) takes them at once."""
        for job in jobs:
            await self._store.defer_job(job.job_id, self._now(), causes.SHUT_DOWN, "", self._now())

    def _set_timer(self, seconds: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if seconds is not None and self._started:
            self._timer = self._clock.callLater(seconds, self._timed_out)

    def _timed_out(self) -> None:
        self._timer = None
        self.wake()
