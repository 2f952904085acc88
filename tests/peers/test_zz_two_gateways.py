"""Two gateways, each a process with its own file: ``sandf send`` at one, a mail at the other.  In real time.

One way is SIP over UDP and IPv4, the other SIP over TCP and IPv6; both faxes are under way at once.
"""

from __future__ import annotations

import email
import email.policy
import io
import json
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from PIL import Image
from twisted.trial.unittest import SynchronousTestCase

from sandf.cli.gateway import GatewayProcess, free_port
from sandf.cli.listener import MailListener

from . import wireshark

_CONFIGURATION = """\
[gateway]
hostname = "localhost"
[store]
url = "sqlite://{folder}/sandf.db"
[smtp.server]
listen = ["tcp:{smtp}:interface=127.0.0.1"]
[smtp.client]
servers = ["127.0.0.1:{mail}"]
mail_from = "fax@localhost"
tls = "never"
[fax.send]
left_header = ""
center_header = ""
right_header = ""
[log]
level = "warn"
[[ports]]
name = "four"
type = "sip"
bind = "127.0.0.1:{four[0]}"
peer = "127.0.0.1:{four[1]}"
[[ports]]
name = "six"
type = "sip"
bind = "[::1]:{six[0]}"
peer = "[0:0:0:0:0:0:0:1]:{six[1]}"
transport = "tcp"
t38_fec = true
t38_local_tcf = true
t38_fill_bit_removal = true
t38_version = 3
[[dial_peer]]
tag = 1
type = "mmoip"
application = "offramp"
incoming_called_number = "."
information_type = "fax"
[[dial_peer]]
tag = 2
type = "pots"
destination_pattern = "4.T"
digit_strip = false
port = "four"
[[dial_peer]]
tag = 3
type = "pots"
destination_pattern = "6.T"
digit_strip = false
port = "six"
ecm = false
[[dial_peer]]
tag = 4
type = "pots"
application = "onramp"
incoming_called_number = ".T"
direct_inward_dial = true
[[dial_peer]]
tag = 5
type = "mmoip"
destination_pattern = ".T"
session_target = "mailto:$d$@localhost"
"""
PATIENCE = 150.0


def document() -> bytes:
    """A PDF of one page, with a cross from corner to corner."""
    picture = Image.new("1", (1654, 2339), 1)
    for row in range(2339):
        for left in (row * 1600 // 2339, 1600 - row * 1600 // 2339):
            picture.paste(0, (left, row, left + 40, row + 1))
    file = io.BytesIO()
    picture.save(file, "PDF", resolution=200.0)
    return file.getvalue()


class TwoGatewaysTests(SynchronousTestCase):
    if wireshark.MISSING:
        skip = wireshark.MISSING

    def setUp(self) -> None:
        self.mail = MailListener()
        self.mail.start()
        self.addCleanup(self.mail.stop)
        four, six = (free_port(), free_port()), (free_port(), free_port())
        self.near = self.gateway(four, six)
        self.far = self.gateway(four[::-1], six[::-1])

    def gateway(self, four: tuple[int, int], six: tuple[int, int]) -> GatewayProcess:
        folder = Path(tempfile.mkdtemp(prefix="sandf"))  # the path of a socket must be short
        self.addCleanup(shutil.rmtree, folder)
        text = _CONFIGURATION.format(folder=folder, smtp=free_port(), mail=self.mail.port, four=four, six=six)
        gateway = GatewayProcess(folder, text, ready=folder / "control")
        gateway.start()
        self.addCleanup(gateway.stop)
        return gateway

    def sandf(self, gateway: GatewayProcess, *words: str) -> Any:
        """What the command says, as JSON."""
        program = [sys.executable, "-c", "from sandf.cli import main; main()", "--config", str(gateway.file), *words]
        done = subprocess.run(program, env=os.environ, capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def ended(self, count: int) -> dict[str, dict[str, Any]]:
        """The faxes of the near gateway when so many have ended, by number."""
        for _ in range(int(PATIENCE / 2.0)):
            faxes = self.sandf(self.near, "show", "--json", "faxes", "ended")["faxes"]
            if len(faxes) >= count:
                return {fax["called"]: fax for fax in faxes}
            time.sleep(2.0)
        raise self.failureException(f"not ended: {self.sandf(self.near, 'show', '--json', 'jobs')}")

    def mails(self, count: int) -> dict[str, Image.Image]:
        """The first page of each of *count* mails, by the number."""
        found: dict[str, Image.Image] = {}
        for _ in range(count):
            try:
                received = self.mail.received.get(timeout=PATIENCE)
            except queue.Empty:
                self.fail(f"no mail but for {list(found)}")
            message = email.message_from_bytes(received.octets, policy=email.policy.default)
            (tiff,) = (part.get_content() for part in message.walk() if part.get_content_type() == "image/tiff")
            page = Image.open(io.BytesIO(tiff))
            page.load()
            found[received.recipients[0].partition("@")[0]] = page
        return found

    def test_a_pdf_each_way(self) -> None:
        file = Path(self.mktemp()).absolute().with_suffix(".pdf")
        file.write_bytes(document())
        for number in ("4551234", "6551234"):
            self.sandf(self.near, "send", "--json", "--no-wait", "--to", number, str(file))
        for number, fax in self.ended(2).items():
            self.assertEqual((fax["cause_name"], fax["pages"]), ("delivered", 1), number)
        pages = self.mails(2)
        self.assertEqual(set(pages), {"4551234", "6551234"})
        for number, page in pages.items():
            self.assertEqual(page.width, 1728)
            middle = page.crop((760, page.height // 2 - 60, 968, page.height // 2 + 60)).convert("L")
            self.assertLess(sum(middle.getdata()) / (208 * 120), 200, f"{number}: the cross meets in the middle")
        self.assertEqual(pages["4551234"].tobytes(), pages["6551234"].tobytes())
        self.read_captures()

    def read_captures(self) -> None:
        """tshark reads what both gateways have kept of both calls."""
        for gateway in (self.near, self.far):
            for fax in self.sandf(gateway, "show", "--json", "faxes", "ended")["faxes"]:
                file = Path(self.mktemp()).absolute()
                said = self.sandf(gateway, "trace", "--json", "--pcap", str(file), fax["fax"])
                arguments = [word for one in said["decode_as"] for word in ("-d", one)]
                self.assertEqual(wireshark.complaints_in(file, *arguments)[:40], [])
                found = wireshark.read(file, *arguments, "-T", "fields", "-e", "frame.protocols")
                kinds = {kind for line in found for kind in line.split(":")}
                self.assertLessEqual({"sip", "sdp", "t38"}, kinds)
                self.assertEqual([line for line in found if line.endswith(("udp", "udp:data"))], [])
