"""The ESMTP client session: octets and the caller's messages in, octets and events out (RFC 5321).

Used like the server session: after each call send ``data_to_send()``, handle ``events()``, re-arm the timer from
``next_deadline()``.  The dialogue up to the first message is in ``client_opening``, a message in
``client_transaction``; this module keeps the replies that are due, the clock and the text.  It resolves no
names, does no TLS and checks no certificate.

Nothing a caller passes can put a line of its own on the wire: mailboxes are read again before they are sent,
parameters go as xtext, credentials as base64, and the text through ``text.TextWriter``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sandf.protocols.smtp.client_events import (
    ClientEvent,
    Envelope,
    Failed,
    Ready,
    Reason,
    Step,
)
from sandf.protocols.smtp.client_opening import Opening
from sandf.protocols.smtp.client_transaction import Transaction
from sandf.protocols.smtp.events import ConnectionShouldClose, WrongCall
from sandf.protocols.smtp.paths import is_client_name
from sandf.protocols.smtp.replies import Reply
from sandf.protocols.smtp.reply_reader import ReplyError, ReplyReader
from sandf.protocols.smtp.settings import ClientSettings


@dataclass(frozen=True, slots=True)
class _Due:
    """A reply that the server owes: who takes it, how long it may take."""

    step: Step
    seconds: float
    taker: Callable[[Reply], None]


class ClientSession:
    """One connection to a server.  Raises ValueError when ``settings.hostname`` cannot stand in EHLO."""

    def __init__(self, settings: ClientSettings, *, now: float) -> None:
        if not is_client_name(settings.hostname):
            raise ValueError(f"{settings.hostname!r} is neither a host name nor an address literal")
        self.settings = settings
        self.extensions: Mapping[str, str] = {}
        self.tls_active = settings.implicit_tls
        self.authenticated = False
        self._reader = ReplyReader()
        self._due: deque[_Due] = deque()
        self._output: list[bytes] = []
        self._events: list[ClientEvent] = []
        self._awaiting_tls = False
        self._ready = False
        self._closed = False
        self._transaction: Transaction | None = None
        self._now = now
        self._since = now
        self._opening = Opening(self)
        self._opening.begin()

    # The caller's side

    def receive_data(self, octets: bytes, now: float) -> None:
        """Take what came from the connection, in any pieces; never raises because of its content."""
        self._now = now
        if self._closed or self._awaiting_tls:
            return
        self._reader.feed(octets)
        try:
            while not self._closed and (reply := self._reader.next_reply()) is not None:
                self._take(reply)
        except ReplyError as error:
            self.fail(Reason.PROTOCOL, self._step(), None, str(error))

    def send_message(self, envelope: Envelope, *, now: float) -> None:
        """Begin a message.  Raises WrongCall when not ``ready``, ValueError when the envelope cannot be sent."""
        if not self._ready:
            raise WrongCall("not ready for a message")
        transaction = Transaction(self, envelope)
        self._now = self._since = now
        self._ready = False
        self._transaction = transaction
        transaction.begin()

    def send_text(self, octets: bytes, *, now: float) -> None:
        """Send the next piece of the text, cut anywhere.  Raises WrongCall before TextWanted."""
        self._now = now
        if not self._closed:
            self._in_text().write(octets)
            self._since = now

    def end_text(self, *, now: float) -> None:
        """Send the end mark.  Raises WrongCall before TextWanted."""
        self._now = now
        if not self._closed:
            self._in_text().finish()

    def quit(self, *, now: float) -> None:
        """Send QUIT; ConnectionShouldClose follows.  Raises WrongCall in the middle of a message."""
        self._now = now
        if self._closed:
            return
        if not self._ready:
            raise WrongCall("not ready for QUIT")
        self._ready = False
        self.send("QUIT", Step.QUIT, self._close, seconds=self.settings.timeouts.quit)

    def tls_started(self, now: float) -> None:
        """TLS runs now; everything the server said before is forgotten (RFC 3207 4.2).  Raises WrongCall."""
        if self._closed:
            return
        if not self._awaiting_tls:
            raise WrongCall("tls_started without TlsWanted")
        self._now = now
        self._awaiting_tls = False
        self.tls_active = True
        self.extensions = {}
        self._opening.hello()

    def connection_lost(self, now: float) -> None:
        """The connection is gone."""
        self._now = now
        if self._step() is Step.QUIT:
            self._close(None)
        else:
            self.fail(Reason.CONNECTION_LOST, self._step(), None, Reason.CONNECTION_LOST.value)

    def handle_timer(self, now: float) -> None:
        """Call at or after ``next_deadline()``; earlier calls do nothing."""
        self._now = now
        deadline = self.next_deadline()
        if deadline is None or now < deadline:
            return
        if self._step() is Step.QUIT:
            self._close(None)
        else:
            self.fail(Reason.TIMED_OUT, self._step(), None, f"no answer in time: {self._step().value}")

    def next_deadline(self) -> float | None:
        """When ``handle_timer`` wants to be called, in the time of ``now``; None while nothing is due."""
        if self._closed:
            return None
        if self._awaiting_tls:
            return self._since + self.settings.timeouts.command
        if self._due:
            return self._since + self._due[0].seconds
        if self._transaction is not None and self._transaction.in_text:
            return self._since + self.settings.timeouts.data_block
        return None

    def data_to_send(self) -> bytes:
        """Take the octets for the connection."""
        octets = b"".join(self._output)
        self._output.clear()
        return octets

    def events(self) -> list[ClientEvent]:
        """Take what happened, in order."""
        events, self._events = self._events, []
        return events

    @property
    def ready(self) -> bool:
        """Whether ``send_message`` and ``quit`` may be called."""
        return self._ready

    @property
    def closed(self) -> bool:
        """Whether the session is over."""
        return self._closed

    # The dialogue's side

    def send(self, line: str, step: Step, taker: Callable[[Reply], None], *, seconds: float | None = None) -> None:
        """Send a command; its reply goes to ``taker``."""
        self.write(line.encode("ascii") + b"\r\n")
        self.expect(step, taker, seconds=seconds)

    def expect(self, step: Step, taker: Callable[[Reply], None], *, seconds: float | None = None) -> None:
        """Wait for one more reply."""
        if not self._due:
            self._since = self._now
        self._due.append(_Due(step, self.settings.timeouts.command if seconds is None else seconds, taker))

    def write(self, octets: bytes) -> None:
        """Send raw octets."""
        self._output.append(octets)

    def tell(self, event: ClientEvent) -> None:
        """Hand an event up."""
        self._events.append(event)

    def await_tls(self) -> int:
        """Read nothing until TLS runs; returns the octets that were thrown away."""
        self._awaiting_tls = True
        self._since = self._now
        return self._reader.clear()

    def become_ready(self) -> None:
        """No message is under way."""
        self._ready = True
        self._transaction = None
        self.tell(Ready(extensions=self.extensions, tls=self.tls_active, authenticated=self.authenticated))

    def restart_clock(self) -> None:
        """The time for what is due counts from now."""
        self._since = self._now

    def fail(self, reason: Reason, step: Step, reply: Reply | None, text: str) -> None:
        """End the session; QUIT is sent where the server still listens."""
        if self._closed:
            return
        if reason in (Reason.REFUSED, Reason.TLS_UNAVAILABLE, Reason.AUTH_UNAVAILABLE):
            self.write(b"QUIT\r\n")
        in_doubt = step is Step.END and reason is not Reason.CLOSING
        self.tell(Failed(reason=reason, step=step, reply=reply, text=text, in_doubt=in_doubt))
        self._close(reply)

    # Inside

    def _take(self, reply: Reply) -> None:
        """Give a reply to who waits for it; a 421 ends everything (RFC 5321 3.8)."""
        step = self._step()
        if reply.code == 421 and step is not Step.QUIT:
            self.fail(Reason.CLOSING, step, reply, str(reply))
        elif self._due:
            due = self._due.popleft()
            self._since = self._now
            due.taker(reply)
        elif self._transaction is not None and self._transaction.in_text:
            self._transaction.interrupted(reply)
        else:
            self.fail(Reason.PROTOCOL, step, reply, f"a reply to nothing: {reply}")

    def _step(self) -> Step:
        if self._due:
            return self._due[0].step
        if self._awaiting_tls:
            return Step.TLS
        return Step.TEXT if self._transaction is not None else Step.READY

    def _in_text(self) -> Transaction:
        if self._transaction is None or not self._transaction.in_text:
            raise WrongCall("no text is wanted now")
        return self._transaction

    def _close(self, reply: Reply | None) -> None:
        if self._closed:
            return
        self._closed = True
        self._ready = False
        self._due.clear()
        self._reader.clear()
        self.tell(ConnectionShouldClose(reply=reply))
