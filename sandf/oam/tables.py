"""Plain text tables and lists of fields, for eighty columns and more.  Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .printable import one_line


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Columns as wide as they need to be; numbers to the right, None and empty as ``-``."""
    cells = [[_cell(value) for value in row] for row in rows]
    body = [list(head), *cells]
    widths = [max(len(row[column]) for row in body) for column in range(len(head))]
    right = [_numeric([row[column] for row in cells]) for column in range(len(head))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(row, widths, right, strict=True)
        ).rstrip()
        for row in body
    )


def fields(pairs: Iterable[tuple[str, object]]) -> str:
    """``name   value`` a line; what is None or empty is left out."""
    shown = [(name, one_line(str(value))) for name, value in pairs if value not in (None, "", [], ())]
    width = max((len(name) for name, _ in shown), default=0)
    return "\n".join(f"{name:<{width}}  {value}" for name, value in shown)


def _cell(value: object) -> str:
    return "-" if value in (None, "") else one_line(str(value))


def _numeric(cells: Sequence[str]) -> bool:
    return bool(cells) and all(cell == "-" or cell.replace(".", "", 1).isdigit() for cell in cells)
