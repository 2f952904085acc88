"""The dial plan: which dial peer a call belongs to, and which peers may carry it on, in what order.

A plan is a value: it is replaced as a whole when the configuration is read again, and calls under way keep the
peers that they have.  What it does not know it is told: who is busy (:class:`Usage`), which peer was used last,
and chance.

An inbound call looks at the peers of its own side, in four steps, and stops at the first step that finds
one: `incoming_called_number` against the called number, `answer_address` and then `destination_pattern` against
the calling number, and `port`.  Within a step the longest explicit match wins, and the earlier in the plan among
equals.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar, overload

from .digits import digits_to_dial
from .pattern import DigitMatch, Pattern
from .peers import DEFAULT_MMOIP_PEER, DEFAULT_POTS_PEER, MmoipPeer, Peer, PotsPeer

PeerT = TypeVar("PeerT", PotsPeer, MmoipPeer)
_AnyPeer = TypeVar("_AnyPeer", bound=Peer)


class Side(enum.Enum):
    """The side of the gateway that a leg is on."""

    TELEPHONE = "pots"
    MAIL = "mmoip"


class Criterion(enum.Enum):
    """What outbound peers are ordered by."""

    LONGEST = "longest match"
    PREFERENCE = "preference"
    LEAST_RECENT = "least recent use"
    RANDOM = "random"


HUNT_ORDERS: tuple[tuple[Criterion, ...], ...] = (
    (Criterion.LONGEST, Criterion.PREFERENCE, Criterion.RANDOM),
    (Criterion.LONGEST, Criterion.PREFERENCE, Criterion.LEAST_RECENT),
    (Criterion.PREFERENCE, Criterion.LONGEST, Criterion.RANDOM),
    (Criterion.PREFERENCE, Criterion.LONGEST, Criterion.LEAST_RECENT),
    (Criterion.LEAST_RECENT, Criterion.LONGEST, Criterion.PREFERENCE),
    (Criterion.LEAST_RECENT, Criterion.PREFERENCE, Criterion.LONGEST),
    (Criterion.RANDOM,),
    (Criterion.LEAST_RECENT,),
)
"""`dial_peer_hunt` 0 to 7; what remains equal stays in the order of the plan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What is going on now, as far as it bears on the choice of a peer."""

    calls: Mapping[int, int] = field(default_factory=dict)
    """Active calls by peer tag; a tag that is absent has none."""
    ports_down: Collection[str] = ()
    """Names of ports that can take no call now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match(Generic[PeerT]):
    """An outbound peer that may carry a call."""

    peer: PeerT
    digits: str
    """What to dial by a POTS peer; the called number itself for an MMoIP peer."""
    matched: DigitMatch


@dataclass(frozen=True, slots=True, kw_only=True)
class DialPlan:
    """The dial peers and the two settings that govern hunting."""

    peers: tuple[Peer, ...] = ()
    dial_peer_hunt: int = 0
    """An index into :data:`HUNT_ORDERS`."""
    voice_hunt_user_busy: bool = False

    @overload
    def inbound_peer(
        self, side: Literal[Side.TELEPHONE], *, called: str, calling: str, port: str | None
    ) -> PotsPeer: ...

    @overload
    def inbound_peer(self, side: Literal[Side.MAIL], *, called: str, calling: str, port: None = None) -> MmoipPeer: ...

    def inbound_peer(self, side: Side, *, called: str, calling: str, port: str | None = None) -> Peer:
        """The peer that an inbound leg on *side* belongs to; the default peer, tag 0, if none matches.

        *called* is the DNIS, *calling* the ANI or empty, *port* the name of the port the call came in by.
        """
        if side is Side.TELEPHONE:
            pots = self._open(PotsPeer)
            found = _by_number(pots, called, calling) or _by_port(pots, port)
            return DEFAULT_POTS_PEER if found is None else found
        return _by_number(self._open(MmoipPeer), called, calling) or DEFAULT_MMOIP_PEER

    @overload
    def outbound_peers(
        self,
        side: Literal[Side.TELEPHONE],
        called: str,
        *,
        usage: Usage,
        draw: Callable[[], float],
        last_used: Mapping[int, float],
    ) -> tuple[Match[PotsPeer], ...]: ...

    @overload
    def outbound_peers(
        self,
        side: Literal[Side.MAIL],
        called: str,
        *,
        usage: Usage,
        draw: Callable[[], float],
        last_used: Mapping[int, float],
    ) -> tuple[Match[MmoipPeer], ...]: ...

    def outbound_peers(
        self,
        side: Side,
        called: str,
        *,
        usage: Usage,
        draw: Callable[[], float],
        last_used: Mapping[int, float],
    ) -> tuple[Match[PotsPeer], ...] | tuple[Match[MmoipPeer], ...]:
        """The peers towards *side* for the number *called*, in the order to try them.

        *draw* gives a random number each time it is called; *last_used* says by peer tag when a call last
        went out by it, in any unit that grows, and a tag that is absent was never used.  Peers that are shut
        down, whose port is down or that carry `max_conn` calls are left out, and the list ends behind the first
        peer with `huntstop`.
        """
        if side is Side.TELEPHONE:
            return self._hunted([m for m in self._pots(called) if _free(m.peer, usage)], draw, last_used)
        return self._hunted([m for m in self._mmoip(called) if _free(m.peer, usage)], draw, last_used)

    def knows(self, side: Side, called: str) -> bool:
        """Whether any peer towards *side* would take *called*, free or not."""
        return bool(self._pots(called) if side is Side.TELEPHONE else self._mmoip(called))

    def hunts_on(self, *, user_busy: bool) -> bool:
        """Whether the next peer is tried after one failed; *user_busy* if the called party was busy."""
        return self.voice_hunt_user_busy or not user_busy

    def peer(self, tag: int) -> Peer | None:
        """The peer with the tag *tag*, shut down or not."""
        return next((peer for peer in self.peers if peer.tag == tag), None)

    def _open(self, kind: type[_AnyPeer]) -> list[_AnyPeer]:
        return [peer for peer in self.peers if isinstance(peer, kind) and not peer.shutdown]

    def _pots(self, called: str) -> list[Match[PotsPeer]]:
        return [
            Match(peer=peer, digits=digits_to_dial(peer, called, matched), matched=matched)
            for peer in self._open(PotsPeer)
            if peer.port is not None and (matched := _match(peer.destination_pattern, called))
        ]

    def _mmoip(self, called: str) -> list[Match[MmoipPeer]]:
        return [
            Match(peer=peer, digits=called, matched=matched)
            for peer in self._open(MmoipPeer)
            if peer.session_target is not None and (matched := _match(peer.destination_pattern, called))
        ]

    def _hunted(
        self, matches: list[Match[PeerT]], draw: Callable[[], float], last_used: Mapping[int, float]
    ) -> tuple[Match[PeerT], ...]:
        def rank(match: Match[PeerT]) -> tuple[float, ...]:
            measures: dict[Criterion, Callable[[], float]] = {
                Criterion.LONGEST: lambda: -match.matched.explicit,
                Criterion.PREFERENCE: lambda: match.peer.preference,
                Criterion.LEAST_RECENT: lambda: last_used.get(match.peer.tag, float("-inf")),
                Criterion.RANDOM: draw,
            }
            return tuple(measures[criterion]() for criterion in HUNT_ORDERS[self.dial_peer_hunt])

        ordered = sorted(matches, key=rank)
        stop = next((place for place, match in enumerate(ordered) if match.peer.huntstop), len(ordered))
        return tuple(ordered[: stop + 1])


def _match(pattern: Pattern | None, number: str) -> DigitMatch | None:
    return None if pattern is None else pattern.match(number)


def _by_number(peers: list[_AnyPeer], called: str, calling: str) -> _AnyPeer | None:
    return (
        _longest([(peer, _match(peer.incoming_called_number, called)) for peer in peers])
        or _longest([(peer, _match(peer.answer_address, calling)) for peer in peers])
        or _longest([(peer, _match(peer.destination_pattern, calling)) for peer in peers])
    )


def _longest(candidates: list[tuple[_AnyPeer, DigitMatch | None]]) -> _AnyPeer | None:
    best: _AnyPeer | None = None
    most = -1
    for peer, match in candidates:
        if match is not None and match.explicit > most:
            best, most = peer, match.explicit
    return best


def _by_port(peers: list[PotsPeer], port: str | None) -> PotsPeer | None:
    return next((peer for peer in peers if port is not None and peer.port == port), None)


def _free(peer: Peer, usage: Usage) -> bool:
    if isinstance(peer, PotsPeer) and peer.port in usage.ports_down:
        return False
    return peer.max_conn is None or usage.calls.get(peer.tag, 0) < peer.max_conn
