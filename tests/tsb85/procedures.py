"""The procedures as data: where they are, and their steps as values.

The file is part of the public test suite of spandsp; its path is in the environment variable SANDF_TSB85, or it is
``../shared/data/tsb85.xml`` beside the project.  Octets in it are written as they go over the line, first bit first.

What this module does not do: it plays nothing.
"""

from __future__ import annotations

import os
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sandf.protocols.t4.bits import REVERSED
from sandf.protocols.t30.pump import Modulation

VARIABLE = "SANDF_TSB85"
BESIDE = Path(__file__).parents[3] / "shared" / "data" / "tsb85.xml"
UPSTREAM = "spandsp/tsb85.xml of freeswitch/spandsp"
COUNT = 138
_WILDCARD = "..."


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step: what the tester does (``T``), what it must see (``R``), or neither; times are seconds."""

    kind: str
    direction: str = ""
    tag: str = ""
    value: str = ""
    modem: Modulation | None = None
    timeout: float = 7.0
    window: tuple[float, float] | None = None
    frame_octets: int = 0
    min_bits: int = 0
    block: int = 0
    crc_error: int | None = None
    bad_rows: tuple[int, ...] = ()
    pattern: int = 0
    compression: str = ""
    checks: tuple[Check, ...] = ()

    @property
    def octets(self) -> bytes:
        """The frame that *value* writes, in T.30's order (first bit least significant), without wildcard."""
        return bytes.fromhex(self.value.removesuffix(_WILDCARD)).translate(REVERSED)

    @property
    def open_ended(self) -> bool:
        """Whether octets may follow those of *value*."""
        return self.value.endswith(_WILDCARD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What a person with the paper in hand would confirm at a step."""

    name: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """Steps that are played at least *least* and at most *most* times, as long as the device plays along."""

    least: int
    most: int
    steps: tuple[Step, ...]


Part = Step | Repeat


@dataclass(frozen=True, slots=True, kw_only=True)
class Procedure:
    """One test."""

    name: str
    group: str
    parts: tuple[Part, ...] = field(repr=False)

    def steps(self) -> Iterator[Step]:
        """All its steps, those of repeats once."""
        for part in self.parts:
            yield from part.steps if isinstance(part, Repeat) else (part,)

    @property
    def checks(self) -> tuple[Check, ...]:
        """All its checks."""
        return tuple(check for step in self.steps() for check in step.checks)


def path() -> Path | None:
    """The file, or None where it is neither named nor beside the project."""
    named = os.environ.get(VARIABLE)
    return next((file for file in (Path(named) if named else BESIDE, BESIDE) if file.is_file()), None)


def procedures(file: Path) -> list[Procedure]:
    """All procedures of *file*, in its order."""
    found = []
    for group in ET.parse(file).getroot().iter("test-group"):
        for test in group.iter("test"):
            parts = tuple(_parts(test))
            found.append(Procedure(name=test.attrib["name"], group=group.attrib["name"], parts=parts))
    return found


def _parts(element: ET.Element) -> Iterator[Part]:
    for child in element:
        if child.tag == "repeat":
            steps = tuple(part for part in _parts(child) if isinstance(part, Step))
            yield Repeat(least=int(child.get("min", 0)), most=int(child.get("max", 1000)), steps=steps)
        elif child.tag == "step":
            yield _step(child)


def _step(element: ET.Element) -> Step:
    has = element.attrib
    checks = (Check(name=check.attrib["name"], description=check.get("desc", "")) for check in element.iter("check"))
    crc_error = has.get("crc_error")
    return Step(
        kind=has["type"],
        direction=has.get("dir", ""),
        tag=has.get("tag", ""),
        value=has.get("value", ""),
        modem=_modem(has.get("modem", "")),
        timeout=int(has.get("timeout", 7000)) / 1000,
        window=(int(has["timein"]) / 1000, int(has["timeout"]) / 1000) if "timein" in has else None,
        frame_octets=int(has.get("frame_size", 0)),
        min_bits=int(has.get("min_bits", 0)),
        block=int(has.get("block", 0)),
        crc_error=None if crc_error is None else int(crc_error),
        bad_rows=tuple(int(row) for row in has.get("bad_rows", "").split(",") if row.strip()),
        pattern=int(has.get("pattern", 0)),
        compression=has.get("compression", ""),
        checks=tuple(checks),
    )


def _modem(text: str) -> Modulation | None:
    system, _, rate = text.partition("/")
    return next((m for m in Modulation if m.system == system and (not rate or m.bit_rate == int(rate))), None)
