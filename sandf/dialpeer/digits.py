"""What is dialled once a POTS peer is chosen: digit_strip, forward_digits and prefix.

Unless `forward_digits` says otherwise, the digits at the front that the pattern matched explicitly are taken
off, and `prefix` is put before the rest.  Nothing may be left: the exchange then gives dial tone.  A ``,`` in the
result is a pause of one second, which the port makes; a leading ``+`` is left to the port as well.
"""

from __future__ import annotations

from .pattern import DigitMatch
from .peers import ForwardDigits, PotsPeer

MOST_FORWARD_DIGITS = 32


def digits_to_dial(peer: PotsPeer, called: str, match: DigitMatch) -> str:
    """The digits that *peer* dials for the number *called*, which its destination pattern matched so."""
    return peer.prefix + _forwarded(peer, called, match)


def _forwarded(peer: PotsPeer, called: str, match: DigitMatch) -> str:
    match peer.forward_digits:
        case None:
            return called[match.leading :] if peer.digit_strip else called
        case ForwardDigits.ALL:
            return called
        case ForwardDigits.EXTRA:
            return called[match.length :]
        case count:
            digits = called.removeprefix("+")
            return digits[max(len(digits) - count, 0) :]
