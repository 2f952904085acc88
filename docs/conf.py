"""Sphinx configuration.

Tables that the code holds are drawn from the code when the documentation is built: a page says ``|causes|`` on a
line of its own, and :data:`TABLES` says what stands there.
"""

from sphinx.application import Sphinx

from sandf import __version__
from sandf.causes import CATALOGUE

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


TABLES = {"|causes|": causes}


def draw_tables(app: Sphinx, name: str, source: list[str]) -> None:
    """Put the tables in."""
    for word, draw in TABLES.items():
        if word in source[0]:
            source[0] = source[0].replace(word, draw())


def setup(app: Sphinx) -> None:
    """Register."""
    app.connect("source-read", draw_tables)
