"""The document provider in real calls, between a mail leg and a fax leg that the test plays."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta, timezone
from io import BytesIO

from PIL import Image, ImageSequence
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from sandf import causes
from sandf.callcontrol.call import Call
from sandf.callcontrol.events import DisconnectConfirm, DisconnectIndication, SetupConfirm, TransactionIndication
from sandf.callcontrol.interfaces import IServiceProvider
from sandf.callcontrol.leg import Leg
from sandf.callcontrol.media import Document, Page, PageSource, Part
from sandf.callcontrol.primitives import (
    CoverPage,
    DocumentReady,
    DocumentToFax,
    FaxReceive,
    FaxSend,
    FaxToDocument,
    HeaderLine,
    MailIn,
    MailOut,
    ProviderKind,
)
from sandf.dmsp.coding import encoded
from sandf.dmsp.desk import Desk
from sandf.dmsp.interfaces import IRenderer
from sandf.dmsp.provider import DocumentProvider, cover_of
from sandf.dmsp.settings import RenderingSettings
from sandf.dmsp.wire import Code, Open, Raster
from sandf.protocols.t4.form import Coding, PageForm, Paper, Resolution

from ..callcontrol.providers import ScriptedProvider
from .papers import DirectRenderer, decoded, ink, marked, pdf, saved

FINE = PageForm(coding=Coding.MMR, resolution=Resolution.FINE)
STANDARD = PageForm(coding=Coding.MH, resolution=Resolution.STANDARD)
HEADER = HeaderLine(left="$t$", center="From $s$ to $d$", right="$p$/$n$")


def tiff(*rows: int) -> Part:
    pages = [marked(1728, count) for count in rows]
    octets = saved(pages[0], "TIFF", save_all=True, append_images=pages[1:], compression="group4", dpi=(204, 196))
    return Part(media_type="image/tiff", octets=octets)


class ProviderCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.patch(Image, "MAX_IMAGE_PIXELS", Image.MAX_IMAGE_PIXELS)  # a desk sets it for the whole process
        self.renderer = DirectRenderer()
        self.now = 1_795_000_000.0
        self.provider = DocumentProvider(
            self.renderer, seconds=lambda: self.now, zone=timezone(timedelta(hours=1)), cache_octets=1 << 24
        )
        self.mail = ScriptedProvider(ProviderKind.MAIL)
        self.fax = ScriptedProvider(ProviderKind.FAX)
        self.events: list[object] = []
        self.call = self.new_call()

    def new_call(self) -> Call:
        providers: dict[ProviderKind, IServiceProvider] = {
            ProviderKind.DOCUMENT: self.provider,
            ProviderKind.MAIL: self.mail,
            ProviderKind.FAX: self.fax,
        }
        return Call(
            call_id="c1", providers=providers, seconds=lambda: 0.0, seen=lambda call, event: self.events.append(event)
        )

    def document_leg(
        self, setup: DocumentToFax | CoverPage, document: Document | None, call: Call | None = None
    ) -> Leg:
        """A document leg bridged to a mail leg, which supplies *document* if there is one."""
        call = call or self.call
        mail = call.add_incoming(ProviderKind.MAIL, MailIn(job_id="j", called="5710801", calling="a@example.com"), 0)
        leg = call.set_up(ProviderKind.DOCUMENT, setup)
        self.mail_bridge = call.bridge(mail, leg)
        if document is not None:
            self.mail_bridge.supply(mail, document)
        return leg

    def source(self, leg: Leg, call: Call | None = None) -> PageSource:
        """What crosses to a fax leg bridged to *leg*."""
        call = call or self.call
        fax = call.set_up(ProviderKind.FAX, FaxSend())
        value = call.bridge(leg, fax).value
        assert value is not None
        return value  # type: ignore[return-value]  # a PageSource, as the bridge promises

    def seen(self, kind: type) -> list[object]:
        return [event for event in self.events if isinstance(event, kind)]

    def ready(self) -> DocumentReady:
        event = next(event for event in self.events if isinstance(event, TransactionIndication))
        assert isinstance(event.transaction, DocumentReady)
        return event.transaction

    def ended(self) -> DisconnectIndication:
        return next(event for event in self.events if isinstance(event, DisconnectIndication))


class ToFax(ProviderCase):
    setup = DocumentToFax(called="5710801", calling="a@example.com", header=HEADER)

    def test_interfaces(self) -> None:
        verifyObject(IServiceProvider, self.provider)
        verifyObject(IRenderer, self.renderer)

    def test_waits_for_the_document(self) -> None:
        leg = self.document_leg(self.setup, None)
        self.assertEqual(leg.state, "coming up")
        self.mail_bridge.supply(self.mail_bridge.near, Document(parts=(tiff(500, 600),), discarded=("audio/wav",)))
        self.assertEqual(leg.state, "connected")
        self.assertEqual((self.ready().pages, self.ready().discarded), (2, ("audio/wav",)))
        self.assertIn("audio/wav", self.ready().notes[0])

    def test_connected_when_the_first_page_is_ready(self) -> None:
        self.renderer.hold = True
        leg = self.document_leg(self.setup, Document(parts=(tiff(500),)))
        self.assertEqual(leg.state, "coming up")
        self.renderer.release()
        self.assertEqual(leg.state, "connected")
        self.assertIsInstance(self.events[-2], TransactionIndication)
        self.assertIsInstance(self.events[-1], SetupConfirm)

    def test_pages_under_their_header_line(self) -> None:
        source = self.source(self.document_leg(self.setup, Document(parts=(tiff(500, 600),))))
        self.assertEqual(source.count, 2)
        for number, rows in ((1, 500), (2, 600)):
            page = self.successResultOf(source.page(number, FINE))
            self.assertEqual((page.number, page.form, page.rows), (number, FINE, rows + 24))
            image = decoded(page)
            self.assertEqual(image.crop((0, 24, 1728, rows + 24)).tobytes(), marked(1728, rows).tobytes())
            self.assertGreater(ink(image, (0, 0, 1728, 24)), 0.01)

    def test_words_of_the_header_line(self) -> None:
        setup = DocumentToFax(called="5710801", calling="a@example.com", header=HEADER, first_number=2)
        source = self.source(self.document_leg(setup, Document(parts=(tiff(500, 600),))))
        self.now = 1_795_000_060.0
        self.successResultOf(source.page(1, FINE))
        self.now += 3600
        page = self.successResultOf(source.page(2, FINE))
        self.assertEqual(page.number, 3)
        headers = [asked.header for asked in self.renderer.asked if isinstance(asked, Code)]
        first = ("2026-11-18,12:07:40", "From a@example.com to 5710801")
        self.assertEqual(headers, [(*first, "2/3"), (*first, "3/3")])

    def test_no_header_line(self) -> None:
        setup = DocumentToFax(called="1", calling="2")
        source = self.source(self.document_leg(setup, Document(parts=(tiff(500),))))
        image = decoded(self.successResultOf(source.page(1, FINE)))
        self.assertEqual(image.tobytes(), marked(1728, 500).tobytes())

    def test_every_form_that_is_asked_for(self) -> None:
        source = self.source(self.document_leg(self.setup, Document(parts=(tiff(500),))))
        for coding in Coding:
            for resolution in (Resolution.STANDARD, Resolution.FINE, Resolution.INCH_300):
                form = PageForm(coding=coding, resolution=resolution, paper=Paper.B4)
                page = self.successResultOf(source.page(1, form))
                self.assertEqual(page.form, form)
                self.assertEqual(decoded(page).size, (form.width, page.rows))

    def test_rasterised_once_for_all_recipients_and_codings(self) -> None:
        document = Document(parts=(tiff(500),))
        again = Document(parts=(tiff(500),))
        first = self.source(self.document_leg(self.setup, document))
        call = self.new_call()
        other = DocumentToFax(called="999", calling="b", header=HEADER)
        second = self.source(self.document_leg(other, again, call), call)
        pages = [self.successResultOf(source.page(1, FINE)) for source in (first, second)]
        self.successResultOf(second.page(1, PageForm(coding=Coding.MR, resolution=Resolution.FINE)))
        self.assertEqual(sum(isinstance(asked, Open) for asked in self.renderer.asked), 1)
        self.assertEqual(sum(isinstance(asked, Raster) for asked in self.renderer.asked), 1)
        tops = [decoded(page).crop((0, 0, 1728, 24)).tobytes() for page in pages]
        self.assertNotEqual(*tops)

    def test_the_next_page_is_made_ahead(self) -> None:
        source = self.source(self.document_leg(self.setup, Document(parts=(tiff(300, 400, 500),))))
        self.successResultOf(source.page(1, FINE))
        self.renderer.hold = True
        self.assertEqual(self.successResultOf(source.page(2, FINE)).rows, 424)
        third = source.page(3, FINE)
        self.assertNoResult(third)
        self.renderer.release()
        self.assertEqual(self.successResultOf(third).rows, 524)

    def test_a_page_made_ahead_in_another_form_is_dropped(self) -> None:
        source = self.source(self.document_leg(self.setup, Document(parts=(tiff(300, 400),))))
        self.successResultOf(source.page(1, FINE))
        page = self.successResultOf(source.page(2, STANDARD))
        self.assertEqual(page.form, STANDARD)
        self.assertEqual(decoded(page).size, (1728, 212))

    def test_page_that_does_not_exist(self) -> None:
        source = self.source(self.document_leg(self.setup, Document(parts=(tiff(300),))))
        self.assertRaises(ValueError, source.page, 2, FINE)
        self.assertRaises(ValueError, source.page, 0, FINE)

    def test_each_failure_releases_the_leg(self) -> None:
        for parts, discarded, cause in (
            ((), (), causes.NOTHING_TO_SEND),
            ((), ("audio/wav",), causes.UNSUPPORTED_TYPE),
            ((Part(media_type="image/tiff", octets=b"no", filename="x.tif"),), (), causes.UNREADABLE),
        ):
            self.events.clear()
            leg = self.document_leg(self.setup, Document(parts=parts, discarded=discarded))
            self.assertEqual((leg.state, leg.cause), ("released", cause))
        self.assertIn("x.tif: ", self.ended().detail)

    def test_a_page_that_fails_later_fails_alone(self) -> None:
        self.renderer.desk = Desk(RenderingSettings(pixels=20_000_000))
        parts = (Part(media_type="application/pdf", octets=pdf([b"", b""], (100, 14400))),)
        leg = self.document_leg(self.setup, Document(parts=parts))
        source = self.source(leg)
        large = PageForm(coding=Coding.MMR, resolution=Resolution.INCH_400, paper=Paper.A3)
        error = self.failureResultOf(source.page(2, large), causes.Failure)
        self.assertEqual(error.value.cause, causes.DOCUMENT_TOO_LARGE)
        self.assertEqual(self.successResultOf(source.page(2, STANDARD)).number, 2)
        self.assertEqual(leg.state, "connected")

    def test_disconnect_before_the_first_page(self) -> None:
        self.renderer.hold = True
        leg = self.document_leg(self.setup, Document(parts=(tiff(500),)))
        leg.disconnect(causes.CANCELLED)
        self.assertEqual((leg.state, leg.cause), ("released", causes.CANCELLED))
        self.assertIsInstance(self.events[-1], DisconnectConfirm)
        self.assertEqual(len(self.renderer.cancelled), 1)
        self.assertEqual(self.provider._services, {})

    def test_disconnect_while_pages_are_made(self) -> None:
        leg = self.document_leg(self.setup, Document(parts=(tiff(300, 400),)))
        source = self.source(leg)
        self.renderer.hold = True
        waiting = source.page(1, FINE)
        leg.disconnect(causes.CANCELLED)
        self.assertEqual(len(self.renderer.cancelled), 1)
        self.renderer.release()
        for result in (waiting, source.page(1, FINE)):
            self.assertEqual(self.failureResultOf(result, causes.Failure).value.cause, causes.CANCELLED)

    def test_one_of_two_recipients_goes_away(self) -> None:
        self.renderer.hold = True
        first = self.document_leg(self.setup, Document(parts=(tiff(300),)))
        call = self.new_call()
        second = self.document_leg(self.setup, Document(parts=(tiff(300),)), call)
        first.disconnect(causes.CANCELLED)
        self.assertEqual(self.renderer.cancelled, [])
        self.renderer.release()
        self.assertEqual(second.state, "connected")

    def test_missing_glyphs_are_told(self) -> None:
        part = Part(media_type="text/plain", octets="\U000f0000".encode(), charset="utf-8")
        self.document_leg(self.setup, Document(parts=(part,)))
        self.assertIn("\U000f0000", self.ready().notes[0])

    def test_what_it_cannot_serve(self) -> None:
        leg = self.call.set_up(ProviderKind.DOCUMENT, FaxReceive())
        self.assertEqual(leg.cause, causes.INTERNAL_ERROR)


class Cover(ProviderCase):
    def test_one_page_with_its_words(self) -> None:
        document = Document(
            parts=(tiff(300),), sender="Jane <a@example.com>", subject="Figures", date="today", headers=(("X-A", "1"),)
        )
        setup = CoverPage(to="5710801", sender="a", comment="Secret", show_detail=True, pages=3, header=HEADER)
        leg = self.document_leg(setup, document)
        source = self.source(leg)
        self.assertEqual((leg.state, source.count), ("connected", 1))
        page = self.successResultOf(source.page(1, FINE))
        self.assertEqual((page.number, page.rows), (1, 2107 + 24))
        self.assertGreater(ink(decoded(page)), 0.005)
        cover = cover_of(setup, document)
        self.assertEqual(dict(cover.fields)["From"], "Jane <a@example.com>")
        self.assertEqual(dict(cover.fields)["Pages"], "4 with this cover")
        self.assertEqual(cover.details, [("X-A", "1")])
        header = next(asked.header for asked in self.renderer.asked if isinstance(asked, Code))
        self.assertEqual(header[2], "1/4")


class ToDocument(ProviderCase):
    def document(self, pages: Sequence[Page]) -> Document:
        setup = FaxToDocument(pages=tuple(pages), filename="fax.tif", description="Fax from 1 to 2")
        leg = self.call.set_up(ProviderKind.DOCUMENT, setup)
        self.assertEqual(leg.state, "connected")
        mail = self.call.set_up(ProviderKind.MAIL, MailOut(fax_id="f", to=("a@example.com",), called="1", calling="2"))
        value = self.call.bridge(leg, mail).value
        assert isinstance(value, Document)
        return value

    def test_all_codings_and_resolutions_in_one_file(self) -> None:
        forms = [PageForm(coding=c, resolution=r) for c in Coding for r in (Resolution.STANDARD, Resolution.R16)]
        images = [marked(form.width, 200 + number) for number, form in enumerate(forms)]
        pages = [
            Page(number=number, form=form, rows=image.height, octets=encoded(image, form))
            for number, (form, image) in enumerate(zip(forms, images, strict=True), 1)
        ]
        document = self.document(pages)
        (part,) = document.parts
        self.assertEqual((part.media_type, part.filename, document.pages), ("image/tiff", "fax.tif", 6))
        self.assertEqual(part.parameters, (("application", "faxbw"),))
        with Image.open(BytesIO(part.octets)) as file:
            for frame, image, form in zip(ImageSequence.Iterator(file), images, forms, strict=True):
                self.assertEqual(frame.tobytes(), image.tobytes())
                self.assertEqual(tuple(map(float, frame.info["dpi"])), form.resolution.value)
                self.assertEqual(frame.tag_v2[270], "Fax from 1 to 2")  # type: ignore[attr-defined]

    def test_rows_are_counted_where_nobody_has(self) -> None:
        for coding in Coding:
            form = PageForm(coding=coding, resolution=Resolution.FINE)
            octets = encoded(marked(1728, 123), form)
            document = self.document([Page(number=1, form=form, rows=0, octets=octets)])
            with Image.open(BytesIO(document.parts[0].octets)) as file:
                self.assertEqual(file.size, (1728, 123))

    def test_what_is_made_goes_back_to_fax(self) -> None:
        octets = encoded(marked(1728, 400), FINE)
        document = self.document([Page(number=1, form=FINE, rows=400, octets=octets)])
        leg = self.document_leg(DocumentToFax(called="1", calling="2"), document)
        page = self.successResultOf(self.source(leg).page(1, FINE))
        self.assertEqual(page.octets, octets)

    def test_bridged_before_it_is_made(self) -> None:
        self.renderer.hold = True
        page = Page(number=1, form=FINE, rows=9, octets=encoded(marked(1728, 9), FINE))
        leg = self.call.set_up(ProviderKind.DOCUMENT, FaxToDocument(pages=(page,), filename="f"))
        mail = self.call.set_up(ProviderKind.MAIL, MailOut(fax_id="f", to=("a",), called="1", calling="2"))
        bridge = self.call.bridge(leg, mail)
        self.assertIsNone(bridge.value)
        self.renderer.release()
        self.assertEqual(leg.state, "connected")
        self.assertIsInstance(bridge.value, Document)

    def test_no_pages(self) -> None:
        leg = self.call.set_up(ProviderKind.DOCUMENT, FaxToDocument(pages=(), filename="f"))
        self.assertEqual((leg.state, leg.cause), ("released", causes.UNREADABLE))
