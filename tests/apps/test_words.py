"""Subscriber ids and file names."""

from __future__ import annotations

import time

from twisted.trial.unittest import SynchronousTestCase

from sandf.apps.words import file_name, masked, number_of, subscriber_id


class WordTests(SynchronousTestCase):
    def test_called_subscriber(self) -> None:
        self.assertEqual(subscriber_id("$d$", called="+15550100"), "+15550100")
        self.assertEqual(subscriber_id("+1 555 0100", called="9"), "+1 555 0100")
        self.assertEqual(subscriber_id("", called="9"), "")

    def test_transmitting_subscriber_is_the_number_in_the_senders_address(self) -> None:
        self.assertEqual(subscriber_id("$s$", calling="+1-408-555.0100@fax.example"), "+14085550100")
        self.assertEqual(subscriber_id("$s$", calling="FAX=5550100@fax.example"), "5550100")
        self.assertEqual(subscriber_id("$s$", calling="anna@example.com"), "")

    def test_what_no_csi_can_hold_is_left_out_and_the_rest_cut_to_20(self) -> None:
        self.assertEqual(subscriber_id("ab+1-2*3#45678901234567890123"), "+12345678901234567890"[:20])

    def test_number_of(self) -> None:
        self.assertEqual(number_of("12a"), "")
        self.assertEqual(number_of(""), "")

    def test_file_names_of_the_command_reference(self) -> None:
        at = time.mktime((2002, 7, 4, 12, 0, 0, 0, 0, -1))
        self.assertEqual(file_name("abcd", dated=True, at=at), "abcd_20020704.tif")
        self.assertEqual(file_name("abcd.123", dated=True, at=at), "abcd_20020704.123")
        self.assertEqual(file_name("fax", dated=False, at=at), "fax.tif")

    def test_what_follows_a_pause_is_masked(self) -> None:
        self.assertEqual(masked("5550100"), "5550100")
        self.assertEqual(masked("18005550100,,4711#15550100"), "18005550100,***")
