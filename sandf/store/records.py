"""What the store keeps, as values.

Times are seconds since 1970 (UTC).  Ids are given by the store and never repeat: ``m...`` messages,
``j...`` jobs, ``f...`` faxes; attempts count from 1 within their job.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from sandf.callcontrol.media import Message, Page
from sandf.causes import Cause


class JobKind(enum.Enum):
    """What is to be done for a recipient."""

    FAX = "fax"
    """Off-ramp: send the message to a fax number."""
    MAIL = "mail"
    """Deliver the message to a mail address: a received fax, a DSN."""


class JobState(enum.Enum):
    """Where a recipient stands (design law 5: delivered, failed, or deferred until ``due_at``)."""

    DEFERRED = "deferred"
    RUNNING = "running"
    DELIVERED = "delivered"
    FAILED = "failed"


class PageState(enum.Enum):
    """A page in the ledger of a fax job (design law 4)."""

    IN_DOUBT = "in doubt"
    """Its post-message command may have been sent."""
    CONFIRMED = "confirmed"
    """Its MCF (or RTP) has come; it is never sent again."""
    OPEN = "open"
    """It is known not to have been taken: refused (RTN), or its post-message command never left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """A recipient of a message that is about to be accepted."""

    kind: JobKind
    address: str
    """The forward-path as the client gave it, without angle brackets."""
    called: str = ""
    """FAX: the number."""
    subaddress: str = ""
    """FAX: T33S (T.33)."""
    cover: bool | None = None
    """FAX: ``/cover=``; None where the address says nothing."""
    notify: tuple[str, ...] | None = None
    """NOTIFY (RFC 3461 4.1), upper case; None where not given."""
    orcpt: str | None = None
    """ORCPT (RFC 3461 4.2), xtext decoded, ``type;address``."""
    fax_id: str | None = None
    """MAIL: the received fax that the message carries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One page of a fax job."""

    page: int
    state: PageState
    last: bool
    """The last page of the fax."""
    attempt: int
    at: float
    sent: int
    """How often its post-message command has been sent, 2 and more after a repeat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One recipient of one message, and how far it has come."""

    job_id: str
    message_id: str
    kind: JobKind
    address: str
    called: str
    subaddress: str
    cover: bool | None
    notify: tuple[str, ...] | None
    orcpt: str | None
    fax_id: str | None
    state: JobState
    created_at: float
    due_at: float
    """When a DEFERRED job is to be tried next."""
    attempts: int
    """Attempts begun so far."""
    failures: tuple[int, ...]
    """Cause numbers of the attempts that failed, in order; the retry schedule counts them."""
    cause: Cause | None
    """Of the last attempt."""
    detail: str
    ended_at: float | None
    notice_due: bool
    """Ended, and whether to tell the sender is still to be seen to."""
    tries_since: float = 0.0
    """When it was accepted, or reset by ``resend_job``: the retry schedule gives up this long after."""
    ledger: tuple[LedgerEntry, ...] = field(default=(), repr=False)

    @property
    def confirmed_pages(self) -> int:
        """How many pages from the first on are confirmed without a gap."""
        count = 0
        for entry in self.ledger:
            if entry.page != count + 1 or entry.state is not PageState.CONFIRMED:
                break
            count += 1
        return count

    @property
    def all_confirmed(self) -> bool:
        """Every page up to the last one is confirmed: it is delivered, whatever came in between."""
        return bool(self.ledger) and self.ledger[-1].last and self.confirmed_pages == len(self.ledger)

    @property
    def only_last_page_open(self) -> bool:
        """Every page but an in-doubt last one is confirmed: ends as unconfirmed and is not sent again."""
        return bool(self.ledger) and (
            self.ledger[-1].last
            and self.ledger[-1].state is PageState.IN_DOUBT
            and self.confirmed_pages == len(self.ledger) - 1
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try of a job, from the claim on."""

    job_id: str
    attempt: int
    began_at: float
    ended_at: float | None
    """None while it runs."""
    cause: Cause | None
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMessage:
    """A message as accepted."""

    message_id: str
    received_at: float
    message: Message


class FaxDirection(enum.Enum):
    """Which ramp."""

    ON_RAMP = "fax receive"
    OFF_RAMP = "fax send"


class FaxState(enum.Enum):
    """How far a fax has come; a sent one is OPEN, then ENDED."""

    OPEN = "open"
    """Its call is running (or was, when the gateway stopped)."""
    CLOSED = "closed"
    """The call is over; a received fax is still to be mailed."""
    MAILED = "mailed"
    """Its message is in the store."""
    ENDED = "ended"
    """Nothing is left to do: a sent fax whose call is over, or a received one of which no page came."""
    WITHHELD = "withheld"
    """Partial, and ``success_fax_only`` is set; the operator may release it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaxRecord:
    """The classic ``fax_record``: one fax of one call, all that is known of it."""

    fax_id: str
    call_id: str
    direction: FaxDirection
    began_at: float
    state: FaxState = FaxState.OPEN
    job_id: str | None = None
    """OFF_RAMP: the job; its attempt is ``attempt``."""
    attempt: int = 0
    called: str = ""
    calling: str = ""
    redirecting: str = ""
    port: str = ""
    peer_tag: int = 0
    """The POTS dial peer."""
    mail_peer_tag: int = 0
    """The MMoIP dial peer."""
    remote_ident: str = ""
    """CSI or TSI of the far terminal."""
    subaddress: str = ""
    """SUB that came (ON_RAMP) or was sent: whom at the number it is for (T.33)."""
    connected_at: float | None = None
    ended_at: float | None = None
    pages: int = 0
    """Pages confirmed, either way."""
    octets: int = 0
    """T.4/T.6 octets of those pages."""
    bit_rate: int = 0
    """First negotiated speed, bit/s."""
    final_bit_rate: int = 0
    ecm: bool = False
    coding: str = ""
    """``mh``, ``mr`` or ``mmr``."""
    resolution: str = ""
    """``204x196`` and the like."""
    page_seconds: float = 0.0
    """Time spent in phase C, for ``fax_modem_time``."""
    mail_to: tuple[str, ...] = ()
    account_id: str = ""
    cause: Cause | None = None
    detail: str = ""
    message_id: str | None = None
    """MAILED: the message that carries it; set by the store alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaxPayload:
    """The classic ``fax_payload``: a page of a received fax."""

    fax_id: str
    page: Page
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceLine:
    """One thing that happened on a call: a T.30 frame, a state, a tone; for ladders and replays."""

    call_id: str
    at: float
    """Seconds since the call began."""
    outward: bool
    """True when we sent it."""
    kind: str
    """``frame``, ``carrier``, ``tone``, ``page``, ``state`` ..."""
    text: str
    """What a person reads: ``DIS``, ``TCF 1.5 s``."""
    octets: bytes = b""
    """The frame, where it is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryLine:
    """One step in the life of a job or fax, for people: ``accepted``, ``dialling``, ``page 2 confirmed`` ..."""

    at: float
    job_id: str | None
    fax_id: str | None
    call_id: str | None
    text: str
    cause: Cause | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How much of everything there is; a combination of which there is none is left out."""

    jobs: Mapping[tuple[JobKind, JobState], int]
    faxes: Mapping[tuple[FaxDirection, FaxState], int]
    notices_due: int

    @property
    def open_faxes(self) -> int:
        """Faxes whose call is running, either way."""
        return sum(count for (_, state), count in self.faxes.items() if state is FaxState.OPEN)

    @property
    def withheld(self) -> int:
        """Received faxes that wait for the operator's release."""
        return self.faxes.get((FaxDirection.ON_RAMP, FaxState.WITHHELD), 0)
