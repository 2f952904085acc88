"""Calls under error correction when frames go astray."""

from __future__ import annotations

from sandf.protocols.t30 import events
from sandf.protocols.t30.pump import Modulation
from sandf.protocols.t30.timers import Timer

from .calls import CALLED, CALLER, CallTestCase, all_of, settings
from .line import Host, Line, Nth
from .pages import page


class Correction(CallTestCase):
    """ECM when frames go astray."""

    def test_frames_lost(self) -> None:
        pages = [page(20_000), page(9000)]
        for octets in (256, 64):
            impair = Nth("caller", "FCD", "lost", (1, 2, 30, 31, 40, 80, 81, 90))
            line = Line(CALLER, settings(frame_octets=octets), pages=pages, impair=impair).run()
            self.check(line, pages)
            self.assertEqual(line.called.frames.count("PPR"), 3 if octets == 256 else 1)

    def test_frames_corrupt_and_doubled(self) -> None:
        for how in ("corrupt", "doubled"):
            line = Line(CALLER, CALLED, pages=[page(9000)], impair=Nth("caller", "FCD", how, (1, 5, 36))).run()
            self.check(line, [page(9000)])

    def test_ppr_lost(self) -> None:
        impair = all_of(Nth("caller", "FCD", "lost", (3, 4)), Nth("called", "PPR", "lost"))
        self.check(Line(CALLER, CALLED, pages=[page(9000)], impair=impair).run(), [page(9000)])

    def test_ctc_goes_on_slower(self) -> None:
        # The fourth frame is lost five times: four PPR, CTC, one more PPR, then it comes.
        impair = Nth("caller", "FCD", "lost", (4, 37, 38, 39, 40))
        line = Line(CALLER, CALLED, pages=[page(9000)], impair=impair).run()
        self.check(line, [page(9000)])
        self.assertEqual((line.caller.frames.count("CTC"), line.called.frames.count("CTR")), (1, 1))
        self.assertEqual(line.caller.host.of(events.SpeedChanged)[0].modulation, Modulation.V17_12000)

    def test_ctc_and_ctr_lost(self) -> None:
        for sender, name in (("caller", "CTC"), ("called", "CTR")):
            impair = all_of(Nth("caller", "FCD", "lost", (4, 37, 38, 39)), Nth(sender, name, "lost"))
            self.check(Line(CALLER, CALLED, pages=[page(9000)], impair=impair).run(), [page(9000)])

    def lose_one(self, sender: str, name: str, octets: bytes) -> list[tuple[bytes, bool]]:
        return [] if name == "FCD" and octets[3] == 3 else [(octets, True)]

    def test_eor_gives_a_page_up(self) -> None:
        only_2400 = settings(modulations=frozenset({Modulation.V27TER_2400}))
        for lost in ("", "EOR-MPS", "ERR"):
            nth = Nth("called" if lost == "ERR" else "caller", lost, "lost")
            impair = all_of(self.lose_one, nth)
            line = Line(CALLER, only_2400, pages=[page(1200), page(300)], impair=impair).run()
            self.assertEqual(line.caller.host.outcome, "PAGE_NOT_CORRECTED", line.trace)
            self.assertEqual([p.damaged for p in line.called.host.received], [True, False])
            rejected = line.caller.host.of(events.PageRejected)
            self.assertEqual([(r.number, r.verdict.name) for r in rejected], [(1, "ERR")])

    def test_eor_within_a_page(self) -> None:
        only_2400 = settings(modulations=frozenset({Modulation.V27TER_2400}), frame_octets=64)

        def impair(sender: str, name: str, octets: bytes) -> list[tuple[bytes, bool]]:
            first = name == "FCD" and octets[3] == 200
            return [] if first else [(octets, True)]

        line = Line(CALLER, only_2400, pages=[page(64 * 260), page(100)], impair=impair).run()
        self.assertIn("EOR-NULL", line.caller.frames)
        self.assertEqual(line.caller.host.outcome, "PAGE_NOT_CORRECTED")
        self.assertEqual([p.damaged for p in line.called.host.received], [True, False])

    def interrupted(self, lost: str, pages: list[events.OutgoingPage], nth: tuple[int, ...] = (4, 6, 7, 8)) -> Line:
        """A page is given up, and the receiver's operator wants the line; the first *lost* of the receiver is lost."""
        only_2400 = settings(modulations=frozenset({Modulation.V27TER_2400}))
        impair = all_of(Nth("caller", "FCD", "lost", nth), Nth("called", lost, "lost"))
        line = Line(CALLER, only_2400, pages=pages, impair=impair).start()
        line.called.terminal.request_operator(0.0)
        return line.run()

    def test_pin_after_eor_lost(self) -> None:
        for lost in ("", "PIN"):
            line = self.interrupted(lost, [page(1200), page(300)])
            self.assertEqual((line.caller.host.outcome, line.called.host.outcome), ("COMPLETED", "COMPLETED"))
            self.assertEqual(line.called.frames.count("PIN"), 1 + (lost == "PIN"))
            self.assertEqual([p.damaged for p in line.called.host.received], [True, False, False])
            self.assertEqual([p.after_rejected for p in line.called.host.received], [False, True, False])

    def test_pin_at_the_end_and_nothing_after(self) -> None:
        only_2400 = settings(modulations=frozenset({Modulation.V27TER_2400}))
        impair = all_of(Nth("caller", "FCD", "lost", (4, 6, 7, 8)), Nth("caller", "DCS", "lost", (2, 3, 4)))
        line = Line(CALLER, only_2400, pages=[page(1200)], impair=impair).start()
        line.called.terminal.request_operator(0.0)
        line.run()
        self.assertEqual(line.called.host.outcome, "REJECTED_PAGE_NOT_REPEATED")

    def test_pip_does_not_confirm_a_page_with_holes(self) -> None:
        # The first of two blocks is given up; PIP comes for the second.
        for last in (1, 2):
            pages = [page(70_000), page(300)][:last]
            line = self.interrupted("", pages, (4, 257, 258, 259))
            self.assertEqual((line.caller.host.outcome, line.called.host.outcome), ("PAGE_NOT_CORRECTED",) * 2)
            self.assertIn("PIP", line.called.frames)
            self.assertEqual([e.number for e in line.caller.host.of(events.PageConfirmed)], [2][: last - 1])
            self.assertEqual([p.damaged for p in line.called.host.received], [True, False][:last])

    def test_pip_after_rr_lost(self) -> None:
        pages = [page(), page()]
        line = Line(
            CALLER, CALLED, pages=pages, impair=Nth("called", "PIP", "lost"), called_host=Host(store_delay=4.0)
        ).start()
        line.called.terminal.request_operator(0.0)
        self.check(line.run(), pages)

    def test_rnr_buys_time(self) -> None:
        for delay in (2.0, 30.0):
            line = Line(CALLER, CALLED, pages=[page(), page()], called_host=Host(store_delay=delay)).run()
            self.check(line, [page(), page()])
            self.assertEqual(line.called.frames.count("RNR"), line.caller.frames.count("RR"))
            self.assertGreaterEqual(line.called.frames.count("RNR"), 2)

    def test_rnr_and_rr_lost(self) -> None:
        for sender, name in (("called", "RNR"), ("caller", "RR")):
            for how in ("lost", "corrupt"):
                line = Line(
                    CALLER, CALLED, pages=[page()], impair=Nth(sender, name, how), called_host=Host(store_delay=9.0)
                ).run()
                self.check(line, [page()])

    def test_the_answer_to_rr_lost(self) -> None:
        pages = [page(), page(seed=1)]
        for number in (1, 2):
            for how in ("lost", "corrupt"):
                impair = Nth("called", "MCF", how, (number,))
                line = Line(CALLER, CALLED, pages=pages, impair=impair, called_host=Host(store_delay=9.0)).run()
                self.check(line, pages)
                self.assertEqual(line.caller.frames.count("RR"), line.called.frames.count("RNR") + 1)

    def test_t5_ends_the_patience(self) -> None:
        line = Line(CALLER, settings(timers={Timer.X_HOST: 900.0}), pages=[page()], called_host=Host(store_delay=None))
        line.run()
        self.assertEqual(line.caller.host.outcome, "RECEIVER_NOT_READY")
        self.assertEqual(line.called.host.outcome, "DCN_IN_RECEPTION")
        self.assertNotIn("MCF", line.called.frames)

    def test_mcf_lost_after_blocks(self) -> None:
        pages = [page(70_000), page(70_000, seed=3)]
        for nth in ((1,), (2,), (3,), (4,)):
            self.check(Line(CALLER, CALLED, pages=pages, impair=Nth("called", "MCF", "lost", nth)).run(), pages)

    def test_hostile_ecm_frames_are_noise(self) -> None:
        def impair(sender: str, name: str, octets: bytes) -> list[tuple[bytes, bool]]:
            if name == "FCD":
                hostile = [
                    octets[:3],
                    octets[:4],
                    octets[:4] + bytes(700),
                    octets[:2],
                    b"",
                    b"\xff\x03\x06\xfe" + bytes(9),
                ]
                return [*((o, True) for o in hostile), (octets, True)]
            return [(octets, True)]

        self.check(Line(CALLER, CALLED, pages=[page(9000)], impair=impair).run(), [page(9000)])
