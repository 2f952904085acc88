"""Call control itself: gives calls their ids and applications, and knows all that live.

It chooses no dial peer (its ``select`` argument does) and knows no telephone, fax or mail.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from twisted.internet.defer import Deferred

from sandf import causes
from sandf.causes import Cause
from sandf.logs import Logger

from .call import Call
from .events import SetupIndication
from .interfaces import IApplication, ICallObserver, IServiceProvider
from .leg import Leg
from .primitives import ProviderKind, Setup


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The inbound dial peer's word on a new call."""

    peer_tag: int
    application: str
    """Empty where no dial peer names one: the call is refused."""
    refusal: Cause | None = None
    """Why the call is refused whatever the application."""


class CallControl:
    """All calls of one gateway.

    *new_call_id* gives an id that never repeats; *select* finds the inbound dial peer of a set-up.
    """

    log = Logger()

    def __init__(
        self,
        *,
        seconds: Callable[[], float],
        new_call_id: Callable[[], str],
        select: Callable[[ProviderKind, Setup], Selection],
        observers: Iterable[ICallObserver] = (),
    ) -> None:
        self.calls: dict[str, Call] = {}
        """Live calls by id."""
        self.accepting = True
        """False while the gateway closes down: new calls are refused."""
        self._seconds = seconds
        self._new_call_id = new_call_id
        self._select = select
        self._observers = tuple(observers)
        self._providers: dict[ProviderKind, IServiceProvider] = {}
        self._applications: dict[str, IApplication] = {}
        self._idle: list[Deferred[None]] = []

    def register(
        self,
        providers: Iterable[IServiceProvider],
        applications: Iterable[IApplication],
        observers: Iterable[ICallObserver] = (),
    ) -> None:
        """Wire the gateway together, once, before the first call; *observers* are those that need call control."""
        self._observers += tuple(observers)
        self._providers.update((provider.kind, provider) for provider in providers)
        self._applications.update((application.name, application) for application in applications)

    @property
    def providers(self) -> Mapping[ProviderKind, IServiceProvider]:
        """The service providers by kind."""
        return self._providers

    def incoming_leg(self, kind: ProviderKind, setup: Setup) -> Leg:
        """A provider has an incoming call; the leg is its to serve once it has said :meth:`setup_indication`."""
        selection = self._select(kind, setup)
        call = self._new_call()
        call.application = selection.application
        call.refusal = selection.refusal
        return call.add_incoming(kind, setup, selection.peer_tag)

    def setup_indication(self, leg: Leg) -> None:
        """The provider has noted its new *leg*: tell the application, or refuse the leg by a disconnect request."""
        call = self.calls[leg.call_id]
        call.emit(SetupIndication(leg=leg, setup=leg.setup))
        if not self.accepting:
            self._refuse(call, leg, causes.CLOSING_DOWN)
        elif call.refusal is not None:
            self._refuse(call, leg, call.refusal)
        elif call.application not in self._applications:
            self._refuse(call, leg, causes.NO_APPLICATION)
        else:
            self._start(call, call.application)

    def originate(self, application: str, request: object) -> Call:
        """A call that the gateway itself begins, without a leg: *application* finds *request* in the call."""
        call = self._new_call(request)
        self._start(call, application)
        return call

    def when_idle(self) -> Deferred[None]:
        """Fires when no call is left."""
        idle: Deferred[None] = Deferred()
        if self.calls:
            self._idle.append(idle)
        else:
            idle.callback(None)
        return idle

    def hang_up_all(self, cause: Cause, *, at_page_end: bool = False) -> None:
        """Ask every call to end."""
        for call in tuple(self.calls.values()):
            call.hang_up(cause, at_page_end=at_page_end)

    def cut_all(self, cause: Cause) -> None:
        """Hang up the telephone under every call, whatever its application is doing."""
        for call in tuple(self.calls.values()):
            for leg in call.live_legs():
                if leg.kind is ProviderKind.TELEPHONY:
                    leg.disconnect(cause)

    def _new_call(self, request: object = None) -> Call:
        call = Call(
            call_id=self._new_call_id(),
            providers=self._providers,
            seconds=self._seconds,
            seen=self._seen,
            request=request,
        )
        self.calls[call.call_id] = call
        self._tell(call, lambda observer: observer.call_began(call))
        return call

    def _seen(self, call: Call, event: object) -> None:
        self._tell(call, lambda observer: observer.event_seen(call, event))

    def _tell(self, call: Call, word: Callable[[ICallObserver], None]) -> None:
        """Say *word* to each observer; one that raises has a bug, which costs nobody else anything."""
        for observer in self._observers:
            try:
                word(observer)
            except Exception:
                self.log.failure("call({call}): {observer} failed", call=call.call_id, observer=type(observer).__name__)

    def _refuse(self, call: Call, leg: Leg, cause: Cause) -> None:
        self.log.info("call({call}): refused: {cause}", call=call.call_id, cause=cause)
        Deferred.fromCoroutine(self._clear(call, cause))

    def _start(self, call: Call, application: str) -> None:
        Deferred.fromCoroutine(self._serve(call, application))

    async def _serve(self, call: Call, application: str) -> None:
        """Let applications serve *call*, one after the other, then clear what is left."""
        cause = causes.CALL_ABORTED
        name: str | None = application
        try:
            while name is not None:
                call.application = name
                await self._applications[name].run(call)
                name = call.take_next_application()
        except Exception:
            self.log.failure("call({call}): {application} failed", call=call.call_id, application=call.application)
            cause = causes.INTERNAL_ERROR
        await self._clear(call, cause)

    async def _clear(self, call: Call, cause: Cause) -> None:
        """Disconnect every leg that lives, wait until all are released, and forget the call."""
        call.clearing()
        await call.clear(cause)
        del self.calls[call.call_id]
        self._tell(call, lambda observer: observer.call_ended(call))
        call.end()
        if not self.calls:
            idle, self._idle = self._idle, []
            for waiting in idle:
                waiting.callback(None)
