"""m= lines and what comes of them: the one we offer, the one we answer with, and what two of them agree on.

What this module does not do: the places of lines in a description (:mod:`.offer_answer` keeps them).
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field, replace

from sandf.protocols.sdp import audio_lines, t38_attributes
from sandf.protocols.sdp.audio_lines import CODECS, AudioCodec
from sandf.protocols.sdp.description import Direction, Media
from sandf.protocols.sdp.t38_attributes import T38Parameters

_RTP = frozenset({"rtp/avp", "rtp/avpf"})


class MediaKind(enum.Enum):
    """What a call may carry."""

    AUDIO = "audio"
    T38 = "t38"


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalMedia:
    """What this end has to offer."""

    address: str
    """The IP address that the far end is told."""
    audio_port: int | None = None
    t38_port: int | None = None
    codecs: tuple[AudioCodec, ...] = CODECS
    t38: T38Parameters = field(default_factory=T38Parameters)
    ptime: int = 20
    """Milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreedAudio:
    """Audio is what both ends do."""

    address: str
    """The far end's, or a name."""
    port: int
    codec: AudioCodec
    """With the number to send it under."""
    events_payload: int | None
    """The number to send telephone events under."""
    ptime: int
    """Milliseconds in a packet that we send."""
    sends: bool
    """The far end wants to hear us."""
    receives: bool
    """The far end has something to say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreedT38:
    """T.38 is what both ends do."""

    address: str
    """The far end's, or a name."""
    port: int
    parameters: T38Parameters
    """What both ends do."""
    far: T38Parameters
    """As the far end said it: what it wants to be sent and can take."""


Agreed = AgreedAudio | AgreedT38


def kind_of(line: Media) -> MediaKind | None:
    """What the line is for, if it is one for us; transports are written in any case."""
    transport = line.transport.lower()
    if line.kind == "image" and transport == "udptl":
        return MediaKind.T38
    return MediaKind.AUDIO if line.kind == "audio" and transport in _RTP else None


def port_of(kind: MediaKind, local: LocalMedia) -> int | None:
    """Where we take media of *kind*, if we do."""
    return local.t38_port if kind is MediaKind.T38 else local.audio_port


def refused(line: Media) -> Media:
    """The line at port 0; it keeps its formats, of which there must be one (RFC 3264 6)."""
    return Media(kind=line.kind, port=0, transport=line.transport, formats=line.formats or ("0",))


def offered(kind: MediaKind, local: LocalMedia) -> Media:
    """Our line to offer *kind*.  Raises ``ValueError`` if there is no port for it."""
    port = port_of(kind, local)
    if not port:
        raise ValueError(f"no port to offer {kind.value} on")
    if kind is MediaKind.T38:
        return Media(kind="image", port=port, transport="udptl", formats=("t38",), attributes=local.t38.attributes())
    return Media(
        kind="audio",
        port=port,
        transport="RTP/AVP",
        formats=tuple(str(codec.payload_type) for codec in local.codecs),
        attributes=(*audio_lines.attributes(local.codecs, local.ptime), (Direction.SENDRECV.value, None)),
    )


def agree(kind: MediaKind, line: Media, local: LocalMedia) -> Agreed | None:
    """What comes of the far end's *line* (resolved), if it is one of *kind* that can be used."""
    if line.rejected or kind_of(line) is not kind or line.connection is None:
        return None
    if kind is MediaKind.T38:
        far = t38_attributes.parse(line)
        parameters = t38_attributes.agree(local.t38, far)
        return AgreedT38(address=line.connection, port=line.port, parameters=parameters, far=far)
    return _agree_audio(line, line.connection, local)


def _agree_audio(line: Media, address: str, local: LocalMedia) -> AgreedAudio | None:
    chosen = audio_lines.choose(audio_lines.parse(line), local.codecs)
    if chosen is None:
        return None
    codec, events = chosen
    return AgreedAudio(
        address=address,
        port=line.port,
        codec=codec,
        events_payload=events.payload_type if events else None,
        ptime=audio_lines.ptime(line, local.ptime),
        sends=line.direction.receives,
        receives=line.direction.sends,
    )


def answered(line: Media, agreed: Agreed, local: LocalMedia) -> Media:
    """Our line in answer to *line*: its transport as they write it, and the direction as we see it (RFC 3264 6.1)."""
    if isinstance(agreed, AgreedT38):
        port, formats = local.t38_port, line.formats or ("t38",)
        attributes = t38_attributes.answered(local.t38, agreed.parameters).attributes()
        said = (line.direction.reverse,) if line.direction is not Direction.SENDRECV else ()
    else:
        port, codecs = local.audio_port, _answered_codecs(agreed, local)
        formats = tuple(str(codec.payload_type) for codec in codecs)
        attributes, said = audio_lines.attributes(codecs, local.ptime), (line.direction.reverse,)
    return replace(
        refused(line),
        port=port or 0,
        formats=formats,
        attributes=(*attributes, *((direction.value, None) for direction in said)),
    )


def _answered_codecs(agreed: AgreedAudio, local: LocalMedia) -> tuple[AudioCodec, ...]:
    """One coding, so that nothing changes midway, and telephone events, under the far end's numbers."""
    number = agreed.events_payload
    events = [replace(one, payload_type=number) for one in local.codecs if one.is_events and number is not None]
    return (agreed.codec, *events[:1])
