"""The grid of TSB-85: each procedure played once, with what came of it, and the readings.

What this module does not do: it plays nothing itself (:mod:`tests.tsb85.playing` does).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

from tests.tsb85.playing import play
from tests.tsb85.procedures import COUNT, VARIABLE, Procedure, path, procedures
from tests.tsb85.readings import READINGS, Reading

from .tables import heading, paragraph, table


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What came of one procedure."""

    procedure: Procedure
    seconds: float
    """Of the call, in virtual time; 0 where it failed."""
    failure: str
    """Why it failed; empty where it passed."""


def played(told: Callable[[str], None]) -> list[Played]:
    """All of them, *told* of each; raises RuntimeError where the data is not at hand."""
    file = path()
    if file is None:
        raise RuntimeError(f"the procedures of TSB-85 are not here: name them in {VARIABLE}")
    results = []
    for procedure in procedures(file):
        told(procedure.name)
        try:
            results.append(Played(procedure=procedure, seconds=play(procedure).seconds, failure=""))
        except AssertionError as failed:
            results.append(Played(procedure=procedure, seconds=0.0, failure=str(failed).splitlines()[0]))
    return results


def grid(results: list[Played]) -> list[str]:
    """The section of the page."""
    passed = sum(not result.failure for result in results)
    lines = heading("TSB-85")
    lines += paragraph(
        f"**{passed} of {COUNT}** acceptance procedures of TSB-85 (ETSI ETS 300 242) pass.  A tester reads them as"
        " data and plays the far machine, step by step and in virtual time, against the terminal and the hosts"
        " that a fax leg has; ``tests/tsb85`` is that tester.  It asserts each frame, octet by octet, in its"
        " place; the timing of all that is sent (preambles of 0.85 to 1.15 s, gaps of 55 to 95 ms, CED, CNG, TCF,"
        " T1, T2, T4); scan lines no shorter than asked for; partial pages frame by frame; the pels of every"
        " page, sent or delivered; how long the line is kept after DCN; and the ending, as a row of"
        " :doc:`causes`.  The data is the public suite of spandsp (``spandsp/tsb85.xml``), and no part of this"
        " project.  Steps are those at which something is wanted of sandf; checks are those of them that the data"
        " names."
    )
    for group, members in itertools.groupby(results, key=lambda result: result.procedure.group):
        lines += heading(group, "~")
        lines += table(("Procedure", "Result", "Steps", "Checks", "Seconds"), map(_row, members))
    return lines + _readings()


def _row(result: Played) -> tuple[str, ...]:
    procedure = result.procedure
    name = f"{procedure.name} [#{_mark(procedure.name)}]_" if procedure.name in READINGS else procedure.name
    steps = sum(step.direction == "R" for step in procedure.steps())
    outcome = "passed" if not result.failure else f"**failed**: {result.failure}"
    return name, outcome, str(steps), str(len(procedure.checks) or ""), f"{result.seconds:.1f}"


def _mark(name: str) -> str:
    """The footnote of a reading: the first procedure that has it."""
    return next(first for first, reading in READINGS.items() if reading is READINGS[name]).lower()


def _readings() -> list[str]:
    lines = heading("Readings", "~")
    lines += paragraph(
        "Where the data wants what T.30 leaves open, or contradicts T.30 or itself: the clause, both readings,"
        " and the setting with which the procedure is played.  All others are played with the settings that a"
        " gateway has, with an NSF, with ECM frames of the size that the data says, and with a second document,"
        " where the data has one, that becomes known when EOM is due."
    )
    told: list[Reading] = []
    for name, reading in READINGS.items():
        if reading not in told:
            told.append(reading)
            same = ", ".join(other for other, its in READINGS.items() if its is reading)
            lines += [f".. [#{_mark(name)}] {same}: {reading.clause}.", ""]
            lines += [f"   The data: {reading.data}.", "", f"   sandf: {reading.ours}.", ""]
            lines += [f"   Played with {_played_with(reading)}.", ""]
    return lines


def _played_with(reading: Reading) -> str:
    settings = dict(reading.settings)
    if reading.frame_octets:
        settings["frame_octets"] = reading.frame_octets
    words = [f"``{name} = {getattr(value, 'value', value)}``" for name, value in settings.items()]
    if reading.document:
        words.append("the document that the text names")
    if reading.cause:
        words.append(f"the settings of a gateway, and ``{reading.cause.name}`` for an ending" if not words else "")
    return " and ".join(filter(None, words)) or "the settings of a gateway"
