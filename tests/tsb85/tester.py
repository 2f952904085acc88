"""The far machine: plays the steps of a procedure and asserts what the data wants to see at each.

Whatever the device sends must come when a step waits for it; what comes out of turn, or while the tester talks, fails
the procedure, tones excepted.

What this module does not do: ECM blocks are kept by :mod:`.pages`, timing is asserted by :mod:`.checks`.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from sandf.causes import Cause
from sandf.protocols.t4.form import Coding
from sandf.protocols.t30 import pump
from sandf.protocols.t30.capabilities import Parameters
from sandf.protocols.t30.frames import Fcf, build, name_of, parse
from sandf.protocols.t30.pump import Modulation

from . import checks
from .bearer import Heard, Line
from .device import Device
from .pages import IncomingPages, OutgoingPage
from .pictures import Picture, coded, pictures
from .procedures import Procedure, Repeat, Step

CED_SECONDS = 3.0
PREAMBLE_FLAGS = 37
POSTAMBLE_FLAGS = 5
IN_FRONT = {"DIS": ("NSF", "CSI"), "DTC": ("NSC", "CIG", "SEP", "PWD"), "DCS": ("NSS", "TSI", "SUB", "SID")}
"""Optional frames, and the command that they may stand in front of (T.30 5.3.6.1.1 to 5.3.6.1.3)."""
FAST_PREAMBLE_SECONDS = 0.2


class Tester:
    """Plays *procedure* on *line* against *device*; raises AssertionError where they differ."""

    def __init__(self, line: Line, device: Device, procedure: Procedure, cause: Cause | None) -> None:
        self.trace: list[str] = []
        """What was played and heard, for people."""
        self.seconds = 0.0
        """Seconds of the call, once it is played."""
        self._line = line
        self._device = device
        self._procedure = procedure
        self._cause = cause
        self._frame_octets = device.preparation.frame_octets
        self._kept: Heard | None = None
        self._before: Heard | None = None  # the one in front of the latest
        self._latest: Heard | None = None
        self._parameters: Parameters | None = None  # of the device's latest DCS
        self._incoming = IncomingPages(device.documents.pages)
        self._outgoing = OutgoingPage()
        self._plays: dict[tuple[str, str], Callable[[Step], Coroutine[Any, Any, None]]] = {
            ("", "CALL"): self._begin,
            ("", "ANSWER"): self._begin,
            ("", "WAIT"): self._wait,
            ("", "STATUS"): self._status,
            ("T", "SET"): self._nothing,
            ("R", "SET"): self._nothing,
            ("T", "CED"): self._send_ced,
            ("T", "PREAMBLE"): self._send_preamble,
            ("T", "HDLC"): self._send_frame,
            ("T", "POSTAMBLE"): self._send_postamble,
            ("T", "TCF"): self._send_tcf,
            ("T", "MSG"): self._send_page,
            ("T", "PP"): self._send_partial_page,
            ("T", "CLEAR"): self._clear,
            ("R", "CED"): self._see_tone,
            ("R", "CNG"): self._see_tone,
            ("R", "HDLC"): self._see_frame,
            ("R", "TCF"): self._see_tcf,
            ("R", "MSG"): self._see_page,
            ("R", "PP"): self._see_partial_page,
            ("R", "SILENCE"): self._see_silence,
            ("R", "CLEAR"): self._see_clear,
        }

    async def play(self) -> None:
        """The whole procedure."""
        for part in self._procedure.parts:
            if isinstance(part, Repeat):
                await self._repeat(part)
            else:
                await self._step(part)
        assert not self._line.collisions, self._line.collisions
        self.seconds = self._line.reactor.seconds()

    async def _step(self, step: Step) -> None:
        self._note(f"{step.direction or '-'} {step.kind} {step.tag} {step.value[:32]}")
        if step.direction == "R":
            self._line.drop_carrier()
        await self._plays[step.direction, step.kind](step)

    def _note(self, text: str) -> None:
        self.trace.append(f"{self._line.reactor.seconds():8.3f} {text}")

    async def _repeat(self, repeat: Repeat) -> None:
        first = repeat.steps[0]
        for count in range(repeat.most + 1):
            self._line.drop_carrier()
            heard = self._kept = await self._next(first)
            if not _matches(first, heard.octets):
                assert count >= repeat.least, f"{first.tag} {count} times, not {repeat.least} to {repeat.most}"
                return
            assert count < repeat.most, f"{first.tag} more than {repeat.most} times"
            for step in repeat.steps:
                await self._step(step)

    # Neither side.

    async def _nothing(self, step: Step) -> None:
        """Prepared beforehand."""

    async def _begin(self, step: Step) -> None:
        self._device.begin()

    async def _wait(self, step: Step) -> None:
        self._line.drop_carrier()
        await self._line.sleep(int(step.value) / 1000)
        heard = self._take()
        assert heard is None, f"the device spoke out of turn: {heard}"
        if self._line.released_at is not None and int(step.value) / 1000 > checks.T1[0]:
            checks.within("T1", self._line.released_at, checks.T1)

    async def _status(self, step: Step) -> None:
        cause = self._device.cause
        if cause is None:  # the data asks in the middle of a call: it has not failed
            assert step.value == "OK", f"{step.value}, and the call is not over"
            return
        assert cause is self._cause, f"{step.value} is wanted, {self._cause}, and the call ended as {cause}"

    # What the tester sends.

    async def _send_ced(self, step: Step) -> None:
        self._line.tone(pump.Tone.CED)
        await self._line.sleep(CED_SECONDS)

    async def _send_preamble(self, step: Step) -> None:
        modem = step.modem or Modulation.V21
        if modem is not self._line.carrier:
            self._line.raise_carrier(modem, short=modem.system == "V.17")
            if modem is not Modulation.V21:
                await self._line.sleep(self._line.training() + FAST_PREAMBLE_SECONDS)
                return
        await self._line.flags(int(step.value) if step.value else PREAMBLE_FLAGS)

    async def _send_frame(self, step: Step) -> None:
        if self._line.carrier is None:
            await self._send_preamble(Step(kind="PREAMBLE"))
        await self._line.frame(step.octets, intact=step.crc_error is None)
        if step.crc_error is None:
            self._outgoing.command(step.tag, step.octets)
            self._incoming.answered(step.tag, step.octets)

    async def _send_postamble(self, step: Step) -> None:
        await self._line.flags(int(step.value) if step.value else POSTAMBLE_FLAGS)

    async def _send_tcf(self, step: Step) -> None:
        assert step.modem is not None
        octets = bytes(int(step.value))
        self._line.raise_carrier(step.modem)
        await self._line.sleep(self._line.training())
        await self._line.data(b"\x55" * step.pattern + octets[step.pattern :])

    async def _send_page(self, step: Step) -> None:
        assert step.modem is not None
        rate = step.modem.bit_rate
        octets = coded(step.value, Coding.MH, min_bits=step.min_bits, bad_rows=step.bad_rows, bit_rate=rate)
        self._outgoing.page(octets, len(step.bad_rows))
        self._line.raise_carrier(step.modem, short=step.modem.system == "V.17")
        await self._line.sleep(self._line.training())
        await self._line.data(octets)

    async def _send_partial_page(self, step: Step) -> None:
        for frame, intact in self._outgoing.frames(step):
            await self._line.frame(frame, intact=intact)

    async def _clear(self, step: Step) -> None:
        self._line.clear()

    # What the tester must see.

    def _take(self) -> Heard | None:
        """What was heard next, without tones."""
        while (heard := self._kept or self._line.take()) is not None:
            self._kept = None
            if not isinstance(heard.command, pump.SendTone):
                return heard
            checks.tone(heard)
        return None

    async def _next(self, step: Step, *, tones: bool = False) -> Heard:
        until = self._line.reactor.seconds() + step.timeout
        while True:
            heard = self._line.take() if tones else self._take()
            if heard is not None:
                if heard is not self._latest:
                    self._before, self._latest = self._latest, heard
                return heard
            assert self._line.released_at is None, f"the device has hung up where {step.kind} {step.tag} is due"
            assert await self._line.change(until), f"no {step.kind} {step.tag} within {step.timeout} s"

    async def _see_tone(self, step: Step) -> None:
        heard = await self._next(step, tones=True)
        assert isinstance(heard.command, pump.SendTone) and heard.command.tone.value == step.kind, heard
        checks.tone(heard)

    async def _see_frame(self, step: Step) -> None:
        in_front: list[str] = []
        while True:
            heard = await self._next(step)
            self._note(f"  heard {name_of(heard.octets) if heard.octets else heard.command}")
            assert isinstance(heard.command, pump.SendFrames), f"{step.tag} is due, and there comes {heard.command}"
            self._look(heard)
            if heard.octets[1] == step.octets[1]:
                break
            in_front.append(name_of(heard.octets))
        assert _matches(step, heard.octets), f"{step.tag} is due, and there comes {heard.octets.hex(' ')}"
        allowed = IN_FRONT.get(name_of(heard.octets), ())
        assert set(in_front) <= set(allowed), f"{in_front} in front of {step.tag}"
        for check in step.checks:
            assertion = checks.assertion(check.description)
            assert assertion is not None, check
            if assertion.look is not None:
                assertion.look(heard)
        self._note_frame(step, heard)

    def _look(self, heard: Heard) -> None:
        """What is asserted of every frame."""
        if heard.first:
            checks.preamble(heard)
            checks.silence(heard, self._before)
            checks.timer(heard, self._before)
        if name_of(heard.octets) in ("DIS", "DTC"):
            can = self._device.preparation
            transmits = bool(can.documents) and not self._device.documents_sent
            receives = can.receives or name_of(heard.octets) == "DTC"
            checks.capabilities(heard, transmits=transmits, receives=receives, password=bool(can.password))

    def _note_frame(self, step: Step, heard: Heard) -> None:
        frame = parse(heard.octets)
        assert frame is not None
        if frame.fcf is Fcf.DCS:
            self._parameters = Parameters.parse(frame.fif)
        if step.tag.startswith("EOM"):
            self._device.documents.go_on()
        self._incoming.command(frame)
        if frame.fcf in (Fcf.MCF, Fcf.RTP, Fcf.RTN, Fcf.ERR):
            self._outgoing.answered(frame.fcf, self._device.received)

    async def _see_tcf(self, step: Step) -> None:
        heard = await self._next(step)
        assert isinstance(heard.command, pump.SendTraining), f"TCF is due, and there comes {heard.command}"
        assert heard.command.modulation is step.modem, f"TCF at {heard.command.modulation}, not {step.modem}"
        assert self._parameters is not None and self._parameters.modulation is step.modem, self._parameters
        checks.silence(heard, self._before)
        checks.training(heard)

    async def _see_page(self, step: Step) -> None:
        heard = await self._next(step)
        assert isinstance(heard.command, pump.SendPage), f"a page is due, and there comes {heard.command}"
        assert heard.command.modulation is step.modem, f"a page at {heard.command.modulation}, not {step.modem}"
        assert self._parameters is not None
        checks.silence(heard, self._before)
        checks.page(heard, self._parameters, self._named(step) or self._incoming.candidates)

    async def _see_partial_page(self, step: Step) -> None:
        heard = await self._next(step)
        assert isinstance(heard.command, pump.SendPartialPage), f"a page is due, and there comes {heard.command}"
        assert heard.command.modulation is step.modem, f"a page at {heard.command.modulation}, not {step.modem}"
        assert self._parameters is not None and self._parameters.frame_octets == self._frame_octets
        checks.silence(heard, self._before)
        self._incoming.partial_page(heard, self._parameters)

    def _named(self, step: Step) -> list[Picture]:
        return [pictures(step.value)[0]] if step.value else []

    async def _see_silence(self, step: Step) -> None:
        until = self._line.reactor.seconds() + step.timeout
        while self._line.device_sends:
            assert await self._line.change(until), "the device does not fall silent"

    async def _see_clear(self, step: Step) -> None:
        assert step.window is not None
        began = self._line.reactor.seconds()
        while self._line.released_at is None:
            assert await self._line.change(began + step.window[1]), "the device does not hang up"
        checks.within("hanging up", max(0.0, self._line.released_at - began), step.window)


def _matches(step: Step, octets: bytes) -> bool:
    if " or " in step.tag:
        return octets in [build(Fcf[name]) for name in step.tag.split(" or ")]
    return octets.startswith(step.octets) if step.open_ended else octets == step.octets
