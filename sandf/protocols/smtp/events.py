"""What an ESMTP server session tells its driver.

An event of the union ``Question`` waits for ``accept`` or ``reject``; until then no further command is taken.
The others need no answer.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sandf.protocols.smtp.parameters import RecipientParameters, SenderParameters
from sandf.protocols.smtp.paths import Mailbox
from sandf.protocols.smtp.replies import Reply


class WrongCall(RuntimeError):
    """A session was called out of turn: a bug on our side, never the peer's doing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HelloReceived:
    """EHLO or HELO was taken; ``name`` is only what the client calls itself."""

    name: str
    extended: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderOffered:
    """MAIL.  Question; accepting opens a transaction."""

    reverse_path: Mailbox | None
    """None is ``<>``: no report may be sent."""
    parameters: SenderParameters


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientOffered:
    """RCPT.  Question; accepting makes it a recipient of the transaction."""

    forward_path: Mailbox
    parameters: RecipientParameters


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageBegan:
    """DATA, with at least one recipient.  Question; accepting sends 354."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageData:
    """The next piece of the text, dots unstuffed, lines ending in CR LF; large."""

    octets: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageEnded:
    """The end mark came and the text is in order.  Question; 250 only after the commit (RFC 5321 4.2.5)."""

    size: int
    """Octets of the text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionAborted:
    """Forget sender, recipients and text: RSET, a new EHLO, QUIT, a faulty text, time, a lost connection.

    After MessageEnded it means that the client went away before the answer: whatever the driver then decides
    is not heard, and the client will come again with the same message (RFC 5321 6.1).
    """

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthenticationOffered:
    """AUTH, credentials complete.  Question; accepting makes the session authenticated (235, else 535)."""

    mechanism: str
    username: str
    """The authentication identity: whose password it is."""
    identity: str
    """The authorisation identity, "" unless the client asks to act as another (RFC 4616 2)."""
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsRequested:
    """STARTTLS: send what ``data_to_send`` has, start TLS, then call ``tls_started``."""

    discarded: int
    """Plain-text octets that came after STARTTLS and were thrown away (RFC 3207 4.2, 6)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quit:
    """The client said QUIT; ConnectionShouldClose follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionShouldClose:
    """Send what ``data_to_send`` has, then close."""

    reply: Reply | None
    """The last reply given, or taken."""


Question = SenderOffered | RecipientOffered | MessageBegan | MessageEnded | AuthenticationOffered
Event = Question | HelloReceived | MessageData | TransactionAborted | TlsRequested | Quit | ConnectionShouldClose
