"""Tests of congress.engine.run.relation."""

import unittest

from congress.engine.run.relation import Relation
from congress.model.values import TRUE


class RelationTest(unittest.TestCase):
    def test_first_spelling_stays(self) -> None:
        relation = Relation([(1,)])
        self.assertFalse(relation.add((1.0,)))
        self.assertIs(type(next(iter(relation))[0]), int)

    def test_indexes_follow_changes(self) -> None:
        relation = Relation([("a", 1), ("b", 1)])
        self.assertEqual(len(relation.index((1,))[1]), 2)
        self.assertEqual(relation.index((0, 1))["a", 1], [("a", 1)])
        relation.add(("c", 1))
        self.assertEqual(len(relation.index((1,))[1]), 3)
        self.assertTrue(relation.discard(("a", 1)))
        self.assertEqual(len(relation.index((1,))[1]), 2)
        self.assertFalse(relation.discard(("a", 1)))

    def test_booleans_are_no_numbers(self) -> None:
        relation = Relation([(TRUE,), (1,)])
        self.assertEqual(len(relation), 2)
        self.assertEqual(relation.index((0,))[1], [(1,)])
        self.assertNotIn(("true",), relation)
