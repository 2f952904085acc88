"""Our end of a fax call on real sockets: a SIP trunk at a free port of loopback, and T.30 on what it brings."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

from sipmessage import URI

from sandf import causes
from sandf.callcontrol.media import Bearer, Page
from sandf.callcontrol.primitives import TelephoneCall
from sandf.fmsp.pages import PageSequence
from sandf.fmsp.provider import PUMPS
from sandf.fmsp.receiving import Reception
from sandf.fmsp.sending import Dispatch
from sandf.fmsp.session import FaxSession
from sandf.fmsp.settings import FaxSettings
from sandf.protocols.t30 import events
from sandf.protocols.t30.capabilities import Parameters
from sandf.protocols.t30.outcomes import Outcome
from sandf.protocols.t30.settings import Intention, Role
from sandf.protocols.t30.terminal import Terminal
from sandf.vtsp.interfaces import ICallEnd, ICallUser
from sandf.vtsp.sip.call_media import MediaResources
from sandf.vtsp.sip.endpoint import SipEndpoint
from sandf.vtsp.sip.media_ports import MediaPorts
from sandf.vtsp.sip.settings import BindAddress, CallPolicy, TrunkSettings
from sandf.vtsp.sip.trunk import SipTrunk
from sandf.vtsp.timer_wheel import TimerWheel
from tests.fmsp.synchronous import at_once
from tests.peers.spandsp_calls import Confirmations, Picture, Source
from tests.vtsp.sip.rig import Names, Recorded, Resources, User

HOST = "127.0.0.1"


class FaxUser(User):
    """A user whose T.30 begins when the call is through."""

    def __init__(self, begin: Callable[[Bearer], None]) -> None:
        super().__init__(lambda user: user.end.answer())
        self._begin = begin

    def connected(self, bearer: Bearer) -> None:
        super().connected(bearer)
        self._begin(bearer)


class FaxTrunk:
    """A trunk whose peer is at port *peer*, and one fax call on it: *pictures* are sent, or pages received."""

    def __init__(
        self, reactor: Any, policy: CallPolicy, settings: FaxSettings, *, peer: int, pictures: Sequence[Picture] = ()
    ) -> None:
        self.texts: list[str] = []
        """The names of the V.21 frames both ways, and what else the trace says."""
        self.pages: list[Page] = []
        """What was received."""
        self.negotiated: list[Parameters] = []
        self.outcome: Outcome | None = None
        self.user = FaxUser(self._begin)
        self.confirmations = Confirmations()
        self._settings, self._pictures = settings, pictures
        words = itertools.count(1)
        resources = Resources(MediaResources(wheel=TimerWheel(reactor), recorder=Recorded()), policy, words)
        bind = BindAddress(host=HOST, port=0)
        self.endpoint = SipEndpoint(
            reactor,
            bind,
            token=lambda: f"word{next(words)}",
            draw=lambda: 0.5,
            agent="sandf/test",
            tls=None,
            client_tls=self._no_tls,
        )
        self.trunk = SipTrunk(
            TrunkSettings(
                name="trunk", bind=bind, proxies=(URI(scheme="sip", host=HOST, port=peer),), options_interval=0.0
            ),
            endpoint=self.endpoint,
            locating=Names(),
            offer=self._offer,
            ports=MediaPorts(reactor, None, interface=HOST),
            resources=resources,
            clock=reactor,
            agent="sandf/test",
            changed=lambda: None,
        )
        self.endpoint.trunks["trunk"] = self.trunk
        self.endpoint.listen()
        self.trunk.start()

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        return HOST, self.endpoint.connections.port

    @property
    def left(self) -> int:
        """Calls and sessions that there are."""
        return len(self.trunk.incoming) + len(self.trunk.outgoing) + self.endpoint.agent.sessions

    def dial(self) -> None:
        """Place the call."""
        call = TelephoneCall(port="trunk", called="5551234", calling="5550000", answer_timeout=60.0)
        self.user.end = self.trunk.dial(call, self.user)

    def hang_up(self) -> None:
        """End it, from our side."""
        self.user.end.clear(causes.DELIVERED)

    async def close(self) -> None:
        """Close its sockets."""
        await self.trunk.stop()
        await self.endpoint.close()

    def _no_tls(self, name: str) -> Any:
        raise AssertionError("nobody asked for TLS")

    def _offer(self, call: TelephoneCall, end: ICallEnd) -> ICallUser:
        self.user.call, self.user.end = call, end
        return self.user

    def _begin(self, bearer: Bearer) -> None:
        settings = self._settings
        if self._pictures:
            dispatch = Dispatch(PageSequence([Source(self._pictures)]), 1, settings, self.confirmations, at_once)
            terminal = Terminal(settings.terminal(ident="1000"), role=Role.CALLER, intention=Intention.SEND)
            self._run(dispatch, bearer, terminal)
        else:
            reception = Reception(self._deliver, at_once)
            judged = settings.terminal(ident="1000", judge=reception.judge)
            self._run(reception, bearer, Terminal(judged, role=Role.CALLED, intention=Intention.RECEIVE))

    def _run(self, host: Dispatch | Reception, bearer: Bearer, terminal: Terminal) -> None:
        def told(event: events.Event) -> None:
            host.told(event)
            self._told(event)

        session = FaxSession(
            name="peer",
            terminal=terminal,
            bearer=PUMPS[bearer.kind](bearer),
            told=told,
            failed=self._failed,
            trace=lambda call, line: self.texts.append(line.text),
            heard=host.heard if isinstance(host, Reception) else None,
        )
        host.attach(session, terminal)
        session.begin()

    def _told(self, event: events.Event) -> None:
        if isinstance(event, events.Ended):
            self.outcome = event.outcome
        elif isinstance(event, events.Negotiated):
            self.negotiated.append(event.parameters)

    def _failed(self) -> None:
        self.outcome = Outcome.ABORTED

    def _deliver(self, page: Page, last: bool, seconds: float, stored: Callable[[bool], None]) -> None:
        self.pages.append(page)
        stored(True)
