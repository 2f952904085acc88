"""The dial plan: inbound steps, the eight hunt orders, what is skipped, and the digits that are dialled."""

from __future__ import annotations

from random import Random
from typing import Any, ClassVar

from twisted.trial.unittest import SynchronousTestCase

from sandf.dialpeer import (
    DEFAULT_MMOIP_PEER,
    DEFAULT_POTS_PEER,
    DialPlan,
    ForwardDigits,
    MmoipPeer,
    Pattern,
    Peer,
    PotsPeer,
    SessionTarget,
    Side,
    Usage,
)

PATTERN_FIELDS = ("incoming_called_number", "answer_address", "destination_pattern")


def parsed(settings: dict[str, Any]) -> dict[str, Any]:
    return {key: Pattern.parse(value) if key in PATTERN_FIELDS else value for key, value in settings.items()}


def pots(tag: int, **settings: Any) -> PotsPeer:
    return PotsPeer(tag=tag, **parsed({"port": "trunk", **settings}))


def mmoip(tag: int, **settings: Any) -> MmoipPeer:
    target = SessionTarget.parse("mailto:$d$@mail.example.com")
    return MmoipPeer(tag=tag, **parsed({"session_target": target, **settings}))


def dialled(called: str, **settings: Any) -> str:
    """The digits that a single peer with these settings dials for *called*."""
    (match,) = DialPlan(peers=(pots(4, **settings),)).outbound_peers(
        Side.TELEPHONE, called, usage=Usage(), draw=Random(1).random, last_used={}
    )
    return match.digits


def hunted(
    peers: tuple[Peer, ...],
    called: str = "2001",
    *,
    hunt: int = 0,
    usage: Usage | None = None,
    seed: int = 1,
    last_used: dict[int, float] | None = None,
) -> list[int]:
    """The tags of the peers to try, in order."""
    found = DialPlan(peers=peers, dial_peer_hunt=hunt).outbound_peers(
        Side.TELEPHONE, called, usage=usage or Usage(), draw=Random(seed).random, last_used=last_used or {}
    )
    return [match.peer.tag for match in found]


class InboundTests(SynchronousTestCase):
    PEERS = (
        pots(1, incoming_called_number="57108..", application="onramp"),
        pots(2, incoming_called_number="571.....", port="lab"),
        pots(3, answer_address="312", port="other"),
        pots(4, destination_pattern="31255", port="lab"),
        mmoip(5, incoming_called_number=".", application="offramp"),
    )

    def tag(self, called: str, calling: str = "", port: str | None = None) -> int:
        plan = DialPlan(peers=self.PEERS)
        return plan.inbound_peer(Side.TELEPHONE, called=called, calling=calling, port=port).tag

    def test_called_number_comes_first(self) -> None:
        self.assertEqual(self.tag("5710812", "3125551234", "lab"), 1)

    def test_longest_explicit_match_within_a_step(self) -> None:
        self.assertEqual(self.tag("57108123"), 1)
        self.assertEqual(self.tag("57109123"), 2)

    def test_answer_address_comes_second(self) -> None:
        self.assertEqual(self.tag("999", "3125551234", "lab"), 3)

    def test_destination_pattern_comes_third(self) -> None:
        plan = DialPlan(peers=(pots(4, destination_pattern="31255"), pots(6, port="lab")))
        peer = plan.inbound_peer(Side.TELEPHONE, called="999", calling="3125551234", port="lab")
        self.assertEqual(peer.tag, 4)

    def test_port_comes_last(self) -> None:
        self.assertEqual(self.tag("999", "888", "lab"), 2)
        self.assertEqual(self.tag("999", "888", "other"), 3)

    def test_default_peers(self) -> None:
        plan = DialPlan()
        found = plan.inbound_peer(Side.TELEPHONE, called="1", calling="2", port="trunk")
        self.assertIs(found, DEFAULT_POTS_PEER)
        self.assertEqual((found.tag, found.application, found.direct_inward_dial), (0, None, False))
        self.assertIs(plan.inbound_peer(Side.MAIL, called="1", calling=""), DEFAULT_MMOIP_PEER)

    def test_sides_are_apart(self) -> None:
        plan = DialPlan(peers=self.PEERS)
        peer = plan.inbound_peer(Side.MAIL, called="5710812", calling="a@example.com")
        self.assertEqual((peer.tag, peer.application), (5, "offramp"))
        self.assertEqual(self.tag("12", port="unheard"), 0)

    def test_mail_with_a_marker_matches_the_catch_all(self) -> None:
        peer = DialPlan(peers=self.PEERS).inbound_peer(Side.MAIL, called="+13125553260", calling="")
        self.assertEqual(peer.tag, 5)

    def test_shut_down_peers_take_nothing(self) -> None:
        plan = DialPlan(peers=(pots(1, incoming_called_number="5", shutdown=True),))
        found = plan.inbound_peer(Side.TELEPHONE, called="5", calling="", port="trunk")
        self.assertIs(found, DEFAULT_POTS_PEER)

    def test_the_earlier_of_equals(self) -> None:
        plan = DialPlan(peers=(pots(9, incoming_called_number="5"), pots(1, incoming_called_number="5.")))
        self.assertEqual(plan.inbound_peer(Side.TELEPHONE, called="55", calling="", port=None).tag, 9)


class HuntTests(SynchronousTestCase):
    # tag: explicit digits for 2001, preference, last used
    PEERS = (
        pots(1, destination_pattern="2...", preference=0),
        pots(2, destination_pattern="200.", preference=2),
        pots(3, destination_pattern="200.", preference=1),
        pots(4, destination_pattern="2T", preference=1),
    )
    LAST_USED: ClassVar[dict[int, float]] = {1: 40.0, 2: 10.0, 3: 30.0, 4: 20.0}

    def test_longest_match(self) -> None:
        self.assertEqual(hunted((pots(1, destination_pattern="2..."), pots(2, destination_pattern="200."))), [2, 1])

    def test_orders_without_chance(self) -> None:
        for hunt, expected in (
            (0, [3, 2, 1, 4]),
            (1, [3, 2, 1, 4]),
            (2, [1, 3, 4, 2]),
            (3, [1, 3, 4, 2]),
            (4, [2, 4, 3, 1]),
            (5, [2, 4, 3, 1]),
            (7, [2, 4, 3, 1]),
        ):
            self.assertEqual(hunted(self.PEERS, hunt=hunt, last_used=self.LAST_USED), expected, str(hunt))

    def equals(self, hunt: int, last_used: dict[int, float]) -> set[tuple[int, ...]]:
        """Every order that twenty seeds give to four peers that are equal in match and preference."""
        peers = tuple(pots(tag, destination_pattern="2...") for tag in (1, 2, 3, 4))
        return {tuple(hunted(peers, hunt=hunt, seed=seed, last_used=last_used)) for seed in range(20)}

    def test_random_among_equals(self) -> None:
        for hunt in (0, 2, 6):
            self.assertTrue(len(self.equals(hunt, self.LAST_USED)) > 5)

    def test_least_recently_used_among_equals(self) -> None:
        for hunt in (1, 3, 4, 5, 7):
            self.assertEqual(self.equals(hunt, self.LAST_USED), {(2, 4, 3, 1)})

    def test_never_used_comes_before_used(self) -> None:
        self.assertEqual(self.equals(7, {1: 40.0, 2: 10.0, 4: 0.0}), {(3, 4, 2, 1)})

    def test_ties_of_least_recent_use(self) -> None:
        self.assertEqual(hunted(self.PEERS, hunt=4), [3, 2, 1, 4])
        self.assertEqual(hunted(self.PEERS, hunt=5), [1, 3, 4, 2])

    def test_random_ignores_match_and_preference(self) -> None:
        first = {hunted(self.PEERS, hunt=6, seed=seed)[0] for seed in range(40)}
        self.assertEqual(first, {1, 2, 3, 4})

    def test_huntstop_ends_the_list(self) -> None:
        peers = (*self.PEERS[:1], pots(3, destination_pattern="200.", huntstop=True), *self.PEERS[1:2])
        self.assertEqual(hunted(peers), [3])

    def test_huntstop_of_a_skipped_peer_ends_nothing(self) -> None:
        peers = (pots(3, destination_pattern="200.", huntstop=True, max_conn=1), self.PEERS[0])
        self.assertEqual(hunted(peers, usage=Usage(calls={3: 1})), [1])

    def test_full_peers_are_skipped(self) -> None:
        peers = (pots(1, destination_pattern="200.", max_conn=2), pots(2, destination_pattern="2"))
        self.assertEqual(hunted(peers, usage=Usage(calls={1: 1, 2: 99})), [1, 2])
        self.assertEqual(hunted(peers, usage=Usage(calls={1: 2})), [2])

    def test_down_ports_and_shut_down_peers_are_skipped(self) -> None:
        peers = (
            pots(1, destination_pattern="2", port="down"),
            pots(2, destination_pattern="2", shutdown=True),
            pots(3, destination_pattern="2"),
            pots(4, destination_pattern="2", port=None),
        )
        self.assertEqual(hunted(peers, usage=Usage(ports_down={"down"})), [3])

    def test_unknown_number(self) -> None:
        self.assertEqual(hunted(self.PEERS, "999"), [])
        plan = DialPlan(peers=self.PEERS)
        self.assertEqual((plan.knows(Side.TELEPHONE, "2001"), plan.knows(Side.TELEPHONE, "9")), (True, False))
        self.assertFalse(plan.knows(Side.MAIL, "2001"))

    def test_busy_hunts_only_if_told(self) -> None:
        told = DialPlan(voice_hunt_user_busy=True)
        self.assertEqual([DialPlan().hunts_on(user_busy=busy) for busy in (True, False)], [False, True])
        self.assertEqual([told.hunts_on(user_busy=busy) for busy in (True, False)], [True, True])

    def test_mail_side(self) -> None:
        plan = DialPlan(
            peers=(
                mmoip(2, destination_pattern="57108.."),
                mmoip(3, destination_pattern="5T"),
                mmoip(6, destination_pattern="57108..", session_target=None),
                pots(4, destination_pattern="57108.."),
            )
        )
        found = plan.outbound_peers(Side.MAIL, "5710812", usage=Usage(calls={}), draw=Random(1).random, last_used={})
        self.assertEqual([(match.peer.tag, match.digits) for match in found], [(2, "5710812"), (3, "5710812")])

    def test_peer_by_tag(self) -> None:
        plan = DialPlan(peers=self.PEERS)
        self.assertIs(plan.peer(3), self.PEERS[2])
        self.assertIsNone(plan.peer(77))


class DialledDigitsTests(SynchronousTestCase):
    """digit_strip, prefix and forward_digits."""

    def test_the_outside_line(self) -> None:
        self.assertEqual(dialled("95558354", destination_pattern="9......."), "5558354")

    def test_no_digit_strip(self) -> None:
        self.assertEqual(dialled("95558354", destination_pattern="9.......", digit_strip=False), "95558354")

    def test_forward_all(self) -> None:
        self.assertEqual(
            dialled("95558354", destination_pattern="9.......", forward_digits=ForwardDigits.ALL), "95558354"
        )

    def test_prefix(self) -> None:
        self.assertEqual(dialled("95558354", destination_pattern="9.......", prefix="9"), "95558354")
        self.assertEqual(dialled("95558354", destination_pattern="9.......", prefix="0,"), "0,5558354")

    def test_only_the_left_explicit_digits_go(self) -> None:
        called = "913125553260"
        self.assertEqual(dialled(called, destination_pattern="91[2-9]..[2-9]......", prefix="1"), "13125553260")
        self.assertEqual(dialled("9555832", destination_pattern="9..58.."), "555832")

    def test_all_stripped(self) -> None:
        self.assertEqual(dialled("5550179", destination_pattern="5550179"), "")

    def test_beyond_the_match(self) -> None:
        self.assertEqual(dialled("9555835499", destination_pattern="9......."), "555835499")

    def test_variable_length(self) -> None:
        self.assertEqual(dialled("901144", destination_pattern="9011T", prefix="011"), "01144")
        self.assertEqual(dialled("901144", destination_pattern=".T"), "901144")

    def test_forward_number(self) -> None:
        for count, digits in ((7, "5558354"), (0, ""), (3, "354"), (32, "95558354")):
            self.assertEqual(dialled("95558354", destination_pattern="9.......", forward_digits=count), digits)
        self.assertEqual(dialled("95558354", destination_pattern="9", forward_digits=4, prefix="1"), "18354")
        self.assertEqual(dialled("+1312", destination_pattern="+1", forward_digits=32), "1312")

    def test_forward_extra(self) -> None:
        extra = ForwardDigits.EXTRA
        self.assertEqual(dialled("2001567", destination_pattern="200.", forward_digits=extra), "567")
        self.assertEqual(dialled("2001", destination_pattern="200.", forward_digits=extra), "")
        self.assertEqual(dialled("2001567", destination_pattern="200T", forward_digits=extra), "")

    def test_marker(self) -> None:
        self.assertEqual(dialled("+13125553260", destination_pattern="+1312.......", prefix="9"), "95553260")
        self.assertEqual(dialled("+13125553260", destination_pattern="1312.......", prefix="9"), "95553260")
        self.assertEqual(dialled("+13125553260", destination_pattern=".T"), "+13125553260")
        self.assertEqual(dialled("+13125553260", destination_pattern="+1T", digit_strip=False), "+13125553260")
