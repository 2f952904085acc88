"""A small mail listener for programs that want to see what the gateway mails: one thread, messages in memory.

For the demo and for tests; it takes mail for anybody and keeps it until the program ends.  It is no mail server:
the gateway's own is in ``sandf/mspi``.
"""

from __future__ import annotations

import queue
import socket
import socketserver
import threading
import time
from dataclasses import dataclass

from sandf.protocols.smtp import events
from sandf.protocols.smtp.server import ServerSession
from sandf.protocols.smtp.settings import ServerSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One message as it came."""

    reverse_path: str
    recipients: tuple[str, ...]
    octets: bytes


class MailListener:
    """Listens on a loopback port that the kernel chooses, from :meth:`start` to :meth:`stop`."""

    def __init__(self) -> None:
        self.received: queue.Queue[Received] = queue.Queue()
        mailbox = self.received

        class Connection(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                serve(self.request, self.client_address[0], mailbox)

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Connection)
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def start(self) -> None:
        """Begin to take mail."""
        self._thread.start()

    def stop(self) -> None:
        """Take no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def serve(connection: socket.socket, peer: str, mailbox: queue.Queue[Received]) -> None:
    """Serve one client until it leaves or falls silent for a minute."""
    connection.settimeout(60.0)
    session = ServerSession(ServerSettings(hostname="localhost"), peer=peer, now=time.monotonic())
    reception = _Reception(mailbox)
    try:
        while True:
            while happened := session.events():  # an answer may bring the next pipelined command
                for event in happened:
                    reception.take(event, session)
            connection.sendall(session.data_to_send())
            if session.closed:
                return
            octets = connection.recv(65_536)
            if not octets:
                return
            session.receive_data(octets, time.monotonic())
    except OSError:
        return


class _Reception:
    """The transaction under way."""

    def __init__(self, mailbox: queue.Queue[Received]) -> None:
        self._mailbox = mailbox
        self._forget()

    def _forget(self) -> None:
        self._reverse_path = ""
        self._recipients: list[str] = []
        self._pieces: list[bytes] = []

    def take(self, event: events.Event, session: ServerSession) -> None:
        """Note *event*, and say yes to it where it asks."""
        match event:
            case events.SenderOffered(reverse_path=reverse_path):
                self._forget()
                self._reverse_path = str(reverse_path) if reverse_path else ""
            case events.RecipientOffered(forward_path=forward_path):
                self._recipients.append(str(forward_path))
            case events.MessageData(octets=octets):
                self._pieces.append(octets)
            case events.MessageEnded():
                self._mailbox.put(
                    Received(
                        reverse_path=self._reverse_path,
                        recipients=tuple(self._recipients),
                        octets=b"".join(self._pieces),
                    )
                )
            case events.TransactionAborted():
                self._forget()
        if isinstance(event, events.Question):
            session.accept(now=time.monotonic())
