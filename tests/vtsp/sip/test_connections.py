"""SIP over TCP and TLS on real sockets: a call each, keep-alives, connections that fail, streams that make no sense."""

from __future__ import annotations

import datetime
import ipaddress
import socket
from pathlib import Path
from typing import Any, cast

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from OpenSSL import crypto
from twisted.internet import reactor as _reactor
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.protocol import Protocol
from twisted.internet.ssl import Certificate, CertificateOptions, optionsForClientTLS, trustRootFromCertificates
from twisted.internet.task import Clock, deferLater
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase, TestCase

from sandf.protocols.sip.hops import Hop, Transport
from sandf.vtsp.sip.connections import MOST_STRANGERS, STRANGER_SECONDS, Connections, Stream, address_towards
from sandf.vtsp.sip.settings import BindAddress

reactor: Any = _reactor
HOST = "127.0.0.1"
MESSAGE = b"OPTIONS sip:x@127.0.0.1 SIP/2.0\r\nCall-ID: 1\r\nContent-Length: 4\r\n\r\nbody"


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that vouches for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sip.example.com")])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.DNSName("sip.example.com"), x509.IPAddress(ipaddress.ip_address(HOST))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = folder / "certificate.pem", folder / "key.pem"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return files


class End:
    """The sockets of one end, and what came."""

    def __init__(self, tls: CertificateOptions | None = None, trust: Any = None) -> None:
        self.came: list[tuple[bytes, Hop]] = []
        self.failed: list[Hop] = []
        self.connections = Connections(
            reactor,
            BindAddress(host=HOST, port=0, tls_port=0 if tls else None),
            received=lambda octets, hop: self.came.append((octets, hop)),
            unreachable=self.failed.append,
            known=lambda hop: True,
            tls=tls,
            client_tls=lambda name: optionsForClientTLS(name, trustRoot=trust),
        )
        self.connections.listen()


class StrangerTests(SynchronousTestCase):
    """Connections of hosts that are no trunk's; time is virtual."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.connections = Connections(
            cast(Any, self.clock),
            BindAddress(host=HOST, port=5060),
            received=lambda octets, hop: None,
            unreachable=lambda hop: None,
            known=lambda hop: hop.host == "192.0.2.2",
            tls=None,
            client_tls=lambda name: self.fail("nobody asked for TLS"),
        )

    def connect(self, host: str, port: int) -> StringTransport:
        transport = StringTransport(peerAddress=IPv4Address("TCP", host, port))
        Stream(self.connections, Transport.TCP).makeConnection(transport)
        return transport

    def test_they_are_few_and_do_not_stay(self) -> None:
        made = [self.connect("203.0.113.9", 1024 + number) for number in range(MOST_STRANGERS + 5)]
        self.assertEqual(sum(one.disconnecting or one.disconnected for one in made), 5)
        ours = self.connect("192.0.2.2", 5060)
        self.clock.advance(STRANGER_SECONDS + 1)
        self.assertTrue(all(one.disconnecting or one.disconnected for one in made))
        self.assertFalse(ours.disconnecting or ours.disconnected)


class ConnectionTests(TestCase):
    timeout = 20

    def end(self, **more: Any) -> End:
        end = End(**more)
        self.addCleanup(lambda: Deferred.fromCoroutine(end.connections.close()))
        return end

    async def until(self, end: End, count: int) -> None:
        for _ in range(400):
            if len(end.came) + len(end.failed) >= count:
                return
            await deferLater(reactor, 0.02, lambda: None)
        self.fail(f"{len(end.came)} of {count}")

    async def test_udp(self) -> None:
        near, far = self.end(), self.end()
        near.connections.send(MESSAGE, Hop(transport=Transport.UDP, host=HOST, port=far.connections.port))
        await self.until(far, 1)
        (octets, hop) = far.came[0]
        self.assertEqual(octets, MESSAGE)
        self.assertEqual(hop, Hop(transport=Transport.UDP, host=HOST, port=near.connections.port))

    async def both_ways(self, near: End, far: End, hop: Hop) -> None:
        """Three messages there, which are read apart, and one back over the same connection."""
        for _ in range(3):
            near.connections.send(MESSAGE, hop)
        await self.until(far, 3)
        self.assertEqual([octets for octets, _ in far.came], [MESSAGE] * 3, near.failed)
        far.connections.send(MESSAGE, far.came[0][1])
        await self.until(near, 1)
        self.assertEqual(near.came, [(MESSAGE, hop)])

    async def test_tcp(self) -> None:
        near, far = self.end(), self.end()
        await self.both_ways(near, far, Hop(transport=Transport.TCP, host=HOST, port=far.connections.port))

    async def test_tls(self) -> None:
        folder = Path(self.mktemp())
        folder.mkdir()
        pem, key = certificate(folder)
        own = crypto.load_certificate(crypto.FILETYPE_PEM, pem.read_bytes())
        options = CertificateOptions(
            privateKey=crypto.load_privatekey(crypto.FILETYPE_PEM, key.read_bytes()), certificate=own
        )
        trust = trustRootFromCertificates([Certificate(own)])
        near, far = self.end(trust=trust), self.end(tls=options)
        port = far.connections.tls_port
        await self.both_ways(near, far, Hop(transport=Transport.TLS, host=HOST, port=port, domain="sip.example.com"))
        for domain, roots in (("other.example.com", trust), ("sip.example.com", None)):
            wrong = self.end(trust=roots)
            hop = Hop(transport=Transport.TLS, host=HOST, port=port, domain=domain)
            wrong.connections.send(MESSAGE, hop)
            await self.until(wrong, 1)
            self.assertEqual((wrong.came, wrong.failed), ([], [hop]), domain)

    async def test_nobody_listens(self) -> None:
        near = self.end()
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            hop = Hop(transport=Transport.TCP, host=HOST, port=probe.getsockname()[1])
            near.connections.send(MESSAGE, hop)
            await self.until(near, 1)
        self.assertEqual(near.failed, [hop])

    async def test_keep_alives_and_streams_that_make_no_sense(self) -> None:
        far = self.end()
        for sent, answer in ((b"\r\n\r\n", b"\r\n"), (b"X" * 100_000, b"")):
            client = Client()
            await connectProtocol(TCP4ClientEndpoint(reactor, HOST, far.connections.port), client)
            assert client.transport is not None
            client.transport.write(sent)
            for _ in range(100):
                await deferLater(reactor, 0.02, lambda: None)
                if client.gone or (answer and client.heard == answer):
                    break
            self.assertEqual((client.heard, client.gone), (answer, not answer))
            client.transport.loseConnection()
            await deferLater(reactor, 0.05, lambda: None)
        self.assertEqual(far.came, [])

    def test_our_address(self) -> None:
        self.assertEqual(address_towards("127.0.0.1"), "127.0.0.1")
        self.assertIn(":", address_towards("::1"))


class Client(Protocol):
    """Notes what comes."""

    def __init__(self) -> None:
        self.heard = b""
        self.gone = False

    def dataReceived(self, data: bytes) -> None:
        self.heard += data

    def connectionLost(self, reason: object = None) -> None:
        self.gone = True
