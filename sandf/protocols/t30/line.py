"""The terminal's side of the half-duplex line: transmissions in turn, gaps between them, then listening.

A reply goes out only when the far carrier is gone and :attr:`.settings.TerminalSettings.gap` has passed (75 ms, give
or take 20: T.30 5.1, notes 3 and 4); a far carrier that will not go is waited for no longer than timer ``X quiet``.
After the last transmission the line listens, and the reply timer (T2 or T4) runs; it stands still while flags or frames
are heard (T.30 5.4.3.1) and starts anew if they came to nothing.

What this module does not do: it looks into no frame and knows no chart.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from . import pump
from .pump import Modulation
from .timers import Timer, TimerBoard

_REPLY_TIMERS = (Timer.T2, Timer.T4, Timer.X_DTC, Timer.X_TCF, Timer.X_RETRY)
_TRANSMISSIONS = (pump.SendFrames, pump.SendTraining, pump.SendPage, pump.SendPartialPage)


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn on the line: what is sent, what is listened for afterwards, and the timer for the reply."""

    transmissions: tuple[pump.Command, ...]
    listen: pump.Command | None
    reply: Timer | None


class Line:
    """What is being sent, and what is heard, without a look at the meaning of either."""

    def __init__(self, board: TimerBoard, gap: float, on_frames: Callable[[tuple[bytes, ...], float], None]) -> None:
        """*gap* is in seconds; *on_frames* is told of V.21 frames as they are given to the pump."""
        self._board = board
        self._gap = gap
        self._on_frames = on_frames
        self._listening: pump.Command | None = None
        self._diverted = False
        self._queue: deque[pump.Command] = deque()
        self._busy: pump.Command | None = None
        self._turn: Turn | None = None
        self._under_way = False
        self._reply: Timer | None = None
        self.commands: list[pump.Command] = []
        self.far: Modulation | None = None
        self.bad_frame = False

    @property
    def transmitting(self) -> bool:
        """Whether something that the far terminal may answer is on its way."""
        return isinstance(self._busy, _TRANSMISSIONS)

    @property
    def deaf(self) -> bool:
        """Whether frames heard now are not for us: something of ours is under way or about to be."""
        return self.transmitting or self._under_way

    @property
    def awaiting(self) -> bool:
        """Whether a reply is waited for."""
        return self._reply is not None

    @property
    def reply(self) -> Timer | None:
        """The timer of the reply that is waited for, or will be once the turn under way is sent."""
        return self._turn.reply if self._under_way and self._turn is not None else self._reply

    def send(
        self,
        *transmissions: pump.Command,
        listen: pump.Command | None,
        reply: Timer | None,
        now: float,
    ) -> None:
        """Send in turn, a gap before each, then *listen* and start *reply*."""
        self._turn = Turn(transmissions, listen, reply)
        self._start(now)

    def repeat(self, now: float) -> None:
        """Send the last turn again."""
        if self._turn is not None:
            self._start(now)

    def tone(self, tone: pump.Tone, seconds: float, *, now: float, silence: float = 0.0) -> None:
        """Send a tone, after some silence; frames are heard meanwhile."""
        if silence > 0.0:
            self._queue.append(pump.SendSilence(seconds=silence))
        self._queue.append(pump.SendTone(tone=tone, seconds=seconds))
        self._go(now)

    def _start(self, now: float) -> None:
        assert self._turn is not None
        self.stop_reply()
        self._queue = deque(command for command in self._queue if isinstance(command, pump.SendTone))
        for transmission in self._turn.transmissions:
            if not isinstance(transmission, pump.SendSilence):
                self._queue.append(pump.SendSilence(seconds=self._gap))
            self._queue.append(transmission)
        self._under_way = True
        self._go(now)

    def _go(self, now: float) -> None:
        if self._busy is not None or not self._queue:
            return
        if self.far is not None:
            self._board.start(Timer.X_QUIET, now)
            return
        self._next(now)

    def _next(self, now: float) -> None:
        self._busy = command = self._queue.popleft()
        self.commands.append(command)
        if isinstance(command, pump.SendFrames):
            self._on_frames(command.frames, now)

    def transmitted(self, now: float) -> bool:
        """The pump has sent one; True if that was the last of a turn, and the line listens again."""
        if self._busy is None:
            return False
        self._busy = None
        if self._queue:
            # Within a turn the line is ours.
            self._next(now)
            return False
        if not self._under_way:
            self.commands.append(pump.ListenForFrames())
            return False
        self._under_way = False
        if self._turn is not None and self._turn.listen is not None:
            self.listen(self._turn.listen, self._turn.reply, now)
        return True

    def listen(self, command: pump.Command, reply: Timer | None, now: float) -> None:
        """Listen, and start the reply timer unless the far terminal is already heard."""
        self.bad_frame = self._diverted = False
        self._listening = command
        self.commands.append(command)
        self.stop_reply()
        self._reply = reply
        if reply is not None and self.far is None:
            self._board.start(reply, now)
        elif reply is not None:
            self._board.start(Timer.X_FRAME, now)

    def divert(self) -> None:
        """V.21 is heard where a high-speed carrier was expected: listen to that."""
        self._diverted = True
        self.commands.append(pump.ListenForFrames())

    def stop_reply(self) -> None:
        """No reply is waited for any more."""
        self._board.stop(*_REPLY_TIMERS, Timer.X_FRAME)
        self._reply = None

    def carrier_up(self, modulation: Modulation, now: float) -> None:
        """The far carrier is heard: the reply timer stands still."""
        self.far = modulation
        self._board.stop(*_REPLY_TIMERS)
        if modulation is Modulation.V21:
            self.bad_frame = False
            self._board.start(Timer.X_FRAME, now)
        else:
            self._board.stop(Timer.X_FRAME)
            self._board.start(Timer.X_LINE, now)

    def frame_heard(self, now: float) -> None:
        """A frame came: there may be more behind it."""
        if self._board.running(Timer.X_FRAME):
            self._board.start(Timer.X_FRAME, now)

    def carrier_down(self, now: float, *, retry_soon: bool) -> None:
        """The far carrier is gone: send what waits for that, or wait on for a reply."""
        self.far = None
        self._board.stop(Timer.X_FRAME, Timer.X_LINE, Timer.X_QUIET)
        if self._queue:
            self._go(now)
        elif self._reply is not None:
            if self._diverted and self._listening is not None:
                self._diverted = False
                self.commands.append(self._listening)
            self._board.start(Timer.X_RETRY if retry_soon and self.bad_frame else self._reply, now)

    def force(self, now: float) -> None:
        """Send although the far carrier is still there."""
        self.far = None
        self._go(now)

    def drop(self) -> None:
        """Forget what has not begun to be sent."""
        self._queue.clear()
        self._under_way = False
        self._turn = None
        self.stop_reply()
