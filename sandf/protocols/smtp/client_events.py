"""What an ESMTP client session takes and tells: the envelope and the events."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from sandf.protocols.smtp.events import ConnectionShouldClose
from sandf.protocols.smtp.parameters import RecipientParameters, SenderParameters
from sandf.protocols.smtp.paths import Mailbox
from sandf.protocols.smtp.replies import Reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """A recipient with what RCPT shall say of it where the server offers DSN."""

    mailbox: Mailbox
    parameters: RecipientParameters = field(default_factory=RecipientParameters)


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """One message without its text.

    ``reverse_path`` None is ``<>``.  ``parameters.size`` is the text's size in octets, if known;
    ``parameters.body`` must be EIGHT_BIT_MIME when the text has octets over 127.
    """

    reverse_path: Mailbox | None
    recipients: tuple[Recipient, ...]
    parameters: SenderParameters = field(default_factory=SenderParameters)


class Step(enum.Enum):
    """Where in the dialogue something happened."""

    GREETING = "greeting"
    HELLO = "EHLO"
    TLS = "STARTTLS"
    AUTH = "AUTH"
    READY = "between messages"
    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"
    TEXT = "sending the text"
    END = "end of the text"
    RESET = "RSET"
    QUIT = "QUIT"


class Reason(enum.Enum):
    """Why a session failed."""

    REFUSED = "the server refused"
    CLOSING = "the server closes (421)"
    TIMED_OUT = "the server did not answer in time"
    PROTOCOL = "the server broke the protocol"
    TLS_UNAVAILABLE = "the server offers no TLS and it is required"
    AUTH_UNAVAILABLE = "no way to log in that both sides know over TLS"
    CONNECTION_LOST = "the connection was lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A message may be sent now, the first or the next; ``extensions`` as EHLO gave them, keywords in capitals."""

    extensions: Mapping[str, str]
    tls: bool
    authenticated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsWanted:
    """The server is ready for TLS: start it, then call ``tls_started``."""

    discarded: int
    """Plain-text octets after the 220 that were thrown away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientResult:
    """The server's word on one recipient.  An acceptance counts only with MessageAccepted."""

    index: int
    """The place in ``Envelope.recipients``."""
    recipient: Recipient
    reply: Reply
    accepted: bool
    dsn_dropped: bool
    """A report was asked for, but the server offers no DSN: the message is relayed to a non-DSN mailer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextWanted:
    """Now call ``send_text`` as often as needed and ``end_text``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageAccepted:
    """The server has taken responsibility for all recipients it accepted."""

    reply: Reply
    lines_broken: int
    """How often a line over 998 octets had to be broken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRefused:
    """Nobody gets the message from this attempt.

    At Step.RCPT every recipient was refused and has its own RecipientResult; ``reply`` is the last of them.
    ``local``: we refused for the server, by what its EHLO said, without asking it.
    """

    reply: Reply
    step: Step
    local: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The session is over; a message that had neither MessageAccepted nor MessageRefused is not delivered.

    ``in_doubt``: the whole text was sent, the answer never came, so the server may have it (RFC 5321 6.1).
    """

    reason: Reason
    step: Step
    reply: Reply | None
    text: str
    in_doubt: bool


ClientEvent = (
    Ready | TlsWanted | RecipientResult | TextWanted | MessageAccepted | MessageRefused | Failed | ConnectionShouldClose
)
