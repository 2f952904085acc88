"""The cover page: who, to whom, what about, how many pages.

A plain cover in one design; templates are not known here.
"""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image

from sandf.dmsp.sheet import Sheet, pels_high, wrapped
from sandf.dmsp.text import LENGTH
from sandf.protocols.t4.form import Paper, Resolution

_LEFT, _RIGHT = 0.75, 7.75
_VALUES = 1.95
_BOTTOM = 10.4
_TITLE, _FIELD, _COMMENT, _DETAIL = 40.0, 14.0, 13.0, 9.0
_SPACING = 1.35
"""Line spacing, times the type size."""


def drawn(
    fields: Sequence[tuple[str, str]],
    comment: str,
    details: Sequence[tuple[str, str]],
    resolution: Resolution,
    paper: Paper,
) -> tuple[Image.Image, str]:
    """The cover as a bilevel image, and the characters that could not be drawn.

    *fields* are (label, value), in their order; *details* are mail header fields, printed small as far as there
    is room.
    """
    sheet = Sheet(resolution, paper, pels_high(LENGTH, resolution, paper))
    sheet.text(_LEFT, 1.3, "Fax", _TITLE)
    sheet.rule(_LEFT, 1.5, _RIGHT, 0.03)
    y = 1.95
    for label, value in fields:
        sheet.text(_LEFT, y, label, _FIELD)
        y = _paragraph(sheet, _VALUES, y, value, _FIELD) + 0.1
    sheet.rule(_LEFT, y - 0.1, _RIGHT, 0.01)
    if comment:
        y += 0.3
        for line in comment.splitlines():
            y = _paragraph(sheet, _LEFT, y, line, _COMMENT)
    if details:
        y = max(y + 0.3, 5.0)
        sheet.rule(_LEFT, y - 0.2, _RIGHT, 0.01)
        for name, value in details:
            y = _paragraph(sheet, _LEFT, y, f"{name}: {' '.join(value.split())}", _DETAIL)
    return sheet.finished(), sheet.missing


def _paragraph(sheet: Sheet, x: float, y: float, text: str, points: float) -> float:
    """Write *text* from *x* and *y* on; returns the next baseline."""
    for line in wrapped(sheet, text[:2000], _RIGHT - x, points):
        if y > _BOTTOM:
            break
        sheet.text(x, y, line, points)
        y += points / 72 * _SPACING
    return y
