"""Where a SIP message goes or came from: a transport and an address (RFC 3261 18).

What this module does not do: resolve names (:mod:`.locating` does).
"""

from __future__ import annotations

import enum
import ipaddress
from collections.abc import Callable
from dataclasses import dataclass, field

from sipmessage import URI


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


def is_address(host: str) -> bool:
    """Whether *host* is an IP address, one of IPv6 without brackets."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def canonical_host(host: str) -> str:
    """An IP address as RFC 5952 writes it, without brackets; a name in lower case."""
    bare = host.strip("[]")
    return str(ipaddress.ip_address(bare)) if is_address(bare) else bare.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """The next element on the way, or the one that a message came from."""

    transport: Transport
    host: str
    """An IP address; however it is given, it is kept as :func:`canonical_host` writes it."""
    port: int
    domain: str = field(default="", compare=False)
    """The name that its certificate must have (TLS, RFC 5922 7)."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "host", canonical_host(self.host))

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.transport.value} {host}:{self.port}"


def hop_of(uri: URI, near: Hop, connected: Callable[[Hop], bool]) -> Hop:
    """Where *uri* is, if it says so by an address; else *near*, where the messages of its dialog come from.

    Where *near* is *connected* still its connection is used; it may come from a port at which nobody listens.
    """
    host = canonical_host(uri.host)
    if not is_address(host):
        return near
    word = (uri.parameters.get("transport") or near.transport.value).upper()
    transport = Transport(word) if word in Transport.__members__ else near.transport
    if uri.scheme == "sips":
        transport = Transport.TLS
    if transport.reliable and host == near.host and transport is near.transport and connected(near):
        return near
    return Hop(transport=transport, host=host, port=uri.port or transport.default_port, domain=near.domain)
