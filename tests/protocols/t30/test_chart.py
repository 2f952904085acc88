"""The tables themselves, and hypothesis over state x input: nothing raises, and everything ends."""

from __future__ import annotations

import time

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from sandf.protocols.t4.form import Coding
from sandf.protocols.t30 import (
    frames,
    modems,
    phase_b,
    phase_b_training,
    phase_c_receive,
    phase_c_receive_ecm,
    phase_c_transmit,
    phase_c_transmit_ecm,
    phase_d_interrupt,
    pump,
)
from sandf.protocols.t30.chart import Input, State
from sandf.protocols.t30.frames import Fcf
from sandf.protocols.t30.pump import Modulation
from sandf.protocols.t30.settings import Intention, Role, TerminalSettings
from sandf.protocols.t30.terminal import TABLE
from sandf.protocols.t30.timers import ROWS, Timer, TimerBoard

from .driver import Driver
from .line import Line
from .pages import page

PROFILE = settings(deadline=None, derandomize=True, max_examples=250)

FCFS = [fcf for fcf in Fcf if fcf is not Fcf.NULL]
DIS = bytes((0, 0b0010_1110 | 0xC0, 0xF8, 0x44))
fifs = st.one_of(
    st.binary(max_size=40),
    st.sampled_from(
        [b"", DIS, bytes((0x4E, 0, 0, 3)), bytes((0x2E, 0, 0, 0)), bytes(32), b"\xff" * 32, bytes((0, 0x20, 0x70, 4))]
    ),
)
built = st.builds(
    lambda fcf, fif, x, final: frames.build(fcf, fif, x=x, final=final),
    st.sampled_from(FCFS),
    fifs,
    st.booleans(),
    st.booleans(),
)
signals = st.one_of(
    st.builds(
        lambda octets, intact: pump.FrameReceived(octets=octets, intact=intact),
        built | st.binary(max_size=300),
        st.booleans(),
    ),
    st.builds(lambda octets: pump.DataReceived(octets=octets), st.binary(max_size=64) | st.just(bytes(4000))),
    st.builds(lambda modulation: pump.CarrierDetected(modulation=modulation), st.sampled_from(Modulation)),
    st.just(pump.CarrierLost()),
    st.just(pump.Transmitted()),
    st.builds(lambda tone: pump.ToneDetected(tone=tone), st.sampled_from(pump.Tone)),
)
answers = st.sampled_from(["page", "none", "doubt", "stored", "operator", "continue", "interrupt"])
steps = st.lists(st.one_of(signals, signals, signals, answers, st.floats(min_value=0.01, max_value=8.0)), max_size=60)


class Cut:
    """Once cut, nothing of the one who is not *deaf* arrives."""

    def __init__(self, deaf: str) -> None:
        self.deaf = deaf
        self.cut = False

    def __call__(self, sender: str, name: str, octets: bytes) -> list[tuple[bytes, bool]]:
        return [] if self.cut and sender != self.deaf else [(octets, True)]


class Chart(SynchronousTestCase):
    @PROFILE
    @given(
        st.sampled_from(Role),
        st.sampled_from([Intention.SEND, Intention.RECEIVE, Intention.SEND | Intention.RECEIVE]),
        st.booleans(),
        steps,
    )
    def test_any_input_in_any_state(
        self, role: Role, intention: Intention, with_ecm: bool, given_steps: list[object]
    ) -> None:
        driver = Driver(role, intention, ecm=with_ecm)
        for step in given_steps:
            driver.step(step)
        driver.silence()
        self.assertEqual(len(driver.ended), 1, driver.terminal.state)
        self.assertIs(driver.terminal.state, State.ENDED)
        driver.step(pump.CarrierLost())
        self.assertEqual((driver.terminal.commands(), driver.terminal.events()), ([], []))

    @PROFILE
    @given(st.data(), st.booleans(), st.booleans())
    def test_any_input_in_the_middle_of_a_call(self, data: st.DataObject, with_ecm: bool, to_caller: bool) -> None:
        own = TerminalSettings(ecm=with_ecm)
        line = Line(own, own, pages=[page(600, coding=Coding.MR)] * 2).start()
        line.run(until=data.draw(st.floats(min_value=0.1, max_value=22.0)))
        end = line.caller if to_caller else line.called
        for signal in data.draw(st.lists(signals, min_size=1, max_size=4)):
            if not isinstance(signal, pump.Transmitted):
                end.signal(signal)
        line.run()
        self.assertNotEqual("", line.caller.host.outcome)
        self.assertNotEqual("", line.called.host.outcome)

    def test_rows_name_the_states_they_lead_to(self) -> None:
        for (state, _), row in TABLE.items():
            self.assertTrue(row.to, state)
            self.assertTrue(row.action.__doc__)

    def test_each_input_of_a_state_stands_in_one_table(self) -> None:
        phases = (
            phase_b, phase_b_training, phase_c_transmit, phase_c_transmit_ecm,
            phase_c_receive, phase_c_receive_ecm, phase_d_interrupt,
        )  # fmt: skip
        self.assertEqual(sum(len(phase.TABLE) for phase in phases), len(TABLE))

    def test_every_input_is_in_a_row_or_belongs_to_every_state(self) -> None:
        self.assertEqual(set(Input) - {trigger for _, trigger in TABLE}, {Input.HUNG_UP, Input.BEARER_LOST})

    def test_every_state_can_be_left_and_entered(self) -> None:
        entered = {state for row in TABLE.values() for state in row.to} | {State.IDLE}
        left = {state for (state, _) in TABLE}
        self.assertEqual(set(State) - entered, set())
        self.assertEqual(set(State) - left, {State.DCN_SENT, State.ENDED})

    def test_every_waiting_state_hears_dcn(self) -> None:
        deaf = {State.IDLE, State.DCN_SENT, State.ENDED, State.PAGE_SENDING, State.PARTIAL_PAGE_SENDING}
        for state in set(State) - deaf:
            self.assertIn((state, Fcf.DCN), TABLE, state)

    def test_timers_lie_within_their_tolerance(self) -> None:
        self.assertEqual(set(ROWS), set(Timer))
        for timer, row in ROWS.items():
            self.assertTrue(row.minimum <= row.seconds <= row.maximum, timer)

    def test_a_timer_outside_its_tolerance_is_refused(self) -> None:
        self.assertRaises(ValueError, TimerBoard, {Timer.T4: 6.0})

    def test_silence_from_any_moment(self) -> None:
        for tenths in range(0, 230, 3):
            for with_ecm in (True, False):
                for deaf in ("caller", "called"):
                    impair = Cut(deaf)
                    own = TerminalSettings(ecm=with_ecm)
                    line = Line(own, own, pages=[page(600, coding=Coding.MR)] * 2, impair=impair).start()
                    line.run(until=tenths / 10)
                    impair.cut = True
                    line.run()
                    self.assertNotEqual("", line.caller.host.outcome)
                    self.assertNotEqual("", line.called.host.outcome)

    def test_ladder_has_every_modulation(self) -> None:
        self.assertEqual(set(modems.LADDER), modems.ALL_MODULATIONS)
        self.assertEqual(len(modems.RATE_CODE), 8)

    def test_cost_of_a_page(self) -> None:
        """A 60 KB page under ECM costs well under 20 ms at each end, signals included."""
        sent = page(60_000)
        best = 1.0
        for _ in range(3):
            line = Line(TerminalSettings(), TerminalSettings(), pages=[sent] * 5)
            begin = time.process_time()
            line.run()
            best = min(best, (time.process_time() - begin) / 10)
        self.assertEqual(line.caller.host.outcome, "COMPLETED")
        self.assertLess(best, 0.020)
