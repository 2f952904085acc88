"""Offer and answer: from audio to T.38 and back, glare, hold, refresh, and far ends that do not keep to the rules."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from sandf.protocols.sdp.description import Description, SdpError, parse, serialise
from sandf.protocols.sdp.offer_answer import (
    AgreedAudio,
    AgreedT38,
    LocalMedia,
    MediaKind,
    Negotiation,
)
from sandf.protocols.sdp.t38_attributes import T38Parameters
from tests.protocols.sdp.bodies import (
    ALL,
    AUDIO,
    CALL_MANAGER_BARE,
    EITHER,
    GATEWAY_BOTH,
    HEAD,
    OURS,
    PBX_AUDIO,
    PBX_T38,
    T38,
    body,
    changed,
    places,
)

BOUNDED = settings(deadline=None, derandomize=True, max_examples=150)
THEIRS = LocalMedia(address="192.0.2.2", audio_port=30_000, t38_port=30_002)


def over_the_wire(description: Description) -> Description:
    return parse(serialise(description))


class Pair:
    """Two ends that answer each other."""

    def __init__(self, in_place: bool = False) -> None:
        self.near = Negotiation(session_id=1, in_place=in_place)
        self.far = Negotiation(session_id=2)

    def exchange(self, *kinds: MediaKind, allowed: frozenset[MediaKind] = EITHER) -> tuple[Description, Description]:
        """Near offers, far answers."""
        offer = over_the_wire(self.near.offer(OURS, kinds))
        answer, _ = self.far.answer(offer, THEIRS, allowed)
        self.near.accept(over_the_wire(answer))
        return offer, answer


class Accepted(SynchronousTestCase):
    def accept(self, octets: bytes, *kinds: MediaKind) -> AgreedAudio | AgreedT38:
        negotiation = Negotiation(session_id=7)
        negotiation.offer(OURS, kinds)
        return negotiation.accept(parse(octets))

    def test_audio(self) -> None:
        agreed = self.accept(changed(PBX_AUDIO, ("RTP/AVP 8 0 101", "RTP/AVP 0 96"), (":101 ", ":96 ")), AUDIO)
        assert isinstance(agreed, AgreedAudio)
        self.assertEqual((agreed.codec.name, agreed.codec.payload_type, agreed.events_payload), ("PCMU", 0, 96))

    def test_t38_where_both_are_taken(self) -> None:
        self.assertIsInstance(self.accept(GATEWAY_BOTH, AUDIO, T38), AgreedT38)
        self.assertIsInstance(self.accept(changed(GATEWAY_BOTH, ("image 17924", "image 0")), AUDIO, T38), AgreedAudio)

    def test_no_attributes_at_all(self) -> None:
        agreed = self.accept(CALL_MANAGER_BARE, T38)
        assert isinstance(agreed, AgreedT38)
        self.assertEqual((agreed.far, agreed.parameters.version), (T38Parameters(), 0))

    def test_an_answer_that_does_not_fit(self) -> None:
        for name, octets, kinds in (
            ("too many lines", GATEWAY_BOTH, (AUDIO,)),
            ("a line for nothing", PBX_AUDIO, (T38, T38)),
            ("no lines", body(*HEAD), (AUDIO,)),
            ("another kind", PBX_T38, (AUDIO,)),
            ("another transport", body(*HEAD, "m=image 5004 tcp t38"), (T38,)),
            ("all refused", body(*HEAD, "m=image 0 udptl t38"), (T38,)),
            ("a codec of its own", body(*HEAD, "m=audio 5000 RTP/AVP 18"), (AUDIO,)),
            ("no address", body("v=0", "m=audio 5000 RTP/AVP 0"), (AUDIO,)),
        ):
            error = self.assertRaises(SdpError, self.accept, octets, *kinds)
            self.assertTrue(str(error), name)

    def test_what_is_not_taken_may_be_left_out(self) -> None:
        self.assertIsInstance(self.accept(PBX_AUDIO, AUDIO, T38), AgreedAudio)
        self.assertIsInstance(self.accept(PBX_T38, AUDIO, T38), AgreedT38)

    def test_lines_at_port_0_may_be_left_out(self) -> None:
        negotiation = Negotiation(session_id=7)
        negotiation.answer(parse(PBX_AUDIO), OURS, EITHER)
        self.assertEqual(places(negotiation.offer(OURS, (T38,))), [("audio", 0), ("image", 20_002)])
        self.assertIsInstance(negotiation.accept(parse(PBX_T38)), AgreedT38)
        # A refresh by such an end has one line, so that our description as it stands is no answer to it.
        self.assertFalse(negotiation.is_refresh(parse(PBX_T38)))
        answer, _ = negotiation.answer(parse(PBX_T38), OURS, EITHER)
        self.assertEqual(places(answer), [("image", 20_002)])

    def test_a_port_given_to_a_line_that_was_not_offered(self) -> None:
        negotiation = Negotiation(session_id=7)
        negotiation.answer(parse(PBX_AUDIO), OURS, EITHER)
        negotiation.offer(OURS, (T38,))
        self.assertIsInstance(negotiation.accept(parse(GATEWAY_BOTH)), AgreedT38)
        negotiation.offer(replace(OURS, t38_port=20_004), (T38,))
        audio_alone = parse(changed(GATEWAY_BOTH, ("image 17924", "image 0")))
        self.assertRaises(SdpError, negotiation.accept, audio_alone)


class Sequences(SynchronousTestCase):
    def test_audio_t38_audio_below_each_other(self) -> None:
        pair = Pair()
        self.assertEqual([places(one) for one in pair.exchange(AUDIO)], [[("audio", 20_000)], [("audio", 30_000)]])
        offer, answer = pair.exchange(T38)
        self.assertEqual(places(offer), [("audio", 0), ("image", 20_002)])
        self.assertEqual(places(answer), [("audio", 0), ("image", 30_002)])
        self.assertIsInstance(pair.near.agreed, AgreedT38)
        offer, answer = pair.exchange(AUDIO)
        self.assertEqual(places(offer), [("audio", 20_000), ("image", 0)])
        self.assertEqual(places(answer), [("audio", 30_000), ("image", 0)])
        self.assertIsInstance(pair.far.agreed, AgreedAudio)
        self.assertEqual((offer.origin.session_id, offer.origin.version), (1, 3))
        self.assertEqual((answer.origin.session_id, answer.origin.version), (2, 3))

    def test_audio_t38_audio_in_place(self) -> None:
        pair = Pair(in_place=True)
        offers = [places(pair.exchange(kind)[0]) for kind in (AUDIO, T38, AUDIO)]
        self.assertEqual(offers, [[("audio", 20_000)], [("image", 20_002)], [("audio", 20_000)]])

    def test_the_far_end_changes_in_place_and_we_change_back(self) -> None:
        negotiation = Negotiation(session_id=7)
        negotiation.offer(OURS, (AUDIO,))
        negotiation.accept(parse(PBX_AUDIO))
        answer, agreed = negotiation.answer(parse(PBX_T38), OURS, EITHER)
        self.assertEqual(places(answer), [("image", 20_002)])
        self.assertIsInstance(agreed, AgreedT38)
        self.assertEqual(places(negotiation.offer(OURS, (AUDIO,))), [("image", 0), ("audio", 20_000)])

    def test_of_two_lines_of_a_kind_the_one_in_use_is_kept(self) -> None:
        negotiation = Negotiation(session_id=7)
        negotiation.answer(parse(body(*HEAD, "m=audio 5006 RTP/AVP 18", "m=audio 5008 RTP/AVP 0")), OURS, EITHER)
        self.assertEqual(places(negotiation.offer(OURS, (AUDIO,))), [("audio", 0), ("audio", 20_000)])

    def test_both_in_one_offer(self) -> None:
        pair = Pair()
        offer, answer = pair.exchange(AUDIO, T38)
        self.assertEqual(places(offer), [("audio", 20_000), ("image", 20_002)])
        self.assertEqual(places(answer), [("audio", 0), ("image", 30_002)])
        pair = Pair()
        pair.exchange(AUDIO, T38, allowed=frozenset({AUDIO}))
        self.assertIsInstance(pair.near.agreed, AgreedAudio)
        self.assertEqual(places(pair.exchange(T38)[0]), [("audio", 0), ("image", 20_002)])

    def test_a_refused_offer_changes_nothing(self) -> None:
        pair = Pair()
        pair.exchange(AUDIO)
        before = pair.near.agreed, pair.near.same()
        pair.near.offer(OURS, (T38,))
        pair.near.withdraw()
        self.assertEqual((pair.near.agreed, pair.near.same()), before)
        self.assertEqual(places(pair.near.offer(OURS, (T38,))), [("audio", 0), ("image", 20_002)])

    def test_glare(self) -> None:
        pair = Pair()
        pair.exchange(AUDIO)
        pair.near.offer(OURS, (T38,))
        theirs = pair.far.offer(THEIRS, (T38,))
        pair.near.withdraw()
        answer, _ = pair.near.answer(over_the_wire(theirs), OURS, EITHER)
        pair.far.accept(over_the_wire(answer))
        self.assertIsInstance(pair.near.agreed, AgreedT38)
        self.assertIsInstance(pair.far.agreed, AgreedT38)

    def test_versions_only_go_up_and_only_with_a_change(self) -> None:
        pair = Pair()
        versions = [pair.exchange(kind)[0].origin.version for kind in (AUDIO, AUDIO, T38, T38)]
        pair.near.offer(OURS, (AUDIO,))
        pair.near.withdraw()
        versions += [pair.exchange(kind)[0].origin.version for kind in (T38, AUDIO)]
        self.assertEqual(versions, [1, 1, 2, 2, 2, 4])

    def test_a_late_offer(self) -> None:
        ours, theirs = Negotiation(session_id=7), Negotiation(session_id=8)
        offer = ours.offer(OURS, (AUDIO, T38))
        answer, _ = theirs.answer(over_the_wire(offer), THEIRS, EITHER)
        self.assertEqual(ours.accept(over_the_wire(answer)).port, 30_002)

    def test_hold_and_resume(self) -> None:
        negotiation = Negotiation(session_id=7)
        held = changed(PBX_AUDIO, ("sendrecv", "sendonly"), ("170013 170013", "170013 170014"))
        by_address = changed(PBX_AUDIO, ("c=IN IP4 192.0.2.10", "c=IN IP4 0.0.0.0"))
        resumed = changed(PBX_AUDIO, ("170013 170013", "170013 170015"))
        seen = []
        for octets in (PBX_AUDIO, held, resumed, by_address, resumed):
            offer = parse(octets)
            self.assertFalse(negotiation.is_refresh(offer))
            answer, agreed = negotiation.answer(offer, OURS, EITHER)
            assert isinstance(agreed, AgreedAudio)
            seen.append((negotiation.far_held, agreed.sends, answer.media[0].direction.value))
        up, down = (False, True, "sendrecv"), (True, False, "recvonly")
        self.assertEqual(seen, [up, down, up, down, up])

    def test_t38_on_hold(self) -> None:
        negotiation = Negotiation(session_id=7)
        negotiation.answer(parse(changed(PBX_T38, ("c=IN IP4 192.0.2.10", "c=IN IP4 0.0.0.0"))), OURS, EITHER)
        self.assertTrue(negotiation.far_held)


class Refreshes(SynchronousTestCase):
    def setUp(self) -> None:
        self.negotiation = Negotiation(session_id=7)
        self.negotiation.answer(parse(PBX_T38), OURS, EITHER)

    def test_ours(self) -> None:
        before = self.negotiation.same()
        self.assertIs(self.negotiation.same(), before)
        agreed = self.negotiation.agreed
        self.assertEqual(self.negotiation.accept(parse(PBX_T38)), agreed)
        self.assertIs(self.negotiation.same(), before)

    def test_theirs_by_version_or_by_content(self) -> None:
        self.assertTrue(self.negotiation.is_refresh(parse(PBX_T38)))
        self.assertTrue(self.negotiation.is_refresh(parse(changed(PBX_T38, ("170015", "170016")))))
        self.assertTrue(self.negotiation.is_refresh(parse(changed(PBX_T38, ("MaxDatagram:1400", "MaxDatagram:400")))))

    def test_what_is_none(self) -> None:
        for old, new in (
            ("m=image 4572", "m=image 4574"),
            ("c=IN IP4 192.0.2.10", "c=IN IP4 192.0.2.11"),
            ("m=image 4572 udptl t38", "m=audio 4572 RTP/AVP 0"),
            ("t=0 0", "a=inactive"),
        ):
            self.assertFalse(self.negotiation.is_refresh(parse(changed(PBX_T38, (old, new)))), new)
        self.assertFalse(
            self.negotiation.is_refresh(
                parse(changed(PBX_T38, ("170015", "170016"), ("MaxDatagram:1400", "MaxDatagram:400")))
            )
        )
        self.assertFalse(Negotiation(session_id=7).is_refresh(parse(PBX_T38)))

    def test_an_answer_to_one_is_what_we_said_before(self) -> None:
        before = self.negotiation.same()
        answer, _ = self.negotiation.answer(parse(PBX_T38), OURS, EITHER)
        self.assertEqual(answer, before)


class AnyOrder(SynchronousTestCase):
    @BOUNDED
    @given(st.data())
    def test_lines_keep_their_places(self, data: st.DataObject) -> None:
        pair = Pair(in_place=data.draw(st.booleans()))
        ends = ((pair.near, OURS, pair.far, THEIRS), (pair.far, THEIRS, pair.near, OURS))
        count, choices = 0, st.sampled_from([(AUDIO,), (T38,), (AUDIO, T38), (T38, AUDIO)])
        for _ in range(data.draw(st.integers(1, 8))):
            offerer, its_media, answerer, others_media = data.draw(st.sampled_from(ends))
            offer = offerer.offer(its_media, data.draw(choices))
            self.assertGreaterEqual(len(offer.media), count)
            if data.draw(st.booleans()):
                offerer.withdraw()
                continue
            answer, _ = answerer.answer(over_the_wire(offer), others_media, EITHER)
            offerer.accept(over_the_wire(answer))
            count = len(offer.media)
            self.assertEqual([kind for kind, _ in places(answer)], [kind for kind, _ in places(offer)])
            self.assertEqual(type(offerer.agreed), type(answerer.agreed))

    @BOUNDED
    @given(st.data())
    def test_nothing_but_sdp_errors(self, data: st.DataObject) -> None:
        negotiation = Negotiation(session_id=7)
        for _ in range(4):
            octets = bytearray(data.draw(st.sampled_from(ALL)))
            at = data.draw(st.integers(0, len(octets)))
            octets[at : at + data.draw(st.integers(0, 12))] = data.draw(st.binary(max_size=6))
            try:
                description = parse(bytes(octets))
                negotiation.is_refresh(description)
                if data.draw(st.booleans()):
                    negotiation.offer(OURS, data.draw(st.sampled_from([(AUDIO,), (T38,), (AUDIO, T38)])))
                    negotiation.accept(description)
                else:
                    parse(serialise(negotiation.answer(description, OURS, EITHER)[0]))
            except SdpError:
                negotiation.withdraw()
