"""kill -9 while the store works: everything acknowledged is there afterwards (design law 4).

This shows that nothing is acknowledged before its commit; that a commit survives a power cut is SQLite's promise.
"""

from __future__ import annotations

import random
import select
import subprocess
import sys
import time
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

import sandf
from sandf.store.records import FaxState, JobState, PageState

from .waiting import OpenStore

ROUNDS = 4


class CrashTests(SynchronousTestCase):
    def test_nothing_acknowledged_is_lost(self) -> None:
        """The rounds go on with the same store, each also reading what the earlier ones left."""
        instants = random.Random(38)
        path = Path(self.mktemp()).absolute()
        path.mkdir(parents=True)
        said: list[list[str]] = []
        for _ in range(ROUNDS):
            said += self.run_until_killed(path / "sandf.db", instants.uniform(0.02, 0.35))
            self.check(path / "sandf.db", said)
        self.assertGreater(len(said), 100, "the worker worked")

    def run_until_killed(self, path: Path, seconds: float) -> list[list[str]]:
        """What the worker said in *seconds* from its first line on; a line cut short was not said."""
        command = [sys.executable, "-m", "tests.store.worker", str(path)]
        folder = Path(sandf.__file__).parent.parent
        with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=folder) as worker:
            assert worker.stdout is not None
            self.assertTrue(select.select([worker.stdout], [], [], 30.0)[0], "the worker did not start")
            reader = _Reader(worker)
            reader.read_for(seconds)
            worker.kill()
            text = reader.rest()
        *lines, _cut = text.split("\n")
        self.assertEqual(worker.returncode, -9)
        return [line.split() for line in lines]

    def check(self, path: Path, said: list[list[str]]) -> None:
        it = OpenStore(path)
        store, wait = it.store, it.wait
        try:
            for what, *words in said:
                if what == "accepted":
                    message = wait(store.message(words[0])).message
                    self.assertEqual(message.octets, f"{words[2]} ".encode() * 2000)
                    self.assertEqual(wait(store.job(words[1])).message_id, words[0])
                elif what == "claimed":
                    self.assertGreaterEqual(wait(store.job(words[0])).attempts, int(words[1]))
                elif what in ("doubt", "confirmed"):
                    entry = wait(store.job(words[0])).ledger[int(words[1]) - 1]
                    if what == "confirmed":
                        self.assertIs(entry.state, PageState.CONFIRMED)
                elif what == "ended":
                    self.assertIs(wait(store.job(words[0])).state, JobState.DELIVERED)
                elif what == "page":
                    page = wait(store.payload(words[0]))[int(words[1]) - 1].page
                    self.assertEqual(page.octets, words[0].encode() * 1000)
                elif what == "closed":
                    self.assertIn(wait(store.fax(words[0])).state, (FaxState.CLOSED, FaxState.MAILED))
                elif what == "mailed":
                    self.assertEqual(wait(store.fax(words[0])).message_id, words[1])
            self.assertEqual(wait(store.jobs(states=[JobState.RUNNING])), [])
        finally:
            it.close()


class _Reader:
    """Empties a pipe."""

    def __init__(self, worker: subprocess.Popen[bytes]) -> None:
        assert worker.stdout is not None
        self._pipe = worker.stdout
        self._octets = b""

    def read_for(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if select.select([self._pipe], [], [], left)[0]:
                self._octets += self._pipe.read1(65536)  # type: ignore[attr-defined]  # a BufferedReader

    def rest(self) -> str:
        return (self._octets + self._pipe.read()).decode()
