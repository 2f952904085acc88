"""A gateway of telephony and fax only, in virtual time: real call control, scripted documents and applications."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock, deferLater
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from sandf import causes
from sandf.callcontrol.bridge import Bridge
from sandf.callcontrol.call import Call
from sandf.callcontrol.control import CallControl, Selection
from sandf.callcontrol.events import (
    DisconnectConfirm,
    DisconnectIndication,
    HangUpRequest,
    SetupConfirm,
    SetupIndication,
    TransactionIndication,
)
from sandf.callcontrol.interfaces import IApplication, IServiceProvider
from sandf.callcontrol.leg import Leg
from sandf.callcontrol.media import Page
from sandf.callcontrol.primitives import (
    DocumentToFax,
    FaxReceive,
    FaxSend,
    PageInDoubt,
    PageReceived,
    ProviderKind,
    Setup,
    TelephoneCall,
    Transaction,
)
from sandf.causes import Cause, Failure
from sandf.fmsp.aside import Aside
from sandf.fmsp.far import FarMachines
from sandf.fmsp.provider import FaxProvider
from sandf.fmsp.settings import FaxSettings
from sandf.protocols.t4.form import Coding, PageForm
from sandf.protocols.t4.walk import walk
from sandf.store.records import TraceLine
from sandf.vtsp.exchange import VirtualExchange, VirtualPortSettings
from sandf.vtsp.provider import TelephonyProvider
from sandf.vtsp.rehearsal import Keep, machines
from tests.fmsp.synchronous import at_once
from tests.protocols.t4.pages import drawn_rows, image_of, libtiff_strip

Rows = list[list[int]]


def document(seed: int, pages: int, rows: int = 60) -> list[Rows]:
    """Pages as rows of changing elements."""
    return [drawn_rows(seed * 100 + number, 1728, rows) for number in range(pages)]


def rows_of(page: Page) -> Rows:
    """What a page shows."""
    lines = walk(page.octets, page.form.coding, page.form.width, keep=True)
    assert lines.changes is not None and not lines.bad, lines
    return list(lines.changes)


class Source:
    """Coded pages on demand."""

    def __init__(
        self,
        pages: Sequence[Rows],
        delay: Callable[[], Deferred[object]],
        broken: int = 0,
        coding: Coding | None = None,
    ) -> None:
        self.count = len(pages)
        self.forms: list[PageForm] = []
        self._pages = pages
        self._delay = delay
        self._broken = broken
        self._coding = coding

    def page(self, number: int, form: PageForm) -> Deferred[Page]:
        self.forms.append(form)
        made: Deferred[Page] = self._delay().addCallback(lambda _: self._made(number, form))
        return made

    def _made(self, number: int, form: PageForm) -> Page:
        if number == self._broken:
            raise Failure(causes.RENDERING_FAILED, f"page {number}")
        rows = self._pages[number - 1]
        form = replace(form, coding=self._coding or form.coding)
        octets = libtiff_strip(image_of(rows), form.coding)
        return Page(number=number, form=form, rows=len(rows), octets=octets)


@implementer(IServiceProvider)
class Documents:
    """Document legs whose sources are laid out beforehand."""

    kind = ProviderKind.DOCUMENT

    def __init__(self) -> None:
        self.sources: list[Source] = []

    def setup_request(self, leg: Leg, setup: Setup) -> None:
        leg.connected()

    def setup_response(self, leg: Leg) -> None:
        pass

    def alert_request(self, leg: Leg) -> None:
        pass

    def disconnect_request(self, leg: Leg, cause: Cause, detail: str) -> None:
        leg.released(cause, detail)

    def bridge_request(self, leg: Leg, bridge: Bridge) -> None:
        bridge.supply(leg, self.sources.pop(0))

    def media_indication(self, leg: Leg, bridge: Bridge, value: object) -> None:
        pass

    def transaction_response(self, leg: Leg, transaction: Transaction, accepted: bool) -> None:
        pass


@dataclass(kw_only=True)
class Fax:
    """What an application saw of one fax."""

    transactions: list[Transaction] = field(default_factory=list)
    cause: Cause | None = None
    detail: str = ""
    line_cause: Cause | None = None
    call: Call | None = None

    def of(self, kind: type[Transaction]) -> list[Transaction]:
        return [transaction for transaction in self.transactions if isinstance(transaction, kind)]

    @property
    def pages(self) -> list[Rows]:
        return [rows_of(t.page) for t in self.transactions if isinstance(t, PageReceived)]


@dataclass(kw_only=True)
class Order:
    """A fax to send."""

    called: str
    sources: list[list[Rows]]
    setup: FaxSend = field(default_factory=FaxSend)
    port: str = "lab"
    answer_timeout: float = 60.0
    broken: int = 0
    coding: Coding | None = None
    fax: Fax = field(default_factory=Fax)


class _Application:
    def __init__(self, world: World) -> None:
        self._world = world

    async def follow(self, call: Call, line: Leg, leg: Leg, fax: Fax) -> None:
        """Answer what waits, until the fax leg is gone; then hang up."""
        while fax.cause is None:
            event = await call.next_event()
            match event:
                case TransactionIndication(leg=which, transaction=transaction) if which is leg:
                    fax.transactions.append(transaction)
                    if isinstance(transaction, PageReceived | PageInDoubt):
                        leg.respond(transaction, await self._world.commit(transaction))
                case DisconnectIndication(leg=which) if which is leg:
                    fax.cause, fax.detail = event.cause, event.detail
                case DisconnectConfirm(leg=which) if which is leg:
                    fax.cause = leg.cause
                case DisconnectIndication(leg=which) if which is line:
                    fax.line_cause = event.cause
                    if leg.connected_at is None:
                        leg.disconnect(event.cause)
                case HangUpRequest(cause=cause):
                    leg.disconnect(cause)
        line.disconnect(fax.cause)


@implementer(IApplication)
class Sender(_Application):
    name = "send"

    async def run(self, call: Call) -> None:
        order = call.request
        assert isinstance(order, Order)
        order.fax.call = call
        documents = []
        for pages in order.sources:
            self._world.documents.sources.append(Source(pages, self._world.delay, order.broken, order.coding))
            documents.append(call.set_up(ProviderKind.DOCUMENT, DocumentToFax(called=order.called, calling="")))
        self._world.made += self._world.documents.sources
        line = call.set_up(
            ProviderKind.TELEPHONY,
            TelephoneCall(port=order.port, called=order.called, answer_timeout=order.answer_timeout),
        )
        while line.connected_at is None:
            event = await call.next_event()
            if isinstance(event, DisconnectIndication) and event.leg is line:
                order.fax.cause = order.fax.line_cause = event.cause
                return
            if isinstance(event, HangUpRequest):
                line.disconnect(event.cause)
                order.fax.cause = event.cause
                return
        leg = call.set_up(ProviderKind.FAX, order.setup)
        for pages_leg in documents:
            call.bridge(pages_leg, leg)
        call.bridge(line, leg)
        await self.follow(call, line, leg, order.fax)


@implementer(IApplication)
class Receiver(_Application):
    name = "receive"

    async def run(self, call: Call) -> None:
        event = await call.next_event()
        assert isinstance(event, SetupIndication)
        fax = Fax(call=call)
        self._world.received.append(fax)
        if not self._world.answers:
            event.leg.alert()
            while event.leg.released_at is None:
                await call.next_event()
            return
        await self._world.delay()
        event.leg.connect()
        while event.leg.connected_at is None:
            if isinstance(await call.next_event(), SetupConfirm):
                break
        await self._world.delay()
        leg = call.set_up(ProviderKind.FAX, FaxReceive(called_subscriber="+1 555"))
        call.bridge(event.leg, leg)
        await self.follow(call, event.leg, leg, fax)


class World:
    """Everything, wired."""

    def __init__(
        self,
        *ports: VirtualPortSettings,
        settings: FaxSettings | None = None,
        wanted: Callable[[str, str, str], bool] | None = None,
        keep: Keep | None = None,
        reactor: Clock | None = None,
    ) -> None:
        self.reactor = reactor or Clock()
        self.trace: list[TraceLine] = []
        self.received: list[Fax] = []
        self.kept: list[tuple[str, list[Page]]] = []
        self.made: list[Source] = []
        self.answers = True
        self.delay: Callable[[], Deferred[object]] = lambda: succeed(None)
        self.commit: Callable[[Transaction], Deferred[bool]] = lambda transaction: succeed(True)
        self.aside: Aside = at_once
        self.documents = Documents()
        numbers = itertools.count(1)
        self.control = CallControl(
            seconds=self.reactor.seconds,
            new_call_id=lambda: f"c{next(numbers)}",
            select=lambda kind, setup: Selection(peer_tag=1, application="receive"),
        )
        self.fax = FaxProvider(
            settings or FaxSettings(),
            aside=lambda work: self.aside(work),
            trace=lambda call, line: self.trace.append(line),
        )
        self.telephony = TelephonyProvider(self.control)
        self.exchange = VirtualExchange(
            reactor=self.reactor,
            ports=ports or (VirtualPortSettings(name="lab", speed=50),),
            wanted=wanted or (lambda called, calling, port: called == "100"),
            offer=self.telephony.offer,
            machines=machines(FarMachines(aside=at_once), keep or self.keep),
        )
        for port in self.exchange.ports.values():
            self.telephony.add_port(port)
        self.control.register([self.telephony, self.fax, self.documents], [Sender(self), Receiver(self)])

    async def keep(self, number: str, pages: Sequence[Page]) -> None:
        self.kept.append((number, list(pages)))

    def send(self, called: str, *sources: list[Rows], **more: object) -> Fax:
        """Originate a call; its fax fills as time passes."""
        order = Order(called=called, sources=list(sources), **more)  # type: ignore[arg-type]  # as the caller says
        self.control.originate("send", order)
        return order.fax

    def slow(self, seconds: float) -> None:
        """Everything that the applications ask for takes *seconds* of real time."""
        self.delay = lambda: deferLater(self.reactor, seconds, lambda: None)
        self.commit = lambda transaction: deferLater(self.reactor, seconds, lambda: True)

    def run(self, seconds: float = 10_000.0) -> None:
        """Let real time pass until nothing is left to do."""
        end = self.reactor.seconds() + seconds
        while (waiting := self.reactor.getDelayedCalls()) and self.reactor.seconds() < end:
            self.reactor.advance(max(0.0, min(call.getTime() for call in waiting) - self.reactor.seconds()))

    def run_until(self, reached: Callable[[], bool]) -> None:
        """Let time pass event by event until *reached*."""
        while not reached():
            waiting = self.reactor.getDelayedCalls()
            assert waiting, "nothing is left to happen"
            self.reactor.advance(max(0.0, min(call.getTime() for call in waiting) - self.reactor.seconds()))


class WorldCase(SynchronousTestCase):
    """Nothing may be left when a test is over."""

    world: World

    def setUp(self) -> None:
        self.world = World()

    def tearDown(self) -> None:
        self.assertEqual(self.world.reactor.getDelayedCalls(), [])
        self.assertEqual(self.world.control.calls, {})
        self.assertEqual(self.world.exchange.calls, set())
        self.assertEqual((self.world.fax._legs, self.world.telephony._legs), ({}, {}))
