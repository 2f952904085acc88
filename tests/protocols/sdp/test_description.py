"""Session descriptions: read from many hands, written by the book, refused with nothing but SdpError."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from sandf.protocols.sdp.description import Description, Direction, Media, Origin, SdpError, parse, serialise
from tests.protocols.sdp.bodies import ADAPTER_V6, ALL, GATEWAY_BOTH, PBX_AUDIO, SBC_T38_ABOVE_DEAD_AUDIO, body

BOUNDED = settings(deadline=None, derandomize=True, max_examples=200)


def audio(*attributes: str, connection: str = "IN IP4 192.0.2.1") -> Media:
    lines = ("v=0", f"c={connection}", "m=audio 4000 RTP/AVP 0", *(f"a={one}" for one in attributes))
    description = parse(body(*lines))
    return description.resolved(description.media[0])


class Read(SynchronousTestCase):
    def test_an_audio_offer(self) -> None:
        description = parse(PBX_AUDIO)
        self.assertEqual(
            description.origin, Origin(username="-", session_id=170013, version=170013, address="192.0.2.10")
        )
        (media,) = description.media
        self.assertEqual(
            (media.kind, media.port, media.transport, media.formats), ("audio", 14570, "RTP/AVP", ("8", "0", "101"))
        )
        self.assertEqual(media.values("FMTP"), ("101 0-16",))
        self.assertEqual(description.address_of(media), "192.0.2.10")
        self.assertEqual(description.name, "PBX")

    def test_each_line_has_its_own_address_or_the_sessions(self) -> None:
        description = parse(GATEWAY_BOTH)
        self.assertEqual([description.address_of(one) for one in description.media], ["192.0.2.21", "192.0.2.22"])
        description = parse(SBC_T38_ABOVE_DEAD_AUDIO)
        self.assertEqual([description.address_of(one) for one in description.media], ["192.0.2.31"] * 2)
        self.assertEqual([one.rejected for one in description.media], [False, True])

    def test_no_address_at_all(self) -> None:
        description = parse(body("v=0", "m=audio 0 RTP/AVP 0"))
        self.assertRaises(SdpError, description.address_of, description.media[0])

    def test_what_is_careless(self) -> None:
        description = parse(ADAPTER_V6)
        self.assertEqual(description.connection, "2001:db8::5")
        speech, image = description.media
        self.assertEqual((speech.port, speech.transport, speech.formats), (5004, "rtp/avp", ("0", "8")))
        self.assertEqual((image.kind, image.port, image.formats), ("image", 5008, ("T38",)))
        self.assertIs(speech.direction, Direction.SENDRECV)

    def test_missing_unknown_and_repeated_lines(self) -> None:
        octets = (
            b"x-foo\rk=prompt\rnonsense\rc=IN\rc=IN IP4 192.0.2.9/127\rc=IN IP4 192.0.2.8\r"
            b"m=AUDIO 4000 RTP/AVP 0\rb=AS:64\r"
        )
        description = parse(octets)
        self.assertEqual(description.connection, "192.0.2.9")
        self.assertEqual(description.origin, Origin(session_id=0, version=0, address=""))
        self.assertEqual((description.media[0].kind, description.media[0].bandwidth), ("audio", ("AS:64",)))
        self.assertEqual(parse(b"o=me first two IN IP4").origin.version, 0)
        self.assertEqual(parse(b"o=- 1 18446744073709551615 IN IP4 a").origin.version, 2**64 - 1)
        bracketed = parse(body("v=0", "c=IN IP6 [2001:db8::1]", "m=audio 1 RTP/AVP 0"))
        self.assertEqual(bracketed.connection, "2001:db8::1")

    def test_direction_of_a_line_goes_before_that_of_the_session(self) -> None:
        description = parse(body("v=0", "a=inactive", "m=audio 1 RTP/AVP 0", "a=sendonly", "m=image 2 udptl t38"))
        directions = [description.resolved(one).direction for one in description.media]
        self.assertEqual(directions, [Direction.SENDONLY, Direction.INACTIVE])

    def test_held(self) -> None:
        self.assertFalse(audio().held)
        self.assertFalse(audio("recvonly").held)
        self.assertTrue(audio("sendonly").held)
        self.assertTrue(audio("Inactive").held)
        self.assertIs(audio(connection="IN IP4 0.0.0.0").direction, Direction.SENDONLY)
        self.assertIs(audio("recvonly", connection="IN IP6 ::").direction, Direction.INACTIVE)
        self.assertIs(audio("recvonly").direction.reverse, Direction.SENDONLY)
        self.assertIs(audio("inactive").direction.reverse, Direction.INACTIVE)


class Written(SynchronousTestCase):
    def test_as_on_the_line(self) -> None:
        media = Media(
            kind="audio",
            port=4000,
            transport="RTP/AVP",
            formats=("0", "8"),
            connection="192.0.2.2",
            attributes=(("rtpmap", "0 PCMU/8000"), ("sendrecv", None)),
            bandwidth=("AS:64",),
        )
        origin = Origin(session_id=7, version=8, address="2001:db8::1")
        octets = serialise(
            Description(origin=origin, connection="2001:db8::1", media=(media,), attributes=(("x", "y"),), name="fax")
        )
        wanted = body(
            *("v=0", "o=- 7 8 IN IP6 2001:db8::1", "s=fax", "c=IN IP6 2001:db8::1", "t=0 0", "a=x:y"),
            *("m=audio 4000 RTP/AVP 0 8", "c=IN IP4 192.0.2.2", "b=AS:64", "a=rtpmap:0 PCMU/8000", "a=sendrecv"),
        )
        self.assertEqual(octets, wanted)

    def test_what_was_read_is_written_and_read_alike(self) -> None:
        for octets in ALL:
            description = parse(octets)
            self.assertEqual(parse(serialise(description)), description)


class Refused(SynchronousTestCase):
    def test_what_is_no_description(self) -> None:
        for name, octets in (
            ("nothing", b""),
            ("no line of one", b"<xml/>\r\na=sendrecv\r\n"),
            ("m= without a port", b"v=0\r\nm=audio\r\n"),
            ("m= with a word for a port", b"v=0\r\nm=audio http RTP/AVP 0\r\n"),
            ("m= with a port beyond all", b"v=0\r\nm=audio 65536 RTP/AVP 0\r\n"),
            ("m= with other digits", "v=0\r\nm=audio ٣٣٣٣ RTP/AVP 0\r\n".encode()),
            ("too many octets", b"v=0\r\ns=" + b"x" * 65_536),
            ("too many lines", b"v=0\r\n" + b"a=\n" * 2_001),
            ("too many m= lines", b"v=0\r\n" + b"m=audio 1 RTP/AVP 0\r\n" * 65),
        ):
            error = self.assertRaises(SdpError, parse, octets)
            self.assertTrue(str(error), name)

    def test_a_line_of_blanks_takes_no_time(self) -> None:
        description = parse(b"v=0\r\na=x" + b" " * 60_000 + b"y\r\n")
        self.assertEqual(len(description.attributes), 1)

    @BOUNDED
    @given(st.data())
    def test_any_change_of_a_good_one_is_read_or_refused(self, data: st.DataObject) -> None:
        octets = bytearray(data.draw(st.sampled_from(ALL)))
        for _ in range(data.draw(st.integers(1, 6))):
            at = data.draw(st.integers(0, len(octets)))
            octets[at : at + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=6))
        try:
            description = parse(bytes(octets))
        except SdpError:
            return
        self.assertEqual(len(parse(serialise(description)).media), len(description.media))

    @BOUNDED
    @given(st.binary(max_size=200))
    def test_any_octets_are_read_or_refused(self, octets: bytes) -> None:
        for each in (octets, b"v=0\r\nm=" + octets, b"v=0\r\no=" + octets, b"v=0\r\nc=" + octets):
            try:
                parse(each)
            except SdpError:
                pass
