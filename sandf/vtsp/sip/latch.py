"""Where the far end's media come from, and where ours go to.

Media come from where the session description says, or, where the latch may move, from another port or address of the
signalled peer (behind NAT).  The first valid packet decides, and from then on we send there.  After that nobody moves
the latch but the address in the description itself.  Nobody else is ever sent to, or heard.

What this module does not do: know what a valid packet is.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

from .media_ports import Address


class Latch:
    """*valid* says whether octets are a packet of the right kind; *moves* whether other sources may win."""

    def __init__(self, valid: Callable[[bytes], bool], *, moves: bool) -> None:
        self.to: Address | None = None
        """Where to send."""
        self.signalled: Address | None = None
        """What the description says."""
        self._valid = valid
        self._moves = moves
        self._trusted: frozenset[str] = frozenset()
        self._sure = False

    def aim(self, address: str, port: int, trusted: tuple[str, ...]) -> None:
        """The description says *address*, *port*; *trusted* are the addresses that the peer may have behind NAT.

        Told again what it knows, the latch stays where it is.
        """
        signalled = _plain(address), port
        self._trusted = frozenset(map(_plain, trusted))
        if signalled != self.signalled:
            self.to = self.signalled = signalled
            self._sure = False

    def rest(self) -> None:
        """Send nowhere, and hear nobody, until :meth:`aim`."""
        self.to = self.signalled = None
        self._trusted = frozenset()
        self._sure = False

    def admits(self, octets: bytes, source: Address) -> bool:
        """Whether a packet from *source* is the far end's."""
        if self._sure and source == self.to:
            return True
        if source != self.signalled and (self._sure or not self._moves or source[0] not in self._trusted):
            return False
        if not self._valid(octets):
            return False
        self._sure = True
        self.to = source
        return True


def _plain(address: str) -> str:
    """*address* as the system writes it: IPv6 has many spellings."""
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return address
