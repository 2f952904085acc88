"""What the postmaster reads."""

from __future__ import annotations

import email
import email.policy
from datetime import UTC, datetime

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from sandf.mspi.postmaster import Postmaster
from sandf.mspi.settings import NoticeSettings
from sandf.store.records import JobKind
from tests.store.memory import MemoryStore


class PostmasterTests(SynchronousTestCase):
    def test_mail_is_committed_for_delivery(self) -> None:
        store = MemoryStore()
        committed: list[bool] = []
        postmaster = Postmaster(
            settings=lambda: NoticeSettings(hostname="fax.example.com", postmaster="pm@example.com"),
            store=store,
            committed=lambda: committed.append(True),
            new_token=lambda: "token",
            now=lambda: 1000.0,
            dated=lambda seconds: datetime.fromtimestamp(seconds, UTC),
        )
        self.successResultOf(Deferred.fromCoroutine(postmaster.tell("Fax f1\r\nBcc: x@y", "One.\nTwo.\n")))
        self.assertEqual(committed, [True])
        (job,) = self.successResultOf(store.jobs())
        self.assertEqual((job.kind, job.address, job.notify), (JobKind.MAIL, "pm@example.com", ("NEVER",)))
        stored = self.successResultOf(store.message(job.message_id)).message
        self.assertEqual(stored.reverse_path, "")
        mail = email.message_from_bytes(stored.octets, policy=email.policy.default)
        self.assertEqual((mail["To"], mail["Auto-Submitted"]), ("pm@example.com", "auto-generated"))
        self.assertIsNone(mail["Bcc"])
        self.assertEqual(mail.get_content().splitlines(), ["One.", "Two."])
        self.assertNotIn(b"\n", stored.octets.replace(b"\r\n", b""))
