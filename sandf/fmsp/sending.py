"""The host of a terminal that sends: pages come from a sequence, and each step of their confirmation is reported.

The terminal counts the pages of this call from 1; everybody else counts those of the fax.

Fill and RTC are put to a whole page off the reactor thread, before the terminal has it: for the speed that is known
by then, and anew, while TCF is on the line, where training falls back.

What this module does not do: it keeps no ledger; *doubt* is answered when somebody else has.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure as Trouble

from sandf import causes
from sandf.callcontrol.media import Page
from sandf.causes import Cause, Failure
from sandf.logs import Logger
from sandf.protocols.t4.form import PageForm
from sandf.protocols.t4.line import min_line_bits
from sandf.protocols.t30 import events
from sandf.protocols.t30.capabilities import Parameters
from sandf.protocols.t30.message import finish, least_bits, takes_long
from sandf.protocols.t30.outcomes import Outcome
from sandf.protocols.t30.terminal import Terminal

from .aside import Aside
from .forms import choose
from .pages import PageSequence
from .session import FaxSession
from .settings import FaxSettings


class Progress(Protocol):
    """Who is told how the pages fare; numbers are those of the fax."""

    def doubt(self, number: int, last: bool, committed: Callable[[bool], None]) -> None:
        """The post-message command of a page is about to be sent; say ``committed`` when that is on record."""

    def confirmed(self, number: int, octets: int, seconds: float) -> None:
        """MCF (or RTP) for a page of *octets*, which took *seconds* on the line."""

    def refused(self, number: int, sent_again: bool) -> None:
        """RTN for a page."""

    def passed(self, number: int, octets: int, total: int) -> None:
        """So much of a page has passed."""


class Dispatch:
    """What a sending terminal needs of its host; :meth:`attach` it to its session before that begins.

    *first_page* is the first to send, the earlier ones being confirmed.
    """

    log = Logger()

    def __init__(
        self, pages: PageSequence, first_page: int, settings: FaxSettings, progress: Progress, aside: Aside
    ) -> None:
        self.failure: Cause | None = None
        """Why a page could not be had, if that ended the call."""
        self.detail = ""
        self.last_in_doubt = False
        """The last page may have been received: its command was sent, and not answered."""
        self._pages = pages
        self._skipped = first_page - 1
        self._settings = settings
        self._progress = progress
        self._aside = aside
        self._bit_rate: int | None = None  # of the latest DCS
        self._at_hand: dict[int, events.OutgoingPage] = {}  # pages that the terminal has
        self._octets: dict[int, int] = {}
        self._session: FaxSession
        self._terminal: Terminal

    def attach(self, session: FaxSession, terminal: Terminal) -> None:
        """Serve *terminal* in *session*."""
        self._session = session
        self._terminal = terminal

    def told(self, event: events.Event) -> None:
        """An event of the terminal."""
        match event:
            case events.Negotiated(parameters=parameters):
                self._bit_rate = parameters.modulation.bit_rate
                self._finish_again(parameters)
            case events.PageWanted(number=number, offer=offer):
                self._want(number + self._skipped, offer)
            case events.PageInDoubt(number=number):
                self._doubt(number + self._skipped)
            case events.PageConfirmed(number=number):
                self._confirm(number + self._skipped)
            case events.PageRejected(number=number, will_repeat=will_repeat):
                self.last_in_doubt = False
                self._progress.refused(number + self._skipped, will_repeat)
            case events.Progress(number=number, octets=octets, total=total):
                self._progress.passed(number + self._skipped, octets, total or 0)

    def _want(self, number: int, offer: events.PageOffer) -> None:
        answer = self._session.wait()
        if number > self._pages.count:
            answer(self._terminal.no_more_pages)
            return
        form = choose(offer, preferred=self._settings.send_resolution, paper=self._settings.send_paper)

        def finished(page: Page) -> Deferred[events.OutgoingPage]:
            self._octets[number] = len(page.octets)
            outgoing = events.OutgoingPage(octets=page.octets, form=page.form)
            return self._finished(outgoing, self._least_bits(offer, page.form))

        def ready(page: events.OutgoingPage) -> None:
            answer(lambda now: self._page_ready(number, page, now))

        def failed(trouble: Trouble) -> None:
            self._fail(number, trouble)
            answer(self._terminal.pages_failed)

        self._pages.page(number, form).addCallback(finished).addCallback(ready).addErrback(failed)

    def _least_bits(self, offer: events.PageOffer, form: PageForm) -> int:
        """Bits of a scan line at the speed at which the next page will probably go."""
        time = offer.scan_line_time.milliseconds(form.resolution, half_again=offer.scan_halves)
        return min_line_bits(time, min(self._bit_rate or offer.bit_rate, offer.bit_rate))

    def _finished(self, page: events.OutgoingPage, least: int) -> Deferred[events.OutgoingPage]:
        """*page* as it goes over the line, if the terminal could not do that in no time."""
        if not takes_long(page.octets, page.form, least):
            return succeed(replace(page, finished=None))
        octets = self._aside(lambda: finish(page.octets, page.form, least))
        return octets.addCallback(lambda done: replace(page, finished=events.FinishedPage(octets=done, min_bits=least)))

    def _finish_again(self, parameters: Parameters) -> None:
        """The pages that are at hand, if they were finished for another speed or scan line time."""
        least = least_bits(parameters)
        for number, page in list(self._at_hand.items()):
            if page.form == parameters.form and (page.finished is None or page.finished.min_bits != least):
                self._finish_page_again(number, page, least)

    def _finish_page_again(self, number: int, page: events.OutgoingPage, least: int) -> None:
        answer = self._session.wait()

        def done(page: events.OutgoingPage) -> None:
            if number in self._at_hand:
                self._at_hand[number] = page
            answer(lambda now: self._terminal.page_finished(page, now))

        def failed(trouble: Trouble) -> None:
            self._fail(number, trouble)
            answer(self._terminal.pages_failed)

        self._finished(page, least).addCallback(done).addErrback(failed)

    def _page_ready(self, number: int, page: events.OutgoingPage, now: float) -> None:
        self._at_hand[number] = page
        try:
            self._terminal.page_ready(page, now)
        except ValueError as wrong:
            self.log.error("t30({call}): {reason}", call=self._session.name, reason=wrong)
            self.failure, self.detail = causes.INTERNAL_ERROR, str(wrong)
            self._terminal.pages_failed(now)

    def _fail(self, number: int, trouble: Trouble) -> None:
        if isinstance(trouble.value, Failure):
            self.failure, self.detail = trouble.value.cause, trouble.value.detail
        else:
            self.log.failure("t30({call}): page {page} cannot be sent", trouble, call=self._session.name, page=number)

    def _doubt(self, number: int) -> None:
        answer = self._session.wait()
        last = number == self._pages.count

        def committed(kept: bool) -> None:
            if kept:
                self.last_in_doubt = last
                answer(self._terminal.page_in_doubt_committed)
            else:
                answer(lambda now: self._terminal.hang_up(now, Outcome.ABORTED))

        self._progress.doubt(number, last, committed)

    def _confirm(self, number: int) -> None:
        self._at_hand.pop(number, None)
        self.last_in_doubt = False
        self._progress.confirmed(number, self._octets.pop(number, 0), self._session.take_page_seconds())
