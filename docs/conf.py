"""Sphinx configuration.

Tables that the code holds are drawn from the code when the documentation is built: a page says ``|causes|`` on a
line of its own, and :data:`TABLES` says what stands there.
"""

from collections.abc import Callable
from dataclasses import fields
from functools import partial

from sphinx.application import Sphinx

from sandf import __version__
from sandf.causes import CATALOGUE
from sandf.protocols.t30 import (
    chart,
    phase_b,
    phase_b_training,
    phase_c_receive,
    phase_c_receive_ecm,
    phase_c_transmit,
    phase_c_transmit_ecm,
    phase_d_interrupt,
    timers,
)
from sandf.protocols.t30.frames import Fcf
from sandf.protocols.t30.settings import TerminalSettings

project = "sandf"
author = "the sandf authors"
copyright = "2026, the sandf authors"
release = __version__
exclude_patterns = ["_build"]
html_theme = "alabaster"
html_theme_options = {"description": "store-and-forward fax gateway (T.37)", "page_width": "1100px"}


def list_table(head: list[str], rows: list[list[str]]) -> str:
    """A reStructuredText list-table."""
    lines = [".. list-table::", "   :header-rows: 1", "   :widths: auto", ""]
    for row in [head, *rows]:
        lines += [f"   {'* -' if place == 0 else '  -'} {cell}" for place, cell in enumerate(row)]
    return "\n".join(lines)


def causes() -> str:
    """The catalogue of endings."""
    rows = [
        [
            str(row.number),
            f"``{row.name}``",
            row.phase.value,
            row.sentence,
            row.retry.value,
            f"{row.smtp} {row.status}",
            str(row.t30),
            str(row.q850),
        ]
        for row in sorted(CATALOGUE.values(), key=lambda row: row.number)
    ]
    return list_table(["No.", "Name", "Phase", "What happened, and what to do", "Retry", "SMTP", "T.30", "Q.850"], rows)


def plain(text: str) -> str:
    """*text* of the code, in which ``PRI-*`` stands for itself."""
    return " ".join(text.replace("*", "\\*").split())


def t30_timers() -> str:
    """The timers of T.30, and ours."""
    rows = [
        [timer.value, f"{row.seconds:g} s", f"{row.minimum:g} to {row.maximum:g} s", row.clause]
        for timer, row in timers.ROWS.items()
    ]
    return list_table(["Timer", "Default", "Allowed", "Clause, and what it bounds"], rows)


def t30_states() -> str:
    """The states of T.30."""
    return list_table(["State", "What it is"], [[f"``{state.name}``", plain(state.value)] for state in chart.State])


def t30_chart(table: chart.Table) -> str:
    """A chart: the inputs of a state that lead to the same stand in one row."""
    merged: dict[tuple[chart.State, chart.Row], list[chart.Trigger]] = {}
    for (state, trigger), row in table.items():
        merged.setdefault((state, row), []).append(trigger)
    order = list(chart.State)
    rows, above = [], None
    for (state, row), triggers in sorted(merged.items(), key=lambda item: order.index(item[0][0])):
        rows.append(
            [
                f"``{state.name}``" if state is not above else "",
                ", ".join(t.name.replace("_", "-") if isinstance(t, Fcf) else t.value for t in triggers),
                plain((row.action.__doc__ or "").split("\n\n")[0]),
                ", ".join(f"``{to.name}``" for to in row.to),
            ]
        )
        above = state
    return list_table(["State", "Input", "Action", "Next state"], rows)


def t30_default(name: str) -> str:
    """The default of a setting of a terminal."""
    default = getattr(TerminalSettings(), name)
    return f"``{getattr(default, 'value', default)}``".lower()


TABLES: dict[str, Callable[[], str]] = {
    "|causes|": causes,
    "|t30 timers|": t30_timers,
    "|t30 states|": t30_states,
    "|t30 phase B|": partial(t30_chart, phase_b.TABLE),
    "|t30 training|": partial(t30_chart, phase_b_training.TABLE),
    "|t30 transmit|": partial(t30_chart, phase_c_transmit.TABLE),
    "|t30 transmit ECM|": partial(t30_chart, phase_c_transmit_ecm.TABLE),
    "|t30 receive|": partial(t30_chart, phase_c_receive.TABLE),
    "|t30 receive ECM|": partial(t30_chart, phase_c_receive_ecm.TABLE),
    "|t30 interrupt|": partial(t30_chart, phase_d_interrupt.TABLE),
    **{
        f"|t30 {field.name}|": partial(t30_default, field.name)
        for field in fields(TerminalSettings)
        if field.name != "timers"
    },
}


def draw_tables(app: Sphinx, name: str, source: list[str]) -> None:
    """Put the tables in."""
    for word, draw in TABLES.items():
        if word in source[0]:
            source[0] = source[0].replace(word, draw())


def setup(app: Sphinx) -> None:
    """Register."""
    app.connect("source-read", draw_tables)
