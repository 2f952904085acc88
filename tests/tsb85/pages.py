"""The pages of a procedure both ways: what the tester sends and the device must have, and what the device sends.

Under ECM a page comes in blocks of frames; the tester answers as the data says, whatever it got, and the device must
send just what was asked for.

What this module does not do: it sends and hears nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from sandf.callcontrol.media import Page
from sandf.protocols.t4.form import Coding
from sandf.protocols.t4.walk import walk
from sandf.protocols.t30.capabilities import Parameters
from sandf.protocols.t30.ecm import FRAMES_IN_BLOCK, RCP_FRAMES
from sandf.protocols.t30.frames import ADDRESS, CONTROL, Fcf, Frame, second_fcf

from . import checks
from .bearer import Heard
from .pictures import Picture, coded
from .procedures import Step

_ENDS_PAGE = ("MPS", "EOM", "EOP")


class OutgoingPage:
    """The page that the tester sends; when the device confirms it, it must have received just this picture."""

    def __init__(self) -> None:
        self._octets = b""  # of the page so far
        self._block = b""  # of the block that is not yet confirmed
        self._bad_rows = 0
        self._last = ""
        self._spoilt = False
        self._delivered = 0
        self._parameters: Parameters | None = None

    def page(self, octets: bytes, bad_rows: int) -> None:
        """The tester sends a page without ECM, with so many bad rows."""
        self._octets, self._bad_rows = octets, bad_rows

    def command(self, tag: str, octets: bytes) -> None:
        """The tester has sent a frame whole."""
        if tag.startswith("DCS"):
            self._parameters = Parameters.parse(octets[3:])
        if tag.startswith(("PPS", "EOR", *_ENDS_PAGE)):
            self._last = tag

    def frames(self, step: Step) -> Iterator[tuple[bytes, bool]]:
        """The frames of the partial page of *step*, RCP included, and whether they arrive whole."""
        coding = Coding.MMR if step.compression == "T.6" else Coding.MH
        octets = coded(step.value, coding, min_bits=step.min_bits)
        size = step.frame_octets
        padded = octets + bytes(-len(octets) % size)
        first = step.block * FRAMES_IN_BLOCK
        count = min(FRAMES_IN_BLOCK, len(padded) // size - first)
        self._block = padded[first * size : (first + count) * size]
        for index in range(first, first + count):
            header = bytes((ADDRESS, CONTROL, Fcf.FCD, index % FRAMES_IN_BLOCK))
            yield header + padded[index * size : (index + 1) * size], index != step.crc_error
        yield from ((frame, True) for frame in RCP_FRAMES)

    def answered(self, response: Fcf, received: list[Page]) -> None:
        """The device has answered the last command: the pages *received* by now show what was sent."""
        self._spoilt = self._spoilt or response is Fcf.ERR
        self._octets += self._block
        self._block = b""
        if self._last.removeprefix("PPS-").removeprefix("EOR-") not in _ENDS_PAGE or not self._octets:
            assert len(received) == self._delivered, "a page was taken twice, or before its end"
            return
        if response is Fcf.RTN:
            assert len(received) == self._delivered, "a page that got RTN was delivered"
        else:
            assert len(received) == self._delivered + 1, f"{len(received)} pages, not {self._delivered + 1}"
            self._delivered += 1
            if not self._spoilt:
                self._compare(received[-1])
        self._octets, self._spoilt = b"", False

    def _compare(self, page: Page) -> None:
        """In the form that DCS said, row by row; of a page with bad rows all but those."""
        assert self._parameters is not None and page.form == self._parameters.form, (page.form, self._parameters)
        got = walk(page.octets, page.form.coding, page.form.width, keep=True)
        sent = walk(self._octets, page.form.coding, page.form.width, keep=True)
        assert got.rows == sent.rows and got.bad == sent.bad == self._bad_rows, (got, sent)
        assert page.bad_rows == self._bad_rows, page
        assert got.changes == sent.changes and got.changes, "the page delivered does not show what was sent"


class IncomingPages:
    """The pages that the device sends: *pages* in their order, each until the tester has confirmed it."""

    def __init__(self, pages: list[Picture]) -> None:
        self.candidates = pages[:1]
        """Which pages may come now."""
        self._pages = pages
        self._next = 0
        self._blocks = 0  # of the page that comes in, confirmed
        self._block: dict[int, bytes] = {}
        self._requested: set[int] | None = None
        self._octets = b""
        self._parameters: Parameters | None = None
        self._post: Fcf | None = None

    def partial_page(self, heard: Heard, parameters: Parameters) -> None:
        """Frames of a block have come: all of it, or those that were asked for."""
        self._parameters = parameters
        self._block |= checks.frames_of(heard, parameters.frame_octets, self._requested)
        self._requested = None

    def command(self, frame: Frame) -> None:
        """A frame of the device has come; PPS must count the frames of its block."""
        if frame.fcf is Fcf.PPS:
            counters = (self._next & 0xFF, self._blocks & 0xFF, len(self._block) - 1)
            assert tuple(frame.fif[1:4]) == counters, f"PPS counts {tuple(frame.fif[1:4])}, not {counters}"
            self._post = second_fcf(frame.fif)
        elif frame.fcf in (Fcf.MPS, Fcf.EOM, Fcf.EOP):
            self._post = frame.fcf

    def answered(self, tag: str, octets: bytes) -> None:
        """The tester has answered."""
        if tag == "PPR":
            missing = int.from_bytes(octets[3:], "little")
            wanted = {number for number in self._block if missing >> number & 1}
            self._requested = wanted or {max(self._block)}
        elif tag in ("MCF", "RTP") and self._post is not None:
            self._confirm()
        elif tag == "RTN":
            self.candidates = self._pages[self._next : self._next + 2]
            self._next = min(self._next, len(self._pages) - 1)

    def _confirm(self) -> None:
        if self._block:
            self._octets += b"".join(octets for _, octets in sorted(self._block.items()))
            self._block, self._requested = {}, None
            self._blocks += 1
        if self._post is Fcf.NULL:
            return
        if self._octets:
            assert self._parameters is not None
            checks.shows(self._octets, self._parameters, self.candidates)
        self._octets, self._post, self._blocks = b"", None, 0
        self._next += 1
        self.candidates = self._pages[self._next : self._next + 1] or self._pages[-1:]
