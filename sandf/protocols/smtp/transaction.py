"""The verbs of a mail transaction: MAIL, RCPT, DATA, RSET (RFC 5321 3.3, 4.1.1.2 to 4.1.1.5).

What the sender and recipients are good for the driver says; here is only syntax, order and limits.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sandf.protocols.smtp import replies
from sandf.protocols.smtp.events import MessageBegan, MessageEnded, RecipientOffered, SenderOffered
from sandf.protocols.smtp.parameters import (
    ParameterError,
    SenderParameters,
    read_recipient_parameters,
    read_sender_parameters,
)
from sandf.protocols.smtp.paths import PathError, parse_forward_path, parse_reverse_path
from sandf.protocols.smtp.phases import Phase
from sandf.protocols.smtp.replies import Reply
from sandf.protocols.smtp.text import TextReader

if TYPE_CHECKING:
    from sandf.protocols.smtp.server import ServerSession

_FROM = re.compile(r"FROM *: *(?=<)", re.IGNORECASE)
_TO = re.compile(r"TO *: *(?=<)", re.IGNORECASE)


def mail(session: ServerSession, argument: str) -> None:
    """MAIL FROM:<reverse-path> and parameters (RFC 5321 4.1.1.2)."""
    head = _FROM.match(argument)
    if session.settings.require_authentication and session.authenticated_as is None:
        session.refuse(replies.AUTHENTICATION_REQUIRED)
        return
    if head is None:
        session.refuse(replies.SYNTAX)
        return
    try:
        path, rest = parse_reverse_path(argument[head.end() :])
        parameters = read_sender_parameters(rest)
    except PathError:
        session.refuse(replies.BAD_SENDER)
    except ParameterError as error:
        session.refuse(_parameter_reply(error))
    else:
        if _fits(session, parameters):
            session.ask(
                SenderOffered(reverse_path=path, parameters=parameters),
                accepted=replies.SENDER_OK,
                rejected=replies.SENDER_REFUSED,
                on_accept=lambda: _opened(session),
            )


def _fits(session: ServerSession, parameters: SenderParameters) -> bool:
    """RFC 1870 6.1: refuse at MAIL what is announced as too big."""
    limit = session.settings.size_limit
    if limit is not None and parameters.size is not None and parameters.size > limit:
        session.refuse(replies.TOO_BIG)
        return False
    return True


def _opened(session: ServerSession) -> None:
    session.phase = Phase.SENDER
    session.recipients = session.recipients_refused = 0


def rcpt(session: ServerSession, argument: str) -> None:
    """RCPT TO:<forward-path> and parameters (RFC 5321 4.1.1.3)."""
    head = _TO.match(argument)
    if head is None:
        session.refuse(replies.SYNTAX)
        return
    try:
        path, rest = parse_forward_path(argument[head.end() :])
        parameters = read_recipient_parameters(rest)
    except PathError:
        session.recipients_refused += 1
        session.refuse(replies.BAD_RECIPIENT)
    except ParameterError as error:
        session.recipients_refused += 1
        session.refuse(_parameter_reply(error))
    else:
        if session.recipients >= session.settings.recipient_limit:
            session.count_overshoot()
            return
        session.ask(
            RecipientOffered(forward_path=path, parameters=parameters),
            accepted=replies.RECIPIENT_OK,
            rejected=replies.RECIPIENT_REFUSED,
            on_accept=lambda: _recipient_taken(session),
            on_reject=lambda: _recipient_refused(session),
        )


def _recipient_taken(session: ServerSession) -> None:
    session.recipients += 1
    session.phase = Phase.RECIPIENT


def _recipient_refused(session: ServerSession) -> None:
    session.recipients_refused += 1


def _parameter_reply(error: ParameterError) -> Reply:
    row = replies.BAD_PARAMETER if error.known else replies.UNKNOWN_PARAMETER
    return Reply(row.code, row.enhanced, (f"{row.text}: {error.keyword}",))


def data(session: ServerSession, argument: str) -> None:
    """DATA (RFC 5321 4.1.1.4, 3.3: 554 when every recipient was refused)."""
    if argument:
        session.refuse(replies.NO_ARGUMENT)
    elif session.phase is not Phase.RECIPIENT:
        session.refuse(replies.NO_VALID_RECIPIENTS if session.recipients_refused else replies.RCPT_FIRST)
    else:
        session.ask(
            MessageBegan(),
            accepted=replies.START_MAIL_INPUT,
            rejected=replies.LOCAL_ERROR,
            on_accept=session.read_text,
            on_reject=lambda: session.reset("DATA refused"),
        )


def end_of_text(session: ServerSession, text: TextReader) -> None:
    """The end mark came: refuse a faulty text, else ask the driver.

    Which fault is named does not depend on which came first, since that could depend on the cuts.
    """
    if text.faulty:
        fault = replies.TEXT_LINE_TOO_LONG
        if text.too_big:
            fault = replies.TOO_BIG
        elif text.bare_line_end:
            fault = replies.BARE_LINE_END_IN_TEXT
        session.reset(fault.text)
        session.refuse(fault)
        return
    session.ask(
        MessageEnded(size=text.size),
        accepted=replies.MESSAGE_OK,
        rejected=replies.LOCAL_ERROR,
        on_accept=session.message_done,
        on_reject=session.message_done,
    )


def rset(session: ServerSession, argument: str) -> None:
    """RSET (RFC 5321 4.1.1.5)."""
    if argument:
        session.refuse(replies.NO_ARGUMENT)
        return
    session.reset("RSET")
    session.reply(replies.RESET)
