"""Words for the postmaster: a plain mail, committed to the store and delivered as any other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sandf.callcontrol.media import Message
from sandf.protocols.t37.fields import write_field, write_text
from sandf.store.interfaces import IStore
from sandf.store.records import JobKind, NewJob

from .settings import NoticeSettings, local_time


class Postmaster:
    """*committed* is called when a mail is in the store; *new_token* gives a random word that never repeats."""

    def __init__(
        self,
        *,
        settings: Callable[[], NoticeSettings],
        store: IStore,
        committed: Callable[[], None],
        new_token: Callable[[], str],
        now: Callable[[], float],
        dated: Callable[[float], datetime] = local_time,
    ) -> None:
        self._settings = settings
        self._store = store
        self._committed = committed
        self._new_token = new_token
        self._now = now
        self._dated = dated

    async def tell(self, subject: str, text: str) -> None:
        """Commit a mail with *subject* and *text* (ASCII, lines ending in LF); raises Failure if the store fails."""
        settings, now = self._settings(), self._now()
        header = "".join(
            (
                write_field("From", f'"Fax gateway" <{settings.postmaster}>'),
                write_field("To", f"<{settings.postmaster}>"),
                write_text("Subject", subject),
                write_field("Date", f"{self._dated(now):%a, %d %b %Y %H:%M:%S %z}"),
                write_field("Message-ID", f"<{self._new_token()}@{settings.hostname}>"),
                write_field("Auto-Submitted", "auto-generated"),
                write_field("MIME-Version", "1.0"),
                write_field("Content-Type", "text/plain; charset=us-ascii"),
            )
        )
        octets = header.encode("ascii") + b"\r\n" + text.replace("\n", "\r\n").encode("ascii", "replace")
        job = NewJob(kind=JobKind.MAIL, address=settings.postmaster, notify=("NEVER",))
        await self._store.accept_message(Message(reverse_path="", octets=octets), [job], now)
        self._committed()
