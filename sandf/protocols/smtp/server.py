"""The ESMTP server session: octets and the driver's answers in, octets and events out (RFC 5321).

One mutation, then drain: after each call the driver sends ``data_to_send()``, handles ``events()`` until there
are none, and re-arms its one timer from ``next_deadline()``.  Commands are taken strictly one at a time; while
a question is open nothing further is read from the command queue, so PIPELINING (RFC 2920) needs no care of
the driver's.  When ``wants_data()`` is false the driver stops reading from the connection.

What a verb does is a row of ``verbs.VERBS``; this module keeps the queue, the question, the clock and the
text.  It does no I/O, no TLS, checks no password and stores nothing.

Safety, against the holes known of others: an over-long line never turns into commands; text after an end mark
that is none is never executed (see ``text``); nothing received before TLS is used after it (RFC 3207 4.2);
errors, idle commands and failed logins are counted and end in 421.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sandf.protocols.smtp import replies
from sandf.protocols.smtp.events import (
    ConnectionShouldClose,
    Event,
    MessageData,
    Question,
    TransactionAborted,
    WrongCall,
)
from sandf.protocols.smtp.lines import LineFault, LineReader
from sandf.protocols.smtp.phases import COMMAND_LIMIT, RESPONSE_LIMIT, Extension, Phase, Verb, objection_to
from sandf.protocols.smtp.replies import Reply
from sandf.protocols.smtp.settings import ServerSettings
from sandf.protocols.smtp.text import CHUNK, TextReader
from sandf.protocols.smtp.transaction import end_of_text
from sandf.protocols.smtp.verbs import EXTENSIONS, VERBS

OVERSHOOT_LIMIT = 1000
"""Recipients beyond the limit that cost the client nothing; a mailer sends the rest of its list later."""


class _Reading(enum.Enum):
    """What the next octets are."""

    COMMANDS = enum.auto()
    RESPONSE = enum.auto()
    TEXT = enum.auto()
    TLS = enum.auto()
    NOTHING = enum.auto()


@dataclass(slots=True)
class _Open:
    """A question the driver has not answered: what a yes says and does, what a no says and does."""

    accepted: Reply
    rejected: Reply
    on_accept: Callable[[], None]
    on_reject: Callable[[], None]


_FAULT_REPLIES = {
    LineFault.TOO_LONG: replies.LINE_TOO_LONG,
    LineFault.BARE_LF: replies.BARE_LINE_END,
    LineFault.BARE_CR: replies.BARE_LINE_END,
    LineFault.NUL: replies.NUL_IN_COMMAND,
}


class ServerSession:
    """One connection to our server.

    ``peer`` is the client's address as text, for the EHLO reply.  ``greeting`` replaces the 220: a 554 leaves
    a session that knows only QUIT (RFC 5321 3.1), a 421 ends it.  ``verbs`` and ``extensions`` are the tables
    that a later extension adds its rows to.
    """

    def __init__(
        self,
        settings: ServerSettings,
        *,
        peer: str,
        now: float,
        greeting: Reply | None = None,
        verbs: Mapping[str, Verb] = VERBS,
        extensions: tuple[Extension, ...] = EXTENSIONS,
    ) -> None:
        self.settings = settings
        self.peer = peer
        self.verbs = verbs
        self.extensions = extensions
        self.phase = Phase.START
        self.client_name: str | None = None
        self.tls_active = settings.implicit_tls
        self.authenticated_as: str | None = None
        self.recipients = 0
        self.recipients_refused = 0
        self._reader = LineReader()
        self._reading = _Reading.COMMANDS
        self._response_taker: Callable[[bytes], None] | None = None
        self._text: TextReader | None = None
        self._text_began = 0.0
        self._question: _Open | None = None
        self._output: list[bytes] = []
        self._events: list[Event] = []
        self._errors = 0
        self._idle_commands = 0
        self._failed_logins = 0
        self._overshoot = 0
        self._now = now
        self._moved = False
        self._deadline: float | None = now + settings.command_timeout
        self._greet(greeting)

    def _greet(self, greeting: Reply | None) -> None:
        default = Reply(220, None, (f"{self.settings.hostname} ESMTP {self.settings.software}",))
        greeting = greeting or default
        if greeting.code == 421:
            self.close(greeting)
            return
        if not greeting.positive:
            self.phase = Phase.REFUSED
        self.reply(greeting)

    # The driver's side

    def receive_data(self, octets: bytes, now: float) -> None:
        """Take what came from the connection, in any pieces; never raises because of its content."""
        self._now = now
        if self._reading in (_Reading.TLS, _Reading.NOTHING):
            return
        self._reader.feed(octets)
        self._advance()

    def accept(self, reply: Reply | None = None, *, now: float) -> None:
        """Say yes to the open question, with the usual reply or this 2xx/3xx one.

        Raises WrongCall when no question is open, unless the session is over, where answers come too late by
        nature and are ignored; ValueError when the reply is not positive.
        """
        if reply is not None and not reply.positive:
            raise ValueError(f"cannot accept with {reply}")
        question = self._take_question(now)
        if question is not None:
            self.reply(reply or question.accepted)
            question.on_accept()
            self._advance()

    def reject(self, reply: Reply | None = None, *, now: float) -> None:
        """Say no, with the usual reply or this 4xx/5xx one; a 421 also ends the session.  Raises as accept."""
        if reply is not None and reply.positive:
            raise ValueError(f"cannot reject with {reply}")
        question = self._take_question(now)
        if question is None:
            return
        said = reply or question.rejected
        question.on_reject()
        if said.code == 421:
            self.close(said)
            return
        self.reply(said)
        if self._failed_logins >= self.settings.authentication_limit:
            self.close(replies.TOO_MANY_LOGINS)
        self._advance()

    def tls_started(self, now: float) -> None:
        """TLS runs now: the session starts afresh, without a greeting (RFC 3207 4.2).  Raises WrongCall."""
        if self._reading is not _Reading.TLS:
            raise WrongCall("tls_started without TlsRequested")
        self._now = now
        self.tls_active = True
        self.authenticated_as = None
        self.client_name = None
        self.phase = Phase.START
        self._reading = _Reading.COMMANDS
        self._rearm()

    def shut_down(self, reply: Reply = replies.SHUTTING_DOWN, *, now: float) -> None:
        """End the session with a 421 at once; an open question is dropped and its answer ignored."""
        self._now = now
        if self._reading is not _Reading.NOTHING:
            self.close(reply)

    def connection_lost(self, now: float) -> None:
        """The connection is gone."""
        self._now = now
        if self._reading is not _Reading.NOTHING:
            self._abort("connection lost")
            self._end()

    def handle_timer(self, now: float) -> None:
        """Call at or after ``next_deadline()``; earlier calls do nothing."""
        self._now = now
        if self._deadline is not None and now >= self._deadline:
            self.close(replies.TIMED_OUT, reason="timed out")

    def next_deadline(self) -> float | None:
        """When ``handle_timer`` wants to be called, in the time of ``now``; None while a question is open."""
        return self._deadline

    def data_to_send(self) -> bytes:
        """Take the octets for the connection."""
        octets = b"".join(self._output)
        self._output.clear()
        return octets

    def events(self) -> list[Event]:
        """Take what happened, in order."""
        events, self._events = self._events, []
        return events

    def wants_data(self) -> bool:
        """Whether the driver should go on reading from the connection."""
        return len(self._reader) < self.settings.input_limit

    @property
    def closed(self) -> bool:
        """Whether nothing more will be read or said."""
        return self._reading is _Reading.NOTHING

    # The verbs' side

    def reply(self, reply: Reply) -> None:
        """Say it."""
        self._output.append(reply.encode())

    def refuse(self, reply: Reply) -> None:
        """Say that a command was in error, and count it."""
        self._errors += 1
        if self._errors >= self.settings.error_limit:
            self.close(replies.TOO_MANY_ERRORS)
        else:
            self.reply(reply)

    def tell(self, event: Event) -> None:
        """Hand an event up."""
        self._events.append(event)

    def ask(
        self,
        question: Question,
        *,
        accepted: Reply,
        rejected: Reply,
        on_accept: Callable[[], None],
        on_reject: Callable[[], None] = lambda: None,
    ) -> None:
        """Put a question; commands wait until it is answered."""
        self._question = _Open(accepted, rejected, on_accept, on_reject)
        self._events.append(question)

    def read_response(self, taker: Callable[[bytes], None]) -> None:
        """Give the next line to ``taker`` instead of the verb table (AUTH); a faulty line ends that."""
        self._reading = _Reading.RESPONSE
        self._response_taker = taker

    def read_text(self) -> None:
        """What follows is the text of a message."""
        self._reading = _Reading.TEXT
        self._text_began = self._now
        self._text = TextReader(size_limit=self.settings.size_limit, line_limit=self.settings.text_line_limit)

    def await_tls(self) -> int:
        """Read nothing until TLS runs; returns the octets that were thrown away."""
        self._reading = _Reading.TLS
        return self._reader.clear()

    def count_overshoot(self) -> None:
        """Refuse a recipient beyond the limit; a client that never stops is in error (RFC 5321 4.5.3.1.10)."""
        self._overshoot += 1
        if self._overshoot > OVERSHOOT_LIMIT:
            self.refuse(replies.TOO_MANY_RECIPIENTS)
        else:
            self.reply(replies.TOO_MANY_RECIPIENTS)

    def login_failed(self) -> None:
        """Count a failed authentication; too many end the session instead of a reply."""
        self._failed_logins += 1

    def reset(self, reason: str) -> None:
        """Forget the transaction (RFC 5321 4.1.1.5)."""
        self._abort(reason)
        if self.phase in (Phase.SENDER, Phase.RECIPIENT):
            self.phase = Phase.READY
        self.recipients = self.recipients_refused = 0

    def message_done(self) -> None:
        """The message was answered, either way: the next may come."""
        self._idle_commands = 0
        self.phase = Phase.READY
        self.recipients = self.recipients_refused = 0

    def close(self, reply: Reply, *, reason: str = "closing") -> None:
        """Say it and end the session."""
        self._abort(reason)
        self.reply(reply)
        self._end()
        self._events.append(ConnectionShouldClose(reply=reply))

    # Inside

    def _abort(self, reason: str) -> None:
        if self.phase in (Phase.SENDER, Phase.RECIPIENT):
            self._events.append(TransactionAborted(reason=reason))

    def _end(self) -> None:
        self._reading = _Reading.NOTHING
        self.phase = Phase.OVER
        self._question = None
        self._text = None
        self._deadline = None
        self._reader.clear()

    def _take_question(self, now: float) -> _Open | None:
        self._now = now
        question, self._question = self._question, None
        if question is None and self._reading is not _Reading.NOTHING:
            raise WrongCall("no question is open")
        return question

    def _advance(self) -> None:
        """Work through the queue until it is empty, a question is open or the session is over."""
        while self._question is None and self._step():
            pass
        self._rearm()

    def _rearm(self) -> None:
        settings = self.settings
        if self._question is not None or self._reading is _Reading.NOTHING:
            self._deadline = None
        elif self._reading is _Reading.TEXT and self._text is not None:
            earned = self._text_began + self._text.size / (settings.minimum_rate or 1)
            start = min(self._now, earned) if settings.minimum_rate else self._now
            self._deadline = start + settings.data_timeout
        elif self._deadline is None or self._moved:
            self._deadline = self._now + settings.command_timeout
        self._moved = False

    def _step(self) -> bool:
        """Take one line or one buffer of text; False when there was none."""
        if self._reading in (_Reading.TLS, _Reading.NOTHING):
            return False
        if self._reading is _Reading.TEXT:
            return self._take_text()
        line = self._reader.next_line(self._limit)
        if line is None:
            return False
        self._moved = True
        taker, self._response_taker = self._response_taker, None
        self._reading = _Reading.COMMANDS
        if isinstance(line, LineFault):
            self.refuse(_FAULT_REPLIES[line])
        elif taker is not None:
            taker(line)
        else:
            self._command(line)
        return True

    def _limit(self, head: bytes) -> int:
        """How long the line that begins so may be, with CR LF."""
        if self._reading is _Reading.RESPONSE:
            return RESPONSE_LIMIT
        row = self.verbs.get(head.split(b" ", 1)[0].decode("latin-1").upper())
        return COMMAND_LIMIT + (row.growth if row else 0)

    def _command(self, line: bytes) -> None:
        """Find the verb's row and let it act, or say why not."""
        if not line.isascii():
            self.refuse(replies.NOT_ASCII)
            return
        word, _, argument = line.decode("ascii").strip(" ").partition(" ")
        row = self.verbs.get(word.upper())
        objection = objection_to(self, word, row)
        if objection is not None or row is None:
            self.refuse(objection or replies.UNKNOWN_COMMAND)
            return
        if row.idle:
            self._idle_commands += 1
            if self._idle_commands > self.settings.idle_command_limit:
                self.close(replies.TOO_MANY_COMMANDS)
                return
        row.act(self, argument.strip(" "))

    def _take_text(self) -> bool:
        """Feed what waits to the text; True when the end mark came and commands follow."""
        text, octets = self._text, self._reader.take_all()
        if text is None or not octets:
            return False
        rest = text.feed(octets)
        piece = text.text(least=CHUNK if rest is None else 1)
        if piece:
            self.tell(MessageData(octets=piece))
        if rest is None:
            return False
        self._reader.feed(rest)
        self._moved = True
        self._text = None
        self._reading = _Reading.COMMANDS
        end_of_text(self, text)
        return True
