"""A gateway in a process of its own, for programs that need one to look at: the demo, the bench, the crash tests.

Started as a person would start it (``twistd -n sandf --config FILE``), stopped by its own pid.  What it says goes to a
log file beside its configuration.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

TWISTD = (sys.executable, "-c", "from twisted.scripts.twistd import run; run()")
"""``twistd`` of the Python that runs this program, wherever its script may be."""
READY_SECONDS = 60.0
STOP_SECONDS = 60.0


class GatewayFailed(Exception):
    """The process ended or did not become ready; the text has the end of its log."""


def free_port() -> int:
    """A loopback TCP port that the kernel calls free."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class GatewayProcess:
    """One gateway with its files below *folder*; *configuration* is the text of its file.

    It may be started again after it was stopped or killed.
    """

    def __init__(self, folder: Path, configuration: str, *, ready: Path) -> None:
        self.folder = folder
        self.file = folder / "sandf.toml"
        self.log = folder / "sandf.log"
        self._ready = ready
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        self.file.write_text(configuration)

    @property
    def pid(self) -> int:
        """Of the running process."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start, and wait until the control socket answers; raises GatewayFailed."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*TWISTD, "--nodaemon", "--pidfile=", "sandf", "--config", str(self.file)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
        deadline = time.monotonic() + READY_SECONDS
        while not self._answers():
            if self._process.poll() is not None:
                raise GatewayFailed(f"the gateway ended with status {self._process.returncode}\n{self._log_end()}")
            if time.monotonic() > deadline:
                self.kill()
                raise GatewayFailed(f"the gateway was not ready in {READY_SECONDS:.0f} s\n{self._log_end()}")
            time.sleep(0.05)

    def stop(self) -> int:
        """SIGTERM, and wait: its exit status."""
        if self._process is None:
            return 0
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise GatewayFailed(f"the gateway did not stop in {STOP_SECONDS:.0f} s\n{self._log_end()}")

    def signal(self, number: int) -> None:
        """Send it signal *number*."""
        if self._process is not None:
            self._process.send_signal(number)

    def kill(self) -> None:
        """SIGKILL: nothing is said, nothing is finished."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(self._ready))
            except OSError:
                return False
        return True

    def _log_end(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-30:])
