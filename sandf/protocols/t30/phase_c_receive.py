"""Phases C and D of the receiver without error correction, and what it shares with ECM: a page is handed to the host,
and answered only when the host says that it is stored (T.30 5.3.6.1.6, 5.3.6.1.7, figure 5-2b).

Without ECM nothing can be said while the host stores: the answer waits, and the far terminal repeats its command.

What this module does not do: it decodes no picture; bad lines are counted by the judge of the settings.  A page that
got RTN is handed over too (the far terminal may never send it again); the host is told by its verdict.
"""

from __future__ import annotations

from . import pump
from .chart import Input, State, Table, row
from .events import OperatorRequested, PageReceived, Progress, Verdict
from .frames import PLAIN_OF, Fcf, Frame
from .message import Ending, find_end
from .outcomes import Outcome
from .phase_b import capabilities_received, poll, send_dis
from .phase_b_training import dcs_received, repeat
from .scan_line import LineWatch
from .session import Session
from .settings import CopyQuality, Role
from .timers import Timer

ANSWER_OF = {
    Verdict.MCF: Fcf.MCF,
    Verdict.RTP: Fcf.RTP,
    Verdict.RTN: Fcf.RTN,
    Verdict.PIP: Fcf.PIP,
    Verdict.PIN: Fcf.PIN,
    Verdict.ERR: Fcf.ERR,
}
REJECTED = (Verdict.RTN, Verdict.PIN)
"""With these the page is to come again."""
COMMANDS = (Fcf.MPS, Fcf.EOM, Fcf.EOP, Fcf.PRI_MPS, Fcf.PRI_EOM, Fcf.PRI_EOP)
# The longest T4, 1.15 s of preamble, the frame, and something for a slow line.
REPEATED_WITHIN = 3.45 + 1.15 + 0.2 + 0.6
WITH_OPERATOR = {
    Verdict.MCF: Verdict.PIP,
    Verdict.RTP: Verdict.PIP,
    Verdict.RTN: Verdict.PIN,
    Verdict.ERR: Verdict.PIN,
    Verdict.PIP: Verdict.PIP,
    Verdict.PIN: Verdict.PIN,
}


# The page comes in.


def answer_sent(s: Session, frame: Frame, now: float) -> None:
    """Our answer (or CFR) has left."""
    s.receiving.answered_at, s.receiving.put_off = now, False


def command_missed(s: Session, frame: Frame, now: float) -> None:
    """V.21 was heard, and no frame understood: a repeated command perhaps, which will come again.  Once is enough."""
    receiving = s.receiving
    if receiving.answered and not receiving.put_off and now - receiving.answered_at <= REPEATED_WITHIN:
        receiving.answered_at, receiving.put_off = now, True


def invalid_command(s: Session, frame: Frame, now: float) -> State:
    """A well-formed frame that is no command (figure 5-2b: the line is given up)."""
    return s.close(Outcome.INVALID_COMMAND)


def page_begins(s: Session, frame: Frame, now: float) -> None:
    """The high-speed carrier is up."""
    receiving = s.receiving
    assert receiving.parameters is not None
    receiving.answered = False
    receiving.line_watch = LineWatch(round(s.settings.longest_scan_line * receiving.parameters.modulation.bit_rate))
    if s.settings.judge is not None:
        s.settings.judge.begin(receiving.parameters)


def page_over(s: Session, frame: Frame, now: float) -> State:
    """The carrier is gone: T2 for the post-message command.  A carrier without data was no page."""
    if not s.receiving.data:
        s.line.listen(s.listen_for_page(), Timer.T2, now)
        return State.PAGE_AWAITED
    s.receiving.over_at, s.receiving.pause, s.receiving.command_heard = now, None, False
    s.tell(Progress(number=s.receiving.number, octets=s.receiving.octets, total=None))
    s.line.listen(pump.ListenForFrames(), Timer.T2, now)
    return State.COMMAND_AWAITED


def line_too_long(s: Session, frame: Frame, now: float) -> State:
    """A scan line that lasts too long: the line is given up (T.4 3.2)."""
    return s.close(Outcome.NO_END_OF_LINE)


def no_page(s: Session, frame: Frame, now: float) -> State:
    """T2: neither page nor command; after PIP the far operator did not go on."""
    interrupted = s.receiving.answered and s.receiving.answer is Fcf.PIP
    return s.end(Outcome.INTERRUPTED_IN_RECEPTION if interrupted else Outcome.NO_PAGE, now)


def no_command(s: Session, frame: Frame, now: float) -> State:
    """T2: the page came, its command did not."""
    return s.end(Outcome.NO_COMMAND, now)


def judge(s: Session) -> tuple[Verdict, CopyQuality | None]:
    """MCF, RTP or RTN by the share of bad rows and the longest run of them."""
    settings = s.settings
    if settings.judge is None:
        return Verdict.MCF, None
    quality = settings.judge.judge()
    share = quality.bad_rows / quality.rows if quality.rows else 1.0
    run = settings.longest_bad_run
    if share >= settings.rtn_share or (run is not None and quality.longest_bad_run > run):
        return Verdict.RTN, quality
    return (Verdict.RTP if share >= settings.rtp_share else Verdict.MCF), quality


def command_received(s: Session, frame: Frame, now: float) -> State:
    """MPS, EOM or EOP after a page: judge it and hand it over.

    The carrier may have dropped in the middle of the page: then there is no RTC, and V.21 takes as long to come up as
    the rest of the page.  Where only RTC is missing (some gateways cut it) V.21 comes up at once.
    """
    receiving = s.receiving
    assert receiving.parameters is not None
    ending = find_end(b"".join(receiving.data), receiving.parameters.form.coding)
    verdict, quality = judge(s)
    pause = now - receiving.over_at if receiving.pause is None else receiving.pause
    if not ending.complete and pause > s.settings.cut_off_after:
        verdict = Verdict.RTN
    hand_over(s, frame.fcf, ending, verdict, quality)
    s.line.stop_reply()
    s.board.start(Timer.X_HOST, now)
    return State.STORING


def hand_over(s: Session, command: Fcf | None, ending: Ending, verdict: Verdict, quality: CopyQuality | None) -> None:
    """Tell the host of the page; *command* is what ended it."""
    receiving, parameters = s.receiving, s.receiving.parameters
    assert parameters is not None and command is not None
    receiving.command = PLAIN_OF.get(command, command)
    receiving.interrupted = command in PLAIN_OF
    receiving.verdict = verdict
    receiving.stored = False
    receiving.data = []
    receiving.octets = 0
    s.tell(
        PageReceived(
            number=receiving.number,
            octets=ending.octets,
            parameters=parameters,
            complete=ending.complete,
            quality=quality,
            verdict=verdict,
            damaged=receiving.damaged or bool(quality and quality.bad_rows),
            more=receiving.command is not Fcf.EOP,
            after_rejected=receiving.after_rejected,
        )
    )
    receiving.spoilt, receiving.damaged = receiving.damaged, False


def page_missing(s: Session, frame: Frame, now: float) -> State:
    """A command where a page should be: the one before repeated, or the page was lost (RTN).

    Nothing in the frame tells which.  A repeated command comes within T4 and a frame's time of our answer; a later
    one ends a page of which we heard nothing, and must not be confirmed.
    """
    if is_repeated(s, frame) and now - s.receiving.answered_at <= REPEATED_WITHIN:
        return answer(s, now)
    return page_lost(s, frame, now)


def is_repeated(s: Session, frame: Frame) -> bool:
    """Whether the command is the one that was answered last, and nothing came since."""
    return s.receiving.answered and PLAIN_OF.get(frame.fcf or Fcf.NULL, frame.fcf) is s.receiving.command


def page_lost(s: Session, frame: Frame, now: float) -> State:
    """RTN for a page of which nothing was heard."""
    s.receiving.command = PLAIN_OF.get(frame.fcf or Fcf.NULL, frame.fcf)
    s.receiving.verdict = Verdict.RTN
    s.receiving.after_rejected = True
    return answer(s, now)


# The answer.


def host_answered(s: Session, frame: Frame, now: float) -> State | None:
    """The page is stored: say so."""
    if not s.receiving.stored:
        return None
    return page_stored(s, now)


def page_stored(s: Session, now: float) -> State:
    """The page counts as received: answer, or ask the operator first if PRI-* asked for one."""
    s.board.stop(Timer.X_HOST, Timer.X_STORE)
    ask = s.receiving.interrupted and s.settings.operator
    if s.interrupt_wanted and not ask:
        # Our own operator wants the line: PIP or PIN instead of MCF or RTN, once.
        s.interrupt_wanted = False
        s.receiving.verdict = WITH_OPERATOR[s.receiving.verdict]
    count_page(s)
    if ask:
        s.tell(OperatorRequested())
        s.board.start(Timer.T3, now)
        return State.OPERATOR_ALERTED_RX
    return answer(s, now)


def count_page(s: Session) -> None:
    """The page now counts as received, or as one that is to come again."""
    receiving = s.receiving
    rejected = receiving.verdict in REJECTED
    receiving.stored = False
    receiving.after_rejected = rejected
    receiving.confirmed += not rejected
    receiving.lost = receiving.lost or (receiving.spoilt and not rejected)
    receiving.number += 1


def answer(s: Session, now: float) -> State:
    """Send the response to the post-message command, and listen for what it brings.

    RTP and PIP ask for a new DCS before the next page.  Some transmitters take them for MCF and send it at once: it is
    listened for, or its post-message command would pass for the one before, repeated.
    """
    receiving = s.receiving
    receiving.answered = True
    receiving.answer = ANSWER_OF[receiving.verdict]
    response = pump.SendFrames(frames=(s.frame(receiving.answer),))
    next_page = receiving.command is Fcf.MPS and receiving.verdict not in REJECTED
    listen = s.listen_for_page() if next_page else pump.ListenForFrames()
    s.line.send(response, listen=listen, reply=Timer.T2, now=now)
    if next_page:
        assert receiving.parameters is not None
        return State.PARTIAL_PAGE_AWAITED if receiving.parameters.ecm else State.PAGE_AWAITED
    if receiving.command is Fcf.EOM:
        return State.EOM_ANSWERED
    return State.EOP_ANSWERED if receiving.command is Fcf.EOP else State.DCS_AWAITED


def answer_again(s: Session, frame: Frame, now: float) -> State | None:
    """The command came again: our answer was lost.  Another command ends a page of which we heard nothing."""
    return answer(s, now) if is_repeated(s, frame) else page_lost(s, frame, now)


def answer_ecm_again(s: Session, frame: Frame, now: float) -> State | None:
    """PPS, EOR or RR came again behind their answer; with nothing answered, or other counters, it is noise."""
    receiving, pps = s.receiving, frame.fcf is Fcf.PPS
    if not receiving.answered or (pps and (len(frame.fif) < 4 or frame.fif[1:3] != receiving.answered_counters)):
        return None
    return answer(s, now)


def store_refused(s: Session, frame: Frame, now: float) -> State:
    """The host could not store the page: it must not be confirmed."""
    return s.end(Outcome.STORE_REFUSED, now)


# After EOM and EOP.


def phase_b_again(s: Session, frame: Frame, now: float) -> State:
    """T2 after the answer to EOM: back to phase B (figure 5-2b)."""
    s.board.start(Timer.T1, now)
    s.receiving.parameters = None
    s.tries = 0
    if s.role is Role.CALLER:
        return poll(s, frame, now)
    s.x = False
    send_dis(s, frame, now)
    return State.DIS_SENT


def call_over(s: Session, frame: Frame, now: float) -> State:
    """DCN after the answer to EOP; or none came: the document is complete all the same."""
    rejected = s.receiving.verdict in REJECTED
    return s.close(Outcome.REJECTED_PAGE_NOT_REPEATED if rejected else Outcome.COMPLETED)


def dcn_after_eom(s: Session, frame: Frame, now: float) -> State:
    """DCN after the answer to EOM: what was announced does not come."""
    return s.close(Outcome.DCN_IN_RECEPTION)


def dcn_in_message(s: Session, frame: Frame, now: float) -> State:
    """DCN where a page or a command was expected."""
    return s.close(Outcome.DCN_IN_RECEPTION)


_ANSWERED = (State.PAGE_AWAITED, State.PARTIAL_PAGE_AWAITED, State.EOM_ANSWERED, State.EOP_ANSWERED, State.DCS_AWAITED)
_DCN = row(dcn_in_message, State.ENDED)
_DCS = row(dcs_received, State.TCF_AWAITED, State.DCN_SENT)

TABLE: Table = {
    (State.PAGE_AWAITED, Input.SENT): row(answer_sent, State.PAGE_AWAITED),
    (State.PAGE_AWAITED, Input.FLAGS_LOST): row(command_missed, State.PAGE_AWAITED),
    (State.PAGE_AWAITED, Input.UNKNOWN_FRAME): row(invalid_command, State.ENDED),
    (State.COMMAND_AWAITED, Input.UNKNOWN_FRAME): row(invalid_command, State.ENDED),
    (State.PAGE_AWAITED, Input.CARRIER_UP): row(page_begins, State.PAGE_ARRIVING),
    (State.PAGE_AWAITED, Input.NO_REPLY): row(no_page, State.DCN_SENT),
    (State.PAGE_AWAITED, Fcf.DCS): _DCS,
    (State.PAGE_AWAITED, Fcf.CRP): row(repeat, State.PAGE_AWAITED),
    (State.PAGE_AWAITED, Fcf.DCN): _DCN,
    (State.PAGE_ARRIVING, Input.CARRIER_LOST): row(page_over, State.COMMAND_AWAITED, State.PAGE_AWAITED),
    (State.PAGE_ARRIVING, Input.NO_REPLY): row(no_page, State.DCN_SENT),
    (State.PAGE_ARRIVING, Input.LINE_TOO_LONG): row(line_too_long, State.ENDED),
    (State.PAGE_ARRIVING, Fcf.DCN): _DCN,
    (State.COMMAND_AWAITED, Input.NO_REPLY): row(no_command, State.DCN_SENT),
    (State.COMMAND_AWAITED, Fcf.DCS): _DCS,
    (State.COMMAND_AWAITED, Fcf.DCN): _DCN,
    (State.STORING, Input.HOST): row(host_answered, *_ANSWERED, State.OPERATOR_ALERTED_RX),
    (State.STORING, Input.HOST_SLOW): row(store_refused, State.DCN_SENT),
    (State.STORING, Fcf.DCN): _DCN,
    (State.EOM_ANSWERED, Input.NO_REPLY): row(phase_b_again, State.DIS_SENT, State.DTC_SENT, State.DCN_SENT),
    (State.EOM_ANSWERED, Fcf.DCS): _DCS,
    (State.EOM_ANSWERED, Fcf.DTC): row(capabilities_received, State.PAGE_WANTED, State.DCS_SENT, State.DCN_SENT),
    (State.EOM_ANSWERED, Fcf.DIS): row(
        capabilities_received, State.PAGE_WANTED, State.DCS_SENT, State.DTC_SENT, State.DCN_SENT
    ),
    (State.EOM_ANSWERED, Fcf.CRP): row(repeat, State.EOM_ANSWERED),
    (State.EOM_ANSWERED, Fcf.DCN): row(dcn_after_eom, State.ENDED),
    (State.EOP_ANSWERED, Input.NO_REPLY): row(call_over, State.ENDED),
    (State.EOP_ANSWERED, Fcf.DCS): _DCS,
    (State.EOP_ANSWERED, Fcf.CRP): row(repeat, State.EOP_ANSWERED),
    (State.EOP_ANSWERED, Fcf.DCN): row(call_over, State.ENDED),
}
for _command in COMMANDS:
    TABLE[State.PAGE_AWAITED, _command] = row(page_missing, *_ANSWERED)
    TABLE[State.COMMAND_AWAITED, _command] = row(command_received, State.STORING)
    for _state in (State.EOM_ANSWERED, State.EOP_ANSWERED, State.DCS_AWAITED):
        TABLE[_state, _command] = row(answer_again, *_ANSWERED)
for _state in (State.EOM_ANSWERED, State.EOP_ANSWERED, State.DCS_AWAITED):
    for _command in (Fcf.PPS, Fcf.EOR, Fcf.RR):
        TABLE[_state, _command] = row(answer_ecm_again, *_ANSWERED)
