"""Pages for the tests of T.30, which decodes none."""

from __future__ import annotations

from sandf.protocols.t4.bits import to_bits, to_octets
from sandf.protocols.t4.codes import EOFB
from sandf.protocols.t4.form import Coding, PageForm, Paper, Resolution
from sandf.protocols.t30 import events


def page(
    size: int = 3000,
    *,
    coding: Coding = Coding.MMR,
    resolution: Resolution = Resolution.FINE,
    paper: Paper = Paper.A4,
    seed: int = 1,
) -> events.OutgoingPage:
    """A page of about *size* octets that looks enough like T.4 to have its end found."""
    form = PageForm(coding=coding, resolution=resolution, paper=paper)
    if coding is Coding.MMR:
        body = bytes((seed * 7 + index * 37) % 251 | 0x11 for index in range(size))
        return events.OutgoingPage(octets=to_octets(to_bits(body) + EOFB), form=form)
    eol = "000000000001" + ("1" if coding is Coding.MR else "")
    rows = max(1, size // 60)
    bits = "".join(eol + "10110111" * (40 + (seed + row) % 25) for row in range(rows))
    return events.OutgoingPage(octets=to_octets(bits), form=form)
