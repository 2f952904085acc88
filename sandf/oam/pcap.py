"""Packet captures as tcpdump writes them: the classic format, raw IP, microseconds.

We know what our sockets sent and received, not what the wire had: the IP and UDP headers are made up around it, with
right checksums.  A SIP message that went over TCP or TLS is shown as a datagram between the same ports: there is
nothing of its connection to show, and it is plain text here.

What this module does not do: fragments; a datagram is as long as IP allows.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from struct import Struct
from typing import NamedTuple

_FILE = Struct("<IHHiIII")
_RECORD = Struct("<IIII")
_UDP = Struct("!HHHH")
_IPV4 = Struct("!BBHHHBBH4s4s")
_IPV6 = Struct("!IHBB16s16s")
_MAGIC = 0xA1B2C3D4
_RAW_IP = 101
"""LINKTYPE_RAW."""
_LONGEST = 65_535
_PROTOCOL_UDP = 17
_TTL = 64
_SIP_PORT = 5060

Address = tuple[str, int]


class CapturedPacket(NamedTuple):
    """One datagram."""

    at: float
    """Seconds since 1970."""
    source: Address
    to: Address
    octets: bytes


def capture(packets: Iterable[CapturedPacket]) -> bytes:
    """A capture file of *packets*, which come in the order of their times."""
    out = [_FILE.pack(_MAGIC, 2, 4, 0, 0, _LONGEST, _RAW_IP)]
    for number, packet in enumerate(packets):
        datagram = _datagram(packet, number & 0xFFFF)
        seconds = int(packet.at)
        out.append(_RECORD.pack(seconds, round((packet.at - seconds) * 1e6) % 1_000_000, len(datagram), len(datagram)))
        out.append(datagram)
    return b"".join(out)


def decode_as(file: bytes) -> list[str]:
    """What tshark and Wireshark have to be told (``-d``) of the ports in a capture *file* of ours.

    They find SIP at its own port only, and T.38 by SDP over IPv4 only.
    """
    kinds: dict[int, str] = {}
    at = _FILE.size
    while at < len(file):
        size = _RECORD.unpack_from(file, at)[2]
        packet, at = file[at + _RECORD.size : at + _RECORD.size + size], at + _RECORD.size + size
        head = _IPV6.size if packet[0] >> 4 == 6 else _IPV4.size
        octets = packet[head + _UDP.size :]
        kind = "sip" if b"SIP/2.0" in octets.partition(b"\r\n")[0] else "t38"
        for port in _UDP.unpack_from(packet, head)[:2]:
            if (kind, port) != ("sip", _SIP_PORT) and (kind, head) != ("t38", _IPV4.size):
                kinds.setdefault(port, kind)
    return [f"udp.port=={port},{kind}" for port, kind in sorted(kinds.items())]


def _datagram(packet: CapturedPacket, number: int) -> bytes:
    source, to = (ipaddress.ip_address(host.partition("%")[0]) for host in (packet.source[0], packet.to[0]))
    octets = packet.octets[: _LONGEST - 48]
    length = _UDP.size + len(octets)
    pseudo = source.packed + to.packed + length.to_bytes(4, "big") + _PROTOCOL_UDP.to_bytes(4, "big")
    head = _UDP.pack(packet.source[1], packet.to[1], length, 0)
    udp = _UDP.pack(packet.source[1], packet.to[1], length, _checksum(pseudo + head + octets) or 0xFFFF) + octets
    if source.version == 6 or to.version == 6:
        return _IPV6.pack(0x60000000, len(udp), _PROTOCOL_UDP, _TTL, source.packed, to.packed) + udp
    fields = (0x45, 0, _IPV4.size + len(udp), number, 0, _TTL, _PROTOCOL_UDP)
    checksum = _checksum(_IPV4.pack(*fields, 0, source.packed, to.packed))
    return _IPV4.pack(*fields, checksum, source.packed, to.packed) + udp


def _checksum(octets: bytes) -> int:
    """The Internet checksum (RFC 1071): the ones' complement sum of 16-bit words is their number modulo 65535."""
    if len(octets) % 2:
        octets += b"\0"
    total = int.from_bytes(octets, "big")
    return ~(total % 0xFFFF) & 0xFFFF if total else 0xFFFF
