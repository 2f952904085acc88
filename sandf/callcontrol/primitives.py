"""The primitives of call control: request, indication, response, confirm.

A request goes down to a provider and is answered by a confirm; an indication comes up from a provider and, if
``needs_response`` is said, waits for a response.  All are values.  What is asked of each kind of provider when
a leg is set up stands here too, so that applications need not know the provider.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from sandf.causes import Cause
from sandf.protocols.t4.form import PageForm
from sandf.protocols.t30.settings import RtnPolicy

from .media import Page


class ProviderKind(enum.Enum):
    """The service providers, by the classic names."""

    TELEPHONY = "vtsp"
    FAX = "fmsp"
    DOCUMENT = "dmsp"
    MAIL = "mspi"


# What a leg is set up with.


@dataclass(frozen=True, slots=True, kw_only=True)
class TelephoneCall:
    """A call on a port: coming in (in a SetupIndication) or to be dialled (in a set-up request)."""

    port: str
    """Name of the port, ``[[ports]] name``."""
    called: str
    """Coming in: DNIS.  Going out: the digits to dial, ``,`` for a pause of 1 s."""
    calling: str = ""
    """ANI; empty where unknown."""
    redirecting: str = ""
    """RDNIS; empty where unknown."""
    answer_timeout: float = 60.0
    """Seconds to let the far end ring (going out only)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaxReceive:
    """Answer as a called terminal and receive (T.30 clause 5, phases B to E)."""

    called_subscriber: str = ""
    """CSI: digits, ``+`` and space, at most 20 characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaxSend:
    """Act as a calling terminal and send the pages of the sources bridged to this leg, in their order."""

    transmitting_subscriber: str = ""
    """TSI: digits, ``+`` and space, at most 20 characters."""
    subaddress: str = ""
    """SUB, from T33S= (T.33); empty for none."""
    first_page: int = 1
    """The first page to send, counted over all sources; later than 1 when a call continues an earlier one."""
    max_speed: int = 14400
    """Highest bit rate, bit/s."""
    ecm: bool = True
    """False on a retry that does without error correction."""
    rtn_policy: RtnPolicy | None = None
    """What to do when a page is refused; None: as the gateway is set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderLine:
    """The line above each page; ``$a$ $d$ $p$ $s$ $t$`` and ``$n$`` (page count) are replaced when a page is made."""

    left: str = ""
    center: str = ""
    right: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentToFax:
    """Turn the document that crosses the bridge into pages.  Connected means: the first page is ready."""

    called: str
    """The number for header line and cover, access codes already masked."""
    calling: str
    """Who sends, for header line and cover."""
    header: HeaderLine = field(default_factory=HeaderLine)
    first_number: int = 1
    """Number of this source's first page in the whole fax (2 after a cover page), for the header line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverPage:
    """Make a cover page for the document that crosses the bridge (it has subject, date and header fields).

    Connected means: it is ready.
    """

    to: str
    """The number of the recipient, access codes already masked."""
    sender: str
    """Who sends, where the document does not say."""
    comment: str = ""
    show_detail: bool = False
    """Print all header fields of the mail."""
    pages: int = 0
    """Pages that follow."""
    header: HeaderLine = field(default_factory=HeaderLine)


@dataclass(frozen=True, slots=True, kw_only=True)
class FaxToDocument:
    """Make a document of stored pages.  Connected means: the document is ready and crosses the bridge."""

    pages: tuple[Page, ...]
    filename: str
    description: str = ""
    """For the ImageDescription tag."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailOut:
    """Make a T.37 message of the document that crosses the bridge and commit it for delivery.

    Connected means: the message is in the store.
    """

    fax_id: str
    to: tuple[str, ...]
    """Mail addresses."""
    called: str
    calling: str
    remote_ident: str = ""
    """TSI of the sender."""
    subaddress: str = ""
    """SUB of the sender (T.33)."""
    received_at: float = 0.0
    """Seconds since 1970."""
    seconds: float = 0.0
    """Duration of the call."""
    bit_rate: int = 0
    pages: int = 0
    damaged_pages: tuple[int, ...] = ()
    partial: Cause | None = None
    """Why the fax is not complete; None when it is."""
    dsn: tuple[str, ...] = ()
    """``success``, ``failure``, ``delay`` (dial peer ``dsn``)."""
    mdn: bool = False
    account_id: str = ""
    port: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailIn:
    """A recipient of a stored message wants a fax (in a SetupIndication of the mail provider)."""

    job_id: str
    called: str
    """The number in the address, digits with a leading ``+`` where it had one."""
    calling: str
    """The reverse-path; empty for the null one."""


Setup = TelephoneCall | FaxReceive | FaxSend | DocumentToFax | CoverPage | FaxToDocument | MailOut | MailIn


# Transactions: what a leg reports, and is told, while it is connected.  Those with a response hold the leg up
# until Leg.respond() is called.


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentReady:
    """The document has been read: said by a document leg just before it is connected."""

    pages: int
    """Pages it makes."""
    discarded: tuple[str, ...] = ()
    """Media types of pieces that were left out."""
    notes: tuple[str, ...] = ()
    """What a person should know of it, a sentence each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteIdentified:
    """The far terminal told who it is (CSI, TSI or CIG; SUB, PWD)."""

    ident: str
    subaddress: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Negotiated:
    """DCS has been sent or taken: the page parameters from here on."""

    form: PageForm
    bit_rate: int
    """bit/s"""
    ecm: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PageReceived:
    """A good page has come; respond True when it is committed, False to end the call by DCN without MCF."""

    page: Page
    seconds: float = 0.0
    """How long its data took on the line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageInDoubt:
    """The post-message command of a page is about to be sent; respond True when that is committed."""

    number: int
    last: bool
    """The last page of the fax."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageConfirmed:
    """The far terminal confirmed the page (MCF, or RTP)."""

    number: int
    octets: int = 0
    """Its T.4 or T.6 data."""
    seconds: float = 0.0
    """How long that took on the line, repeats included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRefused:
    """The far terminal refused the page (RTN); it will be sent again if the policy says so."""

    number: int
    sent_again: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PageProgress:
    """Part of a page has passed, for people who watch."""

    number: int
    octets: int
    """Octets of the page so far."""
    total: int
    """Octets of the page, 0 where unknown."""


Transaction = (
    DocumentReady
    | RemoteIdentified
    | Negotiated
    | PageReceived
    | PageInDoubt
    | PageConfirmed
    | PageRefused
    | PageProgress
)

RESPONDED = (PageReceived, PageInDoubt)
"""The transactions that wait for a response."""
