"""What a bench reports, and how it is shown: JSON lines for programs, a table for people."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Sequence

import msgspec
from rich import table as rich_table
from rich.console import Console

from sandf import __version__

TABLE_COLUMNS = 100
"""The table is no wider, however wide the terminal."""


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One measured figure."""

    name: str
    value: float
    unit: str
    measured: str
    """What was measured, in one sentence."""
    aim: float | None = None
    """What it should be, where there is such a number."""
    at_most: bool = True
    """Whether *aim* is an upper limit; else a lower one."""

    @property
    def reached(self) -> bool | None:
        """Whether the aim is reached; None without one."""
        if self.aim is None:
            return None
        return self.value <= self.aim if self.at_most else self.value >= self.aim


class Skipped(msgspec.Struct, frozen=True, kw_only=True):
    """A figure that this machine cannot give."""

    name: str
    skipped: str
    """Why."""


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """Figures that belong together and have no aim: by row, one for each of *columns*."""

    name: str
    unit: str
    columns: list[str]
    rows: dict[str, list[float]]


Result = Figure | Skipped | Table


def machine() -> dict[str, object]:
    """What the figures were measured on: the first line of the output."""
    return {
        "sandf": __version__,
        "at": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "processor": _processor(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "system": f"{platform.system()} {platform.machine()}",
        "load": round(os.getloadavg()[0], 2),
    }


def _processor() -> str:
    try:
        with open("/proc/cpuinfo") as lines:  # noqa: PTH123  # a name of the kernel, not a path of ours
            return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()


def as_json(result: Result) -> str:
    """One line."""
    fields = msgspec.to_builtins(result)
    if isinstance(result, Table):
        fields["rows"] = {row: [round(value, 4) + 0.0 for value in values] for row, values in result.rows.items()}
    elif isinstance(result, Figure):
        fields = {
            "name": result.name,
            "value": float(f"{result.value:.4g}"),
            "unit": result.unit,
            "aim": result.aim,
            "reached": result.reached,
            "measured": result.measured,
        }
    return msgspec.json.encode(fields).decode()


def shown(value: float) -> str:
    """Three digits of *value*, one behind the point up to a thousand, or all before it."""
    if abs(value) >= 1000 or not value:
        return f"{value:,.0f}"
    if abs(value) < 1:
        return f"{value:.3f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def print_table(about: dict[str, object], results: Sequence[Result]) -> None:
    """All *results*, with the machine they were measured on underneath."""
    console = Console()
    table = _empty_table("sandf bench", console)
    table.add_column("figure", overflow="fold", ratio=1)
    table.add_column("value", justify="right", no_wrap=True)
    table.add_column("unit", no_wrap=True)
    table.add_column("aim", justify="right", no_wrap=True)
    for result in results:
        if isinstance(result, Skipped):
            table.add_row(result.name, "-")
        elif isinstance(result, Figure):
            table.add_row(result.name, shown(result.value), result.unit, _aim(result))
    console.print(table)
    for result in results:
        if isinstance(result, Skipped):
            console.print(f"not measured: {result.name}: {result.skipped}", highlight=False)
        elif isinstance(result, Table):
            _print_table(result, console)
    load = f"load {about['load']} at the start and {os.getloadavg()[0]:.2f} at the end"
    console.print("{python}, {cores} cores, {processor}, {system}, {at};".format(**about), load, highlight=False)


def _empty_table(title: str, console: Console) -> rich_table.Table:
    return rich_table.Table(title=title, title_justify="left", width=min(console.width, TABLE_COLUMNS))


def _print_table(result: Table, console: Console) -> None:
    """Its columns side by side."""
    table = _empty_table(f"{result.name} ({result.unit})", console)
    table.add_column("", overflow="fold", ratio=1)
    for column in result.columns:
        table.add_column(column, justify="right")
    for row, values in result.rows.items():
        table.add_row(row, *[f"{round(value, 3) + 0.0:,.3f}" for value in values])
    console.print(table)


def _aim(figure: Figure) -> str:
    if figure.aim is None:
        return ""
    colour = "green" if figure.reached else "yellow"
    sign = "≤" if figure.at_most else "≥"
    aim = f"{figure.aim:,.1f}".removesuffix(".0") if figure.aim >= 1 else f"{figure.aim:g}"
    return f"[{colour}]{sign} {aim}[/{colour}]"
