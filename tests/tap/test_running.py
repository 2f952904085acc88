"""A gateway process that is told to stop, whatever it is waiting for."""

from __future__ import annotations

import signal
import smtplib
import socket
import tempfile
import time
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from sandf.cli.gateway import GatewayProcess, free_port
from sandf.config.embedded import EMBEDDED


class StopTests(SynchronousTestCase):
    def test_silent_mail_server_does_not_hold_the_stop(self) -> None:
        """It takes the connection and never says a word (its greeting may take 300 s, RFC 5321 4.5.3.2.1)."""
        with socket.create_server(("127.0.0.1", 0)) as silent:
            silent.settimeout(60.0)
            gateway, smtp_port = self.gateway(silent.getsockname()[1])
            gateway.start()
            self.addCleanup(gateway.kill)
            with smtplib.SMTP("127.0.0.1", smtp_port, timeout=30) as client:
                client.sendmail("ann@example.com", ["FAX=5559999@localhost"], "Subject: x\r\n\r\nA text.\r\n")
            connection, _ = silent.accept()
            with connection:
                gateway.signal(signal.SIGTERM)
                time.sleep(0.5)
                self.assertEqual(gateway.stop(), 0)

    def gateway(self, mail_port: int) -> tuple[GatewayProcess, int]:
        """A gateway that hands its notices to *mail_port*, and its own SMTP port."""
        folder = Path(tempfile.mkdtemp(prefix="sandf-stop-"))
        smtp_port = free_port()
        text = (
            EMBEDDED.replace("sqlite:var/sandf.db", f"sqlite://{folder}/sandf.db")
            .replace("tcp:2525:", f"tcp:{smtp_port}:")
            .replace("tcp:2222:", f"tcp:{free_port()}:")
            .replace("127.0.0.1:25", f"127.0.0.1:{mail_port}")
        )
        return GatewayProcess(folder, text, ready=folder / "control"), smtp_port
