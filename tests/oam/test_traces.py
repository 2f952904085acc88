"""Traces of whole calls, and the ladders drawn of them."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from sandf import causes
from sandf.callcontrol.primitives import ProviderKind
from sandf.oam import tracing
from sandf.oam.ladder import draw
from sandf.oam.printable import printable
from sandf.oam.refusal import Refusal
from sandf.oam.show import render
from sandf.oam.values import Value
from sandf.protocols.t30.frames import Fcf, build, encode_ident
from sandf.store.records import TraceLine

from .world import World

OFF_RAMP = """\
Call C1

        s sandf                    far end
     0.00 |                              | * mspi: mail for 95550123, j1
     0.00 |                              | * mspi: taken
     0.00 |                              | * dmsp: document
     2.00 |                              | * dmsp: 2 pages
     2.00 |                              | * dmsp: ready
     2.00 |                              | * vtsp: dialling *,5550123 by port trunk
     3.00 |                              | * vtsp: ringing
     6.00 |                              | * vtsp: connected
     6.00 |                              | * fmsp: to send
     6.00 |                              | * fmsp: connected
     6.00 |--------- CNG 0.5 s --------->|
     9.10 |<------------ CSI ------------| "+1 555 0123"
     9.90 |<------------ DIS ------------| V.27ter 2400, ECM, MH/MR/MMR, fine/superfine, A4
    11.00 |========= TCF 1.5 s =========>| V.17 14400 bit/s
    13.50 |<------------ CFR ------------| ready to receive
    36.00 |---------- PPS-MPS ---------->| page 1, block 1, 117 frames
    62.00 |                              | * fmsp: page 1 in doubt
    62.00 |                              | * fmsp: page 1 confirmed
    82.00 |                              | * fmsp: page 2 in doubt
    82.00 |                              | * fmsp: page 2 confirmed
    83.00 |                              | * fmsp: ended: delivered
    83.00 |                              | * vtsp: released: delivered
    83.00 |                              | * mspi: released: delivered
    83.00 |                              | * dmsp: released: delivered
    83.00 |                              | * the call is over"""


class TraceTests(SynchronousTestCase):
    maxDiff = None

    def setUp(self) -> None:
        self.world = World()

    def text(self, question: Coroutine[Any, Any, Value]) -> str:
        return render(self.successResultOf(Deferred.fromCoroutine(question)))

    def trace(self, name: str) -> str:
        return self.text(self.world.inspection.trace(name))

    def test_an_ended_call_is_a_ladder_by_its_own_id_that_of_its_job_and_of_its_fax(self) -> None:
        self.world.sent_fax()
        for name in ("C1", "j1", "f1"):
            self.assertEqual(self.trace(name), OFF_RAMP)

    def test_a_live_call_has_its_ladder_so_far(self) -> None:
        self.world.dialling(self.world.accept())
        self.assertTrue(self.trace("C1").endswith("* vtsp: dialling *,5550123 by port trunk"))
        self.assertEqual(self.trace("j1"), self.trace("C1"))

    def test_the_trace_is_there_while_the_store_writes_it(self) -> None:
        fax = self.world.sending(self.world.accept())
        self.world.store.hold()
        self.world.finish(fax)
        self.world.store.release()
        self.assertIn("the call is over", self.trace("C1"))

    def test_a_store_that_fails_costs_the_trace_and_nothing_else(self) -> None:
        self.world.receiving()
        self.world.store.fail_with(causes.STORE_FAILED)
        self.world.control.calls["C1"].hang_up(causes.HUNG_UP)
        self.flushLoggedErrors()
        self.assertEqual(self.world.control.calls, {})
        failure = self.failureResultOf(Deferred.fromCoroutine(self.world.inspection.trace("C1")), Refusal)
        self.assertIn("C1 is no call, job or fax", str(failure.value))

    def test_the_two_calls_of_a_job_are_two_ladders(self) -> None:
        job_id = self.world.accept()
        self.world.dialling(job_id)
        self.world.leg(ProviderKind.TELEPHONY).released(causes.BUSY, "486 Busy Here")
        self.world.clock.advance(180)
        self.world.dialling(job_id)
        text = self.trace(job_id)
        self.assertEqual([line for line in text.splitlines() if line.startswith("Call")], ["Call C1", "Call C2"])
        self.assertIn("vtsp: ended: busy (486 Busy Here)", text)

    def test_a_job_without_a_call_says_so(self) -> None:
        failure = self.failureResultOf(
            Deferred.fromCoroutine(self.world.inspection.trace(self.world.accept())), Refusal
        )
        self.assertIn("j1 has had no call yet", str(failure.value))

    def test_a_line_that_runs_faster_keeps_what_follows_behind_its_frames(self) -> None:
        fax = self.world.sending(self.world.accept())
        line = TraceLine(call_id="C1", at=300.0, outward=True, kind="frame", text="DCN", octets=build(Fcf.DCN))
        self.world.traces.line("C1", line)
        self.world.finish(fax)
        lines = self.successResultOf(self.world.traces.trace("C1"))
        self.assertEqual([found.at for found in lines], sorted(found.at for found in lines))
        self.assertEqual([found.text for found in lines[-6:-4]], ["DCN", "fmsp: ended: delivered"])

    def test_memory_is_bounded_and_the_ends_are_kept(self) -> None:
        self.patch(tracing, "HEAD", 10)
        self.patch(tracing, "TAIL", 20)
        world = World()
        world.sending(world.accept())
        for number in range(1000):
            line = TraceLine(call_id="C1", at=50.0 + number, outward=True, kind="frame", text=f"F{number}")
            world.traces.line("C1", line)
        lines = self.successResultOf(world.traces.trace("C1"))
        self.assertEqual(len(lines), 31)
        self.assertEqual(lines[0].text, "mspi: mail for 95550123, j1")
        self.assertRegex(lines[10].text, r"^\d+ lines are left out here$")
        self.assertEqual(lines[-1].text, "F999")

    def test_a_password_is_not_kept(self) -> None:
        self.world.sending(self.world.accept())
        frame = build(Fcf.PWD, encode_ident("12345"))
        self.world.traces.line(
            "C1", TraceLine(call_id="C1", at=9, outward=False, kind="frame", text="PWD", octets=frame)
        )
        self.assertIn("PWD ------------| (password)", self.trace("C1"))
        self.assertNotIn("54321", str(self.successResultOf(self.world.traces.trace("C1"))[-1].octets))

    def test_lines_of_a_call_that_is_gone_are_dropped(self) -> None:
        self.world.traces.line("C9", TraceLine(call_id="C9", at=9, outward=False, kind="frame", text="DIS"))
        self.assertEqual(self.successResultOf(self.world.traces.trace("C9")), [])


def frame(fcf: Fcf, fif: bytes = b"") -> TraceLine:
    return TraceLine(call_id="C1", at=1.0, outward=False, kind="frame", text=fcf.name, octets=build(fcf, fif))


class LadderTests(SynchronousTestCase):
    def remark(self, line: TraceLine) -> str:
        return draw([line]).splitlines()[1].rpartition("| ")[2]

    def test_frames_are_explained(self) -> None:
        for line, remark in (
            (frame(Fcf.CSI, encode_ident("+43 1 58858")), '"+43 1 58858"'),
            (frame(Fcf.DIS, bytes.fromhex("00ce88c4801500")), None),
            (frame(Fcf.DCS, bytes.fromhex("00220000")[:3]), None),
            (frame(Fcf.DCS, b""), "not understood:"),
            (frame(Fcf.DIS, b"\x00"), "too short to be read"),
            (frame(Fcf.PPS, bytes([0x2F, 1, 0, 255])), "page 2, block 1, 256 frames"),
            (frame(Fcf.PPR, b"\x07" + bytes(31)), "3 frames wanted again"),
            (frame(Fcf.MCF), "page confirmed"),
            (frame(Fcf.NSF, bytes(12)), "12 octets: 00 00 00 00 00 00 00 00 ..."),
        ):
            with self.subTest(line.text):
                shown = self.remark(line)
                self.assertTrue(shown if remark is None else shown.startswith(remark), shown)

    def test_the_settings_of_a_page(self) -> None:
        self.assertEqual(self.remark(frame(Fcf.DCS, bytes.fromhex("0062f844"))), "V.17 14400, ECM 256, MMR, fine, A4")

    def test_long_remarks_stay_in_their_column_within_the_width(self) -> None:
        line = TraceLine(call_id="C1", at=1, outward=True, kind="state", text="word " * 60)
        rows = draw([line], width=80).splitlines()
        self.assertGreater(len(rows), 3)
        self.assertTrue(all(len(row) <= 80 for row in rows))
        self.assertTrue(all(row[10] == "|" for row in rows[1:]))

    @settings(deadline=None, derandomize=True, max_examples=200)
    @given(
        st.lists(
            st.builds(
                TraceLine,
                call_id=st.just("C1"),
                at=st.floats(0, 1e5),
                outward=st.booleans(),
                kind=st.sampled_from(["frame", "tone", "training", "page", "carrier", "state", "?"]),
                text=st.text(max_size=60),
                octets=st.binary(max_size=40) | st.binary(max_size=40).map(lambda octets: b"\xff\x13" + octets),
            ),
            max_size=6,
        )
    )
    def test_anything_can_be_drawn(self, lines: list[TraceLine]) -> None:
        text = draw(lines)
        self.assertEqual(text, printable(text))
        self.assertTrue(all(len(row) <= 102 for row in text.splitlines()))
