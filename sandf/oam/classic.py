"""The fields of ``show call active fax`` and ``show call history fax``: GENERIC, TELE and MMOIP.

Names and order are the classic ones, so that scripts which read them go on working.  SetupTime, ConnectTime and
DisconnectTime are ms since the gateway began, negative for what was before; in brief lines hundredths of a second.
A page counts as a packet.  Levels that only an analogue port could know are -1 or 0, as they always were.

Pure: what is known of a leg goes in, fields come out.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from sandf import causes
from sandf.causes import Cause, Phase
from sandf.store.records import FaxDirection

Fields = dict[str, int | str]

CONNECTING, CONNECTED, ACTIVE = 2, 3, 4
"""CallState (1 is unknown)."""
ORIGINATE, ANSWER = 1, 2
"""CallOrigin (3 is callback)."""
INFO_TYPE_FAX = 10
FIRST_LEG, SECOND_LEG = 1, 2
"""CallID and Index: the leg that the call came in by, and the one that it goes out by, now and in the history."""

Q850_TEXTS = {
    1: "unassigned number",
    3: "no route to destination",
    16: "normal call clearing",
    17: "user busy",
    18: "no user responding",
    19: "no user answer",
    21: "call rejected",
    22: "number changed",
    27: "destination out of order",
    28: "invalid number",
    31: "normal, unspecified",
    34: "no circuit",
    38: "network out of order",
    41: "temporary failure",
    42: "switching equipment congestion",
    44: "no requested circuit",
}
"""Disconnect texts of the commoner cause values of Q.850; others have the name of their row in :mod:`sandf.causes`."""

RESOLUTIONS = {"204x98": "standard", "204x196": "fine", "204x391": "superfine"}

_BY_THE_OPERATOR = (causes.HUNG_UP, causes.CANCELLED)
_BY_THE_FAR_END = (
    causes.RECEIVED,
    causes.FAR_CLEARED,
    causes.NETWORK_CLEARED,
    causes.CARRIER_LOST,
    causes.DISCONNECTED_BEFORE_PAGES,
    causes.DISCONNECTED_BETWEEN_PAGES,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How and when a call ended."""

    cause: Cause
    at_ms: int
    seconds: float
    """From connect to disconnect; 0 if it never was connected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassicLeg:
    """What GENERIC says of a leg."""

    call_id: str
    leg: int
    direction: FaxDirection
    setup_ms: int
    index: int
    peer_address: str
    peer_id: int
    connect_ms: int | None
    originate: bool
    state: int
    pages: int
    octets: int
    sends: bool
    """Whether the octets go out by this leg."""
    ending: Ending | None = None

    def generic(self) -> Fields:
        """The GENERIC block, with what history adds where the leg has ended."""
        fields: Fields = {
            "SetupTime": self.setup_ms,
            "Index": self.index,
            "PeerAddress": self.peer_address,
            "PeerSubAddress": "",
            "PeerId": self.peer_id,
            "PeerIfIndex": 0,
            "LogicalIfIndex": 0,
        }
        if self.ending is not None:
            fields["DisconnectCause"] = f"{self.ending.cause.q850:X}"
            fields["DisconnectText"] = disconnect_text(self.ending.cause)
        fields["ConnectTime"] = self.connect_ms if self.connect_ms is not None else 0
        if self.ending is None:
            fields["CallState"] = self.state
        else:
            fields["DisconnectTime"] = self.ending.at_ms
            fields["CallDuration"] = clock(self.ending.seconds)
        fields["CallOrigin"] = ORIGINATE if self.originate else ANSWER
        if self.ending is not None:
            fields["ReleaseSource"] = release_source(self.ending.cause, self.direction)
        tx, rx = (1, 0) if self.sends else (0, 1)
        return fields | {
            "ChargedUnits": 0,
            "InfoType": INFO_TYPE_FAX,
            "TransmitPackets": self.pages * tx,
            "TransmitBytes": self.octets * tx,
            "ReceivePackets": self.pages * rx,
            "ReceiveBytes": self.octets * rx,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class TeleLeg(ClassicLeg):
    """A leg on the telephone side."""

    port: str
    connected_seconds: float
    page_seconds: float
    bit_rate: int
    session_target: str = ""
    calling: str = ""
    called: str = ""
    dialled: str = ""
    """The called number as it went out, after digit manipulation; empty where that is not known."""

    def tele(self) -> Fields:
        """The TELE block."""
        fields: Fields = {
            "ConnectionId": connection_id(self.call_id),
            "CallID": self.leg,
            "Port": f"{self.port} ({self.leg})",
            "BearerChannel": self.port,
            "TxDuration": round(self.connected_seconds * 1000),
            "FaxTxDuration": round(self.page_seconds * 1000),
            "FaxRate": self.bit_rate,
            "NoiseLevel": -1,
            "ACOMLevel": -1,
            "OutSignalLevel": 0,
            "InSignalLevel": 0,
            "InfoActivity": 0,
            "ERLLevel": -1,
            "SessionTarget": self.session_target,
            "ImgPages": self.pages,
        }
        if self.ending is not None:
            fields["OriginalCallingNumber"] = self.calling
            fields["OriginalCalledNumber"] = self.called
            fields["TranslatedCallingNumber"] = self.calling
            fields["TranslatedCalledNumber"] = self.dialled or self.called
            fields["GwReceivedCalledNumber"] = self.called
        return fields


@dataclass(frozen=True, slots=True, kw_only=True)
class MmoipLeg(ClassicLeg):
    """A leg on the mail side."""

    remote_address: str = ""
    session_target: str = ""
    message_id: str = ""
    account_id: str = ""
    coding: str = ""
    resolution: str = ""
    accepted: int = 0
    discarded: int = 0
    dsn: bool = False
    mdn: bool = False

    def mmoip(self) -> Fields:
        """The MMOIP block."""
        return {
            "ConnectionId": connection_id(self.call_id),
            "CallID": self.leg,
            "RemoteIPAddress": self.remote_address or "0.0.0.0",
            "SessionProtocol": "SMTP",
            "SessionTarget": self.session_target,
            "MessageId": self.message_id,
            "AccountId": self.account_id,
            "ImgEncodingType": self.coding.upper(),
            "ImgResolution": RESOLUTIONS.get(self.resolution, self.resolution),
            "AcceptedMimeTypes": self.accepted,
            "DiscardedMimeTypes": self.discarded,
            "Notification": {(True, True): "dsnMdn", (True, False): "dsn", (False, True): "mdn"}.get(
                (self.dsn, self.mdn), "None"
            ),
        }


def connection_id(call_id: str) -> str:
    """Four words that stand for a call here and in accounting, the same for all its legs: the 128 bits of its id."""
    is_128_bits = len(call_id) == 32 and all(char in "0123456789abcdef" for char in call_id)
    digest = bytes.fromhex(call_id) if is_128_bits else hashlib.sha256(call_id.encode()).digest()
    return "[" + " ".join(f"0x{int.from_bytes(digest[at : at + 4]):X}" for at in range(0, 16, 4)) + "]"


def disconnect_text(cause: Cause) -> str:
    """``normal call clearing (16)``."""
    return f"{Q850_TEXTS.get(cause.q850) or cause.name.replace('_', ' ')} ({cause.q850})"


def release_source(cause: Cause, direction: FaxDirection) -> int:
    """ReleaseSource: 1 and 3 the far party on the telephone side, 5 our telephone leg, 7 the application, 9 the
    operator."""
    if cause in _BY_THE_OPERATOR:
        return 9
    if cause in _BY_THE_FAR_END or (cause.phase is Phase.CALL and cause.retry.value != "never"):
        return 1 if direction is FaxDirection.ON_RAMP else 3
    return 7 if cause.phase in (Phase.GATEWAY, Phase.DOCUMENT, Phase.MAIL) else 5


def clock(seconds: float) -> str:
    """``00:01:28``."""
    whole = round(max(0.0, seconds))
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"


_MILLISECONDS = frozenset({"SetupTime", "TxDuration", "FaxTxDuration"})


def block_text(title: str, fields: Fields) -> str:
    """A block as the classic gateways print it."""
    lines = [f"{title}:"]
    for name, value in fields.items():
        if title == "MMOIP" and name == "ConnectionId":
            lines.append(f"{name}{value}")
        else:
            lines.append(f"{name}={value}{' ms' if name in _MILLISECONDS else ''}")
    return "\n".join(lines)


def brief_text(number: int, generic: Fields, tele: Fields | None, mmoip: Fields | None) -> str:
    """The three lines of a leg in a brief listing; *number* is the ID in front."""
    setup, connect = int(generic["SetupTime"]), int(generic["ConnectTime"])
    after = f" +{(connect - setup) // 10}" if connect else " +0"
    ended = "DisconnectTime" in generic
    if ended:
        after += f" +{(int(generic['DisconnectTime']) - setup) // 10}"
    origin = "Originate" if generic["CallOrigin"] == ORIGINATE else "Answer"
    state = "" if ended else f" {'active' if generic['CallState'] == ACTIVE else 'connecting'}"
    lines = [
        f"{number:<5}: {setup // 10}hs.{generic['Index']}{after} pid:{generic['PeerId']} {origin} "
        f"{generic['PeerAddress']}{state}"
    ]
    traffic = (
        f"tx:{generic['TransmitPackets']}/{generic['TransmitBytes']} "
        f"rx:{generic['ReceivePackets']}/{generic['ReceiveBytes']}"
    )
    lines.append(f"{traffic} {generic['DisconnectCause']} ({generic['DisconnectText']})" if ended else traffic)
    if tele is not None:
        duration, fax = int(tele["TxDuration"]), int(tele["FaxTxDuration"])
        lines.append(
            f"Tele : tx:{duration}/{fax}/{max(0, duration - fax)}ms  "
            f"noise:{tele['NoiseLevel']} acom:{tele['ACOMLevel']}  "
            f"i/0:{tele['InSignalLevel']}/{tele['OutSignalLevel']} dBm"
        )
    if mmoip is not None:
        lines.append(
            f"IP {mmoip['RemoteIPAddress']} AcceptedMime:{mmoip['AcceptedMimeTypes']} "
            f"DiscardedMime:{mmoip['DiscardedMimeTypes']}"
        )
    return "\n".join(lines)
