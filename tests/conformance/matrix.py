"""The summaries of the two matrices: our terminal against itself under damage, and against libspandsp2.

What this module does not do: it makes no calls itself (``tests/matrix`` and ``tests/peers`` do).
"""

from __future__ import annotations

from tests.matrix import Summary, full_size
from tests.matrix.impairments import Kind
from tests.peers import spandsp_matrix

from .tables import heading, paragraph, table

NAMES = {
    Kind.NONE: "none, but for what the receiver asks for",
    Kind.LOST: "a frame lost",
    Kind.CORRUPTED: "a frame corrupted",
    Kind.DOUBLED: "a frame doubled",
    Kind.LATE: "a frame, TCF or page late",
    Kind.TOO_LATE: "a frame, TCF or page later than T4",
    Kind.CLIPPED: "a frame cut short",
    Kind.ECHOED: "an echo of one's own frame",
    Kind.DROPPED_EARLY: "the carrier drops early in TCF or a page",
    Kind.DROPPED_LATE: "the carrier drops late in TCF or a page",
    Kind.UNHEARD: "nothing heard of TCF or a page",
    Kind.SILENT: "the far end silent from there on",
}
"""What the page calls the kinds of damage."""


def damaged(summaries: list[Summary]) -> list[str]:
    """Both ends ours."""
    runs, exact = sum(each.runs for each in summaries), sum(each.exact for each in summaries)
    wrong = sum(each.wrong for each in summaries)
    lines = heading("The matrix")
    lines += paragraph(
        f"Two terminals of ours on a line in virtual time, {runs:,} calls in which each value of an axis meets"
        " each value of every other: who transmits (the caller, or the called terminal when it is polled), coding"
        " and error correction, speed, resolution, width, number and size of pages, distance, and one kind of"
        f" damage, at its first, a middle or its last chance.  In {exact:,} of them every page arrived as it was"
        " sent, and the transmitter knows; the others ended by a cause that a table permits for damage at that"
        " phase and command.  The table was written from T.30 beforehand; four of its rows were widened when a"
        " run showed what had not been thought of.  Laws (every call ends so, no page is taken twice, none is"
        f" confirmed that the receiver does not have) were broken in **{wrong}** calls."
    )
    lines += paragraph(
        "Two things are no breach, since without error correction nobody could know better: the last half second"
        " of a page whose carrier dropped, and a page of which nothing was heard and which was so short that the"
        " command behind it came when the one before it would have been repeated (MPS has no number).  ``make"
        f" test`` makes these calls.  ``make soak`` makes those of the full product, {full_size():,}, where the"
        " frame that is struck, and the distance, go round with resolution and width."
    )
    rows = [(NAMES[Kind(each.kind)], str(each.runs), str(each.exact), _others(each.others)) for each in summaries]
    return lines + table(("Damage", "Calls", "All pages exact", "How the transmitter ended in the others"), rows)


def _others(others: dict[str, int]) -> str:
    return ", ".join(f"{name.lower().replace('_', '-')} {count}" for name, count in others.items())


def against_libspandsp2(summary: spandsp_matrix.Summary) -> list[str]:
    """The far end libspandsp2."""
    calls = summary.sent + summary.received
    lines = heading("Against libspandsp2")
    lines += paragraph(
        f"{calls} calls over T.38 packets with libspandsp2 (Debian, 0.0.6), {summary.sent} in which we transmit"
        f" and {summary.received} in which it does, as callers and polled, with the same axes but for distance and"
        f" damage: **{summary.exact} of {calls}** are exact in parameters, post-message commands, resolution and"
        f" every pel of every page.  ``make soak`` makes all {summary.in_all:,} that it supports.  It does not"
        " support:"
    )
    for each in summary.unsupported:
        what = "; ".join(f"{axis} {' or '.join(values)}" for axis, values in each.values.items())
        lines += [f"* {what}: {each.reason}."]
    return [*lines, ""]
