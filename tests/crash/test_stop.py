"""SIGTERM: pages on the line finish, nothing is sent twice, and the next start goes on where this one stopped."""

from __future__ import annotations

import signal

from sandf import causes
from sandf.store.records import JobState

from . import evidence
from .case import PATIENCE, RingCase
from .load import mail

PAGES = 9
A_PAGE = 40
"""Rows of noise: about 10,000 octets, 5 s of V.17 at 14400 bit/s."""
A_LONG_PAGE = 800
"""Rows of noise: about 190,000 octets, 100 s of V.17 at 14400 bit/s."""


class StopTests(RingCase):
    speed = 10.0

    def test_the_page_on_the_line_finishes_and_the_next_start_goes_on(self) -> None:
        self.gateway.start()
        accepted = mail(self.gateway.port, 1, pages=PAGES, noise_rows=A_PAGE)
        before = self.wait_for_page()
        self.assertEqual(self.gateway.stop(), 0)

        [job] = evidence.gather(self.gateway.store).fax_jobs
        self.assertEqual((job.state, job.cause), (JobState.DEFERRED, causes.SHUT_DOWN))
        self.assertGreater(job.confirmed_pages, before, "the page on the line was finished")
        self.assertLess(job.confirmed_pages, PAGES, "no other was begun")
        self.assertEqual(len(job.ledger), job.confirmed_pages, "none is in doubt")

        self.gateway.configure(speed=120.0)
        self.gateway.start()
        self.drain()
        found = self.check([accepted], [{job.job_id: job}])
        self.assertEqual([entry.sent for entry in found.fax_jobs[0].ledger], [1] * PAGES)
        came = [[mark.page for mark in found.pages[fax.fax_id]] for fax in reversed(found.received)]
        pages = list(range(1, PAGES + 1))
        self.assertEqual(came, [pages[: job.confirmed_pages], pages[job.confirmed_pages :]])

    def test_a_second_sigterm_hurries(self) -> None:
        self.gateway.start()
        accepted = mail(self.gateway.port, 1, pages=2, noise_rows=A_LONG_PAGE)
        self.wait_for_call()
        self.gateway.signal(signal.SIGTERM)
        self.wait_for_words("may finish their page")
        self.gateway.signal(signal.SIGTERM)
        self.assertEqual(self.gateway.wait(PATIENCE), 0)
        self.assertIn("hurrying", self.gateway.said())
        self.assertEqual(self.confirmed(), 0, "it did not wait for the page")

        self.gateway.configure(speed=120.0)
        self.gateway.start()
        self.drain()
        found = self.check([accepted], [])
        self.assertEqual([entry.sent for entry in found.fax_jobs[0].ledger], [1, 1])
