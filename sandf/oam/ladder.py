"""A trace as a ladder: time, our rail on the left, the far end's on the right, and what passed between them.

Pure.  Frames are named by what was noted of them; their octets are only read for the remark beside the arrow, and
octets that make no sense have none.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from sandf.protocols.sdp.description import Media, SdpError
from sandf.protocols.sdp.description import parse as parse_session
from sandf.protocols.sdp.t38_attributes import parse as parse_t38
from sandf.protocols.t30.capabilities import Capabilities, Parameters
from sandf.protocols.t30.frames import Fcf, Frame, decode_ident, parse
from sandf.store.records import TraceLine

from .printable import one_line

WIDTH = 100
_TIME = 9
_GAP = 30
_MARGIN = _TIME + 2 + _GAP + 2 + 2
_HIGH_SPEED = frozenset({"training", "page", "carrier"})
_ARROWS = frozenset({"frame", "tone", "sip", "t38"}) | _HIGH_SPEED
_IDENTS = frozenset({Fcf.CSI, Fcf.TSI, Fcf.CIG, Fcf.SUB, Fcf.SEP, Fcf.SID})
_MEANINGS = {
    Fcf.CFR: "ready to receive",
    Fcf.FTT: "training failed",
    Fcf.MPS: "more pages follow",
    Fcf.EOM: "end of document, more follow",
    Fcf.EOP: "last page",
    Fcf.MCF: "page confirmed",
    Fcf.RTP: "page confirmed, train again",
    Fcf.RTN: "page refused",
    Fcf.PIP: "page confirmed, operator wanted",
    Fcf.PIN: "page refused, operator wanted",
    Fcf.RNR: "not ready",
    Fcf.RR: "ready?",
    Fcf.CTR: "continues at that speed",
    Fcf.ERR: "end of retransmission",
    Fcf.CRP: "repeat that command",
    Fcf.DCN: "end of call",
}


def draw(lines: Sequence[TraceLine], *, near: str = "sandf", far: str = "far end", width: int = WIDTH) -> str:
    """The ladder of *lines* (of one call, in any order), at most *width* columns (80 or more).  Times in seconds."""
    rows = [f"{'s':>{_TIME}} {near:<{_GAP + 2 - len(far)}}{far}"]
    for line in sorted(lines, key=lambda line: line.at):
        rows += _rows(line, max(width, 80))
    return "\n".join(rows)


def _rows(line: TraceLine, width: int) -> list[str]:
    if line.kind in _ARROWS:
        label, remark = _label(line)
        between, beside = _arrow(label, outward=line.outward, thick=line.kind in _HIGH_SPEED), remark
    else:
        between, beside = " " * _GAP, f"* {one_line(line.text)}"
    room = width - _MARGIN
    first, *more = [beside] if len(beside) <= room else textwrap.wrap(beside, room, subsequent_indent="  ")
    rows = [f"{line.at:>{_TIME}.2f} |{between}| {first}".rstrip()]
    return rows + [f"{'':>{_TIME}} |{'':{_GAP}}| {rest}" for rest in more]


def _label(line: TraceLine) -> tuple[str, str]:
    """What stands on the arrow and what beside it."""
    text = one_line(line.text)
    if line.kind in _HIGH_SPEED:
        return _split_speed(text)
    if line.kind == "sip":
        return text, describe_session(line.octets)
    if line.kind == "t38":
        return text, "T.38"
    frame = parse(line.octets) if line.octets else None
    return text, describe(frame) if frame is not None else ""


def _split_speed(text: str) -> tuple[str, str]:
    """``TCF 1.5 s V.17 14400`` to what is sent and how fast."""
    what, found, speed = text.partition(" V.")
    return (what, f"V.{speed} bit/s") if found else (text, "")


def describe_session(message: bytes) -> str:
    """What the session description in a SIP *message* offers or answers; empty without one."""
    body = message.partition(b"\r\n\r\n")[2]
    try:
        lines = parse_session(body).media if body.startswith(b"v=") else ()
    except SdpError:
        return "a session description that cannot be read"
    return ", ".join(_media(line) for line in lines)


def _media(line: Media) -> str:
    if line.rejected:
        return f"no {line.kind}"
    if line.kind != "image":
        return f"{line.kind} at port {line.port}" + (", held" if line.held else "")
    can = parse_t38(line)
    words = [f"T.38 at port {line.port}", f"version {can.version}", f"{can.max_bit_rate} bit/s", can.udp_ec.value]
    return ", ".join(words)


def _arrow(label: str, *, outward: bool, thick: bool) -> str:
    stroke = "=" if thick else "-"
    body = f" {label[: _GAP - 6]} ".center(_GAP - 1, stroke)
    return body + ">" if outward else "<" + body


def describe(frame: Frame) -> str:
    """What a frame says, for people; empty where its name says it all."""
    fif = frame.fif
    match frame.fcf:
        case Fcf.DIS | Fcf.DTC:
            capabilities = Capabilities.parse(fif)
            return _capabilities(capabilities) if capabilities else "too short to be read"
        case Fcf.DCS:
            parameters = Parameters.parse(fif)
            return _parameters(parameters) if parameters else f"not understood: {fif[:16].hex(' ')}"
        case Fcf.PWD:
            return "(password)"
        case Fcf.NSF | Fcf.NSC | Fcf.NSS:
            return f"{len(fif)} octets: {fif[:8].hex(' ')}{' ...' if len(fif) > 8 else ''}"
        case Fcf.PPS:
            return _partial_page(fif)
        case Fcf.PPR:
            return f"{sum(octet.bit_count() for octet in fif[:32])} frames wanted again"
        case ident if ident in _IDENTS:
            return f'"{one_line(decode_ident(fif))}"'
        case None:
            return ""
        case other:
            return _MEANINGS.get(other, "")


def _capabilities(can: Capabilities) -> str:
    fastest = max(can.modulations, key=lambda modulation: (modulation.bit_rate, modulation.system), default=None)
    codings = ["MH"] + ["MR"] * can.two_dimensional + ["MMR"] * can.t6
    resolutions = [
        name
        for name, has in (
            ("fine", can.fine),
            ("superfine", can.superfine),
            ("300", can.dots_300),
            ("400", can.dots_400),
        )
        if has
    ]
    words = [f"{fastest.system} {fastest.bit_rate}"] if fastest else []
    words += ["ECM"] * can.ecm + ["/".join(codings), "/".join(resolutions), can.widest.name]
    words += [] if can.can_receive else ["cannot receive"]
    words += ["has a document to be polled"] * can.can_transmit
    return ", ".join(filter(None, words))


def _parameters(chosen: Parameters) -> str:
    words = [f"{chosen.modulation.system} {chosen.modulation.bit_rate}"]
    words.append(f"ECM {chosen.frame_octets}" if chosen.ecm else "no ECM")
    form = chosen.form
    words += [form.coding.value.upper(), resolution_name(form.resolution.name), form.paper.name]
    words += [] if chosen.ecm else [f"{chosen.scan_line_ms} ms a line"]
    return ", ".join(words)


def resolution_name(name: str) -> str:
    """``FINE`` to ``fine``, ``INCH_200X100`` to ``200x100 dpi``."""
    return f"{name.removeprefix('INCH_').lower()} dpi" if name.startswith("INCH_") else name.lower()


def _partial_page(fif: bytes) -> str:
    """PPS: its counters (T.30 A.4.3), counted from 1 as people do."""
    if len(fif) < 4:
        return "too short to be read"
    return f"page {fif[1] + 1}, block {fif[2] + 1}, {fif[3] + 1} frames"
