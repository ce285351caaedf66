"""Tests of congress.engine.watch."""

import gc

from congress.engine import CreatePolicy, InsertRules, UpdateTable
from congress.model.diagnostic import Refused
from congress.model.values import Row
from tests.unit.engine.case import EngineCase


class WatchTest(EngineCase):
    def setUp(self) -> None:
        super().setUp()
        self.insert("b(x) :- a(x)  c(x) :- a(x)  execute[n:f(x)] :- d(x)")
        self.insert("a(1)")

    def test_begins_with_what_is_there(self) -> None:
        number = self.insert("a(2)").number
        watch = self.engine.watch([("p", "b"), ("later", "t")])
        self.assertEqual(number, watch.number)
        self.assertEqual({("p", "b"): {(1,), (2,)}, ("later", "t"): set()}, self.begun(watch.rows))
        self.assertEqual([], watch.take())

    def begun(self, rows: object) -> dict[object, set[Row]]:
        return {name: set(held) for name, held in rows.items()}  # type: ignore[attr-defined]

    def test_tells_of_its_tables_and_of_actions_by_number(self) -> None:
        watch = self.engine.watch([("p", "b"), ("later", "t")])
        first = self.update("a", [(2,)], [(1,)]).number
        self.insert("other(1)")
        with self.assertRaises(Refused):
            self.insert("a(3)  b(")
        self.engine.transact([InsertRules("p", "a(4)")], dry_run=True)
        third = self.insert("d(1)").number
        edits = [CreatePolicy("later"), UpdateTable("later", "t", [(9,)])]
        fourth = self.engine.transact(edits).number
        taken = watch.take()
        self.assertEqual([first, third, fourth], [changes.number for changes in taken])
        self.assertEqual({("p", "b")}, set(taken[0].tables))
        delta = taken[0].tables["p", "b"]
        self.assertEqual(({(2,)}, {(1,)}), (delta.added, delta.removed))
        self.assertEqual([{}, {(1,)}], [taken[1].tables, {w.arguments for w in taken[1].activated}])
        self.assertEqual({("later", "t")}, set(taken[2].tables))
        self.assertEqual([], watch.take())

    def test_watches_do_not_disturb_each_other(self) -> None:
        one, two = self.engine.watch([("p", "b")]), self.engine.watch([("p", "c")])
        self.insert("a(2)")
        self.assertEqual([("p", "b")], [name for each in one.take() for name in each.tables])
        self.insert("a(3)")
        self.assertEqual(1, len(one.take()))
        self.assertEqual([("p", "c")] * 2, [name for each in two.take() for name in each.tables])

    def test_one_that_nobody_holds_ends(self) -> None:
        watch = self.engine.watch([("p", "b")])
        self.assertEqual(1, len(self.engine._watches))
        del watch
        gc.collect()
        self.insert("a(2)")
        self.assertEqual(0, len(self.engine._watches))
