"""How many parts of each call's document could be faxed, for AcceptedMimeTypes and DiscardedMimeTypes.

The record of a fax has no place for them, so they are remembered in memory for the last calls, as the classic gateways
did with their whole history.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from zope.interface import implementer

from sandf.callcontrol.call import Call
from sandf.callcontrol.interfaces import ICallObserver
from sandf.callcontrol.media import Document

REMEMBERED = 500
"""Calls; the classic history holds as many at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartCounts:
    """Parts of a document that are pages now, and those that were left out."""

    accepted: int = 0
    discarded: int = 0


def part_counts(call: Call) -> PartCounts | None:
    """Those of a call that still has its document."""
    for leg in call.legs:
        for bridge in leg.bridges:
            if isinstance(bridge.value, Document):
                return PartCounts(accepted=len(bridge.value.parts), discarded=len(bridge.value.discarded))
    return None


@implementer(ICallObserver)
class CallDocuments:
    """The counts of the last calls."""

    def __init__(self) -> None:
        self._counts: OrderedDict[str, PartCounts] = OrderedDict()

    def of(self, call_id: str) -> PartCounts:
        """Those of an ended call; none where they are forgotten."""
        return self._counts.get(call_id, PartCounts())

    # ICallObserver.

    def call_began(self, call: Call) -> None:
        """It has no document yet."""

    def event_seen(self, call: Call, event: object) -> None:
        """Nothing to do."""

    def call_ended(self, call: Call) -> None:
        """Remember its counts."""
        counts = part_counts(call)
        if counts is not None:
            self._counts[call.call_id] = counts
            while len(self._counts) > REMEMBERED:
                self._counts.popitem(last=False)
