"""The verb AUTH, server side (RFC 4954): over TLS only; who may is the driver's answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandf.protocols.smtp import replies
from sandf.protocols.smtp.events import AuthenticationOffered
from sandf.protocols.smtp.replies import Reply
from sandf.protocols.smtp.sasl import MECHANISMS, Mechanism, Offered, SaslError, decode_base64, encode_base64

if TYPE_CHECKING:
    from sandf.protocols.smtp.server import ServerSession


def auth(session: ServerSession, argument: str) -> None:
    """AUTH mechanism [initial-response] (RFC 4954 4)."""
    name, _, initial = argument.partition(" ")
    objection = _objection(session, name.upper())
    if objection is not None:
        session.refuse(objection)
        return
    exchange = _Exchange(session, name.upper(), MECHANISMS[name.upper()]())
    exchange.begin(initial.strip(" "))


def _objection(session: ServerSession, name: str) -> Reply | None:
    if not session.settings.mechanisms:
        return replies.NOT_IMPLEMENTED
    if not name:
        return replies.SYNTAX
    if session.authenticated_as is not None:
        return replies.AUTHENTICATED_ALREADY
    if name not in session.settings.mechanisms or name not in MECHANISMS:
        return replies.UNKNOWN_MECHANISM
    if not session.tls_active:
        return replies.ENCRYPTION_REQUIRED
    return None


class _Exchange:
    """One authentication: challenges out, responses in, until the credentials are whole."""

    def __init__(self, session: ServerSession, name: str, mechanism: Mechanism) -> None:
        self._session = session
        self._name = name
        self._mechanism = mechanism

    def begin(self, initial: str) -> None:
        """Start with the initial response, if one came; "=" is an empty one."""
        if not initial:
            self._step(None)
        else:
            self._take(b"" if initial == "=" else initial.encode("ascii"))

    def _response(self, line: bytes) -> None:
        """A line of the client's; "*" cancels."""
        if line == b"*":
            self._session.refuse(replies.AUTH_CANCELLED)
        else:
            self._take(line)

    def _take(self, encoded: bytes) -> None:
        try:
            response = decode_base64(encoded)
        except SaslError:
            self._session.refuse(replies.NOT_BASE64)
        else:
            self._step(response)

    def _step(self, response: bytes | None) -> None:
        try:
            outcome = self._mechanism.step(response)
        except SaslError:
            self._session.refuse(replies.BAD_SASL_RESPONSE)
            return
        if isinstance(outcome, bytes):
            self._session.reply(Reply(334, None, (encode_base64(outcome),)))
            self._session.read_response(self._response)
        else:
            self._offer(outcome)

    def _offer(self, offered: Offered) -> None:
        self._session.ask(
            AuthenticationOffered(
                mechanism=self._name,
                username=offered.username,
                identity=offered.identity,
                password=offered.password,
            ),
            accepted=replies.AUTHENTICATED,
            rejected=replies.CREDENTIALS_INVALID,
            on_accept=lambda: self._succeeded(offered),
            on_reject=self._session.login_failed,
        )

    def _succeeded(self, offered: Offered) -> None:
        self._session.authenticated_as = offered.identity or offered.username
