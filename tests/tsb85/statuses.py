"""What the data calls a status, as rows of the catalogue of causes: one table.

The data has one status for each way in which the implementation that it was written with ends; a row here names every
cause that says the same.  Where the last page was sent and not confirmed ours is always UNCONFIRMED (design law 4).

What this module does not do: it excuses nobody; where a reading differs see :mod:`.readings`.
"""

from __future__ import annotations

from sandf import causes
from sandf.causes import Cause

CAUSES: dict[str, frozenset[Cause]] = {
    "OK": frozenset({causes.DELIVERED, causes.RECEIVED}),
    # Given up after the tries that are allowed: no answer to DIS, an uncorrected page, DCS ignored, an endless line.
    "RETRYDCN": frozenset(
        {causes.NO_FAX, causes.RETRANSMISSIONS_EXHAUSTED, causes.DCS_NOT_RECOGNISED, causes.MISSING_EOL}
    ),
    "CALLDROPPED": frozenset({causes.CARRIER_LOST, causes.FAR_CLEARED, causes.NO_FAX}),
    "CANNOT_TRAIN": frozenset({causes.TRAINING_FAILED}),
    "UNEXPECTED": frozenset({causes.COMREC_INVALID}),
    "PWD_UNACCEPTABLE": frozenset({causes.PASSWORD_REFUSED}),
    # Transmitting.
    "RX_INCAPABLE": frozenset({causes.WANTS_TO_BE_POLLED}),
    "TX_INCAPABLE": frozenset({causes.NOTHING_TO_POLL}),
    "TX_NODIS": frozenset({causes.COMREC_INVALID}),
    "TX_BADDCS": frozenset({causes.DISCONNECTED_BEFORE_PAGES}),
    "TX_PHBDEAD": frozenset({causes.NO_RESPONSE_TO_DCS}),
    "TX_PHDDEAD": frozenset({causes.NO_RESPONSE_TO_MPS, causes.NO_RESPONSE_TO_EOM, causes.UNCONFIRMED}),
    "TX_INVALRSP": frozenset({causes.UNCONFIRMED}),
    "TX_BADPG": frozenset({causes.UNCONFIRMED}),
    "TX_T5EXP": frozenset({causes.UNCONFIRMED}),
    "RX_DCNPHD": frozenset({causes.DISCONNECTED_BETWEEN_PAGES}),
    # Receiving.
    "RX_DCNWHY": frozenset({causes.DISCONNECTED_BEFORE_PAGES}),
    "RX_DCNDATA": frozenset({causes.PHASE_D_RECEIVE_FAILED, causes.BAD_FRAMES, causes.DISCONNECTED_BEFORE_PAGES}),
    "RX_DCNNORTN": frozenset({causes.PHASE_D_RECEIVE_FAILED}),
    "RX_INVALCMD": frozenset({causes.COMREC_INVALID_RECEIVE}),
}
