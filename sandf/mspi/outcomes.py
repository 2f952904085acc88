"""Endings of mail in the terms of :mod:`sandf.causes`, and causes as SMTP replies.

Where a server said something, the detail of a job has it in one form, ``HOST said: REPLY``, so that a notification
can take it apart again.
"""

from __future__ import annotations

import re

from sandf import causes
from sandf.causes import Cause, Failure
from sandf.protocols.smtp.client_events import Failed, Reason, Step
from sandf.protocols.smtp.replies import Reply

_SAID = re.compile(r"(\S+) said: (.*)", re.DOTALL)
_STATUS = re.compile(r"[245]\d\d (?:[245]\d\d )?([245]\.\d{1,3}\.\d{1,3})\b")

_BY_REASON = {
    Reason.REFUSED: causes.MAIL_DEFERRED,
    Reason.CLOSING: causes.MAIL_DEFERRED,
    Reason.TIMED_OUT: causes.MAIL_TIMED_OUT,
    Reason.PROTOCOL: causes.MAIL_PROTOCOL,
    Reason.TLS_UNAVAILABLE: causes.MAIL_TLS_FAILED,
    Reason.AUTH_UNAVAILABLE: causes.MAIL_AUTH_FAILED,
    Reason.CONNECTION_LOST: causes.MAIL_UNREACHABLE,
}


def reply_for(cause: Cause, detail: str = "") -> Reply:
    """The SMTP reply that *cause* gives."""
    lines = (cause.sentence, detail) if detail else (cause.sentence,)
    return Reply(cause.smtp, cause.status, lines)


def cause_of_reply(reply: Reply) -> Cause:
    """What a server's negative answer to a message or recipient means: 4xx is not for good (RFC 5321 4.2.1)."""
    return causes.MAIL_DEFERRED if reply.transient else causes.MAIL_REFUSED


def failure_of_session(failed: Failed, host: str) -> Failure:
    """A session that ended before its message did.

    A server that refuses the session altogether, even by 5xx, has said nothing about the message.
    """
    cause = _BY_REASON[failed.reason]
    if failed.step is Step.AUTH and failed.reason is Reason.REFUSED:
        cause = causes.MAIL_AUTH_FAILED
    if failed.reply is not None:
        return Failure(cause, said(host, failed.reply))
    where = f"at {failed.step.value}" + (", the message may have got through" if failed.in_doubt else "")
    return Failure(cause, f"{host}: {failed.text} ({where})")


def said(host: str, reply: Reply) -> str:
    """The detail that keeps a server's *reply*."""
    return f"{host} said: {reply}"


def server_and_reply(detail: str) -> tuple[str, str]:
    """The host and its reply out of a detail; ``("", detail)`` where no server spoke."""
    match = _SAID.fullmatch(detail)
    return (match[1], match[2]) if match else ("", detail)


def status_of(reply: str, otherwise: str) -> str:
    """The enhanced status (RFC 3463) in the text of a reply, if it has one of a failure."""
    match = _STATUS.match(reply)
    return match[1] if match and match[1][0] in "45" else otherwise
