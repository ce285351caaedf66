"""Tests of congress.engine.preview: what it tells is what a transaction would do."""

import unittest
from collections.abc import Sequence

from congress.engine import (
    Changes,
    CreatePolicy,
    DeleteRules,
    DropPolicy,
    Edit,
    Engine,
    InsertRules,
    Limits,
    UpdateTable,
)
from congress.model.delta import Delta
from congress.model.diagnostic import Refused
from congress.testing.language import BUILTINS

RULES = """
    heavy(c) :- crate(c, w), builtin:gt(w, 5)
    light(c) :- crate(c, _), not heavy(c)
    near(a, b) :- next(a, b)  near(a, c) :- near(a, b), next(b, c)
    execute[crane:lift(c)] :- heavy(c)
    crate("a", 1) crate("b", 8) next(1, 2) next(2, 3)
"""


class PreviewTest(unittest.TestCase):
    def setUp(self) -> None:
        self.engine = self.make()

    def make(self, **more: object) -> Engine:
        engine = Engine(BUILTINS, **more)  # type: ignore[arg-type]
        engine.transact([CreatePolicy("p", "datalog"), CreatePolicy("q")])
        engine.transact([InsertRules("p", RULES), InsertRules("q", "two(c) :- p:heavy(c)")])
        return engine

    def foresee(self, *edits: Edit) -> Changes:
        return self.engine.preview(edits)()

    def test_it_tells_what_a_transaction_does(self) -> None:
        cases: Sequence[Sequence[Edit]] = [
            [InsertRules("p", "heavy(c) :- crate(c, 1)")],
            [InsertRules("p", 'crate("c", 9) crate("d", 2)')],
            [DeleteRules("p", "heavy(c) :- crate(c, w), builtin:gt(w, 5)")],
            [DeleteRules("p", 'crate("b", 8)'), InsertRules("p", 'crate("b", 7)')],
            [DeleteRules("p", "next(1, 2)"), InsertRules("p", "next(3, 1)")],
            [InsertRules("q", "execute[crane:drop(c)] :- p:light(c)", rule_id="r")],
            [DeleteRules("p", "execute[crane:lift(c)] :- heavy(c)")],
            [UpdateTable("p", "crate", [("x", 6)], [("a", 1)])],
            [DropPolicy("p")],
            [CreatePolicy("r"), InsertRules("r", "all(c) :- p:crate(c, _)")],
            [],
        ]
        for evaluator in ("incremental", "naive"):
            for edits in cases:
                with self.subTest(evaluator=evaluator, edits=edits):
                    self.engine = self.make(evaluator=evaluator)
                    before = self.engine.content("p")
                    foreseen = self.foresee(*edits)
                    self.assertEqual(before, self.engine.content("p"))
                    self.assertEqual(self.engine.transact(edits), foreseen)

    def test_it_is_about_the_state_of_the_first_step(self) -> None:
        pending = self.engine.preview([InsertRules("p", "all(c) :- crate(c, _)")])
        self.engine.transact([UpdateTable("p", "crate", [("z", 9)], [("a", 1)])])
        self.engine.transact([InsertRules("q", "more(c) :- p:crate(c, _)")])
        self.engine.transact([DropPolicy("q")])
        added = frozenset([("a",), ("b",)])
        self.assertEqual({("p", "all"): Delta("all", added)}, pending().tables)

    def test_problems_come_with_the_first_step(self) -> None:
        with self.assertRaises(Refused) as caught:
            self.engine.preview([InsertRules("p", "r(x) :- not crate(x, 1)")])
        self.assertEqual("unsafe", caught.exception.code)

    def test_it_has_limits(self) -> None:
        self.engine = self.make(limits=Limits(derived_rows=10))
        rows = " ".join(f"n({number})" for number in range(10))
        pending = self.engine.preview([InsertRules("p", f"{rows} square(x, y) :- n(x), n(y)")])
        with self.assertRaises(Refused) as caught:
            pending()
        self.assertEqual("budget", caught.exception.code)
