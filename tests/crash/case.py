"""A test with a gateway that rings itself and a mail server behind it, both gone when the test ends."""

from __future__ import annotations

import shutil

from twisted.trial.unittest import SynchronousTestCase

from . import evidence, findings, witness
from .load import Accepted
from .mailbox import Mailbox
from .ring import Ring, wait_until

PATIENCE = 120.0
"""Seconds that anything may take, on the slowest machine."""
UNDER_WAY = """
    SELECT kind || ' job ' || id || ' ' || state || ', ' || failures FROM job
        WHERE state IN ('deferred', 'running') OR notice_due
    UNION ALL SELECT direction || ' ' || id || ' ' || state FROM fax_record WHERE state IN ('open', 'closed')"""


class RingCase(SynchronousTestCase):
    """``gateway`` is still to be started; *speed* of its line is in times real time."""

    speed = 30.0

    def setUp(self) -> None:
        """Make both."""
        self.mailbox = Mailbox()
        self.mailbox.listener.start()
        self.addCleanup(self.mailbox.listener.stop)
        self.gateway = Ring(self.mailbox.port, speed=self.speed)
        self.addCleanup(shutil.rmtree, self.gateway.folder)
        self.addCleanup(self.gateway.kill)

    def story(self) -> str:
        """What a person needs to see the same again."""
        return "\n".join(self.gateway.said().splitlines()[-30:])

    def drain(self) -> None:
        """Let the running gateway finish everything, and stop it."""

        def is_done() -> bool:
            self.mailbox.look()
            return not self.gateway.ask(UNDER_WAY)

        wait_until(is_done, PATIENCE, lambda: f"{self.gateway.ask(UNDER_WAY)} to end; {self.story()}")
        self.assertEqual(self.gateway.stop(), 0)
        self.mailbox.look()

    def check(self, accepted: list[Accepted], left: list[findings.Jobs]) -> evidence.Evidence:
        """Laws 4 and 5 hold in the store, which no gateway is using, and at the mail server."""
        found = evidence.gather(self.gateway.store)
        said = witness.line(self.gateway.said())
        wrong = findings.all_wrong(accepted, left, found, self.mailbox, said)
        self.assertEqual(wrong, [], self.story())
        return found

    def confirmed(self) -> int:
        """Pages that the ledgers of a gateway, running or not, have as confirmed."""
        return len(self.gateway.ask("SELECT page FROM ledger WHERE state = 'confirmed'"))

    def wait_for_page(self) -> int:
        """Until a page is confirmed: how many are."""
        wait_until(self.confirmed, PATIENCE, lambda: f"a page confirmed; {self.story()}")
        return self.confirmed()

    def wait_for_words(self, words: str) -> None:
        """Until the log has *words*."""
        wait_until(lambda: words in self.gateway.said(), PATIENCE, lambda: f"{words!r} in the log; {self.story()}")

    def wait_for_call(self) -> None:
        """Until the on-ramp has taken a call that lasts."""
        question = "SELECT id FROM fax_record WHERE state = 'open' AND direction = 'fax receive'"
        wait_until(lambda: self.gateway.ask(question), PATIENCE, lambda: f"a call; {self.story()}")
