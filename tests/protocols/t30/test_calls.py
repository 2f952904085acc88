"""Whole calls between two terminals on a line in virtual time."""

from __future__ import annotations

import itertools
import re

from twisted.trial.unittest import SynchronousTestCase

from sandf.protocols.t30 import events, pump
from sandf.protocols.t30.message import finish, to_bits
from sandf.protocols.t30.picture import Coding, Resolution, ScanLineTime, Width
from sandf.protocols.t30.pump import Modulation
from sandf.protocols.t30.settings import CopyQuality, Intention, RtnPolicy, TerminalSettings
from sandf.protocols.t30.timers import Timer

from .line import Host, Impairment, Line, Nth, page

CALLER = TerminalSettings(ident="+1 555 0100")
CALLED = TerminalSettings(ident="+1 555 0200")


settings = TerminalSettings


def all_of(*impairments: Impairment) -> Impairment:
    def impair(sender: str, name: str, octets: bytes) -> list[tuple[bytes, bool]]:
        arriving = [(octets, True)]
        for impairment in impairments:
            result = list(impairment(sender, name, octets))
            if result != [(octets, True)]:
                arriving = result
        return arriving

    return impair


class CallTestCase(SynchronousTestCase):
    def check(
        self, line: Line, pages: list[events.OutgoingPage], outcomes: tuple[str, str] = ("COMPLETED",) * 2
    ) -> None:
        """Both ended so, released, and the pages arrived exactly once and whole."""
        self.assertEqual((line.caller.host.outcome, line.called.host.outcome), outcomes, "\n".join(line.trace))
        self.assertTrue(line.caller.released and line.called.released)
        received = line.called.host.received
        self.assertEqual(len(received), len(pages))
        for sent, got in zip(pages, received, strict=True):
            expected = finish(sent.octets, sent.coding, ecm=True, bit_rate=14400, scan_line_ms=0)
            # RTC begins with fill where the last line ends within an octet: compare what a decoder sees.
            self.assertEqual(got.octets.rstrip(b"\0"), expected.rstrip(b"\0"))
            self.assertTrue(got.complete)
            self.assertEqual((got.parameters.coding, got.parameters.resolution, got.parameters.width), sent.form)


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
        self.assertEqual(host.of(events.PageWanted)[0].form.codings, (Coding.MR,))
        self.check(line, host.pages)

    def test_page_that_does_not_fit_is_our_own_mistake(self) -> None:
        line = Line(CALLER, settings(ecm=False), pages=[page(coding=Coding.MMR)])
        self.assertRaises(ValueError, line.run)

    def test_page_size_changes_by_eom(self) -> None:
        pages = [page(), page(width=Width.B4, seed=2), page(resolution=Resolution.STANDARD, seed=3), page(seed=4)]
        line = Line(CALLER, CALLED, pages=pages).run()
        self.check(line, pages)
        posts = [name for name in line.caller.frames if name.startswith("PPS")]
        self.assertEqual(posts, ["PPS-EOM", "PPS-EOM", "PPS-EOM", "PPS-EOP"])

    def test_all_resolutions_and_widths(self) -> None:
        for resolution in Resolution:
            for width in Width:
                pages = [page(resolution=resolution, width=width)]
                self.check(Line(CALLER, CALLED, pages=pages).run(), pages)

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

    def test_t2_page_never_comes(self) -> None:
        host = Host(pages=[page(), page()], commit_delay=None)
        for ecm, outcome in ((True, "NO_COMMAND"), (False, "NO_COMMAND")):
            host = Host(pages=[page(coding=Coding.MR)], commit_delay=None)
            line = Line(CALLER, settings(ecm=ecm), caller_host=host).run()
            self.assertEqual(line.called.host.outcome, outcome)
            self.assertEqual(line.caller.host.outcome, "DCN_IN_MESSAGE")


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


class Retraining(CallTestCase):
    """Copy quality, RTP and RTN."""

    def judged(self, *bad: int) -> TerminalSettings:
        counts = iter(bad)
        return settings(
            ecm=False, judge=lambda octets, form: CopyQuality(rows=100, bad_rows=next(counts), longest_bad_run=1)
        )

    def pages(self, count: int) -> list[events.OutgoingPage]:
        return [page(coding=Coding.MR, seed=seed) for seed in range(count)]

    def test_rtp_goes_on_slower(self) -> None:
        line = Line(CALLER, self.judged(10, 0), pages=self.pages(2)).run()
        self.check(line, self.pages(2))
        self.assertIn("RTP", line.called.frames)
        self.assertEqual(line.called.host.received[1].parameters.modulation, Modulation.V17_12000)

    def test_rtn_repeats_the_page_once(self) -> None:
        pages = self.pages(2)
        for last in (1, 2):
            line = Line(CALLER, self.judged(30, 0, 0), pages=pages[:last]).run()
            self.check(line, [pages[0], *pages[:last]])
            self.assertEqual([p.verdict.name for p in line.called.host.received][:2], ["RTN", "MCF"])
            self.assertEqual([p.after_rejected for p in line.called.host.received][:2], [False, True])

    def test_rtn_twice_gives_up(self) -> None:
        line = Line(CALLER, self.judged(30, 30), pages=self.pages(2)).run()
        self.assertEqual(line.caller.host.outcome, "PAGE_REJECTED")
        self.assertEqual(line.called.host.outcome, "REJECTED_PAGE_NOT_REPEATED")

    def test_policies(self) -> None:
        line = Line(settings(rtn_policy=RtnPolicy.GO_ON), self.judged(30, 0), pages=self.pages(2)).run()
        self.check(line, self.pages(2))
        verdicts = [(e.number, e.verdict.name) for e in line.caller.host.of(events.PageConfirmed)]
        self.assertEqual(verdicts, [(1, "RTN"), (2, "MCF")])
        line = Line(settings(rtn_policy=RtnPolicy.GIVE_UP), self.judged(30), pages=self.pages(2)).run()
        self.assertEqual(line.caller.host.outcome, "PAGE_REJECTED")

    def test_rtn_or_rtp_after_eom(self) -> None:
        pages = [page(coding=Coding.MR), page(coding=Coding.MR, width=Width.B4)]
        line = Line(CALLER, self.judged(10, 0), pages=pages).run()
        self.check(line, pages)
        line = Line(CALLER, self.judged(30, 0, 0), pages=pages).run()
        self.check(line, [pages[0], *pages])

    def test_answers_lost(self) -> None:
        for name in ("RTP", "RTN"):
            bad = 10 if name == "RTP" else 30
            line = Line(CALLER, self.judged(bad, 0, 0), pages=self.pages(2), impair=Nth("called", name, "lost")).run()
            expected = self.pages(2) if name == "RTP" else [self.pages(2)[0], *self.pages(2)]
            self.check(line, expected)


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

    def test_bearer_lost_anywhere(self) -> None:
        for tenths in range(0, 260, 7):
            line = Line(CALLER, CALLED, pages=[page(3000)] * 2).start()
            line.run(until=tenths / 10)
            for end in (line.caller, line.called):
                end.signal(pump.BearerLost())
            self.assertNotEqual("", line.caller.host.outcome)
            self.assertNotEqual("", line.called.host.outcome)


class Polling(CallTestCase):
    """Both ways, and identification by SUB, SEP, PWD, SID."""

    def test_poll(self) -> None:
        for ecm in (True, False):
            pages = [page(coding=Coding.MR, seed=seed) for seed in range(2)]
            line = Line(
                settings(ident="1", selective_polling="77"),
                settings(ident="2", ecm=ecm, selective_polling="77"),
                polled=pages,
                caller_intention=Intention.RECEIVE,
                called_intention=Intention.SEND | Intention.RECEIVE,
            ).run()
            self.assertEqual((line.caller.host.outcome, line.called.host.outcome), ("COMPLETED", "COMPLETED"))
            self.assertEqual(len(line.caller.host.received), 2)
            self.assertEqual(line.called.host.of(events.Identified)[0].selective_polling, "77")
            self.assertEqual(line.called.host.of(events.Identified)[0].ident, "1")

    def test_poll_with_page_change(self) -> None:
        pages = [page(), page(width=Width.A3), page()]
        line = Line(
            CALLER, CALLED, polled=pages, caller_intention=Intention.RECEIVE, called_intention=Intention.SEND
        ).run()
        self.assertEqual((line.caller.host.outcome, line.called.host.outcome), ("COMPLETED", "COMPLETED"))
        self.assertEqual(len(line.caller.host.received), 3)

    def test_send_then_poll(self) -> None:
        both = Intention.SEND | Intention.RECEIVE
        line = Line(
            CALLER, CALLED, pages=[page()], polled=[page(seed=5)] * 2, caller_intention=both, called_intention=both
        ).run()
        self.assertEqual((line.caller.host.outcome, line.called.host.outcome), ("COMPLETED", "COMPLETED"))
        self.assertEqual((len(line.called.host.received), len(line.caller.host.received)), (1, 2))

    def test_nothing_to_poll(self) -> None:
        line = Line(CALLER, CALLED, caller_intention=Intention.RECEIVE).run()
        self.assertEqual(line.caller.host.outcome, "FAR_CANNOT_TRANSMIT")

    def test_far_end_only_sends(self) -> None:
        line = Line(CALLER, CALLED, pages=[page()], polled=[page()], called_intention=Intention.SEND).run()
        self.assertEqual(line.caller.host.outcome, "FAR_CANNOT_RECEIVE")

    def test_password(self) -> None:
        for given, outcome in (("1234", "COMPLETED"), ("9", "PASSWORD_REFUSED"), ("", "PASSWORD_REFUSED")):
            line = Line(
                settings(password=given),
                settings(password="1234"),
                polled=[page()],
                caller_intention=Intention.RECEIVE,
                called_intention=Intention.SEND,
            ).run()
            self.assertEqual(line.called.host.outcome, outcome)

    def test_subaddress_and_sender_id(self) -> None:
        line = Line(
            settings(ident="1", subaddress="4711", sender_id="me", nonstandard_setup=b"\xad\x00\x01"),
            settings(password="x", nonstandard=b"\xad\x00\x02"),
            pages=[page()],
        ).run()
        told = line.called.host.of(events.Identified)[0]
        self.assertEqual((told.ident, told.subaddress, told.sender_id), ("1", "4711", "me"))
        self.assertEqual(told.nonstandard, (b"\xad\x00\x01",))
        self.assertEqual(line.caller.host.of(events.Identified)[0].nonstandard, (b"\xad\x00\x02",))


class Operators(CallTestCase):
    """PRI-*, PIP and PIN."""

    def test_nobody_there(self) -> None:
        for ecm in (True, False):
            for side in ("caller", "called"):
                pages = [page(coding=Coding.MR, seed=seed) for seed in range(2)]
                line = Line(CALLER, settings(ecm=ecm), pages=pages).start()
                end = line.caller if side == "caller" else line.called
                end.terminal.request_operator(0.0)
                line.run()
                self.check(line, pages)
                seen = line.caller.frames if side == "caller" else line.called.frames
                self.assertTrue(any("PRI" in name or name == "PIP" for name in seen), seen)

    def test_operator_there(self) -> None:
        for ecm in (True, False):
            for asks in ("caller", "called"):
                for answer in ("continue", "interrupt", ""):
                    host = Host(operator=answer, pages=[page(coding=Coding.MR)])
                    ours, theirs = settings(operator=asks == "called"), settings(operator=asks == "caller", ecm=ecm)
                    if asks == "caller":
                        line = Line(ours, theirs, pages=host.pages, called_host=host).start()
                    else:
                        line = Line(ours, theirs, caller_host=host).start()
                    (line.caller if asks == "caller" else line.called).terminal.request_operator(0.0)
                    line.run()
                    self.assertEqual(len(host.of(events.OperatorRequested)), 1)
                    self.assertEqual(host.outcome, "OPERATOR" if answer == "interrupt" else "COMPLETED", line.trace)
                    self.assertTrue(line.caller.released and line.called.released)
