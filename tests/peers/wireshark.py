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
    return read(file, *arguments)


def read(file: Path, *arguments: str) -> list[str]:
    """The same of a capture that is there."""
    command = [str(TSHARK), "-r", str(file), "-n", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout.splitlines()


def complaints(packets: Iterable[CapturedPacket], file: Path, sip: Iterable[int] = ()) -> list[str]:
    """Each packet that it cannot read, or warns of, in full; *sip* as in :func:`complaints_of`."""
    file.write_bytes(capture(packets))
    return complaints_of(file, sip)


def complaints_of(file: Path, sip: Iterable[int] = ()) -> list[str]:
    """The same of a capture that is there.  *sip* are ports of SIP: some it would take for those of other trades."""
    return complaints_in(file, *(word for port in sip for word in ("-d", f"udp.port=={port},sip")))


def complaints_in(file: Path, *arguments: str) -> list[str]:
    """The same with further *arguments* of tshark."""
    return read(file, *arguments, "-Y", f"_ws.malformed || _ws.expert.severity >= {WARNING}", "-V")
