"""Where a request for a URI goes: RFC 3263 4, as questions to the DNS and their answers.

:func:`locate` is a generator.  It yields a question, is sent the records that answer it (none for a name that does not
exist, or where nobody answers) and returns the hops in the order in which to try them.  All services of a domain are
followed, not only the first, so that another is there when one fails (4.3).

What this module does not do: ask the DNS, remember answers, skip a hop that is down.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass

from sipmessage import URI

from .hops import Hop, Transport, is_address

MOST_HOPS = 16
_MOST_SERVICES = 4
"""NAPTR records that are followed."""
_MOST_TARGETS = 10
"""SRV records of one service that are followed."""

_SERVICES = {"SIPS+D2T": Transport.TLS, "SIP+D2T": Transport.TCP, "SIP+D2U": Transport.UDP}
"""Services of NAPTR records (RFC 3263 4.1)."""
_PREFIXES = {Transport.UDP: "_sip._udp.", Transport.TCP: "_sip._tcp.", Transport.TLS: "_sips._tcp."}


class LocatingError(ValueError):
    """No request can go to this URI, whatever the DNS says."""


@dataclass(frozen=True, slots=True)
class Naptr:
    """Asks for the NAPTR records of a domain."""

    name: str


@dataclass(frozen=True, slots=True)
class Srv:
    """Asks for the SRV records of a service."""

    name: str


@dataclass(frozen=True, slots=True)
class Address:
    """Asks for the addresses (A, AAAA) of a host."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NaptrRecord:
    """One service of a domain (RFC 3403 4.1); its regexp is not used in SIP."""

    order: int
    preference: int
    flags: str
    service: str
    replacement: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SrvRecord:
    """One server of a service (RFC 2782)."""

    priority: int
    weight: int
    port: int
    target: str
    """Empty: the service is decidedly not there."""


Question = Naptr | Srv | Address
Answer = Sequence[NaptrRecord | SrvRecord | str]
"""Records of the kind asked for; addresses as text.  Others in between are ignored."""
Locating = Generator[Question, Answer, list[Hop]]


def locate(uri: URI, *, transports: Sequence[Transport], draw: Callable[[], float]) -> Locating:
    """The hops of *uri*, over *transports* in the order in which we like them; *draw* gives numbers from 0 to 1.

    Raises LocatingError for a URI that is not sip or sips, or wants a transport that is not among them.
    """
    host = _target(uri)
    wanted = _wanted(uri, transports)
    domain = uri.host.strip("[]").rstrip(".").lower()
    if is_address(host) or uri.port:
        transport = _default(wanted)
        addresses = [host] if is_address(host) else (yield from _addresses(host))
        return _hops(transport, addresses, uri.port or transport.default_port, domain)
    services = [(transport, _PREFIXES[transport] + host) for transport in wanted]
    if "transport" not in _parameters(uri):
        services = (yield from _services(host, wanted)) or services
    hops: list[Hop] = []
    found = False
    for transport, name in services:
        records = yield from _servers(name)
        found = found or bool(records)
        for record in _by_weight(records, draw)[:_MOST_TARGETS]:
            if record.target and len(hops) < MOST_HOPS:
                addresses = yield from _addresses(record.target)
                hops += _hops(transport, addresses, record.port, domain)
    if not found:
        transport = _default(wanted)
        hops = _hops(transport, (yield from _addresses(host)), transport.default_port, domain)
    return list(dict.fromkeys(hops))[:MOST_HOPS]


def _parameters(uri: URI) -> dict[str, str]:
    return {name.lower(): value or "" for name, value in uri.parameters.items()}


def _target(uri: URI) -> str:
    """The TARGET of 4: maddr, or the host."""
    if uri.scheme.lower() not in ("sip", "sips"):
        raise LocatingError(f"{uri} is no SIP URI")
    return (_parameters(uri).get("maddr") or uri.host).strip("[]").rstrip(".").lower()


def _wanted(uri: URI, transports: Sequence[Transport]) -> list[Transport]:
    """Those of *transports* that its scheme and transport parameter allow (4.1; ``tls`` is old, RFC 3261 26.2.2)."""
    wanted = list(transports)
    if named := _parameters(uri).get("transport"):
        secure = named.lower() == "tls" or (uri.scheme.lower() == "sips" and named.lower() == "tcp")
        spelled = Transport.TLS.value if secure else named.upper()
        wanted = [transport for transport in wanted if transport.value == spelled]
    if uri.scheme.lower() == "sips":
        wanted = [transport for transport in wanted if transport is Transport.TLS]
    if not wanted:
        raise LocatingError(f"no transport of ours suits {uri}")
    return wanted


def _default(wanted: Sequence[Transport]) -> Transport:
    """UDP where nothing else is said (4.1), if it is among those that are left."""
    return Transport.UDP if Transport.UDP in wanted else wanted[0]


def _hops(transport: Transport, addresses: Iterable[str], port: int, domain: str) -> list[Hop]:
    return [Hop(transport=transport, host=host, port=port, domain=domain) for host in addresses]


def _services(host: str, wanted: Sequence[Transport]) -> Generator[Question, Answer, list[tuple[Transport, str]]]:
    """The services that NAPTR records name, best first (4.1)."""
    answer = yield Naptr(host)
    records = [record for record in answer if isinstance(record, NaptrRecord) and record.flags.lower() == "s"]
    found = []
    for record in sorted(records, key=lambda record: (record.order, record.preference)):
        transport = _SERVICES.get(record.service.upper())
        if transport and transport in wanted and record.replacement:
            found.append((transport, record.replacement.rstrip(".").lower()))
    return found[:_MOST_SERVICES]


def _servers(name: str) -> Generator[Question, Answer, list[SrvRecord]]:
    answer = yield Srv(name)
    return [record for record in answer if isinstance(record, SrvRecord)]


def _addresses(host: str) -> Generator[Question, Answer, list[str]]:
    answer = yield Address(host)
    return [address for address in answer if isinstance(address, str) and is_address(address)]


def _by_weight(records: Sequence[SrvRecord], draw: Callable[[], float]) -> list[SrvRecord]:
    """*records* by priority, those of one priority at random by weight (RFC 2782, "Weight")."""
    left = sorted(records, key=lambda record: (record.priority, record.weight))
    ordered = []
    while left:
        equal = [record for record in left if record.priority == left[0].priority]
        mark = draw() * sum(record.weight for record in equal)
        for record in equal:
            mark -= record.weight
            if mark <= 0:
                break
        ordered.append(record)
        left.remove(record)
    return ordered
