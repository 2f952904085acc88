"""Every rehearsal machine, called by a fax leg through call control and the exchange."""

from __future__ import annotations

from pathlib import Path

from sandf import causes
from sandf.callcontrol.primitives import Negotiated, PageConfirmed, PageInDoubt, PageRefused, RemoteIdentified
from sandf.causes import Cause
from sandf.fmsp.far import FarMachines
from sandf.protocols.t4.form import Coding
from sandf.vtsp.interfaces import FarTerminals
from sandf.vtsp.rehearsal import REHEARSALS
from tests.fmsp.synchronous import at_once
from tests.fmsp.world import Fax, Rows, World, WorldCase, document, rows_of

far: FarTerminals = FarMachines(aside=at_once)


class RehearsalTests(WorldCase):
    def dial(self, number: str, pages: list[Rows], expected: Cause) -> Fax:
        fax = self.world.send(number, pages)
        self.world.run()
        self.assertIs(fax.cause, expected)
        return fax

    def confirmed(self, fax: Fax) -> list[int]:
        return [t.number for t in fax.transactions if isinstance(t, PageConfirmed)]

    def assertKept(self, number: str, pages: list[Rows]) -> None:
        self.assertEqual([(to, [rows_of(page) for page in kept]) for to, kept in self.world.kept], [(number, pages)])

    def form(self, fax: Fax) -> Negotiated:
        last = fax.of(Negotiated)[-1]
        assert isinstance(last, Negotiated)
        return last

    def test_5550001_keeps_the_pages(self) -> None:
        pages = document(1, 3)
        fax = self.dial("5550001", pages, causes.DELIVERED)
        self.assertKept("5550001", pages)
        self.assertEqual(self.confirmed(fax), [1, 2, 3])
        self.assertEqual(fax.of(RemoteIdentified), [RemoteIdentified(ident="5550001")])
        self.assertEqual(
            (self.form(fax).form.coding, self.form(fax).bit_rate, self.form(fax).ecm), (Coding.MMR, 14400, True)
        )

    def test_5550002_is_busy(self) -> None:
        self.dial("5550002", document(1, 1), causes.BUSY)

    def test_5550003_never_answers(self) -> None:
        fax = self.world.send("5550003", document(1, 1), answer_timeout=30.0)
        self.world.run()
        self.assertIs(fax.cause, causes.NO_ANSWER)
        self.assertAlmostEqual(self.world.reactor.seconds(), 30 / 50)

    def test_5550004_is_a_person(self) -> None:
        fax = self.dial("5550004", document(1, 1), causes.NO_FAX)
        self.assertEqual(fax.transactions, [])
        self.assertAlmostEqual(self.world.reactor.seconds(), (2 + 35) / 50)

    def test_5550005_was_changed(self) -> None:
        self.dial("5550005", document(1, 1), causes.NUMBER_CHANGED)

    def test_5550006_drops_the_call_on_page_2(self) -> None:
        pages = document(1, 3)
        fax = self.dial("5550006", pages, causes.CARRIER_LOST)
        self.assertEqual(self.confirmed(fax), [1])
        self.assertKept("5550006", pages[:1])

    def test_5550007_trains_only_at_2400(self) -> None:
        pages = document(1, 1)
        fax = self.dial("5550007", pages, causes.DELIVERED)
        speeds = [t.bit_rate for t in fax.transactions if isinstance(t, Negotiated)]
        self.assertEqual(speeds, [14400, 12000, 9600, 9600, 7200, 7200, 4800, 2400])
        self.assertKept("5550007", pages)

    def test_5550008_has_no_ecm_and_only_mh(self) -> None:
        pages = document(1, 2)
        fax = self.dial("5550008", pages, causes.DELIVERED)
        self.assertEqual((self.form(fax).form.coding, self.form(fax).ecm), (Coding.MH, False))
        self.assertKept("5550008", pages)

    def test_5550009_wants_to_be_polled(self) -> None:
        self.dial("5550009", document(1, 1), causes.WANTS_TO_BE_POLLED)
        self.assertEqual(self.world.kept, [])

    def test_5550010_rejects_the_first_page_once(self) -> None:
        pages = document(1, 2)
        fax = self.dial("5550010", pages, causes.DELIVERED)
        self.assertEqual(fax.of(PageRefused), [PageRefused(number=1, sent_again=True)])
        self.assertEqual(self.confirmed(fax), [1, 2])
        self.assertKept("5550010", pages)
        self.assertEqual([page.number for page in self.world.kept[0][1]], [1, 2])
        self.assertLess(self.form(fax).bit_rate, 14400)

    def test_5550011_never_confirms_the_last_page(self) -> None:
        pages = document(1, 2)
        fax = self.dial("5550011", pages, causes.UNCONFIRMED)
        self.assertEqual(self.confirmed(fax), [1])
        self.assertEqual(fax.of(PageInDoubt)[-1], PageInDoubt(number=2, last=True))
        self.assertKept("5550011", pages)

    def test_every_machine_has_its_test_and_its_line_in_the_documentation(self) -> None:
        text = (Path(__file__).parents[2] / "docs" / "rehearsal.rst").read_text()
        for rehearsal in REHEARSALS:
            self.assertTrue(any(name.startswith(f"test_{rehearsal.number}") for name in dir(self)), rehearsal)
            self.assertIn(f"``{rehearsal.number}``", text)
            self.assertIn(rehearsal.sentence, " ".join(text.split()))

    def test_two_calls_to_one_machine_at_once(self) -> None:
        first, second = document(1, 1), document(2, 2)
        faxes = [self.world.send("5550001", first), self.world.send("5550001", second)]
        self.world.run()
        self.assertEqual([fax.cause for fax in faxes], [causes.DELIVERED] * 2)
        self.assertEqual([[rows_of(page) for page in kept] for _, kept in self.world.kept], [first, second])

    def test_a_keeper_that_fails_is_logged_and_nobody_suffers(self) -> None:
        async def broken(number: str, pages: object) -> None:
            raise OSError("disk")

        self.world = World(keep=broken)
        self.dial("5550001", document(1, 1), causes.DELIVERED)
        self.assertEqual(len(self.flushLoggedErrors(OSError)), 1)
