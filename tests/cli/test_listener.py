"""The small mail listener, spoken to by the standard library's client."""

from __future__ import annotations

import smtplib
import socket

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

    def test_takes_a_pipelined_transaction(self) -> None:
        listener = MailListener()
        listener.start()
        self.addCleanup(listener.stop)
        with socket.create_connection(("127.0.0.1", listener.port), timeout=10) as client:
            client.sendall(b"EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n")
            client.sendall(b"text\r\n.\r\nQUIT\r\n")
            with client.makefile("rb") as replies:
                self.assertIn(b"221 ", replies.read())
        self.assertEqual(listener.received.get(timeout=10).octets, b"text\r\n")
