"""Certificates in files."""

from __future__ import annotations

from OpenSSL import crypto


def pem_certificates(pem: bytes) -> list[crypto.X509]:
    """The certificates in a PEM file, the first one ours, then those that vouch for it (RFC 7468 5)."""
    end = b"-----END CERTIFICATE-----"
    return [crypto.load_certificate(crypto.FILETYPE_PEM, block + end) for block in pem.split(end)[:-1]]
