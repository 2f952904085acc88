"""The host of a terminal that receives: pages go to *deliver*, and are confirmed when it says so.

Used by fax legs and by the fax machines at the far end of rehearsal numbers alike.

A page that is answered by RTN is not delivered: its sender sends it again, or gives it up.

What this module does not do: it keeps no page.
"""

from __future__ import annotations

from collections.abc import Callable

from sandf.callcontrol.media import Page
from sandf.protocols.t4.form import Coding
from sandf.protocols.t4.line import to_strip
from sandf.protocols.t30 import events, pump
from sandf.protocols.t30.capabilities import Parameters
from sandf.protocols.t30.pump import Modulation
from sandf.protocols.t30.terminal import Terminal

from .judging import PageJudge
from .session import FaxSession

Deliver = Callable[[Page, bool, float, Callable[[bool], None]], None]
"""``deliver(page, last, seconds, stored)``: calls ``stored(True)`` once the page is kept, or ``stored(False)``."""


class Reception:
    """What a receiving terminal needs of its host; :meth:`attach` it to its session before that begins.

    *page_begins* is told the number of each page as its data begin.
    """

    def __init__(self, deliver: Deliver, page_begins: Callable[[int], None] | None = None) -> None:
        self.judge = PageJudge()
        self.delivered = 0
        """Pages that were delivered."""
        self._deliver = deliver
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
        if isinstance(signal, pump.DataReceived):
            self.judge.feed(signal.octets)
        elif isinstance(signal, pump.CarrierDetected) and signal.modulation is not Modulation.V21:
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
        if not self._parameters.ecm:
            self.judge.begin(self._parameters)
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

        def stored(kept: bool) -> None:
            answer(self._terminal.page_stored if kept else self._terminal.page_refused)

        self._deliver(_page(event, self.delivered), not event.more, seconds, stored)


def _page(event: events.PageReceived, number: int) -> Page:
    """The page as the rest of the gateway knows it; under ECM nobody has counted its rows.

    T.6 data keep their EOFB: without it nobody could tell codes from the padding of the last octet.
    """
    form = event.parameters.form
    octets = event.octets if form.coding is Coding.MMR else to_strip(event.octets, form.coding, form.width)
    quality = event.quality
    return Page(
        number=number,
        form=form,
        rows=quality.rows if quality else 0,
        octets=octets,
        bad_rows=quality.bad_rows if quality else 0,
        consecutive_bad_rows=quality.longest_bad_run if quality else 0,
    )
