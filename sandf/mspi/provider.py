"""The mail service provider: legs that take a message out of the store, or put one into it.

An incoming leg (MailIn, brought by the spool) reads its message and supplies the document to every bridge.  An
outgoing leg (MailOut) waits for the document of a fax, makes the T.37 message of it and commits that; it is
connected when the commit is done.  How a job ended is written by the application, not here.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from zope.interface import implementer

from sandf import causes
from sandf.callcontrol.bridge import Bridge
from sandf.callcontrol.interfaces import IServiceProvider
from sandf.callcontrol.leg import Leg
from sandf.callcontrol.media import Document
from sandf.callcontrol.primitives import MailIn, MailOut, ProviderKind, Setup, Transaction
from sandf.causes import Cause, Failure
from sandf.logs import Logger
from sandf.store.interfaces import IStore

from .documents import document_of
from .onramp_mail import onramp_jobs, onramp_message
from .settings import OnRampMailSettings, local_time


@dataclass(slots=True)
class _Leg:
    """What is known of a live leg."""

    document: Document | None = None
    bridges: list[Bridge] = field(default_factory=list)
    """Bridges that wait for the document."""
    work: Deferred[None] | None = None


@implementer(IServiceProvider)
class MailProvider:
    """See the module.

    *in_thread* runs a function elsewhere (reading and writing MIME takes its time); *new_token* gives a random
    word that never repeats; *committed* is called after each commit, so that somebody delivers.
    """

    kind = ProviderKind.MAIL
    log = Logger()

    def __init__(
        self,
        *,
        store: IStore,
        settings: OnRampMailSettings,
        committed: Callable[[], None],
        in_thread: Callable[[Callable[[], Any]], Deferred[Any]],
        new_token: Callable[[], str],
        now: Callable[[], float],
        dated: Callable[[float], datetime] = local_time,
    ) -> None:
        self.settings = settings
        """May be replaced at any time."""
        self._store = store
        self._committed = committed
        self._in_thread = in_thread
        self._new_token = new_token
        self._now = now
        self._dated = dated
        self._legs: dict[Leg, _Leg] = {}

    def setup_request(self, leg: Leg, setup: Setup) -> None:
        """An outgoing leg waits for its document."""
        if isinstance(setup, MailOut):
            self._state(leg)
        else:
            leg.released(causes.INTERNAL_ERROR, f"mail cannot do {type(setup).__name__}")

    def setup_response(self, leg: Leg) -> None:
        """Read the message of an incoming leg."""
        assert isinstance(leg.setup, MailIn)
        self._work(leg, self._read(leg, leg.setup))

    def alert_request(self, leg: Leg) -> None:
        """Mail does not ring."""

    def disconnect_request(self, leg: Leg, cause: Cause, detail: str) -> None:
        """End the leg; a commit that is under way goes on."""
        self._forget(leg)
        leg.released(cause, detail)

    def bridge_request(self, leg: Leg, bridge: Bridge) -> None:
        """Supply the document of an incoming leg, now or when it has been read."""
        if isinstance(leg.setup, MailIn):
            state = self._state(leg)
            if state is None:
                return  # it ended meanwhile: nobody waits for its document
            if state.document is None:
                state.bridges.append(bridge)
            else:
                bridge.supply(leg, state.document)

    def media_indication(self, leg: Leg, bridge: Bridge, value: object) -> None:
        """The document of a fax has come."""
        if isinstance(leg.setup, MailOut) and isinstance(value, Document):
            self._work(leg, self._mail(leg, leg.setup, value))
        else:
            self._fail(leg, causes.INTERNAL_ERROR, f"mail cannot take {type(value).__name__}")

    def transaction_response(self, leg: Leg, transaction: Transaction, accepted: bool) -> None:
        """Mail legs have no transactions that wait."""

    def _state(self, leg: Leg) -> _Leg | None:
        """What is known of *leg*, which may be new; None for one that has ended."""
        return None if leg.released_at is not None else self._legs.setdefault(leg, _Leg())

    def _work(self, leg: Leg, work: Coroutine[Deferred[Any], Any, None]) -> None:
        """Do *work* for *leg*, which ends if it fails."""
        state = self._state(leg)
        if state is None:
            work.close()
            return

        async def run() -> None:
            try:
                await work
            except CancelledError:
                return
            except Failure as failure:
                self._fail(leg, failure.cause, failure.detail)
            except Exception:
                self.log.failure("mspi({call}): failed", call=leg.call_id)
                self._fail(leg, causes.INTERNAL_ERROR, "")

        running = Deferred.fromCoroutine(run())
        if not running.called:
            state.work = running

    def _fail(self, leg: Leg, cause: Cause, detail: str) -> None:
        """End *leg* from below, unless it was disconnected meanwhile."""
        if self._forget(leg):
            leg.released(cause, detail)

    def _forget(self, leg: Leg) -> bool:
        """Drop what is known of *leg*; whether there was something.  Reading stops, a commit goes on."""
        state = self._legs.pop(leg, None)
        if state is not None and state.work is not None and isinstance(leg.setup, MailIn):
            state.work.cancel()
        return state is not None

    async def _read(self, leg: Leg, setup: MailIn) -> None:
        job = await self._store.job(setup.job_id)
        stored = await self._store.message(job.message_id)
        document = await self._in_thread(lambda: document_of(stored.message.octets))
        state = self._legs.get(leg)
        if state is None:
            return
        state.document = document
        self.log.info(
            "mspi({call}): {job}: AcceptedMimeTypes={accepted} DiscardedMimeTypes={discarded}",
            call=leg.call_id,
            job=setup.job_id,
            accepted=len(document.parts),
            discarded=len(document.discarded),
        )
        leg.connected()
        waiting, state.bridges = state.bridges, []
        for bridge in waiting:
            bridge.supply(leg, document)

    async def _mail(self, leg: Leg, setup: MailOut, document: Document) -> None:
        token, settings = self._new_token(), self.settings
        try:
            message = await self._in_thread(
                lambda: onramp_message(setup, document, settings, dated=self._dated, token=token)
            )
        except ValueError as error:
            raise Failure(causes.NO_MAIL_ADDRESS, str(error))
        message_id = await self._store.mail_fax(setup.fax_id, message, onramp_jobs(setup), self._now())
        self.log.info(
            "mspi({call}): {fax} is mailed as {message}", call=leg.call_id, fax=setup.fax_id, message=message_id
        )
        if leg in self._legs:
            leg.connected()
        self._committed()
