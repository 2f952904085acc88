"""The small mail listener, spoken to by the standard library's client."""

from __future__ import annotations

import smtplib

from twisted.trial.unittest import SynchronousTestCase

from sandf.cli.listener import MailListener, Received


class ListenerTests(SynchronousTestCase):
    def test_takes_several_messages_over_one_connection(self) -> None:
        listener = MailListener()
        listener.start()
        self.addCleanup(listener.stop)
        with smtplib.SMTP("127.0.0.1", listener.port) as client:
            client.sendmail("a@example.com", ["b@example.com", "c@example.com"], b"Subject: one\r\n\r\n.dot\r\n")
            client.sendmail("", ["b@example.com"], b"two\r\n")
        self.assertEqual(
            [listener.received.get(timeout=10), listener.received.get(timeout=10)],
            [
                Received(
                    reverse_path="a@example.com",
                    recipients=("b@example.com", "c@example.com"),
                    octets=b"Subject: one\r\n\r\n.dot\r\n",
                ),
                Received(reverse_path="", recipients=("b@example.com",), octets=b"two\r\n"),
            ],
        )
