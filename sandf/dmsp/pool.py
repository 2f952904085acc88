"""Rendering workers, kept warm: hands them requests, watches their time, replaces those that end.

A worker serves one request at a time.  Work that no call waits for never takes the last free worker, so that
a slow document does not hold up the pages of calls on the line.  A worker that ends, hangs or runs out of
memory fails the request that it was serving and nothing else.

What this module does not do: try a failed request again, or look into documents.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorProcess, IReactorThreads, IReactorTime
from twisted.internet.threads import deferToThreadPool
from zope.interface import implementer

from sandf import causes
from sandf.callcontrol.media import Part
from sandf.callcontrol.primitives import FaxToDocument
from sandf.causes import CATALOGUE, Cause, Failure
from sandf.dmsp.interfaces import IRenderer, Rows, Work
from sandf.dmsp.process import WorkerProcess, spawn
from sandf.dmsp.requests import (
    code_request,
    digest,
    open_request,
    raster_request,
    rows_of,
    work_octets,
    wrap_request,
)
from sandf.dmsp.settings import RenderingSettings
from sandf.dmsp.wire import Forget, Open, Raster, Reply, Request, framed
from sandf.logs import Logger
from sandf.protocols.t4.form import PageForm, Paper, Resolution

HELD_DOCUMENTS = 4
"""Documents that a worker keeps open."""
_CANCEL_SECONDS = 1.0
"""A cancelled request that has begun may take so much longer before its worker is killed."""
_RESTART_SECONDS = 1.0
_MOST_FALSE_STARTS = 3
"""Workers that end before they are ready, in a row, until waiting requests fail."""
_HASHED_AT_ONCE = 1 << 20
"""Octets that are hashed on the reactor's thread (about 1 ms)."""


@dataclass(eq=False, kw_only=True)
class _Job:
    request: Request
    octets: bytes
    work: Work | None
    """The document that must be open first."""
    urgent: bool
    done: Deferred[tuple[Reply, bytes]] = field(default_factory=Deferred)
    opening: bool = False
    cancelled: bool = False
    deadline: IDelayedCall | None = None


@implementer(IRenderer)
class WorkerPool:
    """The renderer of the gateway.  The three arguments after the settings are usually one reactor."""

    log = Logger()

    def __init__(
        self,
        settings: RenderingSettings,
        *,
        clock: IReactorTime,
        processes: IReactorProcess,
        threads: IReactorThreads,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._processes = processes
        self._threads = threads
        self._workers: dict[WorkerProcess, _Job | None] = {}
        self._queue: list[_Job] = []
        self._false_starts = 0
        self._restart: IDelayedCall | None = None
        self._stopped: Deferred[None] | None = None

    # The life of the pool.

    def start(self) -> None:
        """Start the workers; requests may be made before they are ready."""
        for _ in range(self._settings.workers - len(self._workers)):
            self._add_worker()

    def stop(self) -> Deferred[None]:
        """Fail what waits or runs (SHUT_DOWN) and end the workers; fires when the last process has gone."""
        stopped: Deferred[None] = Deferred()
        self._stopped = stopped
        if self._restart is not None and self._restart.active():
            self._restart.cancel()
        queue, self._queue = self._queue, []
        for job in queue:
            self._fail(job, causes.SHUT_DOWN, "")
        for worker, running in tuple(self._workers.items()):
            if running is not None:
                self._workers[worker] = None
                self._fail(running, causes.SHUT_DOWN, "")
            worker.retire()
        if not self._workers:
            stopped.callback(None)
        return stopped

    def reload(self, settings: RenderingSettings) -> None:
        """Work under other limits from the next request on; the number of workers stays."""
        self._settings = dataclasses.replace(settings, workers=self._settings.workers)
        for worker, job in tuple(self._workers.items()):
            if job is None and worker.ready:
                worker.retire()

    # IRenderer.

    def identify(self, parts: Sequence[Part]) -> Deferred[str]:
        """A key for *parts*, hashed off the reactor's thread where they are large."""
        if sum(len(part.octets) for part in parts) <= _HASHED_AT_ONCE:
            return succeed(digest(parts))
        return deferToThreadPool(self._threads, self._threads.getThreadPool(), digest, parts)

    def open(self, work: Work) -> Deferred[Reply]:
        """Read *work*."""
        return self._ask(open_request(work), work_octets(work), urgent=False).addCallback(lambda answer: answer[0])

    def raster(self, work: Work, number: int, resolution: Resolution, paper: Paper, *, urgent: bool) -> Deferred[Rows]:
        """Page *number* of *work*."""
        request = raster_request(work, number, resolution, paper)
        asked = self._ask(request, b"", work=work, urgent=urgent)
        return asked.addCallback(lambda answer: rows_of(request, *answer))

    def code(self, rows: Rows, form: PageForm, header: tuple[str, str, str]) -> Deferred[tuple[Reply, bytes]]:
        """*rows* below a header line, coded."""
        return self._ask(code_request(rows, form, header), rows.octets, urgent=True)

    def wrap(self, setup: FaxToDocument) -> Deferred[bytes]:
        """The received pages of *setup* as a TIFF file."""
        octets = b"".join(page.octets for page in setup.pages)
        return self._ask(wrap_request(setup), octets, urgent=False).addCallback(lambda answer: answer[1])

    # Requests.

    def _ask(
        self, request: Request, octets: bytes, *, urgent: bool, work: Work | None = None
    ) -> Deferred[tuple[Reply, bytes]]:
        job = _Job(request=request, octets=octets, work=work, urgent=urgent)
        job.done = Deferred(lambda _: self._cancel(job))
        self._queue.append(job)
        if self._stopped is not None:
            self._queue.remove(job)
            self._fail(job, causes.SHUT_DOWN, "")
        else:
            self._serve()
        return job.done

    def _serve(self) -> None:
        """Give free workers the next requests: urgent ones first, then by their order."""
        while self._queue:
            free = [worker for worker, job in self._workers.items() if job is None and worker.ready]
            urgent = [job for job in self._queue if job.urgent]
            may_take_last = self._settings.workers == 1 or len(free) > 1
            if not free or not (urgent or may_take_last):
                return
            job = urgent[0] if urgent else self._queue[0]
            self._queue.remove(job)
            self._begin(_best(free, job), job)

    def _begin(self, worker: WorkerProcess, job: _Job) -> None:
        self._watch(worker, job)
        worker.forget_errors()
        if job.work is not None and job.work.key not in worker.holds:
            job.opening = True
            self._send(worker, open_request(job.work), work_octets(job.work))
        else:
            self._send(worker, job.request, job.octets)

    def _watch(self, worker: WorkerProcess, job: _Job) -> None:
        self._workers[worker] = job
        job.deadline = self._clock.callLater(self._settings.seconds, self._time_out, worker)

    def _send(self, worker: WorkerProcess, request: Request, octets: bytes) -> None:
        if isinstance(request, Open | Raster):
            worker.holds.pop(request.document, None)
            worker.holds[request.document] = None
        worker.write(framed(request, octets))

    def _replied(self, worker: WorkerProcess, reply: Reply, octets: bytes) -> None:
        job = self._workers.get(worker)
        if job is None:  # after stop
            return
        if not worker.ready:
            worker.ready = True
            self._false_starts = 0
        if reply.cause and (job.opening or isinstance(job.request, Open)):
            key = job.work.key if job.work is not None else cast(Open, job.request).document
            worker.holds.pop(key, None)
        if job.opening and not (reply.cause or job.cancelled):
            job.opening = False
            self._send(worker, job.request, job.octets)
            return
        self._finish(worker, job, reply, octets)

    def _finish(self, worker: WorkerProcess, job: _Job, reply: Reply, octets: bytes) -> None:
        self._workers[worker] = None
        if reply.fatal or worker.settings is not self._settings:
            worker.retire()
        elif len(worker.holds) > HELD_DOCUMENTS:
            self._forget_oldest(worker)
        if reply.cause:
            self._fail(job, CATALOGUE.get(reply.cause, causes.RENDERING_FAILED), reply.detail)
        else:
            self._settle(job)
            if not job.cancelled:
                job.done.callback((reply, octets))
        self._serve()

    def _forget_oldest(self, worker: WorkerProcess) -> None:
        key = next(iter(worker.holds))
        del worker.holds[key]
        self._begin(worker, _nobodys_job(key))

    def _cancel(self, job: _Job) -> None:
        job.cancelled = True
        if job in self._queue:
            self._queue.remove(job)
        elif job.deadline is not None and job.deadline.active():
            remaining = job.deadline.getTime() - self._clock.seconds()
            job.deadline.reset(min(_CANCEL_SECONDS, max(0.0, remaining)))

    def _time_out(self, worker: WorkerProcess) -> None:
        worker.timed_out = True
        worker.kill()

    def _settle(self, job: _Job) -> None:
        if job.deadline is not None and job.deadline.active():
            job.deadline.cancel()

    def _fail(self, job: _Job, cause: Cause, detail: str) -> None:
        self._settle(job)
        if not job.cancelled:
            job.done.errback(Failure(cause, detail))

    # Processes.

    def _add_worker(self) -> None:
        worker = WorkerProcess(self._settings, self._replied, self._worker_ended)
        try:
            spawn(self._processes, worker)
        except OSError as error:
            self._false_start(str(error))
        else:
            self._watch(worker, _nobodys_job("starting"))

    def _worker_ended(self, worker: WorkerProcess, cause: Cause, detail: str) -> None:
        job = self._workers.pop(worker)
        if self._stopped is not None:
            if not self._workers:
                self._stopped.callback(None)
            return
        if job is not None:
            self._fail(job, cause, detail)
        if worker.ready or worker.retired:
            self.log.info("renderer replaced: {cause} {detail}", cause=cause.name, detail=detail)
            self._add_worker()
        else:
            self._false_start(detail)

    def _false_start(self, detail: str) -> None:
        self._false_starts += 1
        if self._false_starts >= _MOST_FALSE_STARTS:
            self.log.error("renderers do not start: {detail}", detail=detail)
            queue, self._queue = self._queue, []
            for job in queue:
                self._fail(job, causes.RENDERING_FAILED, detail)
        if self._restart is None or not self._restart.active():
            self._restart = self._clock.callLater(_RESTART_SECONDS, self.start)


def _nobodys_job(document: str) -> _Job:
    """A job whose answer nobody waits for: the start of a worker, or a document to forget."""
    return _Job(request=Forget(document=document), octets=b"", work=None, urgent=True, cancelled=True)


def _best(free: list[WorkerProcess], job: _Job) -> WorkerProcess:
    """A worker that has the document open, else the one that has fewest."""
    if job.work is not None:
        for worker in free:
            if job.work.key in worker.holds:
                return worker
    return min(free, key=lambda worker: len(worker.holds))
