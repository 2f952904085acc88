"""What is asserted where: timing of everything that the device sends, and the checks that the data names.

Times are seconds, with the tolerances of T.30 5.3.1, 5.3.6.1 and 5.4.3.1 and those that the data gives.

What this module does not do: it knows no sequence; frames and their order are the tester's.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass

from sandf.protocols.t4.bits import to_bits
from sandf.protocols.t4.codes import EOL
from sandf.protocols.t4.line import min_line_bits
from sandf.protocols.t4.walk import walk
from sandf.protocols.t30 import air, pump
from sandf.protocols.t30.capabilities import Parameters
from sandf.protocols.t30.frames import ADDRESS, CONTROL, CONTROL_FINAL, name_of

from .bearer import Heard
from .pictures import Picture

PREAMBLE = (0.850, 1.150)
GAP = (0.055, 0.095)
CED = (2.6, 4.0)
CNG_ON = (0.425, 0.575)
CNG_OFF = (2.55, 3.45)
TCF = (1.35, 1.65)
REPEAT = (2.55, 3.45)
"""T4: from the end of a command to the same again."""
AFTER_EOM = (5.0, 7.0)
"""T2: from the end of MCF for EOM to DIS."""
AFTER_DAMAGE = (0.2, 0.4)
"""A command again, 200 ms and a gap after a damaged response (T.30 5.2)."""
TCF_WAIT = (3.0, 6.0)
"""From DCS to FTT where no TCF comes; T.30 leaves it open, and the data waits for 9 s."""
T1 = (30.0, 40.0)
BY_DEFAULT = frozenset({11, 12, 14, 15, 16, 18, 20, 21, 22, 23, 27, 31, 41, 42, 43, 44, 45})
"""DIS bits of a gateway (T.30 Table 2): V.27ter, V.29, V.17; 7.7 lines/mm; two dimensions; A3; any length; 0 ms a line;
ECM; T.6; 15.4 lines/mm, 300 and 400 dots; to the inch and metric."""
CLOCK = 1e-6


def within(what: str, seconds: float, limits: tuple[float, float]) -> None:
    """Raises AssertionError unless *seconds* lie within *limits*."""
    low, high = limits
    assert low - CLOCK <= seconds <= high + CLOCK, f"{what} of {seconds * 1000:.0f} ms, not {low} to {high} s"


def preamble(heard: Heard) -> None:
    """Flags in front of the first frame of a V.21 carrier; a later frame has no more than the flag between."""
    if not heard.first:
        return
    bits = air.frame_bits(heard.octets) + 2 * air.FLAG_BITS
    within("a preamble", heard.ended - heard.began - bits / pump.Modulation.V21.bit_rate, PREAMBLE)


def silence(heard: Heard, before: Heard | None) -> None:
    """The silence in front of a carrier: a gap behind what was understood, and behind CED, DCS and a page of its own.

    Behind what was damaged a command comes again after 200 ms or after T4; FTT waits for TCF; :func:`timer` has what is
    repeated without a word of the tester.
    """
    own, far = heard.after_own, heard.after_far
    if own is not None and (far is None or own < far):
        repeats = before is not None and isinstance(before.command, pump.SendFrames | pump.SendTraining)
        if not repeats or isinstance(heard.command, pump.SendTraining):
            within("the gap behind what it sent", own, GAP)
    elif far is not None and heard.understood:
        waits = name_of(heard.octets) == "FTT" and far > GAP[1]
        within("the wait for TCF" if waits else "the gap behind what it heard", far, TCF_WAIT if waits else GAP)
    elif far is not None:
        again = AFTER_DAMAGE if far < REPEAT[0] else (REPEAT[0], T1[1])
        within("the silence behind what was damaged", far, again)


def timer(heard: Heard, before: Heard | None) -> None:
    """Where the tester said nothing in between: T4 before a command (with TCF) again, T2 from MCF for EOM to DIS."""
    answered = heard.after_own is None or (heard.after_far is not None and heard.after_far < heard.after_own)
    if before is None or answered:
        return
    assert heard.after_own is not None
    if heard.command == before.command or isinstance(before.command, pump.SendTraining):
        within("T4", heard.after_own, REPEAT)
    elif name_of(before.octets) == "MCF":
        within("T2", heard.after_own, AFTER_EOM)


def tone(heard: Heard) -> None:
    """Length of CED and CNG, and how long CNG pauses."""
    assert isinstance(heard.command, pump.SendTone)
    is_cng = heard.command.tone is pump.Tone.CNG
    within(heard.command.tone.value, heard.ended - heard.began, CNG_ON if is_cng else CED)
    if is_cng and heard.after_own is not None and (heard.after_far is None or heard.after_far > heard.after_own):
        within("CNG's pause", heard.after_own, CNG_OFF)


def training(heard: Heard) -> None:
    """TCF is right behind DCS, 1.5 s of zeros."""
    assert isinstance(heard.command, pump.SendTraining)
    within("TCF", heard.command.seconds, TCF)
    assert heard.after_own is not None
    within("the gap before TCF", heard.after_own, GAP)


def page(heard: Heard, parameters: Parameters, pictures: list[Picture]) -> None:
    """A page without ECM: it shows one of *pictures*, ends with RTC, and no scan line is too short."""
    command = heard.command
    assert isinstance(command, pump.SendPage)
    assert command.modulation is parameters.modulation, f"a page at {command.modulation}, DCS said {parameters}"
    assert command.short_training is (command.modulation.system == "V.17")
    shows(command.octets, parameters, pictures)
    starts = [found.end() for found in re.finditer(EOL, to_bits(command.octets))]
    shortest = min(b - a for a, b in itertools.pairwise(starts[: len(pictures[0]) + 1]))
    least = min_line_bits(parameters.scan_line_ms, command.modulation.bit_rate)
    assert shortest >= least, f"a scan line of {shortest} bits, at least {least} are due"


def shows(octets: bytes, parameters: Parameters, pictures: list[Picture]) -> None:
    """The coded page *octets* show one of *pictures*, whole."""
    lines = walk(octets, parameters.form.coding, parameters.form.width, keep=True)
    assert lines.changes is not None and lines.ended and not lines.bad, lines
    assert tuple(map(tuple, lines.changes)) in pictures, "the page does not show what was sent"


def frames_of(heard: Heard, frame_octets: int, expected: set[int] | None) -> dict[int, bytes]:
    """The FCD frames of a partial page by number: all of *expected*, no others, and three RCP behind them."""
    command = heard.command
    assert isinstance(command, pump.SendPartialPage)
    assert command.short_training is (command.modulation.system == "V.17")
    *fcd, one, two, three = command.frames
    assert one == two == three and one[2] == 0x86 and len(fcd) > 0, "RCP three times (T.4 Annex A)"
    found = {frame[3]: frame[4:] for frame in fcd}
    sizes = {len(octets) for octets in found.values()}
    assert sizes == {frame_octets}, f"frames of {sizes} octets, not {frame_octets}"
    numbers = set(range(len(found))) if expected is None else expected
    assert len(found) == len(fcd) and set(found) == numbers, f"frames {sorted(found)}, not {sorted(numbers)}"
    return found


def _is_set(octets: bytes, bit: int) -> bool:
    """Bit 1 is the first on the line (T.30 Table 2)."""
    at, place = divmod(bit - 1, 8)
    return at < len(octets) and bool(octets[at] & 1 << place)


def capabilities(heard: Heard, *, transmits: bool, receives: bool, password: bool) -> None:
    """DIS or DTC says just what a gateway can do by default, bit by bit, and what it is prepared for."""
    fif = heard.octets[3:]
    bits = {bit for bit in range(1, 8 * len(fif) + 1) if _is_set(fif, bit) and (bit < 24 or bit % 8)}
    prepared = {9: transmits, 10: receives, 49: receives, 50: password}
    assert bits == BY_DEFAULT | {bit for bit, on in prepared.items() if on}, f"DIS or DTC has bits {sorted(bits)}"
    extension(heard)


def _bits(*wanted: tuple[int, bool]) -> Callable[[Heard], None]:
    def check(heard: Heard) -> None:
        if name_of(heard.octets) == "DIS":  # the data says so of a DCS once
            for bit, expected in wanted:
                assert _is_set(heard.octets[3:], bit) is expected, f"DIS bit {bit} is {not expected}"

    return check


def extension(heard: Heard) -> None:
    """Extension bits of DIS (24, 32 ...) are set in every octet but the last, and no bit lies behind a 0."""
    fif = heard.octets[3:]
    assert all(octet & 0x80 for octet in fif[2:-1]) and not fif[-1] & 0x80, fif.hex(" ")


def framing(heard: Heard) -> None:
    """Address and control, final or not as the frame's name wants (T.30 5.3.4, 5.3.5); flags and FCS are the pump's."""
    optional = name_of(heard.octets) in ("NSF", "CSI", "TSI", "CIG", "NSC", "PWD")
    assert heard.octets[:2] == bytes((ADDRESS, CONTROL if optional else CONTROL_FINAL)), heard.octets.hex(" ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """What a check of the data comes to here."""

    words: str
    """Where it is asserted."""
    look: Callable[[Heard], None] | None = None
    """What is looked at, beyond what is asserted at every step."""


_STEP = Assertion(words="the frame's octets and its place, at its step")
_PELS = Assertion(words="every pel of the page delivered, when the device answers it")
_OF_PREFIX: dict[str, Assertion] = {
    "CED is": Assertion(words="tone(), at every CED"),
    "T2 elapses": Assertion(words="timer(), at every DIS behind MCF"),
    "CED to DIS silence": Assertion(words="silence(), at every carrier"),
    "Low side": Assertion(words="the tester's own pauses"),
    "High side": Assertion(words="the tester's own pauses"),
    "decoding of": _PELS,
    "Check IMPRESS": _PELS,
    "Accept 4.9% of scan lines": Assertion(words="bad rows counted in the page delivered"),
    "Reject 15.1% of scan lines": Assertion(words="RTN, and no page delivered"),
    "DIS FIF content": Assertion(words="capabilities(), at every DIS and DTC"),
    "DIS exhibits T.4 transmitter ability without": Assertion(words="DIS bits", look=_bits((9, True), (50, False))),
    "DIS exhibits T.4 transmitter ability with ": Assertion(words="DIS bits", look=_bits((9, True), (50, True))),
    "DIS not exhibit T.4 transmit": Assertion(words="DIS bits", look=_bits((9, False))),
    "Polled, disconnect": Assertion(words="the time to clearing, at its step"),
    "Disconnect": Assertion(words="the time to clearing, at its step"),
    "CSI": _STEP, "NSF": _STEP, "FTT": _STEP, "receipt of": _STEP, "Respond": _STEP, "Accept": _STEP, "Reject": _STEP,
    "Unknown frame": _STEP, "Device goes": _STEP, "Two ": _STEP, "One ": _STEP, "Repeated": _STEP, "Polled": _STEP,
    "Do not respond": _STEP, "Reception": _STEP,
}  # fmt: skip


def assertion(description: str) -> Assertion | None:
    """The assertion of a check; None if nobody has thought of it."""
    if "preamble" in description:
        return Assertion(words="preamble() and silence(), at every carrier", look=preamble)
    if "framing" in description:
        return Assertion(words="address and control", look=framing)
    return next((found for prefix, found in _OF_PREFIX.items() if description.startswith(prefix)), None)
