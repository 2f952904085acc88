"""libspandsp2's T.38 terminal over real SIP and UDPTL sockets: every page exact, both ways, with and without loss."""

from __future__ import annotations

import os
from itertools import product
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from sandf import causes
from sandf.protocols.t4.form import Coding, Resolution
from sandf.protocols.t30.outcomes import Outcome
from tests.covering import Covering, Values
from tests.peers.plain_sip import Start
from tests.peers.spandsp import MISSING
from tests.peers.spandsp_calls import Picture
from tests.peers.spandsp_sip import SipFax, Way, run
from tests.protocols.t4.pages import drawn_rows

SOAK = bool(os.environ.get("SANDF_SOAK"))
SEEDS = 8 if SOAK else 2
CODINGS = {
    "MH with ECM": (Coding.MH, True),
    "MR with ECM": (Coding.MR, True),
    "MMR with ECM": (Coding.MMR, True),
    "MH": (Coding.MH, False),
    "MR": (Coding.MR, False),
}
CORRECTIONS = {"redundancy 0": (0, False), "redundancy 3": (3, False), "FEC": (3, True)}
RESOLUTIONS = {"fine": Resolution.FINE, "superfine": Resolution.SUPERFINE}
AXES: tuple[tuple[object, ...], ...] = (
    ("we send", "they send"),
    tuple(start.name for start in Start),
    tuple(CODINGS),
    tuple(CORRECTIONS),
    tuple(RESOLUTIONS),
    (1, 3),
)
AGAIN = {"PPR", "RTN", "CTC"}
"""What asks for a page, or a part of it, once more."""


def pictures(pages: int, rows: int = 200) -> list[Picture]:
    """Pages that differ."""
    return [Picture(drawn_rows(number, 1728, rows)) for number in range(1, pages + 1)]


def applies(values: Values) -> bool:
    """The re-INVITE is the called end's; a trunk that is called does not leave it to the caller."""
    return values[:2] != ("they send", Start.THEIR_REINVITE.name)


def way_of(values: Values) -> tuple[Way, int]:
    """A combination of :data:`AXES`, and its pages."""
    sender, start, coding, correction, resolution, pages = values
    coded, ecm = CODINGS[str(coding)]
    depth, fec = CORRECTIONS[str(correction)]
    way = Way(
        we_send=sender == "we send",
        start=Start[str(start)],
        ecm=ecm,
        coding=coded,
        resolution=RESOLUTIONS[str(resolution)],
        depth=depth,
        fec=fec,
    )
    return way, int(str(pages))


class SpandspSipCase(SynchronousTestCase):
    """Calls that end well."""

    if MISSING:
        skip = MISSING

    def setUp(self) -> None:
        self.folder = Path(self.mktemp())
        self.folder.mkdir()

    def fax(self, way: Way, pages: int, rows: int = 200) -> SipFax:
        """A call by *way*, all pages exact and of the form that was asked for, and nothing left of it."""
        fax = run(self.folder, way, pictures(pages, rows))
        self.assertEqual((fax.outcome, fax.far.result), (Outcome.COMPLETED, "OK"), f"{way}: {' '.join(fax.texts)}")
        self.assertEqual(fax.exact, [True] * pages, way)
        self.assertEqual(fax.resolutions, {way.resolution.value}, way)
        forms = {(one.form.coding, one.ecm) for one in fax.near.negotiated}
        self.assertEqual(forms, {(way.coding, way.ecm)}, way)
        self.assertCleared(fax)
        return fax

    def assertCleared(self, fax: SipFax) -> None:
        told = fax.near.user.told
        cause = None if fax.way.we_send else causes.FAR_CLEARED
        self.assertEqual((told.count("connected"), fax.near.user.cause), (1, cause))
        self.assertEqual((fax.far.telephone.over, fax.far.telephone.refusals, fax.near.left), (True, [], 0))


class LosslessTests(SpandspSipCase):
    def check(self, values: Values) -> None:
        way, pages = way_of(values)
        fax = self.fax(way, pages)
        receiver = fax.far.receiver
        self.assertEqual((fax.lost, receiver.lost, receiver.recovered), ((0, 0), 0, 0))
        self.assertEqual(receiver.deepest, 0 if way.fec else way.depth)
        self.assertEqual(receiver.parities > 0, way.fec)
        self.assertEqual(fax.far.their_error_correction, "t38UDPFEC" if way.fec else "t38UDPRedundancy")
        audio = way.start in (Start.OUR_REINVITE, Start.THEIR_REINVITE)
        self.assertEqual(fax.far.rtp > 0, audio and way.we_send, way)
        self.assertFalse(AGAIN & set(fax.texts), way)

    def test_every_pair(self) -> None:
        runs = Covering(AXES, applies, (0, 1)).runs
        self.assertGreater(len(runs), 19)
        for values in runs:
            self.check(values)

    def test_all_with_thirty_pages(self) -> None:
        if SOAK:
            for values in filter(applies, product(*AXES[:-1], (30,))):
                self.check(values)


class LossTests(SpandspSipCase):
    def beyond_redundancy(self, fax: SipFax) -> int:
        """How many packets nothing could bring: just as many as the two ends say they have lost."""
        bearer, far = fax.near.user.bearer, fax.far
        assert bearer is not None
        beyond = far.to_us.beyond_redundancy(), far.from_us.beyond_redundancy()
        self.assertEqual((bearer.counts()["PacketsLost"], far.receiver.lost), beyond, fax.way)
        self.assertGreater(int(str(bearer.counts()["PacketsRecovered"])) + far.receiver.recovered, 10, fax.way)
        return sum(beyond)

    def test_five_per_cent_with_redundancy_3(self) -> None:
        """Redundancy makes up for it, and nothing is sent again; four lost in a row are rare, and beyond it."""
        calls = beyond = 0
        for we_send, ecm, seed in product((True, False), (True, False), range(SEEDS)):
            coding = Coding.MMR if ecm else Coding.MR
            fax = self.fax(Way(we_send=we_send, ecm=ecm, coding=coding, loss=0.05, seed=seed), 2, 800)
            calls += 1
            if self.beyond_redundancy(fax):
                beyond += 1
            else:
                self.assertFalse(AGAIN & set(fax.texts), fax.way)
        self.assertLess(beyond, calls / 8)

    def test_five_per_cent_with_fec(self) -> None:
        """Most of it: three parity elements do not make up for every pattern."""
        for we_send, seed in product((True, False), range(SEEDS)):
            fax = self.fax(Way(we_send=we_send, fec=True, loss=0.05, seed=seed), 2, 800)
            self.assertGreater(sum(fax.lost), 10)

    def test_two_per_cent_in_bursts(self) -> None:
        """Bursts that page data are not repeated often enough for: error correction asks for what is missing.

        libspandsp2 needs six packets for a frame: where as many in a row are missing, what is left of two frames makes
        one of the right length.  Bursts of seven may also take a whole end of a signal, which it does not get over, so
        they befall its own datagrams only.
        """
        again = []
        for (we_send, burst), seed in product(((True, 3), (False, 3), (False, 7)), range(SEEDS)):
            way = Way(
                we_send=we_send,
                depth=burst,
                page_depth=1,
                loss=0.02,
                burst=burst,
                answers_lost=burst == 3,
                seed=seed,
            )
            fax = self.fax(way, 2, 1600)
            again.append(fax.texts.count("PPR"))
        self.assertGreater(min(again), 0)
