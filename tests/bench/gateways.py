"""A gateway process for the bench: mail in, calls into the virtual exchange, and calls back to its own on-ramp.

Numbers 555000x are the rehearsal machines, 5551xxx the on-ramp.  What is mailed goes to a port where nobody listens.
"""

from __future__ import annotations

import socket
import sqlite3
from pathlib import Path

from sandf.cli.gateway import GatewayProcess, free_port

CONFIGURATION = """\
[gateway]
hostname = "localhost"

[store]
url = "sqlite://{folder}/sandf.db"

[smtp.server]
listen = ["tcp:{port}:interface=127.0.0.1"]

[smtp.client]
servers = ["127.0.0.1:9"]

[fax.send]
answer_timeout = 3600.0
calls_at_once = 100

[log]
level = "warn"

[[ports]]
name = "lab"
type = "virtual"
speed = 2.0

[[dial_peer]]
tag = 1
type = "pots"
application = "onramp"
incoming_called_number = "5551...$"
direct_inward_dial = true

[[dial_peer]]
tag = 2
type = "mmoip"
destination_pattern = "5551...$"
session_target = "mailto:$d$@localhost"

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
port = "lab"
"""


class BenchGateway(GatewayProcess):
    """A gateway with everything below *folder*; ready when its SMTP port answers."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        text = CONFIGURATION.format(folder=folder, port=self.port)
        super().__init__(folder, text, ready=folder / "control")

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def count(self, question: str) -> int:
        """The one number that a SELECT over the tables of the store answers."""
        database = sqlite3.connect(f"file:{self.folder}/sandf.db?mode=ro", uri=True, timeout=10.0)
        try:
            return int(database.execute(question).fetchone()[0])
        finally:
            database.close()
