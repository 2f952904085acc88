"""What crosses a bridge: Bearer, Page, Document, Message.

Values only.  A bearer crosses from telephony to fax, pages between fax and documents, documents between
documents and mail, messages between mail and the store.  Nothing here sends, renders or stores.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall

from sandf.protocols.t4.form import PageForm


class LineClock(Protocol):
    """The time in which a bearer lives: that of the reactor, or the faster one of a virtual call."""

    @property
    def speed(self) -> float:
        """Seconds of this clock that pass in one of the reactor's, at most; 1.0 for real time."""

    def seconds(self) -> float:
        """Seconds since any epoch; never goes back."""

    def callLater(self, delay: float, callable: Callable[..., object], *args: object, **kwargs: object) -> IDelayedCall:
        """Call *callable* in *delay* seconds of this clock, as ``IReactorTime.callLater`` does."""

    def hold(self) -> Callable[[], None]:
        """Stand still until the returned function is called (once); a clock of real time cannot and does not.

        Held while a request of the call is pending (a commit, a rendering), so that a slow disk slows a
        virtual call and never trips one of its timers.
        """


class BearerKind(enum.Enum):
    """How a bearer carries T.30; each kind has one pump in FMSP."""

    VIRTUAL = "virtual"
    T38 = "T.38"


class Bearer(Protocol):
    """A connected telephone channel, from VTSP to FMSP.

    What else it can do depends on ``kind``: a VIRTUAL bearer is a
    :class:`sandf.protocols.t30.pump.Pump` and takes T.30's commands as they are.
    """

    kind: BearerKind
    clock: LineClock
    max_bit_rate: int
    """The fastest page data that it carries, bit/s."""


class T38Bearer(Bearer, Protocol):
    """A bearer of kind T38: it carries IFP packets (T.38 7) both ways, in order, and knows none of them."""

    version: int
    """The form of the packets that was agreed, T38FaxVersion 0 to 3."""
    local_tcf: bool
    """Data rate management method 1: each end makes and checks TCF by itself."""
    fill_bit_removal: bool
    """Fill bits of pages without error correction are left out."""
    max_ifp: int | None
    """The longest IFP packet that the far end takes, in octets; None if it does not say."""

    def attach(self, receive: Callable[[bytes, int], None], gone: Callable[[], None]) -> None:
        """Give each packet to *receive*, with how many directly before it are lost; *gone* is told of the end."""

    def send(self, ifp: bytes, control: bool) -> None:
        """Send a packet; *control* for indicators and V.21, which are repeated more often than page data."""

    def release(self) -> None:
        """T.30 has ended; nothing is sent or told any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One coded page.

    ``octets`` hold T.4 or T.6 data, first bit in the least significant bit (TIFF FillOrder 2), without RTC;
    T.6 data keep their EOFB, without which nobody could tell codes from padding.  ``rows`` is 0 where it is
    not known.  The damage counts are those of TIFF-FX (RFC 3949 3.2.3.3).
    """

    number: int
    """1 for the first page of the fax."""
    form: PageForm
    rows: int
    octets: bytes = field(repr=False)
    bad_rows: int = 0
    consecutive_bad_rows: int = 0


class PageSource(Protocol):
    """Pages on demand, from DMSP to FMSP."""

    count: int
    """How many pages there are."""

    def page(self, number: int, form: PageForm) -> Deferred[Page]:
        """Page *number* (1 is the first of this source) in *form*; fails with :class:`sandf.causes.Failure`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One piece of a document: a MIME leaf with its transfer encoding undone."""

    media_type: str
    """Lower case ``type/subtype``."""
    octets: bytes = field(repr=False)
    charset: str = ""
    filename: str = ""
    parameters: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What people write and read, between DMSP and MSPI: parts in their order, and what mail said of them."""

    parts: tuple[Part, ...]
    sender: str = ""
    """The author for the cover page, as in the From field."""
    subject: str = ""
    date: str = ""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """All header fields, for a cover page that shows detail."""
    pages: int = 0
    """Number of pages, where the document came from a fax; else 0."""
    discarded: tuple[str, ...] = ()
    """Media types of MIME leaves that cannot be faxed and were left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A mail message with its envelope (RFC 5321 2.3.1), between MSPI and the store."""

    reverse_path: str
    """Without angle brackets; empty for the null reverse-path."""
    octets: bytes = field(repr=False)
    """The content as in DATA: CRLF line ends, no dot-stuffing."""
    envid: str | None = None
    """ENVID (RFC 3461 4.4), xtext decoded."""
    ret: str | None = None
    """RET: ``FULL`` or ``HDRS`` (RFC 3461 4.3)."""
    peer: str = ""
    """Address of the SMTP client that brought it; empty for our own."""
    identity: str = ""
    """Who authenticated (RFC 4954), if anyone."""
