"""Session timers (RFC 4028): what to ask for, what was agreed, and when to refresh or give up.

All of it is values and functions of messages; a session keeps the :class:`SessionTimer` that was agreed last, and when.

What this module does not do: send refreshes or BYE, or know that an UPDATE must not touch the media.
"""

from __future__ import annotations

from dataclasses import dataclass

from sipmessage import Request, Response

from .fields import valued
from .requests import option_tags

DEFAULT_INTERVAL = 1800
"""Seconds, recommended by RFC 4028 4."""
LEAST_INTERVAL = 90
"""Seconds, the least that Min-SE may be (4 and 5)."""
_LONGEST_INTERVAL = 86_400
"""Seconds, ours: a call that nobody refreshes for a day is none."""
_GRACE = 32.0
"""Seconds before the end at which the other end is given up (10)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionTimer:
    """What was agreed.  Times are counted from the 2xx that agreed to it."""

    interval: int
    """Seconds."""
    we_refresh: bool

    def refresh_at(self, since: float) -> float | None:
        """When to refresh: at half the interval (10); None if the other end does."""
        return since + self.interval / 2 if self.we_refresh else None

    def expires_at(self, since: float) -> float:
        """When to end the session with BYE, if nobody has refreshed it (10)."""
        return since + self.interval - min(_GRACE, self.interval / 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class TooSmall:
    """The interval that was asked for is refused: 422 with this Min-SE (6)."""

    min_se: int


def asked_headers(
    interval: int = DEFAULT_INTERVAL, *, min_se: int = LEAST_INTERVAL, refresher: str = ""
) -> list[tuple[str, str]]:
    """Header fields with which a request asks for a session timer (7.1); ``Supported: timer`` is put by others.

    *refresher* is empty in a first INVITE, where the called end chooses; in a later one it is who refreshes so far:
    ``uac`` for us (7.4).
    """
    headers = [("Session-Expires", f"{max(interval, min_se)}" + (f";refresher={refresher}" if refresher else ""))]
    if min_se > LEAST_INTERVAL:
        headers.append(("Min-SE", str(min_se)))
    return headers


def agreed_by_response(response: Response, *, asked_refresher: str = "") -> SessionTimer | None:
    """What a 2xx to our request agrees to (7.2); None for no timer.

    A 2xx must say who refreshes.  From one that does not, it is whom we asked for, else we do: an end that refreshes
    without need does no harm.
    """
    interval, refresher = _session_expires(response)
    if not interval:
        return None
    return SessionTimer(interval=interval, we_refresh=(refresher or asked_refresher or "uac") == "uac")


def longer_interval(response: Response, asked: int) -> int | None:
    """The interval with which to ask again after a 422 (7.3); None if asking again makes no sense."""
    least = _min_se(response)
    return least if least > asked else None


def agreed_by_request(
    request: Request, *, min_se: int = LEAST_INTERVAL, wanted: int | None = DEFAULT_INTERVAL
) -> SessionTimer | TooSmall | None:
    """What our 2xx to *request* agrees to (9 and its Table 2); None for no timer.

    *wanted* is the interval that we ask for where the request asks for none; it is not less than its Min-SE.  Without
    ``Supported: timer`` a request cannot be refused with 422 (6), and we refresh ourselves.
    """
    interval, refresher = _session_expires(request)
    supported = "timer" in option_tags(request, "Supported") | option_tags(request, "Require")
    if not interval:
        if wanted is None:
            return None
        return SessionTimer(interval=max(wanted, _min_se(request)), we_refresh=True)
    if interval < min_se:
        if supported:
            return TooSmall(min_se=min_se)
        interval = min_se
    return SessionTimer(interval=interval, we_refresh=refresher != "uac" if supported else True)


def agreed_headers(timer: SessionTimer, request: Request) -> list[tuple[str, str]]:
    """Header fields of our 2xx to *request* (9).  Require only where the other end refreshes, which it then must."""
    headers = [("Session-Expires", f"{timer.interval};refresher={'uas' if timer.we_refresh else 'uac'}")]
    if not timer.we_refresh and "timer" in option_tags(request, "Supported"):
        headers.append(("Require", "timer"))
    return headers


def _session_expires(message: Request | Response) -> tuple[int, str]:
    """The interval, 0 if none can be read, and who refreshes: ``uac``, ``uas`` or empty."""
    text, parameters = valued(message.headers.get("Session-Expires") or "")
    refresher = parameters.get("refresher", "").lower()
    return _seconds(text), refresher if refresher in ("uac", "uas") else ""


def _min_se(message: Request | Response) -> int:
    text, _ = valued(message.headers.get("Min-SE") or "")
    return max(_seconds(text), LEAST_INTERVAL)


def _seconds(text: str) -> int:
    return min(int(text), _LONGEST_INTERVAL) if text.isascii() and text.isdigit() and len(text) < 20 else 0
