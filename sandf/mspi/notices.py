"""Notices: what is owed to the sender of a message once a recipient has ended (RFC 3461 5 and 6, RFC 3464).

A failed fax is reported to the reverse-path unless NOTIFY says otherwise; a delivered one where NOTIFY asks; none to
the null reverse-path.  Mail of our own (a received fax, a report) that fails for good is never just dropped: it
goes back to its reverse-path, and where it has none, or that one wants to hear nothing, to the postmaster.

Loops are impossible: every notice has the null reverse-path and asks for no report, and what goes to the
postmaster is not reported any further.  The decision and the notice are one commit, so a crash gives neither two
nor none.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from sandf.callcontrol.media import Message
from sandf.logs import Logger
from sandf.protocols.t37.dsn import DeliveryReport, build_dsn
from sandf.protocols.t37.fields import display, read_fields
from sandf.protocols.t37.parts import header_block
from sandf.store.interfaces import IStore
from sandf.store.records import Job, JobKind, JobState, NewJob, StoredMessage

from .reports import recipient_report
from .settings import NoticeSettings, local_time
from .watch import Watch

SUCCESS, FAILURE, NEVER = "SUCCESS", "FAILURE", "NEVER"
DEFAULT_NOTIFY = (FAILURE,)
"""What holds where NOTIFY was not given (RFC 3461 4.1)."""
BATCH = 50


def addressee(job: Job, reverse_path: str, postmaster: str) -> str:
    """Who is told how *job* ended; empty for nobody."""
    if job.state is JobState.DELIVERED:
        wanted = job.kind is JobKind.FAX and SUCCESS in (job.notify or ())
        return reverse_path if wanted else ""
    wanted = FAILURE in (job.notify or DEFAULT_NOTIFY)
    if job.kind is JobKind.FAX:
        return reverse_path if wanted else ""
    to = (reverse_path if wanted else "") or postmaster
    is_last_resort = not reverse_path and job.address.lower() == postmaster.lower()
    return "" if is_last_resort else to


class Notices:
    """Sees to all notices that are due, at the start and whenever it is woken.

    *committed* is called when a notice is in the store, *masked* hides access codes in numbers,
    *in_thread* runs a function elsewhere (a message may be large).
    """

    log = Logger()

    def __init__(
        self,
        *,
        settings: NoticeSettings,
        store: IStore,
        committed: Callable[[], None],
        masked: Callable[[str], str],
        in_thread: Callable[[Callable[[], bytes]], Deferred[bytes]],
        new_token: Callable[[], str],
        clock: IReactorTime,
        now: Callable[[], float],
        dated: Callable[[float], datetime] = local_time,
    ) -> None:
        self.settings = settings
        """May be replaced at any time."""
        self._store = store
        self._committed = committed
        self._masked = masked
        self._in_thread = in_thread
        self._new_token = new_token
        self._now = now
        self._dated = dated
        self._watch = Watch("notices", self._give_all, clock)
        self._given_up: set[str] = set()
        """Jobs whose notice cannot be made; tried again at the next start."""

    def start(self) -> None:
        """Begin."""
        self._watch.start()

    def stop(self) -> Deferred[None]:
        """Begin no further notice; fires when none is under way."""
        return self._watch.stop()

    def wake(self) -> None:
        """A job may have ended."""
        self._watch.wake()

    async def _give_all(self) -> None:
        due = await self._store.notices_due(BATCH + len(self._given_up))
        jobs = [job for job in due if job.job_id not in self._given_up]
        for job in jobs:
            if not self._watch.started:
                return
            await self._give(job)
        if len(jobs) >= BATCH:
            self.wake()

    async def _give(self, job: Job) -> None:
        """Decide about one job, and commit the decision."""
        try:
            stored = await self._store.message(job.message_id)
        except KeyError:
            self.log.warn("notices: the message of {job} is gone", job=job.job_id)
            await self._store.give_notice(job.job_id, None, (), self._now())
            return
        to = addressee(job, stored.message.reverse_path, self.settings.postmaster)
        if not to:
            self._say_nothing(job, stored)
            await self._store.give_notice(job.job_id, None, (), self._now())
            return
        try:
            notice = await self._notice(job, stored, to)
        except ValueError as error:
            self.log.error("notices: {job}: {to} cannot be told: {error}", job=job.job_id, to=to, error=error)
            self._given_up.add(job.job_id)
            return
        new = NewJob(kind=JobKind.MAIL, address=to, notify=(NEVER,))
        await self._store.give_notice(job.job_id, notice, (new,), self._now())
        self.log.info("notices: {to} is told that {job} {state}", to=to, job=job.job_id, state=job.state.value)
        self._committed()

    def _say_nothing(self, job: Job, stored: StoredMessage) -> None:
        if job.state is JobState.FAILED and not stored.message.reverse_path:
            self.log.warn(
                "notices: {job} to {address} failed, and there is nobody to tell: {cause}",
                job=job.job_id,
                address=self._masked(job.called) or job.address,
                cause=job.cause,
            )

    async def _notice(self, job: Job, stored: StoredMessage, to: str) -> Message:
        attempts = await self._store.attempts(job.job_id)
        token, hostname = self._new_token(), self.settings.hostname
        date, arrival = self._dated(self._now()), self._dated(stored.received_at)
        recipient = recipient_report(job, attempts, masked=self._masked, dated=self._dated)
        postmaster = self.settings.postmaster

        def build() -> bytes:
            """Beside the reactor: the header of the message is the sender's, and may be of any size."""
            fields = {name.lower(): value for name, value in reversed(read_fields(header_block(stored.message.octets)))}
            report = DeliveryReport(
                hostname=hostname,
                sender=postmaster,
                to=to,
                date=date,
                arrival=arrival,
                message_id=f"{token}.{job.job_id}@{hostname}",
                recipients=(recipient,),
                original=stored.message.octets,
                original_subject=display(fields.get("subject", "")),
                original_date=display(fields.get("date", "")),
                original_message_id=fields.get("message-id", ""),
                envid=stored.message.envid,
                ret=stored.message.ret,
            )
            return build_dsn(report, f"=_{token}")

        octets = await self._in_thread(build)
        return Message(reverse_path="", octets=octets)
