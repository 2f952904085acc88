"""The seams of telephony: ports below the provider, and the far terminals that rehearsal machines need.

A port of any kind (virtual, trunk, modem) takes calls out by :meth:`IPort.dial` and brings calls in by the ``offer``
that it was made with.  Either way one call has two partners who talk as long as it lives: its :class:`ICallEnd`, which
belongs to the port, and its :class:`ICallUser`, which is a leg (or a rehearsal machine).

Outgoing: ``dial``, then ``alerted`` at most once, then ``connected``.  Incoming: ``offer``, ``offered``, then from
the user ``alert`` at most once, then ``answer``, then ``connected``.  Last either the user says ``clear``, and hears
nothing any more, or it is told ``cleared``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from zope.interface import Attribute, Interface

from sandf.callcontrol.media import Bearer, Page
from sandf.callcontrol.primitives import TelephoneCall
from sandf.causes import Cause
from sandf.protocols.t4.form import Coding


class ICallEnd(Interface):
    """One call as its port holds it.  Nothing here blocks or raises; what comes too late is ignored."""

    def alert() -> None:
        """Incoming: let the caller hear ringing."""

    def answer() -> None:
        """Incoming: take the call; ``connected`` follows."""

    def clear(cause: Cause) -> None:
        """Hang up, refuse, or give up dialling; the other party learns ``cause.q850``."""

    def hold() -> Callable[[], None]:
        """Let the time of the call stand still, as ``LineClock.hold``; where that cannot be, do nothing."""


class ICallUser(Interface):
    """Whose call it is: what its port tells it."""

    call_id: str = Attribute("The call's id, for logs and traces.")
    peer_tag: int = Attribute("The dial peer by which the call comes or goes; 0 for none.")
    facts: dict[str, object] = Attribute("What the port notes of the call for people who look at it.")

    def offered() -> None:
        """Incoming: the call may be alerted, answered or cleared from now on."""

    def alerted() -> None:
        """Outgoing: the far end rings."""

    def connected(bearer: Bearer) -> None:
        """The call is through; *bearer* carries it until it is cleared."""

    def cleared(cause: Cause, detail: str) -> None:
        """The call is over, or was never through; the bearer is lost already."""


class IPort(Interface):
    """A port: where calls come in and go out, ``[[ports]]`` in the configuration."""

    name: str = Attribute("The name that dial peers know it by.")
    down: str = Attribute("Why it can take no call out now, for people; empty if it can.")

    def dial(call: TelephoneCall, user: ICallUser) -> ICallEnd:
        """Place *call* for *user*; an answer never comes before this returns."""


Offer = Callable[[TelephoneCall, ICallEnd], ICallUser]
"""How a port brings a call: it gives the call and its end, gets the user back, and tells it ``offered``."""


class FarTerminal(Protocol):
    """A fax machine at the far end of a virtual line."""

    def stop(self) -> None:
        """Let go of the bearer and of the clock without a word; harmless when it has ended."""


class FarTerminals(Protocol):
    """Makes fax machines that answer on *bearer*; FMSP has them, and ``tap`` hands them over."""

    def __call__(
        self,
        bearer: Bearer,
        *,
        name: str,
        ident: str,
        receives: bool,
        ecm: bool,
        codings: tuple[Coding, ...],
        rejected_pages: int,
        page_began: Callable[[int], None],
        page_received: Callable[[Page, bool], Awaitable[bool]],
        ended: Callable[[Cause], None],
    ) -> FarTerminal:
        """Begin T.30 as a called terminal.

        *name* is for logs, *ident* the CSI.  One that does not receive only offers a document for polling.  The first
        *rejected_pages* pages get RTN (without ECM only).  *page_began* is told the number of each page as its data
        begin; *page_received* gets each page and whether it is the last, and says whether it is kept; *ended* is told
        how T.30 ended, unless it was stopped.
        """
