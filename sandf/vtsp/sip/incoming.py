"""A call that comes in over a SIP trunk.

T.38 is proposed as soon as our answer is acknowledged, unless it was in the caller's offer: each second is line time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandf import causes
from sandf.callcontrol.primitives import TelephoneCall
from sandf.causes import Failure
from sandf.protocols.rtp.tones import Tone
from sandf.protocols.sdp.description import SdpError
from sandf.protocols.sdp.offer_answer import MediaKind, Unacceptable
from sandf.protocols.sip import events
from sandf.protocols.sip.session import Session
from sandf.protocols.t38.settings import T38Use

from ..interfaces import Offer
from .call import NOT_ACCEPTABLE, CallResources, SipCall

if TYPE_CHECKING:
    from .trunk import SipTrunk


class IncomingCall(SipCall):
    """The call of *session*, whose INVITE had *description*."""

    tone = Tone.CED

    def __init__(self, trunk: SipTrunk, resources: CallResources, session: Session, description: bytes) -> None:
        super().__init__(trunk, resources)
        self._session = self._invited = session
        self._description = description
        trunk.endpoint.joined(session, self)

    def bring(self, offer: Offer) -> None:
        """Offer it to call control."""
        trunk, session = self._trunk, self._invited
        numbers = trunk.numbers(session.request)
        call = TelephoneCall(
            port=trunk.name,
            called=numbers.called,
            calling="" if numbers.private else numbers.calling,
            redirecting=numbers.redirecting,
        )
        user = offer(call, self)
        self._serve(user)
        session.description = self._media.same
        user.facts["sip_call_id"] = session.call_id
        user.facts["remote_signalling"] = str(session.hop)
        user.offered()

    def alert(self) -> None:
        """180 Ringing."""
        self._invited.ring(self._trunk.endpoint.now())
        self._trunk.endpoint.drain()

    def answer(self) -> None:
        """200 OK: T.38 where it is offered, else audio; or 488."""
        if self._over:
            return
        try:
            description = self._answer()
        except (Unacceptable, SdpError) as error:
            self._invited.refuse(NOT_ACCEPTABLE, self._trunk.endpoint.now())
            self._life.finish(causes.T38_REFUSED, str(error))
        except Failure as failure:
            self._life.finish(failure.cause, failure.detail)
        else:
            self._invited.answer(description, self._trunk.endpoint.now())
            self._trunk.endpoint.drain()

    def _answer(self) -> bytes:
        """Our description: the answer to theirs, or an offer where they had none."""
        address, only = self._our_address(self._invited), self._policy.t38 is T38Use.ONLY
        if self._description:
            kinds = frozenset({MediaKind.T38} if only else {MediaKind.T38, MediaKind.AUDIO})
            return self._media.answer(self._description, kinds, address)
        return self._media.offer((MediaKind.T38,) if only else (MediaKind.AUDIO,), address)

    def happened(self, event: object) -> None:
        """The session says something."""
        match event:
            case events.Established(description=description) if description:
                self._accepted(description)
            case events.Established():
                self._agreed()
            case _:
                super().happened(event)

    def _switch(self) -> None:
        """Propose T.38 at once."""
        super()._switch()
        self._propose()
