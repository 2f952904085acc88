"""The virtual exchange: all virtual ports of a process, and the rehearsal machines.

A number dialled out of a virtual port rings a virtual port (the same one, if it so happens) if an inbound POTS dial
peer wants it there, else the rehearsal machine of that number, else the call ends as unallocated.  A port that has
``max_conn`` calls is busy to callers and closed to those who dial out of it; a call of a port to itself counts twice.

What this module does not do: it reads no dial peers (it asks ``wanted``), and has no calls of its own after they began
(:mod:`.virtual_call`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from sandf import causes
from sandf.callcontrol.primitives import TelephoneCall

from .call_clock import CallClock
from .impairments import Impairments
from .interfaces import ICallEnd, ICallUser, IPort, Offer
from .virtual_call import PartyEnd, Side, VirtualCall


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualPortSettings:
    """``[[ports]]`` of type ``virtual``."""

    name: str
    speed: float = 1.0
    """How many times as fast as real time the calls dialled out of it may run."""
    max_conn: int | None = None
    """Simultaneous calls; None is no limit."""
    impairments: Impairments = field(default_factory=Impairments)
    """What happens to what is sent from this port, and to what comes back from a rehearsal machine."""


class Machine:
    """What rings at a fixed number of the exchange: makes its user for a call, and says what the line does."""

    def __init__(self, make: Callable[[TelephoneCall, PartyEnd], ICallUser], fastest: int = 0) -> None:
        self.make = make
        self.fastest = fastest
        """As :attr:`.Impairments.fastest`, for what the caller sends."""


Wanted = Callable[[str, str, str], bool]
"""Whether an inbound POTS dial peer wants a call: ``wanted(called, calling, port)``."""


class VirtualExchange:
    """The exchange.  *offer* brings a call to a port (its ``TelephoneCall.port`` says which)."""

    def __init__(
        self,
        *,
        reactor: IReactorTime,
        ports: Sequence[VirtualPortSettings],
        wanted: Wanted,
        offer: Offer,
        machines: Mapping[str, Machine],
    ) -> None:
        self.ports = {settings.name: VirtualPort(self, settings) for settings in ports}
        """The ports by name, in their order."""
        self.calls: set[VirtualCall] = set()
        """Calls that have a party left."""
        self._reactor = reactor
        self._wanted = wanted
        self._offer = offer
        self._machines = machines
        self._ends: Counter[str] = Counter()  # by port
        self._users_of: dict[tuple[VirtualCall, Side], str] = {}
        self._dialled = 0

    def dial(self, port: VirtualPortSettings, setup: TelephoneCall, user: ICallUser) -> PartyEnd:
        """Place a call out of *port*."""
        self._dialled += 1
        free = self.ports[port.name].free
        call = VirtualCall(
            number=self._dialled,
            setup=setup,
            clock=CallClock(self._reactor, port.speed),
            caller=user,
            impairments=port.impairments,
            ring=self._ring if free else _refuse,
            left=self._left,
        )
        self.calls.add(call)
        if free:
            self._occupy(call, Side.CALLER, port.name)
        return call.caller_end

    def in_use(self, port: str) -> int:
        """How many ends of calls *port* has."""
        return self._ends[port]

    def _ring(self, call: VirtualCall) -> None:
        setup = call.setup
        caller = self.ports[setup.port].settings
        wanting = [name for name in self.ports if self._wanted(call.digits, setup.calling, name)]
        free = next((name for name in wanting if self.ports[name].free), None)
        machine = self._machines.get(call.digits)
        if free is not None:
            self._ring_port(call, free)
        elif wanting:
            call.life.refuse(causes.BUSY)
        elif machine is not None:
            there = replace(caller.impairments, fastest=machine.fastest or caller.impairments.fastest)
            call.ring_user(lambda end: machine.make(setup, end), there=there)
        else:
            call.life.refuse(causes.NUMBER_UNALLOCATED)

    def _ring_port(self, call: VirtualCall, port: str) -> None:
        self._occupy(call, Side.CALLED, port)
        incoming = replace(call.setup, port=port, called=call.digits)
        call.ring_user(lambda end: self._offer(incoming, end), back=self.ports[port].settings.impairments)

    def _occupy(self, call: VirtualCall, side: Side, port: str) -> None:
        self._ends[port] += 1
        self._users_of[call, side] = port

    def _left(self, call: VirtualCall, side: Side) -> None:
        port = self._users_of.pop((call, side), None)
        if port is not None:
            self._ends[port] -= 1
        if call.over:
            self.calls.discard(call)


def _refuse(call: VirtualCall) -> None:
    """The port has as many calls as it may."""
    call.life.refuse(causes.NO_PORT)


@implementer(IPort)
class VirtualPort:
    """One virtual port."""

    def __init__(self, exchange: VirtualExchange, settings: VirtualPortSettings) -> None:
        self.name = settings.name
        self.down = ""
        self.settings = settings
        self._exchange = exchange

    @property
    def free(self) -> bool:
        """Whether it can take one call more."""
        return self.settings.max_conn is None or self._exchange.in_use(self.name) < self.settings.max_conn

    def dial(self, call: TelephoneCall, user: ICallUser) -> ICallEnd:
        """Place *call* for *user*."""
        return self._exchange.dial(self.settings, call, user)
