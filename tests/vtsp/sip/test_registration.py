"""Registering: renewed in time, asked for longer, refused, silent, and taken back at the end."""

from __future__ import annotations

from typing import Any

from sipmessage import URI, Request
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from sandf.protocols.sip.digest import Credentials
from sandf.protocols.sip.message import parse, response_to, serialise
from sandf.vtsp.sip.settings import RegistrationSettings

from .rig import MemoryReactor, Side

A, B = "192.0.2.1", "192.0.2.2"
RECORD = URI(scheme="sip", user="fax", host=B, port=5060)
CHALLENGE = 'Digest realm="carrier", nonce="{}", algorithm=MD5, qop="auth"'


class Registrar:
    """Answers each REGISTER by the next of its answers: a status with header fields; the last one goes on for ever."""

    def __init__(self, reactor: MemoryReactor, *answers: tuple[int, dict[str, str]]) -> None:
        self.asked: list[tuple[float, Request]] = []
        self._reactor = reactor
        self._answers = list(answers)
        self._port: Any = None
        self._port = reactor.listenUDP(5060, self, interface=B)

    def makeConnection(self, port: object) -> None:
        pass

    def datagramReceived(self, octets: bytes, source: tuple[str, int]) -> None:
        request = parse(octets)
        assert isinstance(request, Request)
        self.asked.append((round(self._reactor.seconds(), 1), request))
        status, fields = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if not status:
            return
        response = response_to(request, status, to_tag="registrar")
        for name, value in fields.items():
            response.headers.add(name, value.replace("{contact}", request.headers["Contact"]))
        self._port.write(serialise(response), source)

    def expires(self) -> list[str]:
        return [request.headers["Expires"] for _, request in self.asked]


class RegistrationTests(SynchronousTestCase):
    def begin(self, *answers: tuple[int, dict[str, str]], password: str = "secret") -> None:
        self.reactor = MemoryReactor()
        self.registrar = Registrar(self.reactor, *answers)
        self.side = Side(
            self.reactor,
            A,
            B,
            registration=RegistrationSettings(record=RECORD, expires=3600),
            credentials=Credentials(username="fax", password=password),
        )
        self.reactor.run(1.0)

    def times(self) -> list[float]:
        return [at for at, _ in self.registrar.asked]

    def test_renewed_at_half_its_time(self) -> None:
        self.begin((200, {"Contact": "{contact};expires=100"}))
        self.assertEqual(self.side.trunk.down, "")
        self.reactor.run(160.0, 0.1)
        self.assertEqual([round(at, -1) for at in self.times()], [0, 50, 100, 150])
        numbers = [request.headers["CSeq"].split()[0] for _, request in self.registrar.asked]
        self.assertEqual(numbers, ["1", "2", "3", "4"])
        self.assertEqual(len({request.call_id for _, request in self.registrar.asked}), 1)

    def test_with_a_password(self) -> None:
        self.begin((401, {"WWW-Authenticate": CHALLENGE.format("one")}), (200, {"Expires": "100"}))
        self.assertEqual(self.side.trunk.down, "")
        self.assertIsNone(self.registrar.asked[0][1].headers.get("Authorization"))
        self.assertIn('username="fax"', self.registrar.asked[1][1].headers["Authorization"])
        self.reactor.run(60.0, 0.1)
        self.assertIn("nc=00000002", self.registrar.asked[2][1].headers["Authorization"])

    def test_a_wrong_password_is_tried_once(self) -> None:
        self.begin((401, {"WWW-Authenticate": CHALLENGE.format("one")}))
        self.assertEqual(len(self.registrar.asked), 2)
        self.assertIn("user name or password", self.side.trunk.down)
        self.reactor.run(20.0, 0.1)
        self.assertEqual(len(self.registrar.asked), 2)

    def test_it_wants_longer(self) -> None:
        self.begin((423, {"Min-Expires": "7200"}), (200, {}))
        self.assertEqual(self.registrar.expires(), ["3600", "7200"])
        self.assertEqual(self.side.trunk.down, "")

    def test_refused_less_and_less_often(self) -> None:
        self.begin((403, {}))
        self.assertEqual(self.side.trunk.down, "the registrar answers 403 Forbidden")
        self.reactor.run(220.0, 0.1)
        self.assertEqual([round(at, -1) for at in self.times()], [0, 30, 90, 210])

    def test_it_says_when(self) -> None:
        self.begin((503, {"Retry-After": "10"}), (200, {}))
        self.assertIn("503", self.side.trunk.down)
        self.reactor.run(12.0, 0.1)
        self.assertEqual(self.side.trunk.down, "")
        self.assertEqual(self.side.changes, 2)

    def test_it_says_nothing(self) -> None:
        self.begin((0, {}))
        self.assertEqual(self.side.trunk.down, "not registered yet")
        self.reactor.run(40.0, 0.1)
        self.assertEqual(self.side.trunk.down, "the registrar does not answer")

    def test_taken_back_at_the_end(self) -> None:
        self.begin((200, {}))
        Deferred.fromCoroutine(self.side.trunk.stop())
        self.reactor.run(100.0, 0.1)
        self.assertEqual(self.registrar.expires(), ["3600", "0"])
