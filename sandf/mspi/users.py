"""Who may log in: a file of names and hashed passwords.

One user a line, ``NAME:scrypt$N$R$P$SALT$HASH``, where N, R and P are the numbers of scrypt (RFC 7914 2: cost, block
size, parallelisation), SALT and HASH base64.  Empty lines and lines that begin with ``#`` are skipped.  The file
is read again at each login, so a change counts at once.  :func:`password_line` makes a line.

The hash is computed off the reactor thread, also for a name that does not exist, so that time tells nothing.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import stat
from collections.abc import Callable
from pathlib import Path

from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.credentials import IUsernamePassword
from twisted.cred.error import UnauthorizedLogin
from twisted.internet.defer import Deferred
from zope.interface import implementer

from sandf.logs import Logger

COST, BLOCK_SIZE, PARALLEL = 16384, 8, 1
"""About 16 MiB and 50 ms a login."""
_MEMORY = 67_108_864
_DECOY = f"scrypt${COST}${BLOCK_SIZE}${PARALLEL}$AAAAAAAAAAAAAAAAAAAAAA==$" + "A" * 43 + "="


def password_line(name: str, password: str, salt: bytes) -> str:
    """The line for *name*; *salt* is 16 random octets.  Raises ValueError for a name that a line cannot hold."""
    if not name or ":" in name or name.startswith("#") or not name.isprintable():
        raise ValueError("a user name is printable, has no ':' and does not begin with '#'")
    digest = _digest(password.encode(), salt, COST, BLOCK_SIZE, PARALLEL)
    encoded = "$".join(base64.b64encode(octets).decode() for octets in (salt, digest))
    return f"{name}:scrypt${COST}${BLOCK_SIZE}${PARALLEL}${encoded}"


@implementer(ICredentialsChecker)
class UsersFile:
    """Checks user names and passwords against the file at *path*.

    *in_thread* runs a function elsewhere and gives its result, as ``deferToThreadPool`` does.
    """

    credentialInterfaces = (IUsernamePassword,)
    log = Logger()

    def __init__(self, path: Path, in_thread: Callable[[Callable[[], bool]], Deferred[bool]]) -> None:
        self._path = path
        self._in_thread = in_thread

    def requestAvatarId(self, credentials: IUsernamePassword) -> Deferred[bytes | tuple[()]]:
        """The user name, or a failure with UnauthorizedLogin."""
        name, password = credentials.username, credentials.password

        async def check() -> bytes | tuple[()]:
            if not await self._in_thread(lambda: self._is_right(name.decode("utf-8", "replace"), password)):
                raise UnauthorizedLogin
            return bytes(name)

        return Deferred.fromCoroutine(check())

    def _is_right(self, name: str, password: bytes) -> bool:
        known = self._hashes().get(name)
        right = _matches(password, known or _DECOY)
        return right and known is not None

    def _hashes(self) -> dict[str, str]:
        try:
            if stat.S_IMODE(self._path.stat().st_mode) & stat.S_IROTH:
                self.log.warn("{path} can be read by everybody on this machine", path=self._path)
            lines = self._path.read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            self.log.error("nobody can log in: {error}", error=error)
            return {}
        pairs = (line.strip().partition(":") for line in lines if not line.lstrip().startswith("#"))
        return {name: hashed for name, colon, hashed in pairs if colon}


def _matches(password: bytes, hashed: str) -> bool:
    """Whether *password* has this hash; a line that makes no sense matches nothing."""
    try:
        scheme, cost, block_size, parallel, salt, digest = hashed.split("$")
        if scheme != "scrypt":
            return False
        wanted = base64.b64decode(digest, validate=True)
        found = _digest(password, base64.b64decode(salt, validate=True), int(cost), int(block_size), int(parallel))
    except ValueError:
        return False
    return hmac.compare_digest(found, wanted)


def _digest(password: bytes, salt: bytes, cost: int, block_size: int, parallel: int) -> bytes:
    return hashlib.scrypt(password, salt=salt, n=cost, r=block_size, p=parallel, maxmem=_MEMORY, dklen=32)
