"""Procedure interrupt: PRI-*, PIP and PIN, and the operator (T.30 5.3.6.1.6, 5.3.6.1.7, 5.4.3.1).

Where no operator can be had (the usual gateway) PIP counts as a good page and PIN as a bad one, and the procedure
goes on by itself with a new DCS.  Where one can, T3 bounds how long he is called.

What this module does not do: the voice that may follow; the call ends as handed to an operator.
"""

from __future__ import annotations

from .chart import Input, State, Table, row
from .events import OperatorRequested, Verdict
from .frames import NO_FRAME, PRI_OF, Fcf, Frame
from .outcomes import Outcome
from .phase_c_receive import ANSWER_OF, WITH_OPERATOR, answer, dcn_in_message
from .phase_c_transmit import dcn_in_message as dcn_instead_of_response
from .phase_c_transmit import page_refused, page_spoilt, page_taken, within_page
from .session import Session
from .timers import Timer


def interrupted_well(s: Session, frame: Frame, now: float) -> State:
    """PIP: the page is good, and the far operator wants to talk."""
    return _interrupted(s, Verdict.PIP, now)


def interrupted_badly(s: Session, frame: Frame, now: float) -> State:
    """PIN: the page is not good, and the far operator wants to talk."""
    return _interrupted(s, Verdict.PIN, now)


def _interrupted(s: Session, verdict: Verdict, now: float) -> State:
    s.line.stop_reply()
    s.board.stop(Timer.T5)
    s.sending.interrupt, s.sending.busy_too_long = verdict, False
    if not s.settings.operator:
        return no_operator(s, NO_FRAME, now)
    s.tell(OperatorRequested())
    s.board.start(Timer.T3, now)
    return State.OPERATOR_ALERTED


def no_operator(s: Session, frame: Frame, now: float) -> State:
    """Nobody takes the line: go on with what PIP or PIN says of the page."""
    s.board.stop(Timer.T3)
    s.interrupt_wanted = False
    verdict = s.sending.interrupt
    if verdict is Verdict.PIN or within_page(s):
        # Within a page neither says anything of it: it begins anew behind the next DCS.
        return page_refused(s, Verdict.PIN, now)
    return page_spoilt(s, now, interrupted=True) if s.sending.spoilt else page_taken(s, verdict, now)


def operator_speaks(s: Session, frame: Frame, now: float) -> State:
    """The operator takes the line: PRI-* tells the far terminal."""
    return s.last_words(PRI_OF[Fcf.MPS if within_page(s) else s.sending.command], Outcome.OPERATOR, now)


def no_operator_here(s: Session, frame: Frame, now: float) -> State:
    """Nobody takes the line: the ordinary answer to PRI-*."""
    s.board.stop(Timer.T3)
    return answer(s, now)


def operator_answers(s: Session, frame: Frame, now: float) -> State:
    """The operator takes the line: PIP or PIN."""
    return s.last_words(ANSWER_OF[WITH_OPERATOR[s.receiving.verdict]], Outcome.OPERATOR, now)


_AFTER = (
    State.PAGE_SENDING,
    State.PARTIAL_PAGE_SENDING,
    State.DCS_SENT,
    State.DIS_AWAITED,
    State.DCN_SENT,
)
_SENDING = (State.COMMAND_SENT, State.PPS_SENT, State.RR_SENT, State.EOR_SENT, State.EOR_RR_SENT)
_ANSWERED = (State.PAGE_AWAITED, State.PARTIAL_PAGE_AWAITED, State.EOM_ANSWERED, State.EOP_ANSWERED, State.DCS_AWAITED)

TABLE: Table = {
    (State.OPERATOR_ALERTED, Input.T3): row(no_operator, *_AFTER),
    (State.OPERATOR_ALERTED, Input.OPERATOR): row(operator_speaks, State.DCN_SENT),
    (State.OPERATOR_ALERTED, Fcf.DCN): row(dcn_instead_of_response, State.ENDED),
    (State.OPERATOR_ALERTED_RX, Input.T3): row(no_operator_here, *_ANSWERED),
    (State.OPERATOR_ALERTED_RX, Input.OPERATOR): row(operator_answers, State.DCN_SENT),
    (State.OPERATOR_ALERTED_RX, Fcf.DCN): row(dcn_in_message, State.ENDED),
}
for _state in _SENDING:
    TABLE[_state, Fcf.PIP] = row(interrupted_well, *_AFTER, State.OPERATOR_ALERTED)
    TABLE[_state, Fcf.PIN] = row(interrupted_badly, *_AFTER, State.OPERATOR_ALERTED)
