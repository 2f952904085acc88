"""Whole calls between two terminals on a line in virtual time."""

from __future__ import annotations

import itertools
import re

from sandf.protocols.t4.bits import to_bits
from sandf.protocols.t4.form import Coding, Paper, Resolution
from sandf.protocols.t30 import events, pump
from sandf.protocols.t30.picture import ScanLineTime
from sandf.protocols.t30.pump import Modulation
from sandf.protocols.t30.settings import Intention, Role
from sandf.protocols.t30.terminal import Terminal
from sandf.protocols.t30.timers import Timer

from .calls import CALLED, CALLER, CallTestCase, settings
from .line import Host, Line, Nth
from .pages import page


class Calls(CallTestCase):
    """The ordinary, and what is lost of it."""

    def test_ecm(self) -> None:
        for coding in Coding:
            for count in (1, 2, 10):
                pages = [page(2000, coding=coding, seed=seed) for seed in range(count)]
                line = Line(CALLER, CALLED, pages=pages).run()
                self.check(line, pages)
                self.assertEqual(line.called.host.of(events.Identified)[0].ident, "+1 555 0100")

    def test_without_ecm(self) -> None:
        for coding in (Coding.MH, Coding.MR):
            for count in (1, 2, 10):
                pages = [page(2000, coding=coding, seed=seed) for seed in range(count)]
                line = Line(CALLER, settings(ecm=False), pages=pages).run()
                self.check(line, pages)

    def test_many_blocks(self) -> None:
        pages = [page(50_000), page(100)]
        line = Line(CALLER, settings(frame_octets=64), pages=pages).run()
        self.check(line, pages)
        self.assertEqual([name for name in line.caller.frames if name.startswith("PPS")].count("PPS-NULL"), 3)

    def test_mmr_without_ecm_agrees_on_mr(self) -> None:
        host = Host(pages=[page(coding=Coding.MR)])
        line = Line(settings(codings=(Coding.MMR,)), settings(ecm=False), caller_host=host).run()
        self.assertEqual(host.of(events.PageWanted)[0].offer.codings, (Coding.MR,))
        self.check(line, host.pages)

    def test_page_that_does_not_fit_is_our_own_mistake(self) -> None:
        line = Line(CALLER, settings(ecm=False), pages=[page(coding=Coding.MMR)])
        self.assertRaises(ValueError, line.run)

    def test_page_size_changes_by_eom(self) -> None:
        pages = [page(), page(paper=Paper.B4, seed=2), page(resolution=Resolution.STANDARD, seed=3), page(seed=4)]
        line = Line(CALLER, CALLED, pages=pages).run()
        self.check(line, pages)
        posts = [name for name in line.caller.frames if name.startswith("PPS")]
        self.assertEqual(posts, ["PPS-EOM", "PPS-EOM", "PPS-EOM", "PPS-EOP"])

    def test_all_resolutions_and_widths(self) -> None:
        for resolution in Resolution:
            for paper in Paper:
                pages = [page(resolution=resolution, paper=paper)]
                self.check(Line(CALLER, CALLED, pages=pages).run(), pages)

    def test_a_page_without_end_is_not_confirmed(self) -> None:
        for ecm in (True, False):
            small = settings(ecm=ecm, frame_octets=64, max_page_octets=20_000)
            line = Line(CALLER, small, pages=[page(60_000, coding=Coding.MR)]).run()
            self.assertEqual(line.called.host.outcome, "STORE_REFUSED")
            self.assertEqual(line.called.host.received, [])
            self.assertEqual(line.caller.host.of(events.PageConfirmed), [])

    def test_fill_for_the_minimum_scan_line_time(self) -> None:
        sent = page(coding=Coding.MH)
        slow = settings(ecm=False, scan_line_time=ScanLineTime.MS_20)
        line = Line(CALLER, slow, pages=[sent]).run()
        command = next(c for c in line.caller.sent if isinstance(c, pump.SendPage))
        rows = 3000 // 60
        self.assertGreaterEqual(8 * len(command.octets), rows * 288)
        self.assertEqual(line.called.host.outcome, "COMPLETED")
        starts = [m.end() for m in re.finditer("0{11,}1", to_bits(command.octets))][: rows + 1]
        self.assertTrue(all(b - a >= 288 for a, b in itertools.pairwise(starts)))

    def test_training_falls_back_down_the_ladder(self) -> None:
        for ecm in (True, False):
            line = Line(
                CALLER,
                settings(ecm=ecm),
                pages=[page(200, coding=Coding.MR)],
                bad_training=lambda modulation: modulation is not Modulation.V27TER_2400,
            ).run()
            tried = [event.modulation for event in line.caller.host.of(events.TrainingFailed)]
            ladder = "V17_14400 V17_12000 V17_9600 V29_9600 V17_7200 V29_7200 V27TER_4800"
            self.assertEqual([m.name for m in tried], ladder.split())
            self.check(line, [page(200, coding=Coding.MR)])

    def test_no_speed_trains(self) -> None:
        line = Line(CALLER, CALLED, pages=[page()], bad_training=lambda modulation: True).run()
        self.check(line, [], ("CANNOT_TRAIN", "DCN_AFTER_DCS"))

    def test_slow_modems(self) -> None:
        for modulations, chosen in (
            (frozenset({Modulation.V27TER_2400}), Modulation.V27TER_2400),
            (frozenset({Modulation.V27TER_2400, Modulation.V27TER_4800}), Modulation.V27TER_4800),
            (frozenset(m for m in Modulation if m.system in ("V.27ter", "V.29")), Modulation.V29_9600),
        ):
            line = Line(CALLER, settings(modulations=modulations), pages=[page(200)]).run()
            self.check(line, [page(200)])
            self.assertIs(line.called.host.received[0].parameters.modulation, chosen)

    def test_each_frame_lost_corrupt_or_doubled_once(self) -> None:
        pages = [page(2000, seed=1), page(2000, seed=2)]
        for ecm in (True, False):
            pages = [page(2000, seed=seed, coding=Coding.MMR if ecm else Coding.MR) for seed in (1, 2)]
            posts = ["PPS-MPS", "PPS-EOP"] if ecm else ["MPS", "EOP"]
            for sender, names in (("caller", ["TSI", "DCS", *posts]), ("called", ["CSI", "DIS", "CFR", "MCF"])):
                for name in names:
                    for how in ("lost", "corrupt", "doubled"):
                        for nth in ((1,), (2,)):
                            impair = Nth(sender, name, how, nth)
                            line = Line(CALLER, settings(ecm=ecm, ident="2"), pages=pages, impair=impair).run()
                            self.check(line, pages)

    def test_dcn_lost(self) -> None:
        line = Line(CALLER, CALLED, pages=[page()], impair=Nth("caller", "DCN", "lost")).run()
        self.check(line, [page()])

    def test_three_tries(self) -> None:
        always = tuple(range(1, 99))
        for sender, name, ecm, outcome, tries in (
            ("called", "CFR", True, "NO_RESPONSE_TO_DCS", 3),
            ("called", "MCF", True, "NO_RESPONSE_TO_PPS", 3),
            ("called", "MCF", False, "NO_RESPONSE_TO_EOP", 3),
            ("caller", "DCS", True, "DCS_NOT_RECOGNIZED", 3),
            ("called", "DIS", True, "NO_FAX", 0),
        ):
            line = Line(
                CALLER, settings(ecm=ecm), pages=[page(coding=Coding.MR)], impair=Nth(sender, name, "lost", always)
            ).run()
            self.assertEqual(line.caller.host.outcome, outcome)
            self.assertNotEqual(line.called.host.outcome, "")
            command = {"NO_RESPONSE_TO_EOP": "EOP", "NO_RESPONSE_TO_PPS": "PPS-EOP"}.get(outcome, "DCS")
            self.assertEqual(line.caller.frames.count(command), tries, line.trace)

    def test_t1_at_both_ends(self) -> None:
        silent = settings(timers={Timer.T1: 33.0})
        line = Line(silent, silent, pages=[page()], impair=lambda *_: ()).run()
        self.assertEqual((line.caller.host.outcome, line.called.host.outcome), ("NO_FAX", "NO_CALLER"))
        self.assertGreater(sum(isinstance(c, pump.SendTone) for c in line.caller.sent), 5)
        self.assertGreaterEqual(line.called.frames.count("DIS"), 4)
        self.assertEqual(line.called.frames[-1], "DCN")

    def test_cng_is_half_a_second_in_three_and_a_half(self) -> None:
        terminal = Terminal(CALLER, role=Role.CALLER, intention=Intention.SEND)
        terminal.start(0.0)
        now, began = 0.0, []
        while now < 30:
            if any(isinstance(command, pump.SendTone) for command in terminal.commands()):
                began.append(now)
                terminal.receive_signal(pump.Transmitted(), now + 0.5)
            now = terminal.next_deadline() or 30
            terminal.handle_timer(now)
        self.assertEqual(began, [3.5 * number for number in range(9)])

    def test_t2_page_never_comes(self) -> None:
        host = Host(pages=[page(), page()], commit_delay=None)
        for ecm, outcome in ((True, "NO_COMMAND"), (False, "NO_COMMAND")):
            host = Host(pages=[page(coding=Coding.MR)], commit_delay=None)
            line = Line(CALLER, settings(ecm=ecm), caller_host=host).run()
            self.assertEqual(line.called.host.outcome, outcome)
            self.assertEqual(line.caller.host.outcome, "DCN_IN_MESSAGE")


class Hosts(CallTestCase):
    """Hosts that take their time, fail or refuse."""

    def test_slow_store_without_ecm(self) -> None:
        pages = [page(coding=Coding.MR, seed=seed) for seed in range(2)]
        for delay in (0.5, 2.9, 4.0, 6.0):
            line = Line(CALLER, settings(ecm=False), pages=pages, called_host=Host(store_delay=delay)).run()
            self.check(line, pages)

    def test_store_never_answers(self) -> None:
        for ecm in (True, False):
            line = Line(CALLER, settings(ecm=ecm), pages=[page(coding=Coding.MR)], called_host=Host(store_delay=None))
            line.run()
            self.assertNotIn("MCF", line.called.frames)
            self.assertNotEqual("", line.caller.host.outcome)
            self.assertNotEqual("", line.called.host.outcome)

    def test_refused(self) -> None:
        for ecm in (True, False):
            for delay in (0.0, 5.0):
                host = Host(store_delay=delay, refuse=(2,))
                pages = [page(coding=Coding.MR, seed=seed) for seed in range(3)]
                line = Line(CALLER, settings(ecm=ecm), pages=pages, called_host=host).run()
                self.assertEqual((line.called.host.outcome, line.called.frames[-1]), ("STORE_REFUSED", "DCN"))
                self.assertEqual(line.called.frames.count("MCF"), 1)
                self.assertEqual(line.caller.host.outcome, "DCN_IN_MESSAGE")

    def test_slow_pages(self) -> None:
        for ecm in (True, False):
            for delay in (3.0, 10.0, 28.0):
                pages = [page(300, coding=Coding.MR, seed=seed) for seed in range(3)]
                line = Line(CALLER, settings(ecm=ecm), caller_host=Host(pages=pages, page_delay=delay)).run()
                self.check(line, pages)

    def test_pages_never_come(self) -> None:
        line = Line(CALLER, CALLED, caller_host=Host(page_delay=None)).run()
        self.assertIn(line.caller.host.outcome, ("PAGES_FAILED", "DCN_IN_PHASE_B"))
        self.assertNotEqual(line.called.host.outcome, "")

    def test_no_page_at_all(self) -> None:
        line = Line(CALLER, CALLED).run()
        self.assertEqual(line.caller.host.outcome, "COMPLETED")
        self.assertEqual(line.caller.frames, ["DCN"])

    def test_in_doubt_before_the_command(self) -> None:
        line = Line(CALLER, CALLED, caller_host=Host(pages=[page(), page()], commit_delay=1.0)).run()
        self.check(line, [page(), page()])
        order = [
            type(e).__name__ for e in line.caller.host.seen if isinstance(e, events.PageInDoubt | events.PageConfirmed)
        ]
        self.assertEqual(order, ["PageInDoubt", "PageConfirmed"] * 2)

    def test_hang_up_anywhere(self) -> None:
        for ecm in (True, False):
            for tenths in range(0, 260, 7):
                for side in ("caller", "called"):
                    line = Line(CALLER, settings(ecm=ecm), pages=[page(3000, coding=Coding.MR)] * 2).start()
                    line.run(until=tenths / 10)
                    end = line.caller if side == "caller" else line.called
                    end.do(end.terminal.hang_up)
                    line.run()
                    self.assertTrue(line.caller.released and line.called.released)
                    self.assertIn(end.host.outcome, ("ABORTED", "COMPLETED"))

    def test_hang_up_during_ced_does_not_wait_for_dis(self) -> None:
        line = Line(CALLER, CALLED, pages=[page()]).start()
        line.run(until=1.0)
        line.called.do(line.called.terminal.hang_up)
        line.run(until=6.0)
        self.assertEqual((line.called.frames, line.called.released), (["DCN"], True))

    def test_bearer_lost_anywhere(self) -> None:
        for tenths in range(0, 260, 7):
            line = Line(CALLER, CALLED, pages=[page(3000)] * 2).start()
            line.run(until=tenths / 10)
            for end in (line.caller, line.called):
                end.signal(pump.BearerLost())
            self.assertNotEqual("", line.caller.host.outcome)
            self.assertNotEqual("", line.called.host.outcome)
