"""What a transmission of T.30 is in IFP packets, and when each of them leaves (T.38 7 and 8).

The far gateway modulates what it gets as it comes, so packets leave at the pace of the line: training and preamble are
waited for (the latter for its nominal time, :data:`PREAMBLE`), data follow in pieces of about 40 ms, each when a modem
would have had it whole.  The last piece of an HDLC frame and its FCS share a packet.

With data rate management method 2 TCF goes over the network; with method 1 each end makes it for its own line, and
nothing but the training is sent (8.1).

T.38 has the first bit on the line as the most significant bit of an octet, T.30 here as the least significant one.

What this module does not do: wait, V.34.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from sandf.protocols.t4.bits import REVERSED
from sandf.protocols.t30 import air, pump
from sandf.protocols.t30.pump import Modulation
from sandf.protocols.t38.fill import FillRemoval
from sandf.protocols.t38.ifp import DataType, FieldType, Indicator, encode, encode_data

PIECE = 0.04
"""Seconds of data in one packet."""
TAIL = 0.06
"""Seconds of zeros behind a page without error correction; gateways cut what is shorter than 40 ms."""
PREAMBLE = 1.0
"""Seconds from v21-preamble to the flag in front of the first frame: the nominal time of T.30 5.3.1, whatever the line
itself makes of it.  Some adapters lose the frame if it comes after the least of it, 0.85 s."""
FIELDS_AROUND = 6
"""Octets of a packet around the data in it, at most: type-of-msg, two field-types and what counts and measures them."""
SMALLEST_PIECE = 8
"""Octets of data in a packet, whatever little the far end takes."""
CLOSING_FLAGS = 2
"""Flags whose time passes between the end of V.21 frames and no-signal, at which a gateway may drop its carrier."""

DATA_TYPE: dict[Modulation, DataType] = {
    Modulation.V21: DataType.V21,
    Modulation.V27TER_2400: DataType.V27_2400,
    Modulation.V27TER_4800: DataType.V27_4800,
    Modulation.V29_7200: DataType.V29_7200,
    Modulation.V29_9600: DataType.V29_9600,
    Modulation.V17_7200: DataType.V17_7200,
    Modulation.V17_9600: DataType.V17_9600,
    Modulation.V17_12000: DataType.V17_12000,
    Modulation.V17_14400: DataType.V17_14400,
}
TRAINING: dict[tuple[Modulation, bool], Indicator] = {
    (Modulation.V27TER_2400, False): Indicator.V27_2400_TRAINING,
    (Modulation.V27TER_4800, False): Indicator.V27_4800_TRAINING,
    (Modulation.V29_7200, False): Indicator.V29_7200_TRAINING,
    (Modulation.V29_9600, False): Indicator.V29_9600_TRAINING,
    (Modulation.V17_7200, True): Indicator.V17_7200_SHORT_TRAINING,
    (Modulation.V17_7200, False): Indicator.V17_7200_LONG_TRAINING,
    (Modulation.V17_9600, True): Indicator.V17_9600_SHORT_TRAINING,
    (Modulation.V17_9600, False): Indicator.V17_9600_LONG_TRAINING,
    (Modulation.V17_12000, True): Indicator.V17_12000_SHORT_TRAINING,
    (Modulation.V17_12000, False): Indicator.V17_12000_LONG_TRAINING,
    (Modulation.V17_14400, True): Indicator.V17_14400_SHORT_TRAINING,
    (Modulation.V17_14400, False): Indicator.V17_14400_LONG_TRAINING,
}
TONE = {pump.Tone.CED: Indicator.CED, pump.Tone.CNG: Indicator.CNG}


class Form(NamedTuple):
    """How packets are made on one bearer."""

    version: int = 0
    """T38FaxVersion."""
    local_tcf: bool = False
    """Data rate management method 1."""
    fill_bit_removal: bool = False
    max_ifp: int | None = None
    """The longest packet that the far end takes, in octets."""


class Timed(NamedTuple):
    """An IFP packet and when it leaves, in seconds after the transmission began."""

    at: float
    octets: bytes
    """Empty at the end: that is when the transmission is over."""
    control: bool
    """An indicator or V.21."""


def _piece_size(modulation: Modulation, form: Form) -> int:
    size = max(1, round(modulation.bit_rate * PIECE / 8))
    return size if form.max_ifp is None else min(size, max(SMALLEST_PIECE, form.max_ifp - FIELDS_AROUND))


def _pieces(octets: bytes, modulation: Modulation, form: Form) -> Iterator[bytes]:
    size = _piece_size(modulation, form)
    for start in range(0, len(octets), size):
        yield octets[start : start + size]


def _indicator(indicator: Indicator, form: Form) -> Timed:
    return Timed(0.0, encode(indicator, form.version), True)


def _over(at: float) -> Timed:
    return Timed(at, b"", True)


def _hdlc(
    frames: tuple[bytes, ...], modulation: Modulation, at: float, form: Form, closing_flags: int
) -> Iterator[Timed]:
    """*frames*, the flag before the first beginning at *at*; the last packet ends the signal.

    The bits of a frame are counted when its turn comes: those of a whole page take longer than the reactor has.  All
    pieces but the last one of a frame are of one size, so the octets in front of them are made once.
    """
    data_type, control = DATA_TYPE[modulation], modulation is Modulation.V21
    size = _piece_size(modulation, form)
    head = encode_data(data_type, ((FieldType.HDLC_DATA, bytes(size)),), form.version)[:-size]
    for number, frame in enumerate(frames, 1):
        at += air.FLAG_BITS / modulation.bit_rate
        seconds = air.frame_bits(frame) / modulation.bit_rate
        ended = FieldType.HDLC_FCS_OK_SIG_END if number == len(frames) else FieldType.HDLC_FCS_OK
        octets = frame.translate(REVERSED)
        last = (len(octets) - 1) // size * size
        for start in range(0, last, size):
            sent = start + size
            yield Timed(at + seconds * sent / (len(frame) + 2), head + octets[start:sent], control)
        at += seconds
        fields = (FieldType.HDLC_DATA, octets[last:]), (ended, b"")
        yield Timed(at, encode_data(data_type, fields, form.version), control)
    yield _over(at + closing_flags * air.FLAG_BITS / modulation.bit_rate)


def _stream(octets: bytes, modulation: Modulation, at: float, form: Form, fill: FillRemoval | None) -> Iterator[Timed]:
    """Page data or TCF from *at* on; the last packet ends the signal."""
    data_type = DATA_TYPE[modulation]
    for piece in _pieces(octets.translate(REVERSED), modulation, form):
        at += 8 * len(piece) / modulation.bit_rate
        sent = fill.feed(piece) if fill else piece
        if sent:
            yield Timed(at, encode_data(data_type, ((FieldType.T4_NON_ECM_DATA, sent),), form.version), False)
    rest = fill.finish() if fill else b""
    *pieces, last = _pieces(rest, modulation, form) if rest else (b"",)
    for piece in pieces:
        yield Timed(at, encode_data(data_type, ((FieldType.T4_NON_ECM_DATA, piece),), form.version), False)
    yield Timed(at, encode_data(data_type, ((FieldType.T4_NON_ECM_SIG_END, last),), form.version), False)
    yield _over(at)


def transmission(command: pump.Command, form: Form) -> Iterator[Timed]:
    """The packets of *command*, without the no-signal at its end; it is busy for as long as a line would be."""
    match command:
        case pump.SendTone(tone=tone, seconds=seconds):
            yield _indicator(TONE[tone], form)
            yield _over(seconds)
        case pump.SendFrames(frames=frames):
            yield _indicator(Indicator.V21_PREAMBLE, form)
            yield from _hdlc(frames, Modulation.V21, PREAMBLE, form, CLOSING_FLAGS)
        case pump.SendTraining(modulation=modulation, seconds=seconds):
            yield _indicator(TRAINING[modulation, False], form)
            if form.local_tcf:
                yield _over(air.seconds(command))
            else:
                zeros = bytes(round(seconds * modulation.bit_rate / 8))
                yield from _stream(zeros, modulation, air.training_seconds(modulation), form, None)
        case pump.SendPage(modulation=modulation, short_training=short, octets=octets):
            yield _indicator(TRAINING[modulation, short], form)
            tail = bytes(round(TAIL * modulation.bit_rate / 8))
            fill = FillRemoval() if form.fill_bit_removal else None
            yield from _stream(octets + tail, modulation, air.training_seconds(modulation, short=short), form, fill)
        case pump.SendPartialPage(modulation=modulation, short_training=short, frames=frames):
            yield _indicator(TRAINING[modulation, short], form)
            at = air.training_seconds(modulation, short=short) + air.ECM_PREAMBLE
            yield from _hdlc(frames, modulation, at, form, air.ECM_CLOSING_FLAGS)
