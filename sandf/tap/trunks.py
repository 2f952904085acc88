"""SIP trunks in the words of telephony, and their endpoints: trunks that are bound to one address share one."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from sipmessage import URI

from sandf.config import Configuration, SipPort
from sandf.config.values import SipServer, SipUri
from sandf.dialpeer import DialPlan, PotsPeer
from sandf.protocols.sip.digest import Credentials
from sandf.protocols.sip.hops import Transport
from sandf.protocols.sip.numbers import CalledFrom
from sandf.vtsp.sip.settings import (
    BindAddress,
    CallPolicy,
    Network,
    PolicyOf,
    RegistrationSettings,
    TrunkSettings,
)

ValueT = TypeVar("ValueT")


def trunks(configuration: Configuration) -> list[TrunkSettings]:
    """``[[ports]]`` of type sip.  Reads the password files; OSError where that fails."""
    return [_trunk(port) for port in configuration.ports if isinstance(port, SipPort)]


def _trunk(port: SipPort) -> TrunkSettings:
    servers = [server for server in (port.peer, *port.backups) if server is not None]
    if not servers and port.register is not None:
        servers = [SipServer(port.register.host, port.register.port)]
    return TrunkSettings(
        name=port.name,
        bind=_bind(port),
        proxies=tuple(_uri(server) for server in servers),
        outbound_proxy=_uri(port.outbound_proxy) if port.outbound_proxy else None,
        domain=port.domain or (port.register.host if port.register else ""),
        transport=Transport(port.transport.upper()),
        registration=_registration(port),
        credentials=_credentials(port),
        allow=tuple(network.network for network in port.allow),
        ignore_strangers=port.strangers == "ignore",
        advertise=str(port.advertise or ""),
        media_ports=(port.media_ports.first, port.media_ports.last) if port.media_ports else None,
        called_from=CalledFrom(port.called_number),
        trust_identity=port.trust_identity,
        send_identity=port.send_identity,
        user_phone=port.user_phone,
        caller=port.caller,
        options_interval=port.options_interval,
        session_expires=port.session_expires,
        max_in=port.max_conn_in,
        max_out=port.max_conn_out,
        calls_per_second=port.calls_per_second,
        latching=port.latching,
        policy=_policy(port),
    )


def _bind(port: SipPort) -> BindAddress:
    return BindAddress(
        host=port.bind.host,
        port=port.bind.port,
        tls_port=port.tls_bind.port if port.tls_bind else None,
        tls_certificate=port.tls_certificate,
        tls_key=port.tls_key,
        tls_authorities=port.tls_authorities,
    )


def _uri(server: SipServer) -> URI:
    host = f"[{server.host}]" if ":" in server.host else server.host
    return URI(scheme="sip", host=host, port=server.port)


def _registration(port: SipPort) -> RegistrationSettings | None:
    if port.register is None:
        return None
    server = _uri(SipServer(port.register.host, port.register.port))
    return RegistrationSettings(record=replace(server, user=port.register.user), expires=port.register_expires)


def _credentials(port: SipPort) -> Credentials | None:
    user = port.user or (port.register.user if isinstance(port.register, SipUri) else "")
    if not (user and port.password_file):
        return None
    password = Path(port.password_file).expanduser().read_text(encoding="utf-8").rstrip("\r\n")
    return Credentials(username=user, password=password)


def _policy(port: SipPort) -> CallPolicy:
    return CallPolicy(
        t38=port.t38,
        t38_wait=port.t38_wait,
        t38_version=port.t38_version,
        max_bit_rate=port.t38_max_speed,
        fill_bit_removal=port.t38_fill_bit_removal,
        local_tcf=port.t38_local_tcf,
        ls_redundancy=port.ls_redundancy,
        hs_redundancy=port.hs_redundancy,
        fec=port.t38_fec,
        max_datagram=port.max_datagram,
        redirects=port.redirects,
    )


def policy_of(configuration: Configuration, plan: Callable[[], DialPlan]) -> PolicyOf:
    """How calls use T.38: as the port says, but for what their dial peer in *plan* says."""
    ports = {port.name: _policy(port) for port in configuration.ports if isinstance(port, SipPort)}

    def policy(port: str, peer_tag: int) -> CallPolicy:
        peer = plan().peer(peer_tag)
        if not isinstance(peer, PotsPeer):
            return ports[port]
        ours = ports[port]
        return replace(
            ours,
            t38=_said(peer.t38, ours.t38),
            t38_wait=_said(peer.t38_wait, ours.t38_wait),
            ls_redundancy=_said(peer.ls_redundancy, ours.ls_redundancy),
            hs_redundancy=_said(peer.hs_redundancy, ours.hs_redundancy),
            fec=_said(peer.t38_fec, ours.fec),
        )

    return policy


def _said(theirs: ValueT | None, ours: ValueT) -> ValueT:
    return ours if theirs is None else theirs


def within(host: str, networks: tuple[Network, ...]) -> bool:
    """Whether the address *host* lies in one of *networks*; one of IPv4 in IPv6 counts as what it is."""
    address = ipaddress.ip_address(host.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return any((mapped or address) in network for network in networks)
