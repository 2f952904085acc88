"""T.38 calls between two gateways over loopback, in real time: ``python -m tests.bench.t38_calls [CALLS ...]``.

One gateway has a mail with a document of three pages for so many recipients and faxes it by its SIP trunk to the other,
which keeps the pages.  Every page that was kept is compared with what was sent, bit by bit.  CPU time is that of both
gateway processes as Linux counts it, from the first INVITE to the last BYE; rendering, which has processes of its own,
is over before.

What this module does not do: decide anything by speed; a wrong page, or one that is missing, is an error.
"""

from __future__ import annotations

import io
import json
import os
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
    resident: int
    """Octets."""


def usage(pid: int) -> Usage:
    """Of process *pid*."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ticks = os.sysconf("SC_CLK_TCK")
    resident = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return Usage(cpu=(int(fields[11]) + int(fields[12])) / ticks, resident=resident)


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

    def status(self) -> dict[str, object]:
        """``sandf status --json``."""
        program = [sys.executable, "-c", "from sandf.cli import main; main()"]
        command = [*program, "--config", str(self.file), "status", "--json"]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
        found: dict[str, object] = json.loads(done.stdout)
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
        tiff, pages = document()
        recipients, octets = mail(calls, tiff)
        with smtplib.SMTP("127.0.0.1", near.smtp, local_hostname="localhost") as client:
            client.sendmail("bench@localhost", recipients, octets)
        began = time.monotonic()
        peak = _until_done(near, far, calls)
        took = time.monotonic() - began
        used = [usage(gateway.pid).cpu - before.cpu for gateway, before in zip((near, far), idle, strict=True)]
        time.sleep(3.0)
        late = [gateway.status()["timers_late_ms"] for gateway in (near, far)]
        minutes = [gateway.number(SECONDS) / 60 for gateway in (near, far)]
        delivered = int(near.number("SELECT count(*) FROM job WHERE kind = 'fax' AND state = 'delivered'"))
        wrong = wrong_pages(far, calls, pages)
        if wrong or delivered != calls:
            causes = near.ask("SELECT cause, detail, count(*) FROM attempt GROUP BY cause, detail")
            raise RuntimeError(f"{delivered} of {calls} faxes delivered, {wrong} pages wrong or missing: {causes}")
        grown = [(top - before.resident) / calls for top, before in zip(peak, idle, strict=True)]
    return _figures(calls, took, used, minutes, late, grown)


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


def _figures(
    calls: int, took: float, used: list[float], minutes: list[float], late: list[object], grown: list[float]
) -> list[Result]:
    results: list[Result] = [
        Figure(
            name=f"T.38, {calls} calls",
            value=took,
            unit="s",
            measured=f"{calls} faxes of {PAGES} pages at once between two gateways, every page exact",
        )
    ]
    for index, name in enumerate(("sender", "receiver")):
        lateness = late[index]
        assert isinstance(lateness, dict)
        results += [
            Figure(
                name=f"T.38, {calls} calls, CPU, {name}",
                value=used[index] / minutes[index],
                unit="s/min",
                measured="CPU seconds of the process for each minute of a session, from the mail to the last BYE",
                aim=CPU_AIM,
            ),
            Figure(
                name=f"T.38, {calls} calls, CPU share, {name}",
                value=100 * used[index] / took,
                unit="%",
                measured="of one core, over the whole run",
            ),
            Figure(
                name=f"T.38, {calls} calls, lateness p99, {name}",
                value=lateness["p99"],
                unit="ms",
                measured=f"timers of calls, packets most of them; half within {lateness['p50']} ms, "
                f"the latest {lateness['most']} ms",
                aim=LATENESS_AIM,
            ),
            Figure(
                name=f"T.38, {calls} calls, memory, {name}",
                value=grown[index] / 1024,
                unit="KB",
                measured="growth of the resident size at its peak, for each call",
            ),
        ]
    return results


def charts() -> list[Result]:
    """The air time of the eight ITU charts over UDPTL, and libspandsp2's own beside it."""
    images = list(papers.charts().values())
    ours, theirs = over_udptl(images)
    what = f"{len(images)} pages over UDPTL with ECM and MMR, from the answer to the end of DCN, in virtual time"
    results: list[Result] = [
        Figure(name="T.38, air time, charts", value=ours, unit="s", measured=what, aim=theirs),
    ]
    if theirs is not None:
        results.append(Figure(name="T.38, air time, libspandsp2", value=theirs, unit="s", measured=f"{what}, its own"))
    return results


def main() -> None:
    """Run with each number of calls that the command line names."""
    capture = int(os.environ.get("CAPTURE", 1 << 20))
    results = charts()
    for calls in [int(word) for word in sys.argv[1:]] or [CALLS]:
        results += run(calls, capture)
    print_table(machine(), results)


if __name__ == "__main__":
    main()
