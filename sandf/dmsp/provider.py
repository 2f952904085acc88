"""DMSP, the document service provider: documents to pages, cover pages, and pages to a document.

A leg waits for its document, has it read and its first page rasterised, and is connected then; the pages go
to the fax leg bridged to it, on demand.  A leg that makes a document of received pages supplies that document
to the mail leg.

What this module does not do: find the parts of a mail (MSPI does), choose whether there is a cover (the
application does), or keep anything on disk.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from datetime import datetime, tzinfo

from twisted.internet.defer import CancelledError, Deferred
from zope.interface import implementer

from sandf import causes
from sandf.callcontrol.bridge import Bridge
from sandf.callcontrol.interfaces import IServiceProvider
from sandf.callcontrol.leg import Leg
from sandf.callcontrol.media import Document, Part
from sandf.callcontrol.primitives import (
    CoverPage,
    DocumentReady,
    DocumentToFax,
    FaxToDocument,
    ProviderKind,
    Setup,
    Transaction,
)
from sandf.causes import Cause, Failure
from sandf.dmsp.interfaces import IRenderer, Work
from sandf.dmsp.pages import Library, Pages
from sandf.dmsp.wire import Cover
from sandf.logs import Logger
from sandf.protocols.t4.form import Paper, Resolution

FIRST_PAGE = (Resolution.FINE, Paper.A4)
"""In what form the first page is made before anybody has asked for it; most calls agree on it."""
TIFF_FOR_FAX = (("application", "faxbw"),)
"""Parameter of image/tiff (RFC 3302 clause 3)."""


class _Service:
    """What one leg has done so far."""

    def __init__(self, setup: DocumentToFax | CoverPage | FaxToDocument) -> None:
        self.setup = setup
        self.waiting: list[Bridge] = []
        """Bridges to legs that want what this leg makes, until it is made."""
        self.made: Pages | Document | None = None
        self.task: Deferred[None] | None = None
        self.source: Bridge | None = None
        """The bridge over which the document came."""


@implementer(IServiceProvider)
class DocumentProvider:
    """The provider.  *seconds* gives seconds since 1970 and *zone* the time zone, for the header line.

    *cache_octets* bounds the rasterised pages that are kept for other recipients of the same message.
    """

    kind = ProviderKind.DOCUMENT
    log = Logger()

    def __init__(
        self,
        renderer: IRenderer,
        *,
        seconds: Callable[[], float],
        zone: tzinfo | None = None,
        cache_octets: int,
    ) -> None:
        self._renderer = renderer
        self._library = Library(renderer, cache_octets)
        self._seconds = seconds
        self._zone = zone
        self._services: dict[Leg, _Service] = {}

    # IServiceProvider.

    def setup_request(self, leg: Leg, setup: Setup) -> None:
        """Take the leg; one that has its pages already begins at once, others wait for the document."""
        if not isinstance(setup, DocumentToFax | CoverPage | FaxToDocument):
            leg.released(causes.INTERNAL_ERROR, f"dmsp cannot serve {type(setup).__name__}")
            return
        service = self._services[leg] = _Service(setup)
        if isinstance(setup, FaxToDocument):
            self._begin(leg, service, self._wrap(leg, service, setup))

    def setup_response(self, leg: Leg) -> None:
        """No leg of documents comes in."""
        leg.released(causes.INTERNAL_ERROR, "dmsp has no incoming legs")

    def alert_request(self, leg: Leg) -> None:
        """Nothing rings here."""

    def disconnect_request(self, leg: Leg, cause: Cause, detail: str) -> None:
        """Stop the work and forget the pages."""
        self._forget(leg, cause)
        leg.released(cause, detail)

    def bridge_request(self, leg: Leg, bridge: Bridge) -> None:
        """Supply what is made to a leg that takes it, now or when it is ready."""
        service = self._services.get(leg)
        taker = ProviderKind.MAIL if isinstance(leg.setup, FaxToDocument) else ProviderKind.FAX
        if service is None or bridge.other(leg).kind is not taker:
            return
        if service.made is None:
            service.waiting.append(bridge)
        else:
            bridge.supply(leg, service.made)

    def media_indication(self, leg: Leg, bridge: Bridge, value: object) -> None:
        """The document has come: make its pages."""
        service = self._services.get(leg)
        if service is None or service.task is not None or not isinstance(value, Document):
            return
        if isinstance(service.setup, DocumentToFax):
            self._begin(leg, service, self._render(leg, service, service.setup, value))
        elif isinstance(service.setup, CoverPage):
            self._begin(leg, service, self._cover(leg, service, service.setup, value))

    def transaction_response(self, leg: Leg, transaction: Transaction, accepted: bool) -> None:
        """No transaction of this provider waits for a response."""

    # The work of a leg.

    def _begin(self, leg: Leg, service: _Service, work: Coroutine[Deferred[object], object, None]) -> None:
        service.task = Deferred.fromCoroutine(self._guarded(leg, work))

    async def _guarded(self, leg: Leg, work: Coroutine[Deferred[object], object, None]) -> None:
        """Let *work* run; a leg whose work fails is released."""
        try:
            await work
        except CancelledError:
            pass
        except Failure as failure:
            self._end(leg, failure.cause, failure.detail)
        except Exception:
            self.log.failure("dmsp({call}): failed", call=leg.call_id)
            self._end(leg, causes.INTERNAL_ERROR, "")

    async def _render(self, leg: Leg, service: _Service, setup: DocumentToFax, document: Document) -> None:
        if not document.parts:
            cause = causes.UNSUPPORTED_TYPE if document.discarded else causes.NOTHING_TO_SEND
            raise Failure(cause, ", ".join(document.discarded))
        work = Work(key=await self._renderer.identify(document.parts), parts=document.parts)
        opened = await self._library.opened(work)
        discarded = (*document.discarded, *opened.discarded)
        pages = Pages(
            call_id=leg.call_id,
            work=work,
            count=opened.pages,
            library=self._library,
            header=setup.header,
            called=setup.called,
            calling=setup.calling,
            first_number=setup.first_number,
            total=setup.first_number - 1 + opened.pages,
            now=self._now,
        )
        await self._ready(leg, service, pages, work, discarded)

    async def _cover(self, leg: Leg, service: _Service, setup: CoverPage, document: Document) -> None:
        work = Work(key=f"cover of leg {leg.number}", cover=cover_of(setup, document))
        pages = Pages(
            call_id=leg.call_id,
            work=work,
            count=1,
            library=self._library,
            header=setup.header,
            called=setup.to,
            calling=document.sender or setup.sender,
            first_number=1,
            total=1 + setup.pages,
            now=self._now,
        )
        await self._ready(leg, service, pages, work, ())

    async def _ready(self, leg: Leg, service: _Service, pages: Pages, work: Work, discarded: tuple[str, ...]) -> None:
        """Once the first page is rasterised: say so, and supply *pages* to whoever waits."""
        first = await self._library.rows(work, 1, *FIRST_PAGE, urgent=False)
        notes = [f"Left out, because it cannot be faxed: {', '.join(discarded)}."] if discarded else []
        if first.missing:
            notes.append(f"No font has these characters of page 1; they are sent as ?: {_distinct(first.missing)}")
        service.made = pages
        leg.indicate(DocumentReady(pages=pages.count, discarded=discarded, notes=tuple(notes)))
        self._made(leg, service)

    async def _wrap(self, leg: Leg, service: _Service, setup: FaxToDocument) -> None:
        octets = await self._renderer.wrap(setup)
        part = Part(media_type="image/tiff", octets=octets, filename=setup.filename, parameters=TIFF_FOR_FAX)
        service.made = Document(parts=(part,), pages=len(setup.pages))
        self._made(leg, service)

    def _made(self, leg: Leg, service: _Service) -> None:
        leg.connected()
        waiting, service.waiting = service.waiting, []
        for bridge in waiting:
            bridge.supply(leg, service.made)

    def _end(self, leg: Leg, cause: Cause, detail: str) -> None:
        self.log.info("dmsp({call}): {cause} {detail}", call=leg.call_id, cause=cause.name, detail=detail)
        if leg in self._services:
            self._forget(leg, cause)
            leg.released(cause, detail)

    def _forget(self, leg: Leg, cause: Cause) -> None:
        service = self._services.pop(leg, None)
        if service is None:
            return
        if isinstance(service.made, Pages):
            service.made.close(cause)
        if service.task is not None:
            service.task.cancel()

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._seconds(), self._zone).astimezone(self._zone)


def cover_of(setup: CoverPage, document: Document) -> Cover:
    """What the cover of *document* says; lines without content are left out."""
    fields = (
        ("To", setup.to),
        ("From", document.sender or setup.sender),
        ("Subject", document.subject),
        ("Date", document.date),
        ("Pages", f"{setup.pages + 1} with this cover" if setup.pages else ""),
    )
    return Cover(
        fields=[(label, value) for label, value in fields if value],
        comment=setup.comment,
        details=list(document.headers) if setup.show_detail else [],
    )


def _distinct(characters: str) -> str:
    return " ".join(dict.fromkeys(characters))
