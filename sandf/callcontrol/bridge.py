"""A bridge between two legs of one call: the way along which a media value passes from one to the other."""

from __future__ import annotations

from collections.abc import Callable

from .events import BridgeConfirm, Event
from .leg import Leg


class Bridge:
    """Joins *supplier* and *consumer*; which is which, their kinds say (telephone to fax, pages to fax ...).

    The value that crosses is kept until the bridge is gone, so that a provider may look at it again.
    """

    def __init__(self, near: Leg, far: Leg, emit: Callable[[Event], None]) -> None:
        self.near = near
        self.far = far
        self.value: object | None = None
        self._emit = emit
        near.bridges.append(self)
        far.bridges.append(self)

    def begin(self) -> None:
        """Ask both providers, then confirm to the application; nothing of that if a leg has ended."""
        for leg in (self.near, self.far):
            if self._stands():
                leg.provider.bridge_request(leg, self)
        if self._stands():
            self._emit(BridgeConfirm(bridge=self))

    def other(self, leg: Leg) -> Leg:
        """The leg at the other end."""
        return self.far if leg is self.near else self.near

    def supply(self, leg: Leg, value: object) -> None:
        """*leg*'s provider hands *value* over; the other provider is told.  A bridge carries one value.

        Raises ValueError for a second value.
        """
        if self.value is not None:
            raise ValueError(f"the bridge of {self.near!r} and {self.far!r} carries a value already")
        self.value = value
        other = self.other(leg)
        if self._stands():
            other.provider.media_indication(other, self, value)

    def _stands(self) -> bool:
        """Whether both legs live.

        A leg may end while its value is on the way (a document is read, a telephone answers).  That is nobody's
        fault, so it is not refused by an exception; and the provider has forgotten the leg, so it is not told.
        """
        return self.near.released_at is None and self.far.released_at is None
