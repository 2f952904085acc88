"""A gateway that cannot start says why in a sentence, and its exit status is not 0."""

from __future__ import annotations

import resource
import subprocess
from collections.abc import Callable

from sandf.cli.gateway import TWISTD

from .case import PATIENCE, RingCase
from .load import mail


class StartTests(RingCase):
    def refused(self, limit: Callable[[], None] | None = None) -> str:
        """What a process with the same configuration says before it ends with status 1."""
        ended = subprocess.run(
            [*TWISTD, "--nodaemon", "--pidfile=", "sandf", "--config", str(self.gateway.file)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=PATIENCE,
            preexec_fn=limit,
            check=False,
        )
        said = ended.stdout.decode(errors="replace")
        self.assertEqual(ended.returncode, 1, said)
        self.assertNotIn("Traceback", said)
        return said

    def test_a_second_gateway_on_the_same_store(self) -> None:
        self.gateway.start()
        said = self.refused()
        self.assertIn(f"{self.gateway.store} is in use by another gateway, process {self.gateway.pid}", said)
        accepted = mail(self.gateway.port, 1, pages=2)
        self.drain()
        self.check([accepted], [])

    def test_no_room_for_the_store(self) -> None:
        """A limit on the size of files, as a disk cannot be filled here."""

        def no_room() -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

        self.assertRegex(self.refused(no_room), f"sandf cannot start: .*{self.gateway.store}: ")
        self.gateway.start()
        self.assertEqual(self.gateway.stop(), 0, "the failed start left nothing in the way")

    def test_a_folder_that_cannot_be_made(self) -> None:
        (self.gateway.folder / "var").write_text("in the way")
        text = self.gateway.file.read_text()
        self.gateway.file.write_text(text.replace("/sandf.db", "/var/sandf.db"))
        self.assertRegex(self.refused(), f"sandf cannot start: .*{self.gateway.folder}/var/sandf.db: ")

    def test_a_port_that_is_taken(self) -> None:
        self.gateway.start()
        text = self.gateway.file.read_text()
        self.gateway.file.write_text(text.replace("/sandf.db", "/other.db"))
        self.assertRegex(self.refused(), rf"sandf cannot start: .*{self.gateway.port}")
