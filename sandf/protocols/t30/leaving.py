"""Hanging up in order: when DCN may be said, and what is still heard of the page before that.

What this module does not do: it sends nothing; :meth:`.terminal.Terminal.hang_up` does.
"""

from __future__ import annotations

from .chart import Input, State, Trigger
from .events import PageConfirmed, PageRejected, Verdict
from .frames import Fcf
from .outcomes import Outcome
from .phase_c_transmit import nothing_owed, within_page
from .session import Session
from .settings import RtnPolicy

CONFIRMING = frozenset({State.COMMAND_SENT, State.PPS_SENT, State.RR_SENT})
"""A response in one of these may be a verdict on the page."""
_VERDICTS: dict[Trigger, Verdict] = {
    Fcf.MCF: Verdict.MCF,
    Fcf.RTP: Verdict.RTP,
    Fcf.PIP: Verdict.PIP,
    Fcf.RTN: Verdict.RTN,
    Fcf.PIN: Verdict.PIN,
}


def line_is_free(s: Session, state: State, trigger: Trigger) -> bool:
    """Whether one who has hung up meanwhile may say DCN on this: a reply is not waited for, or here it is."""
    if trigger in (Input.HOST, Fcf.DCN) or state is State.DCN_SENT:
        return False
    if trigger is Input.T5 and (s.line.transmitting or s.line.awaiting):
        return False
    return trigger is not Input.SENT or not s.line.awaiting


def last_heard(s: Session, state: State, trigger: Trigger, outcome: Outcome) -> Outcome:
    """Tell of the verdict on the page, if *trigger* is one; how the call ends, *outcome* if that says nothing."""
    verdict = _VERDICTS.get(trigger) if state in CONFIRMING and not within_page(s) else None
    if verdict is None:
        return outcome
    sending = s.sending
    rejected = verdict in (Verdict.RTN, Verdict.PIN) and s.settings.rtn_policy is not RtnPolicy.GO_ON
    if rejected or sending.spoilt:
        told = verdict if rejected else Verdict.ERR
        s.tell(PageRejected(number=sending.number, verdict=told, will_repeat=False))
        return outcome
    s.tell(PageConfirmed(number=sending.number, verdict=verdict))
    sending.page = None
    return Outcome.COMPLETED if nothing_owed(s) else outcome
