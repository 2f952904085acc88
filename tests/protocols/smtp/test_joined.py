"""Client and server session joined in memory, with and without TLS, cut in any pieces."""

from __future__ import annotations

import ast
import dataclasses
import pathlib

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

import sandf.protocols.smtp
from sandf.protocols.smtp.client import ClientSession
from sandf.protocols.smtp.client_events import (
    ClientEvent,
    Envelope,
    Failed,
    MessageAccepted,
    MessageRefused,
    Ready,
    Recipient,
    RecipientResult,
    TextWanted,
    TlsWanted,
)
from sandf.protocols.smtp.events import AuthenticationOffered, Question, RecipientOffered, SenderOffered
from sandf.protocols.smtp.parameters import (
    Body,
    Notify,
    OriginalRecipient,
    RecipientParameters,
    SenderParameters,
)
from sandf.protocols.smtp.paths import mailbox, parse_mailbox
from sandf.protocols.smtp.replies import Reply
from sandf.protocols.smtp.settings import ClientSettings, Credentials, ServerSettings, TlsUse
from tests.protocols.smtp.driving import SETTINGS, Driver, Judge, says_yes

QUICK = settings(deadline=None, derandomize=True, max_examples=60)
PLAIN = ClientSettings(hostname="gw.example.com", tls=TlsUse.NEVER)
SECURE = ClientSettings(
    hostname="gw.example.com", tls=TlsUse.REQUIRED, credentials=Credentials(username="bob", password="s3")
)
SECURE_SERVER = dataclasses.replace(
    SETTINGS, tls_available=True, require_tls=True, require_authentication=True, mechanisms=("LOGIN", "PLAIN")
)


class Pair:
    """Sends messages from a client session to a server session; ``cut`` is the size of the pieces."""

    def __init__(
        self,
        messages: list[tuple[Envelope, bytes]],
        *,
        client: ClientSettings = PLAIN,
        server: ServerSettings = SETTINGS,
        judge: Judge = says_yes,
        cut: int = 1460,
    ) -> None:
        self.driver = Driver(server, judge=judge)
        self.driver.tls_starts = True
        self.client = ClientSession(client, now=0.0)
        self.messages = list(messages)
        self.text = b""
        self.cut = cut
        self.told: list[ClientEvent] = []
        self.run()

    def run(self) -> None:
        said = self.driver.output
        while said:
            for at in range(0, len(said), self.cut):
                self.client.receive_data(said[at : at + self.cut], 0.0)
            self.act()
            sent = self.client.data_to_send()
            said = self.driver.feed(*(sent[at : at + self.cut] for at in range(0, len(sent), self.cut)))
            if self.client.next_deadline() is None and not said:
                return

    def act(self) -> None:
        for event in self.client.events():
            self.told.append(event)
            if isinstance(event, TlsWanted):
                self.client.tls_started(0.0)
            elif isinstance(event, Ready) and self.messages:
                envelope, self.text = self.messages.pop(0)
                self.client.send_message(envelope, now=0.0)
            elif isinstance(event, Ready):
                self.client.quit(now=0.0)
            elif isinstance(event, TextWanted):
                for at in range(0, len(self.text), self.cut):
                    self.client.send_text(self.text[at : at + self.cut], now=0.0)
                self.client.end_text(now=0.0)

    def outcomes(self) -> list[type]:
        return [type(e) for e in self.told if isinstance(e, MessageAccepted | MessageRefused | Failed)]


def to(*addresses: str) -> Envelope:
    recipients = tuple(Recipient(mailbox=parse_mailbox(address)) for address in addresses)
    return Envelope(reverse_path=None, recipients=recipients)


class Joined(SynchronousTestCase):
    """What one sends is what the other gets."""

    def test_three_messages(self) -> None:
        texts = [b"one\r\n", b".\r\n..\r\n.x\r\n", b"\r\n" + b"long " * 30_000 + b"\r\n"]
        lax = dataclasses.replace(SETTINGS, text_line_limit=998)
        for cut in (1, 7, 1460, 1 << 20):
            pair = Pair([(to("a@b.example", "c@d.example"), text) for text in texts[:2]], server=lax, cut=cut)
            self.assertEqual(pair.driver.messages, texts[:2])
            self.assertEqual(pair.outcomes(), [MessageAccepted] * 2)
            self.assertTrue(pair.client.closed and pair.driver.session.closed)
        pair = Pair([(to("a@b.example"), texts[2])])
        self.assertEqual(pair.outcomes(), [MessageAccepted])
        self.assertEqual(pair.driver.messages[0].replace(b"\r\n ", b""), texts[2])

    def test_tls_and_login(self) -> None:
        for cut in (1, 1460):
            pair = Pair([(to("a@b.example"), b"x\r\n")], client=SECURE, server=SECURE_SERVER, cut=cut)
            self.assertEqual(pair.outcomes(), [MessageAccepted])
            offered = [e for e in pair.driver.told if isinstance(e, AuthenticationOffered)]
            self.assertEqual([(e.username, e.password) for e in offered], [("bob", "s3")])

    def test_envelope_arrives(self) -> None:
        recipient = Recipient(
            mailbox=mailbox("FAX=+1 312/T33S=12", "[192.0.2.1]"),
            parameters=RecipientParameters(
                notify=frozenset({Notify.DELAY}), original_recipient=OriginalRecipient("rfc822", "ü+=@x")
            ),
        )
        sender = SenderParameters(size=3, body=Body.EIGHT_BIT_MIME, envid="e=1")
        envelope = Envelope(reverse_path=parse_mailbox("a@b"), recipients=(recipient,), parameters=sender)
        told = Pair([(envelope, b"x\r\n")]).driver.told
        self.assertIn(SenderOffered(reverse_path=parse_mailbox("a@b"), parameters=sender), told)
        self.assertIn(RecipientOffered(forward_path=recipient.mailbox, parameters=recipient.parameters), told)

    def test_recipients_refused(self) -> None:
        def judge(question: Question) -> Reply | None:
            if isinstance(question, RecipientOffered) and question.forward_path.local_part == "no":
                return Reply(550, "5.1.1", ("No such number",))
            return None

        pair = Pair([(to("no@x", "yes@x"), b"1\r\n"), (to("no@x"), b"2\r\n"), (to("yes@x"), b"3\r\n")], judge=judge)
        self.assertEqual(pair.outcomes(), [MessageAccepted, MessageRefused, MessageAccepted])
        self.assertEqual(pair.driver.messages, [b"1\r\n", b"3\r\n"])
        results = [event.accepted for event in pair.told if isinstance(event, RecipientResult)]
        self.assertEqual(results, [False, True, False, True])

    def test_many_recipients(self) -> None:
        pair = Pair([(to(*(f"n{n}@x" for n in range(250))), b"x\r\n")])
        results = [event.reply.code for event in pair.told if isinstance(event, RecipientResult)]
        self.assertEqual(results, [250] * 100 + [452] * 150)
        self.assertEqual(pair.outcomes(), [MessageAccepted])

    @QUICK
    @given(
        st.lists(st.sampled_from([b"\r\n", b".", b"x", b"\r\n.\r\n", b"\n", b"\r", b"z" * 1200]), max_size=20),
        st.integers(1, 64),
    )
    def test_any_text_is_one_message(self, parts: list[bytes], cut: int) -> None:
        text = b"".join(parts)
        pair = Pair([(to("a@b"), text), (to("c@d"), b"next\r\n")], cut=cut)
        self.assertEqual(pair.outcomes(), [MessageAccepted] * 2)
        self.assertEqual(len(pair.driver.messages), 2)
        self.assertEqual(pair.driver.messages[1], b"next\r\n")


class Purity(SynchronousTestCase):
    """The room imports only the standard library's pure part and itself."""

    def test_imports(self) -> None:
        allowed = {"base64", "binascii", "collections", "dataclasses", "enum", "ipaddress", "re", "types", "typing"}
        for path in pathlib.Path(sandf.protocols.smtp.__path__[0]).glob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Import):
                    names = [alias.name for alias in node.names]
                elif isinstance(node, ast.ImportFrom):
                    names = [node.module or ""]
                else:
                    continue
                for name in names:
                    pure = name.split(".")[0] in allowed | {"__future__"}
                    self.assertTrue(pure or name.startswith("sandf.protocols.smtp"), f"{path}: {name}")
