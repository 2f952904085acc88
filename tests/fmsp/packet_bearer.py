"""A T.38 bearer for tests that look at packets: what the pump sends comes out decoded, what comes in is encoded."""

from __future__ import annotations

from collections.abc import Callable

from sandf.callcontrol.media import BearerKind, LineClock
from sandf.protocols.t38.ifp import Packet, decode, encode


class PacketBearer:
    """*sent* gets each packet that the pump sends."""

    kind = BearerKind.T38
    max_bit_rate = 14400

    def __init__(
        self,
        clock: LineClock,
        sent: Callable[[Packet], None],
        *,
        version: int = 0,
        local_tcf: bool = False,
        fill_bit_removal: bool = False,
        max_ifp: int | None = None,
    ) -> None:
        self.clock = clock
        self.version = version
        self.local_tcf = local_tcf
        self.fill_bit_removal = fill_bit_removal
        self.max_ifp = max_ifp
        self.released = False
        self.missing = 0
        """How many are lost before the next one."""
        self._sent = sent
        self._receive: Callable[[bytes, int], None] = lambda octets, missing: None

    def attach(self, receive: Callable[[bytes, int], None], gone: Callable[[], None]) -> None:
        self._receive = receive

    def send(self, ifp: bytes, control: bool) -> None:
        self._sent(decode(ifp, self.version))

    def release(self) -> None:
        self.released = True

    def receive(self, packet: Packet) -> None:
        """The far end sends *packet*."""
        self.receive_octets(encode(packet, self.version))

    def receive_octets(self, octets: bytes) -> None:
        """The far end sends this."""
        missing, self.missing = self.missing, 0
        self._receive(octets, missing)
