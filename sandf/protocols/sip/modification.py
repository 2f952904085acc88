"""Where a change of a running session stands (RFC 3261 14, RFC 3311)."""

from __future__ import annotations

from dataclasses import dataclass

from sipmessage import Request

from .exchange import Exchange


@dataclass(slots=True, kw_only=True)
class Modification:
    """One for each session; at most one change is under way, ours or theirs."""

    ours: Exchange | None = None
    """Our re-INVITE under way."""
    wait_until: float | None = None
    """Our turn after glare (14.1); None if nothing waits."""
    glares: int = 0
    """How often in a row we got 491."""
    theirs: Request | None = None
    """Their offer that is not answered."""
    theirs_key: str = ""
    unacknowledged: str = ""
    """Key of the re-INVITE of theirs whose ACK is awaited."""
    number: int = -1
    """Its CSeq number."""
    far_updates: bool = False
    """The other end takes UPDATE."""

    @property
    def busy(self) -> bool:
        """Whether a change is under way."""
        return self.ours is not None or self.theirs is not None
