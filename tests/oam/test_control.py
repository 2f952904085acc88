"""The control socket: over a transport in memory, and once over a real Unix socket."""

from __future__ import annotations

import base64
import email
import json
import shutil
import socket
import stat
import tempfile
from collections.abc import Callable
from email.policy import default
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet import reactor, threads
from twisted.internet.defer import Deferred, fail, inlineCallbacks, maybeDeferred, succeed
from twisted.internet.interfaces import IReactorUNIX
from twisted.internet.protocol import connectionDone
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase, TestCase

from sandf import causes
from sandf.callcontrol.media import Message
from sandf.callcontrol.primitives import PageProgress, ProviderKind
from sandf.causes import Failure
from sandf.oam import control
from sandf.oam.control import ControlConnection, ControlFactory, Submission
from sandf.oam.requests import COMMANDS
from sandf.oam.socket_file import ControlService, SocketInUse, make_room
from sandf.store.records import TraceLine

from .world import World


class Taking:
    """Stands where the ESMTP server's screening does."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.messages: list[tuple[Message, tuple[str, ...]]] = []
        self.refused: Failure | None = None

    def accept(self, message: Message, forward_paths: tuple[str, ...]) -> Deferred[list[str]]:
        if self.refused is not None:
            return fail(self.refused)
        self.messages.append((message, forward_paths))
        return succeed([self.world.accept() for _ in forward_paths])


def gateway(world: World, taking: Taking, aside: Callable[..., Deferred[object]] = maybeDeferred) -> ControlFactory:
    submission = Submission(
        accept=taking.accept,
        domain=lambda: "fax.example.com",
        sender=lambda: "postmaster@fax.example.com",
        new_message_id=lambda: "1@fax.example.com",
        now=world.clock.seconds,
    )
    return ControlFactory(inspection=world.inspection, progress=world.progress, submission=submission, aside=aside)


class Program:
    """One that speaks to the control socket."""

    def __init__(self, factory: ControlFactory) -> None:
        self.connection: ControlConnection = factory.buildProtocol(None)
        self.transport = StringTransport()
        self.connection.makeConnection(self.transport)

    def say(self, **request: object) -> list[dict[str, Any]]:
        return self.say_line(json.dumps(request).encode() + b"\n")

    def say_line(self, octets: bytes) -> list[dict[str, Any]]:
        self.connection.dataReceived(octets)
        return self.heard()

    def heard(self) -> list[dict[str, Any]]:
        octets = self.transport.value()
        self.transport.clear()
        return [json.loads(line) for line in octets.splitlines()]


class ControlTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.world = World()
        self.taking = Taking(self.world)
        self.factory = gateway(self.world, self.taking)
        self.program = Program(self.factory)

    def test_questions_have_a_value_and_a_text(self) -> None:
        self.world.sent_fax()
        for request, shows, text in (
            ({"command": "status"}, "status", "Gateway "),
            ({"command": "calls"}, "calls", "No calls."),
            ({"command": "show", "words": "call history fax brief"}, "history_fax", "1    : 200hs.1"),
            ({"command": "fax", "fax": "f1"}, "fax", "Fax "),
            ({"command": "trace", "id": "f1"}, "trace", "Call C1"),
            ({"command": "dialpeers", "which": "summary"}, "dial_peer_summary", "dial-peer hunt 0"),
            ({"command": "jobs"}, "jobs", "JOB "),
        ):
            (answer,) = self.program.say(**request)
            self.assertEqual((answer["ok"], answer["value"]["shows"]), (True, shows))
            self.assertTrue(answer["text"].startswith(text), answer["text"])

    def test_orders(self) -> None:
        self.world.sending(self.world.accept())
        self.assertEqual(self.program.say(command="hangup", call="C1")[0]["text"], "Call C1 is asked to end.")
        self.assertEqual(self.program.say(command="reload")[0]["text"], "Nothing has changed.")
        self.assertEqual(
            self.program.say(command="release", fax="f9"),
            [{"ok": False, "error": "There is no fax f9. See: sandf show call history fax brief"}],
        )

    def test_every_command_is_served(self) -> None:
        for command in COMMANDS:
            (answer, *_) = self.program.say(command=command)
            self.assertNotIn("is not served", answer.get("error", ""))

    def test_requests_that_come_together_are_answered_in_their_order(self) -> None:
        lines = b'{"command": "calls"}\n\n{"command": "trace", "id": "x"}\r\n{"command": "jobs"}\n{"comm'
        answers = self.program.say_line(lines)
        self.assertEqual([answer["ok"] for answer in answers], [True, False, True])
        self.assertEqual(self.program.say_line(b'and": "calls"}\n')[0]["text"], "No calls.")

    def test_what_is_no_request_has_an_answer_and_the_next_is_served(self) -> None:
        for line, word in (
            (b"hello", "This is no JSON object"),
            (b"\xff\xfe", "This is no JSON object"),
            (b'{"command": ' + b"[" * 100_000, "This is no"),
            (b'"calls"', "This is no request"),
            (b"{}", "This is no request"),
            (b'{"command": "format"}', "Commands are status, calls"),
            (b'{"command": "hangup", "call": 7}', "Expected `str`, got `int` - at `$.call`"),
            (b'{"command": "hangup", "cal": "C1"}', "unknown field `cal`"),
            (b'{"command": "watch", "jobs": []}', "$.jobs"),
        ):
            (answer,) = self.program.say_line(line + b"\n")
            self.assertFalse(answer["ok"])
            self.assertIn(word, answer["error"])
        self.assertTrue(self.program.say(command="calls")[0]["ok"])

    def test_an_endless_line_ends_its_connection_and_no_other(self) -> None:
        self.patch(control, "LONGEST_LINE", 1000)
        other = Program(self.factory)
        (answer,) = self.program.say_line(b"x" * 2000)
        self.assertIn("A request has 1000 octets at most", answer["error"])
        self.assertTrue(self.program.transport.disconnecting)
        self.assertEqual(self.program.say_line(b"x" * 2000), [])
        self.assertTrue(other.say(command="calls")[0]["ok"])

    def test_a_document_of_30_mib_fits(self) -> None:
        self.assertGreater(control.LONGEST_LINE, 30 * 1024 * 1024 * 4 / 3 + 100_000)

    def test_too_many_connections_are_refused(self) -> None:
        self.patch(control, "MOST_CONNECTIONS", 2)
        Program(self.factory)
        third = Program(self.factory)
        self.assertIn("too many connections", third.heard()[0]["error"])
        self.program.connection.connectionLost(connectionDone)
        third.connection.connectionLost(connectionDone)
        self.assertEqual(Program(self.factory).heard(), [])

    def test_a_fault_of_ours_is_a_sentence_and_a_log(self) -> None:
        self.world.around.ports = None  # type: ignore[assignment, method-assign]  # what breaks it
        (answer,) = self.program.say(command="status")
        self.assertEqual((answer["ok"], answer["cause"]), (False, 600))
        self.assertEqual(len(self.flushLoggedErrors(TypeError)), 1)

    def test_a_store_that_fails_is_told_with_its_cause(self) -> None:
        self.successResultOf(self.world.store.close())
        (answer,) = self.program.say(command="jobs")
        self.assertEqual((answer["ok"], answer["cause"]), (False, 601))

    # Sending and watching.

    def send(self, **more: object) -> list[dict[str, Any]]:
        document = {"name": "a.txt", "media_type": "text/plain", "content": "SGFsbG8=", "charset": "utf-8"}
        return self.program.say(**({"command": "send", "to": ["95550123"], "documents": [document]} | more))

    def test_send_makes_the_mail_that_the_screening_sees(self) -> None:
        self.send(
            to=["9555-0123", "FAX=+1-312-555-3260/T33S=12", "FAX=95550123/cover=yes@[192.0.2.1]"],
            subject="Grüße\nX-Evil: 1",
            sender="ann@example.com",
            text="Dear Bob",
            cover=False,
            wait=False,
        )
        ((message, forward_paths),) = self.taking.messages
        self.assertEqual(
            forward_paths,
            (
                "FAX=9555-0123/cover=no@fax.example.com",
                "FAX=+1-312-555-3260/T33S=12/cover=no@fax.example.com",
                "FAX=95550123/cover=yes@[192.0.2.1]",
            ),
        )
        mail = email.message_from_bytes(message.octets, policy=default)
        self.assertEqual(message.reverse_path, "ann@example.com")
        self.assertEqual(mail["Subject"], "Grüße X-Evil: 1")
        self.assertEqual((mail["Message-ID"], mail["X-Evil"]), ("<1@fax.example.com>", None))
        text, attached = mail.iter_parts()
        self.assertEqual(text.get_content().strip(), "Dear Bob")
        self.assertEqual((attached.get_filename(), attached.get_payload(decode=True)), ("a.txt", b"Hallo"))
        self.assertNotIn(b"\n", message.octets.replace(b"\r\n", b""))

    def test_send_streams_the_progress_and_ends_with_the_outcome(self) -> None:
        (accepted, queued) = self.send()
        self.assertEqual(accepted["progress"]["jobs"], ["j1"])
        self.assertEqual(queued["progress"]["step"], "queued")
        fax = self.world.sending("j1")
        self.world.page(fax, 1)
        self.world.page(fax, 2, last=True)
        self.world.finish(fax)
        *steps, last = self.program.heard()
        self.assertEqual([step["progress"]["step"] for step in steps][-2:], ["confirmed", "ended"])
        self.assertEqual(last["text"], "j1: delivered: Message delivered to remote fax machine")
        self.assertEqual(last["value"]["jobs"][0]["delivered"], True)
        self.assertTrue(self.program.say(command="calls")[0]["ok"])

    def test_send_without_waiting_is_over_at_once(self) -> None:
        _, last = self.send(wait=False)
        self.assertEqual(last["value"]["jobs"], [{"job": "j1", "step": "queued"}])

    def test_a_deferral_ends_the_following(self) -> None:
        self.send()
        self.world.dialling("j1")
        self.world.leg(ProviderKind.TELEPHONY).released(causes.BUSY)
        last = self.program.heard()[-1]
        self.assertEqual(last["value"]["jobs"][0]["step"], "deferred")
        self.assertEqual(last["value"]["jobs"][0]["until"], self.world.clock.seconds() + 180)

    def test_watch_follows_several_jobs_until_the_last_has_ended(self) -> None:
        first, second = self.world.accept(), self.world.accept()
        self.program.say(command="watch", jobs=[first, second, first])
        self.world.finish(self.world.sending(first))
        self.assertNotIn("value", self.program.heard()[-1])
        self.world.finish(self.world.sending(second))
        self.assertEqual([job["job"] for job in self.program.heard()[-1]["value"]["jobs"]], [first, second])

    def test_a_program_that_goes_leaves_no_watch_behind(self) -> None:
        self.send()
        self.program.connection.connectionLost(connectionDone)
        self.assertEqual(self.world.progress._watches, {})
        self.world.finish(self.world.sending("j1"))

    def test_a_program_that_reads_slowly_misses_octets_and_nothing_else(self) -> None:
        self.send()
        fax = self.world.sending("j1")
        self.program.heard()
        assert self.program.transport.producer is not None
        self.program.transport.producer.pauseProducing()
        for octets in range(0, 5000, 10):
            self.world.clock.advance(1)
            fax.indicate(PageProgress(number=1, octets=octets, total=5000))
        self.world.finish(fax)
        self.assertEqual([step["progress"]["step"] for step in self.program.heard()[:-1]], ["ended"])

    def test_refusals_of_send(self) -> None:
        for more, words in (
            ({"to": ["hello"]}, "'hello' is no fax number or address: character 5: 'h' cannot stand in a number"),
            ({"to": ["FAX=1@a b"]}, "'FAX=1@a b' is no fax number or address: not a mailbox"),
            ({"sender": "nobody"}, "'nobody' is no mail address"),
            ({"documents": []}, "There is nothing to fax: give a file or a text."),
            ({"documents": [{"name": "a", "media_type": "text", "content": ""}]}, "media_type"),
            ({"documents": [{"name": "a", "media_type": "text/plain", "content": "?"}]}, "base64"),
        ):
            (answer,) = self.send(**more)
            self.assertFalse(answer["ok"])
            self.assertIn(words, answer["error"])
        self.taking.refused = Failure(causes.NO_DIAL_PEER)
        (answer,) = self.send()
        self.assertEqual((answer["error"], answer["cause"]), (causes.NO_DIAL_PEER.sentence, 115))

    def test_large_requests_are_read_beside_the_reactor_thread(self) -> None:
        waiting: list[tuple[Callable[[], object], Deferred[object]]] = []

        def aside(work: Callable[[], object]) -> Deferred[object]:
            waiting.append((work, Deferred()))
            return waiting[-1][1]

        self.program = Program(gateway(self.world, self.taking, aside))
        content = base64.b64encode(b"%PDF" + bytes(100_000)).decode()
        document = {"name": "a.pdf", "media_type": "application/pdf", "content": content}
        self.assertEqual(self.send(documents=[document], wait=False), [])
        self.program.say(command="calls")
        for _ in range(2):
            work, done = waiting.pop()
            done.callback(work())
        self.assertEqual(["progress" in answer for answer in self.program.heard()], [True, False, False])
        mail = email.message_from_bytes(self.taking.messages[0][0].octets, policy=default)
        (attached,) = mail.iter_attachments()
        self.assertEqual(len(attached.get_payload(decode=True)), 100_004)

    def test_long_ladders_are_drawn_beside_the_reactor_thread(self) -> None:
        aside: list[object] = []

        def beside(work: Callable[[], object]) -> Deferred[object]:
            aside.append(work)
            return maybeDeferred(work)

        self.program = Program(gateway(self.world, self.taking, beside))
        self.world.sending(self.world.accept())
        self.program.say(command="trace", id="C1")
        self.assertEqual(len(aside), 0)
        for number in range(1000):
            line = TraceLine(call_id="C1", at=50.0 + number, outward=True, kind="frame", text="RR")
            self.world.traces.line("C1", line)
        (answer,) = self.program.say(command="trace", id="C1")
        self.assertEqual((len(aside), answer["text"].count(" RR ")), (1, 1000))

    def test_everybody_is_told_when_the_gateway_closes(self) -> None:
        self.send()
        self.factory.close()
        self.assertIn("The gateway is closing down", self.program.heard()[-1]["error"])
        self.assertTrue(self.program.transport.disconnecting)

    @settings(deadline=None, derandomize=True, max_examples=150)
    @given(st.lists(st.binary(max_size=60), max_size=6))
    def test_garbage_harms_nobody(self, pieces: list[bytes]) -> None:
        program = Program(self.factory)
        for piece in pieces:
            for answer in program.say_line(piece):
                self.assertFalse(answer["ok"])
        program.heard()
        self.assertTrue(program.say_line(b'\n{"command": "calls"}\n')[-1]["ok"])
        program.connection.connectionLost(connectionDone)

    json_values = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
        max_leaves=5,
    )
    names = st.sampled_from(["words", "fax", "id", "which", "state", "call", "jobs", "to", "documents", "text"])

    @settings(deadline=None, derandomize=True, max_examples=300)
    @given(st.sampled_from(COMMANDS), st.dictionaries(names, json_values, max_size=3))
    def test_wrong_types_are_refused(self, command: str, arguments: dict[str, object]) -> None:
        program = Program(self.factory)
        answers = program.say(command=command, **arguments)
        self.assertIn("ok", answers[-1])
        program.connection.connectionLost(connectionDone)
        self.assertEqual(self.flushLoggedErrors(), [])


class UnixSocketTests(TestCase):
    """A real socket in the file system."""

    def setUp(self) -> None:
        self.world = World()
        self.factory = gateway(self.world, Taking(self.world))
        # That of a test's own folder would not fit into a socket's address.
        folder = tempfile.mkdtemp(prefix="sandf")
        self.addCleanup(shutil.rmtree, folder)
        self.path = Path(folder) / "run" / "control"

    def service(self) -> ControlService:
        service = ControlService(reactor=IReactorUNIX(reactor), path=self.path, factory=self.factory)
        service.startService()
        self.addCleanup(service.stopService)
        return service

    def ask(self) -> dict[str, Any]:
        with socket.socket(socket.AF_UNIX) as program:
            program.settimeout(10)
            program.connect(str(self.path))
            program.sendall(b'{"command": "status"}\n')
            return dict(json.loads(program.makefile("rb").readline()))

    @inlineCallbacks
    def test_it_answers_and_only_its_owner_may_ask(self) -> Any:
        self.service()
        self.assertEqual(stat.S_IMODE(self.path.stat().st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(self.path.parent.stat().st_mode), 0o700)
        answer = yield threads.deferToThread(self.ask)
        self.assertEqual(answer["value"]["hostname"], "fax.example.com")

    def test_a_socket_that_nobody_answers_on_is_taken_over(self) -> None:
        self.path.parent.mkdir()
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(self.path))
        self.service()
        self.assertTrue(self.path.exists())

    @inlineCallbacks
    def test_a_gateway_that_runs_is_left_alone(self) -> Any:
        self.service()
        error = self.assertRaises(SocketInUse, make_room, self.path)
        self.assertIn("A gateway is running already", str(error))
        answer = yield threads.deferToThread(self.ask)
        self.assertTrue(answer["ok"])

    def test_a_file_in_the_way_is_not_touched(self) -> None:
        self.path.parent.mkdir()
        self.path.write_text("mine")
        self.assertIn("is in the way", str(self.assertRaises(SocketInUse, make_room, self.path)))
        self.assertEqual(self.path.read_text(), "mine")

    def test_a_path_that_is_too_long_is_told(self) -> None:
        service = ControlService(
            reactor=IReactorUNIX(reactor), path=self.path.with_name("x" * 120), factory=self.factory
        )
        self.assertIn("too long", str(self.assertRaises(SocketInUse, service.startService)))

    @inlineCallbacks
    def test_it_is_gone_after_the_stop(self) -> Any:
        service = ControlService(reactor=IReactorUNIX(reactor), path=self.path, factory=self.factory)
        service.startService()
        yield service.stopService()
        self.assertFalse(self.path.exists())
