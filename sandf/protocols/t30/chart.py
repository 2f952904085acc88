"""States, inputs and rows of T.30's charts; the tables themselves are split by phase in the ``phase_*`` modules.

A row says what is done on an input in a state and which states may follow.  Where the action alone decides among
several, it returns the one; where there is one, it need not.  A frame that no row of the present state names is
ignored: T.30's subroutines "command received?" and "response received?" go on listening.

What this module does not do: it runs nothing; :mod:`.terminal` looks rows up and tells of the transitions.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .frames import Fcf, Frame

if TYPE_CHECKING:
    from .session import Session


class State(enum.Enum):
    """Where a terminal stands; letters are the entry points of T.30 figure 5-2 where there is one."""

    IDLE = "idle"
    # Phases A and B.
    CALLING = "calling (T)"
    DIS_SENT = "DIS sent (R)"
    DTC_SENT = "DTC sent"
    PAGE_WANTED = "page wanted"
    DCS_SENT = "DCS and TCF sent (D)"
    TCF_AWAITED = "TCF awaited (F)"
    DCS_AWAITED = "DCS awaited"
    # Phases C and D, transmitting.
    PAGE_SENDING = "page being sent"
    DOUBT = "post-message command to be chosen"
    COMMAND_SENT = "post-message command sent (II, III)"
    PARTIAL_PAGE_SENDING = "partial page being sent"
    PPS_SENT = "PPS sent (IV)"
    RR_SENT = "RR sent"
    CTC_SENT = "CTC sent"
    EOR_SENT = "EOR sent"
    EOR_RR_SENT = "RR sent after EOR"
    DIS_AWAITED = "DIS awaited after EOM"
    OPERATOR_ALERTED = "operator alerted, transmitting"
    # Phases C and D, receiving.
    PAGE_AWAITED = "page awaited"
    PAGE_ARRIVING = "page arriving"
    COMMAND_AWAITED = "post-message command awaited"
    STORING = "page being stored"
    PARTIAL_PAGE_AWAITED = "partial page or PPS awaited"
    STORING_ECM = "page being stored (ECM)"
    RNR_SENT = "RNR sent"
    EOM_ANSWERED = "EOM answered"
    EOP_ANSWERED = "EOP answered"
    OPERATOR_ALERTED_RX = "operator alerted, receiving"
    # Phase E.
    DCN_SENT = "DCN (or PIP, PIN, PRI-* for an operator) being sent"
    ENDED = "ended"


class Input(enum.Enum):
    """What can happen beside a frame's arrival."""

    STARTED = "started"
    SENT = "all sent"
    HOST = "host answered"
    CARRIER_UP = "high-speed carrier up"
    CARRIER_LOST = "high-speed carrier lost"
    LINE_TOO_LONG = "no EOL for 5 s"
    FLAGS_LOST = "V.21 carrier lost"
    NO_REPLY = "T2 or T4 expired"
    UNKNOWN_FRAME = "well-formed frame with an unknown FCF"
    T1 = "T1 expired"
    T3 = "T3 expired, or the operator does not want the line"
    OPERATOR = "the operator takes the line"
    T5 = "T5 expired"
    CNG_DUE = "CNG due"
    STORE_SLOW = "store is slow"
    HOST_SLOW = "host did not answer"
    NEXT_SLOW = "next page is slow"
    # In any state, and so in no table.
    HUNG_UP = "host hangs up"
    BEARER_LOST = "bearer lost"


Trigger = Fcf | Input
Action = Callable[["Session", Frame, float], State | None]


@dataclass(frozen=True, slots=True)
class Row:
    """What to do, and the states that may follow; with one of them the action need not return it."""

    action: Action
    to: tuple[State, ...]


Table = dict[tuple[State, Trigger], Row]


def row(action: Action, *to: State) -> Row:
    """A row of a table."""
    return Row(action, to)
