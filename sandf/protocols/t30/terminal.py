"""A T.30 terminal: what FMSP drives.

It takes signals of a bearer's pump, the passing of time, and the host's answers; it gives commands for the pump and
events for the host.  One call, one terminal.  The charts are the tables of the ``phase_*`` modules; this class only
turns what happens into their inputs.

After any call drain :meth:`commands` and :meth:`events`, then re-arm one timer from :meth:`next_deadline`.

What this class does not do: it does not dial, answer or clear a call, and it cannot stop a transmission that is under
way (hang_up waits for its end; clear the bearer to be quicker).
"""

from __future__ import annotations

from . import (
    leaving,
    phase_b,
    phase_b_training,
    phase_c_receive,
    phase_c_receive_ecm,
    phase_c_transmit,
    phase_c_transmit_ecm,
    phase_d_interrupt,
    pump,
)
from .chart import Input, State, Table, Trigger
from .events import Ended, Event, FrameHeard, OutgoingPage, Progress, StateChanged
from .frames import NO_FRAME, Fcf, Frame, parse
from .negotiation import fits
from .outcomes import Outcome
from .pump import Modulation
from .session import Session
from .settings import Intention, Role, TerminalSettings
from .timers import Timer

TABLE: Table = {
    **phase_b.TABLE,
    **phase_b_training.TABLE,
    **phase_c_transmit.TABLE,
    **phase_c_transmit_ecm.TABLE,
    **phase_c_receive.TABLE,
    **phase_c_receive_ecm.TABLE,
    **phase_d_interrupt.TABLE,
}

_INPUT_OF_TIMER: dict[Timer, Input] = {
    Timer.T1: Input.T1,
    Timer.T2: Input.NO_REPLY,
    Timer.T3: Input.T3,
    Timer.T4: Input.NO_REPLY,
    Timer.T5: Input.T5,
    Timer.X_TCF: Input.NO_REPLY,
    Timer.X_DTC: Input.NO_REPLY,
    Timer.X_CNG: Input.CNG_DUE,
    Timer.X_RETRY: Input.NO_REPLY,
    Timer.X_STORE: Input.STORE_SLOW,
    Timer.X_NEXT: Input.NEXT_SLOW,
    Timer.X_HOST: Input.HOST_SLOW,
}
# Frames that stand before a command and say who is there.
_IDENTIFICATION = frozenset(
    {
        Fcf.CSI, Fcf.NSF, Fcf.CIG, Fcf.NSC, Fcf.PWD, Fcf.SEP, Fcf.PSA, Fcf.TSI, Fcf.NSS, Fcf.SUB, Fcf.SID,
    }
)  # fmt: skip
# After a damaged response these commands are repeated soon; DIS, DTC and DCS must let TCF or a long answer pass.
_RETRY_SOON = frozenset(
    {
        State.COMMAND_SENT, State.PPS_SENT, State.RR_SENT, State.CTC_SENT, State.EOR_SENT, State.EOR_RR_SENT,
    }
)  # fmt: skip
# Here the pump receives at the high speed, and hears V.21 beside it.
_HIGH_SPEED = frozenset({State.TCF_AWAITED, State.PAGE_ARRIVING, State.PAGE_AWAITED, State.PARTIAL_PAGE_AWAITED})
_RECEIVING = frozenset(
    {
        State.PAGE_AWAITED, State.PAGE_ARRIVING, State.COMMAND_AWAITED, State.STORING, State.PARTIAL_PAGE_AWAITED,
        State.STORING_ECM, State.RNR_SENT, State.EOM_ANSWERED,
    }
)  # fmt: skip
_SENDING = frozenset(
    {
        State.PAGE_SENDING, State.DOUBT, State.COMMAND_SENT, State.PARTIAL_PAGE_SENDING, State.PPS_SENT,
        State.RR_SENT, State.CTC_SENT, State.EOR_SENT, State.EOR_RR_SENT, State.DIS_AWAITED,
    }
)  # fmt: skip
MAX_IDENTIFICATIONS = 8
PROGRESS_OCTETS = 4096


class Terminal:
    """One end of one facsimile call."""

    def __init__(self, settings: TerminalSettings, *, role: Role, intention: Intention) -> None:
        """Nothing happens before :meth:`start`; ``now`` is in seconds of any clock that only goes forward."""
        self._session = Session(settings, role, intention)
        self._state = State.IDLE
        self._leaving: Outcome | None = None
        self._told = 0

    @property
    def state(self) -> State:
        """Where the terminal stands."""
        return self._state

    # The pump's side.

    def start(self, now: float) -> None:
        """Begin: the caller with CNG, the called terminal with CED and DIS."""
        self._dispatch(Input.STARTED, NO_FRAME, now)

    def receive_signal(self, signal: pump.Signal, now: float) -> None:
        """Something came from the pump.  Nothing that comes raises."""
        if self._state is State.ENDED:
            return
        match signal:
            case pump.FrameReceived(octets=octets, intact=intact):
                self._frame(octets, intact, now)
            case pump.DataReceived(octets=octets):
                self._data(octets, now)
            case pump.Transmitted():
                if self._session.line.transmitted(now):
                    self._sent(now)
            case pump.CarrierDetected(modulation=modulation):
                self._carrier_up(modulation, now)
            case pump.CarrierLost():
                self._carrier_lost(now)
            case pump.BearerLost():
                self._bearer_lost(now)
            case pump.ToneDetected():
                pass  # CED cannot be relied on, and CNG tells nothing that DIS would not.

    def handle_timer(self, now: float) -> None:
        """Time has passed: whatever is due happens."""
        s = self._session
        while (timer := s.board.expired(now)) is not None:
            if timer is Timer.X_QUIET:
                s.line.force(now)
            elif timer is Timer.X_FRAME:
                self._carrier_lost(now)  # flags without an end: as if they had gone
            elif timer is Timer.X_LINE:
                self.hang_up(now, Outcome.CARRIER_STUCK)
            elif timer is Timer.X_LEAVE:
                self._enter(s.end(self._leaving or Outcome.ABORTED, now), Input.HUNG_UP)
            else:
                self._dispatch(_INPUT_OF_TIMER[timer], NO_FRAME, now)

    def next_deadline(self) -> float | None:
        """When :meth:`handle_timer` is wanted next; None if nothing is timed."""
        return self._session.board.next_deadline()

    # The host's side.

    def page_ready(self, page: OutgoingPage, now: float) -> None:
        """The page of the latest PageWanted.  Raises ValueError if it does not have the form that was asked."""
        sending = self._session.sending
        if sending.offer is not None and not fits(page, sending.offer):
            raise ValueError(f"page {sending.asked} is {page.form}, which {sending.offer} does not allow")
        if sending.page is None and sending.asked <= sending.number:
            sending.page = page
        else:
            sending.following = page
        self._dispatch(Input.HOST, NO_FRAME, now)

    def page_finished(self, page: OutgoingPage, now: float) -> None:
        """A page given before is finished for other parameters now; one that is not at hand any more is no matter."""
        sending = self._session.sending
        if sending.page is not None and sending.page.octets is page.octets:
            sending.page = page
        if sending.following is not None and sending.following.octets is page.octets:
            sending.following = page

    def no_more_pages(self, now: float) -> None:
        """There is no page for the latest PageWanted: the one before it was the last."""
        self._session.sending.finished = True
        self._dispatch(Input.HOST, NO_FRAME, now)

    def pages_failed(self, now: float) -> None:
        """The page of the latest PageWanted cannot be had: the call ends, by DCN."""
        self.hang_up(now, Outcome.PAGES_FAILED)

    def page_in_doubt_committed(self, now: float) -> None:
        """PageInDoubt is on record: the command that may confirm the page can be sent."""
        self._session.sending.doubt_committed = True
        self._dispatch(Input.HOST, NO_FRAME, now)

    def page_stored(self, now: float) -> None:
        """The page of the latest PageReceived is safe: it may be confirmed."""
        self._session.receiving.stored = True
        self._dispatch(Input.HOST, NO_FRAME, now)

    def page_refused(self, now: float) -> None:
        """The page cannot be stored: the call ends by DCN, without MCF."""
        self.hang_up(now, Outcome.STORE_REFUSED)

    def request_operator(self, now: float) -> None:
        """Our operator wants the line: PRI-* with the next command, or PIP or PIN as the next response."""
        self._session.interrupt_wanted = True

    def continue_procedure(self, now: float) -> None:
        """Nobody wants the line: answers OperatorRequested."""
        self._dispatch(Input.T3, NO_FRAME, now)

    def interrupt(self, now: float) -> None:
        """The operator takes the line: answers OperatorRequested; T.30 ends with Outcome.OPERATOR."""
        self._dispatch(Input.OPERATOR, NO_FRAME, now)

    def hang_up(self, now: float, outcome: Outcome = Outcome.ABORTED) -> None:
        """End the call in order: DCN once the line is ours, then Release.

        A command of ours that is on its way is answered first, or DCN would meet that answer on the line; and a page
        that this answer confirms is confirmed.  That is waited for no longer than X leave, and not for one who asks
        again.
        """
        s = self._session
        if self._state in (State.DCN_SENT, State.ENDED):
            return
        if self._state is State.IDLE:
            self._enter(s.close(outcome), Input.HUNG_UP)
        elif s.line.transmitting:
            self._leaving = self._leaving or outcome
        elif self._leaving is None and self._response_due and s.line.far in (None, Modulation.V21):
            self._leaving = outcome
            s.board.start(Timer.X_LEAVE, now)
        else:
            self._enter(s.end(self._leaving or outcome, now), Input.HUNG_UP)

    @property
    def _response_due(self) -> bool:
        """Whether what comes next may confirm a page."""
        return self._session.line.awaiting and self._state in leaving.CONFIRMING

    # What comes out.

    def commands(self) -> list[pump.Command]:
        """The commands since the last call, in order."""
        line = self._session.line
        drained, line.commands = line.commands, []
        return drained

    def events(self) -> list[Event]:
        """The events since the last call, in order."""
        drained, self._session.events = self._session.events, []
        return drained

    # Inputs into the charts.

    def _dispatch(self, trigger: Trigger, frame: Frame, now: float) -> None:
        if self._leaving is not None and trigger is Fcf.DCN and self._state in leaving.CONFIRMING:
            self._enter(self._session.close(self._leaving), trigger)
            return
        if self._leaving is not None and leaving.line_is_free(self._session, self._state, trigger):
            outcome = leaving.last_heard(self._session, self._state, trigger, self._leaving)
            self._enter(self._session.end(outcome, now), Input.HUNG_UP)
            return
        row = TABLE.get((self._state, trigger))
        if row is None:
            return
        state = row.action(self._session, frame, now)
        if state is None and len(row.to) == 1:
            state = row.to[0]
        if state is not None:
            self._enter(state, trigger)

    def _enter(self, state: State, trigger: Trigger) -> None:
        s, before = self._session, self._state
        self._state = state
        timer = s.line.reply or s.board.next_timer()
        seconds = s.board.seconds(timer) if timer is not None else 0.0
        s.tell(StateChanged(state=before, trigger=trigger, next_state=state, timer=timer, seconds=seconds))
        if state is State.ENDED and before is not State.ENDED:
            assert s.outcome is not None
            s.tell(Ended(outcome=s.outcome))

    def _sent(self, now: float) -> None:
        s = self._session
        if self._state is State.DCN_SENT:
            assert s.outcome is not None
            self._enter(s.close(s.outcome), Input.SENT)
        else:
            if self._leaving is not None and s.line.awaiting:
                s.board.start(Timer.X_LEAVE, now)
            self._dispatch(Input.SENT, NO_FRAME, now)

    def _frame(self, octets: bytes, intact: bool, now: float) -> None:
        s, line = self._session, self._session.line
        if line.far is not None and line.far is not Modulation.V21:
            self._fast_frame(octets, intact, now)
            return
        line.frame_heard(now)
        s.receiving.command_heard = True
        s.tell(FrameHeard(now=now, octets=octets, intact=intact))
        if not intact:
            line.bad_frame = True
            return
        frame = parse(octets)
        if frame is None:
            return
        if frame.fcf in (Fcf.FCD, Fcf.RCP):
            self._fast_frame(octets, intact, now)
        elif frame.fcf in _IDENTIFICATION:
            fifs = s.far.heard.setdefault(frame.fcf, [])
            if len(fifs) < MAX_IDENTIFICATIONS:
                fifs.append(frame.fif)
        elif frame.fcf is None:
            if frame.final and s.settings.end_on_unknown_frame and not line.deaf:
                self._dispatch(Input.UNKNOWN_FRAME, frame, now)
        elif frame.fcf is Fcf.DCN or not line.deaf:
            self._dispatch(frame.fcf, frame, now)

    def _fast_frame(self, octets: bytes, intact: bool, now: float) -> None:
        """An ECM frame: this is the path that a page takes 250 times, so it goes round the chart."""
        s = self._session
        if s.board.running(Timer.X_LINE):
            s.board.start(Timer.X_LINE, now)
        parameters = s.receiving.parameters
        if (
            intact
            and len(octets) > 4
            and octets[2] == Fcf.FCD
            and self._state is State.PARTIAL_PAGE_AWAITED
            and parameters is not None
        ):
            block = s.receiving.block
            block.put(octets, parameters.frame_octets)
            self._progress(s.receiving.octets + block.octets_heard)

    def _data(self, octets: bytes, now: float) -> None:
        s = self._session
        if s.line.deaf or self._state not in _HIGH_SPEED:
            return
        if s.board.running(Timer.X_LINE):
            s.board.start(Timer.X_LINE, now)
        if self._state is State.PAGE_AWAITED:
            self._dispatch(Input.CARRIER_UP, NO_FRAME, now)
        receiving = s.receiving
        receiving.data.append(octets)
        receiving.octets += len(octets)
        if receiving.octets > s.settings.max_page_octets:
            self.hang_up(now, Outcome.STORE_REFUSED)
        elif self._state is State.PAGE_ARRIVING:
            if s.settings.judge is not None:
                s.settings.judge.feed(octets)
            self._progress(receiving.octets)
            if receiving.line_watch is not None and receiving.line_watch.feed(octets):
                self._dispatch(Input.LINE_TOO_LONG, NO_FRAME, now)

    def _progress(self, octets: int) -> None:
        """Tell of a page on its way in, every few thousand octets."""
        if not 0 <= octets - self._told < PROGRESS_OCTETS:
            self._told = octets
            self._session.tell(Progress(number=self._session.receiving.number, octets=octets, total=None))

    def _carrier_up(self, modulation: Modulation, now: float) -> None:
        line = self._session.line
        if modulation is Modulation.V21 and self._state is State.PAGE_ARRIVING:
            self._carrier_lost(now)  # of the page; nobody has said so
        line.carrier_up(modulation, now)
        if line.deaf:
            return
        if modulation is not Modulation.V21:
            self._dispatch(Input.CARRIER_UP, NO_FRAME, now)
        elif self._state in _HIGH_SPEED:
            line.divert()
        elif self._state is State.COMMAND_AWAITED and self._session.receiving.pause is None:
            self._session.receiving.pause = now - self._session.receiving.over_at

    def _carrier_lost(self, now: float) -> None:
        line, receiving = self._session.line, self._session.receiving
        slow = line.far is Modulation.V21
        if slow and self._state is State.COMMAND_AWAITED and not receiving.command_heard:
            receiving.pause = None  # flags without a frame were no command
        line.carrier_down(now, retry_soon=self._state in _RETRY_SOON)
        if not line.deaf:
            self._dispatch(Input.FLAGS_LOST if slow else Input.CARRIER_LOST, NO_FRAME, now)

    def _bearer_lost(self, now: float) -> None:
        s = self._session
        if self._state is State.EOP_ANSWERED:
            state = phase_c_receive.call_over(s, NO_FRAME, now)
        elif self._state is State.DIS_AWAITED and phase_c_transmit.nothing_owed(s):
            state = s.close(Outcome.COMPLETED)
        elif self._leaving is not None and self._state in leaving.CONFIRMING:
            state = s.close(self._leaving)
        elif self._state in _SENDING:
            state = s.close(Outcome.CLEARED_IN_MESSAGE)
        else:
            state = s.close(Outcome.CLEARED_IN_RECEPTION if self._state in _RECEIVING else Outcome.CALL_CLEARED)
        self._enter(state, Input.BEARER_LOST)
