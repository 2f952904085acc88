"""The client's dialogue from the greeting to the first message: EHLO or HELO, STARTTLS, AUTH.

RFC 5321 3.1, 3.2; RFC 3207; RFC 4954.  Credentials go out over TLS only.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from sandf.protocols.smtp.client_events import Reason, Step, TlsWanted
from sandf.protocols.smtp.replies import Reply
from sandf.protocols.smtp.sasl import encode_base64
from sandf.protocols.smtp.settings import Credentials, TlsUse

if TYPE_CHECKING:
    from sandf.protocols.smtp.client import ClientSession


class Opening:
    """Leads a session to ``become_ready`` or ``fail``."""

    def __init__(self, session: ClientSession) -> None:
        self._session = session
        self._settings = session.settings
        self._tls_declined = False

    def begin(self) -> None:
        """Wait for the greeting."""
        self._session.expect(Step.GREETING, self._greeted, seconds=self._settings.timeouts.greeting)

    def hello(self) -> None:
        """Send EHLO, first or again after TLS."""
        self._session.send(f"EHLO {self._settings.hostname}", Step.HELLO, self._ehlo_answered)

    def _greeted(self, reply: Reply) -> None:
        if reply.code == 220:
            self.hello()
        else:
            self._refused(Step.GREETING, reply)

    def _ehlo_answered(self, reply: Reply) -> None:
        """Keywords from the second line on; HELO where EHLO is not known (RFC 5321 3.2)."""
        if reply.code == 250:
            offered = (line.strip().partition(" ") for line in reply.lines[1:])
            self._session.extensions = MappingProxyType(
                {keyword.upper(): arguments for keyword, _, arguments in offered if keyword}
            )
            self._secure()
        elif reply.code >= 500:
            self._session.send(f"HELO {self._settings.hostname}", Step.HELLO, self._helo_answered)
        else:
            self._refused(Step.HELLO, reply)

    def _helo_answered(self, reply: Reply) -> None:
        if reply.code == 250:
            self._secure()
        else:
            self._refused(Step.HELLO, reply)

    def _secure(self) -> None:
        """Start TLS where it is wanted and offered."""
        session, wanted = self._session, self._settings.tls
        if session.tls_active or wanted is TlsUse.NEVER or self._tls_declined:
            self._log_in()
        elif "STARTTLS" in session.extensions:
            session.send("STARTTLS", Step.TLS, self._starttls_answered)
        elif wanted is TlsUse.REQUIRED:
            self._fail(Reason.TLS_UNAVAILABLE, Step.TLS)
        else:
            self._log_in()

    def _starttls_answered(self, reply: Reply) -> None:
        if reply.code == 220:
            self._session.tell(TlsWanted(discarded=self._session.await_tls()))
        elif self._settings.tls is TlsUse.REQUIRED:
            self._refused(Step.TLS, reply)
        else:
            self._tls_declined = True
            self._log_in()

    def _log_in(self) -> None:
        """Send the credentials, never in plain text (RFC 4954 9)."""
        credentials = self._settings.credentials
        if credentials is None:
            self._session.become_ready()
            return
        offered = self._session.extensions.get("AUTH", "").upper().split()
        usable = [name for name in self._settings.mechanisms if name in offered and name in ("PLAIN", "LOGIN")]
        if not self._session.tls_active or not usable:
            self._fail(Reason.AUTH_UNAVAILABLE, Step.AUTH)
        elif usable[0] == "PLAIN":
            secret = f"\0{credentials.username}\0{credentials.password}".encode()
            self._session.send(f"AUTH PLAIN {encode_base64(secret)}", Step.AUTH, self._auth_answered)
        else:
            self._session.send("AUTH LOGIN", Step.AUTH, lambda reply: self._prompted(reply, credentials))

    def _prompted(self, reply: Reply, credentials: Credentials) -> None:
        if reply.code != 334:
            self._refused(Step.AUTH, reply)
            return
        name, password = (encode_base64(text.encode()) for text in (credentials.username, credentials.password))

        def send_password(reply: Reply) -> None:
            if reply.code == 334:
                self._session.send(password, Step.AUTH, self._auth_answered)
            else:
                self._refused(Step.AUTH, reply)

        self._session.send(name, Step.AUTH, send_password)

    def _auth_answered(self, reply: Reply) -> None:
        if reply.code == 235:
            self._session.authenticated = True
            self._session.become_ready()
        else:
            self._refused(Step.AUTH, reply)

    def _refused(self, step: Step, reply: Reply) -> None:
        self._session.fail(Reason.REFUSED, step, reply, str(reply))

    def _fail(self, reason: Reason, step: Step) -> None:
        self._session.fail(reason, step, None, reason.value)
