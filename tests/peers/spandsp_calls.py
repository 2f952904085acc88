"""Calls between our T.30 and that of libspandsp, over T.38 packets in memory and in virtual time.

Pages are drawn; what arrives, at either end, is for the test to look at.  Packets may be lost on the way to order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from PIL import Image
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock

from sandf.callcontrol.media import Page
from sandf.fmsp.pages import PageSequence
from sandf.fmsp.receiving import Reception
from sandf.fmsp.sending import Dispatch
from sandf.fmsp.session import FaxSession
from sandf.fmsp.settings import FaxSettings
from sandf.fmsp.t38_pump import T38Pump
from sandf.protocols.t4.form import Coding, PageForm, Paper, Resolution
from sandf.protocols.t4.walk import walk
from sandf.protocols.t30 import events
from sandf.protocols.t30.capabilities import Parameters
from sandf.protocols.t30.outcomes import Outcome
from sandf.protocols.t30.settings import Intention, Role
from sandf.protocols.t30.terminal import Terminal
from sandf.protocols.t38.ifp import Packet, decode, encode
from sandf.store.records import TraceLine
from tests.fmsp.packet_bearer import PacketBearer
from tests.fmsp.real_time import RealTime
from tests.fmsp.synchronous import at_once
from tests.peers.spandsp import MODEMS, STEP, SpandspTerminal
from tests.protocols.t4.pages import image_of, libtiff_strip

LONGEST_CALL = 7200.0
"""Seconds after which a call is given up."""
AFTERWARDS = 60.0
"""Seconds that libspandsp2 has for its end once we have ended: without DCN it may wait for ever."""
OURS, THEIRS = "+1 555 1000", "2000"

Lost = Callable[[bool, Packet], bool]
"""``lost(ours, packet)``: whether a packet, of ours or of libspandsp, does not arrive."""


def nothing_lost(ours: bool, packet: Packet) -> bool:
    """A network without faults."""
    return False


class Picture:
    """A page as rows of changing elements, and what it takes to send it."""

    def __init__(self, rows: list[list[int]]) -> None:
        self.rows = rows
        self.width = rows[0][-1]
        self._strips: dict[Coding, bytes] = {}

    @cached_property
    def image(self) -> Image.Image:
        """The same for Pillow."""
        return image_of(self.rows)

    def paper(self, resolution: Resolution) -> Paper:
        """The paper that is so wide at *resolution*."""
        return next(paper for paper in Paper if paper.pels(resolution) == self.width)

    def strip(self, coding: Coding) -> bytes:
        """Coded by libtiff."""
        if coding not in self._strips:
            self._strips[coding] = libtiff_strip(self.image, coding)
        return self._strips[coding]


class Source:
    """Pages drawn beforehand, each as wide as it was drawn."""

    def __init__(self, pictures: Sequence[Picture]) -> None:
        self._pictures = pictures
        self.count = len(pictures)
        self.asked: list[int] = []

    def page(self, number: int, form: PageForm) -> Deferred[Page]:
        self.asked.append(number)
        picture = self._pictures[number - 1]
        form = replace(form, paper=picture.paper(form.resolution))
        return succeed(Page(number=number, form=form, rows=len(picture.rows), octets=picture.strip(form.coding)))


class Confirmations:
    """Who is told how the pages fare."""

    def __init__(self) -> None:
        self.pages: list[int] = []
        self.refusals: list[int] = []

    def doubt(self, number: int, last: bool, committed: Callable[[bool], None]) -> None:
        committed(True)

    def confirmed(self, number: int, octets: int, seconds: float) -> None:
        self.pages.append(number)

    def refused(self, number: int, sent_again: bool) -> None:
        self.refusals.append(number)

    def passed(self, number: int, octets: int, total: int) -> None:
        pass


Store = Callable[[Page, Callable[[bool], None]], None]


def stored_at_once(page: Page, stored: Callable[[bool], None]) -> None:
    """A store that takes no time."""
    stored(True)


class Call:
    """One call; :meth:`send` or :meth:`receive` runs it to its end, and the rest says what happened.

    *folder* takes the TIFF of libspandsp's end.  *prepare* is called when both ends are there and have not begun.
    """

    def __init__(
        self,
        folder: Path,
        *,
        ecm: bool = True,
        modems: tuple[str, ...] = tuple(MODEMS),
        lost: Lost = nothing_lost,
        prepare: Callable[[Call], None] = lambda call: None,
    ) -> None:
        self.clock = Clock()
        self.tiff = folder / "far.tif"
        """What libspandsp has received, or sends."""
        self.lines: list[TraceLine] = []
        """The trace at our end."""
        self.outcome: Outcome | None = None
        self.negotiated: list[Parameters] = []
        self.heard_ident = ""
        """CSI, CIG or TSI of libspandsp2."""
        self.confirmations = Confirmations()
        self.pages: list[Page] = []
        """What we received."""
        self.last: list[bool] = []
        """Of each of them, whether it was said to be the last."""
        self.failed = False
        self._ended_at = 0.0
        self.spandsp: SpandspTerminal
        self.terminal: Terminal
        self.source: Source
        self._ecm, self._modems, self._lost, self._prepare = ecm, modems, lost, prepare
        self._to_spandsp: deque[bytes | None] = deque()
        self._to_us: deque[bytes] = deque()

    @property
    def texts(self) -> list[str]:
        """The names of the V.21 frames both ways, and what else the trace says."""
        return [line.text for line in self.lines]

    def send(self, pictures: Sequence[Picture], settings: FaxSettings, *, calling: bool = True) -> None:
        """We send to one that we call, or that polls us."""
        self.source = Source(pictures)
        dispatch = Dispatch(PageSequence([self.source]), 1, settings, self.confirmations, at_once)
        self.spandsp = self._far(calling=not calling, receive=self.tiff)
        self.terminal = Terminal(
            settings.terminal(ident=OURS), role=Role.CALLER if calling else Role.CALLED, intention=Intention.SEND
        )
        self._run(dispatch)

    def receive(
        self,
        pictures: Sequence[Picture],
        settings: FaxSettings,
        *,
        resolution: Resolution = Resolution.FINE,
        calling: bool = False,
        store: Store = stored_at_once,
    ) -> None:
        """We receive from one that calls us, or that we poll."""

        def deliver(page: Page, last: bool, seconds: float, stored: Callable[[bool], None]) -> None:
            self.pages.append(page)
            self.last.append(last)
            store(page, stored)

        first, *others = (picture.image for picture in pictures)
        first.save(self.tiff, "TIFF", save_all=True, append_images=others, compression="group4", dpi=resolution.value)
        reception = Reception(deliver, at_once)
        self.spandsp = self._far(calling=not calling, transmit=self.tiff)
        self.terminal = Terminal(
            settings.terminal(ident=OURS, judge=reception.judge),
            role=Role.CALLER if calling else Role.CALLED,
            intention=Intention.RECEIVE,
        )
        self._run(reception)

    def _far(self, *, calling: bool, transmit: Path | None = None, receive: Path | None = None) -> SpandspTerminal:
        return SpandspTerminal(
            calling=calling,
            send=self._to_us.append,
            ident=THEIRS,
            ecm=self._ecm,
            modems=self._modems,
            transmit=transmit,
            receive=receive,
        )

    def _run(self, host: Reception | Dispatch) -> None:
        bearer = PacketBearer(RealTime(self.clock), self._sent)
        pump = T38Pump(bearer)
        session = FaxSession(
            name="peer",
            terminal=self.terminal,
            bearer=pump,
            told=lambda event: self._told(host, event),
            failed=self._fail,
            trace=lambda call, line: self.lines.append(line),
            heard=host.heard if isinstance(host, Reception) else None,
        )
        host.attach(session, self.terminal)
        self._prepare(self)
        session.begin()
        while not self.failed and not self._over():
            self._step(bearer)
        session.stop()
        pump.stop()
        self.spandsp.free()

    def _over(self) -> bool:
        if self.outcome is None:
            return self.clock.seconds() > LONGEST_CALL
        return self.spandsp.code is not None or self.clock.seconds() > self._ended_at + AFTERWARDS

    def _step(self, bearer: PacketBearer) -> None:
        self.clock.advance(STEP)
        while self._to_spandsp:
            octets = self._to_spandsp.popleft()
            if octets is None:
                self.spandsp.miss()
            else:
                self.spandsp.receive(octets)
        self.spandsp.step()
        while self._to_us:
            packet = decode(self._to_us.popleft())
            if self._lost(False, packet):
                bearer.missing += 1
            else:
                bearer.receive(packet)

    def _sent(self, packet: Packet) -> None:
        self._to_spandsp.append(None if self._lost(True, packet) else encode(packet))

    def _told(self, host: Reception | Dispatch, event: events.Event) -> None:
        host.told(event)
        if isinstance(event, events.Ended):
            self.outcome, self._ended_at = event.outcome, self.clock.seconds()
        elif isinstance(event, events.Identified):
            self.heard_ident = event.ident
        elif isinstance(event, events.Negotiated):
            self.negotiated.append(event.parameters)

    def _fail(self) -> None:
        self.failed = True


def pictures_in(tiff: Path) -> list[tuple[Image.Image, tuple[int, int]]]:
    """The pages of *tiff*, and what they say of their resolution."""
    pages = []
    with Image.open(tiff) as file:
        for number in range(getattr(file, "n_frames", 1)):
            file.seek(number)
            x, y = file.info["dpi"]
            pages.append((file.convert("1"), (round(x), round(y))))
    return pages


def exact_there(call: Call, pictures: Sequence[Picture]) -> list[bool]:
    """Of each page at libspandsp2's end, whether it is the one of *pictures* that we sent."""
    received = pictures_in(call.tiff) if call.tiff.exists() else []
    pages = zip(pictures, received, strict=False)
    return [image.tobytes() == picture.image.tobytes() for picture, (image, _) in pages]


def exact_here(call: Call, pictures: Sequence[Picture]) -> list[bool]:
    """Of each page at our end, whether it is the one of *pictures* that libspandsp2 sent."""
    walks = [walk(page.octets, page.form.coding, page.form.width, keep=True) for page in call.pages]
    return [lines.changes == tuple(picture.rows) for picture, lines in zip(pictures, walks, strict=False)]
