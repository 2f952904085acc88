"""The off-ramp spool: each recipient that is due becomes an incoming call of the mail provider.

The application of the call writes how its attempt ended.  A call that ends with its job still running (it was
refused before an application had it, or the store failed) is settled here, so that no recipient is forgotten
(design law 5).  It knows no telephone and reads no message.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from sandf import causes
from sandf.callcontrol.call import Call
from sandf.callcontrol.control import CallControl
from sandf.callcontrol.interfaces import ICallObserver
from sandf.callcontrol.leg import Leg
from sandf.callcontrol.primitives import MailIn, ProviderKind
from sandf.causes import Cause, Failure
from sandf.logs import Logger
from sandf.store.interfaces import IEndings, IStore
from sandf.store.records import Job, JobKind, JobState

from .due import DueJobs


@implementer(ICallObserver)
class Spool:
    """Fax jobs become calls, at most *limit* at a time.

    It is an observer of call control, which is therefore made after it and given to :meth:`start`.  *next_attempt*
    is the retry schedule, *ended* is called after each job that may have a notice due.
    """

    log = Logger()

    def __init__(
        self,
        *,
        store: IStore,
        limit: int,
        endings: IEndings,
        ended: Callable[[], None],
        clock: IReactorTime,
        now: Callable[[], float],
    ) -> None:
        self._due = DueJobs(store=store, kind=JobKind.FAX, limit=limit, take=self._take, clock=clock, now=now)
        self._endings = endings
        self._store = store
        self._ended = ended
        self._control: CallControl | None = None
        self._calls: dict[str, tuple[Job, Leg]] = {}

    @property
    def running(self) -> int:
        """Jobs whose call runs, or whose ending is being written."""
        return self._due.running

    def start(self, control: CallControl) -> None:
        """Begin to make calls."""
        self._control = control
        self._due.start()

    def stop(self) -> Deferred[None]:
        """Make no more calls; those that run are not touched."""
        return self._due.stop()

    def wake(self) -> None:
        """A message was accepted, or the operator changed a job."""
        self._due.wake()

    def _take(self, jobs: Sequence[Job]) -> None:
        for job in jobs:
            Deferred.fromCoroutine(self._begin(job))

    async def _begin(self, job: Job) -> None:
        """Bring the leg of *job*."""
        assert self._control is not None
        try:
            stored = await self._store.message(job.message_id)
            setup = MailIn(job_id=job.job_id, called=job.called, calling=stored.message.reverse_path)
            leg = self._control.incoming_leg(ProviderKind.MAIL, setup)
        except Exception:
            self.log.failure("spool: {job} cannot become a call", job=job.job_id)
            await self._settle(job, causes.INTERNAL_ERROR)
            return
        self._calls[leg.call_id] = (job, leg)
        self._control.setup_indication(leg)

    # ICallObserver.

    def call_began(self, call: Call) -> None:
        """Nothing to do."""

    def event_seen(self, call: Call, event: object) -> None:
        """Nothing to do."""

    def call_ended(self, call: Call) -> None:
        """See to it that the job of *call* has its ending."""
        job, leg = self._calls.pop(call.call_id, (None, None))
        if job is not None and leg is not None:
            Deferred.fromCoroutine(self._settle(job, leg.cause or causes.INTERNAL_ERROR))

    async def _settle(self, job: Job, cause: Cause) -> None:
        """If *job* is still running, it ended for *cause*.

        A gateway that closes down refuses calls: then no more are made, as they would be refused for ever.
        """
        if self._control is not None and not self._control.accepting:
            self._due.stop()
        try:
            current = await self._store.job(job.job_id)
            if current.state is JobState.RUNNING and current.attempts == job.attempts:
                self.log.warn("spool: {job} was left by its call: {cause}", job=job.job_id, cause=cause.name)
                await self._endings.write(current, cause, "")
        except Failure as failure:
            self.log.warn(
                "spool: the ending of {job} is left to the next start: {reason}", job=job.job_id, reason=failure
            )
        except Exception:
            self.log.failure("spool: the ending of {job} is left to the next start", job=job.job_id)
        self._due.done()
        self._ended()
