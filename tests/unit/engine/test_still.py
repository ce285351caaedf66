"""Tests of congress.engine.run.still, congress.engine.run.growth and congress.engine.guard."""

import random
import threading
import unittest
from unittest import mock

from congress.engine.guard import Guard
from congress.engine.run.growth import grow
from congress.engine.run.still import Still, StillIndex, still
from congress.engine.run.table import Table
from congress.model.values import Row

DEADLINE = 30


def change(table: Table, source: random.Random) -> None:
    """Some rows go, some come, some come back; now and then all are exchanged."""
    rows = list(table.rows)
    if source.random() < 0.05:
        table.exchange(dict.fromkeys(source.sample(rows, len(rows) // 2), 1))
        return
    removed = source.sample(rows, min(len(rows), source.randrange(5)))
    fresh = [(source.randrange(60), "n") for _ in range(source.randrange(5))]
    added = [row for row in dict.fromkeys(fresh) if row not in table.rows and row not in removed]
    table.apply(added, removed)
    if removed and source.random() < 0.5:
        table.count({removed[0]: 1})


class StillTest(unittest.TestCase):
    def setUp(self) -> None:
        self.guard = Guard()
        self.table = Table([(number, "o") for number in range(40)])

    def test_rows_stay_whatever_happens_between_the_pieces(self) -> None:
        for seed in range(300):
            source = random.Random(seed)
            table = Table([(number, "o") for number in range(40)])
            table.need((0,))
            held: list[tuple[Still, dict[Row, int]]] = []

            def step(table: Table = table, source: random.Random = source) -> None:
                for _ in range(source.randrange(3)):
                    change(table, source)

            for _ in range(3):
                held.append((Still(table, self.guard), dict(table.rows)))
                step()
            with mock.patch("congress.engine.run.still._PIECE", 7):
                for each, rows in held:
                    found = each.index((0,)).get(source.randrange(60))
                    self.assertTrue(set(found) <= set(rows))
                    with Stirred(each, step):
                        self.assertEqual(set(each), set(rows), seed)
                    self.assertEqual(len(each), len(rows))
                    self.assertEqual({row for row in rows if row in each}, set(rows))

    def test_lookups_by_an_index_of_the_table(self) -> None:
        self.table.need((0,))
        held = Still(self.table, self.guard)
        index = held.index((0, 1))
        self.assertIsInstance(index, StillIndex)
        self.table.apply([(3, "x"), (99, "o")], [(3, "o"), (4, "o")])
        self.assertEqual(index.get((3, "o")), [(3, "o")])
        self.assertEqual(index.get((4, "o")), [(4, "o")])
        self.assertEqual(index.get((3, "x"), ()), ())
        self.assertEqual(index.get((99, "o"), ()), ())
        self.assertNotIn((99, "o"), held)
        self.assertIn((4, "o"), held)
        self.table.exchange({(1, "z"): 1})
        self.assertEqual(list(index.get((4, "o"))), [(4, "o")])
        self.assertIn((4, "o"), held)

    def test_a_row_that_goes_right_after_it_was_looked_up_is_found_once(self) -> None:
        self.table.need((0,))
        held = Still(self.table, self.guard)
        self.table.apply([], [(4, "o")])
        index = held.index((0,))
        with Stirred(held, lambda: self.table.apply([], [r for r in self.table if r[0] == 3])):
            self.assertEqual(index.get(3), [(3, "o")])
        self.assertEqual(index.get(3), [(3, "o")])

    def test_many_lookups_lead_to_a_copy(self) -> None:
        self.table.need((0,))
        index = Still(self.table, self.guard).index((0,))
        self.table.apply([], [(7, "o")])
        self.assertEqual({len(index.get(7)) for _ in range(60)}, {1})

    def test_no_more_is_taken_than_is_read(self) -> None:
        with mock.patch("congress.engine.run.still._PIECE", 7):
            held = Still(self.table, self.guard)
            found = held.find((1,), "o")
            with Stirred(held, lambda: self.fail("taken before it is read")):
                rows = iter(found)
            self.table.apply([(99, "o")], [(0, "o"), (39, "o")])
            self.assertEqual([next(rows) for _ in range(5)], [(n, "o") for n in range(1, 6)])
            self.table.apply([(0, "o")], [(1, "o"), (38, "o")])
            self.assertEqual({row[0] for row in rows}, {0, *range(6, 40)})
            self.assertEqual({row[0] for row in found}, set(range(40)))
            self.assertEqual(len(found), 40)
            self.assertIn((38, "o"), found)
            self.assertNotIn((99, "o"), found)

    def test_a_copy_serves_until_the_table_changes(self) -> None:
        self.assertEqual(len(still(self.table, self.guard).index((0,)).get(7, ())), 1)
        self.assertIs(still(self.table, self.guard), self.table.twin)
        self.table.apply([(99, "x")], [])
        self.assertIsNone(self.table.twin)

    def test_a_still_nobody_needs_is_forgotten(self) -> None:
        still(self.table, self.guard)
        self.table.apply([(99, "x")], [])
        self.assertEqual(self.table.watchers, [])


class Stirred:
    """Lets something happen whenever a still's thread leaves the guard."""

    def __init__(self, held: Still, step: object) -> None:
        self.held, self.step = held, step

    def __enter__(self) -> None:
        leave, step = Guard.__exit__, self.step

        def stirring(guard: Guard, *error: object) -> None:
            leave(guard, *error)  # type: ignore[arg-type]
            step()  # type: ignore[operator]

        self.patch = mock.patch.object(Guard, "__exit__", stirring)
        self.patch.start()

    def __exit__(self, *error: object) -> None:
        self.patch.stop()


class GrowthTest(unittest.TestCase):
    def test_an_index_holds_what_came_meanwhile(self) -> None:
        guard, source = Guard(), random.Random(4)
        table = Table([(number % 3, number) for number in range(200)])

        def step() -> None:
            table.apply([(source.randrange(9), source.randrange(500, 10_000))], [])
            table.apply([], [next(iter(table.rows))])

        with mock.patch("congress.engine.run.still._PIECE", 20):
            held = Still(table, guard)
            with Stirred(held, step):
                grow(table, (0, 1), guard)
        (columns,) = table.indexes
        self.assertEqual(columns, (1,))
        for row in table.rows:
            self.assertIn(row, table.indexes[columns].get(row[1]))
        self.assertEqual(
            sum(len(table.indexes[columns].get(key)) for key in table.indexes[columns].map),
            len(table),
        )

    def test_an_index_that_serves_is_enough(self) -> None:
        table = Table([(number, "o") for number in range(200)])
        table.need((0,))
        grow(table, (0, 1), Guard())
        self.assertEqual(list(table.indexes), [(0,)])


class GuardTest(unittest.TestCase):
    def test_one_thread_is_inside_and_may_enter_again(self) -> None:
        guard, inside, order = Guard(), threading.Event(), list[str]()

        def other() -> None:
            inside.set()
            with guard:
                order.append("other")

        thread = threading.Thread(target=other)
        with guard:
            thread.start()
            self.assertTrue(inside.wait(DEADLINE))
            with guard:
                order.append("first")
            order.append("still")
        thread.join(DEADLINE)
        self.assertEqual(order, ["first", "still", "other"])

    def test_an_error_lets_the_next_in(self) -> None:
        guard = Guard()
        with self.assertRaises(ValueError), guard:
            raise ValueError
        with guard:
            pass
