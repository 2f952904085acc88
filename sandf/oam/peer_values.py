"""Dial peers as values: their own words, and their state of this moment."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sandf.dialpeer import MmoipPeer, Peer, PotsPeer

from .values import Value


def dial_peer_value(peer: Peer, *, calls: Mapping[int, int], ports_down: Collection[str]) -> Value:
    """A dial peer with its state of this moment."""
    port = peer.port if isinstance(peer, PotsPeer) else None
    value: Value = {
        "tag": peer.tag,
        "type": "pots" if isinstance(peer, PotsPeer) else "mmoip",
        "description": peer.description,
        "admin": "down" if peer.shutdown else "up",
        "oper": "down" if peer.shutdown or (port is not None and port in ports_down) else "up",
        "calls": calls.get(peer.tag, 0),
        "max_conn": peer.max_conn,
        "application": peer.application,
        "incoming_called_number": _text(peer.incoming_called_number),
        "answer_address": _text(peer.answer_address),
        "destination_pattern": _text(peer.destination_pattern),
        "preference": peer.preference,
        "huntstop": peer.huntstop,
    }
    return value | (_pots(peer) if isinstance(peer, PotsPeer) else _mmoip(peer))


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _pots(peer: PotsPeer) -> Value:
    forward = peer.forward_digits
    return {
        "port": peer.port,
        "direct_inward_dial": peer.direct_inward_dial,
        "digit_strip": peer.digit_strip,
        "prefix": peer.prefix,
        "forward_digits": forward if forward is None or isinstance(forward, int) else forward.value,
        "max_speed": peer.max_speed,
        "ecm": peer.ecm,
        "rtn_policy": peer.rtn_policy.value if peer.rtn_policy else None,
    }


def _mmoip(peer: MmoipPeer) -> Value:
    return {
        "session_target": _text(peer.session_target),
        "image_encoding": peer.image_encoding.value,
        "image_resolution": peer.image_resolution.value,
        "dsn": sorted(word.value for word in peer.dsn),
        "mdn": peer.mdn,
        "information_type": peer.information_type.value,
    }
