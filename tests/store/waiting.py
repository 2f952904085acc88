"""What stands for the reactor in tests of the store's threads, and a store in a folder of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads
from twisted.python.failure import Failure
from zope.interface import implementer

from sandf.store.sqlite import SqliteFile
from sandf.store.store import Store

T = TypeVar("T")
PATIENCE = 30.0
"""Seconds after which a thread is taken to be stuck."""


@implementer(IReactorFromThreads)
class ThreadPump:
    """Runs what threads ask the reactor to run, when and where the test waits for something."""

    def __init__(self) -> None:
        self._calls: SimpleQueue[Callable[[], object]] = SimpleQueue()

    def callFromThread(self, callable: Callable[..., Any], *args: object, **kwargs: object) -> None:
        """Keep it for the test."""
        self._calls.put(lambda: callable(*args, **kwargs))

    def wait(self, deferred: Deferred[T]) -> T:
        """The result of *deferred*; raises what it failed with."""
        results: list[T | Failure] = []
        deferred.addBoth(results.append)
        while not results:
            self._calls.get(timeout=PATIENCE)()
        result = results[0]
        if isinstance(result, Failure):
            result.raiseException()
        return result


class OpenStore:
    """A store with its pump."""

    def __init__(self, path: Path, now: float = 1000.0) -> None:
        self.pump = ThreadPump()
        self.store = Store(SqliteFile(path), self.pump)
        self.wait(self.store.open(now))

    def wait(self, deferred: Deferred[T]) -> T:
        """The result of *deferred*."""
        return self.pump.wait(deferred)

    def close(self) -> None:
        """Close it."""
        self.wait(self.store.close())
