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
from sandf.causes import Failure
from sandf.logs import Logger
from sandf.store.interfaces import IEndings, IStore
from sandf.store.records import HistoryLine, Job

from .routing import Routing
from .settings import OffRampSettings
from .transmission import Transmission


@implementer(IApplication)
class OffRamp:
    """The application ``offramp``.

    *endings* writes how each attempt ended; *masked* hides access codes in a number that people will see.
    """

    name = "offramp"
    log = Logger()

    def __init__(
        self,
        *,
        store: IStore,
        routing: Routing,
        settings: OffRampSettings,
        endings: IEndings,
        masked: Callable[[str], str],
        now: Callable[[], float],
        clock: IReactorTime,
    ) -> None:
        self.settings = settings
        self._store = store
        self._routing = routing
        self._endings = endings
        self._masked = masked
        self._now = now
        self._clock = clock

    async def run(self, call: Call) -> None:
        """Serve one recipient once."""
        event = await call.next_event()
        assert isinstance(event, SetupIndication) and isinstance(event.setup, MailIn)
        job = await self._store.job(event.setup.job_id)

        def note(text: str) -> None:
            self._note(call, job, text)

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
        # The line first: when the job is due again, this call must not be in its way.
        await call.clear(cause)
        self.log.info(
            "offramp({call}): {job} to {called}: {cause}",
            call=call.call_id,
            job=job.job_id,
            called=self._masked(job.called),
            cause=cause.name,
        )
        await self._endings.write(job, cause, detail, call.call_id)

    def _note(self, call: Call, job: Job, text: str) -> None:
        """A line of history; nobody waits for it."""
        line = HistoryLine(at=self._now(), job_id=job.job_id, fax_id=None, call_id=call.call_id, text=text)
        self._store.add_history(line).addErrback(
            lambda failure: self.log.warn("history is not kept: {reason}", reason=failure.value)
        )
