"""Offer and answer (RFC 3264) for one call: audio, T.38, or one after the other.

Every m= line keeps its place for the whole call.  A change from audio to T.38 either takes the place of the audio line
(RFC 3264 8.3.3 recommends it, with fax as its example) or stands below it, the audio line at port 0; far ends differ
in what they like, so it is the caller's choice.  Where both are agreed T.38 counts.

What this module does not do: say when to offer what, resolve names in c= lines, or know of glare other than by
:meth:`Negotiation.withdraw`.
"""

from __future__ import annotations

from collections.abc import Iterable

from sandf.protocols.sdp.audio_lines import AudioCodec
from sandf.protocols.sdp.description import Description, Media, Origin, SdpError
from sandf.protocols.sdp.media_lines import (
    Agreed,
    AgreedAudio,
    AgreedT38,
    LocalMedia,
    MediaKind,
    agree,
    answered,
    kind_of,
    offered,
    port_of,
    refused,
)

__all__ = [
    "Agreed",
    "AgreedAudio",
    "AgreedT38",
    "AudioCodec",
    "LocalMedia",
    "MediaKind",
    "Negotiation",
    "Unacceptable",
]


class Unacceptable(SdpError):
    """Nothing of the offer is for us: 488."""


class Negotiation:
    """What the two ends of one call have said last, and what they agreed.

    *session_id* is the number of our o= line.  With *in_place* another kind takes the place of the line in use,
    otherwise it stands below it.
    """

    def __init__(self, *, session_id: int, in_place: bool = False) -> None:
        self._session_id, self._in_place = session_id, in_place
        self._version = 0
        self._pending: tuple[Description, LocalMedia] | None = None
        self._settled: tuple[Description, LocalMedia] | None = None
        self._far: Description | None = None
        self.agreed: Agreed | None = None
        self.far_held = False
        """The far end wants to hear nothing."""

    def offer(self, local: LocalMedia, kinds: tuple[MediaKind, ...]) -> Description:
        """Our offer of *kinds*, the first of the call or a new one (RFC 3264 5 and 8).

        Until it is accepted or withdrawn, what was agreed before holds.  Raises ``ValueError`` for a kind that has no
        port in *local*.
        """
        lines = [refused(line) for line in self._lines()]
        for kind in kinds:
            place = self._place(kind, kinds)
            if place is None:
                lines.append(offered(kind, local))
            else:
                lines[place] = offered(kind, local)
        description = self._stamped(local.address, lines)
        self._pending = description, local
        return description

    def accept(self, answer: Description) -> Agreed:
        """What *answer* makes of our offer; without an open one, of what we sent last (a refresh).

        Raises :class:`SdpError` if it does not fit the offer or leaves nothing that we can use.
        """
        sent = self._pending or self._settled
        if sent is None:
            raise ValueError("an answer without an offer")
        description, local = sent
        accepted = _accepted(description, answer)
        for kind in (MediaKind.T38, MediaKind.AUDIO):
            for line in accepted:
                agreed = agree(kind, line, local)
                if agreed is not None:
                    return self._settle(description, local, answer, line, agreed)
        raise SdpError("nothing of the offer was accepted")

    def withdraw(self) -> None:
        """Our offer was refused (488, 491): what was agreed before holds (RFC 3261 14.1)."""
        self._pending = None

    def answer(self, offer: Description, local: LocalMedia, kinds: frozenset[MediaKind]) -> tuple[Description, Agreed]:
        """Our answer to *offer*, and what is agreed by it (RFC 3264 6).

        One line is taken, T.38 before audio; all others are refused by port 0.  Raises :class:`Unacceptable` if none
        fits *kinds*; nothing has changed then.  An offer of ours that is still open is lost.
        """
        for kind in (MediaKind.T38, MediaKind.AUDIO):
            for place, line in enumerate(map(offer.resolved, offer.media)):
                agreed = agree(kind, line, local) if kind in kinds and port_of(kind, local) else None
                if agreed is not None:
                    lines = [refused(one) for one in offer.media]
                    lines[place] = answered(line, agreed, local)
                    description = self._stamped(local.address, lines)
                    return description, self._settle(description, local, offer, line, agreed)
        raise Unacceptable("no media in the offer that we can use")

    def same(self) -> Description:
        """What we sent last, unchanged, for a session refresh (RFC 4028 7.4).  ``ValueError`` if there is nothing."""
        if self._settled is None:
            raise ValueError("nothing has been agreed yet")
        return self._settled[0]

    def is_refresh(self, offer: Description) -> bool:
        """Whether *offer* says what the far end said last, so that media must not be touched.

        The same o= version should say so (RFC 3264 8), but some gateways forget to count it up when they change to
        T.38: media lines that have changed are a change all the same.
        """
        far, count = self._far, len(offer.media)
        if far is None or len(far.media) != count or len(self._lines()) != count:
            return False
        before, after = [far.resolved(one) for one in far.media], [offer.resolved(one) for one in offer.media]
        if (offer.origin.session_id, offer.origin.version) == (far.origin.session_id, far.origin.version):
            return [_outline(one) for one in before] == [_outline(one) for one in after]
        return before == after

    def _lines(self) -> tuple[Media, ...]:
        """The lines that have a place."""
        return self._settled[0].media if self._settled else ()

    def _place(self, kind: MediaKind, kinds: tuple[MediaKind, ...]) -> int | None:
        """Where a line of *kind* goes: where one is or was, else where one goes out of use; None for below the last."""
        lines = sorted(enumerate(self._lines()), key=lambda one: one[1].rejected)
        places = [place for place, line in lines if kind_of(line) is kind]
        if not places and self._in_place:
            places = [place for place, line in lines if not line.rejected and kind_of(line) not in kinds]
        return places[0] if places else None

    def _stamped(self, address: str, lines: Iterable[Media]) -> Description:
        """A description of *lines* under our o= line; its version counts up with each change (RFC 3264 8)."""
        media = tuple(lines)
        if self._settled is not None:
            last = self._settled[0]
            if (last.connection, last.media) == (address, media):
                return last
        self._version += 1
        origin = Origin(session_id=self._session_id, version=self._version, address=address)
        return Description(origin=origin, connection=address, media=media)

    def _settle(self, ours: Description, local: LocalMedia, far: Description, line: Media, agreed: Agreed) -> Agreed:
        self._settled, self._pending = (ours, local), None
        self._far, self.agreed, self.far_held = far, agreed, line.held
        return agreed


def _accepted(ours: Description, answer: Description) -> list[Media]:
    """The lines of *answer* that take one of ours.  Some far ends leave out those that they do not take."""
    if len(answer.media) > len(ours.media):
        raise SdpError(f"{len(answer.media)} m= lines in answer to {len(ours.media)}")
    accepted = []
    for line, theirs in _paired(ours, answer):
        if line.rejected or theirs.rejected:
            continue
        if kind_of(line) is not kind_of(theirs):
            raise SdpError(f"m={theirs.kind} {theirs.transport} in answer to m={line.kind} {line.transport}")
        accepted.append(answer.resolved(theirs))
    return accepted


def _paired(ours: Description, answer: Description) -> list[tuple[Media, Media]]:
    """Each line of *answer* with the one of ours that it answers: by its place, by its kind where lines are missing."""
    if len(answer.media) == len(ours.media):
        return list(zip(ours.media, answer.media, strict=True))
    left = [line for line in ours.media if not line.rejected]
    pairs = []
    for theirs in answer.media:
        line = next((line for line in left if kind_of(line) is kind_of(theirs)), None)
        if line is None:
            raise SdpError(f"m={theirs.kind} {theirs.transport} in answer to something else")
        left.remove(line)
        pairs.append((line, theirs))
    return pairs


def _outline(line: Media) -> tuple[object, ...]:
    """What must not change under the same version."""
    return line.kind, line.port, line.transport.lower(), line.formats, line.connection, line.direction
