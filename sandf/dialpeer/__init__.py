"""Dial peers: which number goes where.

:mod:`.syntax` and :mod:`.pattern` are the digit patterns, :mod:`.peers` the POTS and MMoIP peers, :mod:`.target`
the session target, :mod:`.digits` what is dialled, and :mod:`.plan` the choice.  All of it is pure: no clock, no
chance and no history of its own.
"""

from .digits import digits_to_dial
from .pattern import DigitMatch, Pattern
from .peers import (
    DEFAULT_MMOIP_PEER,
    DEFAULT_POTS_PEER,
    Dsn,
    ForwardDigits,
    ImageEncoding,
    ImageResolution,
    InformationType,
    MmoipPeer,
    Peer,
    PotsPeer,
)
from .plan import HUNT_ORDERS, Criterion, DialPlan, Match, Side, Usage
from .syntax import PatternError
from .target import SessionTarget, TargetError

__all__ = [
    "DEFAULT_MMOIP_PEER",
    "DEFAULT_POTS_PEER",
    "HUNT_ORDERS",
    "Criterion",
    "DialPlan",
    "DigitMatch",
    "Dsn",
    "ForwardDigits",
    "ImageEncoding",
    "ImageResolution",
    "InformationType",
    "Match",
    "MmoipPeer",
    "Pattern",
    "PatternError",
    "Peer",
    "PotsPeer",
    "SessionTarget",
    "Side",
    "TargetError",
    "Usage",
    "digits_to_dial",
]
