"""kill -9 of the gateway at random instants while mail and calls flow (design laws 4 and 5).

``SANDF_SOAK=1`` kills 50 times instead of four; ``SANDF_SEED`` sets the instants.  This shows that nothing is
acknowledged before its commit; that a commit survives a power cut is SQLite's promise.
"""

from __future__ import annotations

import contextlib
import os
import random
import sqlite3
import threading
import time
from pathlib import Path

from sandf.cli.gateway import GatewayFailed

from . import evidence, findings
from .case import PATIENCE, RingCase
from .load import Clients
from .ring import wait_until

KILLS = 50 if os.environ.get("SANDF_SOAK") else 4
SEED = int(os.environ.get("SANDF_SEED", "11"))
AT_ONCE = 12
"""Faxes that the clients keep under way."""
STARTING = 0.2
"""Share of the kills that come while the gateway starts."""
WAITING = 0.4
"""Share of the kills that come while the store has to wait for its disk."""


class KillTests(RingCase):
    def setUp(self) -> None:
        super().setUp()
        self.clients = Clients(self.gateway.port, self.few_under_way)
        self.instants: list[str] = []

    def few_under_way(self) -> bool:
        """Whether the clients may go on; every recipient has a mail in the end."""
        promised = sum(len(each.called) for each in tuple(self.clients.accepted))
        return promised - len(self.mailbox.faxes) < AT_ONCE

    def story(self) -> str:
        return f"SANDF_SEED={SEED}, {KILLS} kills, after {', '.join(self.instants)} seconds\n{super().story()}"

    def test_nothing_acknowledged_is_lost(self) -> None:
        chance = random.Random(SEED)
        left: list[findings.Jobs] = []
        self.clients.start()
        self.addCleanup(self.clients.stop)
        for _ in range(KILLS):
            way, waiting = chance.random(), 0.0
            if way < STARTING:
                self.kill_while_starting(chance.uniform(0.1, 1.0))
            else:
                if way < STARTING + WAITING:
                    waiting = chance.uniform(0.1, 0.6)
                self.kill_while_working(chance.uniform(0.2, 2.5), waiting)
            left.append(evidence.fax_jobs(self.gateway.store))
        self.clients.stop()
        self.gateway.start()
        self.drain()
        found = self.check(self.clients.accepted, left)
        self.assertGreater(len(self.clients.accepted), KILLS, "mail flowed")
        self.assertGreater(len(found.received), KILLS, "calls flowed")

    def kill_while_working(self, seconds: float, waiting: float) -> None:
        """Kill *seconds* after it takes mail and *waiting* more without a commit; its workers end as well."""
        self.instants.append(f"{seconds:.3f} and {waiting:.3f} without a commit")
        self.gateway.start()
        workers = children(self.gateway.pid)
        self.work_for(seconds)
        with contextlib.closing(sqlite3.connect(self.gateway.store, timeout=PATIENCE, isolation_level=None)) as disk:
            if waiting:
                disk.execute("BEGIN IMMEDIATE")
                self.work_for(waiting)
            self.gateway.kill()
        wait_until(lambda: not any(map(lives, workers)), PATIENCE, lambda: f"workers {workers} end as well")

    def work_for(self, seconds: float) -> None:
        """Let everything flow."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.mailbox.look()
            time.sleep(min(left, 0.02))

    def kill_while_starting(self, seconds: float) -> None:
        """Kill *seconds* after the process began, working or not."""
        self.instants.append(f"{seconds:.3f} of starting")
        timer = threading.Timer(seconds, self.gateway.kill)
        timer.start()
        try:
            self.gateway.start()
        except GatewayFailed:
            pass  # as intended: it was killed before it was ready
        timer.join()


def children(pid: int) -> list[int]:
    """The processes that process *pid* has begun, where the system tells."""
    try:
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def lives(pid: int) -> bool:
    """Whether process *pid* runs; one that has ended and waits to be noticed does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
