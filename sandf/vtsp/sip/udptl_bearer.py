"""A T.38 bearer: IFP packets over a UDPTL socket (T.38 9.1), from and to the right far end only.

Media come from where the session description says, or, with latching, from another port or address of the signalled
peer (behind NAT); the first packet from there that is UDPTL with an IFP packet inside decides, and from then on we
send there.  Nobody else is ever sent to, or heard.

What this module does not do: read IFP packets (FMSP does) but to see whether they are some; log packets.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from twisted.internet.interfaces import IDelayedCall

from sandf.callcontrol.media import BearerKind, LineClock
from sandf.protocols.t38.ifp import IfpError, decode
from sandf.protocols.t38.udptl import Receiver, Sender, UdptlError, parse

from .media_ports import Address, MediaSocket

GAP_WAIT = 0.12
"""Seconds that packets wait behind a missing one: its copies come with those behind it."""
FEC = (3, 3)
"""Span and number of our parity elements."""

Capture = Callable[[bool, bytes, Address], None]
"""``capture(outward, octets, remote)``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UdptlSettings:
    """How packets are sent."""

    ls_redundancy: int = 3
    hs_redundancy: int = 1
    fec: bool = False
    max_datagram: int = 1400
    latching: bool = True


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
        local_tcf: bool = False,
        fill_bit_removal: bool = False,
        capture: Capture | None = None,
        released: Callable[[], None],
    ) -> None:
        self.clock: LineClock = wheel
        self.version = version
        self.local_tcf = local_tcf
        self.fill_bit_removal = fill_bit_removal
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
        self._signalled: Address = ("", 0)
        self._trusted: tuple[str, ...] = ()
        self._to: Address | None = None
        self._latched = False
        self._timer: IDelayedCall | None = None
        self._lost = False

    def start(self, address: str, port: int, *, trusted: tuple[str, ...]) -> None:
        """The far end is at *address*, *port*; *trusted* are the addresses that it may have behind NAT."""
        if (address, port) == self._signalled:
            return
        self._signalled = self._to = address, port
        self._trusted = trusted
        self._latched = False
        self._socket.attach(self._came)

    # Bearer.

    def attach(self, receive: Callable[[bytes, int], None], gone: Callable[[], None]) -> None:
        """IFP packets go to *receive*, each with how many are missing before it; *gone* is told of the end."""
        self._receive = receive
        self._gone = gone
        if self._lost:
            gone()

    def send(self, ifp: bytes, control: bool) -> None:
        """Send an IFP packet; *control* data are repeated more often."""
        if self._to is None or self._lost:
            return
        settings = self._settings
        octets = self._sender.send(ifp, settings.ls_redundancy if control else settings.hs_redundancy)
        self.statistics.sent += 1
        self._socket.send(octets, self._to)
        if self._capture is not None:
            self._capture(True, octets, self._to)

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
            "PacketsStray": self.statistics.stray,
        }

    def _stop(self) -> None:
        self._receive = self._gone = None
        self._socket.attach(None)
        if self._timer is not None and self._timer.active():
            self._timer.cancel()

    # What comes.

    def _came(self, octets: bytes, source: Address) -> None:
        source = source[:2]
        if source != self._to and not self._latches(octets, source):
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
        if self._packets.waiting and (self._timer is None or not self._timer.active()):
            self._timer = self.clock.callLater(GAP_WAIT, self._give_up_gap)

    def _give_up_gap(self) -> None:
        for packet in self._packets.release():
            self._hand_over(packet.octets, packet.missing)

    def _hand_over(self, ifp: bytes, missing: int) -> None:
        if self._receive is not None:
            self._receive(ifp, missing)

    def _latches(self, octets: bytes, source: Address) -> bool:
        """Whether *source* is the far end all the same; if so we send there from now on."""
        if source != self._signalled:
            if self._latched or not self._settings.latching or source[0] not in self._trusted:
                return False
            try:
                decode(parse(octets).primary, self.version)
            except (UdptlError, IfpError):
                return False
        self._latched = True
        self._to = source
        return True
