"""Two user agents on one fake network in virtual time; packets may be lost, and are there to be read."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from sipmessage import URI, Request

from sandf.protocols.sip.agent import Happened, Invited, UserAgent
from sandf.protocols.sip.digest import Credentials, DigestClient
from sandf.protocols.sip.events import SessionEvent
from sandf.protocols.sip.hops import Hop, Transport
from sandf.protocols.sip.session import Identity, Session
from sandf.protocols.sip.timers import Timers
from sandf.protocols.sip.transactions import Transactions

DELAY = 0.01
OFFER, ANSWER, OTHER = b"v=0 offer\r\n", b"v=0 answer\r\n", b"v=0 other\r\n"


class End:
    """One user agent, what it heard, and the latest session that it had."""

    def __init__(self, network: Network, host: str, *, transport: Transport = Transport.UDP) -> None:
        self.network = network
        self.hop = Hop(transport=transport, host=host, port=5060)
        self.session: Session
        self.description = b""
        self.heard: list[SessionEvent] = []
        self.invited: list[bytes] = []
        self.credentials: Credentials | None = None
        self.session_expires = 0
        self.min_se = 90
        self.digest = DigestClient()
        words = (f"{host[-1]}word{number}" for number in itertools.count(1))
        self.react: Callable[[SessionEvent | Invited], None] = lambda event: None
        self.agent = UserAgent(
            transactions=Transactions(timers=Timers(), token=lambda: next(words), sent_by=lambda hop: f"{host}:5060"),
            token=lambda: next(words),
            draw=lambda: 0.5,
            admit=lambda hop, request: "trunk" if hop.host.startswith("192.0.2.") else "",
            identity=self._identity,
            digest=lambda trunk: self.digest,
            connected=lambda hop: True,
            agent="sandf/test",
        )

    @property
    def now(self) -> float:
        return self.network.now

    def _identity(self, trunk: str, hop: Hop) -> Identity:
        return Identity(
            contact=f"<sip:us@{self.hop.host}:5060>",
            agent="sandf/test",
            credentials=self.credentials,
            session_expires=self.session_expires,
            min_se=self.min_se,
        )

    def call(self, *hops: Hop, description: bytes = OFFER) -> Session:
        self.session = self.agent.call(
            trunk="trunk",
            target=URI.parse("sip:5551234@192.0.2.2"),
            to="<sip:5551234@192.0.2.2>",
            caller="<sip:5550000@192.0.2.1>",
            headers=(),
            description=description,
            hops=list(hops),
            call_id="call@192.0.2.1",
            now=self.now,
        )
        self.session.description = lambda: self.description or description
        self.network.drain(self)
        return self.session

    def told(self, one: Happened) -> None:
        if isinstance(one.event, Invited):
            self.session = one.session
            self.session.description = lambda: self.description or ANSWER
            self.invited.append(one.event.description)
        elif one.session is self.session:
            self.heard.append(one.event)
        self.react(one.event)

    def names(self) -> list[str]:
        return [type(event).__name__ for event in self.heard]


class Network:
    """Carries what the ends send in :data:`DELAY` seconds; *lost* decides of each packet whether it is."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.lost: Callable[[bytes, Hop], bool] = lambda octets, hop: False
        self.ends: dict[str, End] = {}
        self.log: list[tuple[float, str, str, bytes]] = []
        """When, from whom, to whom, what."""
        self._under_way: list[tuple[float, bytes, Hop, Hop]] = []

    def end(self, host: str, **more: Transport) -> End:
        self.ends[host] = End(self, host, **more)
        return self.ends[host]

    def put(self, octets: bytes, source: Hop, to: Hop) -> None:
        """Somebody sends something."""
        self.log.append((round(self.now, 3), source.host, to.host, octets))
        if not self.lost(octets, to):
            self._under_way.append((self.now + DELAY, octets, source, to))

    def drain(self, end: End) -> None:
        while True:
            happened, packets = end.agent.events(), end.agent.take_packets()
            if not happened and not packets:
                return
            for packet in packets:
                self.put(packet.octets, end.hop, packet.hop)
            for one in happened:
                end.told(one)

    def run(self, seconds: float = 1.0) -> None:
        """Let time pass."""
        until = self.now + seconds
        while True:
            times = [at for at, *_ in self._under_way]
            times += [at for end in self.ends.values() if (at := end.agent.next_deadline()) is not None]
            if not times or min(times) > until:
                break
            self.now = max(self.now, min(times))
            self._deliver()
            for end in self.ends.values():
                deadline = end.agent.next_deadline()
                if deadline is not None and deadline <= self.now:
                    end.agent.handle_timer(self.now)
                self.drain(end)
        self.now = until

    def _deliver(self) -> None:
        due = [one for one in self._under_way if one[0] <= self.now]
        self._under_way = [one for one in self._under_way if one[0] > self.now]
        for _, octets, source, to in due:
            end = self.ends.get(to.host)
            if end is not None:
                end.agent.receive(octets, source, self.now)
                self.drain(end)

    def lines(self, host: str = "") -> list[str]:
        """The first lines of what *host* (or anybody) sent: method, or status."""
        found = []
        for _, source, _, octets in self.log:
            if host in ("", source):
                words = octets.split(b"\r\n", 1)[0].decode().split()
                found.append(words[1] if words[0] == "SIP/2.0" else words[0])
        return found

    def sent(self, host: str, word: str) -> list[bytes]:
        """What *host* sent of that method or status."""
        return [
            octets
            for _, source, _, octets in self.log
            if source == host and octets.startswith((f"{word} ".encode(), f"SIP/2.0 {word} ".encode()))
        ]


def field(octets: bytes, name: str) -> str:
    """The value of a header field of a message; empty if it is not there."""
    for line in octets.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]:
        key, _, value = line.partition(":")
        if key.strip().lower() == name.lower():
            return value.strip()
    return ""


__all__ = ["ANSWER", "OFFER", "OTHER", "End", "Network", "Request", "field"]
