"""The fax legs: one that receives, one that sends.

A leg waits for its bearer (the one that sends takes its page sources first), runs T.30 on it, says what happens as
transactions, and is released when T.30 has ended, whoever ended it.

What this module does not do: it does not clear the telephone call; the application does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from sandf import causes
from sandf.callcontrol import primitives
from sandf.callcontrol.leg import Leg
from sandf.callcontrol.media import Page, PageSource
from sandf.callcontrol.primitives import FaxReceive, FaxSend, Transaction
from sandf.causes import Cause
from sandf.protocols.t30 import events
from sandf.protocols.t30.outcomes import Outcome
from sandf.protocols.t30.settings import Intention, Role, TerminalSettings
from sandf.protocols.t30.terminal import Terminal

from .aside import Aside
from .outcomes import cause_of
from .pages import PageSequence
from .receiving import Reception
from .sending import Dispatch
from .session import FaxSession, T30Bearer, Trace
from .settings import FaxSettings


class _Host(Protocol):
    """The half of a leg that receives or sends."""

    def attach(self, session: FaxSession, terminal: Terminal) -> None: ...

    def told(self, event: events.Event) -> None: ...


class FaxLeg:
    """What both kinds share: the session, the answers that are waited for, and the end."""

    def __init__(
        self, leg: Leg, settings: FaxSettings, aside: Aside, trace: Trace, over: Callable[[Leg], None]
    ) -> None:
        self._leg = leg
        self._settings = settings
        self._aside = aside
        self._trace = trace
        self._over = over
        self._session: FaxSession | None = None
        self._terminal: Terminal | None = None
        self._answers: dict[Transaction, Callable[[bool], None]] = {}
        self._asked: tuple[Cause, str] | None = None

    def take_source(self, source: PageSource) -> None:
        """A source of pages has come."""

    def take_bearer(self, bearer: T30Bearer, max_bit_rate: int) -> None:
        """The bearer has come, and carries pages at *max_bit_rate* at most: T.30 begins."""
        raise NotImplementedError

    def answer(self, transaction: Transaction, accepted: bool) -> None:
        """The application answers; nobody may wait for it any more."""
        answer = self._answers.pop(transaction, None)
        if answer is not None:
            answer(accepted)

    def disconnect(self, cause: Cause, detail: str) -> None:
        """The application ends the leg: by DCN if T.30 runs."""
        self._asked = (cause, detail)
        if self._session is None or self._terminal is None:
            self._release(cause, detail)
        else:
            self._answers.clear()
            self._session.tell(self._terminal.hang_up)
            self._session.wait_no_more()

    def ending(self, outcome: Outcome) -> tuple[Cause, str]:
        """The cause of an ending, and what only this time knows."""
        raise NotImplementedError

    def _run(self, bearer: T30Bearer, terminal: Terminal, host: _Host, reception: Reception | None) -> None:
        def told(event: events.Event) -> None:
            host.told(event)
            self._tell(event)

        self._terminal = terminal
        self._session = FaxSession(
            name=self._leg.call_id,
            terminal=terminal,
            bearer=bearer,
            told=told,
            failed=lambda: self._release(causes.INTERNAL_ERROR, ""),
            trace=self._trace,
            heard=reception.heard if reception else None,
        )
        host.attach(self._session, terminal)
        self._leg.connected()
        self._session.begin()

    def _ask(self, transaction: Transaction, answer: Callable[[bool], None]) -> None:
        self._answers[transaction] = answer
        self._leg.indicate(transaction)

    def _tell(self, event: events.Event) -> None:
        match event:
            case events.Identified(ident=ident, subaddress=subaddress):
                self._leg.indicate(primitives.RemoteIdentified(ident=ident, subaddress=subaddress))
            case events.Negotiated(parameters=parameters):
                self._leg.indicate(
                    primitives.Negotiated(
                        form=parameters.form, bit_rate=parameters.modulation.bit_rate, ecm=parameters.ecm
                    )
                )
            case events.OperatorRequested():
                if self._session is not None and self._terminal is not None:
                    self._session.tell(self._terminal.continue_procedure)
            case events.Ended(outcome=outcome):
                cause, detail = self.ending(outcome)
                asked = self._asked
                self._release(*(asked if asked and cause is causes.CALL_ABORTED else (cause, detail)))

    def _release(self, cause: Cause, detail: str) -> None:
        self._over(self._leg)
        self._answers.clear()
        self._leg.released(cause, detail)


class ReceivingLeg(FaxLeg):
    """Answers as a called terminal."""

    def __init__(
        self,
        leg: Leg,
        setup: FaxReceive,
        settings: FaxSettings,
        aside: Aside,
        trace: Trace,
        over: Callable[[Leg], None],
    ) -> None:
        super().__init__(leg, settings, aside, trace, over)
        self._setup = setup

    def take_bearer(self, bearer: T30Bearer, max_bit_rate: int) -> None:
        """Receive on *bearer*."""
        reception = Reception(self._deliver, self._aside)
        terminal = Terminal(
            self._settings.terminal(ident=self._setup.called_subscriber, max_speed=max_bit_rate, judge=reception.judge),
            role=Role.CALLED,
            intention=Intention.RECEIVE,
        )
        self._run(bearer, terminal, reception, reception)

    def ending(self, outcome: Outcome) -> tuple[Cause, str]:
        """Received, or why not."""
        return cause_of(outcome, sending=False), ""

    def _deliver(self, page: Page, last: bool, seconds: float, stored: Callable[[bool], None]) -> None:
        self._ask(primitives.PageReceived(page=page, seconds=seconds), stored)


class SendingLeg(FaxLeg):
    """Acts as a calling terminal and sends; it is the :class:`.sending.Progress` of its pages."""

    def __init__(
        self,
        leg: Leg,
        setup: FaxSend,
        settings: FaxSettings,
        aside: Aside,
        trace: Trace,
        over: Callable[[Leg], None],
    ) -> None:
        super().__init__(leg, settings, aside, trace, over)
        self._setup = setup
        self._sources: list[PageSource] = []
        self._dispatch: Dispatch | None = None

    def take_source(self, source: PageSource) -> None:
        """Its pages follow those of the sources before it."""
        self._sources.append(source)

    def take_bearer(self, bearer: T30Bearer, max_bit_rate: int) -> None:
        """Send on *bearer*."""
        pages = PageSequence(self._sources)
        if pages.count < self._setup.first_page:
            self._release(causes.NOTHING_TO_SEND, f"page {self._setup.first_page} of {pages.count}")
            return
        self._dispatch = Dispatch(pages, self._setup.first_page, self._settings, self, self._aside)
        terminal = Terminal(self._terminal_settings(max_bit_rate), role=Role.CALLER, intention=Intention.SEND)
        self._run(bearer, terminal, self._dispatch, None)

    def ending(self, outcome: Outcome) -> tuple[Cause, str]:
        """Delivered, unconfirmed, or why not."""
        assert self._dispatch is not None
        if outcome is Outcome.PAGES_FAILED and self._dispatch.failure is not None:
            return self._dispatch.failure, self._dispatch.detail
        return cause_of(outcome, sending=True, last_in_doubt=self._dispatch.last_in_doubt), ""

    def doubt(self, number: int, last: bool, committed: Callable[[bool], None]) -> None:
        """Ask the application to keep that *number* is in doubt."""
        self._ask(primitives.PageInDoubt(number=number, last=last), committed)

    def confirmed(self, number: int, octets: int, seconds: float) -> None:
        """Tell the application."""
        self._leg.indicate(primitives.PageConfirmed(number=number, octets=octets, seconds=seconds))

    def refused(self, number: int, sent_again: bool) -> None:
        """Tell the application."""
        self._leg.indicate(primitives.PageRefused(number=number, sent_again=sent_again))

    def passed(self, number: int, octets: int, total: int) -> None:
        """Tell the application."""
        self._leg.indicate(primitives.PageProgress(number=number, octets=octets, total=total))

    def _terminal_settings(self, max_bit_rate: int) -> TerminalSettings:
        return self._settings.terminal(
            ident=self._setup.transmitting_subscriber,
            subaddress=self._setup.subaddress,
            max_speed=min(self._setup.max_speed, max_bit_rate),
            ecm=self._setup.ecm,
            rtn_policy=self._setup.rtn_policy,
        )
