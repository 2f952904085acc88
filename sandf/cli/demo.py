"""``make demo``: an e-mail becomes a fax becomes an e-mail, on this machine, checked to the pel.

It starts a gateway as a person would, mails it a text, a PDF and a TIFF over SMTP, follows the fax through the virtual
exchange back to the same gateway, receives the resulting mail on a listener of its own, and compares every page.
What came lies in ``demo-output/`` afterwards.  The exit status is 0 only if everything is as it was sent.
"""

from __future__ import annotations

import email
import email.policy
import queue
import shutil
import smtplib
import sys
import tempfile
import time
from email.message import EmailMessage
from pathlib import Path

from rich.console import Console

from sandf.config.embedded import EMBEDDED
from sandf.oam.printable import printable

from . import demo_documents
from .client import ControlClient, GatewayError
from .demo_check import differences, expected_pages, tiff_pages
from .following import Bars, Lines, Recipients
from .gateway import GatewayFailed, GatewayProcess, free_port
from .listener import MailListener, Received

NUMBER = "5551234"
"""Rings the gateway's own on-ramp in the embedded dial plan."""
OUTPUT = Path("demo-output")
MAIL_SECONDS = 30.0
SPEED = 60.0
"""Times real time: five pages at 14,400 bit/s take some two minutes of line time."""

NEXT = """\
Next:
  twistd -n sandf                          a gateway that stays (loopback only, store under ./var/)
  sandf send README.rst --to 5550001       fax a file to a rehearsal machine that answers;
                                           5550002 is busy, 5550006 hangs up on page 2: docs/rehearsal.rst
  sandf show call history fax brief        what happened, in the classic words
  ssh -p 2222 localhost                    the manhole: calls(), jobs(), trace("j1")
  docs/operating.rst                       configuration, files, reload, shutdown
"""


class DemoFailed(Exception):
    """Something is not as it should be; the text says what."""


def configuration(folder: Path, *, smtp_port: int, mail_port: int) -> str:
    """The embedded configuration, moved to *folder* and to ports that are free, and sped up."""
    changes = {
        "sqlite:var/sandf.db": f"sqlite://{folder}/sandf.db",
        "tcp:2525:": f"tcp:{smtp_port}:",
        "tcp:2222:": f"tcp:{free_port()}:",
        "127.0.0.1:25": f"127.0.0.1:{mail_port}",
        "speed = 10.0": f"speed = {SPEED}",
    }
    text = EMBEDDED
    for old, new in changes.items():
        if old not in text:
            raise DemoFailed(f"the embedded configuration has no {old!r} any more")
        text = text.replace(old, new)
    return text


def message() -> EmailMessage:
    """The mail: a text, a PDF of three pages and a TIFF."""
    mail = EmailMessage()
    mail["From"] = "Demo User <demo@localhost>"
    mail["To"] = f"FAX={NUMBER}@localhost"
    mail["Subject"] = "The demo documents"
    mail.set_content(demo_documents.TEXT)
    mail.add_attachment(demo_documents.pdf(), maintype="application", subtype="pdf", filename="demo.pdf")
    mail.add_attachment(demo_documents.tiff(), maintype="image", subtype="tiff", filename="demo.tif")
    return mail


def send(port: int) -> None:
    """Hand the mail to the gateway as any mail program would."""
    with smtplib.SMTP("127.0.0.1", port, timeout=30) as client:
        client.send_message(message(), "demo@localhost", [f"FAX={NUMBER}@localhost"])


def follow(socket: Path, console: Console) -> None:
    """Show the progress of the fax until it has ended; raises DemoFailed unless it is delivered."""
    recipients = Recipients()
    recipients.by_job["j1"] = NUMBER
    last: dict[str, object] = {}
    with (
        ControlClient(socket) as client,
        Bars(recipients, console) if console.is_terminal else Lines(recipients, console.print) as shown,
    ):

        def told(step: dict[str, object]) -> None:
            last.update(step)
            shown.told(step)

        client.follow(told, "watch", {"jobs": ["j1"]})
    if not last.get("delivered"):
        raise DemoFailed(f"the fax was not delivered: {last.get('text')}")


def received_fax(received: Received) -> bytes:
    """The TIFF in the mail that came."""
    mail = email.message_from_bytes(received.octets, policy=email.policy.default)
    for part in mail.walk():
        if part.get_content_type() == "image/tiff":
            payload = part.get_payload(decode=True)
            assert isinstance(payload, bytes)
            return payload
    raise DemoFailed("the mail that came has no TIFF in it")


def keep(received: Received, fax: bytes) -> None:
    """Write what came to ``demo-output/``."""
    shutil.rmtree(OUTPUT, ignore_errors=True)
    OUTPUT.mkdir()
    (OUTPUT / "mail.eml").write_bytes(received.octets)
    (OUTPUT / "fax.tif").write_bytes(fax)
    tiff_pages(fax)[0].save(OUTPUT / "page1.png")


def run(console: Console, folder: Path, listener: MailListener) -> None:
    """The demo; raises DemoFailed."""
    smtp_port = free_port()
    socket = folder / "control"
    text = configuration(folder, smtp_port=smtp_port, mail_port=listener.port)
    gateway = GatewayProcess(folder, text, ready=socket)
    console.print("Starting a gateway: twistd -n sandf --config ...")
    gateway.start()
    try:
        console.print(f"Mailing a text, a PDF and a TIFF to FAX={NUMBER}@localhost ...")
        send(smtp_port)
        follow(socket, console)
        try:
            received = listener.received.get(timeout=MAIL_SECONDS)
        except queue.Empty:
            raise DemoFailed(f"no mail came within {MAIL_SECONDS:.0f} s; see {gateway.log}")
        fax = received_fax(received)
        keep(received, fax)
        console.print(
            f"\nThe call, as the sending side saw it:\n\n{ladder(socket)}",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
        found = differences(tiff_pages(fax), expected_pages())
        if found:
            raise DemoFailed("; ".join(f"page {difference.page}: {difference.what}" for difference in found))
    finally:
        gateway.stop()


def ladder(socket: Path) -> str:
    """The trace of the fax."""
    with ControlClient(socket) as client:
        return printable(str(client.ask("trace", id="j1")["text"]))


def main() -> int:
    """Run the demo; the exit status."""
    console = Console()
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="sandf-demo-"))
    listener = MailListener()
    listener.start()
    try:
        run(console, folder, listener)
    except (DemoFailed, GatewayError, GatewayFailed, smtplib.SMTPException, OSError) as error:
        console.print(f"\nThe demo failed: {error}\nThe gateway's files are in {folder}.", markup=False, soft_wrap=True)
        return 1
    finally:
        listener.stop()
    shutil.rmtree(folder, ignore_errors=True)
    pages = len(tiff_pages((OUTPUT / "fax.tif").read_bytes()))
    seconds = time.monotonic() - began
    console.print(f"\nAll {pages} pages came back, each pel as it was sent, in {seconds:.0f} s.", highlight=False)
    console.print(
        f"In {OUTPUT}/: the mail (mail.eml), the fax (fax.tif) and its first page (page1.png).\n", markup=False
    )
    console.print(NEXT, markup=False, highlight=False, soft_wrap=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
