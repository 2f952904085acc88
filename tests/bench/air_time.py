"""The air time of the eight ITU test charts: ours on the virtual bearer, the least by the Recommendations, and that of
libspandsp2 between two of its own T.38 terminals.

What this module does not do: it says nothing of CPU time; the line's time is virtual.  :func:`rows` has the same for
programs.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec
from PIL import Image
from twisted.internet.defer import Deferred, succeed

from sandf.callcontrol.media import Page
from sandf.dmsp.coding import encoded
from sandf.protocols.t4.form import Coding, PageForm, Resolution
from sandf.protocols.t4.walk import walk
from sandf.protocols.t30.message import finish
from sandf.protocols.t30.outcomes import Outcome

from ..fmsp.t38_network import T38Call, Weather
from ..peers import spandsp
from . import papers
from .air_floor import floor
from .air_spent import Spent, Tap
from .figures import Figure, Result, Skipped, Table
from .joined import FaxCall

CALLS = ((Coding.MMR, True), (Coding.MR, True), (Coding.MH, True), (Coding.MR, False), (Coding.MH, False))
"""Coding, and whether with error correction, without which there is no MMR (T.30 table 2)."""
ABOVE_FLOOR = 1.0
"""Per cent of the floor that a call may take beyond it."""


class AirTime(msgspec.Struct, frozen=True, kw_only=True):
    """The air time of one call, in seconds from the answer to the end of DCN."""

    coding: str
    ecm: bool
    pages: int
    ours: Spent
    heard: float
    """Ours as the clock of the call has it; what it was spent on is *ours*."""
    floor: Spent
    libspandsp2: float | None
    """None where the library is missing."""

    @property
    def name(self) -> str:
        """What people call it."""
        return f"{self.coding.upper()}, {'ECM' if self.ecm else 'no ECM'}"

    @property
    def ratio(self) -> float:
        """Ours, with the floor for 1."""
        return self.ours.total / self.floor.total


def _page(number: int, image: Image.Image, coding: Coding) -> Page:
    form = PageForm(coding=coding, resolution=Resolution.FINE)
    return Page(number=number, form=form, rows=image.height, octets=encoded(image, form))


class _Coded:
    """Pages as they are."""

    def __init__(self, pages: Sequence[Page]) -> None:
        self.count = len(pages)
        self._pages = pages

    def page(self, number: int, form: PageForm) -> Deferred[Page]:
        return succeed(self._pages[number - 1])


def over_udptl(images: Sequence[Image.Image]) -> tuple[float, float | None]:
    """Seconds from the answer to the end of DCN over UDPTL with ECM and MMR: ours, and libspandsp2's own.

    Both in virtual time, over a network without delay; pages are compared.
    """
    sent = [_page(number, image, Coding.MMR) for number, image in enumerate(images, 1)]
    call = T38Call((), Weather(delay=0.0), source=_Coded(sent)).run()
    if call.outcomes != dict.fromkeys(("sender", "receiver"), Outcome.COMPLETED):
        raise RuntimeError(f"the call ended with {call.outcomes}")
    for page, received in zip(sent, call.received, strict=True):
        wanted, found = (walk(one.octets, Coding.MMR, 1728, keep=True).changes for one in (page, received))
        assert wanted == found, f"page {page.number} differs"
    return call.ended["sender"], None if spandsp.MISSING else _libspandsp2(images, Coding.MMR, ecm=True)


def air_time(images: Sequence[Image.Image], coding: Coding, *, ecm: bool) -> AirTime:
    """One call of ours with *images*, compared pixel by pixel, the floor of it, and the same by libspandsp2."""
    sent = [_page(number, image, coding) for number, image in enumerate(images, 1)]
    call, tap = FaxCall(sent, ecm=ecm), Tap()
    with tap.on_virtual_bearers():
        call.run()
    call.check()
    on_line = [finish(page.octets, page.form, 0) for page in sent]
    called, caller = tap.frames()[:2]
    return AirTime(
        coding=coding.value,
        ecm=ecm,
        pages=len(sent),
        ours=tap.spent(map(len, on_line)),
        heard=tap.seconds,
        floor=floor(on_line, ecm=ecm, called=called, caller=caller),
        libspandsp2=None if spandsp.MISSING else _libspandsp2(images, coding, ecm=ecm),
    )


def _libspandsp2(images: Sequence[Image.Image], coding: Coding, *, ecm: bool) -> float:
    with tempfile.TemporaryDirectory() as folder:
        transmit, receive = Path(folder, "transmit.tif"), Path(folder, "receive.tif")
        more = {"save_all": True, "append_images": list(images[1:])}
        images[0].save(transmit, "TIFF", compression="group4", dpi=(204, 196), **more)
        call = spandsp.call(transmit, receive, ecm=ecm, coding=coding.value)
        if call.results != ("OK", "OK"):
            raise RuntimeError(f"libspandsp2 ended with {call.results}")
        with Image.open(receive) as tiff:
            for number, image in enumerate(images):
                tiff.seek(number)
                assert tiff.convert("1").tobytes() == image.tobytes(), f"page {number + 1} differs"
    return call.seconds


def air_times() -> list[AirTime]:
    """The calls of :data:`CALLS` with the charts, or with the page of the bench where they are missing."""
    images = list(papers.charts().values())
    return [air_time(images, coding, ecm=ecm) for coding, ecm in CALLS]


def rows() -> list[dict[str, object]]:
    """A row for each call; ``spent`` and ``floor_spent`` say by name what the seconds go to."""
    return [
        {
            "coding": time.coding,
            "ecm": time.ecm,
            "pages": time.pages,
            "ours": time.ours.total,
            "floor": time.floor.total,
            "ratio": time.ratio,
            "libspandsp2": time.libspandsp2,
            "spent": time.ours.seconds(),
            "floor_spent": time.floor.seconds(),
        }
        for time in air_times()
    ]


def air() -> list[Result]:
    """Air time of the eight ITU charts at 14,400 bit/s on the virtual bearer, with the floor and libspandsp2 beside it.

    MMR, MR and MH with error correction, MR and MH without; from the answer to the end of DCN, in virtual time.
    """
    times = air_times()
    results = [result for time in times for result in _figures(time)]
    return [
        *results,
        _table("air time, what each second is spent on", times, [time.ours for time in times]),
        _table("air time, the floor of each", times, [time.floor for time in times]),
    ]


def _figures(time: AirTime) -> list[Result]:
    said = f"{time.pages} pages in one call, {time.name}, V.17 at 14,400 bit/s, from the answer to the end of DCN"
    name = f"air time, {time.name}"
    other = f"{name}, libspandsp2"
    return [
        Figure(
            name=name,
            value=time.ours.total,
            unit="s",
            aim=time.libspandsp2,
            measured=f"{said}, in virtual time; the aim is what libspandsp2 takes in this run",
        ),
        Figure(
            name=f"{name}, above the floor",
            value=100 * (time.ratio - 1),
            unit="%",
            aim=ABOVE_FLOOR,
            measured=f"how much longer that is than the least by the Recommendations, {time.floor.total:.2f} s",
        ),
        Skipped(name=other, skipped=spandsp.MISSING)
        if time.libspandsp2 is None
        else Figure(
            name=other,
            value=time.libspandsp2,
            unit="s",
            measured=f"{said}, two of its own T.38 terminals in memory, in steps of {spandsp.STEP * 1000:.0f} ms",
        ),
    ]


PARTS = {
    "silence": "silence before CED",
    "ced": "CED",
    "gaps": "gaps",
    "v21_preambles": "V.21 preambles",
    "v21_frames": "V.21 frames",
    "training": "training",
    "tcf": "TCF",
    "page": "page bits",
    "fill": "fill",
    "ecm_preambles": "ECM preamble flags",
    "ecm_framing": "ECM framing",
    "ecm_padding": "ECM padding",
    "waiting": "waiting",
}
"""What people call the parts of a call that seconds are spent on."""


def _table(name: str, times: Sequence[AirTime], spent: Sequence[Spent]) -> Table:
    """A row for each thing that seconds are spent on, a column for each call."""
    seconds = [one.seconds() for one in spent]
    rows = {said: [of_call[key] for of_call in seconds] for key, said in PARTS.items()}
    return Table(
        name=name, unit="s", columns=[time.name for time in times], rows=rows | {"all": [one.total for one in spent]}
    )
