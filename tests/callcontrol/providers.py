"""A service provider that does what the test says, and notes what it was asked."""

from __future__ import annotations

from zope.interface import implementer

from sandf.callcontrol.bridge import Bridge
from sandf.callcontrol.interfaces import IServiceProvider
from sandf.callcontrol.leg import Leg
from sandf.callcontrol.primitives import ProviderKind, Setup, Transaction
from sandf.causes import Cause


@implementer(IServiceProvider)
class ScriptedProvider:
    """Notes every request; releases at once when asked, unless ``slow`` is set; raises when ``broken`` is."""

    def __init__(self, kind: ProviderKind) -> None:
        self.kind = kind
        self.asked: list[tuple[object, ...]] = []
        self.legs: list[Leg] = []
        self.slow = False
        self.broken = False

    def setup_request(self, leg: Leg, setup: Setup) -> None:
        if self.broken:
            raise RuntimeError("a bug")
        self.legs.append(leg)
        self.asked.append(("setup_request", setup))

    def setup_response(self, leg: Leg) -> None:
        self.asked.append(("setup_response", leg))
        leg.connected()

    def alert_request(self, leg: Leg) -> None:
        self.asked.append(("alert_request", leg))

    def disconnect_request(self, leg: Leg, cause: Cause, detail: str) -> None:
        if self.broken:
            raise RuntimeError("a bug")
        self.asked.append(("disconnect_request", cause))
        if not self.slow:
            leg.released(cause, detail)

    def bridge_request(self, leg: Leg, bridge: Bridge) -> None:
        self.asked.append(("bridge_request", leg, bridge.other(leg)))

    def media_indication(self, leg: Leg, bridge: Bridge, value: object) -> None:
        self.asked.append(("media_indication", leg, value))

    def transaction_response(self, leg: Leg, transaction: Transaction, accepted: bool) -> None:
        self.asked.append(("transaction_response", transaction, accepted))
