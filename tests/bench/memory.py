"""What a gateway process weighs, idle and with calls on the line, as Linux counts it."""

from __future__ import annotations

import smtplib
import tempfile
import time
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

from . import papers
from .figures import Figure, Result, Skipped
from .gateways import BenchGateway

FIRST_CALLS = 10
"""On the line before the difference is taken, so that what the first call brings in is not counted for each."""
CALLS = 20
TEXT_OCTETS = 20 * 1024
WORKERS = 2
START_SECONDS = 30.0
CALL_SECONDS = 60.0
ON_THE_LINE = "SELECT count(*) FROM fax_record WHERE state = 'open' AND direction = 'fax receive'"
INTO_THE_PAGE = 9.0
"""Seconds after the last answer; at the speed of the bench's port phase B takes about six of them, a page ten more."""
MB = 1 << 20


def _mail(recipients: list[str]) -> EmailMessage:
    """A text for *recipients*."""
    message = EmailMessage()
    message["From"] = "bench@localhost"
    message["Subject"] = "bench"
    message["To"] = ", ".join(recipients)
    message.set_content(papers.words(TEXT_OCTETS).decode().replace("\r\n", "\n"))
    return message


def _octets(pid: int, row: str) -> int:
    """*row* (``Rss``, ``Pss``) of a process."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(row + ":"))


def _children(pid: int) -> list[int]:
    return [
        int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
    ]


def _call(gateway: BenchGateway, calls: int) -> None:
    """One mail to so many numbers of the gateway's own on-ramp; returns when their pages are on the line."""
    open_before = gateway.count(ON_THE_LINE)
    recipients = [f"FAX=5551{number:03}@localhost" for number in range(open_before, open_before + calls)]
    with smtplib.SMTP("127.0.0.1", gateway.port, local_hostname="localhost") as client:
        client.sendmail("bench@localhost", recipients, _mail(recipients).as_bytes(policy=SMTP))
    deadline = time.monotonic() + CALL_SECONDS
    while gateway.count(ON_THE_LINE) < open_before + calls:
        if time.monotonic() > deadline:
            raise RuntimeError(f"{gateway.count(ON_THE_LINE)} of {open_before + calls} calls are on the line")
        time.sleep(0.2)
    time.sleep(INTO_THE_PAGE)
    assert gateway.count(ON_THE_LINE) == open_before + calls, "calls ended before they were counted"


def memory() -> list[Result]:
    """Memory of an idle gateway process, of its rendering workers, and of a call on the line.

    Resident and proportional size as Linux counts them.  A call is an off-ramp fax of a text of 20 KB to the gateway's
    own on-ramp through the virtual exchange, so both ends of it, each with its page, weigh on the same process: the
    growth from 10 such calls to 30, divided by 20.
    """
    if not Path("/proc/self/smaps_rollup").exists():
        return [Skipped(name="memory", skipped="only Linux counts it in /proc/PID/smaps_rollup")]
    with tempfile.TemporaryDirectory(prefix="sandf-bench-") as name:
        gateway = BenchGateway(Path(name))
        gateway.start()
        try:
            return _weighed(gateway)
        finally:
            gateway.kill()


def _weighed(gateway: BenchGateway) -> list[Result]:
    deadline = time.monotonic() + START_SECONDS
    while len(_children(gateway.pid)) < WORKERS and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(3.0)
    resident, idle = _octets(gateway.pid, "Rss"), _octets(gateway.pid, "Pss")
    workers = [_octets(worker, "Pss") for worker in _children(gateway.pid)]
    _call(gateway, FIRST_CALLS)
    few = _octets(gateway.pid, "Pss")
    _call(gateway, CALLS)
    many = _octets(gateway.pid, "Pss")
    both = f"an off-ramp and an on-ramp end with a page on the line, from {FIRST_CALLS} to {FIRST_CALLS + CALLS} calls"
    return [
        Figure(
            name="memory, idle, resident", value=resident / MB, unit="MB", measured="RSS of an idle gateway process"
        ),
        Figure(
            name="memory, idle, proportional",
            value=idle / MB,
            unit="MB",
            measured="PSS of an idle gateway process, without its workers",
        ),
        Figure(
            name="memory, a rendering worker",
            value=sum(workers) / len(workers) / MB,
            unit="MB",
            measured=f"PSS of an idle rendering worker, the mean of {len(workers)}",
        ),
        Figure(
            name="memory, a call",
            value=(many - few) / CALLS / 1024,
            unit="KB",
            measured=f"growth of the PSS of a gateway process for each virtual call, {both}",
        ),
    ]
