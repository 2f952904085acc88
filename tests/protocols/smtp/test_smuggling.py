"""Ends that are none, lines without end, dots at cuts, plain text behind STARTTLS: in and out."""

from __future__ import annotations

import dataclasses
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from sandf.protocols.smtp.events import SenderOffered
from sandf.protocols.smtp.text import TextReader, TextWriter
from tests.protocols.smtp.driving import ENVELOPE, SETTINGS, Driver, byte_by_byte, codes, converse

QUICK = settings(deadline=None, derandomize=True, max_examples=150)
HIDDEN = b"MAIL FROM:<evil@x.example>\r\nRCPT TO:<FAX=+900@x.example>\r\nDATA\r\nsmuggled\r\n.\r\n"
FALSE_ENDS = (
    b"\n.\n",
    b"\r.\r",
    b"\n.\r\n",
    b"\r\n.\n",
    b"\r.\r\n",
    b"\r\n.\r",
    b"\r.\n",
    b"\n.\r",
    b"\n\n.\r\n",
    b"\r\r\n.\r\r\n",
    b"\r\n\r.\r\n",
    b"\n\r\n.\n\r\n",
)


class FalseEnds(SynchronousTestCase):
    """Whatever is not CR LF . CR LF ends nothing, and makes the message refused at its true end."""

    def test_each(self) -> None:
        for false_end in FALSE_ENDS:
            stream = ENVELOPE + b"first" + false_end + HIDDEN + b"NOOP\r\n"
            for driver in (converse(stream), byte_by_byte(stream)):
                self.assertEqual(codes(driver.output)[-2:], ["550 5.5.2", "250 2.0.0"], false_end)
                self.assertEqual(driver.messages, [])
                senders = [event for event in driver.told if isinstance(event, SenderOffered)]
                self.assertEqual([str(event.reverse_path) for event in senders], ["a@b.example"])

    def test_true_end_after_cr(self) -> None:
        """CR CR LF . CR LF does end (it holds CR LF . CR LF); the lone CR refuses the message."""
        driver = converse(ENVELOPE + b"x\r\r\n.\r\nNOOP\r\n")
        self.assertEqual(codes(driver.output)[-2:], ["550 5.5.2", "250 2.0.0"])

    def test_nul_before_the_end_ends_nothing(self) -> None:
        driver = converse(ENVELOPE + b"x\r\n.\0\r\ny\0\r\n\0.\r\n.\r\n")
        self.assertEqual(driver.messages, [b"x\r\n\0\r\ny\0\r\n\0.\r\n"])
        self.assertEqual(codes(driver.output)[-1], "250 2.0.0")

    def test_commands_with_lone_line_ends(self) -> None:
        for line in (b"NOOP\nNOOP\r\n", b"NOOP\rNOOP\r\n", b"\nNOOP\r\n", b"NOOP\r\r\n", b"\rNOOP\r\n"):
            for driver in (converse(line + b"RSET\r\n"), byte_by_byte(line + b"RSET\r\n")):
                self.assertEqual(codes(driver.output)[1:], ["500 5.5.2", "250 2.0.0"], line)

    def test_lone_lf_is_answered_without_waiting(self) -> None:
        """A client that ends its lines with LF learns why nothing works, and nothing of it is executed."""
        driver = Driver()
        self.assertEqual(codes(driver.feed(b"NOOP\n")), ["500 5.5.2"])
        self.assertEqual(driver.feed(b"MAIL FROM:<>\nQUIT\n"), b"")
        self.assertEqual(codes(driver.feed(b"\r\nNOOP\r\n")), ["250 2.0.0"])


class LongLines(SynchronousTestCase):
    """A long line in DATA is part of the message, whatever comes after it."""

    def test_over_long_text_line_stays_text(self) -> None:
        for length in (999, 1001, 16_384, 70_000):
            stream = ENVELOPE + b"x" * length + b"\r\n" + HIDDEN + b"NOOP\r\n"
            for driver in (converse(stream), converse(stream, range(0, len(stream), 997))):
                self.assertEqual(codes(driver.output)[-2:], ["554 5.6.0", "250 2.0.0"], length)
                self.assertEqual(driver.messages, [])

    def test_exact_limit(self) -> None:
        line = b"x" * 998 + b"\r\n"
        driver = converse(ENVELOPE + line * 3 + b"." + line + b".\r\n")
        self.assertEqual(driver.messages, [line * 4])
        driver = converse(ENVELOPE + line + b"x" + line + line + b".\r\n")
        self.assertEqual(codes(driver.output)[-1], "554 5.6.0")

    def test_no_limit(self) -> None:
        lax = dataclasses.replace(SETTINGS, text_line_limit=None)
        driver = converse(ENVELOPE + b"x" * 100_000 + b"\r\n.\r\n", range(0, 100_000, 1460), lax)
        self.assertEqual(driver.messages, [b"x" * 100_000 + b"\r\n"])

    def test_endless_command_line_is_not_kept(self) -> None:
        driver = Driver()
        said = b"".join(driver.feed(b"x" * 65_536) for _ in range(64))
        self.assertEqual(codes(said), ["500 5.5.6"])
        self.assertTrue(driver.session.wants_data())
        self.assertEqual(codes(driver.feed(b"MAIL FROM:<>\r\nNOOP\r\n")), ["250 2.0.0"])

    def test_endless_text_is_not_kept(self) -> None:
        driver = Driver(dataclasses.replace(SETTINGS, size_limit=100_000))
        driver.feed(ENVELOPE)
        for _ in range(64):
            driver.feed(b"x" * 65_536)
        self.assertEqual(codes(driver.feed(b"\r\n.\r\n")), ["552 5.3.4"])


class Cuts(SynchronousTestCase):
    """How the stream was cut into pieces changes nothing."""

    stream = (
        ENVELOPE
        + b"..one\r\n.\r.\r\n..\r\n...\r\n\r\n.\r\nRSET\r\nNOOP\r\n"
        + ENVELOPE.split(b"\r\n", 1)[1]
        + b"..\r\n...\r\nplain\r\n.x\r\n.\r\nFOO\r\nQUIT\r\nNOOP\r\n"
    )

    def test_byte_by_byte(self) -> None:
        whole, bytewise = converse(self.stream), byte_by_byte(self.stream)
        self.assertEqual(whole.output, bytewise.output)
        self.assertEqual(whole.messages, bytewise.messages)
        self.assertEqual(whole.messages, [b".\r\n..\r\nplain\r\nx\r\n"])

    def test_every_single_cut(self) -> None:
        whole = converse(self.stream)
        for cut in range(len(self.stream)):
            driver = converse(self.stream, [cut])
            self.assertEqual((driver.output, driver.messages), (whole.output, whole.messages))

    def test_with_a_tail(self) -> None:
        """Every prefix gives a prefix of the output."""
        whole = converse(self.stream).output
        for length in range(len(self.stream)):
            self.assertTrue(whole.startswith(converse(self.stream[:length]).output))

    @QUICK
    @given(
        st.lists(
            st.sampled_from(
                [b"\r", b"\n", b"\r\n", b".", b"\r\n.", b"\r\n.\r\n", b"x", b"y" * 997, b"\0", b"NOOP\r\n"]
            ),
            max_size=40,
        ),
        st.lists(st.integers(0, 5000), max_size=12),
    )
    def test_any_text_any_cuts(self, parts: list[bytes], cuts: list[int]) -> None:
        stream = ENVELOPE + b"".join(parts) + b"\r\n.\r\nQUIT\r\n"
        whole, cut = converse(stream), converse(stream, cuts)
        self.assertEqual(whole.output, cut.output)
        self.assertEqual(whole.messages, cut.messages)
        self.assertEqual(whole.output, byte_by_byte(stream).output)

    @QUICK
    @given(
        st.lists(
            st.sampled_from([b"EHLO c", b"NOOP", b"\r\n", b"\n", b"\r", b"MAIL FROM:<>", b"z" * 600, b"\0", b" "]),
            max_size=40,
        ),
        st.lists(st.integers(0, 5000), max_size=12),
    )
    def test_any_commands_any_cuts(self, parts: list[bytes], cuts: list[int]) -> None:
        stream = b"".join(parts)
        self.assertEqual(converse(stream).output, converse(stream, cuts).output)
        self.assertEqual(converse(stream).output, byte_by_byte(stream).output)


class ArbitraryOctets(SynchronousTestCase):
    """Nothing raises, and output has a bound."""

    @QUICK
    @given(st.lists(st.binary(max_size=400), max_size=20))
    def test_commands(self, pieces: list[bytes]) -> None:
        driver = Driver()
        driver.feed(*pieces)
        self.assertLess(len(driver.output), 100 + 100 * sum(map(len, pieces)))

    @QUICK
    @given(st.lists(st.binary(max_size=400), max_size=20))
    def test_text(self, pieces: list[bytes]) -> None:
        driver = Driver()
        driver.feed(ENVELOPE, *pieces)
        self.assertLess(len(driver.output), 20_000)

    @QUICK
    @given(
        st.lists(st.sampled_from([b"EHLO x\r\n", b"HELP\r\n", b"RSET\r\n", b"MAIL FROM:<>\r\n", b"\r\n"]), max_size=9)
    )
    def test_output_of_a_flood_is_bounded(self, lines: list[bytes]) -> None:
        driver = Driver()
        driver.feed(*(b"".join(lines) for _ in range(300)))
        self.assertLess(len(driver.output), 60_000)


class Outbound(SynchronousTestCase):
    """What we send never has a lone CR or LF, a line over 998 octets or an end before the end."""

    def written(self, pieces: list[bytes]) -> bytes:
        writer = TextWriter()
        return b"".join([writer.write(piece) for piece in pieces] + [writer.finish()])

    def test_dot_at_a_chunk_edge(self) -> None:
        for pieces in (
            [b"a\r\n", b".\r\n", b"b\r\n"],
            [b"a\r\n.", b"\r\nb\r\n"],
            [b"a\r", b"\n.\r\nb\r\n"],
            [b"a", b"\r", b"\n", b".", b"\r", b"\n", b"b\r\n"],
        ):
            self.assertEqual(self.written(pieces), b"a\r\n..\r\nb\r\n.\r\n", pieces)
        self.assertEqual(self.written([b".", b"."]), b"...\r\n.\r\n")
        self.assertEqual(self.written([]), b".\r\n")

    def test_lone_line_ends_are_repaired(self) -> None:
        for false_end in FALSE_ENDS:
            sent = self.written([b"first" + false_end + b"evil\r\n"])
            self.assertEqual(sent.count(b"\r\n.\r\n"), 1, false_end)
            self.assertTrue(sent.endswith(b"\r\n.\r\n"))
        self.assertEqual(self.written([b"a\nb\rc\r"]), b"a\r\nb\r\nc\r\n.\r\n")

    def test_long_lines_are_broken(self) -> None:
        writer = TextWriter()
        sent = writer.write(b"x" * 998 + b"\r\n" + b"y" * 999) + writer.finish()
        self.assertEqual(sent, b"x" * 998 + b"\r\n" + b"y" * 998 + b"\r\n y\r\n.\r\n")
        self.assertEqual(writer.lines_broken, 1)

    @QUICK
    @given(
        st.lists(
            st.sampled_from([b"\r", b"\n", b"\r\n", b".", b"..", b"x", b"w" * 500, b"v" * 1001, b"\xff\0"]),
            max_size=30,
        ),
        st.lists(st.integers(0, 4000), max_size=10),
    )
    def test_any_text(self, parts: list[bytes], cuts: list[int]) -> None:
        text = b"".join(parts)
        places = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
        sent = self.written([text[a:b] for a, b in pairwise(places)])
        self.assertEqual(sent, self.written([text]))
        self.assertEqual(sent, self.written([text[at : at + 1] for at in range(len(text))]))
        self.assertEqual((b"\r\n" + sent).find(b"\r\n.\r\n"), len(sent) - 3)
        self.assertEqual(sent.count(b"\r\n"), sent.count(b"\n"))
        self.assertEqual(sent.count(b"\r\n"), sent.count(b"\r"))
        reader = TextReader(size_limit=None, line_limit=998)
        self.assertEqual(reader.feed(sent), b"")
        self.assertFalse(reader.faulty)
        repaired = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
        got = reader.text()
        if max(map(len, repaired.split(b"\r\n"))) <= 998:
            self.assertIn(got, (repaired, repaired + b"\r\n"))
