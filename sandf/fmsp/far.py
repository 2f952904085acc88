"""Fax machines for the far end of a virtual line, on the same T.30 and the same driver as the gateway's own legs.

:class:`FarMachines` is handed to the virtual exchange by ``tap``; it is what telephony calls its far terminals.

What this module does not do: it says nothing of telephony; who may call the machine is no matter here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from twisted.internet.defer import Deferred

from sandf import causes
from sandf.callcontrol.media import Bearer, Page
from sandf.causes import Cause
from sandf.logs import Logger
from sandf.protocols.t4.form import Coding
from sandf.protocols.t30 import events
from sandf.protocols.t30.settings import Intention, Role
from sandf.protocols.t30.terminal import Terminal

from .aside import Aside
from .outcomes import cause_of
from .provider import PUMPS
from .receiving import Reception
from .session import FaxSession
from .settings import FaxSettings


class FarMachine:
    """One machine on one bearer."""

    log = Logger()

    def __init__(
        self,
        bearer: Bearer,
        *,
        name: str,
        settings: FaxSettings,
        aside: Aside,
        ident: str,
        receives: bool,
        rejected_pages: int,
        page_began: Callable[[int], None],
        page_received: Callable[[Page, bool], Awaitable[bool]],
        ended: Callable[[Cause], None],
    ) -> None:
        self._page_received = page_received
        self._ended = ended
        self._reception = Reception(self._deliver, aside, page_begins=page_began, rejected=rejected_pages)
        self._terminal = Terminal(
            settings.terminal(ident=ident, judge=self._reception.judge),
            role=Role.CALLED,
            intention=Intention.RECEIVE if receives else Intention.SEND,
        )
        self._session = FaxSession(
            name=name,
            terminal=self._terminal,
            bearer=PUMPS[bearer.kind](bearer),
            told=self._told,
            failed=lambda: ended(causes.INTERNAL_ERROR),
            heard=self._reception.heard,
        )
        self._reception.attach(self._session, self._terminal)

    def begin(self) -> None:
        """Answer."""
        self._session.begin()

    def stop(self) -> None:
        """Let go of the bearer without a word."""
        self._session.stop()

    def _deliver(self, page: Page, last: bool, seconds: float, stored: Callable[[bool], None]) -> None:
        async def keep() -> None:
            kept = False
            try:
                kept = await self._page_received(page, last)
            except Exception:
                self.log.failure("t30({call}): page {page} not kept", call=self._session.name, page=page.number)
            stored(kept)

        Deferred.fromCoroutine(keep())

    def _told(self, event: events.Event) -> None:
        self._reception.told(event)
        match event:
            case events.PageWanted():
                self._session.tell(self._terminal.no_more_pages)
            case events.OperatorRequested():
                self._session.tell(self._terminal.continue_procedure)
            case events.Ended(outcome=outcome):
                self._ended(cause_of(outcome, sending=False))


class FarMachines:
    """Makes machines with what *settings* allow at most; *aside* does the work on whole pages."""

    def __init__(self, settings: FaxSettings | None = None, *, aside: Aside) -> None:
        self._aside = aside
        self._settings = settings or FaxSettings()

    def __call__(
        self,
        bearer: Bearer,
        *,
        name: str,
        ident: str,
        receives: bool,
        ecm: bool,
        codings: tuple[Coding, ...],
        rejected_pages: int,
        page_began: Callable[[int], None],
        page_received: Callable[[Page, bool], Awaitable[bool]],
        ended: Callable[[Cause], None],
    ) -> FarMachine:
        """A machine that answers on *bearer*; the arguments are those of telephony's far terminals."""
        machine = FarMachine(
            bearer,
            name=name,
            settings=replace(self._settings, ecm=ecm, codings=codings),
            aside=self._aside,
            ident=ident,
            receives=receives,
            rejected_pages=rejected_pages,
            page_began=page_began,
            page_received=page_received,
            ended=ended,
        )
        machine.begin()
        return machine
