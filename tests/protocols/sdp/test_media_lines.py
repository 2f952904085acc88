"""m= lines: what we offer, what we make of the far end's, and what stands in our answer."""

from __future__ import annotations

from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from sandf.protocols.sdp.description import Description, Direction, parse, serialise
from sandf.protocols.sdp.offer_answer import (
    AgreedAudio,
    AgreedT38,
    AudioCodec,
    MediaKind,
    Negotiation,
    Unacceptable,
)
from sandf.protocols.sdp.t38_attributes import T38Parameters, UdpErrorCorrection
from tests.protocols.sdp.bodies import (
    ADAPTER_V6,
    AUDIO,
    EITHER,
    GATEWAY_BOTH,
    HEAD,
    OURS,
    PBX_AUDIO,
    PBX_T38,
    SBC_T38_ABOVE_DEAD_AUDIO,
    T38,
    body,
    changed,
    places,
)


class Offers(SynchronousTestCase):
    def test_audio_as_on_the_line(self) -> None:
        wanted = body(
            *("v=0", "o=- 7 1 IN IP4 192.0.2.1", "s=-", "c=IN IP4 192.0.2.1", "t=0 0", "m=audio 20000 RTP/AVP 0 8 101"),
            *("a=rtpmap:0 PCMU/8000", "a=rtpmap:8 PCMA/8000", "a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-15"),
            *("a=ptime:20", "a=sendrecv"),
        )
        self.assertEqual(serialise(Negotiation(session_id=7).offer(OURS, (AUDIO,))), wanted)

    def test_t38_as_on_the_line(self) -> None:
        local = replace(OURS, address="2001:db8::1", t38=T38Parameters(max_datagram=1400))
        wanted = body(
            *("v=0", "o=- 7 1 IN IP6 2001:db8::1", "s=-", "c=IN IP6 2001:db8::1", "t=0 0", "m=image 20002 udptl t38"),
            *("a=T38FaxVersion:0", "a=T38MaxBitRate:14400", "a=T38FaxRateManagement:transferredTCF"),
            *("a=T38FaxMaxDatagram:1400", "a=T38FaxUdpEC:t38UDPRedundancy"),
        )
        self.assertEqual(serialise(Negotiation(session_id=7).offer(local, (T38,))), wanted)

    def test_a_kind_without_a_port_is_our_mistake(self) -> None:
        negotiation = Negotiation(session_id=7)
        self.assertRaises(ValueError, negotiation.offer, replace(OURS, t38_port=None), (T38,))
        self.assertRaises(ValueError, negotiation.same)
        self.assertRaises(ValueError, negotiation.accept, parse(PBX_AUDIO))


class Answers(SynchronousTestCase):
    def answer(
        self, octets: bytes, kinds: frozenset[MediaKind] = EITHER
    ) -> tuple[Description, AgreedAudio | AgreedT38]:
        return Negotiation(session_id=7).answer(parse(octets), OURS, kinds)

    def test_audio_as_on_the_line(self) -> None:
        answer, agreed = self.answer(PBX_AUDIO)
        wanted = body(
            *("v=0", "o=- 7 1 IN IP4 192.0.2.1", "s=-", "c=IN IP4 192.0.2.1", "t=0 0", "m=audio 20000 RTP/AVP 8 101"),
            *(
                "a=rtpmap:8 PCMA/8000",
                "a=rtpmap:101 telephone-event/8000",
                "a=fmtp:101 0-15",
                "a=ptime:20",
                "a=sendrecv",
            ),
        )
        self.assertEqual(serialise(answer), wanted)
        self.assertEqual(
            agreed,
            AgreedAudio(
                address="192.0.2.10",
                port=14570,
                codec=AudioCodec(payload_type=8, name="PCMA"),
                events_payload=101,
                ptime=20,
                sends=True,
                receives=True,
            ),
        )

    def test_t38_goes_before_audio(self) -> None:
        answer, agreed = self.answer(GATEWAY_BOTH)
        self.assertEqual(places(answer), [("audio", 0), ("image", 20_002)])
        assert isinstance(agreed, AgreedT38)
        self.assertEqual((agreed.address, agreed.port), ("192.0.2.22", 17924))
        self.assertEqual((agreed.parameters.version, agreed.parameters.max_bit_rate), (3, 14_400))
        self.assertEqual((agreed.far.max_datagram, agreed.parameters.max_datagram), (320, 320))
        self.assertEqual(answer.media[1].values("T38FaxMaxDatagram"), ("1400",))

    def test_what_is_not_wanted_is_refused_in_its_place(self) -> None:
        answer, agreed = self.answer(GATEWAY_BOTH, frozenset({AUDIO}))
        self.assertEqual(places(answer), [("audio", 20_000), ("image", 0)])
        assert isinstance(agreed, AgreedAudio)
        self.assertEqual((agreed.address, agreed.codec.payload_type, agreed.events_payload), ("192.0.2.21", 0, 100))
        self.assertEqual(answer.media[0].formats, ("0", "100"))

    def test_an_sbc_with_dead_audio_below(self) -> None:
        answer, _ = self.answer(SBC_T38_ABOVE_DEAD_AUDIO)
        self.assertEqual(places(answer), [("image", 20_002), ("audio", 0)])
        self.assertEqual(answer.media[0].transport, "UDPTL")

    def test_a_careless_adapter(self) -> None:
        answer, agreed = self.answer(ADAPTER_V6)
        assert isinstance(agreed, AgreedT38)
        self.assertEqual((agreed.address, agreed.port), ("2001:db8::5", 5008))
        self.assertIs(agreed.far.udp_ec, UdpErrorCorrection.FEC)
        self.assertEqual(answer.media[1].values("T38FaxFillBitRemoval"), ())
        _, agreed = self.answer(ADAPTER_V6, frozenset({AUDIO}))
        assert isinstance(agreed, AgreedAudio)
        self.assertEqual((agreed.ptime, agreed.events_payload), (30, None))

    def test_lines_that_are_not_for_us(self) -> None:
        lines = (
            *("m=video 5000 RTP/AVP 31", "m=audio 5002 RTP/SAVP 0", "m=image 5004 tcp t38", "m=audio 5006 RTP/AVP 18"),
            *("m=audio 5008 rtp/avp 0", "m=audio 5010 RTP/AVP 8", "m=application 5012 udp"),
        )
        answer, agreed = self.answer(body(*HEAD, *lines))
        self.assertEqual([port for _, port in places(answer)], [0, 0, 0, 0, 20_000, 0, 0])
        self.assertEqual(agreed.port, 5008)
        self.assertIn(b"m=application 0 udp 0\r\n", serialise(answer))
        self.assertIn(b"m=audio 0 RTP/SAVP 0\r\n", serialise(answer))

    def test_nothing_for_us(self) -> None:
        for name, octets, kinds in (
            ("no line", body(*HEAD), EITHER),
            ("T.38 only", PBX_T38, frozenset({AUDIO})),
            ("audio only", PBX_AUDIO, frozenset({T38})),
            ("no codec", body(*HEAD, "m=audio 5006 RTP/AVP 18 3"), EITHER),
            ("all over", body(*HEAD, "m=audio 0 RTP/AVP 0", "m=image 0 udptl t38"), EITHER),
            ("no address", body("v=0", "m=audio 5000 RTP/AVP 0"), EITHER),
        ):
            negotiation = Negotiation(session_id=7)
            error = self.assertRaises(Unacceptable, negotiation.answer, parse(octets), OURS, kinds)
            self.assertTrue(str(error), name)
            self.assertIsNone(negotiation.agreed)

    def test_a_kind_without_a_port_of_ours(self) -> None:
        answer, _ = Negotiation(session_id=7).answer(parse(GATEWAY_BOTH), replace(OURS, t38_port=None), EITHER)
        self.assertEqual(places(answer), [("audio", 20_000), ("image", 0)])

    def test_directions(self) -> None:
        for said, answered, sends, receives in (
            ("sendrecv", Direction.SENDRECV, True, True),
            ("sendonly", Direction.RECVONLY, False, True),
            ("recvonly", Direction.SENDONLY, True, False),
            ("inactive", Direction.INACTIVE, False, False),
        ):
            answer, agreed = self.answer(body(*HEAD, "m=audio 5000 RTP/AVP 0", f"a={said}"))
            assert isinstance(agreed, AgreedAudio)
            self.assertEqual((answer.media[0].direction, agreed.sends, agreed.receives), (answered, sends, receives))
        answer, _ = self.answer(changed(PBX_T38, ("t=0 0", "a=inactive")))
        self.assertIs(answer.media[0].direction, Direction.INACTIVE)
