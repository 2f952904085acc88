"""Payload types: static and dynamic numbers, codings matched by name, telephone events."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from sandf.protocols.sdp.audio_lines import CODECS, AudioCodec, choose, parse, ptime
from sandf.protocols.sdp.description import Media


def line(formats: str, *attributes: tuple[str, str]) -> Media:
    return Media(kind="audio", port=1, transport="RTP/AVP", formats=tuple(formats.split()), attributes=attributes)


class PayloadTypes(SynchronousTestCase):
    def names(self, media: Media) -> list[tuple[int, str]]:
        return [(codec.payload_type, codec.name) for codec in parse(media)]

    def test_static_numbers_need_no_name(self) -> None:
        self.assertEqual(self.names(line("8 0 18 96")), [(8, "PCMA"), (0, "PCMU")])

    def test_a_name_goes_before_the_static_number(self) -> None:
        media = line("0 97 98", ("rtpmap", "0 G729/8000"), ("rtpmap", "97 pcmu"), ("rtpmap", "98 PCMA/8000/2"))
        self.assertEqual(self.names(media), [(0, "G729"), (97, "pcmu")])

    def test_words_that_are_no_payload_types(self) -> None:
        self.assertEqual(self.names(line("* -1 200 0x8 ٨ 0000", ("rtpmap", "200 PCMU/8000"), ("rtpmap", "junk"))), [])

    def test_the_far_ends_first_with_our_name_and_its_number(self) -> None:
        media = line(
            *("18 97 0 96 100",),
            *(("rtpmap", "97 pcma/8000"), ("rtpmap", "96 telephone-event/16000")),
            *(("RTPMAP", "100 Telephone-Event/8000"), ("fmtp", "100 0-11")),
        )
        chosen = choose(parse(media), CODECS)
        events = AudioCodec(payload_type=100, name="telephone-event", fmtp="0-15")
        self.assertEqual(chosen, (AudioCodec(payload_type=97, name="PCMA"), events))

    def test_nothing_in_common(self) -> None:
        self.assertIsNone(choose(parse(line("18 101", ("rtpmap", "101 telephone-event/8000"))), CODECS))
        self.assertEqual(choose(parse(line("0")), CODECS), (CODECS[0], None))

    def test_packet_times(self) -> None:
        for text, wanted in (("30", 30), ("30 ms", 30), ("10.0", 10), ("25", 20), ("0", 20), ("2000", 20), ("", 20)):
            self.assertEqual(ptime(line("0", ("ptime", text)), 20), wanted, text)
