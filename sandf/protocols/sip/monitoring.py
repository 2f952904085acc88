"""Whether proxies answer: OPTIONS to each of them from time to time (RFC 3261 11).

Any final response but 503 shows that a proxy is there, a refusal too.  One that gave no response, or 503, is down until
it gives one.  Until the first word of it a proxy counts as up.

What this module does not do: timers; :attr:`Monitor.next_at` says when :meth:`Monitor.begin` is due.
"""

from __future__ import annotations

from collections.abc import Callable

from sipmessage import URI, Request, Response

from .dialog import MAX_FORWARDS
from .exchange import Exchange, Purpose
from .hops import Hop
from .reasons import retry_after
from .registration import RegistrationHost
from .requests import introduce


class Monitor:
    """The proxies of a trunk, asked every *interval* seconds (0: never).  *changed* is told when one goes or comes."""

    def __init__(
        self,
        *,
        host: RegistrationHost,
        contact: Callable[[Hop], str],
        interval: float,
        agent: str,
        changed: Callable[[Hop, bool], None],
    ) -> None:
        self.next_at: float | None = 0.0 if interval else None
        self._host = host
        self._contact = contact
        self._interval = interval
        self._agent = agent
        self._changed = changed
        self._down: dict[Hop, float] = {}
        self._call_id = host.token()
        self._number = 0

    def order(self, hops: list[Hop], now: float) -> list[Hop]:
        """*hops* in their order, those that are down behind the others: the last hope, not the first."""
        return sorted(hops, key=lambda hop: self.is_down(hop, now))

    def is_down(self, hop: Hop, now: float) -> bool:
        """Whether *hop* gave no answer, or wants to be left alone for a while (503 with Retry-After)."""
        return self._down.get(hop, 0.0) > now

    def all_down(self, hops: list[Hop], now: float) -> bool:
        """Whether there is none that answers."""
        return bool(hops) and all(self.is_down(hop, now) for hop in hops)

    def note_failure(self, hop: Hop, now: float, pause: float | None = None) -> None:
        """A call found that *hop* does not answer, or refuses for *pause* seconds."""
        self._mark(hop, now + (pause or self._interval * 1.5 or 30.0), now)

    def begin(self, hops: list[Hop], now: float) -> None:
        """Ask all of them."""
        self.next_at = now + self._interval
        for hop in hops:
            self._ask(hop, now)

    def _ask(self, hop: Hop, now: float) -> None:
        self._number += 1
        host = f"[{hop.host}]" if ":" in hop.host else hop.host
        request = Request("OPTIONS", URI(scheme="sip", host=host, port=hop.port))
        headers = request.headers
        headers.add("Max-Forwards", str(MAX_FORWARDS))
        headers.add("From", f"{self._contact(hop)};tag={self._host.token()}")
        headers.add("To", f"<{request.uri}>")
        headers.add("Call-ID", self._call_id)
        headers.add("CSeq", f"{self._number} OPTIONS")
        headers.add("Contact", self._contact(hop))
        introduce(request, agent=self._agent)
        self._host.begin(Exchange(owner=self, purpose=Purpose.OPTIONS, request=request, hop=hop), now)

    def responded(self, exchange: Exchange, response: Response, now: float) -> None:
        """A proxy is there, or refuses service."""
        if response.code == 503:
            self.note_failure(exchange.hop, now, retry_after(response))
        elif response.code >= 200 and self._down.pop(exchange.hop, None) is not None:
            self._changed(exchange.hop, True)

    def failed(self, exchange: Exchange, now: float) -> None:
        """A proxy does not answer."""
        self.note_failure(exchange.hop, now)

    def _mark(self, hop: Hop, until: float, now: float) -> None:
        was_up = not self.is_down(hop, now)
        self._down[hop] = until
        if was_up:
            self._changed(hop, False)
