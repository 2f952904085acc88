"""DIS, DTC and DCS: Table 2 of T.30, as frozen values on one side and octets on the other.

Bits are numbered 1 to 127 as in Table 2, bit 1 being the first on the line, the least significant bit of the first
FIF octet.  Every octet from the third on ends in an extension bit (24, 32, 40, ...); what is built carries no octet
more than it needs.  What is read may be shorter or longer than we know: missing bits are 0, and octets that follow
an extension bit of 0 are read all the same, as terminals that forget that bit mean them.

What this module does not do: colour, JBIG, file transfer, character modes, keys and ciphers are neither offered nor
chosen; bits that we do not use are kept in ``fif`` for whoever wants to show them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sandf.protocols.t4.form import Coding, PageForm, Paper, Resolution

from .modems import MODULATION_OF_CODE, RATE_CODE, offer_code, offered
from .picture import Length, ScanLineTime
from .pump import Modulation

# Names of Table 2 bits as we use them. DIS/DTC and DCS share numbers; where the meaning differs both are named.
BIT_64_OCTETS_PREFERRED = 7  # DIS/DTC
BIT_READY_TO_TRANSMIT = 9  # DIS/DTC
BIT_RECEIVE = 10
BIT_RATE_FIRST = 11  # to 14
BIT_FINE = 15
BIT_TWO_DIMENSIONAL = 16
BIT_WIDTH_B4 = 17
BIT_WIDTH_A3 = 18
BIT_LENGTH_B4 = 19
BIT_LENGTH_UNLIMITED = 20
BIT_SCAN_FIRST = 21  # to 23
BIT_ECM = 27
BIT_64_OCTETS = 28  # DCS
BIT_T6 = 31
BIT_SUPERFINE = 41
BIT_300 = 42
BIT_400 = 43
BIT_INCH = 44
BIT_METRIC = 45  # DIS/DTC
BIT_SCAN_HALVES = 46  # DIS/DTC
BIT_SELECTIVE_POLLING = 47  # DIS/DTC
BIT_SUBADDRESS = 49
BIT_PASSWORD = 50  # DIS/DTC; sender identification (SID) in DCS
# Bits of DCS that ask for a coding which we do not have: T.43, T.42 (JPEG), T.85 (JBIG), T.45, sYCC-JPEG, MRC.
_FOREIGN_CODINGS = (36, 68, 78, 79, 115, 116, 127)


def is_set(fif: bytes, bit: int) -> bool:
    """Whether *bit* (1 on) of a DIS, DTC or DCS FIF is set; bits of octets that are not there are 0."""
    index, place = divmod(bit - 1, 8)
    return index < len(fif) and bool(fif[index] >> place & 1)


def _number(fif: bytes, first: int, count: int) -> int:
    return sum(is_set(fif, first + place) << place for place in range(count))


def _pack(bits: set[int]) -> bytes:
    """The shortest FIF with these *bits* set, at least three octets, extension bits filled in."""
    count = max(3, (max(bits, default=0) + 7) // 8)
    octets = bytearray(count)
    for bit in bits:
        octets[(bit - 1) // 8] |= 1 << (bit - 1) % 8
    for index in range(2, count - 1):
        octets[index] |= 0x80
    return bytes(octets)


def _paper(fif: bytes) -> Paper:
    return Paper.A3 if is_set(fif, BIT_WIDTH_A3) else Paper.B4 if is_set(fif, BIT_WIDTH_B4) else Paper.A4


def _length(fif: bytes) -> Length:
    if is_set(fif, BIT_LENGTH_UNLIMITED):
        return Length.UNLIMITED
    return Length.B4 if is_set(fif, BIT_LENGTH_B4) else Length.A4


def _bits(number: int, first: int, count: int) -> set[int]:
    return {first + place for place in range(count) if number >> place & 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What DIS or DTC says a terminal can do (T.30 Table 2)."""

    can_transmit: bool = False
    can_receive: bool = True
    modulations: frozenset[Modulation] = frozenset({Modulation.V27TER_2400})
    fine: bool = False
    superfine: bool = False
    dots_300: bool = False
    dots_400: bool = False
    inch: bool = False
    metric: bool = False
    two_dimensional: bool = False
    widest: Paper = Paper.A4
    longest: Length = Length.A4
    scan_line_time: ScanLineTime = ScanLineTime.MS_20
    scan_halves: bool = False
    ecm: bool = False
    prefers_64_octets: bool = False
    t6: bool = False
    selective_polling: bool = False
    subaddress: bool = False
    password: bool = False
    fif: bytes = field(default=b"", compare=False)

    @classmethod
    def parse(cls, fif: bytes) -> Capabilities | None:
        """Read the FIF of DIS or DTC; None if it is shorter than the two octets that say anything."""
        if len(fif) < 2:
            return None
        scan = _number(fif, BIT_SCAN_FIRST, 3)
        return cls(
            can_transmit=is_set(fif, BIT_READY_TO_TRANSMIT),
            can_receive=is_set(fif, BIT_RECEIVE),
            modulations=offered(_number(fif, BIT_RATE_FIRST, 4)),
            fine=is_set(fif, BIT_FINE),
            superfine=is_set(fif, BIT_SUPERFINE),
            dots_300=is_set(fif, BIT_300),
            dots_400=is_set(fif, BIT_400),
            inch=is_set(fif, BIT_INCH),
            metric=is_set(fif, BIT_METRIC),
            two_dimensional=is_set(fif, BIT_TWO_DIMENSIONAL),
            widest=_paper(fif),
            longest=_length(fif),
            scan_line_time=next(time for time in ScanLineTime if time.code == scan),
            scan_halves=is_set(fif, BIT_SCAN_HALVES),
            ecm=is_set(fif, BIT_ECM),
            prefers_64_octets=is_set(fif, BIT_64_OCTETS_PREFERRED),
            t6=is_set(fif, BIT_T6),
            selective_polling=is_set(fif, BIT_SELECTIVE_POLLING),
            subaddress=is_set(fif, BIT_SUBADDRESS),
            password=is_set(fif, BIT_PASSWORD),
            fif=fif,
        )

    def build(self) -> bytes:
        """The FIF of DIS or DTC."""
        flags = {
            BIT_64_OCTETS_PREFERRED: self.prefers_64_octets,
            BIT_READY_TO_TRANSMIT: self.can_transmit,
            BIT_RECEIVE: self.can_receive,
            BIT_FINE: self.fine,
            BIT_TWO_DIMENSIONAL: self.two_dimensional,
            BIT_WIDTH_B4: self.widest is Paper.B4,
            BIT_WIDTH_A3: self.widest is Paper.A3,
            BIT_LENGTH_B4: self.longest is Length.B4,
            BIT_LENGTH_UNLIMITED: self.longest is Length.UNLIMITED,
            BIT_ECM: self.ecm,
            BIT_T6: self.t6 and self.ecm,
            BIT_SUPERFINE: self.superfine,
            BIT_300: self.dots_300,
            BIT_400: self.dots_400,
            BIT_INCH: self.inch,
            BIT_METRIC: self.metric,
            BIT_SCAN_HALVES: self.scan_halves,
            BIT_SELECTIVE_POLLING: self.selective_polling,
            BIT_SUBADDRESS: self.subaddress,
            BIT_PASSWORD: self.password,
        }
        bits = {bit for bit, flag in flags.items() if flag}
        bits |= _bits(offer_code(self.modulations), BIT_RATE_FIRST, 4)
        return _pack(bits | _bits(self.scan_line_time.code, BIT_SCAN_FIRST, 3))

    def accepts(self, resolution: Resolution) -> bool:
        """Whether a terminal with this DIS can take *resolution* (Table 2 bits 15, 41 to 45).

        Bits 15, 41 and 43 stand for a metric and an inch resolution; the inch one is chosen only if bit 44 asks.
        """
        offer = {
            Resolution.STANDARD: True,
            Resolution.FINE: self.fine,
            Resolution.SUPERFINE: self.superfine,
            Resolution.R16: self.dots_400 and (self.metric or not self.inch),
            Resolution.INCH_200X100: self.inch,
            Resolution.INCH_200: self.fine and self.inch,
            Resolution.INCH_200X400: self.superfine and self.inch,
            Resolution.INCH_300: self.dots_300,
            Resolution.INCH_400: self.dots_400 and self.inch,
        }
        return offer[resolution]


# How DCS names a resolution: its bit (0 for none) and whether bit 44 is set beside it.
_RESOLUTION_BITS: dict[Resolution, int] = {
    Resolution.STANDARD: 0,
    Resolution.FINE: BIT_FINE,
    Resolution.SUPERFINE: BIT_SUPERFINE,
    Resolution.R16: BIT_400,
    Resolution.INCH_200X100: 0,
    Resolution.INCH_200: BIT_FINE,
    Resolution.INCH_200X400: BIT_SUPERFINE,
    Resolution.INCH_300: BIT_300,
    Resolution.INCH_400: BIT_400,
}
_SCAN_CODE_OF_MS = {20: 0b000, 5: 0b001, 10: 0b010, 40: 0b100, 0: 0b111}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """What DCS settles for the pages that follow (T.30 Table 2)."""

    modulation: Modulation
    ecm: bool
    frame_octets: int = 256
    form: PageForm
    length: Length
    scan_line_ms: int
    with_subaddress: bool = False
    with_sender_id: bool = False
    fif: bytes = field(default=b"", compare=False)

    @classmethod
    def parse(cls, fif: bytes) -> Parameters | None:
        """Read the FIF of DCS; None if it asks for a modem or a coding that we do not have, or says too little."""
        modulation = MODULATION_OF_CODE.get(_number(fif, BIT_RATE_FIRST, 4))
        if len(fif) < 2 or modulation is None or any(is_set(fif, bit) for bit in _FOREIGN_CODINGS):
            return None
        inch = is_set(fif, BIT_INCH)
        # 300 dots are inch only, and few set bit 44 for it.
        bit = next((b for b in (BIT_400, BIT_300, BIT_SUPERFINE, BIT_FINE) if is_set(fif, b)), 0)
        metric = not inch and bit != BIT_300
        resolution = next(r for r, b in _RESOLUTION_BITS.items() if b == bit and r.metric is metric)
        two = Coding.MR if is_set(fif, BIT_TWO_DIMENSIONAL) else Coding.MH
        coding = Coding.MMR if is_set(fif, BIT_T6) else two
        scan = _number(fif, BIT_SCAN_FIRST, 3)
        return cls(
            modulation=modulation,
            ecm=is_set(fif, BIT_ECM),
            frame_octets=64 if is_set(fif, BIT_64_OCTETS) else 256,
            form=PageForm(coding=coding, resolution=resolution, paper=_paper(fif)),
            length=_length(fif),
            scan_line_ms=next((ms for ms, code in _SCAN_CODE_OF_MS.items() if code == scan), 20),
            with_subaddress=is_set(fif, BIT_SUBADDRESS),
            with_sender_id=is_set(fif, BIT_PASSWORD),
            fif=fif,
        )

    def build(self) -> bytes:
        """The FIF of DCS."""
        form = self.form
        flags = {
            BIT_RECEIVE: True,
            BIT_TWO_DIMENSIONAL: form.coding is Coding.MR,
            BIT_WIDTH_B4: form.paper is Paper.B4,
            BIT_WIDTH_A3: form.paper is Paper.A3,
            BIT_LENGTH_B4: self.length is Length.B4,
            BIT_LENGTH_UNLIMITED: self.length is Length.UNLIMITED,
            BIT_ECM: self.ecm,
            BIT_64_OCTETS: self.ecm and self.frame_octets == 64,
            BIT_T6: form.coding is Coding.MMR,
            BIT_INCH: not form.resolution.metric,
            BIT_SUBADDRESS: self.with_subaddress,
            BIT_PASSWORD: self.with_sender_id,
        }
        bits = {bit for bit, flag in flags.items() if flag}
        if _RESOLUTION_BITS[form.resolution]:
            bits.add(_RESOLUTION_BITS[form.resolution])
        bits |= _bits(RATE_CODE[self.modulation], BIT_RATE_FIRST, 4)
        return _pack(bits | _bits(_SCAN_CODE_OF_MS[self.scan_line_ms], BIT_SCAN_FIRST, 3))
