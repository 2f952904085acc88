"""The laws notice a terminal that breaks them, and the table a moment that it does not know."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from sandf.protocols.t4.form import Paper, Resolution
from sandf.protocols.t30 import phase_c_receive
from sandf.protocols.t30.chart import Input, Row, State
from sandf.protocols.t30.ecm import IncomingBlock
from sandf.protocols.t30.frames import Fcf, Frame
from sandf.protocols.t30.outcomes import Outcome
from sandf.protocols.t30.pump import Modulation
from sandf.protocols.t30.session import Session
from sandf.protocols.t30.terminal import TABLE

from .calls import Call, Run
from .dimensions import Case, Direction, Mode, Shape
from .documents import document
from .impairments import FAIR, Impairment, Kind
from .laws import broken, moment_of
from .permitted import row_of


def case(mode: Mode, shape: Shape = Shape.TWO_PAGES) -> Case:
    return Case(
        direction=Direction.CALLER_SENDS,
        mode=mode,
        speed=Modulation.V29_9600,
        resolution=Resolution.FINE,
        paper=Paper.A4,
        shape=shape,
    )


def answer_before_the_store(s: Session, frame: Frame, now: float) -> State:
    """What no receiver may do."""
    phase_c_receive.command_received(s, frame, now)
    return phase_c_receive.page_stored(s, now)


class LawTests(SynchronousTestCase):
    def noticed(self, words: str, mode: Mode, impairment: Impairment = FAIR) -> None:
        wrong = broken(Call(Run(case(mode), impairment)))
        self.assertTrue(any(words in each for each in wrong), wrong)

    def change(self, key: tuple[State, Fcf | Input], row: Row | None) -> None:
        before = TABLE[key]
        self.addCleanup(TABLE.__setitem__, key, before)
        if row is None:
            del TABLE[key]
        else:
            TABLE[key] = row

    def test_nothing_is_wrong_with_ours(self) -> None:
        for mode in Mode:
            self.assertEqual(broken(Call(Run(case(mode), FAIR))), [])

    def test_confirmed_before_it_is_stored(self) -> None:
        before = TABLE[State.COMMAND_AWAITED, Fcf.MPS]
        to = (*before.to, State.PAGE_AWAITED)
        self.change((State.COMMAND_AWAITED, Fcf.MPS), Row(answer_before_the_store, to))
        self.noticed("before the page was stored", Mode.MH)

    def test_a_page_with_a_hole(self) -> None:
        self.patch(IncomingBlock, "octets", lambda block: b"".join(slot for slot in block._slots[:1] if slot))
        self.noticed("were confirmed and are not there", Mode.ECM_64_MH)

    def test_a_page_twice(self) -> None:
        self.patch(phase_c_receive, "REPEATED_WITHIN", -1.0)
        self.noticed("page 1 came where 2 was due", Mode.MH, Impairment(Kind.LOST, "MCF"))

    def test_no_second_try(self) -> None:
        self.change((State.COMMAND_SENT, Input.NO_REPLY), None)
        self.noticed("the transmitter ended with", Mode.MH, Impairment(Kind.LOST, "EOP"))

    def test_no_end(self) -> None:
        self.change((State.CALLING, Input.T1), None)
        self.noticed("did not release", Mode.MH, Impairment(Kind.SILENT, "DIS"))

    def test_nothing_struck(self) -> None:
        self.noticed("nothing was struck", Mode.MH, Impairment(Kind.LOST, "PPR"))


class TableTests(SynchronousTestCase):
    def test_a_moment_that_it_does_not_know(self) -> None:
        call = Call(Run(case(Mode.MH), Impairment(Kind.SILENT, "TSI")))
        self.assertRaises(LookupError, row_of, moment_of(call))

    def test_what_can_be_repaired_has_one_ending(self) -> None:
        for kind in (Kind.LOST, Kind.CORRUPTED, Kind.DOUBLED, Kind.LATE, Kind.CLIPPED, Kind.ECHOED):
            for label in ("DIS", "DCS", "CFR", "MPS", "EOP", "MCF"):
                row = row_of(moment_of(Call(Run(case(Mode.MH), Impairment(kind, label)))))
                self.assertEqual(row.transmitter | row.receiver, {Outcome.COMPLETED}, (kind, label))


class DocumentTests(SynchronousTestCase):
    def test_no_two_pages_are_alike(self) -> None:
        for shape in Shape:
            for mode in (Mode.MH, Mode.MR, Mode.ECM_256_MMR):
                octets = [page.octets for page in document(case(mode, shape))]
                self.assertEqual(len(set(octets)), len(octets))

    def test_a_long_page_has_several_blocks(self) -> None:
        for mode in (Mode.ECM_256_MH, Mode.ECM_256_MR, Mode.ECM_64_MMR):
            [page] = document(case(mode, Shape.LONG))
            self.assertGreater(len(page.octets), 256 * mode.frame_octets)
