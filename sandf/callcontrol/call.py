"""A call as its application sees it: legs, bridges, and one stream of events."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping

from twisted.internet.defer import Deferred

from sandf.causes import Cause

from .bridge import Bridge
from .bulkhead import Bulkhead
from .events import Event, HangUpRequest, SetupRequest
from .interfaces import IServiceProvider
from .leg import Leg
from .primitives import ProviderKind, Setup


class Call:
    """One call.  At any time one application serves it and reads its events."""

    def __init__(
        self,
        *,
        call_id: str,
        providers: Mapping[ProviderKind, IServiceProvider],
        seconds: Callable[[], float],
        seen: Callable[[Call, object], None],
        request: object = None,
    ) -> None:
        self.call_id = call_id
        self.request = request
        """What the gateway itself wants, for a call that nobody placed (``CallControl.originate``)."""
        self.legs: list[Leg] = []
        self.began_at = seconds()
        self.application = ""
        """Name of the application that serves the call."""
        self.refusal: Cause | None = None
        """Why the call is to be refused, if it is."""
        self.handed_over: object = None
        """What the application before this one left for it; None on a call that was not handed over."""
        self.facts: dict[str, object] = {}
        """What applications note for people who look at the call (pages, remote ident, speed ...)."""
        self._providers = providers
        self._seconds = seconds
        self._seen = seen
        self._events: deque[Event] = deque()
        self._waiting: Deferred[Event] | None = None
        self._next_application: str | None = None
        self._ended = False

    def __repr__(self) -> str:
        return f"<Call {self.call_id} {self.application}: {self.legs}>"

    # For applications.

    def next_event(self) -> Deferred[Event]:
        """The next event that was not read yet; one reader at a time."""
        if self._waiting is not None:
            raise RuntimeError("the events of a call have one reader")
        waiting: Deferred[Event] = Deferred(self._stop_waiting)
        if self._events:
            waiting.callback(self._events.popleft())
        else:
            self._waiting = waiting
        return waiting

    def set_up(self, kind: ProviderKind, setup: Setup, *, peer_tag: int = 0) -> Leg:
        """Bring up an outgoing leg; AlertIndication and SetupConfirm, or DisconnectIndication, follow."""
        leg = self._add_leg(kind, setup, incoming=False, peer_tag=peer_tag)
        self._seen(self, SetupRequest(leg=leg, setup=setup))
        leg.provider.setup_request(leg, setup)
        return leg

    def bridge(self, near: Leg, far: Leg) -> Bridge:
        """Join two legs of this call; BridgeConfirm follows, unless one of them has ended."""
        bridge = Bridge(near, far, self._emit)
        bridge.begin()
        return bridge

    def hand_off(self, application: str, left: object = True) -> None:
        """Once the application returns, *application* serves the call with all its legs; *left* is for it.

        For an application that answers and asks the caller something (prompts, digits) and leaves the fax to
        ``onramp``; neither of the two that there are today hands a call over.
        """
        self._next_application = application
        self.handed_over = left

    def live_legs(self) -> list[Leg]:
        """The legs that have not ended."""
        return [leg for leg in self.legs if leg.released_at is None]

    async def clear(self, cause: Cause) -> None:
        """Disconnect every leg that lives, and wait until all are released; the last thing that an application asks."""
        for leg in self.live_legs():
            leg.disconnect(cause)
        while self.live_legs():
            await self.next_event()

    # For call control and the operator.

    def hang_up(self, cause: Cause, *, at_page_end: bool = False) -> None:
        """Ask the application to end the call; it is up to it how (T.30 sends DCN first).

        Harmless on a call that has ended.
        """
        self._emit(HangUpRequest(cause=cause, at_page_end=at_page_end))

    def take_next_application(self) -> str | None:
        """The application that the last one handed over to, once."""
        name, self._next_application = self._next_application, None
        return name

    def add_incoming(self, kind: ProviderKind, setup: Setup, peer_tag: int) -> Leg:
        """A leg that a provider brought; call control tells the application of it."""
        return self._add_leg(kind, setup, incoming=True, peer_tag=peer_tag)

    def emit(self, event: Event) -> None:
        """Put *event* into the stream, unless the call has ended."""
        self._emit(event)

    def clearing(self) -> None:
        """No application reads any more; whoever of them still waits for an event waits in vain."""
        if self._waiting is not None:
            self._waiting.cancel()

    def end(self) -> None:
        """The last word: nobody hears of this call any more."""
        self._ended = True

    def _add_leg(self, kind: ProviderKind, setup: Setup, *, incoming: bool, peer_tag: int) -> Leg:
        leg = Leg(
            call_id=self.call_id,
            provider=Bulkhead(self._providers[kind]),
            setup=setup,
            incoming=incoming,
            emit=self._emit,
            seconds=self._seconds,
        )
        leg.peer_tag = peer_tag
        self.legs.append(leg)
        return leg

    def _emit(self, event: Event) -> None:
        if self._ended:
            return
        self._seen(self, event)
        if self._waiting is None:
            self._events.append(event)
        else:
            waiting, self._waiting = self._waiting, None
            waiting.callback(event)

    def _stop_waiting(self, waiting: Deferred[Event]) -> None:
        self._waiting = None
