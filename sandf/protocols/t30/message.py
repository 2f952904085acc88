"""Where a received message ends (T.4 4.1.4, 4.2.3; T.6 2.4.1.1): RTC or EOFB found, and what follows it cut off.

What goes out is finished by ``protocols/t4/line``.

What this module does not do: it decodes no line; a damaged line passes as it came.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sandf.protocols.t4.bits import to_bits, to_octets
from sandf.protocols.t4.codes import EOFB, EOL
from sandf.protocols.t4.form import Coding

# Two EOLs in a row end a message; that they should be six is not insisted on.
_RTC = {Coding.MH: re.compile(f"{EOL}(?:{EOL})+"), Coding.MR: re.compile(f"{EOL}1(?:{EOL}1)+")}
_TAIL_OCTETS = 4096
"""RTC and EOFB lie so near to the last one bit of what was received; noise behind them is short."""


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
