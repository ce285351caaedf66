"""Tests of congress.engine.run.table."""

import unittest

from congress.engine.run.table import Former, Index, Table
from congress.model.values import Row


def sorted_rows(rows: object) -> list[Row]:
    return sorted(rows)  # type: ignore[call-overload, no-any-return]


class IndexTest(unittest.TestCase):
    def test_buckets_of_every_size(self) -> None:
        for size in (1, 2, 64, 65, 200):
            with self.subTest(size=size):
                rows: list[Row] = [(number, "k") for number in range(size)]
                index = Index((1,), [])
                index.extend(rows)
                self.assertEqual(sorted_rows(index.get("k")), rows)
                self.assertEqual(sorted_rows(Index((1,), rows).get("k")), rows)
                for row in rows[1:]:
                    index.discard([row])
                self.assertEqual(list(index.get("k")), rows[:1])
                index.discard(rows[:1])
                self.assertEqual(index.map, {})

    def test_keys_of_several_columns(self) -> None:
        index = Index((0, 2), [(1, 2, 3), (1, 5, 3), (2, 2, 3)])
        self.assertEqual(sorted_rows(index.get((1, 3))), [(1, 2, 3), (1, 5, 3)])
        self.assertEqual(index.get((9, 9)), ())


class TableTest(unittest.TestCase):
    def test_counts(self) -> None:
        table = Table()
        index = table.need((0,))
        self.assertEqual(table.count({(1,): 2, (2,): 1, (3,): 0}), ([(1,), (2,)], []))
        self.assertEqual(table.count({(1,): -1, (2,): -1}), ([], [(2,)]))
        self.assertEqual(table.rows, {(1,): 1})
        self.assertEqual(list(index.map), [1])
        self.assertEqual(table.count({(1,): 1, (2,): -1}, -1), ([(2,)], [(1,)]))

    def test_large_changes_make_indexes_anew(self) -> None:
        table = Table([(number, number % 3) for number in range(300)])
        index = table.need((1,))
        table.apply([(number, 7) for number in range(500, 800)], [(0, 0)])
        self.assertEqual(len(index.get(7)), 300)
        self.assertEqual(len(index.get(0)), 99)

    def test_rows_are_found_as_they_are_spelled(self) -> None:
        table = Table([(1, "a"), (2.0, "b")])
        table.floats = True
        found = table.spelled([(1.0, "a"), (2, "b")])
        self.assertEqual(repr(found), "[(1, 'a'), (2.0, 'b')]")

    def test_an_index_is_wanted_by_the_third(self) -> None:
        table = Table()
        self.assertEqual([table.wanted((1,)) for _ in range(4)], [False, False, True, True])


class FormerTest(unittest.TestCase):
    def test_it_shows_what_was_there(self) -> None:
        table = Table([(1, 1), (2, 1)])
        table.apply([(3, 1)], [(1, 1)])
        former = Former(table, [(3, 1)], [(1, 1)])
        self.assertEqual(sorted(former.rows), [(1, 1), (2, 1)])
        self.assertIn((1, 1), former.rows)
        self.assertNotIn((3, 1), former.rows)
        index = former.need((1,))
        self.assertEqual(sorted_rows(index.map.get(1)), [(1, 1), (2, 1)])
        self.assertIsNone(index.map.get(5))
        self.assertEqual(sorted_rows(former.find((1,), 1)), [(1, 1), (2, 1)])
        self.assertEqual(list(former.find((0,), 3)), [])
