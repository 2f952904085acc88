"""A driver in memory: answers every question of a server session and keeps what it was told."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import pairwise

from sandf.protocols.smtp.events import (
    AuthenticationOffered,
    Event,
    MessageBegan,
    MessageData,
    MessageEnded,
    Question,
    RecipientOffered,
    SenderOffered,
    TlsRequested,
    TransactionAborted,
)
from sandf.protocols.smtp.replies import Reply
from sandf.protocols.smtp.server import ServerSession
from sandf.protocols.smtp.settings import ServerSettings

SETTINGS = ServerSettings(hostname="fax.example.com")

Judge = Callable[[Question], Reply | None]


def says_yes(question: Question) -> Reply | None:
    return None


class Driver:
    """Feeds a session; ``judge`` gives None for the usual yes, or a reply."""

    def __init__(
        self, settings: ServerSettings = SETTINGS, *, judge: Judge = says_yes, greeting: Reply | None = None
    ) -> None:
        self.now = 0.0
        self.session = ServerSession(settings, peer="192.0.2.7", now=0.0, greeting=greeting)
        self.judge = judge
        self.output = b""
        self.told: list[Event] = []
        self.messages: list[bytes] = []
        self.tls_starts = True
        self._pieces: list[bytes] = []
        self.drain()

    def feed(self, *pieces: bytes) -> bytes:
        """Feed pieces; returns what the session said to them."""
        before = len(self.output)
        for piece in pieces:
            self.session.receive_data(piece, self.now)
            self.drain()
        return self.output[before:]

    def advance(self, seconds: float) -> bytes:
        before = len(self.output)
        self.now += seconds
        self.session.handle_timer(self.now)
        self.drain()
        return self.output[before:]

    def drain(self) -> None:
        while events := self.session.events():
            for event in events:
                self.told.append(event)
                self._take(event)
        self.output += self.session.data_to_send()

    def _take(self, event: Event) -> None:
        if isinstance(event, MessageData):
            self._pieces.append(event.octets)
        if isinstance(event, MessageBegan | TransactionAborted):
            self._pieces = []
        if isinstance(event, MessageEnded):
            self.messages.append(b"".join(self._pieces))
        if isinstance(event, TlsRequested) and self.tls_starts:
            self.session.tls_started(self.now)
        if isinstance(event, SenderOffered | RecipientOffered | MessageBegan | MessageEnded | AuthenticationOffered):
            self._answer(self.judge(event))

    def _answer(self, reply: Reply | None) -> None:
        if reply is None or reply.positive:
            self.session.accept(reply, now=self.now)
        else:
            self.session.reject(reply, now=self.now)


def converse(
    stream: bytes, cuts: Iterable[int] = (), settings: ServerSettings = SETTINGS, judge: Judge = says_yes
) -> Driver:
    """Feed a stream, cut at the given places."""
    driver = Driver(settings, judge=judge)
    places = sorted({0, len(stream), *(cut for cut in cuts if 0 < cut < len(stream))})
    driver.feed(*(stream[a:b] for a, b in pairwise(places)))
    return driver


def byte_by_byte(stream: bytes, settings: ServerSettings = SETTINGS, judge: Judge = says_yes) -> Driver:
    return converse(stream, range(len(stream)), settings, judge)


ENVELOPE = b"EHLO client.example\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<FAX=+15551234@fax.example.com>\r\nDATA\r\n"


def codes(output: bytes) -> list[str]:
    """The last line of each reply: code, enhanced status if any."""
    last = [line for line in output.decode("ascii").split("\r\n") if line[3:4] == " "]
    return [" ".join(part for part in line.split(" ")[:2] if part[:1].isdigit()) for line in last]
