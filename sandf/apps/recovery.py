"""What a stop in the middle left behind: received faxes that the crash cut off, or that were never mailed.

Runs once at the start, before any call is taken, and then from time to time, so that a mail which could not be
made (a full disk) is made later.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from twisted.internet.defer import Deferred
from zope.interface import implementer

from sandf import causes
from sandf.callcontrol.call import Call
from sandf.callcontrol.interfaces import ICallObserver
from sandf.logs import Logger
from sandf.store.interfaces import IFaxStore
from sandf.store.records import FaxDirection, FaxRecord, FaxState

from .onramp import MailFax, OnRamp

BATCH = 100
"""Faxes looked at in one go."""
AT_ONCE = 4
"""Faxes that are mailed at the same time; each has its pages in memory."""


@implementer(ICallObserver)
class Recovery:
    """*originate* begins a call of an application for a request; *calls* are the live ones."""

    log = Logger()

    def __init__(
        self,
        *,
        store: IFaxStore,
        onramp: OnRamp,
        originate: Callable[[str, object], Call],
        calls: Callable[[], Mapping[str, Call]],
        now: Callable[[], float],
    ) -> None:
        self._store = store
        self._onramp = onramp
        self._originate = originate
        self._calls = calls
        self._now = now
        self._more = False
        """There were more faxes to mail than could be begun."""

    async def look(self) -> None:
        """Close what was cut off, and mail what was closed."""
        await self.close_interrupted()
        await self.mail_closed()

    async def close_interrupted(self) -> int:
        """Close every open fax that no live call has (a stop, or a store that failed, cut it off); how many."""
        count = 0
        while True:
            opened = await self._store.faxes(states=[FaxState.OPEN], limit=BATCH + len(self._calls()))
            interrupted = [record for record in opened if record.call_id not in self._calls()]
            for record in interrupted:
                await self._close(record)
            count += len(interrupted)
            if not interrupted:
                return count

    async def mail_closed(self) -> int:
        """Begin to mail closed faxes that no live call is mailing, :data:`AT_ONCE` at a time; how many are waiting."""
        closed = await self._store.faxes(states=[FaxState.CLOSED], limit=BATCH)
        live = {call.request for call in self._calls().values() if isinstance(call.request, MailFax)}
        requests = [MailFax(fax_id=record.fax_id) for record in closed if record.call_id not in self._calls()]
        waiting = [request for request in requests if request not in live]
        room = max(0, AT_ONCE - len(live))
        self._more = len(waiting) > room
        for request in waiting[:room]:
            self._originate(self._onramp.name, request)
        return len(waiting)

    async def release(self, fax_id: str) -> FaxRecord:
        """Mail a withheld fax after all; the record as it was.  KeyError if it is unknown, ValueError if mailed."""
        record = await self._store.fax(fax_id)
        if record.state is not FaxState.WITHHELD:
            raise ValueError(f"{fax_id} is {record.state.value}, not withheld")
        self._originate(self._onramp.name, MailFax(fax_id=fax_id))
        return record

    # ICallObserver: when one is mailed the next can be.

    def call_began(self, call: Call) -> None:
        """Nothing to do."""

    def event_seen(self, call: Call, event: object) -> None:
        """Nothing to do."""

    def call_ended(self, call: Call) -> None:
        """Mail the next, if more are waiting."""
        if self._more and isinstance(call.request, MailFax):
            Deferred.fromCoroutine(self.mail_closed()).addErrback(
                lambda failure: self.log.warn("faxes wait to be mailed: {reason}", reason=failure.value)
            )

    async def _close(self, record: FaxRecord) -> None:
        """End *record* at the last moment that is known of its call."""
        payload = await self._store.payload(record.fax_id)
        receiving = record.direction is FaxDirection.ON_RAMP
        cause = causes.INTERRUPTED if receiving else causes.RESTARTED
        record = replace(
            record,
            ended_at=max([record.connected_at or record.began_at, *(kept.at for kept in payload)]),
            cause=cause,
            pages=len(payload) if receiving else record.pages,
            octets=sum(len(kept.page.octets) for kept in payload) or record.octets,
        )
        state = self._onramp.closing_state(record, cause) if receiving else FaxState.ENDED
        await self._store.close_fax(replace(record, state=state), state)
        self.log.info("{fax} was cut off: {state}", fax=record.fax_id, state=state.value)
