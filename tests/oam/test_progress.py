"""What one who watches a job is told, over calls of scripted providers."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from sandf import causes
from sandf.callcontrol.primitives import DocumentReady, PageProgress, PageRefused, ProviderKind
from sandf.causes import Cause
from sandf.oam.progress import Progress, Watch
from sandf.oam.refusal import Refusal

from .world import World


class ProgressTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.world = World()
        self.told: list[Progress] = []

    def watch(self, job_id: str) -> Watch:
        return self.successResultOf(Deferred.fromCoroutine(self.world.progress.watch(job_id, self.told.append)))

    def steps(self) -> list[str]:
        return [f"{step.step.value}: {step.text}" for step in self.told]

    def test_a_fax_is_followed_from_the_queue_to_its_delivery(self) -> None:
        job_id = self.world.accept()
        self.watch(job_id)
        fax = self.world.sending(job_id)
        self.world.page(fax, 1)
        self.world.page(fax, 2, last=True)
        self.world.finish(fax)
        self.assertEqual(
            self.steps(),
            [
                "queued: queued",
                "making pages: making pages",
                "ready: the first page is ready, 2 pages altogether",
                "dialling: dialling *,5550123 by port trunk",
                "ringing: ringing",
                "connected: connected",
                "identified: the far end is +1 555 0123",
                "negotiated: 14400 bit/s, MMR, ECM",
                "sending: page 1 of 2",
                "confirmed: page 1 of 2 confirmed",
                "sending: page 2 of 2",
                "confirmed: page 2 of 2 confirmed",
                "ended: delivered: Message delivered to remote fax machine",
            ],
        )
        self.assertEqual(self.world.progress._watches, {})
        self.assertEqual(
            self.told[-1].value(),
            {
                "job": job_id,
                "step": "ended",
                "text": "delivered: Message delivered to remote fax machine",
                "pages": 2,
                "delivered": True,
                "cause": 0,
                "sentence": "Message delivered to remote fax machine",
            },
        )

    def test_what_could_not_be_drawn_is_told(self) -> None:
        job_id = self.world.accept()
        self.watch(job_id)
        self.world.mail_leg(job_id)
        document = self.world.leg(ProviderKind.DOCUMENT)
        document.indicate(DocumentReady(pages=1, notes=("Left out: a.", "No font has: b")))
        self.assertEqual(self.steps()[-1], "note: Left out: a. No font has: b")
        document.indicate(DocumentReady(pages=1))
        self.assertEqual(len([step for step in self.steps() if step.startswith("note")]), 1)

    def test_busy_is_a_failed_call_and_then_a_deferral_with_its_time(self) -> None:
        job_id = self.world.accept()
        self.watch(job_id)
        self.world.dialling(job_id)
        self.world.leg(ProviderKind.TELEPHONY).released(causes.BUSY)
        self.assertEqual(
            self.steps()[-2:],
            ["call failed: no call: busy", "deferred: deferred: The number was busy. Try again later."],
        )
        last = self.told[-1]
        self.assertEqual((last.until, last.delivered, last.cause), (self.world.clock.seconds() + 180, False, 102))
        self.assertFalse(last.over)

    def test_one_who_comes_late_is_told_what_has_happened(self) -> None:
        job_id = self.world.accept()
        fax = self.world.sending(job_id)
        fax.indicate(PageProgress(number=1, octets=100, total=1000))
        self.world.clock.advance(1)
        fax.indicate(PageProgress(number=1, octets=900, total=1000))
        self.watch(job_id)
        self.assertEqual(len([step for step in self.told if step.octets]), 1)
        self.assertEqual((self.told[-1].octets, self.told[-1].total), (900, 1000))
        self.assertEqual(self.told[0].step.value, "making pages")

    def test_one_who_comes_after_the_end_is_told_the_end(self) -> None:
        self.watch(self.world.sent_fax())
        self.assertEqual(self.steps(), ["ended: delivered: Message delivered to remote fax machine"])

    def test_octets_of_a_page_are_told_ten_times_a_second_at_most_and_the_last_always(self) -> None:
        job_id = self.world.accept()
        self.watch(job_id)
        fax = self.world.sending(job_id)
        for octets in range(0, 1001, 10):
            fax.indicate(PageProgress(number=1, octets=octets, total=1000))
        self.assertEqual([step.octets for step in self.told if step.octets is not None], [0, 1000])

    def test_a_page_that_is_refused_is_told(self) -> None:
        job_id = self.world.accept()
        self.watch(job_id)
        self.world.sending(job_id).indicate(PageRefused(number=1, sent_again=True))
        self.assertEqual(self.steps()[-1], "refused: page 1 refused, it is sent again")

    def test_an_ending_that_is_written_late_is_waited_for(self) -> None:
        job_id = self.world.accept()
        self.watch(job_id)
        leg = self.world.mail_leg(job_id)
        self.world.store.fail_with(causes.STORE_FAILED)
        self.world.leg(ProviderKind.DOCUMENT).released(causes.UNREADABLE, "a.pdf")
        self.assertIsNotNone(leg.released_at)
        self.assertEqual(self.steps()[-1], "making pages: making pages")
        self.world.store.fail_with(None)
        self.world.clock.pump([1.0] * 16)
        self.assertTrue(self.steps()[-1].startswith("ended: failed: The document cannot be read"))
        self.assertTrue(self.steps()[-1].endswith("(a.pdf)"))
        self.assertEqual(self.world.clock.getDelayedCalls(), [])

    def test_who_stops_hears_no_more_and_leaves_nothing_behind(self) -> None:
        job_id = self.world.accept()
        self.world.mail_leg(job_id)
        watch = self.watch(job_id)
        heard = len(self.told)
        self.world.store.fail_with(causes.STORE_FAILED)
        self.world.leg(ProviderKind.DOCUMENT).released(causes.UNREADABLE)
        watch.stop()
        watch.stop()
        self.world.store.fail_with(None)
        self.world.clock.pump([1.0] * 16)
        self.assertEqual(self.world.clock.getDelayedCalls(), [])
        self.assertEqual(len(self.told), heard)

    def test_a_watcher_that_fails_harms_nobody(self) -> None:
        job_id = self.world.accept()

        def fail(step: Progress) -> None:
            raise RuntimeError("the pipe is gone")

        self.successResultOf(Deferred.fromCoroutine(self.world.progress.watch(job_id, fail)))
        self.watch(job_id)
        fax = self.world.sending(job_id)
        self.world.finish(fax, causes.TRAINING_FAILED)
        self.assertIn("deferred", self.steps()[-1])
        self.assertGreater(len(self.flushLoggedErrors(RuntimeError)), 3)

    def test_an_unknown_job_is_refused(self) -> None:
        failure = self.failureResultOf(Deferred.fromCoroutine(self.world.progress.watch("j9", self.told.append)))
        self.assertIn("There is no job j9", str(failure.check(Refusal) and failure.value))

    def test_every_cause_makes_a_last_step(self) -> None:
        for cause in causes.CATALOGUE.values():
            with self.subTest(cause.name):
                self.check_ending(cause)

    def check_ending(self, cause: Cause) -> None:
        self.world = World()
        self.told = []
        job_id = self.world.accept()
        self.watch(job_id)
        self.world.finish(self.world.sending(job_id), cause)
        self.assertIn(cause.sentence, self.told[-1].text)
