"""The store on disk: groups of commits, a full disk, two openers, versions, URLs; what the model cannot show."""

from __future__ import annotations

import dataclasses
import os
import sqlite3
import stat
import threading
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from sandf import causes
from sandf.callcontrol.media import Message, Page
from sandf.causes import Cause, Failure
from sandf.protocols.t4.form import Coding, PageForm, Resolution
from sandf.store.interfaces import IStore
from sandf.store.records import (
    FaxDirection,
    FaxRecord,
    FaxState,
    HistoryLine,
    JobKind,
    JobState,
    NewJob,
    TraceLine,
)
from sandf.store.sqlite import SqliteDatabase, SqliteFile, path_of
from sandf.store.statements import Migration
from sandf.store.store import Store, open_store

from .waiting import OpenStore, ThreadPump

MAIL = Message(reverse_path="a@example.com", octets=b"Subject: x\r\n\r\n" + bytes(20_000))
FAX = NewJob(kind=JobKind.FAX, address="FAX=5551234@fax.example.com", called="5551234")
PAGE = Page(number=1, form=PageForm(coding=Coding.MMR, resolution=Resolution.FINE), rows=9, octets=b"page")
RECORD = FaxRecord(fax_id="", call_id="c1", direction=FaxDirection.ON_RAMP, began_at=1000.0)


class StoreCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.path = Path(self.mktemp()) / "deep" / "sandf.db"
        self.it = OpenStore(self.path)
        self.store = self.it.store
        self.addCleanup(lambda: self.it.close())

    def wait(self, deferred: Deferred[Any]) -> Any:
        return self.it.wait(deferred)

    def reopen(self, now: float = 1000.0) -> None:
        self.it.close()
        self.it = OpenStore(self.path, now)
        self.store = self.it.store

    def assert_fails(self, cause: Cause, deferred: Deferred[Any], text: str = "") -> None:
        failure = self.assertRaises(Failure, self.wait, deferred)
        self.assertEqual(failure.cause, cause)
        self.assertIn(text, str(failure))

    def accept(self, *jobs: NewJob) -> Any:
        return self.wait(self.store.accept_message(MAIL, jobs or (FAX,), 1000.0))


class FileTests(StoreCase):
    def test_interface(self) -> None:
        verifyObject(IStore, self.store)

    def test_modes(self) -> None:
        """Faxes are nobody else's business."""
        self.accept()
        self.assertEqual(stat.S_IMODE(self.path.parent.stat().st_mode), 0o700)
        for name in ("", "-wal", "-shm", ".lock"):
            place = self.path.with_name(self.path.name + name)
            self.assertEqual(stat.S_IMODE(place.stat().st_mode), 0o600, name)

    def test_commits_reach_the_disk(self) -> None:
        """Write-ahead log; synchronous=FULL, by its number."""
        for pragma, value in (("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1)):
            statement = f"PRAGMA {pragma}"
            answer = self.wait(self.store._writer.ask(partial(SqliteDatabase.rows, statement=statement)))
            self.assertEqual(answer, [(value,)])

    def test_survives_closing(self) -> None:
        message_id, (job_id,) = self.accept()
        self.reopen()
        self.assertEqual(self.wait(self.store.message(message_id)).message, MAIL)
        self.assertEqual(self.wait(self.store.job(job_id)).called, "5551234")

    def test_ids_are_not_given_twice(self) -> None:
        """Not even when everything has been dropped in between."""
        self.assertEqual(self.wait(self.store.accept_message(MAIL, (), 1.0)), ("m1", ()))
        self.wait(self.store.expire(payloads_before=2e9, history_before=2e9))
        self.reopen()
        self.assertEqual(self.wait(self.store.accept_message(MAIL, (), 1.0)), ("m2", ()))

    def test_running_job_is_due_after_a_restart(self) -> None:
        self.accept()
        self.wait(self.store.claim_due(JobKind.FAX, 1, 1001.0))
        self.reopen(2000.0)
        job = self.wait(self.store.job("j1"))
        self.assertEqual((job.state, job.due_at, job.cause), (JobState.DEFERRED, 2000.0, causes.RESTARTED))
        self.assertEqual(job.failures, (causes.RESTARTED.number,))
        (attempt,) = self.wait(self.store.attempts("j1"))
        self.assertEqual((attempt.began_at, attempt.ended_at, attempt.cause), (1001.0, 2000.0, causes.RESTARTED))

    def test_two_gateways(self) -> None:
        """The second one is told who has it, and may have it later."""
        pump = ThreadPump()
        second = Store(SqliteFile(self.path), pump)
        failure = self.assertRaises(Failure, pump.wait, second.open(0.0))
        self.assertIn(f"in use by another gateway, process {os.getpid()}", failure.detail)
        self.accept()
        self.it.close()
        pump.wait(second.open(0.0))
        self.assertEqual(pump.wait(second.counts()).jobs, {(JobKind.FAX, JobState.DEFERRED): 1})
        pump.wait(second.close())
        self.it = OpenStore(self.path)

    def test_opened_twice(self) -> None:
        self.assertRaises(ValueError, self.wait, self.store.open(0.0))
        self.accept()

    def test_not_a_database(self) -> None:
        other = self.path.with_name("letter.txt")
        other.write_bytes(b"Dear Sir or Madam, " * 100)
        pump = ThreadPump()
        failure = self.assertRaises(Failure, pump.wait, Store(SqliteFile(other), pump).open(0.0))
        self.assertEqual(failure.cause, causes.STORE_FAILED)
        self.assertIn("letter.txt: file is not a database", failure.detail)
        self.assertEqual(other.read_bytes()[:8], b"Dear Sir")

    def test_folder_cannot_be_made(self) -> None:
        pump = ThreadPump()
        place = self.path / "below" / "a.db"
        failure = self.assertRaises(Failure, pump.wait, Store(SqliteFile(place), pump).open(0.0))
        self.assertIn(str(place), failure.detail)

    def test_closed(self) -> None:
        self.it.close()
        self.assert_fails(causes.STORE_FAILED, self.store.accept_message(MAIL, (), 0.0), "the store is closed")
        self.assert_fails(causes.STORE_FAILED, self.store.counts(), "the store is closed")
        self.it.close()
        self.reopen()

    def test_close_commits_what_waits(self) -> None:
        accepted = [self.store.accept_message(MAIL, (FAX,), 1.0) for _ in range(250)]
        self.reopen()
        self.assertEqual([self.successResultOf(each)[0] for each in accepted], [f"m{n}" for n in range(1, 251)])
        self.assertEqual(self.wait(self.store.counts()).jobs[JobKind.FAX, JobState.DEFERRED], 250)


class VersionTests(StoreCase):
    def tables(self) -> set[str]:
        with sqlite3.connect(self.path) as connection:
            return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}

    def with_migrations(self, *more: Migration) -> SqliteFile:
        file = SqliteFile(self.path)
        file.migrations = (*SqliteFile.migrations, *more)
        return file

    def open(self, file: SqliteFile) -> None:
        pump = ThreadPump()
        store = Store(file, pump)
        pump.wait(store.open(0.0))
        pump.wait(store.close())

    def test_from_every_older_version(self) -> None:
        """What an older one kept is still there, and each step is taken once."""
        steps = [Migration(name=f"it's step {n}", statements=(f"CREATE TABLE step{n} (x)",)) for n in range(3)]
        self.accept()
        self.it.close()
        for count in range(4):
            self.open(self.with_migrations(*steps[:count]))
            self.open(self.with_migrations(*steps[:count]))
            self.assertEqual({f"step{n}" for n in range(count)}, {n for n in self.tables() if n.startswith("step")})
        with sqlite3.connect(self.path) as connection:
            self.assertEqual(connection.execute("SELECT COUNT(*) FROM message").fetchone(), (1,))
            self.assertEqual(connection.execute("SELECT MAX(number) FROM migration").fetchone(), (5,))
            connection.execute("DELETE FROM migration WHERE number > 2")
        connection.close()
        self.it = OpenStore(self.path)

    def test_newer_version_is_refused(self) -> None:
        self.it.close()
        self.open(self.with_migrations(Migration(name="later", statements=())))
        failure = self.assertRaises(Failure, self.open, SqliteFile(self.path))
        self.assertIn(f"{self.path}: it was written by a newer version of sandf", failure.detail)
        self.path.unlink()
        self.it = OpenStore(self.path)

    def test_a_failing_step_changes_nothing(self) -> None:
        self.it.close()
        steps = (
            Migration(name="good", statements=("CREATE TABLE good (x)",)),
            Migration(name="bad", statements=("CREATE TABLE worse (x)", "NONSENSE")),
        )
        failure = self.assertRaises(Failure, self.open, self.with_migrations(*steps))
        self.assertIn("NONSENSE", failure.detail)
        self.assertFalse({"good", "worse"} & self.tables())
        self.it = OpenStore(self.path)


class GroupTests(StoreCase):
    """Commits in groups: who is hurt by what."""

    def stall(self) -> threading.Event:
        """The writer waits for the event; what is asked for meanwhile is one group."""
        go_on = threading.Event()
        self.store._writer.ask(lambda database: go_on.wait(10.0)).addErrback(lambda _: True)
        while not self.store._writer._requests.empty():
            pass
        return go_on

    def limit(self, pages: int | None) -> None:
        """Leave room for *pages* database pages; None: plenty."""

        def set_limit(database: Any) -> None:
            [(count,)] = database.rows("PRAGMA page_count")
            database.rows(f"PRAGMA max_page_count = {10**9 if pages is None else count + pages}")

        self.wait(self.store._writer.ask(set_limit))

    def test_one_commit(self) -> None:
        """And the Deferreds fire in the order of asking, after it."""
        commits: list[int] = []
        fired: list[int] = []
        real = self.store._writer
        go_on = self.stall()

        def watch(database: Any) -> None:
            def commit() -> None:
                commits.append(len(fired))
                type(database).commit(database)

            database.commit = commit

        real.ask(watch)
        asked = [self.store.accept_message(MAIL, (FAX,), 1.0) for _ in range(20)]
        for number, deferred in enumerate(asked):
            deferred.addCallback(lambda _, number: fired.append(number), number)
        go_on.set()
        self.wait(asked[-1])
        self.assertEqual(commits, [0])
        self.assertEqual(fired, list(range(20)))

    def test_a_failing_operation_hurts_no_other(self) -> None:
        go_on = self.stall()

        def bug(database: Any) -> None:
            database.run("DELETE FROM message")
            raise ZeroDivisionError

        first = self.store.accept_message(MAIL, (FAX,), 1.0)
        broken = self.store._writer.ask(bug)
        constraint = self.store._writer.ask(lambda database: database.run("INSERT INTO job (kind) VALUES ('x')"))
        unknown = self.store.defer_job("j9", 2.0, causes.BUSY, "", attempt=1, now=1.0)
        last = self.store.accept_message(MAIL, (FAX,), 1.0)
        go_on.set()
        self.assertEqual(self.wait(last), ("m2", ("j2",)))
        self.assertEqual(self.wait(first), ("m1", ("j1",)))
        self.assertRaises(ZeroDivisionError, self.wait, broken)
        self.assert_fails(causes.STORE_FAILED, constraint, "constraint failed")
        self.assertRaises(KeyError, self.wait, unknown)
        self.assertEqual(self.wait(self.store.message("m1")).message, MAIL)

    def test_full_disk(self) -> None:
        """What fits is kept, what does not fit fails and leaves nothing; once there is room, all is well."""
        go_on = self.stall()
        self.limit_later(40)
        big = Message(reverse_path="big", octets=bytes(500_000))
        asked = [self.store.accept_message(each, (FAX,), 1.0) for each in (MAIL, big, MAIL, big)]
        history = self.store.add_history(HistoryLine(at=1.0, job_id=None, fax_id=None, call_id=None, text="small"))
        go_on.set()
        self.assertEqual(self.wait(asked[0]), ("m1", ("j1",)))
        self.assert_fails(causes.STORE_FULL, asked[1], "full")
        self.assertEqual(self.wait(asked[2]), ("m2", ("j2",)))
        self.assert_fails(causes.STORE_FULL, asked[3])
        self.wait(history)
        self.assertEqual(self.wait(self.store.counts()).jobs, {(JobKind.FAX, JobState.DEFERRED): 2})
        self.limit(None)
        message_id, _ = self.wait(self.store.accept_message(big, (FAX,), 1.0))
        self.reopen()
        self.assertEqual(self.wait(self.store.message(message_id)).message, big)

    def test_a_lost_transaction_is_run_again(self) -> None:
        """SQLite may give up the transaction when it is out of room or memory: only the cause of it fails."""
        go_on = self.stall()

        def lose(database: Any) -> None:
            database.rollback()
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise error

        asked: list[Deferred[Any]] = [
            self.store.accept_message(MAIL, (FAX,), 1.0),
            self.store._writer.ask(lose),
            self.store.accept_message(MAIL, (FAX,), 1.0),
            self.store._writer.ask(lose),
        ]
        go_on.set()
        self.assertEqual(self.wait(asked[0]), ("m1", ("j1",)))
        self.assert_fails(causes.STORE_FULL, asked[1])
        self.assertEqual(self.wait(asked[2]), ("m2", ("j2",)))
        self.assert_fails(causes.STORE_FULL, asked[3])
        self.assertEqual([job.job_id for job in self.wait(self.store.jobs())], ["j2", "j1"])

    def limit_later(self, pages: int) -> None:
        def set_limit(database: Any) -> None:
            [(count,)] = database.rows("PRAGMA page_count")
            database.rows(f"PRAGMA max_page_count = {count + pages}")

        self.store._writer.ask(set_limit)

    def test_a_failing_commit_fails_its_whole_group(self) -> None:
        """Nobody of it is told that anything was kept, and nothing was."""
        for code, cause in (
            (sqlite3.SQLITE_FULL, causes.STORE_FULL),
            (sqlite3.SQLITE_IOERR_FSYNC, causes.STORE_FAILED),
        ):
            error = sqlite3.OperationalError("disk trouble")
            error.sqlite_errorcode = code
            go_on = self.stall()
            asked = [self.store.accept_message(MAIL, (FAX,), 1.0) for _ in range(3)]
            with mock.patch("sandf.store.sqlite.SqliteDatabase.commit", side_effect=error):
                go_on.set()
                for each in asked:
                    self.assert_fails(cause, each, "disk trouble")
            self.assertTrue(self.flushLoggedErrors(sqlite3.OperationalError), "the log says so too")
            self.assertEqual(self.wait(self.store.jobs()), [])
        self.accept()

    def test_another_program_holds_the_write_lock(self) -> None:
        other = sqlite3.connect(self.path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        done = self.store.accept_message(MAIL, (FAX,), 1.0)
        self.assertEqual(self.wait(self.store.jobs()), [], "questions do not wait for it")
        other.execute("COMMIT")
        other.close()
        self.assertEqual(self.wait(done), ("m1", ("j1",)))

    def test_text_that_is_not_unicode(self) -> None:
        """Does not keep a job from ending."""
        self.accept()
        self.wait(
            self.store.end_job("j1", JobState.FAILED, causes.MAIL_REFUSED, "no \udce9 here", attempt=None, now=2.0)
        )
        self.assertEqual(self.wait(self.store.job("j1")).detail, "no \\udce9 here")


class WorkTests(StoreCase):
    """A few whole stories; test_model has the rest."""

    def test_no_job_for_two(self) -> None:
        self.accept(*[FAX] * 30)
        claims = [self.store.claim_due(JobKind.FAX, 4, 1000.0) for _ in range(10)]
        jobs = [job.job_id for claim in claims for job in self.wait(claim)]
        self.assertEqual(jobs, [f"j{n}" for n in range(1, 31)])

    def test_retry_starts_at_the_first_unconfirmed_page(self) -> None:
        self.accept()
        self.wait(self.store.claim_due(JobKind.FAX, 1, 1000.0))
        for page in (1, 2, 3):
            self.wait(self.store.page_in_doubt("j1", page, last=page == 3, attempt=1, now=1001.0))
            if page < 3:
                self.wait(self.store.page_confirmed("j1", page, attempt=1, now=1002.0))
        self.reopen(1003.0)
        (job,) = self.wait(self.store.claim_due(JobKind.FAX, 1, 1003.0))
        self.assertEqual((job.attempts, job.confirmed_pages, job.only_last_page_open), (2, 2, True))
        error = self.assertRaises(
            ValueError, self.wait, self.store.page_in_doubt("j1", 2, last=False, attempt=2, now=1004.0)
        )
        self.wait(self.store.page_open("j1", 3, attempt=2, now=1005.0))
        self.wait(self.store.page_open("j1", 2, attempt=2, now=1005.0))
        job = self.wait(self.store.job("j1"))
        self.assertEqual([entry.state.value for entry in job.ledger], ["confirmed", "confirmed", "open"])
        self.assertFalse(job.only_last_page_open, "a page that was refused is no page in doubt")
        self.wait(self.store.page_in_doubt("j1", 3, last=True, attempt=2, now=1006.0))
        job = self.wait(self.store.job("j1"))
        self.assertEqual((job.ledger[2].state.value, job.ledger[2].sent), ("in doubt", 2))
        self.assertIn("page 2 of job j1 is confirmed", str(error))

    def test_repeated_command(self) -> None:
        """How often the far end has seen it is known."""
        self.accept()
        for attempt, times in ((1, 2), (2, 1)):
            self.wait(self.store.claim_due(JobKind.FAX, 1, 1001.0))
            for _ in range(times):
                self.wait(self.store.page_in_doubt("j1", 1, last=False, attempt=attempt, now=1001.0 + attempt))
            self.wait(self.store.defer_job("j1", 1001.0, causes.BUSY, "", attempt=attempt, now=1001.0))
        (entry,) = self.wait(self.store.job("j1")).ledger
        self.assertEqual((entry.sent, entry.attempt, entry.at, entry.last), (3, 2, 1003.0, False))

    def test_resend(self) -> None:
        """The operator may have confirmed pages sent again."""
        self.test_retry_starts_at_the_first_unconfirmed_page()
        self.assertRaises(ValueError, self.wait, self.store.resend_job("j1", 2, 1004.0))
        self.wait(self.store.end_job("j1", JobState.FAILED, causes.UNCONFIRMED, "", attempt=None, now=1004.0))
        self.wait(self.store.resend_job("j1", 2, 1005.0))
        self.assertEqual(self.wait(self.store.notices_due()), [])
        (job,) = self.wait(self.store.claim_due(JobKind.FAX, 1, 1005.0))
        self.assertEqual((job.attempts, job.confirmed_pages, job.failures, job.tries_since), (3, 1, (), 1005.0))
        self.wait(self.store.page_in_doubt("j1", 2, last=False, attempt=3, now=1006.0))

    def test_nobody_writes_onto_the_attempt_of_another(self) -> None:
        """The operator ended and resent the job under a call that lives: that call has nothing to say any more."""
        self.accept()
        self.wait(self.store.claim_due(JobKind.FAX, 1, 1000.0))
        self.wait(self.store.page_in_doubt("j1", 1, last=False, attempt=1, now=1001.0))
        self.wait(self.store.end_job("j1", JobState.FAILED, causes.CANCELLED, "", attempt=None, now=1002.0))
        self.wait(self.store.resend_job("j1", 2, 1003.0))
        for running in (False, True):
            if running:
                self.wait(self.store.claim_due(JobKind.FAX, 1, 1003.0))
            before = self.wait(self.store.job("j1"))
            for late in (
                lambda: self.store.page_confirmed("j1", 1, attempt=1, now=1004.0),
                lambda: self.store.page_open("j1", 1, attempt=1, now=1004.0),
                lambda: self.store.page_in_doubt("j1", 2, last=True, attempt=1, now=1004.0),
                lambda: self.store.defer_job("j1", 2000.0, causes.BUSY, "", attempt=1, now=1004.0),
                lambda: self.store.end_job("j1", JobState.FAILED, causes.BUSY, "", attempt=1, now=1004.0),
            ):
                error = self.assertRaises(ValueError, self.wait, late())
                self.assertIn("attempt 1 of job j1 is over", str(error))
            self.assertEqual(self.wait(self.store.job("j1")), before)
        self.wait(self.store.end_job("j1", JobState.DELIVERED, causes.DELIVERED, "", attempt=2, now=1005.0))

    def test_a_node_mends_only_its_own(self) -> None:
        """What runs on another node is left to it; what was kept before nodes had names is everybody's."""
        self.accept(FAX, FAX)
        self.wait(self.store.claim_due(JobKind.FAX, 1, 1000.0))
        self.wait(self.store.open_fax(RECORD))
        self.it.close()
        for node in ("b", "a"):
            pump = ThreadPump()
            store = Store(SqliteFile(self.path), pump, node=node)
            pump.wait(store.open(1001.0))
            if node == "b":
                self.assertIs(pump.wait(store.job("j1")).cause, causes.RESTARTED)
                pump.wait(store.claim_due(JobKind.FAX, 2, 1002.0))
                pump.wait(store.open_fax(RECORD))
                self.assertEqual([each.fax_id for each in pump.wait(store.faxes(own=True))], ["f2", "f1"])
            else:
                self.assertEqual([job.state for job in pump.wait(store.jobs())], [JobState.RUNNING] * 2)
                self.assertEqual([each.fax_id for each in pump.wait(store.faxes(own=True))], ["f1"])
                self.assertEqual([each.fax_id for each in pump.wait(store.faxes())], ["f2", "f1"])
            pump.wait(store.close())

    def test_received_fax(self) -> None:
        fax_id = self.wait(self.store.open_fax(RECORD))
        self.wait(self.store.add_page(fax_id, PAGE, 1001.0))
        self.reopen()
        (record,) = self.wait(self.store.faxes(states=[FaxState.OPEN]))
        self.wait(self.store.close_fax(record, FaxState.WITHHELD))
        self.assertEqual(self.wait(self.store.counts()).withheld, 1)
        self.assertRaises(ValueError, self.wait, self.store.add_page(fax_id, PAGE, 1002.0))
        mail = NewJob(kind=JobKind.MAIL, address="b@example.com", fax_id=fax_id)
        message_id = self.wait(self.store.mail_fax(fax_id, MAIL, [mail], 1003.0))
        self.assertEqual(self.wait(self.store.mail_fax(fax_id, MAIL, [mail], 1003.0)), message_id)
        self.assertEqual(self.wait(self.store.fax(fax_id)).message_id, message_id)
        self.assertEqual([each.page for each in self.wait(self.store.payload(fax_id))], [PAGE])
        self.assertEqual(len(self.wait(self.store.jobs(message_id=message_id))), 1)

    def test_retention_spares_the_unfinished(self) -> None:
        """However old, and drops all of the finished, in steps."""
        for state in (FaxState.OPEN, FaxState.CLOSED, FaxState.WITHHELD):
            fax_id = self.wait(self.store.open_fax(RECORD))
            self.wait(self.store.add_page(fax_id, PAGE, 1.0))
            if state is not FaxState.OPEN:
                self.wait(self.store.close_fax(self.wait(self.store.fax(fax_id)), state))
        self.accept(*[FAX] * 3)
        for line in ("j1", "j3"):
            self.wait(self.store.add_history(HistoryLine(at=1.0, job_id=line, fax_id=None, call_id=None, text="x")))
        self.wait(self.store.add_trace([TraceLine(call_id="c1", at=0, outward=True, kind="frame", text="DIS")]))
        for _ in range(250):
            message_id, (job_id,) = self.accept()
            self.wait(self.store.end_job(job_id, JobState.DELIVERED, causes.DELIVERED, "", attempt=None, now=1.0))
            self.wait(self.store.give_notice(job_id, None, (), 1.0))
        self.wait(self.store.end_job("j1", JobState.FAILED, causes.BUSY, "", attempt=None, now=1.0))
        self.wait(self.store.expire(payloads_before=2e9, history_before=2e9))
        self.assertEqual([len(self.wait(self.store.payload(f"f{n}"))) for n in (1, 2, 3)], [1, 1, 1])
        self.assertEqual([job.job_id for job in self.wait(self.store.jobs())], ["j3", "j2", "j1"])
        self.assertEqual(len(self.wait(self.store.history())), 2)
        self.assertEqual(len(self.wait(self.store.trace("c1"))), 1)
        self.assertEqual(self.wait(self.store.message("m1")).message, MAIL)
        self.assertRaises(KeyError, self.wait, self.store.message(message_id))

    def test_retention_keeps_the_attempts_of_an_open_job(self) -> None:
        """The record of a call that was busy stays until its recipient has ended and the sender knows."""
        self.accept()
        sent = dataclasses.replace(RECORD, direction=FaxDirection.OFF_RAMP, job_id="j1", attempt=1)
        fax_id = self.wait(self.store.open_fax(sent))
        self.wait(self.store.close_fax(dataclasses.replace(sent, fax_id=fax_id), FaxState.ENDED))
        self.wait(self.store.expire(payloads_before=2e9, history_before=2e9))
        self.assertEqual([each.fax_id for each in self.wait(self.store.faxes(job_id="j1"))], [fax_id])
        self.wait(self.store.end_job("j1", JobState.FAILED, causes.CANCELLED, "", attempt=None, now=1.0))
        self.wait(self.store.give_notice("j1", None, (), 1.0))
        self.wait(self.store.expire(payloads_before=2e9, history_before=2e9))
        self.assertEqual((self.wait(self.store.faxes()), self.wait(self.store.jobs())), ([], []))

    def test_malformed_ids(self) -> None:
        for job_id in ("", "j", "m1", "1", "j-1", "j٣", "j" + "9" * 30):
            self.assertRaises(KeyError, self.wait, self.store.job(job_id))


class UrlTests(SynchronousTestCase):
    def test_paths(self) -> None:
        self.assertEqual(path_of("sqlite:///var/lib/sandf/sandf.db"), Path("/var/lib/sandf/sandf.db"))
        self.assertEqual(path_of("sqlite:var/sandf.db"), Path("var/sandf.db"))
        self.assertEqual(path_of("sqlite:/var/sandf.db"), Path("/var/sandf.db"))

    def test_refused(self) -> None:
        for url, text in (
            ("postgresql://user@host/db", "this version of sandf has only SQLite"),
            ("mysql://x/y", "is not the URL of a store"),
            ("/var/lib/sandf.db", "is not the URL of a store"),
            ("sqlite://host/x.db", "names a host"),
            ("sqlite:", "names no file"),
            ("sqlite:///", "names no file"),
            ("sqlite:///var/", "names no file"),
        ):
            error = self.assertRaises(ValueError, open_store, url, ThreadPump())
            self.assertIn(text, str(error))
            self.assertIn(url, str(error))

    def test_opens(self) -> None:
        pump = ThreadPump()
        store = open_store(f"sqlite:{self.mktemp()}/a.db", pump)
        pump.wait(store.open(0.0))
        pump.wait(store.close())
