"""SIGHUP: a changed dial peer is followed by the next call, a call that runs is left alone."""

from __future__ import annotations

import signal

from .case import RingCase
from .load import mail

PAGES = 9
A_PAGE = 20
"""Rows of noise: about 5,000 octets, 3 s of V.17 at 14400 bit/s."""


class ReloadTests(RingCase):
    speed = 10.0

    def test_a_changed_dial_peer_takes_effect_without_dropping_a_call(self) -> None:
        self.gateway.start()
        self.wait_for_words("is ready")
        first = mail(self.gateway.port, 1, pages=PAGES, noise_rows=A_PAGE)
        self.wait_for_page()
        self.gateway.configure(speed=self.speed, domain="new.example")
        self.gateway.signal(signal.SIGHUP)
        self.wait_for_words("reloaded; changed: dial_peer[2]; needs a restart: nothing")
        second = mail(self.gateway.port, 2, pages=2)
        self.drain()
        found = self.check([first, second], [])
        self.assertEqual([job.attempts for job in found.fax_jobs], [1, 1], "no call was dropped")
        self.assertEqual(self.mailbox.domains, {first.called[0]: "fax.example", second.called[0]: "new.example"})

    def test_a_broken_file_changes_nothing_and_the_log_names_the_problem(self) -> None:
        self.gateway.start()
        self.wait_for_words("is ready")
        first = mail(self.gateway.port, 1, pages=PAGES, noise_rows=A_PAGE)
        self.wait_for_page()
        good = self.gateway.file.read_text()
        self.gateway.file.write_text(good.replace('destination_pattern = ".T"', 'destination_pattern = "(5"'))
        self.gateway.signal(signal.SIGHUP)
        self.wait_for_words("not reloaded, everything stays as it was")
        self.assertRegex(self.gateway.said(), r"dial_peer\[3\]\.destination_pattern.*\(5")
        second = mail(self.gateway.port, 2, pages=2)
        self.drain()
        found = self.check([first, second], [])
        self.assertEqual([job.attempts for job in found.fax_jobs], [1, 1], "no call was dropped")
