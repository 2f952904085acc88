"""Our side: a terminal with the hosts that FMSP gives it, prepared as a procedure wants it.

What this module does not do: it knows no procedure by name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from twisted.internet.defer import Deferred, succeed

from sandf.callcontrol.media import Page
from sandf.causes import Cause
from sandf.fmsp.outcomes import cause_of
from sandf.fmsp.pages import PageSequence
from sandf.fmsp.receiving import Reception
from sandf.fmsp.sending import Dispatch
from sandf.fmsp.session import FaxSession
from sandf.fmsp.settings import FaxSettings
from sandf.protocols.t4.encode import encode
from sandf.protocols.t4.form import PageForm
from sandf.protocols.t30 import events
from sandf.protocols.t30.outcomes import Outcome
from sandf.protocols.t30.settings import Intention, Role, TerminalSettings
from sandf.protocols.t30.terminal import Terminal
from sandf.protocols.t30.timers import Timer
from tests.fmsp.synchronous import at_once

from .bearer import Line
from .pictures import Picture, pictures

# FIF of NSF and NSC: country code, provider code, and something of ours.
NONSTANDARD = b"\xad\x00\x01sandf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """How the device is set up before the call."""

    role: Role
    documents: tuple[str, ...] = ()
    """Files to send (or to offer for polling); a further one is a document of its own, known when its turn comes."""
    receives: bool = False
    ident: str = ""
    password: str = ""
    frame_octets: int = 256
    """Octets in an ECM frame that it sends."""
    settings: dict[str, object] = field(default_factory=dict)
    """Fields of TerminalSettings that the reading of a procedure asks for."""


class Documents:
    """The device's page source; the pages of later documents wait for :meth:`go_on`."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.pages: list[Picture] = [page for name in names for page in pictures(name)]
        self.count = len(self.pages)
        self.forms: dict[int, PageForm] = {}
        self._known = len(pictures(names[0])) if names else 0
        self._later: list[Callable[[], None]] = []

    def page(self, number: int, form: PageForm) -> Deferred[Page]:
        """Page *number* in *form*."""
        self.forms[number] = form
        picture = self.pages[number - 1]
        page = Page(number=number, form=form, rows=len(picture), octets=encode(picture, form.coding))
        if number <= self._known:
            return succeed(page)
        later: Deferred[Page] = Deferred()
        self._later.append(lambda: later.callback(page))
        return later

    def go_on(self) -> None:
        """The next document is known now."""
        self._known = self.count
        later, self._later = self._later, []
        for supply in later:
            supply()


class Device:
    """The device under test; :meth:`begin` takes the line."""

    def __init__(self, line: Line, preparation: Preparation) -> None:
        self.received: list[Page] = []
        self.outcome: Outcome | None = None
        self.confirmed_pages: list[int] = []
        self.documents = Documents(preparation.documents)
        self.preparation = preparation
        self._reception = Reception(self._deliver, at_once)
        self._dispatch = Dispatch(PageSequence([self.documents]), 1, FaxSettings(), self, at_once)
        self._sends = bool(preparation.documents)
        self.terminal = Terminal(self._settings(preparation), role=preparation.role, intention=_intention(preparation))
        self._session = FaxSession(
            name="tsb85",
            terminal=self.terminal,
            bearer=line,
            told=self._told,
            failed=self._failed,
            heard=self._reception.heard,
        )

    def begin(self) -> None:
        """Answer or call."""
        self._reception.attach(self._session, self.terminal)
        self._dispatch.attach(self._session, self.terminal)
        self._session.begin()

    @property
    def documents_sent(self) -> bool:
        """Whether every page has been confirmed."""
        return len(self.confirmed_pages) >= self.documents.count

    @property
    def cause(self) -> Cause | None:
        """How the call ended, as everybody is told; None while it runs."""
        if self.outcome is None:
            return None
        sending = self._sends and (bool(self.confirmed_pages) or not self.received)
        return cause_of(self.outcome, sending=sending, last_in_doubt=self._dispatch.last_in_doubt)

    def _settings(self, preparation: Preparation) -> TerminalSettings:
        settings = replace(FaxSettings(), frame_octets=preparation.frame_octets)
        later = {Timer.X_NEXT: 0.0} if len(preparation.documents) > 1 else {}
        plain = replace(
            settings.terminal(ident=preparation.ident, judge=self._reception.judge),
            nonstandard=NONSTANDARD,
            password=preparation.password,
            timers=later,
        )
        return replace(plain, **preparation.settings)  # type: ignore[arg-type]  # fields by name

    def _told(self, event: events.Event) -> None:
        self._reception.told(event)
        if self._sends:
            self._dispatch.told(event)
        if isinstance(event, events.Ended):
            self.outcome = event.outcome

    def _failed(self) -> None:
        raise AssertionError("the session failed")

    def _deliver(self, page: Page, last: bool, seconds: float, stored: Callable[[bool], None]) -> None:
        self.received.append(page)
        stored(True)

    # The Progress of its pages.

    def doubt(self, number: int, last: bool, committed: Callable[[bool], None]) -> None:
        """It is on record at once."""
        committed(True)

    def confirmed(self, number: int, octets: int, seconds: float) -> None:
        """Note it."""
        self.confirmed_pages.append(number)

    def refused(self, number: int, sent_again: bool) -> None:
        """No matter."""

    def passed(self, number: int, octets: int, total: int) -> None:
        """No matter."""


def _intention(preparation: Preparation) -> Intention:
    intention = Intention.RECEIVE if preparation.receives else Intention(0)
    return intention | (Intention.SEND if preparation.documents else Intention(0))
