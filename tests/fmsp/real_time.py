"""The clock of a bearer that lives in real time, on a task.Clock."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall
from twisted.internet.task import Clock


class RealTime:
    """It cannot be held."""

    def __init__(self, reactor: Clock) -> None:
        self._reactor = reactor

    def seconds(self) -> float:
        return self._reactor.seconds()

    def callLater(self, delay: float, callable: Callable[..., object], *args: object, **kwargs: object) -> IDelayedCall:
        return self._reactor.callLater(delay, callable, *args, **kwargs)

    speed = 1.0

    def hold(self) -> Callable[[], None]:
        return lambda: None
