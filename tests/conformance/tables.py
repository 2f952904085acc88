"""Tables and other pieces of reStructuredText.

What this module does not do: it measures nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def heading(text: str, underline: str = "-") -> list[str]:
    """A heading and an empty line."""
    return [text, underline * len(text), ""]


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A list-table with a header row."""
    lines = [".. list-table::", "   :header-rows: 1", "   :widths: auto", ""]
    for row in (columns, *rows):
        for number, cell in enumerate(row):
            lines.append(f"   {'* ' if number == 0 else '  '}- {cell}".rstrip())
    return [*lines, ""]


def paragraph(text: str, width: int = 120) -> list[str]:
    """*text* in lines of at most *width*, and an empty line."""
    lines, line = [], ""
    for word in text.split():
        if line and len(line) + 1 + len(word) > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    return [*lines, line, ""]
