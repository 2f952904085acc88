"""The configurations in etc/profiles and the pages about SIP trunks: no mistakes, and nothing left out."""

from __future__ import annotations

import re
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from sandf.causes import CATALOGUE
from sandf.config import Configuration, SipPort, load
from sandf.dialpeer import PotsPeer, Side, Usage

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PROFILES = sorted((ROOT / "etc" / "profiles").glob("*.toml"))


def trunk_of(configuration: Configuration) -> SipPort:
    (port,) = configuration.ports
    assert isinstance(port, SipPort)
    return port


class ProfileTests(SynchronousTestCase):
    def test_each_is_good_and_dials_every_number(self) -> None:
        self.assertGreater(len(PROFILES), 6)
        for file in PROFILES:
            configuration = load(file)
            self.assertEqual([str(warning) for warning in configuration.warnings], [], file)
            plan = configuration.dial_plan
            (match,) = plan.outbound_peers(Side.TELEPHONE, "0301234567", usage=Usage(), draw=lambda: 0.0, last_used={})
            self.assertEqual(match.peer.port, trunk_of(configuration).name, file)
            self.assertTrue(match.digits.endswith("0301234567"), file)

    def test_each_mails_what_comes_for_its_numbers_with_a_plus_or_without(self) -> None:
        for file in PROFILES:
            configuration = load(file)
            plan, port = configuration.dial_plan, trunk_of(configuration).name
            (onramp,) = [peer for peer in plan.peers if isinstance(peer, PotsPeer) and peer.application == "onramp"]
            assert onramp.incoming_called_number is not None
            for example in onramp.incoming_called_number.examples():
                digits = example.lstrip("+")
                for called in (digits, f"+{digits}"):
                    peer = plan.inbound_peer(Side.TELEPHONE, called=called, calling="", port=port)
                    self.assertEqual(peer.application, "onramp", file)
                    found = plan.outbound_peers(Side.MAIL, called, usage=Usage(), draw=lambda: 0.0, last_used={})
                    self.assertEqual(len(found), 1, file)


class PageTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.sip = (DOCS / "sip.rst").read_text(encoding="utf-8")

    def test_each_profile_has_its_page_and_each_page_its_profile(self) -> None:
        for file in PROFILES:
            page = DOCS / f"sip-{file.stem}.rst"
            self.assertIn(f"etc/profiles/{file.name}", page.read_text(encoding="utf-8"))
        self.assertEqual(
            sorted(re.findall(r"^   sip-(\S+)$", self.sip, re.MULTILINE)), [file.stem for file in PROFILES]
        )

    def test_every_key_of_a_trunk_is_among_the_settings_by_purpose(self) -> None:
        part = self.sip.partition("Settings by purpose")[2].partition("\nNumbers\n")[0]
        self.assertEqual(
            set(re.findall(r"``(\w+)``", part)) ^ set(SipPort.__struct_fields__), {"name"}, "but for its name"
        )

    def test_causes_have_the_numbers_of_the_catalogue(self) -> None:
        numbers = {cause.name: cause.number for cause in CATALOGUE.values()}
        named = re.findall(r"\b(\d+) (?:``|\(``)(\w+)``", self.sip)
        self.assertGreater(len(named), 10)
        for number, name in named:
            self.assertEqual(numbers[name], int(number), name)
