"""Phases A and B up to the decision who transmits: CNG and CED, DIS and DTC, the first page (T.30 5.2, 5.3.6.1).

What this module does not do: V.8, and T.30 Annex C and F (duplex, V.34), which no bearer here carries.
"""

from __future__ import annotations

from dataclasses import replace

from . import pump
from .capabilities import Capabilities
from .chart import Input, Row, State, Table, row
from .events import (
    CapabilitiesReceived,
    PageWanted,
)
from .frames import NO_FRAME, Fcf, Frame
from .identification import identification, identify, nonstandard
from .negotiation import fits, own_capabilities, page_offer, speeds
from .outcomes import Outcome
from .phase_b_training import dcs_received, invalid_command, send_dcs
from .session import Session
from .settings import Intention, Role
from .timers import Timer

CNG_SECONDS = 0.5


# Phase A.


def begin(s: Session, frame: Frame, now: float) -> State:
    """T1, and CNG from the caller, CED and DIS from the called terminal (T.30 4.3)."""
    s.board.start(Timer.T1, now)
    if s.role is Role.CALLER:
        send_cng(s, frame, now)
        return State.CALLING
    if s.settings.ced_seconds > 0.0:
        s.line.tone(pump.Tone.CED, s.settings.ced_seconds, now=now, silence=s.settings.answer_silence)
    send_dis(s, frame, now)
    return State.DIS_SENT


def send_cng(s: Session, frame: Frame, now: float) -> None:
    """0.5 s of CNG, then 3 s of listening (T.30 4.2); none while something is heard."""
    if s.line.far is None:
        s.line.tone(pump.Tone.CNG, CNG_SECONDS, now=now)
        now += CNG_SECONDS
    s.board.start(Timer.X_CNG, now)


# DIS and DTC sent.


def send_dis(s: Session, frame: Frame, now: float) -> None:
    """[NSF] [CSI] DIS, and T4 for the answer."""
    s.tries += 1
    can_transmit = Intention.SEND in s.intention and not s.sending.done
    capabilities = own_capabilities(s.settings, can_transmit=can_transmit, can_receive=Intention.RECEIVE in s.intention)
    s.own_dis = capabilities.build()
    s.command(
        *nonstandard(s, Fcf.NSF, s.settings.nonstandard),
        *identification(s, Fcf.CSI, s.settings.ident),
        s.frame(Fcf.DIS, s.own_dis),
        now=now,
    )


def dis_unanswered(s: Session, frame: Frame, now: float) -> State:
    """T4 without an answer: DIS again until T1, or as often as the setting says."""
    if s.settings.dis_tries is not None and s.tries >= s.settings.dis_tries:
        return t1_called(s, frame, now)
    send_dis(s, frame, now)
    return State.DIS_SENT


def t1_caller(s: Session, frame: Frame, now: float) -> State:
    """Nobody there: nothing to say good-bye to."""
    return s.close(Outcome.NO_FAX)


def t1_called(s: Session, frame: Frame, now: float) -> State:
    """Nobody answered our DIS."""
    if s.receiving.after_rejected:
        return s.end(Outcome.REJECTED_PAGE_NOT_REPEATED, now)
    return s.end(Outcome.NO_CALLER_AFTER_EOM if s.receiving.confirmed else Outcome.NO_CALLER, now)


def send_dtc(s: Session, frame: Frame, now: float) -> State:
    """[NSC] [CIG] [SEP] [PWD] DTC: we poll (T.30 5.3.6.1.2)."""
    s.tries += 1
    far = s.far.capabilities
    settings = s.settings
    select = settings.selective_polling if far and far.selective_polling else ""
    own = own_capabilities(settings, can_transmit=Intention.SEND in s.intention, can_receive=True)
    s.command(
        *nonstandard(s, Fcf.NSC, settings.nonstandard),
        *identification(s, Fcf.CIG, settings.ident),
        *identification(s, Fcf.SEP, select),
        *identification(s, Fcf.PWD, settings.password),
        s.frame(Fcf.DTC, replace(own, selective_polling=bool(select)).build()),
        now=now,
        reply=Timer.X_DTC,
    )
    return State.DTC_SENT


def dtc_unanswered(s: Session, frame: Frame, now: float) -> State:
    """DTC again, three times in all."""
    if s.tries >= s.settings.tries:
        return s.end(Outcome.NO_RESPONSE_TO_DTC, now)
    return send_dtc(s, frame, now)


# DIS and DTC received.


def capabilities_received(s: Session, frame: Frame, now: float) -> State | None:
    """DIS or DTC: decide who transmits.  None if the frame is too short to say anything."""
    capabilities = Capabilities.parse(frame.fif)
    if capabilities is None:
        return None
    if frame.fcf is Fcf.DIS and frame.fif == s.own_dis:
        s.far.heard.clear()
        return None  # the echo of our own
    s.far.capabilities = capabilities
    s.x = s.x or frame.fcf is Fcf.DIS
    s.board.stop(Timer.T1, Timer.X_CNG)
    s.line.stop_reply()
    password = identify(s)
    s.tell(CapabilitiesReceived(capabilities=capabilities))
    s.tries = 0
    if s.role is Role.CALLED:
        return _polled(s, password, now)
    if Intention.SEND in s.intention and not s.sending.done:
        return want_page(s, now) if capabilities.can_receive else s.end(Outcome.FAR_CANNOT_RECEIVE, now)
    return poll(s, frame, now)


def poll(s: Session, frame: Frame, now: float) -> State:
    """Send DTC if the far terminal has something and we want it; else the call is done."""
    if Intention.RECEIVE not in s.intention:
        return s.end(Outcome.COMPLETED, now)
    capabilities = s.far.capabilities
    if capabilities is None or not capabilities.can_transmit:
        return s.end(Outcome.FAR_CANNOT_TRANSMIT, now)
    s.tries = 0
    return send_dtc(s, frame, now)


def _polled(s: Session, password: str, now: float) -> State:
    if Intention.SEND not in s.intention or s.sending.done:
        return s.end(Outcome.NOTHING_TO_SEND, now)
    if s.settings.password and password != s.settings.password:
        return s.end(Outcome.PASSWORD_REFUSED, now)
    assert s.far.capabilities is not None
    if not s.far.capabilities.can_receive and s.x:
        return s.end(Outcome.FAR_CANNOT_RECEIVE, now)
    return want_page(s, now)


# The page.


def want_page(s: Session, now: float) -> State:
    """Settle the form for this far terminal; ask the host for the page unless one that fits is at hand."""
    assert s.far.capabilities is not None
    sending = s.sending
    sending.offer = page_offer(s.settings, s.far.capabilities)
    sending.steps = speeds(s.settings, s.far.capabilities)
    if sending.modulation not in sending.steps:
        sending.modulation = sending.steps[0]
    if sending.page is None and sending.following is not None:
        sending.page, sending.following = sending.following, None
    if sending.page is not None and not fits(sending.page, sending.offer):
        sending.page, sending.asked = None, sending.number - 1
    if sending.page is not None:
        return send_dcs(s, now)
    if sending.finished:
        return nothing_more(s, now)
    if sending.asked < sending.number:
        sending.asked = sending.number
        s.tell(PageWanted(number=sending.number, offer=sending.offer))
    s.board.start(Timer.X_HOST, now)
    return State.PAGE_WANTED


def page_answered(s: Session, frame: Frame, now: float) -> State | None:
    """The host has supplied the page, or has none."""
    if s.sending.page is None and s.sending.following is None and not s.sending.finished:
        return None
    s.board.stop(Timer.X_HOST)
    return want_page(s, now)


def nothing_more(s: Session, now: float) -> State:
    """No page is left: poll if that is wanted, else end well."""
    if s.role is Role.CALLER and Intention.RECEIVE in s.intention:
        return poll(s, NO_FRAME, now)
    return s.end(Outcome.COMPLETED, now)


def capabilities_again(s: Session, frame: Frame, now: float) -> None:
    """DIS is repeated while the host makes up its mind: the latest one counts."""
    s.far.capabilities = Capabilities.parse(frame.fif) or s.far.capabilities
    s.far.heard.clear()
    s.line.stop_reply()


def dcn_in_phase_b(s: Session, frame: Frame, now: float) -> State:
    """DCN before anything was agreed; after EOM and DIS it is how a transmitter says that nothing more comes."""
    if s.receiving.after_rejected:
        return s.close(Outcome.REJECTED_PAGE_NOT_REPEATED)
    return s.close(Outcome.COMPLETED if s.receiving.confirmed else Outcome.DCN_IN_PHASE_B)


def dis_repeated_on_request(s: Session, frame: Frame, now: float) -> None:
    """CRP after DIS."""
    send_dis(s, frame, now)


_DECIDED = (State.PAGE_WANTED, State.DCS_SENT, State.DTC_SENT, State.DCN_SENT)
_CAPABILITIES: Row = row(capabilities_received, *_DECIDED)

TABLE: Table = {
    (State.IDLE, Input.STARTED): row(begin, State.CALLING, State.DIS_SENT),
    (State.CALLING, Input.CNG_DUE): row(send_cng, State.CALLING),
    (State.CALLING, Input.T1): row(t1_caller, State.ENDED),
    (State.CALLING, Fcf.DIS): _CAPABILITIES,
    (State.CALLING, Fcf.DCN): row(dcn_in_phase_b, State.ENDED),
    (State.DIS_SENT, Input.NO_REPLY): row(dis_unanswered, State.DIS_SENT, State.DCN_SENT),
    (State.DIS_SENT, Input.T1): row(t1_called, State.DCN_SENT),
    (State.DIS_SENT, Fcf.DIS): _CAPABILITIES,
    (State.DIS_SENT, Fcf.DTC): _CAPABILITIES,
    (State.DIS_SENT, Fcf.DCS): row(dcs_received, State.TCF_AWAITED, State.DCN_SENT),
    (State.DIS_SENT, Fcf.CRP): row(dis_repeated_on_request, State.DIS_SENT),
    (State.DIS_SENT, Fcf.DCN): row(dcn_in_phase_b, State.ENDED),
    (State.DTC_SENT, Input.NO_REPLY): row(dtc_unanswered, State.DTC_SENT, State.DCN_SENT),
    (State.DTC_SENT, Fcf.DIS): row(dtc_unanswered, State.DTC_SENT, State.DCN_SENT),
    (State.DTC_SENT, Fcf.CRP): row(dtc_unanswered, State.DTC_SENT, State.DCN_SENT),
    (State.DTC_SENT, Fcf.DCS): row(dcs_received, State.TCF_AWAITED, State.DCN_SENT),
    (State.DTC_SENT, Fcf.DCN): row(dcn_in_phase_b, State.ENDED),
    (State.PAGE_WANTED, Input.HOST): row(page_answered, *_DECIDED),
    (State.PAGE_WANTED, Fcf.DIS): row(capabilities_again, State.PAGE_WANTED),
    (State.PAGE_WANTED, Fcf.DTC): row(capabilities_again, State.PAGE_WANTED),
    (State.PAGE_WANTED, Fcf.DCN): row(dcn_in_phase_b, State.ENDED),
    (State.CALLING, Input.UNKNOWN_FRAME): row(invalid_command, State.ENDED),
    (State.DIS_SENT, Input.UNKNOWN_FRAME): row(invalid_command, State.ENDED),
}
