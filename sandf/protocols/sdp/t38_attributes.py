"""What stands below ``m=image ... udptl t38``: the attributes of T.38 D.2.3, read, written and agreed upon.

The names are written as T.38 D.2.3 spells them.  The three options (fill bit removal, transcoding to MMR and JBIG)
are attributes without a value: there for yes, absent for no (so the IANA registration of RFC 4612 4 as well).  Many
gateways write ":0" and ":1" instead, which is taken as they mean it.  Taken as well are names in any case, the names
that some PBXs use (T38FaxMaxBitRate, T38FaxMaxRate, T38MaxDatagram), blanks and what follows a value, and m= lines
without any attribute, as one widely used call manager answers.

What this module does not do: T.38 over TCP or RTP (AudioCodes' ``a=fmtp:100 T38FaxVersion=0``), secure UDPTL.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from sandf.protocols.sdp.description import Attribute, Media

_NUMBER = re.compile(r"\s*([0-9]{1,9})")
_DEPTH = re.compile(r"\s*([0-9]{1,4})(?:\s+([0-9]{1,4}))?")
_LOWEST_BIT_RATE = 2_400
"""Less is no rate of a facsimile modem; AudioCodes says 0 where it sets no limit."""


class RateManagement(enum.Enum):
    """How the training check is done (T.38 8.1 and 8.2)."""

    LOCAL_TCF = "localTCF"
    """Method 1: each gateway makes and checks TCF itself."""
    TRANSFERRED_TCF = "transferredTCF"
    """Method 2: TCF crosses the network; the one for UDP."""


class UdpErrorCorrection(enum.Enum):
    """What is added to UDPTL datagrams against loss (T.38 9.1)."""

    NONE = "t38UDPNoEC"
    REDUNDANCY = "t38UDPRedundancy"
    FEC = "t38UDPFEC"


@dataclass(frozen=True, slots=True, kw_only=True)
class T38Parameters:
    """What one end says of itself, or what both do.

    The defaults are what an end does that says nothing; redundancy among them, as every UDPTL receiver reads it.
    """

    version: int = 0
    max_bit_rate: int = 14_400
    """Bits per second."""
    fill_bit_removal: bool = False
    transcoding_mmr: bool = False
    transcoding_jbig: bool = False
    rate_management: RateManagement = RateManagement.TRANSFERRED_TCF
    max_buffer: int | None = None
    """Octets that may wait in it."""
    max_datagram: int | None = None
    """Octets of the largest datagram that it takes."""
    max_ifp: int | None = None
    """Octets of the largest IFP packet that it takes."""
    udp_ec: UdpErrorCorrection = UdpErrorCorrection.REDUNDANCY
    """What it wants to be sent."""
    udp_ec_depth: tuple[int, int | None] | None = None
    """Fewest and most redundant packets, or parity elements."""
    fec_max_span: int | None = None
    vendor_info: str | None = None
    """T.35 country, extension and manufacturer code, unread."""
    modem_type: str | None = None
    """T38ModemType, unread."""

    def attributes(self) -> tuple[Attribute, ...]:
        """Its a= lines in the order of T.38 D.2.3."""
        flags = (
            ("T38FaxFillBitRemoval", self.fill_bit_removal),
            ("T38FaxTranscodingMMR", self.transcoding_mmr),
            ("T38FaxTranscodingJBIG", self.transcoding_jbig),
        )
        depth = self.udp_ec_depth and " ".join(str(one) for one in self.udp_ec_depth if one is not None)
        optional: tuple[tuple[str, object], ...] = (
            ("T38FaxMaxBuffer", self.max_buffer),
            ("T38FaxMaxDatagram", self.max_datagram),
            ("T38FaxMaxIFP", self.max_ifp),
            ("T38FaxUdpEC", self.udp_ec.value),
            ("T38FaxUdpECDepth", depth),
            ("T38FaxUdpFECMaxSpan", self.fec_max_span),
            ("T38VendorInfo", self.vendor_info),
            ("T38ModemType", self.modem_type),
        )
        return (
            ("T38FaxVersion", str(self.version)),
            ("T38MaxBitRate", str(self.max_bit_rate)),
            *((name, None) for name, there in flags if there),
            ("T38FaxRateManagement", self.rate_management.value),
            *((name, str(value)) for name, value in optional if value is not None),
        )


def parse(media: Media) -> T38Parameters:
    """What the far end says below its m= line; what cannot be read counts as not said, the first of several counts."""
    said: dict[str, Any] = {}
    for field, value in _readings(media):
        said.setdefault(field, value)
    return T38Parameters(**said)


def _readings(media: Media) -> Iterator[tuple[str, Any]]:
    for name, text in media.attributes:
        row = _READERS.get(name.lower())
        if row is not None:
            field, read = row
            value = read(text)
            if value is not None:
                yield field, value


def _number(text: str | None) -> int | None:
    match = _NUMBER.match(text or "")
    return int(match[1]) if match else None


def _size(text: str | None) -> int | None:
    """Some write 0 where they know no limit."""
    return _number(text) or None


def _bit_rate(text: str | None) -> int | None:
    rate = _number(text)
    return None if rate is None or rate < _LOWEST_BIT_RATE else rate


def _flag(text: str | None) -> bool:
    """There without a value is yes."""
    word = (text or "").strip().lower()
    return _number(word) != 0 and not word.startswith(("false", "no", "off"))


def _rate_management(text: str | None) -> RateManagement:
    """Only the beginning is looked at: rtpengine has sent "localTFC"."""
    local = (text or "").strip().lower().startswith("local")
    return RateManagement.LOCAL_TCF if local else RateManagement.TRANSFERRED_TCF


def _udp_ec(text: str | None) -> UdpErrorCorrection | None:
    word = (text or "").strip().lower()
    for part, meant in (
        ("noec", UdpErrorCorrection.NONE),
        ("none", UdpErrorCorrection.NONE),
        ("fec", UdpErrorCorrection.FEC),
        ("redundancy", UdpErrorCorrection.REDUNDANCY),
    ):
        if part in word:
            return meant
    return None


def _depth(text: str | None) -> tuple[int, int | None] | None:
    match = _DEPTH.match(text or "")
    return (int(match[1]), int(match[2]) if match[2] else None) if match else None


def _words(text: str | None) -> str | None:
    return text or None


_READERS: dict[str, tuple[str, Callable[[str | None], Any]]] = {
    "t38faxversion": ("version", _number),
    "t38maxbitrate": ("max_bit_rate", _bit_rate),
    "t38faxmaxbitrate": ("max_bit_rate", _bit_rate),
    "t38faxmaxrate": ("max_bit_rate", _bit_rate),
    "t38faxfillbitremoval": ("fill_bit_removal", _flag),
    "t38faxtranscodingmmr": ("transcoding_mmr", _flag),
    "t38faxtranscodingjbig": ("transcoding_jbig", _flag),
    "t38faxratemanagement": ("rate_management", _rate_management),
    "t38faxmaxbuffer": ("max_buffer", _size),
    "t38faxmaxbuffersize": ("max_buffer", _size),
    "t38faxmaxdatagram": ("max_datagram", _size),
    "t38maxdatagram": ("max_datagram", _size),
    "t38faxmaxifp": ("max_ifp", _size),
    "t38maxifp": ("max_ifp", _size),
    "t38faxudpec": ("udp_ec", _udp_ec),
    "t38faxudpecdepth": ("udp_ec_depth", _depth),
    "t38faxudpfecmaxspan": ("fec_max_span", _size),
    "t38vendorinfo": ("vendor_info", _words),
    "t38modemtype": ("modem_type", _words),
}
"""Names in small letters, the field each fills, and how it is read; names that are not in T.38 D.2.3 are others'."""


def agree(ours: T38Parameters, theirs: T38Parameters) -> T38Parameters:
    """What both ends do.  Where only one may choose, the far end's word counts: it has chosen, or will be echoed."""
    return replace(
        ours,
        version=min(ours.version, theirs.version),
        max_bit_rate=min(ours.max_bit_rate, theirs.max_bit_rate),
        fill_bit_removal=ours.fill_bit_removal and theirs.fill_bit_removal,
        transcoding_mmr=ours.transcoding_mmr and theirs.transcoding_mmr,
        transcoding_jbig=ours.transcoding_jbig and theirs.transcoding_jbig,
        rate_management=theirs.rate_management,
        max_buffer=_least(ours.max_buffer, theirs.max_buffer),
        max_datagram=_least(ours.max_datagram, theirs.max_datagram),
        max_ifp=_least(ours.max_ifp, theirs.max_ifp),
        udp_ec=_common(ours.udp_ec, theirs.udp_ec),
    )


def answered(ours: T38Parameters, agreed: T38Parameters) -> T38Parameters:
    """What our answer says: what is agreed, with the sizes that *we* take."""
    return replace(agreed, max_buffer=ours.max_buffer, max_datagram=ours.max_datagram, max_ifp=ours.max_ifp)


def _least(one: int | None, other: int | None) -> int | None:
    return min((size for size in (one, other) if size is not None), default=None)


def _common(one: UdpErrorCorrection, other: UdpErrorCorrection) -> UdpErrorCorrection:
    if UdpErrorCorrection.NONE in (one, other):
        return UdpErrorCorrection.NONE
    return one if one is other else UdpErrorCorrection.REDUNDANCY
