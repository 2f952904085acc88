"""The wall between call control and a provider: a provider that raises costs its leg, and nothing else.

Every request and response that call control passes on for an application goes through here.  A provider promises
not to raise; one that does has a bug, which is logged, and its leg ends for INTERNAL_ERROR.  What a provider does
by itself, outside of a request, is its own to guard.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from zope.interface import implementer

from sandf.causes import INTERNAL_ERROR, Cause
from sandf.logs import Logger

from .interfaces import IServiceProvider
from .primitives import ProviderKind, Setup, Transaction

if TYPE_CHECKING:
    from .bridge import Bridge
    from .leg import Leg


@implementer(IServiceProvider)
class Bulkhead:
    """*provider*, as one leg asks it."""

    log = Logger()

    def __init__(self, provider: IServiceProvider) -> None:
        self.kind: ProviderKind = provider.kind
        self._provider = provider
        self._failed = False

    def setup_request(self, leg: Leg, setup: Setup) -> None:
        """Pass it on."""
        self._ask(leg, lambda: self._provider.setup_request(leg, setup))

    def setup_response(self, leg: Leg) -> None:
        """Pass it on."""
        self._ask(leg, lambda: self._provider.setup_response(leg))

    def alert_request(self, leg: Leg) -> None:
        """Pass it on."""
        self._ask(leg, lambda: self._provider.alert_request(leg))

    def disconnect_request(self, leg: Leg, cause: Cause, detail: str) -> None:
        """Pass it on; if even that fails, the leg is released here, whatever the provider still holds."""
        if self._failed:
            return
        try:
            self._provider.disconnect_request(leg, cause, detail)
        except Exception:
            self._note(leg)
            if leg.released_at is None:
                leg.released(INTERNAL_ERROR)

    def bridge_request(self, leg: Leg, bridge: Bridge) -> None:
        """Pass it on."""
        self._ask(leg, lambda: self._provider.bridge_request(leg, bridge))

    def media_indication(self, leg: Leg, bridge: Bridge, value: object) -> None:
        """Pass it on."""
        self._ask(leg, lambda: self._provider.media_indication(leg, bridge, value))

    def transaction_response(self, leg: Leg, transaction: Transaction, accepted: bool) -> None:
        """Pass it on."""
        self._ask(leg, lambda: self._provider.transaction_response(leg, transaction, accepted))

    def _ask(self, leg: Leg, request: Callable[[], None]) -> None:
        """Make *request*; one that raises is followed by a disconnect request, so that the provider lets go."""
        if self._failed:
            return
        try:
            request()
        except Exception:
            self._note(leg)
            if leg.released_at is None:
                self.disconnect_request(leg, INTERNAL_ERROR, "")
            self._failed = True

    def _note(self, leg: Leg) -> None:
        self.log.failure("call({call}): {kind} failed: its leg ends", call=leg.call_id, kind=self.kind.value)
