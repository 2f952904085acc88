"""What the data calls a status, as a row of the catalogue of causes: one table.

The data has one status for each way in which the implementation that it was written with ends.  The same status stands
for several ways of ours; which of them is told by the last frame, before DCN, that the data wants to see of the device:
MCF where it receives, EOP where it sends, none where it says nothing.  Where the last page was sent and not confirmed
ours is always UNCONFIRMED (design law 4).

What this module does not do: it excuses nobody; where a reading differs see :mod:`.readings`.
"""

from __future__ import annotations

from sandf import causes
from sandf.causes import Cause

from .procedures import Procedure

CAUSES: dict[str, dict[str, Cause]] = {
    "OK": {"EOP": causes.DELIVERED, "PPS-EOP": causes.DELIVERED, "MCF": causes.RECEIVED, "DCS": causes.DELIVERED},
    # Given up after the tries that are allowed: no answer to DIS, DCS ignored, an uncorrected page, an endless line.
    "RETRYDCN": {
        "DIS": causes.NO_FAX,
        "DCS": causes.DCS_NOT_RECOGNISED,
        "EOR-EOP": causes.RETRANSMISSIONS_EXHAUSTED,
        "MCF": causes.MISSING_EOL,
    },
    "CALLDROPPED": {"": causes.NO_FAX, "CFR": causes.CARRIER_LOST, "MCF": causes.CARRIER_LOST},
    "CANNOT_TRAIN": {"DCS": causes.TRAINING_FAILED},
    "UNEXPECTED": {"DIS": causes.COMREC_INVALID, "EOP": causes.COMREC_INVALID, "MCF": causes.COMREC_INVALID},
    "PWD_UNACCEPTABLE": {"DIS": causes.PASSWORD_REFUSED},
    # Transmitting.
    "RX_INCAPABLE": {"": causes.WANTS_TO_BE_POLLED},
    "TX_INCAPABLE": {"": causes.NOTHING_TO_POLL, "DIS": causes.NOTHING_TO_POLL},
    "TX_NODIS": {"": causes.COMREC_INVALID},
    "TX_BADDCS": {"DCS": causes.DISCONNECTED_BEFORE_PAGES},
    "TX_PHBDEAD": {"DCS": causes.NO_RESPONSE_TO_DCS},
    "TX_PHDDEAD": {
        "MPS": causes.NO_RESPONSE_TO_MPS,
        "EOM": causes.NO_RESPONSE_TO_EOM,
        "EOP": causes.UNCONFIRMED,
    },
    "TX_INVALRSP": {"EOP": causes.UNCONFIRMED},
    "TX_BADPG": {"EOP": causes.UNCONFIRMED},
    "TX_T5EXP": {"RR": causes.UNCONFIRMED},
    "RX_DCNPHD": {"MPS": causes.DISCONNECTED_BETWEEN_PAGES, "EOM": causes.DISCONNECTED_BETWEEN_PAGES},
    # Receiving.
    "RX_DCNWHY": {"DIS": causes.DISCONNECTED_BEFORE_PAGES},
    "RX_DCNDATA": {
        "CFR": causes.PHASE_D_RECEIVE_FAILED,
        "MCF": causes.PHASE_D_RECEIVE_FAILED,
        "ERR": causes.BAD_FRAMES,
    },
    "RX_DCNNORTN": {"RTN": causes.PHASE_D_RECEIVE_FAILED},
    "RX_INVALCMD": {"CFR": causes.COMREC_INVALID_RECEIVE},
}


def cause_of(procedure: Procedure) -> Cause | None:
    """How the device must end; None where the data does not say."""
    steps = list(procedure.steps())
    statuses = [step.value for step in steps if step.kind == "STATUS"]
    if not statuses:
        return None
    seen = [step.tag.rstrip("+") for step in steps if (step.direction, step.kind) == ("R", "HDLC")]
    last = [tag for tag in seen if tag != "DCN"][-1:] or [""]
    return CAUSES[statuses[0]][last[0]]
