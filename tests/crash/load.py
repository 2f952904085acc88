"""Clients that mail faxes to the gateway, whether it is there or not, and remember what it has promised.

Message *n* has 2 to 4 pages and one or two recipients with numbers of their own, so that whatever comes out says
whence it came.
"""

from __future__ import annotations

import itertools
import smtplib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage

from .marks import document

NOISE_ROWS = 10
PAUSE = 0.05
"""Seconds between two tries of a client, so that it does not spin while the gateway is down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A message whose end was answered by 250."""

    number: int
    message_id: str
    pages: int
    called: tuple[str, ...]


def called_numbers(number: int, recipients: int) -> tuple[str, ...]:
    """The numbers to which message *number* goes."""
    return tuple(f"5{number:05}{place}" for place in range(1, recipients + 1))


def sender_of(number: int) -> str:
    """The reverse-path of message *number*."""
    return f"sender{number}@sender.example"


def mail(port: int, number: int, *, pages: int, recipients: int = 1, noise_rows: int = NOISE_ROWS) -> Accepted:
    """Mail message *number* to the gateway on *port*; raises what smtplib raises if it is not accepted."""
    message = EmailMessage()
    message["From"] = sender_of(number)
    message["Subject"] = f"message {number}"
    message.set_content(document(number, pages, noise_rows), maintype="image", subtype="tiff")
    called = called_numbers(number, recipients)
    with smtplib.SMTP("127.0.0.1", port, timeout=30) as client:
        client.ehlo()
        client.mail(sender_of(number))
        for each in called:
            code, text = client.rcpt(f"FAX={each}@localhost")
            if code != 250:
                raise smtplib.SMTPResponseException(code, text)
        code, text = client.data(message.as_bytes(policy=message.policy.clone(linesep="\r\n")))
        if code != 250:
            raise smtplib.SMTPDataError(code, text)
        accepted = Accepted(number=number, message_id=text.decode().split()[-1], pages=pages, called=called)
        try:
            client.quit()
        except (OSError, smtplib.SMTPException):
            pass  # the promise was given before
    return accepted


class Clients:
    """Some threads that mail until :meth:`stop`, but only while *wants_more* says so."""

    def __init__(self, port: int, wants_more: Callable[[], bool], threads: int = 2) -> None:
        self.accepted: list[Accepted] = []
        self.broken = 0
        """Tries that failed, most of them by a kill."""
        self._port = port
        self._wants_more = wants_more
        self._numbers = itertools.count(1)
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(threads)]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Finish the message that is under way, and no more."""
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while not self._stopped.wait(PAUSE):
            if not self._wants_more():
                continue
            number = next(self._numbers)
            try:
                self.accepted.append(mail(self._port, number, pages=2 + number % 3, recipients=1 + number // 3 % 2))
            except (OSError, smtplib.SMTPException):
                self.broken += 1
