"""What lives and what is stored as plain values: dicts, lists, numbers and texts that JSON can carry.

Times are ISO 8601 texts with their offset, durations seconds, sizes octets.  Numbers of the telephone side are masked.
A value has ``shows``, which names what it is; :mod:`.show` makes text of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, tzinfo
from typing import Any

from sandf.callcontrol.call import Call
from sandf.callcontrol.leg import Leg
from sandf.callcontrol.primitives import MailIn, ProviderKind, TelephoneCall
from sandf.causes import Cause
from sandf.store.records import (
    Attempt,
    Counts,
    FaxDirection,
    FaxPayload,
    FaxRecord,
    HistoryLine,
    Job,
    JobKind,
    TraceLine,
)

Value = dict[str, Any]


class Values:
    """Makes values.

    *masked* hides access codes, *seconds* is the clock of call control, *now* seconds since 1970, *began_at* when the
    gateway began by that; *zone* is for times that people read, None the local one.
    """

    def __init__(
        self,
        *,
        masked: Callable[[str], str],
        seconds: Callable[[], float],
        now: Callable[[], float],
        began_at: float,
        zone: tzinfo | None = None,
    ) -> None:
        self.masked = masked
        self.seconds = seconds
        self._now = now
        self._began_at = began_at
        self._zone = zone

    def stamp(self, at: float | None) -> str | None:
        """A time as ISO 8601."""
        if at is None:
            return None
        return datetime.fromtimestamp(at, self._zone).astimezone(self._zone).isoformat(timespec="seconds")

    def wall(self, at: float) -> float:
        """A time of call control's clock in seconds since 1970."""
        return self._now() - (self.seconds() - at)

    def uptime_ms(self, at: float) -> int:
        """A time since 1970 in ms since the gateway began."""
        return round((at - self._began_at) * 1000)

    # Calls.

    def call(self, call: Call) -> Value:
        """A live call in a few words."""
        record = fax_record(call)
        job = next((leg.setup.job_id for leg in call.legs if isinstance(leg.setup, MailIn)), None)
        telephone = next((leg.setup for leg in call.legs if isinstance(leg.setup, TelephoneCall)), None)
        mail = next((leg.setup for leg in call.legs if isinstance(leg.setup, MailIn)), None)
        value: Value = {
            "call": call.call_id,
            "application": call.application,
            "began_at": self.stamp(self.wall(call.began_at)),
            "seconds": round(self.seconds() - call.began_at, 1),
            "job": job,
            "called": self.masked(mail.called if mail else telephone.called if telephone else ""),
            "calling": mail.calling if mail else self.masked(telephone.calling) if telephone else "",
            "port": telephone.port if telephone else "",
            "state": call_state(call),
            "legs": [self._leg(leg) for leg in call.legs],
        }
        return value | self._progress(record)

    def _progress(self, record: FaxRecord | None) -> Value:
        if record is None:
            return {"fax": None, "pages": 0}
        return {
            "fax": record.fax_id,
            "remote_ident": record.remote_ident,
            "pages": record.pages,
            "octets": record.octets,
            "bit_rate": record.final_bit_rate,
            "ecm": record.ecm,
            "coding": record.coding,
            "resolution": record.resolution,
        }

    def _leg(self, leg: Leg) -> Value:
        return {
            "leg": leg.number,
            "kind": leg.kind.value,
            "incoming": leg.incoming,
            "state": leg.state,
            "dial_peer": leg.peer_tag,
            "began_at": self.stamp(self.wall(leg.began_at)),
        }

    # Faxes.

    def fax(self, record: FaxRecord) -> Value:
        """A fax record whole."""
        return {
            "fax": record.fax_id,
            "call": record.call_id,
            "direction": record.direction.value,
            "state": record.state.value,
            "job": record.job_id,
            "attempt": record.attempt,
            "message": record.message_id,
            "called": self.masked(record.called),
            "calling": self.calling(record),
            "redirecting": self.masked(record.redirecting),
            "port": record.port,
            "dial_peer": record.peer_tag,
            "mail_dial_peer": record.mail_peer_tag,
            "mail_to": list(record.mail_to),
            "account": record.account_id,
            "began_at": self.stamp(record.began_at),
            "connected_at": self.stamp(record.connected_at),
            "ended_at": self.stamp(record.ended_at),
            "seconds": round(duration(record), 1),
            "page_seconds": round(record.page_seconds, 2),
            "remote_ident": record.remote_ident,
            "subaddress": record.subaddress,
            "pages": record.pages,
            "octets": record.octets,
            "bit_rate": record.bit_rate,
            "final_bit_rate": record.final_bit_rate,
            "ecm": record.ecm,
            "coding": record.coding,
            "resolution": record.resolution,
        } | cause_value(record.cause, record.detail)

    def calling(self, record: FaxRecord) -> str:
        """Who sends: a number that is masked, or a mail address."""
        return self.masked(record.calling) if record.direction is FaxDirection.ON_RAMP else record.calling

    def page(self, payload: FaxPayload) -> Value:
        """A page of a received fax."""
        page = payload.page
        resolution = page.form.resolution
        return {
            "page": page.number,
            "at": self.stamp(payload.at),
            "coding": page.form.coding.value,
            "resolution": f"{resolution.x}x{resolution.y}",
            "width": page.form.width,
            "rows": page.rows,
            "octets": len(page.octets),
            "bad_rows": page.bad_rows,
        }

    # Jobs.

    def job(self, job: Job) -> Value:
        """One recipient and how far it has come."""
        is_fax = job.kind is JobKind.FAX
        return {
            "job": job.job_id,
            "message": job.message_id,
            "kind": job.kind.value,
            "state": job.state.value,
            "to": self.masked(job.called) if is_fax else job.address,
            "fax": job.fax_id,
            "created_at": self.stamp(job.created_at),
            "due_at": self.stamp(job.due_at) if job.ended_at is None else None,
            "ended_at": self.stamp(job.ended_at),
            "attempts": job.attempts,
            "confirmed_pages": job.confirmed_pages,
            "notice_due": job.notice_due,
        } | cause_value(job.cause, job.detail)

    def job_detail(
        self, job: Job, attempts: Iterable[Attempt], history: Iterable[HistoryLine], faxes: Iterable[FaxRecord]
    ) -> Value:
        """A job with all that happened to it."""
        return self.job(job) | {
            "shows": "job",
            "ledger": [
                {"page": entry.page, "state": entry.state.value, "last": entry.last, "sent": entry.sent}
                for entry in job.ledger
            ],
            "tries": [
                {
                    "attempt": attempt.attempt,
                    "began_at": self.stamp(attempt.began_at),
                    "ended_at": self.stamp(attempt.ended_at),
                }
                | cause_value(attempt.cause, attempt.detail)
                for attempt in attempts
            ],
            "history": [
                {"at": self.stamp(line.at), "call": line.call_id, "text": line.text} | cause_value(line.cause, "")
                for line in history
            ],
            "faxes": [{"fax": record.fax_id, "call": record.call_id} for record in faxes],
        }

    # Traces.

    def trace_line(self, line: TraceLine) -> Value:
        """One line of a trace."""
        return {
            "at": round(line.at, 3),
            "outward": line.outward,
            "kind": line.kind,
            "text": line.text,
            "octets": line.octets.hex(),
        }


def fax_record(call: Call) -> FaxRecord | None:
    """The record of the fax of a live call, if it has begun."""
    record = call.facts.get("fax")
    return record if isinstance(record, FaxRecord) else None


def call_state(call: Call) -> str:
    """What a live call does, in a word or two."""
    live = {leg.kind: leg for leg in call.live_legs()}
    fax, line = live.get(ProviderKind.FAX), live.get(ProviderKind.TELEPHONY)
    record = fax_record(call)
    if fax is not None:
        if record is not None and record.final_bit_rate:
            return f"page {record.pages + 1}"
        return "negotiating"
    if line is not None:
        return "connected" if line.connected_at else "ringing" if line.incoming else "dialling"
    if record is not None and record.ended_at is not None:
        return "mailing" if record.direction is FaxDirection.ON_RAMP else "ending"
    return "making pages" if ProviderKind.DOCUMENT in live else "beginning"


def cause_value(cause: Cause | None, detail: str) -> Value:
    """How something ended; None throughout if it has not."""
    if cause is None:
        return {"cause": None, "cause_name": None, "sentence": None, "detail": detail}
    return {"cause": cause.number, "cause_name": cause.name, "sentence": cause.sentence, "detail": detail}


def counts_value(counts: Counts) -> Value:
    """How much of everything the store has."""
    return {
        "jobs": {
            f"{kind.value} {state.value}": count
            for (kind, state), count in sorted(
                counts.jobs.items(), key=lambda item: (item[0][0].value, item[0][1].value)
            )
        },
        "faxes": {
            f"{direction.value} {state.value}": count
            for (direction, state), count in sorted(
                counts.faxes.items(), key=lambda item: (item[0][0].value, item[0][1].value)
            )
        },
        "open_faxes": counts.open_faxes,
        "withheld": counts.withheld,
        "notices_due": counts.notices_due,
    }


def duration(record: FaxRecord) -> float:
    """Seconds from connect to the end."""
    if record.connected_at is None or record.ended_at is None:
        return 0.0
    return max(0.0, record.ended_at - record.connected_at)


def listed(shows: str, name: str, values: Sequence[Value], **more: Any) -> Value:
    """A list of *values* under *name*."""
    return {"shows": shows, name: list(values), **more}
