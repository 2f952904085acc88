"""Where the data wants what T.30 leaves open, contradicts it, or contradicts itself: the clause, both readings, and the
setting with which ours does what the data wants.

Everything that is not named here is played with the settings that a gateway has by default, with an NSF, with ECM
frames of the size that the data says, and with a second document, where there is one, that is known when EOM is due.

What this module does not do: it changes no procedure.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sandf import causes
from sandf.causes import Cause
from sandf.protocols.t30.settings import RtnPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One exception."""

    clause: str
    data: str
    """What the data wants."""
    ours: str
    """What sandf does by default, and why."""
    settings: dict[str, object] = field(default_factory=dict)
    """Fields of TerminalSettings with which it does what the data wants."""
    frame_octets: int = 0
    """Octets in an ECM frame that the device sends, where the data's own number cannot be meant."""
    document: str = ""
    """A file that the device has prepared although the data forgets to say so."""
    cause: Cause | None = None
    """How ours ends where the status of the data is not ours."""


_RTN = "T.30 5.3.6.1.7 (RTN): retraining is due, whether the page is sent again is left to the transmitter"

_TWO_BLOCKS = Reading(
    clause="T.30 Annex A (a block has at most 256 frames)",
    data="frames of 64 octets, and IMPRESS in no more blocks than frames of 256 octets take",
    ours="IMPRESS is as long as the data counts its frames elsewhere (OREN10: 211 of 256 octets); so frames have 256",
    frame_octets=256,
)

READINGS: dict[str, Reading] = {
    "MRGX01": Reading(
        clause="T.30 5.4.3.1 (T1) and figure 5-2b",
        data="DIS three times without an answer, then DCN",
        ours="DIS until T1 (35 s) has passed, then DCN: T1 is how long two terminals try to identify each other",
        settings={"dis_tries": 3},
    ),
    "MTGN26": Reading(
        clause=_RTN,
        data="after RTN to EOM the next document is sent",
        ours="the page is sent once more; MTGN27, where a page follows in the same document, wants just that",
        settings={"rtn_policy": RtnPolicy.GO_ON},
    ),
    "MTGN28": Reading(
        clause="T.30 figure 5-2a (RTN after EOP)",
        data="DCN; the status of the implementation that the data was written with stays OK",
        ours="DCN, and the fax has failed: the page was rejected, and is sent again by a later call",
        cause=causes.PAGE_REFUSED,
    ),
    "MRGX10": Reading(
        clause="T.30 5.3.6.1 (unknown FCF)",
        data="the call goes well; the status keeps the strange frame that began it",
        ours="a call that goes well ends well",
        cause=causes.RECEIVED,
    ),
    "MTGX18": Reading(
        clause="T.30 5.3.6.1 (unknown FCF)",
        data="the call goes well; the status keeps the strange frame that began it",
        ours="a call that goes well ends well",
        cause=causes.DELIVERED,
    ),
    "MRGP03": Reading(
        clause="T.30 5.3.6.1.2 (PWD)",
        data="two pages are prepared for polling with a password, says the text; the step names no file",
        ours="the text is followed",
        document="etsi_300_242_a4_white_2p.tif",
    ),
    "OREN04": Reading(
        clause="T.30 A.4.3 (EOR, ERR)",
        data="a block of the page was given up, and the status is OK",
        ours="the page has a hole, and the ending says so",
        cause=causes.BAD_FRAMES,
    ),
    "OTEN01": _TWO_BLOCKS,
    "OTEN02": _TWO_BLOCKS,
    "OTEN06": _TWO_BLOCKS,
    "OREN09": Reading(
        clause="T.30 A.4.3 (PPS, number of frames)",
        data="the document is whole, and the status keeps a count of frames that was too small",
        ours="frames beyond the count that join the others belong to the page: it is whole",
        cause=causes.RECEIVED,
    ),
    "OREN06": Reading(
        clause="T.30 A.4.3 (EOR, ERR)",
        data="the first page was given up, the second is whole, and the status is OK",
        ours="a page has a hole, and the ending says so",
        cause=causes.BAD_FRAMES,
    ),
}
