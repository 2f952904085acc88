"""Two fax legs through the virtual exchange."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import deferLater

from sandf import causes
from sandf.callcontrol.primitives import FaxSend
from sandf.fmsp.aside import Aside
from sandf.fmsp.settings import FaxSettings
from sandf.protocols.t4.form import Coding
from sandf.protocols.t4.line import to_line
from sandf.vtsp.exchange import VirtualPortSettings
from sandf.vtsp.impairments import Impairments
from tests.fmsp.scan_lines import SlowPrinter
from tests.fmsp.world import World, WorldCase, document
from tests.protocols.t4.pages import image_of, libtiff_strip


class TwoEndsTests(WorldCase):
    def exchange(self, coding: Coding, ecm: bool, pages: int) -> None:
        self.world = World(settings=FaxSettings(ecm=ecm, codings=(coding,)))
        sent = document(1, pages)
        fax = self.world.send("100", sent)
        self.world.run()
        [received] = self.world.received
        self.assertEqual((fax.cause, received.cause), (causes.DELIVERED, causes.RECEIVED))
        self.assertEqual(received.pages, sent)

    def test_mmr_with_ecm(self) -> None:
        for pages in (1, 3, 10):
            self.exchange(Coding.MMR, True, pages)

    def test_mr_with_ecm(self) -> None:
        for pages in (1, 3, 10):
            self.exchange(Coding.MR, True, pages)

    def test_mh_with_ecm(self) -> None:
        for pages in (1, 3, 10):
            self.exchange(Coding.MH, True, pages)

    def test_mr_without_ecm(self) -> None:
        for pages in (1, 3, 10):
            self.exchange(Coding.MR, False, pages)

    def test_mh_without_ecm(self) -> None:
        for pages in (1, 3, 10):
            self.exchange(Coding.MH, False, pages)

    def test_mmr_without_ecm_becomes_mr(self) -> None:
        sent = document(1, 2)
        fax = self.world.send("100", sent, setup=FaxSend(ecm=False))
        self.world.run()
        self.assertIs(fax.cause, causes.DELIVERED)
        self.assertEqual({form.coding for form in self.world.made[0].forms}, {Coding.MR})
        self.assertEqual(self.world.received[0].pages, sent)


class FillTests(WorldCase):
    """Pages for a terminal that wants 20 ms for a line: filled beside the reactor, for the speed that they go at."""

    def pages_sent(self, *, fastest: int = 0, aside: Callable[[World], Aside] | None = None) -> list[str]:
        """What the trace says of the pages; each shows what was sent."""
        port = VirtualPortSettings(name="lab", speed=50, impairments=Impairments(fastest=fastest))
        self.world = World(port, settings=SlowPrinter(ecm=False, codings=(Coding.MH,)))
        if aside is not None:
            self.world.aside = aside(self.world)
        sent = document(1, 2)
        fax = self.world.send("100", sent)
        self.world.run()
        self.assertIs(fax.cause, causes.DELIVERED)
        self.assertEqual(self.world.received[0].pages, sent)
        return [line.text for line in self.world.trace if line.kind == "page"]

    def expected(self, modulation: str, rate: int) -> list[str]:
        strips = [libtiff_strip(image_of(rows), Coding.MH) for rows in document(1, 2)]
        filled = [to_line(strip, Coding.MH, 1728, min_bits=rate // 50) for strip in strips]
        return [f"{len(page)} octets {modulation} {rate}" for page in filled]

    def test_as_agreed(self) -> None:
        self.assertEqual(self.pages_sent(), self.expected("V.17", 14400))

    def test_anew_when_training_falls_back(self) -> None:
        self.assertEqual(self.pages_sent(fastest=2400), self.expected("V.27ter", 2400))

    def test_however_long_it_takes(self) -> None:
        def slow(world: World) -> Aside:
            return lambda work: deferLater(world.reactor, 30.0, work)

        self.assertEqual(self.pages_sent(fastest=2400, aside=slow), self.expected("V.27ter", 2400))

    def test_the_terminal_fills_nothing(self) -> None:
        done: list[bytes] = []

        def marked(work: Callable[[], bytes]) -> Deferred[bytes]:
            done.append(work())
            return succeed(done[-1])

        [first, second] = self.pages_sent(aside=lambda world: marked)
        lengths = {len(octets) for octets in done}
        self.assertTrue({int(text.split()[0]) for text in (first, second)} <= lengths, (first, second, lengths))
        self.assertEqual(len(done), 4, "two pages filled, two received")

    def test_nothing_is_done_where_nothing_is_needed(self) -> None:
        self.world = World(settings=FaxSettings(ecm=True, codings=(Coding.MMR,)))
        self.world.aside = lambda work: self.fail("something was")
        fax = self.world.send("100", document(1, 2))
        self.world.run()
        self.assertIs(fax.cause, causes.DELIVERED)
