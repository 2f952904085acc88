"""Our T.30 against that of libspandsp, over T.38 packets in memory and in virtual time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from sandf.callcontrol.media import Page
from sandf.fmsp.pages import PageSequence
from sandf.fmsp.receiving import Deliver, Reception
from sandf.fmsp.sending import Dispatch
from sandf.fmsp.session import FaxSession
from sandf.fmsp.settings import FaxSettings
from sandf.fmsp.t38_pump import T38Pump
from sandf.protocols.t4.encode import packed
from sandf.protocols.t4.form import Coding, PageForm
from sandf.protocols.t4.walk import walk
from sandf.protocols.t30 import events
from sandf.protocols.t30.outcomes import Outcome
from sandf.protocols.t30.settings import Intention, Role
from sandf.protocols.t30.terminal import Terminal
from sandf.protocols.t38.ifp import Packet, decode, encode
from tests.fmsp.real_time import RealTime
from tests.fmsp.synchronous import at_once
from tests.peers.spandsp import MISSING, STEP, SpandspTerminal
from tests.protocols.t4.pages import drawn_rows, image_of, libtiff_strip

PAGES = 3
ROWS = 300


class Source:
    """Pages drawn beforehand."""

    count = PAGES

    def __init__(self, pages: list[list[list[int]]]) -> None:
        self._pages = pages
        self.forms: list[PageForm] = []

    def page(self, number: int, form: PageForm) -> Deferred[Page]:
        self.forms.append(form)
        rows = self._pages[number - 1]
        octets = libtiff_strip(image_of(rows), form.coding)
        return succeed(Page(number=number, form=form, rows=len(rows), octets=octets))


class Confirmations:
    """Who is told how the pages fare."""

    def __init__(self) -> None:
        self.pages: list[int] = []

    def doubt(self, number: int, last: bool, committed: Callable[[bool], None]) -> None:
        committed(True)

    def confirmed(self, number: int, octets: int, seconds: float) -> None:
        self.pages.append(number)

    def refused(self, number: int, sent_again: bool) -> None:
        raise AssertionError(f"page {number} was refused")

    def passed(self, number: int, octets: int, total: int) -> None:
        pass


class SpandspTests(SynchronousTestCase):
    if MISSING:
        skip = MISSING

    def setUp(self) -> None:
        self.reactor = Clock()
        self.outcome: Outcome | None = None
        self.negotiated: events.Negotiated | None = None
        self.to_spandsp: deque[bytes] = deque()
        self.frames: list[str] = []
        self.to_us: deque[bytes] = deque()
        self.drawn = [drawn_rows(seed, 1728, ROWS) for seed in range(PAGES)]
        self.folder = Path(self.mktemp())
        self.folder.mkdir()

    def terminal(self, coding: Coding, ecm: bool, role: Role, reception: Reception | None) -> Terminal:
        settings = FaxSettings(ecm=ecm, codings=(coding,))
        judge = reception.judge if reception else None
        return Terminal(
            settings.terminal(ident="+1 555 1000", judge=judge),
            role=role,
            intention=Intention.RECEIVE if reception else Intention.SEND,
        )

    def send(self, packet: Packet) -> None:
        self.to_spandsp.append(encode(packet))

    def run_call(self, terminal: Terminal, host: Reception | Dispatch, spandsp: SpandspTerminal) -> None:
        def told(event: events.Event) -> None:
            host.told(event)
            if isinstance(event, events.Ended):
                self.outcome = event.outcome
            elif isinstance(event, events.Negotiated):
                self.negotiated = event

        pump = T38Pump(RealTime(self.reactor), self.send)
        heard = host.heard if isinstance(host, Reception) else None
        session = FaxSession(
            name="peer",
            terminal=terminal,
            bearer=pump,
            told=told,
            failed=self.fail,
            trace=lambda call, line: self.frames.append(line.text),
            heard=heard,
        )
        host.attach(session, terminal)
        session.begin()
        limit = self.reactor.seconds() + 600
        while self.reactor.seconds() < limit and (self.outcome is None or spandsp.code is None):
            self.reactor.advance(STEP)
            while self.to_spandsp:
                spandsp.receive(self.to_spandsp.popleft())
            spandsp.step()
            while self.to_us:
                pump.receive(decode(self.to_us.popleft()))
        session.stop()
        pump.stop()
        spandsp.free()
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def assertEnded(self, spandsp: SpandspTerminal, coding: Coding, ecm: bool) -> None:
        self.assertEqual((self.outcome, spandsp.result), (Outcome.COMPLETED, "OK"))
        self.assertEqual(spandsp.heard_ident, "+1 555 1000")
        assert self.negotiated is not None
        parameters = self.negotiated.parameters
        self.assertEqual((parameters.form.coding, parameters.ecm), (coding, ecm))

    def we_send(self, coding: Coding, ecm: bool) -> None:
        source, confirmations = Source(self.drawn), Confirmations()
        dispatch = Dispatch(PageSequence([source]), 1, FaxSettings(), confirmations, at_once)
        received = self.folder / "received.tif"
        spandsp = SpandspTerminal(
            calling=False, send=self.to_us.append, ident="2000", ecm=ecm, codings=("mh", "mr", "mmr"), receive=received
        )
        self.run_call(self.terminal(coding, ecm, Role.CALLER, None), dispatch, spandsp)
        self.assertEnded(spandsp, coding, ecm)
        self.assertEqual(confirmations.pages, [1, 2, 3])
        with Image.open(received) as tiff:
            for number, rows in enumerate(self.drawn):
                tiff.seek(number)
                self.assertEqual(tiff.convert("1").tobytes(), image_of(rows).tobytes())

    def caller(self, deliver: Deliver, ecm: bool, transmitted: Path) -> tuple[SpandspTerminal, Reception]:
        """A spandsp that sends the drawn pages, and the host of what receives them."""
        images = [image_of(rows) for rows in self.drawn]
        images[0].save(
            transmitted, "TIFF", save_all=True, append_images=images[1:], compression="group4", dpi=(204, 196)
        )
        spandsp = SpandspTerminal(
            calling=True,
            send=self.to_us.append,
            ident="2000",
            ecm=ecm,
            codings=("mh", "mr", "mmr"),
            transmit=transmitted,
        )
        return spandsp, Reception(deliver, at_once)

    def we_receive(self, coding: Coding, ecm: bool, store_seconds: float = 0.0) -> None:
        pages: list[Page] = []

        def deliver(page: Page, last: bool, seconds: float, stored: Callable[[bool], None]) -> None:
            pages.append(page)
            self.assertEqual(last, len(pages) == PAGES)
            if store_seconds:
                self.reactor.callLater(store_seconds, stored, True)
            else:
                stored(True)

        spandsp, reception = self.caller(deliver, ecm, self.folder / "transmitted.tif")
        self.run_call(self.terminal(coding, ecm, Role.CALLED, reception), reception, spandsp)
        self.assertEnded(spandsp, coding, ecm)
        for rows, page in zip(self.drawn, pages, strict=True):
            lines = walk(page.octets, page.form.coding, page.form.width, keep=True)
            assert lines.changes is not None
            self.assertEqual((lines.rows, lines.bad, page.bad_rows), (ROWS, 0, 0))
            self.assertEqual(b"".join(map(packed, lines.changes)), b"".join(map(packed, rows)))

    def test_receiver_not_ready_while_the_store_is_slow(self) -> None:
        self.we_receive(Coding.MMR, True, store_seconds=7.0)
        self.assertIn("RNR", self.frames)
        self.assertIn("RR", self.frames)

    def test_without_ecm_the_answer_waits_for_the_store(self) -> None:
        self.we_receive(Coding.MR, False, store_seconds=4.5)
        self.assertEqual(self.frames.count("MPS"), 4)

    def test_a_page_that_is_not_stored_is_not_confirmed(self) -> None:
        for ecm in (True, False):
            self.outcome = None
            spandsp, reception = self.caller(
                lambda page, last, seconds, stored: stored(False), ecm, self.folder / f"{ecm}.tif"
            )
            self.run_call(self.terminal(Coding.MR, ecm, Role.CALLED, reception), reception, spandsp)
            self.assertIs(self.outcome, Outcome.STORE_REFUSED)
            self.assertNotEqual(spandsp.result, "OK")
            self.assertNotIn("MCF", self.frames)

    def test_we_send_mh_with_ecm(self) -> None:
        self.we_send(Coding.MH, True)

    def test_we_send_mr_with_ecm(self) -> None:
        self.we_send(Coding.MR, True)

    def test_we_send_mmr_with_ecm(self) -> None:
        self.we_send(Coding.MMR, True)

    def test_we_send_mh_without_ecm(self) -> None:
        self.we_send(Coding.MH, False)

    def test_we_send_mr_without_ecm(self) -> None:
        self.we_send(Coding.MR, False)

    def test_we_receive_mh_with_ecm(self) -> None:
        self.we_receive(Coding.MH, True)

    def test_we_receive_mr_with_ecm(self) -> None:
        self.we_receive(Coding.MR, True)

    def test_we_receive_mmr_with_ecm(self) -> None:
        self.we_receive(Coding.MMR, True)

    def test_we_receive_mh_without_ecm(self) -> None:
        self.we_receive(Coding.MH, False)

    def test_we_receive_mr_without_ecm(self) -> None:
        self.we_receive(Coding.MR, False)
