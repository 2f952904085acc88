"""T.30 over the virtual bearer, and the judging of pages received without error correction."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from sandf.protocols.t4.form import Coding, PageForm, Resolution
from sandf.protocols.t4.quality import judge

from . import papers
from .figures import Figure, Result
from .joined import FaxCall

PAGES = 10
ROUNDS = 3


def _cpu_ms(run: Callable[[], object]) -> float:
    began = time.process_time()
    run()
    return (time.process_time() - began) * 1000.0


def _t30(name: str, coding: Coding, *, ecm: bool, aim: float | None) -> Figure:
    best = float("inf")
    page = papers.page(1, PageForm(coding=coding, resolution=Resolution.FINE))
    for _ in range(ROUNDS):
        call = FaxCall([page] * PAGES, ecm=ecm)
        best = min(best, _cpu_ms(call.run) / PAGES / 2)
        call.check()
    octets = len(page.octets)
    return Figure(
        name=name,
        value=best,
        unit="ms CPU",
        aim=aim,
        measured=f"CPU time for each page and end of a call of {PAGES} pages of {octets:,} octets "
        f"({coding.value.upper()}, {'ECM' if ecm else 'no ECM'}) between two fax legs joined by the virtual exchange: "
        f"T.30, call control, traces, the line{'' if ecm else ', the judging of lines'}; best of {ROUNDS} calls",
    )


def t30() -> list[Result]:
    """CPU time for each page and end of a ten-page call, T.30 and call control at both ends and the virtual line.

    The pages are coded beforehand and nothing is stored.  Without ECM the receiver walks down the lines of each page.
    """
    return [
        _t30("T.30 page and end, ECM, MMR", Coding.MMR, ecm=True, aim=20.0),
        _t30("T.30 page and end, no ECM, MR", Coding.MR, ecm=False, aim=None),
    ]


def judging() -> list[Result]:
    """CPU time to walk down a page as received and count its bad lines, for MH and MR.

    The mean and the worst over the eight ITU test charts at fine resolution, where they are at hand, else over the page
    of the bench; best of three walks for each.
    """
    results: list[Result] = []
    images = papers.charts()
    for coding in (Coding.MH, Coding.MR):
        took = {name: _judged(papers.coded(image, coding), coding) for name, image in images.items()}
        worst = max(took, key=lambda name: took[name])
        said = f"CPU time to judge a page by its lines, {coding.value.upper()}, fine, without ECM"
        results += [
            Figure(
                name=f"judging a page, {coding.value.upper()}",
                value=statistics.mean(took.values()),
                unit="ms CPU",
                aim=50.0,
                measured=f"{said}: the mean over {', '.join(took)}",
            ),
            Figure(
                name=f"judging the worst page, {coding.value.upper()}",
                value=took[worst],
                unit="ms CPU",
                aim=50.0,
                measured=f"{said}: {worst}",
            ),
        ]
    return results


def _judged(octets: bytes, coding: Coding) -> float:
    quality = judge(octets, coding, papers.WIDTH, Resolution.FINE)
    assert quality.lines.rows and not quality.lines.bad, quality
    return min(_cpu_ms(lambda: judge(octets, coding, papers.WIDTH, Resolution.FINE)) for _ in range(ROUNDS))
