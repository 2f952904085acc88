"""The control socket: the ``sandf`` command and other programs on this machine ask and order, in JSON lines.

A request is one line (:mod:`.requests`); its answer is any number of progress lines and exactly one last line::

    {"ok": true, "progress": {"job": "j5", "step": "sending", ...}}
    {"ok": true, "value": {...}, "text": "what a person reads"}
    {"ok": false, "error": "a sentence", "cause": 102}

Requests of one connection are answered in their order.  A line that is no request has an answer too and harms nobody
else; one that is longer than any request may be ends its connection.  Whoever may open the socket may do everything:
its mode (0600) is the whole protection.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar, cast

import msgspec
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IConsumer, IPushProducer, ITransport
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.logger import Logger
from twisted.python import failure
from zope.interface import implementer

from sandf import causes
from sandf.callcontrol.media import Message
from sandf.causes import Failure

from . import requests, submission
from .inspection import Inspection
from .progress import CallProgress, Progress, Step
from .progress import Watch as JobWatch
from .refusal import Refusal
from .show import render
from .values import Value

T = TypeVar("T")

LONGEST_LINE = 48 * 1024 * 1024
"""Octets of a request: a document of 30 MiB in base64 (40 MiB) and all that goes with it."""
SHORT_LINE = 32 * 1024
"""Longer lines are read, and their mails made, beside the reactor thread."""
MOST_CONNECTIONS = 50

Aside = Callable[[Callable[[], T]], Deferred[T]]


class IControlLine(ITransport, IConsumer):
    """What a stream transport is: written to, and told when to wait."""


class Submission:
    """Where faxes are handed in.

    *accept* screens the forward-paths, commits the message and gives the job ids; it fails with
    :class:`sandf.causes.Failure`, or :class:`Refusal` naming those that are refused.  *domain* is the one for
    bare numbers, *sender* the reverse-path of who gives none, *new_message_id* a Message-ID that never repeats.
    """

    def __init__(
        self,
        *,
        accept: Callable[[Message, tuple[str, ...]], Awaitable[list[str]]],
        domain: Callable[[], str],
        sender: Callable[[], str],
        new_message_id: Callable[[], str],
        now: Callable[[], float],
    ) -> None:
        self.accept = accept
        self._domain = domain
        self._sender = sender
        self._new_message_id = new_message_id
        self._now = now

    def message(self, request: requests.Send) -> tuple[Message, tuple[str, ...]]:
        """The mail of *request* and its forward-paths.  Raises :class:`Refusal`.  May be called in any thread."""
        forward_paths = submission.recipients(request.to, domain=self._domain(), cover=request.cover)
        sender = submission.reverse_path(request.sender, default=self._sender())
        message = submission.build_message(
            request,
            reverse_path=sender,
            forward_paths=forward_paths,
            message_id=self._new_message_id(),
            now=self._now(),
        )
        return message, forward_paths


class ControlFactory(Factory):
    """All connections.  *aside* calls something that takes a while in another thread."""

    noisy = False

    def __init__(
        self,
        *,
        inspection: Inspection,
        progress: CallProgress,
        submission: Submission,
        aside: Callable[[Callable[[], object]], Deferred[object]],
    ) -> None:
        self.inspection = inspection
        self.progress = progress
        self.submission = submission
        self.aside = aside
        self.connections: set[ControlConnection] = set()

    def buildProtocol(self, address: object) -> ControlConnection:
        """A connection."""
        return ControlConnection(self)

    def close(self) -> None:
        """Tell everybody that the gateway closes, and hang up."""
        for connection in tuple(self.connections):
            connection.close(Refusal("The gateway is closing down; its faxes go on when it starts again.", 515))


@implementer(IPushProducer)
class ControlConnection(Protocol):
    """One program on the socket."""

    log = Logger()

    def __init__(self, gateway: ControlFactory) -> None:
        self._gateway = gateway
        self._buffer = bytearray()
        self._searched = 0
        self._answering: Deferred[None] | None = None
        self._following: _Following | None = None
        self._clogged = False
        self._over = False

    # Protocol.

    def connectionMade(self) -> None:
        """Take it, if there is room."""
        self._gateway.connections.add(self)
        self._line().registerProducer(self, True)
        if len(self._gateway.connections) > MOST_CONNECTIONS:
            self.close(Refusal("There are too many connections to the control socket."))

    def dataReceived(self, data: bytes) -> None:
        """Keep what came, and answer the next line that is whole."""
        if self._over:
            return
        self._buffer += data
        if len(self._buffer) > LONGEST_LINE:
            self.close(Refusal(f"A request has {LONGEST_LINE} octets at most, that is a document of 30 MiB."))
        elif self._answering is None:
            self._next_line()

    def connectionLost(self, reason: failure.Failure = connectionDone) -> None:
        """The program has gone: follow nothing for it any more.  What it ordered is done all the same."""
        self._gateway.connections.discard(self)
        self._over = True
        self._buffer.clear()
        if self._following is not None:
            self._following.leave()

    def close(self, why: Refusal) -> None:
        """Say *why* and hang up."""
        if not self._over:
            self._answer(_refused(why))
            self._over = True
            self._line().unregisterProducer()
            self._line().loseConnection()

    # IPushProducer: of the steps that can be told, only the last counts.

    def pauseProducing(self) -> None:
        """The program reads too slowly."""
        self._clogged = True

    def resumeProducing(self) -> None:
        """It has caught up."""
        self._clogged = False

    def stopProducing(self) -> None:
        """It has gone."""
        self._clogged = True

    # Lines.

    def _line(self) -> IControlLine:
        assert self.transport is not None
        return cast(IControlLine, self.transport)

    def _next_line(self) -> None:
        while self._answering is None and not self._over:
            end = self._buffer.find(b"\n", self._searched)
            if end < 0:
                self._searched = len(self._buffer)
                return
            line = bytes(self._buffer[:end])
            del self._buffer[: end + 1]
            self._searched = 0
            if line.strip():
                self._begin(line)

    def _begin(self, line: bytes) -> None:
        answering: Deferred[None] = Deferred.fromCoroutine(self._serve(line))
        if not answering.called:
            self._answering = answering
            answering.addBoth(self._served)

    def _served(self, result: object) -> None:
        self._answering = None
        if not self._over:
            self._next_line()

    async def _serve(self, line: bytes) -> None:
        """Answer one line, whatever it is."""
        try:
            request = await self._aside(lambda: requests.read_request(line), len(line))
            value = await self._value(request, len(line))
            text = await self._aside(lambda: render(value), _weight(value))
            answer = {"ok": True, "value": value, "text": text}
        except Refusal as refusal:
            answer = _refused(refusal)
        except Failure as ending:
            answer = _refused(Refusal(str(ending), ending.cause.number))
        except Exception:
            self.log.failure("control: a request failed")
            answer = _refused(Refusal(causes.INTERNAL_ERROR.sentence, causes.INTERNAL_ERROR.number))
        if not self._over:
            self._answer(answer)

    async def _aside(self, work: Callable[[], T], size: int) -> T:
        """The result of *work*, at once if it is small."""
        if size <= SHORT_LINE:
            return work()
        results: list[T] = []
        await self._gateway.aside(lambda: results.append(work()))
        return results[0]

    def _answer(self, value: Value) -> None:
        self._line().write(msgspec.json.encode(value) + b"\n")

    # Requests.

    async def _value(self, request: requests.AnyRequest, size: int) -> Value:
        ask = self._gateway.inspection
        match request:
            case requests.Status():
                return await ask.status()
            case requests.Calls():
                return await ask.calls()
            case requests.Show(words=words):
                return await ask.show(words)
            case requests.Fax(fax=fax):
                return await ask.fax(fax)
            case requests.Trace(id=name):
                return await ask.trace(name)
            case requests.Capture(id=name):
                return await ask.capture(name)
            case requests.DialPeers(which=which):
                return await ask.dialpeers(which)
            case requests.Jobs(state=state):
                return await ask.jobs(state)
        return await self._order(request, size)

    async def _order(self, request: requests.AnyRequest, size: int) -> Value:
        ask = self._gateway.inspection
        match request:
            case requests.HangUp(call=call):
                return await ask.hang_up(call)
            case requests.Reload():
                return await ask.reload()
            case requests.Release(fax=fax):
                return await ask.release(fax)
            case requests.Watch(jobs=jobs):
                return await self._follow(list(jobs))
            case requests.Send():
                return await self._send(request, size)
        raise Refusal(f"{type(request).__name__} is not served.")

    async def _send(self, request: requests.Send, size: int) -> Value:
        taking = self._gateway.submission
        message, forward_paths = await self._aside(lambda: taking.message(request), size)
        jobs = await taking.accept(message, forward_paths)
        self._answer({"ok": True, "progress": {"step": "accepted", "jobs": jobs, "to": list(forward_paths)}})
        if request.wait:
            return await self._follow(jobs)
        return _outcome([{"job": job, "step": Step.QUEUED.value} for job in jobs])

    async def _follow(self, jobs: list[str]) -> Value:
        """Tell what happens to *jobs* until each has ended or was put off."""
        self._following = following = _Following(self._tell, jobs)
        try:
            if not self._over:
                await following.until_over(self._gateway.progress)
        finally:
            self._following = None
            following.stop()
        return _outcome([following.last[job].value() for job in dict.fromkeys(jobs) if job in following.last])

    def _tell(self, step: Progress) -> None:
        if not self._over and not (self._clogged and step.step is Step.SENDING):
            self._answer({"ok": True, "progress": step.value()})


class _Following:
    """The jobs that one request follows."""

    def __init__(self, told: Callable[[Progress], None], jobs: list[str]) -> None:
        self.last: dict[str, Progress] = {}
        self._told = told
        self._open = set(jobs)
        self._watches: list[JobWatch] = []
        self._done: Deferred[None] = Deferred()

    async def until_over(self, progress: CallProgress) -> None:
        """Watch until no job is open."""
        for job in tuple(self._open):
            self._watches.append(await progress.watch(job, self._step))
        if self._open:
            await self._done

    def stop(self) -> None:
        """Watch no more."""
        for watch in self._watches:
            watch.stop()

    def leave(self) -> None:
        """Nobody wants to know any more."""
        self._open.clear()
        if not self._done.called:
            self._done.callback(None)

    def _step(self, step: Progress) -> None:
        if step.job not in self._open:
            return
        self.last[step.job] = step
        self._told(step)
        if step.step in (Step.ENDED, Step.DEFERRED):
            self._open.discard(step.job)
            if not self._open and not self._done.called:
                self._done.callback(None)


def _weight(value: Value) -> int:
    """About how many octets the text of *value* has; only a ladder is ever long."""
    return sum(len(call["lines"]) * 80 for call in value["calls"]) if value["shows"] == "trace" else 0


def _outcome(jobs: list[Value]) -> Value:
    return {"shows": "outcome", "jobs": jobs}


def _refused(refusal: Refusal) -> Value:
    answer: Value = {"ok": False, "error": refusal.sentence}
    return answer if refusal.cause is None else answer | {"cause": refusal.cause}
