"""What mail is configured with; ``tap`` makes it from the configuration.

Times are seconds, sizes octets.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from datetime import datetime

from sandf.protocols.smtp.settings import ClientTimeouts, Credentials, TlsUse
from sandf.protocols.t37.onramp import WithSubject

IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network


def local_time(seconds: float) -> datetime:
    """*seconds* since 1970 as the wall clock of this machine shows it, with its zone."""
    return datetime.fromtimestamp(seconds).astimezone()


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServerSettings:
    """``[smtp.server]``."""

    hostname: str
    """In the greeting and in Received: the first alias."""
    allow: tuple[IPNetwork, ...] = ()
    """Networks that may connect, beside loopback."""
    maximum_size: int = 31_457_280
    memory_limit: int = 268_435_456
    """Octets of messages under way, over all connections."""
    line_limit: int | None = 65_536
    """Octets of a line of the text.  998 must be taken (RFC 5321 4.5.3.1.6), many mailers send more."""
    maximum_recipients: int = 1024
    """Recipients of transactions under way, over all connections; 0 takes none."""
    recipients_per_message: int = 100
    maximum_connections: int = 100
    connections_per_client: int = 20
    command_timeout: float = 300.0
    data_timeout: float = 300.0
    require_tls: bool = False
    require_authentication: bool = False
    hop_limit: int = 100
    """Received fields after which a message is a loop (RFC 5321 6.3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailClientSettings:
    """``[smtp.client]``, as far as it is about the transport."""

    hostname: str
    servers: tuple[tuple[str, int], ...] = ()
    """Host and port, tried in this order; empty: by MX (RFC 5321 5.1)."""
    tls: TlsUse = TlsUse.OPPORTUNISTIC
    credentials: Credentials | None = None
    maximum_connections: int = 10
    connect_timeout: float = 60.0
    timeouts: ClientTimeouts = field(default_factory=ClientTimeouts)


@dataclass(frozen=True, slots=True, kw_only=True)
class OnRampMailSettings:
    """``[smtp.client]``, as far as it is about the message; the classic ``mta send`` words."""

    hostname: str
    postmaster: str
    mail_from: str = ""
    """Reverse-path and From; ``$s$`` is the calling number.  Empty: the postmaster."""
    return_receipt_to: str = ""
    """Disposition-Notification-To where a dial peer has ``mdn``; ``$s$`` as above.  Empty: as From."""
    subject: str = ""
    with_subject: WithSubject = WithSubject.NONE
    origin_prefix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeSettings:
    """Delivery status notifications."""

    hostname: str
    postmaster: str
