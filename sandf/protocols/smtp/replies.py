"""Replies as values: code, enhanced status, text lines (RFC 5321 4.2, RFC 2034, RFC 3463).

The catalogue below holds every reply that the sessions give by themselves; what depends on policy, store or
fax (450 busy, 550 no such number ...) the driver makes.  It does not say *when* a reply is given: that is
``verbs`` and ``server``.  Text is forced into printable US-ASCII and into the 512 octets of a reply line
(RFC 5321 4.5.3.1.5) when it is encoded, so that nothing a peer sent can add a line to a reply.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

REPLY_LINE_LIMIT = 512
"""Octets of one reply line with code and CRLF (RFC 5321 4.5.3.1.5)."""

_ENHANCED = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})")
_UNPRINTABLE = re.compile(r"[^ -~]")


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply, of one line or several.

    ``code`` is 200 to 599.  ``enhanced`` is an RFC 3463 status ("2.1.5") or None where RFC 2034 4 wants none
    (greeting, EHLO, 3xx).  ``lines`` are without code, enhanced status and CRLF.  Raises ValueError when the
    code is no reply code or the enhanced status is of another class than the code.
    """

    code: int
    enhanced: str | None = None
    lines: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 200 <= self.code <= 599:
            raise ValueError(f"{self.code} is not an SMTP reply code (200 to 599)")
        if self.enhanced is not None:
            match = _ENHANCED.fullmatch(self.enhanced)
            if match is None or int(match[1]) != self.code // 100:
                raise ValueError(f"enhanced status {self.enhanced!r} does not go with code {self.code}")

    @property
    def positive(self) -> bool:
        """Whether it is 2xx or 3xx."""
        return self.code < 400

    @property
    def transient(self) -> bool:
        """Whether it is 4xx: the same command may succeed later (RFC 5321 4.2.1)."""
        return 400 <= self.code < 500

    @property
    def text(self) -> str:
        """The lines as one string, for logs and reports."""
        return " ".join(self.lines)

    def __str__(self) -> str:
        return " ".join(part for part in (str(self.code), self.enhanced, self.text) if part)

    def encode(self) -> bytes:
        """The octets for the wire: each line with code and enhanced status, "-" on all but the last."""
        status = f"{self.enhanced} " if self.enhanced else ""
        room = REPLY_LINE_LIMIT - 4 - len(status) - 2
        texts = [_UNPRINTABLE.sub("?", line)[:room] for line in self.lines] or [""]
        head, last = f"{self.code}-{status}", f"{self.code} {status}"
        return "".join([f"{head}{text}\r\n" for text in texts[:-1]] + [f"{last}{texts[-1]}\r\n"]).encode("ascii")


def reply(code: int, enhanced: str | None, *lines: str) -> Reply:
    """Write a Reply in one row of a table."""
    return Reply(code, enhanced, lines)


OK = reply(250, "2.0.0", "OK")
RESET = reply(250, "2.0.0", "Reset")
SENDER_OK = reply(250, "2.1.0", "Sender OK")
RECIPIENT_OK = reply(250, "2.1.5", "Recipient OK")
START_MAIL_INPUT = reply(354, None, 'Enter mail, end with a single "."')
MESSAGE_OK = reply(250, "2.0.0", "Message accepted")
CANNOT_VERIFY = reply(252, "2.0.0", "Cannot verify, but will take the message and try")
TLS_READY = reply(220, "2.0.0", "Ready to start TLS")
AUTHENTICATED = reply(235, "2.7.0", "Authentication succeeded")

TIMED_OUT = reply(421, "4.4.2", "Timed out waiting for the client, closing")
TOO_MANY_ERRORS = reply(421, "4.7.0", "Too many errors, closing")
TOO_MANY_COMMANDS = reply(421, "4.7.0", "Too many commands without a message, closing")
TOO_MANY_LOGINS = reply(421, "4.7.0", "Too many failed authentications, closing")
NOT_SMTP = reply(421, "4.7.0", "This is not SMTP, closing")
SHUTTING_DOWN = reply(421, "4.3.2", "Shutting down, try again later")
LOCAL_ERROR = reply(451, "4.3.0", "Local error, try again later")
TOO_MANY_RECIPIENTS = reply(452, "4.5.3", "Too many recipients")

LINE_TOO_LONG = reply(500, "5.5.6", "Line too long")
BARE_LINE_END = reply(500, "5.5.2", "Lines end in CR LF, no CR or LF may stand alone")
NUL_IN_COMMAND = reply(500, "5.5.2", "NUL in a command")
NOT_ASCII = reply(500, "5.5.2", "Commands are US-ASCII")
UNKNOWN_COMMAND = reply(500, "5.5.1", "Command not recognized, try HELP")
EMPTY_COMMAND = reply(500, "5.5.2", "Empty command")
SYNTAX = reply(501, "5.5.4", "Syntax error in the argument")
NO_ARGUMENT = reply(501, "5.5.4", "This command takes no argument")
HELLO_SYNTAX = reply(501, "5.5.4", "Give your host name or address literal")
NOT_BASE64 = reply(501, "5.5.2", "Cannot decode the base64 response")
BAD_SASL_RESPONSE = reply(501, "5.5.2", "Malformed authentication response")
AUTH_CANCELLED = reply(501, "5.7.0", "Authentication cancelled")
BAD_PARAMETER = reply(501, "5.5.4", "Bad parameter value")
NOT_IMPLEMENTED = reply(502, "5.5.1", "Command not implemented")
HELLO_FIRST = reply(503, "5.5.1", "Send EHLO first")
MAIL_FIRST = reply(503, "5.5.1", "Send MAIL first")
RCPT_FIRST = reply(503, "5.5.1", "Send RCPT first")
MAIL_ALREADY = reply(503, "5.5.1", "A transaction is already open, send RSET first")
NOT_NOW = reply(503, "5.5.1", "Not during a mail transaction")
TLS_ALREADY = reply(503, "5.5.1", "TLS is already active")
AUTHENTICATED_ALREADY = reply(503, "5.5.1", "Already authenticated")
ONLY_QUIT = reply(503, "5.5.1", "No service here, send QUIT")
UNKNOWN_MECHANISM = reply(504, "5.5.4", "Authentication mechanism not supported")
NO_HELP = reply(504, "5.5.4", "No help on that")
AUTHENTICATION_REQUIRED = reply(530, "5.7.0", "Authentication required")
TLS_REQUIRED = reply(530, "5.7.0", "Must issue a STARTTLS command first")
CREDENTIALS_INVALID = reply(535, "5.7.8", "Authentication credentials invalid")
ENCRYPTION_REQUIRED = reply(538, "5.7.11", "Encryption required for this authentication mechanism")
SENDER_REFUSED = reply(550, "5.7.1", "Sender refused")
RECIPIENT_REFUSED = reply(550, "5.1.1", "No such recipient here")
BARE_LINE_END_IN_TEXT = reply(550, "5.5.2", "The message has a CR or LF that stands alone; lines end in CR LF")
TOO_BIG = reply(552, "5.3.4", "Message exceeds the size limit")
BAD_SENDER = reply(553, "5.1.7", "Sender address not understood")
BAD_RECIPIENT = reply(553, "5.1.3", "Recipient address not understood")
NO_VALID_RECIPIENTS = reply(554, "5.5.1", "No valid recipients")
TEXT_LINE_TOO_LONG = reply(554, "5.6.0", "The message has a line that is too long")
UNKNOWN_PARAMETER = reply(555, "5.5.4", "Parameter not recognized")
