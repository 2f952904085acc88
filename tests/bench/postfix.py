"""A private Postfix beside the gateway, for comparison: its own queue, a loopback port, the discard transport.

Needs root, as Postfix does, and the programs of Debian's package.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

from sandf.cli.gateway import free_port

MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = /dev/stdout
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = localhost
mydestination =
mynetworks = 127.0.0.0/8
alias_maps =
alias_database =
local_recipient_maps =
transport_maps = inline:{{ localhost=discard: }}
default_transport = discard
relay_domains = localhost
smtpd_relay_restrictions = permit_mynetworks, reject
smtputf8_enable = no
"""
MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""
READY_SECONDS = 20.0


def missing() -> str:
    """Why there can be no Postfix here, or nothing."""
    if shutil.which("postfix") is None:
        return "postfix is not installed"
    if os.geteuid() != 0:
        return "Postfix starts as root only"
    return ""


class PrivatePostfix:
    """One Postfix instance with all its files below *folder*, which its own users must be able to reach."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._folder = folder
        self._etc = folder / "etc"
        for name in ("etc", "queue", "data"):
            (folder / name).mkdir(parents=True)
        shutil.chown(folder / "data", "postfix")
        (self._etc / "main.cf").write_text(MAIN.format(folder=folder))
        (self._etc / "master.cf").write_text(MASTER.format(port=self.port))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and wait for its port; raises TimeoutError with the end of what it said."""
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                ["postfix", "-c", str(self._etc), "start-fg"], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        deadline = time.monotonic() + READY_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                said = (self._folder / "log").read_text(errors="replace").splitlines()[-3:]
                raise TimeoutError(f"Postfix did not start: {' / '.join(said)}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop this instance, known by its configuration."""
        stopped = ["postfix", "-c", str(self._etc), "stop"]
        subprocess.run(stopped, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        if self._process is not None:
            self._process.wait(READY_SECONDS)

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0
