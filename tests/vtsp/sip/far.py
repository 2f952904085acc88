"""A far end by hand: it says what a test makes it say, and keeps what it hears."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.protocols.sip import ends

from .rig import MemoryReactor


def field(message: str, name: str) -> str:
    """The first header field of that name."""
    return ends.field(message.encode(), name)


class Far:
    """At *host*; *reacts* is given each message that comes from *near*."""

    def __init__(self, reactor: MemoryReactor, host: str, near: str) -> None:
        self.heard: list[str] = []
        self.reacts: Callable[[str], None] = lambda message: None
        self._host = host
        self._near = near
        self._transport: Any = None
        reactor.listenUDP(5060, self, interface=host)

    def makeConnection(self, transport: Any) -> None:
        self._transport = transport

    def datagramReceived(self, octets: bytes, source: tuple[str, int]) -> None:
        self.heard.append(octets.decode())
        self.reacts(self.heard[-1])

    def of(self, word: str) -> list[str]:
        """What it has heard of that method or status."""
        return [message for message in self.heard if message.startswith((f"{word} ", f"SIP/2.0 {word}"))]

    def say(self, *lines: str, body: str = "") -> None:
        """Send a message."""
        content = ("Content-Type: application/sdp",) if body else ()
        text = "\r\n".join((*lines, *content, f"Content-Length: {len(body)}", "", "")) + body
        self._transport.write(text.encode(), (self._near, 5060))

    def respond(self, request: str, status: str, *headers: str, body: str = "", tag: str = "far") -> None:
        """Answer *request*."""
        to = field(request, "To")
        to += "" if "tag=" in to else f";tag={tag}"
        copied = (f"{name}: {field(request, name)}" for name in ("Via", "From", "Call-ID", "CSeq"))
        self.say(f"SIP/2.0 {status}", *copied, f"To: {to}", *headers, body=body)

    def accept(self, request: str, body: str = "", *headers: str) -> None:
        """200."""
        self.respond(request, "200 OK", f"Contact: <sip:far@{self._host}>", *headers, body=body)

    def request(
        self, method: str, number: int, *headers: str, call: str = "c1", to: str = "", caller: str = "", body: str = ""
    ) -> None:
        """A request of its own; *to* and *caller* with their tags within a dialog."""
        self.say(
            f"{method} sip:5551234@{self._near} SIP/2.0",
            f"Via: SIP/2.0/UDP {self._host}:5060;branch=z9hG4bK{method}{call}{number}",
            f"From: {caller or f'<sip:far@{self._host}>;tag=far'}",
            f"To: {to or f'<sip:5551234@{self._near}>'}",
            f"Call-ID: {call}",
            f"CSeq: {number} {method}",
            f"Contact: <sip:far@{self._host}>",
            "Max-Forwards: 70",
            *headers,
            body=body,
        )


def description(media: str, version: int = 1, host: str = "192.0.2.2", port: int = 40444) -> str:
    """SDP with *media*, ``audio`` or ``image``, alone."""
    lines = {
        "audio": (f"m=audio {port} RTP/AVP 0",),
        "image": (f"m=image {port} udptl t38", "a=T38FaxVersion:0", "a=T38FaxUdpEC:t38UDPRedundancy"),
    }[media]
    head = ("v=0", f"o=- 1 {version} IN IP4 {host}", "s=-", f"c=IN IP4 {host}", "t=0 0")
    return "".join(f"{line}\r\n" for line in (*head, *lines))
