"""IFP packets: those libspandsp2 sends, those an ASN.1 compiler makes, all others by round trip, and bad ones."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from sandf.protocols.t38.ifp import Data, DataType, Field, FieldType, IfpError, Indicator, Packet, decode, encode

BOUNDED = settings(deadline=None, derandomize=True, max_examples=200)
VECTORS = Path(__file__).parents[2] / "vectors" / "t38_ifp.txt"


def fields(version: int) -> st.SearchStrategy[Field]:
    types = st.sampled_from([one for one in FieldType if version or one < FieldType.CM_MESSAGE])
    return st.builds(Field, types, st.binary(max_size=40))


def packets(version: int) -> st.SearchStrategy[Packet]:
    indicators = [one for one in Indicator if version or one < Indicator.V8_ANSAM]
    types = [one for one in DataType if version or one < DataType.V8]
    data = st.builds(Data, st.sampled_from(types), st.lists(fields(version), max_size=8).map(tuple))
    return st.sampled_from(indicators) | data


class Vectors(SynchronousTestCase):
    def test_all_that_spandsp_sends_is_understood_and_said_the_same_way(self) -> None:
        seen = set()
        for line in VECTORS.read_text().splitlines():
            if line.startswith("#"):
                continue
            version, octets = int(line.split()[0]), bytes.fromhex(line.split()[1])
            packet = decode(octets, version)
            self.assertEqual(encode(packet, version), octets, line)
            if isinstance(packet, Data):
                seen |= {(version, field.type) for field in packet.fields}
        for version in (0, 3):
            for field_type in (
                FieldType.HDLC_DATA,
                FieldType.HDLC_FCS_OK,
                FieldType.T4_NON_ECM_DATA,
                FieldType.T4_NON_ECM_SIG_END,
            ):
                self.assertIn((version, field_type), seen)

    def test_what_an_asn1_compiler_makes(self) -> None:
        """Aligned PER of the modules of T.38 06/98 (version 0) and later, by asn1tools."""
        v21, data = DataType.V21, FieldType.HDLC_DATA
        ok, end = Field(FieldType.HDLC_FCS_OK), Field(FieldType.HDLC_SIG_END)
        ok_end = Field(FieldType.HDLC_FCS_OK_SIG_END)
        vectors: list[tuple[int, Packet, str]] = [
            (0, Indicator.V21_PREAMBLE, "06"),
            (0, Indicator.V17_14400_LONG_TRAINING, "1e"),
            (3, Indicator.V34_CC_RETRAIN, "2100"),
            (3, Indicator.V33_14400_TRAINING, "2180"),
            (0, Data(v21, ()), "40"),
            (0, Data(v21, (Field(data, b"\xff\xc8"), ok, end)), "c003800001ffc821"),
            (3, Data(v21, (Field(data, b"\xff\xc8"), ok, end)), "c003800001ffc81040"),
            (0, Data(v21, (ok, Field(data, b"a"))), "c00228000061"),
            (3, Data(v21, (ok, Field(data, b"a"))), "c0021400000061"),
            (0, Data(v21, (ok_end,) * 3), "c0034440"),
            (3, Data(v21, (ok_end,) * 3), "c0032108"),
            (0, Data(DataType.V17_14400, (Field(FieldType.T4_NON_ECM_SIG_END, b"abc"),)), "d001f00002616263"),
            (3, Data(DataType.V17_14400, (Field(FieldType.T4_NON_ECM_SIG_END, b"abc"),)), "d001b80002616263"),
            (3, Data(DataType.V33_14400, (Field(data, b"ab"),)), "e140018000016162"),
            (3, Data(DataType.V8, (Field(FieldType.CM_MESSAGE, b"x"),)), "e00001c000000078"),
            (3, Data(DataType.V8, (Field(FieldType.V34RATE),)), "e000014180"),
        ]
        for version, packet, octets in vectors:
            self.assertEqual(encode(packet, version).hex(), octets)
            self.assertEqual(decode(bytes.fromhex(octets), version), packet)
        many = encode(Data(v21, (Field(data, b"a"),) * 130))
        self.assertEqual(many[:7].hex(), "c0808280000061")
        self.assertEqual(len(decode(many).fields), 130)  # type: ignore[union-attr]  # it is a Data


class RoundTrip(SynchronousTestCase):
    @BOUNDED
    @given(st.data(), st.sampled_from([0, 1, 2, 3]))
    def test_every_packet_comes_back(self, data: st.DataObject, version: int) -> None:
        packet = data.draw(packets(version))
        octets = encode(packet, version)
        self.assertEqual(decode(octets, version), packet)
        self.assertEqual(decode(octets + bytes(9), version), packet)

    @BOUNDED
    @given(st.data(), st.sampled_from([0, 3]))
    def test_every_shorter_packet_is_refused(self, data: st.DataObject, version: int) -> None:
        octets = encode(data.draw(packets(version)), version)
        for size in range(len(octets)):
            self.assertRaises(IfpError, decode, octets[:size], version)

    @BOUNDED
    @given(st.binary(max_size=60), st.sampled_from([0, 3]))
    def test_any_octets_are_read_or_refused(self, octets: bytes, version: int) -> None:
        for head in (b"", b"\xc0", b"\xd0\x01", b"\xc0\x03\x80"):
            try:
                decode(head + octets, version)
            except IfpError:
                pass

    def test_the_longest_field(self) -> None:
        packet = Data(DataType.V21, (Field(FieldType.HDLC_DATA, bytes(65535)),))
        self.assertEqual(decode(encode(packet)), packet)


class Refused(SynchronousTestCase):
    def test_bad_packets(self) -> None:
        for name, version, octets in (
            ("nothing", 0, ""),
            ("t30-indicator with a data-field", 0, "80"),
            ("extended t30-indicator 23 is unknown", 3, "21c0"),
            ("extension number out of range", 3, "3000"),
            ("t30-data 9 without extension", 0, "d20120"),
            ("t30-data 15 is unknown", 3, "6180"),
            ("data-field without a count", 0, "c0"),
            ("data-field in fragments", 0, "c0c1"),
            ("fewer fields than counted", 0, "c00320"),
            ("field-data cut off", 0, "c001800003ffff"),
            ("field-data without its length", 0, "c0018000"),
            ("field-type 12 is unknown", 3, "c001c200"),
            ("field-type extension out of range", 3, "c001e000"),
            ("octets behind a packet", 0, "c0012001"),
            ("octets behind an indicator", 0, "0601"),
        ):
            error = self.assertRaises(IfpError, decode, bytes.fromhex(octets), version)
            self.assertTrue(str(error), name)

    def test_what_a_version_cannot_say(self) -> None:
        for packet in (
            Indicator.V8_ANSAM,
            Data(DataType.V8, ()),
            Data(DataType.V21, (Field(FieldType.CM_MESSAGE),)),
            Data(DataType.V21, (Field(FieldType.HDLC_DATA, bytes(65536)),)),
            Data(DataType.V21, (Field(FieldType.HDLC_FCS_OK),) * 16384),
        ):
            self.assertRaises(IfpError, encode, packet, 0)
