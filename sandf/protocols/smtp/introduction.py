"""The verbs outside a transaction: EHLO, HELO, STARTTLS, NOOP, HELP, VRFY, EXPN, QUIT (RFC 5321 4.1.1)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from sandf.protocols.smtp import replies
from sandf.protocols.smtp.events import HelloReceived, Quit, TlsRequested
from sandf.protocols.smtp.phases import Phase
from sandf.protocols.smtp.replies import Reply

if TYPE_CHECKING:
    from sandf.protocols.smtp.server import ServerSession

_CLIENT_NAME = re.compile(r"[!-~]{1,255}")


def ehlo(session: ServerSession, argument: str) -> None:
    """EHLO: a fresh start with the extensions listed (RFC 5321 4.1.1.1, 4.1.4)."""
    if _take_name(session, argument, extended=True):
        offered = [row(session) for row in session.extensions]
        first = f"{session.settings.hostname}, hello {argument} [{session.peer}]"
        session.reply(Reply(250, None, (first, *(keyword for keyword in offered if keyword))))


def helo(session: ServerSession, argument: str) -> None:
    """HELO: the same without extensions."""
    if _take_name(session, argument, extended=False):
        session.reply(Reply(250, None, (f"{session.settings.hostname}, hello {argument} [{session.peer}]",)))


def _take_name(session: ServerSession, name: str, *, extended: bool) -> bool:
    """Any printable name will do: refusing a wrong one is forbidden (RFC 5321 4.1.4)."""
    if _CLIENT_NAME.fullmatch(name) is None:
        session.refuse(replies.HELLO_SYNTAX)
        return False
    session.reset("a new EHLO or HELO")
    session.client_name = name
    session.phase = Phase.READY
    session.tell(HelloReceived(name=name, extended=extended))
    return True


def starttls(session: ServerSession, argument: str) -> None:
    """STARTTLS (RFC 3207 4): what was sent behind it in plain text is thrown away, never executed."""
    if argument:
        session.refuse(replies.NO_ARGUMENT)
    elif session.tls_active:
        session.refuse(replies.TLS_ALREADY)
    elif not session.settings.tls_available:
        session.refuse(replies.NOT_IMPLEMENTED)
    else:
        session.reply(replies.TLS_READY)
        session.tell(TlsRequested(discarded=session.await_tls()))


def noop(session: ServerSession, argument: str) -> None:
    """NOOP; its argument is ignored (RFC 5321 4.1.1.9)."""
    session.reply(replies.OK)


def vrfy(session: ServerSession, argument: str) -> None:
    """VRFY: 252, since nothing may be given away here (RFC 5321 3.5.3, 7.3)."""
    if argument:
        session.reply(replies.CANNOT_VERIFY)
    else:
        session.refuse(replies.SYNTAX)


def not_implemented(session: ServerSession, argument: str) -> None:
    """EXPN (RFC 5321 7.3) and the retired SEND, SOML, SAML, TURN (RFC 5321 F.1, F.6)."""
    session.refuse(replies.NOT_IMPLEMENTED)


def other_protocol(session: ServerSession, argument: str) -> None:
    """A web browser's verbs: hang up before a request's body is read as commands."""
    session.close(replies.NOT_SMTP)


def show_help(session: ServerSession, argument: str) -> None:
    """HELP, alone or with a verb (RFC 5321 4.1.1.8)."""
    usages = {verb: row.usage for verb, row in session.verbs.items() if row.usage}
    if argument:
        usage = usages.get(argument.upper())
        session.reply(Reply(214, "2.0.0", (usage,)) if usage else replies.NO_HELP)
        return
    names = " ".join(usages)
    lines = (f"{session.settings.software} at {session.settings.hostname} knows:", names)
    session.reply(Reply(214, "2.0.0", (*lines, *session.settings.help_lines, "HELP with a verb tells how it is used")))


def quit_session(session: ServerSession, argument: str) -> None:
    """QUIT (RFC 5321 4.1.1.10)."""
    if argument:
        session.refuse(replies.NO_ARGUMENT)
        return
    session.tell(Quit())
    session.close(Reply(221, "2.0.0", (f"{session.settings.hostname} closing",)), reason="QUIT")


def offer(keyword: str) -> Callable[[ServerSession], str | None]:
    """Make a row of the EHLO reply that is always offered."""
    return lambda session: keyword


def offer_size(session: ServerSession) -> str | None:
    """SIZE with the limit; 0 is "no fixed limit" (RFC 1870 4)."""
    return f"SIZE {session.settings.size_limit or 0}"


def offer_starttls(session: ServerSession) -> str | None:
    """STARTTLS, not once TLS is there (RFC 3207 4.2)."""
    return "STARTTLS" if session.settings.tls_available and not session.tls_active else None


def offer_auth(session: ServerSession) -> str | None:
    """AUTH with its mechanisms, over TLS only (RFC 4954 4, 9)."""
    mechanisms = session.settings.mechanisms
    return " ".join(("AUTH", *mechanisms)) if mechanisms and session.tls_active else None
