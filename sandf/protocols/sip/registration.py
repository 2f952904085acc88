"""Registering with a registrar (RFC 3261 10.2), again and again, as long as the trunk is in use.

A registration is renewed when half of its time has passed.  One that fails is tried again after
:data:`FIRST_PAUSE`, twice as long each time up to :data:`LONGEST_PAUSE`, or when the registrar says (Retry-After).

What this module does not do: timers and hops; :attr:`Registration.next_at` says when :meth:`Registration.begin` is due.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from sipmessage import URI, Request, Response

from .dialog import MAX_FORWARDS
from .digest import Credentials, DigestClient, DigestError, parse_challenges
from .exchange import Exchange, Purpose
from .hops import Hop
from .reasons import retry_after
from .requests import introduce
from .values import split_values

FIRST_PAUSE = 30.0
"""Seconds."""
LONGEST_PAUSE = 1800.0
SHORTEST = 60
"""Seconds that a registrar may ask us to shorten a registration to."""


class RegistrationHost(Protocol):
    """What it needs of its user agent."""

    def token(self) -> str:
        """A random word."""

    def begin(self, exchange: Exchange, now: float) -> None:
        """Send its request in a new transaction."""


class Registration:
    """One address of record at one registrar.

    *record* is its URI (``sip:user@carrier.example``), *contact* our Contact towards a hop.  *changed* is told
    whenever :attr:`registered` or :attr:`trouble` may have changed.
    """

    def __init__(
        self,
        *,
        host: RegistrationHost,
        record: URI,
        contact: Callable[[Hop], str],
        credentials: Credentials | None,
        digest: DigestClient,
        expires: int,
        agent: str,
        changed: Callable[[], None],
    ) -> None:
        self.registered = False
        self.trouble = ""
        """Why it is not registered, for people."""
        self.next_at: float | None = 0.0
        """When the next REGISTER is due; None while one is under way."""
        self._host = host
        self._record = record
        self._contact = contact
        self._credentials = credentials
        self._digest = digest
        self._expires = expires
        self._agent = agent
        self._changed = changed
        self._call_id = host.token()
        self._number = 0
        self._failures = 0
        self._hops: list[Hop] = []
        self._ending = False
        self._raised = False

    def begin(self, hops: list[Hop], now: float) -> None:
        """Send a REGISTER by the first of *hops*, and by the others if it fails there."""
        self.next_at = None
        if not hops:
            self._failed("the registrar's name has no address", now)
            return
        self._hops, self._raised = hops[1:], False
        self._send(hops[0], self._expires, now)

    def end(self, hop: Hop, now: float) -> None:
        """Take the registration back (10.2.2), without waiting for the answer."""
        self._ending = True
        self.next_at = None
        if self.registered:
            self._send(hop, 0, now)

    def _send(self, hop: Hop, expires: int, now: float, challenged: Response | None = None) -> None:
        self._number += 1
        request = Request("REGISTER", URI(scheme=self._record.scheme, host=self._record.host, port=self._record.port))
        headers = request.headers
        headers.add("Max-Forwards", str(MAX_FORWARDS))
        headers.add("From", f"<{self._record}>;tag={self._host.token()}")
        headers.add("To", f"<{self._record}>")
        headers.add("Call-ID", self._call_id)
        headers.add("CSeq", f"{self._number} REGISTER")
        headers.add("Contact", self._contact(hop))
        headers.add("Expires", str(expires))
        introduce(request, agent=self._agent)
        if challenged is None:
            self._digest.authorise_known(request, self._credentials, self._host.token)
        elif not self._answer(challenged, request):
            self._failed("the registrar did not accept our user name or password", now)
            return
        self._host.begin(Exchange(owner=self, purpose=Purpose.REGISTER, request=request, hop=hop), now)

    def _answer(self, response: Response, request: Request) -> bool:
        if self._credentials is None:
            return False
        try:
            challenges = parse_challenges(response)
        except DigestError:
            return False
        return self._digest.answer(challenges, request, self._credentials, cnonce=self._host.token())

    def responded(self, exchange: Exchange, response: Response, now: float) -> None:
        """What the registrar says."""
        if response.code < 200 or (self._ending and response.code not in (401, 407)):
            return
        if response.code < 300:
            self._succeeded(response, now)
        elif response.code in (401, 407):
            expires = int(exchange.request.headers["Expires"])
            self._send(exchange.hop, expires, now, challenged=response)
        elif response.code == 423 and not self._raised and (least := _seconds(response.headers.get("Min-Expires"))):
            self._raised = True
            self._expires = max(self._expires + 1, least)
            self._send(exchange.hop, self._expires, now)
        elif response.code == 503 and self._hops:
            self._send(self._hops.pop(0), self._expires, now)
        else:
            pause = retry_after(response)
            self._failed(f"the registrar answers {response.code} {response.phrase}", now, pause)

    def failed(self, exchange: Exchange, now: float) -> None:
        """No answer."""
        if self._ending:
            return
        if self._hops:
            self._send(self._hops.pop(0), self._expires, now)
        else:
            self._failed("the registrar does not answer", now)

    def _succeeded(self, response: Response, now: float) -> None:
        granted = max(SHORTEST, self._granted(response))
        self._failures = 0
        self.registered, self.trouble = True, ""
        self.next_at = now + granted / 2
        self._changed()

    def _granted(self, response: Response) -> int:
        """Seconds that the registrar gives: those of our Contact, or Expires, or what we asked for (10.2.4)."""
        values = [value for field in response.headers.getlist("Contact") for value in split_values(field)]
        for value in values:
            for parameter in value.partition(">")[2].split(";"):
                name, _, seconds = parameter.partition("=")
                if name.strip().lower() == "expires" and len(values) == 1 and (found := _seconds(seconds)):
                    return found
        return _seconds(response.headers.get("Expires")) or self._expires

    def _failed(self, why: str, now: float, pause: float | None = None) -> None:
        self._failures += 1
        self.registered, self.trouble = False, why
        self.next_at = now + (pause or min(FIRST_PAUSE * 2 ** min(self._failures - 1, 10), LONGEST_PAUSE))
        self._changed()


def _seconds(text: str | None) -> int:
    """A number of seconds; 0 for what is none."""
    text = (text or "").strip()
    return int(text) if text.isdecimal() and len(text) < 10 else 0
