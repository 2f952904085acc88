"""The charts of server transactions: INVITE (RFC 3261 17.2.1, as RFC 6026 7.1 has it) and all others (17.2.2).

Beyond the figures the INVITE chart sends a 2xx again until its ACK (13.3.1.4) and a reliable provisional response until
its PRACK (RFC 3262 3), which the RFCs leave to the user: the user says when they have come.

What this module does not do: it finds no transaction for a request (:mod:`.transactions` does).
"""

from __future__ import annotations

from sipmessage import Request, Response

from .chart import Chart, Input, Layer, Row, State, Transaction, What, done, ignored, send_again
from .hops import Hop
from .message import response_to, serialise
from .timers import Timer
from .transaction_events import AckMissing, PrackMissing, RequestArrived


class ServerTransaction(Transaction):
    """A request of theirs."""

    __slots__ = ("acknowledged", "reliable", "request")

    def __init__(self, *, layer: Layer, key: str, hop: Hop, request: Request) -> None:
        chart = INVITE_SERVER if request.method == "INVITE" else NON_INVITE_SERVER
        super().__init__(layer=layer, chart=chart, key=key, hop=hop)
        self.request: Request | None = request if request.method == "INVITE" else None
        """What 100 is made of, until something else was said."""
        self.reliable = b""
        """The provisional response that awaits its PRACK."""
        self.acknowledged = False


# Actions.


def _say(transaction: ServerTransaction, what: What, now: float) -> None:
    assert isinstance(what, Response)
    transaction.octets = serialise(what)
    transaction.send()


def _say_first(transaction: ServerTransaction, what: What, now: float) -> None:
    """A response to INVITE: no 100 is needed any more."""
    _say(transaction, what, now)
    transaction.request = None
    transaction.running.pop(Timer.X_TRYING, None)


def _say_reliably(transaction: ServerTransaction, what: What, now: float) -> None:
    _say_first(transaction, what, now)
    transaction.reliable = transaction.octets
    transaction.start(Timer.X_RELIABLE, now)
    transaction.start(Timer.X_PRACK, now)


def _say_trying(transaction: ServerTransaction, what: What, now: float) -> None:
    assert transaction.request is not None
    _say_first(transaction, response_to(transaction.request, 100), now)


def _again(transaction: ServerTransaction, what: What, now: float) -> None:
    """The request once more: the last response once more, if there is one."""
    if transaction.octets:
        transaction.send()


def _reliably_again(transaction: ServerTransaction, what: What, now: float) -> None:
    transaction.layer.send_octets(transaction.reliable, transaction.hop)
    transaction.repeat(Timer.X_RELIABLE, now)


def _stop_reliable(transaction: ServerTransaction, what: What, now: float) -> None:
    transaction.running.pop(Timer.X_RELIABLE, None)
    transaction.running.pop(Timer.X_PRACK, None)


def _miss_prack(transaction: ServerTransaction, what: What, now: float) -> None:
    _stop_reliable(transaction, what, now)
    transaction.layer.emit(PrackMissing(key=transaction.key))


def _stop_success(transaction: ServerTransaction, what: What, now: float) -> None:
    transaction.running.pop(Timer.X_SUCCESS, None)
    transaction.acknowledged = True


def _end_accepted(transaction: ServerTransaction, what: What, now: float) -> None:
    if not transaction.acknowledged:
        transaction.layer.emit(AckMissing(key=transaction.key))


def _pass_ack(transaction: ServerTransaction, what: What, now: float) -> None:
    """An ACK to a 2xx with the branch of the INVITE, as those of RFC 2543 have (and others should not)."""
    assert isinstance(what, Request)
    transaction.layer.emit(RequestArrived(key="", request=what, hop=transaction.layer.source))


_TRYING, _PROCEEDING, _COMPLETED = State.TRYING, State.PROCEEDING, State.COMPLETED
_CONFIRMED, _ACCEPTED, _TERMINATED = State.CONFIRMED, State.ACCEPTED, State.TERMINATED
_ANSWERED = "a final response was sent before"
_NO_ACK = "an ACK to nothing"
_NOT_RELIABLE = "no reliable response waits any more"
_NOT_INVITE = "only for INVITE"

INVITE_SERVER = Chart(
    begins=_PROCEEDING,
    timers={
        _PROCEEDING: (Timer.X_TRYING,),
        _COMPLETED: (Timer.G, Timer.H),
        _CONFIRMED: (Timer.I,),
        _ACCEPTED: (Timer.X_SUCCESS, Timer.L),
    },
    rows={
        (_PROCEEDING, Timer.X_TRYING): Row(_say_trying, _PROCEEDING),
        (_PROCEEDING, Timer.X_RELIABLE): Row(_reliably_again, _PROCEEDING),
        (_PROCEEDING, Timer.X_PRACK): Row(_miss_prack, _PROCEEDING),
        (_PROCEEDING, Input.REQUEST): Row(_again, _PROCEEDING),
        (_PROCEEDING, Input.ACK): ignored(_NO_ACK, _PROCEEDING),
        (_PROCEEDING, Input.SAY_PROVISIONAL): Row(_say_first, _PROCEEDING),
        (_PROCEEDING, Input.SAY_RELIABLY): Row(_say_reliably, _PROCEEDING),
        (_PROCEEDING, Input.SAY_SUCCESS): Row(_say_first, _ACCEPTED),
        (_PROCEEDING, Input.SAY_FAILURE): Row(_say_first, _COMPLETED),
        (_PROCEEDING, Input.ACKNOWLEDGED): ignored(_NO_ACK, _PROCEEDING),
        (_PROCEEDING, Input.PROVISIONAL_ACKNOWLEDGED): Row(_stop_reliable, _PROCEEDING),
        (_COMPLETED, Timer.G): Row(send_again(Timer.G), _COMPLETED),
        # The user is told by 17.2.1, but what could it do: the call did not come about either way.
        (_COMPLETED, Timer.H): Row(done, _TERMINATED),
        (_COMPLETED, Input.REQUEST): Row(_again, _COMPLETED),
        (_COMPLETED, Input.ACK): Row(done, _CONFIRMED),
        (_COMPLETED, Input.SAY_PROVISIONAL): ignored(_ANSWERED, _COMPLETED),
        (_COMPLETED, Input.SAY_RELIABLY): ignored(_ANSWERED, _COMPLETED),
        (_COMPLETED, Input.SAY_SUCCESS): ignored(_ANSWERED, _COMPLETED),
        (_COMPLETED, Input.SAY_FAILURE): ignored(_ANSWERED, _COMPLETED),
        (_COMPLETED, Input.ACKNOWLEDGED): ignored("that is for a 2xx", _COMPLETED),
        (_COMPLETED, Input.PROVISIONAL_ACKNOWLEDGED): ignored(_NOT_RELIABLE, _COMPLETED),
        (_CONFIRMED, Timer.I): Row(done, _TERMINATED),
        (_CONFIRMED, Input.REQUEST): ignored("it was acknowledged: an old copy", _CONFIRMED),
        (_CONFIRMED, Input.ACK): ignored("the ACK once more", _CONFIRMED),
        (_CONFIRMED, Input.SAY_PROVISIONAL): ignored(_ANSWERED, _CONFIRMED),
        (_CONFIRMED, Input.SAY_RELIABLY): ignored(_ANSWERED, _CONFIRMED),
        (_CONFIRMED, Input.SAY_SUCCESS): ignored(_ANSWERED, _CONFIRMED),
        (_CONFIRMED, Input.SAY_FAILURE): ignored(_ANSWERED, _CONFIRMED),
        (_CONFIRMED, Input.ACKNOWLEDGED): ignored("that is for a 2xx", _CONFIRMED),
        (_CONFIRMED, Input.PROVISIONAL_ACKNOWLEDGED): ignored(_NOT_RELIABLE, _CONFIRMED),
        (_ACCEPTED, Timer.X_SUCCESS): Row(send_again(Timer.X_SUCCESS), _ACCEPTED),
        (_ACCEPTED, Timer.L): Row(_end_accepted, _TERMINATED),
        (_ACCEPTED, Input.REQUEST): ignored("absorbed (RFC 6026); the 2xx comes again by its timer", _ACCEPTED),
        (_ACCEPTED, Input.ACK): Row(_pass_ack, _ACCEPTED),
        (_ACCEPTED, Input.SAY_PROVISIONAL): ignored(_ANSWERED, _ACCEPTED),
        (_ACCEPTED, Input.SAY_RELIABLY): ignored(_ANSWERED, _ACCEPTED),
        (_ACCEPTED, Input.SAY_SUCCESS): Row(_say, _ACCEPTED),
        (_ACCEPTED, Input.SAY_FAILURE): ignored(_ANSWERED, _ACCEPTED),
        (_ACCEPTED, Input.ACKNOWLEDGED): Row(_stop_success, _ACCEPTED),
        (_ACCEPTED, Input.PROVISIONAL_ACKNOWLEDGED): ignored(_NOT_RELIABLE, _ACCEPTED),
    },
)
"""Figure 7 of RFC 3261 with the changes of RFC 6026."""

NON_INVITE_SERVER = Chart(
    begins=_TRYING,
    timers={_COMPLETED: (Timer.J,)},
    rows={
        (_TRYING, Input.REQUEST): ignored("there is no response yet", _TRYING),
        (_TRYING, Input.SAY_PROVISIONAL): Row(_say, _PROCEEDING),
        (_TRYING, Input.SAY_SUCCESS): Row(_say, _COMPLETED),
        (_TRYING, Input.SAY_FAILURE): Row(_say, _COMPLETED),
        (_PROCEEDING, Input.REQUEST): Row(_again, _PROCEEDING),
        (_PROCEEDING, Input.SAY_PROVISIONAL): Row(_say, _PROCEEDING),
        (_PROCEEDING, Input.SAY_SUCCESS): Row(_say, _COMPLETED),
        (_PROCEEDING, Input.SAY_FAILURE): Row(_say, _COMPLETED),
        (_COMPLETED, Timer.J): Row(done, _TERMINATED),
        (_COMPLETED, Input.REQUEST): Row(_again, _COMPLETED),
        (_COMPLETED, Input.SAY_PROVISIONAL): ignored(_ANSWERED, _COMPLETED),
        (_COMPLETED, Input.SAY_SUCCESS): ignored(_ANSWERED, _COMPLETED),
        (_COMPLETED, Input.SAY_FAILURE): ignored(_ANSWERED, _COMPLETED),
        **{
            (state, trigger): ignored(_NOT_INVITE, state)
            for state in (_TRYING, _PROCEEDING, _COMPLETED)
            for trigger in (Input.ACK, Input.SAY_RELIABLY, Input.ACKNOWLEDGED, Input.PROVISIONAL_ACKNOWLEDGED)
        },
    },
)
"""Figure 8 of RFC 3261."""
