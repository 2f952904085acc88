"""The manhole: its prompt without a network, and all of it with the OpenSSH client where that is installed."""

from __future__ import annotations

import shutil
import stat
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from twisted.internet import reactor, threads
from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.endpoints import serverFromString
from twisted.internet.interfaces import IReactorTime
from twisted.logger import ILogObserver, LogEvent, globalLogPublisher
from twisted.trial.unittest import SkipTest, SynchronousTestCase, TestCase
from zope.interface import implementer

from sandf import causes
from sandf.callcontrol.primitives import RemoteIdentified
from sandf.oam.commands import namespace
from sandf.oam.interpreter import Script
from sandf.oam.keys import AuthorizedKeys, HostKeyError, host_key, sha256_fingerprint
from sandf.oam.manhole import ManholeService

from .world import World


class ScriptTests(SynchronousTestCase):
    """Lines and what they print."""

    def setUp(self) -> None:
        self.world = World()
        self.printed = b""
        self.endings: list[bool] = []
        self.script = Script(namespace(self.world.inspection), self.write, self.endings.append)

    def write(self, octets: bytes) -> None:
        self.printed += octets

    def run_lines(self, *lines: str) -> str:
        for line in lines:
            self.script.receive(line.encode() + b"\n")
        return self.printed.decode()

    def test_results_are_text_and_not_its_repr(self) -> None:
        self.assertEqual(self.run_lines("calls()"), "No calls.\n")

    def test_a_wrong_id_is_a_sentence(self) -> None:
        self.assertEqual(self.run_lines('hangup("C9")'), "There is no live call C9. See: sandf show calls\n")
        self.script.end()
        self.assertEqual(self.endings, [False])

    def test_a_wrong_number_of_arguments_is_a_sentence(self) -> None:
        self.assertEqual(self.run_lines("trace()"), 'Write: trace("ID")\n')

    def test_every_command(self) -> None:
        self.world.page(self.world.sending(self.world.accept()), 1)
        for line, words in (
            ('show("call active fax brief")', "pid:4 Originate"),
            ('show("call", "active", "fax")', "MMOIP:"),
            ("show()", "Say what to show."),
            ('trace("C1")', "<------------ DIS"),
            ("jobs()", "running"),
            ('jobs("failed")', "No job is failed."),
            ("dialpeers(4)", "destination_pattern = 9......."),
            ("dialpeers()", "dial-peer voice 1 pots"),
            ("status()", "fax.example.com takes calls"),
            ("reload()", "Nothing has changed."),
            ('release("f1")', "f1 is open, not withheld."),
            ("help", 'hangup("CALL")'),
            ("help()", "Ctrl-D leaves"),
            ("calls", "calls()    see the live calls"),
            ('hangup("C1")', "Call C1 is asked to end."),
            ("calls()", "No calls."),
        ):
            self.printed = b""
            self.assertIn(words, self.run_lines(line), line)

    def test_lines_wait_for_the_results_before_them(self) -> None:
        self.world.sent_fax()
        waiting: Deferred[str] = Deferred()
        self.script = Script({"waiting": waiting}, self.write, self.endings.append)
        self.run_lines("waiting", "1 + 1")
        self.script.end()
        self.assertEqual((self.printed, self.endings), (b"", []))
        waiting.callback("fired")
        self.assertEqual((self.printed, self.endings), (b"'fired'\n2\n", [True]))

    def test_it_is_python(self) -> None:
        self.run_lines("for number in (1, 2):", "    print('number', number)", "", "x = 5", "x")
        self.assertEqual(self.printed, b"number 1\nnumber 2\n5\n")

    def test_a_block_that_is_open_at_the_end_is_run(self) -> None:
        self.script.receive(b"for number in (1, 2):\n    print(number)")
        self.script.end()
        self.assertEqual((self.printed, self.endings), (b"1\n2\n", [True]))

    def test_faults_are_shown_and_end_in_failure(self) -> None:
        self.assertIn("ZeroDivisionError", self.run_lines("1/0"))
        self.assertIn("SyntaxError", self.run_lines("=1"))
        self.run_lines("2")
        self.script.end()
        self.assertEqual(self.endings, [False])

    def test_a_line_that_is_not_finished_is_said_and_ends_in_failure(self) -> None:
        for line in (b"calls(", b'show("call', b"if True:", b"x = [1,\n2"):
            self.printed, endings = b"", list[bool]()
            script = Script(namespace(self.world.inspection), self.write, endings.append)
            script.receive(line)
            script.end()
            self.assertEqual(endings, [False], line)
            self.assertTrue(self.printed, line)
        self.assertIn(b"The last line is not finished", self.printed)

    def test_octets_that_are_no_text(self) -> None:
        self.script.receive(b"\xff\xfe\n")
        self.script.end()
        self.assertEqual(self.endings, [False])

    def test_words_of_the_line_cannot_act_on_the_terminal(self) -> None:
        fax = self.world.sending(self.world.accept())
        fax.indicate(RemoteIdentified(ident="\x1b[2J"))
        self.assertNotIn("\x1b", self.run_lines("calls()", "'\x1b[2J'"))
        self.world.finish(fax, causes.CARRIER_LOST)


class KeyTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = Path(self.mktemp())

    def test_the_host_key_is_made_once_for_its_owner_alone(self) -> None:
        path = self.folder / "host_key"
        made = host_key(path)
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
        self.assertEqual(made.sshType(), b"ssh-ed25519")
        self.assertEqual(host_key(path).fingerprint(), made.fingerprint())

    def test_its_fingerprint_is_that_which_ssh_shows(self) -> None:
        if shutil.which("ssh-keygen") is None:
            raise SkipTest("ssh-keygen is not installed (apt-get install openssh-client)")
        key = host_key(self.folder / "host_key")
        command = ["ssh-keygen", "-l", "-f", str(self.folder / "host_key")]
        shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        self.assertIn(f" {sha256_fingerprint(key)} ", shown)

    def test_a_damaged_host_key_is_told(self) -> None:
        self.folder.mkdir()
        path = self.folder / "host_key"
        path.write_bytes(b"nonsense")
        self.assertIn("Remove it, and a new one is made", str(self.assertRaises(HostKeyError, host_key, path)))
        path.unlink()
        self.folder.chmod(0o700)
        self.assertRaises(HostKeyError, host_key, self.folder)

    def test_authorized_keys_are_read_line_by_line(self) -> None:
        self.folder.mkdir()
        key = host_key(self.folder / "key").public().toString("openssh")
        path = self.folder / "authorized_keys"
        path.write_bytes(b'# mine\n\nnonsense\nfrom="192.0.2.1" ' + key + b"\n" + key + b" ann@example.com\n")
        self.assertEqual([found.sshType() for found in AuthorizedKeys(path).read()], [b"ssh-ed25519"])
        self.assertEqual(AuthorizedKeys(self.folder / "none").read(), [])


@implementer(ILogObserver)
class Advice:
    """Keeps what the log says to who has no key."""

    def __init__(self, said: list[str]) -> None:
        self.said = said

    def __call__(self, event: LogEvent) -> None:
        if str(event.get("log_format", "")).startswith("manhole: nobody"):
            self.said.append(str(event["advice"]))


class OpenSshTests(TestCase):
    """The client that people use."""

    timeout = 60

    def setUp(self) -> None:
        if shutil.which("ssh") is None or shutil.which("ssh-keygen") is None:
            raise SkipTest("ssh and ssh-keygen are not installed (apt-get install openssh-client)")
        self.world = World()
        self.folder = Path(tempfile.mkdtemp(prefix="sandf"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.said: list[str] = []

    def open(self, *, with_keys: bool = True) -> Deferred[None]:
        keygen = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.folder / "id")]
        subprocess.run(keygen, check=True)
        keys = self.folder / "authorized_keys"
        if with_keys:
            keys.write_bytes((self.folder / "id.pub").read_bytes())

        observer = Advice(self.said)
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)
        self.service = ManholeService(
            inspection=self.world.inspection,
            endpoints=[serverFromString(reactor, "tcp:0:interface=127.0.0.1")],
            host_key_path=self.folder / "host_key",
            authorized_keys_path=keys,
            clock=IReactorTime(reactor),
        )
        self.service.startService()
        self.addCleanup(self.service.stopService)
        assert self.service.listening is not None
        return self.service.listening

    def ssh(self, *words: str, typed: str = "") -> Deferred[subprocess.CompletedProcess[str]]:
        (address,) = self.service.addresses
        options = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR", "IdentitiesOnly=yes"]
        command = ["ssh", "-F", "none", "-p", str(getattr(address, "port", 0)), "-i", str(self.folder / "id")]
        command += [word for option in (*options, "BatchMode=yes") for word in ("-o", option)]

        def run() -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                [*command, *words], input=typed, capture_output=True, text=True, timeout=30, check=False
            )

        return threads.deferToThread(run)

    @inlineCallbacks
    def test_commands_scripts_and_their_exit_status(self) -> Any:
        yield self.open()
        self.world.page(self.world.sending(self.world.accept()), 1)
        done = yield self.ssh("127.0.0.1", "calls()")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("C1    offramp      page 2", done.stdout)
        done = yield self.ssh("127.0.0.1", typed='calls()\nshow("call active fax brief")\n')
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("C1    offramp", done.stdout)
        self.assertIn("tx:1/30000 rx:0/0", done.stdout)
        done = yield self.ssh("127.0.0.1", 'hangup("C9")')
        self.assertEqual((done.returncode, done.stdout), (1, "There is no live call C9. See: sandf show calls\n"))

    @inlineCallbacks
    def test_a_terminal(self) -> Any:
        yield self.open()
        done = yield self.ssh("-tt", "127.0.0.1", typed="calls()\r\x04")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("sandf. help() lists the commands.", done.stdout)
        self.assertIn("No calls.", done.stdout)

    @inlineCallbacks
    def test_without_authorized_keys_nobody_enters_until_there_are_some(self) -> Any:
        yield self.open(with_keys=False)
        self.assertIn("has no key that may enter. Make one with: ssh-keygen", self.said[0])
        done = yield self.ssh("127.0.0.1", "calls()")
        self.assertEqual(done.returncode, 255)
        self.assertIn("Permission denied", done.stderr)
        (self.folder / "authorized_keys").write_bytes((self.folder / "id.pub").read_bytes())
        done = yield self.ssh("127.0.0.1", "calls()")
        self.assertEqual((done.returncode, done.stdout), (0, "No calls.\n"))
