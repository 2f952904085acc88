"""The pool of workers: with processes that the test plays, and with real ones."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Awaitable
from pathlib import Path
from typing import cast
from unittest import skipUnless

from PIL import Image
from twisted.internet import reactor as installed_reactor
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ProcessTerminated
from twisted.internet.interfaces import (
    IProcessProtocol,
    IProcessTransport,
    IReactorProcess,
    IReactorThreads,
    IReactorTime,
)
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure as TwistedFailure
from twisted.trial.unittest import SynchronousTestCase, TestCase
from zope.interface.verify import verifyObject

from sandf import causes
from sandf.callcontrol.media import Page, Part
from sandf.causes import Cause, Failure
from sandf.dmsp.interfaces import IRenderer, Rows, Work
from sandf.dmsp.pool import HELD_DOCUMENTS, WorkerPool
from sandf.dmsp.process import WorkerProcess
from sandf.dmsp.settings import RenderingSettings
from sandf.dmsp.wire import Forget, Frames, Open, Raster, Reply, Request, as_request, framed
from sandf.protocols.t4.form import Coding, PageForm, Paper, Resolution

from .papers import decoded, ink, marked, saved

A4_FINE = (Resolution.FINE, Paper.A4)


def work(key: str, text: bytes = b"hello") -> Work:
    return Work(key=key, parts=(Part(media_type="text/plain", octets=text),))


class PlayedProcess:
    """A process transport: keeps what it is sent, answers when told, ends when killed."""

    def __init__(self, protocol: WorkerProcess) -> None:
        self.protocol = protocol
        self.requests: list[Request] = []
        self.killed = False
        self._frames = Frames()
        protocol.transport = cast(IProcessTransport, self)

    def writeSequence(self, pieces: tuple[bytes, ...]) -> None:
        for text, _ in self._frames.feed(b"".join(pieces)):
            self.requests.append(as_request(text))

    def signalProcess(self, name: str) -> None:
        self.killed = True

    def answer(self, reply: Reply | None = None, octets: bytes = b"") -> None:
        self.protocol.outReceived(b"".join(framed(reply or Reply(), octets)))

    def end(self, number: int = signal.SIGKILL) -> None:
        self.protocol.processEnded(TwistedFailure(ProcessTerminated(None, number)))


class PlayedProcesses:
    def __init__(self) -> None:
        self.started: list[PlayedProcess] = []
        self.refuse = False

    def spawnProcess(self, protocol: IProcessProtocol, *args: object, **kwargs: object) -> IProcessTransport:
        if self.refuse:
            raise OSError("no more processes")
        process = PlayedProcess(cast(WorkerProcess, protocol))
        self.started.append(process)
        return cast(IProcessTransport, process)


class Played(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.processes = PlayedProcesses()
        self.settings = RenderingSettings(seconds=10.0)
        self.pool = WorkerPool(
            self.settings,
            clock=self.clock,
            processes=cast(IReactorProcess, self.processes),
            threads=cast(IReactorThreads, MemoryReactorClock()),
        )
        self.pool.start()
        self.first, self.second = self.processes.started
        self.first.answer()
        self.second.answer()

    def tearDown(self) -> None:
        stopped = self.pool.stop()
        for process in self.processes.started:
            if process.killed and process.protocol in self.pool._workers:
                process.end()
        self.successResultOf(stopped)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def fails(self, result: Deferred[Reply], cause: Cause) -> None:
        self.assertEqual(self.failureResultOf(result, Failure).value.cause, cause)

    def test_interface(self) -> None:
        verifyObject(IRenderer, self.pool)

    def test_nothing_is_asked_of_a_worker_that_is_not_ready(self) -> None:
        self.first.end()
        self.second.end()
        result = self.pool.open(work("a"))
        third = self.processes.started[2]
        self.processes.started[3].answer()
        self.assertEqual(third.requests, [])
        third.answer()
        self.assertIsInstance(third.requests[0], Open)
        third.answer(Reply(pages=3))
        self.assertEqual(self.successResultOf(result).pages, 3)

    def test_a_raster_opens_the_document_where_it_is_not_open(self) -> None:
        result = self.pool.raster(work("a"), 1, *A4_FINE, urgent=True)
        self.first.answer(Reply(pages=1))
        self.first.answer(Reply(rows=7), b"bits")
        self.assertEqual([type(asked) for asked in self.first.requests], [Open, Raster])
        self.assertEqual(self.successResultOf(result).octets, b"bits")
        self.pool.raster(work("a"), 2, *A4_FINE, urgent=True).addErrback(lambda failure: None)
        self.assertEqual([type(asked) for asked in self.first.requests], [Open, Raster, Raster])

    def test_documents_are_not_held_for_ever(self) -> None:
        for number in range(HELD_DOCUMENTS + 1):
            self.pool.raster(work(str(number)), 1, *A4_FINE, urgent=True)
            self.first.answer(Reply(pages=1))
            self.first.answer(Reply(rows=1))
            if number == HELD_DOCUMENTS:
                self.assertEqual(self.first.requests[-1], Forget(document="0"))
            self.second.protocol.holds.clear()
            self.second.protocol.holds.update(dict.fromkeys("vwxyz"))

    def test_waiting_work_does_not_take_the_last_worker(self) -> None:
        slow = self.pool.open(work("a"))
        waits = self.pool.open(work("b"))
        rows = Rows(rows=1, resolution=Resolution.FINE, paper=Paper.A4, octets=b"")
        coded = self.pool.code(rows, PageForm(coding=Coding.MH, resolution=Resolution.FINE), ("", "", ""))
        self.assertEqual([len(self.first.requests), len(self.second.requests)], [1, 1])
        self.second.answer(Reply(rows=1), b"page")
        self.assertEqual(self.successResultOf(coded)[1], b"page")
        self.assertEqual(len(self.second.requests), 1)
        self.first.answer(Reply(pages=1))
        self.assertEqual(self.successResultOf(slow).pages, 1)
        self.second.answer(Reply(pages=2))
        self.assertEqual(self.successResultOf(waits).pages, 2)

    def test_a_failure_has_its_cause(self) -> None:
        result = self.pool.open(work("a"))
        self.first.answer(Reply(cause=causes.UNREADABLE.number, detail="why"))
        self.assertEqual(self.failureResultOf(result, Failure).value.detail, "why")

    def test_a_worker_that_hangs_is_killed_and_replaced(self) -> None:
        result = self.pool.open(work("a"))
        self.clock.advance(9.9)
        self.assertFalse(self.first.killed)
        self.clock.advance(0.2)
        self.assertTrue(self.first.killed)
        self.first.end()
        self.fails(result, causes.RENDERING_TIMED_OUT)
        self.assertEqual(len(self.processes.started), 3)

    def test_how_a_worker_ended(self) -> None:
        for number, said, cause in (
            (signal.SIGSEGV, b"", causes.RENDERING_FAILED),
            (signal.SIGXCPU, b"", causes.RENDERING_TIMED_OUT),
            (signal.SIGABRT, b"terminate called after std::bad_alloc\n", causes.RENDERING_MEMORY),
        ):
            process = self.processes.started[-1]
            if not process.protocol.ready:
                process.answer()
            for other in self.processes.started:
                if other is not process and other.protocol in self.pool._workers:
                    self.pool._workers.pop(other.protocol)
            result = self.pool._ask(Forget(document="x"), b"", urgent=True)
            process.protocol.errReceived(said)
            process.end(number)
            self.assertEqual(self.failureResultOf(result, Failure).value.cause, cause)

    def test_a_worker_that_says_it_is_done_for(self) -> None:
        result = self.pool.open(work("a"))
        self.first.answer(Reply(cause=causes.RENDERING_MEMORY.number, fatal=True))
        self.fails(result, causes.RENDERING_MEMORY)
        self.assertTrue(self.first.killed)

    def test_nonsense_from_a_worker(self) -> None:
        for nonsense in (b"\xff" * 8, b"\0\0\0\2\0\0\0\0{]"):
            process = self.processes.started[-1]
            process.protocol.outReceived(nonsense)
            self.assertTrue(process.killed)
            process.end()
            self.processes.started[-1].answer()

    def test_cancelled_before_it_began(self) -> None:
        self.pool.open(work("a")).addErrback(lambda failure: None)
        waits = self.pool.open(work("b"))
        waits.cancel()
        self.failureResultOf(waits, CancelledError)
        self.first.answer()
        self.assertEqual(len(self.first.requests), 1)

    def test_cancelled_after_it_began(self) -> None:
        result = self.pool.open(work("a"))
        result.cancel()
        self.failureResultOf(result, CancelledError)
        self.clock.advance(0.5)
        self.assertFalse(self.first.killed)
        self.clock.advance(0.6)
        self.assertTrue(self.first.killed)
        self.first.end()

    def test_cancelled_work_that_ends_soon_costs_no_worker(self) -> None:
        result = self.pool.open(work("a"))
        result.cancel()
        self.failureResultOf(result, CancelledError)
        self.first.answer(Reply(pages=1))
        self.clock.advance(20)
        self.assertFalse(self.first.killed)

    def test_workers_that_do_not_start(self) -> None:
        self.processes.refuse = True
        self.first.end()
        self.second.end()
        result = self.pool.open(work("a"))
        self.clock.advance(1)
        self.fails(result, causes.RENDERING_FAILED)
        self.processes.refuse = False
        self.clock.advance(1)
        self.processes.started[-1].answer()
        self.processes.started[-2].answer()
        self.assertNoResult(self.pool.open(work("a")).addErrback(lambda failure: None))

    def test_a_worker_that_never_becomes_ready(self) -> None:
        self.first.end()
        silent = self.processes.started[-1]
        self.clock.advance(10)
        self.assertTrue(silent.killed)
        silent.end()
        self.clock.advance(1)
        self.assertEqual(len(self.processes.started), 4)

    def test_reload_replaces_each_worker_when_it_is_free(self) -> None:
        self.pool.open(work("a"))
        self.pool.reload(RenderingSettings(pages=7, workers=9))
        self.assertEqual((self.first.killed, self.second.killed), (False, True))
        self.first.answer(Reply(pages=1))
        self.assertTrue(self.first.killed)
        self.first.end()
        self.second.end()
        self.assertEqual([process.protocol.settings.pages for process in self.processes.started], [500, 500, 7, 7])

    def test_stop_fails_what_waits_and_runs(self) -> None:
        results = [self.pool.open(work(key)) for key in "abc"]
        self.pool.stop()
        for result in [*results, self.pool.open(work("d"))]:
            self.fails(result, causes.SHUT_DOWN)


class Real(TestCase):
    """Real processes."""

    timeout = 30

    def start(self, settings: RenderingSettings) -> WorkerPool:
        pool = WorkerPool(
            settings,
            clock=cast(IReactorTime, installed_reactor),
            processes=cast(IReactorProcess, installed_reactor),
            threads=cast(IReactorThreads, installed_reactor),
        )
        pool.start()
        self.addCleanup(pool.stop)
        return pool

    def pid(self, pool: WorkerPool) -> int:
        """The process that is serving a request."""
        worker = next(worker for worker, job in pool._workers.items() if job is not None)
        assert worker.transport is not None and worker.transport.pid is not None
        return int(worker.transport.pid)

    async def ends(self, result: Awaitable[object], cause: Cause) -> None:
        with self.assertRaises(Failure) as raised:
            await result
        self.assertEqual(raised.exception.cause, cause)

    async def test_a_page_from_end_to_end(self) -> None:
        pool = self.start(RenderingSettings())
        tiff = saved(marked(1728, 900), "TIFF", compression="group4", dpi=(204, 196))
        parts = (Part(media_type="image/tiff", octets=tiff), Part(media_type="text/plain", octets=b"x" * 2_000_000))
        document = Work(key=await pool.identify(parts[:1]), parts=parts[:1])
        self.assertEqual(len(await pool.identify(parts)), 64)
        self.assertEqual((await pool.open(document)).pages, 1)
        rows = await pool.raster(document, 1, *A4_FINE, urgent=True)
        form = PageForm(coding=Coding.MMR, resolution=Resolution.FINE)
        reply, octets = await pool.code(rows, form, ("left", "", "right"))
        image = decoded(Page(number=1, form=form, rows=reply.rows, octets=octets))
        self.assertEqual(image.crop((0, 24, 1728, 924)).tobytes(), marked(1728, 900).tobytes())
        self.assertGreater(ink(image, (0, 0, 1728, 24)), 0.001)

    async def test_killed_in_the_middle(self) -> None:
        pool = self.start(RenderingSettings(workers=1))
        self.assertEqual((await pool.open(work("a"))).pages, 1)
        result = pool.open(work("b"))
        os.kill(self.pid(pool), signal.SIGSTOP)
        after = pool.open(work("c"))
        os.kill(self.pid(pool), signal.SIGKILL)
        await self.ends(result, causes.RENDERING_FAILED)
        self.assertEqual((await after).pages, 1)

    async def test_a_worker_that_hangs(self) -> None:
        pool = self.start(RenderingSettings(workers=1, seconds=10))
        await pool.open(work("a"))
        pool._settings = RenderingSettings(workers=1, seconds=0.2)
        result = pool.open(work("b"))
        os.kill(self.pid(pool), signal.SIGSTOP)
        await self.ends(result, causes.RENDERING_TIMED_OUT)
        pool._settings = RenderingSettings(workers=1, seconds=10)
        self.assertEqual((await pool.open(work("c"))).pages, 1)

    async def test_memory_bomb(self) -> None:
        pool = self.start(RenderingSettings(workers=1, memory_bytes=96 << 20))
        bomb = saved(Image.new("1", (9000, 9000), 255), "TIFF", compression="group4")
        document = Work(key="bomb", parts=(Part(media_type="image/tiff", octets=bomb),))
        self.assertEqual((await pool.open(document)).pages, 1)
        await self.ends(
            cast("Deferred[Reply]", pool.raster(document, 1, *A4_FINE, urgent=True)), causes.RENDERING_MEMORY
        )
        self.assertEqual((await pool.open(work("c"))).pages, 1)

    @skipUnless(sys.platform == "linux", "it looks into /proc")
    async def test_workers_write_no_files_and_have_no_environment(self) -> None:
        pool = self.start(RenderingSettings(workers=1))
        await pool.open(work("a"))
        (worker,) = pool._workers
        assert worker.transport is not None
        process = Path("/proc") / str(worker.transport.pid)
        limits = (process / "limits").read_text().splitlines()
        lines = {line[:25].strip(): line[25:].split()[:2] for line in limits}
        self.assertEqual(lines["Max file size"], ["0", "0"])
        self.assertEqual(lines["Max address space"], [str(1 << 30)] * 2)
        names = {pair.partition("=")[0] for pair in (process / "environ").read_text().split("\0") if pair}
        self.assertLessEqual(names, {"PYTHONPATH", "LC_ALL", "PYTHONDONTWRITEBYTECODE"})
