"""The table: how a call may end that was damaged once, by what was struck and when, from T.30.

Four rows permit more than one would think of at first: a command later than T4 where a page outlasts T2, a transmitter
that is silent from CTC or EOR, one that is silent from DCS, and PWD, without which DTC still counts.

Where T.30 has the means to repair a damage (a command repeated up to three times, a response repeated with it, PPR,
FTT) the only ending is that both have completed, and then the laws of :mod:`.laws` want every page at the receiver.
The first row that fits a moment counts.

What this module does not do: it does not say what happens to pages; :mod:`.laws` does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from sandf.protocols.t30.outcomes import Outcome

from .impairments import COMMANDS, CONTROL, ECM_FRAMES, IDENTIFICATIONS, Blow, Impairment, Kind

Outcomes = frozenset[Outcome]
T2_LEAST = 6.0
"""Seconds that a receiver surely waits for a command (T2 is 6.9 s here), less what a carrier takes to be heard."""
T2_MOST = 7.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What was struck, in what call, and what was then on the line."""

    impairment: Impairment
    number: int
    ecm: bool
    lowest: bool
    """Whether the call goes at the lowest speed, from which there is no fall-back."""
    polled: bool
    """Whether the called terminal transmits the pages."""
    outlasting: bool
    """Whether a page, or a partial one, takes longer than T2."""
    blow: Blow | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Endings permitted at the *transmitter* and the *receiver* of pages; None for what does not matter."""

    kinds: Collection[Kind]
    labels: Collection[str] | None = None
    command: Collection[str] | None = None
    ecm: bool | None = None
    lowest: bool | None = None
    polled: bool | None = None
    first: bool | None = None
    outlasting: bool | None = None
    rest: tuple[float, float] | None = None
    transmitter: Outcomes
    receiver: Outcomes
    clause: str

    def fits(self, moment: Moment) -> bool:
        """Whether this row is for *moment*."""
        blow, struck = moment.blow, moment.impairment
        if struck.kind not in self.kinds or (self.labels is not None and struck.label not in self.labels):
            return False
        if self.command is not None and (blow is None or blow.command not in self.command):
            return False
        if self.rest is not None and (blow is None or not self.rest[0] <= blow.rest < self.rest[1]):
            return False
        asked = (
            (self.ecm, moment.ecm),
            (self.lowest, moment.lowest),
            (self.polled, moment.polled),
            (self.first, moment.number == 1),
            (self.outlasting, moment.outlasting),
        )
        return all(wanted is None or wanted == found for wanted, found in asked)


def _any(*outcomes: Outcome) -> Outcomes:
    return frozenset(outcomes)


DONE = _any(Outcome.COMPLETED)
_SPOILT = _any(Outcome.PAGE_NOT_CORRECTED)
_NO_RESPONSE = {
    "MPS": Outcome.NO_RESPONSE_TO_MPS,
    "EOM": Outcome.NO_RESPONSE_TO_EOM,
    "EOP": Outcome.NO_RESPONSE_TO_EOP,
}
_UNANSWERED = _any(*_NO_RESPONSE.values(), Outcome.NO_RESPONSE_TO_PPS)
_GIVEN_UP = _UNANSWERED | {Outcome.DCN_IN_MESSAGE}
_LEFT = _any(Outcome.DCN_IN_RECEPTION)
_NEVER_TRAINED = _any(Outcome.DCN_AFTER_DCS, Outcome.DCN_IN_RECEPTION)
_DROPPED = (Kind.DROPPED_EARLY, Kind.DROPPED_LATE, Kind.UNHEARD)
_FRAME_ASTRAY = (Kind.LOST, Kind.CORRUPTED, Kind.DOUBLED, Kind.LATE, Kind.CLIPPED, Kind.ECHOED)


def _rows() -> Iterator[Row]:
    yield from _without_damage()
    yield from _repaired()
    yield from _repaired_late()
    yield from _in_training()
    yield from _in_pages()
    yield from _silent_while_identifying()
    yield from _silent_in_training()
    yield from _silent_transmitter()
    yield from _silent_receiver()
    yield from _silent_receiver_of_pages()


def _without_damage() -> Iterator[Row]:
    yield Row(
        kinds=set(Kind) - {Kind.SILENT},
        labels=("EOR", "ERR"),
        transmitter=_SPOILT,
        receiver=_SPOILT,
        clause="A.4.3: after EOR and ERR the page has holes, and the next one follows",
    )
    yield Row(
        kinds=(Kind.NONE,),
        transmitter=DONE,
        receiver=DONE,
        clause="5.2: a fair call; FTT, RTP, PIP, CTC, RNR (5.3.6.1.4, 5.3.6.1.7, A.4), and RTN or PIN, once, with a "
        "page that is sent again",
    )


def _repaired() -> Iterator[Row]:
    yield Row(
        kinds=_FRAME_ASTRAY,
        labels=CONTROL,
        transmitter=DONE,
        receiver=DONE,
        clause="figure 5-2, 5.4.2: a command without a response within T4 is repeated, three times in all, and gets "
        "the same response again; 5.3.6.1: a frame of one's own is no response; 5.3.6.1.8: DCN has none",
    )
    yield Row(
        kinds=(Kind.LOST, Kind.CORRUPTED),
        labels=("PWD",),
        transmitter=DONE | {Outcome.PASSWORD_REFUSED},
        receiver=DONE | {Outcome.DCN_IN_PHASE_B},
        clause="5.3.6.1.2: DTC counts without PWD, and then it is for the polled terminal to say what it is worth",
    )
    yield Row(
        kinds=_FRAME_ASTRAY,
        labels=IDENTIFICATIONS,
        transmitter=DONE,
        receiver=DONE,
        clause="5.3.6.1.1 to 5.3.6.1.3: optional frames; the command behind them counts",
    )
    yield Row(
        kinds=_FRAME_ASTRAY,
        labels=ECM_FRAMES,
        transmitter=DONE,
        receiver=DONE,
        clause="A.4.4: PPR brings back what is missing; T.4 Annex A: RCP is sent three times",
    )


def _repaired_late() -> Iterator[Row]:
    yield Row(
        kinds=(Kind.TOO_LATE,),
        labels=CONTROL,
        outlasting=False,
        transmitter=DONE,
        receiver=DONE,
        clause="figure 5-2: the command is repeated within the three tries, whenever the first response comes",
    )
    yield Row(
        kinds=(Kind.TOO_LATE,),
        labels=(*CONTROL, "PAGE"),
        outlasting=True,
        transmitter=DONE | _GIVEN_UP,
        receiver=DONE | _any(Outcome.NO_COMMAND, Outcome.NO_PAGE),
        clause="5.4.3.1: T4 is sure only if a response comes within it; a command that both ends repeat is answered "
        "twice, the second time while the page has begun, and a page unheard for longer than T2 ends the call",
    )


def _in_training() -> Iterator[Row]:
    damage = (*_DROPPED, Kind.TOO_LATE)
    yield Row(
        kinds=(Kind.LATE,),
        labels=("TCF",),
        transmitter=DONE,
        receiver=DONE,
        clause="5.3.6.1.3: TCF that is whole is whole, and comes long before T1 or T2",
    )
    yield Row(
        kinds=damage,
        labels=("TCF",),
        lowest=False,
        transmitter=DONE,
        receiver=DONE,
        clause="5.3.6.1.4: FTT, and DCS at another speed",
    )
    yield Row(
        kinds=damage,
        labels=("TCF",),
        lowest=True,
        transmitter=DONE | {Outcome.CANNOT_TRAIN},
        receiver=DONE | _NEVER_TRAINED,
        clause="figure 5-2a: FTT where no other speed is left: DCN",
    )


def _in_pages() -> Iterator[Row]:
    yield Row(
        kinds=(Kind.LATE, Kind.TOO_LATE),
        labels=("PAGE",),
        transmitter=DONE,
        receiver=DONE,
        clause="5.4.3.1: T2 is longer",
    )
    yield Row(
        kinds=_DROPPED,
        labels=("PAGE",),
        rest=(0.0, T2_LEAST),
        transmitter=DONE,
        receiver=DONE,
        clause="A.4.4: PPR; without ECM figure 5-2b: the command is heard within T2, and copy quality decides",
    )
    yield Row(
        kinds=_DROPPED,
        labels=("PAGE",),
        rest=(T2_LEAST, T2_MOST),
        transmitter=DONE | _GIVEN_UP,
        receiver=DONE | _any(Outcome.NO_COMMAND, Outcome.NO_PAGE),
        clause="5.4.3.1: T2 has a tolerance",
    )
    yield Row(
        kinds=_DROPPED,
        labels=("PAGE",),
        rest=(T2_MOST, 1e9),
        transmitter=_GIVEN_UP,
        receiver=_any(Outcome.NO_COMMAND, Outcome.NO_PAGE),
        clause="5.4.3.1: no command within T2: the line is given up",
    )


def _silent_while_identifying() -> Iterator[Row]:
    silent = (Kind.SILENT,)
    yield Row(
        kinds=silent,
        labels=("DIS",),
        first=True,
        transmitter=_any(Outcome.NO_FAX, Outcome.NO_CALLER),
        receiver=_any(Outcome.NO_FAX, Outcome.NO_CALLER),
        clause="5.4.3.1: T1 at both ends",
    )
    yield Row(
        kinds=silent,
        labels=("DIS",),
        first=False,
        transmitter=_any(Outcome.NO_DIS_AFTER_EOM),
        receiver=DONE | _LEFT | {Outcome.NO_CALLER_AFTER_EOM},
        clause="figure 5-2a: T1 after EOM; 5.3.6.1.8: the receiver hears DCN in phase B, all it was sent confirmed",
    )
    yield Row(
        kinds=silent,
        labels=("DTC",),
        first=True,
        transmitter=_any(Outcome.NO_CALLER),
        receiver=_any(Outcome.NO_RESPONSE_TO_DTC),
        clause="5.4.3.1: T1 where DTC is not heard; figure 5-2: DTC three times",
    )
    yield Row(
        kinds=silent,
        labels=("DTC",),
        first=False,
        transmitter=_any(Outcome.NO_DIS_AFTER_EOM),
        receiver=_any(Outcome.NO_RESPONSE_TO_DTC),
        clause="figure 5-2a: T1 after EOM; figure 5-2: DTC three times",
    )


def _silent_in_training() -> Iterator[Row]:
    silent = (Kind.SILENT,)
    for polled in (False, True):
        yield Row(
            kinds=silent,
            labels=("DCS",),
            polled=polled,
            transmitter=_any(Outcome.DCS_NOT_RECOGNIZED, Outcome.NO_RESPONSE_TO_DCS, Outcome.DCN_AFTER_DCS),
            receiver=_any(Outcome.NO_RESPONSE_TO_DTC)
            if polled
            else _any(Outcome.NO_CALLER, Outcome.NO_CALLER_AFTER_EOM),
            clause="figure 5-2a: DCS three times, whatever answers, unless the receiver is first with DCN, after T1 "
            "(5.4.3.1) or the third DTC",
        )
    yield Row(
        kinds=silent,
        labels=("TCF",),
        transmitter=_any(Outcome.DCN_AFTER_DCS, Outcome.CANNOT_TRAIN, Outcome.NO_RESPONSE_TO_DCS),
        receiver=_any(Outcome.TRAINING_NOT_COMPLETED),
        clause="5.3.6.1.4: FTT for a TCF that is not there, then T2 (5.4.3.1) and DCN",
    )
    yield Row(
        kinds=silent,
        labels=("CFR", "FTT"),
        transmitter=_any(Outcome.NO_RESPONSE_TO_DCS),
        receiver=_NEVER_TRAINED,
        clause="figure 5-2a: DCS three times, then DCN",
    )


def _silent_transmitter() -> Iterator[Row]:
    silent = (Kind.SILENT,)
    yield Row(
        kinds=silent,
        labels=("PAGE",),
        transmitter=_GIVEN_UP,
        receiver=_any(Outcome.NO_PAGE),
        clause="5.4.3.1: T2, then DCN; the transmitter hears that, or nothing while it sends",
    )
    yield Row(
        kinds=silent,
        labels=("CTC", "EOR"),
        transmitter=_GIVEN_UP,
        receiver=_any(Outcome.NO_COMMAND, Outcome.NO_PAGE),
        clause="5.4.3.1: T2, then DCN; of a page of one frame that was lost nothing had been heard",
    )
    yield Row(
        kinds=silent,
        labels=set(COMMANDS) - {"DIS", "DTC", "DCS"},
        transmitter=_GIVEN_UP,
        receiver=_any(Outcome.NO_COMMAND),
        clause="5.4.3.1: T2, then DCN",
    )
    yield Row(kinds=silent, labels=("DCN",), transmitter=DONE, receiver=DONE, clause="5.3.6.1.8: DCN has no response")


def _silent_receiver() -> Iterator[Row]:
    silent = (Kind.SILENT,)
    yield Row(
        kinds=silent,
        labels=("PPR", "CTR"),
        transmitter=_any(Outcome.NO_RESPONSE_TO_PPS),
        receiver=_LEFT,
        clause="A.4: PPS or CTC three times, then DCN",
    )
    yield Row(
        kinds=silent,
        labels=("MCF", "ERR"),
        command=("NULL",),
        transmitter=_any(Outcome.NO_RESPONSE_TO_PPS),
        receiver=_LEFT,
        clause="A.4: PPS-NULL or EOR-NULL three times, then DCN within the page",
    )


def _silent_receiver_of_pages() -> Iterator[Row]:
    silent = (Kind.SILENT,)
    rejected = _any(Outcome.REJECTED_PAGE_NOT_REPEATED, Outcome.INTERRUPTED_IN_RECEPTION) | _LEFT
    for command, no_response in _NO_RESPONSE.items():
        for ecm in (True, False):
            transmitter = _any(Outcome.NO_RESPONSE_TO_PPS if ecm else no_response)
            for labels, ended in ((("MCF", "RTP", "PIP", "RNR"), DONE), (("ERR",), _SPOILT)):
                yield Row(
                    kinds=silent,
                    labels=labels,
                    command=(command,),
                    ecm=ecm,
                    transmitter=transmitter,
                    receiver=ended if command == "EOP" else _LEFT,
                    clause="figure 5-2, A.4: the command three times, then DCN; to a receiver that has answered EOP "
                    "(or would have, but for RNR) that is the end of the document",
                )
            yield Row(
                kinds=silent,
                labels=("RTN", "PIN"),
                command=(command,),
                ecm=ecm,
                transmitter=transmitter,
                receiver=rejected,
                clause="figure 5-2: the command three times, then DCN; the page that was rejected does not come again",
            )


TABLE = tuple(_rows())


def row_of(moment: Moment) -> Row:
    """The row for *moment*; raises LookupError where the table has none."""
    for row in TABLE:
        if row.fits(moment):
            return row
    raise LookupError(f"the table says nothing of {moment}")
