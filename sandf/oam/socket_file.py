"""The control socket as a file: made with mode 0600, and taken over from a gateway that is dead.

A socket that somebody still answers on belongs to a running gateway: then this one must not start, as both would use
the same store.
"""

from __future__ import annotations

import errno
import os
import socket
import stat
from pathlib import Path

from twisted.application.service import Service
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IListeningPort, IReactorUNIX
from twisted.logger import Logger

from .control import ControlFactory

LONGEST_PATH = 100
"""Octets of a path that every system has room for in a Unix socket's address (sun_path)."""


class SocketInUse(Exception):
    """The control socket cannot be had; the text says why and what to do."""


def make_room(path: Path) -> None:
    """Remove the socket at *path* if nobody answers on it.  Raises :class:`SocketInUse`."""
    try:
        kind = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(kind):
        raise SocketInUse(f"{path} is in the way of the control socket: remove it, or set control.socket elsewhere.")
    if _answers(path):
        raise SocketInUse(
            f"A gateway is running already: it answers on {path}. Stop it first, or give this one a store of its own."
        )
    path.unlink(missing_ok=True)


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.setblocking(False)
        # A Unix socket is connected or refused at once; a full backlog (EAGAIN) has a gateway behind it.
        return probe.connect_ex(str(path)) in (0, errno.EAGAIN, errno.EINPROGRESS)


class ControlService(Service):
    """Listens on *path* while the gateway runs."""

    log = Logger()

    def __init__(self, *, reactor: IReactorUNIX, path: Path, factory: ControlFactory) -> None:
        self._reactor = reactor
        self._path = path.absolute()
        self._factory = factory
        self._port: IListeningPort | None = None

    def startService(self) -> None:
        """Listen.  Raises :class:`SocketInUse`, and OSError where the folder does not let us."""
        super().startService()  # type: ignore[no-untyped-call]  # Twisted has not annotated services
        if len(os.fsencode(self._path)) > LONGEST_PATH:
            raise SocketInUse(
                f"{self._path} is too long for a control socket ({LONGEST_PATH} octets): set control.socket elsewhere."
            )
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        make_room(self._path)
        # Twisted sets the mode after it has bound the socket; nobody shall be able to slip in between.
        before = os.umask(0o177)
        try:
            self._port = self._reactor.listenUNIX(str(self._path), self._factory, mode=0o600)
        finally:
            os.umask(before)
        self.log.info("control: listening on {path}", path=self._path)

    def stopService(self) -> Deferred[None]:
        """Hang up on everybody and remove the socket."""
        super().stopService()  # type: ignore[no-untyped-call]  # Twisted has not annotated services
        self._factory.close()
        port, self._port = self._port, None
        return succeed(None) if port is None else port.stopListening() or succeed(None)
