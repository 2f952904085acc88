"""A rendering worker: ``python -m sandf.dmsp.worker LIMITS``; frames come on standard input, replies on output.

It limits itself before it reads anything: priority, address space, processor time for each request, no core files and
no writing to files at all.  The time by the clock is the gateway's to watch.  LIMITS is
:class:`.settings.RenderingSettings` as JSON.

What this module does not do: keep a page between requests, or drop privileges; the gateway's user owns it.
"""

from __future__ import annotations

import os
import resource
import sys
from typing import BinaryIO

import msgspec

from sandf.dmsp.desk import Desk
from sandf.dmsp.settings import RenderingSettings
from sandf.dmsp.wire import Frames, Reply, as_request, framed

_READ = 1 << 18
_NICE = 10
"""Calls come first: their packets are due in milliseconds, a page has the time that dialling takes."""
_OPEN_FILES = 64


def limit(settings: RenderingSettings) -> None:
    """Set the limits that hold for the life of the process."""
    os.nice(_NICE)
    resource.setrlimit(resource.RLIMIT_AS, (settings.memory_bytes, settings.memory_bytes))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (_OPEN_FILES, _OPEN_FILES))


def limit_next_request(settings: RenderingSettings) -> None:
    """Give the next request its processor time; SIGXCPU ends the process when that is used up."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime + settings.seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


def warm_up() -> None:
    """Load what the first request would wait for: the faces of text, PDFium and Pillow's readers."""
    from PIL import JpegImagePlugin, PngImagePlugin, TiffImagePlugin  # noqa: F401 - registers the formats

    from sandf.dmsp import header, pdf  # noqa: F401 - loads PDFium
    from sandf.protocols.t4.form import Paper, Resolution

    header.line(("-", "\u00e9", ""), Resolution.FINE, Paper.A4)


def serve(settings: RenderingSettings, source: int, sink: BinaryIO) -> None:
    """Answer requests until the gateway closes the pipe."""
    desk = Desk(settings)
    frames = Frames()
    while octets := os.read(source, _READ):
        for text, more in frames.feed(octets):
            limit_next_request(settings)
            reply, answer = desk.serve(as_request(text), more)
            sink.writelines(framed(reply, answer))
            sink.flush()
            if reply.fatal:
                return


def main() -> None:
    """Run as a program."""
    settings = msgspec.json.decode(sys.argv[1], type=RenderingSettings)
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not get between the frames
    limit(settings)
    warm_up()
    sink.writelines(framed(Reply()))
    sink.flush()
    serve(settings, 0, sink)


if __name__ == "__main__":
    main()
