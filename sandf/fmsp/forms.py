"""Which form to ask the document side for, out of what the far terminal can take.

What this module does not do: it changes no picture.
"""

from __future__ import annotations

from sandf.protocols.t4.form import PageForm, Paper, Resolution
from sandf.protocols.t30.events import PageOffer

_TWINS = 1.01
"""A resolution to the inch and its metric twin (200 x 400, 204 x 391) differ by less in pels to the square inch."""


def choose(offer: PageOffer, *, preferred: Resolution, paper: Paper) -> PageForm:
    """The best coding, *preferred* or the finest coarser resolution, *paper* or the widest narrower one."""
    finest = preferred.x * preferred.y * _TWINS
    coarser = [r for r in offer.resolutions if r.x * r.y <= finest]
    if preferred in offer.resolutions:
        coarser = [preferred]
    return PageForm(
        coding=offer.codings[0],
        resolution=max(coarser, key=lambda r: r.x * r.y, default=Resolution.STANDARD),
        paper=max((p for p in offer.papers if p.value <= paper.value), key=lambda p: p.value, default=Paper.A4),
    )
