"""The two threads of the store: one commits changes in groups, one answers questions.

Both take from a queue and settle the Deferreds in the reactor's thread, after the COMMIT of their group has
returned.  The group is whatever was asked for while the last commit ran, so a slow disk makes larger groups.
They know nothing of tables and do not retry.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from twisted.internet import defer
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads

from sandf import causes
from sandf.causes import Failure
from sandf.logs import Logger

from .database import Database

T = TypeVar("T")
GROUP = 100
"""Most operations in one commit: settling them must not hold the reactor (design law 9)."""

log = Logger()


@dataclass(eq=False, slots=True)
class _Request:
    """Something asked for, and how it went."""

    operation: Callable[[Database], Any]
    deferred: Deferred[Any]
    result: Any = None
    error: BaseException | None = None


class DatabaseThread:
    """A thread with a database of its own; the methods are for the reactor's thread, those with ``_`` for its own."""

    def __init__(self, reactor: IReactorFromThreads, name: str) -> None:
        self._reactor = reactor
        self._name = name
        self._requests: SimpleQueue[_Request | None] = SimpleQueue()
        self.running = False
        """Takes requests."""
        self._stopped: Deferred[None] = defer.succeed(None)

    def start(self, connect: Callable[[], Database]) -> Deferred[None]:
        """Open the database in the thread; if that fails, the thread is over."""
        started: Deferred[None] = Deferred()
        self._requests = SimpleQueue()
        self._stopped = Deferred()
        self.running = True
        threading.Thread(target=self._live, args=(connect, started), name=self._name, daemon=True).start()
        return started

    def ask(self, operation: Callable[[Database], T]) -> Deferred[T]:
        """Run *operation* after what was asked for earlier; fires with what it returns.

        *operation* may be run more than once, each time from the same state of the database.
        """
        if not self.running:
            return defer.fail(Failure(causes.STORE_FAILED, "the store is closed"))
        request = _Request(operation, Deferred())
        self._requests.put(request)
        return request.deferred

    def stop(self) -> Deferred[None]:
        """Finish what was asked for, close the database and end."""
        if self.running:
            self.running = False
            self._requests.put(None)
        return self._stopped

    def _live(self, connect: Callable[[], Database], started: Deferred[None]) -> None:
        try:
            database = connect()
        except BaseException as error:
            self._reactor.callFromThread(self._fail_to_start, started, error)
            return
        self._reactor.callFromThread(started.callback, None)
        try:
            while group := self._next_group():
                self._serve(database, group)
                self._reactor.callFromThread(_settle, group)
        finally:
            _close(database)
            self._reactor.callFromThread(self._stopped.callback, None)

    def _fail_to_start(self, started: Deferred[None], error: BaseException) -> None:
        self.running = False
        self._stopped.callback(None)
        started.errback(error)

    def _next_group(self) -> list[_Request]:
        """Wait for a request, and take those that have come with it; empty at the end."""
        group: list[_Request] = []
        try:
            request = self._requests.get()
            while request is not None:
                group.append(request)
                if len(group) == GROUP:
                    return group
                request = self._requests.get_nowait()
        except Empty:
            return group
        if group:
            self._requests.put(None)
        return group

    def _serve(self, database: Database, group: list[_Request]) -> None:
        raise NotImplementedError


class WriterThread(DatabaseThread):
    """Changes: one transaction for a group, a savepoint for each operation."""

    def _serve(self, database: Database, group: list[_Request]) -> None:
        waiting = list(group)
        try:
            while waiting:
                database.begin()
                lost = _run_until_lost(database, waiting)
                if lost is None:
                    database.commit()
                    return
                waiting.remove(lost)
        except BaseException as error:
            log.failure("the store could not commit {count} changes", count=len(waiting))
            for request in waiting:
                request.error = _as_failure(database, error)
        finally:
            _roll_back(database)


class ReaderThread(DatabaseThread):
    """Questions: each sees one committed state of everything."""

    def _serve(self, database: Database, group: list[_Request]) -> None:
        for request in group:
            try:
                database.begin_reading()
                request.result = request.operation(database)
            except BaseException as error:
                request.error = _as_failure(database, error)
            finally:
                _roll_back(database)


def _run_until_lost(database: Database, group: Iterable[_Request]) -> _Request | None:
    """Run each of *group*; an operation that makes the database give up the transaction is returned at once.

    The ones before it are undone by that, so they must be run again, without it.
    """
    for request in group:
        request.result = request.error = None
        try:
            database.savepoint()
            request.result = request.operation(database)
            database.release()
        except BaseException as error:
            request.error = _as_failure(database, error)
            if not database.in_transaction:
                return request
            database.undo()
    return None


def _as_failure(database: Database, error: BaseException) -> BaseException:
    return database.failure(error) or error


def _roll_back(database: Database) -> None:
    try:
        database.rollback()
    except Exception:
        log.failure("the store could not roll back")


def _close(database: Database) -> None:
    try:
        database.close()
    except Exception:
        log.failure("the store could not close its database")


def _settle(group: list[_Request]) -> None:
    """Fire the Deferreds of *group*, in the reactor's thread."""
    for request in group:
        if request.error is None:
            request.deferred.callback(request.result)
        else:
            request.deferred.errback(request.error)
