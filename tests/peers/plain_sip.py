"""A SIP telephone with a fax machine behind it, in plain text after RFC 3261, so that a test is not ours against ours.

It has one call, makes it or takes it, and comes to T.38 in one of the ways of :class:`Start`.

What this module does not do: send anything twice but the answer to what came twice; there is no loss on loopback.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any

from twisted.internet.protocol import DatagramProtocol

Address = tuple[str, int]
Later = Callable[..., object]
PBX_WAIT = 3.0
"""Seconds after the answer at which the usual PBX proposes T.38."""
_SDP = "Content-Type: application/sdp"
_T38 = (
    "T38FaxVersion:0",
    "T38MaxBitRate:14400",
    "T38FaxRateManagement:transferredTCF",
    "T38FaxMaxBuffer:2000",
    "T38FaxMaxDatagram:1400",
)


class Start(enum.Enum):
    """How a call comes to T.38."""

    THEIR_REINVITE = "the telephone's re-INVITE"
    """Of a telephone that is called."""
    OUR_REINVITE = "re-INVITE of the trunk"
    """The telephone waits for it."""
    FIRST = "both in the first offer"
    ONLY = "T.38 only"


class Message:
    """A SIP message as text."""

    def __init__(self, octets: bytes) -> None:
        head, _, self.body = octets.decode().partition("\r\n\r\n")
        self.first, *self._lines = head.split("\r\n")

    def all(self, name: str) -> list[str]:
        """The whole lines of a header field."""
        return [line for line in self._lines if line.lower().startswith(name.lower() + ":")]

    def __getitem__(self, name: str) -> str:
        return self.all(name)[0].partition(":")[2].strip()

    @property
    def status(self) -> int:
        """Of a response; 0 for a request."""
        return int(self.first.split()[1]) if self.first.startswith("SIP/") else 0

    @property
    def media(self) -> list[tuple[str, int, str]]:
        """Kind, port and the rest of each m= line."""
        lines = [line[2:].split(" ", 2) for line in self.body.split("\r\n") if line.startswith("m=")]
        return [(kind, int(port), rest) for kind, port, rest in lines]

    @property
    def error_correction(self) -> str:
        """T38FaxUdpEC."""
        return self.body.partition("a=T38FaxUdpEC:")[2].split("\r\n")[0]


class PlainTelephone(DatagramProtocol):
    """The telephone at *host*; its peer and the ports of its media have to be said before a call.

    *later* is the reactor's callLater.  *begun* is told where T.38 goes to, and the T38FaxUdpEC of the other end.
    """

    noisy = False

    def __init__(
        self,
        host: str,
        start: Start,
        *,
        error_correction: str,
        later: Later,
        begun: Callable[[Address, str], None],
    ) -> None:
        self.audio_port = self.t38_port = 0
        self.peer: Address = ("", 0)
        """Whom it calls, and who may call it."""
        self.over = False
        """A BYE was sent and answered, or came."""
        self.refusals: list[str] = []
        """Final responses that it did not want."""
        self._host, self._start, self._error_correction = host, start, error_correction
        self._later, self._begun = later, begun
        self._target = self._local = self._remote = self._call_id = ""
        self._number = self._version = 0
        self._media = ""
        self._offer: Message
        self._fax = False
        self._sent: dict[str, bytes] = {}

    @property
    def port(self) -> int:
        """Where it listens."""
        transport: Any = self.transport
        return int(transport.getHost().port)

    def call(self, number: str) -> None:
        """Call *number*."""
        host, port = self.peer
        self._target = f"sip:{number}@{host}:{port}"
        self._local, self._remote = f"<sip:2000@{self._host}>;tag=plain", f"<sip:{number}@{host}>"
        self._call_id = f"plain-call@{self._host}"
        kinds = {Start.FIRST: ("audio", "image"), Start.ONLY: ("image",)}.get(self._start, ("audio",))
        self._request("INVITE", self._description([self._line(kind) for kind in kinds]))

    def hang_up(self) -> None:
        """BYE."""
        self._request("BYE")

    def datagramReceived(self, datagram: bytes, addr: Address) -> None:
        """A message has come, or something that others have sent to a port that was theirs before."""
        if addr != self.peer:
            return
        message = Message(datagram)
        if message.status:
            self._answered(message)
        else:
            self._asked(message)

    # What it is asked.

    def _asked(self, request: Message) -> None:
        method = request.first.split()[0]
        if method == "ACK":
            self._acknowledged()
        elif request["Via"] + method in self._sent:
            self._write(self._sent[request["Via"] + method])
        elif method == "INVITE":
            self._invited(request)
        else:
            self.over = self.over or method == "BYE"
            self._reply(request, "200 OK")

    def _invited(self, request: Message) -> None:
        if not self._call_id:
            self._call_id, self._remote, self._local = request["Call-ID"], request["From"], f"{request['To']};tag=plain"
            self._reply(request, "180 Ringing")
        self._target = request["Contact"].strip("<>")
        kinds = [kind for kind, _, _ in request.media]
        taken = kinds.index("image" if "image" in kinds else "audio")
        lines = [
            self._line(kind) if place == taken else f"m={kind} 0 {rest}\r\n"
            for place, (kind, _, rest) in enumerate(request.media)
        ]
        self._reply(request, "200 OK", self._description(lines))
        self._offer = request

    def _acknowledged(self) -> None:
        if any(kind == "image" for kind, _, _ in self._offer.media):
            self._begin(self._offer)
        elif self._start is Start.THEIR_REINVITE:
            self._later(PBX_WAIT, self._propose)

    def _propose(self) -> None:
        self._request("INVITE", self._description([self._line("image")]))

    # What it asked.

    def _answered(self, response: Message) -> None:
        number, method = response["CSeq"].split()
        if response.status < 200:
            return
        if method == "BYE":
            self.over = True
        elif response.status >= 300:
            self.refusals.append(response.first)
            self._request("ACK", number=int(number))
        else:
            self._remote, self._target = response["To"], response["Contact"].strip("<>")
            self._request("ACK", number=int(number))
            self._begin(response)

    def _begin(self, description: Message) -> None:
        """T.38, if it has that and there was none before."""
        port = max((port for kind, port, _ in description.media if kind == "image"), default=0)
        if port and not self._fax:
            self._fax = True
            address = description.body.partition("c=IN IP4 ")[2].split("\r\n")[0]
            self._begun((address, port), description.error_correction)

    # What it says.

    def _line(self, kind: str) -> str:
        if kind == "audio":
            return f"m=audio {self.audio_port} RTP/AVP 0 8\r\n"
        attributes = (*_T38, f"T38FaxUdpEC:{self._error_correction}")
        return f"m=image {self.t38_port} udptl t38\r\n" + "".join(f"a={attribute}\r\n" for attribute in attributes)

    def _description(self, lines: list[str]) -> str:
        media = "".join(lines)
        self._version += media != self._media
        self._media = media
        origin = f"v=0\r\no=- 1 {self._version} IN IP4 {self._host}\r\ns=-\r\n"
        return f"{origin}c=IN IP4 {self._host}\r\nt=0 0\r\n{media}"

    def _request(self, method: str, body: str = "", *, number: int = 0) -> None:
        self._number += not number
        number = number or self._number
        lines = [
            f"{method} {self._target} SIP/2.0",
            f"Via: SIP/2.0/UDP {self._host}:{self.port};rport;branch=z9hG4bK{method}{self._number}",
            "Max-Forwards: 70",
            f"From: {self._local}",
            f"To: {self._remote}",
            f"Call-ID: {self._call_id}",
            f"CSeq: {number} {method}",
        ]
        self._write(self._whole(lines, body))

    def _reply(self, request: Message, status: str, body: str = "") -> None:
        lines = [f"SIP/2.0 {status}", *request.all("Via"), *request.all("From")]
        lines += [f"To: {self._local}", *request.all("Call-ID"), *request.all("CSeq")]
        octets = self._whole(lines, body)
        self._sent[request["Via"] + request.first.split()[0]] = octets
        self._write(octets)

    def _whole(self, lines: list[str], body: str) -> bytes:
        lines += [f"Contact: <sip:plain@{self._host}:{self.port}>", *([_SDP] if body else [])]
        return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", body]).encode()

    def _write(self, octets: bytes) -> None:
        transport: Any = self.transport
        transport.write(octets, self.peer)
