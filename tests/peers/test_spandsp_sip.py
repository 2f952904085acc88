"""libspandsp2's T.38 terminal over real SIP and UDPTL sockets: every page exact, both ways, with and without loss."""

from __future__ import annotations

import os
from itertools import product
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from sandf.protocols.t4.form import Coding, Resolution
from sandf.protocols.t30.outcomes import Outcome
from sandf.protocols.t38.settings import T38Use
from tests.covering import Covering, Values
from tests.peers.spandsp import MISSING
from tests.peers.spandsp_calls import Picture
from tests.peers.spandsp_sip import SipFax, Way
from tests.protocols.t4.pages import drawn_rows

SOAK = bool(os.environ.get("SANDF_SOAK"))
CODINGS = ((True, Coding.MH), (True, Coding.MR), (True, Coding.MMR), (False, Coding.MH), (False, Coding.MR))
AXES: tuple[tuple[object, ...], ...] = (
    (True, False),
    tuple(T38Use),
    CODINGS,
    ("redundancy 0", "redundancy 3", "FEC"),
    (Resolution.FINE, Resolution.SUPERFINE),
    (1, 3),
)


def pictures(pages: int, rows: int = 200) -> list[Picture]:
    return [Picture(drawn_rows(number, 1728, rows)) for number in range(1, pages + 1)]


def applies(values: Values) -> bool:
    """Everything goes with everything."""
    return True


class SpandspSipTests(SynchronousTestCase):
    if MISSING:
        skip = MISSING

    def setUp(self) -> None:
        self.folder = Path(self.mktemp())
        self.folder.mkdir()

    def fax(self, way: Way, pages: int, rows: int = 200) -> SipFax:
        fax = SipFax(self.folder, way, pictures(pages, rows)).run()
        self.assertEqual((fax.outcome, fax.spandsp.result), (Outcome.COMPLETED, "OK"), f"{way}: {' '.join(fax.texts)}")
        self.assertEqual(fax.exact, [True] * pages, way)
        return fax

    def way(self, values: Values) -> tuple[Way, int]:
        """A combination of :data:`AXES`."""
        we_send, t38, coded, correction, resolution, pages = values
        assert isinstance(t38, T38Use) and isinstance(resolution, Resolution) and isinstance(pages, int)
        ecm, coding = next(one for one in CODINGS if one == coded)
        way = Way(
            we_send=bool(we_send), t38=t38, ecm=ecm, coding=coding, correction=str(correction), resolution=resolution
        )
        return way, pages

    def test_every_pair(self) -> None:
        runs = Covering(AXES, applies, ()).runs
        self.assertGreater(len(runs), 14)
        for values in runs:
            way, pages = self.way(values)
            self.assertEqual(self.fax(way, pages).lost, 0)

    def test_all_with_thirty_pages(self) -> None:
        if not SOAK:
            return
        for values in product(*AXES[:-1], (30,)):
            self.fax(*self.way(values))

    def test_five_per_cent_of_loss_with_redundancy_3(self) -> None:
        for we_send in (True, False):
            for seed in range(6 if SOAK else 2):
                fax = self.fax(Way(we_send=we_send, loss=0.05, seed=seed), 2, 800)
                self.assertGreater(fax.lost, 10)
                self.assertEqual({"PPR", "RTN", "CTC"} & set(fax.texts), set())

    def test_two_per_cent_of_loss_in_bursts(self) -> None:
        for we_send in (True, False):
            for seed in range(6 if SOAK else 2):
                self.fax(Way(we_send=we_send, loss=0.02, burst=3, seed=seed, correction="redundancy 3"), 2, 800)
