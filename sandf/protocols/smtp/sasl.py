"""SASL PLAIN (RFC 4616) and LOGIN (draft-murchison-sasl-login) as SMTP carries them (RFC 4954).

Each mechanism is a generator-like object that takes decoded responses and gives the next challenge or the
finished credentials; ``MECHANISMS`` is the table that a later mechanism joins.  Nothing is checked here.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol


class SaslError(ValueError):
    """A response that the mechanism does not allow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """Credentials as the client gave them."""

    username: str
    identity: str = ""
    password: str = field(repr=False)


class Mechanism(Protocol):
    """One exchange, server side."""

    def step(self, response: bytes | None) -> bytes | Offered:
        """Take the decoded response (None: none came with AUTH), give a challenge or the credentials.

        Raises SaslError.
        """


class Plain:
    """authzid NUL authcid NUL password (RFC 4616 2)."""

    def step(self, response: bytes | None) -> bytes | Offered:
        """See Mechanism."""
        if response is None:
            return b""
        parts = _text(response).split("\0")
        if len(parts) != 3 or not parts[1] or not parts[2]:
            raise SaslError("PLAIN wants authzid NUL authcid NUL password")
        return Offered(identity=parts[0], username=parts[1], password=parts[2])


class Login:
    """User name, then password, each to its prompt."""

    def __init__(self) -> None:
        self._username: str | None = None

    def step(self, response: bytes | None) -> bytes | Offered:
        """See Mechanism."""
        if response is None:
            return b"Username:"
        text = _text(response)
        if not text or "\0" in text:
            raise SaslError("LOGIN wants a user name and a password")
        if self._username is None:
            self._username = text
            return b"Password:"
        return Offered(username=self._username, password=text)


MECHANISMS: Mapping[str, Callable[[], Mechanism]] = MappingProxyType({"PLAIN": Plain, "LOGIN": Login})


def _text(octets: bytes) -> str:
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SaslError("not UTF-8") from error


def decode_base64(text: bytes) -> bytes:
    """Decode strictly, as RFC 4954 4 demands; raises SaslError."""
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise SaslError("not base64") from error


def encode_base64(octets: bytes) -> str:
    """Base64 without line ends."""
    return base64.b64encode(octets).decode("ascii")
