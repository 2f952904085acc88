"""A call that we place over a SIP trunk.

The called end proposes T.38 as a rule, as soon as it has answered; it is given some seconds, and then we do so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure as Trouble

from sandf import causes
from sandf.callcontrol.primitives import TelephoneCall
from sandf.causes import Cause, Failure
from sandf.protocols.sdp.offer_answer import MediaKind
from sandf.protocols.sip import events
from sandf.protocols.sip.hops import Hop
from sandf.protocols.t38.settings import T38Use

from ..interfaces import ICallUser
from . import endings
from .call import SWITCH, CallResources, Deadline, SipCall

if TYPE_CHECKING:
    from .trunk import SipTrunk

RINGING = 180


class OutgoingCall(SipCall):
    """*call* for *user*."""

    def __init__(self, trunk: SipTrunk, resources: CallResources, call: TelephoneCall, user: ICallUser) -> None:
        super().__init__(trunk, resources)
        self._call = call
        self._serve(user)
        self._facts = user.facts
        self._rang = False

    def fail(self, cause: Cause, detail: str) -> None:
        """It cannot even begin."""
        self._life.finish(cause, detail)

    def begin(self) -> None:
        """Find the hops, and send the INVITE."""
        begun = Deferred.fromCoroutine(self._begin())
        begun.addErrback(self._failed)

    def _failed(self, failure: Trouble) -> None:
        assert self._user is not None
        self.log.failure("vtsp({call}): the call failed", failure, call=self._user.call_id)
        self.broke()

    async def _begin(self) -> None:
        hops = await self._trunk.hops()
        if self._over:
            return
        if not hops:
            self._life.finish(causes.NETWORK_OUT_OF_ORDER, f"no address for trunk {self._trunk.name}")
            return
        try:
            self._invite(hops)
        except Failure as failure:
            self._life.finish(failure.cause, failure.detail)

    def _invite(self, hops: list[Hop]) -> None:
        trunk, endpoint = self._trunk, self._trunk.endpoint
        address = trunk.settings.advertise or endpoint.address_towards(hops[0].host)
        kinds = {
            T38Use.REINVITE: (MediaKind.AUDIO,),
            T38Use.FIRST: (MediaKind.AUDIO, MediaKind.T38),
            T38Use.ONLY: (MediaKind.T38,),
        }[self._policy.t38]
        target, to, caller, headers = trunk.addresses(self._call, hops[0])
        session = endpoint.agent.call(
            trunk=trunk.name,
            target=target,
            to=to,
            caller=caller,
            headers=headers,
            description=self._media.offer(kinds, address),
            hops=hops,
            call_id=f"{self._resources.token()}@{address}",
            now=endpoint.now(),
        )
        session.description = self._media.same
        self._session = session
        endpoint.joined(session, self)
        self._facts["sip_call_id"] = session.call_id
        self._facts["remote_signalling"] = str(hops[0])
        self._by(Deadline("answer", self._call.answer_timeout, causes.NO_ANSWER, ""))
        endpoint.drain()

    def happened(self, event: object) -> None:
        """The session says something."""
        match event:
            case events.Ringing(status=status):
                if not self._rang and status == RINGING and self._user is not None:
                    self._rang = True
                    self._user.alerted()
            case events.Redirected():
                followed = Deferred.fromCoroutine(self._redirected(event))
                followed.addErrback(self._failed)
            case events.Answered(description=description):
                self._stop_timers()
                self._accepted(description)
            case events.Refused():
                self._life.finish(*endings.of_refusal(event, rang=self._rang))
            case _:
                super().happened(event)

    async def _redirected(self, event: events.Redirected) -> None:
        session, endpoint = self._session, self._trunk.endpoint
        assert session is not None
        targets = event.targets if session.redirects < self._policy.redirects else ()
        for target in targets:
            hops = await self._trunk.redirected(target)
            if self._over:
                return
            if hops:
                session.redirect(target, hops, endpoint.now())
                endpoint.drain()
                return
        session.give_up(event.response, endpoint.now())
        endpoint.drain()

    def _switch(self) -> None:
        """Wait for the called end to propose T.38."""
        super()._switch()
        self._by(SWITCH, self._policy.t38_wait)
        self._later("wait", self._policy.t38_wait, self._propose)
