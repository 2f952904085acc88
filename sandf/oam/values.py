"""What lives and what is stored as plain values: dicts, lists, numbers and texts that JSON can carry.

Times are ISO 8601 texts with their offset, durations seconds, sizes octets.  Numbers of the telephone side are masked.
A value has ``shows``, which names what it is; :mod:`.show` makes text of it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from sandf.callcontrol.call import Call
from sandf.callcontrol.leg import Leg
from sandf.callcontrol.primitives import MailIn, MailOut, ProviderKind, TelephoneCall
from sandf.causes import Cause
from sandf.dialpeer import MmoipPeer, Peer, PotsPeer
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

from .classic import ACTIVE, CONNECTING, ClassicLeg, Ending, MmoipLeg, TeleLeg
from .documents import PartCounts

Value = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """What is known of the mail of a fax."""

    peer: str = ""
    """Address of the SMTP client that brought it."""
    message_id: str = ""
    """Its Message-ID (RFC 5322 3.6.4)."""
    job: Job | None = None
    parts: PartCounts | None = None


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
        self._seconds = seconds
        self._now = now
        self._began_at = began_at
        self._zone = zone

    def stamp(self, at: float | None) -> str | None:
        """A time as ISO 8601."""
        if at is None:
            return None
        return datetime.fromtimestamp(at, self._zone).astimezone(self._zone).isoformat(timespec="seconds")

    def _wall(self, at: float) -> float:
        """A time of call control's clock in seconds since 1970."""
        return self._now() - (self._seconds() - at)

    def _uptime_ms(self, at: float) -> int:
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
            "began_at": self.stamp(self._wall(call.began_at)),
            "seconds": round(self._seconds() - call.began_at, 1),
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
            "began_at": self.stamp(self._wall(leg.began_at)),
        }

    def active_fax(self, call: Call, mail: Mail) -> Value:
        """A live call with its classic blocks."""
        blocks: list[Value] = []
        starts: list[int] = []
        for leg in call.live_legs():
            setup_ms = self._uptime_ms(self._wall(leg.began_at))
            classic = self._classic_leg(call, leg, mail, setup_ms, 1 + starts.count(setup_ms))
            if classic is not None:
                starts.append(setup_ms)
                blocks.append(_blocks(classic))
        return self.call(call) | {"classic": blocks}

    def _classic_leg(self, call: Call, leg: Leg, mail: Mail, setup_ms: int, index: int) -> ClassicLeg | None:
        if leg.kind not in (ProviderKind.TELEPHONY, ProviderKind.MAIL):
            return None
        record = fax_record(call)
        connect = leg.connected_at
        on_ramp = call.application == "onramp" if record is None else record.direction is FaxDirection.ON_RAMP
        common: dict[str, Any] = {
            "call_id": call.call_id,
            "leg": leg.number,
            "direction": FaxDirection.ON_RAMP if on_ramp else FaxDirection.OFF_RAMP,
            "setup_ms": setup_ms,
            "index": index,
            "peer_address": self._address(leg),
            "peer_id": leg.peer_tag,
            "connect_ms": None if connect is None else self._uptime_ms(self._wall(connect)),
            "originate": not leg.incoming,
            "state": CONNECTING if connect is None else ACTIVE,
            "pages": record.pages if record else 0,
            "octets": record.octets if record else 0,
            "sends": not leg.incoming,
        }
        if isinstance(leg.setup, TelephoneCall):
            return TeleLeg(
                **common,
                port=leg.setup.port,
                connected_seconds=0.0 if connect is None else self._seconds() - connect,
                page_seconds=record.page_seconds if record else 0.0,
                bit_rate=record.final_bit_rate if record else 0,
            )
        return MmoipLeg(**common, **self._mail_words(record, mail, leg))

    def _address(self, leg: Leg) -> str:
        match leg.setup:
            case TelephoneCall(called=called, calling=calling):
                return self.masked(calling if leg.incoming else called)
            case MailIn(calling=calling):
                return calling
            case MailOut(to=to):
                return ", ".join(to)
        return ""

    def _mail_words(self, record: FaxRecord | None, mail: Mail, leg: Leg | None) -> Value:
        """What MMOIP says of the mail."""
        words: Value = {
            "coding": record.coding if record else "",
            "resolution": record.resolution if record else "",
            "account_id": record.account_id if record else "",
        }
        if record is not None and record.direction is FaxDirection.ON_RAMP:
            words["session_target"] = ", ".join(f"mailto:{address}" for address in record.mail_to)
        words |= {"remote_address": mail.peer, "message_id": mail.message_id}
        if mail.job is not None:
            words["dsn"] = bool(set(mail.job.notify or ("FAILURE",)) - {"NEVER"})
        setup = leg.setup if leg is not None else None
        if isinstance(setup, MailOut):
            words |= {"dsn": bool(setup.dsn), "mdn": setup.mdn}
        if mail.parts is not None:
            words |= {"accepted": mail.parts.accepted, "discarded": mail.parts.discarded}
        return words

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
            "calling": self._calling(record),
            "redirecting": self.masked(record.redirecting),
            "port": record.port,
            "dial_peer": record.peer_tag,
            "mail_dial_peer": record.mail_peer_tag,
            "mail_to": list(record.mail_to),
            "account": record.account_id,
            "began_at": self.stamp(record.began_at),
            "connected_at": self.stamp(record.connected_at),
            "ended_at": self.stamp(record.ended_at),
            "seconds": round(_duration(record), 1),
            "page_seconds": round(record.page_seconds, 2),
            "remote_ident": record.remote_ident,
            "pages": record.pages,
            "octets": record.octets,
            "bit_rate": record.bit_rate,
            "final_bit_rate": record.final_bit_rate,
            "ecm": record.ecm,
            "coding": record.coding,
            "resolution": record.resolution,
        } | cause_value(record.cause, record.detail)

    def _calling(self, record: FaxRecord) -> str:
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

    def history_fax(self, record: FaxRecord, mail: Mail) -> Value:
        """An ended fax with its classic blocks: the side it came in by first."""
        on_ramp = record.direction is FaxDirection.ON_RAMP
        ending = None
        if record.cause is not None and record.ended_at is not None:
            at_ms = self._uptime_ms(record.ended_at)
            ending = Ending(cause=record.cause, at_ms=at_ms, seconds=_duration(record))
        setup_ms = self._uptime_ms(record.began_at)
        connect_ms = None if record.connected_at is None else self._uptime_ms(record.connected_at)
        common: dict[str, Any] = {
            "call_id": record.call_id,
            "direction": record.direction,
            "setup_ms": setup_ms,
            "connect_ms": connect_ms,
            "state": ACTIVE,
            "pages": record.pages,
            "octets": record.octets,
            "ending": ending,
        }
        tele = TeleLeg(
            **common,
            leg=1 if on_ramp else 2,
            index=1 if on_ramp else 2,
            peer_address=self.masked(record.calling if on_ramp else record.called),
            peer_id=record.peer_tag,
            originate=not on_ramp,
            sends=not on_ramp,
            port=record.port,
            connected_seconds=_duration(record),
            page_seconds=record.page_seconds,
            bit_rate=record.final_bit_rate,
            calling=self._calling(record),
            called=self.masked(record.called),
        )
        mmoip = MmoipLeg(
            **common,
            leg=2 if on_ramp else 1,
            index=2 if on_ramp else 1,
            peer_address=", ".join(record.mail_to) if on_ramp else record.calling,
            peer_id=record.mail_peer_tag,
            originate=on_ramp,
            sends=on_ramp,
            **self._mail_words(record, mail, None),
        )
        legs = (tele, mmoip) if on_ramp else (mmoip, tele)
        return self.fax(record) | {"classic": [_blocks(leg) for leg in legs]}

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

    # Dial peers.

    def dial_peer(self, peer: Peer, *, calls: Mapping[int, int], ports_down: Collection[str]) -> Value:
        """A dial peer with its state of this moment."""
        port = peer.port if isinstance(peer, PotsPeer) else None
        value: Value = {
            "tag": peer.tag,
            "type": "pots" if isinstance(peer, PotsPeer) else "mmoip",
            "description": peer.description,
            "admin": "down" if peer.shutdown else "up",
            "oper": "down" if peer.shutdown or (port is not None and port in ports_down) else "up",
            "calls": calls.get(peer.tag, 0),
            "max_conn": peer.max_conn,
            "application": peer.application,
            "incoming_called_number": _text(peer.incoming_called_number),
            "answer_address": _text(peer.answer_address),
            "destination_pattern": _text(peer.destination_pattern),
            "preference": peer.preference,
            "huntstop": peer.huntstop,
        }
        return value | (_pots(peer) if isinstance(peer, PotsPeer) else _mmoip(peer))

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


def message_id_field(octets: bytes) -> str:
    """The Message-ID of a mail (RFC 5322 3.6.4), without angle brackets; empty if it has none."""
    head = octets[:65_536].partition(b"\r\n\r\n")[0]
    for field in head.replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ").split(b"\r\n"):
        name, _, body = field.partition(b":")
        if name.strip().lower() == b"message-id":
            return body.strip().strip(b"<>").decode("ascii", "replace")[:250]
    return ""


def _blocks(leg: ClassicLeg) -> Value:
    value: Value = {"generic": leg.generic()}
    if isinstance(leg, TeleLeg):
        value["tele"] = leg.tele()
    elif isinstance(leg, MmoipLeg):
        value["mmoip"] = leg.mmoip()
    return value


def _duration(record: FaxRecord) -> float:
    """Seconds from connect to the end."""
    if record.connected_at is None or record.ended_at is None:
        return 0.0
    return max(0.0, record.ended_at - record.connected_at)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _pots(peer: PotsPeer) -> Value:
    forward = peer.forward_digits
    return {
        "port": peer.port,
        "direct_inward_dial": peer.direct_inward_dial,
        "digit_strip": peer.digit_strip,
        "prefix": peer.prefix,
        "forward_digits": forward if forward is None or isinstance(forward, int) else forward.value,
        "max_speed": peer.max_speed,
        "ecm": peer.ecm,
        "rtn_policy": peer.rtn_policy.value if peer.rtn_policy else None,
    }


def _mmoip(peer: MmoipPeer) -> Value:
    return {
        "session_target": _text(peer.session_target),
        "image_encoding": peer.image_encoding.value,
        "image_resolution": peer.image_resolution.value,
        "dsn": sorted(word.value for word in peer.dsn),
        "mdn": peer.mdn,
        "information_type": peer.information_type.value,
    }


def listed(shows: str, name: str, values: Sequence[Value], **more: Any) -> Value:
    """A list of *values* under *name*."""
    return {"shows": shows, name: list(values), **more}
