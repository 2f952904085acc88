"""Our requests under way at one endpoint, and whom their responses are for.

What this module does not do: it sends nothing again (:mod:`.transactions` does), and decides nothing (owners do).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from sipmessage import Response

from .deadlines import Deadlines
from .exchange import Exchange
from .transactions import Transactions

FORKS_END = 32.0
"""64 * T1: seconds for which further 2xx to one INVITE are expected (13.2.2.4)."""
Guard = Callable[[Exchange, Callable[[], object], float], None]
"""Tells the owner of an exchange by calling, and sees to what that raises."""


class Exchanges:
    """Those of one endpoint, by the keys of their client transactions."""

    def __init__(self, transactions: Transactions, guard: Guard) -> None:
        self._transactions = transactions
        self._guard = guard
        self._under_way: dict[str, Exchange] = {}
        self._answered: Deadlines[str] = Deadlines()  # INVITEs that got a 2xx

    def begin(self, exchange: Exchange, now: float) -> None:
        """Send its request in a new transaction."""
        exchange.key = self._transactions.request(exchange.request, exchange.hop, now, hurried=exchange.hurried)
        self._under_way[exchange.key] = exchange

    def responded(self, key: str, response: Response, now: float) -> None:
        """A response has come."""
        exchange = self._under_way.get(key)
        if exchange is None:
            return
        if response.code < 200:
            exchange.provisional = True
        elif response.code >= 300 or exchange.request.method != "INVITE":
            del self._under_way[key]
        else:
            self._answered.set(key, now + FORKS_END)
        self._guard(exchange, partial(exchange.owner.responded, exchange, response, now), now)

    def unresponsive(self, key: str, now: float) -> None:
        """No response came so far; a late one is still told."""
        self._fail(self._under_way.get(key), now)

    def failed(self, key: str, now: float) -> None:
        """No final response came, and none will."""
        self._fail(self._under_way.pop(key, None), now)

    def _fail(self, exchange: Exchange | None, now: float) -> None:
        if exchange is not None:
            self._guard(exchange, partial(exchange.owner.failed, exchange, now), now)

    def next_deadline(self) -> float | None:
        """When :meth:`handle_timer` is to be called."""
        return self._answered.next_deadline()

    def handle_timer(self, now: float) -> None:
        """No further 2xx are expected for some."""
        while (key := self._answered.expired(now)) is not None:
            self._under_way.pop(key, None)
