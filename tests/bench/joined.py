"""Two fax legs joined by the virtual exchange, in virtual time, with pages that were coded beforehand."""

from __future__ import annotations

from collections.abc import Sequence

from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from sandf import causes
from sandf.callcontrol.bridge import Bridge
from sandf.callcontrol.interfaces import IServiceProvider
from sandf.callcontrol.leg import Leg
from sandf.callcontrol.media import Page
from sandf.callcontrol.primitives import FaxSend, PageReceived
from sandf.fmsp.settings import FaxSettings
from sandf.protocols.t4.form import PageForm

from ..fmsp.world import Documents, Receiver, Sender, World, rows_of
from . import papers


class PreparedPages:
    """A page source that has nothing left to do."""

    def __init__(self, pages: Sequence[Page]) -> None:
        self.count = len(pages)
        self._pages = pages

    def page(self, number: int, form: PageForm) -> Deferred[Page]:
        """A page, in the form that it was made for."""
        page = self._pages[number - 1]
        assert form == page.form, form
        return succeed(papers.numbered(page, number))


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
    """A call that sends *pages*, all of one form.  :meth:`run` is what is measured."""

    def __init__(self, pages: Sequence[Page], *, ecm: bool) -> None:
        self._pages = pages
        self._world = World(settings=FaxSettings(ecm=ecm, codings=(pages[0].form.coding,)))
        self._world.documents = PreparedDocuments(PreparedPages(pages))
        self._world.control.register([self._world.documents], [Sender(self._world), Receiver(self._world)])

    def run(self) -> None:
        """From the dialling to the end of both calls."""
        order = FaxSend(transmitting_subscriber="+1 555 1000")
        self._sent = self._world.send("100", [[]] * len(self._pages), setup=order)
        self._world.run()

    def check(self) -> None:
        """Raises AssertionError if the call did not end well or the pages do not show what was sent."""
        [received] = self._world.received
        causes_ = (self._sent.cause, received.cause)
        assert causes_ == (causes.DELIVERED, causes.RECEIVED), causes_
        arrived = [transaction.page for transaction in received.transactions if isinstance(transaction, PageReceived)]
        assert len(arrived) == len(self._pages), len(arrived)
        seen: dict[tuple[bytes, bytes], bool] = {}
        for number, (sent, page) in enumerate(zip(self._pages, arrived, strict=True), 1):
            pair = sent.octets, page.octets
            if pair not in seen:
                seen[pair] = rows_of(sent) == rows_of(page)
            assert seen[pair], f"page {number} differs"
