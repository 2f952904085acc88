"""The ports that a configuration can name, [[ports]], by their types.

What this module does not do: it checks single values only; what must agree with what, :mod:`.checks` has.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from sandf.protocols.t38.settings import T38Use

from .tables import Name, OneLine, Positive, Seconds, Share, Speed, Table
from .values import IpAddress, Network, PortRange, SipAddress, SipServer, SipUri

LsRedundancy = Annotated[int, Meta(ge=0, le=7, description="a whole number from 0 to 7")]
HsRedundancy = Annotated[int, Meta(ge=0, le=3, description="a whole number from 0 to 3")]


class VirtualPort(Table, frozen=True, kw_only=True, tag_field="type", tag="virtual"):
    """[[ports]] of type virtual: a line into the virtual exchange."""

    name: Name
    speed: Annotated[float, Meta(gt=0, description="a number over 0: times real time")] = 1.0
    loss: Share = 0.0
    delay: Seconds = 0.0
    jitter: Seconds = 0.0
    bit_error_rate: Annotated[float, Meta(ge=0, le=0.5, description="a share from 0 to 0.5")] = 0.0
    seed: int = 0
    max_conn: Positive | None = None


class SipPort(Table, frozen=True, kw_only=True, tag_field="type", tag="sip"):
    """[[ports]] of type sip: a trunk to a carrier or PBX."""

    name: Name
    bind: SipAddress = SipAddress("0.0.0.0", 5060)
    peer: SipServer | None = None
    backups: tuple[SipServer, ...] = ()
    transport: Literal["udp", "tcp", "tls"] = "udp"
    outbound_proxy: SipServer | None = None
    domain: str = ""
    register: SipUri | None = None
    register_expires: Annotated[int, Meta(ge=60, le=86400, description="seconds, 60 to 86400")] = 3600
    user: str = ""
    password_file: str = ""
    allow: tuple[Network, ...] = ()
    strangers: Literal["refuse", "ignore"] = "refuse"
    advertise: IpAddress | None = None
    media_ports: PortRange | None = None
    latching: bool = True
    tls_bind: SipAddress | None = None
    tls_certificate: str = ""
    tls_key: str = ""
    tls_authorities: str = ""
    called_number: Literal["request-uri", "to"] = "request-uri"
    caller: OneLine = ""
    trust_identity: bool = True
    send_identity: bool = True
    user_phone: bool = False
    redirects: Annotated[int, Meta(ge=0, le=5, description="a whole number from 0 to 5")] = 1
    options_interval: Seconds = 60.0
    session_expires: Annotated[int, Meta(ge=0, le=86400, description="seconds, 90 or more, or 0 for none")] = 1800
    max_conn_in: Positive | None = None
    max_conn_out: Positive | None = None
    calls_per_second: Annotated[float, Meta(gt=0, le=1000, description="a number over 0, 1000 at most")] = 50.0
    t38: T38Use = T38Use.REINVITE
    t38_wait: Seconds = 4.0
    t38_version: Annotated[int, Meta(ge=0, le=3, description="a whole number from 0 to 3")] = 0
    t38_max_speed: Speed = 14400
    t38_fec: bool = False
    t38_fill_bit_removal: bool = False
    t38_local_tcf: bool = False
    ls_redundancy: LsRedundancy = 3
    hs_redundancy: HsRedundancy = 1
    max_datagram: Annotated[int, Meta(ge=200, le=65000, description="octets, 200 to 65000")] = 1400
