"""What the operations, the migrations and the threads need of an open database, whatever its dialect."""

from __future__ import annotations

from typing import Protocol

from sandf.causes import Failure

from .rows import Row
from .statements import Migration, Statements


class Database(Protocol):
    """One connection, used by one thread.  Its methods raise what the driver raises; see ``failure``."""

    sql: Statements

    def rows(self, statement: str, *cells: object) -> list[Row]:
        """Run *statement*: the rows it returns, all of them."""

    def run(self, statement: str, *cells: object) -> int:
        """Run *statement*: how many rows it changed."""

    def run_each(self, statement: str, cells: list[Row]) -> None:
        """Run *statement* once for each row of *cells*."""

    def begin(self) -> None:
        """Begin the transaction of a group of changes."""

    def begin_reading(self) -> None:
        """Begin a transaction that sees one state of everything."""

    def commit(self) -> None:
        """End it; when this returns, the changes are on disk."""

    def rollback(self) -> None:
        """End it, if there is one, and forget its changes."""

    def savepoint(self) -> None:
        """Begin an operation within the transaction."""

    def release(self) -> None:
        """Its changes are part of the transaction."""

    def undo(self) -> None:
        """Forget its changes, but not those of the transaction."""

    @property
    def in_transaction(self) -> bool:
        """False also when the database has ended the transaction by itself, on a full disk for example."""

    def failure(self, error: BaseException) -> Failure | None:
        """What an *error* of the driver means: STORE_FULL or STORE_FAILED; None if it is not the driver's."""

    def close(self) -> None:
        """Close it."""


class Backend(Protocol):
    """Where the tables are: how to get at them, called in the threads of the store."""

    migrations: tuple[Migration, ...]
    name: str
    """For people: the file, the host."""

    def connect(self) -> Database:
        """For the writer, creating what is missing.  Raises Failure(STORE_FAILED), naming the place."""

    def connect_for_reading(self) -> Database:
        """A second connection."""

    def disconnect(self) -> None:
        """Both are closed: let others at it."""
