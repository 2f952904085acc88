"""SIP, wired: the endpoints that listen, the trunks that share them, and what all their calls have in common."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path

from OpenSSL import crypto
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator
from twisted.internet.posixbase import PosixReactorBase
from twisted.internet.ssl import Certificate, CertificateOptions, optionsForClientTLS, trustRootFromCertificates
from twisted.names.client import Resolver

from sandf import __version__
from sandf.config import Configuration
from sandf.vtsp.interfaces import Offer
from sandf.vtsp.sip.call_media import MediaResources, Recorder
from sandf.vtsp.sip.endpoint import SipEndpoint
from sandf.vtsp.sip.media_ports import MediaPorts
from sandf.vtsp.sip.resolving import SipResolver
from sandf.vtsp.sip.settings import BindAddress, Network, PolicyOf
from sandf.vtsp.sip.trunk import SipTrunk
from sandf.vtsp.timer_wheel import TimerWheel

from .certificates import pem_certificates
from .trunks import trunks, within

AGENT = f"sandf/{__version__}"


class Resources:
    """What calls of all trunks share."""

    def __init__(self, media: MediaResources, policy_of: PolicyOf) -> None:
        self.media = media
        self.policy_of = policy_of

    def token(self) -> str:
        """A random word."""
        return secrets.token_hex(8)

    def number(self) -> int:
        """A random number of 62 bits (RFC 3264 5: it must fit into 63)."""
        return secrets.randbits(62)

    def within(self, host: str, networks: tuple[Network, ...]) -> bool:
        """Whether an address lies in one of them."""
        return within(host, networks)


class SipTrunks:
    """All trunks of *configuration*.  *offer* brings calls, *changed* is told when a trunk goes down or comes up."""

    def __init__(
        self,
        configuration: Configuration,
        reactor: PosixReactorBase,
        *,
        offer: Offer,
        recorder: Recorder,
        policy_of: PolicyOf,
        changed: Callable[[], None],
    ) -> None:
        self._reactor = reactor
        self.wheel = TimerWheel(reactor)
        self.resources = Resources(MediaResources(wheel=self.wheel, recorder=recorder), policy_of)
        self.endpoints: dict[tuple[str, int], SipEndpoint] = {}
        self.trunks: list[SipTrunk] = []
        resolver = SipResolver(
            lambda: Resolver(resolv="/etc/resolv.conf", reactor=reactor), reactor, draw=secrets.SystemRandom().random
        )
        for settings in trunks(configuration):
            endpoint = self._endpoint(settings.bind)
            trunk = SipTrunk(
                settings,
                endpoint=endpoint,
                locating=resolver,
                offer=offer,
                ports=MediaPorts(reactor, settings.media_ports, interface=settings.bind.host),
                resources=self.resources,
                clock=reactor,
                agent=AGENT,
                changed=changed,
            )
            endpoint.trunks[trunk.name] = trunk
            self.trunks.append(trunk)

    def _endpoint(self, bind: BindAddress) -> SipEndpoint:
        known = self.endpoints.get((bind.host, bind.port)) if bind.port else None
        if known is not None:
            return known
        endpoint = SipEndpoint(
            self._reactor,
            bind,
            token=self.resources.token,
            draw=secrets.SystemRandom().random,
            agent=AGENT,
            tls=_shown(bind),
            client_tls=_asked(bind),
        )
        self.endpoints[bind.host, bind.port or -len(self.endpoints)] = endpoint
        return endpoint

    def start(self) -> None:
        """Listen, register, and look for the proxies.  Raises CannotListenError."""
        for endpoint in self.endpoints.values():
            endpoint.listen()
        for trunk in self.trunks:
            trunk.start()

    async def leave(self) -> None:
        """Take registrations back: no call is to come any more."""
        for trunk in self.trunks:
            await trunk.stop()

    async def stop(self) -> None:
        """Close all sockets."""
        for endpoint in self.endpoints.values():
            await endpoint.close()


def _shown(bind: BindAddress) -> CertificateOptions | None:
    """What we show of ourselves to those who connect by TLS."""
    if not bind.tls_certificate:
        return None
    key = Path(bind.tls_key).expanduser().read_bytes()
    own, *chain = pem_certificates(Path(bind.tls_certificate).expanduser().read_bytes())
    return CertificateOptions(
        privateKey=crypto.load_privatekey(crypto.FILETYPE_PEM, key), certificate=own, extraCertChain=chain
    )


def _asked(bind: BindAddress) -> Callable[[str], IOpenSSLClientConnectionCreator]:
    """What we ask of the certificates of those whom we connect to."""
    if not bind.tls_authorities:
        return optionsForClientTLS
    found = pem_certificates(Path(bind.tls_authorities).expanduser().read_bytes())
    roots = trustRootFromCertificates([Certificate(one) for one in found])
    return lambda name: optionsForClientTLS(name, trustRoot=roots)
