"""What operators see: the texts of the show commands, and the values behind them."""

from __future__ import annotations

import json
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred, fail, succeed
from twisted.trial.unittest import SynchronousTestCase

from sandf import causes
from sandf.callcontrol.media import Message, Page
from sandf.callcontrol.primitives import DocumentReady, PageReceived, ProviderKind, RemoteIdentified
from sandf.config import ConfigurationError, Problem, Reload
from sandf.dialpeer import DialPlan, Dsn, MmoipPeer
from sandf.oam import queries
from sandf.oam.classic import connection_id, disconnect_text
from sandf.oam.classic_values import message_id_field
from sandf.oam.refusal import Refusal
from sandf.oam.show import render
from sandf.oam.values import Value
from sandf.store.records import JobKind, NewJob

from .world import FINE_MMR, PEERS, World, fired

ACTIVE = """\
Call C1 since 2001-09-09 01:46:40: offramp, j1, f1, page 2

GENERIC:
SetupTime=0 ms
Index=1
PeerAddress=ann@example.com
PeerSubAddress=
PeerId=3
PeerIfIndex=0
LogicalIfIndex=0
ConnectTime=0
CallState=4
CallOrigin=2
ChargedUnits=0
InfoType=10
TransmitPackets=0
TransmitBytes=0
ReceivePackets=1
ReceiveBytes=30000
MMOIP:
ConnectionId{connection}
CallID=1
RemoteIPAddress=192.0.2.7
SessionProtocol=SMTP
SessionTarget=
MessageId=4711@example.com
AccountId=
ImgEncodingType=MMR
ImgResolution=fine
AcceptedMimeTypes=2
DiscardedMimeTypes=1
Notification=dsn

GENERIC:
SetupTime=2000 ms
Index=2
PeerAddress=*,5550123
PeerSubAddress=
PeerId=4
PeerIfIndex=0
LogicalIfIndex=0
ConnectTime=6000
CallState=4
CallOrigin=1
ChargedUnits=0
InfoType=10
TransmitPackets=1
TransmitBytes=30000
ReceivePackets=0
ReceiveBytes=0
TELE:
ConnectionId={connection}
CallID=2
Port=trunk (2)
BearerChannel=trunk
TxDuration=26000 ms
FaxTxDuration=18000 ms
FaxRate=14400
NoiseLevel=-1
ACOMLevel=-1
OutSignalLevel=0
InSignalLevel=0
InfoActivity=0
ERLLevel=-1
SessionTarget=
ImgPages=1"""

HISTORY_BRIEF = """\
1    : 0hs.1 +0 +3600 pid:1 Answer 5550001
tx:0/0 rx:1/41190 10 (normal call clearing (16))
Tele : tx:36000/28000/8000ms  noise:-1 acom:-1  i/0:0/0 dBm

1    : 0hs.2 +0 +3600 pid:2 Originate 5551234@mail.example.com
tx:1/41190 rx:0/0 10 (normal call clearing (16))
IP 0.0.0.0 AcceptedMime:0 DiscardedMime:0

2    : 3800hs.1 +400 +5100 pid:3 Answer ann@example.com
tx:0/0 rx:2/60000 10 (normal call clearing (16))
IP 192.0.2.7 AcceptedMime:2 DiscardedMime:1

2    : 3800hs.2 +400 +5100 pid:4 Originate 95550123
tx:2/60000 rx:0/0 10 (normal call clearing (16))
Tele : tx:47000/36000/11000ms  noise:-1 acom:-1  i/0:0/0 dBm"""

FAX = """\
Fax        f1 (fax receive)
State      closed
Ended      received (1): The fax was received complete.
Called     5551234
Calling    5550001
Far end    555 0001
Pages      1 (41190 octets)
Form       MMR, 204x196, 9600 bit/s, ECM
Began      2001-09-09 01:46:40
Connected  2001-09-09 01:46:40
Over       2001-09-09 01:47:16
Duration   0:36, 28.0 s of it pages
Port       lab by dial peer 1
Mail       to 5551234@mail.example.com by dial peer 2
Call       C1

PAGE  CODING  RESOLUTION  WIDTH  ROWS  BAD ROWS  OCTETS  COMMITTED
   1  mmr     204x196      1728  2200         3   41190  2001-09-09 01:47:15"""

JOB = """\
Job              j1 (fax to 95550123)
State            deferred
Last cause       busy (102): The number was busy. Try again later.
Message          m1
Accepted         2001-09-09 01:46:40
Due              2001-09-09 01:49:42
Confirmed pages  0
Faxes            f1 (call C1)

TRY  BEGAN                ENDED                CAUSE
  1  2001-09-09 01:46:40  2001-09-09 01:46:42  busy (102): The number was busy. Try again later.

AT                   CALL  WHAT
2001-09-09 01:46:42  C1    dialling by port trunk
2001-09-09 01:46:42  C1    deferred for 180 s: busy"""

SUMMARY = """\
dial-peer hunt 0
TAG  TYPE   ADMIN  OPER  PREFIX  DEST-PATTERN  FER  SESS-TARGET                  PORT   APPLICATION  INCOMING  CALLS
  1  pots   up     up    -       -               0  -                            -      onramp       5551...       0
  2  mmoip  up     up    -       5551...         0  mailto:$d$@mail.example.com  -      -            -             0
  3  mmoip  up     up    -       -               0  -                            -      offramp      .             1
  4  pots   up     down  0,      9.......        0  -                            trunk  -            -             1"""

PEER = """\
dial-peer voice 4 pots: admin up, oper up, 0 calls of 30
  max_conn = 30
  destination_pattern = 9.......
  preference = 0
  huntstop = false
  port = trunk
  direct_inward_dial = false
  digit_strip = true
  prefix = 0,"""

WITHHELD = """\
FAX  DIRECTION  STATE     CALLING   CALLED  PAGES  BEGAN                CAUSE
f1   receive    withheld  5550001  5551234      1  2001-09-09 01:46:40  carrier_lost

A withheld fax did not come whole, and is not mailed. Mail it with: sandf release FAX"""

STATUS = """\
Gateway             fax.example.com takes calls and mail
Version             sandf 0.1, process 4242
Up since            2001-09-09 01:46:40 (0:53)
Listens             ESMTP tcp:2525:interface=127.0.0.1
Ports               trunk (up, 0 calls), lab (up, 0 calls)
Live calls          0
Jobs                1 fax delivered
Faxes               1 fax send ended
Notices to be sent  1"""


class ShowTests(SynchronousTestCase):
    maxDiff = None

    def setUp(self) -> None:
        self.world = World()

    def value(self, question: Coroutine[Any, Any, Value]) -> Value:
        value = self.successResultOf(Deferred.fromCoroutine(question))
        return dict(json.loads(json.dumps(value)))

    def show(self, words: str) -> str:
        return render(self.value(self.world.inspection.show(words)))

    def refused(self, question: Coroutine[Any, Any, Value]) -> str:
        failure = self.failureResultOf(Deferred.fromCoroutine(question), Refusal)
        return str(failure.value)

    def test_active_fax_has_the_classic_fields_in_their_order(self) -> None:
        job_id = self.world.accept()
        self.world.page(self.world.sending(job_id), 1)
        expected = ACTIVE.format(connection=connection_id("C1"))
        self.assertEqual(self.show("call active fax"), expected)
        self.assertRegex(connection_id("C1"), r"^\[0x[0-9A-F]+( 0x[0-9A-F]+){3}\]$")

    def test_active_fax_brief(self) -> None:
        job_id = self.world.accept()
        self.world.page(self.world.sending(job_id), 1)
        self.assertEqual(
            self.show("sh call act fax br"),
            "1    : 0hs.1 +0 pid:3 Answer ann@example.com active\n"
            "tx:0/0 rx:1/30000\n"
            "IP 192.0.2.7 AcceptedMime:2 DiscardedMime:1\n\n"
            "1    : 200hs.2 +400 pid:4 Originate *,5550123 active\n"
            "tx:1/30000 rx:0/0\n"
            "Tele : tx:26000/18000/8000ms  noise:-1 acom:-1  i/0:0/0 dBm",
        )

    def test_history_brief_has_the_newest_last(self) -> None:
        self.world.received_fax()
        self.world.sent_fax()
        self.assertEqual(self.show("call history fax brief"), HISTORY_BRIEF)

    def test_history_adds_how_it_ended(self) -> None:
        job_id = self.world.accept()
        self.world.dialling(job_id)
        self.world.leg(ProviderKind.TELEPHONY).released(causes.BUSY)
        text = self.show("call history fax last 1")
        for line in (
            "f1 (fax send, call C1) of 2001-09-09 01:46:42: The number was busy. Try again later.",
            "DisconnectCause=11\nDisconnectText=user busy (17)\nConnectTime=0\nDisconnectTime=2000\n"
            "CallDuration=00:00:00\nCallOrigin=1\nReleaseSource=3\n",
            "OriginalCalledNumber=95550123\n",
            "GwReceivedCalledNumber=95550123",
        ):
            self.assertIn(line, text)

    def test_a_fax_that_comes_in_has_two_legs_before_and_after_its_end(self) -> None:
        """As the classic gateways show it: the mail leg is there, with what the dial peer says of notifications."""
        self.world.routing.plan = DialPlan(
            peers=tuple(
                replace(peer, dsn=frozenset({Dsn.FAILURE}), mdn=True) if isinstance(peer, MmoipPeer) else peer
                for peer in PEERS
            )
        )
        fax = self.world.receiving()
        (call,) = self.value(self.world.inspection.show("call active fax"))["calls"]
        line, mail = call["classic"]
        self.assertEqual((line["tele"]["CallID"], mail["mmoip"]["CallID"]), (1, 2))
        self.assertEqual((line["generic"]["Index"], mail["generic"]["Index"]), (1, 2))
        self.assertEqual(
            {name: mail["generic"][name] for name in ("PeerAddress", "PeerId", "CallState", "CallOrigin")},
            {"PeerAddress": "5551234@mail.example.com", "PeerId": 2, "CallState": 2, "CallOrigin": 1},
        )
        self.assertEqual(
            (mail["mmoip"]["Notification"], mail["mmoip"]["SessionTarget"], mail["generic"]["TransmitBytes"]),
            ("dsnMdn", "mailto:5551234@mail.example.com", 0),
        )
        page = Page(number=1, form=FINE_MMR, rows=2200, octets=b"\x00" * 500)
        fax.indicate(PageReceived(page=page, seconds=28.0))
        self.world.finish(fax, causes.RECEIVED)
        self.world.leg(ProviderKind.DOCUMENT).connected()
        (call,) = self.value(self.world.inspection.show("call active fax"))["calls"]
        mail = call["classic"][-1]
        self.assertEqual((mail["mmoip"]["CallID"], mail["mmoip"]["Notification"]), (2, "dsnMdn"))
        self.assertEqual((mail["generic"]["PeerId"], mail["generic"]["TransmitBytes"]), (2, 500))
        self.world.leg(ProviderKind.MAIL).connected()
        (ended,) = self.value(self.world.inspection.show("call history fax"))["faxes"]
        line, mail = ended["classic"]
        self.assertEqual((line["tele"]["CallID"], mail["mmoip"]["CallID"]), (1, 2))
        self.assertEqual((mail["generic"]["PeerId"], mail["mmoip"]["Notification"]), (2, "dsnMdn"))

    def test_every_cause_has_a_disconnect_text(self) -> None:
        for cause in causes.CATALOGUE.values():
            self.assertRegex(disconnect_text(cause), rf"^[a-z][a-z0-9 ,]+ \({cause.q850}\)$")

    def test_last_limits_the_history(self) -> None:
        for _ in range(3):
            self.world.received_fax()
        value = self.value(self.world.inspection.show("call history fax last 2"))
        self.assertEqual([fax["fax"] for fax in value["faxes"]], ["f2", "f3"])

    def test_a_fax_with_its_pages(self) -> None:
        self.world.received_fax()
        self.assertEqual(self.show("fax f1"), FAX)

    def test_the_fax_of_a_live_call_is_shown_as_it_stands(self) -> None:
        self.world.page(self.world.sending(self.world.accept()), 1)
        self.assertIn("Pages      1 (30000 octets)", self.show("fax f1"))

    def test_a_job_with_its_story(self) -> None:
        job_id = self.world.accept()
        self.world.dialling(job_id)
        self.world.leg(ProviderKind.TELEPHONY).released(causes.BUSY)
        self.assertEqual(self.show(f"job {job_id}"), JOB)
        self.assertEqual(
            self.show("jobs def"),
            "JOB  KIND  STATE           TO  TRIES  PAGES  DUE/ENDED            CAUSE\n"
            "j1   fax   deferred  95550123      1      0  2001-09-09 01:49:42  busy",
        )
        self.assertEqual(self.show("jobs running"), "No job is running.")

    def test_what_the_renderer_had_to_leave_out_is_part_of_the_story(self) -> None:
        job_id = self.world.accept()
        self.world.mail_leg(job_id)
        note = "No font has these characters of page 1; they are sent as ?: \u6f22"
        self.world.leg(ProviderKind.DOCUMENT).indicate(DocumentReady(pages=1, notes=(note,)))
        self.assertIn(f"C1    {note}", self.show(f"job {job_id}"))

    def test_dial_peers(self) -> None:
        self.assertEqual(self.show("dial-peer voice 4"), PEER)
        self.world.sending(self.world.accept())
        self.world.around.down = {"trunk": "no proxy answers"}
        self.assertEqual(self.show("dial-peer voice summary"), SUMMARY)
        self.assertEqual(self.show("dial-peer voice").count("dial-peer voice "), 4)

    def test_calls(self) -> None:
        self.assertEqual(self.show("calls"), "No calls.")
        self.world.page(self.world.sending(self.world.accept()), 1)
        self.assertEqual(
            self.show("calls"),
            "CALL  APPLICATION  STATE     CALLED  PORT   FAR END      PAGES  BIT/S  SINCE  FOR\n"
            "C1    offramp      page 2  95550123  trunk  +1 555 0123      1  14400  0:32   j1",
        )

    def test_states_of_a_call(self) -> None:
        def state() -> object:
            return self.value(self.world.inspection.calls())["calls"][0]["state"]

        job_id = self.world.accept()
        self.world.mail_leg(job_id)
        self.assertEqual(state(), "making pages")
        self.world.leg(ProviderKind.DOCUMENT).connected()
        self.assertEqual(state(), "dialling")
        self.world.leg(ProviderKind.TELEPHONY).connected()
        self.assertEqual(state(), "negotiating")

    def test_status(self) -> None:
        self.world.sent_fax()
        self.assertEqual(self.show("status"), STATUS)

    def test_nothing_yet(self) -> None:
        self.assertEqual(self.show("call active fax"), "No active fax calls.")
        self.assertEqual(self.show("call history fax brief"), "No faxes have ended yet.")
        self.assertEqual(self.show("jobs"), "No jobs.")

    def test_what_cannot_be_shown_is_refused_with_what_can(self) -> None:
        inspection = self.world.inspection
        for words, sentence in (
            ("", "Say what to show. These can be asked:"),
            ("running-config", "There is nothing to show for 'running-config'. These can be asked:"),
            ("call history fax last 0", "last takes a number from 1 to 100, not '0'."),
            ("call history fax last 101", "last takes a number from 1 to 100, not '101'."),
            ("fax f9", "There is no fax f9. See: sandf show call history fax brief"),
            ("job j9", "There is no job j9. See: sandf show jobs"),
            ("dial-peer voice 9", "There is no dial peer 9. See: sandf show dial-peer voice summary"),
            ("dial-peer voice x", "'x' is no dial peer; give a tag, or summary."),
            ("faxes sleeping", "'sleeping' is no state of a fax; open, closed, withheld, mailed, ended are."),
            ("jobs sleeping", "'sleeping' is no state of a job; deferred, running, delivered, failed are."),
        ):
            with self.subTest(words):
                self.assertTrue(self.refused(inspection.show(words)).startswith(sentence), words)

    def test_words_of_the_line_cannot_act_on_the_terminal(self) -> None:
        fax = self.world.sending(self.world.accept())
        fax.indicate(RemoteIdentified(ident="\x1b]0;owned\x07\x9b2J\u202e\r\nX"))
        for words in ("calls", "call active fax", "fax f1", "status"):
            text = self.show(words)
            self.assertFalse(set(text) & set("\x1b\x07\x9b\u202e\r"), words)
        self.assertIn("]0;owned", self.show("calls"))

    # Orders.

    def test_hang_up_ends_the_call_in_an_orderly_way(self) -> None:
        self.world.sending(self.world.accept())
        answer = self.value(self.world.inspection.hang_up("C1"))
        self.assertEqual(render(answer), "Call C1 is asked to end.")
        self.assertIn(("disconnect_request", causes.HUNG_UP), self.world.providers[ProviderKind.FAX].asked)
        self.assertEqual(
            self.refused(self.world.inspection.hang_up("C9")), "There is no live call C9. See: sandf show calls"
        )

    def test_a_call_is_named_by_the_beginning_of_its_id_if_that_is_one_call(self) -> None:
        self.world.sending(self.world.accept())
        self.world.receiving()
        inspection = self.world.inspection
        self.assertEqual(self.refused(inspection.hang_up("C")), "Several calls begin with C: C1, C2. Say more of it.")
        self.world.finish(self.world.leg(ProviderKind.FAX), causes.CARRIER_LOST)
        self.assertEqual(self.value(inspection.hang_up("C"))["call"], "C1")

    def test_the_connection_id_is_the_128_bits_of_a_call_id(self) -> None:
        self.assertEqual(connection_id("37ec7f41b01100010000000000035c34"), "[0x37EC7F41 0xB0110001 0x0 0x35C34]")

    def test_release_mails_a_withheld_fax(self) -> None:
        self.world.onramp.settings = type(self.world.onramp.settings)(success_fax_only=True)
        fax = self.world.receiving()
        page = Page(number=1, form=FINE_MMR, rows=2200, octets=b"\x00")
        fax.indicate(PageReceived(page=page, seconds=28.0))
        self.world.finish(fax, causes.CARRIER_LOST)
        self.assertIn(
            "State      withheld: nobody has it by mail yet; mail it with: sandf release f1", self.show("fax f1")
        )
        self.assertIn("Withheld faxes  1, see: sandf show faxes withheld", self.show("status"))
        self.assertEqual(self.show("faxes withheld"), WITHHELD)
        answer = self.value(self.world.inspection.release("f1"))
        self.assertEqual(answer["sentence"], "f1 is mailed to 5551234@mail.example.com.")
        self.assertEqual(len(self.world.control.calls), 1)

    def test_faxes_by_their_state(self) -> None:
        self.assertEqual(self.show("faxes"), "No faxes.")
        self.world.received_fax()
        self.world.sent_fax()
        text = self.show("faxes")
        self.assertEqual([line.split()[:3] for line in text.splitlines()[1:]], [
            ["f2", "send", "ended"], ["f1", "receive", "closed"],
        ])  # fmt: skip
        self.assertEqual(self.show("faxes withheld"), "No fax is withheld.")
        self.assertNotIn("f1", self.show("faxes end"))

    def test_release_of_what_is_not_withheld_is_refused(self) -> None:
        self.world.received_fax()
        self.assertEqual(self.refused(self.world.inspection.release("f1")), "f1 is closed, not withheld.")
        self.assertIn("There is no fax f9", self.refused(self.world.inspection.release("f9")))

    def test_reload_says_what_it_took(self) -> None:
        inspection, around = self.world.inspection, self.world.around
        self.assertEqual(render(self.value(inspection.reload())), "Nothing has changed.")
        around.changes = lambda: succeed(Reload(live=("dial_peer[4]",), restart=("ports", "manhole")))
        self.assertEqual(
            render(self.value(inspection.reload())), "Taken: dial_peer[4]. Only a restart changes: ports, manhole."
        )
        problem = Problem(key_path="log.level", value='"loud"', message="one of debug, info is allowed", line=3)
        around.changes = lambda: fail(ConfigurationError((problem,)))
        self.assertIn("the old one stays:\nerror: line 3: log.level", self.refused(inspection.reload()))

    def test_message_ids(self) -> None:
        self.assertEqual(message_id_field(b"Message-ID:\r\n <a@b>\r\n\r\n"), "a@b")
        self.assertEqual(message_id_field(b"Subject: x\r\n\r\nMessage-ID: <a@b>\r\n"), "")

    def test_a_mail_that_is_forgotten_leaves_its_fields_empty(self) -> None:
        message = Message(reverse_path="", octets=b"\r\n")
        fired(self.world.store.accept_message(message, [NewJob(kind=JobKind.MAIL, address="a@b")], 0.0))
        self.assertIn("a@b", self.show("jobs"))


class QueryTests(SynchronousTestCase):
    @settings(deadline=None, derandomize=True, max_examples=300)
    @given(
        st.lists(
            st.sampled_from(
                [
                    "show",
                    "call",
                    "active",
                    "history",
                    "fax",
                    "brief",
                    "last",
                    "5",
                    "dial-peer",
                    "voice",
                    "jobs",
                    "f1",
                    "é",
                ]
            )
            | st.text(max_size=5),
            max_size=7,
        )
    )
    def test_any_words_are_a_query_or_a_refusal(self, words: list[str]) -> None:
        try:
            query = queries.parse(words)
        except Refusal as refusal:
            self.assertTrue(refusal.sentence)
        else:
            self.assertTrue(1 <= query.last <= queries.HISTORY_LIMIT)

    def test_ids_keep_their_case_and_words_do_not_matter_how_they_come(self) -> None:
        self.assertEqual(queries.parse("show FAX F1").name, "F1")
        self.assertEqual(queries.parse(["call", "history fax", "last", "3"]).last, 3)
