"""SQLite: connections, what its errors mean, and the URL of a file.

Write-ahead log with synchronous=FULL: a commit returns after fsync of the log.  The files are made with mode
0600, a missing directory with 0700.  A file beside the database, ``....lock``, is locked (flock) while it is
open, so that two gateways never work on one database; reading with other programs is always possible.

Known limits: text that is not Unicode (lone surrogates) is kept with backslash escapes.  The file does not
shrink when retention drops things; the room is used again.
"""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
from pathlib import Path

from sandf import causes
from sandf.causes import Failure

from .rows import Row
from .sqlite_migrations import SQLITE_MIGRATIONS
from .sqlite_statements import SQLITE
from .statements import Migration

BUSY_SECONDS = 5.0
"""How long to wait for another program that holds the write lock."""
CHECKPOINT_PAGES = 4000
"""Log pages (of 4096 octets) after which they are copied into the database."""


def path_of(url: str) -> Path:
    """The file of ``sqlite:///absolute/path`` or ``sqlite:relative/path``.

    Raises ValueError with a sentence for anything else.
    """
    scheme, colon, rest = url.partition(":")
    if scheme in ("postgresql", "postgres"):
        raise ValueError(f"{url!r}: this version of sandf has only SQLite: write sqlite:///path/to/sandf.db")
    if scheme != "sqlite" or not colon:
        raise ValueError(f"{url!r} is not the URL of a store: write sqlite:///path/to/sandf.db")
    if rest.startswith("//"):
        host, slash, path = rest[2:].partition("/")
        if host:
            raise ValueError(f"{url!r} names a host: write sqlite:///absolute/path or sqlite:relative/path")
        rest = slash + path
    if not rest.strip("/") or rest.endswith("/") or "\0" in rest:
        raise ValueError(f"{url!r} names no file: write sqlite:///path/to/sandf.db")
    return Path(rest)


class SqliteDatabase:
    """One connection; see :class:`sandf.store.database.Database`."""

    sql = SQLITE

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
        for pragma in (
            "journal_mode = WAL",
            "synchronous = FULL",
            "foreign_keys = ON",
            f"wal_autocheckpoint = {CHECKPOINT_PAGES}",
        ):
            self._connection.execute(f"PRAGMA {pragma}")

    def _execute(self, statement: str, cells: tuple[object, ...]) -> sqlite3.Cursor:
        try:
            return self._connection.execute(statement, cells)
        except UnicodeEncodeError:
            return self._connection.execute(statement, tuple(_unicode(cell) for cell in cells))

    def rows(self, statement: str, *cells: object) -> list[Row]:
        """Run *statement*: the rows it returns."""
        return self._execute(statement, cells).fetchall()

    def run(self, statement: str, *cells: object) -> int:
        """Run *statement*: how many rows it changed."""
        return self._execute(statement, cells).rowcount

    def run_each(self, statement: str, cells: list[Row]) -> None:
        """Run *statement* for each row of *cells*."""
        for row in cells:
            self._execute(statement, row)

    def begin(self) -> None:
        """Begin, with the write lock."""
        self._connection.execute("BEGIN IMMEDIATE")

    def begin_reading(self) -> None:
        """Begin, without a lock."""
        self._connection.execute("BEGIN")

    def commit(self) -> None:
        """Commit: fsync of the log."""
        self._connection.execute("COMMIT")

    def rollback(self) -> None:
        """Roll back, if need be."""
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def savepoint(self) -> None:
        """Begin an operation."""
        self._connection.execute("SAVEPOINT operation")

    def release(self) -> None:
        """Keep it."""
        self._connection.execute("RELEASE operation")

    def undo(self) -> None:
        """Forget it."""
        self._connection.execute("ROLLBACK TO operation")
        self._connection.execute("RELEASE operation")

    @property
    def in_transaction(self) -> bool:
        """SQLite rolls back by itself when the disk is full, on I/O errors and without memory."""
        return self._connection.in_transaction

    def failure(self, error: BaseException) -> Failure | None:
        """By SQLite's result code, the low octet of the extended one."""
        if not isinstance(error, sqlite3.Error):
            return None
        full = getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL
        return Failure(causes.STORE_FULL if full else causes.STORE_FAILED, str(error))

    def close(self) -> None:
        """Close; the last one also copies the log into the database and removes it."""
        self._connection.close()


def _unicode(cell: object) -> object:
    """*cell* with its lone surrogates escaped, if it is text."""
    return cell.encode(errors="backslashreplace").decode() if isinstance(cell, str) else cell


class SqliteFile:
    """The database in the file *path*; see :class:`sandf.store.database.Backend`."""

    migrations: tuple[Migration, ...] = SQLITE_MIGRATIONS

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = str(path)
        self._lock: int | None = None

    def connect(self) -> SqliteDatabase:
        """Lock it, make it if it is missing, and open it."""
        try:
            self._make_directory()
            self._lock = self._take_lock()
            self._make_file()
            return SqliteDatabase(self.path)
        except (OSError, sqlite3.Error) as error:
            raise Failure(causes.STORE_FAILED, f"{self.path}: {error}") from error

    def connect_for_reading(self) -> SqliteDatabase:
        """Open it once more."""
        try:
            return SqliteDatabase(self.path)
        except sqlite3.Error as error:
            raise Failure(causes.STORE_FAILED, f"{self.path}: {error}") from error

    def disconnect(self) -> None:
        """Unlock it.  The lock file stays: removing it would let two others each lock one of their own."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _make_directory(self) -> None:
        missing = [each for each in (self.path.parent, *self.path.parent.parents) if not each.exists()]
        for directory in reversed(missing):
            directory.mkdir(mode=0o700, exist_ok=True)

    def _take_lock(self) -> int:
        place = self.path.with_name(self.path.name + ".lock")
        descriptor = os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        except OSError as error:
            holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip()
            os.close(descriptor)
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                raise
            raise Failure(
                causes.STORE_FAILED, f"{self.path} is in use by another gateway, process {holder or 'unknown'}"
            )
        return descriptor

    def _make_file(self) -> None:
        """Empty, with its mode and its directory entry on disk; SQLite gives its other files the same mode."""
        try:
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        except FileExistsError:
            return
        directory = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
