"""Who may log in: a file of names and hashed passwords (:mod:`sandf.passwords` has the form of its lines).

The file is read again at each login, so a change counts at once.  The hash is computed off the reactor thread, also
for a name that does not exist, so that time tells nothing.  Why a log-in failed is for the log alone: the client
hears the same of every reason.
"""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.credentials import IUsernamePassword
from twisted.cred.error import UnauthorizedLogin
from twisted.internet.defer import Deferred
from zope.interface import implementer

from sandf.logs import Logger
from sandf.passwords import DECOY, HashedPassword, numbers_of, password_line, read_lines

__all__ = ["UsersFile", "password_line"]

WRONG_PASSWORD = "wrong password"
NO_SUCH_USER = "no such user"
NO_USERS_FILE = "the users file cannot be read"


@implementer(ICredentialsChecker)
class UsersFile:
    """Checks user names and passwords against the file at *path*.

    *in_thread* runs a function elsewhere and gives its result, as ``deferToThreadPool`` does.
    """

    credentialInterfaces = (IUsernamePassword,)
    log = Logger()

    def __init__(self, path: Path, in_thread: Callable[[Callable[[], str]], Deferred[str]]) -> None:
        self._path = path
        self._in_thread = in_thread
        self._told = ""

    def requestAvatarId(self, credentials: IUsernamePassword) -> Deferred[bytes | tuple[()]]:
        """The user name, or a failure with UnauthorizedLogin, whose text is the reason."""
        name, password = credentials.username, credentials.password

        async def check() -> bytes | tuple[()]:
            reason = await self._in_thread(lambda: self._why_not(name.decode("utf-8", "replace"), password))
            if reason:
                raise UnauthorizedLogin(reason)
            return bytes(name)

        return Deferred.fromCoroutine(check())

    def _why_not(self, name: str, password: bytes) -> str:
        """Why *name* may not enter with *password*; empty if it may."""
        users = self._users()
        known = (users or {}).get(name)
        if (known or DECOY).matches(password) and known is not None:
            return ""
        return NO_USERS_FILE if users is None else NO_SUCH_USER if known is None else WRONG_PASSWORD

    def _users(self) -> dict[str, HashedPassword] | None:
        """Everybody in the file; None if it cannot be read."""
        try:
            mode = stat.S_IMODE(self._path.stat().st_mode)
            lines = list(read_lines(self._path.read_text("utf-8")))
        except OSError as error:
            self.log.error("nobody can log in: {path}: {reason}", path=self._path, reason=error.strerror or error)
            return None
        except UnicodeDecodeError:
            self.log.error("nobody can log in: {path} is not UTF-8", path=self._path)
            return None
        self._tell(mode, [number for number, user in lines if user is None])
        return dict(user for _, user in lines if user is not None)

    def _tell(self, mode: int, unclear: list[int]) -> None:
        """Log what is wrong with the file, once until something else is; never what stands in it."""
        wrong = [f"{numbers_of(unclear)} cannot be understood; sandf password NAME makes one"] if unclear else []
        if mode & stat.S_IROTH:
            wrong.append("everybody on this machine can read it; chmod 600 keeps it to its owner")
        said = "; ".join(wrong)
        if said != self._told and said:
            self.log.warn("users file {path}: {wrong}", path=self._path, wrong=said)
        self._told = said
