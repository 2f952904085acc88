"""Calls with RTP and RTN, polling, and operators."""

from __future__ import annotations

from sandf.protocols.t4.form import Coding, Paper
from sandf.protocols.t30 import events
from sandf.protocols.t30.pump import Modulation
from sandf.protocols.t30.settings import CopyQuality, Intention, RtnPolicy, TerminalSettings

from .calls import CALLED, CALLER, CallTestCase, settings
from .judges import FixedJudge
from .line import Host, Line, Nth
from .pages import page


class Retraining(CallTestCase):
    """Copy quality, RTP and RTN."""

    def judged(self, *bad: int) -> TerminalSettings:
        found = iter([CopyQuality(rows=100, bad_rows=count, longest_bad_run=1) for count in bad])
        return settings(ecm=False, judge=FixedJudge(found))

    def pages(self, count: int) -> list[events.OutgoingPage]:
        return [page(coding=Coding.MR, seed=seed) for seed in range(count)]

    def test_rtp_goes_on_slower(self) -> None:
        line = Line(CALLER, self.judged(10, 0), pages=self.pages(2)).run()
        self.check(line, self.pages(2))
        self.assertIn("RTP", line.called.frames)
        self.assertEqual(line.called.host.received[1].parameters.modulation, Modulation.V17_12000)

    def test_rtn_repeats_the_page_once(self) -> None:
        pages = self.pages(2)
        for last in (1, 2):
            caller = settings(repeat_last_page=last == 1)
            line = Line(caller, self.judged(30, 0, 0), pages=pages[:last]).run()
            self.check(line, [pages[0], *pages[:last]])
            self.assertEqual([p.verdict.name for p in line.called.host.received][:2], ["RTN", "MCF"])
            self.assertEqual([p.after_rejected for p in line.called.host.received][:2], [False, True])

    def test_rtn_twice_gives_up(self) -> None:
        line = Line(CALLER, self.judged(30, 30), pages=self.pages(2)).run()
        self.assertEqual(line.caller.host.outcome, "PAGE_REJECTED")
        self.assertEqual(line.called.host.outcome, "REJECTED_PAGE_NOT_REPEATED")

    def test_policies(self) -> None:
        line = Line(settings(rtn_policy=RtnPolicy.GO_ON), self.judged(30, 0), pages=self.pages(2)).run()
        self.check(line, self.pages(2))
        verdicts = [(e.number, e.verdict.name) for e in line.caller.host.of(events.PageConfirmed)]
        self.assertEqual(verdicts, [(1, "RTN"), (2, "MCF")])
        line = Line(settings(rtn_policy=RtnPolicy.GIVE_UP), self.judged(30), pages=self.pages(2)).run()
        self.assertEqual(line.caller.host.outcome, "PAGE_REJECTED")

    def test_rtn_or_rtp_after_eom(self) -> None:
        pages = [page(coding=Coding.MR), page(coding=Coding.MR, paper=Paper.B4)]
        line = Line(CALLER, self.judged(10, 0), pages=pages).run()
        self.check(line, pages)
        line = Line(CALLER, self.judged(30, 0, 0), pages=pages).run()
        self.check(line, [pages[0], *pages])

    def test_answers_lost(self) -> None:
        for name in ("RTP", "RTN"):
            bad = 10 if name == "RTP" else 30
            line = Line(CALLER, self.judged(bad, 0, 0), pages=self.pages(2), impair=Nth("called", name, "lost")).run()
            expected = self.pages(2) if name == "RTP" else [self.pages(2)[0], *self.pages(2)]
            self.check(line, expected)


class Polling(CallTestCase):
    """Both ways, and identification by SUB, SEP, PWD, SID."""

    def test_poll(self) -> None:
        for ecm in (True, False):
            pages = [page(coding=Coding.MR, seed=seed) for seed in range(2)]
            line = Line(
                settings(ident="1", selective_polling="77"),
                settings(ident="2", ecm=ecm, selective_polling="77"),
                polled=pages,
                caller_intention=Intention.RECEIVE,
                called_intention=Intention.SEND | Intention.RECEIVE,
            ).run()
            self.assertEqual((line.caller.host.outcome, line.called.host.outcome), ("COMPLETED", "COMPLETED"))
            self.assertEqual(len(line.caller.host.received), 2)
            self.assertEqual(line.called.host.of(events.Identified)[0].selective_polling, "77")
            self.assertTrue(line.called.host.of(events.CapabilitiesReceived)[0].capabilities.selective_polling)
            self.assertEqual(line.called.host.of(events.Identified)[0].ident, "1")

    def test_poll_with_page_change(self) -> None:
        pages = [page(), page(paper=Paper.A3), page()]
        line = Line(
            CALLER, CALLED, polled=pages, caller_intention=Intention.RECEIVE, called_intention=Intention.SEND
        ).run()
        self.assertEqual((line.caller.host.outcome, line.called.host.outcome), ("COMPLETED", "COMPLETED"))
        self.assertEqual(len(line.caller.host.received), 3)

    def test_dtc_lost(self) -> None:
        for how in ("lost", "corrupt"):
            line = Line(
                CALLER,
                CALLED,
                polled=[page()],
                caller_intention=Intention.RECEIVE,
                called_intention=Intention.SEND,
                impair=Nth("caller", "DTC", how),
            ).run()
            self.assertEqual((line.caller.host.outcome, line.called.host.outcome), ("COMPLETED", "COMPLETED"))

    def test_send_then_poll(self) -> None:
        both = Intention.SEND | Intention.RECEIVE
        line = Line(
            CALLER, CALLED, pages=[page()], polled=[page(seed=5)] * 2, caller_intention=both, called_intention=both
        ).run()
        self.assertEqual((line.caller.host.outcome, line.called.host.outcome), ("COMPLETED", "COMPLETED"))
        self.assertEqual((len(line.called.host.received), len(line.caller.host.received)), (1, 2))

    def test_nothing_to_poll(self) -> None:
        line = Line(CALLER, CALLED, caller_intention=Intention.RECEIVE).run()
        self.assertEqual(line.caller.host.outcome, "FAR_CANNOT_TRANSMIT")

    def test_far_end_only_sends(self) -> None:
        line = Line(CALLER, CALLED, pages=[page()], polled=[page()], called_intention=Intention.SEND).run()
        self.assertEqual(line.caller.host.outcome, "FAR_CANNOT_RECEIVE")

    def test_password(self) -> None:
        for given, outcome in (("1234", "COMPLETED"), ("9", "PASSWORD_REFUSED"), ("", "PASSWORD_REFUSED")):
            line = Line(
                settings(password=given),
                settings(password="1234"),
                polled=[page()],
                caller_intention=Intention.RECEIVE,
                called_intention=Intention.SEND,
            ).run()
            self.assertEqual(line.called.host.outcome, outcome)

    def test_subaddress_and_sender_id(self) -> None:
        line = Line(
            settings(ident="1", subaddress="4711", sender_id="me", nonstandard_setup=b"\xad\x00\x01"),
            settings(password="x", nonstandard=b"\xad\x00\x02"),
            pages=[page()],
        ).run()
        told = line.called.host.of(events.Identified)[0]
        self.assertEqual((told.ident, told.subaddress, told.sender_id), ("1", "4711", "me"))
        self.assertEqual(told.nonstandard, (b"\xad\x00\x01",))
        self.assertEqual(line.caller.host.of(events.Identified)[0].nonstandard, (b"\xad\x00\x02",))

    def test_subaddress_lost(self) -> None:
        for how in ("lost", "corrupt"):
            for nth, subaddress in (((1,), "4711"), ((1, 2), "")):
                impair = Nth("caller", "SUB", how, nth)
                line = Line(settings(ident="1", subaddress="4711"), CALLED, pages=[page()], impair=impair).run()
                self.check(line, [page()])
                self.assertEqual(line.called.host.of(events.Identified)[-1:][0].subaddress, subaddress)
                self.assertEqual(line.caller.frames.count("DCS"), 2)


class Operators(CallTestCase):
    """PRI-*, PIP and PIN."""

    def test_nobody_there(self) -> None:
        for ecm in (True, False):
            for side in ("caller", "called"):
                pages = [page(coding=Coding.MR, seed=seed) for seed in range(2)]
                line = Line(CALLER, settings(ecm=ecm), pages=pages).start()
                end = line.caller if side == "caller" else line.called
                end.terminal.request_operator(0.0)
                line.run()
                self.check(line, pages)
                seen = line.caller.frames if side == "caller" else line.called.frames
                self.assertTrue(any("PRI" in name or name == "PIP" for name in seen), seen)

    def test_operator_there(self) -> None:
        for ecm in (True, False):
            for asks in ("caller", "called"):
                for answer in ("continue", "interrupt", ""):
                    host = Host(operator=answer, pages=[page(coding=Coding.MR)])
                    ours, theirs = settings(operator=asks == "called"), settings(operator=asks == "caller", ecm=ecm)
                    if asks == "caller":
                        line = Line(ours, theirs, pages=host.pages, called_host=host).start()
                    else:
                        line = Line(ours, theirs, caller_host=host).start()
                    (line.caller if asks == "caller" else line.called).terminal.request_operator(0.0)
                    line.run()
                    self.assertEqual(len(host.of(events.OperatorRequested)), 1)
                    self.assertEqual(host.outcome, "OPERATOR" if answer == "interrupt" else "COMPLETED", line.trace)
                    self.assertTrue(line.caller.released and line.called.released)
