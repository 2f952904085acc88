"""Plays everything and writes the page: ``python -m tests.conformance``."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from sandf import __version__
from tests.bench.air_time import air_times
from tests.matrix import summary
from tests.peers import spandsp_matrix
from tests.tsb85.procedures import COUNT

from . import air, matrix, procedures
from .tables import heading, paragraph

PAGE = Path(__file__).parents[2] / "docs" / "conformance.rst"


def _played(progress: Progress) -> list[procedures.Played]:
    task = progress.add_task("TSB-85", total=COUNT)

    def told(name: str) -> None:
        progress.update(task, advance=1, description=f"TSB-85 {name}")

    return procedures.played(told)


T = TypeVar("T")


def _step(progress: Progress, name: str, make: Callable[[], T]) -> T:
    task = progress.add_task(name, total=1)
    made = make()
    progress.update(task, advance=1)
    return made


def _libspandsp2() -> spandsp_matrix.Summary:
    with tempfile.TemporaryDirectory() as folder:
        return spandsp_matrix.summary(Path(folder))


def _intro() -> list[str]:
    lines = heading("Conformance", "=")
    return lines + paragraph(
        "What sandf's T.30 was held against, and what came of it: written by ``make conformance`` on"
        f" {time.strftime('%Y-%m-%d')} with sandf {__version__} and Python {sys.version.split()[0]}.  All of it"
        " runs in virtual time: how fast the machine is does not matter."
    )


@click.command()
@click.option("--to", type=click.Path(path_type=Path), default=PAGE, help="The file to write.", show_default=False)
def main(to: Path) -> None:
    """Play the procedures, the matrices and the charts, and write docs/conformance.rst."""
    columns = (TextColumn("{task.description:24}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        results = _played(progress)
        damaged = _step(progress, "the matrix", summary)
        peer = _step(progress, "libspandsp2", _libspandsp2)
        times = _step(progress, "the ITU charts", air_times)
    lines = _intro() + procedures.grid(results) + matrix.damaged(damaged)
    to.write_text("\n".join(lines + matrix.against_libspandsp2(peer) + air.section(times)))
    passed = sum(not result.failure for result in results)
    wrong = sum(each.wrong for each in damaged)
    print(
        f"{passed} of {len(results)} procedures of TSB-85 pass; a law is broken in {wrong} calls of the matrix;"
        f" {peer.exact} of {peer.sent + peer.received} calls with libspandsp2 are exact.  The page is {to}."
    )
    sys.exit(0 if passed == len(results) == COUNT and not wrong and peer.exact == peer.sent + peer.received else 1)


if __name__ == "__main__":
    main()
