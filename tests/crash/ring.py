"""A gateway whose off-ramp dials its own on-ramp, in a folder and a process of its own."""

from __future__ import annotations

import sqlite3
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from sandf.cli.gateway import GatewayProcess, free_port

CONFIGURATION = """\
[gateway]
hostname = "localhost"

[store]
url = "sqlite://{store}"

[smtp.server]
listen = ["tcp:{port}:interface=127.0.0.1"]
aliases = ["localhost"]

[smtp.client]
servers = ["127.0.0.1:{mail_port}"]
mail_from = "fax@localhost"
tls = "never"
retry = [0.3]

[fax.send]
left_header = ""
center_header = ""
right_header = ""

[retry]
dials = 50
no_answer = {{ wait = 0.3, attempts = 20 }}
no_carrier = {{ wait = 0.3, attempts = 20 }}
protocol = {{ wait = 0.3, attempts = 20 }}
error = {{ wait = 0.3, attempts = 20 }}

[rendering]
workers = 1

[log]
level = "debug"

[[ports]]
name = "exchange"
type = "virtual"
speed = {speed}

[[dial_peer]]
tag = 1
type = "pots"
application = "onramp"
incoming_called_number = "5......$"
direct_inward_dial = true

[[dial_peer]]
tag = 2
type = "mmoip"
destination_pattern = "5......$"
session_target = "mailto:$d$@{domain}"

[[dial_peer]]
tag = 3
type = "mmoip"
application = "offramp"
incoming_called_number = "."
information_type = "fax"

[[dial_peer]]
tag = 4
type = "pots"
destination_pattern = ".T"
digit_strip = false
port = "exchange"
"""


class Ring(GatewayProcess):
    """The gateway; *speed* of its line is in times real time, its mail goes to port *mail_port*.

    Its folder is a short one below the system's folder for temporary files, as a socket is in it.
    """

    def __init__(self, mail_port: int, *, speed: float) -> None:
        self.port = free_port()
        self._mail_port = mail_port
        folder = Path(tempfile.mkdtemp(prefix="sandf-"))
        self.store = folder / "sandf.db"
        super().__init__(folder, "", ready=folder / "control")
        self.configure(speed=speed)

    def configure(self, *, speed: float, domain: str = "fax.example") -> None:
        """Write the file anew; mail for a fax goes to its called number at *domain*."""
        self.file.write_text(
            CONFIGURATION.format(
                store=self.store, port=self.port, mail_port=self._mail_port, speed=speed, domain=domain
            )
        )

    def wait(self, seconds: float) -> int:
        """The exit status, within *seconds*."""
        assert self._process is not None
        return self._process.wait(seconds)

    def ask(self, question: str, *cells: object) -> list[tuple[object, ...]]:
        """Ask the store by SQL, while the gateway runs or not."""
        connection = sqlite3.connect(f"file:{self.store}?mode=ro", uri=True, timeout=30)
        try:
            return connection.execute(question, cells).fetchall()
        finally:
            connection.close()

    def said(self) -> str:
        """Its log so far."""
        return self.log.read_text(errors="replace")


def wait_until(true: Callable[[], object], seconds: float, what: Callable[[], str]) -> None:
    """Look every now and then; raises AssertionError with *what* is missing after *seconds*."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:.0f} s: {what()}")
        time.sleep(0.05)
