"""The configuration: what a file may say, and that every mistake in it is named at once."""

from __future__ import annotations

import re
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from sandf.causes import Retry as RetryRow
from sandf.config import (
    Configuration,
    ConfigurationError,
    Endpoint,
    HostPort,
    MmoipDialPeer,
    Network,
    PotsDialPeer,
    Problem,
    Settings,
    Severity,
    SipPort,
    StoreUrl,
    VirtualPort,
    embedded,
    load,
    merged,
    reloadable,
)
from sandf.config.embedded import EMBEDDED
from sandf.config.settings import DialPeer
from sandf.dialpeer import Dsn, ForwardDigits, ImageEncoding, MmoipPeer, PotsPeer, Side, Usage
from sandf.passwords import password_line

PROFILE = settings(deadline=None, derandomize=True, max_examples=150)
EXAMPLE = Path(__file__).parent.parent / "etc" / "sandf.toml"

CONTRACT = """
[gateway]
hostname = "fax.example.com"
[store]
url = "sqlite:///var/lib/sandf/sandf.db"
[smtp.server]
listen = ["tcp:25"]
aliases = ["fax.example.com", "[192.0.2.1]"]
[smtp.client]
servers = ["mail.example.com:25"]
[[ports]]
name = "lab"
type = "virtual"
speed = 50
[[dial_peer]]
tag = 1
type = "pots"
incoming_called_number = "57108.."
application = "onramp"
direct_inward_dial = true
port = "lab"
[[dial_peer]]
tag = 2
type = "mmoip"
destination_pattern = "57108.."
session_target = "mailto:$d$@mail.example.com"
image_encoding = "mmr"
image_resolution = "fine"
dsn = ["success", "failure"]
mdn = true
[[dial_peer]]
tag = 3
type = "mmoip"
incoming_called_number = "."
application = "offramp"
information_type = "fax"
[[dial_peer]]
tag = 4
type = "pots"
destination_pattern = "9......."
port = "lab"
digit_strip = true
prefix = "9"
"""


def problems(text: str) -> tuple[Problem, ...]:
    """All problems of *text*, warnings too."""
    try:
        return load(text).warnings
    except ConfigurationError as error:
        return error.problems


def errors(text: str) -> dict[str, Problem]:
    """The errors of *text* by key path."""
    return {problem.key_path: problem for problem in problems(text) if problem.severity is Severity.ERROR}


def warnings(text: str) -> dict[str, Problem]:
    found = load(text).warnings
    assert all(problem.severity is Severity.WARNING for problem in found)
    return {problem.key_path: problem for problem in found}


class ContractTests(SynchronousTestCase):
    """The example of the outside contract."""

    def setUp(self) -> None:
        self.configuration = load(CONTRACT)

    def test_sections(self) -> None:
        configuration = self.configuration
        self.assertEqual(
            [(problem.key_path, problem.value) for problem in configuration.warnings],
            [("dial_peer[1].image_encoding", '"mmr"'), ("dial_peer[1].image_resolution", '"fine"')],
        )
        self.assertEqual(configuration.gateway.hostname, "fax.example.com")
        self.assertEqual(configuration.store.url.path, Path("/var/lib/sandf/sandf.db"))
        self.assertEqual(configuration.smtp.server.listen, (Endpoint("tcp:25"),))
        self.assertEqual(configuration.aliases, ("fax.example.com", "[192.0.2.1]"))
        self.assertEqual(configuration.smtp.client.servers, (HostPort("mail.example.com", 25),))
        self.assertEqual(configuration.ports, (VirtualPort(name="lab", speed=50.0),))
        self.assertEqual(configuration.control_path, Path("/var/lib/sandf/control"))
        self.assertEqual(configuration.postmaster, "postmaster@fax.example.com")

    def test_dial_plan(self) -> None:
        plan = self.configuration.dial_plan
        inbound = plan.inbound_peer(Side.TELEPHONE, called="5710812", calling="", port="lab")
        self.assertEqual((inbound.tag, inbound.application, inbound.direct_inward_dial), (1, "onramp", True))
        (mail,) = plan.outbound_peers(Side.MAIL, "5710812", usage=Usage(), draw=lambda: 0.5, last_used={})
        assert mail.peer.session_target is not None
        address = mail.peer.session_target.expand(called="5710812", domain="fax.example.com")
        self.assertEqual(address, "5710812@mail.example.com")
        self.assertEqual(mail.peer.image_encoding, ImageEncoding.MMR)
        self.assertEqual(mail.peer.dsn, {Dsn.SUCCESS, Dsn.FAILURE})
        (fax,) = plan.outbound_peers(Side.TELEPHONE, "95558354", usage=Usage(), draw=lambda: 0.5, last_used={})
        self.assertEqual(fax.digits, "95558354")

    def test_settings_are_values(self) -> None:
        self.assertRaises(AttributeError, setattr, self.configuration.gateway, "hostname", "x")
        self.assertEqual(load(CONTRACT), self.configuration)

    def test_dial_peers_know_the_words_of_the_dial_plan(self) -> None:
        for struct, peer in ((PotsDialPeer, PotsPeer), (MmoipDialPeer, MmoipPeer)):
            self.assertEqual(set(struct.__struct_fields__), {field.name for field in fields(peer)})
            made = peer(tag=1)
            for field in msgspec.structs.fields(struct):
                if field.name != "tag":
                    self.assertEqual(field.default, getattr(made, field.name), field.name)

    def test_every_retry_row_of_a_call_has_a_rule(self) -> None:
        without = {row for row in RetryRow if self.configuration.retry.rule(row) is None}
        self.assertEqual(without, {RetryRow.NEVER, RetryRow.AT_ONCE, RetryRow.CAPACITY, RetryRow.MAIL})
        busy = self.configuration.retry.rule(RetryRow.BUSY)
        self.assertEqual(busy and (busy.wait, busy.attempts), (180.0, 12))

    def test_a_retry_rule_may_be_changed_in_part(self) -> None:
        rule = load(CONTRACT + "[retry.no_answer]\nwait = 5").retry.no_answer
        self.assertEqual((rule.wait, rule.attempts), (5.0, 3))

    def test_forward_digits(self) -> None:
        for written, expected in (("7", 7), ('"all"', ForwardDigits.ALL), ('"extra"', ForwardDigits.EXTRA)):
            configuration = load(CONTRACT + f"forward_digits = {written}")
            peer = configuration.dial_plan.peer(4)
            self.assertEqual(isinstance(peer, PotsPeer) and peer.forward_digits, expected)


class MistakeTests(SynchronousTestCase):
    """Mistakes: each is named with its key, its value, its line and what is allowed."""

    def one(self, text: str, key_path: str, value: str, *words: str) -> None:
        found = errors(text)
        self.assertEqual(list(found), [key_path], str([str(problem) for problem in found.values()]))
        self.assertEqual(found[key_path].value, value)
        for word in words:
            self.assertIn(word, found[key_path].message)

    def test_all_are_found_in_the_order_of_the_file(self) -> None:
        text = """dial_peer_hunt = 9
[gateway]
hostnme = "x"
[smtp.server]
listen = ["tcp:25", "tcp:99999", "spam"]
maximum_size = "big"
[[ports]]
name = "a"
type = "modem"
[[dial_peer]]
tag = 1
type = "pots"
port = "b"
destination_pattern = "5["
[t30]
rtp_share = 2.0
"""
        found = [(p.key_path, p.line) for p in problems(text) if p.severity is Severity.ERROR]
        self.assertEqual(
            found,
            [
                ("dial_peer_hunt", 1),
                ("gateway.hostnme", 3),
                ("smtp.server.listen[1]", 5),
                ("smtp.server.listen[2]", 5),
                ("smtp.server.maximum_size", 6),
                ("ports[0].type", 9),
                ("dial_peer[0].port", 13),
                ("dial_peer[0].destination_pattern", 14),
                ("t30.rtp_share", 16),
            ],
        )

    def test_the_line_in_the_second_table_of_an_array(self) -> None:
        text = "[[ports]]\nname = 'a'\ntype = 'virtual'\nspeed = 1\n[[ports]]\nname = 'b'\ntype = 'virtual'\nspeed = 0"
        self.assertEqual([(key, problem.line) for key, problem in errors(text).items()], [("ports[1].speed", 8)])

    def test_a_bad_value_is_told_once(self) -> None:
        found = [p for p in problems("[smtp.client]\nuser = 'u'\npassword_file = 12") if "password" in p.key_path]
        self.assertEqual([(p.value, p.message) for p in found], [("***", "allowed is text in quotes")])

    def test_words_for_people(self) -> None:
        (problem,) = errors("\n\n[t30]\n\necm = 1").values()
        self.assertEqual(str(problem), "error: line 5: t30.ecm: 1: allowed is true or false")

    def test_unknown_keys(self) -> None:
        self.one("[gateway]\nhost-name = 'x'", "gateway.host-name", "", "did you mean hostname?")
        self.one("[gatway]\nhostname = 'x'", "gatway", "", "did you mean gateway?")
        self.one("[log]\nzzz = 1", "log.zzz", "", "allowed are level, unmasked")
        self.one("warnings = []", "warnings", "", "no such key")

    def test_types_and_ranges(self) -> None:
        self.one("dial_peer_hunt = 8", "dial_peer_hunt", "8", "0 to 7")
        self.one("[store]\npayload_days = 0", "store.payload_days", "0", "1 or more")
        self.one("[store]\nurl = 5", "store.url", "5", "text in quotes")
        self.one("[fax.send]\nmax_speed = 33600", "fax.send.max_speed", "33600", "2400, 4800", "14400")
        self.one("[smtp.server]\nlisten = 'tcp:25'", "smtp.server.listen", '"tcp:25"', "a list")
        self.one("[smtp.server]\nmode = 'session'", "smtp.server.mode", '"session"', '"queue"')
        self.one("t30 = 5", "t30", "5", "this is a table", "ecm")
        self.one("[smtp.client]\nretry = [60, -1]", "smtp.client.retry[1]", "-1", "0 or more")
        self.one("[smtp.client]\nretry = []", "smtp.client.retry", "[]", "at least one")
        self.one("[smtp.client]\nfilename = 'a/b'", "smtp.client.filename", '"a/b"', "without a folder")
        self.one("[fax.receive]\ncalled_subscriber = 'Acme'", "fax.receive.called_subscriber", '"Acme"', "$d$")
        self.one(
            "[smtp.client]\nsubject = 'a\\nBcc: b'".replace("'", '"'), "smtp.client.subject", '"a\nBcc: b"', "line"
        )

    def test_line_ends_do_not_slip_through(self) -> None:
        for key in ("subject", "origin_prefix", "mail_from", "filename"):
            self.assertIn("smtp.client." + key, errors(f'[smtp.client]\n{key} = "a@b\\n"'))
        self.assertIn("smtp.server.aliases[0]", errors('[smtp.server]\naliases = ["a\\n"]'))

    def test_addresses(self) -> None:
        self.one("[smtp.server]\nallow = ['192.0.2.1/24']", "smtp.server.allow[0]", '"192.0.2.1/24"', "host bits")
        self.one("[smtp.client]\nservers = ['a b']", "smtp.client.servers[0]", '"a b"', "mail.example.com:25")
        self.one("[smtp.client]\nservers = ['a:0']", "smtp.client.servers[0]", '"a:0"', "not a server")
        self.one("[smtp.server]\naliases = ['@x']", "smtp.server.aliases[0]", '"@x"', "[192.0.2.1]")
        self.one("[manhole]\nlisten = ['ssh:22']", "manhole.listen[0]", '"ssh:22"', "Unknown endpoint", "tcp:25")
        self.one("[manhole]\nlisten = ['tcp:2222:interface=127.0.0.1', 'tcp:2222:interface=127.0.0.1']",
                 "manhole.listen[1]", '"tcp:2222:interface=127.0.0.1"', "twice")  # fmt: skip

    def test_stores_of_later_versions(self) -> None:
        self.one("[store]\nurl = 'mysql://x/y'", "store.url", '"mysql://x/y"', "sqlite:///")
        self.one("[store]\nurl = 'postgresql://h/db'", "store.url", '"postgresql://h/db"', "no PostgreSQL store yet")

    def test_ports_of_later_versions(self) -> None:
        text = "[[ports]]\nname = 'line1'\ntype = 'modem'\ndevice = '/dev/ttyACM0'"
        self.one(text, "ports[0].type", '"modem"', "this version has no", "'virtual' are allowed")

    def test_port_types(self) -> None:
        self.one("[[ports]]\nname = 'a'\ntype = 'isdn'", "ports[0].type", '"isdn"', "allowed is virtual or sip")
        self.one("[[ports]]\nname = 'a'", "ports[0].type", "", "must be there")
        self.one("[[ports]]\ntype = 'virtual'", "ports[0].name", "", "must be there")

    def test_patterns_and_targets(self) -> None:
        peer = "[[dial_peer]]\ntag = 1\ntype = 'mmoip'\n"
        where = "dial_peer[0]."
        self.one(peer + "destination_pattern = '5x'", where + "destination_pattern", '"5x"', "at character 2")
        self.one(peer + "session_target = 'mailto:$s$@x'", where + "session_target", '"mailto:$s$@x"', "$d$")
        self.one(peer + "dsn = ['never']", where + "dsn[0]", '"never"', '"success", "failure" or "delay"')
        self.one(peer + "port = 'a'", where + "port", "", "no such key")

    def test_duplicates(self) -> None:
        self.one(CONTRACT.replace("tag = 4", "tag = 2"), "dial_peer[3].tag", "2", "dial_peer[1]")
        self.one(CONTRACT + "[[ports]]\nname='lab'\ntype='virtual'", "ports[1].name", '"lab"', "ports[0]")

    def test_ports_that_are_not_there(self) -> None:
        self.one(
            CONTRACT.replace('prefix = "9"', "").replace('9......."\nport = "lab"', '9......."\nport = "lob"'),
            "dial_peer[3].port",
            '"lob"',
            "the ports are lab",
        )

    def test_applications_on_the_wrong_side(self) -> None:
        swapped = CONTRACT.replace('"onramp"', '"offramp"', 1)
        self.one(swapped, "dial_peer[0].application", '"offramp"', "mmoip")
        self.one(CONTRACT.replace('information_type = "fax"', ""), "dial_peer[2].information_type", '"voice"', '"fax"')

    def test_what_belongs_together(self) -> None:
        self.one("[smtp.server]\ntls_key = 'k'", "smtp.server.tls_certificate", "", "together")
        self.one("[smtp.server]\nrequire_tls = true", "smtp.server.require_tls", "true", "tls_certificate")
        self.one("[smtp.server]\nrequire_authentication = true", "smtp.server.require_authentication", "true", "users")
        self.one("[smtp.client]\nuser = 'u'", "smtp.client.password_file", "", "together")
        self.one("[smtp.client]\nuser='u'\npassword_file='f'\ntls='never'", "smtp.client.tls", '"never"', "TLS only")
        self.one("[t30]\nmin_speed = 9600\nmax_speed = 4800", "t30.min_speed", "9600", "max_speed")
        self.one("[t30]\nrtp_share = 0.5", "t30.rtp_share", "0.5", "rtn_share")

    def test_no_toml(self) -> None:
        (problem,) = problems("[gateway\n")
        self.assertIn("not TOML", problem.message)

    def test_secrets_are_not_shown(self) -> None:
        for text in (
            "[smtp.client]\npassword = 'hunter2'",
            "[smtp.client]\npassword_file = ['hunter2']",
            "[store]\nurl = 'postgresql://fax:hunter2@db/fax'",
        ):
            shown = "\n".join(map(str, problems(text)))
            self.assertTrue(shown)
            self.assertNotIn("hunter2", shown)


class WarningTests(SynchronousTestCase):
    """What works, but is seldom meant."""

    def test_open_relay(self) -> None:
        for network in ("0.0.0.0/0", "::/0"):
            text = CONTRACT.replace("[smtp.client]", f"allow = ['{network}']\n[smtp.client]")
            self.assertIn("open relay", warnings(text)["smtp.server.allow[0]"].message)

    def test_onramp_that_nobody_gets_mail_of(self) -> None:
        text = CONTRACT.replace('destination_pattern = "57108.."', 'destination_pattern = "57109.."')
        found = warnings(text)["dial_peer[0]"]
        self.assertIn("no mmoip peer", found.message)
        self.assertEqual(found.line, CONTRACT.split("\n").index("[[dial_peer]]") + 1)

    def test_onramp_that_meets_a_narrower_pattern(self) -> None:
        for pattern in ("5710812", "5T", ".", "571081[2-4]$"):
            text = CONTRACT.replace('destination_pattern = "57108.."', f'destination_pattern = "{pattern}"')
            self.assertNotIn("dial_peer[0]", warnings(text), pattern)

    def test_other_warnings(self) -> None:
        for old, new, key_path, word in (
            ('hostname = "fax.example.com"', "", "gateway.hostname", "localhost"),
            ("direct_inward_dial = true", "", "dial_peer[0]", "second dial tone"),
            ('listen = ["tcp:25"]', "", "dial_peer[2]", "no mail can come in"),
            (
                'listen = ["tcp:25"]',
                'listen = ["tcp:25"]\nmaximum_recipients = 0',
                "smtp.server.maximum_recipients",
                "no",
            ),
            ('listen = ["tcp:25"]', 'listen = ["tcp:25"]\nusers = "u"', "smtp.server.users", "over TLS only"),
            ('session_target = "mailto:$d$@mail.example.com"', "", "dial_peer[1]", "nobody would get"),
            ("[store]", "[manhole]\nlisten = ['tcp:2222']\n[store]", "manhole.listen[0]", "open to other machines"),
        ):
            self.assertIn(word, warnings(CONTRACT.replace(old, new))[key_path].message)

    def test_offramp_without_a_way_out(self) -> None:
        self.assertIn("no fax can be dialled", warnings(CONTRACT.replace("tag = 4", "tag = 4\nshutdown = true"))[
            "dial_peer[2]"].message)  # fmt: skip


class FileTests(SynchronousTestCase):
    def test_a_file(self) -> None:
        path = Path(self.mktemp())
        path.write_text(CONTRACT)
        self.assertEqual(load(path), load(CONTRACT))

    def test_no_file(self) -> None:
        error = self.assertRaises(ConfigurationError, load, Path(self.mktemp()))
        self.assertIn("No such file", str(error))

    def test_not_utf8(self) -> None:
        path = Path(self.mktemp())
        path.write_bytes(b"a = '\xff'")
        self.assertIn("UTF-8", str(self.assertRaises(ConfigurationError, load, path)))

    @PROFILE
    @given(
        key=st.sampled_from(["gateway", "ports", "dial_peer", "smtp", "retry", "log", "store", "dial_peer_hunt", "x"]),
        value=st.recursive(
            st.sampled_from(["1", "-1", "1.5", "true", "'a'", "''", "'mailto:'", "1979-05-27", "[]", "{}"]),
            lambda inner: st.one_of(
                st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
                st.dictionaries(st.sampled_from(["type", "tag", "name", "server", "url"]), inner, max_size=3).map(
                    lambda table: "{" + ", ".join(f"{name} = {item}" for name, item in table.items()) + "}"
                ),
            ),
            max_leaves=6,
        ),
    )
    def test_any_table_is_read_or_refused(self, key: str, value: str) -> None:
        for problem in problems(f"{key} = {value}"):
            self.assertTrue(problem.message)


class NamedFileTests(SynchronousTestCase):
    """The files that a configuration names."""

    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        self.key, self.other = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        self.certificate = self.file("cert.pem", certificate_of(self.key))
        self.key_file = self.file("key.pem", pem(self.key))

    def file(self, name: str, octets: bytes, mode: int = 0o600) -> str:
        path = self.folder / name
        path.write_bytes(octets)
        path.chmod(mode)
        return str(path)

    def told(self, text: str) -> list[tuple[str, str, str]]:
        """Severity, key and message of what a gateway that starts with *text* is told of files."""
        try:
            found = load(text, files=True).warnings
        except ConfigurationError as error:
            found = error.problems
        return [
            (problem.severity.value, problem.key_path.removeprefix("smtp."), problem.message)
            for problem in found
            if problem.key_path.startswith("smtp.")
        ]

    def tls(self, certificate: str, key: str, more: str = "") -> list[tuple[str, str, str]]:
        server = f"[smtp.server]\ntls_certificate = '{certificate}'\ntls_key = '{key}'\n{more}"
        load(server)
        return self.told(server)

    def one(self, found: list[tuple[str, str, str]], severity: str, key_path: str, words: str) -> None:
        self.assertEqual([problem[:2] for problem in found], [(severity, key_path)], found)
        self.assertIn(words, found[0][2])

    def test_a_certificate_and_its_key(self) -> None:
        self.assertEqual(self.tls(self.certificate, self.key_file), [])
        chain = self.file("chain.pem", certificate_of(self.key) + certificate_of(self.other))
        self.assertEqual(self.tls(chain, self.key_file), [])

    def test_what_tls_cannot_use(self) -> None:
        nonsense = self.file("nonsense.pem", b"nonsense hunter2\n")
        locked = self.file("locked.pem", pem(self.key, BestAvailableEncryption(b"hunter2")))
        other = self.file("other.pem", pem(self.other))
        missing = str(self.folder / "none.pem")
        for certificate, key, key_path, words in (
            (missing, self.key_file, "server.tls_certificate", "there is no such file"),
            (str(self.folder), self.key_file, "server.tls_certificate", "the file cannot be read"),
            (nonsense, self.key_file, "server.tls_certificate", "no certificate in PEM form"),
            (self.key_file, self.key_file, "server.tls_certificate", "no certificate in PEM form"),
            (self.certificate, missing, "server.tls_key", "there is no such file"),
            (self.certificate, nonsense, "server.tls_key", "no private key in PEM form"),
            (self.certificate, self.certificate, "server.tls_key", "no private key in PEM form"),
            (self.certificate, locked, "server.tls_key", "openssl pkey -in"),
            (self.certificate, other, "server.tls_key", "not the key of the certificate in"),
        ):
            found = self.tls(certificate, key)
            self.one(found, "error", key_path, words)
            self.assertNotIn("hunter2", found[0][2])
        with self.assertRaises(ConfigurationError) as caught:
            load(f"[smtp.server]\ntls_key = '{self.key_file}'\ntls_certificate = '{missing}'\n", files=True)
        (problem,) = (one for one in caught.exception.problems if one.severity is Severity.ERROR)
        self.assertEqual((problem.value, problem.line), (f'"{missing}"', 3))

    def test_a_file_that_this_user_may_not_read(self) -> None:
        with mock.patch.object(Path, "read_bytes", side_effect=PermissionError):
            found = self.tls(self.certificate, self.key_file)
        self.assertEqual([problem[1] for problem in found], ["server.tls_certificate", "server.tls_key"])
        self.assertIn("this user may not read it", found[0][2])

    def test_a_key_that_everybody_may_read(self) -> None:
        key = self.file("open.pem", pem(self.key), 0o644)
        self.one(self.tls(self.certificate, key), "warning", "server.tls_key", "chmod 600")

    def test_users(self) -> None:
        good = password_line("ann", "secret", b"0123456789abcdef")
        for octets, mode, words in (
            (f"# name\n{good}\n".encode(), 0o640, ""),
            (f"{good}\nbob:hunter2\n\neve\n".encode(), 0o600, "lines 2, 4 cannot be understood"),
            (b"# nobody\n", 0o600, "names no user"),
            (b"\xff\xfe", 0o600, "not UTF-8"),
            (good.encode(), 0o644, "chmod 600"),
        ):
            found = self.tls(self.certificate, self.key_file, f"users = '{self.file('users', octets, mode)}'")
            if words:
                self.one(found, "warning", "server.users", words)
                self.assertNotIn("hunter2", found[0][2])
            else:
                self.assertEqual(found, [])
        found = self.tls(self.certificate, self.key_file, "users = 'var/none'")
        self.one(found, "warning", "server.users", "no such file below the folder that the gateway is started in")

    def test_the_password_of_the_client(self) -> None:
        for path, words in (
            (self.file("password", b"hunter2\n"), ""),
            (self.file("empty", b"\n"), "the file is empty"),
            (str(self.folder / "none"), "there is no such file"),
        ):
            found = self.told(f"[smtp.client]\nuser = 'gw'\npassword_file = '{path}'\n")
            if words:
                self.one(found, "error", "client.password_file", words)
            else:
                self.assertEqual(found, [])
        found = self.told(f"[smtp.client]\nuser='gw'\npassword_file='{self.file('open', b'hunter2', 0o644)}'\n")
        self.one(found, "warning", "client.password_file", "chmod 600")

    def test_a_password_in_the_place_of_its_file_is_not_repeated(self) -> None:
        with self.assertRaises(ConfigurationError) as caught:
            load("[smtp.client]\nuser = 'gw'\npassword_file = 'hunter2'\n", files=True)
        self.assertNotIn("hunter2", str(caught.exception))
        self.assertIn("smtp.client.password_file: ***: there is no such file", str(caught.exception))


def pem(key: ec.EllipticCurvePrivateKey, encryption: KeySerializationEncryption | None = None) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption())


def certificate_of(key: ec.EllipticCurvePrivateKey) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "fax.example.com")])
    began = datetime(2026, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, began, began + timedelta(days=3650))
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


class EmbeddedTests(SynchronousTestCase):
    """The gateway without a file."""

    def test_works_without_warnings_on_loopback_only(self) -> None:
        configuration = embedded()
        self.assertEqual(configuration.warnings, ())
        listening = configuration.smtp.server.listen + configuration.manhole.listen
        self.assertEqual([str(e) for e in listening], ["tcp:2525:interface=127.0.0.1", "tcp:2222:interface=127.0.0.1"])
        self.assertTrue(all(endpoint.loopback for endpoint in listening))
        self.assertEqual(configuration.store.url.path, Path("var/sandf.db"))
        self.assertEqual(configuration.host_key_path, Path("var/host_key"))

    def test_a_mail_comes_back_as_a_mail(self) -> None:
        plan = embedded().dial_plan
        chance: Any = {"usage": Usage(), "draw": lambda: 0.5, "last_used": {}}
        self.assertEqual(plan.inbound_peer(Side.MAIL, called="5551234", calling="a@localhost").application, "offramp")
        (out,) = plan.outbound_peers(Side.TELEPHONE, "5551234", **chance)
        self.assertEqual((out.peer.port, out.digits), ("exchange", "5551234"))
        back = plan.inbound_peer(Side.TELEPHONE, called=out.digits, calling="", port="exchange")
        self.assertEqual(back.application, "onramp")
        (mail,) = plan.outbound_peers(Side.MAIL, "5551234", **chance)
        self.assertEqual(mail.peer.tag, 2)

    def test_other_numbers_are_the_exchange_s(self) -> None:
        plan = embedded().dial_plan
        for number in ("5550100", "+15551234", "55512345", "*70"):
            for calling in ("", "5559999"):
                peer = plan.inbound_peer(Side.TELEPHONE, called=number, calling=calling, port="exchange")
                self.assertIsNone(peer.application, number)


class ExampleFileTests(SynchronousTestCase):
    """etc/sandf.toml, which cannot drift."""

    def setUp(self) -> None:
        self.text = EXAMPLE.read_text()
        self.uncommented = re.sub(r"(?m)^#(?=[\[a-z])", "", self.text)

    def test_as_it_stands(self) -> None:
        self.assertEqual(list(warnings(self.text)), ["gateway.hostname"])

    def test_shows_the_defaults(self) -> None:
        shown = load(self.uncommented)
        for name in Settings.__struct_fields__:
            if name not in ("ports", "dial_peer"):
                self.assertEqual(getattr(shown, name), getattr(Settings(), name), name)

    def test_examples_are_without_warnings(self) -> None:
        self.assertEqual(list(warnings(self.uncommented)), ["dial_peer[2]"])
        listening = self.uncommented.replace("listen = []", 'listen = ["tcp:25:interface=127.0.0.1"]')
        self.assertEqual(warnings(listening), {})

    def test_every_key_occurs(self) -> None:
        raw = msgspec.toml.decode(self.uncommented.encode())
        self.complete(Settings, raw, "")
        self.complete(VirtualPort, raw["ports"][0], "ports")
        self.complete(SipPort, raw["ports"][1], "ports")
        for struct, kind in ((PotsDialPeer, "pots"), (MmoipDialPeer, "mmoip")):
            together: dict[str, object] = {}
            for peer in raw["dial_peer"]:
                if peer["type"] == kind:
                    together.update(peer)
            self.complete(struct, together, kind)

    def complete(self, struct: type[msgspec.Struct], raw: dict[str, Any], path: str) -> None:
        for field in msgspec.structs.fields(struct):
            self.assertIn(field.name, raw, f"{path}.{field.name}")
            if isinstance(field.default, msgspec.Struct):
                self.complete(type(field.default), raw[field.name], f"{path}.{field.name}")

    def test_dial_peers_have_all_common_words(self) -> None:
        self.assertTrue(set(DialPeer.__struct_fields__) <= set(PotsDialPeer.__struct_fields__))


class ReloadTests(SynchronousTestCase):
    """What a reload takes, and what waits for a restart."""

    def changed(self, *replacements: tuple[str, str]) -> Configuration:
        text = CONTRACT
        for old, new in replacements:
            self.assertIn(old, text)
            text = text.replace(old, new)
        return load(text)

    def test_nothing(self) -> None:
        self.assertTrue(reloadable(load(CONTRACT), load("# a comment\n" + CONTRACT)).unchanged)

    def test_live(self) -> None:
        new = self.changed(
            ("57108..", "57109.."), ('"[192.0.2.1]"', '"[192.0.2.2]"'), ("[gateway]", "dial_peer_hunt = 1\n[gateway]")
        )
        found = reloadable(load(CONTRACT), new)
        self.assertEqual(found.restart, ())
        self.assertEqual(found.live, ("dial_peer_hunt", "smtp.server.aliases", "dial_peer[1]", "dial_peer[2]"))

    def test_restart(self) -> None:
        new = self.changed(('"tcp:25"', '"tcp:26"'), ("speed = 50", "speed = 51"), ("fax.example.com", "f.example.com"))
        found = reloadable(load(CONTRACT), new)
        self.assertEqual(found.restart, ("gateway.hostname", "smtp.server.listen", "ports"))
        self.assertEqual(found.live, ("smtp.server.aliases",))

    def test_the_path_of_the_users_is_kept_until_a_restart(self) -> None:
        with_users = self.changed(('listen = ["tcp:25"]', 'listen = ["tcp:25"]\nusers = "/etc/sandf/users"'))
        self.assertEqual(reloadable(load(CONTRACT), with_users).restart, ("smtp.server.users",))

    def test_dial_peers_that_come_go_and_move(self) -> None:
        self.assertEqual(reloadable(load(CONTRACT), self.changed(("tag = 3", "tag = 7"))).live,
                         ("dial_peer[3]", "dial_peer[7]"))  # fmt: skip
        first, second = CONTRACT.split("[[dial_peer]]\ntag = 4")
        head, *peers = first.split("[[dial_peer]]")
        moved = "[[dial_peer]]".join([head, "\ntag = 4" + second, *peers])
        self.assertEqual(reloadable(load(CONTRACT), load(moved)).live, ("dial_peer",))

    def test_merged(self) -> None:
        old = load(CONTRACT)
        new = self.changed(('"tcp:25"', '"tcp:26"'), ("57108..", "57109.."), ('"[192.0.2.1]"', '"[192.0.2.2]"'))
        both = merged(old, new)
        self.assertEqual(both.smtp.server.listen, old.smtp.server.listen)
        self.assertEqual(both.aliases, new.aliases)
        self.assertEqual(both.dial_peer, new.dial_peer)
        self.assertEqual(reloadable(both, new).restart, ("smtp.server.listen",))
        self.assertEqual(reloadable(both, new).live, ())


class ValueTests(SynchronousTestCase):
    def test_servers(self) -> None:
        for text, written in (
            ("mail.example.com", "mail.example.com:25"),
            ("192.0.2.1:2525", "192.0.2.1:2525"),
            ("[2001:db8::1]", "[2001:db8::1]:25"),
        ):
            self.assertEqual(str(HostPort.parse(text)), written)
        for text in ("", "a:b", "2001:db8::1", "[x]", "[192.0.2.1]", "a:70000", "-a"):
            self.assertRaises(ValueError, HostPort.parse, text)

    def test_networks(self) -> None:
        network = Network.parse("192.0.2.0/24")
        inside = [address in network for address in ("192.0.2.9", "::ffff:192.0.2.9", "192.0.3.9", "2001:db8::1")]
        self.assertEqual(inside, [True, True, False, False])

    def test_loopback(self) -> None:
        for text, expected in (
            ("tcp:25", False),
            ("tcp:25:interface=127.0.0.1", True),
            ("tcp:25:interface=localhost", True),
            (r"tcp6:25:interface=\:\:1", True),
            ("tcp:25:interface=192.0.2.1", False),
            ("unix:/run/x", True),
            ("systemd:domain=INET:index=0", False),
        ):
            self.assertEqual(Endpoint.parse(text).loopback, expected, text)

    def test_stores(self) -> None:
        self.assertEqual(StoreUrl.parse("sqlite:///a/b%20c.db").path, Path("/a/b c.db"))
        self.assertEqual(StoreUrl.parse("sqlite:var/x.db").path, Path("var/x.db"))
        for text in ("", "x.db", "sqlite:", "sqlite://host/x.db", "sqlite:///var/"):
            self.assertRaises(ValueError, StoreUrl.parse, text)

    def test_the_embedded_text_is_toml(self) -> None:
        self.assertIn("dial_peer", msgspec.toml.decode(EMBEDDED.encode()))
