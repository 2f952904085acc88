"""Commands and responses that are known, and come where T.30 has no place for them, or twice: nothing is confirmed for
them, and nothing is lost."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from sandf.protocols.t30 import events, pump
from sandf.protocols.t30.chart import State
from sandf.protocols.t30.frames import Fcf, build, build_eor, build_pps
from sandf.protocols.t30.pump import Modulation
from sandf.protocols.t30.settings import CopyQuality, RtnPolicy, TerminalSettings

from .driver import Driver
from .judges import FixedJudge
from .pages import page
from .test_oddities import DCS, DIS, ECM_DCS, ECM_DIS, PAGE, TCF, V27, called, caller, sending, trained

ALL_MISSING = build(Fcf.PPR, b"\xff" * 32)


def outcomes(driver: Driver) -> list[str]:
    return [event.outcome.name for event in driver.ended]


def verdicts(driver: Driver) -> list[tuple[int, str]]:
    """What the transmitter's host was told of its pages."""
    told = (events.PageConfirmed, events.PageRejected)
    return [(event.number, type(event).__name__) for event in driver.told if isinstance(event, told)]


def hear_frames(driver: Driver, count: int) -> None:
    """A partial page of *count* frames."""
    driver.transmit()
    driver.signal(pump.CarrierDetected(modulation=V27))
    for number in range(count):
        driver.signal(pump.FrameReceived(octets=bytes((0xFF, 0x03, Fcf.FCD, number)) + b"\x11" * 64))
    driver.signal(pump.CarrierLost())


def stored(driver: Driver, command: bytes) -> list[str]:
    """The answer to *command*, once the page is stored."""
    driver.hear(command)
    driver.step("stored")
    driver.transmit()
    return list(driver.sent)


def within_page() -> Driver:
    """A caller that has sent the first of two blocks, and PPS-NULL."""
    driver = caller()
    driver.hear(ECM_DIS)
    assert driver.offer is not None
    offer = driver.offer
    two_blocks = page(100_000, coding=offer.codings[0], resolution=offer.resolutions[-1], paper=offer.papers[-1])
    driver.terminal.page_ready(two_blocks, driver.now)
    driver.drain()
    driver.transmit()
    assert driver.hear(build(Fcf.CFR))[-1] == "PPS-NULL"
    return driver


class Responses(SynchronousTestCase):
    def test_pip_and_pin_within_a_page_send_it_anew(self) -> None:
        for response in (Fcf.PIP, Fcf.PIN):
            driver = within_page()
            self.assertEqual(driver.hear(build(response))[0], "DCS")
            self.assertEqual(verdicts(driver), [(1, "PageRejected")])
            self.assertEqual(driver.hear(build(Fcf.CFR))[-1], "PPS-NULL")
            self.assertEqual(driver.hear(build(response)), ["DCN"])
            self.assertEqual(outcomes(driver), ["INTERRUPTED"])

    def test_going_on_does_not_confirm_a_page_with_holes(self) -> None:
        driver = sending(TerminalSettings(rtn_policy=RtnPolicy.GO_ON), ECM_DIS)
        while driver.terminal.state is not State.EOR_SENT:
            driver.hear(build(Fcf.CTR) if driver.terminal.state is State.CTC_SENT else ALL_MISSING)
        driver.hear(build(Fcf.PIN))
        self.assertEqual(verdicts(driver), [(1, "PageRejected")])
        driver.silence()
        self.assertEqual(outcomes(driver), ["PAGE_NOT_CORRECTED"])

    def test_pin_brings_the_last_page_again_whatever_goes_for_rtn(self) -> None:
        self.assertEqual(sending().hear(build(Fcf.PIN))[0], "DCS")

    def test_a_confirmation_is_heard_by_one_who_hangs_up(self) -> None:
        for ecm in (True, False):
            driver = sending(dis=ECM_DIS if ecm else DIS)
            driver.terminal.hang_up(driver.now)
            driver.drain()
            self.assertEqual(driver.sent[-1:], ["PPS-EOP" if ecm else "EOP"])
            self.assertEqual(driver.hear(build(Fcf.MCF)), ["DCN"])
            self.assertEqual(verdicts(driver), [(1, "PageConfirmed")])
            self.assertEqual(outcomes(driver), ["COMPLETED"])

    def test_one_who_hangs_up_waits_no_longer_than_for_a_response(self) -> None:
        driver = sending()
        driver.terminal.hang_up(driver.now)
        driver.pass_time(3.5)
        driver.transmit()
        self.assertEqual((driver.sent[-1], outcomes(driver)), ("DCN", ["ABORTED"]))

    def test_one_who_hangs_up_is_not_held_by_what_is_no_response(self) -> None:
        for octets, intact in ((build(Fcf.MCF), False), (build(Fcf.CSI, b" " * 20, final=False), True)):
            driver = sending()
            driver.terminal.hang_up(driver.now)
            driver.signal(pump.CarrierDetected(modulation=Modulation.V21))
            for _ in range(12):
                driver.signal(pump.FrameReceived(octets=octets, intact=intact))
                driver.pass_time(1.0)
            driver.transmit()
            self.assertEqual((driver.sent[-1], outcomes(driver)), ("DCN", ["ABORTED"]))

    def test_a_stuck_carrier_where_a_response_is_due(self) -> None:
        driver = sending()
        driver.signal(pump.CarrierDetected(modulation=V27))
        driver.pass_time(310.0)
        driver.transmit()
        self.assertEqual(outcomes(driver), ["CARRIER_STUCK"])

    def test_hanging_up_twice_waits_for_nothing(self) -> None:
        driver = sending()
        driver.terminal.hang_up(driver.now)
        driver.terminal.hang_up(driver.now)
        driver.drain()
        driver.transmit()
        self.assertEqual((driver.sent[-1], outcomes(driver)), ("DCN", ["ABORTED"]))

    def test_verdicts_heard_by_one_who_hangs_up(self) -> None:
        for response, told, ended in (
            (Fcf.RTP, "PageConfirmed", "COMPLETED"),
            (Fcf.PIP, "PageConfirmed", "COMPLETED"),
            (Fcf.RTN, "PageRejected", "ABORTED"),
            (Fcf.PIN, "PageRejected", "ABORTED"),
        ):
            driver = sending()
            driver.terminal.hang_up(driver.now)
            driver.hear(build(response))
            self.assertEqual((verdicts(driver), outcomes(driver)), ([(1, told)], [ended]))

    def test_who_hangs_up_first_says_why(self) -> None:
        for end in (pump.BearerLost(), None):
            driver = sending()
            driver.terminal.hang_up(driver.now)
            if end is None:
                driver.hear(build(Fcf.DCN))
            else:
                driver.signal(end)
            self.assertEqual(outcomes(driver), ["ABORTED"])

    def test_the_line_goes_when_all_is_confirmed(self) -> None:
        driver = caller()
        driver.hear(DIS)
        driver.step("page")
        driver.transmit()
        driver.hear(build(Fcf.CFR))
        driver.step("doubt")
        driver.pass_time(4.5)
        driver.hear(build(Fcf.MCF))
        driver.step("none")
        self.assertIs(driver.terminal.state, State.DIS_AWAITED)
        driver.signal(pump.BearerLost())
        self.assertEqual(outcomes(driver), ["COMPLETED"])


class Commands(SynchronousTestCase):
    def test_nothing_is_confirmed_behind_ftt(self) -> None:
        for command, answer in (
            (build_eor(Fcf.EOP, x=False), []),
            (build(Fcf.RR), []),
            (build(Fcf.PPS), []),
            (build_pps(Fcf.EOP, page=0, block=0, frames=3, x=False), []),
            (build(Fcf.EOP), ["RTN"]),
        ):
            driver = called()
            driver.hear(ECM_DCS)
            self.assertEqual(driver.hear_data(V27, b"\x55" * 900), ["FTT"])
            self.assertEqual(driver.hear(command), answer, command.hex())

    def test_counters_of_the_page_before_are_forgotten_with_dcs(self) -> None:
        driver = trained(dcs=ECM_DCS)
        hear_frames(driver, 1)
        self.assertEqual(stored(driver, build_pps(Fcf.EOM, page=0, block=0, frames=1, x=False)), ["MCF"])
        driver.hear(ECM_DCS)
        self.assertEqual(driver.hear_data(V27, b"\x55" * 900), ["FTT"])
        self.assertEqual(driver.hear(build_pps(Fcf.EOP, page=0, block=0, frames=1, x=False)), [])

    def test_a_page_that_comes_anew_behind_dcs_has_no_hole(self) -> None:
        driver = trained(dcs=ECM_DCS)
        hear_frames(driver, 3)
        self.assertEqual(driver.hear(build_pps(Fcf.NULL, page=0, block=0, frames=256, x=False)), ["PPR"])
        self.assertEqual(driver.hear(build_eor(Fcf.NULL, x=False)), ["ERR"])
        driver.hear(ECM_DCS)
        driver.hear_data(V27, TCF)
        hear_frames(driver, 3)
        self.assertEqual(stored(driver, build_pps(Fcf.EOP, page=0, block=0, frames=3, x=False)), ["MCF"])
        driver.hear(build(Fcf.DCN))
        self.assertEqual([e.damaged for e in driver.told if isinstance(e, events.PageReceived)], [False])
        self.assertEqual(outcomes(driver), ["COMPLETED"])

    def test_dcn_where_a_rejected_page_is_due(self) -> None:
        bad = FixedJudge(iter([CopyQuality(rows=100, bad_rows=30, longest_bad_run=1)]))
        driver = trained(TerminalSettings(judge=bad))
        driver.hear_data(V27, PAGE)
        self.assertEqual(stored(driver, build(Fcf.EOM)), ["RTN"])
        driver.pass_time(7.0)
        driver.transmit()
        self.assertEqual(driver.sent[-1], "DIS")
        driver.hear(build(Fcf.DCN))
        self.assertEqual(outcomes(driver), ["REJECTED_PAGE_NOT_REPEATED"])

    def test_rr_again(self) -> None:
        driver = trained(dcs=ECM_DCS)
        hear_frames(driver, 1)
        driver.hear(build_pps(Fcf.MPS, page=0, block=0, frames=1, x=False))
        driver.pass_time(1.1)
        driver.transmit()
        self.assertEqual(driver.sent, ["RNR"])
        self.assertEqual(stored(driver, build(Fcf.RR)), ["RNR"])
        self.assertEqual(driver.hear(build(Fcf.RR)), ["MCF"])
        self.assertEqual(driver.hear(build(Fcf.RR)), ["MCF"])
        hear_frames(driver, 1)
        self.assertEqual(driver.hear(build(Fcf.RR)), [], "noise among the frames of the next page")
        driver.hear(DCS)
        driver.hear_data(V27, TCF)
        self.assertEqual(driver.hear(build(Fcf.RR)), [], "behind CFR")

    def test_flags_are_no_command(self) -> None:
        driver = trained()
        driver.hear_data(V27, PAGE)
        driver.signal(pump.CarrierDetected(modulation=Modulation.V21))
        driver.signal(pump.CarrierLost())
        driver.pass_time(6.0)
        self.assertEqual(stored(driver, build(Fcf.MPS)), ["RTN"])

    def test_v21_ends_a_page_whose_carrier_nobody_saw_go(self) -> None:
        driver = trained()
        driver.signal(pump.CarrierDetected(modulation=V27))
        driver.signal(pump.DataReceived(octets=PAGE))
        self.assertEqual(stored(driver, build(Fcf.EOP)), ["MCF"])

    def test_dis_unanswered_after_eom(self) -> None:
        driver = trained(TerminalSettings(dis_tries=2))
        driver.hear_data(V27, PAGE)
        self.assertEqual(stored(driver, build(Fcf.EOM)), ["MCF"])
        driver.silence()
        self.assertEqual(outcomes(driver), ["NO_CALLER_AFTER_EOM"])

    def test_half_a_page_is_not_confirmed(self) -> None:
        # Without RTC: the carrier dropped if V.21 comes up late, whatever is understood then.
        for seconds, damaged, verdict in ((0.1, 0, "MCF"), (0.4, 1, "MCF"), (0.6, 0, "RTN"), (4.0, 1, "RTN")):
            driver = trained()
            driver.hear_data(V27, PAGE)
            driver.pass_time(seconds)
            for intact in [False] * damaged + [True]:
                driver.signal(pump.CarrierDetected(modulation=Modulation.V21))
                driver.pass_time(1.1)
                driver.signal(pump.FrameReceived(octets=build(Fcf.MPS), intact=intact))
                driver.signal(pump.CarrierLost())
                driver.pass_time(0.0 if intact else 3.0)
            driver.step("stored")
            driver.sent.clear()
            driver.transmit()
            self.assertEqual(driver.sent, [verdict], (seconds, damaged))


def busy() -> Driver:
    """A caller that has asked with RR for the answer to its last PPS."""
    driver = sending(dis=ECM_DIS)
    driver.hear(build(Fcf.RNR))
    return driver


def giving_up() -> Driver:
    """A caller that has given up the last block of its page."""
    driver = sending(dis=ECM_DIS)
    while driver.terminal.state is not State.EOR_SENT:
        driver.hear(build(Fcf.CTR) if driver.terminal.state is State.CTC_SENT else ALL_MISSING)
    return driver


def agreeing() -> Driver:
    """A caller that has sent DCS and TCF."""
    driver = caller()
    driver.hear(ECM_DIS)
    driver.step("page")
    driver.transmit()
    return driver


def untrained() -> Driver:
    """A called terminal that has answered FTT."""
    driver = called()
    driver.hear(ECM_DCS)
    driver.hear_data(V27, b"\x55" * 900)
    return driver


FIFS = {
    Fcf.PPR: (b"\xff" * 32, bytes(32)),
    Fcf.PPS: (b"", b"\x00\x00\x00\x00", b"\x2e\x00\x00\x00", b"\x4e\x00\x00\x03"),
    Fcf.EOR: (b"", b"\x00", b"\x2e"),
    Fcf.DCS: (DCS[3:], ECM_DCS[3:]),
    Fcf.DIS: (DIS[3:], ECM_DIS[3:]),
    Fcf.CTC: (b"\x00\x00",),
}
"""What a frame may carry to be taken for one."""


class EveryFrameInEveryState(SynchronousTestCase):
    """Whatever comes, nothing is confirmed that was not sent whole, or not received."""

    def frames(self) -> list[bytes]:
        return [build(fcf, fif) for fcf in Fcf if fcf is not Fcf.NULL for fif in FIFS.get(fcf, (b"",))]

    def test_a_page_is_confirmed_only_when_it_is_in_doubt(self) -> None:
        for make in (agreeing, within_page, sending, lambda: sending(dis=ECM_DIS), busy, giving_up):
            for frame in self.frames():
                for leaves in (False, True):
                    driver = make()
                    if leaves:
                        driver.terminal.hang_up(driver.now)
                        driver.drain()
                    driver.hear(frame)
                    driver.silence()
                    told = [e for e in driver.told if isinstance(e, events.PageInDoubt | events.PageConfirmed)]
                    kinds = [(type(e).__name__, e.number) for e in told]
                    self.assertIn(kinds[1:] or kinds, ([], [("PageInDoubt", 1)], [("PageConfirmed", 1)]), frame.hex())
                    self.assertEqual(kinds[:1], [("PageInDoubt", 1)] if kinds else [], frame.hex())
                    self.assertEqual(len(outcomes(driver)), 1, frame.hex())

    def test_what_was_not_received_is_not_confirmed(self) -> None:
        for make in (called, untrained, trained, lambda: trained(dcs=ECM_DCS)):
            for frame in self.frames():
                driver = make()
                answers = set(driver.hear(frame)) & {"MCF", "RTP", "PIP"}
                self.assertEqual(answers, set(), frame.hex())
                driver.silence()
                self.assertEqual(len(outcomes(driver)), 1, frame.hex())
