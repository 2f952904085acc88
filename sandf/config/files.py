"""The files that a configuration names: whether the gateway can start, and serve, with them.

These checks open files, unlike those of :mod:`.checks`; so they are made where the gateway starts or reloads, and by
``sandf check-config``, but not by a command that only looks for the control socket.  What a file holds is never
repeated in a problem.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from sandf.passwords import numbers_of, read_lines

from .ports import SipPort
from .problems import Problem, Severity, shown
from .settings import Configuration

_PATH_BEGINNINGS = ("/", "./", "../", "~")


def check_files(configuration: Configuration) -> list[Problem]:
    """What is wrong with the files of *configuration*, as far as this user can see."""
    return [*_tls(configuration), *_users(configuration), *_password(configuration), *_trunks(configuration)]


class _Unusable(Exception):
    """A file that cannot be used; the text is what is wrong with it and the remedy."""


def _tls(configuration: Configuration) -> Iterator[Problem]:
    """The certificate and the key of the ESMTP server are there, and belong together."""
    server = configuration.smtp.server
    if server.tls_certificate and server.tls_key:
        yield from _pair("smtp.server", server.tls_certificate, server.tls_key)


def _trunks(configuration: Configuration) -> Iterator[Problem]:
    """So are those of trunks, and their passwords."""
    for index, port in enumerate(configuration.ports):
        if not isinstance(port, SipPort):
            continue
        if port.tls_certificate and port.tls_key:
            yield from _pair(f"ports[{index}]", port.tls_certificate, port.tls_key)
        if port.password_file:
            yield from _password_file(f"ports[{index}].password_file", port.password_file)
        if port.tls_authorities:
            try:
                _certificate(_octets(port.tls_authorities))
            except _Unusable as wrong:
                yield _problem(f"ports[{index}].tls_authorities", port.tls_authorities, str(wrong))


def _pair(path: str, certificate_path: str, key_path: str) -> Iterator[Problem]:
    certificate = key = None
    try:
        certificate = _certificate(_octets(certificate_path))
    except _Unusable as wrong:
        yield _problem(f"{path}.tls_certificate", certificate_path, str(wrong))
    try:
        key = _key(_octets(key_path), key_path)
    except _Unusable as wrong:
        yield _problem(f"{path}.tls_key", key_path, str(wrong))
    if certificate is not None and key is not None and not _belong(certificate, key):
        yield _problem(
            f"{path}.tls_key",
            key_path,
            f"this is not the key of the certificate in {certificate_path} (the gateway's own certificate has"
            " to be the first in that file); name the key that it was made with",
        )
    if key is not None and _others_read(key_path):
        yield _problem(f"{path}.tls_key", key_path, *_readable(key_path))


def _certificate(octets: bytes) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificates(octets)[0]
    except (ValueError, UnsupportedAlgorithm):
        raise _Unusable(
            "this is no certificate in PEM form, which begins with -----BEGIN CERTIFICATE-----; of the binary form one"
            " is made with: openssl x509 -inform DER -in FILE -out FILE.pem"
        )


def _key(octets: bytes, path: str) -> PrivateKeyTypes:
    try:
        return load_pem_private_key(octets, None)
    except TypeError:
        raise _Unusable(f"the key has a pass phrase; take it away with: openssl pkey -in {path} -out NEW_FILE")
    except (ValueError, UnsupportedAlgorithm):
        raise _Unusable(
            "this is no private key in PEM form, which begins with -----BEGIN PRIVATE KEY-----; of the binary form one"
            " is made with: openssl pkey -inform DER -in FILE -out FILE.pem"
        )


def _belong(certificate: x509.Certificate, key: PrivateKeyTypes) -> bool:
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    try:
        return certificate.public_key().public_bytes(*form) == key.public_key().public_bytes(*form)
    except (ValueError, UnsupportedAlgorithm):
        return False


def _users(configuration: Configuration) -> Iterator[Problem]:
    """Somebody can log in, and nobody else reads the file."""
    key_path, path = "smtp.server.users", configuration.smtp.server.users
    if not path:
        return
    try:
        lines = list(read_lines(_text(path)))
    except _Unusable as wrong:
        yield _problem(key_path, path, f"nobody can log in: {wrong}", Severity.WARNING)
        return
    unclear = [number for number, user in lines if user is None]
    if unclear:
        form = "NAME:scrypt$N$R$P$SALT$HASH"
        message = f"{numbers_of(unclear)} cannot be understood, {form} is; make one with: sandf password NAME"
        yield _problem(key_path, path, message, Severity.WARNING)
    if not lines:
        message = "nobody can log in: the file names no user; make a line with: sandf password NAME"
        yield _problem(key_path, path, message, Severity.WARNING)
    if _others_read(path):
        yield _problem(key_path, path, *_readable(path))


def _password(configuration: Configuration) -> Iterator[Problem]:
    """There is a password to log in with where mail goes."""
    client = configuration.smtp.client
    if client.user and client.password_file:
        yield from _password_file("smtp.client.password_file", client.password_file)


def _password_file(key_path: str, file: str) -> Iterator[Problem]:
    # Who took the key for the password's own gets it masked.
    path = file if file.startswith(_PATH_BEGINNINGS) else None
    try:
        if not _text(file).rstrip("\r\n"):
            raise _Unusable("the file is empty; write the password into it, alone")
    except _Unusable as wrong:
        yield _problem(key_path, path, str(wrong), masked=path is None)
        return
    if _others_read(file):
        yield _problem(key_path, path, *_readable(path or "FILE"), masked=path is None)


def _octets(path: str) -> bytes:
    """What is in the file.  Raises _Unusable."""
    try:
        return Path(path).expanduser().read_bytes()
    except FileNotFoundError:
        where = "" if path.startswith(("/", "~")) else " below the folder that the gateway is started in"
        raise _Unusable(f"there is no such file{where}; correct the path, or make the file")
    except PermissionError:
        raise _Unusable("this user may not read it; give it to the gateway's user with: chown, and chmod 600")
    except (OSError, RuntimeError, ValueError) as error:
        raise _Unusable(f"the file cannot be read: {getattr(error, 'strerror', None) or error}")


def _text(path: str) -> str:
    try:
        return _octets(path).decode("utf-8")
    except UnicodeDecodeError:
        raise _Unusable("the file is not UTF-8; write it again as plain text")


def _others_read(path: str) -> bool:
    try:
        return bool(Path(path).expanduser().stat().st_mode & stat.S_IROTH)
    except OSError:
        return False


def _readable(path: str) -> tuple[str, Severity]:
    return (
        f"everybody on this machine can read this file; keep it to the gateway's user with: chmod 600 {path}",
        Severity.WARNING,
    )


def _problem(
    key_path: str, path: str | None, message: str, severity: Severity = Severity.ERROR, *, masked: bool = False
) -> Problem:
    """A problem with the file at *path*, which is told whole."""
    value = shown(key_path, "") if masked else f'"{path}"'
    return Problem(key_path=key_path, value=value, message=message, severity=severity)
