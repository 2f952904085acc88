"""Jobs as they fall due: claimed from the store in batches, never more under way than there is room for.

Looks when it is woken (a commit, a job done) and when its one timer says that the next job is due.  If the store
fails, it looks again a little later.  What is done with a job is not known here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from sandf import causes
from sandf.store.interfaces import IStore
from sandf.store.records import Job, JobKind

from .watch import Watch

LONGEST_SLEEP = 3600.0
"""Seconds; the wall clock may be set meanwhile."""


class DueJobs:
    """Claims jobs of one *kind*, at most *limit* at a time, and hands each batch to *take*.

    Whoever takes them says :meth:`done` for each, once its ending is in the store.
    """

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
        self._now = now
        self._watch = Watch(f"{kind.value} jobs", self._claim, clock)

    def start(self) -> None:
        """Begin to claim."""
        self._watch.start()

    def stop(self) -> Deferred[None]:
        """Claim no more; fires when no claim is under way."""
        return self._watch.stop()

    def wake(self) -> None:
        """There may be something to claim."""
        self._watch.wake()

    def done(self, count: int = 1) -> None:
        """So many of the claimed jobs are no longer under way."""
        self.running -= count
        self.wake()

    async def _claim(self) -> float | None:
        """Fill the room there is; seconds until the next job is due, where there is room for it."""
        room = self.limit - self.running
        if room <= 0:
            return None
        jobs = await self._store.claim_due(self._kind, room, self._now())
        if not self._watch.started:
            await self._give_back(jobs)
            return None
        if jobs:
            self.running += len(jobs)
            self._take(jobs)
        if len(jobs) == room:
            return None
        due = await self._store.next_due(self._kind)
        return None if due is None else min(max(due - self._now(), 0.0), LONGEST_SLEEP)

    async def _give_back(self, jobs: Sequence[Job]) -> None:
        """Claimed just as we stopped: another start (or gateway) takes them at once."""
        for job in jobs:
            await self._store.defer_job(
                job.job_id, self._now(), causes.SHUT_DOWN, "", attempt=job.attempts, now=self._now()
            )
