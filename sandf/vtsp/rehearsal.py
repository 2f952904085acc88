"""The rehearsal machines: numbers of the virtual exchange that are always there, each with its own way to end a call.

A machine is a row of :data:`REHEARSALS`: what its telephone does, what its fax machine can, and a script of a few
steps.  ``docs/rehearsal.rst`` lists them for people; a test holds the two together.

What this module does not do: it speaks no T.30 (the far terminals that it is given do), and writes no files
(:mod:`.folder`).
"""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from twisted.internet.defer import Deferred
from zope.interface import implementer

from sandf import causes
from sandf.callcontrol.media import Bearer, Page
from sandf.callcontrol.primitives import TelephoneCall
from sandf.causes import Cause
from sandf.logs import Logger
from sandf.protocols.t4.form import Coding

from .exchange import Machine
from .interfaces import FarTerminal, FarTerminals, ICallUser
from .line import LineEnd
from .virtual_call import PartyEnd

RINGING = 2.0
"""Seconds that a machine rings before it answers."""
HANG_UP = 1.0
"""Seconds after the end of T.30 until a machine hangs up."""
DROP = 0.1
"""Seconds into a page at which a machine that drops the call does so."""
VOICE = 90.0
"""Seconds that a person says hello before hanging up."""
ALL_CODINGS = (Coding.MMR, Coding.MR, Coding.MH)


class Telephone(enum.Enum):
    """What happens to a call."""

    FAX = "answers as a fax machine"
    VOICE = "answers as a person"
    BUSY = "busy"
    RINGS = "rings and is not answered"
    CHANGED = "special information tone: the number was changed"


class Moment(enum.Enum):
    """When a step of a script is taken."""

    PAGE_BEGINS = "a page begins"
    LAST_PAGE_HERE = "the last page is here, and not yet confirmed"


class Deed(enum.Enum):
    """What a step does."""

    HANG_UP = "hang up"
    FALL_SILENT = "fall silent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a script."""

    moment: Moment
    deed: Deed
    page: int = 0
    """The page that it is about; 0 for any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """One machine."""

    number: str
    sentence: str
    """What it does, for people."""
    telephone: Telephone = Telephone.FAX
    receives: bool = True
    """False: it only offers a document for polling."""
    ecm: bool = True
    codings: tuple[Coding, ...] = ALL_CODINGS
    rejected_pages: int = 0
    """How many pages it answers by RTN at first."""
    fastest: int = 0
    """Bit rate above which it hears nothing but noise; 0 for none."""
    script: tuple[Step, ...] = ()


REHEARSALS: tuple[Rehearsal, ...] = (
    Rehearsal(number="5550001", sentence="answers and keeps the pages"),
    Rehearsal(number="5550002", sentence="is busy", telephone=Telephone.BUSY),
    Rehearsal(number="5550003", sentence="rings and never answers", telephone=Telephone.RINGS),
    Rehearsal(number="5550004", sentence="answers with voice, not fax", telephone=Telephone.VOICE),
    Rehearsal(number="5550005", sentence="was changed to another number", telephone=Telephone.CHANGED),
    Rehearsal(
        number="5550006",
        sentence="drops the call on page 2",
        script=(Step(moment=Moment.PAGE_BEGINS, page=2, deed=Deed.HANG_UP),),
    ),
    Rehearsal(number="5550007", sentence="trains only at 2400 bit/s", fastest=2400),
    Rehearsal(
        number="5550008", sentence="has no error correction and only MH", ecm=False, codings=(Coding.MH,)
    ),
    Rehearsal(number="5550009", sentence="receives nothing and asks to be polled", receives=False),
    Rehearsal(
        number="5550010", sentence="rejects the first page once (RTN)",
        ecm=False, rejected_pages=1,
    ),
    Rehearsal(
        number="5550011",
        sentence="never confirms the last page",
        script=(Step(moment=Moment.LAST_PAGE_HERE, deed=Deed.FALL_SILENT),),
    ),
)  # fmt: skip

Keep = Callable[[str, Sequence[Page]], Awaitable[None]]
"""Keeps the pages that a number has received in one call: ``keep(number, pages)``."""


@implementer(ICallUser)
class RehearsalCall:
    """One call to a machine."""

    log = Logger()

    def __init__(self, rehearsal: Rehearsal, call: TelephoneCall, end: PartyEnd, far: FarTerminals, keep: Keep) -> None:
        self.call_id = ""
        self.peer_tag = 0
        self.facts: dict[str, object] = {}
        self._rehearsal = rehearsal
        self._call = call
        self._end = end
        self._far = far
        self._keep = keep
        self._pages: list[Page] = []
        self._bearer: Bearer | None = None
        self._terminal: FarTerminal | None = None
        self._silent = False

    def offered(self) -> None:
        """The telephone rings, or does not."""
        match self._rehearsal.telephone:
            case Telephone.BUSY:
                self._end.clear(causes.BUSY)
            case Telephone.CHANGED:
                self._end.clear(causes.NUMBER_CHANGED)
            case Telephone.RINGS:
                self._end.alert()
            case _:
                self._end.alert()
                self._end.call_later(RINGING, self._end.answer)

    def alerted(self) -> None:
        """Machines call nobody."""

    def connected(self, bearer: Bearer) -> None:
        """Fax, or a person who waits for a word."""
        self._bearer = bearer
        rehearsal = self._rehearsal
        if rehearsal.telephone is Telephone.VOICE:
            self._end.call_later(VOICE, self._hang_up)
            return
        self._terminal = self._far(
            bearer,
            name=f"rehearsal {rehearsal.number}",
            ident=rehearsal.number,
            receives=rehearsal.receives,
            ecm=rehearsal.ecm,
            codings=rehearsal.codings,
            rejected_pages=rehearsal.rejected_pages,
            page_began=self._page_began,
            page_received=self._page_received,
            ended=self._ended,
        )

    def cleared(self, cause: Cause, detail: str) -> None:
        """The caller hung up."""
        if self._silent:
            self._keep_pages()

    def _page_began(self, number: int) -> None:
        self._take_steps(Moment.PAGE_BEGINS, number)

    async def _page_received(self, page: Page, last: bool) -> bool:
        self._pages.append(page)
        if last:
            self._take_steps(Moment.LAST_PAGE_HERE, page.number)
        return True

    def _take_steps(self, moment: Moment, page: int) -> None:
        for step in self._rehearsal.script:
            if step.moment is moment and step.page in (0, page):
                self._do(step.deed)

    def _do(self, deed: Deed) -> None:
        if deed is Deed.HANG_UP:
            self._end.call_later(DROP, self._hang_up)
        elif isinstance(self._bearer, LineEnd) and self._terminal is not None:
            self._silent = True
            self._bearer.fall_silent()
            self._terminal.stop()

    def _ended(self, cause: Cause) -> None:
        self.log.info("rehearsal {number}: {cause}", number=self._rehearsal.number, cause=cause.name)
        self._keep_pages()
        self._end.call_later(HANG_UP, self._hang_up)

    def _hang_up(self) -> None:
        self._end.clear(causes.RECEIVED)

    def _keep_pages(self) -> None:
        pages, self._pages = self._pages, []
        if pages:
            Deferred.fromCoroutine(self._kept(pages))

    async def _kept(self, pages: Sequence[Page]) -> None:
        try:
            await self._keep(self._rehearsal.number, pages)
        except Exception:
            self.log.failure(
                "rehearsal {number}: {count} pages not kept", number=self._rehearsal.number, count=len(pages)
            )


def machines(far: FarTerminals, keep: Keep) -> dict[str, Machine]:
    """All rehearsal machines, for the exchange."""

    def machine(rehearsal: Rehearsal) -> Machine:
        return Machine(lambda call, end: RehearsalCall(rehearsal, call, end, far, keep), fastest=rehearsal.fastest)

    return {rehearsal.number: machine(rehearsal) for rehearsal in REHEARSALS}
