"""The end of a session (RFC 3261 15): BYE by us, BYE by them, and ends that nobody asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .events import Ended
from .exchange import Purpose
from .states import State, What

if TYPE_CHECKING:
    from .session import Session


def say_bye(session: Session, now: float) -> None:
    """Send BYE."""
    assert session.dialog is not None
    bye = session.dialog.request("BYE")
    for name, value in session.goodbye[:1]:
        bye.headers.add(name, value)
    session.send_in_dialog(bye, Purpose.BYE, now)


def leave(session: Session, what: What, now: float) -> State | None:
    """We hang up."""
    session.goodbye = what.headers or session.goodbye
    if what.key:
        session.host.transactions.acknowledged(what.key, now)
    say_bye(session, now)
    return None


def leave_later(session: Session, what: What, now: float) -> State | None:
    """We hang up before the ACK has come."""
    session.goodbye = what.headers
    return None


def far_left(session: Session, what: What, now: float) -> State | None:
    """They hang up; their BYE is answered already."""
    if session.key:
        session.host.transactions.acknowledged(session.key, now)
    session.host.emit(session, Ended(message=what.request))
    return None


def broken(session: Session, what: What, now: float) -> State | None:
    """It cannot go on: end it, and say why."""
    session.goodbye = session.goodbye or (("Reason", 'SIP;cause=408;text="Request Timeout"'),)
    say_bye(session, now)
    session.host.emit(session, Ended(message=None, why=what.why))
    return None


def over(session: Session, what: What, now: float) -> State | None:
    """Nothing more is to be said."""
    return None
