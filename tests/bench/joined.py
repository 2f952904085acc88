"""Two fax legs joined by the virtual exchange, in virtual time, with pages that were coded beforehand."""

from __future__ import annotations

from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from sandf import causes
from sandf.callcontrol.bridge import Bridge
from sandf.callcontrol.interfaces import IServiceProvider
from sandf.callcontrol.leg import Leg
from sandf.callcontrol.media import Page
from sandf.callcontrol.primitives import PageReceived
from sandf.fmsp.settings import FaxSettings
from sandf.protocols.t4.form import Coding, PageForm, Resolution

from ..fmsp.world import Documents, Receiver, Sender, World, rows_of
from . import papers


class PreparedPages:
    """A page source that has nothing left to do."""

    def __init__(self, page: Page, count: int) -> None:
        self.count = count
        self._page = page

    def page(self, number: int, form: PageForm) -> Deferred[Page]:
        """The same page each time, in the form that it was made for."""
        assert form == self._page.form, form
        return succeed(papers.numbered(self._page, number))


@implementer(IServiceProvider)
class PreparedDocuments(Documents):
    """Document legs that all supply *source*."""

    def __init__(self, source: PreparedPages) -> None:
        super().__init__()
        self._source = source

    def bridge_request(self, leg: Leg, bridge: Bridge) -> None:
        """Supply it."""
        self.sources.pop(0)
        bridge.supply(leg, self._source)


class FaxCall:
    """A call that sends *pages* times one page of dense text at fine resolution.  :meth:`run` is what is measured."""

    def __init__(self, coding: Coding, *, ecm: bool, pages: int) -> None:
        self.page = papers.page(1, PageForm(coding=coding, resolution=Resolution.FINE))
        self._pages = pages
        self._world = World(settings=FaxSettings(ecm=ecm, codings=(coding,)))
        self._world.documents = PreparedDocuments(PreparedPages(self.page, pages))
        self._world.control.register([self._world.documents], [Sender(self._world), Receiver(self._world)])

    def run(self) -> None:
        """From the dialling to the end of both calls."""
        self._sent = self._world.send("100", [[]] * self._pages)
        self._world.run()

    def check(self) -> None:
        """Raises AssertionError if the call did not end well or the pages do not show what was sent."""
        [received] = self._world.received
        causes_ = (self._sent.cause, received.cause)
        assert causes_ == (causes.DELIVERED, causes.RECEIVED), causes_
        pages = [transaction.page for transaction in received.transactions if isinstance(transaction, PageReceived)]
        assert len(pages) == self._pages, len(pages)
        assert rows_of(pages[-1]) == rows_of(self.page), "the last page differs"
