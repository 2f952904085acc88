"""The table of air times of the ITU charts.

What this module does not do: it measures nothing itself (:mod:`tests.bench.air_time` does).
"""

from __future__ import annotations

from tests.bench.air_time import PARTS, AirTime

from .tables import heading, paragraph, table


def section(times: list[AirTime]) -> list[str]:
    """The section of the page."""
    lines = heading("Air time of the ITU charts")
    lines += paragraph(
        f"The {times[0].pages} ITU test charts (A4, 204 x 196 dpi) in one call at 14,400 bit/s over the virtual"
        " bearer, which charges every bit, from the answer to the end of DCN, in seconds of virtual time.  The"
        " floor is the least that the Recommendations allow: the bits of the pages with framing and zero"
        " insertion, trainings, and every preamble, gap and tone at its lawful minimum (between V.21 and V.21,"
        " for which no clause has a figure, 55 ms as elsewhere).  Beside it libspandsp2 between two of its own"
        " T.38 terminals, in the same run.  Every page is compared pel by pel.  ``make bench`` measures the same"
        " (:doc:`benchmarks`)."
    )
    columns = ("Call", "sandf", "floor", "above the floor", "libspandsp2")
    lines += table(columns, map(_row, times))
    lines += paragraph("What each second is spent on:")
    spent = [time.ours.seconds() for time in times]
    parts = [(said, *(_shown(seconds[key]) for seconds in spent)) for key, said in PARTS.items()]
    return lines + table(("", *(time.name for time in times)), parts)


def _row(time: AirTime) -> tuple[str, ...]:
    other = "not here" if time.libspandsp2 is None else f"{time.libspandsp2:.2f}"
    above = f"{100 * (time.ratio - 1):.2f} %"
    return time.name, f"{time.ours.total:.2f}", f"{time.floor.total:.2f}", above, other


def _shown(seconds: float) -> str:
    return f"{round(seconds, 2) + 0.0:.2f}"  # no minus nought
