"""Session descriptions as values, read and written (RFC 8866, which took the place of RFC 4566).

Exact in what is written, tolerant in what is read: line ends of any kind, blanks, lines that are missing (v=, o=, s=,
t=) or unknown, several c= lines (the first counts), names in any case.  An m= line that cannot be read spoils the
whole, since its place counts in the answer (RFC 3264 6).

What this module does not do: times, repeats, keys and the session's own b=, i=, u=, e= and p= lines are read over.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass, replace

_LONGEST = 65_536
"""Octets in a description."""
_MOST_MEDIA = 64
"""m= lines in a description."""
_MOST_LINES = 2_000
_LINE = re.compile(r"\s*([a-z])\s*=")
_PORT = re.compile(r"([0-9]{1,5})(/[0-9]*)?")
_NUMBER = re.compile(r"[0-9]{1,20}")
_NOWHERE = frozenset({"0.0.0.0", "::"})
"""The c= of a held stream as in RFC 2543 B.5; RFC 3264 8.4 still wants it understood."""

Attribute = tuple[str, str | None]
"""An a= line: the name as it was written and what stands behind the colon."""


class SdpError(ValueError):
    """The far end's description is none, or not one to work with."""


class Direction(enum.Enum):
    """Which way media flow, as the end that says it sees it (RFC 8866 6.7)."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"

    @property
    def sends(self) -> bool:
        """Whether the end that says it sends."""
        return self in (Direction.SENDRECV, Direction.SENDONLY)

    @property
    def receives(self) -> bool:
        """Whether the end that says it receives."""
        return self in (Direction.SENDRECV, Direction.RECVONLY)

    @property
    def reverse(self) -> Direction:
        """The same as the other end sees it (RFC 3264 6.1)."""
        return _REVERSED.get(self, self)


_REVERSED = {Direction.SENDONLY: Direction.RECVONLY, Direction.RECVONLY: Direction.SENDONLY}
_DIRECTIONS = {direction.value: direction for direction in Direction}


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The o= line (RFC 8866 5.2)."""

    username: str = "-"
    session_id: int
    version: int
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """An m= line and what stands below it (RFC 8866 5.14)."""

    kind: str
    """"audio", "image", ..., in small letters."""
    port: int
    transport: str
    """As it was written: "RTP/AVP", "udptl", "UDPTL"."""
    formats: tuple[str, ...]
    connection: str | None = None
    """The address or name of its own c= line."""
    attributes: tuple[Attribute, ...] = ()
    bandwidth: tuple[str, ...] = ()
    """Its b= lines, unread."""

    @property
    def rejected(self) -> bool:
        """Whether the stream is refused or over (RFC 3264 6 and 8.2)."""
        return self.port == 0

    @property
    def direction(self) -> Direction:
        """sendrecv where nothing is said.  A stream that is to be sent nowhere is not one to receive on."""
        said = (_DIRECTIONS.get(name.lower()) for name, _ in self.attributes)
        direction = next((one for one in said if one is not None), Direction.SENDRECV)
        if self.connection in _NOWHERE:
            return Direction.SENDONLY if direction.sends else Direction.INACTIVE
        return direction

    @property
    def held(self) -> bool:
        """Whether the end that says it wants to hear nothing (RFC 3264 8.4)."""
        return not self.direction.receives

    def values(self, name: str) -> tuple[str, ...]:
        """What stands behind the colon in each attribute of this name, whatever its case."""
        wanted = name.lower()
        return tuple(value or "" for one, value in self.attributes if one.lower() == wanted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """A session description."""

    origin: Origin
    connection: str | None = None
    """The address or name of the c= line above all m= lines."""
    media: tuple[Media, ...] = ()
    attributes: tuple[Attribute, ...] = ()
    name: str = "-"

    def address_of(self, media: Media) -> str:
        """Where *media* are to be sent: an IP address or a name.  Raises :class:`SdpError` if no c= says it."""
        address = media.connection or self.connection
        if address is None:
            raise SdpError(f"no c= line for m={media.kind}")
        return address

    def resolved(self, media: Media) -> Media:
        """*media* with what the session says for all: c= where it has none, and attributes behind its own."""
        return replace(
            media,
            connection=media.connection or self.connection,
            attributes=media.attributes + self.attributes,
        )


def parse(octets: bytes) -> Description:
    """The description in *octets*.  Raises :class:`SdpError`."""
    if len(octets) > _LONGEST:
        raise SdpError(f"description of {len(octets)} octets (limit {_LONGEST})")
    lines = [(match[1], line[match.end() :].strip()) for line in _split(octets) if (match := _LINE.match(line))]
    if not any(letter in "vom" for letter, _ in lines):
        raise SdpError("no line of a session description")
    if len(lines) > _MOST_LINES:
        raise SdpError(f"description of {len(lines)} lines (limit {_MOST_LINES})")
    parts: list[list[tuple[str, str]]] = [[]]
    for letter, value in lines:
        if letter == "m":
            parts.append([])
        parts[-1].append((letter, value))
    if len(parts) - 1 > _MOST_MEDIA:
        raise SdpError(f"{len(parts) - 1} m= lines (limit {_MOST_MEDIA})")
    session = parts[0]
    return Description(
        origin=_parse_origin(_first(session, "o")),
        connection=_parse_connection(session),
        media=tuple(_parse_media(part) for part in parts[1:]),
        attributes=_parse_attributes(session),
        name=_first(session, "s") or "-",
    )


def _split(octets: bytes) -> list[str]:
    text = octets.decode("utf-8", "replace").replace("\0", "")
    return re.split(r"[\r\n]+", text)


def _first(lines: list[tuple[str, str]], letter: str) -> str:
    return next((value for one, value in lines if one == letter), "")


def _parse_origin(value: str) -> Origin:
    """Numbers that are none count as 0: whether something has changed is seen by the media as well."""
    username, session_id, version, _, _, address, *_ = [*value.split(), *[""] * 6]
    return Origin(
        username=username or "-",
        session_id=int(session_id) if _NUMBER.fullmatch(session_id) else 0,
        version=int(version) if _NUMBER.fullmatch(version) else 0,
        address=address,
    )


def _parse_connection(lines: list[tuple[str, str]]) -> str | None:
    """``IN IP4 192.0.2.1/127``: only the address, without the TTL of a multicast group."""
    for letter, value in lines:
        fields = value.split()
        if letter == "c" and len(fields) >= 3:
            address = fields[2].split("/")[0].strip("[]")
            if address:
                return address
    return None


def _parse_attributes(lines: list[tuple[str, str]]) -> tuple[Attribute, ...]:
    attributes: list[Attribute] = []
    for letter, line in lines:
        name, colon, value = line.partition(":")
        if letter == "a" and name.strip():
            attributes.append((name.strip(), value.strip() if colon else None))
    return tuple(attributes)


def _parse_media(lines: list[tuple[str, str]]) -> Media:
    value = lines[0][1]
    fields = value.split()
    port = _PORT.fullmatch(fields[1]) if len(fields) >= 3 else None
    if port is None or int(port[1]) > 65_535:
        raise SdpError(f"m={value[:80]!r} is no media line")
    return Media(
        kind=fields[0].lower(),
        port=int(port[1]),
        transport=fields[2],
        formats=tuple(fields[3:]),
        connection=_parse_connection(lines),
        attributes=_parse_attributes(lines),
        bandwidth=tuple(one for letter, one in lines if letter == "b" and one),
    )


def serialise(description: Description) -> bytes:
    """*description* as octets, its lines in the order of RFC 8866 9."""
    origin = description.origin
    head = f"{origin.username} {origin.session_id} {origin.version} {_network(origin.address)}"
    lines = ["v=0", f"o={head}", f"s={description.name}"]
    if description.connection is not None:
        lines.append(f"c={_network(description.connection)}")
    lines.append("t=0 0")
    lines += map(_attribute_line, description.attributes)
    for media in description.media:
        lines += _media_lines(media)
    return "".join(f"{line}\r\n" for line in lines).encode()


def _network(address: str) -> str:
    return f"IN {'IP6' if ':' in address else 'IP4'} {address}"


def _attribute_line(attribute: Attribute) -> str:
    name, value = attribute
    return f"a={name}" if value is None else f"a={name}:{value}"


def _media_lines(media: Media) -> list[str]:
    lines = [" ".join((f"m={media.kind}", str(media.port), media.transport, *media.formats))]
    if media.connection is not None:
        lines.append(f"c={_network(media.connection)}")
    lines += (f"b={one}" for one in media.bandwidth)
    lines += map(_attribute_line, media.attributes)
    return lines
