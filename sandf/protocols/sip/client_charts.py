"""The charts of client transactions: INVITE (RFC 3261 17.1.1, as RFC 6026 7.2 has it) and all others (17.1.2).

What this module does not do: it finds no transaction for a response (:mod:`.transactions` does), and sends no ACK to a
2xx, which is the user's (13.2.2.4).
"""

from __future__ import annotations

from sipmessage import Request, Response

from .chart import Chart, Input, Layer, Row, State, Transaction, What, done, ignored, send_again
from .hops import Hop
from .message import cseq_of, serialise
from .timers import Timer
from .transaction_events import ResponseArrived, TimedOut, TransportFailed, Unresponsive
from .values import tag_of

_MAX_FORWARDS = "70"


class ClientTransaction(Transaction):
    """A request of ours."""

    __slots__ = ("cancel_headers", "cancel_key", "cancel_wanted", "request", "sent_by")

    def __init__(self, *, layer: Layer, key: str, hop: Hop, request: Request, sent_by: str) -> None:
        chart = INVITE_CLIENT if request.method == "INVITE" else NON_INVITE_CLIENT
        super().__init__(layer=layer, chart=chart, key=key, hop=hop)
        self.request: Request | None = request if request.method == "INVITE" else None
        """What ACK and CANCEL are made of, as long as there may be one."""
        self.sent_by = sent_by
        self.cancel_wanted = False
        self.cancel_headers: tuple[tuple[str, str], ...] = ()
        self.cancel_key: str | None = None
        self.octets = serialise(request)
        self.send()


def _belonging(request: Request, method: str, to: str) -> Request:
    """An ACK (17.1.1.3) or CANCEL (9.1) to an INVITE: same Via and Route, same identifiers."""
    made = Request(method, request.uri)
    given, headers = request.headers, made.headers
    headers.add("Via", given["Via"])
    headers.add("Max-Forwards", _MAX_FORWARDS)
    if routes := given.getlist("Route"):
        headers.setlist("Route", list(routes))
    headers.add("From", given["From"])
    headers.add("To", to)
    headers.add("Call-ID", given["Call-ID"])
    headers.add("CSeq", f"{cseq_of(request)[0]} {method}")
    return made


# Actions.


def _tell(transaction: ClientTransaction, what: What, now: float) -> None:
    assert isinstance(what, Response)
    transaction.layer.emit(ResponseArrived(key=transaction.key, response=what, hop=transaction.layer.source))


def _proceed(transaction: ClientTransaction, what: What, now: float) -> None:
    """1xx to INVITE: a CANCEL that waited for it can go now (9.1); a re-INVITE is not waited for without end."""
    _tell(transaction, what, now)
    assert transaction.request is not None
    if transaction.cancel_wanted:
        _cancel(transaction, what, now)
    elif tag_of(transaction.request.headers["To"]):
        transaction.start(Timer.X_REINVITE, now)


def _accept(transaction: ClientTransaction, what: What, now: float) -> None:
    transaction.request = None
    _tell(transaction, what, now)


def _acknowledge(transaction: ClientTransaction, what: What, now: float) -> None:
    """300 to 699 to INVITE: send the ACK, and keep it for the next time."""
    assert isinstance(what, Response) and transaction.request is not None
    transaction.octets = serialise(_belonging(transaction.request, "ACK", what.headers["To"]))
    transaction.request = None
    transaction.send()
    _tell(transaction, what, now)


def _again(transaction: ClientTransaction, what: What, now: float) -> None:
    transaction.send()


def _remember_cancel(transaction: ClientTransaction, what: What, now: float) -> None:
    transaction.cancel_wanted = True


def _cancel(transaction: ClientTransaction, what: What, now: float) -> None:
    if transaction.cancel_key is None:
        assert transaction.request is not None
        cancel = _belonging(transaction.request, "CANCEL", transaction.request.headers["To"])
        for name, value in transaction.cancel_headers:
            cancel.headers.add(name, value)
        transaction.cancel_key = transaction.layer.begin_cancel(cancel, transaction.hop, now)
        transaction.start(Timer.X_CANCELLED, now)


def _leave_behind(transaction: ClientTransaction, what: What, now: float) -> None:
    """No response, and there are further hops: should one come after all, the INVITE is cancelled."""
    transaction.running.pop(Timer.A, None)
    transaction.cancel_wanted = True
    transaction.layer.emit(Unresponsive(key=transaction.key))


def _give_up(transaction: ClientTransaction, what: What, now: float) -> None:
    transaction.layer.emit(TimedOut(key=transaction.key))


def _fail(transaction: ClientTransaction, what: What, now: float) -> None:
    transaction.layer.emit(TransportFailed(key=transaction.key))


def _slowly(transaction: ClientTransaction, what: What, now: float) -> None:
    """Timer E after a provisional response: every T2 (17.1.2.2)."""
    transaction.send()
    transaction.repeat(Timer.E, now, transaction.layer.timers.t2)


_CALLING, _TRYING, _PROCEEDING = State.CALLING, State.TRYING, State.PROCEEDING
_COMPLETED, _ACCEPTED, _TERMINATED = State.COMPLETED, State.ACCEPTED, State.TERMINATED
_LATE = "a provisional response after the final one, overtaken on the way"
_OVER = "it is answered: too late to cancel"

INVITE_CLIENT = Chart(
    begins=_CALLING,
    timers={
        _CALLING: (Timer.A, Timer.B),
        _COMPLETED: (Timer.D,),
        _ACCEPTED: (Timer.M,),
    },
    rows={
        (_CALLING, Timer.A): Row(send_again(Timer.A), _CALLING),
        (_CALLING, Timer.B): Row(_give_up, _TERMINATED),
        (_CALLING, Timer.X_NEXT_HOP): Row(_leave_behind, _CALLING),
        (_CALLING, Input.PROVISIONAL): Row(_proceed, _PROCEEDING),
        (_CALLING, Input.SUCCESS): Row(_accept, _ACCEPTED),
        (_CALLING, Input.FAILURE): Row(_acknowledge, _COMPLETED),
        (_CALLING, Input.CANCEL): Row(_remember_cancel, _CALLING),
        (_CALLING, Input.UNREACHABLE): Row(_fail, _TERMINATED),
        (_PROCEEDING, Timer.X_REINVITE): Row(_cancel, _PROCEEDING),
        (_PROCEEDING, Timer.X_CANCELLED): Row(_give_up, _TERMINATED),
        (_PROCEEDING, Input.PROVISIONAL): Row(_tell, _PROCEEDING),
        (_PROCEEDING, Input.SUCCESS): Row(_accept, _ACCEPTED),
        (_PROCEEDING, Input.FAILURE): Row(_acknowledge, _COMPLETED),
        (_PROCEEDING, Input.CANCEL): Row(_cancel, _PROCEEDING),
        (_PROCEEDING, Input.UNREACHABLE): ignored(
            "the INVITE has arrived; the final response may come by another connection", _PROCEEDING
        ),
        (_COMPLETED, Timer.D): Row(done, _TERMINATED),
        (_COMPLETED, Input.PROVISIONAL): ignored(_LATE, _COMPLETED),
        (_COMPLETED, Input.SUCCESS): ignored("a proxy chose the failure (16.7)", _COMPLETED),
        (_COMPLETED, Input.FAILURE): Row(_again, _COMPLETED),
        (_COMPLETED, Input.CANCEL): ignored(_OVER, _COMPLETED),
        (_COMPLETED, Input.UNREACHABLE): Row(_fail, _TERMINATED),
        (_ACCEPTED, Timer.M): Row(done, _TERMINATED),
        (_ACCEPTED, Input.PROVISIONAL): ignored(_LATE, _ACCEPTED),
        (_ACCEPTED, Input.SUCCESS): Row(_tell, _ACCEPTED),
        (_ACCEPTED, Input.FAILURE): ignored("another branch of a fork; the call is answered", _ACCEPTED),
        (_ACCEPTED, Input.CANCEL): ignored(_OVER, _ACCEPTED),
        (_ACCEPTED, Input.UNREACHABLE): ignored("nothing of it is to be sent any more", _ACCEPTED),
    },
)
"""Figure 5 of RFC 3261 with the changes of RFC 6026, and two timers of ours."""

_ONLY_INVITE = "only INVITE can be cancelled (9.1)"
_AGAIN = "the final response once more"

NON_INVITE_CLIENT = Chart(
    begins=_TRYING,
    timers={
        _TRYING: (Timer.E, Timer.F),
        _COMPLETED: (Timer.K,),
    },
    rows={
        (_TRYING, Timer.E): Row(send_again(Timer.E), _TRYING),
        (_TRYING, Timer.F): Row(_give_up, _TERMINATED),
        (_TRYING, Input.PROVISIONAL): Row(_tell, _PROCEEDING),
        (_TRYING, Input.SUCCESS): Row(_tell, _COMPLETED),
        (_TRYING, Input.FAILURE): Row(_tell, _COMPLETED),
        (_TRYING, Input.CANCEL): ignored(_ONLY_INVITE, _TRYING),
        (_TRYING, Input.UNREACHABLE): Row(_fail, _TERMINATED),
        (_PROCEEDING, Timer.E): Row(_slowly, _PROCEEDING),
        (_PROCEEDING, Timer.F): Row(_give_up, _TERMINATED),
        (_PROCEEDING, Input.PROVISIONAL): Row(_tell, _PROCEEDING),
        (_PROCEEDING, Input.SUCCESS): Row(_tell, _COMPLETED),
        (_PROCEEDING, Input.FAILURE): Row(_tell, _COMPLETED),
        (_PROCEEDING, Input.CANCEL): ignored(_ONLY_INVITE, _PROCEEDING),
        (_PROCEEDING, Input.UNREACHABLE): Row(_fail, _TERMINATED),
        (_COMPLETED, Timer.K): Row(done, _TERMINATED),
        (_COMPLETED, Input.PROVISIONAL): ignored(_LATE, _COMPLETED),
        (_COMPLETED, Input.SUCCESS): ignored(_AGAIN, _COMPLETED),
        (_COMPLETED, Input.FAILURE): ignored(_AGAIN, _COMPLETED),
        (_COMPLETED, Input.CANCEL): ignored(_ONLY_INVITE, _COMPLETED),
        (_COMPLETED, Input.UNREACHABLE): ignored("nothing of it is to be sent any more", _COMPLETED),
    },
)
"""Figure 6 of RFC 3261."""
