"""Faxes that are handed in by the command: which of the numbers is refused, and why."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

from twisted.trial.unittest import SynchronousTestCase

from sandf import causes
from sandf.causes import Failure
from sandf.config import load
from sandf.mspi.screening import Screening
from sandf.oam.refusal import Refusal
from sandf.tap.gateway import Gateway
from sandf.tap.operation import Surroundings, screened_jobs
from sandf.tap.reloading import Reloading


def route(number: str) -> str:
    if not number.startswith("555"):
        raise Failure(causes.NO_DIAL_PEER)
    return number


class StatusTests(SynchronousTestCase):
    def test_a_gateway_that_closes_down_does_not_list_its_mail_listener(self) -> None:
        configuration = load(
            "[gateway]\nhostname = 'fax.example.com'\n[store]\nurl = 'sqlite:var/sandf.db'\n"
            "[smtp.server]\nlisten = ['tcp:2525:interface=127.0.0.1']\n"
        )
        control = SimpleNamespace(accepting=True)
        gateway = SimpleNamespace(configuration=configuration, control=control, now=lambda: 0.0)
        around = Surroundings(cast(Gateway, gateway), cast(Reloading, None))
        self.assertEqual(tuple(around.listens()), ("ESMTP tcp:2525:interface=127.0.0.1", "control var/control"))
        control.accepting = False
        self.assertEqual(tuple(around.listens()), ("control var/control",))


class AcceptTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.screen = Screening(
            aliases=lambda: ["fax.example.com"],
            postmaster=lambda: "postmaster@fax.example.com",
            route=route,
            wants_cover=bool,
        )

    def refusal(self, *local_parts: str, domain: str = "fax.example.com") -> Refusal:
        paths = [f"{local_part}@{domain}" for local_part in local_parts]
        with self.assertRaises(Refusal) as caught:
            screened_jobs(self.screen, paths)
        refusal = caught.exception
        assert isinstance(refusal, Refusal)
        return refusal

    def test_all_that_lead_somewhere_are_jobs(self) -> None:
        jobs = screened_jobs(self.screen, ["FAX=5550001@fax.example.com", "FAX=555-0002/cover=no@fax.example.com"])
        self.assertEqual([job.called for job in jobs], ["5550001", "5550002"])

    def test_each_number_that_is_refused_is_named(self) -> None:
        refusal = self.refusal("FAX=5550001", "FAX=777-0001/cover=no", "FAX=8880001")
        self.assertEqual(
            refusal.sentence,
            f"7770001, 8880001: {causes.NO_DIAL_PEER.sentence} So nothing is faxed to the others either.",
        )
        self.assertEqual(refusal.cause, causes.NO_DIAL_PEER.number)
        self.assertEqual(self.refusal("FAX=7770001").sentence, f"7770001: {causes.NO_DIAL_PEER.sentence}")

    def test_each_reason_is_said(self) -> None:
        refusal = self.refusal("FAX=7770001", "FAX=hello")
        self.assertIn(f"7770001: {causes.NO_DIAL_PEER.sentence} FAX=hello@fax.example.com: ", refusal.sentence)
        self.assertIn(
            "5550001: " + causes.NOT_OUR_DOMAIN.sentence[:20], self.refusal("FAX=5550001", domain="x.example").sentence
        )
