"""tshark, and what it thinks of a capture."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from sandf.oam.pcap import CapturedPacket, capture

TSHARK = shutil.which("tshark")
MISSING = "" if TSHARK else "tshark is needed (Debian package tshark)"
if MISSING and os.environ.get("CI") == "true":
    raise RuntimeError(MISSING)
WARNING = 0x600000
"""Severity of an expert information: from here on something is wrong."""


def lines_of(packets: Iterable[CapturedPacket], file: Path, *arguments: str) -> list[str]:
    """What tshark prints of *packets*, which are kept as *file*."""
    file.write_bytes(capture(packets))
    command = [str(TSHARK), "-r", str(file), "-n", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout.splitlines()


def complaints(packets: Iterable[CapturedPacket], file: Path) -> list[str]:
    """Each packet that it cannot read, or warns of, in full."""
    return lines_of(packets, file, "-Y", f"_ws.malformed || _ws.expert.severity >= {WARNING}", "-V")
