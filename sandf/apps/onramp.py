"""The on-ramp: a fax call comes in, the fax is kept page by page, and a mail goes out.

Every page is committed before it is confirmed (design law 4).  The second half, from the stored pages to the
stored message, begins from the store alone: after a restart it runs again for every fax that was not mailed, on a
call that the gateway originates with a :class:`MailFax`.  It does not deliver the mail; that is MSPI's.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from zope.interface import implementer

from sandf import causes
from sandf.callcontrol.call import Call
from sandf.callcontrol.events import (
    DisconnectConfirm,
    DisconnectIndication,
    HangUpRequest,
    SetupConfirm,
    SetupIndication,
    TransactionIndication,
)
from sandf.callcontrol.interfaces import IApplication
from sandf.callcontrol.leg import Leg
from sandf.callcontrol.media import Page
from sandf.callcontrol.primitives import (
    FaxReceive,
    FaxToDocument,
    MailOut,
    Negotiated,
    PageReceived,
    ProviderKind,
    RemoteIdentified,
    TelephoneCall,
)
from sandf.causes import Cause, Failure, Retry
from sandf.dialpeer import MmoipPeer, TargetError
from sandf.logs import Logger
from sandf.store.interfaces import IFaxStore
from sandf.store.records import FaxDirection, FaxRecord, FaxState

from .records import FaxLog
from .routing import Routing
from .settings import OnRampSettings
from .words import file_name, subscriber_id


@dataclass(frozen=True, slots=True, kw_only=True)
class MailFax:
    """Mail a received fax that is in the store: after a restart, a failure, or the operator's release."""

    fax_id: str


@implementer(IApplication)
class OnRamp:
    """The application ``onramp``.  *tell_postmaster* commits a mail to him: a subject and a text."""

    name = "onramp"
    log = Logger()

    def __init__(
        self,
        *,
        store: IFaxStore,
        routing: Routing,
        settings: OnRampSettings,
        tell_postmaster: Callable[[str, str], Awaitable[None]],
        now: Callable[[], float],
    ) -> None:
        self.settings = settings
        self._store = store
        self._routing = routing
        self._tell_postmaster = tell_postmaster
        self._now = now

    async def run(self, call: Call) -> None:
        """Receive, keep and mail one fax."""
        if isinstance(call.request, MailFax):
            record = await self._store.fax(call.request.fax_id)
        else:
            event = await call.next_event()
            assert isinstance(event, SetupIndication)
            taken = await self._receive(call, event.leg)
            if taken is None:
                return
            record = taken
        await self._mail(call, record)

    async def _receive(self, call: Call, line: Leg) -> FaxRecord | None:
        """The fax as it was closed, ready to be mailed; None where there is nothing to mail."""
        assert isinstance(line.setup, TelephoneCall)
        mail_to, peer = self._mail_address(line.setup)
        if peer is None:
            line.disconnect(causes.NO_MAIL_ADDRESS)
            return None
        record = FaxRecord(
            fax_id="",
            call_id=call.call_id,
            direction=FaxDirection.ON_RAMP,
            began_at=self._now(),
            called=line.setup.called,
            calling=line.setup.calling,
            redirecting=line.setup.redirecting,
            port=line.setup.port,
            peer_tag=line.peer_tag,
            mail_peer_tag=peer.tag,
            mail_to=(mail_to,),
        )
        log = FaxLog(call, self._store, self._now)
        await log.open(record)
        line.connect()
        fax = call.set_up(ProviderKind.FAX, self._fax_setup(line.setup))
        call.bridge(line, fax)
        cause, detail = await Reception(call, log, self._store, self._now).until_released(line, fax)
        await log.close(self.closing_state(log.record, cause), cause, detail)
        self.log.info(
            "onramp({call}): {fax} {pages} pages: {cause}",
            call=call.call_id,
            fax=log.record.fax_id,
            pages=log.record.pages,
            cause=cause.name,
        )
        return log.record if log.record.state is FaxState.CLOSED else None

    def _mail_address(self, setup: TelephoneCall) -> tuple[str, MmoipPeer | None]:
        """To whom faxes for the called number are mailed, and by which dial peer."""
        for match in self._routing.mail_side(setup.called):
            target = match.peer.session_target
            if target is None:
                continue
            try:
                address = target.expand(
                    called=setup.called, redirecting=setup.redirecting or None, domain=self.settings.domain
                )
            except TargetError:
                continue
            self._routing.peer_used(match.peer.tag)
            return address, match.peer
        return "", None

    def _fax_setup(self, setup: TelephoneCall) -> FaxReceive:
        ident = subscriber_id(self.settings.called_subscriber, called=setup.called, calling=setup.calling)
        return FaxReceive(called_subscriber=ident)

    def closing_state(self, record: FaxRecord, cause: Cause) -> FaxState:
        """What becomes of a received fax that ended for *cause*: mailed, withheld, or nothing to mail."""
        if not record.pages:
            return FaxState.ENDED
        if cause is not causes.RECEIVED and self.settings.success_fax_only:
            return FaxState.WITHHELD
        return FaxState.CLOSED

    async def _mail(self, call: Call, record: FaxRecord) -> None:
        """Make the document and the message of a closed fax, and commit the message.

        What cannot be done now is done later (:mod:`.recovery`); what can never be done is withheld, and the
        postmaster is told.
        """
        failed = await self._commit_mail(call, record)
        if failed is None:
            return
        cause, detail = failed
        self.log.error(
            "onramp({call}): {fax} cannot be mailed: {cause} {detail}",
            call=call.call_id,
            fax=record.fax_id,
            cause=cause.name,
            detail=detail,
        )
        if cause.retry is Retry.NEVER:
            await self._tell_postmaster(f"Fax {record.fax_id} cannot be mailed", _unmailable(record, cause, detail))
            await self._store.close_fax(replace(record, state=FaxState.WITHHELD), FaxState.WITHHELD)

    async def _commit_mail(self, call: Call, record: FaxRecord) -> tuple[Cause, str] | None:
        """None when the message is in the store, else why it is not."""
        payload = await self._store.payload(record.fax_id)
        pages = tuple(kept.page for kept in payload)
        document = call.set_up(ProviderKind.DOCUMENT, self._document_setup(record, pages))
        mail = call.set_up(ProviderKind.MAIL, self._mail_setup(record, pages))
        call.bridge(document, mail)
        while True:
            event = await call.next_event()
            match event:
                case SetupConfirm(leg=leg) if leg is mail:
                    return None
                case DisconnectIndication(leg=leg) if leg in (document, mail):
                    return event.cause, event.detail

    def _document_setup(self, record: FaxRecord, pages: tuple[Page, ...]) -> FaxToDocument:
        name = file_name(self.settings.filename, dated=self.settings.filename_date, at=record.began_at)
        who = record.remote_ident or record.calling or "unknown"
        return FaxToDocument(pages=pages, filename=name, description=f"Fax from {who} to {record.called}")

    def _mail_setup(self, record: FaxRecord, pages: tuple[Page, ...]) -> MailOut:
        peer = self._routing.plan.peer(record.mail_peer_tag)
        settings = peer if isinstance(peer, MmoipPeer) else MmoipPeer(tag=0)
        ended = record.ended_at if record.ended_at is not None else record.began_at
        return MailOut(
            fax_id=record.fax_id,
            to=record.mail_to,
            called=record.called,
            calling=record.calling,
            remote_ident=record.remote_ident,
            subaddress=record.subaddress,
            received_at=record.began_at,
            seconds=ended - (record.connected_at or record.began_at),
            bit_rate=record.bit_rate,
            pages=record.pages,
            damaged_pages=tuple(page.number for page in pages if page.bad_rows),
            partial=None if record.cause is causes.RECEIVED else record.cause,
            dsn=tuple(sorted(word.value for word in settings.dsn)),
            mdn=settings.mdn,
            account_id=record.account_id,
            port=record.port,
        )


def _unmailable(record: FaxRecord, cause: Cause, detail: str) -> str:
    """What the postmaster is told."""
    return (
        f"A fax of {record.pages} pages from {record.remote_ident or record.calling or 'an unknown number'} to"
        f" {record.called} was received, and no mail can be made of it.\n\n"
        f"What happened: {cause.sentence}{f' ({detail})' if detail else ''}\n\n"
        f"Its pages are in the store. When the cause is mended, mail it with: sandf release {record.fax_id}\n"
    )


class Reception:
    """What is known of a fax while it comes in."""

    def __init__(self, call: Call, log: FaxLog, store: IFaxStore, now: Callable[[], float]) -> None:
        self._call = call
        self._log = log
        self._store = store
        self._now = now

    async def until_released(self, line: Leg, fax: Leg) -> tuple[Cause, str]:
        """Keep pages until the fax leg is gone: how it really ended, whoever wanted the end."""
        while True:
            event = await self._call.next_event()
            match event:
                case SetupConfirm(leg=leg) if leg is line:
                    self._log.connected()
                case TransactionIndication(leg=leg) if leg is fax:
                    await self._transaction(event)
                case HangUpRequest(at_page_end=False):
                    fax.disconnect(event.cause)
                case DisconnectIndication(leg=leg) if leg is line and fax.connected_at is None:
                    fax.disconnect(event.cause)
                case DisconnectIndication(leg=leg) | DisconnectConfirm(leg=leg) if leg is fax:
                    return event.cause, event.detail

    async def _transaction(self, event: TransactionIndication) -> None:
        match event.transaction:
            case PageReceived(page=page, seconds=seconds):
                kept = await self._keep(page)
                if kept:
                    self._log.page_done(len(page.octets), seconds)
                event.leg.respond(event.transaction, kept)
            case RemoteIdentified(ident=ident, subaddress=subaddress):
                self._log.remote_identified(ident, subaddress)
            case Negotiated() as negotiated:
                self._log.negotiated(negotiated)

    async def _keep(self, page: Page) -> bool:
        """Whether *page* is committed now."""
        try:
            await self._store.add_page(self._log.record.fax_id, page, self._now())
        except Failure as failure:
            OnRamp.log.error(
                "onramp({call}): page {page} is not stored and not confirmed: {reason}",
                call=self._call.call_id,
                page=page.number,
                reason=failure,
            )
            return False
        return True
