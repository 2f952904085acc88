"""Page forms between T.30 and the rest, and the settings of a terminal."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from sandf.fmsp.forms import FROM_T30_RESOLUTION, choose, outgoing
from sandf.fmsp.settings import FaxSettings
from sandf.protocols.t4.form import Coding, PageForm, Paper, Resolution
from sandf.protocols.t30 import picture
from sandf.protocols.t30.events import PageForm as Offer
from sandf.protocols.t30.pump import Modulation

T30 = picture.Resolution


def offer(*resolutions: T30, widths: int = 1, codings: tuple[picture.Coding, ...] = (picture.Coding.MH,)) -> Offer:
    return Offer(
        ecm=False,
        codings=codings,
        resolutions=resolutions,
        widths=tuple(picture.Width)[:widths],
        length=picture.Length.A4,
        scan_line_time=picture.ScanLineTime.MS_0,
        scan_halves=False,
        bit_rate=14400,
    )


class ChooseTests(SynchronousTestCase):
    def chosen(self, preferred: Resolution, paper: Paper, asked: Offer) -> tuple[Resolution, Paper]:
        form = choose(asked, preferred=preferred, paper=paper)
        return form.resolution, form.paper

    def test_the_preferred_resolution_or_the_finest_coarser_one(self) -> None:
        for preferred, resolutions, expected in (
            (Resolution.FINE, (T30.SUPERFINE, T30.FINE, T30.STANDARD), Resolution.FINE),
            (Resolution.SUPERFINE, (T30.FINE, T30.STANDARD), Resolution.FINE),
            (Resolution.FINE, (T30.STANDARD,), Resolution.STANDARD),
            (Resolution.SUPERFINE, (T30.INCH_200X400, T30.STANDARD), Resolution.STANDARD),
            (Resolution.INCH_400, (T30.INCH_300, T30.STANDARD), Resolution.INCH_300),
        ):
            self.assertEqual(self.chosen(preferred, Paper.A4, offer(*resolutions)), (expected, Paper.A4))

    def test_no_wider_than_both_can(self) -> None:
        for paper, widths, expected in ((Paper.A4, 3, Paper.A4), (Paper.A3, 2, Paper.B4), (Paper.A3, 3, Paper.A3)):
            form = self.chosen(Resolution.FINE, paper, offer(T30.FINE, widths=widths))
            self.assertEqual(form, (Resolution.FINE, expected))

    def test_the_best_coding(self) -> None:
        asked = offer(T30.FINE, codings=(picture.Coding.MR, picture.Coding.MH))
        self.assertIs(choose(asked, preferred=Resolution.FINE, paper=Paper.A4).coding, Coding.MR)

    def test_there_and_back(self) -> None:
        self.assertEqual(set(FROM_T30_RESOLUTION), set(T30))
        form = PageForm(coding=Coding.MMR, resolution=Resolution.INCH_300, paper=Paper.B4)
        page = outgoing(b"x", form, 7)
        self.assertEqual(page.width.pixels(page.resolution), form.width)
        self.assertEqual((page.coding, page.rows), (picture.Coding.MMR, 7))
        self.assertIsNone(outgoing(b"x", form, 0).rows)


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
