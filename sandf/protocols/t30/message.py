"""The end of a message (T.4 4.1.4, 4.2.3; T.6 2.4.1.1), both ways.

A page to be sent gets fill, where a minimum scan line time asks for it, and RTC or EOFB.  In a received message RTC or
EOFB is found, and what follows it cut off.

What this module does not do: it decodes no line; a damaged line passes as it came.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sandf.protocols.t4.bits import to_bits, to_octets
from sandf.protocols.t4.codes import EOFB, EOL, RTC_MH, RTC_MR
from sandf.protocols.t4.form import Coding, PageForm
from sandf.protocols.t4.line import min_line_bits, to_line

from .capabilities import Parameters

# Two EOLs in a row end a message; that they should be six is not insisted on.
_RTC = {Coding.MH: re.compile(f"{EOL}(?:{EOL})+"), Coding.MR: re.compile(f"{EOL}1(?:{EOL}1)+")}
_TAIL_OCTETS = 4096
"""RTC and EOFB lie so near to the last one bit of what was received; noise behind them is short."""
_RTC_OCTETS = 64
"""An RTC that a page has already, with some fill in it, is found in so many octets at its end."""
_MOST_ZEROS_AT_END_OF_CODE = "000"


def least_bits(parameters: Parameters) -> int:
    """Bits that a total coded scan line needs at least (T.4 clause 3); 0 under ECM, which knows no fill (Annex A)."""
    return 0 if parameters.ecm else min_line_bits(parameters.scan_line_ms, parameters.modulation.bit_rate)


def takes_long(octets: bytes, form: PageForm, min_bits: int) -> bool:
    """Whether :func:`finish` must go through the whole page, which takes 10 ms and more for a dense one."""
    if form.coding is Coding.MMR:
        return not to_bits(octets.rstrip(b"\0")[-_RTC_OCTETS:]).rstrip("0").endswith(EOFB)
    return min_bits > len(EOL) or to_bits(octets[:_RTC_OCTETS]).find("1") < len(EOL) - 1


def finish(octets: bytes, form: PageForm, min_bits: int) -> bytes:
    """The page *octets*, as OutgoingPage has them, with fill for scan lines of *min_bits*, and RTC or EOFB.

    Where no fill is needed the rows stay as they are, and only the end is seen to.
    """
    if form.coding is Coding.MMR or takes_long(octets, form, min_bits):
        return to_line(octets, form.coding, form.width, min_bits=min_bits)
    return _with_rtc(octets, form.coding)


def _with_rtc(octets: bytes, coding: Coding) -> bytes:
    """RTC right behind the last row, in place of fill and of EOLs that are there."""
    kept = octets.rstrip(b"\0")
    head, bits = kept[:-_RTC_OCTETS], to_bits(kept[-_RTC_OCTETS:] + octets[len(kept) : len(kept) + 1])
    bare, rtc = (("", "1"), RTC_MR) if coding is Coding.MR else (("",), RTC_MH)
    while found := [EOL + tag for tag in bare if bits.rstrip("0").endswith(EOL + tag)]:
        bits = bits.rstrip("0").removesuffix(found[0])
    row = bits[: len(bits.rstrip("0")) + len(_MOST_ZEROS_AT_END_OF_CODE)]
    return head + to_octets(row + rtc)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """A message cut behind its RTC or EOFB; *complete* says whether there was one."""

    octets: bytes
    complete: bool


def find_end(octets: bytes, coding: Coding) -> Ending:
    """Cut what follows the end of the message: fill, padding of the last frame, or noise."""
    kept = octets.rstrip(b"\0")
    head, bits = kept[:-_TAIL_OCTETS], to_bits(kept[-_TAIL_OCTETS:])
    end = _end_of_eofb(bits) if coding is Coding.MMR else _end_of_rtc(bits, _RTC[coding])
    if end < 0:
        return Ending(octets=kept, complete=False)
    return Ending(octets=head + to_octets(bits[:end]), complete=True)


def _end_of_rtc(bits: str, rtc: re.Pattern[str]) -> int:
    ends = [found.end() for found in rtc.finditer(bits)]
    # Noise may make two EOLs in mid page: the end is the last such place, and no line follows it.
    return -1 if not ends or EOL in bits[ends[-1] :] else ends[-1]


def _end_of_eofb(bits: str) -> int:
    at = bits.rfind(EOFB)
    return at if at < 0 else at + len(EOFB)
