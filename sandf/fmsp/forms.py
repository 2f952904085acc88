"""The page forms of T.30's charts and those of the rest of the gateway, from one to the other.

T.30 has a resolution more, 200 x 400 to the inch; nothing is rendered to it, and a page received in it is called
superfine (204 x 391), the nearest.

What this module does not do: it changes no picture.
"""

from __future__ import annotations

from sandf.protocols.t4.form import Coding, PageForm, Paper, Resolution
from sandf.protocols.t30 import picture
from sandf.protocols.t30.capabilities import Parameters
from sandf.protocols.t30.events import OutgoingPage
from sandf.protocols.t30.events import PageForm as Offer

TO_T30_CODING = {coding: picture.Coding[coding.name] for coding in Coding}
TO_T30_RESOLUTION = {resolution: picture.Resolution[resolution.name] for resolution in Resolution}
TO_T30_WIDTH = {paper: picture.Width[paper.name] for paper in Paper}

FROM_T30_CODING = {there: here for here, there in TO_T30_CODING.items()}
FROM_T30_RESOLUTION = {there: here for here, there in TO_T30_RESOLUTION.items()} | {
    picture.Resolution.INCH_200X400: Resolution.SUPERFINE
}
FROM_T30_WIDTH = {there: here for here, there in TO_T30_WIDTH.items()}


def negotiated(parameters: Parameters) -> PageForm:
    """The form that DCS settled."""
    return PageForm(
        coding=FROM_T30_CODING[parameters.coding],
        resolution=FROM_T30_RESOLUTION[parameters.resolution],
        paper=FROM_T30_WIDTH[parameters.width],
    )


def choose(offer: Offer, *, preferred: Resolution, paper: Paper) -> PageForm:
    """What to ask the document side for: best coding, *preferred* or the finest coarser one, *paper* or narrower."""
    finest = preferred.x * preferred.y
    known = [FROM_T30_RESOLUTION[r] for r in offer.resolutions if r is not picture.Resolution.INCH_200X400]
    fit = [r for r in known if r.x * r.y <= finest]
    papers = [FROM_T30_WIDTH[width] for width in offer.widths]
    return PageForm(
        coding=FROM_T30_CODING[offer.codings[0]],
        resolution=preferred if preferred in known else max(fit, key=lambda r: r.x * r.y, default=Resolution.STANDARD),
        paper=max((p for p in papers if p.value <= paper.value), key=lambda p: p.value, default=Paper.A4),
    )


def outgoing(octets: bytes, form: PageForm, rows: int) -> OutgoingPage:
    """A page of *form* for T.30."""
    return OutgoingPage(
        octets=octets,
        coding=TO_T30_CODING[form.coding],
        resolution=TO_T30_RESOLUTION[form.resolution],
        width=TO_T30_WIDTH[form.paper],
        rows=rows or None,
    )
