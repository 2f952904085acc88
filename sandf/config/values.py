"""Values that a plain TOML type does not say: endpoints, host and port, networks, SIP and store addresses.

Each has a class method ``parse`` that raises :class:`ValueError` with what is allowed.  Parsing opens and resolves
nothing; only the files that an ``ssl:`` endpoint names are read.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from twisted.internet.endpoints import serverFromString

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*")
SMTP_PORT = 25
SIP_PORT = 5060

_server: Callable[[object, str], object] = serverFromString
_NO_REACTOR = object()  # the endpoint is parsed and thrown away; only listen() would use the reactor


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to listen: a Twisted server endpoint string, ``tcp:2525:interface=127.0.0.1``."""

    text: str

    @classmethod
    def parse(cls, text: str) -> Endpoint:
        """The endpoint *text*; that of systemd is taken as it stands, as its sockets exist only under systemd."""
        if not text.startswith("systemd:"):
            try:
                _check_port(text)
                _server(_NO_REACTOR, text)
            except Exception as error:  # endpoint parsers are plugins, and raise what they like
                raise ValueError(
                    f"not an endpoint to listen on ({error or type(error).__name__}); "
                    "one looks like tcp:25 or tcp:2525:interface=127.0.0.1"
                )
        return cls(text)

    @property
    def loopback(self) -> bool:
        """Whether only this machine reaches it, as far as the text shows."""
        if self.text.startswith("unix:"):
            return True
        interface = re.search(r":interface=((?:[^:\\]|\\.)+)", self.text)
        name = interface[1].replace("\\", "") if interface else ""
        return name in ("localhost", "::1") or name.startswith("127.")

    def __str__(self) -> str:
        return self.text


def _check_port(text: str) -> None:
    found = re.match(r"(?:tcp6?|ssl):(\d+)", text)
    if found and int(found[1]) > 65535:
        raise ValueError("ports go from 1 to 65535, and 0 is any free one")


@dataclass(frozen=True, slots=True)
class HostPort:
    """A server to connect to."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> HostPort:
        """``mail.example.com``, ``192.0.2.1:2525`` or ``[2001:db8::1]:25``; without a port it is 25."""
        found = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([^:\[\]]+))(?::(\d{1,5}))?", text)
        port = int(found[3] or SMTP_PORT) if found else 0
        if found is None or not 0 < port < 65536 or not cls._is_host(found[1], found[2]):
            raise ValueError("not a server; one looks like mail.example.com:25, 192.0.2.1 or [2001:db8::1]:25")
        return cls(found[1] or found[2], port)

    @staticmethod
    def _is_host(literal: str | None, name: str | None) -> bool:
        if literal is None:
            return name is not None and _HOST.fullmatch(name) is not None
        try:
            return ipaddress.ip_address(literal).version == 6
        except ValueError:
            return False

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Network:
    """The addresses of a network."""

    network: ipaddress.IPv4Network | ipaddress.IPv6Network

    @classmethod
    def parse(cls, text: str) -> Network:
        """``192.0.2.0/24``, ``2001:db8::/32``, or a single address."""
        try:
            return cls(ipaddress.ip_network(text))
        except ValueError as error:
            raise ValueError(f"not a network ({error}); one looks like 192.0.2.0/24 or 2001:db8::/32")

    def __contains__(self, address: str) -> bool:
        found = ipaddress.ip_address(address)
        mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
        return (mapped or found) in self.network

    def __str__(self) -> str:
        return str(self.network)


@dataclass(frozen=True, slots=True)
class IpAddress:
    """One address."""

    text: str

    @classmethod
    def parse(cls, text: str) -> IpAddress:
        """``192.0.2.1`` or ``2001:db8::1``."""
        try:
            return cls(str(ipaddress.ip_address(text)))
        except ValueError:
            raise ValueError("not an IP address; one looks like 192.0.2.1 or 2001:db8::1")

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class SipAddress:
    """An address of this machine to use for SIP; port 0 is any free one."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> SipAddress:
        """``0.0.0.0:5060``, ``192.0.2.1`` or ``[::]:5060``; without a port it is 5060."""
        found = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+))(?::(\d{1,5}))?", text)
        wrong = ValueError("not an address of this machine; one looks like 0.0.0.0:5060, 192.0.2.1 or [::]:5060")
        if found is None or int(found[3] or 0) > 65535:
            raise wrong
        try:
            host = str(ipaddress.ip_address(found[1] or found[2]))
        except ValueError:
            raise wrong
        return cls(host, int(found[3] or SIP_PORT))

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class SipServer:
    """A SIP proxy, PBX or carrier; without a port it is found by NAPTR and SRV records (RFC 3263)."""

    host: str
    port: int | None

    @classmethod
    def parse(cls, text: str) -> SipServer:
        """``sip.example.com``, ``192.0.2.1:5060`` or ``[2001:db8::1]:5060``."""
        try:
            found = HostPort.parse(text)
        except ValueError:
            raise ValueError("not a SIP server; one looks like sip.example.com, 192.0.2.10:5060 or [2001:db8::1]:5060")
        return cls(found.host, found.port if re.search(r":\d+$", text.rpartition("]")[2]) else None)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class SipUri:
    """An address of record."""

    user: str
    host: str
    port: int | None

    @classmethod
    def parse(cls, text: str) -> SipUri:
        """``sip:user@carrier.example``, with ``:port`` where that is not found by DNS."""
        scheme, _, rest = text.partition(":")
        user, at, server = rest.rpartition("@")
        wrong = ValueError("not an address to register; one looks like sip:user@carrier.example")
        if scheme.lower() != "sip" or not at or not re.fullmatch(r"[A-Za-z0-9_.!~*'()&=+$,;?/%-]+", user):
            raise wrong
        try:
            found = SipServer.parse(server)
        except ValueError:
            raise wrong
        return cls(user, found.host, found.port)

    def __str__(self) -> str:
        return f"sip:{self.user}@{SipServer(self.host, self.port)}"


@dataclass(frozen=True, slots=True)
class PortRange:
    """UDP ports for media, both ends included."""

    first: int
    last: int

    @classmethod
    def parse(cls, text: str) -> PortRange:
        """``20000-20999``."""
        found = re.fullmatch(r"(\d{1,5})-(\d{1,5})", text)
        if found is None or not 1024 <= int(found[1]) < int(found[2]) <= 65535:
            raise ValueError("not a range of ports from 1024 to 65535; one looks like 20000-20999")
        return cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        return f"{self.first}-{self.last}"


@dataclass(frozen=True, slots=True)
class StoreUrl:
    """Where the store is: the path of its SQLite file."""

    text: str
    path: Path

    @classmethod
    def parse(cls, text: str) -> StoreUrl:
        """``sqlite:///var/lib/sandf/sandf.db``, or ``sqlite:var/sandf.db`` below the working directory."""
        parts = urlsplit(text)
        if parts.scheme in ("postgresql", "postgres"):
            raise ValueError("this version has no PostgreSQL store yet; sqlite:///PATH is allowed")
        if parts.scheme != "sqlite" or parts.netloc or parts.path.endswith("/") or not parts.path:
            raise ValueError("not a store; one looks like sqlite:///var/lib/sandf/sandf.db or sqlite:var/sandf.db")
        return cls(text, Path(unquote(parts.path)))

    def __str__(self) -> str:
        return self.text
