"""The end of a message and its fill (T.4 4.1.3, 4.1.4, 4.2.3; T.6 2.4): RTC and EOFB put on or found, fill put in.

Bits are handled as strings of ``0`` and ``1`` (integers to binary text and back run at C speed): a page of 60 KB
takes a few milliseconds where a loop over its octets would take a second.

What this module does not do: it decodes no line; a damaged line passes as it came.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .picture import Coding

EOL = "000000000001"
EOFB = EOL * 2
RTC = {Coding.MH: EOL * 6, Coding.MR: (EOL + "1") * 6}
# Two EOLs in a row end a message; that they should be six is not insisted on.
_RTC_FOUND = {
    Coding.MH: re.compile("0{11,}1(?:000000000001)+"),
    Coding.MR: re.compile("0{11,}11(?:0000000000011)+"),
}
_LINE = re.compile("(0{11,}1)")
_TAIL_OCTETS = 32


def to_bits(octets: bytes) -> str:
    """Octets as text, the first bit on the line first."""
    return bin(int.from_bytes(octets, "little") | 1 << 8 * len(octets))[:2:-1]


def to_octets(bits: str) -> bytes:
    """The reverse; the last octet is filled with zeros."""
    return int(bits[::-1] or "0", 2).to_bytes((len(bits) + 7) // 8, "little")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """A message cut behind its RTC or EOFB; *complete* says whether there was one."""

    octets: bytes
    complete: bool


def find_end(octets: bytes, coding: Coding) -> Ending:
    """Cut what follows the end of the message: fill, padding of the last frame, or noise."""
    return _find_eofb(octets) if coding is Coding.MMR else _find_rtc(octets, coding)


def _find_rtc(octets: bytes, coding: Coding) -> Ending:
    bits = to_bits(octets)
    ends = [found.end() for found in _RTC_FOUND[coding].finditer(bits)]
    # Noise may make two EOLs in mid page: the end is the last such place, and no line follows it.
    if not ends or EOL in bits[ends[-1] :]:
        return Ending(octets=octets.rstrip(b"\0"), complete=False)
    return Ending(octets=to_octets(bits[: ends[-1]]), complete=True)


def _find_eofb(octets: bytes) -> Ending:
    kept = octets.rstrip(b"\0")
    # Padding is zeros and EOFB ends in a one: it lies in the last octets that are not zero.
    head, tail = kept[:-_TAIL_OCTETS], to_bits(kept[-_TAIL_OCTETS:])
    at = tail.rfind(EOFB)
    if at >= 0:
        return Ending(octets=head + to_octets(tail[: at + len(EOFB)]), complete=True)
    bits = to_bits(kept)
    at = bits.find(EOFB)
    return Ending(octets=to_octets(bits[: at + len(EOFB)]) if at >= 0 else kept, complete=at >= 0)


def _lines(octets: bytes, coding: Coding) -> list[str]:
    """The coded lines, each without its EOL (MR: with its tag bit in front), and without RTC and trailing fill."""
    parts = _LINE.split(to_bits(octets))
    lines = parts[2::2]
    if parts[0].strip("0"):
        lines.insert(0, parts[0])  # the first EOL is missing
    if lines and lines[-1].rstrip("0") in ("", "1"):
        lines[-1] = lines[-1].rstrip("0")  # nothing but what fills the last octet
    empty = ("", "1") if coding is Coding.MR else ("",)
    while lines and lines[-1] in empty:
        lines.pop()
    return lines


def finish(octets: bytes, coding: Coding, *, ecm: bool, bit_rate: int, scan_line_ms: int) -> bytes:
    """A page as it goes on the line: fill for *scan_line_ms* (not under ECM), then RTC or EOFB."""
    ending = find_end(octets, coding)
    least = 0 if ecm or coding is Coding.MMR else (bit_rate * scan_line_ms + 999) // 1000
    if coding is Coding.MMR:
        return ending.octets if ending.complete else octets + to_octets(EOFB)
    if least <= 0 and ending.complete:
        return ending.octets
    if least <= 0:
        # The bits behind the last line are zeros and become fill in front of the first EOL of RTC.
        return octets + to_octets(RTC[coding])
    return _filled(_lines(octets, coding), coding, least)


def _filled(lines: list[str], coding: Coding, least: int) -> bytes:
    """Lines with their EOLs, none taking fewer than *least* bits; fill stands before the next EOL."""
    room = least - len(EOL)
    padded = (line if len(line) >= room else line + "0" * (room - len(line)) for line in lines)
    return to_octets("".join([EOL + line for line in padded]) + RTC[coding])
