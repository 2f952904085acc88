"""The dial plan in use: who is asked which way a call goes, and what is busy now.

The plan is replaced whole on a reload; calls under way keep the peers they have.  What is in use is read off the
live calls, never counted beside them.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Collection, Mapping

from zope.interface import implementer

from sandf.callcontrol.call import Call
from sandf.callcontrol.control import Selection
from sandf.callcontrol.events import CapacityFreed, DisconnectConfirm, DisconnectIndication
from sandf.callcontrol.interfaces import ICallObserver
from sandf.callcontrol.primitives import MailIn, ProviderKind, Setup, TelephoneCall
from sandf.causes import NO_DIAL_PEER, NO_PORT, NOTHING_TO_DIAL, Failure
from sandf.dialpeer import DialPlan, Match, MmoipPeer, PotsPeer, Side, Usage


@implementer(ICallObserver)
class Routing:
    """Asks the dial plan with what is true at this moment.

    *calls* are the live calls by id, *ports_down* the ports that can take no call now, *draw* random numbers in
    0 to 1, *seconds* any clock (for least recent use).
    """

    def __init__(
        self,
        plan: DialPlan,
        *,
        calls: Callable[[], Mapping[str, Call]],
        ports_down: Callable[[], Collection[str]],
        draw: Callable[[], float],
        seconds: Callable[[], float],
    ) -> None:
        self.plan = plan
        self._calls = calls
        self._ports_down = ports_down
        self._draw = draw
        self._seconds = seconds
        self._last_used: dict[int, float] = {}
        self._waiting: deque[tuple[str, Call]] = deque()

    def select(self, kind: ProviderKind, setup: Setup) -> Selection:
        """The inbound peer of a new call, for call control; one that carries ``max_conn`` calls refuses it."""
        peer: PotsPeer | MmoipPeer
        if isinstance(setup, TelephoneCall):
            peer = self.plan.inbound_peer(Side.TELEPHONE, called=setup.called, calling=setup.calling, port=setup.port)
        elif isinstance(setup, MailIn):
            peer = self.plan.inbound_peer(Side.MAIL, called=setup.called, calling=setup.calling)
        else:
            raise TypeError(f"{kind.value} brought a {type(setup).__name__}, which is no incoming call")
        full = peer.max_conn is not None and self._usage().calls.get(peer.tag, 0) >= peer.max_conn
        return Selection(peer_tag=peer.tag, application=peer.application or "", refusal=NO_PORT if full else None)

    def wanted(self, called: str, calling: str, port: str) -> bool:
        """Whether an inbound POTS peer asks for this call by a number; the virtual exchange asks for its ports.

        A peer that matches by its port alone takes what rings there, but makes nothing ring.
        """
        peer = self.plan.inbound_peer(Side.TELEPHONE, called=called, calling=calling, port=None)
        return bool(peer.application) and peer.port in (None, port)

    def telephone_side(self, called: str) -> tuple[Match[PotsPeer], ...]:
        """The outbound POTS peers for *called*, in the order to try them."""
        return self.plan.outbound_peers(
            Side.TELEPHONE, called, usage=self._usage(), draw=self._draw, last_used=self._last_used
        )

    def mail_side(self, called: str) -> tuple[Match[MmoipPeer], ...]:
        """The outbound MMoIP peers for *called*, in the order to try them."""
        return self.plan.outbound_peers(
            Side.MAIL, called, usage=self._usage(), draw=self._draw, last_used=self._last_used
        )

    def leads_to(self, called: str) -> bool:
        """Whether any POTS peer leads to *called*, in use or not."""
        return self.plan.knows(Side.TELEPHONE, called)

    def wait_for(self, called: str, call: Call) -> None:
        """Send *call* a CapacityFreed when a peer for *called* may be free; those who wait longest hear first."""
        self._waiting.append((called, call))

    def wait_no_more(self, call: Call) -> None:
        """*call* waits for nothing any more."""
        self._waiting = deque(entry for entry in self._waiting if entry[1] is not call)

    # ICallObserver: a leg that ends frees its peer and port.

    def call_began(self, call: Call) -> None:
        """It uses nothing yet."""

    def event_seen(self, call: Call, event: object) -> None:
        """Look who can go on when a leg has ended."""
        if isinstance(event, DisconnectIndication | DisconnectConfirm) and event.leg.peer_tag and self._waiting:
            self._wake_first()

    def capacity_changed(self) -> None:
        """A port may be up again."""
        if self._waiting:
            self._wake_first()

    def call_ended(self, call: Call) -> None:
        """Forget it."""
        self.wait_no_more(call)

    def _wake_first(self) -> None:
        """The one that waits longest among those for whom there is a way now; it asks the plan again."""
        for entry in self._waiting:
            if self.telephone_side(entry[0]):
                self._waiting.remove(entry)
                entry[1].emit(CapacityFreed())
                return

    def screened(self, called: str, calling: str = "") -> str:
        """What would be dialled for a mail to *called*, whoever is busy now, as its sender may see it.

        That is without the dial peer's prefix: an access code of ours may stand there.

        Raises Failure: NO_DIAL_PEER where the mail side or the telephone side leads nowhere, NOTHING_TO_DIAL.
        """
        if not self.plan.inbound_peer(Side.MAIL, called=called, calling=calling).application:
            raise Failure(NO_DIAL_PEER)
        matches = self.plan.outbound_peers(
            Side.TELEPHONE, called, usage=Usage(), draw=lambda: 0.0, last_used=self._last_used
        )
        if not matches:
            raise Failure(NO_DIAL_PEER)
        if not matches[0].digits:
            raise Failure(NOTHING_TO_DIAL, f"dial peer {matches[0].peer.tag}")
        return matches[0].digits.removeprefix(matches[0].peer.prefix) or called

    def hunts_on_after(self, *, user_busy: bool) -> bool:
        """Whether to try the next peer."""
        return self.plan.hunts_on(user_busy=user_busy)

    def peer_used(self, tag: int) -> None:
        """A call goes out by peer *tag*."""
        self._last_used[tag] = self._seconds()

    def _usage(self) -> Usage:
        calls = Counter(leg.peer_tag for call in self._calls().values() for leg in call.live_legs())
        return Usage(calls=calls, ports_down=self._ports_down())
