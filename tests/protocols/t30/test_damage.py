"""Calls on lines that damage several frames at once: everything ends, and confirmed is confirmed."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from sandf.protocols.t4.form import Coding, Paper
from sandf.protocols.t4.line import to_line
from sandf.protocols.t30 import events
from sandf.protocols.t30.events import Verdict
from sandf.protocols.t30.settings import TerminalSettings

from .line import Host, Line
from .pages import page

PROFILE = settings(deadline=None, derandomize=True, max_examples=200)


class Damage:
    """The nth V.21 frames or FCD frames (counted over both directions) are lost, corrupt or doubled."""

    def __init__(self, slow: dict[int, str], fast: dict[int, str]) -> None:
        self.plans = (slow, fast)
        self.seen = [0, 0]

    def __call__(self, sender: str, name: str, octets: bytes) -> list[tuple[bytes, bool]]:
        kind = 1 if name in ("FCD", "RCP") else 0
        self.seen[kind] += 1
        how = self.plans[kind].get(self.seen[kind], "")
        if how == "lost":
            return []
        return [(octets, how != "corrupt")] * (2 if how == "doubled" else 1)


damages = st.dictionaries(st.integers(1, 40), st.sampled_from(["lost", "corrupt", "doubled"]), max_size=8)
fast = st.dictionaries(st.integers(1, 60), st.sampled_from(["lost", "corrupt", "doubled"]), max_size=12)
delays = st.sampled_from([0.0, 0.0, 0.0, 0.5, 2.0, 5.0])


class Damaged(SynchronousTestCase):
    def run_damaged(self, line: Line, pages: list[events.OutgoingPage]) -> None:
        line.run()
        ends = (line.caller.host.outcome, line.called.host.outcome)
        self.assertTrue(all(ends), "\n".join(line.trace))
        self.assertTrue(line.caller.released and line.called.released)
        confirmed = [e.number for e in line.caller.host.of(events.PageConfirmed)]
        self.assertEqual(confirmed, list(range(1, len(confirmed) + 1)))
        stored = [p.octets.rstrip(b"\0") for p in line.called.host.received if p.verdict is Verdict.MCF]
        whole = [to_line(p.octets, p.form.coding, p.form.width).rstrip(b"\0") for p in pages]
        trace = "\n".join(line.trace)
        # Every confirmed page is there, in order; at most one more has come whose confirmation was lost.
        self.assertEqual(stored[: len(confirmed)], whole[: len(confirmed)], trace)
        self.assertLessEqual(len(stored), len(confirmed) + 1, trace)
        if ends[0] == "COMPLETED":
            self.assertEqual(len(stored), len(pages), trace)

    @PROFILE
    @given(damages, fast, st.booleans(), st.integers(1, 3), st.booleans(), delays, delays)
    def test_calls(
        self,
        slow: dict[int, str],
        quick: dict[int, str],
        with_ecm: bool,
        count: int,
        change: bool,
        store: float,
        commit: float,
    ) -> None:
        pages = [
            page(2000, coding=Coding.MR, seed=seed, paper=Paper.B4 if change and seed == 1 else Paper.A4)
            for seed in range(count)
        ]
        line = Line(
            TerminalSettings(ident="1"),
            TerminalSettings(ecm=with_ecm),
            caller_host=Host(pages=pages, commit_delay=commit),
            called_host=Host(store_delay=store),
            impair=Damage(slow, quick),
        )
        self.run_damaged(line, pages)
