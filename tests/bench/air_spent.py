"""What the seconds of a fax call on the virtual bearer are spent on: both ends are listened to, and each transmission
is taken apart.

What this module does not do: it judges nothing; the least that a call needs is in :mod:`.air_floor`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast
from unittest import mock

import msgspec

from sandf.callcontrol.media import Bearer, BearerKind, LineClock
from sandf.fmsp.provider import PUMPS
from sandf.fmsp.session import T30Bearer
from sandf.protocols.t30 import air, pump
from sandf.protocols.t30.frames import Fcf
from sandf.protocols.t30.pump import Modulation

_HEADER = 4
"""Octets of address, control, FCD and frame number before the data of an ECM frame."""
_LISTENING = (pump.ListenForFrames, pump.ListenForTraining, pump.ListenForPage, pump.Release)


class Spent(msgspec.Struct, kw_only=True):
    """Seconds of a call from the answer to the end of DCN, by what they were spent on."""

    silence: float = 0.0
    """Before CED."""
    ced: float = 0.0
    gaps: float = 0.0
    """Between carriers."""
    v21_preambles: float = 0.0
    """Flags in front of the first frame, the opening one among them."""
    v21_frames: float = 0.0
    """With FCS, inserted zeros, the flags between them and behind."""
    training: float = 0.0
    tcf: float = 0.0
    page: float = 0.0
    """The coded page, its EOFB or RTC."""
    fill: float = 0.0
    """Without ECM: in lines too short for the scan line time, and to the end of the last octet."""
    ecm_preambles: float = 0.0
    """Flags in front of the first frame of a partial page."""
    ecm_framing: float = 0.0
    """Flags, headers, FCS and inserted zeros of the frames of partial pages, and RCP."""
    ecm_padding: float = 0.0
    """From the end of the page to that of its last frame."""
    waiting: float = 0.0
    """Nothing is sent by either end, and no gap is kept."""

    @property
    def total(self) -> float:
        """All of it."""
        return sum(self.seconds().values())

    def seconds(self) -> dict[str, float]:
        """By name, in the order of this class."""
        return {name: float(getattr(self, name)) for name in self.__struct_fields__}


@dataclass(slots=True, kw_only=True)
class Sent:
    """A tone, a silence or a transmission of one end, with its times on the clock of the call."""

    command: pump.Command
    began: float
    ended: float
    """As :mod:`sandf.protocols.t30.air` has it, until its end is heard: who hears DCN clears before its last flag."""


class Tap:
    """Notes what both ends of one call send, and when."""

    def __init__(self) -> None:
        self.answered = 0.0
        """When the first end took the line."""
        self.sent: list[Sent] = []
        """What was sent, in the order in which it began."""
        self._begun = False

    @contextmanager
    def on_virtual_bearers(self) -> Iterator[None]:
        """Listen to every end that takes a virtual bearer meanwhile."""
        with mock.patch.dict(PUMPS, {BearerKind.VIRTUAL: self._tapped}):
            yield

    def frames(self) -> list[tuple[bytes, ...]]:
        """The V.21 frames of each turn."""
        return [sent.command.frames for sent in self.sent if isinstance(sent.command, pump.SendFrames)]

    @property
    def seconds(self) -> float:
        """From the answer to the end of the last frame, which is DCN."""
        return max(sent.ended for sent in self.sent if isinstance(sent.command, pump.SendFrames)) - self.answered

    def spent(self, page_octets: Iterable[int]) -> Spent:
        """What :attr:`seconds` went to; *page_octets* is how long each page is without fill."""
        over = self.answered + self.seconds
        counted = [sent for sent in self.sent if not _is_cng(sent.command) and sent.began < over]
        spent = Spent(waiting=self.seconds - _covered(counted))
        lengths = deque(page_octets)
        for sent, then in zip(counted, [*counted[1:], None], strict=True):
            _charge(spent, sent, then, lengths)
        return spent

    def _tapped(self, bearer: Bearer) -> T30Bearer:
        if not self._begun:
            self._begun, self.answered = True, bearer.clock.seconds()
        return _TappedEnd(cast(T30Bearer, bearer), self.sent)


class _TappedEnd:
    """A bearer that tells what passes."""

    def __init__(self, bearer: T30Bearer, sent: list[Sent]) -> None:
        self.clock: LineClock = bearer.clock
        self._bearer = bearer
        self._sent = sent
        self._busy: Sent | None = None

    def attach(self, receiver: Callable[[pump.Signal], None]) -> None:
        def heard(signal: pump.Signal) -> None:
            if isinstance(signal, pump.Transmitted) and self._busy is not None:
                self._busy.ended = self.clock.seconds()
                self._busy = None
            receiver(signal)

        self._bearer.attach(heard)

    def carry_out(self, command: pump.Command) -> None:
        if not isinstance(command, _LISTENING):
            now = self.clock.seconds()
            self._busy = Sent(command=command, began=now, ended=now + air.seconds(command))
            self._sent.append(self._busy)
        self._bearer.carry_out(command)


def _is_cng(command: pump.Command) -> bool:
    return isinstance(command, pump.SendTone) and command.tone is pump.Tone.CNG


def _covered(counted: Sequence[Sent]) -> float:
    """Seconds in which something was sent, or a gap kept; what both ends did at once counts once."""
    seconds, reached = 0.0, float("-inf")
    for sent in sorted(counted, key=lambda one: one.began):
        seconds += max(0.0, sent.ended - max(sent.began, reached))
        reached = max(reached, sent.ended)
    return seconds


def _charge(spent: Spent, sent: Sent, then: Sent | None, lengths: deque[int]) -> None:
    """Add the seconds of *sent*; *then* is what began after it."""
    seconds, command = sent.ended - sent.began, sent.command
    match command:
        case pump.SendTone():
            spent.ced += seconds
        case pump.SendSilence():
            if then is not None and isinstance(then.command, pump.SendTone):
                spent.silence += seconds
            else:
                spent.gaps += seconds
        case pump.SendFrames():
            preamble = air.V21_PREAMBLE + air.FLAG_BITS / Modulation.V21.bit_rate
            spent.v21_preambles += preamble
            spent.v21_frames += seconds - preamble
        case pump.SendTraining(modulation=modulation):
            training = air.training_seconds(modulation)
            spent.training += training
            spent.tcf += seconds - training
        case pump.SendPage(modulation=modulation, short_training=short):
            training = air.training_seconds(modulation, short=short)
            page = 8 * lengths.popleft() / modulation.bit_rate
            spent.training += training
            spent.page += page
            spent.fill += seconds - training - page
        case pump.SendPartialPage():
            _charge_partial_page(spent, command, seconds)


def _charge_partial_page(spent: Spent, command: pump.SendPartialPage, seconds: float) -> None:
    rate = command.modulation.bit_rate
    training = air.training_seconds(command.modulation, short=command.short_training)
    preamble = air.ECM_PREAMBLE + air.FLAG_BITS / rate
    data = [frame[_HEADER:] for frame in command.frames if frame[2] == Fcf.FCD]
    padding = 8 * (len(data[-1]) - len(data[-1].rstrip(b"\0"))) / rate
    page = 8 * sum(map(len, data)) / rate - padding
    spent.training += training
    spent.ecm_preambles += preamble
    spent.page += page
    spent.ecm_padding += padding
    spent.ecm_framing += seconds - training - preamble - page - padding
