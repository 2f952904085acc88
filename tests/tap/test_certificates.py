"""The certificate that STARTTLS shows, with those that vouch for it."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from msgspec.structs import replace
from OpenSSL import SSL
from twisted.python.filepath import FilePath
from twisted.trial.unittest import SynchronousTestCase

from sandf.config import embedded
from sandf.tap.gateway import Gateway
from tests.test_config import certificate_of


class CertificateTests(SynchronousTestCase):
    def test_the_whole_chain_is_sent(self) -> None:
        folder = FilePath(self.mktemp())
        folder.makedirs()
        own, other = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        chain = folder.child("chain.pem")
        chain.setContent(certificate_of(own) + certificate_of(other))
        key = folder.child("key.pem")
        key.setContent(own.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        self.assertEqual(len(self.shown(chain.path, key.path)), 2)

    def shown(self, certificate: str, key: str) -> list[object]:
        """What a client is sent in the handshake."""
        gateway = Gateway.__new__(Gateway)
        plain = embedded()
        server = replace(plain.smtp.server, tls_certificate=certificate, tls_key=key)
        gateway.configuration = replace(plain, smtp=replace(plain.smtp, server=server))
        creator = gateway._server_certificate()
        assert creator is not None
        ours = SSL.Connection(creator.getContext())  # type: ignore[attr-defined]  # CertificateOptions has it
        theirs = SSL.Connection(SSL.Context(SSL.TLS_CLIENT_METHOD))
        ours.set_accept_state()
        theirs.set_connect_state()
        for _ in range(6):
            for one, two in ((theirs, ours), (ours, theirs)):
                try:
                    one.do_handshake()
                except SSL.WantReadError:
                    pass
                try:
                    two.bio_write(one.bio_read(65_536))
                except SSL.WantReadError:
                    pass
        return list(theirs.get_peer_cert_chain() or [])
