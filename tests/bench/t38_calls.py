"""T.38 calls between two gateways over loopback, in real time: ``python -m tests.bench.t38_calls [CALLS ...]``.

One gateway has a mail with a document of three pages for so many recipients and faxes it by its SIP trunk to the other,
which keeps the pages.  Every page that was kept is compared with what was sent, bit by bit.  CPU time is that of both
gateway processes as Linux counts it, from the mail to the last BYE; rendering has processes of its own.

What this module does not do: decide anything by speed; a wrong page, or one that is missing, is an error.  A call that
had to be made again is none, but is counted.  It runs on Linux only.
"""

from __future__ import annotations

import io
import json
import os
import signal
import smtplib
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

from PIL import Image

from sandf.cli.gateway import GatewayProcess, free_port
from sandf.protocols.t4.form import Coding
from sandf.protocols.t4.walk import walk

from . import papers
from .air_time import over_udptl
from .figures import Figure, Result, machine, print_table

CALLS = 500
PAGES = 3
PATIENCE = 900.0
"""Seconds for all calls of a run."""
LATENESS_AIM = 20.0
CPU_AIM = 0.08
"""CPU-seconds for a minute of a session."""

_COMMON = """\
[gateway]
hostname = "localhost"
[store]
url = "sqlite://{folder}/sandf.db"
[smtp.server]
listen = ["tcp:{smtp}:interface=127.0.0.1"]
maximum_recipients = 10000
recipients_per_message = 10000
[smtp.client]
servers = ["127.0.0.1:9"]
[fax.send]
left_header = ""
center_header = ""
right_header = ""
answer_timeout = 120.0
[log]
level = "warn"
[trace]
capture = {capture}
[[ports]]
name = "trunk"
type = "sip"
bind = "127.0.0.1:{here}"
peer = "127.0.0.1:{there}"
options_interval = 0
"""
_SENDING = """\
[[dial_peer]]
tag = 1
type = "mmoip"
application = "offramp"
incoming_called_number = "."
information_type = "fax"
[[dial_peer]]
tag = 2
type = "pots"
destination_pattern = ".T"
digit_strip = false
port = "trunk"
"""
_RECEIVING = """\
[[dial_peer]]
tag = 1
type = "pots"
application = "onramp"
incoming_called_number = ".T"
direct_inward_dial = true
[[dial_peer]]
tag = 2
type = "mmoip"
destination_pattern = ".T"
session_target = "mailto:$d$@localhost"
"""


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What a process has used so far."""

    cpu: float
    """Seconds, user and system."""
    reactor: float
    """That of the reactor's thread; others store and read mail."""
    resident: int
    """Octets."""


def usage(pid: int) -> Usage:
    """Of process *pid*."""
    resident = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return Usage(cpu=_cpu(f"/proc/{pid}/stat"), reactor=_cpu(f"/proc/{pid}/task/{pid}/stat"), resident=resident)


def _cpu(file: str) -> float:
    fields = Path(file).read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def datagrams_dropped() -> int:
    """How many datagrams the system has thrown away so far because nobody fetched them in time, for all programs."""
    names, values = [line.split() for line in Path("/proc/net/snmp").read_text().splitlines() if line[:4] == "Udp:"]
    return int(values[names.index("RcvbufErrors")])


class TrunkGateway(GatewayProcess):
    """One of the two."""

    def __init__(self, folder: Path, *, here: int, there: int, sends: bool, capture: int) -> None:
        self.smtp = free_port()
        text = _COMMON.format(folder=folder, smtp=self.smtp, here=here, there=there, capture=capture)
        super().__init__(folder, text + (_SENDING if sends else _RECEIVING), ready=folder / "control")

    def ask(self, question: str) -> list[tuple[object, ...]]:
        """The rows that a SELECT over the tables of the store answers."""
        with sqlite3.connect(f"file:{self.folder}/sandf.db?mode=ro", uri=True, timeout=30.0) as database:
            return list(database.execute(question))

    def number(self, question: str) -> float:
        """The one number of it; 0 for none."""
        value = self.ask(question)[0][0]
        return float(value) if isinstance(value, int | float) else 0.0

    def lateness(self) -> dict[str, float]:
        """How late timers of calls fired, by ``sandf status --json``."""
        program = [sys.executable, "-c", "from sandf.cli import main; main()"]
        command = [*program, "--config", str(self.file), "status", "--json"]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
        found: dict[str, float] = json.loads(done.stdout)["timers_late_ms"]
        return found


def document() -> tuple[bytes, list[Image.Image]]:
    """A TIFF of three pages that differ, and its pages."""
    pages = [papers.text_image(seed) for seed in range(1, PAGES + 1)]
    target = io.BytesIO()
    first, *others = pages
    first.save(target, "TIFF", save_all=True, append_images=others, compression="group4", dpi=(204, 196))
    return target.getvalue(), pages


def mail(calls: int, tiff: bytes) -> tuple[list[str], bytes]:
    """The recipients, and a mail for all of them."""
    message = EmailMessage()
    message["From"] = "bench@localhost"
    message["To"] = "bench@localhost"
    message["Subject"] = "bench"
    message.add_attachment(tiff, maintype="image", subtype="tiff", filename="bench.tif")
    return [f"FAX={6_000_000 + number}@localhost" for number in range(calls)], message.as_bytes(policy=SMTP)


def exact(octets: bytes, coding: str, image: Image.Image) -> bool:
    """Whether T.4 or T.6 data show *image*."""
    lines = walk(octets, Coding(coding), image.width, keep=True)
    rows = []
    pixels = image.convert("L").tobytes()
    for top in range(image.height):
        row = pixels[top * image.width : (top + 1) * image.width]
        rows.append(_changes(row))
    return lines.bad == 0 and lines.changes is not None and list(lines.changes) == rows


def _changes(row: bytes) -> list[int]:
    """The changing elements of a row, white (255) first, its end last."""
    found, at, colour = [], 0, 255
    while at < len(row):
        other = row.find(255 - colour, at)
        if other < 0:
            break
        found.append(other)
        at, colour = other, 255 - colour
    return [*found, len(row)]


def wrong_pages(gateway: TrunkGateway, calls: int, pages: list[Image.Image]) -> int:
    """How many of the pages that should be in the store are not there, or not what was sent."""
    right = 0
    known: dict[tuple[int, bytes, str], bool] = {}
    for number, octets, coding in gateway.ask("SELECT number, octets, coding FROM fax_payload"):
        assert isinstance(number, int) and isinstance(octets, bytes) and isinstance(coding, str)
        key = number, octets, coding
        if key not in known:
            known[key] = number <= PAGES and exact(octets, coding, pages[number - 1])
        right += known[key]
    return calls * PAGES - right


@dataclass(frozen=True, kw_only=True)
class Side:
    """What one of the gateways did in a run."""

    name: str
    cpu: float
    """Seconds."""
    reactor: float
    """Of them, those of the reactor's thread."""
    minutes: float
    """Of sessions, from the answer to the end."""
    late: dict[str, float]
    """How late timers fired: ``p50``, ``p99``, ``most``, in milliseconds."""
    memory: float
    """Octets for each call."""


DONE = "SELECT count(*) FROM job WHERE kind = 'fax' AND state IN ('delivered', 'failed')"
SECONDS = "SELECT sum(ended_at - connected_at) FROM fax_record WHERE connected_at IS NOT NULL"


def run(calls: int, capture: int) -> list[Result]:
    """One run of so many calls at once."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sandf-bench-")))
        here, there = free_port(), free_port()
        near = TrunkGateway(folder / "near", here=here, there=there, sends=True, capture=capture)
        far = TrunkGateway(folder / "far", here=there, there=here, sends=False, capture=capture)
        for gateway in (near, far):
            gateway.start()
            stack.callback(gateway.kill)
        time.sleep(2.0)
        idle = [usage(gateway.pid) for gateway in (near, far)]
        dropped = datagrams_dropped()
        tiff, pages = document()
        recipients, octets = mail(calls, tiff)
        with smtplib.SMTP("127.0.0.1", near.smtp, local_hostname="localhost") as client:
            client.sendmail("bench@localhost", recipients, octets)
        began = time.monotonic()
        peak = _until_done(near, far, calls)
        took = time.monotonic() - began
        used = [usage(gateway.pid) for gateway in (near, far)]
        dropped = datagrams_dropped() - dropped
        time.sleep(3.0)
        _check(near, far, calls, pages)
        again = int(near.number("SELECT count(*) FROM attempt")) - calls
        sides = [
            Side(
                name=name,
                cpu=now.cpu - before.cpu,
                reactor=now.reactor - before.reactor,
                minutes=gateway.number(SECONDS) / 60,
                late=gateway.lateness(),
                memory=(top - before.resident) / calls,
            )
            for name, gateway, before, now, top in zip(
                ("sender", "receiver"), (near, far), idle, used, peak, strict=True
            )
        ]
    return _figures(calls, took, again, dropped, sides)


def _check(near: TrunkGateway, far: TrunkGateway, calls: int, pages: list[Image.Image]) -> None:
    """Raise RuntimeError unless every page is where it should be."""
    delivered = int(near.number("SELECT count(*) FROM job WHERE kind = 'fax' AND state = 'delivered'"))
    wrong = wrong_pages(far, calls, pages)
    if wrong or delivered != calls:
        causes = near.ask("SELECT cause, detail, count(*) FROM attempt GROUP BY cause, detail")
        raise RuntimeError(f"{delivered} of {calls} faxes delivered, {wrong} pages wrong or missing: {causes}")


def _until_done(near: TrunkGateway, far: TrunkGateway, calls: int) -> list[int]:
    """Wait for the last call; the largest resident size of each process meanwhile."""
    peak = [0, 0]
    deadline = time.monotonic() + PATIENCE
    while (done := int(near.number(DONE))) < calls:
        if time.monotonic() > deadline:
            raise RuntimeError(f"{done} of {calls} faxes have ended after {PATIENCE:.0f} s")
        if sys.stderr.isatty():
            print(f"... {done} of {calls} faxes have ended", end="\r", file=sys.stderr, flush=True)
        peak = [max(was, usage(gateway.pid).resident) for was, gateway in zip(peak, (near, far), strict=True)]
        time.sleep(1.0)
    return peak


def _figures(calls: int, took: float, again: int, dropped: int, sides: list[Side]) -> list[Result]:
    run = f"T.38, {calls} calls"
    measured = f"{calls} faxes of {PAGES} pages at once between two gateways, every page exact"
    results: list[Result] = [
        Figure(name=run, value=took, unit="s", measured=measured),
        Figure(name=f"{run}, made again", value=again, unit="calls", measured="calls beyond one for each fax"),
        Figure(
            name=f"{run}, datagrams dropped",
            value=dropped,
            unit="",
            measured="thrown away by the system because no program fetched them in time",
        ),
    ]
    for side in sides:
        results += _of_side(run, took, side)
    return results


def _of_side(run: str, took: float, side: Side) -> list[Result]:
    late = "timers of calls, packets most of them"
    return [
        Figure(
            name=f"{run}, CPU, {side.name}",
            value=side.cpu / side.minutes,
            unit="s/min",
            measured="CPU seconds of the process for each minute of a session, from the mail to the last BYE",
            aim=CPU_AIM,
        ),
        Figure(
            name=f"{run}, CPU of other threads, {side.name}",
            value=(side.cpu - side.reactor) / side.minutes,
            unit="s/min",
            measured="the part of it that is not the reactor's: the store, and reading mail",
        ),
        Figure(
            name=f"{run}, CPU share, {side.name}",
            value=100 * side.cpu / took,
            unit="%",
            measured="of one core, over the whole run",
        ),
        Figure(name=f"{run}, lateness p50, {side.name}", value=side.late["p50"], unit="ms", measured=late),
        Figure(
            name=f"{run}, lateness p99, {side.name}", value=side.late["p99"], unit="ms", measured=late, aim=LATENESS_AIM
        ),
        Figure(name=f"{run}, lateness, most, {side.name}", value=side.late["most"], unit="ms", measured=late),
        Figure(
            name=f"{run}, memory, {side.name}",
            value=side.memory / 1024,
            unit="KB",
            measured="growth of the resident size at its peak, for each call",
        ),
    ]


def charts() -> list[Result]:
    """The air time of the eight ITU charts over UDPTL, and libspandsp2's own beside it; of one page without charts."""
    images = list(papers.charts().values())
    run = f"T.38, air time, {len(images)} {'charts' if len(images) > 1 else 'page'}"
    ours, theirs = over_udptl(images)
    what = f"{len(images)} pages over UDPTL with ECM and MMR, from the answer to the end of DCN, in virtual time"
    results: list[Result] = [
        Figure(name=run, value=ours, unit="s", measured=what, aim=theirs),
    ]
    if theirs is not None:
        results.append(Figure(name=f"{run}, libspandsp2", value=theirs, unit="s", measured=f"{what}, its own"))
    return results


def main() -> None:
    """Run with each number of calls that the command line names."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))  # so that the gateways are ended too
    about = machine()
    capture = int(os.environ.get("CAPTURE", 1 << 20))
    results = charts()
    for calls in [int(word) for word in sys.argv[1:]] or [CALLS]:
        results += run(calls, capture)
    print_table(about, results)


if __name__ == "__main__":
    main()
