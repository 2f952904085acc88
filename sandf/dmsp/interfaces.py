"""The seam inside the document provider: who makes pages for it.

In the gateway this is :class:`.pool.WorkerPool`; a test may give something that answers within the call.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from twisted.internet.defer import Deferred
from zope.interface import Interface

from sandf.callcontrol.media import Part
from sandf.callcontrol.primitives import FaxToDocument
from sandf.dmsp.wire import Cover, Reply
from sandf.protocols.t4.form import PageForm, Paper, Resolution


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A document to be made into pages: parts of mail, or a cover."""

    key: str
    """The same for the same content, whoever it is for."""
    parts: tuple[Part, ...] = field(default=(), repr=False)
    cover: Cover | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """A rasterised page: rows of eight pels an octet (1 is white, most significant bit first), by zlib."""

    rows: int
    resolution: Resolution
    paper: Paper
    octets: bytes = field(repr=False)
    missing: str = ""
    """Characters that could not be drawn."""


class IRenderer(Interface):
    """Makes pages.

    Each method gives a Deferred that fails with :class:`sandf.causes.Failure`, whose cause is one of the
    document rows (400 to 407), and that may be cancelled: work that nobody waits for is not begun, and is
    stopped soon if it has begun.  ``urgent`` says that a call is on the line.
    """

    def identify(parts: Sequence[Part]) -> Deferred[str]:
        """A key for *parts*: equal for equal content."""

    def open(work: Work) -> Deferred[Reply]:
        """Read *work*; ``pages`` and ``discarded`` of the reply are set."""

    def raster(work: Work, number: int, resolution: Resolution, paper: Paper, *, urgent: bool) -> Deferred[Rows]:
        """Page *number* (1 is the first) of *work*."""

    def code(rows: Rows, form: PageForm, header: tuple[str, str, str]) -> Deferred[tuple[Reply, bytes]]:
        """*rows* below a header line, as a Page holds them; ``rows`` of the reply is set.  Always urgent."""

    def wrap(setup: FaxToDocument) -> Deferred[bytes]:
        """The received pages of *setup* as a TIFF file."""
