"""Starting and stopping a gateway, in the order that loses nothing.

Start: the store, what the last stop left behind, the workers, the queues, and only then the listeners.  Stop: no new
call or message, the pages on the line, the queues, the store.  A second SIGTERM hangs up at once.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.internet.endpoints import serverFromString
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort, IProtocolFactory
from twisted.internet.task import LoopingCall
from twisted.python import failure as twisted_failure

from sandf import __version__, causes
from sandf.causes import Failure
from sandf.config import Configuration
from sandf.logs import Logger
from sandf.oam.socket_file import SocketInUse

from .gateway import Gateway, Reactor
from .interpreter import Interpreter
from .operation import Operation
from .reloading import Reloading

HURRY_SECONDS = 5.0
"""How long T.30 gets for its DCN when nobody waits any more."""
MAIL_AGAIN = 300.0
"""Seconds between looks for received faxes whose mail could not be made."""
EXPIRE_EVERY = 3600.0
DAY = 86_400.0


class GatewayService(Service):
    """The gateway as a Twisted service; *file* is where a reload reads from."""

    log = Logger()
    name = "sandf"

    def __init__(self, configuration: Configuration, *, file: Path | None, reactor: Reactor) -> None:
        self.gateway = Gateway(configuration, reactor)
        self._reloading = Reloading(self.gateway, file)
        self._operation = Operation(self.gateway, self._reloading)
        self._interpreter = Interpreter(calls=lambda: len(self.gateway.control.calls), clock=reactor)
        self._reactor = reactor
        self._ports: list[IListeningPort] = []
        self._loops: list[LoopingCall] = []
        self._hurried: Deferred[None] | None = None
        self._connections: Deferred[None] = succeed(None)
        """Fires when the last mail client has gone, once we close down."""
        self._started: Deferred[None] | None = None

    def startService(self) -> None:
        """Begin to start; a gateway that cannot start says why and ends the process with status 1."""
        self.running = True
        self._reactor.callWhenRunning(self._take_signals)
        self._started = Deferred.fromCoroutine(self._start())
        self._started.addErrback(self._start_failed)

    async def _start(self) -> None:
        gateway = self.gateway
        for warning in gateway.configuration.warnings:
            self.log.warn("{warning}", warning=str(warning))
        await gateway.store.open(gateway.now())
        cut_off = await gateway.recovery.close_interrupted()
        if cut_off:
            self.log.info("{count} faxes were cut off by the last stop", count=cut_off)
        gateway.workers.start()
        self._interpreter.startService()
        gateway.sip.start()
        gateway.spool.start(gateway.control)
        gateway.delivery.start()
        gateway.notices.start()
        self._loop(MAIL_AGAIN, gateway.recovery.look)
        self._loop(EXPIRE_EVERY, self._expire)
        for endpoint in gateway.configuration.smtp.server.listen:
            await self._listen(endpoint.text, gateway.mail_server)
        self._operation.manhole.startService()
        self._operation.control.startService()
        self.log.info("sandf {version} is ready", version=__version__)

    def _start_failed(self, failure: twisted_failure.Failure) -> None:
        if failure.check(Failure, CannotListenError, SocketInUse):
            self.log.critical("sandf cannot start: {reason}", reason=failure.value)
        else:
            self.log.failure("sandf cannot start", failure=failure)
        self._reactor.addSystemEventTrigger("after", "shutdown", os._exit, 1)
        if self._hurried is None:
            self._terminate()

    async def _listen(self, endpoint: str, factory: IProtocolFactory) -> None:
        port = await serverFromString(self._reactor, endpoint).listen(factory)
        self._ports.append(port)
        self.log.info("{factory} listens on {endpoint}", factory=type(factory).__name__, endpoint=endpoint)

    def _loop(self, seconds: float, work: Callable[[], Coroutine[Any, Any, object]]) -> None:
        """Do *work* now and every *seconds*; a failure is logged and the next time comes all the same."""

        async def guarded() -> None:
            try:
                await work()
            except Exception:
                self.log.failure("{work} failed", work=work.__name__)

        loop = LoopingCall(lambda: Deferred.fromCoroutine(guarded()))
        loop.clock = self._reactor
        self._loops.append(loop)
        loop.start(seconds)

    async def _expire(self) -> None:
        keep, now = self.gateway.configuration.store, self.gateway.now()
        await self.gateway.store.expire(
            payloads_before=now - keep.payload_days * DAY, history_before=now - keep.history_days * DAY
        )

    # Signals.

    def _take_signals(self) -> None:
        """In place of the reactor's own, which would let a stop that was asked for look like a crash."""
        self._on_signal(signal.SIGHUP, self._reloading.by_signal)
        for number in (signal.SIGTERM, signal.SIGINT):
            self._on_signal(number, self._terminate)

    def _on_signal(self, number: int, act: Callable[[], object]) -> None:
        """Call *act* from the reactor when the process gets signal *number*."""
        signal.signal(number, lambda *_: self._reactor.callFromThread(act))

    # Stop.

    def stopService(self) -> Deferred[None]:
        """Close down; the Deferred fires when everything is on disk."""
        self.running = False
        self._hurried = self._hurried or Deferred()
        return Deferred.fromCoroutine(self._stop())

    def _terminate(self) -> None:
        """SIGTERM or SIGINT: close down; again: hurry.  twistd then ends with status 0, not by the signal."""
        if self._hurried is None:
            self._hurried = Deferred()
            self._reactor.stop()
        elif not self._hurried.called:
            self.log.info("hurrying: calls are hung up")
            self._hurried.callback(None)

    async def _stop(self) -> None:
        """Step by step; one that fails is logged and the next is taken all the same, the store last of all."""
        gateway = self.gateway
        for step in (self._take_nothing_more, self._end_calls, self._end_mail, self._close_doors, gateway.store.close):
            try:
                await step()
            except Exception:
                self.log.failure("closing down: {step} failed", step=step.__name__)
        self.log.info("sandf has stopped")

    async def _take_nothing_more(self) -> None:
        gateway = self.gateway
        for port in self._ports:
            await maybeDeferred(port.stopListening)
        for loop in self._loops:
            loop.stop()
        self._connections = gateway.mail_server.shut_down()
        await gateway.spool.stop()
        gateway.control.accepting = False
        await gateway.sip.leave()

    async def _end_calls(self) -> None:
        """Let the pages on the line finish, for the grace or until somebody hurries; then hang up, then cut."""
        control = self.gateway.control
        if control.calls:
            self.log.info("{count} calls may finish their page", count=len(control.calls))
        control.hang_up_all(causes.SHUT_DOWN, at_page_end=True)
        await self._within(self.gateway.configuration.shutdown.grace, control.when_idle(), self._hurried)
        control.hang_up_all(causes.SHUT_DOWN)
        await self._within(HURRY_SECONDS, control.when_idle())
        control.cut_all(causes.SHUT_DOWN)
        await self._within(HURRY_SECONDS, control.when_idle())

    async def _end_mail(self) -> None:
        """What is said with mail clients and servers may end; a server that is silent is left."""
        gateway = self.gateway
        gateway.endings.stop()
        await self._within(HURRY_SECONDS, self._connections)
        gateway.mail_server.abort()
        delivered = Deferred.fromCoroutine(gateway.delivery.stop())
        await self._within(HURRY_SECONDS, delivered, self._hurried)
        gateway.delivery.abort()
        await self._within(HURRY_SECONDS, delivered)
        await self._within(HURRY_SECONDS, gateway.notices.stop())

    async def _close_doors(self) -> None:
        await self.gateway.workers.stop()
        await self.gateway.sip.stop()
        self._interpreter.stopService()
        self.gateway.progress.stop()
        await self.gateway.captures.stop()
        await self._operation.control.stopService()
        await self._operation.manhole.stopService()

    async def _within(self, seconds: float, *any_of: Deferred[None] | None) -> None:
        """Wait for the first of *any_of*, at most *seconds*."""
        waiting: Deferred[None] = Deferred()

        def fire(_: object = None) -> None:
            if not waiting.called:
                waiting.callback(None)

        timer = self._reactor.callLater(seconds, fire)
        for event in any_of:
            if event is not None:
                event.addBoth(fire)
        await waiting
        if timer.active():
            timer.cancel()
