"""T.30 against libspandsp2: every pair of settings, and what it does not support.

``SANDF_SOAK=1`` makes the calls with every combination, some 18,700, instead of the 220 or so that cover them.
"""

from __future__ import annotations

import os
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from sandf.fmsp.settings import FaxSettings
from sandf.protocols.t4.form import Coding, Paper, Resolution
from sandf.protocols.t30.capabilities import Capabilities
from sandf.protocols.t30.frames import Fcf, parse
from tests.peers.spandsp import MISSING
from tests.peers.spandsp_calls import Call
from tests.peers.spandsp_matrix import UNSUPPORTED, covering, drawn, everything, faults

combinations = everything if os.environ.get("SANDF_SOAK") else covering


class MatrixTests(SynchronousTestCase):
    if MISSING:
        skip = MISSING

    def setUp(self) -> None:
        self.folder = Path(self.mktemp())
        self.folder.mkdir()

    def check(self, transmitter: str) -> None:
        found = {str(each): wrong for each in combinations(transmitter) if (wrong := faults(each, self.folder))}
        self.assertEqual(found, {})

    def test_we_call_and_transmit(self) -> None:
        self.check("we call")

    def test_we_are_polled(self) -> None:
        self.check("we are called")

    def test_they_call_and_transmit(self) -> None:
        self.check("they call")

    def test_we_poll(self) -> None:
        self.check("they are called")


class UnsupportedTests(SynchronousTestCase):
    """Each reason of :data:`UNSUPPORTED`: if one of these fails, libspandsp2 has learned something."""

    if MISSING:
        skip = MISSING

    def setUp(self) -> None:
        folder = Path(self.mktemp())
        folder.mkdir()
        self.call = Call(folder)

    def heard(self, fcf: Fcf) -> bytes:
        frames = [parse(line.octets) for line in self.call.lines if line.kind == "frame" and not line.outward]
        return next(frame.fif for frame in frames if frame is not None and frame.fcf is fcf)

    def test_there_is_one_for_each(self) -> None:
        self.assertEqual([tuple(each.values) for each in UNSUPPORTED], [("resolution",), ("transmitter", "coding")])

    def test_it_asks_for_no_resolution_to_the_inch(self) -> None:
        self.call.send([drawn(0, 1728, 20)], FaxSettings(send_resolution=Resolution.INCH_200))
        capabilities = Capabilities.parse(self.heard(Fcf.DIS))
        assert capabilities is not None
        self.assertEqual((capabilities.metric, capabilities.inch), (True, False))
        self.assertIs(self.call.negotiated[-1].form.resolution, Resolution.FINE)

    def test_it_sends_200_to_the_inch_as_r8(self) -> None:
        self.call.receive([drawn(0, 1728, 20)], FaxSettings(), resolution=Resolution.INCH_200)
        self.assertIs(self.call.pages[0].form.resolution, Resolution.FINE)

    def test_it_sends_frames_of_256_octets(self) -> None:
        self.call.receive([drawn(0, 1728, 20)], FaxSettings(frame_octets=64))
        self.assertEqual(self.call.negotiated[-1].frame_octets, 256)


class ComparisonTests(SynchronousTestCase):
    """What is compared is worth comparing."""

    def test_pages_differ(self) -> None:
        pages = [drawn(number, Paper.A4.value, 40).image.tobytes() for number in range(10)]
        self.assertEqual(len(set(pages)), 10)

    def test_codings_differ(self) -> None:
        strips = [drawn(0, Paper.A4.value, 40).strip(coding) for coding in Coding]
        self.assertEqual(len(set(strips)), len(Coding))
