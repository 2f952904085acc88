"""What was said on the line, from the log of a gateway at level debug: it is there when the store has lost it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

FRAME = re.compile(r"t30\((\w+)\)\{\w+\}: (->|<-) (MCF|PPS-\w+)$", re.MULTILINE)
PAGE_ENDS = ("PPS-MPS", "PPS-EOP")
"""Post-message commands behind a whole page; PPS-NULL stands between the partial pages of one (T.30 A.4.3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """On a line without noise each page of a call has one post-message command and one answer."""

    pages_sent: Counter[str]
    """Post-message commands that a call has sent, by its id."""
    pages_acknowledged: Counter[str]
    """MCFs that a call has sent, by its id."""


def line(log: str) -> Line:
    """What *log* tells."""
    sent, acknowledged = Counter[str](), Counter[str]()
    heard: dict[str, str] = {}
    for call, way, frame in FRAME.findall(log):
        if way == "<-":
            heard[call] = frame
        elif frame in PAGE_ENDS:
            sent[call] += 1
        elif frame == "MCF" and heard.get(call) in PAGE_ENDS:
            acknowledged[call] += 1
    return Line(pages_sent=sent, pages_acknowledged=acknowledged)
