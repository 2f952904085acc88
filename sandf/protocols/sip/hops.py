"""Where a SIP message goes or came from: a transport and an address (RFC 3261 18).

What this module does not do: resolve names (:mod:`.locating` does).
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field


class Transport(enum.Enum):
    """How messages travel; the value is the word in Via (RFC 3261 20.42)."""

    UDP = "UDP"
    TCP = "TCP"
    TLS = "TLS"

    @property
    def reliable(self) -> bool:
        """Whether nothing is lost on the way, so that nothing is sent again by a timer (RFC 3261 17)."""
        return self is not Transport.UDP

    @property
    def default_port(self) -> int:
        """RFC 3261 19.1.2."""
        return 5061 if self is Transport.TLS else 5060


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """The next element on the way, or the one that a message came from."""

    transport: Transport
    host: str
    """An IP address; one of IPv6 without brackets."""
    port: int
    domain: str = field(default="", compare=False)
    """The name that its certificate must have (TLS, RFC 5922 7)."""

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.transport.value} {host}:{self.port}"
