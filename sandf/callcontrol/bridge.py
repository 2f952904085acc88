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
        """Ask both providers, then confirm to the application."""
        self.near.provider.bridge_request(self.near, self)
        self.far.provider.bridge_request(self.far, self)
        self._emit(BridgeConfirm(bridge=self))

    def other(self, leg: Leg) -> Leg:
        """The leg at the other end."""
        return self.far if leg is self.near else self.near

    def supply(self, leg: Leg, value: object) -> None:
        """*leg*'s provider hands *value* over; the other provider is told.  A bridge carries one value."""
        if self.value is not None:
            raise ValueError(f"the bridge of {self.near!r} and {self.far!r} carries a value already")
        self.value = value
        other = self.other(leg)
        other.provider.media_indication(other, self, value)
