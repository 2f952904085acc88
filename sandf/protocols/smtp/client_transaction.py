"""One message of the client's: MAIL, RCPT, DATA, the text, its end (RFC 5321 3.3, RFC 2920 3.1).

With PIPELINING the envelope and DATA go out as one group.  When the server then says 354 although it took no
recipient, an empty text is sent and its result ignored, as RFC 2920 3.1 wants.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandf.protocols.smtp.client_events import (
    Envelope,
    MessageAccepted,
    MessageRefused,
    Reason,
    RecipientResult,
    Step,
    TextWanted,
)
from sandf.protocols.smtp.parameters import (
    Body,
    write_dsn_recipient_parameters,
    write_dsn_sender_parameters,
)
from sandf.protocols.smtp.paths import Mailbox, encode_xtext, parse_mailbox
from sandf.protocols.smtp.replies import Reply
from sandf.protocols.smtp.text import TextWriter

if TYPE_CHECKING:
    from sandf.protocols.smtp.client import ClientSession


class Transaction:
    """Leads a session from ``send_message`` back to ``become_ready``, or to ``fail``.

    Raises ValueError when the envelope has no recipient or something that cannot be written.
    """

    def __init__(self, session: ClientSession, envelope: Envelope) -> None:
        if not envelope.recipients:
            raise ValueError("a message needs a recipient")
        self._session = session
        self._envelope = envelope
        self._timeouts = session.settings.timeouts
        self._pipelining = session.settings.pipelining and "PIPELINING" in session.extensions
        self._dsn = "DSN" in session.extensions
        self._mail = self._mail_command()
        self._rcpts = [self._rcpt_command(index) for index in range(len(envelope.recipients))]
        self._accepted = 0
        self._last_refusal: Reply | None = None
        self._refused = False
        self._writer = TextWriter()
        self.in_text = False

    def begin(self) -> None:
        """Send the envelope, or refuse at once what EHLO said the server cannot take."""
        objection = self._objection()
        if objection is not None:
            self._session.tell(MessageRefused(reply=objection, step=Step.MAIL, local=True))
            self._session.become_ready()
            return
        self._session.send(self._mail, Step.MAIL, self._mail_answered, seconds=self._timeouts.mail)
        if self._pipelining:
            for index in range(len(self._rcpts)):
                self._send_rcpt(index)
            self._send_data()

    def write(self, octets: bytes) -> None:
        """Send a piece of the text."""
        self._session.write(self._writer.write(octets))

    def finish(self) -> None:
        """End the text."""
        self._session.write(self._writer.finish())
        self.in_text = False
        self._session.expect(Step.END, self._end_answered, seconds=self._timeouts.data_termination)

    def interrupted(self, reply: Reply) -> None:
        """The server answered in the middle of the text: no way back but to hang up."""
        self.in_text = False
        if not reply.positive:
            self._session.tell(MessageRefused(reply=reply, step=Step.TEXT))
        self._session.fail(Reason.PROTOCOL, Step.TEXT, reply, f"a reply in the middle of the text: {reply}")

    def _objection(self) -> Reply | None:
        """RFC 1870 6.1, RFC 6152 3: what need not be tried."""
        extensions, parameters = self._session.extensions, self._envelope.parameters
        limit = extensions.get("SIZE", "")
        if parameters.size is not None and limit.isdecimal() and 0 < int(limit[:20]) < parameters.size:
            return Reply(552, "5.3.4", (f"Message of {parameters.size} octets, the server takes {limit}",))
        if parameters.body is Body.EIGHT_BIT_MIME and "8BITMIME" not in extensions:
            return Reply(554, "5.6.3", ("The server takes no 8-bit text",))
        return None

    def _mail_command(self) -> str:
        extensions, parameters = self._session.extensions, self._envelope.parameters
        command = f"MAIL FROM:<{_written(self._envelope.reverse_path)}>"
        if parameters.size is not None and "SIZE" in extensions:
            command += f" SIZE={parameters.size}"
        if parameters.body is not None and "8BITMIME" in extensions:
            command += f" BODY={parameters.body.value}"
        if parameters.auth and self._session.authenticated:
            command += f" AUTH={encode_xtext(parameters.auth)}"
        dsn = write_dsn_sender_parameters(parameters)
        return command + (dsn if self._dsn else "")

    def _rcpt_command(self, index: int) -> str:
        recipient = self._envelope.recipients[index]
        dsn = write_dsn_recipient_parameters(recipient.parameters)
        return f"RCPT TO:<{_written(recipient.mailbox)}>" + (dsn if self._dsn else "")

    def _mail_answered(self, reply: Reply) -> None:
        if reply.code != 250:
            self._refuse(reply, Step.MAIL)
            if not self._pipelining:
                self._reset()
        elif not self._pipelining:
            self._send_rcpt(0)

    def _send_rcpt(self, index: int) -> None:
        self._session.send(
            self._rcpts[index],
            Step.RCPT,
            lambda reply: self._rcpt_answered(index, reply),
            seconds=self._timeouts.rcpt,
        )

    def _rcpt_answered(self, index: int, reply: Reply) -> None:
        """Report it, unless MAIL was refused and this is only the echo of that."""
        if not self._refused:
            self._report(index, reply)
        if self._pipelining:
            return
        if index + 1 < len(self._rcpts):
            self._send_rcpt(index + 1)
        elif self._accepted:
            self._send_data()
        else:
            self._refuse(reply, Step.RCPT)
            self._reset()

    def _report(self, index: int, reply: Reply) -> None:
        recipient = self._envelope.recipients[index]
        accepted = reply.code // 100 == 2
        self._accepted += accepted
        if not accepted:
            self._last_refusal = reply
        asked = self._envelope.parameters.ret or self._envelope.parameters.envid
        wanted = recipient.parameters.notify or recipient.parameters.original_recipient or asked
        self._session.tell(
            RecipientResult(
                index=index,
                recipient=recipient,
                reply=reply,
                accepted=accepted,
                dsn_dropped=bool(wanted) and not self._dsn,
            )
        )

    def _send_data(self) -> None:
        self._session.send("DATA", Step.DATA, self._data_answered, seconds=self._timeouts.data_initiation)

    def _data_answered(self, reply: Reply) -> None:
        if reply.code == 354 and self._accepted and not self._refused:
            self.in_text = True
            self._session.restart_clock()
            self._session.tell(TextWanted())
            return
        if not self._accepted and self._last_refusal is not None:
            self._refuse(self._last_refusal, Step.RCPT)
        if reply.code == 354:
            self._session.write(b".\r\n")
            self._session.expect(Step.DATA, lambda _: self._reset(), seconds=self._timeouts.data_termination)
            return
        self._refuse(reply, Step.DATA)
        if reply.positive:
            self._session.fail(Reason.PROTOCOL, Step.DATA, reply, f"DATA answered with {reply}")
            return
        self._reset()

    def _end_answered(self, reply: Reply) -> None:
        if reply.code // 100 == 2:
            self._session.tell(MessageAccepted(reply=reply, lines_broken=self._writer.lines_broken))
        else:
            self._refuse(reply, Step.END)
        self._session.become_ready()

    def _refuse(self, reply: Reply, step: Step) -> None:
        """Report the first refusal only."""
        if not self._refused:
            self._refused = True
            self._session.tell(MessageRefused(reply=reply, step=step))

    def _reset(self) -> None:
        self._session.send("RSET", Step.RESET, self._reset_answered)

    def _reset_answered(self, reply: Reply) -> None:
        if reply.code // 100 == 2:
            self._session.become_ready()
        else:
            self._session.fail(Reason.PROTOCOL, Step.RESET, reply, f"RSET answered with {reply}")


def _written(mailbox: Mailbox | None) -> str:
    """The mailbox as the grammar reads it back; raises PathError when it does not."""
    if mailbox is None:
        return ""
    text = str(mailbox)
    return text if not mailbox.domain and text.lower() == "postmaster" else str(parse_mailbox(text))
