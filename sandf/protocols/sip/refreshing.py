"""The session timer of one session (RFC 4028): what it asks for and agrees to, and the deadlines that follow.

What this module does not do: send the refreshes (:mod:`.modifying` does).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sipmessage import Request, Response

from .session_timer import (
    SessionTimer,
    TooSmall,
    agreed_by_request,
    agreed_by_response,
    agreed_headers,
    asked_headers,
    longer_interval,
)

if TYPE_CHECKING:
    from .session import Session

AGAIN = 10.0
"""Seconds until a refresh that could not be made is tried again."""
MOST_RAISED = 4
"""422 of one session that are followed: each proxy on the way may want more than the one before."""


@dataclass(slots=True, kw_only=True)
class Refreshing:
    """One for each session."""

    asked: int | None = None
    """Seconds that we ask for, where the other end wants more than our setting."""
    raised: int = 0
    """How often it wanted more."""
    timer: SessionTimer | None = None
    """What was agreed last."""
    refresh_at: float | None = None
    expires_at: float | None = None

    @property
    def deadline(self) -> float | None:
        """The first of both."""
        return min((at for at in (self.refresh_at, self.expires_at) if at is not None), default=None)

    def agree(self, timer: SessionTimer | None, now: float) -> None:
        """A 2xx has agreed to *timer*, or to none."""
        self.timer = timer
        self.refresh_at = timer.refresh_at(now) if timer else None
        self.expires_at = timer.expires_at(now) if timer else None

    def postpone(self, now: float) -> None:
        """Try again to refresh, soon."""
        if self.timer is not None and self.timer.we_refresh:
            self.refresh_at = now + AGAIN


def _interval(session: Session) -> int:
    refreshing = session.refreshing
    if refreshing.asked is not None:
        return refreshing.asked
    return refreshing.timer.interval if refreshing.timer else session.identity.session_expires


def _refresher(session: Session) -> str:
    """Who refreshes so far, from our point of view as the one that asks."""
    timer = session.refreshing.timer
    return "" if timer is None else "uac" if timer.we_refresh else "uas"


def ask(session: Session, request: Request) -> None:
    """Put what *request* asks for into it."""
    if session.identity.session_expires or session.refreshing.timer:
        least = max(session.identity.min_se, session.refreshing.asked or 0)  # what a 422 asked for is said again
        headers = asked_headers(_interval(session), min_se=least, refresher=_refresher(session))
        for name, value in headers:
            request.headers.set(name, value)


def told(session: Session, response: Response, now: float) -> None:
    """A 2xx to a request of ours that asked."""
    session.refreshing.agree(agreed_by_response(response, asked_refresher=_refresher(session)), now)


def shorter_refused(session: Session, response: Response) -> bool:
    """Whether it makes sense to ask again after a 422; with the interval that it wants."""
    refreshing = session.refreshing
    longer = longer_interval(response, _interval(session))
    if longer is None or refreshing.raised >= MOST_RAISED:
        return False
    refreshing.asked = longer
    refreshing.raised += 1
    return True


def too_short(session: Session, request: Request) -> bool:
    """Whether *request* asks for less than we allow, so that it gets 422."""
    return isinstance(agreed_by_request(request, min_se=session.identity.min_se), TooSmall)


def agree(session: Session, request: Request, response: Response, now: float) -> None:
    """Put what our 2xx to *request* agrees to into *response*."""
    wanted = session.identity.session_expires or None
    agreed = agreed_by_request(request, min_se=session.identity.min_se, wanted=wanted)
    timer = agreed if isinstance(agreed, SessionTimer) else None
    session.refreshing.agree(timer, now)
    if timer is not None:
        for name, value in agreed_headers(timer, request):
            response.headers.set(name, value)
