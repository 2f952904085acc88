"""Where requests in a dialog go."""

from __future__ import annotations

from sipmessage import URI
from twisted.trial.unittest import SynchronousTestCase

from sandf.protocols.sip.hops import Hop, Transport, hop_of

FROM = Hop(transport=Transport.TCP, host="192.0.2.2", port=41_234)
CONTACT = URI.parse("sip:far@192.0.2.2:5070;transport=tcp")


class HopTests(SynchronousTestCase):
    def test_over_the_connection_that_is_there(self) -> None:
        self.assertEqual(hop_of(CONTACT, FROM, lambda hop: hop == FROM), FROM)

    def test_to_the_contact_once_it_is_gone(self) -> None:
        found = hop_of(CONTACT, FROM, lambda hop: False)
        self.assertEqual(found, Hop(transport=Transport.TCP, host="192.0.2.2", port=5070))

    def test_a_name_is_where_the_messages_come_from(self) -> None:
        self.assertEqual(hop_of(URI.parse("sip:far@pbx.example"), FROM, lambda hop: False), FROM)

    def test_one_address_has_one_spelling(self) -> None:
        for host in ("2001:DB8:0::7", "2001:db8::7", "2001:0db8:0:0:0:0:0:7"):
            self.assertEqual(Hop(transport=Transport.UDP, host=host, port=5060).host, "2001:db8::7")
