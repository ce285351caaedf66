"""Tests of congress.engine.run.aggregate."""

import itertools
import unittest

from congress.engine.lang.checks import AGGREGATE_NAMES
from congress.engine.run.aggregate import AGGREGATES, Unsuitable, aggregate
from congress.model.values import TRUE


class AggregateTest(unittest.TestCase):
    def test_names_agree_with_the_checks(self) -> None:
        self.assertEqual(set(AGGREGATES), set(AGGREGATE_NAMES))

    def test_results(self) -> None:
        values = [4, 4, 1, None]
        results = {name: aggregate(name, values) for name in AGGREGATES}
        self.assertEqual(results, {"count": 2, "sum": 9, "min": 1, "max": 4, "avg": 3})

    def test_nothing_but_null(self) -> None:
        results = {name: aggregate(name, [None]) for name in AGGREGATES}
        nothing = {"count": 0, "sum": None, "min": None, "max": None, "avg": None}
        self.assertEqual(results, nothing)

    def test_strings_have_an_order_but_no_sum(self) -> None:
        self.assertEqual(aggregate("max", ["a", "b"]), "b")
        self.assertEqual(aggregate("min", ["a", "b"]), "a")
        with self.assertRaises(Unsuitable):
            aggregate("sum", ["a"])

    def test_unsuitable_values(self) -> None:
        for name, values in (
            ("sum", [TRUE]),
            ("min", [1, "a"]),
            ("max", [TRUE]),
            ("avg", ["x"]),
            ("sum", [1e308, 0.5] * 2 + [0.25]),
            ("avg", [10**400]),
            ("sum", [10**400, 0.5]),
            ("sum", [2**4095, 2**4095]),
        ):
            with self.subTest(name=name, values=values), self.assertRaises(Unsuitable):
                aggregate(name, values)

    def test_order_of_floats_does_not_matter(self) -> None:
        values = [1e16, 1.0, -1e16, 0.1]
        sums = {aggregate("sum", order) for order in itertools.permutations(values)}
        self.assertEqual(len(sums), 1)

    def test_sums_are_exact_and_rounded_once(self) -> None:
        for name, values, expected in (
            ("sum", [2**53 + 1, 0.5, 0.5], 2**53 + 2),
            ("sum", [2**53 + 1, 0.75], 2.0**53 + 2),
            ("sum", [2**60 + 1, 1.0], 2**60 + 2),
            ("sum", {3: 2**40, 0.5: 3}, 3 * 2**40 + 1.5),
            ("sum", [1e308, 1e308, -1e308], 1e308),
            ("avg", [1e308, 1e308], 1e308),
            ("avg", [0.1, 0.2, 0.3], 0.2),
            ("sum", [0.1] * 10, 1.0),
            ("sum", [2**80, -(2**80), 1], 1),
        ):
            with self.subTest(name=name, values=values):
                self.assertEqual(aggregate(name, values), expected)

    def test_count_takes_any_kind(self) -> None:
        self.assertEqual(aggregate("count", [TRUE, 1, 1.0, "1"]), 3)
