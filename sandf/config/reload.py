"""What a new configuration changes, and whether a running gateway can take it.

Dial peers, aliases and policy are taken live: the next call and the next message follow them.  What is bound to a
socket, a port, a file or a process stays as it is until a restart.  This module compares; it applies nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from .settings import Configuration, MmoipDialPeer, PotsDialPeer, Settings

RESTART = (
    "gateway",
    "store.url",
    "smtp.server.listen",
    "smtp.server.tls_certificate",
    "smtp.server.tls_key",
    "smtp.server.users",
    "smtp.server.maximum_connections",
    "smtp.server.connections_per_client",
    "fax.send.calls_at_once",
    "rendering.workers",
    "manhole",
    "control",
    "exchange",
    "ports",
)
"""Key paths, whole tables among them, that a running gateway keeps; all others are live."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reload:
    """The key paths that differ between two configurations."""

    live: tuple[str, ...]
    """Taken at once."""
    restart: tuple[str, ...]
    """Left as they were until a restart."""

    @property
    def unchanged(self) -> bool:
        """Whether nothing differs."""
        return not self.live and not self.restart


def reloadable(old: Configuration, new: Configuration) -> Reload:
    """What differs in *new* from *old*; a dial peer is named ``dial_peer[TAG]``."""
    paths = _changes(old, new, "")
    restart = tuple(path for path in paths if _needs_restart(path))
    return Reload(live=tuple(path for path in paths if path not in restart), restart=restart)


def merged(old: Configuration, new: Configuration) -> Configuration:
    """The settings to run with after a reload: those of *new*, but *old* ones where a restart is needed."""
    return Configuration(**{**_merged_fields(old, new, ""), "warnings": new.warnings})


def _merged_fields(old: msgspec.Struct, new: msgspec.Struct, path: str) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name in new.__struct_fields__:
        here = f"{path}.{name}" if path else name
        was, now = getattr(old, name), getattr(new, name)
        if _needs_restart(here):
            values[name] = was
        elif isinstance(now, msgspec.Struct):
            values[name] = type(now)(**_merged_fields(was, now, here))
        else:
            values[name] = now
    return values


def _needs_restart(path: str) -> bool:
    return any(path == fixed or path.startswith(f"{fixed}.") for fixed in RESTART)


def _changes(old: msgspec.Struct, new: msgspec.Struct, path: str) -> list[str]:
    names = Settings.__struct_fields__ if isinstance(new, Settings) else new.__struct_fields__
    found: list[str] = []
    for name in names:
        here = f"{path}.{name}" if path else name
        was, now = getattr(old, name), getattr(new, name)
        if name == "dial_peer":
            found += _peer_changes(was, now)
        elif isinstance(now, msgspec.Struct):
            found += _changes(was, now, here)
        elif was != now:
            found.append(here)
    return found


Peers = tuple[PotsDialPeer | MmoipDialPeer, ...]


def _peer_changes(old: Peers, new: Peers) -> list[str]:
    was = {peer.tag: peer for peer in old}
    now = {peer.tag: peer for peer in new}
    found = [f"dial_peer[{tag}]" for tag in sorted(was.keys() | now.keys()) if was.get(tag) != now.get(tag)]
    moved = [tag for tag in was if tag in now] != [tag for tag in now if tag in was]
    return ["dial_peer", *found] if moved else found
