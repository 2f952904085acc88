"""The host of a terminal that receives: pages go to *deliver*, and are confirmed when it says so.

Used by fax legs and by the fax machines at the far end of rehearsal numbers alike.

A page that is answered by RTN is not delivered: its sender sends it again, or gives it up.

What this module does not do: it keeps no page.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure as Trouble

from sandf.callcontrol.media import Page
from sandf.logs import Logger
from sandf.protocols.t4.form import Coding
from sandf.protocols.t4.line import to_strip
from sandf.protocols.t30 import events, pump
from sandf.protocols.t30.capabilities import Parameters
from sandf.protocols.t30.pump import Modulation
from sandf.protocols.t30.terminal import Terminal

from .aside import Aside
from .judging import PageJudge
from .session import FaxSession

Deliver = Callable[[Page, bool, float, Callable[[bool], None]], None]
"""``deliver(page, last, seconds, stored)``: calls ``stored(True)`` once the page is kept, or ``stored(False)``."""


class Reception:
    """What a receiving terminal needs of its host; :meth:`attach` it to its session before that begins.

    *page_begins* is told the number of each page as its data begin.  The first *rejected* pages without ECM get RTN.
    """

    log = Logger()

    def __init__(
        self,
        deliver: Deliver,
        aside: Aside,
        *,
        page_begins: Callable[[int], None] | None = None,
        rejected: int = 0,
    ) -> None:
        self.judge = PageJudge(rejected)
        """For the settings of the terminal."""
        self.delivered = 0
        """Pages that were delivered."""
        self._deliver = deliver
        self._aside = aside
        self._page_begins = page_begins
        self._parameters: Parameters | None = None
        self._session: FaxSession
        self._terminal: Terminal
        self._begun = 0

    def attach(self, session: FaxSession, terminal: Terminal) -> None:
        """Serve *terminal* in *session*."""
        self._session = session
        self._terminal = terminal

    def heard(self, signal: pump.Signal) -> None:
        """Look at a signal before the terminal does."""
        if isinstance(signal, pump.CarrierDetected) and signal.modulation is not Modulation.V21:
            self._carrier()

    def told(self, event: events.Event) -> None:
        """An event of the terminal."""
        if isinstance(event, events.Negotiated):
            self._parameters = event.parameters
        elif isinstance(event, events.PageReceived):
            self._page(event)

    def _carrier(self) -> None:
        if self._parameters is None or not self._session.page_expected:
            return
        if self._page_begins is not None and self._begun <= self.delivered:
            self._begun = self.delivered + 1
            self._page_begins(self._begun)

    def _page(self, event: events.PageReceived) -> None:
        seconds = self._session.take_page_seconds()
        answer = self._session.wait()
        if event.verdict in (events.Verdict.RTN, events.Verdict.PIN):
            self._begun = self.delivered
            answer(self._terminal.page_stored)
            return
        self.delivered += 1
        number = self.delivered

        def stored(kept: bool) -> None:
            answer(self._terminal.page_stored if kept else self._terminal.page_refused)

        def ready(octets: bytes) -> None:
            if not self._session.over:
                self._deliver(_page(event, number, octets), not event.more, seconds, stored)

        def failed(trouble: Trouble) -> None:
            self.log.failure("t30({call}): page {page} is lost", trouble, call=self._session.name, page=number)
            stored(False)

        self._strip(event).addCallback(ready).addErrback(failed)

    def _strip(self, event: events.PageReceived) -> Deferred[bytes]:
        """Without fill and RTC; the line's time stands still meanwhile, or the store's patience covers it.

        T.6 data keep their EOFB: without it nobody could tell codes from the padding of the last octet.
        """
        octets, form = event.octets, event.parameters.form
        if form.coding is Coding.MMR:
            return succeed(octets)
        return self._aside(lambda: to_strip(octets, form.coding, form.width))


def _page(event: events.PageReceived, number: int, octets: bytes) -> Page:
    """The page as the rest of the gateway knows it; under ECM nobody has counted its rows."""
    form, quality = event.parameters.form, event.quality
    return Page(
        number=number,
        form=form,
        rows=quality.rows if quality else 0,
        octets=octets,
        bad_rows=quality.bad_rows if quality else 0,
        consecutive_bad_rows=quality.longest_bad_run if quality else 0,
    )
