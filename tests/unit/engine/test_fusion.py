"""Tests of congress.engine.run.fusion: many changes of one row, through one function."""

import random
import unittest

from congress.engine import CreatePolicy, Engine, InsertRules, UpdateTable
from congress.model.values import Row
from congress.testing.language import BUILTINS

RULES = """
    on(i) :- s(i, n, "on", k)
    named(i, n) :- s(i, n, st, k)
    lone(i) :- s(i, n, st, k), not t(k)
    same(i, j) :- s(i, n, st, k), s(j, n, st, k)
    big(i, m) :- s(i, n, st, k), plus(k, 1, m), gt(m, 3)
    idle(k) :- t(k), not used(k)
    used(k) :- s(i, n, st, k)
    most(n, max<k>) :- s(i, n, st, k)
    path(n, k) :- s(i, n, st, k)
    path(n, m) :- path(n, k), t(k), plus(k, 1, m), lt(m, 6)
    execute[x:tell(i)] :- on(i), not lone(i)
"""
TABLES = ("on", "named", "lone", "same", "big", "idle", "used", "most", "path")


class FusionTest(unittest.TestCase):
    def setUp(self) -> None:
        self.engines = [Engine(BUILTINS, evaluator=kind) for kind in ("incremental", "naive")]
        self.transact(CreatePolicy("p", "datalog"), InsertRules("p", "t(1) t(3) t(4)"))
        self.source = random.Random(11)
        self.rows: dict[int, Row] = {}
        for number in range(12):
            self.put(number)

    def transact(self, *edits: object) -> None:
        told = [engine.transact(edits) for engine in self.engines]  # type: ignore[arg-type]
        self.assertEqual(dict(told[0].tables), dict(told[1].tables))
        self.assertEqual(told[0].activated, told[1].activated)
        self.assertEqual(told[0].deactivated, told[1].deactivated)

    def put(self, number: int) -> None:
        """Another version of a row, or none at all."""
        old = self.rows.pop(number, None)
        if old is None or self.source.random() < 0.8:
            name, state = self.source.choice("ab"), self.source.choice(["on", "off"])
            self.rows[number] = (number, name, state, self.source.randrange(6))
        new = self.rows.get(number)
        self.transact(UpdateTable("p", "s", [new] if new else [], [old] if old else []))

    def agree(self) -> None:
        for table in TABLES:
            left, right = (set(engine.rows("p", table)) for engine in self.engines)
            self.assertEqual(left, right, table)

    def test_changes_of_one_row_before_and_after_functions_are_made(self) -> None:
        self.transact(InsertRules("p", RULES))
        for _ in range(150):
            self.put(self.source.randrange(12))
        self.agree()

    def test_rules_that_come_and_go_between(self) -> None:
        self.transact(InsertRules("p", RULES))
        for turn in range(12):
            for _ in range(10):
                self.put(self.source.randrange(12))
            self.transact(InsertRules("p", f'extra{turn}(i) :- s(i, "a", st, k), not t(k)'))
            if turn == 6:
                self.transact(InsertRules("p", "t(k) :- path(n, k), big(i, k)"))
        self.agree()

    def test_floats_that_come_late(self) -> None:
        self.transact(InsertRules("p", RULES))
        for _ in range(40):
            self.put(self.source.randrange(12))
        self.transact(UpdateTable("p", "s", [(50, "a", "on", 2.0), (51, "a", "on", 2.5)]))
        self.transact(UpdateTable("p", "s", [(50, "b", "on", 3)], [(50, "a", "on", 2)]))
        for _ in range(20):
            self.put(self.source.randrange(12))
        self.agree()

    def test_columns_that_nobody_reads_need_no_functions_of_their_own(self) -> None:
        engine = Engine(BUILTINS)
        engine.transact([CreatePolicy("p"), InsertRules("p", "r(x) :- w(x, 1, a, b, c, d, e)")])
        row: Row = (0, 1, 0, 0, 0, 0, 0)
        engine.transact([UpdateTable("p", "w", [row])])
        for _ in range(60):
            new: Row = (0, 1, *(self.source.randrange(3) for _ in range(5)))
            engine.transact([UpdateTable("p", "w", [new], [row])])
            row = new
        dispatch = engine._store.state.network.nodes["p", "w"].dispatch  # type: ignore[union-attr]
        self.assertLessEqual(len(dispatch._fusions), 2)
        self.assertEqual(set(engine.rows("p", "r")), {(0,)})
