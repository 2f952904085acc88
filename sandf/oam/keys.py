"""Keys of the manhole: the host's own, made at the first start, and those of the people who may enter."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from twisted.conch.checkers import IAuthorizedKeysDB
from twisted.conch.ssh.keys import BadKeyError, EncryptedKeyError, FingerprintFormats, Key
from twisted.logger import Logger
from zope.interface import implementer

log = Logger()


class HostKeyError(Exception):
    """The host key cannot be used; the text says why and what to do."""


def host_key(path: Path) -> Key:
    """The host key in *path*; if there is none, a new one (Ed25519) is written there with mode 0600.

    Raises :class:`HostKeyError`.
    """
    try:
        key: Key = Key.fromString(path.read_bytes())
        return key
    except FileNotFoundError:
        return _new_host_key(path)
    except (OSError, BadKeyError, EncryptedKeyError, ValueError) as error:
        raise HostKeyError(f"{path} cannot be read as a host key ({error}). Remove it, and a new one is made.")


def _new_host_key(path: Path) -> Key:
    key = Key(Ed25519PrivateKey.generate())
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(key.toString("openssh"))
    except OSError as error:
        raise HostKeyError(f"The host key {path} cannot be written: {error.strerror}. Set manhole.host_key elsewhere.")
    log.info("manhole: new host key {path} {fingerprint}", path=path, fingerprint=sha256_fingerprint(key))
    return key


def sha256_fingerprint(key: Key) -> str:
    """The fingerprint as OpenSSH shows it when it asks whether to trust a host: ``SHA256:`` and base64, unpadded."""
    return "SHA256:" + str(key.fingerprint(FingerprintFormats.SHA256_BASE64)).rstrip("=")


def how_to_enter(path: Path) -> str:
    """What to do where nobody may enter yet."""
    return (
        f"{path} has no key that may enter. Make one with: ssh-keygen -t ed25519, and add it with: "
        f"cat ~/.ssh/id_ed25519.pub >> {path}"
    )


@implementer(IAuthorizedKeysDB)
class AuthorizedKeys:
    """The public keys in the file at *path*, read at each log-in; the user name does not matter.

    The form is that of OpenSSH.  A line with options (``from=...``, ``restrict``) is left out, since they would not be
    obeyed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def getAuthorizedKeys(self, username: bytes) -> Iterator[Key]:
        """Every key that may enter."""
        return iter(self.read())

    def read(self) -> list[Key]:
        """The keys of the file; none if it cannot be read."""
        try:
            lines = self.path.read_bytes().splitlines()
        except OSError:
            return []
        found = []
        for number, line in enumerate(lines, 1):
            if line.strip() and not line.lstrip().startswith(b"#"):
                try:
                    found.append(Key.fromString(line.strip(), type="public_openssh"))
                except Exception as error:  # a line of any kind may stand there
                    log.warn(
                        "manhole: line {number} of {path} is left out: {reason}",
                        number=number,
                        path=self.path,
                        reason=error,
                    )
        return found
