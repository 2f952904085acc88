"""On which line of a TOML text a key stands.

The TOML reader does not tell, so the text is looked through once more for table headers and keys at the start of
lines.  Keys inside inline tables are not found, and what looks like a key within a multi-line string is taken for
one: the line is help for people, nothing depends on it.
"""

from __future__ import annotations

import re

_HEADER = re.compile(r"\s*(\[\[?)\s*([A-Za-z0-9_.\-\"' ]+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"\s*([A-Za-z0-9_.\-\"']+)\s*=")


def key_lines(text: str) -> dict[str, int]:
    """The line, from 1, of each key path and table of *text*."""
    lines: dict[str, int] = {}
    counts: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            table = _plain(header[2])
            if header[1] == "[[":
                counts[table] = counts.get(table, -1) + 1
                table = f"{table}[{counts[table]}]"
            lines.setdefault(table, number)
        elif key := _KEY.match(line):
            path = _plain(key[1])
            lines.setdefault(f"{table}.{path}" if table else path, number)
    return lines


def line_of(key_path: str, lines: dict[str, int]) -> int | None:
    """The line of *key_path*, or of the nearest thing around it."""
    while key_path:
        if key_path in lines:
            return lines[key_path]
        key_path = re.sub(r"(\.[^.\[\]]+|\[\d+\]|^[^.\[\]]+)$", "", key_path)
    return None


def _plain(path: str) -> str:
    return re.sub(r"[\"' ]", "", path)
