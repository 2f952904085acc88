"""T.38 between two of ours over bad networks: every page is exact under ECM, and every call ends."""

from __future__ import annotations

import os
from itertools import product

from twisted.trial.unittest import SynchronousTestCase

from sandf.fmsp.settings import FaxSettings
from sandf.protocols.t4.form import Coding
from sandf.protocols.t30.outcomes import Outcome
from sandf.vtsp.sip.udptl_bearer import UdptlSettings
from tests.fmsp.t38_network import LONGEST_CALL, T38Call, Weather
from tests.fmsp.world import document

SOAK = bool(os.environ.get("SANDF_SOAK"))
PAGES = document(7, 2)


class NetworkCase(SynchronousTestCase):
    def complete(self, call: T38Call, context: object = "") -> None:
        self.assertEqual(call.outcomes, {"sender": Outcome.COMPLETED, "receiver": Outcome.COMPLETED}, context)
        self.assertEqual(call.pages, PAGES, context)


class GoodNetworkTests(NetworkCase):
    def test_every_coding_and_version(self) -> None:
        for version, (ecm, coding) in product((0, 3), ((True, Coding.MMR), (False, Coding.MR), (False, Coding.MH))):
            call = T38Call(PAGES, Weather(), version=version, settings=FaxSettings(ecm=ecm, codings=(coding,)))
            self.complete(call.run(), (version, coding))
            self.assertEqual(call.sent_again, 0)

    def test_training_made_by_each_end(self) -> None:
        self.complete(T38Call(PAGES, Weather(), local_tcf=True).run())

    def test_without_fill_bits(self) -> None:
        for coding in (Coding.MH, Coding.MR):
            settings = FaxSettings(ecm=False, codings=(coding,))
            self.complete(T38Call(PAGES, Weather(), fill_bit_removal=True, settings=settings).run())


class BadNetworkTests(NetworkCase):
    def test_redundancy_makes_up_for_loss(self) -> None:
        settings = UdptlSettings(ls_redundancy=3, hs_redundancy=3)
        for seed in range(8 if SOAK else 2):
            call = T38Call(PAGES, Weather(loss=0.05, seed=seed), near=settings, far=settings).run()
            self.complete(call, seed)
            self.assertEqual(call.sent_again, 0)

    def test_fec_makes_up_for_loss(self) -> None:
        settings = UdptlSettings(fec=True)
        self.complete(T38Call(PAGES, Weather(loss=0.03, seed=1), near=settings, far=settings).run())

    def test_everything_at_once(self) -> None:
        for seed in range(40 if SOAK else 4):
            weather = Weather(loss=0.1, jitter=0.2, duplication=0.1, seed=seed)
            call = T38Call(PAGES, weather).run()
            self.complete(call, seed)

    def test_bursts(self) -> None:
        for seed in range(20 if SOAK else 2):
            self.complete(T38Call(PAGES, Weather(loss=0.02, burst=4, seed=seed)).run(), seed)

    def test_a_network_that_is_hardly_one_ends_the_call(self) -> None:
        for loss in (0.5, 1.0):
            call = T38Call(PAGES, Weather(loss=loss, jitter=0.2, seed=3)).run()
            self.assertEqual(len(call.outcomes), 2)
            self.assertLess(call.reactor.seconds(), LONGEST_CALL)
            self.assertEqual(call.pages, PAGES[: len(call.pages)])

    def test_no_timer_is_left(self) -> None:
        call = T38Call(PAGES, Weather(loss=0.1, seed=9)).run()
        for _ in range(1000):
            call.reactor.advance(0.01)
        self.assertEqual(call.reactor.getDelayedCalls(), [])
