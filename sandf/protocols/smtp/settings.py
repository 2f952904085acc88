"""Settings of the two sessions: names, limits, times (RFC 5321 4.5.3).

All times are seconds, all sizes octets.  Where the values come from (a file, a dial peer) is not known here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from sandf.protocols.smtp.text import LINE_LIMIT


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """How one listener serves.

    ``tls_available``: STARTTLS is offered.  ``implicit_tls``: the connection came in over TLS (port 465).
    ``require_tls`` and ``require_authentication`` refuse transactions without (530).  ``mechanisms`` are the
    SASL mechanisms to offer over TLS, none by default.  ``text_line_limit`` None takes text lines of any
    length.  ``input_limit`` is what may wait in the command queue before ``wants_data()`` says no.

    Times: RFC 5321 4.5.3.2.7 asks a server for at least 300 s between commands; ``command_timeout`` runs from
    the last reply, not from the last octet, so that dripping does not help.  A message must come at no less
    than ``minimum_rate`` octets/s after its first ``data_timeout`` seconds (0 turns that off: then
    ``data_timeout`` is the longest pause).
    """

    hostname: str
    software: str = "sandf"
    tls_available: bool = False
    implicit_tls: bool = False
    require_tls: bool = False
    require_authentication: bool = False
    mechanisms: tuple[str, ...] = ()
    size_limit: int | None = 31_457_280
    recipient_limit: int = 100
    text_line_limit: int | None = LINE_LIMIT
    input_limit: int = 65_536
    error_limit: int = 20
    idle_command_limit: int = 100
    authentication_limit: int = 3
    command_timeout: float = 300.0
    data_timeout: float = 300.0
    minimum_rate: int = 500
    help_lines: tuple[str, ...] = ()


class TlsUse(Enum):
    """When a client uses STARTTLS."""

    NEVER = "never"
    OPPORTUNISTIC = "opportunistic"
    REQUIRED = "required"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What to log in with; given to the server only over TLS."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientTimeouts:
    """Seconds to wait for a reply (RFC 5321 4.5.3.2.1 to 4.5.3.2.6); the unnamed commands get 300."""

    greeting: float = 300.0
    command: float = 300.0
    mail: float = 300.0
    rcpt: float = 300.0
    data_initiation: float = 120.0
    data_block: float = 180.0
    data_termination: float = 600.0
    quit: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientSettings:
    """How one connection to a server is used.

    ``hostname`` goes into EHLO: a host name or an address literal with brackets.  ``implicit_tls``: the
    connection is over TLS from the start.  ``mechanisms`` in order of preference.
    """

    hostname: str
    tls: TlsUse = TlsUse.OPPORTUNISTIC
    implicit_tls: bool = False
    credentials: Credentials | None = None
    mechanisms: tuple[str, ...] = ("PLAIN", "LOGIN")
    pipelining: bool = True
    timeouts: ClientTimeouts = ClientTimeouts()
