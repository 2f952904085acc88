"""How far a fax job has come, as a stream for those who watch it: ``sandf send``, and later the web.

Events of the job's call become :class:`Progress` values; the ending, or the time of the next try, is read from the
store when the call is over.  Nobody waits for a watcher, and one that fails is only its own trouble.  The on-ramp has
no watchers: nobody asked for its calls.
"""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, fields

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from zope.interface import implementer

from sandf.callcontrol.call import Call
from sandf.callcontrol.events import (
    AlertIndication,
    DisconnectIndication,
    SetupConfirm,
    SetupIndication,
    SetupRequest,
    TransactionIndication,
)
from sandf.callcontrol.interfaces import ICallObserver
from sandf.callcontrol.leg import Leg
from sandf.callcontrol.primitives import (
    CoverPage,
    DocumentReady,
    DocumentToFax,
    MailIn,
    Negotiated,
    PageConfirmed,
    PageProgress,
    PageRefused,
    ProviderKind,
    RemoteIdentified,
    TelephoneCall,
    Transaction,
)
from sandf.causes import DELIVERED, Cause
from sandf.logs import Logger
from sandf.store.interfaces import IMessageStore
from sandf.store.records import Job, JobState

from .refusal import Refusal

REMEMBERED = 500
"""Steps of a live call that one who comes later is told."""
OCTETS_INTERVAL = 0.1
"""Seconds between two words about the same page."""
ENDING_INTERVAL = 0.5
"""Seconds until a store that still calls the job running after its call is asked again."""


class Step(enum.Enum):
    """What happened."""

    QUEUED = "queued"
    MAKING_PAGES = "making pages"
    NOTE = "note"
    """Something about the document that its sender should know: what was left out, what could not be drawn."""
    READY = "ready"
    DIALLING = "dialling"
    RINGING = "ringing"
    CALL_FAILED = "call failed"
    CONNECTED = "connected"
    IDENTIFIED = "identified"
    NEGOTIATED = "negotiated"
    SENDING = "sending"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    DEFERRED = "deferred"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """One step.  What a step has nothing to say of is None."""

    job: str
    step: Step
    text: str
    """For people, numbers masked."""
    pages: int | None = None
    """Pages of the whole fax, cover included."""
    page: int | None = None
    octets: int | None = None
    """Of the page, so far."""
    total: int | None = None
    """Octets of the page; 0 where unknown."""
    number: str | None = None
    port: str | None = None
    far_end: str | None = None
    bit_rate: int | None = None
    ecm: bool | None = None
    until: float | None = None
    """When the next try is due, seconds since 1970."""
    delivered: bool | None = None
    cause: int | None = None
    sentence: str | None = None

    @property
    def over(self) -> bool:
        """Whether the job has ended; no step follows."""
        return self.step is Step.ENDED

    def value(self) -> dict[str, object]:
        """As a plain value, without what is not said."""
        found = ((field.name, getattr(self, field.name)) for field in fields(self))
        return {name: value.value if isinstance(value, Step) else value for name, value in found if value is not None}


Told = Callable[[Progress], None]


class Watch:
    """One who watches one job; :meth:`stop` ends it."""

    def __init__(self, job_id: str, told: Told, stopped: Callable[[Watch], None]) -> None:
        self.job_id = job_id
        self.told = told
        self._stopped = stopped

    def stop(self) -> None:
        """Hear no more."""
        self._stopped(self)


class _LiveJob:
    """The call of a job."""

    def __init__(self, job_id: str) -> None:
        self.job_id = job_id
        self.steps: deque[Progress] = deque(maxlen=REMEMBERED)
        self.pages: dict[int, int] = {}
        """Pages by leg number: the document's, and one of the cover page."""
        self.told_at = 0.0


@implementer(ICallObserver)
class CallProgress:
    """All jobs and who watches them.  *masked* hides access codes; *clock* gives real time."""

    log = Logger()

    def __init__(self, *, store: IMessageStore, masked: Callable[[str], str], clock: IReactorTime) -> None:
        self._store = store
        self._masked = masked
        self._clock = clock
        self._calls: dict[str, _LiveJob] = {}
        self._watches: dict[str, list[Watch]] = {}
        self._timers: dict[str, IDelayedCall] = {}

    async def watch(self, job_id: str, told: Told) -> Watch:
        """Tell *told* what has happened on the job's live call, or where it stands, and then each further step.

        Raises :class:`Refusal` if there is no such job.
        """
        try:
            job = await self._store.job(job_id)
        except KeyError:
            raise Refusal(f"There is no job {job_id}. See: sandf show jobs")
        watch = Watch(job_id, told, self._forget)
        live = self._live(job_id)
        for step in tuple(live.steps) if live else ():
            self._tell_one(watch, step)
        self._watches.setdefault(job_id, []).append(watch)
        if live is None:
            self._tell_standing(job)
        return watch

    def stop(self) -> None:
        """The gateway closes: watch nothing any more."""
        self._watches.clear()
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    # ICallObserver.

    def call_began(self, call: Call) -> None:
        """Nothing is known yet."""

    def event_seen(self, call: Call, event: object) -> None:
        """Turn it into a step."""
        if isinstance(event, SetupIndication) and isinstance(event.setup, MailIn):
            self._calls[call.call_id] = _LiveJob(event.setup.job_id)
        live = self._calls.get(call.call_id)
        step = self._step(live, event) if live is not None else None
        if live is not None and step is not None:
            self._note(live, step)

    def call_ended(self, call: Call) -> None:
        """See in the store what became of the job."""
        live = self._calls.pop(call.call_id, None)
        if live is not None:
            self._look_up(live.job_id)

    # Steps.

    def _note(self, live: _LiveJob, step: Progress) -> None:
        if step.step is Step.SENDING:
            now = self._clock.seconds()
            if live.steps and live.steps[-1].step is Step.SENDING and live.steps[-1].page == step.page:
                if now - live.told_at < OCTETS_INTERVAL and step.octets != step.total:
                    return
                live.steps.pop()
            live.told_at = now
        live.steps.append(step)
        self._tell(step)

    def _step(self, live: _LiveJob, event: object) -> Progress | None:
        job = live.job_id
        match event:
            case SetupRequest(setup=DocumentToFax() | CoverPage()):
                return Progress(job=job, step=Step.MAKING_PAGES, text="making pages")
            case SetupConfirm(leg=leg) if leg.kind is ProviderKind.DOCUMENT:
                return self._ready(live, leg)
            case SetupRequest(setup=TelephoneCall(called=called, port=port)):
                number = self._masked(called)
                text = f"dialling {number} by port {port}"
                return Progress(job=job, step=Step.DIALLING, text=text, number=number, port=port)
            case AlertIndication(leg=leg) if leg.kind is ProviderKind.TELEPHONY:
                return Progress(job=job, step=Step.RINGING, text="ringing")
            case SetupConfirm(leg=leg) if leg.kind is ProviderKind.TELEPHONY:
                return Progress(job=job, step=Step.CONNECTED, text="connected")
            case DisconnectIndication(leg=leg, cause=cause) if leg.kind is ProviderKind.TELEPHONY:
                return _call_failed(job, cause) if leg.connected_at is None else None
            case TransactionIndication(leg=leg, transaction=transaction):
                return self._transaction(live, leg, transaction)
        return None

    def _ready(self, live: _LiveJob, leg: Leg) -> Progress:
        if isinstance(leg.setup, CoverPage):
            live.pages[leg.number] = 1
        pages = sum(live.pages.values()) or None
        text = "the cover page is ready" if isinstance(leg.setup, CoverPage) else "the first page is ready"
        text += f", {pages} pages altogether" if pages and pages > 1 else ""
        return Progress(job=live.job_id, step=Step.READY, text=text, pages=pages)

    def _transaction(self, live: _LiveJob, leg: Leg, transaction: Transaction) -> Progress | None:
        job = live.job_id
        match transaction:
            case DocumentReady(pages=pages, notes=notes):
                live.pages[leg.number] = pages
                return Progress(job=job, step=Step.NOTE, text=" ".join(notes)) if notes else None
            case RemoteIdentified(ident=ident) if ident:
                return Progress(job=job, step=Step.IDENTIFIED, text=f"the far end is {ident}", far_end=ident)
            case Negotiated(bit_rate=bit_rate, ecm=ecm, form=form):
                text = f"{bit_rate} bit/s, {form.coding.value.upper()}{', ECM' if ecm else ''}"
                return Progress(job=job, step=Step.NEGOTIATED, text=text, bit_rate=bit_rate, ecm=ecm)
            case PageProgress(number=page, octets=octets, total=total):
                text = f"page {self._of(live, page)}"
                return Progress(job=job, step=Step.SENDING, text=text, page=page, octets=octets, total=total)
            case PageConfirmed(number=page, octets=octets):
                text = f"page {self._of(live, page)} confirmed"
                return Progress(job=job, step=Step.CONFIRMED, text=text, page=page, octets=octets, total=octets)
            case PageRefused(number=page, sent_again=again):
                text = f"page {page} refused" + (", it is sent again" if again else "")
                return Progress(job=job, step=Step.REFUSED, text=text, page=page)
        return None

    def _of(self, live: _LiveJob, page: int) -> str:
        pages = sum(live.pages.values())
        return f"{page} of {pages}" if pages >= page else str(page)

    # Endings.

    def _look_up(self, job_id: str) -> None:
        if job_id in self._watches:
            Deferred.fromCoroutine(self._look_up_now(job_id))

    async def _look_up_now(self, job_id: str) -> None:
        try:
            self._tell_standing(await self._store.job(job_id))
        except Exception as error:
            self.log.warn("{job}: its ending cannot be read: {reason}", job=job_id, reason=error)
            self._look_up_later(job_id)

    def _look_up_later(self, job_id: str) -> None:
        """The store has not written the ending yet."""

        def again() -> None:
            del self._timers[job_id]
            self._look_up(job_id)

        if job_id in self._watches and job_id not in self._timers:
            self._timers[job_id] = self._clock.callLater(ENDING_INTERVAL, again)

    def _tell_standing(self, job: Job) -> None:
        """Where a job without a live call stands; one that is running has its ending, or its call, to come."""
        if job.state is JobState.RUNNING:
            if self._live(job.job_id) is None:
                self._look_up_later(job.job_id)
            return
        step = standing(job)
        self._tell(step)
        if step.over:
            self._watches.pop(job.job_id, None)

    def _live(self, job_id: str) -> _LiveJob | None:
        return next((live for live in self._calls.values() if live.job_id == job_id), None)

    # Watchers.

    def _tell(self, step: Progress) -> None:
        for watch in tuple(self._watches.get(step.job, ())):
            self._tell_one(watch, step)

    def _tell_one(self, watch: Watch, step: Progress) -> None:
        try:
            watch.told(step)
        except Exception:
            self.log.failure("{job}: somebody who watches it failed", job=step.job)

    def _forget(self, watch: Watch) -> None:
        watches = self._watches.get(watch.job_id, [])
        if watch in watches:
            watches.remove(watch)
        if not watches:
            self._watches.pop(watch.job_id, None)
            timer = self._timers.pop(watch.job_id, None)
            if timer is not None:
                timer.cancel()


def standing(job: Job) -> Progress:
    """The step that a job which is not running has come to."""
    if job.state is JobState.DEFERRED:
        if job.cause is None:
            return Progress(job=job.job_id, step=Step.QUEUED, text="queued", until=job.due_at)
        sentence = _sentence(job.cause, job.detail)
        return Progress(
            job=job.job_id,
            step=Step.DEFERRED,
            text=f"deferred: {sentence}",
            until=job.due_at,
            delivered=False,
            cause=job.cause.number,
            sentence=sentence,
        )
    cause = job.cause or DELIVERED
    sentence = _sentence(cause, job.detail)
    delivered = job.state is JobState.DELIVERED
    return Progress(
        job=job.job_id,
        step=Step.ENDED,
        text=f"{job.state.value}: {sentence}",
        pages=job.confirmed_pages or None,
        delivered=delivered,
        cause=cause.number,
        sentence=sentence,
    )


def _sentence(cause: Cause, detail: str) -> str:
    return f"{cause.sentence} ({detail})" if detail else cause.sentence


def _call_failed(job: str, cause: Cause) -> Progress:
    text = f"no call: {cause.name.replace('_', ' ')}"
    return Progress(job=job, step=Step.CALL_FAILED, text=text, cause=cause.number, sentence=cause.sentence)
