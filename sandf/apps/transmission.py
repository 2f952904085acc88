"""One attempt to fax one recipient's message: pages, a telephone leg, a fax leg, and the ledger.

Dialling begins when the first page is ready.  Pages go through the ledger (design law 4): in doubt before the
post-message command, confirmed after MCF, never sent again once confirmed.  What the ending means for the
recipient is not decided here.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime

from sandf import causes
from sandf.callcontrol.call import Call
from sandf.callcontrol.events import (
    CapacityFreed,
    DisconnectConfirm,
    DisconnectIndication,
    HangUpRequest,
    SetupConfirm,
    TransactionIndication,
)
from sandf.callcontrol.leg import Leg
from sandf.callcontrol.primitives import (
    CoverPage,
    DocumentReady,
    DocumentToFax,
    FaxSend,
    MailIn,
    Negotiated,
    PageConfirmed,
    PageInDoubt,
    PageRefused,
    ProviderKind,
    RemoteIdentified,
    TelephoneCall,
)
from sandf.causes import Cause, Failure, Retry
from sandf.dialpeer import Match, PotsPeer
from sandf.store.interfaces import IStore
from sandf.store.records import FaxDirection, FaxRecord, FaxState, Job

from .ledger import PageLedger
from .records import FaxLog
from .routing import Routing
from .settings import OffRampSettings
from .words import subscriber_id

PATIENCE = 600.0
"""Seconds to wait for a free way before the recipient is deferred."""
SLOWER = (9600, 4800)
"""bit/s allowed after one, and after more failures of T.30 with this recipient; the last without ECM."""


class Transmission:
    """One attempt.  *note* adds a line to the job's history."""

    def __init__(
        self,
        call: Call,
        mail: Leg,
        job: Job,
        *,
        store: IStore,
        routing: Routing,
        settings: OffRampSettings,
        masked: Callable[[str], str],
        now: Callable[[], float],
        clock: IReactorTime,
        note: Callable[[str], None],
    ) -> None:
        assert isinstance(mail.setup, MailIn)
        self._call = call
        self._mail = mail
        self._job = job
        self._store = store
        self._routing = routing
        self._settings = settings
        self._masked = masked
        self._now = now
        self._clock = clock
        self._note = note
        self._sender = mail.setup.calling
        self._asked: Cause | None = None
        """Why somebody wants the call to end."""
        self._end_at_page: Cause | None = None

    async def run(self) -> tuple[Cause, str]:
        """From the stored mail to the ending; raises Failure where no fax call came about."""
        if self._job.all_confirmed:
            return causes.DELIVERED, ""
        if self._job.only_last_page_open:
            return causes.UNCONFIRMED, ""
        if not self._routing.leads_to(self._job.called):
            raise Failure(causes.NO_DIAL_PEER)
        sources = await self._make_pages()
        line, record = await self._reach()
        ledger = PageLedger(self._store, self._job, now=self._now, clock=self._clock)
        cause, detail = await self._send(line, sources, record, ledger)
        line.disconnect(cause)
        await ledger.settle(cause)
        await ledger.committed(lambda: record.close(FaxState.ENDED, cause, detail))
        return cause, detail

    # Pages.

    async def _make_pages(self) -> list[Leg]:
        """The document legs in the order in which their pages are sent, each with its first page ready."""
        self._mail.connect()
        cover = self._settings.cover.enable if self._job.cover is None else self._job.cover
        document, pages = await self._document_leg(
            DocumentToFax(
                called=self._masked(self._job.called),
                calling=self._sender,
                header=self._settings.header,
                first_number=2 if cover else 1,
            )
        )
        if not cover:
            return [document]
        cover_leg, _ = await self._document_leg(
            CoverPage(
                to=self._masked(self._job.called),
                sender=self._sender,
                comment=self._settings.cover.comment,
                show_detail=self._settings.cover.show_detail,
                pages=pages,
                header=self._settings.header,
            )
        )
        return [cover_leg, document]

    async def _document_leg(self, setup: DocumentToFax | CoverPage) -> tuple[Leg, int]:
        """A document leg that is ready, and its number of pages."""
        document = self._call.set_up(ProviderKind.DOCUMENT, setup)
        self._call.bridge(self._mail, document)
        pages = 0
        while True:
            event = await self._call.next_event()
            match event:
                case TransactionIndication(leg=leg, transaction=DocumentReady() as ready) if leg is document:
                    pages = ready.pages
                    for text in ready.notes:
                        self._note(text)
                case SetupConfirm(leg=leg) if leg is document:
                    return document, pages
                case DisconnectIndication():
                    raise Failure(event.cause, event.detail)
                case HangUpRequest():
                    raise Failure(event.cause)

    # The telephone.

    async def _reach(self) -> tuple[Leg, FaxLog]:
        """A connected telephone leg; waits while every way is in use, for :data:`PATIENCE` at most."""
        while True:
            try:
                return await self._hunt()
            except Failure as failure:
                if failure.cause is not causes.NO_PORT or self._asked or not await self._capacity():
                    raise

    async def _hunt(self) -> tuple[Leg, FaxLog]:
        """Try one dial peer after the other until one connects; raises the failure of the last one tried.

        The plan is asked for each anew: between two tries others may have taken a way, or left one.
        """
        failure = Failure(causes.NO_PORT)
        tried: set[int] = set()
        while True:
            ways = self._routing.telephone_side(self._job.called)
            match = next((way for way in ways if way.peer.tag not in tried), None)
            if match is None:
                raise failure
            tried.add(match.peer.tag)
            record = FaxLog(self._call, self._store, self._now)
            try:
                return await self._dial(match, record), record
            except Failure as failed:
                failure = failed
                if record.is_open:
                    await record.close(FaxState.ENDED, failed.cause, failed.detail)
                if self._asked or not self._routing.hunts_on_after(user_busy=failed.cause is causes.BUSY):
                    raise

    async def _capacity(self) -> bool:
        """Wait for a free way: False when patience ends.  A hang-up raises Failure."""
        self._note("waiting for a free port")
        self._routing.wait_for(self._job.called, self._call)
        timer = self._clock.callLater(PATIENCE, self._call.emit, CapacityFreed())
        try:
            while True:
                event = await self._call.next_event()
                match event:
                    case CapacityFreed():
                        return timer.active()
                    case HangUpRequest():
                        raise Failure(event.cause)
                    case DisconnectIndication():
                        raise Failure(event.cause, event.detail)
        finally:
            self._routing.wait_no_more(self._call)
            if timer.active():
                timer.cancel()

    def _new_record(self, match: Match[PotsPeer]) -> FaxRecord:
        return FaxRecord(
            fax_id="",
            call_id=self._call.call_id,
            direction=FaxDirection.OFF_RAMP,
            began_at=self._now(),
            job_id=self._job.job_id,
            attempt=self._job.attempts,
            called=self._job.called,
            calling=self._sender,
            subaddress=self._job.subaddress,
            port=match.peer.port or "",
            peer_tag=match.peer.tag,
            mail_peer_tag=self._mail.peer_tag,
        )

    async def _dial(self, match: Match[PotsPeer], record: FaxLog) -> Leg:
        """A connected telephone leg by this dial peer; raises Failure.

        The leg is there before anything is waited for, so that it counts for ``max_conn`` at once.
        """
        if not match.digits:
            raise Failure(causes.NOTHING_TO_DIAL, f"dial peer {match.peer.tag}")
        self._routing.peer_used(match.peer.tag)
        self._note(f"dialling by port {match.peer.port}")
        line = self._call.set_up(
            ProviderKind.TELEPHONY,
            TelephoneCall(
                port=match.peer.port or "",
                called=match.digits,
                calling=self._transmitting_subscriber(),
                answer_timeout=self._settings.answer_timeout,
            ),
            peer_tag=match.peer.tag,
        )
        await record.open(self._new_record(match))
        while True:
            event = await self._call.next_event()
            match event:
                case SetupConfirm(leg=leg) if leg is line:
                    record.connected()
                    return line
                case DisconnectIndication(leg=leg) if leg is line:
                    raise Failure(event.cause, event.detail)
                case HangUpRequest():
                    self._asked = event.cause
                    line.disconnect(event.cause)
                case DisconnectConfirm(leg=leg) if leg is line:
                    raise Failure(event.cause, event.detail)

    def _transmitting_subscriber(self) -> str:
        return subscriber_id(self._settings.transmitting_subscriber, called=self._job.called, calling=self._sender)

    # The fax.

    async def _send(self, line: Leg, sources: list[Leg], record: FaxLog, ledger: PageLedger) -> tuple[Cause, str]:
        """Send the pages over *line* until the fax leg is gone; how it ended."""
        fax = self._call.set_up(ProviderKind.FAX, self._fax_setup(line))
        for source in sources:
            self._call.bridge(source, fax)
        self._call.bridge(line, fax)
        while True:
            event = await self._call.next_event()
            match event:
                case TransactionIndication(leg=leg) if leg is fax:
                    await self._transaction(event, record, ledger)
                case HangUpRequest(at_page_end=True):
                    self._end_at_page = event.cause
                case HangUpRequest():
                    fax.disconnect(event.cause)
                case DisconnectIndication(leg=leg) | DisconnectConfirm(leg=leg) if leg is fax:
                    return event.cause, event.detail
                case DisconnectIndication(leg=leg) if leg is line and fax.connected_at is None:
                    fax.disconnect(event.cause)

    def _fax_setup(self, line: Leg) -> FaxSend:
        fastest, ecm, rtn_policy = self._settings.max_speed, self._settings.ecm, None
        peer = self._routing.plan.peer(line.peer_tag)
        if isinstance(peer, PotsPeer):
            fastest = min(fastest, peer.max_speed or fastest)
            ecm = ecm if peer.ecm is None else peer.ecm
            rtn_policy = peer.rtn_policy
        failed = sum(causes.CATALOGUE[number].retry is Retry.PROTOCOL for number in self._job.failures)
        if failed:
            fastest = min(fastest, SLOWER[min(failed, len(SLOWER)) - 1])
        return FaxSend(
            transmitting_subscriber=self._transmitting_subscriber(),
            subaddress=self._job.subaddress,
            first_page=self._job.confirmed_pages + 1,
            max_speed=fastest,
            ecm=ecm and failed < len(SLOWER),
            rtn_policy=rtn_policy,
        )

    async def _transaction(self, event: TransactionIndication, record: FaxLog, ledger: PageLedger) -> None:
        """Keep the ledger and the record."""
        match event.transaction:
            case PageInDoubt(number=number, last=last):
                event.leg.respond(event.transaction, await ledger.in_doubt(number, last=last))
            case PageConfirmed(number=number, octets=octets, seconds=seconds):
                record.page_done(octets, seconds)
                await ledger.confirmed(number)
                self._note(f"page {number} confirmed")
                if self._end_at_page is not None:
                    event.leg.disconnect(self._end_at_page)
            case PageRefused(number=number):
                await ledger.refused(number)
                self._note(f"page {number} refused by the far end")
            case RemoteIdentified(ident=ident):
                record.remote_identified(ident)
            case Negotiated() as negotiated:
                record.negotiated(negotiated)
