"""One procedure from its preparation to its end, in virtual time.

What this module does not do: it collects no results; see :mod:`tests.tsb85.test_procedures`.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from sandf.protocols.t30.settings import Role

from .bearer import Line
from .device import Device, Preparation
from .procedures import Procedure
from .readings import READINGS
from .statuses import cause_of
from .tester import Tester

LONGEST = 3600.0
"""Seconds of virtual time; nothing lasts so long."""
AFTERMATH = 120.0
"""Seconds in which nothing may happen any more."""


def preparation(procedure: Procedure) -> Preparation:
    """How the device is set up: what the data sets, and what a reading asks for."""
    reading = READINGS.get(procedure.name)
    first = procedure.parts[0]
    steps = list(procedure.steps())
    of_set = {(step.direction, step.tag): step.value for step in steps if step.kind == "SET"}
    documents = [step.value for step in steps if step.kind in ("CALL", "ANSWER") and step.value]
    documents += [reading.document] if reading and reading.document else []
    documents += [step.value for step in steps if step.tag == "TXFILE"]
    called = getattr(first, "kind", "") == "CALL"
    sizes = {step.frame_octets for step in steps if step.kind == "PP" and step.direction == "R"}
    return Preparation(
        role=Role.CALLED if called else Role.CALLER,
        documents=tuple(documents),
        receives=called or ("T", "RXFILE") in of_set,
        ident=of_set.get(("T", "IDENT"), ""),
        password=of_set.get(("R", "PWD"), of_set.get(("T", "PWD"), "")),
        frame_octets=reading.frame_octets if reading and reading.frame_octets else sizes.pop() if sizes else 256,
        settings=dict(reading.settings) if reading else {},
    )


def play(procedure: Procedure) -> Tester:
    """Play it; raises AssertionError where the device does not do what the data wants, with the trace so far."""
    reactor = Clock()
    line = Line(reactor)
    device = Device(line, preparation(procedure))
    reading = READINGS.get(procedure.name)
    cause = reading.cause if reading and reading.cause else cause_of(procedure)
    tester = Tester(line, device, procedure, cause)
    playing = Deferred.fromCoroutine(tester.play())
    failures: list[Failure] = []
    playing.addErrback(failures.append)
    _run(reactor, playing)
    if failures:
        raise AssertionError("\n".join([failures[0].getErrorMessage(), *tester.trace])) from failures[0].value
    _end(reactor, line, device)
    return tester


def _run(reactor: Clock, playing: Deferred[None]) -> None:
    while not playing.called:
        waiting = reactor.getDelayedCalls()
        assert waiting, "nothing is left to happen"
        reactor.advance(max(0.0, min(call.getTime() for call in waiting) - reactor.seconds()))
        assert reactor.seconds() < LONGEST


def _end(reactor: Clock, line: Line, device: Device) -> None:
    """Where the data leaves the call up it is cleared; then nothing is left."""
    if line.released_at is None:
        line.clear()
    reactor.pump([1.0] * int(AFTERMATH))
    assert device.outcome is not None, "the device does not end"
    assert not reactor.getDelayedCalls(), reactor.getDelayedCalls()
