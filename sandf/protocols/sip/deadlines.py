"""Deadlines of many owners, of which the first is wanted: a heap that forgets lazily.

What this module does not do: it looks at no clock.
"""

from __future__ import annotations

import heapq
from typing import Generic, TypeVar

OwnerT = TypeVar("OwnerT")
_MOST_STALE = 64
"""Entries that may be stale beside as many as there are owners."""


class Deadlines(Generic[OwnerT]):
    """One deadline for each owner, in seconds of whoever uses it."""

    def __init__(self) -> None:
        self._at: dict[OwnerT, float] = {}
        self._heap: list[tuple[float, int, OwnerT]] = []
        self._count = 0

    def __len__(self) -> int:
        return len(self._at)

    def set(self, owner: OwnerT, at: float | None) -> None:
        """*owner* waits until *at*, or for nothing any more."""
        if at is None:
            self._at.pop(owner, None)
        elif self._at.get(owner) != at:
            self._at[owner] = at
            self._count += 1
            heapq.heappush(self._heap, (at, self._count, owner))
        if len(self._heap) > 2 * len(self._at) + _MOST_STALE:
            self._rebuild()

    def _rebuild(self) -> None:
        """Forget the entries of owners that wait for something else by now, or for nothing."""
        self._heap = [(at, number, owner) for number, (owner, at) in enumerate(self._at.items())]
        heapq.heapify(self._heap)
        self._count = len(self._heap)

    def next_deadline(self) -> float | None:
        """The earliest; None if nobody waits."""
        heap = self._heap
        while heap:
            at, _, owner = heap[0]
            if self._at.get(owner) == at:
                return at
            heapq.heappop(heap)
        return None

    def expired(self, now: float) -> OwnerT | None:
        """Take the first owner whose time has come; None if there is none."""
        at = self.next_deadline()
        if at is None or at > now:
            return None
        owner = heapq.heappop(self._heap)[2]
        del self._at[owner]
        return owner
