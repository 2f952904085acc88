"""The lines of a users file: what is read, and what makes no sense."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from sandf.passwords import numbers_of, password_line, read_lines

SALT = b"0123456789abcdef"


def unclear(text: str) -> list[int]:
    return [number for number, user in read_lines(text) if user is None]


class LineTests(SynchronousTestCase):
    def test_a_line_is_read_as_it_was_made(self) -> None:
        ((number, user),) = read_lines(f"# name:hash\n\n{password_line('ann', 'sécret', SALT)}\n")
        assert user is not None
        self.assertEqual((number, user[0], user[1].salt), (3, "ann", SALT))
        self.assertTrue(user[1].matches("sécret".encode()))
        self.assertFalse(user[1].matches(b"secret"))

    def test_what_makes_no_sense_is_named_by_its_line(self) -> None:
        good = password_line("ann", "secret", SALT)
        wrong = (
            "bob:secret",
            "eve:",
            "eve",
            ":" + good.partition(":")[2],
            good.replace("scrypt", "bcrypt"),
            good.replace("16384", "16383"),
            good.replace("16384", "1073741824"),
            good.replace("16384$8$1", "16384$8$99"),
            good.replace("16384", "-16384"),
            good.replace("16384", "²"),
            good[:-9],
            good + "$",
        )
        self.assertEqual(unclear("\n".join((good, *wrong))), list(range(2, len(wrong) + 2)))
        self.assertEqual(numbers_of([2]), "line 2")
        self.assertEqual(numbers_of([*range(1, 12)]), "lines 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 ...")

    def test_names_that_no_line_can_hold(self) -> None:
        for name in ("", "a:b", "#a", "a\nb", " ann", "ann "):
            with self.assertRaises(ValueError):
                password_line(name, "x", SALT)

    @settings(deadline=None, derandomize=True, max_examples=200)
    @given(st.text(alphabet=st.sampled_from("a:#$ \n\r1=scrypt\x85é"), max_size=60))
    def test_anything_is_read_or_unclear(self, text: str) -> None:
        for number, user in read_lines(text):
            self.assertGreater(number, 0)
            self.assertIsNone(user)
