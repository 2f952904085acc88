"""One worker process as the gateway sees it: what it was asked, what it answered, how it ended."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
from twisted.internet.error import ProcessExitedAlready, ProcessTerminated
from twisted.internet.interfaces import IReactorProcess
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure as TwistedFailure

import sandf
from sandf import causes
from sandf.causes import Cause
from sandf.dmsp.settings import RenderingSettings
from sandf.dmsp.wire import Frames, Reply, as_reply

_MOST_ERROR_TEXT = 4096
_NO_MEMORY = (b"bad_alloc", b"MemoryError", b"out of memory", b"Out of memory", b"annot allocate")


class WorkerProcess(ProcessProtocol):
    """Tells *replied* each answer (the first one means: ready) and *ended* the cause of its end."""

    def __init__(
        self,
        settings: RenderingSettings,
        replied: Callable[[WorkerProcess, Reply, bytes], None],
        ended: Callable[[WorkerProcess, Cause, str], None],
    ) -> None:
        self.settings = settings
        self.ready = False
        """It has started and takes requests."""
        self.retired = False
        """It was ended on purpose, between two requests."""
        self.holds: dict[str, None] = {}
        """Keys of the documents that it has open, the one used last at the end."""
        self.timed_out = False
        self._replied = replied
        self._ended = ended
        self._frames = Frames()
        self._errors = b""

    def outReceived(self, data: bytes) -> None:
        """Octets of replies; a worker that sends nonsense is killed."""
        try:
            for text, octets in self._frames.feed(data):
                self._replied(self, as_reply(text), octets)
        except (ValueError, msgspec.MsgspecError):
            self.kill()

    def errReceived(self, data: bytes) -> None:
        """What libraries complain about; the last of it explains a sudden end."""
        self._errors = (self._errors + data)[-_MOST_ERROR_TEXT:]

    def forget_errors(self) -> None:
        """A new request begins: what was said before is not about it."""
        self._errors = b""

    def processEnded(self, reason: TwistedFailure) -> None:
        """The process has gone and all it sent was read."""
        signalled = reason.value.signal if isinstance(reason.value, ProcessTerminated) else None
        self._ended(self, *self._why(signalled))

    def _why(self, signalled: int | None) -> tuple[Cause, str]:
        if self.timed_out or signalled == signal.SIGXCPU:
            return causes.RENDERING_TIMED_OUT, ""
        if any(words in self._errors for words in _NO_MEMORY):
            return causes.RENDERING_MEMORY, ""
        last = self._errors.decode(errors="replace").strip().rpartition("\n")[2]
        how = f"signal {signalled}" if signalled else "by itself"
        return causes.RENDERING_FAILED, f"the renderer ended ({how}) {last}".rstrip()

    def write(self, pieces: tuple[bytes, ...]) -> None:
        """Send a request."""
        if self.transport is not None:
            self.transport.writeSequence(pieces)

    def kill(self) -> None:
        """End it at once; ``ended`` follows, if the process had not gone already."""
        if self.transport is not None:
            with contextlib.suppress(ProcessExitedAlready):
                self.transport.signalProcess("KILL")

    def retire(self) -> None:
        """End it while it has nothing to do."""
        self.ready = False
        self.retired = True
        self.kill()


def spawn(reactor: IReactorProcess, worker: WorkerProcess) -> None:
    """Start a process for *worker*, with nothing of the environment but where Python finds sandf."""
    package = str(Path(sandf.__file__).parent.parent)
    path = os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH"))))
    limits = msgspec.json.encode(worker.settings).decode()
    arguments = [sys.executable, "-P", "-m", "sandf.dmsp.worker", limits]
    environment = {"PYTHONPATH": path, "LC_ALL": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}
    reactor.spawnProcess(worker, sys.executable, arguments, environment, "/")
