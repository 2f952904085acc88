"""What libspandsp2 can be brought to beside plain pages: RTN and RTP, PPR and CTC, fill, RNR and RR, PRI-* and PIP.

It never sends PIP or PIN for a page: it would only once PIP or PIN came to it as a transmitter
(t30_local_interrupt_request in t30.c).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from sandf.fmsp.settings import FaxSettings
from sandf.protocols.t4.bits import REVERSED
from sandf.protocols.t4.form import Coding
from sandf.protocols.t30.frames import Fcf
from sandf.protocols.t30.outcomes import Outcome
from sandf.protocols.t30.pump import Modulation
from sandf.protocols.t38.ifp import Data, DataType, FieldType, Packet
from tests.peers.spandsp import MISSING
from tests.peers.spandsp_calls import Call, exact_here, exact_there
from tests.peers.spandsp_matrix import drawn

PICTURES = [drawn(number, 1728, 300) for number in range(3)]
PLAIN = FaxSettings(ecm=False, codings=(Coding.MR,))
ECM = FaxSettings(codings=(Coding.MH,))
TCF = 1
"""Number of the high-speed signal that is TCF; pages follow it."""


class Pieces:
    """Loses every *nth* piece of one page without ECM, that of high-speed *signal*; *ours* or libspandsp2's."""

    def __init__(self, ours: bool, signal: int, nth: int) -> None:
        self._ours, self._signal, self._nth = ours, signal, nth
        self._signals = self._pieces = 0
        self._silent = True

    def __call__(self, ours: bool, packet: Packet) -> bool:
        if ours is not self._ours or not isinstance(packet, Data) or packet.type is DataType.V21:
            return False
        if self._silent:
            self._signals, self._pieces = self._signals + 1, 0
        self._silent = packet.fields[0].type is FieldType.T4_NON_ECM_SIG_END
        self._pieces += 1
        return self._signals == self._signal and not self._silent and self._pieces % self._nth == 0


class EcmFrame:
    """Loses ECM frame *number* of each partial page, the first *times*; *ours* or libspandsp2's."""

    def __init__(self, ours: bool, number: int, times: int) -> None:
        self._ours, self._number, self._left = ours, number, times
        self._frame = b""

    def __call__(self, ours: bool, packet: Packet) -> bool:
        if ours is not self._ours or not isinstance(packet, Data) or packet.type is DataType.V21 or not self._left:
            return False
        self._frame += b"".join(field.octets for field in packet.fields).translate(REVERSED)
        if packet.fields[-1].type is FieldType.HDLC_DATA:
            return False
        frame, self._frame = self._frame, b""
        found = frame[2:4] == bytes((Fcf.FCD, self._number))
        self._left -= found
        return found


class ProcedureTests(SynchronousTestCase):
    if MISSING:
        skip = MISSING

    def setUp(self) -> None:
        self.folder = Path(self.mktemp())
        self.folder.mkdir()

    def assertEnded(self, call: Call) -> None:
        self.assertEqual((call.outcome, call.spandsp.result), (Outcome.COMPLETED, "OK"), " ".join(call.texts))

    def test_its_rtn_and_our_page_again(self) -> None:
        call = Call(self.folder, lost=Pieces(True, TCF + 1, 2))
        call.send(PICTURES, PLAIN)
        self.assertEnded(call)
        self.assertEqual((call.confirmations.refusals, call.confirmations.pages), ([1], [1, 2, 3]))
        self.assertEqual(exact_there(call, PICTURES), [True] * 3)
        self.assertIs(call.negotiated[-1].modulation, Modulation.V17_12000)

    def test_our_rtn_and_its_page_again(self) -> None:
        call = Call(self.folder, lost=Pieces(False, TCF + 1, 2))
        call.receive(PICTURES, PLAIN)
        self.assertEnded(call)
        self.assertEqual(call.texts.count("RTN"), 1)
        self.assertEqual(exact_here(call, PICTURES), [True] * 3)
        self.assertIs(call.negotiated[-1].modulation, Modulation.V17_12000)

    def test_its_rtp(self) -> None:
        call = Call(self.folder, lost=Pieces(True, TCF + 1, 6))
        call.send(PICTURES, PLAIN)
        self.assertEnded(call)
        self.assertEqual((call.texts.count("RTP"), call.confirmations.pages), (1, [1, 2, 3]))
        self.assertEqual(exact_there(call, PICTURES), [False, True, True])
        self.assertIs(call.negotiated[-1].modulation, Modulation.V17_12000)

    def test_our_rtp(self) -> None:
        call = Call(self.folder, lost=Pieces(False, TCF + 1, 6))
        call.receive(PICTURES, PLAIN)
        self.assertEnded(call)
        self.assertEqual(call.texts.count("RTP"), 1)
        self.assertEqual(exact_here(call, PICTURES), [False, True, True])
        self.assertEqual([page.bad_rows > 0 for page in call.pages], [True, False, False])

    def test_its_rtn_for_the_last_page(self) -> None:
        """The call ends; it would take no DCS after RTN for EOP either (process_state_iii_q)."""
        for again, outcome in ((False, Outcome.PAGE_REJECTED), (True, Outcome.NO_RESPONSE_TO_DCS)):
            call = Call(self.folder, lost=Pieces(True, TCF + 3, 2))
            call.send(PICTURES, replace(PLAIN, repeat_last_page=again))
            self.assertIs(call.outcome, outcome)
            self.assertEqual((call.confirmations.refusals, call.confirmations.pages), ([3], [1, 2]))
            self.assertEqual(exact_there(call, PICTURES), [True] * 2)

    def test_our_rtn_for_the_last_page(self) -> None:
        """It ends after RTN for EOP, as figure 5-2a has it."""
        call = Call(self.folder, lost=Pieces(False, TCF + 3, 2))
        call.receive(PICTURES, PLAIN)
        self.assertIs(call.outcome, Outcome.REJECTED_PAGE_NOT_REPEATED)
        self.assertEqual(exact_here(call, PICTURES), [True] * 2)

    def test_frames_again(self) -> None:
        for ours in (True, False):
            call = Call(self.folder, lost=EcmFrame(ours, 3, 2))
            (call.send if ours else call.receive)(PICTURES, ECM)
            self.assertEnded(call)
            self.assertEqual((call.texts.count("PPR"), call.texts.count("CTC")), (2, 0))
            self.assertEqual(exact_there(call, PICTURES) if ours else exact_here(call, PICTURES), [True] * 3)

    def test_four_ppr_and_ctc(self) -> None:
        for ours in (True, False):
            call = Call(self.folder, lost=EcmFrame(ours, 3, 4))
            (call.send if ours else call.receive)(PICTURES, ECM)
            self.assertEnded(call)
            self.assertEqual((call.texts.count("PPR"), call.texts.count("CTC"), call.texts.count("CTR")), (4, 1, 1))
            self.assertEqual(exact_there(call, PICTURES) if ours else exact_here(call, PICTURES), [True] * 3)
            assert call.spandsp.statistics is not None
            # We go on one speed lower; it stays where it is.
            self.assertEqual(call.spandsp.statistics.bit_rate, 12000 if ours else 14400)

    def test_eor_for_a_block_that_does_not_come(self) -> None:
        """Ours: it keeps its page counter where it was after ERR, and refuses the next page.  Its own: it ends."""
        for ours in (True, False):
            call = Call(self.folder, lost=EcmFrame(ours, 3, 1000))
            (call.send if ours else call.receive)(PICTURES, ECM)
            self.assertIs(call.outcome, Outcome.DCN_IN_MESSAGE if ours else Outcome.DCN_IN_RECEPTION)
            self.assertEqual((call.texts.count("EOR-MPS"), call.texts.count("ERR")), (1, 1))
            self.assertEqual(call.confirmations.pages, [])
            self.assertEqual(exact_here(call, PICTURES), [] if ours else [False])

    def test_it_asks_for_time_between_lines(self) -> None:
        for milliseconds in (5, 10, 20, 40):

            def prepare(call: Call, milliseconds: int = milliseconds) -> None:
                call.spandsp.need_scan_line_time(milliseconds)

            call = Call(self.folder, prepare=prepare)
            call.send(PICTURES, PLAIN)
            self.assertEnded(call)
            self.assertEqual(exact_there(call, PICTURES), [True] * 3)
            self.assertEqual([each.scan_line_ms for each in call.negotiated], [milliseconds])
            octets = [int(line.text.split()[0]) for line in call.lines if line.kind == "page"]
            self.assertGreaterEqual(min(octets), 300 * milliseconds * 14400 / 8000)

    def test_it_is_busy(self) -> None:
        call = Call(self.folder, prepare=lambda call: call.spandsp.be_busy(5))
        call.send(PICTURES, ECM)
        self.assertEnded(call)
        self.assertEqual((call.texts.count("RNR"), call.texts.count("RR")), (5, 5))
        self.assertEqual(exact_there(call, PICTURES), [True] * 3)

    def test_it_stays_busy(self) -> None:
        call = Call(self.folder, prepare=lambda call: call.spandsp.be_busy(1000))
        call.send(PICTURES, ECM)
        self.assertIs(call.outcome, Outcome.RECEIVER_NOT_READY)
        self.assertEqual(call.confirmations.pages, [])

    def test_it_wants_an_operator(self) -> None:
        for settings in (PLAIN, ECM):
            call = Call(self.folder, prepare=lambda call: call.spandsp.request_operator())
            call.receive(PICTURES, settings)
            self.assertEnded(call)
            self.assertEqual(sum("PRI-" in text for text in call.texts), 3)
            self.assertEqual(exact_here(call, PICTURES), [True] * 3)

    def test_our_operator_wants_it_while_we_send(self) -> None:
        for settings in (PLAIN, ECM):
            call = Call(self.folder, prepare=lambda call: call.terminal.request_operator(0.0))
            call.send(PICTURES, settings)
            self.assertEnded(call)
            self.assertEqual(sum("PRI-" in text for text in call.texts), 3)
            self.assertEqual(exact_there(call, PICTURES), [True] * 3)

    def test_our_operator_wants_it_while_we_receive(self) -> None:
        """PIP: it takes it for MCF, and sends the next page without the training that T.30 5.3.6.1.7 asks for."""
        for settings in (PLAIN, ECM):
            call = Call(self.folder, prepare=lambda call: call.terminal.request_operator(0.0))
            call.receive(PICTURES, settings)
            self.assertEnded(call)
            self.assertEqual((call.texts.count("PIP"), call.texts.count("DCS")), (1, 1))
            self.assertEqual(exact_here(call, PICTURES), [True] * 3)

    def test_our_operator_wants_it_and_the_page_is_bad(self) -> None:
        """PIN: it sends the page again, slower, as after RTN."""

        def prepare(call: Call) -> None:
            call.terminal.request_operator(0.0)

        call = Call(self.folder, lost=Pieces(False, TCF + 1, 2), prepare=prepare)
        call.receive(PICTURES, PLAIN)
        self.assertEnded(call)
        self.assertEqual((call.texts.count("PIN"), call.texts.count("DCS")), (1, 2))
        self.assertEqual(exact_here(call, PICTURES), [True] * 3)
