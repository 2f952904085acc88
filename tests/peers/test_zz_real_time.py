"""One call with libspandsp2 over SIP and UDPTL in real time.  It runs last, and is repeated once if need be."""

from __future__ import annotations

import time
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from sandf.protocols.t30.outcomes import Outcome
from tests.peers.spandsp import MISSING
from tests.peers.spandsp_calls import Picture
from tests.peers.spandsp_sip import SipFax, Way
from tests.protocols.t4.pages import drawn_rows


class RealTimeTests(SynchronousTestCase):
    if MISSING:
        skip = MISSING

    def fax(self) -> bool:
        folder = Path(self.mktemp())
        folder.mkdir()
        pictures = [Picture(drawn_rows(1, 1728, 60))]
        began = time.monotonic()

        def pace(seconds: float) -> None:
            time.sleep(max(0.0, began + seconds - time.monotonic()))

        fax = SipFax(folder, Way(), pictures).run(pace=pace)
        self.assertGreater(time.monotonic() - began, 10.0)
        return fax.outcome is Outcome.COMPLETED and fax.spandsp.result == "OK" and fax.exact == [True]

    def test_a_page(self) -> None:
        if not self.fax():
            print("the call in real time is repeated once")
            self.assertTrue(self.fax())
