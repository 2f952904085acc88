"""A T.38 bearer: IFP packets over a UDPTL socket (T.38 9.1), from and to the right far end only.

Whom it sends to and hears, :mod:`.latch` says; a valid packet is UDPTL with an IFP packet inside.  A packet that is
missing is waited for, since those behind it bring its copies; then what waits goes on without it.

What this module does not do: read IFP packets (FMSP does) but to see whether they are some; log packets.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from twisted.internet.interfaces import IDelayedCall

from sandf.callcontrol.media import BearerKind, LineClock
from sandf.protocols.t38.ifp import IfpError, decode
from sandf.protocols.t38.udptl import Receiver, Sender, UdptlError, parse

from .latch import Latch
from .media_ports import Address, MediaSocket

FEC = (3, 3)
"""Span and number of our parity elements."""
SMALLEST_IFP = 30
"""Octets; a far end that takes so little that copies do not fit beside packets of this length gets none."""
_OVERHEAD = 6
"""Octets of a datagram around its packets: seq-number, the kind and number of copies, what FEC says of itself."""

Capture = Callable[[bool, bytes, Address], None]
"""``capture(outward, octets, remote)``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UdptlSettings:
    """How packets are sent."""

    ls_redundancy: int = 3
    hs_redundancy: int = 1
    fec: bool = False
    max_datagram: int = 1400
    max_ifp: int | None = None
    """T38FaxMaxIFP of the far end, octets."""
    latching: bool = True
    gap_wait: float = 0.12
    """Seconds that packets wait behind a missing one."""

    @property
    def longest_ifp(self) -> int:
        """Octets of a packet of page data: so many that its copies, too, fit into the largest datagram."""
        packets = 1 + (FEC[1] if self.fec else self.hs_redundancy)
        room = max(SMALLEST_IFP, (self.max_datagram - _OVERHEAD) // packets - 2)
        return room if self.max_ifp is None else min(room, self.max_ifp)


@dataclass(slots=True)
class Statistics:
    """What passed."""

    sent: int = 0
    received: int = 0
    stray: int = 0
    """From elsewhere, or no UDPTL."""


class UdptlBearer:
    """The bearer of one call; *released* is told when T.30 has given it back."""

    kind = BearerKind.T38

    def __init__(
        self,
        socket: MediaSocket,
        wheel: LineClock,
        *,
        settings: UdptlSettings,
        version: int,
        max_bit_rate: int = 14400,
        local_tcf: bool = False,
        fill_bit_removal: bool = False,
        capture: Capture | None = None,
        released: Callable[[], None],
    ) -> None:
        self.clock: LineClock = wheel
        self.version = version
        self.max_bit_rate = max_bit_rate
        self.local_tcf = local_tcf
        self.fill_bit_removal = fill_bit_removal
        self.max_ifp: int | None = settings.longest_ifp
        self.statistics = Statistics()
        self._socket = socket
        self._settings = settings
        self._capture = capture
        self._released = released
        self._sender = Sender(
            redundancy=max(settings.ls_redundancy, settings.hs_redundancy),
            parity=FEC if settings.fec else None,
            max_datagram=settings.max_datagram,
        )
        self._packets = Receiver()
        self._receive: Callable[[bytes, int], None] | None = None
        self._gone: Callable[[], None] | None = None
        self._latch = Latch(self._is_t38, moves=settings.latching)
        self._timer: IDelayedCall | None = None
        self._over = False
        self._lost = False

    def start(self, address: str, port: int, *, trusted: tuple[str, ...]) -> None:
        """The far end is at *address*, *port*; *trusted* are the addresses that it may have behind NAT.

        Numbers go on where another description moves it.
        """
        if not self._over:
            self._latch.aim(address, port, trusted)
            self._socket.attach(self._came)

    def hold(self) -> None:
        """The far end wants nothing for now (``a=inactive``): nothing is sent until :meth:`start`."""
        self._latch.rest()

    # Bearer.

    def attach(self, receive: Callable[[bytes, int], None], gone: Callable[[], None]) -> None:
        """IFP packets go to *receive*, each with how many are missing before it; *gone* is told of the end."""
        self._receive = receive
        self._gone = gone
        if self._lost:
            gone()

    def send(self, ifp: bytes, control: bool) -> None:
        """Send an IFP packet; *control* data are repeated more often."""
        to = self._to
        if to is None or self._over:
            return
        settings = self._settings
        octets = self._sender.send(ifp, settings.ls_redundancy if control else settings.hs_redundancy)
        self.statistics.sent += 1
        self._socket.send(octets, to)
        if self._capture is not None:
            self._capture(True, octets, to)

    def release(self) -> None:
        """T.30 has ended."""
        self._stop()
        self._released()

    def lose(self) -> None:
        """The call is over."""
        if not self._lost:
            self._lost = True
            gone = self._gone
            self._stop()
            if gone is not None:
                gone()

    def counts(self) -> dict[str, object]:
        """For people."""
        return {
            "PacketsSent": self.statistics.sent,
            "PacketsReceived": self.statistics.received,
            "PacketsLost": self._packets.lost,
            "PacketsRecovered": self._packets.recovered,
            "PacketsDuplicate": self._packets.duplicates,
            "PacketsLate": self._packets.late,
            "PacketsStray": self.statistics.stray,
            "PacketsUnsent": self._socket.unsent,
        }

    @property
    def _to(self) -> Address | None:
        """Where packets go."""
        return self._latch.to

    def _stop(self) -> None:
        self._over = True
        self._receive = self._gone = None
        self._socket.attach(None)
        self._wait_no_more()

    # What comes.

    def _came(self, octets: bytes, source: Address) -> None:
        if not self._latch.admits(octets, source):
            self.statistics.stray += 1
            return
        try:
            ready = self._packets.receive(octets)
        except UdptlError:
            self.statistics.stray += 1
            return
        self.statistics.received += 1
        if self._capture is not None:
            self._capture(False, octets, source)
        for packet in ready:
            self._hand_over(packet.octets, packet.missing)
        if ready:
            self._wait_no_more()
        if self._timer is None and self._packets.waiting and not self._over:
            self._timer = self.clock.callLater(self._settings.gap_wait, self._give_up_gap)

    def _give_up_gap(self) -> None:
        self._timer = None
        for packet in self._packets.release():
            self._hand_over(packet.octets, packet.missing)

    def _wait_no_more(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()

    def _hand_over(self, ifp: bytes, missing: int) -> None:
        if self._receive is not None:
            self._receive(ifp, missing)

    def _is_t38(self, octets: bytes) -> bool:
        try:
            decode(parse(octets).primary, self.version)
        except (UdptlError, IfpError):
            return False
        return True
