"""Far terminals that are odd, wrong or gone: one terminal against scripted frames."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from sandf.protocols.t4.bits import to_octets
from sandf.protocols.t4.codes import RTC_MH
from sandf.protocols.t30 import events, frames, pump
from sandf.protocols.t30.chart import State
from sandf.protocols.t30.frames import PRI_OF, Fcf, build
from sandf.protocols.t30.outcomes import Outcome
from sandf.protocols.t30.pump import Modulation
from sandf.protocols.t30.settings import CopyQuality, Intention, Role, TerminalSettings

from .driver import Driver
from .judges import FixedJudge
from .test_codecs import line_order

V27 = Modulation.V27TER_4800
DCS = line_order("FF C8 41 00 50 00")
ECM_DCS = line_order("FF C8 41 00 50 1F 30")
DIS = line_order("FF C8 01 00 50 00")
ECM_DIS = line_order("FF C8 01 00 50 11 20")
TCF = bytes(900)
PAGE = b"\x00\x08" + b"\x5a" * 500


def judged(bad: int) -> FixedJudge:
    return FixedJudge(iter([CopyQuality(rows=1000, bad_rows=bad, longest_bad_run=1)]))


def called(own: TerminalSettings | None = None, intention: Intention = Intention.RECEIVE) -> Driver:
    driver = Driver(Role.CALLED, intention, ecm=True, own=own or TerminalSettings())
    driver.transmit()
    return driver


def caller(own: TerminalSettings | None = None, intention: Intention = Intention.SEND) -> Driver:
    driver = Driver(Role.CALLER, intention, ecm=True, own=own or TerminalSettings())
    driver.transmit()
    return driver


def trained(own: TerminalSettings | None = None, dcs: bytes = DCS) -> Driver:
    driver = called(own)
    driver.hear(dcs)
    assert driver.hear_data(V27, TCF) == ["CFR"]
    return driver


def sending(own: TerminalSettings | None = None, dis: bytes = DIS) -> Driver:
    """A caller whose first page is out and in doubt."""
    driver = caller(own)
    driver.hear(dis)
    driver.step("page")
    driver.transmit()
    driver.hear(build(Fcf.CFR))
    driver.step("none")
    driver.step("doubt")
    driver.transmit()
    return driver


class Receiver(SynchronousTestCase):
    def outcome(self, driver: Driver) -> str:
        driver.silence()
        return driver.ended[0].outcome.name

    def test_order_on_the_line(self) -> None:
        driver = Driver(
            Role.CALLED, Intention.RECEIVE, ecm=True, own=TerminalSettings(ident="1", nonstandard=b"\xad\0")
        )
        driver.transmit()
        self.assertEqual(driver.sent, ["NSF", "CSI", "DIS"])

    def test_a_plain_call(self) -> None:
        driver = trained()
        driver.hear_data(V27, PAGE)
        self.assertEqual(driver.hear(build(Fcf.MPS)), [])
        driver.step("stored")
        driver.transmit()
        self.assertEqual(driver.sent, ["MCF"])
        driver.hear_data(V27, PAGE)
        driver.hear(build(Fcf.EOP))
        driver.step("stored")
        driver.transmit()
        driver.hear(build(Fcf.DCN))
        self.assertEqual([e.outcome.name for e in driver.ended], ["COMPLETED"])

    def test_tcf(self) -> None:
        for octets, answer in (
            (bytes(810), "CFR"),
            (bytes(990), "CFR"),
            (bytes(893) + b"\x01" * 7, "CFR"),
            (b"\x55" * 900, "FTT"),
            (bytes(500), "FTT"),
            ((bytes(100) + b"\x01") * 9, "FTT"),
            (b"", "FTT"),
        ):
            driver = called()
            driver.hear(DCS)
            self.assertEqual(driver.hear_data(V27, octets), [answer])

    def test_no_tcf(self) -> None:
        driver = called()
        driver.hear(DCS)
        driver.pass_time(5.0)
        driver.transmit()
        self.assertEqual(driver.sent, ["FTT"])
        driver.hear(DCS)
        self.assertEqual(driver.hear_data(V27, TCF), ["CFR"])

    def test_crp(self) -> None:
        driver = called()
        self.assertEqual(driver.hear(build(Fcf.CRP)), ["DIS"])
        driver = trained()
        self.assertEqual(driver.hear(build(Fcf.CRP)), ["CFR"])

    def test_repeated_command_gets_the_same_answer(self) -> None:
        for command in (Fcf.MPS, Fcf.EOM, Fcf.EOP):
            driver = trained()
            driver.hear_data(V27, PAGE)
            driver.hear(build(command))
            driver.step("stored")
            driver.transmit()
            for _ in range(2):
                driver.pass_time(3.0)
                self.assertEqual(driver.hear(build(command)), ["MCF"])
            self.assertEqual(len([e for e in driver.told if isinstance(e, events.PageReceived)]), 1)

    def test_a_page_of_which_nothing_was_heard_is_not_confirmed(self) -> None:
        driver = trained()
        driver.hear_data(V27, PAGE)
        driver.hear(build(Fcf.MPS))
        driver.step("stored")
        driver.transmit()
        driver.pass_time(6.0)
        self.assertEqual(driver.hear(build(Fcf.MPS)), ["RTN"])
        driver = trained()
        self.assertEqual(driver.hear(build(Fcf.EOP)), ["RTN"])

    def test_rtc_may_be_followed_by_any_pause(self) -> None:
        driver = trained()
        driver.hear_data(V27, PAGE + to_octets(RTC_MH))
        driver.pass_time(5.0)
        driver.hear(build(Fcf.MPS))
        driver.step("stored")
        driver.transmit()
        self.assertEqual(driver.sent, ["MCF"])

    def test_echo_of_our_own_dis(self) -> None:
        driver = called(TerminalSettings(ident="1"))
        own = [frame for event in driver.told if isinstance(event, events.FrameSent) for frame in [event.octets]]
        self.assertEqual(driver.hear(*own), [])
        self.assertIs(driver.terminal.state, State.DIS_SENT)
        driver.hear(DCS)
        self.assertIs(driver.terminal.state, State.TCF_AWAITED)

    def test_dis_from_a_caller_that_wants_to_poll(self) -> None:
        driver = called(intention=Intention.SEND | Intention.RECEIVE)
        driver.hear(DIS)
        driver.step("page")
        driver.transmit()
        self.assertEqual(driver.sent, ["DCS", "Training V27TER_4800"])
        sent = [e.octets for e in driver.told if isinstance(e, events.FrameSent)]
        self.assertEqual(sent[-1][2], Fcf.DCS | 1)

    def test_dcs_that_we_cannot_do(self) -> None:
        driver = called()
        jbig = bytes((0, 0x0A, 0x80, 0x84, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20))
        self.assertEqual(driver.hear(build(Fcf.DCS, jbig)), ["DCN"])
        self.assertEqual(self.outcome(driver), "INCOMPATIBLE")

    def test_frames_of_wrong_length_are_noise(self) -> None:
        driver = called()
        self.assertEqual(driver.hear(build(Fcf.DCS), build(Fcf.DCS, b"\0"), build(Fcf.DIS)), [])
        driver = trained(dcs=ECM_DCS)
        hostile = [
            build(Fcf.PPS),
            build(Fcf.PPS, b"\x2e"),
            build(Fcf.PPS, b"\x77\0\0\0"),
            build(Fcf.EOR),
            build(Fcf.CTC, b"\0"),
        ]
        self.assertEqual(driver.hear(*hostile), [])
        self.assertIs(driver.terminal.state, State.PARTIAL_PAGE_AWAITED)
        self.assertEqual(driver.hear(build(Fcf.PPS, b"\x2e\0\0\xff")), ["PPR"])

    def test_unknown_frames(self) -> None:
        unknown, not_final, noise = line_order("FF C8 00"), line_order("FF C0 00"), line_order("A2 02 B5 C9 7E 67")
        for octets in (not_final, noise):
            driver = called()
            driver.hear(octets, DCS)
            self.assertEqual(driver.hear_data(V27, TCF), ["CFR"])
        driver = called()
        driver.hear(unknown)
        self.assertEqual(self.outcome(driver), "INVALID_COMMAND_B")
        driver = trained()
        driver.hear_data(V27, PAGE)
        driver.hear(unknown)
        self.assertEqual(self.outcome(driver), "INVALID_COMMAND")
        driver = called(TerminalSettings(end_on_unknown_frame=False))
        driver.hear(unknown, DCS)
        self.assertIs(driver.terminal.state, State.TCF_AWAITED)

    def test_carrier_that_never_ends(self) -> None:
        driver = trained()
        driver.signal(pump.CarrierDetected(modulation=V27))
        driver.pass_time(302.0)
        driver.pass_time(4.0)
        driver.transmit()
        self.assertEqual([e.outcome.name for e in driver.ended], ["CARRIER_STUCK"])

    def test_answers_wait_for_the_far_carrier(self) -> None:
        driver = called()
        driver.signal(pump.CarrierDetected(modulation=Modulation.V21))
        driver.signal(pump.FrameReceived(octets=build(Fcf.CRP)))
        driver.sent.clear()
        driver.transmit()
        self.assertEqual(driver.sent, [])
        driver.signal(pump.CarrierLost())
        driver.transmit()
        self.assertEqual(driver.sent, ["DIS"])

    def test_quality(self) -> None:
        for bad, verdict in ((0, "MCF"), (49, "MCF"), (50, "RTP"), (149, "RTP"), (151, "RTN")):
            driver = trained(TerminalSettings(judge=judged(bad)))
            driver.hear_data(V27, PAGE)
            driver.hear(build(Fcf.EOP))
            driver.step("stored")
            driver.transmit()
            self.assertEqual(driver.sent[-1:], [verdict])

    def test_a_page_without_new_training_after_rtp_or_pip(self) -> None:
        for answer in ("RTP", "PIP"):
            bad = [CopyQuality(rows=1000, bad_rows=n, longest_bad_run=1) for n in (50 if answer == "RTP" else 0, 0)]
            driver = trained(TerminalSettings(judge=FixedJudge(iter(bad))))
            if answer == "PIP":
                driver.step("operator")
            driver.hear_data(V27, PAGE)
            driver.hear(build(Fcf.MPS))
            driver.step("stored")
            driver.transmit()
            self.assertEqual(driver.sent[-1:], [answer])
            driver.hear_data(V27, PAGE)
            self.assertEqual(driver.hear(build(Fcf.MPS)), [], "not the command before, repeated")
            driver.step("stored")
            driver.transmit()
            self.assertEqual(driver.sent[-1:], ["MCF"])
            pages = [event.number for event in driver.told if isinstance(event, events.PageReceived)]
            self.assertEqual(pages, [1, 2])

    def test_a_command_after_another_was_answered(self) -> None:
        for before, after in ((Fcf.EOM, Fcf.EOP), (Fcf.EOM, Fcf.MPS), (Fcf.EOP, Fcf.MPS), (Fcf.EOP, Fcf.PRI_EOM)):
            driver = trained()
            driver.hear_data(V27, PAGE)
            driver.hear(build(before))
            driver.step("stored")
            driver.transmit()
            self.assertEqual(driver.sent[-1:], ["MCF"])
            self.assertEqual(driver.hear(build(PRI_OF[before])), ["MCF"], "it is the same")
            self.assertEqual(driver.hear(build(after)), ["RTN"], "of its page nothing was heard")
            pages = [event.number for event in driver.told if isinstance(event, events.PageReceived)]
            self.assertEqual(pages, [1])

    def test_a_page_after_ftt(self) -> None:
        driver = called()
        driver.hear(DCS)
        self.assertEqual(driver.hear_data(V27, b"\xff" * 900), ["FTT"])
        self.assertEqual(driver.hear(build(Fcf.EOP)), ["RTN"])
        self.assertEqual(self.outcome(driver), "REJECTED_PAGE_NOT_REPEATED")

    def test_silence_after_pip(self) -> None:
        for dcs, command in (
            (DCS, build(Fcf.MPS)),
            (ECM_DCS, frames.build_pps(Fcf.MPS, page=0, block=0, frames=1, x=False)),
        ):
            driver = trained(dcs=dcs)
            driver.step("operator")
            driver.transmit()
            if dcs is ECM_DCS:
                driver.signal(pump.CarrierDetected(modulation=V27))
                driver.signal(pump.FrameReceived(octets=build(Fcf.FCD, bytes(65), final=False)))
                driver.signal(pump.CarrierLost())
            else:
                driver.hear_data(V27, PAGE)
            driver.hear(command)
            driver.step("stored")
            driver.transmit()
            self.assertEqual(driver.sent[-1:], ["PIP"])
            self.assertEqual(self.outcome(driver), "INTERRUPTED_IN_RECEPTION")


class Transmitter(SynchronousTestCase):
    def outcome(self, driver: Driver) -> str:
        driver.silence()
        return driver.ended[0].outcome.name

    def test_no_command_before_the_doubt_is_committed(self) -> None:
        driver = caller()
        driver.hear(DIS)
        driver.step("page")
        driver.transmit()
        driver.hear(build(Fcf.CFR))
        driver.step("none")
        driver.transmit()
        self.assertIs(driver.terminal.state, State.DOUBT)
        driver.sent.clear()
        driver.pass_time(5.0)
        driver.transmit()
        self.assertEqual(driver.sent, [])
        driver.step("doubt")
        driver.transmit()
        self.assertEqual(driver.sent, ["EOP"])

    def test_crp_three_times(self) -> None:
        driver = sending()
        self.assertEqual(driver.hear(build(Fcf.CRP)), ["EOP"])
        self.assertEqual(driver.hear(build(Fcf.CRP)), ["EOP"])
        self.assertEqual(driver.hear(build(Fcf.CRP)), ["DCN"])
        self.assertEqual(self.outcome(driver), "NO_RESPONSE_TO_EOP")

    def test_last_page_rejected(self) -> None:
        driver = sending()
        self.assertEqual(driver.hear(build(Fcf.RTN)), ["DCN"])
        self.assertEqual(self.outcome(driver), "PAGE_REJECTED")
        driver = sending(TerminalSettings(repeat_last_page=True))
        self.assertEqual(driver.hear(build(Fcf.RTN)), ["DCS", "Training V27TER_2400"])

    def test_pin_and_pip(self) -> None:
        driver = sending()
        self.assertEqual(driver.hear(build(Fcf.PIP)), ["DCN"])
        self.assertEqual(self.outcome(driver), "COMPLETED")
        driver = sending(TerminalSettings(retransmissions=0))
        self.assertEqual(driver.hear(build(Fcf.PIN)), ["DCN"])
        self.assertEqual(self.outcome(driver), "INTERRUPTED")

    def test_unknown_responses(self) -> None:
        unknown, noise = line_order("FF C8 00"), line_order("A2 02 B5 C9 7E 67")
        driver = sending()
        self.assertEqual(driver.hear(noise), [])
        self.assertEqual(driver.hear(build(Fcf.EOP, x=True)), [], "the echo of our own command")
        self.assertEqual(driver.hear(unknown), ["DCN"])
        self.assertEqual(self.outcome(driver), "INVALID_RESPONSE_TO_EOP")
        driver = caller()
        driver.hear(DIS)
        driver.step("page")
        self.assertEqual(driver.hear(unknown), ["DCN"])
        self.assertEqual(self.outcome(driver), "INVALID_RESPONSE_B")

    def test_odd_pprs(self) -> None:
        driver = sending(dis=ECM_DIS)
        self.assertEqual(driver.hear(build(Fcf.PPR, bytes(31))), [])
        self.assertEqual(driver.hear(build(Fcf.PPR, bytes(33))), [])
        self.assertEqual(driver.hear(build(Fcf.PPR, bytes(4) + b"\xff" * 28)), ["PartialPage V27TER_4800", "PPS-EOP"])

    def test_a_new_dis_that_the_page_does_not_fit(self) -> None:
        driver = caller(TerminalSettings(judge=None))
        driver.hear(line_order("FF C8 01 00 72 20"))
        driver.step("page")
        driver.transmit()
        driver.hear(build(Fcf.CFR))
        driver.step("doubt")
        driver.transmit()
        driver.pass_time(4.5)
        driver.transmit()
        self.assertIn("EOM", driver.sent)
        driver.step("page")
        driver.hear(build(Fcf.MCF))
        driver.told.clear()
        self.assertEqual(driver.hear(DIS), ["DCS", "Training V27TER_4800"])

    def test_x_bit(self) -> None:
        driver = sending()
        sent = [e.octets for e in driver.told if isinstance(e, events.FrameSent)]
        self.assertTrue(all(frames.parse(octets).x for octets in sent))  # type: ignore[union-attr]
        driver = trained()
        sent = [e.octets for e in driver.told if isinstance(e, events.FrameSent)]
        self.assertFalse(any(frames.parse(octets).x for octets in sent))  # type: ignore[union-attr]

    def test_dcn_anywhere(self) -> None:
        for make, outcome in (
            (caller, "DCN_IN_PHASE_B"),
            (sending, "DCN_IN_MESSAGE"),
            (called, "DCN_IN_PHASE_B"),
            (trained, "DCN_IN_RECEPTION"),
        ):
            driver = make()
            driver.hear(build(Fcf.DCN))
            self.assertEqual([e.outcome.name for e in driver.ended], [outcome])
            self.assertIs(driver.terminal.state, State.ENDED)

    def test_fhng(self) -> None:
        self.assertEqual((Outcome.COMPLETED.fhng, Outcome.CANNOT_TRAIN.fhng, Outcome.NO_FAX.fhng), (0, 27, 11))
        for outcome in Outcome:
            self.assertTrue(0 <= outcome.fhng <= 103 and outcome.sentence.endswith("."))
