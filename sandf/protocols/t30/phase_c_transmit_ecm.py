"""Phases C and D of the transmitter under error correction (T.30 Annex A, figures A.1 to A.5).

A block goes out as a partial page and PPS; PPR brings the missing frames again; after four PPR for one block the
transmitter goes on correcting one speed lower (CTC) while there is a lower one, and else gives the block up (EOR);
RNR is answered with RR until T5.

What this module does not do: the choice of post-message command and the meaning of MCF for a page are those of
:mod:`.phase_c_transmit`.
"""

from __future__ import annotations

from dataclasses import replace

from .chart import Input, State, Table, row
from .events import Progress, SpeedChanged, Verdict
from .frames import PRI_OF, Fcf, Frame, build_eor
from .modems import RATE_CODE, step_down_rate
from .outcomes import Outcome
from .phase_c_transmit import (
    dcn_in_message,
    doubt,
    page_spoilt,
    page_taken,
    send_partial_page,
    send_post_message,
    within_page,
)
from .session import Session
from .timers import Timer


def partial_page_sent(s: Session, frame: Frame, now: float) -> State:
    """RCP has left: PPS, after the doubt if this is the last block of the page for the first time."""
    sending = s.sending
    last = sending.block == len(sending.blocks) - 1
    s.tries = 0
    total = sum(block.octets for block in sending.blocks)
    done = sum(block.octets for block in sending.blocks[: sending.block + 1])
    s.tell(Progress(number=sending.number, octets=done, total=total))
    if last and not sending.doubt_committed:
        return doubt(s, frame, now)
    return send_post_message(s, now)


def pps_unanswered(s: Session, frame: Frame, now: float) -> State:
    """T4 or CRP: PPS again, three times in all."""
    if s.tries >= s.settings.tries:
        return s.end(Outcome.NO_RESPONSE_TO_PPS, now)
    return send_post_message(s, now)


def invalid_response(s: Session, frame: Frame, now: float) -> State:
    """A well-formed frame that is no response at all."""
    return s.end(Outcome.INVALID_RESPONSE_TO_PPS, now)


def block_confirmed(s: Session, frame: Frame, now: float) -> State:
    """MCF: the next block, or the page is taken."""
    sending = s.sending
    _ready(s)
    if within_page(s):
        return next_block(s, now)
    return page_spoilt(s, now) if sending.spoilt else page_taken(s, Verdict.MCF, now)


def next_block(s: Session, now: float) -> State:
    """Send the block behind this one."""
    s.sending.block += 1
    s.sending.pprs = 0
    s.tries = 0
    return send_partial_page(s, now)


def frames_requested(s: Session, frame: Frame, now: float) -> State | None:
    """PPR: send what is missing, or after the fourth decide between CTC and EOR (A.4.3)."""
    sending = s.sending
    if not sending.blocks[sending.block].request(frame.fif):
        return None
    _ready(s)
    sending.pprs += 1
    s.tries = 0
    if sending.pprs < s.settings.pprs_before_correction:
        return send_partial_page(s, now)
    sending.pprs = 0
    assert sending.modulation is not None
    lower = step_down_rate(sending.steps, sending.modulation)
    if lower is None:
        return send_eor(s, now)
    sending.modulation = lower
    return send_ctc(s, now)


def send_ctc(s: Session, now: float) -> State:
    """CTC: its FIF is DCS bits 1 to 16, of which only the rate counts (A.4.1)."""
    assert s.sending.modulation is not None
    s.tries += 1
    rate = RATE_CODE[s.sending.modulation] << 2
    s.command(s.frame(Fcf.CTC, bytes((0, rate))), now=now)
    return State.CTC_SENT


def ctc_unanswered(s: Session, frame: Frame, now: float) -> State:
    """CTC again, three times in all."""
    if s.tries >= s.settings.tries:
        return s.end(Outcome.NO_RESPONSE_TO_PPS, now)
    return send_ctc(s, now)


def correction_goes_on(s: Session, frame: Frame, now: float) -> State:
    """CTR: the missing frames at the new speed, with long training."""
    sending = s.sending
    assert sending.parameters is not None and sending.modulation is not None
    s.line.stop_reply()
    sending.parameters = replace(sending.parameters, modulation=sending.modulation)
    sending.long_training = True
    s.tell(SpeedChanged(modulation=sending.modulation))
    return send_partial_page(s, now)


def send_eor(s: Session, now: float) -> State:
    """EOR: the block is given up (A.4.3)."""
    sending = s.sending
    sending.spoilt = True
    s.tries += 1
    last = sending.block == len(sending.blocks) - 1
    command = PRI_OF[sending.command] if s.interrupt_wanted else sending.command
    s.command(build_eor(command if last else Fcf.NULL, x=s.x), now=now)
    return State.EOR_SENT


def eor_unanswered(s: Session, frame: Frame, now: float) -> State:
    """EOR again, three times in all."""
    if s.tries >= s.settings.tries:
        return s.end(Outcome.NO_RESPONSE_TO_PPS, now)
    return send_eor(s, now)


def given_up(s: Session, frame: Frame, now: float) -> State:
    """ERR: the next block, or the page is told as not corrected, and what follows it."""
    _ready(s)
    return next_block(s, now) if within_page(s) else page_spoilt(s, now)


# RNR and RR.


def not_ready(s: Session, frame: Frame, now: float) -> State:
    """RNR after PPS: RR, within T5 from the first (Annex A)."""
    return _ask_again(s, now, State.RR_SENT)


def not_ready_after_eor(s: Session, frame: Frame, now: float) -> State:
    """RNR after EOR."""
    return _ask_again(s, now, State.EOR_RR_SENT)


def _ready(s: Session) -> None:
    s.board.stop(Timer.T5)
    s.sending.busy_too_long = False
    s.line.stop_reply()


def _ask_again(s: Session, now: float, state: State) -> State:
    if s.sending.busy_too_long:
        return s.end(Outcome.RECEIVER_NOT_READY, now)
    if not s.board.running(Timer.T5):
        s.board.start(Timer.T5, now)
    s.tries = 0
    return send_rr(s, now, state)


def send_rr(s: Session, now: float, state: State) -> State:
    """RR: are you ready?"""
    s.tries += 1
    s.command(s.frame(Fcf.RR), now=now)
    return state


def rr_unanswered(s: Session, frame: Frame, now: float) -> State:
    """RR again, three times in all."""
    if s.tries >= s.settings.tries:
        return s.end(Outcome.NO_RESPONSE_TO_PPS, now)
    return send_rr(s, now, State.RR_SENT)


def rr_after_eor_unanswered(s: Session, frame: Frame, now: float) -> State:
    """RR again, after EOR."""
    if s.tries >= s.settings.tries:
        return s.end(Outcome.NO_RESPONSE_TO_PPS, now)
    return send_rr(s, now, State.EOR_RR_SENT)


def stayed_busy(s: Session, frame: Frame, now: float) -> None:
    """T5: the next RNR is one too many.  (DCN now would run into the answer to our RR.)"""
    s.sending.busy_too_long = True


_AFTER_BLOCK = (
    State.PARTIAL_PAGE_SENDING,
    State.DIS_AWAITED,
    State.DCN_SENT,
)
_AFTER_PPR = (State.PARTIAL_PAGE_SENDING, State.CTC_SENT, State.EOR_SENT)
_DCN = row(dcn_in_message, State.ENDED)
_INVALID = row(invalid_response, State.DCN_SENT)

TABLE: Table = {
    (State.PARTIAL_PAGE_SENDING, Input.SENT): row(partial_page_sent, State.DOUBT, State.PPS_SENT),
    (State.PPS_SENT, Input.NO_REPLY): row(pps_unanswered, State.PPS_SENT, State.DCN_SENT),
    (State.PPS_SENT, Fcf.CRP): row(pps_unanswered, State.PPS_SENT, State.DCN_SENT),
    (State.PPS_SENT, Fcf.MCF): row(block_confirmed, *_AFTER_BLOCK),
    (State.PPS_SENT, Fcf.PPR): row(frames_requested, *_AFTER_PPR),
    (State.PPS_SENT, Fcf.RNR): row(not_ready, State.RR_SENT),
    (State.PPS_SENT, Fcf.DCN): _DCN,
    (State.PPS_SENT, Input.UNKNOWN_FRAME): _INVALID,
    (State.RR_SENT, Input.NO_REPLY): row(rr_unanswered, State.RR_SENT, State.DCN_SENT),
    (State.RR_SENT, Fcf.CRP): row(rr_unanswered, State.RR_SENT, State.DCN_SENT),
    (State.RR_SENT, Fcf.RNR): row(not_ready, State.RR_SENT, State.DCN_SENT),
    (State.RR_SENT, Fcf.MCF): row(block_confirmed, *_AFTER_BLOCK),
    (State.RR_SENT, Fcf.PPR): row(frames_requested, *_AFTER_PPR),
    (State.RR_SENT, Input.T5): row(stayed_busy, State.RR_SENT),
    (State.RR_SENT, Fcf.DCN): _DCN,
    (State.RR_SENT, Input.UNKNOWN_FRAME): _INVALID,
    (State.CTC_SENT, Input.NO_REPLY): row(ctc_unanswered, State.CTC_SENT, State.DCN_SENT),
    (State.CTC_SENT, Fcf.CRP): row(ctc_unanswered, State.CTC_SENT, State.DCN_SENT),
    (State.CTC_SENT, Fcf.CTR): row(correction_goes_on, State.PARTIAL_PAGE_SENDING),
    (State.CTC_SENT, Fcf.DCN): _DCN,
    (State.CTC_SENT, Input.UNKNOWN_FRAME): _INVALID,
    (State.EOR_SENT, Input.NO_REPLY): row(eor_unanswered, State.EOR_SENT, State.DCN_SENT),
    (State.EOR_SENT, Fcf.CRP): row(eor_unanswered, State.EOR_SENT, State.DCN_SENT),
    (State.EOR_SENT, Fcf.ERR): row(given_up, *_AFTER_BLOCK),
    (State.EOR_SENT, Fcf.RNR): row(not_ready_after_eor, State.EOR_RR_SENT),
    (State.EOR_SENT, Fcf.DCN): _DCN,
    (State.EOR_SENT, Input.UNKNOWN_FRAME): _INVALID,
    (State.EOR_RR_SENT, Input.NO_REPLY): row(rr_after_eor_unanswered, State.EOR_RR_SENT, State.DCN_SENT),
    (State.EOR_RR_SENT, Fcf.CRP): row(rr_after_eor_unanswered, State.EOR_RR_SENT, State.DCN_SENT),
    (State.EOR_RR_SENT, Fcf.RNR): row(not_ready_after_eor, State.EOR_RR_SENT, State.DCN_SENT),
    (State.EOR_RR_SENT, Fcf.ERR): row(given_up, *_AFTER_BLOCK),
    (State.EOR_RR_SENT, Input.T5): row(stayed_busy, State.EOR_RR_SENT),
    (State.EOR_RR_SENT, Fcf.DCN): _DCN,
    (State.EOR_RR_SENT, Input.UNKNOWN_FRAME): _INVALID,
}
