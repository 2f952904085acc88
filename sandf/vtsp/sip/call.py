"""One call over a SIP trunk: its session, its media, and the way to T.38.

A call is through when both ends have agreed on T.38; until then its audio is a tone (CNG or CED) and silence, so
that the other end sees a fax machine and changes over.  The called end proposes T.38 as soon as its answer is
acknowledged; a caller gives it some seconds and then does so itself.  While T.30 runs the media stay what they are;
when it has ended nobody keeps the call for longer than :data:`LINGER`.

What this module does not do: fax over G.711: a call that cannot change to T.38 ends with a cause of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from automat import TypeMachineBuilder
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.python.failure import Failure as Trouble
from zope.interface import implementer

from sandf import causes
from sandf.callcontrol.primitives import TelephoneCall
from sandf.causes import Cause, Failure
from sandf.logs import Logger
from sandf.protocols.rtp.tones import Tone
from sandf.protocols.sdp.description import SdpError
from sandf.protocols.sdp.offer_answer import MediaKind, Unacceptable
from sandf.protocols.sip import events
from sandf.protocols.sip.hops import Hop
from sandf.protocols.sip.session import Session
from sandf.protocols.t38.settings import T38Use

from ..interfaces import ICallEnd, ICallUser, Offer
from . import endings
from .call_media import CallMedia, MediaResources
from .settings import CallPolicy, Network

if TYPE_CHECKING:
    from .trunk import SipTrunk

LINGER = 5.0
"""Seconds that a call lives on after T.30 has ended, whatever the other end does."""
NOT_ACCEPTABLE = 488


class CallResources(Protocol):
    """What calls of all trunks share."""

    media: MediaResources

    def policy_of(self, port: str, peer_tag: int, /) -> CallPolicy:
        """How a call by this dial peer uses T.38."""

    def token(self) -> str:
        """A random word."""

    def number(self) -> int:
        """A random number of 62 bits, for the sessions of SDP."""

    def within(self, host: str, networks: tuple[Network, ...]) -> bool:
        """Whether an address lies in one of them."""


class _Life(Protocol):
    """The inputs of a call's life."""

    def audio_agreed(self) -> None:
        """Both ends have audio: the way to T.38 begins."""

    def t38_agreed(self) -> None:
        """Both ends have T.38."""

    def finish(self, cause: Cause, detail: str) -> None:
        """It ended from outside; the user is told."""

    def clear(self, cause: Cause) -> None:
        """The user ends it."""


@dataclass
class _Core:
    call: SipCall


_machine = TypeMachineBuilder(_Life, _Core)
_coming_up = _machine.state("coming up")
_switching = _machine.state("switching")
_through = _machine.state("through")
_over = _machine.state("over")

# Silent rows: media that change again while T.30 has them, and words that come too late.
_switching.upon(_Life.audio_agreed).loop().returns(None)
_through.upon(_Life.audio_agreed).loop().returns(None)
_through.upon(_Life.t38_agreed).loop().returns(None)
_over.upon(_Life.audio_agreed).loop().returns(None)
_over.upon(_Life.t38_agreed).loop().returns(None)
_over.upon(_Life.finish).loop().returns(None)
_over.upon(_Life.clear).loop().returns(None)


@_coming_up.upon(_Life.audio_agreed).to(_switching)
def _begin_switching(life: _Life, core: _Core) -> None:
    core.call._switch()


@_coming_up.upon(_Life.t38_agreed).to(_through)
@_switching.upon(_Life.t38_agreed).to(_through)
def _connect(life: _Life, core: _Core) -> None:
    core.call._connect()


@_coming_up.upon(_Life.finish).to(_over)
@_switching.upon(_Life.finish).to(_over)
@_through.upon(_Life.finish).to(_over)
def _finish(life: _Life, core: _Core, cause: Cause, detail: str) -> None:
    core.call._let_go(cause)
    if not core.call._user_left:  # losing the bearer may have made it leave by itself
        core.call._user.cleared(cause, detail)


@_coming_up.upon(_Life.clear).to(_over)
@_switching.upon(_Life.clear).to(_over)
@_through.upon(_Life.clear).to(_over)
def _clear(life: _Life, core: _Core, cause: Cause) -> None:
    core.call._let_go(cause)


_build_life = _machine.build()


@implementer(ICallEnd)
class SipCall:
    """What calls in both directions have in common."""

    log = Logger()
    tone = Tone.CNG

    def __init__(self, trunk: SipTrunk, resources: CallResources) -> None:
        self._trunk = trunk
        self._resources = resources
        self._clock = resources.media.wheel
        self._life = _build_life(_Core(self))
        self._user: ICallUser
        self._session: Session | None = None
        self._policy: CallPolicy
        self._media: CallMedia
        self._over = False
        self._user_left = False
        self._timers: dict[str, IDelayedCall] = {}
        self._signals: list[tuple[bytes, Hop, tuple[str, int], bool, float]] | None = []

    # ICallEnd.

    def alert(self) -> None:
        """Only a call that comes in rings."""

    def answer(self) -> None:
        """Only a call that comes in is answered."""

    def clear(self, cause: Cause) -> None:
        """Hang up, refuse or give up."""
        self._user_left = True
        self._life.clear(cause)

    def hold(self) -> Callable[[], None]:
        """The time of a real call does not stand still."""
        return lambda: None

    # From the session.

    def happened(self, event: object) -> None:
        """The session says something."""
        match event:
            case events.OfferReceived(description=description):
                self._offered(description)
            case events.ModificationAccepted(description=description):
                self._accepted(description)
            case events.ModificationRefused(response=response):
                self._media.withdraw()
                if not self._media.fax:
                    self._life.finish(*endings.of_modification(response))
            case events.Ended():
                self._life.finish(*endings.of_end(event))

    def broke(self) -> None:
        """Something of ours raised: the call ends, and nothing else."""
        self._life.finish(causes.INTERNAL_ERROR, "")

    def signalled(self, octets: bytes, hop: Hop, local: tuple[str, int], *, outward: bool) -> None:
        """A message of this call has passed; those before it has an id wait for it."""
        signal = octets, hop, local, outward, self._clock.seconds()
        if self._signals is not None:
            self._signals.append(signal)
        else:
            self._record(*signal)

    def _record(self, octets: bytes, hop: Hop, local: tuple[str, int], outward: bool, at: float) -> None:
        self._resources.media.recorder.signal(
            self._user.call_id,
            outward=outward,
            octets=octets,
            local=local,
            remote=(hop.host, hop.port),
            transport=hop.transport.value,
            at=at,
        )

    # Media.

    def _serve(self, user: ICallUser) -> None:
        """The user, and with it the dial peer, is known."""
        self._user = user
        self._policy = self._resources.policy_of(self._trunk.name, user.peer_tag)
        self._media = CallMedia(
            self._resources.media,
            ports=self._trunk.ports,
            call_id=user.call_id,
            policy=self._policy,
            trusted=lambda: self._session.hop.host if self._session is not None else "",
            latching=self._trunk.settings.latching,
            number=self._resources.number,
            released=self._fax_ended,
        )
        signals, self._signals = self._signals or [], None
        for signal in signals:
            self._record(*signal)

    def _accepted(self, description: bytes) -> None:
        """The answer to our offer."""
        try:
            self._media.accept(description)
        except (SdpError, Failure) as error:
            self._life.finish(causes.T38_REFUSED, str(error))
            return
        self._agreed()

    def _agreed(self) -> None:
        if self._media.fax:
            self._life.t38_agreed()
        elif self._policy.t38 is T38Use.ONLY or self._media.proposed:
            self._life.finish(causes.T38_REFUSED, "audio is all that the other end takes")
        else:
            self._life.audio_agreed()

    def _offered(self, description: bytes) -> None:
        """A re-INVITE: taken if it is a refresh or brings what we want, refused while T.30 would lose its bearer."""
        session, now = self._session, self._trunk.endpoint.now()
        assert session is not None
        kinds = frozenset({MediaKind.T38} if self._media.running else {MediaKind.T38, MediaKind.AUDIO})
        try:
            answer = self._media.answer(description, kinds, self._our_address(session))
        except (Unacceptable, SdpError, Failure) as error:
            self.log.info("vtsp({call}): re-INVITE refused: {reason}", call=self._user.call_id, reason=error)
            session.refuse_offer(NOT_ACCEPTABLE, now)
            return
        session.accept_offer(answer, now)
        if self._media.fax:
            session.forget_modification()
            self._agreed()

    def _our_address(self, session: Session) -> str:
        return self._trunk.settings.advertise or self._trunk.endpoint.address_towards(session.hop.host)

    def _switch(self) -> None:
        """Audio is there: let the other end hear what we are, and change over."""
        self._media.play(self.tone)

    def _propose(self) -> None:
        session = self._session
        if session is None or self._media.fax:
            return
        try:
            offer = self._media.offer((MediaKind.T38,), self._our_address(session))
        except Failure as failure:
            self._life.finish(failure.cause, failure.detail)
            return
        session.modify(offer, self._trunk.endpoint.now())
        self._trunk.endpoint.drain()

    def _connect(self) -> None:
        self._stop_timers()
        self._user.facts.update(self._media.facts())
        assert self._media.bearer is not None
        self._user.connected(self._media.bearer)

    def _fax_ended(self) -> None:
        """T.30 has given the bearer back: the call is to end."""
        if self._over:
            return
        self._later("linger", LINGER, self._life.finish, causes.FAR_CLEARED, "T.30 had ended")

    # The end.

    def _let_go(self, cause: Cause) -> None:
        self._over = True
        self._stop_timers()
        self._left()
        self._media.close()
        session = self._session
        if session is not None:
            status, headers = endings.refusal_of(cause)
            session.hang_up(self._trunk.endpoint.now(), q850=cause.q850, status=status, headers=headers)
            self._trunk.endpoint.drain()
            self._trunk.endpoint.left(session, self)

    def _left(self) -> None:
        """Tell the trunk."""

    def _later(self, name: str, seconds: float, call: Callable[..., object], *args: object) -> None:
        self._timers[name] = self._clock.callLater(seconds, call, *args)

    def _stop_timers(self) -> None:
        timers, self._timers = self._timers, {}
        for timer in timers.values():
            if timer.active():
                timer.cancel()


class OutgoingCall(SipCall):
    """A call that we place."""

    def __init__(self, trunk: SipTrunk, resources: CallResources, call: TelephoneCall, user: ICallUser) -> None:
        super().__init__(trunk, resources)
        self._call = call
        self._serve(user)
        self._rung = False

    def fail(self, cause: Cause, detail: str) -> None:
        """It cannot even begin."""
        self._life.finish(cause, detail)

    def begin(self) -> None:
        """Find the hops, and send the INVITE."""
        begun = Deferred.fromCoroutine(self._begin())
        begun.addErrback(self._broke)

    def _left(self) -> None:
        self._trunk.left(self)

    def _broke(self, failure: Trouble) -> None:
        self.log.failure("vtsp({call}): the call could not begin", failure, call=self._user.call_id)
        self._life.finish(causes.INTERNAL_ERROR, "")

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
        self._user.facts["sip_call_id"] = session.call_id
        self._user.facts["remote_signalling"] = str(hops[0])
        self._later("answer", self._call.answer_timeout, self._no_answer)
        endpoint.drain()

    def _no_answer(self) -> None:
        self._life.finish(causes.NO_ANSWER, "")

    def happened(self, event: object) -> None:
        """The session says something."""
        match event:
            case events.Ringing():
                if not self._rung:
                    self._rung = True
                    self._user.alerted()
            case events.Redirected():
                followed = Deferred.fromCoroutine(self._redirected(event))
                followed.addErrback(self._broke)
            case events.Answered(description=description):
                self._stop_timers()
                self._accepted(description)
            case events.Refused():
                self._life.finish(*endings.of_refusal(event, rang=self._rung))
            case _:
                super().happened(event)

    async def _redirected(self, event: events.Redirected) -> None:
        session, endpoint = self._session, self._trunk.endpoint
        assert session is not None
        if session.redirects < self._policy.redirects:
            for target in event.targets:
                hops = await self._trunk.redirected(target)
                if hops:
                    session.redirect(target, hops, endpoint.now())
                    endpoint.drain()
                    return
        session.give_up(event.response, endpoint.now())
        endpoint.drain()

    def _switch(self) -> None:
        """The called end proposes T.38 as a rule; if not, we do."""
        super()._switch()
        self._later("wait", self._policy.t38_wait, self._propose)


class IncomingCall(SipCall):
    """A call that comes in."""

    tone = Tone.CED

    def __init__(self, trunk: SipTrunk, resources: CallResources, session: Session, description: bytes) -> None:
        super().__init__(trunk, resources)
        self._session = session
        self._description = description
        trunk.endpoint.joined(session, self)

    def bring(self, offer: Offer) -> None:
        """Offer it to call control."""
        assert self._session is not None
        trunk, session = self._trunk, self._session
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

    def _left(self) -> None:
        self._trunk.left(self)

    def alert(self) -> None:
        """180 Ringing."""
        if self._session is not None:
            self._session.ring(self._trunk.endpoint.now())
            self._trunk.endpoint.drain()

    def answer(self) -> None:
        """200 OK: T.38 where it is offered, else audio; or 488."""
        session = self._session
        if session is None or self._over:
            return
        kinds = frozenset({MediaKind.T38} if self._policy.t38 is T38Use.ONLY else {MediaKind.T38, MediaKind.AUDIO})
        address = self._our_address(session)
        try:
            if self._description:
                description = self._media.answer(self._description, kinds, address)
            else:
                description = self._media.offer(
                    (MediaKind.T38,) if self._policy.t38 is T38Use.ONLY else (MediaKind.AUDIO,), address
                )
        except (Unacceptable, SdpError) as error:
            session.refuse(NOT_ACCEPTABLE, self._trunk.endpoint.now())
            self._life.finish(causes.T38_REFUSED, str(error))
            return
        except Failure as failure:
            self._life.finish(failure.cause, failure.detail)
            return
        session.answer(description, self._trunk.endpoint.now())
        self._trunk.endpoint.drain()

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
        """Propose T.38 at once: each second is line time."""
        super()._switch()
        self._propose()
