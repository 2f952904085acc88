"""Phases C and D of the transmitter without error correction, and what it shares with ECM: which page, which
post-message command, and what a response means for the page (T.30 5.3.6.1.5 to 5.3.6.1.7, figure 5-2a).

The order of law: the page is told to be in doubt, the host says that this is committed, and only then is the
post-message command sent that may bring its confirmation.  The following page is asked for when this one starts, so
that MPS, EOM or EOP can be chosen; if the host still does not know when the command is due, EOM is sent, which
promises nothing.

What this module does not do: partial pages are in :mod:`.phase_c_transmit_ecm`, operators in :mod:`.phase_d_interrupt`.
"""

from __future__ import annotations

from . import pump
from .capabilities import Parameters
from .chart import Input, State, Table, row
from .ecm import blocks
from .events import (
    OutgoingPage,
    PageConfirmed,
    PageInDoubt,
    PageRejected,
    PageWanted,
    Progress,
    SpeedChanged,
    Verdict,
)
from .frames import NO_FRAME, PRI_OF, Fcf, Frame, build_pps
from .message import finish, least_bits
from .modems import step_down_rate
from .outcomes import Outcome
from .phase_b import capabilities_again, capabilities_received, want_page
from .phase_b_training import send_dcs
from .session import Session
from .settings import Intention, Role, RtnPolicy
from .timers import Timer

_NO_RESPONSE = {
    Fcf.MPS: Outcome.NO_RESPONSE_TO_MPS,
    Fcf.EOM: Outcome.NO_RESPONSE_TO_EOM,
    Fcf.EOP: Outcome.NO_RESPONSE_TO_EOP,
}
_INVALID_RESPONSE = {
    Fcf.MPS: Outcome.INVALID_RESPONSE_TO_MPS,
    Fcf.EOM: Outcome.INVALID_RESPONSE_TO_EOM,
    Fcf.EOP: Outcome.INVALID_RESPONSE_TO_EOP,
}


# The page goes out.


def start_page(s: Session, frame: Frame, now: float) -> State:
    """CFR, or the response to the page before: send the page (or its first block), and ask for the one behind it."""
    sending = s.sending
    page, parameters = sending.page, sending.parameters
    assert page is not None and parameters is not None
    s.line.stop_reply()
    s.tries = 0
    sending.doubt_told = sending.doubt_committed = sending.undecided = False
    sending.octets_done = 0
    sending.spoilt = False
    octets = octets_on_line(page, parameters)
    if parameters.ecm:
        sending.blocks = blocks(octets, parameters.frame_octets)
        sending.block = sending.pprs = 0
        state = send_partial_page(s, now)
    else:
        short = parameters.modulation.system == "V.17"
        command = pump.SendPage(modulation=parameters.modulation, short_training=short, octets=octets)
        s.line.send(command, listen=None, reply=None, now=now)
        sending.octets_done = len(octets)
        state = State.PAGE_SENDING
    if sending.following is None and not sending.finished and sending.asked <= sending.number:
        sending.asked = sending.number + 1
        assert sending.offer is not None
        s.tell(PageWanted(number=sending.asked, offer=sending.offer))
    return state


def octets_on_line(page: OutgoingPage, parameters: Parameters) -> bytes:
    """The page as the host has finished it, if that will do, else finished here; too much fill only takes longer."""
    least, done = least_bits(parameters), page.finished
    if done is not None and (done.min_bits == least or done.min_bits > least > 0):
        return done.octets
    return finish(page.octets, page.form, least)


def send_partial_page(s: Session, now: float) -> State:
    """The frames of the present block that the far terminal misses."""
    sending, parameters = s.sending, s.sending.parameters
    assert parameters is not None
    short = parameters.modulation.system == "V.17" and not sending.long_training
    sending.long_training = False
    frames = sending.blocks[sending.block].partial_page()
    command = pump.SendPartialPage(modulation=parameters.modulation, short_training=short, frames=frames)
    s.line.send(command, listen=None, reply=None, now=now)
    return State.PARTIAL_PAGE_SENDING


def page_sent(s: Session, frame: Frame, now: float) -> State:
    """The last bit of the page has left."""
    octets = s.sending.octets_done
    s.tell(Progress(number=s.sending.number, octets=octets, total=octets))
    return doubt(s, frame, now)


# The post-message command.


def doubt(s: Session, frame: Frame, now: float) -> State:
    """Send the post-message command once the host has committed the doubt and knows what follows."""
    sending = s.sending
    if not sending.doubt_told:
        sending.doubt_told = True
        s.board.start(Timer.X_NEXT, now)
        s.board.start(Timer.X_HOST, now)
        s.tell(PageInDoubt(number=sending.number))
    known = sending.following is not None or sending.finished or sending.undecided
    if not (sending.doubt_committed and known):
        return State.DOUBT
    s.board.stop(Timer.X_NEXT, Timer.X_HOST)
    sending.command = choose_command(s)
    s.tries = 0
    return send_post_message(s, now)


def choose_command(s: Session) -> Fcf:
    """MPS if a page of the same form follows, EOM if one of another form (or a change of direction), else EOP."""
    sending = s.sending
    if sending.following is not None:
        assert sending.page is not None
        return Fcf.MPS if sending.following.form == sending.page.form else Fcf.EOM
    if not sending.finished:
        return Fcf.EOM
    turn = s.role is Role.CALLER and Intention.RECEIVE in s.intention
    return Fcf.EOM if turn else Fcf.EOP


def next_slow(s: Session, frame: Frame, now: float) -> State:
    """The host does not know yet whether a page follows: EOM leaves it open."""
    s.sending.undecided = True
    return doubt(s, frame, now)


def send_post_message(s: Session, now: float) -> State:
    """MPS, EOM or EOP (PRI-* if the local operator asks), alone or within PPS; T4 for the response."""
    sending, parameters = s.sending, s.sending.parameters
    assert parameters is not None
    s.tries += 1
    command = PRI_OF[sending.command] if s.interrupt_wanted else sending.command
    if not parameters.ecm:
        s.command(s.frame(command), now=now)
        return State.COMMAND_SENT
    last = sending.block == len(sending.blocks) - 1
    s.command(
        build_pps(
            command if last else Fcf.NULL,
            page=sending.number - 1,
            block=sending.block,
            frames=len(sending.blocks[sending.block].frames),
            x=s.x,
        ),
        now=now,
    )
    return State.PPS_SENT


def command_unanswered(s: Session, frame: Frame, now: float) -> State:
    """T4 or CRP: the command again, three times in all."""
    if s.tries >= s.settings.tries:
        return s.end(_NO_RESPONSE[s.sending.command], now)
    return send_post_message(s, now)


def invalid_response(s: Session, frame: Frame, now: float) -> State:
    """A well-formed frame that is no response at all (figure 5-2a: DCN)."""
    return s.end(_INVALID_RESPONSE[s.sending.command], now)


# Responses.


def confirmed(s: Session, frame: Frame, now: float) -> State:
    """MCF."""
    return page_taken(s, Verdict.MCF, now)


def retrain_positive(s: Session, frame: Frame, now: float) -> State:
    """RTP: the page is good, the line is not."""
    return page_taken(s, Verdict.RTP, now)


def retrain_negative(s: Session, frame: Frame, now: float) -> State:
    """RTN: the page is not good."""
    return page_refused(s, Verdict.RTN, now)


def page_taken(s: Session, verdict: Verdict, now: float) -> State:
    """The far terminal has the page: go on to the next, to phase B, or to the end."""
    sending = s.sending
    s.line.stop_reply()
    s.tell(PageConfirmed(number=sending.number, verdict=verdict))
    turn_over(s)
    if sending.command is Fcf.EOP:
        return s.end(Outcome.COMPLETED, now)
    if sending.command is Fcf.EOM:
        return await_dis(s, now)
    if verdict is Verdict.MCF:
        return start_page(s, NO_FRAME, now)
    return send_dcs(s, now) if verdict is Verdict.PIP else retrain(s, now)


def turn_over(s: Session) -> None:
    """The page is done with: the following one is the present one."""
    sending = s.sending
    sending.number += 1
    sending.rejections = 0
    sending.page, sending.following = sending.following, None
    s.tries = 0


def page_spoilt(s: Session, now: float, *, interrupted: bool = False) -> State:
    """The page has arrived with holes: on to the next (after PIP by DCS), but the call does not end well."""
    sending = s.sending
    s.tell(PageRejected(number=sending.number, verdict=Verdict.ERR, will_repeat=False))
    sending.lost = True
    turn_over(s)
    if sending.command is Fcf.EOP:
        return s.end(Outcome.PAGE_NOT_CORRECTED, now)
    if sending.command is Fcf.EOM:
        return await_dis(s, now)
    return send_dcs(s, now) if interrupted else start_page(s, NO_FRAME, now)


def nothing_owed(s: Session) -> bool:
    """Whether every page is sent, and none is to be polled."""
    return s.sending.done and not (s.role is Role.CALLER and Intention.RECEIVE in s.intention)


def within_page(s: Session) -> bool:
    """Whether blocks of the page are still to come behind the present one."""
    sending = s.sending
    ecm = sending.parameters is not None and sending.parameters.ecm
    return ecm and sending.block < len(sending.blocks) - 1


def page_refused(s: Session, verdict: Verdict, now: float) -> State:
    """The far terminal rejects the page (or interrupts it): what the settings say."""
    sending, policy, within = s.sending, s.settings.rtn_policy, within_page(s)
    s.line.stop_reply()
    if policy is RtnPolicy.GO_ON and not within:
        return page_spoilt(s, now, interrupted=True) if sending.spoilt else page_taken(s, verdict, now)
    again = policy is not RtnPolicy.GIVE_UP and sending.rejections < s.settings.retransmissions
    last = sending.command is Fcf.EOP and not within
    again = again and (verdict is Verdict.PIN or s.settings.repeat_last_page or not last)
    s.tell(PageRejected(number=sending.number, verdict=verdict, will_repeat=again))
    if not again:
        return s.end(Outcome.INTERRUPTED if verdict is Verdict.PIN else Outcome.PAGE_REJECTED, now)
    sending.rejections += 1
    s.tries = 0
    return await_dis(s, now) if sending.command is Fcf.EOM and not within else retrain(s, now)


def retrain(s: Session, now: float) -> State:
    """Back to DCS and TCF, one speed lower where there is one (RTP, RTN)."""
    sending = s.sending
    assert sending.modulation is not None
    lower = step_down_rate(sending.steps, sending.modulation)
    if lower is not None:
        sending.modulation = lower
        s.tell(SpeedChanged(modulation=lower))
    return send_dcs(s, now)


def await_dis(s: Session, now: float) -> State:
    """After EOM the far terminal goes back to phase B and sends DIS."""
    s.board.start(Timer.T1, now)
    s.line.listen(pump.ListenForFrames(), None, now)
    return State.DIS_AWAITED


def dis_after_eom(s: Session, frame: Frame, now: float) -> State | None:
    """DIS or DTC after EOM: the next page, the turn to poll, or the end."""
    if s.role is Role.CALLER:
        return capabilities_received(s, frame, now)
    capabilities_again(s, frame, now)
    s.board.stop(Timer.T1)
    return want_page(s, now)


def t1_after_eom(s: Session, frame: Frame, now: float) -> State:
    """The far terminal did not come back with DIS."""
    return s.end(Outcome.COMPLETED if nothing_owed(s) else Outcome.NO_DIS_AFTER_EOM, now)


def dcn_in_message(s: Session, frame: Frame, now: float) -> State:
    """DCN instead of a response."""
    return s.close(Outcome.DCN_IN_MESSAGE)


def dcn_after_eom(s: Session, frame: Frame, now: float) -> State:
    """DCN after the answer to EOM: the rest could not be sent."""
    return s.close(Outcome.COMPLETED if s.sending.done else Outcome.DCN_IN_MESSAGE)


def host_slow(s: Session, frame: Frame, now: float) -> State:
    """The host gave no page, or did not commit the doubt, and the page must not be confirmed."""
    return s.end(Outcome.PAGES_FAILED, now)


_AFTER_PAGE = (
    State.PAGE_SENDING,
    State.PARTIAL_PAGE_SENDING,
    State.DCS_SENT,
    State.DIS_AWAITED,
    State.DCN_SENT,
)

TABLE: Table = {
    (State.DCS_SENT, Fcf.CFR): row(start_page, State.PAGE_SENDING, State.PARTIAL_PAGE_SENDING),
    (State.PAGE_SENDING, Input.SENT): row(page_sent, State.DOUBT, State.COMMAND_SENT),
    (State.DOUBT, Input.HOST): row(doubt, State.DOUBT, State.COMMAND_SENT, State.PPS_SENT),
    (State.DOUBT, Input.NEXT_SLOW): row(next_slow, State.DOUBT, State.COMMAND_SENT, State.PPS_SENT),
    (State.DOUBT, Input.HOST_SLOW): row(host_slow, State.DCN_SENT),
    (State.DOUBT, Fcf.DCN): row(dcn_in_message, State.ENDED),
    (State.PAGE_WANTED, Input.HOST_SLOW): row(host_slow, State.DCN_SENT),
    (State.COMMAND_SENT, Input.NO_REPLY): row(command_unanswered, State.COMMAND_SENT, State.DCN_SENT),
    (State.COMMAND_SENT, Fcf.CRP): row(command_unanswered, State.COMMAND_SENT, State.DCN_SENT),
    (State.COMMAND_SENT, Fcf.MCF): row(confirmed, *_AFTER_PAGE),
    (State.COMMAND_SENT, Fcf.RTP): row(retrain_positive, *_AFTER_PAGE),
    (State.COMMAND_SENT, Fcf.RTN): row(retrain_negative, *_AFTER_PAGE),
    (State.COMMAND_SENT, Fcf.DCN): row(dcn_in_message, State.ENDED),
    (State.COMMAND_SENT, Input.UNKNOWN_FRAME): row(invalid_response, State.DCN_SENT),
    (State.DIS_AWAITED, Fcf.DIS): row(dis_after_eom, State.PAGE_WANTED, State.DCS_SENT, State.DTC_SENT, State.DCN_SENT),
    (State.DIS_AWAITED, Fcf.DTC): row(dis_after_eom, State.PAGE_WANTED, State.DCS_SENT, State.DTC_SENT, State.DCN_SENT),
    (State.DIS_AWAITED, Input.T1): row(t1_after_eom, State.DCN_SENT),
    (State.DIS_AWAITED, Fcf.DCN): row(dcn_after_eom, State.ENDED),
}
