"""What SIP calls in both directions have in common: a session, its media, and the way to T.38.

A call is through when both ends have agreed on T.38; until then its audio is a tone (CNG or CED) and silence, so
that the other end sees a fax machine and changes over.  While T.30 runs the media stay what they are.

No state lasts for ever: the called party has the application's patience, a change to T.38 is over by
:data:`SWITCH`, T.30 ends by its own timers, and then nobody keeps the call for longer than :data:`LINGER`.

What this module does not do: fax over G.711: a call that cannot change to T.38 ends with a cause of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from automat import TypeMachineBuilder
from sipmessage import Response
from twisted.internet.interfaces import IDelayedCall
from zope.interface import implementer

from sandf import causes
from sandf.causes import Cause, Failure
from sandf.logs import Logger
from sandf.protocols.rtp.tones import Tone
from sandf.protocols.sdp.description import SdpError
from sandf.protocols.sdp.offer_answer import MediaKind, Unacceptable
from sandf.protocols.sip import events
from sandf.protocols.sip.hops import Hop
from sandf.protocols.sip.reasons import retry_after
from sandf.protocols.sip.session import Session
from sandf.protocols.t38.settings import T38Use

from ..interfaces import ICallEnd, ICallUser
from . import endings
from .call_media import CallMedia, MediaResources
from .settings import CallPolicy, Network

if TYPE_CHECKING:
    from .trunk import SipTrunk

NOT_ACCEPTABLE = 488
TOO_EARLY = 500
SHORT_PAUSE = 10.0
"""Seconds of Retry-After that are waited for in a call."""

AGAIN = 1.0
"""Seconds after a change of their audio until T.38 is proposed once more."""


class Deadline(NamedTuple):
    """How long a call may stay where it is, and how it ends then."""

    name: str
    seconds: float
    cause: Cause
    detail: str


SWITCH = Deadline("switch", 20.0, causes.T38_REFUSED, "T.38 was not agreed in time")
"""From when both ends have audio and one of us may propose T.38: a few turns after glare, and one lost answer."""
LINGER = Deadline("linger", 5.0, causes.FAR_CLEARED, "T.30 had ended")


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
    core.call._let_go(cause, detail)


@_coming_up.upon(_Life.clear).to(_over)
@_switching.upon(_Life.clear).to(_over)
@_through.upon(_Life.clear).to(_over)
def _clear(life: _Life, core: _Core, cause: Cause) -> None:
    core.call._let_go(cause, "")


_build_life = _machine.build()


@implementer(ICallEnd)
class SipCall:
    """One call over a trunk; :mod:`.outgoing` and :mod:`.incoming` have the two directions."""

    log = Logger()
    tone = Tone.CNG

    def __init__(self, trunk: SipTrunk, resources: CallResources) -> None:
        self._trunk = trunk
        self._resources = resources
        self._clock = resources.media.wheel
        self._life = _build_life(_Core(self))
        self._user: ICallUser | None = None
        self._user_left = False
        self._session: Session | None = None
        self._policy: CallPolicy
        self._media: CallMedia
        self._over = False
        self._has_proposed = False
        self._timers: dict[str, IDelayedCall] = {}
        self._signals: list[tuple[bytes, Hop, tuple[str, int], bool, float]] = []
        """What passed before the user was known."""

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
                self._refused(response)
            case events.MayModify():
                self._media.withdraw()
                self._propose()
            case events.Ended():
                self._life.finish(*endings.of_end(event))

    def broke(self) -> None:
        """Something of ours raised: the call ends, and nothing else."""
        self._life.finish(causes.INTERNAL_ERROR, "")

    def signalled(self, octets: bytes, hop: Hop, local: tuple[str, int], *, outward: bool) -> None:
        """A message of this call has passed; those before it has an id wait for it."""
        signal = octets, hop, local, outward, self._clock.seconds()
        if self._user is None:
            self._signals.append(signal)
        else:
            self._record(self._user.call_id, *signal)

    def _record(self, call_id: str, octets: bytes, hop: Hop, local: tuple[str, int], outward: bool, at: float) -> None:
        self._resources.media.recorder.signal(
            call_id,
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
        signals, self._signals = self._signals, []
        for signal in signals:
            self._record(user.call_id, *signal)

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

    def _refused(self, response: Response) -> None:
        """Our proposal was refused; one that came too early for the other end is made again (RFC 3261 14.2)."""
        pause = retry_after(response)
        if self._media.fax:
            return
        if response.code == TOO_EARLY and pause is not None and pause <= SHORT_PAUSE:
            self._later("again", pause, self._propose)
        else:
            self._life.finish(*endings.of_modification(response))

    def _offered(self, description: bytes) -> None:
        """A re-INVITE: taken if it is a refresh or brings what we want, refused while T.30 would lose its bearer."""
        session, now = self._session, self._trunk.endpoint.now()
        assert session is not None and self._user is not None
        kinds = frozenset({MediaKind.T38} if self._media.running else {MediaKind.T38, MediaKind.AUDIO})
        try:
            answer = self._media.answer(description, kinds, self._our_address(session))
        except (Unacceptable, SdpError, Failure) as error:
            self.log.debug("vtsp({call}): re-INVITE refused: {reason}", call=self._user.call_id, reason=error)
            session.refuse_offer(NOT_ACCEPTABLE, now)
            return
        session.accept_offer(answer, now)
        if self._media.fax:
            session.forget_modification()
            self._agreed()
        elif self._has_proposed and not self._media.running:  # what waited for its turn is void
            self._later("again", AGAIN, self._propose)

    def _our_address(self, session: Session) -> str:
        return self._trunk.settings.advertise or self._trunk.endpoint.address_towards(session.hop.host)

    def _switch(self) -> None:
        """Audio is there: let the other end hear what we are, and change over."""
        self._media.play(self.tone)
        self._by(SWITCH)

    def _propose(self) -> None:
        """Propose T.38."""
        session = self._session
        if session is None or self._media.fax or self._over:
            return
        try:
            offer = self._media.offer((MediaKind.T38,), self._our_address(session))
        except Failure as failure:
            self._life.finish(failure.cause, failure.detail)
            return
        self._has_proposed = True
        session.modify(offer, self._trunk.endpoint.now())
        self._trunk.endpoint.drain()

    def _connect(self) -> None:
        self._stop_timers()
        assert self._media.bearer is not None and self._user is not None
        self._user.facts.update(self._media.facts())
        self._user.connected(self._media.bearer)

    def _fax_ended(self) -> None:
        """T.30 has given the bearer back: the call is to end."""
        if not self._over:
            self._by(LINGER)

    # The end.

    def _let_go(self, cause: Cause, detail: str) -> None:
        """The one way out: whatever of it raises, the rest is done."""
        self._over = True
        self._stop_timers()
        with ExitStack() as steps:  # the last comes first
            steps.callback(self._tell, cause, detail)
            if self._session is not None:
                steps.callback(self._trunk.endpoint.left, self._session, self)
                steps.callback(self._trunk.endpoint.drain)
                steps.callback(self._hang_up, self._session, cause)
            steps.callback(self._trunk.left, self)
            if self._user is not None:
                steps.callback(self._media.close)

    def _hang_up(self, session: Session, cause: Cause) -> None:
        status, headers = endings.refusal_of(cause)
        session.hang_up(self._trunk.endpoint.now(), q850=cause.q850, status=status, headers=headers)

    def _tell(self, cause: Cause, detail: str) -> None:
        """Tell the user, unless it ended the call itself: losing the bearer may have made it do so."""
        if self._user is not None and not self._user_left:
            self._user.cleared(cause, detail)

    # Time.

    def _by(self, deadline: Deadline, more: float = 0.0) -> None:
        """The call ends so, if nothing else happens before."""
        self._later(deadline.name, deadline.seconds + more, self._life.finish, deadline.cause, deadline.detail)

    def _later(self, name: str, seconds: float, call: Callable[..., object], *args: object) -> None:
        before = self._timers.pop(name, None)
        if before is not None and before.active():
            before.cancel()
        self._timers[name] = self._clock.callLater(seconds, call, *args)

    def _stop_timers(self) -> None:
        timers, self._timers = self._timers, {}
        for timer in timers.values():
            if timer.active():
                timer.cancel()
