"""One attempt to fax one recipient's message: pages, a telephone leg, a fax leg, and the ledger.

Dialling begins when the first page is ready.  Pages go through the ledger (design law 4): in doubt before the
post-message command, confirmed after MCF, never sent again once confirmed.  What the ending means for the
recipient is not decided here.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred

from sandf import causes
from sandf.callcontrol.call import Call
from sandf.callcontrol.events import (
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
    ProviderKind,
    RemoteIdentified,
    TelephoneCall,
)
from sandf.causes import Cause, Failure, Retry
from sandf.dialpeer import Match, PotsPeer
from sandf.logs import Logger
from sandf.store.interfaces import IStore
from sandf.store.records import FaxDirection, FaxRecord, FaxState, Job

from .records import FaxLog
from .routing import Routing
from .settings import OffRampSettings
from .words import subscriber_id

SLOWER = (9600, 4800)
"""bit/s allowed after one, and after more failures of T.30 with this recipient; the last without ECM."""


class Transmission:
    """One attempt.  *note* adds a line to the job's history."""

    log = Logger()

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
        matches = self._routing.telephone_side(self._job.called)
        if not matches:
            raise Failure(self._routing.why_none(self._job.called))
        sources = await self._make_pages()
        return await self._hunt(matches, sources)

    # Pages.

    async def _make_pages(self) -> list[Leg]:
        """The document legs in the order in which their pages are sent, each with its first page ready."""
        self._mail.connect()
        cover = self._settings.cover.wanted(self._job.cover)
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

    async def _hunt(self, matches: tuple[Match[PotsPeer], ...], sources: list[Leg]) -> tuple[Cause, str]:
        """Try one dial peer after the other until one connects; then the fax call's ending counts."""
        failure = Failure(causes.NO_PORT)
        for match in matches:
            record = FaxLog(self._call, self._store, self._now)
            await record.open(self._new_record(match))
            try:
                line = await self._dial(match, record)
            except Failure as failed:
                failure = failed
                await record.close(FaxState.ENDED, failed.cause, failed.detail)
                if self._asked or not self._routing.hunts_on_after(user_busy=failed.cause is causes.BUSY):
                    break
                continue
            cause, detail = await self._send(line, sources, record)
            await record.close(FaxState.ENDED, cause, detail)
            return cause, detail
        raise failure

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
            port=match.peer.port or "",
            peer_tag=match.peer.tag,
            mail_peer_tag=self._mail.peer_tag,
        )

    async def _dial(self, match: Match[PotsPeer], record: FaxLog) -> Leg:
        """A connected telephone leg by this dial peer; raises Failure."""
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
                    raise Failure(self._asked or causes.CALL_ABORTED)

    def _transmitting_subscriber(self) -> str:
        return subscriber_id(self._settings.transmitting_subscriber, called=self._job.called, calling=self._sender)

    # The fax.

    async def _send(self, line: Leg, sources: list[Leg], record: FaxLog) -> tuple[Cause, str]:
        """Send the pages over *line* until the fax leg is gone; how it ended."""
        fax = self._call.set_up(ProviderKind.FAX, self._fax_setup(line))
        for source in sources:
            self._call.bridge(source, fax)
        self._call.bridge(line, fax)
        while True:
            event = await self._call.next_event()
            match event:
                case TransactionIndication(leg=leg) if leg is fax:
                    await self._transaction(event, record)
                case HangUpRequest(at_page_end=True):
                    self._end_at_page = event.cause
                case HangUpRequest():
                    self._asked = event.cause
                    fax.disconnect(event.cause)
                case DisconnectIndication(leg=leg) if leg is fax:
                    return event.cause, event.detail
                case DisconnectConfirm(leg=leg) if leg is fax:
                    # Hung up while the last page was in doubt: that outweighs why we hung up.
                    return (
                        causes.UNCONFIRMED if fax.cause is causes.UNCONFIRMED else self._asked or causes.CALL_ABORTED,
                        "",
                    )
                case DisconnectIndication(leg=leg) if leg is line and fax.connected_at is None:
                    self._asked = event.cause
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

    async def _transaction(self, event: TransactionIndication, record: FaxLog) -> None:
        """Keep the ledger and the record."""
        job, now = self._job, self._now()
        match event.transaction:
            case PageInDoubt(number=number, last=last):
                change = self._store.page_in_doubt(job.job_id, number, last=last, attempt=job.attempts, now=now)
                event.leg.respond(event.transaction, await self._is_committed(change))
            case PageConfirmed(number=number, octets=octets, seconds=seconds):
                record.page_done(octets, seconds)
                await self._is_committed(self._store.page_confirmed(job.job_id, number, now))
                self._note(f"page {number} confirmed")
                if self._end_at_page is not None:
                    self._asked = self._end_at_page
                    event.leg.disconnect(self._end_at_page)
            case RemoteIdentified(ident=ident):
                record.remote_identified(ident)
            case Negotiated() as negotiated:
                record.negotiated(negotiated)

    async def _is_committed(self, change: Deferred[None]) -> bool:
        try:
            await change
        except Failure as failure:
            self.log.error("offramp({call}): {reason}", call=self._call.call_id, reason=failure)
            return False
        return True
