"""The transactions of one SIP endpoint (RFC 3261 17): what is sent again, what was seen before, what belongs together.

Messages and requests go in, with the time; packets come out by :meth:`Transactions.take_packets`, what happened by
:meth:`Transactions.events`, and :meth:`Transactions.next_deadline` names the one timer to set.

What this module does not do: sockets; dialogs; choosing where a request goes; moving large requests from UDP to TCP
(18.1.1); sending responses to a ``maddr`` (18.2.2), which would let anybody have us send anywhere.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass

from sipmessage import Request, Response

from .chart import Input, State, Transaction
from .client_charts import ClientTransaction
from .deadlines import Deadlines
from .hops import Hop, Transport
from .matching import MAGIC_COOKIE, answer_hop, client_key, has_single_via, note_source, server_key, via_of
from .message import MessageError, answerable, cseq_of, parse, response_to, serialise, with_via
from .server_charts import ServerTransaction
from .timers import Timer, Timers
from .transaction_events import (
    AckMissing,
    Event,
    Malformed,
    PrackMissing,
    RequestArrived,
    ResponseArrived,
    TimedOut,
    TransportFailed,
    Unresponsive,
)

__all__ = [
    "AckMissing",
    "Event",
    "Malformed",
    "Packet",
    "PrackMissing",
    "RequestArrived",
    "ResponseArrived",
    "TimedOut",
    "Transactions",
    "TransportFailed",
    "Unresponsive",
]

MOST_SERVER_TRANSACTIONS = 20_000
"""Requests beyond get 503, which costs no memory."""
_NOWHERE = Hop(transport=Transport.UDP, host="", port=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """A message to be sent."""

    octets: bytes
    hop: Hop


class Transactions:
    """All of one endpoint.

    *token* gives a new random word each time (unguessable, without blanks or ``;``), *sent_by* our "host:port" as it
    stands in Via towards a hop.
    """

    def __init__(self, *, timers: Timers, token: Callable[[], str], sent_by: Callable[[Hop], str]) -> None:
        self.timers = timers
        self.refusal: Callable[[Request, Hop], int] = lambda request, hop: 0
        """The status by which a new request is refused, which takes no memory; 0 lets it in."""
        self.dropped = 0
        """Messages that nobody could be told about: no SIP, or a response to nothing."""
        self.source = _NOWHERE
        """Where the message came from that is being taken."""
        self._token = token
        self._sent_by = sent_by
        self._clients: dict[str, ClientTransaction] = {}
        self._servers: dict[str, ServerTransaction] = {}
        self._deadlines: Deadlines[str] = Deadlines()
        self._packets: list[Packet] = []
        self._events: list[Event] = []

    def __len__(self) -> int:
        """How many transactions are there."""
        return len(self._clients) + len(self._servers)

    # Requests of ours.

    def request(self, request: Request, hop: Hop, now: float, *, hurried: bool = False) -> str:
        """Begin a client transaction and return its key; *request* itself is not changed.

        A *hurried* INVITE is Unresponsive long before it is TimedOut.  Raises ``ValueError`` for ACK, which has none.
        """
        if request.method == "ACK":
            raise ValueError("an ACK has no transaction")
        key = self._begin_client(with_via(request, self._new_via(hop)), hop, now)
        if hurried:
            self._clients[key].start(Timer.X_NEXT_HOP, now)
            self._settle(self._clients[key])
        return key

    def send(self, request: Request, hop: Hop, now: float) -> None:
        """Send a request outside of any transaction: the ACK to a 2xx (13.2.2.4)."""
        self.send_octets(serialise(with_via(request, self._new_via(hop))), hop)

    def cancel(self, key: str, now: float, headers: tuple[tuple[str, str], ...] = ()) -> str | None:
        """Cancel an INVITE (9.1) as soon as a provisional response has come; *headers* are for the CANCEL (RFC 3326).

        Returns the key of the CANCEL's transaction; None while it waits, or where a final response was faster.
        """
        transaction = self._clients.get(key)
        if transaction is None:
            return None
        transaction.cancel_headers = headers
        self._take(transaction, Input.CANCEL, None, now)
        return transaction.cancel_key

    def unreachable(self, hop: Hop, now: float) -> None:
        """The transport could not deliver to *hop*: requests under way to it end with TransportFailed (17.1.4)."""
        for transaction in [one for one in self._clients.values() if one.hop == hop]:
            self._take(transaction, Input.UNREACHABLE, None, now)

    # Requests of theirs.  A transaction that is over says nothing: its user may come late.

    def respond(self, key: str, response: Response, now: float) -> None:
        """Answer a request.  A 2xx to INVITE is sent again until :meth:`acknowledged` (13.3.1.4), else AckMissing."""
        if response.code < 200:
            self._say(key, Input.SAY_PROVISIONAL, response, now)
        else:
            self._say(key, Input.SAY_SUCCESS if response.code < 300 else Input.SAY_FAILURE, response, now)

    def respond_reliably(self, key: str, response: Response, now: float) -> None:
        """A provisional response with RSeq: sent again until :meth:`provisional_acknowledged`, else PrackMissing."""
        self._say(key, Input.SAY_RELIABLY, response, now)

    def acknowledged(self, key: str, now: float) -> None:
        """The ACK to our 2xx has come."""
        self._say(key, Input.ACKNOWLEDGED, None, now)

    def provisional_acknowledged(self, key: str, now: float) -> None:
        """The PRACK to our reliable provisional response has come."""
        self._say(key, Input.PROVISIONAL_ACKNOWLEDGED, None, now)

    def _say(self, key: str, trigger: Input, response: Response | None, now: float) -> None:
        transaction = self._servers.get(key)
        if transaction is not None:
            self._take(transaction, trigger, response, now)

    # What comes.

    def receive(self, octets: bytes, hop: Hop, now: float) -> None:
        """A message has come from *hop*.  Never raises."""
        if not octets.strip(b"\r\n\t \0"):
            return  # a keep-alive
        self.source = hop
        try:
            message = parse(octets)
        except MessageError as error:
            self._refuse(error, octets, hop)
            return
        if isinstance(message, Request):
            self._take_request(message, octets, hop, now)
        else:
            self._take_response(message, now)

    def _refuse(self, error: MessageError, octets: bytes, hop: Hop) -> None:
        self._events.append(Malformed(reason=str(error), hop=hop))
        if error.request is None or not answerable(error.request):
            self.dropped += 1
            return
        via = note_source(error.request, hop)
        self._answer_without_state(error.request, error.code, octets, answer_hop(via, hop))

    def _answer_without_state(self, request: Request, code: int, octets: bytes, hop: Hop) -> None:
        """The tag is the same whenever the same request comes (8.2.7)."""
        response = response_to(request, code, to_tag=f"{zlib.crc32(octets):08x}")
        if code == 503:
            response.headers.add("Retry-After", "30")
        self.send_octets(serialise(response), hop)

    def _take_request(self, request: Request, octets: bytes, hop: Hop, now: float) -> None:
        key = server_key(request)
        via = note_source(request, hop)
        transaction = self._servers.get(key)
        if request.method == "ACK":
            if transaction is None:
                self._events.append(RequestArrived(key="", request=request, hop=hop))
            else:
                self._take(transaction, Input.ACK, request, now)
        elif transaction is not None:
            self._take(transaction, Input.REQUEST, request, now)
        elif status := self.refusal(request, hop):
            self._answer_without_state(request, status, octets, answer_hop(via, hop))
        elif len(self._servers) >= MOST_SERVER_TRANSACTIONS:
            self._answer_without_state(request, 503, octets, answer_hop(via, hop))
        else:
            self._begin_server(request, key, answer_hop(via, hop), now)

    def _begin_server(self, request: Request, key: str, back: Hop, now: float) -> None:
        transaction = ServerTransaction(layer=self, key=key, hop=back, request=request)
        self._servers[key] = transaction
        transaction.begin(now)
        cancelled = server_key(request, "INVITE") if request.method == "CANCEL" else ""
        cancels = cancelled if cancelled in self._servers else ""
        self._events.append(RequestArrived(key=key, request=request, hop=self.source, cancels=cancels))
        self._settle(transaction)

    def _take_response(self, response: Response, now: float) -> None:
        """Give it to its transaction (17.1.3); one whose Via is not ours (18.1.2), or not alone, is dropped."""
        via = via_of(response)
        transaction = self._clients.get(client_key(via.branch, cseq_of(response)[1]))
        if transaction is None or via.sent_by != transaction.sent_by or not has_single_via(response):
            self.dropped += 1
            return
        if response.code < 200:
            self._take(transaction, Input.PROVISIONAL, response, now)
        else:
            self._take(transaction, Input.SUCCESS if response.code < 300 else Input.FAILURE, response, now)

    # Time, and what comes out.

    def next_deadline(self) -> float | None:
        """When :meth:`handle_timer` is to be called; None if nothing waits."""
        return self._deadlines.next_deadline()

    def handle_timer(self, now: float) -> None:
        """Time has passed."""
        while (key := self._deadlines.expired(now)) is not None:
            transaction = self._clients.get(key) or self._servers[key]
            transaction.expire(now)
            self._settle(transaction)

    def take_packets(self) -> list[Packet]:
        """What is to be sent, in this order."""
        packets, self._packets = self._packets, []
        return packets

    def events(self) -> list[Event]:
        """What happened since this was last asked."""
        events, self._events = self._events, []
        return events

    # For transactions.

    def send_octets(self, octets: bytes, hop: Hop) -> None:
        """Send a message."""
        self._packets.append(Packet(octets=octets, hop=hop))

    def emit(self, event: Event) -> None:
        """Tell the user."""
        self._events.append(event)

    def begin_cancel(self, request: Request, hop: Hop, now: float) -> str:
        """Begin the transaction of a CANCEL, which has the Via of its INVITE."""
        return self._begin_client(request, hop, now)

    def _begin_client(self, request: Request, hop: Hop, now: float) -> str:
        via = via_of(request)
        key = client_key(via.branch, request.method)
        transaction = ClientTransaction(layer=self, key=key, hop=hop, request=request, sent_by=via.sent_by)
        self._clients[key] = transaction
        transaction.begin(now)
        self._settle(transaction)
        return key

    def _new_via(self, hop: Hop) -> str:
        return f"SIP/2.0/{hop.transport.value} {self._sent_by(hop)};rport;branch={MAGIC_COOKIE}{self._token()}"

    def _take(self, transaction: Transaction, trigger: Input, what: Request | Response | None, now: float) -> None:
        transaction.take(trigger, what, now)
        self._settle(transaction)

    def _settle(self, transaction: Transaction) -> None:
        """Forget a transaction that is over, and note the next deadline of others."""
        if transaction.state is State.TERMINATED:
            table = self._clients if isinstance(transaction, ClientTransaction) else self._servers
            table.pop(transaction.key, None)
            self._deadlines.set(transaction.key, None)
        else:
            self._deadlines.set(transaction.key, transaction.next_deadline())
