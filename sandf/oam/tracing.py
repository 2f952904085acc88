"""The trace of each call: T.30 frames as the fax provider reports them, and what its legs did.

Lines are kept in memory while the call lives, a bounded number for each call (the first ones and the last ones), and
go to the store in one piece when it ends.  That write is not waited for: a crash loses the traces of live calls.

A virtual line may run faster than real time.  The times of its frames are those of the line; what happens to the legs
is put behind the frames that were there before.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace

from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure
from zope.interface import implementer

from sandf.callcontrol.call import Call
from sandf.callcontrol.events import (
    AlertIndication,
    DisconnectConfirm,
    DisconnectIndication,
    HangUpRequest,
    SetupConfirm,
    SetupIndication,
    SetupRequest,
    TransactionIndication,
)
from sandf.callcontrol.interfaces import ICallObserver
from sandf.callcontrol.leg import Leg
from sandf.callcontrol.primitives import (
    DocumentReady,
    MailIn,
    MailOut,
    PageConfirmed,
    PageInDoubt,
    PageReceived,
    PageRefused,
    ProviderKind,
    TelephoneCall,
    Transaction,
)
from sandf.causes import CALL_ABORTED
from sandf.logs import Logger
from sandf.protocols.t30.frames import Fcf, parse
from sandf.store.interfaces import IHistory
from sandf.store.records import TraceLine

STATE = "state"
"""The kind of the lines that tell what a leg did."""
HEAD = 500
"""Lines of the beginning of a call that are kept whatever follows."""
TAIL = 9_500
"""Lines of the end of a call that are kept; together about 500 pages with error correction."""
LONGEST_FRAME = 512
"""Octets of a frame that are kept."""


class _Trace:
    """The lines of one call."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self._head: list[TraceLine] = []
        self._tail: deque[TraceLine] = deque(maxlen=TAIL)
        self._left_out = 0
        self._shift: float | None = None
        """What the fax session's times need to be counted from the beginning of the call."""
        self._ahead = 0.0
        """How far the line's clock has run ahead of ours."""
        self.stored = False
        """The store has it; what comes now is added there."""

    def frame(self, line: TraceLine, elapsed: float) -> None:
        """*line* has times of a fax session, that began with its first line; *elapsed* is our time of the call."""
        if self._shift is None:
            self._shift = max(0.0, elapsed + self._ahead - line.at)
        at = line.at + self._shift
        self._ahead = max(self._ahead, at - elapsed)
        self._add(replace(line, call_id=self.call.call_id, at=at, octets=_kept(line.octets)))

    def fax_session_over(self) -> None:
        """The next fax session of this call has times of its own."""
        self._shift = None

    def state(self, text: str, elapsed: float, *, outward: bool) -> None:
        """A leg did something."""
        at = elapsed + self._ahead
        self._add(TraceLine(call_id=self.call.call_id, at=at, outward=outward, kind=STATE, text=text))

    def put(self, line: TraceLine) -> None:
        """*line* as it stands."""
        self._add(line)

    def lines(self) -> list[TraceLine]:
        """All that is kept, with a word about what is not."""
        if not self._left_out:
            return [*self._head, *self._tail]
        word = f"{self._left_out} lines are left out here"
        gap = TraceLine(call_id=self.call.call_id, at=self._tail[0].at, outward=True, kind=STATE, text=word)
        return [*self._head, gap, *self._tail]

    def _add(self, line: TraceLine) -> None:
        if len(self._head) < HEAD:
            self._head.append(line)
            return
        if len(self._tail) == TAIL:
            self._left_out += 1
        self._tail.append(line)


@implementer(ICallObserver)
class CallTraces:
    """All traces.  *masked* hides access codes in numbers, *seconds* is the clock of call control."""

    log = Logger()

    def __init__(self, *, store: IHistory, masked: Callable[[str], str], seconds: Callable[[], float]) -> None:
        self._store = store
        self._masked = masked
        self._seconds = seconds
        self._live: dict[str, _Trace] = {}

    def trace(self, call_id: str) -> Deferred[list[TraceLine]]:
        """The trace of a live or ended call in the order of its times; empty if nothing is known of it."""
        live = self._live.get(call_id)
        return succeed(live.lines()) if live is not None else self._store.trace(call_id)

    def line(self, call_id: str, line: TraceLine) -> None:
        """The fax provider reports *line*, its time counted from the beginning of the fax session."""
        live = self._live.get(call_id)
        if live is not None:
            live.frame(line, self._elapsed(live.call))

    def passed(self, call: Call, line: TraceLine) -> None:
        """*line*, whose time is counted from the beginning of *call*, belongs into its trace, though it be over."""
        live = self._live.get(call.call_id)
        if live is not None and not live.stored:
            live.put(line)
        else:
            self._write(call.call_id, [line])

    # ICallObserver.

    def call_began(self, call: Call) -> None:
        """Begin its trace."""
        self._live[call.call_id] = _Trace(call)

    def event_seen(self, call: Call, event: object) -> None:
        """Note it, if it belongs into a trace."""
        if isinstance(event, TraceLine):
            self.line(call.call_id, event)
            return
        text = self._words(event)
        if text:
            outward = isinstance(event, SetupRequest | DisconnectConfirm | HangUpRequest)
            self._live[call.call_id].state(text, self._elapsed(call), outward=outward)
        if isinstance(event, DisconnectIndication | DisconnectConfirm) and event.leg.kind is ProviderKind.FAX:
            self._live[call.call_id].fax_session_over()

    def call_ended(self, call: Call) -> None:
        """Hand its trace to the store."""
        trace = self._live[call.call_id]
        trace.state("the call is over", self._elapsed(call), outward=True)
        trace.stored = True
        self._write(call.call_id, trace.lines()).addCallback(lambda _: self._live.pop(call.call_id, None))

    def _write(self, call_id: str, lines: list[TraceLine]) -> Deferred[None]:
        """Give *lines* to the store; if it does not take them they are lost, and the log says so."""

        def failed(failure: Failure) -> None:
            reason = failure.getErrorMessage()
            self.log.warn("call({call}): its trace is not kept: {reason}", call=call_id, reason=reason)

        return self._store.add_trace(lines).addErrback(failed)

    def _elapsed(self, call: Call) -> float:
        return self._seconds() - call.began_at

    def _words(self, event: object) -> str:
        """What a person reads of *event*; empty if nothing."""
        match event:
            case SetupIndication(leg=leg) | SetupRequest(leg=leg):
                return f"{leg.kind.value}: {self._setup(leg)}"
            case AlertIndication(leg=leg):
                return f"{leg.kind.value}: ringing"
            case SetupConfirm(leg=leg):
                return f"{leg.kind.value}: {_connected(leg)}"
            case TransactionIndication(leg=leg, transaction=transaction):
                told = _transaction(transaction)
                return f"{leg.kind.value}: {told}" if told else ""
            case DisconnectIndication(leg=leg, cause=cause, detail=detail):
                return f"{leg.kind.value}: ended: {cause.name}" + (f" ({detail})" if detail else "")
            case DisconnectConfirm(leg=leg):
                # What call control clears at the end of a good call has no cause worth a word.
                why = "" if leg.cause in (None, CALL_ABORTED) else f": {leg.cause.name}"
                return f"{leg.kind.value}: released{why}"
            case HangUpRequest(cause=cause):
                return f"asked to end: {cause.name}"
        return ""

    def _setup(self, leg: Leg) -> str:
        setup = leg.setup
        if isinstance(setup, TelephoneCall):
            if not leg.incoming:
                return f"dialling {self._masked(setup.called)} by port {setup.port}"
            caller = f" from {self._masked(setup.calling)}" if setup.calling else ""
            return f"call to {self._masked(setup.called)}{caller} by port {setup.port}"
        if isinstance(setup, MailIn):
            return f"mail for {self._masked(setup.called)}, {setup.job_id}"
        if isinstance(setup, MailOut):
            return f"mail to {', '.join(setup.to)}"
        return {"FaxSend": "to send", "FaxReceive": "to receive", "CoverPage": "cover page"}.get(
            type(setup).__name__, "document"
        )


def _kept(octets: bytes) -> bytes:
    """What is kept of a frame: of a password (PWD, T.30 5.3.6.1.2) only that there was one."""
    frame = parse(octets)
    return octets[:3] if frame is not None and frame.fcf is Fcf.PWD else octets[:LONGEST_FRAME]


def _connected(leg: Leg) -> str:
    match leg.kind:
        case ProviderKind.TELEPHONY:
            return "answered" if leg.incoming else "connected"
        case ProviderKind.DOCUMENT:
            return "ready"
        case ProviderKind.MAIL:
            return "taken" if leg.incoming else "message stored"
    return "connected"


def _transaction(transaction: Transaction) -> str:
    """The landmarks between the frames."""
    match transaction:
        case DocumentReady(pages=pages):
            return f"{pages} pages"
        case PageInDoubt(number=number):
            return f"page {number} in doubt"
        case PageConfirmed(number=number):
            return f"page {number} confirmed"
        case PageRefused(number=number, sent_again=again):
            return f"page {number} refused" + (", to be sent again" if again else "")
        case PageReceived(page=page):
            rows = f"{page.rows} rows, " if page.rows else ""
            return f"page {page.number} received, {rows}{len(page.octets)} octets"
    return ""
