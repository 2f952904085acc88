"""Whether proxies answer: OPTIONS to each of them from time to time (RFC 3261 11).

Any final response but 503 shows that a proxy is there, a refusal too.  One that gave no response, or 503, is down until
it gives one; one that wants to be left alone for a while (Retry-After) is, whatever it says in between.  Until the
first word of it a proxy counts as up.

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

DEFAULT_PAUSE = 30.0
"""Seconds for which a proxy that gave no response is down where no OPTIONS are sent."""


class Monitor:
    """The proxies of a trunk, asked every *interval* seconds (0: never).  *changed* is told when one goes or comes.

    Calls tell of those that fail them by :meth:`note_failure`.
    """

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
        self._paused: dict[Hop, float] = {}
        self._call_id = host.token()
        self._number = 0

    def order(self, hops: list[Hop], now: float) -> list[Hop]:
        """*hops* in their order, those that are down behind the others: the last hope, not the first."""
        return sorted(hops, key=lambda hop: self.is_down(hop, now))

    def is_down(self, hop: Hop, now: float) -> bool:
        """Whether *hop* gave no answer, or wants to be left alone for a while (503 with Retry-After)."""
        return max(self._down.get(hop, 0.0), self._paused.get(hop, 0.0)) > now

    def all_down(self, hops: list[Hop], now: float) -> bool:
        """Whether there is none that answers."""
        return bool(hops) and all(self.is_down(hop, now) for hop in hops)

    def note_failure(self, hop: Hop, now: float, pause: float | None = None) -> None:
        """A call found that *hop* does not answer, or refuses for *pause* seconds."""
        was_up = not self.is_down(hop, now)
        until = now + ((self._interval * 1.5 or DEFAULT_PAUSE) if pause is None else pause)
        (self._down if pause is None else self._paused)[hop] = until
        if not self._interval:
            self.next_at = until if self.next_at is None else min(self.next_at, until)
        if was_up and self.is_down(hop, now):
            self._changed(hop, False)

    def begin(self, hops: list[Hop], now: float) -> None:
        """Ask all of them, and see whose time is over."""
        self._see_who_is_back(now)
        self.next_at = now + self._interval if self._interval else self._next_back(now)
        for hop in hops if self._interval else ():
            self._ask(hop, now)

    def _see_who_is_back(self, now: float) -> None:
        for hop in [hop for hop in {**self._down, **self._paused} if not self.is_down(hop, now)]:
            self._down.pop(hop, None)
            self._paused.pop(hop, None)
            self._changed(hop, True)

    def _next_back(self, now: float) -> float | None:
        return min((until for until in (*self._down.values(), *self._paused.values()) if until > now), default=None)

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
        elif response.code >= 200:
            was_down = self._down.pop(exchange.hop, None) is not None
            if was_down and not self.is_down(exchange.hop, now):
                self._changed(exchange.hop, True)

    def failed(self, exchange: Exchange, now: float) -> None:
        """A proxy does not answer."""
        self.note_failure(exchange.hop, now)
