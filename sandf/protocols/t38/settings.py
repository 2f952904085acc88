"""What a call may choose of T.38, as dial peers and ports say it."""

from __future__ import annotations

import enum


class T38Use(enum.Enum):
    """How a call comes to T.38."""

    REINVITE = "reinvite"
    """Audio first, then T.38 by re-INVITE: of the called end at once, of the caller after a while."""
    FIRST = "first"
    """Both in the first offer; audio first where the other end does not take it."""
    ONLY = "only"
    """Nothing but T.38."""
