"""Durable SMTP accepts: what a load generator in another process gets out of a gateway, and out of Postfix."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from .figures import Figure, Result, Skipped
from .gateways import BenchGateway
from .postfix import PrivatePostfix, missing

SESSIONS = 10
OCTETS = 20 * 1024
MESSAGES = 2000
ROUNDS = 3
CALLS_HELD = 100
"""As many fax jobs as a gateway has under way at a time; the rest wait in the store."""
HOLD_SECONDS = 60.0
RINGS_FOR_EVER = "FAX=5550003@localhost"
MESSAGES_KEPT = "SELECT count(*) FROM message"
JOBS_RUNNING = "SELECT count(*) FROM job WHERE state = 'running'"


def _generator() -> tuple[str, Callable[[int, int], list[str]]]:
    """The name of the load generator, and its command for a port and a number of messages."""
    source = shutil.which("smtp-source") or shutil.which("smtp-source", path="/usr/sbin:/usr/lib/postfix/sbin")
    if source is None:
        ours = [sys.executable, "-m", "tests.bench.load"]
        return "Python", lambda port, count: [
            *ours,
            *(str(port), RINGS_FOR_EVER, str(count), str(SESSIONS), str(OCTETS)),
        ]
    flags = ["-d", "-f", "bench@localhost", "-t", RINGS_FOR_EVER, "-s", str(SESSIONS), "-l", str(OCTETS)]
    return "smtp-source", lambda port, count: [source, *flags, "-m", str(count), f"127.0.0.1:{port}"]


def _send(command: list[str], count: int) -> float:
    """Messages accepted in a second; raises RuntimeError if one was not."""
    began = time.monotonic()
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=120)
    took = time.monotonic() - began
    if done.returncode or "fatal" in done.stderr:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    return count / (float(done.stdout) if done.stdout.strip() else took)


def _fill(gateway: BenchGateway, command: Callable[[int, int], list[str]]) -> None:
    """Have as many calls ring for ever as the gateway makes at a time: no message to come is rendered or dialled."""
    _send(command(gateway.port, CALLS_HELD), CALLS_HELD)
    deadline = time.monotonic() + HOLD_SECONDS
    while gateway.count(JOBS_RUNNING) < CALLS_HELD:
        if time.monotonic() > deadline:
            raise RuntimeError(f"{gateway.count(JOBS_RUNNING)} of {CALLS_HELD} calls after {HOLD_SECONDS:.0f} s")
        time.sleep(0.2)
    time.sleep(3.0)


def smtp() -> list[Result]:
    """Messages in a second that a gateway process accepts (250 after the commit and its fsync), and Postfix beside it.

    Ten sessions of 20 KB messages with one recipient, over loopback, from a load generator in another process, by turns
    to the gateway and to a private Postfix; the best of three rounds each.  Beforehand the gateway has as many calls
    ringing as it makes at a time, so that it accepts and does not dial.  Postfix delivers meanwhile, to its discard
    transport.
    """
    name, command = _generator()
    rates: dict[str, list[float]] = {"gateway": [], "Postfix": []}
    why = missing()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sandf-bench-")))
        folder.chmod(0o755)
        gateway = BenchGateway(folder / "gateway")
        gateway.start()
        stack.callback(gateway.kill)
        ports = {"gateway": gateway.port}
        if not why:
            postfix = PrivatePostfix(folder / "postfix")
            stack.callback(postfix.stop)
            postfix.start()
            ports["Postfix"] = postfix.port
        _fill(gateway, command)
        for _ in range(ROUNDS):
            for server, port in ports.items():
                rates[server].append(_send(command(port, MESSAGES), MESSAGES))
        kept, sent = gateway.count(MESSAGES_KEPT), CALLS_HELD + ROUNDS * MESSAGES
        assert kept == sent, f"{kept} of {sent} messages are in the store"
        assert gateway.count(JOBS_RUNNING) == CALLS_HELD, "calls ended while mail was accepted"
    return _figures(rates, name, why)


def _figures(rates: dict[str, list[float]], generator: str, why: str) -> list[Result]:
    what = (
        f"{MESSAGES:,} messages of {OCTETS:,} octets over {SESSIONS} sessions, by {generator}, best of {ROUNDS} rounds"
    )
    best = max(rates["gateway"])
    figures: list[Result] = [
        Figure(
            name="SMTP accepts",
            value=best,
            unit="1/s",
            aim=1000.0,
            at_most=False,
            measured=f"250 after the commit (fsync) in a gateway process: {what}",
        )
    ]
    if why:
        return [*figures, Skipped(name="SMTP accepts, gateway to Postfix", skipped=why)]
    theirs = max(rates["Postfix"])
    return [
        *figures,
        Figure(
            name="SMTP accepts, Postfix beside it",
            value=theirs,
            unit="1/s",
            measured=f"a private Postfix with the discard transport, same disk, by turns with the gateway: {what}",
        ),
        Figure(
            name="SMTP accepts, gateway to Postfix",
            value=best / theirs,
            unit="ratio",
            measured="the two figures above",
        ),
    ]
