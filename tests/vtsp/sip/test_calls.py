"""Calls over SIP trunks: how they come to T.38, how they end, and what each side is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sipmessage import URI
from twisted.trial.unittest import SynchronousTestCase

from sandf import causes
from sandf.protocols.rtp.tones import silence
from sandf.protocols.t38.settings import T38Use
from sandf.vtsp.sip.incoming import IncomingCall
from sandf.vtsp.sip.outgoing import OutgoingCall
from sandf.vtsp.sip.settings import CallPolicy

from .rig import MemoryReactor, Side, User

AUDIO = b"v=0\r\no=- 1 99 IN IP4 192.0.2.2\r\ns=-\r\nc=IN IP4 192.0.2.2\r\nt=0 0\r\nm=audio 40444 RTP/AVP 0\r\n"
A, B, C = "192.0.2.1", "192.0.2.2", "192.0.2.3"


class CallCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.reactor = MemoryReactor()

    def sides(self, near: dict[str, Any] | None = None, far: dict[str, Any] | None = None) -> None:
        self.near = Side(self.reactor, A, B, **(near or {}))
        self.far = Side(self.reactor, B, A, **(far or {}))

    def call(self, **more: Any) -> User:
        user = self.near.dial(**more)
        self.reactor.run(1.0)
        return user

    @property
    def called(self) -> User:
        return self.far.users[-1]

    def through(self, user: User) -> None:
        """IFP packets pass both ways."""
        for here, there in ((user, self.called), (self.called, user)):
            assert here.bearer is not None and there.bearer is not None
            heard: list[bytes] = []
            there.bearer.attach(self.noting(heard), lambda: None)
            here.bearer.send(b"\x06", True)
            self.reactor.run(0.1)
            self.assertEqual(heard, [b"\x06"])

    @staticmethod
    def noting(heard: list[bytes]) -> Callable[[bytes, int], None]:
        return lambda ifp, missing: heard.append(ifp)

    def nothing_left(self) -> None:
        """Every call, session, transaction and socket is gone."""
        self.reactor.run(80.0, 0.05)
        for side in (self.near, self.far):
            self.assertEqual((side.trunk.incoming, side.trunk.outgoing), (set(), set()))
            self.assertEqual(side.endpoint.agent.sessions, 0)
            self.assertIsNone(side.endpoint.agent.next_deadline())
        self.assertEqual(sorted(self.reactor.ports), [(A, 5060), (B, 5060)])


class ToT38Tests(CallCase):
    def test_the_called_end_proposes_it_at_once(self) -> None:
        self.sides()
        user = self.call()
        self.assertEqual(user.told, ["connected"])
        self.assertEqual(self.called.told, ["offered", "connected"])
        self.assertEqual(self.reactor.sip(), ["INVITE", "200", "ACK", "INVITE", "200", "ACK"])
        first, second = (message for message in self.reactor.messages("INVITE"))
        self.assertIn("m=audio", first)
        self.assertIn("m=image", second)
        self.assertNotIn("m=audio", second)  # it takes the place of the audio line (RFC 3264 8.3.3)
        times = {octets[:12]: at for at, _, _, octets in reversed(self.reactor.log)}
        self.assertLess(times[b"ACK sip:sand"], 0.1)
        self.through(user)
        user.end.clear(causes.DELIVERED)
        self.reactor.run(1.0)
        self.assertEqual((self.called.cause, user.cause), (causes.FAR_CLEARED, None))
        self.nothing_left()

    def test_in_the_first_offer(self) -> None:
        self.sides({"policy": CallPolicy(t38=T38Use.FIRST)})
        user = self.call()
        self.assertEqual(self.reactor.sip(), ["INVITE", "200", "ACK"])
        self.through(user)
        user.end.clear(causes.DELIVERED)
        self.nothing_left()

    def test_nothing_else(self) -> None:
        self.sides({"policy": CallPolicy(t38=T38Use.ONLY)}, {"policy": CallPolicy(t38=T38Use.ONLY)})
        user = self.call()
        self.through(user)
        self.called.end.clear(causes.RECEIVED)
        self.reactor.run(1.0)
        self.assertIs(user.cause, causes.FAR_CLEARED)
        self.nothing_left()

    def test_a_called_end_that_takes_nothing_else_refuses_audio(self) -> None:
        self.sides(far={"policy": CallPolicy(t38=T38Use.ONLY)})
        user = self.call()
        self.assertEqual((user.cause, user.detail[:3]), (causes.T38_REFUSED, "488"))
        self.assertIs(self.called.cause, causes.T38_REFUSED)
        self.nothing_left()

    def test_the_caller_proposes_it_after_a_while(self) -> None:
        self.sides({"policy": CallPolicy(t38_wait=2.0)})
        self.patch(IncomingCall, "_switch", lambda call: None)
        user = self.call()
        self.assertEqual(user.told, [])
        self.reactor.run(2.0)
        self.assertEqual(user.told, ["connected"])
        self.through(user)
        user.end.clear(causes.DELIVERED)
        self.nothing_left()

    def test_both_propose_it_at_once(self) -> None:
        self.sides({"policy": CallPolicy(t38_wait=0.0)})
        user = self.call()
        self.reactor.run(6.0)
        self.assertIn("491", self.reactor.sip())
        self.assertEqual((user.told, self.called.told), (["connected"], ["offered", "connected"]))
        self.through(user)
        user.end.clear(causes.DELIVERED)
        self.nothing_left()

    def test_audio_until_then(self) -> None:
        self.sides({"policy": CallPolicy(t38_wait=30.0)})
        self.patch(IncomingCall, "_propose", lambda call: None)
        user = self.call()
        self.reactor.run(2.0)
        rtp = [octets for _, source, _, octets in self.reactor.log if octets[:1] == b"\x80" and source[0] == B]
        self.assertTrue(130 <= len(rtp) <= 150, len(rtp))
        self.assertEqual({octets[12:] != silence("PCMU") for octets in rtp}, {True})  # CED
        user.end.clear(causes.CALL_ABORTED)
        self.nothing_left()


class EndTests(CallCase):
    def test_refusals(self) -> None:
        for cause, status, heard in (
            (causes.BUSY, "486", causes.BUSY),
            (causes.NO_APPLICATION, "404", causes.NO_ROUTE),
            (causes.NO_PORT, "503", causes.TEMPORARY_FAILURE),
            (causes.CALL_REJECTED, "403", causes.CALL_REJECTED),
        ):
            self.reactor = MemoryReactor()
            self.sides()
            self.far.does = lambda user, cause=cause: user.end.clear(cause)  # type: ignore[misc]
            user = self.call()
            self.assertEqual(self.reactor.sip(), ["INVITE", status, "ACK"], cause)
            self.assertIs(user.cause, heard)
            self.nothing_left()

    def test_nobody_answers(self) -> None:
        self.sides()
        self.far.does = lambda user: user.end.alert()
        user = self.call(timeout=20.0)
        self.reactor.run(20.0)
        self.assertEqual(user.told, ["alerted", "cleared"])
        self.assertIs(user.cause, causes.NO_ANSWER)
        self.assertIn("CANCEL", self.reactor.sip(A))
        self.assertIs(self.called.cause, causes.NO_ANSWER)
        self.nothing_left()

    def test_nobody_there(self) -> None:
        self.sides()
        self.reactor.lost = lambda octets: True
        user = self.call()
        self.reactor.run(40.0, 0.05)
        self.assertIs(user.cause, causes.NETWORK_OUT_OF_ORDER)

    def test_the_operator_gives_up_while_it_rings(self) -> None:
        self.sides()
        self.far.does = lambda user: user.end.alert()
        user = self.call()
        user.end.clear(causes.CANCELLED)
        self.reactor.run(1.0)
        self.assertEqual(user.told, ["alerted"])
        self.assertEqual(self.called.told, ["offered", "cleared"])
        (cancel,) = self.reactor.messages("CANCEL")
        self.assertIn(f"\r\nReason: Q.850;cause={causes.CANCELLED.q850}\r\n", cancel)
        self.nothing_left()

    def test_too_many_calls(self) -> None:
        self.sides({"max_out": 1}, {"max_in": 1})
        first, second = self.near.dial(), self.near.dial()
        self.reactor.run(1.0)
        self.assertEqual((first.told, second.told), (["connected"], ["cleared"]))
        self.assertIs(second.cause, causes.NO_PORT)
        self.near.trunk.settings = replace(self.near.trunk.settings, max_out=None)
        third = self.call()
        self.assertIs(third.cause, causes.CONGESTION)
        self.assertIn("Retry-After: 30", self.reactor.messages("503")[0])
        first.end.clear(causes.DELIVERED)
        self.nothing_left()

    def test_calls_begin_no_faster_than_they_may(self) -> None:
        self.sides({"calls_per_second": 2.0})
        users = [self.near.dial() for _ in range(4)]
        self.reactor.run(2.0)
        begins = [at for at, _, _, octets in self.reactor.log if octets.startswith(b"INVITE sip:5551234")]
        self.assertEqual([round(at, 1) for at in begins], [0.0, 0.5, 1.0, 1.5])
        for user in users:
            user.end.clear(causes.DELIVERED)
        self.nothing_left()

    def test_t30_ends_and_nobody_hangs_up(self) -> None:
        self.sides()
        user = self.call()
        assert user.bearer is not None
        user.bearer.release()
        self.reactor.run(6.0)
        self.assertEqual((user.told, user.detail), (["connected", "cleared"], "T.30 had ended"))
        self.assertIn("BYE", self.reactor.sip(A))
        self.nothing_left()

    def test_a_bye_takes_the_bearer_away(self) -> None:
        self.sides()
        user = self.call()
        gone: list[str] = []
        assert user.bearer is not None
        user.bearer.attach(lambda ifp, missing: None, lambda: gone.append("gone"))
        self.called.end.clear(causes.CALL_ABORTED)
        self.reactor.run(1.0)
        self.assertEqual((gone, user.cause), (["gone"], causes.FAR_CLEARED))
        self.nothing_left()

    def test_a_user_that_raises_costs_its_call_and_no_other(self) -> None:
        self.sides()
        other = self.call()

        def broken(*arguments: object) -> None:
            raise RuntimeError("a bug of ours")

        for word in ("connected", "offered"):
            self.patch(User, word, broken)
            user = self.near.dial()
            user.connected = lambda bearer: None  # type: ignore[method-assign]
            self.reactor.run(1.0)
            self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1, word)
            self.assertEqual(user.told, ["cleared"], word)
        self.assertEqual(other.told, ["connected"])
        other.end.clear(causes.DELIVERED)
        self.nothing_left()

    def test_refused_by_a_far_end_that_has_only_audio(self) -> None:
        self.sides()
        self.patch(
            OutgoingCall,
            "_offered",
            lambda call, description: call._session.refuse_offer(488, call._trunk.endpoint.now()),
        )
        user = self.call()
        self.assertEqual((self.called.cause, self.called.detail), (causes.T38_REFUSED, "488 Not Acceptable Here"))
        self.assertIs(user.cause, causes.T38_REFUSED)
        self.nothing_left()


class LateChangeTests(CallCase):
    def test_back_to_audio_is_refused_while_t30_runs_and_taken_afterwards(self) -> None:
        self.sides()
        user = self.call()
        (call,) = self.far.trunk.incoming
        self.patch(type(call), "happened", lambda call, event: None)
        session = call._session
        assert session is not None and user.bearer is not None
        for status in ("488", "200"):
            self.reactor.log.clear()
            session.modify(AUDIO, self.far.endpoint.now())
            self.far.endpoint.drain()
            self.reactor.run(0.2)
            self.assertEqual(self.reactor.sip(A)[:1], [status])
            user.bearer.release()
        user.end.clear(causes.DELIVERED)

    def test_recorded(self) -> None:
        self.sides()
        user = self.call()
        self.through(user)
        signals = self.near.recorded.signals
        self.assertEqual([outward for _, outward, _ in signals], [True, False, True, False, True, False])
        self.assertTrue(signals[0][2].startswith(b"INVITE "))
        self.assertEqual(len(self.far.recorded.signals), 6)
        self.assertTrue(self.far.recorded.signals[0][2].startswith(b"INVITE "))
        self.assertEqual([outward for _, outward, _ in self.near.recorded.packets], [True, False])
        user.end.clear(causes.DELIVERED)
        self.nothing_left()
        for side in (self.near, self.far):
            self.assertTrue(side.recorded.signals[-2][2].startswith(b"BYE "))
            self.assertTrue(side.recorded.signals[-1][2].startswith(b"SIP/2.0 200"), "the answer to it")

    def test_a_call_that_is_refused_at_once_is_recorded(self) -> None:
        self.sides()
        self.far.does = lambda user: user.end.clear(causes.NO_APPLICATION)
        self.call()
        self.nothing_left()
        for side in (self.near, self.far):
            words = [octets.split(b" ", 2)[:2] for _, _, octets in side.recorded.signals]
            self.assertEqual([first for first, _ in words], [b"INVITE", b"SIP/2.0", b"ACK"], side.host)
            self.assertEqual(words[1][1], b"404")


class NumberTests(CallCase):
    def test_numbers(self) -> None:
        self.sides({"domain": "example.com"})
        user = self.call(called="+15551234", calling="5550000")
        assert self.called.call is not None
        self.assertEqual((self.called.call.called, self.called.call.calling), ("+15551234", "5550000"))
        invite = self.reactor.messages("INVITE")[0]
        self.assertTrue(invite.startswith(f"INVITE sip:+15551234@{B}:5060 SIP/2.0"), invite[:60])
        self.assertIn("\r\nTo: <sip:+15551234@example.com>\r\n", invite)
        self.assertIn("\r\nFrom: <sip:5550000@example.com>;tag=", invite)
        self.assertIn("\r\nP-Asserted-Identity: <sip:5550000@example.com;user=phone>\r\n", invite)
        user.end.clear(causes.DELIVERED)
        self.nothing_left()


class FailoverTests(CallCase):
    def test_the_second_proxy_takes_what_the_first_refuses(self) -> None:
        proxies = tuple(URI(scheme="sip", host=host, port=5060) for host in (B, C))
        self.near = Side(self.reactor, A, B, proxies=proxies)
        self.far = Side(self.reactor, C, A)
        refusing = Side(self.reactor, B, A)
        refusing.does = lambda user: user.end.clear(causes.NO_PORT)
        user = self.call()
        self.assertEqual(user.told, ["connected"])
        self.assertEqual(self.reactor.sip(B), ["503"])
        user.end.clear(causes.DELIVERED)

    def test_a_proxy_that_does_not_answer_options_is_tried_last(self) -> None:
        proxies = tuple(URI(scheme="sip", host=host, port=5060) for host in (B, C))
        self.near = Side(self.reactor, A, B, proxies=proxies, options_interval=60.0)
        self.far = Side(self.reactor, C, A)
        self.reactor.run(40.0, 0.05)
        self.assertEqual(self.near.trunk.down, "")
        self.reactor.log.clear()
        user = self.call()
        self.assertEqual(user.told, ["connected"])
        invites = [to for _, _, to, octets in self.reactor.log if octets.startswith(b"INVITE sip:5551234")]
        self.assertEqual(invites, [(C, 5060)])
        user.end.clear(causes.DELIVERED)

    def test_without_any_proxy_the_trunk_is_down_until_one_comes_back(self) -> None:
        self.near = Side(self.reactor, A, B, options_interval=60.0)
        self.reactor.run(40.0, 0.05)
        self.assertEqual((self.near.trunk.down, self.near.changes), ("no proxy answers, or none has room", 1))
        Side(self.reactor, B, A)
        self.reactor.run(60.0, 0.05)
        self.assertEqual((self.near.trunk.down, self.near.changes), ("", 2))
