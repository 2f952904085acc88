"""The manhole: an SSH server that lands in the running gateway.

With a terminal it is a coloured Python prompt; without one (``ssh host < script``, ``ssh host 'calls()'``) lines are
evaluated in turn and the exit status says whether all went well.  Whoever has a key in the authorized_keys file may
enter, and may do everything that the gateway may.  Nothing else of SSH is served: no forwarding, no files.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

from twisted.application.service import Service
from twisted.conch.checkers import SSHPublicKeyChecker
from twisted.conch.insults.insults import ServerProtocol
from twisted.conch.interfaces import IConchUser, ISession
from twisted.conch.manhole_ssh import ConchFactory, TerminalSessionTransport, TerminalUser
from twisted.cred.portal import IRealm, Portal
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.error import ProcessDone, ProcessTerminated
from twisted.internet.interfaces import IListeningPort, IReactorTime, IStreamServerEndpoint
from twisted.logger import Logger
from twisted.python.components import Componentized
from twisted.python.failure import Failure
from zope.interface import Interface, implementer

from .commands import namespace
from .inspection import Inspection
from .interpreter import Prompt, Script
from .keys import AuthorizedKeys, HostKeyError, host_key, how_to_enter


class _Feed:
    """Takes what the client sends; to Conch it is the transport of a program."""

    def __init__(self, write: Callable[[bytes], None], lose: Callable[[], None]) -> None:
        self.write = write
        self.loseConnection = lose


class _Shell:
    """The client's side of a prompt; when the prompt closes, the client hears that all went well."""

    def __init__(self, proto: Any) -> None:
        self.session = proto.session
        self.makeConnection = proto.makeConnection
        self.write = proto.write
        self._proto = proto

    def loseConnection(self) -> None:
        """The prompt is closed."""
        self._proto.processEnded(Failure(ProcessDone(0)))


@implementer(ISession)
class ManholeSession:
    """One session channel: a prompt if a terminal was asked for, a script if not."""

    def __init__(self, user: TerminalUser, names: dict[str, object], clock: IReactorTime) -> None:
        self._user = user
        self._names = names
        self._clock = clock
        self._size: tuple[int, int] | None = None
        """Columns and rows of the terminal."""
        self._terminal: ServerProtocol | None = None
        self._script: Script | None = None

    def getPty(self, term: bytes, windowSize: tuple[int, int, int, int], modes: object) -> None:
        """A terminal is wanted."""
        self._size = (windowSize[1], windowSize[0])

    def openShell(self, proto: Any) -> None:
        """``ssh host``."""
        if self._size is None:
            self._script = self._new_script(proto)
            proto.makeConnection(_Feed(self._script.receive, self._script.end))
            return
        self._terminal = ServerProtocol(Prompt, self._names)
        TerminalSessionTransport(_Shell(proto), self._terminal, self._user, *self._size)

    def execCommand(self, proto: Any, command: bytes) -> None:
        """``ssh host 'calls()'``."""
        script = self._new_script(proto)
        proto.makeConnection(_Feed(lambda ignored: None, lambda: None))

        def run() -> None:
            script.receive(command)
            script.end()

        # The client has to hear first that there is a session, and then that it is over.
        self._clock.callLater(0, run)

    def _new_script(self, proto: Any) -> Script:
        def done(well: bool) -> None:
            proto.processEnded(Failure(ProcessDone(0) if well else ProcessTerminated(exitCode=1)))

        return Script(self._names, proto.write, done)

    def windowChanged(self, newWindowSize: tuple[int, int, int, int]) -> None:
        """The terminal was resized."""
        if self._terminal is not None and self._terminal.terminalProtocol is not None:
            self._terminal.terminalProtocol.terminalSize(newWindowSize[1], newWindowSize[0])

    def eofReceived(self) -> None:
        """The client has no more to say."""
        if self._script is not None:
            self._script.end()
        elif self._terminal is not None:
            self._terminal.loseConnection()

    def closed(self) -> None:
        """The channel is gone."""


@implementer(IRealm)
class ManholeRealm:
    """Everybody who is let in gets the same names."""

    log = Logger()

    def __init__(self, names: dict[str, object], clock: IReactorTime) -> None:
        self._names = names
        self._clock = clock

    def requestAvatar(
        self, avatarId: bytes | tuple[()], mind: object, *interfaces: type[Interface]
    ) -> tuple[type[Interface], object, Callable[[], None]]:
        """A user with sessions and nothing else."""
        together = Componentized()
        user = TerminalUser(together, avatarId)
        together.setComponent(IConchUser, user)
        together.setComponent(ISession, ManholeSession(user, self._names, self._clock))
        self.log.info("manhole: {user} enters", user=bytes(avatarId).decode("utf-8", "replace"))
        return IConchUser, user, lambda: None


class ManholeService(Service):
    """Listens at *endpoints* while the gateway runs; a manhole that cannot be opened does not stop the gateway."""

    log = Logger()

    def __init__(
        self,
        *,
        inspection: Inspection,
        endpoints: Sequence[IStreamServerEndpoint],
        host_key_path: Path,
        authorized_keys_path: Path,
        clock: IReactorTime,
    ) -> None:
        self._clock = clock
        self._names = namespace(inspection)
        self._endpoints = endpoints
        self._host_key_path = host_key_path
        self._keys = AuthorizedKeys(authorized_keys_path)
        self._ports: list[IListeningPort] = []
        self.listening: Deferred[None] | None = None
        """Fires when every endpoint listens, or has said in the log why it does not."""

    def startService(self) -> None:
        """Listen."""
        super().startService()  # type: ignore[no-untyped-call]  # Twisted has not annotated services
        if not self._endpoints:
            return
        try:
            factory = self._factory()
        except HostKeyError as error:
            self.log.error("manhole: it stays shut. {reason}", reason=error)
            return
        if not self._keys.read():
            self.log.warn("manhole: nobody can enter yet. {advice}", advice=how_to_enter(self._keys.path))
        self.listening = Deferred.fromCoroutine(self._listen(factory))

    def stopService(self) -> Deferred[None]:
        """Listen no more."""
        super().stopService()  # type: ignore[no-untyped-call]  # Twisted has not annotated services
        ports, self._ports = self._ports, []
        stopped = [stopping for port in ports if (stopping := port.stopListening()) is not None]
        return gatherResults(stopped).addCallback(lambda _: None)

    @property
    def addresses(self) -> list[object]:
        """Where it listens."""
        return [port.getHost() for port in self._ports]

    def _factory(self) -> ConchFactory:
        portal = Portal(ManholeRealm(self._names, self._clock), [SSHPublicKeyChecker(self._keys)])
        factory = ConchFactory(portal)
        key = host_key(self._host_key_path)
        # Conch annotates these as octets; they have been keys for long.
        factory.privateKeys = cast(dict[bytes, bytes], {key.sshType(): key})
        factory.publicKeys = cast(dict[bytes, bytes], {key.sshType(): key.public()})
        return factory

    async def _listen(self, factory: ConchFactory) -> None:
        for endpoint in self._endpoints:
            try:
                port = await endpoint.listen(factory)
            except Exception as error:
                self.log.error("manhole: it cannot listen: {reason}", reason=error)
                continue
            if self.running:
                self._ports.append(port)
            else:
                port.stopListening()
