"""The mail server behind the gateway, which outlives it, and what has come there."""

from __future__ import annotations

import email
import email.policy
import queue
from collections import defaultdict

from sandf.cli.listener import MailListener, Received

from .marks import Mark, marks_of_tiff


class Mailbox:
    """Sorts what comes into faxes and notifications.  Not to be used by two threads at once."""

    def __init__(self) -> None:
        self.listener = MailListener()
        self.faxes: dict[str, set[Mark]] = defaultdict(set)
        """The pages that were mailed for a called number."""
        self.notified: set[str] = set()
        """Senders who were sent a notification."""
        self.mails = 0
        self.domains: dict[str, str] = {}
        """The domain that the last fax for a called number was mailed to."""

    @property
    def port(self) -> int:
        """Where it listens."""
        return self.listener.port

    def look(self) -> None:
        """Sort what has come since the last look."""
        while True:
            try:
                received = self.listener.received.get_nowait()
            except queue.Empty:
                return
            self.mails += 1
            self._sort(received)

    def _sort(self, received: Received) -> None:
        message = email.message_from_bytes(received.octets, policy=email.policy.default)
        tiffs = [part.get_content() for part in message.walk() if part.get_content_type() == "image/tiff"]
        for recipient in received.recipients:
            local_part, _, domain = recipient.rpartition("@")
            if message.get_content_type() == "multipart/report":
                self.notified.add(recipient)
                continue
            self.domains[local_part] = domain
            for tiff in tiffs:
                self.faxes[local_part].update(marks_of_tiff(tiff))
