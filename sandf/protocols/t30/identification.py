"""Who is there: the frames before DIS, DTC and DCS, sent and received (T.30 5.3.6.1.1 to 5.3.6.1.3).

What this module does not do: it checks no password; see :mod:`.phase_b` for polling.
"""

from __future__ import annotations

from .events import Identified
from .frames import Fcf, decode_ident, encode_ident
from .session import Session


def identify(s: Session) -> str:
    """Tell the host what came with this command, once, and forget it; answers the password (PWD)."""
    heard, s.far.heard = s.far.heard, {}

    def text(*fcfs: Fcf) -> str:
        return next((decode_ident(heard[fcf][-1]) for fcf in fcfs if fcf in heard), "")

    facilities = tuple(fif for fcf in (Fcf.NSF, Fcf.NSC, Fcf.NSS) for fif in heard.get(fcf, ()))
    if heard:
        s.tell(
            Identified(
                ident=text(Fcf.CSI, Fcf.TSI, Fcf.CIG),
                subaddress=text(Fcf.SUB),
                password=text(Fcf.PWD),
                sender_id=text(Fcf.SID),
                selective_polling=text(Fcf.SEP),
                nonstandard=facilities,
            )
        )
    return text(Fcf.PWD)


def identification(s: Session, fcf: Fcf, text: str) -> tuple[bytes, ...]:
    """CSI, TSI, CIG, SUB, SEP, SID or PWD, if there is something to say."""
    return (s.frame(fcf, encode_ident(text), final=False),) if text else ()


def nonstandard(s: Session, fcf: Fcf, fif: bytes) -> tuple[bytes, ...]:
    """NSF, NSC or NSS, if the host has given one."""
    return (s.frame(fcf, fif, final=False),) if fif else ()
