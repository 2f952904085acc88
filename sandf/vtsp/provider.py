"""The telephony service provider (VTSP): telephone legs on ports of every kind.

It puts legs and ports together: which port, the port's name says; a new kind of port needs nothing but an
:class:`.interfaces.IPort`.  On a virtual call the clock stands still from the moment an incoming leg is offered until
the application has answered, and from the moment a leg is connected until its bearer has crossed a bridge: those are
requests that the application may take its time over.

What this module does not do: ring tones, digits, prompts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from zope.interface import implementer

from sandf import causes
from sandf.callcontrol.bridge import Bridge
from sandf.callcontrol.interfaces import IServiceProvider
from sandf.callcontrol.leg import Leg
from sandf.callcontrol.media import Bearer
from sandf.callcontrol.primitives import ProviderKind, Setup, TelephoneCall, Transaction
from sandf.causes import Cause
from sandf.logs import Logger

from .interfaces import ICallEnd, ICallUser, IPort


class IncomingLegs(Protocol):
    """What telephony needs of call control."""

    def incoming_leg(self, kind: ProviderKind, setup: Setup) -> Leg:
        """A leg for a call that came in."""

    def setup_indication(self, leg: Leg) -> None:
        """Tell the application."""


@implementer(ICallUser)
class _TelephoneLeg:
    """A leg and its call."""

    def __init__(self, leg: Leg, indicate: Callable[[Leg], None], forget: Callable[[Leg], None]) -> None:
        self.call_id = leg.call_id
        self.peer_tag = leg.peer_tag
        self.facts = leg.facts
        self._leg = leg
        self._indicate = indicate
        self._forget = forget
        self._bearer: Bearer | None = None
        self._bridge: Bridge | None = None
        self._release: Callable[[], None] | None = None
        self.end: ICallEnd | None = None

    def hold(self) -> None:
        """The application has something to do: the call waits."""
        if self._release is None and self.end is not None:
            self._release = self.end.hold()

    def go_on(self) -> None:
        """The application has done it."""
        release, self._release = self._release, None
        if release is not None:
            release()

    def offered(self) -> None:
        """The application is asked, and the call waits for its answer."""
        self.hold()
        self._indicate(self._leg)

    def alerted(self) -> None:
        """The far end rings."""
        self._leg.alerted()

    def connected(self, bearer: Bearer) -> None:
        """The call is through."""
        self._bearer = bearer
        self.hold()
        self._leg.connected()
        self._supply()

    def cleared(self, cause: Cause, detail: str) -> None:
        """The call is over."""
        self._forget(self._leg)
        self.go_on()
        self._leg.released(cause, detail)

    def clear(self, cause: Cause, detail: str) -> None:
        """The application ends it."""
        self._forget(self._leg)
        if self.end is not None:
            self.end.clear(cause)
        self.go_on()
        self._leg.released(cause, detail)

    def bridged(self, bridge: Bridge) -> None:
        """The bearer is wanted on *bridge*."""
        self._bridge = bridge
        self._supply()

    def _supply(self) -> None:
        if self._bearer is not None and self._bridge is not None and self._bridge.value is None:
            self._bridge.supply(self._leg, self._bearer)
            self.go_on()


@implementer(IServiceProvider)
class TelephonyProvider:
    """All telephone legs.  *control* is call control, *ports* may be added until the first call."""

    kind = ProviderKind.TELEPHONY
    log = Logger()

    def __init__(self, control: IncomingLegs, ports: Iterable[IPort] = ()) -> None:
        self._control = control
        self._ports: dict[str, IPort] = {}
        self._legs: dict[Leg, _TelephoneLeg] = {}
        for port in ports:
            self.add_port(port)

    def add_port(self, port: IPort) -> None:
        """Legs may name *port* from now on; ValueError if the name is taken."""
        if port.name in self._ports:
            raise ValueError(f"there is a port {port.name} already")
        self._ports[port.name] = port

    def ports_down(self) -> dict[str, str]:
        """The ports that can take no call out now, and why."""
        return {name: port.down for name, port in self._ports.items() if port.down}

    def offer(self, call: TelephoneCall, end: ICallEnd) -> ICallUser:
        """A call has come in (:data:`.interfaces.Offer`)."""
        leg = self._control.incoming_leg(ProviderKind.TELEPHONY, call)
        served = self._serve(leg)
        served.end = end
        self.log.info("vtsp({call}): port {port} rings", call=leg.call_id, port=call.port)
        return served

    def setup_request(self, leg: Leg, setup: Setup) -> None:
        """Dial."""
        if not isinstance(setup, TelephoneCall):
            raise TypeError(f"a telephone leg is not set up with {setup!r}")
        port = self._ports.get(setup.port)
        if port is None:
            leg.released(causes.NO_PORT, f"there is no port {setup.port}")
        elif not setup.called.strip(","):
            leg.released(causes.INVALID_NUMBER)
        else:
            served = self._serve(leg)
            served.end = port.dial(setup, served)

    def setup_response(self, leg: Leg) -> None:
        """Answer."""
        served = self._legs.get(leg)
        if served is not None and served.end is not None:
            served.go_on()
            served.end.answer()

    def alert_request(self, leg: Leg) -> None:
        """Ring."""
        served = self._legs.get(leg)
        if served is not None and served.end is not None:
            served.end.alert()

    def disconnect_request(self, leg: Leg, cause: Cause, detail: str) -> None:
        """Hang up, or refuse."""
        served = self._legs.get(leg)
        if served is None:
            leg.released(cause, detail)
        else:
            served.clear(cause, detail)

    def bridge_request(self, leg: Leg, bridge: Bridge) -> None:
        """Supply the bearer, now or once there is one."""
        served = self._legs.get(leg)
        if served is not None:
            served.bridged(bridge)

    def media_indication(self, leg: Leg, bridge: Bridge, value: object) -> None:
        """Nothing crosses a bridge towards telephony."""

    def transaction_response(self, leg: Leg, transaction: Transaction, accepted: bool) -> None:
        """Telephony reports nothing that waits for a response."""

    def _serve(self, leg: Leg) -> _TelephoneLeg:
        served = self._legs[leg] = _TelephoneLeg(leg, self._control.setup_indication, self._forget)
        return served

    def _forget(self, leg: Leg) -> None:
        self._legs.pop(leg, None)
