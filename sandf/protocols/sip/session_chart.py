"""The life of a session as a table (RFC 3261 13 to 15): what is done on each input in each state, and what follows.

The actions stand by phase in :mod:`.inviting` and :mod:`.forks` (we call), :mod:`.invited` (we are called),
:mod:`.modifying` (re-INVITE, UPDATE, refreshes) and :mod:`.ending`.

What this module does not do: it runs nothing; :class:`.session.Session` does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from . import ending, forks, invited, inviting, modifying
from .states import Input, State, What

if TYPE_CHECKING:
    from .session import Session

Action = Callable[["Session", What, float], "State | None"]
"""Done on an input; returns the next state where the row leaves it open."""

CHART: dict[tuple[State, Input], tuple[Action, State | None]] = {
    (State.CALLING, Input.PROVISIONAL): (inviting.provisional, State.PROCEEDING),
    (State.CALLING, Input.SUCCESS): (inviting.answered, State.ESTABLISHED),
    (State.CALLING, Input.FAILURE): (inviting.refused, None),
    (State.CALLING, Input.LOST): (inviting.lost, None),
    (State.CALLING, Input.HANG_UP): (inviting.cancel, State.CANCELLING),
    (State.PROCEEDING, Input.PROVISIONAL): (inviting.provisional, State.PROCEEDING),
    (State.PROCEEDING, Input.SUCCESS): (inviting.answered, State.ESTABLISHED),
    (State.PROCEEDING, Input.FAILURE): (inviting.refused, None),
    (State.PROCEEDING, Input.LOST): (inviting.lost, None),
    (State.PROCEEDING, Input.HANG_UP): (inviting.cancel, State.CANCELLING),
    (State.PROCEEDING, Input.BYE): (ending.far_left, State.ENDED),
    (State.REDIRECTED, Input.REDIRECT): (inviting.redirect, State.CALLING),
    (State.REDIRECTED, Input.GIVE_UP): (inviting.give_up, State.ENDED),
    (State.REDIRECTED, Input.HANG_UP): (ending.over, State.ENDED),
    (State.CANCELLING, Input.SUCCESS): (forks.answered_too_late, State.ENDED),
    (State.CANCELLING, Input.FAILURE): (ending.over, State.ENDED),
    (State.CANCELLING, Input.LOST): (ending.over, State.ENDED),
    (State.CANCELLING, Input.PATIENCE): (ending.over, State.ENDED),
    (State.OFFERED, Input.RING): (invited.ring, State.OFFERED),
    (State.OFFERED, Input.ANSWER): (invited.answer, State.ACCEPTED),
    (State.OFFERED, Input.REFUSE): (invited.refuse, State.ENDED),
    (State.OFFERED, Input.HANG_UP): (invited.refuse, State.ENDED),
    (State.OFFERED, Input.CANCEL): (invited.cancelled, State.ENDED),
    (State.OFFERED, Input.BYE): (invited.cancelled, State.ENDED),
    (State.OFFERED, Input.UNACKNOWLEDGED): (invited.unacknowledged_ringing, State.ENDED),
    (State.ACCEPTED, Input.ACK): (invited.acknowledged, State.ESTABLISHED),
    (State.ACCEPTED, Input.UNACKNOWLEDGED): (ending.broken, State.ENDED),
    (State.ACCEPTED, Input.BYE): (ending.far_left, State.ENDED),
    (State.ACCEPTED, Input.HANG_UP): (ending.leave_later, State.LEAVING),
    (State.LEAVING, Input.ACK): (ending.leave, State.ENDED),
    (State.LEAVING, Input.UNACKNOWLEDGED): (ending.leave, State.ENDED),
    (State.LEAVING, Input.BYE): (ending.over, State.ENDED),
    (State.ESTABLISHED, Input.ACK): (modifying.acknowledged, State.ESTABLISHED),
    (State.ESTABLISHED, Input.SUCCESS): (forks.answered_again, State.ESTABLISHED),
    (State.ESTABLISHED, Input.HANG_UP): (ending.leave, State.ENDED),
    (State.ESTABLISHED, Input.BYE): (ending.far_left, State.ENDED),
    (State.ESTABLISHED, Input.UNACKNOWLEDGED): (ending.broken, State.ENDED),
    (State.ESTABLISHED, Input.BROKEN): (ending.broken, State.ENDED),
    (State.ENDED, Input.SUCCESS): (forks.answered_again, State.ENDED),
    # The owner hung up while it looked where a 3xx leads: nothing is sent.
    (State.ENDED, Input.REDIRECT): (ending.over, State.ENDED),
    (State.ENDED, Input.GIVE_UP): (ending.over, State.ENDED),
}
"""What stands in no row is ignored: it crossed something on the way."""
