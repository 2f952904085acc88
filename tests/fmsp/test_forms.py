"""The choice of a page form out of T.30's offer, and the settings of a terminal."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from sandf.fmsp.forms import choose
from sandf.fmsp.settings import FaxSettings
from sandf.protocols.t4.form import Coding, Paper, Resolution
from sandf.protocols.t30.events import PageOffer
from sandf.protocols.t30.picture import Length, ScanLineTime
from sandf.protocols.t30.pump import Modulation


def offer(*resolutions: Resolution, papers: int = 1, codings: tuple[Coding, ...] = (Coding.MH,)) -> PageOffer:
    return PageOffer(
        ecm=False,
        codings=codings,
        resolutions=resolutions,
        papers=tuple(Paper)[:papers],
        length=Length.A4,
        scan_line_time=ScanLineTime.MS_0,
        scan_halves=False,
        bit_rate=14400,
    )


class ChooseTests(SynchronousTestCase):
    def chosen(self, preferred: Resolution, paper: Paper, asked: PageOffer) -> tuple[Resolution, Paper]:
        form = choose(asked, preferred=preferred, paper=paper)
        return form.resolution, form.paper

    def test_the_preferred_resolution_or_the_finest_coarser_one(self) -> None:
        for preferred, resolutions, expected in (
            (Resolution.FINE, (Resolution.SUPERFINE, Resolution.FINE, Resolution.STANDARD), Resolution.FINE),
            (Resolution.SUPERFINE, (Resolution.FINE, Resolution.STANDARD), Resolution.FINE),
            (Resolution.FINE, (Resolution.STANDARD,), Resolution.STANDARD),
            (Resolution.SUPERFINE, (Resolution.INCH_200X400, Resolution.STANDARD), Resolution.INCH_200X400),
            (Resolution.INCH_400, (Resolution.INCH_300, Resolution.STANDARD), Resolution.INCH_300),
        ):
            self.assertEqual(self.chosen(preferred, Paper.A4, offer(*resolutions)), (expected, Paper.A4))

    def test_no_wider_than_both_can(self) -> None:
        for paper, papers, expected in ((Paper.A4, 3, Paper.A4), (Paper.A3, 2, Paper.B4), (Paper.A3, 3, Paper.A3)):
            form = self.chosen(Resolution.FINE, paper, offer(Resolution.FINE, papers=papers))
            self.assertEqual(form, (Resolution.FINE, expected))

    def test_the_best_coding(self) -> None:
        asked = offer(Resolution.FINE, codings=(Coding.MR, Coding.MH))
        self.assertIs(choose(asked, preferred=Resolution.FINE, paper=Paper.A4).coding, Coding.MR)


class SettingsTests(SynchronousTestCase):
    def test_a_leg_can_only_ask_for_less(self) -> None:
        settings = FaxSettings(max_speed=9600, ecm=False, longest_bad_run=3)
        terminal = settings.terminal(ident="1", max_speed=14400, ecm=True)
        self.assertEqual((terminal.max_bit_rate, terminal.ecm, terminal.longest_bad_run), (9600, False, 3))
        terminal = FaxSettings().terminal(ident="1", max_speed=4800, ecm=False)
        self.assertEqual((terminal.max_bit_rate, terminal.ecm, terminal.longest_bad_run), (4800, False, None))

    def test_the_slowest_speed(self) -> None:
        terminal = FaxSettings(min_speed=7200).terminal(ident="1", max_speed=2400)
        self.assertEqual(terminal.max_bit_rate, 7200)
        self.assertNotIn(Modulation.V27TER_4800, terminal.modulations)
