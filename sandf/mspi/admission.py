"""Which SMTP clients may connect: loopback, and the networks that are listed."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from .settings import IPNetwork

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def peer_address(host: str) -> Address | None:
    """The address of a peer as its transport names it, IPv4 in IPv6 taken apart; None where it is none."""
    try:
        found = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found


def is_admitted(address: Address | None, allow: Iterable[IPNetwork]) -> bool:
    """Whether a client at *address* may connect; a peer without one came by a Unix socket, from this machine."""
    if address is None or address.is_loopback:
        return True
    return any(address in network for network in allow)
