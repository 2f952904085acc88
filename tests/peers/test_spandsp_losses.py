"""Calls with libspandsp2 in which one thing does not arrive: each packet and each whole frame, of either end, in turn.

Every such call ends well, with all pages exact, but for two kinds: without error correction a lost piece of a page
damages it, and :data:`OF_LIBSPANDSP2` says what libspandsp2 does not get over.  No page is ever confirmed that is not
there.

Known gap: a piece that is lost at a page's end, RTC and all, takes rows away that nobody counts as bad.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from sandf.callcontrol.media import Page
from sandf.fmsp.settings import FaxSettings
from sandf.protocols.t4.bits import REVERSED
from sandf.protocols.t4.form import Coding
from sandf.protocols.t30.frames import name_of
from sandf.protocols.t30.outcomes import Outcome
from sandf.protocols.t38.ifp import DataType, FieldType, Indicator, Packet
from tests.peers.spandsp import MISSING
from tests.peers.spandsp_calls import Call, Lost, exact_here, exact_there
from tests.peers.spandsp_matrix import drawn

PICTURES = [drawn(0, 1728, 40), drawn(1, 1728, 60)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """How a call ends for us if one of *things* is lost, of *ours* or of libspandsp2's; *ecm* is None for any call."""

    things: tuple[str, ...]
    ours: bool
    outcome: Outcome
    reason: str
    ecm: bool | None = None


OF_LIBSPANDSP2 = (
    Departure(
        things=("end of TCF",),
        ours=True,
        outcome=Outcome.NO_RESPONSE_TO_DCS,
        reason="it waits for the end of TCF for ever, and takes no other DCS (process_state_f_tcf); figure 5-2b: FTT",
    ),
    Departure(
        things=tuple(f"{part} of {name}" for part in ("end", "whole") for name in ("MPS", "EOP", "PPS-MPS", "PPS-EOP")),
        ours=True,
        outcome=Outcome.DCN_IN_MESSAGE,
        reason="it ends when flags end without a frame (timer_t2b_expired); figure 5-2b goes on listening until T2",
    ),
    Departure(
        things=("MCF 2", "end of MCF 2", "whole of MCF 2"),
        ours=False,
        ecm=True,
        outcome=Outcome.DCN_IN_MESSAGE,
        reason="it takes no PPS-EOP again after its MCF (process_state_f_post_rcp_mcf); figure A.8 repeats the answer",
    ),
    Departure(
        things=("DCN", "end of DCN", "whole of DCN"),
        ours=True,
        outcome=Outcome.COMPLETED,
        reason="it takes a call without DCN for failed, or waits for ever, though it has confirmed the last page",
    ),
)


class Recorder:
    """Loses nothing, and keeps what passes."""

    def __init__(self) -> None:
        self.packets: dict[bool, list[Packet]] = {True: [], False: []}

    def __call__(self, ours: bool, packet: Packet) -> bool:
        self.packets[ours].append(packet)
        return False


class Losing:
    """Loses those of one end's packets that have these *numbers*, 0 on."""

    def __init__(self, ours: bool, numbers: range) -> None:
        self._ours, self._numbers = ours, numbers
        self._number = -1

    def __call__(self, ours: bool, packet: Packet) -> bool:
        self._number += ours is self._ours
        return ours is self._ours and self._number in self._numbers


def things(packets: list[Packet]) -> Iterator[tuple[str, range]]:
    """What *packets* are, one by one, and their frames as wholes; a name that comes again is numbered."""
    seen: Counter[str] = Counter()
    begun, octets, page = 0, b"", False
    for number, packet in enumerate(packets):
        if isinstance(packet, Indicator):
            yield packet.name, range(number, number + 1)
            begun, octets = number + 1, b""
            continue
        field = packet.fields[-1]
        if packet.fields[0].type is FieldType.HDLC_DATA:
            octets += packet.fields[0].octets.translate(REVERSED)
        if field.type is FieldType.HDLC_DATA:
            continue
        if packet.type is not DataType.V21 and field.type is FieldType.T4_NON_ECM_DATA:
            yield "page" if page else "TCF", range(number, number + 1)
        elif field.type is FieldType.T4_NON_ECM_SIG_END:
            yield "end of page" if page else "end of TCF", range(number, number + 1)
            page = True
        else:
            name = name_of(octets)
            seen[name] += 1
            name = f"{name} {seen[name]}" if seen[name] > 1 and packet.type is DataType.V21 else name
            for each in range(begun, number):
                yield name, range(each, each + 1)
            yield f"end of {name}", range(number, number + 1)
            yield f"whole of {name}", range(begun, number + 1)
            begun, octets = number + 1, b""


class LossTests(SynchronousTestCase):
    if MISSING:
        skip = MISSING

    def setUp(self) -> None:
        self.folder = Path(self.mktemp())
        self.folder.mkdir()

    def make(self, lost: Lost, sending: bool, ecm: bool, store_seconds: float) -> Call:
        def store(page: Page, stored: Callable[[bool], None]) -> None:
            if store_seconds:
                call.clock.callLater(store_seconds, stored, True)
            else:
                stored(True)

        call = Call(self.folder, lost=lost)
        call.tiff.unlink(missing_ok=True)
        settings = FaxSettings(ecm=ecm, codings=(Coding.MMR if ecm else Coding.MR,))
        if sending:
            call.send(PICTURES, settings)
        else:
            call.receive(PICTURES, settings, store=store)
        return call

    def check(self, sending: bool, ecm: bool, store_seconds: float = 0.0) -> None:
        recorder = Recorder()
        self.make(recorder, sending, ecm, store_seconds)
        found = {}
        for ours, packets in recorder.packets.items():
            for thing, numbers in things(packets):
                call = self.make(Losing(ours, numbers), sending, ecm, store_seconds)
                fault = self.fault(call, thing, ours, sending, ecm)
                if fault:
                    found[f"{'our' if ours else 'their'} {thing}, {numbers}"] = fault
        self.assertEqual(found, {})

    def fault(self, call: Call, thing: str, ours: bool, sending: bool, ecm: bool) -> str:
        exact = exact_there(call, PICTURES) if sending else self.exact_here(call)
        if sending and len(call.confirmations.pages) > len(exact):
            return f"pages {call.confirmations.pages} confirmed, {len(exact)} arrived"
        for each in OF_LIBSPANDSP2:
            if ours is each.ours and thing in each.things and each.ecm in (ecm, None):
                return "" if call.outcome is each.outcome else f"ended as {call.outcome}; {' '.join(call.texts)}"
        if (call.outcome, call.spandsp.result) != (Outcome.COMPLETED, "OK"):
            return f"ended as {call.outcome}, libspandsp2: {call.spandsp.result}; {' '.join(call.texts)}"
        if len(exact) != len(PICTURES):
            return f"{len(exact)} pages arrived"
        return "" if all(exact) or (thing == "page" and ours is sending) else f"exact: {exact}"

    def exact_here(self, call: Call) -> list[bool]:
        found = exact_here(call, PICTURES)
        for exact, picture, page in zip(found, PICTURES, call.pages, strict=False):
            self.assertTrue(exact or page.bad_rows or page.rows < len(picture.rows))
        return found

    def test_we_send_with_ecm(self) -> None:
        self.check(True, True)

    def test_we_send_without_ecm(self) -> None:
        self.check(True, False)

    def test_we_receive_with_ecm(self) -> None:
        self.check(False, True)

    def test_we_receive_without_ecm(self) -> None:
        self.check(False, False)

    def test_we_receive_and_the_store_is_slow(self) -> None:
        self.check(False, True, 4.0)
