"""The fax record of a call while the call runs: noted here, written to the store, shown to people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sandf.callcontrol.call import Call
from sandf.callcontrol.primitives import Negotiated
from sandf.causes import Cause
from sandf.logs import Logger
from sandf.store.interfaces import IFaxStore
from sandf.store.records import FaxRecord, FaxState


class FaxLog:
    """One record from :meth:`open` to :meth:`close`; ``call.facts["fax"]`` always has its latest state."""

    log = Logger()

    def __init__(self, call: Call, store: IFaxStore, now: Callable[[], float]) -> None:
        self._call = call
        self._store = store
        self._now = now
        self._record: FaxRecord | None = None

    @property
    def is_open(self) -> bool:
        """Whether there is a record."""
        return self._record is not None

    @property
    def record(self) -> FaxRecord:
        """As it stands."""
        assert self._record is not None, "open() gives it"
        return self._record

    async def open(self, record: FaxRecord) -> None:
        """Begin: the store gives the id."""
        self._keep(replace(record, fax_id=await self._store.open_fax(record)))

    async def close(self, state: FaxState, cause: Cause, detail: str) -> None:
        """The call is over: write the record in *state*."""
        self._keep(replace(self.record, ended_at=self._now(), cause=cause, detail=detail, state=state))
        await self._store.close_fax(self.record, state)

    def connected(self) -> None:
        """The telephone leg is up."""
        self._keep(replace(self.record, connected_at=self._now()))

    def remote_identified(self, ident: str, subaddress: str = "") -> None:
        """CSI or TSI has come, and SUB if there is one."""
        self._keep(replace(self.record, remote_ident=ident, subaddress=subaddress or self.record.subaddress))

    def negotiated(self, negotiated: Negotiated) -> None:
        """A DCS has passed; the first speed is kept beside the last."""
        resolution = negotiated.form.resolution
        self._keep(
            replace(
                self.record,
                bit_rate=self.record.bit_rate or negotiated.bit_rate,
                final_bit_rate=negotiated.bit_rate,
                ecm=negotiated.ecm,
                coding=negotiated.form.coding.value,
                resolution=f"{resolution.x}x{resolution.y}",
            )
        )

    def page_done(self, octets: int, seconds: float) -> None:
        """One more page is confirmed: its T.4 or T.6 *octets*, and the *seconds* that its data took.

        The record is written too, not waited for: after a crash it tells what was known with this page.
        """
        self._keep(
            replace(
                self.record,
                pages=self.record.pages + 1,
                octets=self.record.octets + octets,
                page_seconds=self.record.page_seconds + seconds,
            )
        )
        self._store.update_fax(self.record).addErrback(
            lambda failure: self.log.warn(
                "{fax} is not written: {reason}", fax=self.record.fax_id, reason=failure.value
            )
        )

    def _keep(self, record: FaxRecord) -> None:
        self._record = record
        self._call.facts["fax"] = record
