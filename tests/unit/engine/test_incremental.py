"""Tests of the evaluation by deltas where random programs seldom go."""

import unittest
from unittest import mock

from congress.engine import CreatePolicy, Engine, InsertRules, Limits, ReplaceTables, UpdateTable
from congress.engine.run import propagate
from congress.model.builtin import Builtin
from congress.model.diagnostic import Refused
from congress.model.values import Row
from congress.testing.language import BUILTINS


class IncrementalTest(unittest.TestCase):
    def setUp(self) -> None:
        self.engine = Engine(BUILTINS)
        self.engine.transact([CreatePolicy("p", "datalog")])

    def insert(self, text: str) -> None:
        self.engine.transact([InsertRules("p", text)])

    def rows(self, table: str) -> set[Row]:
        return set(self.engine.rows("p", table))

    def test_bodies_longer_than_python_nests(self) -> None:
        size = 30
        body = ", ".join(f"q(x{n}, x{n + 1})" for n in range(size))
        self.insert(f"r(x0, x{size}) :- {body}")
        self.insert(" ".join(f"q({n}, {n + 1})" for n in range(size + 1)))
        self.assertEqual(self.rows("r"), {(0, size), (1, size + 1)})
        self.engine.transact([UpdateTable("p", "q", [(size + 1, size + 2)], [(0, 1)])])
        self.assertEqual(self.rows("r"), {(1, size + 1), (2, size + 2)})

    def test_a_table_read_four_times_by_one_rule(self) -> None:
        self.insert("r(a, e) :- q(a, b), q(b, c), q(c, d), q(d, e)")
        self.engine.transact([UpdateTable("p", "q", [(n, (n + 1) % 3) for n in range(3)])])
        self.assertEqual(self.rows("r"), {(0, 1), (1, 2), (2, 0)})
        self.engine.transact([UpdateTable("p", "q", [(2, 2)], [(2, 0)])])
        self.assertEqual(self.rows("r"), {(0, 2), (1, 2), (2, 2)})

    def test_chains_in_either_order(self) -> None:
        size = 1_500
        for order in (range(size), range(size - 1, -1, -1)):
            with self.subTest(order=order):
                self.setUp()
                self.insert(" ".join(f"t{n + 1}(x) :- t{n}(x)" for n in order))
                self.insert("t0(1)")
                self.assertEqual(self.rows(f"t{size}"), {(1,)})

    def test_large_changes_are_evaluated_anew(self) -> None:
        self.insert("r(x, y) :- q(x, z), s(z, y)  n(x) :- q(x, z), not s(z, _)")
        for size in (900, 2_000, 30, 0, 1_200):
            with self.subTest(size=size):
                tables = {
                    "q": [(n, n % 50) for n in range(size)],
                    "s": [(n, n) for n in range(0, 50, 2)],
                }
                self.engine.transact([ReplaceTables("p", tables)])
                self.assertEqual(len(self.rows("r")), sum(n % 2 == 0 for n in range(size)))
                self.assertEqual(len(self.rows("n")), sum(n % 2 for n in range(size)))

    def test_rows_that_rules_do_not_look_at_cost_no_call(self) -> None:
        calls: list[object] = []

        def seen(x: object) -> bool:
            calls.append(x)
            return True

        engine = Engine([Builtin("seen", ("x",), (), seen)])
        text = 'r(x) :- q(x, "on", _), seen(x)'
        engine.transact([CreatePolicy("p"), InsertRules("p", text)])
        engine.transact([UpdateTable("p", "q", [(1, "on", 5), (2, "off", 5)])])
        self.assertEqual(calls, [1])
        engine.transact([UpdateTable("p", "q", [(1, "on", 6)], [(1, "on", 5)])])
        self.assertEqual(calls, [1])

    def test_recursion_that_loses_most_rows(self) -> None:
        self.insert("r(a, b) :- l(a, b)  r(a, c) :- r(a, b), l(b, c)")
        links = [(n, n + 1) for n in range(60)]
        self.engine.transact([ReplaceTables("p", {"l": links})])
        self.assertEqual(len(self.rows("r")), 60 * 61 // 2)
        self.engine.transact([UpdateTable("p", "l", [], [(30, 31)])])
        self.assertEqual(len(self.rows("r")), 30 * 31 // 2 + 29 * 30 // 2)

    def test_a_group_is_settled_once_per_transaction(self) -> None:
        engine, size = Engine(BUILTINS), 50
        ring = " ".join(f"t{(n + 1) % size}(x) :- t{n}(x)" for n in range(size))
        settle = mock.patch(
            "congress.engine.run.propagate.settle_group", wraps=propagate.settle_group
        )
        with settle as settled:
            engine.transact([CreatePolicy("p", "datalog"), InsertRules("p", ring + " t3(1)")])
        self.assertEqual(settled.call_count, 1)
        self.assertEqual(set(engine.rows("p", "t2")), {(1,)})

    def test_endless_recursion_leaves_no_trace(self) -> None:
        engine = Engine(BUILTINS, limits=Limits(derived_rows=500))
        engine.transact([CreatePolicy("p", "datalog"), InsertRules("p", "s(1)")])
        with self.assertRaises(Refused) as caught:
            engine.transact([InsertRules("p", "n(x) :- s(x)  n(y) :- n(x), plus(x, 1, y)")])
        self.assertEqual(caught.exception.diagnostics[0].code, "budget")
        self.assertEqual(engine.content("p"), ["s(1)"])

    def test_an_answer_is_of_the_state_that_was_asked(self) -> None:
        self.insert('q(1, "a") q(2, "b") r(x) :- q(x, y)')
        asked = [
            self.engine.ask("p", text)
            for text in ('q(x, "a")', "r(x)", "h(x, z) :- q(x, y), r(x), q(z, w), not s(z)")
        ]
        self.engine.transact([ReplaceTables("p", {"q": [(5, "e")]}), InsertRules("p", "s(5)")])
        found = [sorted(ask().rows) for ask in asked]
        self.assertEqual(found[:2], [[(1, "a")], [(1,), (2,)]])
        self.assertEqual(found[2], [(1, 1), (1, 2), (2, 1), (2, 2)])
        self.assertEqual(self.engine.query("p", 'q(x, "a")').rows, [])


class PreparedTest(unittest.TestCase):
    def setUp(self) -> None:
        self.engine = Engine(BUILTINS)
        self.engine.transact([CreatePolicy("p"), InsertRules("p", 't("a", "b") t("c", "c")')])

    def test_texts_of_one_shape(self) -> None:
        for text, expected in (
            ('t("a", x)', ['t("a", "b")']),
            ('t("c", x)', ['t("c", "c")']),
            ('t("a", "b")', ['t("a", "b")']),
            ('t("a", "c")', []),
            ("t(x, x)", ['t("c", "c")']),
            ('p:t(x, "b")', ['p:t("a", "b")']),
            ("t(_, _)", ['t("a", "b")', 't("c", "c")']),
        ):
            for _ in range(2):
                self.assertEqual(self.engine.query("p", text).texts, expected, text)

    def test_columns_that_become_known(self) -> None:
        self.assertEqual(self.engine.query("p", 'u("a", x)').texts, [])
        self.engine.transact([InsertRules("p", 'u("a", "b", "c")')])
        self.assertEqual(self.engine.query("p", 'u("a", x)').texts, [])
        self.assertEqual(self.engine.query("p", 'u("a", x, y)').texts, ['u("a", "b", "c")'])

    def test_a_limit(self) -> None:
        self.assertEqual(len(self.engine.query("p", "t(x, y)", limit=1).rows), 1)
