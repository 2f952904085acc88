"""Pages that are finished before they are sent, by the host or by the terminal: what goes over the line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from sandf.protocols.t4.bits import to_bits, to_octets
from sandf.protocols.t4.codes import EOFB, EOL, RTC_MH, RTC_MR
from sandf.protocols.t4.encode import encode
from sandf.protocols.t4.form import Coding, PageForm, Resolution
from sandf.protocols.t4.line import to_line
from sandf.protocols.t4.walk import walk
from sandf.protocols.t30 import events, pump
from sandf.protocols.t30.message import finish, takes_long
from sandf.protocols.t30.picture import ScanLineTime
from sandf.protocols.t30.pump import Modulation
from sandf.protocols.t30.settings import TerminalSettings
from sandf.protocols.t30.terminal import Terminal
from tests.protocols.t4.pages import drawn_rows

from .line import Host, Line

PROFILE = settings(deadline=None, derandomize=True, max_examples=60)
FORMS = {coding: PageForm(coding=coding, resolution=Resolution.FINE) for coding in Coding}
RTC = {Coding.MH: RTC_MH, Coding.MR: RTC_MR}
TAG = {Coding.MH: "", Coding.MR: "1"}
MS_20_AT_14400 = 288
Answer = tuple[float | None, Callable[[Terminal, float], None]] | None
one_or_two_dimensional = st.sampled_from([Coding.MH, Coding.MR])


def strip(coding: Coding, seed: int = 1, rows: int = 30) -> bytes:
    return encode(drawn_rows(seed, 1728, rows), coding)


class Diligent(Host):
    """Supplies the page finished anew, in time, when training has fallen back to 9600 bit/s."""

    def __init__(self, supplied: events.OutgoingPage, pages: list[events.OutgoingPage]) -> None:
        super().__init__(pages=pages)
        self._supplied = supplied

    def answer(self, event: events.Event) -> Answer:
        if isinstance(event, events.Negotiated) and event.parameters.modulation is Modulation.V17_9600:
            return 0.5, lambda terminal, now: terminal.page_finished(self._supplied, now)
        return super().answer(event)


class FinishTests(SynchronousTestCase):
    """The end of a page alone is seen to where no fill is needed; the page is what it would be if made anew."""

    @PROFILE
    @given(st.integers(0, 10_000), one_or_two_dimensional, st.integers(0, 8), st.integers(0, 3), st.integers(0, 40))
    def test_rtc_takes_the_place_of_what_is_there(
        self, seed: int, coding: Coding, eols: int, fill: int, zeros: int
    ) -> None:
        octets, form = strip(coding, seed, 12), FORMS[coding]
        ends = ("0" * fill + EOL + TAG[coding]) * eols
        offered = to_octets(to_bits(octets) + ends) + bytes(zeros)
        self.assertFalse(takes_long(offered, form, 0))
        self.assertEqual(finish(offered, form, 0), to_line(offered, coding, form.width))

    def test_the_rows_stay_as_they_are(self) -> None:
        for coding, rtc in RTC.items():
            bits = to_bits(strip(coding))
            filled = bits.replace(EOL, "0" * 5 + EOL)
            finished = to_bits(finish(to_octets(filled), FORMS[coding], 0))
            self.assertTrue(finished.startswith(filled.rstrip("0")))
            self.assertTrue(finished.rstrip("0").endswith(rtc))

    def test_a_page_of_nothing_is_rtc(self) -> None:
        for coding, rtc in RTC.items():
            for octets in (b"", to_octets(EOL + TAG[coding]), to_octets(rtc)):
                self.assertEqual(to_bits(finish(octets, FORMS[coding], 0)).rstrip("0"), rtc)

    def test_what_takes_long(self) -> None:
        for coding in (Coding.MH, Coding.MR):
            octets = strip(coding)
            for bits, long in ((0, False), (len(EOL), False), (len(EOL) + 1, True), (MS_20_AT_14400, True)):
                self.assertIs(takes_long(octets, FORMS[coding], bits), long, (coding, bits))
            without_eol = to_octets(to_bits(octets)[len(EOL + TAG[coding]) :])
            self.assertTrue(takes_long(without_eol, FORMS[coding], 0))
            lines = walk(finish(without_eol, FORMS[coding], 0), coding, 1728, keep=True)
            self.assertEqual(list(lines.changes or ()), drawn_rows(1, 1728, 30))
        octets = strip(Coding.MMR)
        self.assertFalse(takes_long(octets, FORMS[Coding.MMR], MS_20_AT_14400))
        bare = to_octets(to_bits(octets).rstrip("0").removesuffix(EOFB))
        self.assertTrue(takes_long(bare, FORMS[Coding.MMR], 0))


class SentTests(SynchronousTestCase):
    """Which of two forms a terminal sends: the host's, marked by what no terminal would make, or its own."""

    MARKED = to_octets(EOL + "10110111" * 30 + RTC_MH)

    def sent(
        self, min_bits: int, *, rate: int = 14400, time: ScanLineTime = ScanLineTime.MS_20, ecm: bool = False
    ) -> pump.Command:
        """The page as the line got it, the host having finished it for *min_bits*."""
        finished = events.FinishedPage(octets=self.MARKED, min_bits=min_bits)
        page = events.OutgoingPage(octets=strip(Coding.MH), form=FORMS[Coding.MH], finished=finished)
        called = TerminalSettings(ecm=ecm, scan_line_time=time)
        line = Line(TerminalSettings(max_bit_rate=rate), called, pages=[page]).run()
        self.assertEqual(line.caller.host.outcome, "COMPLETED")
        [sent] = [c for c in line.caller.sent if isinstance(c, pump.SendPage | pump.SendPartialPage)]
        return sent

    def assertSent(self, sent: pump.Command, octets: bytes) -> None:
        assert isinstance(sent, pump.SendPage)
        self.assertEqual(sent.octets, octets)

    def own(self, min_bits: int) -> bytes:
        return to_line(strip(Coding.MH), Coding.MH, 1728, min_bits=min_bits)

    def test_finished_for_what_was_agreed(self) -> None:
        self.assertSent(self.sent(MS_20_AT_14400), self.MARKED)
        self.assertSent(self.sent(0, time=ScanLineTime.MS_0), self.MARKED)

    def test_more_fill_than_is_needed_will_do(self) -> None:
        self.assertSent(self.sent(MS_20_AT_14400, rate=9600), self.MARKED)

    def test_too_little_fill_will_not_do(self) -> None:
        self.assertSent(self.sent(MS_20_AT_14400 - 1), self.own(MS_20_AT_14400))

    def test_fill_that_nobody_asks_for_is_not_sent(self) -> None:
        self.assertSent(self.sent(MS_20_AT_14400, time=ScanLineTime.MS_0), self.own(0))
        sent = self.sent(MS_20_AT_14400, ecm=True)
        assert isinstance(sent, pump.SendPartialPage)
        self.assertTrue(b"".join(frame[4:] for frame in sent.frames[:-3]).startswith(self.own(0)))

    def test_finished_anew_where_training_falls_back(self) -> None:
        page = events.OutgoingPage(octets=strip(Coding.MH), form=FORMS[Coding.MH])
        better = replace(page, finished=events.FinishedPage(octets=self.MARKED, min_bits=192))
        of_another_page = replace(better, octets=strip(Coding.MH, seed=2))

        for supplied, octets in ((better, self.MARKED), (of_another_page, self.own(192))):
            line = Line(
                TerminalSettings(),
                TerminalSettings(ecm=False, scan_line_time=ScanLineTime.MS_20),
                caller_host=Diligent(supplied, pages=[page]),
                bad_training=lambda modulation: modulation.bit_rate > 9600,
            ).run()
            [sent] = [c for c in line.caller.sent if isinstance(c, pump.SendPage)]
            self.assertEqual(sent.modulation, Modulation.V17_9600)
            self.assertSent(sent, octets)
