"""What a row of the verb table is, and the phases of a server session (RFC 5321 4.1.4, 4.3.2)."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sandf.protocols.smtp import replies
from sandf.protocols.smtp.replies import Reply

if TYPE_CHECKING:
    from sandf.protocols.smtp.server import ServerSession


COMMAND_LIMIT = 512
"""Octets of a command line with CR LF, before an extension lets it grow (RFC 5321 4.5.3.1.4)."""
RESPONSE_LIMIT = 12_288
"""Octets of a line in an authentication exchange (RFC 4954 4)."""


class Phase(enum.Enum):
    """How far a session is."""

    REFUSED = "greeted with 554"
    START = "no EHLO yet"
    READY = "no transaction"
    SENDER = "MAIL accepted"
    RECIPIENT = "at least one RCPT accepted"
    OVER = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """A row of the verb table.

    ``act`` gets the session and the argument without surrounding spaces.  ``misplaced`` gives the reply for
    each phase that the verb is not allowed in.  ``growth``: octets that extensions add to the command line.
    ``before_tls``: allowed where TLS is required and not yet there (RFC 3207 4).  ``always``: allowed in any
    phase.  ``idle``: counted between messages, since it does no work.  ``usage`` is for HELP; None hides it.
    """

    act: Callable[[ServerSession, str], None]
    misplaced: Mapping[Phase, Reply] = field(default_factory=dict)
    growth: int = 0
    before_tls: bool = False
    always: bool = False
    idle: bool = False
    usage: str | None = None


Extension = Callable[["ServerSession"], str | None]
"""A row of the EHLO reply: the keyword with its arguments, or None when it is not offered now."""


def objection_to(session: ServerSession, word: str, row: Verb | None) -> Reply | None:
    """Why a command cannot be taken now; None when it can.  ``row`` is None for a word that is no verb."""
    if row is None:
        return replies.UNKNOWN_COMMAND if word else replies.EMPTY_COMMAND
    if session.phase is Phase.REFUSED and not row.always:
        return replies.ONLY_QUIT
    if session.settings.require_tls and not session.tls_active and not (row.always or row.before_tls):
        return replies.TLS_REQUIRED
    return row.misplaced.get(session.phase)
