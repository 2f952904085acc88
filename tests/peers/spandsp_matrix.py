"""The matrix of T.30 between us and libspandsp2: its axes, what libspandsp2 does not support, what a call must show.

Each combination is one call, and :func:`faults` says what was wrong with it: outcome at both ends, parameters of every
DCS that held, post-message commands and responses (none twice), and every pel and resolution of every page.

libspandsp2 as a transmitter begins with the fastest rate of a modem.  To have it send at a slower one we find no TCF
in what comes faster, and answer FTT until it has stepped down.

What this module does not do: impairments, but for that TCF.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

from sandf.fmsp.settings import FaxSettings
from sandf.protocols.t4.form import Coding, PageForm, Paper, Resolution
from sandf.protocols.t4.walk import walk
from sandf.protocols.t30.modems import LADDER
from sandf.protocols.t30.outcomes import Outcome
from sandf.protocols.t30.picture import Length
from sandf.protocols.t30.pump import Modulation
from sandf.protocols.t38.ifp import DataType, FieldType, Packet
from tests.covering import Covering
from tests.peers.spandsp import MODEMS
from tests.peers.spandsp_calls import OURS, THEIRS, Call, Picture, pictures_in

TRANSMITTERS = ("we call", "we are called", "they call", "they are called")
"""Who transmits; one that is called is polled."""
CODINGS = ("mh 256", "mr 256", "mmr 256", "mh 64", "mr 64", "mmr 64", "mh", "mr")
"""Coding, and octets in an ECM frame where there is error correction."""
RESOLUTIONS = {
    "standard": Resolution.STANDARD,
    "fine": Resolution.FINE,
    "superfine": Resolution.SUPERFINE,
    "200 dpi": Resolution.INCH_200,
    "300 dpi": Resolution.INCH_300,
    "400 dpi": Resolution.R16,
}
"""400 dpi is R16 x 15.4 lines/mm: the bit is the same, and libspandsp2 knows only the metric meaning."""
_ROWS = {
    "1 page": (300,),
    "2 pages": (120, 200),
    "10 pages": (40, 60, 20, 50, 30, 70, 10, 40, 80, 25),
    "1 line": (1,),
    "10,000 lines": (10000,),
    "sizes change": (90, 150, 60),
}
AXES: dict[str, tuple[str, ...]] = {
    "transmitter": TRANSMITTERS,
    "coding": CODINGS,
    "modulation": tuple(f"{m.system} {m.bit_rate}" for m in LADDER),
    "resolution": tuple(RESOLUTIONS),
    "paper": tuple(paper.name for paper in Paper),
    "pages": tuple(_ROWS),
}
_NEXT = {Paper.A4: Paper.B4, Paper.B4: Paper.A3, Paper.A3: Paper.A4}
_MODULATIONS = {f"{m.system} {m.bit_rate}": m for m in LADDER}
_POST_MESSAGE = ("MPS", "EOM", "EOP", "PPS", "EOR", "MCF", "RTP", "RTN", "PPR", "ERR", "RNR", "RR", "PIP", "PIN", "CTC")
"""What names of frames that pages bring begin with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Combination:
    """One call of the matrix; the words are those of :data:`AXES`."""

    transmitter: str
    coding: str
    modulation: str
    resolution: str
    paper: str
    pages: str

    def __str__(self) -> str:
        return ", ".join(getattr(self, field.name) for field in fields(self))

    @property
    def we_transmit(self) -> bool:
        """Whether the pages are ours."""
        return self.transmitter.startswith("we")

    @property
    def we_call(self) -> bool:
        """Whether we are the caller."""
        return self.transmitter in ("we call", "they are called")

    @property
    def frame_octets(self) -> int:
        """Octets in an ECM frame; 0 without error correction."""
        return int(self.coding.partition(" ")[2] or 0)

    @property
    def speed(self) -> Modulation:
        """The modulation that the pages are to have."""
        return _MODULATIONS[self.modulation]

    @property
    def forms(self) -> list[PageForm]:
        """The form of each page."""
        coding, resolution, paper = Coding(self.coding.split()[0]), RESOLUTIONS[self.resolution], Paper[self.paper]
        papers = [paper] * len(_ROWS[self.pages])
        if self.pages == "sizes change":
            papers[1] = _NEXT[paper]
        return [PageForm(coding=coding, resolution=resolution, paper=paper) for paper in papers]

    @property
    def pictures(self) -> list[Picture]:
        """The pages."""
        rows = _ROWS[self.pages]
        return [
            drawn(number, form.width, count) for number, (form, count) in enumerate(zip(self.forms, rows, strict=True))
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsupported:
    """Combinations that libspandsp2 0.0.6 cannot do: those with all of *values*."""

    values: Mapping[str, tuple[str, ...]]
    reason: str

    def covers(self, row: Mapping[str, str]) -> bool:
        """Whether *row* is one of them."""
        return all(row[axis] in values for axis, values in self.values.items())


UNSUPPORTED = (
    Unsupported(
        values={"resolution": ("200 dpi",)},
        reason="its DIS asks for metric resolutions (bit 45, never bit 44), and it sends 200 dpi as R8",
    ),
    Unsupported(
        values={"transmitter": ("they call", "they are called"), "coding": ("mh 64", "mr 64", "mmr 64")},
        reason="it sends ECM frames of 256 octets whatever DIS bit 7 prefers (process_rx_dis_dtc in t30.c)",
    ),
)


def supported(row: Mapping[str, str]) -> bool:
    """Whether libspandsp2 can do this combination."""
    return not any(unsupported.covers(row) for unsupported in UNSUPPORTED)


@cache
def drawn(number: int, width: int, count: int) -> Picture:
    """Page *number*: lines of text with white between them, a black row and a halftone one; light where it is long."""
    rng = random.Random(number * 1000003 + width)
    marks = 4 if count > 1000 else 12
    rows: list[list[int]] = []
    changes: list[int] = []
    for row in range(count):
        if row % 12 == 0:
            changes = sorted(rng.sample(range(width), marks))
        elif row % 12 > 8:
            changes = []
        else:
            changes = sorted({min(width - 1, max(0, x + rng.randrange(-1, 2))) for x in changes})
        rows.append([*changes, width])
    if count > 10:
        rows[5], rows[7] = [0, width], [*range(number % 3, width, 3), width]
    return Picture(rows)


def _row(values: tuple[object, ...]) -> dict[str, str]:
    return {axis: str(value) for axis, value in zip(AXES, values, strict=True)}


def everything(transmitter: str) -> Iterator[Combination]:
    """All combinations that libspandsp2 supports, of one of :data:`TRANSMITTERS`."""
    for values in itertools.product(*(AXES | {"transmitter": (transmitter,)}).values()):
        if supported(_row(values)):
            yield Combination(**_row(values))


def covering(transmitter: str) -> Iterator[Combination]:
    """Few of them, with every pair of values."""
    axes = tuple((AXES | {"transmitter": (transmitter,)}).values())
    for values in Covering(axes, lambda values: supported(_row(values)), range(len(axes))).runs:
        yield Combination(**_row(values))


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What came of the covering calls of all four transmitters, for the documentation."""

    sent: int
    """Calls in which we transmitted."""
    received: int
    """Calls in which libspandsp2 did."""
    exact: int
    """Calls of both kinds without any fault."""
    in_all: int
    """Combinations that libspandsp2 supports."""
    unsupported: tuple[Unsupported, ...]


def summary(folder: Path) -> Summary:
    """Make the covering calls, some 220 in ten seconds; *folder* is for their files."""
    calls = [combination for transmitter in TRANSMITTERS for combination in covering(transmitter)]
    sent = sum(combination.we_transmit for combination in calls)
    return Summary(
        sent=sent,
        received=len(calls) - sent,
        exact=sum(not faults(combination, folder) for combination in calls),
        in_all=sum(1 for transmitter in TRANSMITTERS for _ in everything(transmitter)),
        unsupported=UNSUPPORTED,
    )


def faults(combination: Combination, folder: Path) -> list[str]:
    """Make the call, and say what was wrong with it; nothing if all was exact."""
    call = run(combination, folder)
    if (call.outcome, call.spandsp.result) != (Outcome.COMPLETED, "OK"):
        return [f"ended as {call.outcome}, libspandsp2: {call.spandsp.result}; {' '.join(call.texts)}"]
    wrong_pages = _wrong_pages_there if combination.we_transmit else _wrong_pages
    found = (_wrong_parameters, _wrong_frames, wrong_pages)
    return [fault for look in found for fault in look(combination, call)]


def run(combination: Combination, folder: Path) -> Call:
    """Make the call."""
    speed, form = combination.speed, combination.forms[0]
    best = max(m.bit_rate for m in LADDER if m.system == speed.system)
    stepped = speed.bit_rate if combination.we_transmit or speed.system == "V.27ter" else best
    settings = FaxSettings(
        ecm=combination.frame_octets > 0,
        frame_octets=combination.frame_octets or 256,
        codings=(form.coding,),
        send_resolution=form.resolution,
        send_paper=Paper.A3,
        max_speed=stepped,
    )
    if combination.we_transmit:
        call = Call(folder, modems=tuple(MODEMS)[: tuple(MODEMS).index(speed.system) + 1])
        call.send(combination.pictures, settings, calling=combination.we_call)
    else:
        call = Call(folder, lost=lambda ours, packet: not ours and _is_faster(packet, speed))
        call.receive(combination.pictures, settings, resolution=form.resolution, calling=combination.we_call)
    return call


def _is_faster(packet: Packet, speed: Modulation) -> bool:
    """Whether *packet* has high-speed data of another modulation: TCF on the way down to *speed*."""
    if not isinstance(packet, tuple) or packet.type is DataType.V21:
        return False
    wanted = DataType[f"{speed.system.removesuffix('ter').replace('.', '')}_{speed.bit_rate}"]
    return packet.type is not wanted and packet.fields[0].type is FieldType.T4_NON_ECM_DATA


def _wrong_parameters(combination: Combination, call: Call) -> Iterator[str]:
    """DCS at the speed of the pages, one for each change of form."""
    forms = combination.forms
    changes = [form for number, form in enumerate(forms) if not number or form != forms[number - 1]]
    ecm = combination.frame_octets > 0
    wanted = [(form, combination.speed, ecm, combination.frame_octets or 256, Length.UNLIMITED) for form in changes]
    held = [
        (each.form, each.modulation, each.ecm, each.frame_octets, each.length)
        for each in call.negotiated
        if each.modulation is combination.speed
    ]
    if held != wanted:
        yield f"parameters {held}, not {wanted}"
    told = call.spandsp.statistics
    assert told is not None
    passed = told.pages_received if combination.we_transmit else told.pages_sent
    if (told.bit_rate, told.ecm, passed) != (combination.speed.bit_rate, ecm, len(forms)):
        yield f"libspandsp2 says {told}"
    if (call.spandsp.heard_ident, call.heard_ident) != (OURS, THEIRS):
        yield f"libspandsp2 heard {call.spandsp.heard_ident!r}, we heard {call.heard_ident!r}"


def _wrong_frames(combination: Combination, call: Call) -> Iterator[str]:
    """Each page once: one command for each, or for each block of it, and MCF for each command."""
    forms = combination.forms
    commands = ["MPS" if form == after else "EOM" for form, after in itertools.pairwise(forms)] + ["EOP"]
    frames = [line.text for line in call.lines if line.kind == "frame" and line.text.startswith(_POST_MESSAGE)]
    said, answers = frames[::2], frames[1::2]
    if combination.frame_octets:
        commands = [f"PPS-{command}" for command in commands]
        said = [command for command in said if command != "PPS-NULL"]
    if said != commands or set(answers) != {"MCF"} or len(frames) % 2:
        yield f"pages were answered so: {frames}"


def _wrong_pages_there(combination: Combination, call: Call) -> Iterator[str]:
    """What libspandsp2 received."""
    count = len(combination.forms)
    if call.confirmations.pages != list(range(1, count + 1)) or call.confirmations.refusals:
        yield f"pages {call.confirmations.pages} confirmed, {call.confirmations.refusals} refused"
    if call.source.asked != list(range(1, count + 1)):
        yield f"pages {call.source.asked} were asked for"
    received = pictures_in(call.tiff)
    if len(received) != count:
        yield f"{len(received)} pages arrived"
    for number, (picture, form, (image, dpi)) in enumerate(
        zip(combination.pictures, combination.forms, received, strict=False), 1
    ):
        if (image.size, dpi) != (picture.image.size, form.resolution.value):
            yield f"page {number} is {image.size} at {dpi}"
        elif image.tobytes() != picture.image.tobytes():
            yield f"page {number} has other pels"


def _wrong_pages(combination: Combination, call: Call) -> Iterator[str]:
    """What we received."""
    if len(call.pages) != len(combination.forms):
        yield f"{len(call.pages)} pages arrived"
    for picture, form, page in zip(combination.pictures, combination.forms, call.pages, strict=False):
        lines = walk(page.octets, page.form.coding, page.form.width, keep=True)
        if page.form != form:
            yield f"page {page.number} is {page.form}"
        elif (lines.rows, lines.bad, page.bad_rows) != (len(picture.rows), 0, 0):
            yield f"page {page.number} has {lines.rows} rows, {lines.bad} and {page.bad_rows} of them bad"
        elif lines.changes != tuple(picture.rows):
            yield f"page {page.number} has other pels"
