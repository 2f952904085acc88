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
_RTC_TAIL_OCTETS = 4096
"""RTC lies so near to the last one bit of what was received; noise behind it is short."""
_EOFB_TAIL_OCTETS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """A message cut behind its RTC or EOFB; *complete* says whether there was one."""

    octets: bytes
    complete: bool


def find_end(octets: bytes, coding: Coding) -> Ending:
    """Cut what follows the end of the message: fill, padding of the last frame, or noise."""
    return _find_eofb(octets) if coding is Coding.MMR else _find_rtc(octets, coding)


def _find_rtc(octets: bytes, coding: Coding) -> Ending:
    kept = octets.rstrip(b"\0")
    head, bits = kept[:-_RTC_TAIL_OCTETS], to_bits(kept[-_RTC_TAIL_OCTETS:])
    ends = [found.end() for found in _RTC[coding].finditer(bits)]
    # Noise may make two EOLs in mid page: the end is the last such place, and no line follows it.
    if not ends or EOL in bits[ends[-1] :]:
        return Ending(octets=kept, complete=False)
    return Ending(octets=head + to_octets(bits[: ends[-1]]), complete=True)


def _find_eofb(octets: bytes) -> Ending:
    kept = octets.rstrip(b"\0")
    # Padding is zeros and EOFB ends in a one: it lies in the last octets that are not zero.
    head, tail = kept[:-_EOFB_TAIL_OCTETS], to_bits(kept[-_EOFB_TAIL_OCTETS:])
    at = tail.rfind(EOFB)
    if at >= 0:
        return Ending(octets=head + to_octets(tail[: at + len(EOFB)]), complete=True)
    bits = to_bits(kept)
    at = bits.find(EOFB)
    return Ending(octets=to_octets(bits[: at + len(EOFB)]) if at >= 0 else kept, complete=at >= 0)
