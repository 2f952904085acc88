"""What a stop in the middle left behind: received faxes that the crash cut off, or that were never mailed.

Runs once at the start, before any call is taken, and then from time to time, so that a mail which could not be
made (a full disk) is made later.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from sandf import causes
from sandf.callcontrol.call import Call
from sandf.logs import Logger
from sandf.store.interfaces import IFaxStore
from sandf.store.records import FaxDirection, FaxRecord, FaxState

from .onramp import MailFax, OnRamp

BATCH = 1000
"""Faxes looked at in one go."""


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

    async def close_interrupted(self) -> int:
        """Close every fax whose call the last stop cut off; how many there were."""
        interrupted = await self._store.faxes(states=[FaxState.OPEN], limit=BATCH)
        for record in interrupted:
            await self._close(record)
        return len(interrupted)

    async def mail_closed(self) -> int:
        """Mail every closed fax that no live call is mailing; how many there were."""
        closed = await self._store.faxes(states=[FaxState.CLOSED], limit=BATCH)
        live = {call.request for call in self._calls().values()}
        waiting = [MailFax(fax_id=record.fax_id) for record in closed if record.call_id not in self._calls()]
        for request in waiting:
            if request not in live:
                self._originate(self._onramp.name, request)
        return len(waiting)

    async def release(self, fax_id: str) -> FaxRecord:
        """Mail a withheld fax after all; the record as it was.  KeyError if it is unknown, ValueError if mailed."""
        record = await self._store.fax(fax_id)
        if record.state is not FaxState.WITHHELD:
            raise ValueError(f"{fax_id} is {record.state.value}, not withheld")
        self._originate(self._onramp.name, MailFax(fax_id=fax_id))
        return record

    async def _close(self, record: FaxRecord) -> None:
        pages = [kept.page for kept in await self._store.payload(record.fax_id)]
        record = replace(
            record,
            ended_at=self._now(),
            cause=causes.RESTARTED,
            pages=len(pages) if record.direction is FaxDirection.ON_RAMP else record.pages,
            octets=sum(len(page.octets) for page in pages) or record.octets,
        )
        state = FaxState.ENDED
        if record.direction is FaxDirection.ON_RAMP:
            state = self._onramp.closing_state(record, causes.RESTARTED)
        await self._store.close_fax(replace(record, state=state), state)
        self.log.info("{fax} was cut off by a stop: {state}", fax=record.fax_id, state=state.value)
