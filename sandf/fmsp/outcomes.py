"""How T.30 ended, as a row of the catalogue: one total table.

What this module does not do: it decides no retry; the row of the catalogue has it.
"""

from __future__ import annotations

from sandf import causes
from sandf.causes import Cause
from sandf.protocols.t30.outcomes import Outcome

CAUSE_OF: dict[Outcome, Cause] = {
    Outcome.COMPLETED: causes.DELIVERED,
    Outcome.ABORTED: causes.CALL_ABORTED,
    Outcome.OPERATOR: causes.OPERATOR_WANTED,
    Outcome.CALL_CLEARED: causes.FAR_CLEARED,
    Outcome.NO_FAX: causes.NO_FAX,
    Outcome.NO_CALLER: causes.NO_FAX,
    Outcome.FAR_CANNOT_RECEIVE: causes.WANTS_TO_BE_POLLED,
    Outcome.FAR_CANNOT_TRANSMIT: causes.NOTHING_TO_POLL,
    Outcome.NOTHING_TO_SEND: causes.NOTHING_TO_POLL,
    Outcome.PASSWORD_REFUSED: causes.PASSWORD_REFUSED,
    Outcome.INCOMPATIBLE: causes.INCOMPATIBLE,
    Outcome.DCN_IN_PHASE_B: causes.DISCONNECTED_BEFORE_PAGES,
    Outcome.NO_RESPONSE_TO_DCS: causes.NO_RESPONSE_TO_DCS,
    Outcome.NO_RESPONSE_TO_DTC: causes.PHASE_B_RECEIVE_FAILED,
    Outcome.DCS_NOT_RECOGNIZED: causes.DCS_NOT_RECOGNISED,
    Outcome.CANNOT_TRAIN: causes.TRAINING_FAILED,
    Outcome.DCN_AFTER_DCS: causes.DISCONNECTED_BEFORE_PAGES,
    Outcome.INVALID_RESPONSE_B: causes.RSPREC_INVALID,
    Outcome.TRAINING_NOT_COMPLETED: causes.PHASE_B_RECEIVE_FAILED,
    Outcome.INVALID_COMMAND_B: causes.COMREC_INVALID,
    Outcome.PAGES_FAILED: causes.DATA_UNDERFLOW,
    Outcome.NO_RESPONSE_TO_MPS: causes.NO_RESPONSE_TO_MPS,
    Outcome.NO_RESPONSE_TO_EOP: causes.NO_RESPONSE_TO_EOP,
    Outcome.NO_RESPONSE_TO_EOM: causes.NO_RESPONSE_TO_EOM,
    Outcome.NO_RESPONSE_TO_PPS: causes.PHASE_D_SEND_FAILED,
    Outcome.INVALID_RESPONSE_TO_MPS: causes.INVALID_RESPONSE_TO_MPS,
    Outcome.INVALID_RESPONSE_TO_EOP: causes.INVALID_RESPONSE_TO_EOP,
    Outcome.INVALID_RESPONSE_TO_EOM: causes.INVALID_RESPONSE_TO_EOM,
    Outcome.INVALID_RESPONSE_TO_PPS: causes.RSPREC_ERROR_D,
    Outcome.NO_DIS_AFTER_EOM: causes.PHASE_D_SEND_FAILED,
    Outcome.PAGE_REJECTED: causes.PAGE_REFUSED,
    Outcome.PAGE_NOT_CORRECTED: causes.RETRANSMISSIONS_EXHAUSTED,
    Outcome.RECEIVER_NOT_READY: causes.STILL_NOT_READY,
    Outcome.INTERRUPTED: causes.OPERATOR_WANTED,
    Outcome.DCN_IN_MESSAGE: causes.DISCONNECTED_BETWEEN_PAGES,
    Outcome.CLEARED_IN_MESSAGE: causes.CARRIER_LOST,
    Outcome.NO_PAGE: causes.PAGE_NOT_RECEIVED,
    Outcome.NO_END_OF_LINE: causes.MISSING_EOL,
    Outcome.NO_COMMAND: causes.PHASE_D_RECEIVE_FAILED,
    Outcome.NO_CALLER_AFTER_EOM: causes.SILENT_AFTER_EOM,
    Outcome.INVALID_COMMAND: causes.COMREC_INVALID_RECEIVE,
    Outcome.STORE_REFUSED: causes.PAGE_NOT_STORED,
    Outcome.DCN_IN_RECEPTION: causes.PHASE_D_RECEIVE_FAILED,
    Outcome.REJECTED_PAGE_NOT_REPEATED: causes.PHASE_D_RECEIVE_FAILED,
    Outcome.CLEARED_IN_RECEPTION: causes.CARRIER_LOST,
    Outcome.INTERRUPTED_IN_RECEPTION: causes.OPERATOR_WANTED_RECEIVE,
    Outcome.CARRIER_STUCK: causes.PHASE_C_RECEIVE_FAILED,
}

_RECEIVING: dict[Outcome, Cause] = {
    Outcome.COMPLETED: causes.RECEIVED,
    Outcome.OPERATOR: causes.OPERATOR_WANTED_RECEIVE,
    Outcome.PAGE_NOT_CORRECTED: causes.BAD_FRAMES,
}
"""Where the receiver's ending has a row of its own."""


def cause_of(outcome: Outcome, *, sending: bool, last_in_doubt: bool = False) -> Cause:
    """The row for *outcome*.

    *last_in_doubt*: every page but the last is confirmed, and the last one's post-message command was sent and not
    answered; unless T.30 completed, that is UNCONFIRMED, whatever else went wrong (design law 4).
    """
    if last_in_doubt and outcome is not Outcome.COMPLETED:
        return causes.UNCONFIRMED
    if not sending:
        return _RECEIVING.get(outcome, CAUSE_OF[outcome])
    return CAUSE_OF[outcome]
