"""What the operator sets for a SIP trunk, ``[[ports]]`` of type ``sip``, and how a call over it uses T.38.

What this module does not do: it reads no file; ``tap`` fills it in.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass

from sipmessage import URI

from sandf.protocols.sip.digest import Credentials
from sandf.protocols.sip.hops import Transport
from sandf.protocols.sip.numbers import CalledFrom
from sandf.protocols.t38.settings import T38Use

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPolicy:
    """How one call uses T.38; a dial peer may differ from its trunk."""

    t38: T38Use = T38Use.REINVITE
    t38_wait: float = 4.0
    """Seconds that a caller waits for the called end to propose T.38 before it does."""
    t38_version: int = 0
    """T38FaxVersion that we offer, 0 to 3."""
    max_bit_rate: int = 14400
    """T38MaxBitRate, bit/s."""
    fill_bit_removal: bool = False
    local_tcf: bool = False
    """Data rate management method 1."""
    ls_redundancy: int = 3
    """Packets sent again with control (V.21) data."""
    hs_redundancy: int = 1
    """Packets sent again with page data."""
    fec: bool = False
    """FEC in place of redundancy where the other end offers it."""
    max_datagram: int = 1400
    """T38FaxMaxDatagram, octets."""
    redirects: int = 1
    """How many 3xx are followed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BindAddress:
    """Where an endpoint listens; port 0 is any free one."""

    host: str
    port: int
    tls_port: int | None = None
    tls_certificate: str = ""
    """Path of a PEM file, ours first."""
    tls_key: str = ""
    tls_authorities: str = ""
    """Path of a PEM file: whom the certificates of others must come from; empty for those the system knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationSettings:
    """Where a trunk registers."""

    record: URI
    """The address of record."""
    expires: int = 3600
    """Seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkSettings:
    """One trunk."""

    name: str
    bind: BindAddress
    proxies: tuple[URI, ...] = ()
    """Where calls go, in order; empty for a trunk that only takes calls."""
    outbound_proxy: URI | None = None
    """Every request goes there first, whatever it is for."""
    domain: str = ""
    """The domain in To and From; empty for that of the proxy."""
    transport: Transport = Transport.UDP
    registration: RegistrationSettings | None = None
    credentials: Credentials | None = None
    allow: tuple[Network, ...] = ()
    """Further addresses that calls may come from."""
    ignore_strangers: bool = False
    """Requests of unknown sources get no answer at all, in place of 403."""
    advertise: str = ""
    """The address in Via, Contact and SDP behind NAT; empty for our own."""
    media_ports: tuple[int, int] | None = None
    """First and last UDP port for media; None for any free one."""
    called_from: CalledFrom = CalledFrom.REQUEST_URI
    trust_identity: bool = True
    """P-Asserted-Identity is taken for the caller."""
    send_identity: bool = True
    """P-Asserted-Identity is sent."""
    user_phone: bool = False
    """``;user=phone`` behind numbers."""
    caller: str = ""
    """The number in From where the call has none."""
    options_interval: float = 60.0
    """Seconds between OPTIONS to each proxy; 0 for none."""
    session_expires: int = 1800
    """Seconds; 0 for no session timer."""
    min_se: int = 90
    max_in: int | None = None
    """Simultaneous calls that come in; None is no limit."""
    max_out: int | None = None
    calls_per_second: float = 50.0
    """How many calls out may begin in a second; those beyond wait for their turn."""
    latching: bool = True
    """Media are sent to where valid packets of the signalled peer come from."""
    policy: CallPolicy = CallPolicy()


PolicyOf = Callable[[str, int], CallPolicy]
"""``policy_of(port, peer_tag)``: how a call by this dial peer uses T.38."""
