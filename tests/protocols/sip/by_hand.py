"""One user agent against a far end that is no user agent: its octets, one by one, as a test says."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from sandf.protocols.sip.events import SessionEvent
from sandf.protocols.sip.hops import Hop, Transport

from .ends import ANSWER, OFFER, Network, field

__all__ = [
    "ANSWER",
    "CONTACT",
    "FAR",
    "OTHER_FAR",
    "US",
    "ByHand",
    "challenge",
    "field",
    "invite",
    "request",
    "response",
    "udp",
]

US, FAR, OTHER_FAR = "192.0.2.1", "192.0.2.2", "192.0.2.3"
CONTACT = f"Contact: <sip:x@{FAR}>"


def udp(host: str) -> Hop:
    return Hop(transport=Transport.UDP, host=host, port=5060)


def challenge(nonce: str, *, realm: str = "r", stale: bool = False) -> str:
    more = ", stale=true" if stale else ""
    return f'Proxy-Authenticate: Digest realm="{realm}", nonce="{nonce}", algorithm=MD5, qop="auth"{more}'


def response(request: bytes, line: str, *headers: str, body: bytes = b"", tag: str = "far") -> bytes:
    to = field(request, "To")
    lines = [f"SIP/2.0 {line}"]
    lines += [f"{name}: {field(request, name)}" for name in ("Via", "From", "Call-ID", "CSeq")]
    lines += [f"To: {to}" if "tag=" in to else f"To: {to};tag={tag}", *headers]
    lines += ["Content-Type: application/sdp"] if body else []
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


def request(
    method: str, number: int, *headers: str, call: str = "c1", to: str = "", body: bytes = b"", branch: str = ""
) -> bytes:
    lines = [
        f"{method} sip:5551234@{US} SIP/2.0",
        f"Via: SIP/2.0/UDP {FAR}:5060;branch=z9hG4bK{branch or method}{call}{number}",
        f"From: <sip:far@{FAR}>;tag=f",
        f"To: {to or f'<sip:5551234@{US}>'}",
        f"Call-ID: {call}",
        f"CSeq: {number} {method}",
        "Max-Forwards: 70",
        *headers,
    ]
    lines += ["Content-Type: application/sdp"] if body else []
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


def invite(*headers: str, call: str = "c1", number: int = 1, to: str = "", contact: str = CONTACT) -> bytes:
    return request("INVITE", number, contact, *headers, call=call, to=to, body=OFFER)


class ByHand(SynchronousTestCase):
    """``self.us`` is the user agent; what it sends to hosts without one goes nowhere, and is in the log."""

    def setUp(self) -> None:
        self.network = Network()
        self.us = self.network.end(US)

    def comes(self, octets: bytes, host: str = FAR) -> None:
        """A message has come from *host*."""
        self.us.agent.receive(octets, udp(host), self.network.now)
        self.network.drain(self.us)

    def sent(self, word: str) -> list[bytes]:
        """What we sent of that method or status."""
        return self.network.sent(US, word)

    def to(self, word: str) -> list[str]:
        """Where that went."""
        octets = self.sent(word)
        return [to for _, source, to, sent in self.network.log if source == US and sent in octets]

    def responds(
        self, word: str, line: str, *headers: str, body: bytes = b"", tag: str = "far", host: str = FAR
    ) -> None:
        """A response to the latest request of ours of that method."""
        self.comes(response(self.sent(word)[-1], line, *headers, body=body, tag=tag), host)

    def call(self, *hosts: str) -> None:
        self.us.call(*(udp(host) for host in hosts or (FAR,)))

    def connect(self, *headers: str) -> None:
        """A call of ours that the far end takes."""
        self.call()
        self.responds("INVITE", "200 OK", CONTACT, *headers, body=ANSWER)

    def called(self, call: str = "c1") -> str:
        """A call that comes, is answered and acknowledged; To with our tag."""
        self.comes(invite(call=call))
        self.us.session.answer(ANSWER, self.us.now)
        self.network.drain(self.us)
        to = field(self.sent("200")[-1], "To")
        self.comes(request("ACK", 1, call=call, to=to))
        return to

    def hang_up(self) -> None:
        self.us.session.hang_up(self.us.now)
        self.network.drain(self.us)

    def heard(self, kind: type[SessionEvent]) -> list[SessionEvent]:
        return [event for event in self.us.heard if isinstance(event, kind)]

    def assert_over(self) -> None:
        """Nothing is left when all timers have ended."""
        self.network.run(400.0)
        agent = self.us.agent
        self.assertEqual((agent.sessions, len(agent.transactions), agent.next_deadline()), (0, 0, None))
        self.assertEqual(agent.take_faults(), [])
