"""The configuration in the words of each room."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from sandf.causes import BUSY, NO_PORT, Retry
from sandf.config import embedded, load
from sandf.protocols.smtp.settings import TlsUse
from sandf.protocols.t4.form import Paper, Resolution
from sandf.protocols.t30.settings import RtnPolicy
from sandf.tap import settings


class SettingsTests(SynchronousTestCase):
    def test_pages_are_sent_in_the_form_that_is_configured(self) -> None:
        for word, resolution in settings.RESOLUTIONS.items():
            configuration = load(f'[fax.send]\nresolution = "{word}"\npaper = "A3"\n')
            self.assertEqual(settings.fax(configuration).send_resolution, resolution)
            self.assertEqual(settings.fax(configuration).send_paper, Paper.A3)
        self.assertEqual(settings.fax(embedded()).send_resolution, Resolution.FINE)

    def test_t30(self) -> None:
        configuration = load(
            '[t30]\necm = false\nmin_speed = 4800\nrtn_policy = "go_on"\nrepeat_last_page = true\ndis_tries = 3\n'
            "longest_bad_run = 7\n"
        )
        fax = settings.fax(configuration)
        self.assertEqual(
            (fax.ecm, fax.min_speed, fax.rtn_policy, fax.repeat_last_page, fax.dis_tries, fax.longest_bad_run),
            (False, 4800, RtnPolicy.GO_ON, True, 3, 7),
        )

    def test_retry_schedule(self) -> None:
        schedule = settings.fax_schedule(load("[retry]\ndials = 5\n[retry.busy]\nwait = 7.0\nattempts = 2\n"))
        rule = schedule.rule(BUSY.retry)
        self.assertEqual((schedule.dials, rule.waits, rule.most), (5, (7.0,), 2))
        self.assertIs(NO_PORT.retry, Retry.CAPACITY)

    def test_mail(self) -> None:
        configuration = load(
            '[gateway]\nhostname = "fax.example.com"\n'
            '[smtp.server]\nallow = ["192.0.2.0/24"]\n'
            '[smtp.client]\nservers = ["mail.example.com:2525"]\ntls = "required"\nmail_from = "$s$@fax.example.com"\n'
        )
        server, client = settings.mail_server(configuration), settings.mail_client(configuration)
        self.assertEqual((server.hostname, str(server.allow[0])), ("fax.example.com", "192.0.2.0/24"))
        self.assertEqual((client.servers, client.tls), ((("mail.example.com", 2525),), TlsUse.REQUIRED))
        self.assertEqual(settings.onramp_mail(configuration).mail_from, "$s$@fax.example.com")
        self.assertEqual(settings.notices(configuration).postmaster, "postmaster@fax.example.com")

    def test_virtual_ports(self) -> None:
        text = '[[ports]]\nname = "lab"\ntype = "virtual"\nspeed = 50.0\nloss = 0.1\nseed = 7\nmax_conn = 3\n'
        (port,) = settings.virtual_ports(load(text))
        self.assertEqual((port.name, port.speed, port.max_conn), ("lab", 50.0, 3))
        self.assertEqual((port.impairments.loss, port.impairments.seed), (0.1, 7))
