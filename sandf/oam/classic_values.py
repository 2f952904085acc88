"""Live and ended calls as values with their classic blocks, leg by leg."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandf.callcontrol.call import Call
from sandf.callcontrol.leg import Leg
from sandf.callcontrol.primitives import MailIn, MailOut, ProviderKind, TelephoneCall
from sandf.dialpeer import DialPlan, MmoipPeer
from sandf.store.records import FaxDirection, FaxRecord, Job

from .classic import ACTIVE, CONNECTING, FIRST_LEG, SECOND_LEG, ClassicLeg, Ending, MmoipLeg, TeleLeg
from .documents import PartCounts
from .values import Value, Values, duration, fax_record

_SHOWN = (TelephoneCall, MailIn, MailOut)
"""What the legs that have classic blocks are set up with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """What is known of the mail of a fax."""

    peer: str = ""
    """Address of the SMTP client that brought it."""
    message_id: str = ""
    """Its Message-ID (RFC 5322 3.6.4)."""
    job: Job | None = None
    parts: PartCounts | None = None


class ClassicValues:
    """Makes them, with *values* for all that is not classic; *plan* is the dial plan in use."""

    def __init__(self, values: Values, plan: Callable[[], DialPlan]) -> None:
        self._values = values
        self._plan = plan

    def active_fax(self, call: Call, mail: Mail) -> Value:
        """A live call with its classic blocks; a fax that comes in has its mail leg from the beginning."""
        live = call.live_legs()
        legs = [self._classic_leg(call, leg, mail) for leg in live if isinstance(leg.setup, _SHOWN)]
        record = fax_record(call)
        is_mailed = any(leg.kind is ProviderKind.MAIL for leg in call.legs)
        if record is not None and record.direction is FaxDirection.ON_RAMP and not is_mailed:
            legs.append(self._mail_leg_to_come(record, mail))
        trunks = [_trunk_block(leg) for leg in live if "remote_signalling" in leg.facts]
        return self._values.call(call) | {"classic": [*map(_blocks, legs), *trunks]}

    def _mail_leg_to_come(self, record: FaxRecord, mail: Mail) -> MmoipLeg:
        """The mail leg of a fax whose pages are still coming in, as far as its record and dial peer say."""
        return MmoipLeg(
            call_id=record.call_id,
            leg=SECOND_LEG,
            direction=record.direction,
            setup_ms=self._values.uptime_ms(record.began_at),
            index=SECOND_LEG,
            peer_address=", ".join(record.mail_to),
            peer_id=record.mail_peer_tag,
            connect_ms=None,
            originate=True,
            state=CONNECTING,
            pages=0,
            octets=0,
            sends=True,
            **self._mail_words(record, mail),
        )

    def _classic_leg(self, call: Call, leg: Leg, mail: Mail) -> ClassicLeg:
        record = fax_record(call)
        connect = leg.connected_at
        on_ramp = call.application == "onramp" if record is None else record.direction is FaxDirection.ON_RAMP
        common: dict[str, Any] = {
            "call_id": call.call_id,
            "leg": FIRST_LEG if leg.incoming else SECOND_LEG,
            "direction": FaxDirection.ON_RAMP if on_ramp else FaxDirection.OFF_RAMP,
            "setup_ms": self._values.uptime_ms(self._values.wall(leg.began_at)),
            "index": FIRST_LEG if leg.incoming else SECOND_LEG,
            "peer_address": self._address(leg),
            "peer_id": self._peer_tag(leg, record),
            "connect_ms": None if connect is None else self._values.uptime_ms(self._values.wall(connect)),
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
                connected_seconds=0.0 if connect is None else self._values.seconds() - connect,
                page_seconds=record.page_seconds if record else 0.0,
                bit_rate=record.final_bit_rate if record else 0,
            )
        return MmoipLeg(**common, **self._mail_words(record, mail))

    def _peer_tag(self, leg: Leg, record: FaxRecord | None) -> int:
        """The dial peer of a leg; that of a mail which goes out stands in the record."""
        if isinstance(leg.setup, MailOut) and record is not None:
            return leg.peer_tag or record.mail_peer_tag
        return leg.peer_tag

    def _address(self, leg: Leg) -> str:
        match leg.setup:
            case TelephoneCall(called=called, calling=calling):
                return self._values.masked(calling if leg.incoming else called)
            case MailIn(calling=calling):
                return calling
            case MailOut(to=to):
                return ", ".join(to)
        return ""

    def _mail_words(self, record: FaxRecord | None, mail: Mail) -> Value:
        """What MMOIP says of the mail."""
        words: Value = {
            "coding": record.coding if record else "",
            "resolution": record.resolution if record else "",
            "account_id": record.account_id if record else "",
        }
        if record is not None and record.direction is FaxDirection.ON_RAMP:
            words["session_target"] = ", ".join(f"mailto:{address}" for address in record.mail_to)
            peer = self._plan().peer(record.mail_peer_tag)
            if isinstance(peer, MmoipPeer):
                words |= {"dsn": bool(peer.dsn), "mdn": peer.mdn}
        words |= {"remote_address": mail.peer, "message_id": mail.message_id}
        if mail.job is not None:
            words["dsn"] = bool(set(mail.job.notify or ("FAILURE",)) - {"NEVER"})
        if mail.parts is not None:
            words |= {"accepted": mail.parts.accepted, "discarded": mail.parts.discarded}
        return words

    def history_fax(self, record: FaxRecord, mail: Mail) -> Value:
        """An ended fax with its classic blocks: the side it came in by first."""
        on_ramp = record.direction is FaxDirection.ON_RAMP
        ending = None
        if record.cause is not None and record.ended_at is not None:
            at_ms = self._values.uptime_ms(record.ended_at)
            ending = Ending(cause=record.cause, at_ms=at_ms, seconds=duration(record))
        setup_ms = self._values.uptime_ms(record.began_at)
        connect_ms = None if record.connected_at is None else self._values.uptime_ms(record.connected_at)
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
            leg=FIRST_LEG if on_ramp else SECOND_LEG,
            index=FIRST_LEG if on_ramp else SECOND_LEG,
            peer_address=self._values.masked(record.calling if on_ramp else record.called),
            peer_id=record.peer_tag,
            originate=not on_ramp,
            sends=not on_ramp,
            port=record.port,
            connected_seconds=duration(record),
            page_seconds=record.page_seconds,
            bit_rate=record.final_bit_rate,
            calling=self._values.calling(record),
            called=self._values.masked(record.called),
        )
        mmoip = MmoipLeg(
            **common,
            leg=SECOND_LEG if on_ramp else FIRST_LEG,
            index=SECOND_LEG if on_ramp else FIRST_LEG,
            peer_address=", ".join(record.mail_to) if on_ramp else record.calling,
            peer_id=record.mail_peer_tag,
            originate=on_ramp,
            sends=on_ramp,
            **self._mail_words(record, mail),
        )
        legs = (tele, mmoip) if on_ramp else (mmoip, tele)
        return self._values.fax(record) | {"classic": [_blocks(leg) for leg in legs]}


def message_id_field(octets: bytes) -> str:
    """The Message-ID of a mail (RFC 5322 3.6.4), without angle brackets; empty if it has none."""
    head = octets[:65_536].partition(b"\r\n\r\n")[0]
    for field in head.replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ").split(b"\r\n"):
        name, _, body = field.partition(b":")
        if name.strip().lower() == b"message-id":
            return body.strip().strip(b"<>").decode("ascii", "replace")[:250]
    return ""


def _trunk_block(leg: Leg) -> Value:
    """What a SIP trunk notes of its leg, and what has passed so far; not of the classic gateway."""
    facts = leg.facts
    media = facts.get("media")
    return {
        "sip": {
            "SipCallId": facts.get("sip_call_id", ""),
            "RemoteSignalling": facts["remote_signalling"],
            "RemoteMedia": facts.get("remote_media", ""),
            "T38Version": facts.get("t38_version", ""),
            "T38ErrorCorrection": facts.get("t38_error_correction", ""),
            **(dict(media()) if callable(media) else {}),
        }
    }


def _blocks(leg: ClassicLeg) -> Value:
    value: Value = {"generic": leg.generic()}
    if isinstance(leg, TeleLeg):
        value["tele"] = leg.tele()
    elif isinstance(leg, MmoipLeg):
        value["mmoip"] = leg.mmoip()
    return value
