"""Bring the tables of a database to the version that this program knows, one numbered step after the other.

All steps that are missing run in one transaction: a database is never left between two versions.  There is no
way back: a database from a newer version is refused.
"""

from __future__ import annotations

from collections.abc import Sequence

from sandf import causes
from sandf.causes import Failure

from .database import Database
from .statements import Migration

_TABLE = """CREATE TABLE IF NOT EXISTS migration (
    number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at REAL NOT NULL)"""


def migrate(database: Database, migrations: Sequence[Migration], now: float) -> None:
    """Run those of *migrations* that *database* has not seen.

    Raises Failure(STORE_FAILED) if it has seen more than there are; then nothing is changed.
    """
    database.begin()
    try:
        database.run(_TABLE)
        applied = database.rows("SELECT COALESCE(MAX(number), 0) FROM migration")[0][0]
        if applied > len(migrations):
            raise Failure(
                causes.STORE_FAILED,
                f"it was written by a newer version of sandf: its tables are of version {applied},"
                f" this program knows {len(migrations)}; start the newer version again, or restore a backup",
            )
        for number, migration in enumerate(migrations[applied:], start=applied + 1):
            _apply(database, number, migration, now)
        database.commit()
    finally:
        database.rollback()


def _apply(database: Database, number: int, migration: Migration, now: float) -> None:
    for statement in migration.statements:
        database.run(statement)
    name = migration.name.replace("'", "''")
    database.run(f"INSERT INTO migration (number, name, applied_at) VALUES ({number}, '{name}', {now!r})")
