"""The configurations in etc/profiles: each is without a mistake, and has its page."""

from __future__ import annotations

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from sandf.config import SipPort, load
from sandf.dialpeer import Side, Usage

ROOT = Path(__file__).parent.parent
PROFILES = sorted((ROOT / "etc" / "profiles").glob("*.toml"))


class ProfileTests(SynchronousTestCase):
    def test_each_is_good_and_has_both_ramps(self) -> None:
        self.assertGreater(len(PROFILES), 4)
        for file in PROFILES:
            configuration = load(file)
            self.assertEqual([str(warning) for warning in configuration.warnings], [], file)
            self.assertTrue(any(isinstance(port, SipPort) for port in configuration.ports), file)
            plan = configuration.dial_plan
            (match,) = plan.outbound_peers(Side.TELEPHONE, "0301234567", usage=Usage(), draw=lambda: 0.0, last_used={})
            self.assertTrue(match.digits.endswith("0301234567"), file)

    def test_each_has_its_page(self) -> None:
        pages = "".join(page.read_text() for page in (ROOT / "docs").glob("*.rst"))
        for file in PROFILES:
            self.assertIn(f"etc/profiles/{file.name}", pages)
