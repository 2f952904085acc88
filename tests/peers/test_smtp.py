"""Mail over real sockets on loopback: smtplib and smtp-source as clients of our server, smtp-sink as a server of ours.

Ports come from the kernel.  The Postfix tools are Debian's package ``postfix``; without them their tests are skipped.
"""

from __future__ import annotations

import datetime
import os
import shutil
import smtplib
import socket
import ssl
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from OpenSSL import crypto
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint, TCP4ServerEndpoint
from twisted.internet.error import ProcessDone
from twisted.internet.protocol import ProcessProtocol
from twisted.internet.ssl import Certificate, KeyPair, PrivateCertificate, optionsForClientTLS
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread
from twisted.python.failure import Failure as TwistedFailure
from twisted.trial.unittest import SkipTest, TestCase

from sandf.callcontrol.media import Message
from sandf.mspi.delivery import Delivery
from sandf.mspi.screening import Screening
from sandf.mspi.server import MailServer
from sandf.mspi.settings import MailClientSettings, MailServerSettings
from sandf.mspi.users import UsersFile, password_line
from sandf.protocols.smtp.settings import Credentials, TlsUse
from sandf.store.records import Job, JobKind, JobState, NewJob
from tests.mspi.rig import EPOCH, route
from tests.mspi.test_delivery import next_attempt
from tests.store.memory import MemoryStore

MAIL = b"Subject: Hi\r\n\r\n.one\r\n..two\r\n" + b"x" * 70 + b"\r\n"


def self_signed() -> PrivateCertificate:
    """A certificate for 127.0.0.1 and localhost."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ) + certificate.public_bytes(serialization.Encoding.PEM)
    made: PrivateCertificate = PrivateCertificate.fromCertificateAndKeyPair(
        Certificate.loadPEM(pem), KeyPair(crypto.load_privatekey(crypto.FILETYPE_PEM, pem))
    )
    return made


def program(name: str) -> str:
    """The path of a Postfix tool, or the test is skipped."""
    path = shutil.which(name, path="/usr/sbin:/usr/bin")
    if path is None:
        raise SkipTest(f"{name} is not installed (Debian: postfix)")
    return path


class Program(ProcessProtocol):
    """A program that is started and stopped by the test."""

    def __init__(self) -> None:
        self.ended: Deferred[int] = Deferred()
        self.output = b""

    def outReceived(self, data: bytes) -> None:
        self.output += data

    errReceived = outReceived

    def processEnded(self, reason: TwistedFailure) -> None:
        self.ended.callback(0 if reason.check(ProcessDone) else getattr(reason.value, "exitCode", None) or 1)


def run(path: str, *arguments: str) -> Program:
    program = Program()
    reactor.spawnProcess(program, path, [path, *arguments], env={})
    return program


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Loopback(TestCase):
    """A server of ours on a port of the kernel's choice."""

    def setUp(self) -> None:
        self.store = MemoryStore()

    def now(self) -> float:
        return EPOCH

    async def serve(self, **arguments: Any) -> int:
        self.server = MailServer(
            settings=MailServerSettings(hostname="fax.example.com"),
            store=self.store,
            screen=Screening(
                aliases=lambda: ["fax.example.com"],
                postmaster=lambda: "admin@example.com",
                route=route,
                wants_cover=bool,
            ),
            accepted=lambda: None,
            clock=reactor,
            now=self.now,
            **arguments,
        )
        port = await TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1").listen(self.server)

        async def stop() -> None:
            await port.stopListening()
            await self.server.shut_down()

        self.addCleanup(lambda: Deferred.fromCoroutine(stop()))
        return int(port.getHost().port)

    def deliver(self, port: int, **settings: Any) -> Delivery:
        tls = settings.pop("tls_options", None)
        delivery = Delivery(
            settings=MailClientSettings(hostname="gw.example.com", servers=(("localhost", port),), **settings),
            store=self.store,
            connect=lambda host, port: HostnameEndpoint(reactor, host.encode(), port),
            lookup=lambda domain: self.fail("nobody is looked up"),
            tls=tls,
            next_attempt=next_attempt,
            ended=lambda: None,
            clock=reactor,
            now=self.now,
        )
        self.addCleanup(lambda: Deferred.fromCoroutine(delivery.stop()))
        return delivery

    async def settled(self, count: int) -> list[Job]:
        """The first *count* jobs once none of them is running."""
        for _ in range(500):
            jobs = (await self.store.jobs(limit=1000))[::-1][:count]
            if len(jobs) == count and all(job.cause is not None for job in jobs):
                return jobs
            await deferLater(reactor, 0.02)
        return self.fail("the jobs did not end")


class ClientTests(Loopback):
    """The clients of others."""

    async def test_smtplib(self) -> None:
        port = await self.serve()

        def send() -> dict[str, tuple[int, bytes]]:
            with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
                return client.sendmail(
                    "ann@example.org", ["FAX=95551234@fax.example.com", "FAX=1@fax.example.com"], MAIL, ["RET=HDRS"]
                )

        refused = await deferToThread(send)
        self.assertEqual(refused["FAX=1@fax.example.com"][0], 550)
        stored = (await self.store.message("m1")).message
        self.assertTrue(stored.octets.endswith(b"\r\n" + MAIL))
        self.assertEqual((stored.reverse_path, stored.ret), ("ann@example.org", "HDRS"))
        self.assertEqual([job.called for job in await self.store.jobs()], ["95551234"])

    async def test_smtplib_with_tls_and_password(self) -> None:
        users = Path(self.mktemp())
        users.write_text(password_line("ann", "secret", b"0123456789abcdef") + "\n")
        users.chmod(0o600)
        port = await self.serve(tls=self_signed().options(), checker=UsersFile(users, deferToThread))
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE

        def send(password: str) -> None:
            with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
                client.starttls(context=context)
                client.login("ann", password)
                client.sendmail("ann@example.org", ["FAX=95551234@fax.example.com"], MAIL)

        await deferToThread(send, "secret")
        await self.assertFailure(deferToThread(send, "wrong"), smtplib.SMTPAuthenticationError)
        stored = (await self.store.message("m1")).message
        self.assertEqual(stored.identity, "ann")
        self.assertIn(b"ESMTPSA", stored.octets)
        self.assertEqual(len(await self.store.jobs()), 1)

    async def test_smtp_source(self) -> None:
        port = await self.serve()
        arguments = (
            "-c",
            "-s",
            "5",
            "-m",
            "60",
            "-l",
            "20000",
            "-f",
            "ann@example.org",
            "-t",
            "FAX=95551234@fax.example.com",
        )
        ended = await run(program("smtp-source"), *arguments, f"inet:127.0.0.1:{port}").ended
        self.assertEqual(ended, 0)
        self.assertEqual(len(await self.store.jobs(limit=1000)), 60)
        self.assertEqual((self.server.octets_held, self.server.recipients_held), (0, 0))


class ServerTests(Loopback):
    """Our delivery into our own server, and into the server of others."""

    async def test_ours_with_tls_and_password(self) -> None:
        certificate = self_signed()
        users = Path(self.mktemp())
        users.write_text(password_line("gw", "secret", b"0123456789abcdef") + "\n")
        users.chmod(0o600)
        port = await self.serve(tls=certificate.options(), checker=UsersFile(users, deferToThread))
        delivery = self.deliver(
            port,
            tls=TlsUse.REQUIRED,
            credentials=Credentials(username="gw", password="secret"),
            tls_options=lambda host: optionsForClientTLS(host, certificate),
        )
        job = NewJob(kind=JobKind.MAIL, address="FAX=95551234@fax.example.com", notify=("NEVER",))
        large = MAIL + (b"y" * 76 + b"\r\n") * 20_000
        await self.store.accept_message(Message(reverse_path="", octets=large, envid="a+b"), [job], EPOCH)
        delivery.start()
        (ended,) = await self.settled(1)
        self.assertEqual(ended.state, JobState.DELIVERED, ended.detail)
        arrived = (await self.store.message("m2")).message
        self.assertTrue(arrived.octets.endswith(large))
        self.assertEqual((arrived.identity, arrived.envid), ("gw", "a+b"))

    async def test_certificate_of_another(self) -> None:
        port = await self.serve(tls=self_signed().options())
        delivery = self.deliver(
            port, tls=TlsUse.REQUIRED, tls_options=lambda host: optionsForClientTLS(host, self_signed())
        )
        job = NewJob(kind=JobKind.MAIL, address="FAX=95551234@fax.example.com")
        await self.store.accept_message(Message(reverse_path="", octets=MAIL), [job], EPOCH)
        delivery.start()
        (ended,) = await self.settled(1)
        assert ended.cause is not None
        self.assertEqual((ended.state, ended.cause.name), (JobState.DEFERRED, "mail_tls_failed"), ended.detail)
        await delivery.stop()

    async def test_smtp_sink(self) -> None:
        port = free_port()
        folder = Path(self.mktemp())
        folder.mkdir()
        as_root = ("-u", "root") if os.getuid() == 0 else ()
        sink = run(program("smtp-sink"), *as_root, "-d", f"{folder}/mail.", f"127.0.0.1:{port}", "10")
        await self.listening(port)
        delivery = self.deliver(port)
        job = NewJob(kind=JobKind.MAIL, address="b@example.com")
        for _ in range(5):
            await self.store.accept_message(Message(reverse_path="gw@example.com", octets=MAIL), [job, job], EPOCH)
        delivery.start()
        ended = await self.settled(10)
        self.assertEqual({found.state for found in ended}, {JobState.DELIVERED}, ended[0].detail)
        await delivery.stop()
        sink_transport = sink.transport
        assert sink_transport is not None
        sink_transport.signalProcess("TERM")
        await sink.ended
        kept = sorted(folder.glob("mail.*"))
        self.assertEqual(len(kept), 5)
        self.assertIn(MAIL.replace(b"\r\n", b"\n"), kept[0].read_bytes().replace(b"\r\n", b"\n"))

    async def listening(self, port: int) -> None:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            await deferLater(reactor, 0.02)
