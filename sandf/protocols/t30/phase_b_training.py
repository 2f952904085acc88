"""The end of phase B: DCS, TCF, CFR and FTT, at both ends, and the fall-back (T.30 5.3.6.1.3, 5.3.6.1.4).

What this module does not do: the speeds in common are found by :mod:`.negotiation`; a receiver that keeps saying FTT is
left to its transmitter's ladder.
"""

from __future__ import annotations

import re

from . import pump
from .capabilities import Parameters
from .chart import Input, State, Table, row
from .ecm import IncomingBlock
from .events import Negotiated, SpeedChanged, TrainingFailed
from .frames import Fcf, Frame
from .identification import identification, identify, nonstandard
from .modems import step_down
from .negotiation import command
from .outcomes import Outcome
from .session import Session
from .settings import Intention
from .timers import Timer

# TCF is 1.5 s of zeros; a second of them without a break will do (5.3.6.1.3 leaves the test to the receiver).
TCF_NEEDED_SECONDS = 1.0
_NOT_ZERO = re.compile(b"[^\x00]+")


# The transmitter's half.


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
        *nonstandard(s, Fcf.NSS, settings.nonstandard_setup),
        *identification(s, Fcf.TSI, settings.ident),
        *(identification(s, Fcf.SUB, settings.subaddress) if parameters.with_subaddress else ()),
        *(identification(s, Fcf.SID, settings.sender_id) if parameters.with_sender_id else ()),
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
    identify(s)
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


def dcn_after_dcs(s: Session, frame: Frame, now: float) -> State:
    """DCN instead of CFR."""
    return s.close(Outcome.DCN_AFTER_DCS)


# The receiver's half.


def _subaddress_missing(s: Session, parameters: Parameters) -> bool:
    """Whether DCS announces a subaddress and SUB did not arrive: without an answer both come again.  Once is enough.

    The fax would go to somebody else.
    """
    far = s.far
    missing = parameters.with_subaddress and Fcf.SUB not in far.heard and not far.addressed
    far.addressed = far.addressed or parameters.with_subaddress
    return missing


def dcs_received(s: Session, frame: Frame, now: float) -> State | None:
    """DCS: TCF follows.  A DCS that we cannot satisfy ends the call; one too short to read is noise."""
    if len(frame.fif) < 2:
        return None
    parameters = Parameters.parse(frame.fif)
    if parameters is not None and _subaddress_missing(s, parameters):
        s.far.heard.clear()
        s.tries = 0
        if s.board.running(Timer.T1):
            s.board.start(Timer.T1, now)
        return None
    identify(s)
    if parameters is None or Intention.RECEIVE not in s.intention:
        return s.end(Outcome.INCOMPATIBLE, now)
    receiving = s.receiving
    s.board.stop(Timer.T1)
    if parameters != receiving.parameters:
        s.tell(Negotiated(parameters=parameters))
    receiving.parameters = parameters
    receiving.long_training = False
    receiving.answered = receiving.damaged = False
    receiving.answered_counters = b""
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


def training_abandoned(s: Session, frame: Frame, now: float) -> State:
    """T2 ran out while DCS was awaited."""
    if s.receiving.answered and s.receiving.answer in (Fcf.PIP, Fcf.PIN):
        return s.end(Outcome.INTERRUPTED_IN_RECEPTION, now)
    if s.receiving.after_rejected:
        return s.end(Outcome.REJECTED_PAGE_NOT_REPEATED, now)
    return s.end(Outcome.TRAINING_NOT_COMPLETED, now)


def invalid_response(s: Session, frame: Frame, now: float) -> State:
    """A well-formed frame that is no response to DCS (figure 5-2a: DCN)."""
    return s.end(Outcome.INVALID_RESPONSE_B, now)


def dcn_in_training(s: Session, frame: Frame, now: float) -> State:
    """DCN while DCS or a page was awaited."""
    if s.receiving.after_rejected:
        return s.close(Outcome.REJECTED_PAGE_NOT_REPEATED)
    return s.close(Outcome.DCN_IN_RECEPTION if s.receiving.confirmed else Outcome.DCN_AFTER_DCS)


def invalid_command(s: Session, frame: Frame, now: float) -> State:
    """A well-formed frame that is no command in phase B (figure 5-2: the line is given up)."""
    return s.close(Outcome.INVALID_COMMAND_B)


TABLE: Table = {
    (State.DCS_SENT, Input.NO_REPLY): row(dcs_unanswered, State.DCS_SENT, State.DCN_SENT),
    (State.DCS_SENT, Fcf.CRP): row(dcs_unanswered, State.DCS_SENT, State.DCN_SENT),
    (State.DCS_SENT, Fcf.DIS): row(dis_after_dcs, State.DCS_SENT, State.DCN_SENT),
    (State.DCS_SENT, Fcf.DTC): row(dis_after_dcs, State.DCS_SENT, State.DCN_SENT),
    (State.DCS_SENT, Fcf.FTT): row(trained_badly, State.DCS_SENT, State.DCN_SENT),
    (State.DCS_SENT, Input.UNKNOWN_FRAME): row(invalid_response, State.DCN_SENT),
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
