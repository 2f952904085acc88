"""The two seams of call control: providers below, applications above.

The usual sequence of an outgoing leg is ``setup_request``, then from the provider ``Leg.alerted()`` at most
once, then ``Leg.connected()``; ``bridge_request`` at any time after; ``Leg.supply()`` or ``media_indication``
once a value crosses; transactions both ways; and one ``Leg.released(cause)`` at the end, whoever began it.
An incoming leg begins with ``ICallControl.setup_indication`` and goes on with ``setup_response``.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING

from zope.interface import Attribute, Interface

from sandf.causes import Cause

from .primitives import ProviderKind, Setup, Transaction

if TYPE_CHECKING:
    from .bridge import Bridge
    from .call import Call
    from .leg import Leg


class IServiceProvider(Interface):
    """A service provider: VTSP, FMSP, DMSP or MSPI.

    No method blocks, and none raises: what cannot be done is answered by ``leg.released(cause)``.  A provider
    may answer from within the request.
    """

    kind: ProviderKind = Attribute("Which of the service providers this is.")

    def setup_request(leg: Leg, setup: Setup) -> None:
        """Bring up an outgoing leg; answer by ``leg.alerted()``, ``leg.connected()`` or ``leg.released()``."""

    def setup_response(leg: Leg) -> None:
        """The application takes the incoming leg: answer the telephone, take the job; then ``leg.connected()``."""

    def alert_request(leg: Leg) -> None:
        """Let the caller of an incoming leg hear that it rings."""

    def disconnect_request(leg: Leg, cause: Cause, detail: str) -> None:
        """End the leg; answer by ``leg.released(cause)``, at once or as soon as T.30's DCN has gone.

        Refusing an incoming leg is the same request before ``setup_response``.
        """

    def bridge_request(leg: Leg, bridge: Bridge) -> None:
        """*leg* is bridged to ``bridge.other(leg)``.

        The provider that has the value (the bearer, the pages, the document) calls ``bridge.supply(leg,
        value)``, now or when it has it; the other gets it by :meth:`media_indication`.
        """

    def media_indication(leg: Leg, bridge: Bridge, value: object) -> None:
        """The value of :mod:`sandf.callcontrol.media` that crosses *bridge* has come from the other leg."""

    def transaction_response(leg: Leg, transaction: Transaction, accepted: bool) -> None:
        """The application's answer to an indication that waits for one."""


class IApplication(Interface):
    """What a call is for.  Dial peers name applications."""

    name: str = Attribute("The word in ``application = ...``.")

    def run(call: Call) -> Awaitable[None]:
        """Serve *call* until it is over: read ``call.next_event()`` and ask ``call`` for what is needed.

        The first event is a SetupIndication, unless the call was originated by the gateway itself or handed
        over (``call.handed_over``).  When ``run`` ends, call control disconnects the legs that are left; when
        it raises, they are disconnected for INTERNAL_ERROR.
        """


class ICallObserver(Interface):
    """Sees everything that happens to every call; for the manhole, traces and accounting.  Must not raise."""

    def call_began(call: Call) -> None:
        """*call* exists from now on."""

    def event_seen(call: Call, event: object) -> None:
        """*event* (of :mod:`.events`) happened."""

    def call_ended(call: Call) -> None:
        """*call* has no legs and no application any more."""
