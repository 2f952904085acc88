"""The one writer of how an attempt ended: delivered, failed, or deferred until the retry schedule's next time.

A store that fails is asked again until it has it: an ending is never dropped while the process lives, and after
it the store itself makes running jobs due again.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from zope.interface import implementer

from sandf import causes
from sandf.causes import Cause, Failure, Retry
from sandf.logs import Logger

from .interfaces import IEndings, IStore
from .records import HistoryLine, Job, JobState

STORE_RETRY = 15.0
"""Seconds until the store is asked again after it failed."""
NextAttempt = Callable[[Job, Cause, float], float | None]
"""The retry schedule: job, cause of its last attempt, now; when to try again, None for never."""

_GOOD = (causes.DELIVERED, causes.MAIL_ACCEPTED)


@implementer(IEndings)
class Endings:
    """Writes endings to *store*."""

    log = Logger()

    def __init__(
        self, *, store: IStore, next_attempt: NextAttempt, clock: IReactorTime, now: Callable[[], float]
    ) -> None:
        self._store = store
        self._next_attempt = next_attempt
        self._clock = clock
        self._now = now
        self._waits: set[Deferred[None]] = set()
        self._stopped = False

    async def write(self, job: Job, cause: Cause, detail: str, call_id: str | None = None) -> None:
        """The attempt of *job* ended for *cause*; returns when that is committed.

        Raises Failure(SHUT_DOWN) if :meth:`stop` came first.  A job that was ended from elsewhere meanwhile (the
        operator) is left alone.
        """
        while True:
            try:
                await self._write(job, cause, detail, call_id)
                return
            except Failure as failure:
                self.log.error("the ending of {job} is not stored yet: {reason}", job=job.job_id, reason=failure)
            except (KeyError, ValueError) as error:
                self.log.info("{job} has ended otherwise: {error}", job=job.job_id, error=error)
                return
            await self._wait()

    def stop(self) -> None:
        """Wait for the store no longer, from now on: what it does not take is left to the next start."""
        self._stopped = True
        for wait in tuple(self._waits):
            wait.cancel()

    async def _write(self, job: Job, cause: Cause, detail: str, call_id: str | None) -> None:
        now = self._now()
        until = None if cause.retry is Retry.NEVER else self._next_attempt(job, cause, now)
        if until is not None:
            await self._store.defer_job(job.job_id, until, cause, detail, attempt=job.attempts, now=now)
        else:
            state = JobState.DELIVERED if cause in _GOOD else JobState.FAILED
            await self._store.end_job(job.job_id, state, cause, detail, attempt=job.attempts, now=now)
        outcome = "ended" if until is None else f"deferred for {until - now:.0f} s"
        self.log.info("{job}: {cause}, {outcome}", job=job.job_id, cause=cause.name, outcome=outcome)
        text = f"{outcome}: {detail}" if detail else outcome
        line = HistoryLine(at=now, job_id=job.job_id, fax_id=job.fax_id, call_id=call_id, text=text, cause=cause)
        self._store.add_history(line).addErrback(
            lambda failure: self.log.warn("history is not kept: {reason}", reason=failure.value)
        )

    async def _wait(self) -> None:
        if self._stopped:
            raise Failure(causes.SHUT_DOWN)
        wait: Deferred[None] = deferLater(self._clock, STORE_RETRY)
        self._waits.add(wait)
        try:
            await wait
        except CancelledError:
            raise Failure(causes.SHUT_DOWN)
        finally:
            self._waits.discard(wait)
