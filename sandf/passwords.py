"""The lines of a users file: names with hashed passwords.

One user a line, ``NAME:scrypt$N$R$P$SALT$HASH``, where N, R and P are the numbers of scrypt (RFC 7914 2: cost, block
size, parallelisation), SALT and HASH base64.  Empty lines and lines that begin with ``#`` are skipped.  Nothing here
opens a file, and no error repeats what stands in a line: a password may have been typed there.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass

COST, BLOCK_SIZE, PARALLEL = 16384, 8, 1
"""About 16 MiB and 50 ms a login."""
_MEMORY = 67_108_864
_MOST_PARALLEL = 16
_DIGEST_OCTETS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class HashedPassword:
    """What is kept of a password."""

    cost: int
    block_size: int
    parallel: int
    salt: bytes
    digest: bytes

    def matches(self, password: bytes) -> bool:
        """Whether *password* is the one; takes as long as the numbers say, so call it off the reactor thread."""
        found = _digest(password, self.salt, self.cost, self.block_size, self.parallel)
        return hmac.compare_digest(found, self.digest)


DECOY = HashedPassword(
    cost=COST, block_size=BLOCK_SIZE, parallel=PARALLEL, salt=bytes(16), digest=bytes(_DIGEST_OCTETS)
)
"""To be compared for a name that does not exist, so that time tells nothing."""


def password_line(name: str, password: str, salt: bytes) -> str:
    """The line for *name*; *salt* is 16 random octets.  Raises ValueError for a name that a line cannot hold."""
    if not name or ":" in name or name.startswith("#") or not name.isprintable() or name != name.strip():
        raise ValueError("a user name is printable, has no ':' and no space at its ends, and does not begin with '#'")
    digest = _digest(password.encode(), salt, COST, BLOCK_SIZE, PARALLEL)
    encoded = "$".join(base64.b64encode(octets).decode() for octets in (salt, digest))
    return f"{name}:scrypt${COST}${BLOCK_SIZE}${PARALLEL}${encoded}"


def read_lines(text: str) -> Iterator[tuple[int, tuple[str, HashedPassword] | None]]:
    """Each line that is to say something: its number from 1, and the user, None if it makes no sense."""
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if line and not line.startswith("#"):
            name, colon, hashed = line.partition(":")
            password = _hashed(hashed) if colon and name else None
            yield number, None if password is None else (name, password)


def numbers_of(lines: list[int]) -> str:
    """``line 3`` or ``lines 3, 5, 9``; of many the first ten."""
    named = ", ".join(map(str, lines[:10])) + (" ..." if len(lines) > 10 else "")
    return f"line{'s' * (len(lines) > 1)} {named}"


def _hashed(text: str) -> HashedPassword | None:
    """The hash of a line, None if it is none."""
    try:
        scheme, cost, block_size, parallel, salt, digest = text.split("$")
        found = HashedPassword(
            cost=_number(cost),
            block_size=_number(block_size),
            parallel=_number(parallel),
            salt=base64.b64decode(salt, validate=True),
            digest=base64.b64decode(digest, validate=True),
        )
    except ValueError:
        return None
    return found if scheme == "scrypt" and _is_sane(found) else None


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise ValueError("not a number of scrypt")
    return int(text)


def _is_sane(password: HashedPassword) -> bool:
    """Whether scrypt takes these numbers, within the memory that a log-in may have (RFC 7914 2)."""
    cost, block_size, parallel = password.cost, password.block_size, password.parallel
    return (
        cost > 1
        and cost & (cost - 1) == 0
        and block_size > 0
        and 0 < parallel <= _MOST_PARALLEL
        and 128 * block_size * (cost + parallel + 2) <= _MEMORY
        and len(password.digest) == _DIGEST_OCTETS
    )


def _digest(password: bytes, salt: bytes, cost: int, block_size: int, parallel: int) -> bytes:
    return hashlib.scrypt(password, salt=salt, n=cost, r=block_size, p=parallel, maxmem=_MEMORY, dklen=_DIGEST_OCTETS)
