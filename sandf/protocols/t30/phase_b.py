"""Phases A and B: CNG and CED, identification, capabilities, DCS with TCF, and training (T.30 5.2, 5.3.6.1, 5.3.6.2).

What this module does not do: V.8, and T.30 Annex C and F (duplex, V.34), which no bearer here carries.
"""

from __future__ import annotations

import re

from . import pump
from .capabilities import Capabilities, Parameters
from .chart import Input, Row, State, Table, row
from .ecm import IncomingBlock
from .events import (
    CapabilitiesReceived,
    Identified,
    Negotiated,
    PageWanted,
    SpeedChanged,
    TrainingFailed,
)
from .frames import NO_FRAME, Fcf, Frame, decode_ident, encode_ident
from .modems import step_down
from .negotiation import command, fits, own_capabilities, page_form, speeds
from .outcomes import Outcome
from .session import Session
from .settings import Intention, Role
from .timers import Timer

CNG_SECONDS = 0.5
# TCF is 1.5 s of zeros; a second of them without a break will do (5.3.6.1.3 leaves the test to the receiver).
TCF_NEEDED_SECONDS = 1.0
_NOT_ZERO = re.compile(b"[^\x00]+")


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
    s.board.start(Timer.X_CNG, now)


# Identification.


def identify(s: Session, frame: Frame) -> None:
    """Tell the host what came with this command, once, and forget it."""
    heard, s.far.heard = s.far.heard, {}

    def text(*fcfs: Fcf) -> str:
        return next((decode_ident(heard[fcf][-1]) for fcf in fcfs if fcf in heard), "")

    nonstandard = tuple(fif for fcf in (Fcf.NSF, Fcf.NSC, Fcf.NSS) for fif in heard.get(fcf, ()))
    s.far.heard = {fcf: fifs for fcf, fifs in heard.items() if fcf is Fcf.PWD}
    if heard:
        s.tell(
            Identified(
                ident=text(Fcf.CSI, Fcf.TSI, Fcf.CIG),
                subaddress=text(Fcf.SUB),
                password=text(Fcf.PWD),
                sender_id=text(Fcf.SID),
                selective_polling=text(Fcf.SEP),
                nonstandard=nonstandard,
            )
        )


def _ident(s: Session, fcf: Fcf, text: str) -> tuple[bytes, ...]:
    return (s.frame(fcf, encode_ident(text), final=False),) if text else ()


def _nonstandard(s: Session, fcf: Fcf, fif: bytes) -> tuple[bytes, ...]:
    return (s.frame(fcf, fif, final=False),) if fif else ()


def send_dis(s: Session, frame: Frame, now: float) -> None:
    """[NSF] [CSI] DIS, and T4 for the answer."""
    s.tries += 1
    can_transmit = Intention.SEND in s.intention and not s.sending.done
    capabilities = own_capabilities(s.settings, can_transmit=can_transmit, can_receive=Intention.RECEIVE in s.intention)
    s.own_dis = capabilities.build()
    s.command(
        *_nonstandard(s, Fcf.NSF, s.settings.nonstandard),
        *_ident(s, Fcf.CSI, s.settings.ident),
        s.frame(Fcf.DIS, s.own_dis),
        now=now,
    )


def dis_unanswered(s: Session, frame: Frame, now: float) -> State:
    """T4 without an answer: DIS again until T1, or as often as the setting says."""
    if s.settings.dis_tries is not None and s.tries >= s.settings.dis_tries:
        return s.end(Outcome.NO_CALLER, now)
    send_dis(s, frame, now)
    return State.DIS_SENT


def t1_caller(s: Session, frame: Frame, now: float) -> State:
    """Nobody there: nothing to say good-bye to."""
    return s.close(Outcome.NO_FAX)


def t1_called(s: Session, frame: Frame, now: float) -> State:
    """Nobody answered our DIS."""
    return s.end(Outcome.NO_CALLER_AFTER_EOM if s.receiving.confirmed else Outcome.NO_CALLER, now)


def send_dtc(s: Session, frame: Frame, now: float) -> State:
    """[NSC] [CIG] [SEP] [PWD] DTC: we poll (T.30 5.3.6.1.2)."""
    s.tries += 1
    far = s.far.capabilities
    settings = s.settings
    capabilities = own_capabilities(settings, can_transmit=Intention.SEND in s.intention, can_receive=True)
    s.command(
        *_nonstandard(s, Fcf.NSC, settings.nonstandard),
        *_ident(s, Fcf.CIG, settings.ident),
        *(_ident(s, Fcf.SEP, settings.selective_polling) if far and far.selective_polling else ()),
        *_ident(s, Fcf.PWD, settings.password),
        s.frame(Fcf.DTC, capabilities.build()),
        now=now,
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
    identify(s, frame)
    s.tell(CapabilitiesReceived(capabilities=capabilities))
    s.tries = 0
    if s.role is Role.CALLED:
        return _polled(s, now)
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


def _polled(s: Session, now: float) -> State:
    password = s.far.heard.pop(Fcf.PWD, [b""])[-1]
    if Intention.SEND not in s.intention or s.sending.done:
        return s.end(Outcome.NOTHING_TO_SEND, now)
    if s.settings.password and decode_ident(password) != s.settings.password:
        return s.end(Outcome.PASSWORD_REFUSED, now)
    assert s.far.capabilities is not None
    if not s.far.capabilities.can_receive and s.x:
        return s.end(Outcome.FAR_CANNOT_RECEIVE, now)
    return want_page(s, now)


# The page, DCS and TCF.


def want_page(s: Session, now: float) -> State:
    """Settle the form for this far terminal; ask the host for the page unless one that fits is at hand."""
    assert s.far.capabilities is not None
    sending = s.sending
    sending.form = page_form(s.settings, s.far.capabilities)
    sending.steps = speeds(s.settings, s.far.capabilities)
    if sending.modulation not in sending.steps:
        sending.modulation = sending.steps[0]
    if sending.page is None and sending.following is not None:
        sending.page, sending.following = sending.following, None
    if sending.page is not None and not fits(sending.page, sending.form):
        sending.page, sending.asked = None, sending.number - 1
    if sending.page is not None:
        return send_dcs(s, now)
    if sending.finished:
        return nothing_more(s, now)
    if sending.asked < sending.number:
        sending.asked = sending.number
        s.tell(PageWanted(number=sending.number, form=sending.form))
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


def send_dcs(s: Session, now: float) -> State:
    """[TSI] [SUB] [SID] DCS, a gap, TCF (T.30 5.3.6.1.3)."""
    sending, settings, far = s.sending, s.settings, s.far.capabilities
    assert sending.page is not None and sending.modulation is not None and far is not None
    s.board.stop(Timer.X_HOST)
    s.tries += 1
    parameters = command(settings, far, sending.page, sending.modulation)
    if parameters != sending.parameters:
        s.tell(Negotiated(parameters=parameters))
    sending.parameters = parameters
    sending.long_training = False
    frames = (
        *_nonstandard(s, Fcf.NSS, settings.nonstandard_setup),
        *_ident(s, Fcf.TSI, settings.ident),
        *(_ident(s, Fcf.SUB, settings.subaddress) if parameters.with_subaddress else ()),
        *(_ident(s, Fcf.SID, settings.sender_id) if parameters.with_sender_id else ()),
        s.frame(Fcf.DCS, parameters.build()),
    )
    s.line.send(
        pump.SendFrames(frames=frames),
        pump.SendTraining(modulation=sending.modulation, seconds=settings.tcf_seconds),
        listen=pump.ListenForFrames(),
        reply=Timer.T4,
        now=now,
    )
    return State.DCS_SENT


def dcs_unanswered(s: Session, frame: Frame, now: float) -> State:
    """T4 or CRP: DCS and TCF again, three times in all."""
    if s.tries >= s.settings.tries:
        return s.end(Outcome.NO_RESPONSE_TO_DCS, now)
    return send_dcs(s, now)


def dis_after_dcs(s: Session, frame: Frame, now: float) -> State:
    """DIS or DTC again: our DCS was lost."""
    identify(s, frame)
    if s.tries >= s.settings.tries:
        return s.end(Outcome.DCS_NOT_RECOGNIZED, now)
    return send_dcs(s, now)


def trained_badly(s: Session, frame: Frame, now: float) -> State:
    """FTT: one step down the ladder."""
    sending = s.sending
    assert sending.modulation is not None
    s.tell(TrainingFailed(modulation=sending.modulation))
    lower = step_down(sending.steps, sending.modulation)
    if lower is None:
        return s.end(Outcome.CANNOT_TRAIN, now)
    sending.modulation = lower
    s.tell(SpeedChanged(modulation=lower))
    s.tries = 0
    return send_dcs(s, now)


def dcn_in_phase_b(s: Session, frame: Frame, now: float) -> State:
    """DCN before anything was agreed; after EOM and DIS it is how a transmitter says that nothing more comes."""
    return s.close(Outcome.COMPLETED if s.receiving.confirmed else Outcome.DCN_IN_PHASE_B)


def dcn_after_dcs(s: Session, frame: Frame, now: float) -> State:
    """DCN instead of CFR."""
    return s.close(Outcome.DCN_AFTER_DCS)


def host_gave_no_page(s: Session, frame: Frame, now: float) -> State:
    """The host did not supply the page in time."""
    return s.end(Outcome.PAGES_FAILED, now)


# The receiver's half of training.


def dcs_received(s: Session, frame: Frame, now: float) -> State | None:
    """DCS: TCF follows.  A DCS that we cannot satisfy ends the call; one too short to read is noise."""
    if len(frame.fif) < 2:
        return None
    parameters = Parameters.parse(frame.fif)
    identify(s, frame)
    if parameters is None or Intention.RECEIVE not in s.intention:
        return s.end(Outcome.INCOMPATIBLE, now)
    receiving = s.receiving
    s.board.stop(Timer.T1)
    if parameters != receiving.parameters:
        s.tell(Negotiated(parameters=parameters))
    receiving.parameters = parameters
    receiving.long_training = False
    receiving.answered = False
    receiving.data, receiving.octets = [], 0
    receiving.block = IncomingBlock()
    s.line.listen(pump.ListenForTraining(modulation=parameters.modulation), Timer.X_TCF, now)
    return State.TCF_AWAITED


def tcf_received(s: Session, frame: Frame, now: float) -> State:
    """The carrier of TCF is gone: CFR or FTT."""
    receiving = s.receiving
    assert receiving.parameters is not None
    octets = b"".join(receiving.data)
    receiving.data.clear()
    longest = max(map(len, _NOT_ZERO.split(octets)))
    if 8 * longest < TCF_NEEDED_SECONDS * receiving.parameters.modulation.bit_rate:
        return no_tcf(s, frame, now)
    s.line.send(
        pump.SendFrames(frames=(s.frame(Fcf.CFR),)),
        listen=s.listen_for_page(),
        reply=Timer.T2,
        now=now,
    )
    return State.PARTIAL_PAGE_AWAITED if receiving.parameters.ecm else State.PAGE_AWAITED


def no_tcf(s: Session, frame: Frame, now: float) -> State:
    """TCF was bad or did not come: FTT."""
    assert s.receiving.parameters is not None
    s.tell(TrainingFailed(modulation=s.receiving.parameters.modulation))
    s.command(s.frame(Fcf.FTT), now=now, reply=Timer.T2)
    return State.DCS_AWAITED


def repeat(s: Session, frame: Frame, now: float) -> None:
    """CRP: say the last thing again."""
    s.line.repeat(now)


def dis_repeated_on_request(s: Session, frame: Frame, now: float) -> None:
    """CRP after DIS."""
    send_dis(s, frame, now)


def training_abandoned(s: Session, frame: Frame, now: float) -> State:
    """T2 ran out while DCS was awaited."""
    if s.receiving.answer in (Fcf.PIP, Fcf.PIN):
        return s.end(Outcome.INTERRUPTED_IN_RECEPTION, now)
    if s.receiving.after_rejected:
        return s.end(Outcome.REJECTED_PAGE_NOT_REPEATED, now)
    return s.end(Outcome.TRAINING_NOT_COMPLETED, now)


def invalid_response(s: Session, frame: Frame, now: float) -> State:
    """A well-formed frame that is no response to DCS (figure 5-2a: DCN)."""
    return s.end(Outcome.INVALID_RESPONSE_B, now)


def invalid_command(s: Session, frame: Frame, now: float) -> State:
    """A well-formed frame that is no command in phase B (figure 5-2: the line is given up)."""
    return s.close(Outcome.INVALID_COMMAND_B)


def dcn_in_training(s: Session, frame: Frame, now: float) -> State:
    """DCN while DCS or a page was awaited."""
    if s.receiving.after_rejected:
        return s.close(Outcome.REJECTED_PAGE_NOT_REPEATED)
    return s.close(Outcome.DCN_IN_RECEPTION if s.receiving.confirmed else Outcome.DCN_AFTER_DCS)


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
    (State.DCS_SENT, Input.NO_REPLY): row(dcs_unanswered, State.DCS_SENT, State.DCN_SENT),
    (State.DCS_SENT, Fcf.CRP): row(dcs_unanswered, State.DCS_SENT, State.DCN_SENT),
    (State.DCS_SENT, Fcf.DIS): row(dis_after_dcs, State.DCS_SENT, State.DCN_SENT),
    (State.DCS_SENT, Fcf.DTC): row(dis_after_dcs, State.DCS_SENT, State.DCN_SENT),
    (State.DCS_SENT, Fcf.FTT): row(trained_badly, State.DCS_SENT, State.DCN_SENT),
    (State.DCS_SENT, Input.UNKNOWN_FRAME): row(invalid_response, State.DCN_SENT),
    (State.CALLING, Input.UNKNOWN_FRAME): row(invalid_command, State.ENDED),
    (State.DIS_SENT, Input.UNKNOWN_FRAME): row(invalid_command, State.ENDED),
    (State.DCS_AWAITED, Input.UNKNOWN_FRAME): row(invalid_command, State.ENDED),
    (State.DCS_SENT, Fcf.DCN): row(dcn_after_dcs, State.ENDED),
    (State.TCF_AWAITED, Input.CARRIER_LOST): row(
        tcf_received, State.PAGE_AWAITED, State.PARTIAL_PAGE_AWAITED, State.DCS_AWAITED
    ),
    (State.TCF_AWAITED, Input.NO_REPLY): row(no_tcf, State.DCS_AWAITED),
    (State.TCF_AWAITED, Fcf.DCS): row(dcs_received, State.TCF_AWAITED, State.DCN_SENT),
    (State.TCF_AWAITED, Fcf.DCN): row(dcn_in_training, State.ENDED),
    (State.DCS_AWAITED, Input.NO_REPLY): row(training_abandoned, State.DCN_SENT),
    (State.DCS_AWAITED, Fcf.DCS): row(dcs_received, State.TCF_AWAITED, State.DCN_SENT),
    (State.DCS_AWAITED, Fcf.CRP): row(repeat, State.DCS_AWAITED),
    (State.DCS_AWAITED, Fcf.DCN): row(dcn_in_training, State.ENDED),
}
