"""Phases C and D of the receiver under error correction (T.30 Annex A, figures A.6 to A.8).

FCD frames fill a block whatever their order; PPS asks for the verdict on it; the last block of a page brings the page
to the host, and RNR goes out while the host stores it.

What this module does not do: it does not insist on the page and block counters of PPS (see :mod:`.ecm`).
"""

from __future__ import annotations

from dataclasses import replace

from . import pump
from .chart import Input, State, Table, row
from .ecm import IncomingBlock
from .events import Progress, SpeedChanged, Verdict
from .frames import Fcf, Frame, second_fcf
from .message import find_end
from .modems import MODULATION_OF_CODE
from .outcomes import Outcome
from .phase_b_training import dcs_received, repeat
from .phase_c_receive import answer, dcn_in_message, hand_over, invalid_command, no_page, page_stored, store_refused
from .session import Session
from .timers import Timer


def carrier_over(s: Session, frame: Frame, now: float) -> None:
    """The carrier is gone: T2 for PPS; where nothing came with it the partial page is still awaited."""
    listen = pump.ListenForFrames() if s.receiving.block.heard else s.listen_for_page()
    s.line.listen(listen, Timer.T2, now)


def no_pps(s: Session, frame: Frame, now: float) -> State:
    """T2: nothing, or a partial page without its PPS."""
    return s.end(Outcome.NO_COMMAND, now) if s.receiving.block.heard else no_page(s, frame, now)


def pps_received(s: Session, frame: Frame, now: float) -> State | None:
    """PPS: MCF, PPR, or the page goes to the host.  One that is too short or says nothing known is noise."""
    receiving, parameters = s.receiving, s.receiving.parameters
    command = second_fcf(frame.fif)
    if len(frame.fif) < 4 or command is None or command is Fcf.EOS:
        return None
    assert parameters is not None
    if receiving.answered and not receiving.block.heard and frame.fif[1:3] == receiving.answered_counters:
        return repeat_answer(s, now)
    block = receiving.block
    block.announced(frame.fif[3] + 1)
    block.drop_short(parameters.frame_octets)
    receiving.answered = receiving.long_training = False
    if not block.complete:
        return request_frames(s, now)
    receiving.answered_counters = frame.fif[1:3]
    _take_block(s)
    if command is Fcf.NULL:
        return block_taken(s, Fcf.MCF, now)
    return page_complete(s, command, Verdict.MCF, now)


def _take_block(s: Session) -> None:
    receiving = s.receiving
    octets = receiving.block.octets()
    receiving.data.append(octets)
    receiving.octets += len(octets)
    receiving.block = IncomingBlock()
    s.tell(Progress(number=receiving.number, octets=receiving.octets, total=None))


def block_taken(s: Session, response: Fcf, now: float) -> State:
    """MCF (or ERR) for a block within the page: the next one follows, unless the page is too large already."""
    receiving = s.receiving
    if receiving.octets > s.settings.max_page_octets:
        return s.end(Outcome.STORE_REFUSED, now)
    receiving.answered, receiving.answer = True, response
    receiving.command = Fcf.NULL
    s.line.send(pump.SendFrames(frames=(s.frame(response),)), listen=s.listen_for_page(), reply=Timer.T2, now=now)
    return State.PARTIAL_PAGE_AWAITED


def page_complete(s: Session, command: Fcf, verdict: Verdict, now: float) -> State:
    """Hand the page over, and be patient with the store for a moment."""
    s.line.stop_reply()
    assert s.receiving.parameters is not None
    ending = find_end(b"".join(s.receiving.data), s.receiving.parameters.form.coding)
    hand_over(s, command, ending, verdict, None)
    s.board.start(Timer.X_STORE, now)
    s.board.start(Timer.X_HOST, now)
    return State.STORING_ECM


def request_frames(s: Session, now: float) -> State:
    """PPR with what is missing; it comes at the high speed again."""
    bitmap = s.receiving.block.bitmap()
    s.line.send(
        pump.SendFrames(frames=(s.frame(Fcf.PPR, bitmap),)),
        listen=s.listen_for_page(),
        reply=Timer.T2,
        now=now,
    )
    return State.PARTIAL_PAGE_AWAITED


def repeat_answer(s: Session, now: float) -> State:
    """PPS or EOR came again: our answer was lost."""
    if s.receiving.command is Fcf.NULL:
        return block_taken(s, s.receiving.answer, now)
    return answer(s, now)


def eor_received(s: Session, frame: Frame, now: float) -> State | None:
    """EOR: take the block as it is, and say ERR."""
    receiving = s.receiving
    command = second_fcf(frame.fif)
    if command is None or command is Fcf.EOS:
        return None
    if receiving.answered and not receiving.block.heard and receiving.answer is Fcf.ERR:
        return repeat_answer(s, now)
    receiving.damaged = True
    receiving.answered_counters = b""
    _take_block(s)
    if command is Fcf.NULL:
        return block_taken(s, Fcf.ERR, now)
    return page_complete(s, command, Verdict.ERR, now)


def ctc_received(s: Session, frame: Frame, now: float) -> State | None:
    """CTC: the transmitter goes on at the rate it names, with long training: CTR."""
    receiving = s.receiving
    if len(frame.fif) < 2 or receiving.parameters is None:
        return None
    modulation = MODULATION_OF_CODE.get(frame.fif[1] >> 2 & 0x0F)
    if modulation is None:
        return None
    receiving.parameters = replace(receiving.parameters, modulation=modulation)
    receiving.long_training = True
    s.tell(SpeedChanged(modulation=modulation))
    s.line.send(pump.SendFrames(frames=(s.frame(Fcf.CTR),)), listen=s.listen_for_page(), reply=Timer.T2, now=now)
    return State.PARTIAL_PAGE_AWAITED


# RNR and RR.


def stored(s: Session, frame: Frame, now: float) -> State | None:
    """The host has stored the page before RNR was sent."""
    if not s.receiving.stored:
        return None
    return page_stored(s, now)


def store_slow(s: Session, frame: Frame, now: float) -> State:
    """The store takes its time: RNR, and T2 for RR."""
    s.board.stop(Timer.X_STORE)
    s.command(s.frame(Fcf.RNR), now=now, reply=Timer.T2)
    return State.RNR_SENT


def ready_asked(s: Session, frame: Frame, now: float) -> State:
    """RR, or PPS again: the answer if the page is stored by now, else RNR again."""
    if s.receiving.stored:
        return page_stored(s, now)
    return store_slow(s, frame, now)


def ready_asked_again(s: Session, frame: Frame, now: float) -> State | None:
    """RR again, after the answer that it has brought: that was lost.  With a partial page on its way it is noise."""
    if not s.receiving.answered or s.receiving.block.heard:
        return None
    return repeat_answer(s, now)


def no_rr(s: Session, frame: Frame, now: float) -> State:
    """T2: no RR came."""
    return s.end(Outcome.NO_COMMAND, now)


_ANSWERED = (
    State.PARTIAL_PAGE_AWAITED,
    State.EOM_ANSWERED,
    State.EOP_ANSWERED,
    State.DCS_AWAITED,
    State.OPERATOR_ALERTED_RX,
)
_AFTER_PPS = (
    State.PARTIAL_PAGE_AWAITED,
    State.STORING_ECM,
    State.EOM_ANSWERED,
    State.EOP_ANSWERED,
    State.DCN_SENT,
)
_DCN = row(dcn_in_message, State.ENDED)

TABLE: Table = {
    (State.PARTIAL_PAGE_AWAITED, Input.CARRIER_LOST): row(carrier_over, State.PARTIAL_PAGE_AWAITED),
    (State.PARTIAL_PAGE_AWAITED, Input.NO_REPLY): row(no_pps, State.DCN_SENT),
    (State.PARTIAL_PAGE_AWAITED, Fcf.PPS): row(pps_received, *_AFTER_PPS),
    (State.PARTIAL_PAGE_AWAITED, Fcf.EOR): row(eor_received, *_AFTER_PPS),
    (State.PARTIAL_PAGE_AWAITED, Fcf.RR): row(ready_asked_again, *_ANSWERED),
    (State.PARTIAL_PAGE_AWAITED, Fcf.CTC): row(ctc_received, State.PARTIAL_PAGE_AWAITED),
    (State.PARTIAL_PAGE_AWAITED, Fcf.DCS): row(dcs_received, State.TCF_AWAITED, State.DCN_SENT),
    (State.PARTIAL_PAGE_AWAITED, Fcf.CRP): row(repeat, State.PARTIAL_PAGE_AWAITED),
    (State.PARTIAL_PAGE_AWAITED, Fcf.DCN): _DCN,
    (State.PARTIAL_PAGE_AWAITED, Input.UNKNOWN_FRAME): row(invalid_command, State.ENDED),
    (State.STORING_ECM, Input.HOST): row(stored, *_ANSWERED),
    (State.STORING_ECM, Input.STORE_SLOW): row(store_slow, State.RNR_SENT),
    (State.STORING_ECM, Input.HOST_SLOW): row(store_refused, State.DCN_SENT),
    (State.STORING_ECM, Fcf.DCN): _DCN,
    (State.RNR_SENT, Fcf.RR): row(ready_asked, State.RNR_SENT, *_ANSWERED),
    (State.RNR_SENT, Fcf.PPS): row(ready_asked, State.RNR_SENT, *_ANSWERED),
    (State.RNR_SENT, Fcf.EOR): row(ready_asked, State.RNR_SENT, *_ANSWERED),
    (State.RNR_SENT, Fcf.CRP): row(repeat, State.RNR_SENT),
    (State.RNR_SENT, Input.NO_REPLY): row(no_rr, State.DCN_SENT),
    (State.RNR_SENT, Input.HOST_SLOW): row(store_refused, State.DCN_SENT),
    (State.RNR_SENT, Fcf.DCN): _DCN,
}
