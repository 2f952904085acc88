"""Digit patterns: what they match, how explicitly, and what is no pattern."""

from __future__ import annotations

import re
from time import perf_counter

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from sandf.dialpeer import DigitMatch, Pattern, PatternError

PROFILE = settings(deadline=None, derandomize=True, max_examples=400)


def matched(pattern: str, number: str) -> str | None:
    """The part of *number* that *pattern* matches."""
    found = Pattern.parse(pattern).match(number)
    return None if found is None else number[: found.length]


def explicit(pattern: str, number: str) -> int:
    found = Pattern.parse(pattern).match(number)
    assert found is not None
    return found.explicit


class ExampleTests(SynchronousTestCase):
    """The documented examples of destination patterns."""

    def both(self, pattern: str, matching: list[str], others: list[str]) -> None:
        for number in matching:
            self.assertEqual(matched(pattern, number), number, f"{pattern} {number}")
        for number in others:
            self.assertIsNone(matched(pattern, number), f"{pattern} {number}")

    def test_e164(self) -> None:
        self.both("+5550179", ["+5550179"], ["5550179", "+5550178", "+1"])

    def test_group_repeated(self) -> None:
        self.both("555(43)+", ["55543", "5554343", "555434343"], ["555", "5554", "55534"])

    def test_digit_repeated(self) -> None:
        self.both("555%", ["55", "555", "55555555"], ["5", "45"])

    def test_digit_once_or_more(self) -> None:
        self.both("5+23", ["523", "5523", "555523"], ["23", "5553"])

    def test_digit_optional(self) -> None:
        self.both("55?1", ["51", "551"], ["5551", "1"])

    def test_range(self) -> None:
        self.both("55501[0-9]9", ["5550109", "5550199"], ["5550190", "555019"])

    def test_set(self) -> None:
        self.both("555[03579]439", ["5550439", "5559439"], ["5552439", "555439"])

    def test_set_excluding(self) -> None:
        self.both("[^1-3]22", ["022", "422", "922", "*22"], ["122", "222", "322"])

    def test_set_with_commas(self) -> None:
        self.both("5[2-4,8]", ["52", "53", "54", "58"], ["51", "55", "5,"])

    def test_variable_length(self) -> None:
        self.both("555T", ["555", "5551", "555123456789*#"], ["55", "5451"])

    def test_wildcards(self) -> None:
        self.both("57108..", ["5710800", "57108*#"], ["571080", "5710700"])

    def test_catch_all(self) -> None:
        for number in ("0", "5551234", "+13125553260", "*70", "#"):
            self.assertIsNotNone(matched(".", number))
        self.assertIsNone(matched(".", ""))

    def test_outside_line(self) -> None:
        self.both("9.......", ["95558354"], ["9555835", "85558354"])

    def test_front_is_enough(self) -> None:
        self.assertEqual(matched("57108..", "57108123"), "5710812")

    def test_end_demanded(self) -> None:
        self.both("57108..$", ["5710812"], ["57108123"])
        self.both("^[2-9]..[2-9]......$", ["3125553260"], ["13125553260", "31255532601"])
        self.both("5T$", ["5", "5123"], ["6"])

    def test_pause_matches_nothing(self) -> None:
        self.both("9,,555", ["9555"], ["9,,555"])

    def test_letters_star_hash(self) -> None:
        self.both("*A1#D", ["*A1#D"], ["*A1#", "A1#D"])

    def test_escaped(self) -> None:
        self.both(r"\*1\+", ["*1+"], ["*1", "11"])

    def test_nested_groups(self) -> None:
        self.both("1((23)?4)+5", ["1234423445".replace("44", "4"), "145", "12345"], ["15", "1235"])


class PlusTests(SynchronousTestCase):
    """The E.164 marker in front of patterns and numbers."""

    def test_pattern_without_marker_matches_number_with(self) -> None:
        self.assertEqual(Pattern.parse("1312").match("+13125"), DigitMatch(length=5, explicit=4, leading=5))

    def test_marker_is_not_counted_where_it_is_not_named(self) -> None:
        self.assertEqual(Pattern.parse(".").match("+1312"), DigitMatch(length=2, explicit=0, leading=0))

    def test_marker_that_is_named_is_explicit(self) -> None:
        self.assertEqual(Pattern.parse("+1...").match("+1312"), DigitMatch(length=5, explicit=2, leading=2))

    def test_patterns_that_may_match_nothing_look_behind_the_marker(self) -> None:
        self.assertEqual(matched("5%", "+5551"), "+555")
        self.assertEqual(matched("T", "+1312"), "+1312")

    def test_markers_galore(self) -> None:
        self.assertEqual(matched("1", "+++1"), "+++1")


class ExplicitTests(SynchronousTestCase):
    """The measure of the longest match."""

    def test_longest(self) -> None:
        self.assertEqual((explicit("200.", "2001"), explicit("2...", "2001")), (3, 1))

    def test_wildcards_count_nothing(self) -> None:
        self.assertEqual([explicit(p, "5551") for p in ("....", "T", ".T", "[5-9][0-9]")], [0, 0, 0, 0])

    def test_variable_part_counts_nothing(self) -> None:
        self.assertEqual(explicit("555T", "5551234"), 3)

    def test_repetitions_count_each_time(self) -> None:
        self.assertEqual(explicit("555(43)+", "5554343"), 7)

    def test_leading_run_ends_at_the_first_wildcard(self) -> None:
        found = Pattern.parse("9[2-9]..1").match("95551")
        self.assertEqual(found, DigitMatch(length=5, explicit=2, leading=1))


class MistakeTests(SynchronousTestCase):
    """Texts that are no patterns: the message says where and what is allowed."""

    def refused(self, text: str, position: int, *words: str) -> None:
        error = self.assertRaises(PatternError, Pattern.parse, text)
        self.assertEqual((error.position, error.text), (position, text), str(error))
        self.assertIn(f"at character {position + 1}: ", str(error))
        for word in words:
            self.assertIn(word, str(error))

    def test_mistakes(self) -> None:
        for text, position, word in (
            ("", 0, "empty"),
            ("555x", 3, "0-9 A-D * #"),
            ("555 1", 3, "' '"),
            ("a", 0, "'a'"),
            ("%5", 0, "none stands before"),
            ("(+5)", 1, "none stands before"),
            ("5%%", 2, "one sign only"),
            ("5?+", 2, "one sign only"),
            ("55[", 2, "not closed"),
            ("55[]", 2, "empty"),
            ("55[^]", 2, "empty"),
            ("5[3-", 4, "0-9"),
            ("5[3-1]", 4, "backwards"),
            ("5[A]", 2, "0-9"),
            ("5]", 1, "closes no"),
            ("(5", 0, "not closed"),
            ("(5T", 2, "end only"),
            ("()", 0, "empty"),
            ("5)", 1, "closes no"),
            ("5T5", 1, "end only"),
            ("5TT", 1, "end only"),
            ("5$5", 1, "very end"),
            ("5$T", 1, "very end"),
            ("5^", 1, "very start"),
            ("5\\", 1, "stands for"),
            (",", 0, "no digit"),
            ("^$", 1, "no digit"),
            ("1" * 129, 128, "128"),
            ("(" * 9 + "1" + ")" * 9, 8, "8 deep"),
        ):
            self.refused(text, position, word)


SIGNS = st.sampled_from(["", "", "", "%", "+", "?"])
LEAVES = st.sampled_from(["1", "2", ".", "[12]", "[^1]", "*"])
PATTERNS = st.recursive(
    st.tuples(LEAVES, SIGNS).map("".join),
    lambda inner: st.tuples(st.lists(inner, min_size=1, max_size=3).map(lambda p: f"({''.join(p)})"), SIGNS).map(
        "".join
    ),
    max_leaves=5,
)
NUMBERS = st.text(alphabet="12*", max_size=10)


class PropertyTests(SynchronousTestCase):
    """The matcher against Python's, and against time."""

    @PROFILE
    @given(body=st.lists(PATTERNS, min_size=1, max_size=3), tail=st.sampled_from(["", "T", "$", "T$"]), number=NUMBERS)
    def test_as_a_regular_expression(self, body: list[str], tail: str, number: str) -> None:
        pattern = Pattern.parse("".join(body) + tail)
        expected = re.match(pattern.regex, number)
        found = pattern.match(number)
        self.assertEqual(found is None, expected is None, pattern.regex)
        if found is not None and expected is not None and ")" not in pattern.text:
            self.assertEqual(found.length, expected.end(), pattern.regex)

    @PROFILE
    @given(text=st.text(alphabet="015AD*#.[]()%+?T,^$\\-x", max_size=16), number=NUMBERS)
    def test_any_text_is_read_or_refused(self, text: str, number: str) -> None:
        try:
            found = Pattern.parse(text).match("+" + number)
        except PatternError as error:
            self.assertTrue(0 <= error.position <= len(text))
        else:
            if found is not None:
                self.assertTrue(0 <= found.leading <= found.length <= len(number) + 1)
                self.assertTrue(found.explicit <= found.length)

    def test_hostile_patterns_take_no_time(self) -> None:
        number = "1" * 64
        started = perf_counter()
        for text in ("((((1%)%)%)%)%2", "1%" * 60 + "2", "(1?" * 8 + ")+" * 8 + "2", ".%" * 60 + "2$"):
            self.assertIsNone(matched(text, number))
        self.assertTrue(perf_counter() - started < 2.0)

    def test_equal_by_text(self) -> None:
        self.assertEqual(Pattern.parse("57108.."), Pattern.parse("57108.."))
        self.assertNotEqual(Pattern.parse("57108.."), Pattern.parse("57108."))
        self.assertEqual(str(Pattern.parse("57108..")), "57108..")
