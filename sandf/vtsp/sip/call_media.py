"""The media of one SIP call: its sockets, the offers and answers about them, its audio, its T.38 bearer.

Audio and T.38 have a socket each, opened when a description first speaks of them; what is sent to one of the other
kind never gets into the wrong ears.

What this module does not do: it decides nothing about the call (:mod:`.call` does).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from sandf.protocols.rtp.tones import Tone
from sandf.protocols.sdp.description import parse, serialise
from sandf.protocols.sdp.offer_answer import Agreed, AgreedAudio, AgreedT38, LocalMedia, MediaKind, Negotiation
from sandf.protocols.sdp.t38_attributes import RateManagement, T38Parameters, UdpErrorCorrection

from ..timer_wheel import TimerWheel
from .audio import AudioStream
from .media_ports import MediaPorts, MediaSocket
from .settings import CallPolicy
from .udptl_bearer import UdptlBearer, UdptlSettings

Address = tuple[str, int]


class Recorder(Protocol):
    """Who keeps what passes on calls; all times are seconds of the reactor."""

    def signal(
        self,
        call_id: str,
        *,
        outward: bool,
        octets: bytes,
        local: Address,
        remote: Address,
        transport: str,
        at: float,
    ) -> None:
        """A SIP message has passed."""

    def packet(self, call_id: str, *, outward: bool, octets: bytes, local: Address, remote: Address, at: float) -> None:
        """A UDPTL datagram has passed."""

    def note(self, call_id: str, *, outward: bool, kind: str, text: str, at: float) -> None:
        """Something happened that people want to see between the messages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaResources:
    """What the media of all calls share."""

    wheel: TimerWheel
    recorder: Recorder


class CallMedia:
    """Media of one call; *number* gives random ones, *released* is told when T.30 has given the bearer back."""

    def __init__(
        self,
        resources: MediaResources,
        *,
        ports: MediaPorts,
        call_id: str,
        policy: CallPolicy,
        trusted: Callable[[], str],
        latching: bool,
        number: Callable[[], int],
        released: Callable[[], None],
    ) -> None:
        self.bearer: UdptlBearer | None = None
        """There as soon as T.38 was agreed once."""
        self.proposed = False
        """Our latest offer was T.38 alone."""
        self._resources = resources
        self._ports = ports
        self._call_id = call_id
        self._policy = policy
        self._trusted = trusted
        self._latching = latching
        self._seed = number
        self._released = released
        self._negotiation = Negotiation(session_id=number(), in_place=True)
        self._sockets: dict[MediaKind, MediaSocket] = {}
        self._audio: AudioStream | None = None
        self._tone: Tone | None = None
        self._address = ""
        self._t38_address: Address = ("", 0)
        self._running = False

    @property
    def fax(self) -> bool:
        """Whether T.38 is what is agreed now."""
        return isinstance(self._negotiation.agreed, AgreedT38)

    @property
    def running(self) -> bool:
        """Whether T.30 has the bearer, so that it must not be taken away."""
        return self.bearer is not None and self._running

    def facts(self) -> Mapping[str, object]:
        """What people may see."""
        agreed = self._negotiation.agreed
        if not isinstance(agreed, AgreedT38):
            return {}
        return {
            "remote_media": f"{agreed.address}:{agreed.port}",
            "t38_version": agreed.parameters.version,
            "t38_error_correction": agreed.far.udp_ec.value,
            "media": self._counts,
        }

    def _counts(self) -> Mapping[str, object]:
        bearer = self.bearer
        return bearer.counts() if bearer is not None else {}

    # Offer and answer.  All raise SdpError or Failure.

    def offer(self, kinds: tuple[MediaKind, ...], address: str) -> bytes:
        """An offer of *kinds*; *address* is what the other end is told to send to."""
        self.proposed = kinds == (MediaKind.T38,)
        return serialise(self._negotiation.offer(self._local(kinds, address), kinds))

    def accept(self, description: bytes) -> None:
        """The answer to our offer."""
        self._apply(self._negotiation.accept(parse(description)))

    def withdraw(self) -> None:
        """Our offer was refused."""
        self.proposed = False
        self._negotiation.withdraw()

    def answer(self, description: bytes, kinds: frozenset[MediaKind], address: str) -> bytes:
        """Our answer to their offer; for an empty one, or a refresh, our description as it stands."""
        if not description:
            return self.same()
        offer = parse(description)
        if self._negotiation.agreed is not None and self._negotiation.is_refresh(offer):
            return self.same()
        made, agreed = self._negotiation.answer(offer, self._local(tuple(kinds), address), kinds)
        self._apply(agreed)
        return serialise(made)

    def same(self) -> bytes:
        """Our description as it stands."""
        return serialise(self._negotiation.same())

    def _local(self, kinds: tuple[MediaKind, ...], address: str) -> LocalMedia:
        self._address = address
        audio = self._socket(MediaKind.AUDIO) if MediaKind.AUDIO in kinds else self._sockets.get(MediaKind.AUDIO)
        t38 = self._socket(MediaKind.T38) if MediaKind.T38 in kinds else self._sockets.get(MediaKind.T38)
        return LocalMedia(
            address=address,
            audio_port=audio.port if audio else None,
            t38_port=t38.port if t38 else None,
            t38=self._parameters(),
        )

    def _parameters(self) -> T38Parameters:
        policy = self._policy
        return T38Parameters(
            version=policy.t38_version,
            max_bit_rate=policy.max_bit_rate,
            fill_bit_removal=policy.fill_bit_removal,
            rate_management=RateManagement.LOCAL_TCF if policy.local_tcf else RateManagement.TRANSFERRED_TCF,
            max_buffer=2000,
            max_datagram=policy.max_datagram,
            udp_ec=UdpErrorCorrection.FEC if policy.fec else UdpErrorCorrection.REDUNDANCY,
        )

    def _socket(self, kind: MediaKind) -> MediaSocket:
        if kind not in self._sockets:
            self._sockets[kind] = self._ports.open(even=kind is MediaKind.AUDIO)
        return self._sockets[kind]

    # What was agreed.

    def play(self, tone: Tone) -> None:
        """Let the other end hear what we are, as long as there is audio."""
        self._tone = tone
        if self._audio is not None:
            self._audio.play(tone)

    def close(self) -> None:
        """The call is over."""
        if self._audio is not None:
            self._audio.stop()
        if self.bearer is not None:
            self.bearer.lose()
        for one in self._sockets.values():
            one.close()
        self._sockets.clear()

    def _apply(self, agreed: Agreed) -> None:
        if isinstance(agreed, AgreedAudio):
            self._apply_audio(agreed)
        else:
            self._apply_t38(agreed)

    def _apply_audio(self, agreed: AgreedAudio) -> None:
        if self._audio is not None:
            self._audio.stop()
        self._audio = AudioStream(
            self._socket(MediaKind.AUDIO),
            self._resources.wheel,
            address=self._reachable(agreed.address),
            port=agreed.port,
            payload_type=agreed.codec.payload_type,
            codec=agreed.codec.name,
            seed=self._seed(),
            trusted=(agreed.address, self._trusted()) if self._latching else (),
        )
        if agreed.sends:
            self._audio.start()
            if self._tone is not None:
                self._audio.play(self._tone)

    def _apply_t38(self, agreed: AgreedT38) -> None:
        if self._audio is not None:
            self._audio.stop()
        self._t38_address = self._address, self._socket(MediaKind.T38).port
        if self.bearer is None:
            self._running = True
            self.bearer = UdptlBearer(
                self._socket(MediaKind.T38),
                self._resources.wheel,
                settings=self._udptl(agreed),
                version=agreed.parameters.version,
                max_bit_rate=agreed.parameters.max_bit_rate or self._policy.max_bit_rate,
                local_tcf=agreed.parameters.rate_management is RateManagement.LOCAL_TCF,
                fill_bit_removal=agreed.parameters.fill_bit_removal,
                capture=self._capture,
                released=self._t30_ended,
            )
        if self._negotiation.far_held:
            self.bearer.hold()
        else:
            address = self._reachable(agreed.address)
            self.bearer.start(address, agreed.port, trusted=(address, self._trusted()))

    def _reachable(self, address: str) -> str:
        """*address*; for a name, which a description may have and nobody sends, where the signalling comes from."""
        try:
            ipaddress.ip_address(address)
        except ValueError:
            return self._trusted()
        return address

    def _udptl(self, agreed: AgreedT38) -> UdptlSettings:
        policy = self._policy
        return UdptlSettings(
            ls_redundancy=policy.ls_redundancy,
            hs_redundancy=policy.hs_redundancy,
            fec=policy.fec and agreed.far.udp_ec is UdpErrorCorrection.FEC,
            max_datagram=agreed.far.max_datagram or policy.max_datagram,
            max_ifp=agreed.far.max_ifp,
            latching=self._latching,
        )

    def _capture(self, outward: bool, octets: bytes, remote: Address) -> None:
        recorder, at = self._resources.recorder, self._resources.wheel.seconds()
        recorder.packet(self._call_id, outward=outward, octets=octets, local=self._t38_address, remote=remote, at=at)

    def _t30_ended(self) -> None:
        self._running = False
        self._released()
