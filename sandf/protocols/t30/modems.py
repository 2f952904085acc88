"""High-speed modems: the data signalling rate codes of T.30 Table 2 (bits 11 to 14) and the fall-back ladder.

The ladder follows the field: V.17 from 14400 down to 9600, then the same rate by V.29 before the speed drops,
then V.27ter (T.30 leaves the order to the transmitter; FTT only says that the speed tried did not do).

What this module does not do: it trains nothing; see :mod:`.pump` for the modulations themselves.
"""

from __future__ import annotations

from collections.abc import Iterable

from .pump import Modulation

# Best first. A step down is the next entry that both terminals have.
LADDER: tuple[Modulation, ...] = (
    Modulation.V17_14400,
    Modulation.V17_12000,
    Modulation.V17_9600,
    Modulation.V29_9600,
    Modulation.V17_7200,
    Modulation.V29_7200,
    Modulation.V27TER_4800,
    Modulation.V27TER_2400,
)

# DCS bits 11 to 14 as a number, bit 11 being the least significant.
RATE_CODE: dict[Modulation, int] = {
    Modulation.V27TER_2400: 0b0000,
    Modulation.V29_9600: 0b0001,
    Modulation.V27TER_4800: 0b0010,
    Modulation.V29_7200: 0b0011,
    Modulation.V17_14400: 0b1000,
    Modulation.V17_9600: 0b1001,
    Modulation.V17_12000: 0b1010,
    Modulation.V17_7200: 0b1011,
}
MODULATION_OF_CODE = {code: modulation for modulation, code in RATE_CODE.items()}

_V27_FALLBACK = frozenset({Modulation.V27TER_2400})
_V27 = _V27_FALLBACK | {Modulation.V27TER_4800}
_V29 = frozenset({Modulation.V29_9600, Modulation.V29_7200})
_V17 = frozenset(m for m in Modulation if m.system == "V.17")
ALL_MODULATIONS = _V27 | _V29 | _V17

# DIS/DTC bits 11 to 14. 0b0111 is V.33, withdrawn: such a terminal has V.29 and V.27ter as well.
_OFFERED: dict[int, frozenset[Modulation]] = {
    0b0000: _V27_FALLBACK,
    0b0001: _V29,
    0b0010: _V27,
    0b0011: _V27 | _V29,
    0b0111: _V27 | _V29,
    0b1011: _V27 | _V29 | _V17,
}


def offered(code: int) -> frozenset[Modulation]:
    """The modulations that the DIS/DTC code 0 to 15 stands for; a reserved code counts as V.27ter fall-back."""
    return _OFFERED.get(code, _V27_FALLBACK)


def offer_code(modulations: Iterable[Modulation]) -> int:
    """The DIS/DTC code for what a terminal has; V.17 can be offered only together with V.29 and V.27ter."""
    have = frozenset(modulations)
    for code in (0b1011, 0b0011, 0b0010):
        systems = {m.system for m in _OFFERED[code]}
        if systems <= {m.system for m in have} and (code != 0b0010 or Modulation.V27TER_4800 in have):
            return code
    return 0b0001 if have and have <= _V29 else 0b0000


def ladder(modulations: Iterable[Modulation], max_bit_rate: int) -> tuple[Modulation, ...]:
    """What may be tried, best first; at least V.27ter 2400, which every terminal has (T.30 5.3.6.2.1)."""
    have = frozenset(modulations)
    steps = tuple(m for m in LADDER if m in have and m.bit_rate <= max_bit_rate)
    return steps or (Modulation.V27TER_2400,)


def step_down(steps: tuple[Modulation, ...], current: Modulation) -> Modulation | None:
    """The next slower or sturdier entry of *steps* after *current*; None at the end of the ladder."""
    following = steps[steps.index(current) + 1 :] if current in steps else steps
    return following[0] if following else None


def step_down_rate(steps: tuple[Modulation, ...], current: Modulation) -> Modulation | None:
    """The next entry that is really slower (for CTC, RTN and RTP); None if there is none."""
    return next((m for m in steps if m.bit_rate < current.bit_rate), None)
