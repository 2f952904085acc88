"""Dial peers: where calls of one kind come from or go to, and how they are treated.

A POTS peer stands for the telephone side (a port), an MMoIP peer for the mail side (multimedia mail over IP).
The field names are the classic sub-commands with underscores.  They hold settings only: :mod:`.plan` chooses
among them.

A setting that is None leaves the choice to the gateway's own setting of that name.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from sandf.protocols.t30.settings import RtnPolicy
from sandf.protocols.t38.settings import T38Use

from .pattern import Pattern
from .target import SessionTarget

LARGEST_TAG = 2147483647


class ForwardDigits(enum.Enum):
    """The two words of `forward_digits`; else it is the number of right-most digits, 0 to 32."""

    ALL = "all"
    EXTRA = "extra"


class ImageEncoding(enum.Enum):
    """`image_encoding`: how the pages of an on-ramp document are coded."""

    MH = "mh"
    MR = "mr"
    MMR = "mmr"
    PASSTHROUGH = "passthrough"


class ImageResolution(enum.Enum):
    """`image_resolution`: 204x98, 204x196 or 204x391 to the inch, or as received."""

    STANDARD = "standard"
    FINE = "fine"
    SUPERFINE = "superfine"
    PASSTHROUGH = "passthrough"


class Dsn(enum.Enum):
    """`dsn`: what a delivery status notification is asked for (RFC 3461 4.1, NOTIFY)."""

    SUCCESS = "success"
    FAILURE = "failure"
    DELAY = "delay"


class InformationType(enum.Enum):
    """`information_type`: what calls over an MMoIP peer carry; off-ramp peers say fax."""

    FAX = "fax"
    VOICE = "voice"


@dataclass(frozen=True, slots=True, kw_only=True)
class PotsPeer:
    """A dial peer of the telephone side."""

    tag: int
    """1 to 2147483647; 0 is the default peer."""
    description: str = ""
    application: str | None = None
    """The application for calls that come in by this peer."""
    incoming_called_number: Pattern | None = None
    answer_address: Pattern | None = None
    destination_pattern: Pattern | None = None
    port: str | None = None
    """The name of the port that calls come in by and go out to."""
    direct_inward_dial: bool = False
    """One-stage dialling: the called number is the destination."""
    digit_strip: bool = True
    prefix: str = ""
    """Dialled before the digits; ``,`` is a pause of one second."""
    forward_digits: int | ForwardDigits | None = None
    preference: int = 0
    """0 (best) to 10."""
    huntstop: bool = False
    max_conn: int | None = None
    """Simultaneous calls; None is no limit."""
    shutdown: bool = False
    max_speed: int | None = None
    """The highest speed to send pages at, in bit/s."""
    ecm: bool | None = None
    """Whether error correction may be used."""
    rtn_policy: RtnPolicy | None = None
    t38: T38Use | None = None
    """How calls over a SIP port come to T.38."""
    t38_wait: float | None = None
    """Seconds that a caller waits for the called end to propose T.38."""
    ls_redundancy: int | None = None
    """Packets sent again with control data, 0 to 7."""
    hs_redundancy: int | None = None
    """Packets sent again with page data, 0 to 3."""
    t38_fec: bool | None = None
    """FEC in place of redundancy, where the other end offers it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MmoipPeer:
    """A dial peer of the mail side."""

    tag: int
    """1 to 2147483647; 0 is the default peer."""
    description: str = ""
    application: str | None = None
    """The application for messages that come in by this peer."""
    incoming_called_number: Pattern | None = None
    answer_address: Pattern | None = None
    destination_pattern: Pattern | None = None
    session_target: SessionTarget | None = None
    image_encoding: ImageEncoding = ImageEncoding.PASSTHROUGH
    image_resolution: ImageResolution = ImageResolution.PASSTHROUGH
    dsn: frozenset[Dsn] = frozenset({Dsn.FAILURE})
    mdn: bool = False
    """Whether on-ramp mail asks for a disposition notification."""
    information_type: InformationType = InformationType.VOICE
    preference: int = 0
    """0 (best) to 10."""
    huntstop: bool = False
    max_conn: int | None = None
    """Simultaneous calls; None is no limit."""
    shutdown: bool = False


Peer = PotsPeer | MmoipPeer

DEFAULT_POTS_PEER = PotsPeer(tag=0)
"""What an inbound telephone call gets that no peer matches: no application, no direct inward dial."""

DEFAULT_MMOIP_PEER = MmoipPeer(tag=0)
"""What an inbound message gets that no peer matches: no application."""
