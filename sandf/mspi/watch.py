"""Looking after something in the store: when woken, when a time has come, and again after the store failed.

One look runs at a time; what wakes it meanwhile makes it look once more.  What is looked at is not known here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from sandf.causes import Failure
from sandf.logs import Logger
from sandf.store.endings import STORE_RETRY


class Watch:
    """Runs *look*, which says after how many seconds to look again by itself (None: only when woken)."""

    log = Logger()

    def __init__(self, name: str, look: Callable[[], Awaitable[float | None]], clock: IReactorTime) -> None:
        self.started = False
        self._name = name
        self._look = look
        self._clock = clock
        self._again = False
        self._busy = False
        self._timer: IDelayedCall | None = None
        self._stopped: list[Deferred[None]] = []

    def start(self) -> None:
        """Begin with a look."""
        self.started = True
        self.wake()

    def stop(self) -> Deferred[None]:
        """Look no more; fires when no look is under way."""
        self.started = False
        self._set_timer(None)
        if not self._busy:
            return succeed(None)
        stopped: Deferred[None] = Deferred()
        self._stopped.append(stopped)
        return stopped

    def wake(self) -> None:
        """There may be something to see."""
        self._again = True
        if self.started and not self._busy:
            self._busy = True
            Deferred.fromCoroutine(self._run())

    async def _run(self) -> None:
        try:
            while self._again and self.started:
                self._again = False
                self._set_timer(await self._look())
        except Failure as failure:
            self.log.error("{name}: {reason}", name=self._name, reason=failure)
            self._set_timer(STORE_RETRY)
        except Exception:
            self.log.failure("{name}: failed", name=self._name)
            self._set_timer(STORE_RETRY)
        self._busy = False
        stopped, self._stopped = self._stopped, []
        for waiting in stopped:
            waiting.callback(None)

    def _set_timer(self, seconds: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if seconds is not None and self.started:
            self._timer = self._clock.callLater(seconds, self._timed_out)

    def _timed_out(self) -> None:
        self._timer = None
        self.wake()
