"""What the rest of the gateway may ask of the store.

Each method returns a Deferred that fires when the change is *committed* (on disk, fsync and all; design law
4), or fails with :class:`sandf.causes.Failure` (STORE_FULL, STORE_FAILED).  Changes are committed in the order
in which they were asked for.  Several that are asked for close together share one commit.

Questions see every change whose Deferred has fired; they do not wait for those that are still under way.
Besides Failure, a Deferred may fail with KeyError (no such message, job or fax) or ValueError (what was asked
is not permitted in this state: a bug of ours, or a wrong wish of the operator; the text says which).  An
operation that fails leaves no trace.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence

from twisted.internet.defer import Deferred
from zope.interface import Interface

from sandf.callcontrol.media import Message, Page
from sandf.causes import Cause

from .records import (
    Attempt,
    Counts,
    FaxPayload,
    FaxRecord,
    FaxState,
    HistoryLine,
    Job,
    JobKind,
    JobState,
    NewJob,
    StoredMessage,
    TraceLine,
)


class IMessageStore(Interface):
    """Messages and their recipients."""

    def accept_message(message: Message, jobs: Sequence[NewJob], now: float) -> Deferred[tuple[str, tuple[str, ...]]]:
        """Keep *message* and a job, due at once, for each recipient: the message id and the job ids."""

    def message(message_id: str) -> Deferred[StoredMessage]:
        """A message; KeyError if it is unknown or its retention is over."""

    def job(job_id: str) -> Deferred[Job]:
        """A job with its ledger; KeyError if unknown."""

    def jobs(
        *, states: Sequence[JobState] = (), message_id: str | None = None, limit: int = 100
    ) -> Deferred[list[Job]]:
        """The newest jobs first, filtered where something is said."""

    def claim_due(kind: JobKind, limit: int, now: float) -> Deferred[list[Job]]:
        """Take at most *limit* due jobs, oldest due first: they are RUNNING with one attempt more.  No job is
        given to two claimants."""

    def next_due(kind: JobKind) -> Deferred[float | None]:
        """When the earliest DEFERRED job is due, or None."""

    def defer_job(job_id: str, until: float, cause: Cause, detail: str, *, attempt: int, now: float) -> Deferred[None]:
        """The attempt of that number failed for *cause* and another one is due at *until*.

        ValueError if that attempt is not RUNNING: it was ended from elsewhere, and another one may run.
        """

    def end_job(
        job_id: str, state: JobState, cause: Cause, detail: str, *, attempt: int | None, now: float
    ) -> Deferred[None]:
        """The recipient is DELIVERED or FAILED by the attempt of that number; its notice is due from here on.

        ValueError if that attempt is not RUNNING, or *state* is no end.  Without an attempt (None) it is the operator
        who ends the job, DEFERRED or RUNNING; ValueError if it has ended already.
        """

    def resend_job(job_id: str, from_page: int, now: float) -> Deferred[None]:
        """The operator asks: the job is due now, as if new, from page *from_page* (1 for all of it).

        The only way by which a confirmed page is ever sent again: the ledger from *from_page* on is forgotten,
        and so are the failures that the retry schedule counts.  ValueError for a RUNNING job, KeyError if the
        job is unknown or the retention of its message is over.
        """

    def attempts(job_id: str) -> Deferred[list[Attempt]]:
        """Every attempt of a job, the first one first."""

    def notices_due(limit: int = 100) -> Deferred[list[Job]]:
        """Ended jobs whose sender has not been told (or found not to want it) yet."""

    def give_notice(job_id: str, notice: Message | None, jobs: Sequence[NewJob], now: float) -> Deferred[None]:
        """In one commit: the notice is no longer due, and *notice* (a DSN; None: nobody is told) is accepted.

        A job whose notice is not due, or no longer, is left alone and *notice* is not accepted.
        """


class IPageLedger(Interface):
    """The pages of fax jobs (design law 4).

    Each change is made for one attempt of the job: ValueError if that attempt is not RUNNING (any more).
    """

    def page_in_doubt(job_id: str, page: int, *, last: bool, attempt: int, now: float) -> Deferred[None]:
        """The post-message command of *page* is about to be sent.

        ValueError if the page is confirmed: it must not be sent again (but see ``resend_job``).
        """

    def page_open(job_id: str, page: int, *, attempt: int, now: float) -> Deferred[None]:
        """The doubt about *page* is over: the far terminal does not have it.  No change unless it is in doubt."""

    def page_confirmed(job_id: str, page: int, *, attempt: int, now: float) -> Deferred[None]:
        """MCF or RTP for *page* has come.  Again: no change.  ValueError if the page was never put in doubt."""


class IFaxStore(Interface):
    """Faxes: the record and the pages."""

    def open_fax(record: FaxRecord) -> Deferred[str]:
        """Begin a record; its ``fax_id`` is given by the store (that of *record* is ignored)."""

    def update_fax(record: FaxRecord) -> Deferred[None]:
        """Write the record of ``record.fax_id`` anew, except for its state and ``message_id``: the store's own."""

    def add_page(fax_id: str, page: Page, now: float) -> Deferred[None]:
        """Commit a received page; only then may MCF be sent.  The same number again replaces it.

        ValueError if the fax is no longer OPEN: the page would miss the mail.
        """

    def close_fax(record: FaxRecord, state: FaxState) -> Deferred[None]:
        """The call of the fax is over: write *record*, with *state* CLOSED, WITHHELD or ENDED.

        ValueError for another state, or for a fax that is MAILED.
        """

    def mail_fax(fax_id: str, message: Message, jobs: Sequence[NewJob], now: float) -> Deferred[str]:
        """In one commit: the fax is MAILED, and *message* with its jobs is accepted (its id is returned).

        A fax that is MAILED already is left alone, and the id of its message is returned.  ValueError for one
        that is still OPEN or has ENDED.
        """

    def fax(fax_id: str) -> Deferred[FaxRecord]:
        """One record; KeyError if unknown."""

    def payload(fax_id: str) -> Deferred[list[FaxPayload]]:
        """Its pages in order; empty once their retention is over."""

    def faxes(
        *, states: Sequence[FaxState] = (), job_id: str | None = None, own: bool = False, limit: int = 100
    ) -> Deferred[list[FaxRecord]]:
        """The newest first, filtered where something is said; *own*: those of calls of this gateway alone."""


class IHistory(Interface):
    """What people ask for afterwards.  These writes are not waited for and may be lost in a crash."""

    def add_history(line: HistoryLine) -> Deferred[None]:
        """Note a step."""

    def history(
        *, job_id: str | None = None, fax_id: str | None = None, limit: int = 200
    ) -> Deferred[list[HistoryLine]]:
        """The last *limit* steps, oldest first."""

    def add_trace(lines: Sequence[TraceLine]) -> Deferred[None]:
        """Keep trace lines of a call."""

    def trace(call_id: str) -> Deferred[list[TraceLine]]:
        """The trace of a call, oldest first; empty if there is none."""

    def add_capture(call_id: str, octets: bytes) -> Deferred[None]:
        """Keep the packet capture of a call, in place of what there was of it."""

    def capture(call_id: str) -> Deferred[bytes | None]:
        """The packet capture of a call; None if there is none."""


class IEndings(Interface):
    """The one writer of how attempts end (design law 5): it asks the store until the store has it."""

    def write(job: Job, cause: Cause, detail: str, call_id: str | None = None) -> Awaitable[None]:
        """The running attempt of *job* ended for *cause*: delivered, failed, or deferred by the retry schedule.

        Returns when that is committed.  Fails with Failure(SHUT_DOWN) if the gateway closes down first.  A job that
        was ended from elsewhere meanwhile is left alone.
        """


class IStore(IMessageStore, IPageLedger, IFaxStore, IHistory):
    """The whole store."""

    def open(now: float) -> Deferred[None]:
        """Open or create it, migrate it, and mend what a crash left: RUNNING jobs become DEFERRED and due now,
        their attempt failed by RESTARTED.  Only those of this gateway: other nodes on the same store mend theirs.

        OPEN received faxes are left for the application to close as partial.  Fails with Failure(STORE_FAILED)
        naming the file when that is not possible.
        """

    def close() -> Deferred[None]:
        """Commit what is waiting, and close.  Whatever is asked afterwards fails with Failure(STORE_FAILED)."""

    def counts() -> Deferred[Counts]:
        """How many jobs and faxes stand where."""

    def expire(*, payloads_before: float, history_before: float) -> Deferred[None]:
        """Retention: drop payloads, captures and ended messages, then history, records and traces, that are older.

        Never what is unfinished, however old: a message with a job that has not ended or whose notice is due, a
        fax that is neither MAILED nor ENDED or whose mail is not delivered or given up, and what is noted of them.
        The jobs of a message stay until *history_before*, longer than its octets.
        """
