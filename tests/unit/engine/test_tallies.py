"""Tests of congress.engine.run.tallies."""

import functools
import itertools
import random
import unittest
from collections.abc import Callable

from congress.engine.run.aggregate import Unsuitable, aggregate
from congress.engine.run.tallies import TALLIES
from congress.model.values import TRUE, Value

NUMBERS: tuple[Value, ...] = (1, 2, 2.5, 0.1, -1e16, 1e16, 7, 1e308, -1e308, 2**53 + 1, 2**4095)
MIXED: tuple[Value, ...] = (1, 1.0, "a", "b", "c", TRUE, 0.1, 9)


def outcome(compute: Callable[[], Value]) -> Value | type[Exception]:
    try:
        return compute()
    except (Unsuitable, OverflowError):
        return Unsuitable


class TalliesTest(unittest.TestCase):
    def test_they_follow_what_comes_and_goes(self) -> None:
        source = random.Random(1)
        for name, values in itertools.product(TALLIES, (NUMBERS, MIXED)):
            tally, held = TALLIES[name](), list[Value]()
            for _ in range(400):
                if held and source.random() < 0.5:
                    value = held.pop(source.randrange(len(held)))
                    tally.add(value, -1)
                else:
                    value = source.choice(values)
                    held.append(value)
                    tally.add(value, 1)
                expected = outcome(functools.partial(aggregate, name, held))
                self.assertEqual(outcome(tally.result), expected, (name, held))

    def test_the_first_may_go_again_and_again(self) -> None:
        size = 100_000
        for name, order in (("min", range(size)), ("max", range(size, 0, -1))):
            tally = TALLIES[name]()
            for value in order:
                tally.add(value, 1)
            for value in list(order)[:-1]:
                self.assertEqual(tally.result(), value)
                tally.add(value, -1)
            self.assertEqual(tally.result(), order[-1])

    def test_unsuitable_values_matter_while_they_are_there(self) -> None:
        for name in ("sum", "avg", "min", "max"):
            tally = TALLIES[name]()
            tally.add(3, 1)
            tally.add(TRUE, 1)
            with self.assertRaises(Unsuitable):
                tally.result()
            tally.add(TRUE, -1)
            self.assertEqual(tally.result(), 3)
            tally.add("x", 1)
            with self.assertRaises(Unsuitable):
                tally.result()
