"""What ``twistd sandf`` says where it cannot start."""

from __future__ import annotations

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from sandf.tap import Options, makeService


class StartTests(SynchronousTestCase):
    def test_a_configuration_that_names_files_which_are_not_there_ends_the_start_in_words(self) -> None:
        file = Path(self.mktemp())
        file.write_text(
            "[gateway]\nhostname = 'fax.example.com'\n[smtp.server]\n"
            "tls_certificate = '/none/c.pem'\ntls_key = '/none/k.pem'\n"
            "[smtp.client]\nuser = 'gw'\npassword_file = '/none/password'\n"
        )
        options = Options()
        options["config"] = str(file)
        ended = self.assertRaises(SystemExit, makeService, options)
        # sys.exit() of a text writes it to standard error and ends with status 1.
        lines = str(ended.code).splitlines()
        self.assertEqual(lines[0], f"{file} cannot be used:")
        for line, beginning in zip(
            lines[1:],
            (
                '  error: line 4: smtp.server.tls_certificate: "/none/c.pem": there is no such file',
                '  error: line 5: smtp.server.tls_key: "/none/k.pem": there is no such file',
                '  error: line 8: smtp.client.password_file: "/none/password": there is no such file',
            ),
            strict=True,
        ):
            self.assertTrue(line.startswith(beginning), line)
