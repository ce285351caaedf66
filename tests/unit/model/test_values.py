"""Tests of congress.model.values."""

import copy
import math
import pickle
import unittest

from hypothesis import given
from hypothesis import strategies as st

from congress.model.values import (
    FALSE,
    TRUE,
    canonical,
    from_plain,
    order_key,
    row_from_plain,
    row_to_plain,
    to_plain,
)

PLAIN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(),
)


class BooleanTest(unittest.TestCase):
    def test_booleans_are_no_numbers(self) -> None:
        self.assertEqual(4, len({(TRUE,), (1,), (FALSE,), (0,)}))

    def test_there_are_only_two(self) -> None:
        for value in (TRUE, FALSE):
            self.assertIs(value, copy.copy(value))
            self.assertIs(value, copy.deepcopy([value])[0])
            self.assertIs(value, pickle.loads(pickle.dumps(value)))

    def test_they_are_as_true_as_they_say(self) -> None:
        self.assertTrue(TRUE)
        self.assertFalse(FALSE)
        self.assertEqual("true false", f"{TRUE} {FALSE}")


class ConversionTest(unittest.TestCase):
    @given(PLAIN)
    def test_there_and_back(self, plain: object) -> None:
        self.assertEqual(plain, to_plain(from_plain(plain)))
        self.assertIs(type(plain), type(to_plain(from_plain(plain))))

    def test_what_no_table_can_hold(self) -> None:
        for bad in (math.nan, math.inf, -math.inf, [], {}, b"bytes", object()):
            with self.subTest(bad=bad), self.assertRaises(ValueError):
                from_plain(bad)

    def test_rows(self) -> None:
        self.assertEqual(("a", 1, TRUE, None), row_from_plain(["a", 1, True, None]))
        self.assertEqual(["a", 1, True, None], row_to_plain(("a", 1, TRUE, None)))


class OrderTest(unittest.TestCase):
    def test_kinds_in_order(self) -> None:
        mixed = ["b", 2, TRUE, None, "a", 1.5, FALSE]
        self.assertEqual([None, FALSE, TRUE, 1.5, 2, "a", "b"], sorted(mixed, key=order_key))


class CanonicalTest(unittest.TestCase):
    def test_equal_rows_have_equal_texts(self) -> None:
        self.assertEqual(canonical((1, "é")), canonical((1.0, "é")))

    @given(st.lists(PLAIN, max_size=4), st.lists(PLAIN, max_size=4))
    def test_texts_are_equal_only_for_equal_rows(
        self, one: list[object], two: list[object]
    ) -> None:
        first, second = row_from_plain(one), row_from_plain(two)
        self.assertEqual(first == second, canonical(first) == canonical(second))
