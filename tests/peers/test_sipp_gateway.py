"""sipp and a whole gateway: what the operator sees of a call that goes wrong, and where the fax goes then."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.utils import getProcessOutputAndValue

from sandf import causes
from sandf.cli.gateway import GatewayProcess, free_port

from . import wireshark
from .sipp_rig import SippCase, free_udp_port

_CONFIGURATION = """\
[gateway]
hostname = "localhost"
[store]
url = "sqlite://{folder}/sandf.db"
[smtp.server]
listen = ["tcp:{smtp}:interface=127.0.0.1"]
[smtp.client]
servers = ["127.0.0.1:9"]
[log]
level = "warn"
[[ports]]
name = "one"
type = "sip"
bind = "127.0.0.1:{here}"
peer = "127.0.0.1:{one}"
options_interval = 0
t38_wait = 0.2
[[ports]]
name = "two"
type = "sip"
bind = "127.0.0.1:0"
peer = "127.0.0.1:{two}"
options_interval = 0
t38 = "only"
[[dial_peer]]
tag = 1
type = "mmoip"
application = "offramp"
incoming_called_number = "."
information_type = "fax"
[[dial_peer]]
tag = 2
type = "pots"
destination_pattern = "555.T"
digit_strip = false
port = "one"
[[dial_peer]]
tag = 3
type = "pots"
destination_pattern = "555.T"
digit_strip = false
port = "two"
preference = 1
[[dial_peer]]
tag = 4
type = "pots"
application = "onramp"
incoming_called_number = "555.T"
direct_inward_dial = true
[[dial_peer]]
tag = 5
type = "mmoip"
destination_pattern = ".T"
session_target = "mailto:$d$@localhost"
"""


class SippGatewayTests(SippCase):
    """A gateway in a process of its own, with two trunks; sipp is at the other end of both."""

    timeout = 120

    def setUp(self) -> None:
        super().setUp()
        self.here, self.one, self.two = free_udp_port(), free_udp_port(), free_udp_port()
        folder = Path(tempfile.mkdtemp(prefix="sandf"))  # the path of a socket must be short
        self.addCleanup(shutil.rmtree, folder)
        text = _CONFIGURATION.format(folder=folder, smtp=free_port(), here=self.here, one=self.one, two=self.two)
        self.gateway = GatewayProcess(folder, text, ready=folder / "control")
        self.gateway.start()
        self.addCleanup(self.gateway.stop)

    @property
    def called_port(self) -> int:
        """Trunk one's."""
        return self.here

    async def sandf(self, *words: str) -> Any:
        """What the operator is told, as JSON."""
        return json.loads(await self.sandf_says(*words))

    async def sandf_says(self, *words: str) -> str:
        """The same, as it is printed."""
        program = ["-c", "from sandf.cli import main; main()", "--config", str(self.gateway.file), *words]
        done: Deferred[tuple[bytes, bytes, int]] = getProcessOutputAndValue(sys.executable, program, env=os.environ)
        out, said, status = await done
        self.assertEqual(status, 0, said)
        return out.decode()

    async def ended(self, *, faxes: int) -> list[dict[str, Any]]:
        """So many faxes as they ended, the newest first."""
        while True:
            shown: list[dict[str, Any]] = (await self.sandf("show", "--json", "faxes", "ended"))["faxes"]
            if len(shown) >= faxes:
                return shown
            await self.wait(0.2)

    async def send(self) -> None:
        """Hand a fax in."""
        file = Path(self.mktemp())
        file.write_text("Text.")
        await self.sandf("send", "--json", "--no-wait", "--to", "5551234", str(file))

    async def job(self) -> dict[str, Any]:
        """The only fax job; there may be others, of notices."""
        (job,) = (one for one in (await self.sandf("show", "--json", "jobs"))["jobs"] if one["kind"] == "fax")
        return dict(job)

    async def test_busy_is_tried_later_and_by_no_other_port(self) -> None:
        running = await self.waiting("called_is_busy", port=self.one)
        await self.send()
        await running
        (fax,) = await self.ended(faxes=1)
        self.assertEqual((fax["cause"], fax["cause_name"], fax["detail"]), (102, "busy", "486 Busy Here"))
        job = await self.job()
        self.assertEqual((job["state"], job["cause"]), ("deferred", 102))

    async def test_unknown_number_by_every_port(self) -> None:
        running = [await self.waiting("called_is_unknown", port=port) for port in (self.one, self.two)]
        await self.send()
        for one in running:
            await one
        faxes = await self.ended(faxes=2)
        self.assertEqual([fax["port"] for fax in faxes], ["two", "one"])
        self.assertEqual({fax["cause"] for fax in faxes}, {causes.NUMBER_UNALLOCATED.number})
        job = await self.job()
        self.assertEqual((job["state"], job["cause_name"]), ("failed", "number_unallocated"))

    async def test_488_hunts_to_the_next_port_where_the_far_end_hangs_up_in_mid_page(self) -> None:
        media = self.fax_port()
        first = await self.waiting("called_refuses_t38", port=self.one)
        keys = {"media_port": str(media.port)}
        second = await self.waiting("called_hangs_up_in_mid_page", port=self.two, keys=keys)
        await self.send()
        await first
        await second
        cleared, refused = await self.ended(faxes=2)
        self.assertEqual((refused["port"], refused["cause"], refused["detail"][:3]), ("one", 120, "488"))
        self.assertEqual((cleared["port"], cleared["cause_name"]), ("two", "far_cleared"))
        self.assertEqual(media.numbers, list(range(len(media.numbers))))
        self.assertGreater(len(media.numbers), 0)
        job = await self.job()
        self.assertEqual((job["state"], job["cause_name"]), ("deferred", "far_cleared"))

    async def test_the_caller_hangs_up_in_mid_fax(self) -> None:
        media, port = self.fax_port(), free_udp_port()
        await self.sipp("caller_hangs_up_in_mid_fax", port=port, keys={"media_port": str(media.port)})
        (fax,) = await self.ended(faxes=1)
        self.assertEqual((fax["called"], fax["calling"], fax["port"], fax["pages"]), ("5551234", "5550000", "one", 0))
        self.assertEqual(fax["cause_name"], "far_cleared")
        self.assertGreater(len(media.numbers), 5)
        file = Path(self.mktemp()).absolute()
        await self.sandf_says("trace", fax["call"], "--pcap", str(file))
        self.assertEqual(wireshark.complaints_of(file, (self.here, port)), [])
        ladder = await self.sandf_says("trace", fax["call"])
        for words in ("INVITE", "200 OK", "BYE", "DIS"):
            self.assertIn(words, ladder)
