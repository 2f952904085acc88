"""The off-ramp: a recipient of a mail becomes a fax call, and the call's ending becomes the recipient's.

It makes no DSN: the store says that one is due, and MSPI sees to it.  How one attempt runs is in
:mod:`.transmission`.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from sandf import causes
from sandf.callcontrol.call import Call
from sandf.callcontrol.events import SetupIndication
from sandf.callcontrol.interfaces import IApplication
from sandf.callcontrol.primitives import MailIn
from sandf.causes import Cause, Failure, Retry
from sandf.logs import Logger
from sandf.store.interfaces import IStore
from sandf.store.records import HistoryLine, Job, JobState

from .routing import Routing
from .settings import OffRampSettings
from .transmission import Transmission


@implementer(IApplication)
class OffRamp:
    """The application ``offramp``.

    *next_attempt* is the retry schedule: ``(job, cause, now)`` to the time of the next attempt, or None.
    *masked* hides access codes in a number that people will see.
    """

    name = "offramp"
    log = Logger()

    def __init__(
        self,
        *,
        store: IStore,
        routing: Routing,
        settings: OffRampSettings,
        next_attempt: Callable[[Job, Cause, float], float | None],
        masked: Callable[[str], str],
        now: Callable[[], float],
        clock: IReactorTime,
    ) -> None:
        self.settings = settings
        self._store = store
        self._routing = routing
        self._next_attempt = next_attempt
        self._masked = masked
        self._now = now
        self._clock = clock

    async def run(self, call: Call) -> None:
        """Serve one recipient once."""
        event = await call.next_event()
        assert isinstance(event, SetupIndication) and isinstance(event.setup, MailIn)
        job = await self._store.job(event.setup.job_id)

        def note(text: str, cause: Cause | None = None) -> None:
            self._note(call, job, text, cause)

        transmission = Transmission(
            call,
            event.leg,
            job,
            store=self._store,
            routing=self._routing,
            settings=self.settings,
            masked=self._masked,
            now=self._now,
            clock=self._clock,
            note=note,
        )
        try:
            cause, detail = await transmission.run()
        except Failure as failure:
            cause, detail = failure.cause, failure.detail
        except Exception:
            self.log.failure("offramp({call}): {job} failed", call=call.call_id, job=job.job_id)
            cause, detail = causes.INTERNAL_ERROR, ""
        await self._end(call, job, cause, detail)

    async def _end(self, call: Call, job: Job, cause: Cause, detail: str) -> None:
        """Write how the attempt ended: delivered, failed, or deferred until the schedule's next time."""
        now = self._now()
        until = None if cause.retry is Retry.NEVER else self._next_attempt(job, cause, now)
        text = "ended" if until is None else f"deferred for {until - now:.0f} s"
        self.log.info(
            "offramp({call}): {job} to {called}: {cause}, {text}",
            call=call.call_id,
            job=job.job_id,
            called=self._masked(job.called),
            cause=cause.name,
            text=text,
        )
        if until is not None:
            await self._store.defer_job(job.job_id, until, cause, detail, now)
        else:
            state = JobState.DELIVERED if cause is causes.DELIVERED else JobState.FAILED
            await self._store.end_job(job.job_id, state, cause, detail, now)
        self._note(call, job, text, cause)

    def _note(self, call: Call, job: Job, text: str, cause: Cause | None) -> None:
        """A line of history; nobody waits for it."""
        line = HistoryLine(at=self._now(), job_id=job.job_id, fax_id=None, call_id=call.call_id, text=text, cause=cause)
        self._store.add_history(line).addErrback(
            lambda failure: self.log.warn("history is not kept: {reason}", reason=failure.value)
        )
