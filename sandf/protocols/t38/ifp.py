"""IFP packets to octets and back (T.38 clause 7 and Annex A: ASN.1, aligned PER of X.691).

Two forms are on the line: version 0 (T.38 06/98), in which a field type has no room for extension, and all
later ones.  They differ in each field of data, and nothing in a packet says which it is: the version comes
from the session description (T38FaxVersion).

Fields without data are packed by bits, not by octets, as PER has it.  spandsp gives each its own octet, so do
not put another field behind one (no known terminal does).

What this module does not do: know which packet may follow which, or TPKT for TCP.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import NamedTuple


class IfpError(ValueError):
    """The octets are no IFP packet, or the packet cannot be said in the version asked for."""


class Indicator(enum.IntEnum):
    """t30-indicator (T.38 7.3.1); those from V8_ANSAM on are not in version 0."""

    NO_SIGNAL = 0
    CNG = 1
    CED = 2
    V21_PREAMBLE = 3
    V27_2400_TRAINING = 4
    V27_4800_TRAINING = 5
    V29_7200_TRAINING = 6
    V29_9600_TRAINING = 7
    V17_7200_SHORT_TRAINING = 8
    V17_7200_LONG_TRAINING = 9
    V17_9600_SHORT_TRAINING = 10
    V17_9600_LONG_TRAINING = 11
    V17_12000_SHORT_TRAINING = 12
    V17_12000_LONG_TRAINING = 13
    V17_14400_SHORT_TRAINING = 14
    V17_14400_LONG_TRAINING = 15
    V8_ANSAM = 16
    V8_SIGNAL = 17
    V34_CNTL_CHANNEL_1200 = 18
    V34_PRI_CHANNEL = 19
    V34_CC_RETRAIN = 20
    V33_12000_TRAINING = 21
    V33_14400_TRAINING = 22


class DataType(enum.IntEnum):
    """t30-data, the modulation of the data (T.38 7.3.2); those from V8 on are not in version 0."""

    V21 = 0
    V27_2400 = 1
    V27_4800 = 2
    V29_7200 = 3
    V29_9600 = 4
    V17_7200 = 5
    V17_9600 = 6
    V17_12000 = 7
    V17_14400 = 8
    V8 = 9
    V34_PRI_RATE = 10
    V34_CC_1200 = 11
    V34_PRI_CH = 12
    V33_12000 = 13
    V33_14400 = 14


class FieldType(enum.IntEnum):
    """field-type (T.38 7.4); those from CM_MESSAGE on are not in version 0."""

    HDLC_DATA = 0
    HDLC_SIG_END = 1
    HDLC_FCS_OK = 2
    HDLC_FCS_BAD = 3
    HDLC_FCS_OK_SIG_END = 4
    HDLC_FCS_BAD_SIG_END = 5
    T4_NON_ECM_DATA = 6
    T4_NON_ECM_SIG_END = 7
    CM_MESSAGE = 8
    JM_MESSAGE = 9
    CI_MESSAGE = 10
    V34RATE = 11


class Field(NamedTuple):
    """One element of data-field; no octets means that field-data is absent."""

    type: FieldType
    octets: bytes = b""


class Data(NamedTuple):
    """A packet with t30-data: *fields* in the order of the line, bits as T.30 sends them (first bit lowest).

    HDLC octets come without flags, FCS and zero insertion.
    """

    type: DataType
    fields: tuple[Field, ...]


Packet = Indicator | Data

_INDICATORS = tuple(Indicator)
_DATA_TYPES = tuple(DataType)
_FIELD_TYPES = tuple(FieldType)
_ROOT_INDICATORS, _ROOT_DATA_TYPES, _ROOT_FIELD_TYPES = 16, 9, 8
_MOST_FIELDS = 0x3FFF
_LONGEST_FIELD = 0xFFFF


def decode(octets: bytes, version: int = 0) -> Packet:
    """The packet in *octets*.  Zeros behind it are ignored, as FEC may leave some there.

    Raises :class:`IfpError`.
    """
    try:
        return _decode(octets, version)
    except IndexError:
        raise IfpError(f"IFP packet of {len(octets)} octets ends too soon") from None


def _decode(octets: bytes, version: int) -> Packet:
    head = octets[0]
    if head & 0x20:
        number, at = (head & 0x0F) << 2 | octets[1] >> 6, 2
        if head & 0x10:
            raise IfpError("extension number of type-of-msg is out of range")
        number += _ROOT_DATA_TYPES if head & 0x40 else _ROOT_INDICATORS
    else:
        number, at = head >> 1 & 0x0F, 1
    if not head & 0x40:
        if head & 0x80:
            raise IfpError("t30-indicator with a data-field")
        if number >= len(_INDICATORS):
            raise IfpError(f"t30-indicator {number} is unknown")
        _check_rest(octets, at)
        return _INDICATORS[number]
    if number >= len(_DATA_TYPES) or (not head & 0x20 and number >= _ROOT_DATA_TYPES):
        raise IfpError(f"t30-data {number} is unknown")
    if not head & 0x80:
        _check_rest(octets, at)
        return Data(_DATA_TYPES[number], ())
    count = octets[at]
    at += 1
    if count & 0x80:
        if count & 0x40:
            raise IfpError("data-field in fragments")
        count = (count & 0x3F) << 8 | octets[at]
        at += 1
    return Data(_DATA_TYPES[number], _decode_fields(octets, at, count, version))


def _decode_fields(octets: bytes, at: int, count: int, version: int) -> tuple[Field, ...]:
    fields = []
    size = len(octets)
    shift = 0
    for _ in range(count):
        head = (octets[at] << 8 | (octets[at + 1] if at + 1 < size else 0)) << shift
        if not version:
            number = head >> 12 & 7
            shift += 4
        elif head & 0x4000:
            number = _ROOT_FIELD_TYPES + (head >> 7 & 0x3F)
            shift += 9
            if head & 0x2000 or number >= len(_FIELD_TYPES):
                raise IfpError("field-type is unknown")
        else:
            number = head >> 11 & 7
            shift += 5
        if head & 0x8000:
            at += (shift + 7) >> 3
            length = (octets[at] << 8 | octets[at + 1]) + 1
            at += 2
            if at + length > size:
                raise IfpError(f"field-data of {length} octets where {size - at} are left")
            fields.append(Field(_FIELD_TYPES[number], octets[at : at + length]))
            at += length
            shift = 0
        else:
            fields.append(Field(_FIELD_TYPES[number]))
            at += shift >> 3
            shift &= 7
    if at + (shift > 0) > size:
        raise IndexError
    _check_rest(octets, at + (shift > 0))
    return tuple(fields)


def _check_rest(octets: bytes, at: int) -> None:
    if at < len(octets) and octets.count(0, at) != len(octets) - at:
        raise IfpError(f"{len(octets) - at} octets behind the packet")


def encode(packet: Packet, version: int = 0) -> bytes:
    """*packet* as octets.  Raises :class:`IfpError` for what *version* cannot say."""
    if isinstance(packet, Indicator):
        if packet < _ROOT_INDICATORS:
            return bytes((packet << 1,))
        return _extended(packet - _ROOT_INDICATORS, 0x20, version)
    return encode_data(packet.type, packet.fields, version)


def encode_data(data_type: DataType, fields: Iterable[tuple[FieldType, bytes]], version: int = 0) -> bytes:
    """A packet with t30-data, from plain pairs where a :class:`Data` is not worth building."""
    out = bytearray()
    count = bits = pending = 0
    for field_type, octets in fields:
        count += 1
        head = 8 if octets else 0
        if field_type < _ROOT_FIELD_TYPES:
            bits = bits << 4 | head | field_type if not version else bits << 5 | head << 1 | field_type
            pending += 4 if not version else 5
        elif version:
            bits = bits << 9 | head << 5 | 0x80 | (field_type - _ROOT_FIELD_TYPES)
            pending += 9
        else:
            raise IfpError(f"{field_type!r} is not in version 0")
        if octets:
            if len(octets) > _LONGEST_FIELD:
                raise IfpError(f"field-data of {len(octets)} octets (limit {_LONGEST_FIELD})")
            out += (bits << -pending % 8).to_bytes((pending + 7) >> 3, "big")
            out += (len(octets) - 1).to_bytes(2, "big")
            out += octets
            bits = pending = 0
    if pending:
        out += (bits << -pending % 8).to_bytes((pending + 7) >> 3, "big")
    present = 0xC0 if count else 0x40
    if data_type < _ROOT_DATA_TYPES:
        head_octets = bytes((present | data_type << 1,))
    else:
        head_octets = _extended(data_type - _ROOT_DATA_TYPES, present | 0x20, version)
    return head_octets + _counted(count) + out


def _extended(number: int, head: int, version: int) -> bytes:
    if not version:
        raise IfpError("type-of-msg is not in version 0")
    return bytes((head | number >> 2, number << 6 & 0xC0))


def _counted(count: int) -> bytes:
    if count < 0x80:
        return bytes((count,)) if count else b""
    if count > _MOST_FIELDS:
        raise IfpError(f"{count} fields (limit {_MOST_FIELDS})")
    return (0x8000 | count).to_bytes(2, "big")
