"""The watch over the length of scan lines, whole, in pieces, with RTC and with noise."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from sandf.protocols.t4.bits import to_octets
from sandf.protocols.t4.codes import EOL, RTC_MH, RTC_MR
from sandf.protocols.t30.scan_line import LineWatch

LONGEST = 1000


def fed(bits: str, size: int) -> bool:
    """Whether the watch has had enough of *bits*, in pieces of *size* octets."""
    watch = LineWatch(LONGEST)
    octets = to_octets(bits)
    return True in [watch.feed(octets[at : at + size]) for at in range(0, len(octets), size)]


def line(bits: int) -> str:
    """A line of so many bits, its EOL included."""
    return EOL + ("1011" * bits)[: bits - len(EOL)]


class Lines(SynchronousTestCase):
    def test_limit(self) -> None:
        for size in (1, 2, 3, 7, 64, 4096):
            for length, too_long in ((LONGEST - 8, False), (LONGEST, False), (LONGEST + 9, True), (3 * LONGEST, True)):
                page = line(300) + line(length) + line(300) * 20
                self.assertIs(fed(page, size), too_long, (size, length))

    def test_fill_counts(self) -> None:
        for size in (1, 5, 4096):
            self.assertTrue(fed(line(20) + "0" * LONGEST + line(300), size))

    def test_what_follows_rtc_is_no_line(self) -> None:
        for rtc in (RTC_MH, RTC_MR):
            for size in (1, 5, 4096):
                self.assertFalse(fed(line(300) * 3 + rtc + "0" * 3 * LONGEST, size))

    def test_what_never_begins(self) -> None:
        self.assertTrue(fed("10" * LONGEST, 16))
        self.assertTrue(fed("0" * 2 * LONGEST, 16))

    def test_the_first_eol_is_no_rtc(self) -> None:
        self.assertTrue(fed(EOL + "10" * LONGEST, 4096))
