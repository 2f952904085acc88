"""The fax media service provider (FMSP): fax legs, T.30 over whatever bearer telephony gives.

A leg is set up with FaxReceive or FaxSend.  Its bearer comes over the bridge to a telephone leg, its page sources over
bridges to document legs; the order of those bridges is the order of the pages, and all must stand before the bearer
comes.  The leg is connected when T.30 begins, and released when it has ended.

What this module does not do: it chooses no port and clears no call, and commits no page (the application answers
PageReceived and PageInDoubt).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from zope.interface import implementer

from sandf.callcontrol.bridge import Bridge
from sandf.callcontrol.interfaces import IServiceProvider
from sandf.callcontrol.leg import Leg
from sandf.callcontrol.media import Bearer, BearerKind, PageSource, T38Bearer
from sandf.callcontrol.primitives import FaxReceive, FaxSend, ProviderKind, Setup, Transaction
from sandf.causes import Cause
from sandf.logs import Logger

from .aside import Aside
from .legs import FaxLeg, ReceivingLeg, SendingLeg
from .session import T30Bearer, Trace, no_trace
from .settings import FaxSettings
from .t38_pump import T38Pump

PUMPS: dict[BearerKind, Callable[[Bearer], T30Bearer]] = {
    BearerKind.VIRTUAL: lambda bearer: cast(T30Bearer, bearer),
    BearerKind.T38: lambda bearer: T38Pump(cast(T38Bearer, bearer)),
}
"""What makes a pump for T.30 of each kind of bearer; a virtual bearer is one."""


@implementer(IServiceProvider)
class FaxProvider:
    """All fax legs.  *aside* does the work on whole pages; *trace* gets every frame of every call."""

    kind = ProviderKind.FAX
    log = Logger()

    def __init__(self, settings: FaxSettings, *, aside: Aside, trace: Trace = no_trace) -> None:
        self.settings = settings
        """Legs that are set up from now on start from these."""
        self._aside = aside
        self._trace = trace
        self._legs: dict[Leg, FaxLeg] = {}

    def setup_request(self, leg: Leg, setup: Setup) -> None:
        """Note the leg; it has nothing to do before its bearer comes."""
        if isinstance(setup, FaxReceive):
            self._legs[leg] = ReceivingLeg(leg, setup, self.settings, self._aside, self._trace, self._forget)
        elif isinstance(setup, FaxSend):
            self._legs[leg] = SendingLeg(leg, setup, self.settings, self._aside, self._trace, self._forget)
        else:
            raise TypeError(f"a fax leg is not set up with {setup!r}")

    def setup_response(self, leg: Leg) -> None:
        """No fax leg comes in."""

    def alert_request(self, leg: Leg) -> None:
        """No fax leg comes in."""

    def disconnect_request(self, leg: Leg, cause: Cause, detail: str) -> None:
        """End T.30 in order, then release the leg."""
        served = self._legs.get(leg)
        if served is None:
            leg.released(cause, detail)
        else:
            served.disconnect(cause, detail)

    def bridge_request(self, leg: Leg, bridge: Bridge) -> None:
        """What crosses comes to this side."""

    def media_indication(self, leg: Leg, bridge: Bridge, value: object) -> None:
        """Pages from a document leg, or the bearer from a telephone leg."""
        served = self._legs.get(leg)
        if served is None:
            return
        if bridge.other(leg).kind is ProviderKind.DOCUMENT:
            served.take_source(cast(PageSource, value))
        else:
            bearer = cast(Bearer, value)
            served.take_bearer(PUMPS[bearer.kind](bearer), bearer.max_bit_rate)

    def transaction_response(self, leg: Leg, transaction: Transaction, accepted: bool) -> None:
        """A page is committed, or its doubt is; or it could not be."""
        served = self._legs.get(leg)
        if served is not None:
            served.answer(transaction, accepted)

    def _forget(self, leg: Leg) -> None:
        self._legs.pop(leg, None)
