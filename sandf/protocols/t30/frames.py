"""The HDLC frames of T.30 5.3: facsimile control fields, and the information fields of each.

Frames are octets from the address octet on, without flags and FCS, the first bit on the line being the least
significant bit of the first octet; so the FCF that T.30 prints as ``X100 0001`` is 0x82 here, X being the least
significant bit.  Building never fails on odd text (it is cut and made printable); parsing answers None for what is
not a frame of T.30, and never raises.

What this module does not do: it knows no state, and the FIF of DIS, DTC and DCS is read in :mod:`.capabilities`.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

ADDRESS = 0xFF
CONTROL = 0x03
CONTROL_FINAL = 0x13
IDENT_OCTETS = 20


class Fcf(enum.IntEnum):
    """Facsimile control fields (T.30 5.3.6.1), with X = 0."""

    # Initial identification, from the called to the calling terminal.
    DIS = 0x80
    CSI = 0x40
    NSF = 0x20
    # Command to send, from a calling terminal that wants to receive.
    DTC = 0x81
    CIG = 0x41
    NSC = 0x21
    PWD = 0xC1
    SEP = 0xA1
    PSA = 0x61
    # Command to receive, from the transmitter.
    DCS = 0x82
    TSI = 0x42
    NSS = 0x22
    SUB = 0xC2
    SID = 0xA2
    CTC = 0x12
    # Pre-message response.
    CFR = 0x84
    FTT = 0x44
    CTR = 0xC4
    # Post-message commands.
    EOM = 0x8E
    MPS = 0x4E
    EOP = 0x2E
    PRI_EOM = 0x9E
    PRI_MPS = 0x5E
    PRI_EOP = 0x3E
    EOS = 0x1E
    PPS = 0xBE
    EOR = 0xCE
    RR = 0x6E
    # Post-message responses.
    MCF = 0x8C
    RTP = 0xCC
    RTN = 0x4C
    PIP = 0xAC
    PIN = 0x2C
    PPR = 0xBC
    RNR = 0xEC
    ERR = 0x1C
    FDM = 0xFC
    # Other line control.
    DCN = 0xFA
    CRP = 0x1A
    FNV = 0xCA
    TNR = 0xEA
    TR = 0x6A
    # ECM frames at the high speed (T.4 Annex A).
    FCD = 0x06
    RCP = 0x86
    # Only as the second FCF of PPS and EOR.
    NULL = 0x00


# Frames whose FCF carries no X bit: the identification group (first nibble 0000 and 1000) and the ECM frames.
_WITHOUT_X = frozenset(
    {
        Fcf.DIS, Fcf.CSI, Fcf.NSF, Fcf.DTC, Fcf.CIG, Fcf.NSC, Fcf.PWD, Fcf.SEP, Fcf.PSA, Fcf.FCD, Fcf.RCP, Fcf.NULL,
    }
)  # fmt: skip
_BY_OCTET: dict[int, Fcf] = {int(fcf): fcf for fcf in Fcf if fcf is not Fcf.NULL} | {
    int(fcf) | 1: fcf for fcf in Fcf if fcf not in _WITHOUT_X
}

PRI_OF = {Fcf.MPS: Fcf.PRI_MPS, Fcf.EOM: Fcf.PRI_EOM, Fcf.EOP: Fcf.PRI_EOP}
PLAIN_OF = {pri: plain for plain, pri in PRI_OF.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A parsed frame; *fcf* is None where the FCF octet is not one of T.30's."""

    fcf: Fcf | None
    x: bool
    final: bool
    fif: bytes

    @property
    def name(self) -> str:
        """The name as T.30 writes it, with the second FCF of PPS and EOR: ``DCS``, ``PPS-EOP``."""
        if self.fcf is None:
            return "?"
        if self.fcf in (Fcf.PPS, Fcf.EOR) and self.fif and (second := second_fcf(self.fif)) is not None:
            return f"{self.fcf.name}-{second.name.replace('_', '-')}"
        return self.fcf.name.replace("_", "-")


NO_FRAME = Frame(fcf=None, x=False, final=False, fif=b"")


def parse(octets: bytes) -> Frame | None:
    """Read one frame; None if it is too short or its address or control octet is not T.30's (5.3.4, 5.3.5)."""
    if len(octets) < 3 or octets[0] != ADDRESS or octets[1] not in (CONTROL, CONTROL_FINAL):
        return None
    fcf = _BY_OCTET.get(octets[2])
    x = fcf is not None and fcf not in _WITHOUT_X and bool(octets[2] & 1)
    return Frame(fcf=fcf, x=x, final=octets[1] == CONTROL_FINAL, fif=octets[3:])


def build(fcf: Fcf, fif: bytes = b"", *, x: bool = False, final: bool = True) -> bytes:
    """Make one frame; *x* is set by a terminal that has received DIS (T.30 5.3.6.1)."""
    octet = int(fcf) | (1 if x and fcf not in _WITHOUT_X else 0)
    return bytes((ADDRESS, CONTROL_FINAL if final else CONTROL, octet)) + fif


def second_fcf(fif: bytes) -> Fcf | None:
    """The post-message command inside PPS and EOR (T.30 A.4.3); None if it is missing or none of these."""
    if not fif:
        return None
    if fif[0] & 0xFE == Fcf.NULL:
        return Fcf.NULL
    fcf = _BY_OCTET.get(fif[0])
    return fcf if fcf in (Fcf.MPS, Fcf.EOM, Fcf.EOP, Fcf.EOS) or fcf in PLAIN_OF else None


def _second(command: Fcf, *, x: bool) -> int:
    return int(command) | (1 if x and command is not Fcf.NULL else 0)


def build_pps(command: Fcf, *, page: int, block: int, frames: int, x: bool) -> bytes:
    """PPS with its command, page and block counters modulo 256, and *frames* (1 to 256) of the block (A.4.3)."""
    fif = bytes((_second(command, x=x), page & 0xFF, block & 0xFF, (frames - 1) & 0xFF))
    return build(Fcf.PPS, fif, x=x)


def build_eor(command: Fcf, *, x: bool) -> bytes:
    """EOR with the command that ends the page, or NULL within it (A.4.3)."""
    return build(Fcf.EOR, bytes((_second(command, x=x),)), x=x)


def encode_ident(text: str) -> bytes:
    """The 20 octets of CSI, TSI, CIG, SUB, SEP, SID and PWD (5.3.6.2.4): last character first, space filled."""
    printable = "".join(c if " " <= c <= "~" else "?" for c in text)[:IDENT_OCTETS]
    return printable.rjust(IDENT_OCTETS)[::-1].encode("ascii")


def decode_ident(fif: bytes) -> str:
    """The text of an identification, without the fill; unprintable octets become ``?``, more than 20 are cut."""
    text = fif[:IDENT_OCTETS][::-1].decode("latin-1")
    return "".join(c if c.isprintable() else "?" for c in text).strip()


def name_of(octets: bytes) -> str:
    """What a trace calls this frame."""
    frame = parse(octets)
    return frame.name if frame else "?"
