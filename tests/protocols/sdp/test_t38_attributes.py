"""The T.38 attributes: every spelling met, those we send, and what two ends make of each other's."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from sandf.protocols.sdp.description import Media
from sandf.protocols.sdp.description import parse as parse_description
from sandf.protocols.sdp.t38_attributes import RateManagement, T38Parameters, UdpErrorCorrection, agree, answered, parse
from tests.protocols.sdp.bodies import ADAPTER_V6, CALL_MANAGER_BARE, GATEWAY_BOTH, PBX_T38

BOUNDED = settings(deadline=None, derandomize=True, max_examples=200)
FULL = T38Parameters(
    version=3,
    max_bit_rate=33_600,
    fill_bit_removal=True,
    transcoding_mmr=True,
    transcoding_jbig=True,
    rate_management=RateManagement.LOCAL_TCF,
    max_buffer=1800,
    max_datagram=400,
    max_ifp=200,
    udp_ec=UdpErrorCorrection.FEC,
    udp_ec_depth=(1, 3),
    fec_max_span=4,
    vendor_info="0 0 37",
    modem_type="t38G3FaxOnly",
)


def said(*attributes: str) -> T38Parameters:
    pairs = [one.partition(":") for one in attributes]
    lines = tuple((name, value if colon else None) for name, colon, value in pairs)
    return parse(Media(kind="image", port=1, transport="udptl", formats=("t38",), attributes=lines))


def image(octets: bytes) -> T38Parameters:
    return parse(next(one for one in parse_description(octets).media if one.kind == "image"))


class Read(SynchronousTestCase):
    def test_a_pbx(self) -> None:
        self.assertEqual(image(PBX_T38), T38Parameters(max_datagram=1400))

    def test_a_gateway_that_gives_options_a_value(self) -> None:
        far = image(GATEWAY_BOTH)
        self.assertEqual((far.version, far.max_bit_rate, far.max_buffer, far.max_datagram), (3, 33_600, 200, 320))
        self.assertEqual((far.fill_bit_removal, far.transcoding_mmr, far.transcoding_jbig), (False, False, False))

    def test_a_call_manager_that_says_nothing(self) -> None:
        self.assertEqual(image(CALL_MANAGER_BARE), T38Parameters())

    def test_a_careless_adapter(self) -> None:
        wanted = T38Parameters(
            max_bit_rate=9600,
            fill_bit_removal=True,
            transcoding_mmr=True,
            udp_ec=UdpErrorCorrection.FEC,
            udp_ec_depth=(1, 3),
        )
        self.assertEqual(image(ADAPTER_V6), wanted)

    def test_options(self) -> None:
        for text, meant in (
            *(("", True), (":1", True), (": 1", True), (":", True), (":true", True), (":TRUE x", True)),
            *((":0", False), (": 0 ", False), (":false", False), (":No", False), (":off", False)),
        ):
            for name in ("T38FaxFillBitRemoval", "t38faxFILLbitremoval"):
                self.assertIs(said(name + text).fill_bit_removal, meant, text)

    def test_names_of_others(self) -> None:
        for name in ("T38MaxBitRate", "T38maxBitRate", "T38MaxBitrate", "T38FaxMaxBitRate", "T38FaxMaxRate"):
            self.assertEqual(said(f"{name}:7200").max_bit_rate, 7200, name)
        for name in ("T38FaxMaxDatagram", "T38MaxDatagram"):
            self.assertEqual(said(f"{name}:72").max_datagram, 72, name)

    def test_error_correction(self) -> None:
        none, redundancy, fec = UdpErrorCorrection
        for text, meant in (
            *(("t38UDPNoEC", none), ("none", none), ("t38UDPFEC", fec), ("T38UDPFec", fec)),
            *(
                ("t38UDPRedundancy", redundancy),
                ("t38udpredundancy,x", redundancy),
                ("what", redundancy),
                ("", redundancy),
            ),
        ):
            self.assertIs(said(f"T38FaxUdpEC:{text}").udp_ec, meant, text)
        self.assertIs(said("T38FaxUdpEC:t38UDPRedundancy", "T38FaxUdpEC:t38UDPFEC").udp_ec, redundancy)
        self.assertEqual(said("T38FaxUdpECDepth:2").udp_ec_depth, (2, None))

    def test_rate_management(self) -> None:
        for text, meant in (
            ("localTCF", RateManagement.LOCAL_TCF),
            ("localTFC", RateManagement.LOCAL_TCF),
            (" LOCALTCF", RateManagement.LOCAL_TCF),
            ("transferredTCF", RateManagement.TRANSFERRED_TCF),
            ("transferedTCF", RateManagement.TRANSFERRED_TCF),
            ("", RateManagement.TRANSFERRED_TCF),
        ):
            self.assertIs(said(f"T38FaxRateManagement:{text}").rate_management, meant, text)

    def test_numbers_that_say_nothing(self) -> None:
        far = said("T38MaxBitRate:0", "T38FaxMaxDatagram:0", "T38FaxMaxBuffer:lots", "T38FaxVersion", "T38FaxMaxIFP:-1")
        self.assertEqual(far, T38Parameters())
        self.assertEqual(said("T38FaxVersion:", "T38FaxVersion:2").version, 2)

    @BOUNDED
    @given(st.lists(st.tuples(st.sampled_from([name for name, _ in FULL.attributes()]), st.text(max_size=12))))
    def test_any_value_is_read(self, attributes: list[tuple[str, str]]) -> None:
        far = said(*(f"{name}:{value}" for name, value in attributes))
        self.assertGreaterEqual(far.max_bit_rate, 2400)
        self.assertTrue(far.attributes())


class Written(SynchronousTestCase):
    def test_as_on_the_line(self) -> None:
        text = [name if value is None else f"{name}:{value}" for name, value in FULL.attributes()]
        wanted = (
            *("T38FaxVersion:3", "T38MaxBitRate:33600", "T38FaxFillBitRemoval", "T38FaxTranscodingMMR"),
            *("T38FaxTranscodingJBIG", "T38FaxRateManagement:localTCF", "T38FaxMaxBuffer:1800"),
            *("T38FaxMaxDatagram:400", "T38FaxMaxIFP:200", "T38FaxUdpEC:t38UDPFEC", "T38FaxUdpECDepth:1 3"),
            *("T38FaxUdpFECMaxSpan:4", "T38VendorInfo:0 0 37", "T38ModemType:t38G3FaxOnly"),
        )
        self.assertEqual(tuple(text), wanted)

    def test_options_that_are_not_there_are_not_written(self) -> None:
        names = [name for name, _ in T38Parameters().attributes()]
        self.assertEqual(names, ["T38FaxVersion", "T38MaxBitRate", "T38FaxRateManagement", "T38FaxUdpEC"])

    def test_what_was_written_is_read_alike(self) -> None:
        for parameters in (
            FULL,
            T38Parameters(),
            T38Parameters(udp_ec=UdpErrorCorrection.NONE, udp_ec_depth=(0, None)),
        ):
            media = Media(kind="image", port=1, transport="udptl", formats=("t38",), attributes=parameters.attributes())
            self.assertEqual(parse(media), parameters)


class AgreedUpon(SynchronousTestCase):
    def test_the_lesser_of_both(self) -> None:
        for one, other in ((FULL, T38Parameters(max_datagram=300)), (T38Parameters(max_datagram=300), FULL)):
            both = agree(one, other)
            self.assertEqual((both.version, both.max_bit_rate, both.max_datagram, both.max_ifp), (0, 14_400, 300, 200))
            self.assertFalse(both.fill_bit_removal or both.transcoding_mmr or both.transcoding_jbig)
            self.assertIs(both.rate_management, other.rate_management)
        self.assertTrue(agree(FULL, FULL).fill_bit_removal)

    def test_error_correction(self) -> None:
        none, redundancy, fec = UdpErrorCorrection
        for one, other, both in (
            *((fec, fec, fec), (fec, redundancy, redundancy), (redundancy, fec, redundancy)),
            *((redundancy, redundancy, redundancy), (none, fec, none), (redundancy, none, none)),
        ):
            self.assertIs(agree(T38Parameters(udp_ec=one), T38Parameters(udp_ec=other)).udp_ec, both)

    def test_an_answer_says_the_sizes_that_we_take(self) -> None:
        ours = T38Parameters(max_datagram=1400, max_buffer=2000, version=3)
        answer = answered(ours, agree(ours, T38Parameters(max_datagram=72, max_buffer=200, max_ifp=40, version=1)))
        self.assertEqual(
            (answer.version, answer.max_datagram, answer.max_buffer, answer.max_ifp), (1, 1400, 2000, None)
        )
