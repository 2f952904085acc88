"""A gateway of scripted providers, with everything of oam around it, on virtual time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC
from typing import TypeVar

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock

from sandf import causes
from sandf.apps.offramp import OffRamp
from sandf.apps.onramp import OnRamp
from sandf.apps.recovery import Recovery
from sandf.apps.routing import Routing
from sandf.apps.settings import OffRampSettings, OnRampSettings
from sandf.callcontrol.control import CallControl
from sandf.callcontrol.leg import Leg
from sandf.callcontrol.media import Document, Message, Page, Part
from sandf.callcontrol.primitives import (
    DocumentReady,
    MailIn,
    Negotiated,
    PageConfirmed,
    PageInDoubt,
    PageProgress,
    PageReceived,
    ProviderKind,
    RemoteIdentified,
    TelephoneCall,
)
from sandf.causes import Cause, Retry
from sandf.config import Reload
from sandf.dialpeer import DialPlan, MmoipPeer, Pattern, PotsPeer, SessionTarget
from sandf.oam.captures import CallCaptures
from sandf.oam.documents import CallDocuments
from sandf.oam.inspection import Inspection
from sandf.oam.progress import CallProgress
from sandf.oam.tracing import CallTraces
from sandf.oam.values import Values
from sandf.protocols.t4.form import Coding, PageForm, Resolution
from sandf.protocols.t30.capabilities import Capabilities
from sandf.protocols.t30.frames import Fcf, build, build_pps, encode_ident
from sandf.store.endings import Endings
from sandf.store.records import FaxRecord, Job, JobKind, NewJob, TraceLine
from tests.callcontrol.providers import ScriptedProvider
from tests.fmsp.synchronous import at_once
from tests.store.memory import MemoryStore

T = TypeVar("T")

PEERS = (
    PotsPeer(
        tag=1,
        description="calls to 5551xxx",
        application="onramp",
        incoming_called_number=Pattern.parse("5551..."),
        direct_inward_dial=True,
    ),
    MmoipPeer(
        tag=2,
        destination_pattern=Pattern.parse("5551..."),
        session_target=SessionTarget.parse("mailto:$d$@mail.example.com"),
    ),
    MmoipPeer(tag=3, incoming_called_number=Pattern.parse("."), application="offramp"),
    PotsPeer(tag=4, destination_pattern=Pattern.parse("9......."), port="trunk", prefix="0,", max_conn=30),
)
FINE_MMR = PageForm(coding=Coding.MMR, resolution=Resolution.FINE)
MAIL = b"From: <ann@example.com>\r\nMessage-ID:\r\n <4711@example.com>\r\nSubject: hello\r\n\r\nText.\r\n"
BEGAN = 1_000_000_000.0
"""2001-09-09 01:46:40 UTC, when the gateway began."""


def masked(number: str) -> str:
    """Access codes stand in front of a comma."""
    return "*," + number.partition(",")[2] if "," in number else number


def fired(deferred: Deferred[T]) -> T:
    """The result of a Deferred of the store in memory, which fires at once."""
    results: list[T] = []
    deferred.addCallback(results.append)
    return results[0]


class Around:
    """The surroundings."""

    hostname = "fax.example.com"
    version = "0.1"
    pid = 4242
    began_at = BEGAN

    def __init__(self, routing: Routing, recovery: Recovery) -> None:
        self.routing = routing
        self._recovery = recovery
        self.down: dict[str, str] = {}
        self.changes: Callable[[], Awaitable[Reload]] = lambda: succeed(Reload(live=(), restart=()))

    def plan(self) -> DialPlan:
        return self.routing.plan

    def ports(self) -> Sequence[str]:
        return ["trunk", "lab"]

    def ports_down(self) -> Mapping[str, str]:
        return self.down

    def listens(self) -> Sequence[str]:
        return ["ESMTP tcp:2525:interface=127.0.0.1"]

    def timers_late(self) -> Mapping[str, int]:
        return {"p50": 5, "p99": 12, "most": 30}

    def reload(self) -> Awaitable[Reload]:
        return self.changes()

    def release(self, fax_id: str) -> Awaitable[FaxRecord]:
        return Deferred.fromCoroutine(self._recovery.release(fax_id))


async def nobody(subject: str, text: str) -> None:
    """No postmaster is told here."""


class World:
    """Everything; ``*_call`` methods walk a call to where a test wants it."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.clock.advance(BEGAN)
        self.store = MemoryStore()
        self.providers = {kind: ScriptedProvider(kind) for kind in ProviderKind}
        self.routing = Routing(
            DialPlan(peers=PEERS),
            calls=lambda: self.control.calls,
            ports_down=lambda: self.around.down,
            draw=lambda: 0.5,
            seconds=self.clock.seconds,
        )
        self.traces = CallTraces(store=self.store, masked=masked, seconds=self.clock.seconds)
        self.captures = CallCaptures(
            store=self.store,
            line=self.traces.passed,
            clock=self.clock,
            wall=lambda at: at,
            in_thread=at_once,
            limit=lambda: self.capture_limit,
        )
        self.capture_limit = 10_000
        self.documents = CallDocuments()
        self.progress = CallProgress(store=self.store, masked=masked, clock=self.clock)
        ids = iter(f"C{number}" for number in range(1, 100))
        self.control = CallControl(
            seconds=self.clock.seconds,
            new_call_id=lambda: next(ids),
            select=self.routing.select,
            observers=[self.routing, self.traces, self.captures, self.progress, self.documents],
        )
        now = self.clock.seconds
        self.until: float | None = 180.0
        self.offramp = OffRamp(
            store=self.store,
            routing=self.routing,
            settings=OffRampSettings(),
            endings=Endings(store=self.store, next_attempt=self._next_attempt, clock=self.clock, now=now),
            masked=masked,
            now=now,
            clock=self.clock,
        )
        self.onramp = OnRamp(
            store=self.store, routing=self.routing, settings=OnRampSettings(), tell_postmaster=nobody, now=now
        )
        self.control.register(self.providers.values(), [self.offramp, self.onramp])
        recovery = Recovery(
            store=self.store,
            onramp=self.onramp,
            originate=self.control.originate,
            calls=lambda: self.control.calls,
            now=now,
        )
        self.around = Around(self.routing, recovery)
        self.values = Values(masked=masked, seconds=now, now=now, began_at=BEGAN, zone=UTC)
        self.inspection = Inspection(
            control=self.control,
            store=self.store,
            traces=self.traces,
            captures=self.captures,
            documents=self.documents,
            values=self.values,
            surroundings=self.around,
            seconds=now,
            now=now,
        )

    def _next_attempt(self, job: Job, cause: Cause, now: float) -> float | None:
        return None if self.until is None or cause.retry is Retry.NEVER else now + self.until

    def accept(self, called: str = "95550123") -> str:
        """A stored message for one number: the job."""
        message = Message(reverse_path="ann@example.com", octets=MAIL, peer="192.0.2.7")
        job = NewJob(kind=JobKind.FAX, address=f"FAX={called}@fax.example.com", called=called)
        accepted = self.store.accept_message(message, [job], self.clock.seconds())
        return fired(accepted)[1][0]

    def mail_leg(self, job_id: str) -> Leg:
        """The spool brings the job."""
        claimed = self.store.claim_due(JobKind.FAX, 1, self.clock.seconds())
        (job,) = fired(claimed)
        assert job.job_id == job_id
        setup = MailIn(job_id=job_id, called=job.called, calling="ann@example.com")
        leg = self.control.incoming_leg(ProviderKind.MAIL, setup)
        self.control.setup_indication(leg)
        return leg

    def leg(self, kind: ProviderKind) -> Leg:
        """The newest leg of a provider."""
        return self.providers[kind].legs[-1]

    def dialling(self, job_id: str) -> None:
        """To where the telephone is dialled, 2 s after the mail came."""
        self.mail_leg(job_id)
        self.clock.advance(2)
        document = self.leg(ProviderKind.DOCUMENT)
        (bridge,) = document.bridges
        parts = (Part(media_type="text/plain", octets=b"Text."), Part(media_type="image/tiff", octets=b"II"))
        bridge.supply(bridge.other(document), Document(parts=parts, discarded=("text/html",)))
        document.indicate(DocumentReady(pages=2))
        document.connected()

    def sending(self, job_id: str) -> Leg:
        """To where the fax leg has negotiated; the leg."""
        self.dialling(job_id)
        self.clock.advance(1)
        line = self.leg(ProviderKind.TELEPHONY)
        line.alerted()
        self.clock.advance(3)
        line.connected()
        fax = self.leg(ProviderKind.FAX)
        fax.connected()
        self.t30(fax.call_id)
        self.clock.advance(6)
        fax.indicate(RemoteIdentified(ident="+1 555 0123"))
        fax.indicate(Negotiated(form=FINE_MMR, bit_rate=14400, ecm=True))
        return fax

    def page(self, fax: Leg, number: int, *, last: bool = False) -> None:
        """One page, 20 s."""
        fax.indicate(PageProgress(number=number, octets=15_000, total=30_000))
        self.clock.advance(20)
        fax.indicate(PageInDoubt(number=number, last=last))
        fax.indicate(PageConfirmed(number=number, octets=30_000, seconds=18.0))

    def finish(self, fax: Leg, cause: Cause = causes.DELIVERED) -> None:
        """The fax leg ends."""
        self.clock.advance(1)
        fax.released(cause)

    def sent_fax(self) -> str:
        """A whole fax of two pages: the job."""
        job_id = self.accept()
        fax = self.sending(job_id)
        self.page(fax, 1)
        self.page(fax, 2, last=True)
        self.finish(fax)
        return job_id

    def receiving(self) -> Leg:
        """An on-ramp call that has negotiated: its fax leg."""
        setup = TelephoneCall(port="lab", called="5551234", calling="5550001")
        line = self.control.incoming_leg(ProviderKind.TELEPHONY, setup)
        self.providers[ProviderKind.TELEPHONY].legs.append(line)
        self.control.setup_indication(line)
        fax = self.leg(ProviderKind.FAX)
        fax.connected()
        self.clock.advance(5)
        fax.indicate(RemoteIdentified(ident="555 0001"))
        fax.indicate(Negotiated(form=FINE_MMR, bit_rate=9600, ecm=True))
        return fax

    def received_fax(self) -> str:
        """A fax of one page, mailed: its id."""
        fax = self.receiving()
        self.clock.advance(30)
        page = Page(number=1, form=FINE_MMR, rows=2200, octets=b"\x00" * 41_190, bad_rows=3)
        fax.indicate(PageReceived(page=page, seconds=28.0))
        self.finish(fax, causes.RECEIVED)
        self.leg(ProviderKind.DOCUMENT).connected()
        self.leg(ProviderKind.MAIL).connected()
        return "f1"

    def t30(self, call_id: str) -> None:
        """The frames of phase B, as a fax session reports them: its times begin at 0."""
        offer = Capabilities(fine=True, superfine=True, ecm=True, t6=True, two_dimensional=True)
        for at, outward, kind, text, octets in (
            (0.0, True, "tone", "CNG 0.5 s", b""),
            (3.1, False, "frame", "CSI", build(Fcf.CSI, encode_ident("+1 555 0123"), final=False)),
            (3.9, False, "frame", "DIS", build(Fcf.DIS, offer.build())),
            (5.0, True, "training", "TCF 1.5 s V.17 14400", b""),
            (7.5, False, "frame", "CFR", build(Fcf.CFR)),
            (30.0, True, "frame", "PPS-MPS", build_pps(Fcf.MPS, page=0, block=0, frames=117, x=True)),
        ):
            line = TraceLine(call_id=call_id, at=at, outward=outward, kind=kind, text=text, octets=octets)
            self.traces.line(call_id, line)
