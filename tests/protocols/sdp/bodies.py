"""Session descriptions in the shapes of PBXs, SBCs and terminal adapters, and what we have for them."""

from __future__ import annotations

from sandf.protocols.sdp.description import Description
from sandf.protocols.sdp.offer_answer import LocalMedia, MediaKind
from sandf.protocols.sdp.t38_attributes import T38Parameters

AUDIO, T38 = MediaKind.AUDIO, MediaKind.T38
EITHER = frozenset(MediaKind)
OURS = LocalMedia(
    address="192.0.2.1", audio_port=20_000, t38_port=20_002, t38=T38Parameters(version=3, max_datagram=1400)
)
HEAD = ("v=0", "o=- 5 6 IN IP4 192.0.2.2", "s=-", "c=IN IP4 192.0.2.2", "t=0 0")
"""All above the m= lines."""


def body(*lines: str) -> bytes:
    return "".join(f"{line}\r\n" for line in lines).encode()


PBX_AUDIO = body(
    "v=0",
    "o=- 170013 170013 IN IP4 192.0.2.10",
    "s=PBX",
    "c=IN IP4 192.0.2.10",
    "t=0 0",
    "m=audio 14570 RTP/AVP 8 0 101",
    "a=rtpmap:8 PCMA/8000",
    "a=rtpmap:0 PCMU/8000",
    "a=rtpmap:101 telephone-event/8000",
    "a=fmtp:101 0-16",
    "a=ptime:20",
    "a=maxptime:150",
    "a=sendrecv",
)
PBX_T38 = body(
    "v=0",
    "o=- 170013 170015 IN IP4 192.0.2.10",
    "s=PBX",
    "c=IN IP4 192.0.2.10",
    "t=0 0",
    "m=image 4572 udptl t38",
    "a=T38FaxVersion:0",
    "a=T38MaxBitRate:14400",
    "a=T38FaxRateManagement:transferredTCF",
    "a=T38FaxMaxDatagram:1400",
    "a=T38FaxUdpEC:t38UDPRedundancy",
)
GATEWAY_BOTH = body(
    "v=0",
    "o=GatewayUserAgent 0 6061 IN IP4 192.0.2.20",
    "s=SIP Call",
    "c=IN IP4 192.0.2.20",
    "t=0 0",
    "m=audio 17920 RTP/AVP 18 0 100",
    "c=IN IP4 192.0.2.21",
    "a=rtpmap:18 G729/8000",
    "a=fmtp:18 annexb=no",
    "a=rtpmap:100 telephone-event/8000",
    "a=fmtp:100 0-15",
    "m=image 17924 udptl t38",
    "c=IN IP4 192.0.2.22",
    "a=T38FaxVersion:3",
    "a=T38MaxBitRate:33600",
    "a=T38FaxFillBitRemoval:0",
    "a=T38FaxTranscodingMMR:0",
    "a=T38FaxTranscodingJBIG:0",
    "a=T38FaxRateManagement:transferredTCF",
    "a=T38FaxMaxBuffer:200",
    "a=T38FaxMaxDatagram:320",
    "a=T38FaxUdpEC:t38UDPRedundancy",
)
SBC_T38_ABOVE_DEAD_AUDIO = body(
    "v=0",
    "o=SBC 344024 479547 IN IP4 192.0.2.30",
    "s=SIP Media Capabilities",
    "c=IN IP4 192.0.2.31",
    "t=0 0",
    "m=image 9612 UDPTL t38",
    "a=T38FaxVersion:0",
    "a=T38MaxBitRate:14400",
    "a=T38FaxRateManagement:transferredTCF",
    "a=T38FaxMaxBuffer:262",
    "a=T38FaxMaxDatagram:176",
    "a=T38FaxUdpEC:t38UDPRedundancy",
    "a=sendrecv",
    "m=audio 0 RTP/AVP 8",
    "a=rtpmap:8 PCMA/8000",
    "a=inactive",
)
CALL_MANAGER_BARE = body(
    "v=0",
    "o=CallManager 2000 2 IN IP4 192.0.2.40",
    "s=SIP Call",
    "c=IN IP4 192.0.2.41",
    "t=0 0",
    "m=image 16384 udptl t38",
)
ADAPTER_V6 = (
    b"v=0\no=ata 8000 8000 IN IP6 2001:db8::5\ns= \nc=IN IP6 2001:db8::5\nt=0 0\n\n"
    b"m = audio  5004/2  rtp/avp   0  8\na = SENDRECV\na=ptime: 30 \nm=image 5008/1 Udptl T38\n"
    b"a=t38faxversion: 0\na=T38FaxMaxBitRate: 9600 bps\na=T38FaxFillBitRemoval:1\na=T38FaxTranscodingMMR\n"
    b"a=T38FaxRateManagement: TransferredTcf ;x\na=T38FaxUdpEc:T38UDPFEC\na=T38FaxUdpECDepth:1 3\na=T38MaxDatagram:0\n"
)
ALL = (PBX_AUDIO, PBX_T38, GATEWAY_BOTH, SBC_T38_ABOVE_DEAD_AUDIO, CALL_MANAGER_BARE, ADAPTER_V6)


def changed(octets: bytes, *pairs: tuple[str, str]) -> bytes:
    """*octets* with texts replaced, each of which must be there."""
    text = octets.decode()
    for old, new in pairs:
        if old not in text:
            raise ValueError(old)
        text = text.replace(old, new)
    return text.encode()


def places(description: Description) -> list[tuple[str, int]]:
    """The m= lines in short."""
    return [(media.kind, media.port) for media in description.media]
