"""What must be so after every run: it has ended, as the table permits, and no page that was confirmed is missing.

What this module does not do: it makes no run; the endings permitted are in :mod:`.permitted`.
"""

from __future__ import annotations

from collections.abc import Iterator

from sandf import causes
from sandf.fmsp.outcomes import cause_of
from sandf.protocols.t30 import events, pump
from sandf.protocols.t30.events import Verdict
from sandf.protocols.t30.outcomes import Outcome
from sandf.protocols.t30.pump import Modulation
from tests.protocols.t30.line import seconds

from . import documents
from .calls import Call
from .dimensions import Direction
from .impairments import Kind
from .permitted import T2_LEAST, Moment, row_of

UNNOTICED = 0.5
"""Seconds at the end of a page without ECM that nobody can miss: a gap and the first flags take that long."""
REPEATED = 3.45 + 2.0
"""Seconds from a response within which its command may be repeated: T4 at its most, and the command itself."""
IDLE_MOST = 120.0
"""Seconds in which nobody sends: T1, T2 or T5 and some T4 after one another."""
_COMMANDS_OF = {
    Outcome.NO_RESPONSE_TO_DCS: ("DCS",),
    Outcome.NO_RESPONSE_TO_MPS: ("MPS", "PRI-MPS"),
    Outcome.NO_RESPONSE_TO_EOM: ("EOM", "PRI-EOM"),
    Outcome.NO_RESPONSE_TO_EOP: ("EOP", "PRI-EOP"),
    Outcome.NO_RESPONSE_TO_PPS: ("PPS-", "RR", "CTC", "EOR-"),
}
"""What a command that had no response is called on the line."""
_GOOD = (Verdict.MCF, Verdict.RTP)
_DROPPED = (Kind.DROPPED_EARLY, Kind.DROPPED_LATE, Kind.UNHEARD)


def moment_of(call: Call) -> Moment:
    """The moment of the damage, as the table asks for it."""
    run = call.run
    return Moment(
        impairment=run.impairment,
        number=run.number,
        ecm=run.case.mode.ecm,
        lowest=run.case.speed is Modulation.V27TER_2400,
        polled=run.case.direction is Direction.CALLED_SENDS,
        outlasting=_longest_page(call) > T2_LEAST,
        blow=call.damage.blow,
    )


def _longest_page(call: Call) -> float:
    pages = (pump.SendPage, pump.SendPartialPage)
    return max((seconds(c) for c in call.transmitter.sent if isinstance(c, pages)), default=0.0)


def broken(call: Call) -> list[str]:
    """Every law that *call* has broken, in words."""
    return [*_ending(call), *_outcomes(call), *_together(call), *_pages(call), *_promises(call)]


def _ending(call: Call) -> Iterator[str]:
    for end in (call.transmitter, call.receiver):
        if not end.released:
            yield f"{end.name} did not release"
        if end.terminal.next_deadline() is not None:
            yield f"{end.name} has a timer running"
    if call.idle > IDLE_MOST:
        yield f"nobody sent anything for {call.idle:.0f} s"
    if call.run.impairment.kind is not Kind.NONE and call.damage.blow is None:
        yield "nothing was struck"


def _outcomes(call: Call) -> Iterator[str]:
    transmitter, receiver = call.outcomes
    if call.run.impairment.kind is not Kind.NONE and call.damage.blow is None:
        return
    row = row_of(moment_of(call))
    if transmitter not in row.transmitter:
        yield f"the transmitter ended with {transmitter and transmitter.name} ({row.clause})"
    if receiver not in row.receiver:
        yield f"the receiver ended with {receiver and receiver.name} ({row.clause})"


def _together(call: Call) -> Iterator[str]:
    """The two endings, and the command that had no response, fit each other and what was on the line."""
    transmitter, receiver = call.outcomes
    if transmitter is Outcome.COMPLETED and receiver is not Outcome.COMPLETED:
        yield f"the transmitter completed, and the receiver ended with {receiver and receiver.name}"
    commands = [name for name in call.transmitter.frames if name != "DCN"]
    wanted = _COMMANDS_OF.get(transmitter) if transmitter else None
    if wanted and not commands[-1].startswith(wanted):
        yield f"{transmitter and transmitter.name}, and the last command was {commands[-1]}"


def _cut(call: Call) -> bool:
    """Whether a page may have arrived in part: without ECM the end of it is not missed where the command comes soon."""
    impairment, blow = call.run.impairment, call.damage.blow
    if call.run.case.mode.ecm or impairment.kind not in _DROPPED or impairment.label != "PAGE":
        return False
    return blow is not None and blow.rest < UNNOTICED


def good_pages(call: Call) -> list[int]:
    """The pages (1 on) that the receiver has handed over as good, one for each event; 0 for one that nobody sent."""
    sent = documents.expected(call.run.case)
    return [_number(call, sent, page) for page in call.receiving.received if is_good(page)]


def is_good(page: events.PageReceived) -> bool:
    """Whether a page was handed over as one that need not come again."""
    given_up = page.damaged and page.quality is None
    return page.verdict in _GOOD and not given_up


def _number(call: Call, sent: list[bytes], page: events.PageReceived) -> int:
    octets = page.octets.rstrip(b"\0")
    if octets in sent:
        return sent.index(octets) + 1
    if _cut(call):
        # One that has but some of the EOLs of RTC is whole.
        return next((number for number, whole in enumerate(sent, 1) if whole.startswith(octets[:-1])), 0)
    return 0


def _unheard_and_unnumbered(call: Call, pages: set[int]) -> bool:
    """Whether *pages* is the one of which nothing was heard, not even its carrier, and so short that MPS behind it came
    when the MPS in front of it would have been repeated.

    Without ECM the two are the same frame at the same time (5.3.6.1.6), and the first deserves its answer again.
    """
    run, blow = call.run, call.damage.blow
    if run.case.mode.ecm or run.impairment.label != "PAGE" or blow is None or blow.heard:
        return False
    return pages == {run.number} and blow.command == "MPS" and blow.rest < REPEATED


def _pages(call: Call) -> Iterator[str]:
    """Every page in order, none of them twice, none that nobody sent; one that was rejected counts when it is good."""
    given_up = {e.number for e in call.sending.of(events.PageRejected) if not e.will_repeat}
    expecting = 1
    numbers = iter(good_pages(call))
    for page in call.receiving.received:
        if not is_good(page):
            continue
        number = next(numbers)
        while expecting in given_up and number > expecting:
            expecting += 1
        if number == expecting + 1 and _unheard_and_unnumbered(call, {expecting}):
            expecting += 1
        if number == expecting:
            expecting += 1
        else:
            yield f"page {number} came where {expecting} was due, after {expecting - 1}"


def _promises(call: Call) -> Iterator[str]:
    """Confirmed is confirmed, and what may have been is known to be in doubt."""
    has = set(good_pages(call))
    if call.receiving.too_soon:
        yield f"{call.receiving.too_soon} before the page was stored"
    confirmed = {event.number for event in call.sending.of(events.PageConfirmed)}
    if (missing := confirmed - has) and not _unheard_and_unnumbered(call, missing):
        yield f"pages {missing} were confirmed and are not there"
    if len(has - confirmed) > 1:
        yield f"pages {has - confirmed} are there and were not confirmed"
    yield from _last_page(call, has, confirmed)


def _last_page(call: Call, has: set[int], confirmed: set[int]) -> Iterator[str]:
    last, outcome = documents.PAGES[call.run.case.shape], call.outcomes[0]
    if outcome is Outcome.COMPLETED and confirmed != set(range(1, last + 1)):
        yield f"the transmitter has completed with {confirmed} confirmed"
    if outcome is None or last in confirmed or last not in has:
        return
    if cause_of(outcome, sending=True, last_in_doubt=call.sending.in_doubt == last) is not causes.UNCONFIRMED:
        yield f"the receiver has the last page, and the transmitter says {outcome.name}"
