"""One call with libspandsp2 over SIP and UDPTL in real time.  It runs last, and is repeated once if need be."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from twisted.internet import reactor as _reactor
from twisted.internet.task import LoopingCall, deferLater
from twisted.trial.unittest import TestCase

from sandf.protocols.t30.outcomes import Outcome
from tests.peers.plain_sip import Start
from tests.peers.spandsp import MISSING, STEP
from tests.peers.spandsp_calls import Picture
from tests.peers.spandsp_sip import SipFax, Way
from tests.protocols.t4.pages import drawn_rows

reactor: Any = _reactor
LONGEST_CALL = 90.0


class RealTimeTests(TestCase):
    timeout = 240
    if MISSING:
        skip = MISSING

    async def fax(self) -> SipFax:
        folder = Path(self.mktemp())
        folder.mkdir()
        fax = SipFax(reactor, folder, Way(start=Start.THEIR_REINVITE), [Picture(drawn_rows(1, 1728, 60))])

        def steps(count: int) -> None:
            for _ in range(count):
                fax.step()

        fax.begin()
        stepping = LoopingCall.withCount(steps)
        running = stepping.start(STEP, now=False)
        began = time.monotonic()
        while not fax.over and time.monotonic() - began < LONGEST_CALL:
            await deferLater(reactor, 0.1)
        stepping.stop()
        await running
        await fax.close()
        return fax

    async def test_a_page(self) -> None:
        began = time.monotonic()
        fax = await self.fax()
        if fax.outcome is not Outcome.COMPLETED or fax.far.result != "OK":
            print(f"the call in real time ended as {fax.outcome} and {fax.far.result}, and is repeated once")
            fax = await self.fax()
        self.assertEqual((fax.outcome, fax.far.result), (Outcome.COMPLETED, "OK"), " ".join(fax.texts))
        self.assertEqual(fax.exact, [True])
        self.assertGreater(time.monotonic() - began, 10.0)
