"""The ``sandf`` command: what it prints, and how it exits, beside a gateway that answers as the test says."""

from __future__ import annotations

import base64
import io
import json
import tempfile
from pathlib import Path
from typing import Any
from unittest import mock

from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from twisted.trial.unittest import SynchronousTestCase

from sandf import __version__
from sandf.cli import client, commands, main
from sandf.cli.documents import describe, media_type_of
from sandf.cli.following import Bars, Recipients
from sandf.cli.terminal import with_config
from sandf.passwords import read_lines

from .gateways import FakeGateway

ACCEPTED = {"step": "accepted", "jobs": ["j1"], "to": ["FAX=5550001/cover=no@localhost"]}
STEPS: list[dict[str, Any]] = [
    {"job": "j1", "step": "queued", "text": "queued"},
    {"job": "j1", "step": "ready", "text": "the first page is ready, 2 pages altogether", "pages": 2},
    {"job": "j1", "step": "dialling", "text": "dialling 5550001 by port exchange"},
    {"job": "j1", "step": "identified", "text": "the far end is \x1b[2J"},
    {"job": "j1", "step": "sending", "text": "page 1 of 2", "page": 1, "octets": 500, "total": 1000},
    {"job": "j1", "step": "confirmed", "text": "page 1 of 2 confirmed", "page": 1},
]
DELIVERED = {
    "job": "j1",
    "step": "ended",
    "text": "delivered: Message delivered to remote fax machine",
    "pages": 2,
    "delivered": True,
    "cause": 0,
    "sentence": "Message delivered to remote fax machine",
}
BUSY = {
    "job": "j1",
    "step": "deferred",
    "text": "deferred: ...",
    "until": 1_000_000_000.0,
    "delivered": False,
    "cause": 102,
    "sentence": "The number was busy. Try again later.",
}
FAILED = {
    "job": "j1",
    "step": "ended",
    "text": "failed: ...",
    "delivered": False,
    "cause": 100,
    "sentence": "This number is not in service. Check the number.",
}


def answer(text: str, **value: object) -> list[object]:
    return [{"ok": True, "value": value, "text": text}]


class CommandTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.gateway = FakeGateway()
        self.addCleanup(self.gateway.close)
        self.folder = self.gateway.folder

    def run_sandf(self, *words: str, typed: bytes = b"") -> Result:
        return CliRunner().invoke(main, ["--config", str(self.gateway.config), *words], input=typed)

    def file(self, name: str, octets: bytes) -> str:
        path = self.folder / name
        path.write_bytes(octets)
        return str(path)

    # Questions and orders.

    def test_each_command_asks_and_prints_the_text_or_the_value(self) -> None:
        for words, request in (
            (("status",), {"command": "status"}),
            (("show", "call", "act", "fax"), {"command": "show", "words": "call act fax"}),
            (("trace", "j1"), {"command": "trace", "id": "j1"}),
            (("release", "f1"), {"command": "release", "fax": "f1"}),
            (("hangup", "C1"), {"command": "hangup", "call": "C1"}),
            (("reload",), {"command": "reload"}),
        ):
            self.gateway.answers[words[0]] = answer("said \x1b[2J", shows="it", ident="\x1b[2J")
            done = self.run_sandf(*words)
            self.assertEqual((done.exit_code, done.output), (0, "said \ufffd[2J\n"))
            self.assertEqual(self.gateway.asked[-1], request)
            done = self.run_sandf(*words, "--json")
            self.assertEqual(json.loads(done.output), {"shows": "it", "ident": "\x1b[2J"})
            self.assertNotIn("\x1b", done.output)

    def test_the_packets_of_a_call_go_to_a_file(self) -> None:
        self.gateway.answers["capture"] = answer(
            "", call="C1", octets=base64.b64encode(b"pcap").decode(), decode_as=["udp.port==7,t38"]
        )
        file = self.folder / "call.pcap"
        done = self.run_sandf("trace", "j1", "--pcap", str(file))
        self.assertEqual(done.exit_code, 0, done.output)
        self.assertIn(f"tshark -r {file} -d udp.port==7,t38", done.output)
        self.assertEqual(file.read_bytes(), b"pcap")
        self.assertEqual(self.gateway.asked[-1], {"command": "capture", "id": "j1"})
        done = self.run_sandf("trace", "j1", "--json", "--pcap", str(file))
        self.assertEqual(
            json.loads(done.output), {"call": "C1", "file": str(file), "size": 4, "decode_as": ["udp.port==7,t38"]}
        )
        self.assertEqual(self.run_sandf("trace", "j1", "--pcap", "-").stdout_bytes, b"pcap")

    def test_what_is_refused_is_a_sentence(self) -> None:
        self.gateway.answers["hangup"] = [{"ok": False, "error": "There is no live call C9."}]
        done = self.run_sandf("hangup", "C9")
        self.assertEqual((done.exit_code, done.output), (1, "sandf: There is no live call C9.\n"))
        done = self.run_sandf("hangup", "C9", "--json")
        self.assertEqual(json.loads(done.output)["error"], "There is no live call C9.")

    def test_what_cannot_be_shown_is_a_matter_of_usage(self) -> None:
        done = self.run_sandf("show", "running-config")
        self.assertEqual(done.exit_code, 2)
        self.assertIn("show call history fax [brief] [last N]", done.output)
        self.assertEqual(self.gateway.asked, [])

    def test_without_a_gateway_it_says_how_to_start_one(self) -> None:
        config = self.folder / "other.toml"
        config.write_text(f'[control]\nsocket = "{self.folder}/none"\n')
        done = CliRunner().invoke(main, ["--config", str(config), "status"])
        self.assertEqual(done.exit_code, 1)
        self.assertRegex(done.output, r"^sandf: No gateway answers on .*/none. Start one with: twistd -n sandf")

    def test_without_a_configuration_it_is_the_gateway_of_this_folder(self) -> None:
        with tempfile.TemporaryDirectory() as folder, mock.patch.object(client, "_connected") as connected:
            connected.side_effect = client.GatewayError("not there")
            CliRunner().invoke(main, ["status"], env={"PWD": folder})
        self.assertEqual(connected.call_args.args, (Path("var/control"),))

    def test_a_gateway_that_hangs_up_or_talks_nonsense(self) -> None:
        self.assertIn("The gateway has stopped.", self.run_sandf("status").output)
        self.gateway.answers["status"] = [b"220 mail.example.com ESMTP\n"]
        self.assertIn("is no sandf gateway", self.run_sandf("status").output)
        self.gateway.answers["status"] = [b"[]\n"]
        self.assertIn("is no sandf gateway", self.run_sandf("status").output)

    def test_a_gateway_that_falls_silent(self) -> None:
        self.patch(client, "ANSWER_SECONDS", 0.05)
        self.gateway.answers["status"] = [b" "]
        self.assertIn("does not answer", self.run_sandf("status").output)

    def test_a_configuration_with_errors_is_named(self) -> None:
        self.gateway.config.write_text("[log]\nlevel = 1\n")
        done = self.run_sandf("status")
        self.assertEqual(done.exit_code, 1)
        self.assertIn("has 1 errors. See: sandf check-config", done.output)

    def test_hints_repeat_the_configuration_and_nothing_else_does(self) -> None:
        self.gateway.answers["hangup"] = [{"ok": False, "error": "There is no call C9. See: sandf show calls"}]
        done = self.run_sandf("hangup", "C9")
        self.assertEqual(
            done.output, f"sandf: There is no call C9. See: sandf --config {self.gateway.config} show calls\n"
        )
        self.gateway.answers["status"] = answer("Withheld  1, see: sandf show faxes withheld\nVersion  sandf 0.1")
        done = self.run_sandf("status")
        self.assertEqual(
            done.output,
            f"Withheld  1, see: sandf --config {self.gateway.config} show faxes withheld\nVersion  sandf 0.1\n",
        )
        self.assertEqual(with_config("See: sandf show jobs", None), "See: sandf show jobs")
        self.assertEqual(with_config("See: sandf trace j1", Path("a b")), "See: sandf --config 'a b' trace j1")

    def test_names_that_are_empty_or_endless_are_a_matter_of_usage(self) -> None:
        file = self.file("a.txt", b"x")
        for words in (
            ("send", file, "--to", ""),
            ("send", file, "--to", "5550001", "--to", " "),
            ("send", file, "--to", "5" * 201),
            ("trace", ""),
            ("release", ""),
            ("hangup", " "),
            ("watch", ""),
        ):
            done = self.run_sandf(*words)
            self.assertEqual(done.exit_code, 2, words)
            self.assertRegex(done.output, r"It is empty\.|It has more than 200 characters\.")
        self.assertEqual(self.gateway.asked, [])

    def test_usage(self) -> None:
        for words in ((), ("hello",), ("send",), ("send", "--to", "1"), ("check-config",), ("show",)):
            self.assertEqual(self.run_sandf(*words).exit_code, 2, words)
        self.assertEqual(CliRunner().invoke(main, ["--version"]).output, f"sandf {__version__}\n")
        self.assertIn("show dial-peer voice [TAG | summary]", CliRunner().invoke(main, ["show", "--help"]).output)

    # check-config.

    def test_check_config_says_every_problem_with_its_line(self) -> None:
        file = self.file("bad.toml", b'[log]\nlevel = "loud"\n\n[gateway]\nhostnam = "x"\n')
        done = CliRunner().invoke(main, ["check-config", file])
        self.assertEqual(done.exit_code, 1)
        lines = done.output.splitlines()
        self.assertTrue(lines[0].startswith(f'{file}:2: error: log.level: "loud": '), lines)
        self.assertTrue(lines[1].startswith(f"{file}:4: warning: gateway.hostname: "), lines)
        self.assertTrue(lines[2].startswith(f"{file}:5: error: gateway.hostnam: "), lines)
        self.assertEqual(lines[-1], f"{file}: cannot be used, 2 errors, 1 warning")
        value = json.loads(CliRunner().invoke(main, ["check-config", file, "--json"]).output)
        self.assertEqual([problem["line"] for problem in value["problems"]], [2, 4, 5])
        self.assertEqual((value["ok"], value["problems"][0]["key"]), (False, "log.level"))

    def test_check_config_of_a_good_file(self) -> None:
        file = self.file("good.toml", b'[gateway]\nhostname = "fax.example.com"\n')
        done = CliRunner().invoke(main, ["check-config", file])
        self.assertEqual(done.exit_code, 0)
        self.assertTrue(done.output.splitlines()[-1].startswith(f"{file}: good"), done.output)

    def test_check_config_looks_into_the_files_that_are_named(self) -> None:
        file = self.file("tls.toml", b"[smtp.server]\ntls_certificate = '/none/c.pem'\ntls_key = '/none/k.pem'\n")
        done = CliRunner().invoke(main, ["check-config", file])
        self.assertEqual(done.exit_code, 1)
        self.assertIn(
            f'{file}:2: error: smtp.server.tls_certificate: "/none/c.pem": there is no such file', done.output
        )
        self.assertIn(f'{file}:3: error: smtp.server.tls_key: "/none/k.pem": there is no such file', done.output)

    # password.

    def test_password_makes_a_line_that_lets_its_user_in(self) -> None:
        done = CliRunner().invoke(main, ["password", "ann"], input="sécret\n")
        self.assertEqual(done.exit_code, 0)
        ((_, user),) = read_lines(done.output)
        assert user is not None
        self.assertEqual((user[0], user[1].matches("sécret".encode())), ("ann", True))
        self.assertNotEqual(done.output, CliRunner().invoke(main, ["password", "ann"], input="sécret\n").output)

    def test_password_is_asked_for_twice_on_a_terminal(self) -> None:
        with mock.patch("sandf.cli.terminal._is_typed", return_value=True):
            done = CliRunner().invoke(main, ["password", "ann"], input="one\ntwo\nsecret\nsecret\n")
        self.assertEqual(done.exit_code, 0, done.output)
        self.assertNotIn("secret", done.output)
        ((_, user),) = read_lines(done.stdout)
        assert user is not None
        self.assertTrue(user[1].matches(b"secret"))

    def test_password_refuses_names_and_passwords_that_cannot_be(self) -> None:
        for name, typed in (("a:b", "x\n"), ("ann", "\n"), ("ann", "")):
            done = CliRunner().invoke(main, ["password", name], input=typed)
            self.assertEqual((done.exit_code, done.stdout), (2, ""))

    # send.

    def sends(self, last: dict[str, Any], *words: str, typed: bytes = b"") -> Result:
        progress = [{"ok": True, "progress": step} for step in (ACCEPTED, *STEPS)]
        self.gateway.answers["send"] = [*progress, {"ok": True, "value": {"jobs": [last]}, "text": "x"}]
        return self.run_sandf("send", *words, typed=typed)

    def test_send_follows_the_pages_and_ends_with_a_sentence(self) -> None:
        file = self.file("a.pdf", b"%PDF-1.7")
        done = self.sends(DELIVERED, file, "--to", "5550001", "--from", "ann@example.com", "--no-cover")
        self.assertEqual(
            (done.exit_code, done.output.splitlines()),
            (
                0,
                [
                    "accepted as j1",
                    "5550001: queued",
                    "5550001: the first page is ready, 2 pages altogether",
                    "5550001: dialling 5550001 by port exchange",
                    "5550001: the far end is \ufffd[2J",
                    "5550001: page 1 of 2 confirmed",
                    "5550001 (j1): delivered. 2 pages.",
                ],
            ),
        )
        self.assertEqual(
            self.gateway.asked,
            [
                {
                    "command": "send",
                    "to": ["5550001"],
                    "documents": [
                        {
                            "name": "a.pdf",
                            "media_type": "application/pdf",
                            "charset": "",
                            "content": base64.b64encode(b"%PDF-1.7").decode(),
                        }
                    ],
                    "sender": "ann@example.com",
                    "subject": "",
                    "text": "",
                    "cover": False,
                    "wait": True,
                }
            ],
        )

    def test_send_that_is_put_off_or_fails_says_which(self) -> None:
        done = self.sends(BUSY, "--text", "hello", "--to", "5550001")
        self.assertEqual(done.exit_code, 1)
        self.assertRegex(
            done.output.splitlines()[-1],
            r"^5550001 \(j1\): deferred, not delivered yet. The number was busy. Try again later. "
            r"The gateway tries again at \d\d:\d\d:\d\d by itself; see: sandf --config \S+/sandf.toml show job j1$",
        )
        done = self.sends(FAILED, "--text", "hello", "--to", "5550001")
        self.assertEqual(done.exit_code, 1)
        self.assertEqual(
            done.output.splitlines()[-1],
            "5550001 (j1): failed. This number is not in service. Check the number. "
            f"What happened: sandf --config {self.gateway.config} trace j1",
        )

    def test_send_as_json_is_one_value(self) -> None:
        done = self.sends(DELIVERED, "--text", "hello", "--to", "5550001", "--json")
        self.assertEqual(json.loads(done.output), {"jobs": [DELIVERED]})

    def test_send_without_waiting(self) -> None:
        done = self.sends({"job": "j1", "step": "queued"}, "--text", "hello", "--to", "5550001", "--no-wait")
        self.assertEqual(done.exit_code, 0)
        hint = f"sandf --config {self.gateway.config} show job j1"
        self.assertEqual(done.output.splitlines()[-1], f"5550001 (j1): queued. See: {hint}")
        self.assertFalse(self.gateway.asked[0]["wait"])

    def test_send_takes_standard_input(self) -> None:
        self.sends(DELIVERED, "-", "--to", "5550001", typed="Grüße".encode())
        (document,) = self.gateway.asked[0]["documents"]
        self.assertEqual((document["media_type"], document["charset"]), ("text/plain", "utf-8"))
        self.assertEqual(base64.b64decode(document["content"]).decode(), "Grüße")

    def test_send_refuses_what_is_too_large_before_it_speaks(self) -> None:
        self.patch(commands, "LARGEST", 10)
        done = self.sends(DELIVERED, self.file("a.txt", b"x" * 11), "--to", "5550001")
        self.assertEqual((done.exit_code, self.gateway.asked), (1, []))

    def test_the_gateway_may_stop_in_the_middle(self) -> None:
        self.gateway.answers["send"] = [{"ok": True, "progress": ACCEPTED}, b"\n"]
        done = self.run_sandf("send", "--text", "hello", "--to", "5550001")
        self.assertEqual(done.exit_code, 1)

    def test_watch(self) -> None:
        self.gateway.answers["watch"] = [{"ok": True, "value": {"jobs": [DELIVERED]}, "text": "x"}]
        done = self.run_sandf("watch", "j1")
        self.assertEqual((done.exit_code, done.output), (0, "j1: delivered. 2 pages.\n"))


class BarTests(SynchronousTestCase):
    def test_the_bar_follows_the_pages(self) -> None:
        out = io.StringIO()
        recipients = Recipients()
        bars = Bars(recipients, Console(file=out, width=100, force_terminal=True))
        with bars:
            for step in (ACCEPTED, *STEPS[:-1]):
                bars.told(step)
            (task,) = bars._progress.tasks
            self.assertEqual((task.completed, task.total, task.fields["to"]), (0.5, 2, "5550001"))
            bars.told(STEPS[-1])
            self.assertEqual(task.completed, 1)
            bars.told({"job": "j1", "step": "sending", "text": "page 2 of 2", "page": 2, "octets": 250, "total": 1000})
            self.assertEqual(task.completed, 1.25)
            bars.told({"job": "j1", "step": "confirmed", "text": "page 2 of 2 confirmed", "page": 2})
            bars.told(DELIVERED)
        self.assertEqual((task.completed, task.finished), (2, True))
        self.assertIn("5550001", out.getvalue())
        self.assertNotIn("\x1b[2J", out.getvalue())

    def test_a_note_about_the_document_stays_above_the_bar(self) -> None:
        out = io.StringIO()
        bars = Bars(Recipients(), Console(file=out, width=100, force_terminal=True))
        with bars:
            bars.told(STEPS[0])
            bars.told({"job": "j1", "step": "note", "text": "No font has these [b]\x1b[2J: \u6f22"})
        (task,) = bars._progress.tasks
        self.assertEqual(task.fields["text"], "queued")
        self.assertIn("j1: No font has these [b]\ufffd[2J: \u6f22", out.getvalue())

    def test_a_fax_that_never_began_leaves_an_empty_bar(self) -> None:
        out = io.StringIO()
        bars = Bars(Recipients(), Console(file=out, width=100, force_terminal=True))
        with bars:
            bars.told(STEPS[0])
            bars.told(BUSY)
        (task,) = bars._progress.tasks
        self.assertEqual((task.completed, task.total, task.fields["text"]), (0, 1, "deferred"))


class DocumentTests(SynchronousTestCase):
    def test_media_types(self) -> None:
        for name, octets, expected in (
            ("a.pdf", b"%PDF-1.4", ("application/pdf", "")),
            ("scan", b"II*\x00rest", ("image/tiff", "")),
            ("scan.bin", b"MM\x00*rest", ("image/tiff", "")),
            ("a.txt", "Grüße".encode("latin-1"), ("text/plain", "iso-8859-1")),
            ("README.rst", b"sandf", ("text/plain", "utf-8")),
            ("Makefile", b"all:", ("text/plain", "utf-8")),
            ("a.html", b"<p>", ("text/html", "")),
            ("a.unknown", b"\x00\x01", ("application/octet-stream", "")),
        ):
            self.assertEqual(media_type_of(name, octets), expected, name)

    @settings(deadline=None, derandomize=True, max_examples=100)
    @given(st.text(max_size=20), st.binary(max_size=50))
    def test_any_file_can_be_described(self, name: str, octets: bytes) -> None:
        document = describe(name, octets)
        self.assertEqual(base64.b64decode(document["content"]), octets)
        self.assertRegex(document["media_type"], r"^[a-z0-9.+-]+/[a-z0-9.+-]+$")
        self.assertTrue(document["name"])
