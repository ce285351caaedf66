"""Tests of congress.engine.run.tallies."""

import random
import unittest

from congress.engine.run.aggregate import Unsuitable, aggregate
from congress.engine.run.tallies import TALLIES
from congress.model.values import TRUE, Value

VALUES: tuple[Value, ...] = (1, 2, 2.5, 0.1, -1e16, 1e16, 7)


class TalliesTest(unittest.TestCase):
    def test_they_follow_what_comes_and_goes(self) -> None:
        source = random.Random(1)
        for name, make in TALLIES.items():
            tally, held = make(), list[Value]()
            for _ in range(300):
                if held and source.random() < 0.5:
                    value = held.pop(source.randrange(len(held)))
                    tally.add(value, -1)
                else:
                    value = source.choice(VALUES)
                    held.append(value)
                    tally.add(value, 1)
                self.assertEqual(tally.result(), aggregate(name, held), (name, held))

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
